"""What other modes would have meant for past deliveries: freight and lateness at observed rates."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ontology.columns import MISSING, Snapshot, Table
from ontology.errors import InputError, SolverError
from solver.coupled.solve import solve_coupled
from solver.network.columns import IntArray, Network, bare_network
from solver.network.scaling import BILLIONTHS, half_up
from solver.proof.certificate import certify
from solver.proof.claims import Claims, SharedResources

BANDS_KILOGRAMS = (100, 1_000, 10_000)
"""Freight per kilogram falls with weight: rates are those of a band, from each edge on."""

LEAST_SEEN = 5
"""By default a mode is offered where so many shipments were seen."""

THOUSAND = 1_000
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Shipments:
    """Past shipments in columns: weight, freight as recorded, and whether any line came late.

    `country` and `mode` are rows of `countries` and `modes`, `band` counts the edges of
    `BANDS_KILOGRAMS` that the weight reaches. `left_out` says why others are not among them.
    """

    number: npt.NDArray[np.object_]
    countries: tuple[str, ...]
    modes: tuple[str, ...]
    country: IntArray
    mode: IntArray
    band: IntArray
    micrograms: IntArray
    freight_cents: IntArray
    is_late: BoolArray
    delivered_on: npt.NDArray[np.datetime64]
    left_out: Mapping[str, int]

    def __len__(self) -> int:
        """How many shipments."""
        return len(self.number)

    def take(self, rows: IntArray) -> "Shipments":
        """Some of the shipments, under the same countries and modes."""
        columns = ("number", "country", "mode", "band", "micrograms", "freight_cents", "is_late",
                   "delivered_on")  # fmt: skip
        return replace(self, **{name: getattr(self, name)[rows] for name in columns})


@dataclass(frozen=True)
class ModeRates:
    """Sums over the shipments of each (country, band, mode): the rate is cents / micrograms."""

    count: IntArray
    cents: IntArray
    micrograms: IntArray
    late: IntArray


@dataclass(frozen=True, slots=True)
class ModeWish:
    """What is asked: modes not to be used, and how many late shipments are allowed.

    `late_per_thousand` is the share of what would be late as done; None for no limit. A mode is
    offered in a country and band of weight where `least_seen` shipments went by it.
    """

    without: frozenset[str] = frozenset()
    late_per_thousand: int | None = THOUSAND
    least_seen: int = LEAST_SEEN


@dataclass(frozen=True)
class ModePlan:
    """A mode for every shipment at least freight within the wish, and how far from the best.

    `mode` is per shipment, `by_mode` counts them, `changed` go by another mode than they went.
    Freight and the expected number of late shipments are at the observed rates, those `as_done`
    of the modes that were taken. `price_cents` is what one late shipment less would cost, at the
    prices of the proof; 0 where the limit is not reached.
    """

    wish: ModeWish
    mode: IntArray
    by_mode: Mapping[str, int]
    changed: int
    without_choice: int
    freight_cents: int
    freight_as_done_cents: int
    late_thousandths: int
    late_as_done_thousandths: int
    price_cents: int
    claims: Claims


def shipments_of(snapshot: Snapshot, fulfilled_via: str) -> Shipments:
    """The shipments of delivery lines that were fulfilled in one way, sorted by number.

    A shipment counts where its lines agree on country and mode, and each line's weight and
    freight are stated or on another line of it. It is late where a line came after its day.
    Raises InputError `NO_SHIPMENTS`.
    """
    lines = snapshot.table("DeliveryLine").sorted()
    lines = lines.take(np.flatnonzero(lines["fulfilled_via"] == fulfilled_via))
    rows_of: dict[str, list[int]] = {}
    for row, number in enumerate(lines["shipment_number"].tolist()):
        rows_of.setdefault(number, []).append(row)
    left_out = {number: _unusable(lines, np.array(rows)) for number, rows in rows_of.items()}
    kept = sorted(number for number in rows_of if not left_out[number])
    if not kept:
        raise InputError(f"no shipment `{fulfilled_via}` states its weight, freight and mode",
                         hint="load DeliveryLine rows with these", code="NO_SHIPMENTS")  # fmt: skip
    firsts = np.array([rows_of[number][0] for number in kept])
    groups = [np.array(rows_of[number]) for number in kept]
    late_by = lines["delivered_on"] - lines["scheduled_on"]
    weight = _sums(lines, "weight_micrograms", "weight_basis", groups)
    countries, country = np.unique(lines["country"][firsts].astype(str), return_inverse=True)
    modes, mode = np.unique(lines["mode"][firsts].astype(str), return_inverse=True)
    edges = np.array(BANDS_KILOGRAMS, np.int64) * BILLIONTHS
    return Shipments(
        np.array(kept, object), tuple(countries.tolist()), tuple(modes.tolist()), country, mode,
        np.searchsorted(edges, weight, side="right"), weight,
        _sums(lines, "freight_cents", "freight_basis", groups),
        np.array([bool((late_by[rows] > np.timedelta64(0, "D")).any()) for rows in groups]),
        np.array([lines["delivered_on"][rows].max() for rows in groups]),
        dict(sorted(Counter(reason for reason in left_out.values() if reason).items())),
    )  # fmt: skip


def _unusable(lines: Table, rows: IntArray) -> str:
    """Why a shipment cannot be used, "" where it can."""
    if len(set(zip(lines["country"][rows], lines["mode"][rows], strict=True))) > 1:
        return "countries or modes differ"
    if not lines["mode"][rows[0]]:
        return "no mode"
    for field, amount in (("weight", "weight_micrograms"), ("freight", "freight_cents")):
        bases = set(lines[f"{field}_basis"][rows].tolist())
        stated = lines[amount][rows][lines[f"{field}_basis"][rows] == "stated"]
        if not bases <= {"stated", "on another line"} or not (stated > 0).any():
            return f"no {field}"
    undated = np.isnat(lines["delivered_on"][rows]) | np.isnat(lines["scheduled_on"][rows])
    return "no day" if undated.any() else ""


def _sums(lines: Table, amount: str, basis: str, groups: list[IntArray]) -> IntArray:
    """Per group of rows the sum of what is stated: what stands on another line counts once."""
    stated = np.where(
        (lines[basis] == "stated") & (lines[amount] != MISSING), lines[amount], 0
    ).astype(np.int64)
    return np.array([int(stated[rows].sum()) for rows in groups], np.int64)


def rates_of(shipments: Shipments) -> ModeRates:
    """The observed rates of some shipments, whole numbers per (country, band, mode)."""
    shape = (len(shipments.countries), len(BANDS_KILOGRAMS) + 1, len(shipments.modes))
    cell = (shipments.country, shipments.band, shipments.mode)
    found = [np.zeros(shape, np.int64) for _ in range(4)]
    amounts = (np.ones(len(shipments), np.int64), shipments.freight_cents,
               shipments.micrograms, shipments.is_late.astype(np.int64))  # fmt: skip
    for total, amount in zip(found, amounts, strict=True):
        np.add.at(total, cell, amount)
    return ModeRates(*found)


def freight_at(shipments: Shipments, rates: ModeRates, mode: IntArray) -> tuple[int, int, int]:
    """How many have a rate by these modes, and of those the cents and the late in thousandths."""
    cell = (shipments.country, shipments.band, mode)
    seen = np.flatnonzero(rates.count[cell] > 0)
    cents, late = _prices(shipments, rates, seen, mode[seen])
    return len(seen), int(cents.sum()), int(late.sum())


def replanned(shipments: Shipments, rates: ModeRates, wish: ModeWish) -> ModePlan:
    """The cheapest modes at observed rates, with no more late shipments than the wish allows.

    The mode that was taken is always offered, unless the wish is to do without it and another is.
    Every shipment is one unit of flow, the limit a capacity that all share (`solver.coupled`), and
    the gap is certified.
    Raises InputError `NO_RATE` for a shipment without a rate for the mode it took, `NO_MODE_PLAN`
    where it is proved that no choice has so few late shipments; SolverError `NO_PLAN` where none
    was found.
    """
    taken = shipments.mode
    if (rates.count[shipments.country, shipments.band, taken] == 0).any():
        raise InputError(
            "a shipment has no observed rate for the mode that it took", code="NO_RATE",
            hint="take rates of shipments that include it",
        )  # fmt: skip
    done_cents, done_late = _prices(shipments, rates, np.arange(len(shipments)), taken)
    offered = _offered(shipments, rates, wish)
    ship, mode = np.nonzero(offered)
    cents, late = _prices(shipments, rates, ship, mode)
    limit = int(late.sum())
    if wish.late_per_thousand is not None:
        limit = int(done_late.sum()) * wish.late_per_thousand // THOUSAND
    network, shared = _network(shipments, ship, cents, late, limit)
    blocks = np.concatenate([shipments.country, np.arange(len(shipments.countries))])
    found = solve_coupled(
        network, blocks, shared, target_per_million=1,
        round_rows=False,  # the price of the limit is shown, and stands alone
    )  # fmt: skip
    if found.stop == "infeasible":
        raise InputError(
            f"no choice of modes has at most {limit / THOUSAND:.1f} late shipments",
            hint="allow more, or more modes", code="NO_MODE_PLAN",
        )  # fmt: skip
    if found.cost is None:
        raise SolverError("no choice of modes was found within the limit", code="NO_PLAN")
    verdict = certify(network, found.flow, found.potentials, found.prices, shared)
    if verdict.refusals or verdict.proved is None:  # INVARIANT: nothing is reported unproved
        raise SolverError(f"the proof does not check: {verdict.refusals[0]}",
                          code="CERTIFICATE_REFUSED")  # fmt: skip
    used = found.flow > 0
    chosen = np.empty(len(shipments), np.int64)
    chosen[ship[used]] = mode[used]
    counts = np.bincount(chosen, minlength=len(shipments.modes)).tolist()
    return ModePlan(
        wish, chosen, dict(zip(shipments.modes, counts, strict=True)),
        int((chosen != taken).sum()), int((offered.sum(axis=1) == 1).sum()),
        int(cents[used].sum()),
        int(done_cents.sum()),
        int(late[used].sum()), int(done_late.sum()),
        int(found.prices[0]) * THOUSAND, verdict.proved,
    )  # fmt: skip


def _offered(shipments: Shipments, rates: ModeRates, wish: ModeWish) -> BoolArray:
    """Whether each shipment (row) may go by each mode (column)."""
    enough = rates.count[shipments.country, shipments.band] >= wish.least_seen
    shunned = np.array([mode in wish.without for mode in shipments.modes])
    allowed: BoolArray = enough & ~shunned
    every, taken = np.arange(len(shipments)), shipments.mode
    allowed[every, taken] |= ~shunned[taken] | ~allowed.any(axis=1)
    return allowed


def _prices(
    shipments: Shipments, rates: ModeRates, ship: IntArray, mode: IntArray
) -> tuple[IntArray, IntArray]:
    """Cents of freight, and expected late shipments in thousandths, each rounded once."""
    cell = (shipments.country[ship], shipments.band[ship], mode)
    total, weight, count, late = (
        table[cell].tolist() for table in (rates.cents, rates.micrograms, rates.count, rates.late)
    )
    own = shipments.micrograms[ship].tolist()
    cents = [half_up(a * mine, b) for a, mine, b in zip(total, own, weight, strict=True)]
    chance = [half_up(THOUSAND * each, of) for each, of in zip(late, count, strict=True)]
    return np.array(cents, np.int64), np.array(chance, np.int64)


def _network(
    shipments: Shipments, ship: IntArray, cents: IntArray, late: IntArray, limit: int
) -> tuple[Network, SharedResources]:
    """One unit from every shipment to its country; all arcs draw on the limit of late ones."""
    count, places = len(shipments), len(shipments.countries)
    arrived = np.bincount(shipments.country, minlength=places)
    network = bare_network(
        ship, count + shipments.country[ship], np.ones(len(ship), np.int64), cents,
        np.concatenate([np.ones(count, np.int64), -arrived]).astype(np.int64),
    )  # fmt: skip
    rows = np.flatnonzero(late)
    return network, SharedResources(
        rows, np.zeros(len(rows), np.int64), late[rows], np.array([limit], np.int64)
    )
