"""What depends on something going down: who loses a source, how long stock lasts, what is left."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches

import numpy as np

from ontology.columns import Snapshot, record_at
from ontology.errors import InputError
from ontology.failures import KINDS, Subject
from ontology.goods import Substitute
from ontology.money import reporting_currency
from service.impact.demand_rates import BASES
from service.impact.lost_sources import LostSources
from service.impact.route_costs import Route, cost_of, days_of
from service.impact.stock_days import Lot, days_until_short
from service.impact.supply import Supply, supply_of
from service.impact.supply_network import BoolArray, Down, IntArray, Sources, down_with, sources
from solver.network.facts import fact

MOST_FAILURES = 8
"""So many subjects may go down at once in one question."""
CUT_OFF, WEAKENED, SERVED = "cut off", "weakened", "still served"
STATES = (CUT_OFF, WEAKENED, SERVED)
_SIMILAR = 3


@dataclass(frozen=True, slots=True)
class AffectedPair:
    """An item at a location that loses a source, or its best way.

    Still served: the best way left costs and takes so much more than the best one before (days
    may be fewer: the cheaper way was slow); `days_until_short` is None where stock bridges the
    wait for it. Weakened: no source is left, stock lasts `days_until_short` days; `upstream_units`
    are at other places that still reach this one. Cut off: nothing is left, or the place is down.
    """

    item: str
    location: str
    state: str
    mean_per_day_millionths: int
    demand_basis: str
    value_per_day_micros: int
    days_until_short: int | None
    stock_units: int
    arriving_units: int
    upstream_units: int
    sources_lost: int
    sources_left: int
    extra_cost_micros: int | None
    extra_days: int | None
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StateTotal:
    """All pairs of one state: how many, what is asked for there, and the first shortfall."""

    state: str
    pairs: int
    items: int
    locations: int
    per_day_millionths: int
    value_per_day_micros: int
    days_until_short: int | None


@dataclass(frozen=True, slots=True)
class SubstituteOffer:
    """What may stand in for an item that has no source left at a location."""

    item: str
    location: str
    replacement: str
    numerator: int
    denominator: int
    approved_by: str | None
    stock_units: int
    has_source: bool
    fact: str


@dataclass(frozen=True)
class ImpactReport:
    """The answer; `affected` is sorted: worst state first, then soonest short, then most value.

    `stopped` are (supplier, item) that a failure further up stops, `unmade` (location, item)
    that lack a component. Amounts are micros of `currency`.
    """

    failures: tuple[Subject, ...]
    starts_on: date
    currency: str
    affected: tuple[AffectedPair, ...]
    totals: tuple[StateTotal, ...]
    stopped: tuple[tuple[str, str], ...]
    unmade: tuple[tuple[str, str], ...]
    substitutes: tuple[SubstituteOffer, ...]
    items_without_value: int
    supply: Supply = field(repr=False, compare=False)
    left: Sources = field(repr=False, compare=False)
    best_left: IntArray = field(repr=False, compare=False)

    def routes(self, item: str, location: str, most: int = 3) -> tuple[Route, ...]:
        """The cheapest ways that are left for an affected item to a location, cheapest first."""
        return self.supply.costs.routes(self.left, self.best_left, location, item, most)


def impact(
    snapshot: Snapshot, failures: Sequence[Subject], starts_on: date | None = None
) -> ImpactReport:
    """What happens to every demanded item and location when all the failures come at once.

    Raises InputError `SUBJECT_UNKNOWN`, `FAILURES` for none or too many, and those of `supply_of`.
    """
    check_known(snapshot, failures)
    return impact_on(supply_of(snapshot, starts_on), failures)


def impact_on(supply: Supply, failures: Sequence[Subject]) -> ImpactReport:
    """As `impact`, on what `supply_of` made."""
    network = supply.network
    down = down_with(network, supply.snapshot, failures)
    left = sources(network, down)
    best = supply.costs.best(left)
    lost = LostSources(network, supply.intact, left, down, supply.is_fed, failures)
    hit = np.argwhere(_hit(supply, down, left, best)).tolist()
    pairs = sorted((_pair(supply, down, left, best, lost, p, i) for p, i in hit), key=pair_order)
    values = dict(zip(network.items, supply.values, strict=True))
    return ImpactReport(
        tuple(failures), supply.starts_on, reporting_currency(supply.snapshot), tuple(pairs),
        _totals(pairs), _stopped(supply, down, left), _unmade(supply, down, left),
        _substitutes(supply, down, left, pairs),
        len({pair.item for pair in pairs if values[pair.item] is None}), supply, left, best,
    )  # fmt: skip


def _hit(supply: Supply, down: Down, left: Sources, best: IntArray) -> BoolArray:
    """Demand that loses a source or its best way, or had none and loses stock, or its place."""
    had = supply.intact.living
    worse = had & ((left.roots < supply.intact.roots) | (best > supply.best))
    worse |= ~had & (supply.reserves(down, left) < supply.all_reserves)
    worse |= (down.places & supply.network.is_open)[:, None]
    return worse & (supply.demand.per_day > 0)


def pair_order(pair: AffectedPair) -> tuple[int, bool, int, int, str, str]:
    """Worst state first, then soonest short, then most value, then by name."""
    days = pair.days_until_short
    return (STATES.index(pair.state), days is None, days or 0, -pair.value_per_day_micros,
            pair.item, pair.location)  # fmt: skip


def check_known(snapshot: Snapshot, failures: Sequence[Subject]) -> None:
    """Raises InputError `SUBJECT_UNKNOWN` with near matches, or `FAILURES`."""
    if not 1 <= len(failures) <= MOST_FAILURES:
        raise InputError(f"{len(failures)} failures at once are not 1 to {MOST_FAILURES}",
                         hint="name what goes down", code="FAILURES")  # fmt: skip
    for failure in failures:
        if failure not in subjects_of(snapshot, failure.kind):
            near = _near(snapshot, failure)
            raise InputError(
                f"there is no {failure.kind} `{failure.key}`",
                hint=f"perhaps {', '.join(near)}" if near else f"the chain has no {failure.kind}",
                code="SUBJECT_UNKNOWN",
            )


def _near(snapshot: Snapshot, failure: Subject) -> list[str]:
    """Subjects of the same key, else of a similar one, else some of the kind."""
    same = [Subject(kind, failure.key) for kind in KINDS]
    exact = [str(other) for other in same if other in subjects_of(snapshot, other.kind)]
    names = [str(subject) for subject in subjects_of(snapshot, failure.kind)]
    return exact or get_close_matches(str(failure), names, _SIMILAR) or names[:_SIMILAR]


def subjects_of(snapshot: Snapshot, kind: str) -> list[Subject]:
    """Everything of a kind that may go down, by name. A region is no location of its own."""
    table = {"supplier": "Supplier", "contract": "Contract", "lane": "Lane"}.get(kind, "Location")
    facts = snapshot.table(table)
    names: set[str] = set(facts["id"])
    if table == "Location":
        regions = set(facts["id"][facts["kind"] == "region"])
        named = set(facts["region"]) - {""}
        names = regions | named if kind == "region" else names - regions
    return [Subject(kind, name) for name in sorted(names)]


def _pair(
    supply: Supply, down: Down, left: Sources, best: IntArray, lost: LostSources,
    place: int, item: int,
) -> AffectedPair:  # fmt: skip
    network, rate = supply.network, int(supply.demand.per_day[place, item])
    name, location = network.items[item], network.places[place]
    held, coming, gone = supply.there_and_coming(down, left, place, item)
    lots = [*held.lots, *coming]
    upstream = supply.upstream(left, place, item)
    served = bool(left.living[place, item])
    days, extra, later = days_until_short(lots, rate), None, None
    if served:
        before, after = int(supply.best[place, item]), int(best[place, item])
        extra, later = cost_of(after) - cost_of(before), days_of(after) - days_of(before)
        days = days if after != before and days is not None and days < days_of(after) else None
    units, arriving = held.units, sum(lot.units for lot in coming)
    further = int(supply.stock_units[upstream, item].sum())
    state = SERVED if served else WEAKENED if units + arriving + further else CUT_OFF
    told = [*gone, *lots, *([] if served else supply.lots_at(upstream, item))]
    return AffectedPair(
        name, location, state, rate, BASES[supply.demand.basis[place, item]],
        int(supply.value_micros[place, item]), days, units, arriving, further,
        int(supply.intact.roots[place, item] - left.roots[place, item]),
        int(left.roots[place, item]), extra, later,
        _because(supply, lost, told, place, item),
    )  # fmt: skip


def _because(
    supply: Supply, lost: LostSources, lots: Sequence[Lot], place: int, item: int
) -> tuple[str, ...]:
    """Lost sources and ways, demand, the item's value, then stock and arrivals, each once."""
    network, told = supply.network, dict.fromkeys(lost.facts(place, item))
    pair = (network.items[item], network.places[place])
    basis = BASES[supply.demand.basis[place, item]]
    if basis == "DemandForecast":
        told[fact(basis, *pair)] = None
    elif basis == "DemandOutcome":
        told |= dict.fromkeys(supply.outcome_facts[pair])
    if supply.values[item] is not None:
        told[fact("Item", network.items[item])] = None
    return tuple(told | dict.fromkeys(lot.fact for lot in lots))


def _totals(pairs: Sequence[AffectedPair]) -> tuple[StateTotal, ...]:
    return tuple(_total(state, [p for p in pairs if p.state == state]) for state in STATES)


def _total(state: str, pairs: Sequence[AffectedPair]) -> StateTotal:
    days = [pair.days_until_short for pair in pairs if pair.days_until_short is not None]
    return StateTotal(
        state, len(pairs), len({pair.item for pair in pairs}),
        len({pair.location for pair in pairs}),
        sum(pair.mean_per_day_millionths for pair in pairs),
        sum(pair.value_per_day_micros for pair in pairs), min(days, default=None),
    )  # fmt: skip


def _stopped(supply: Supply, down: Down, left: Sources) -> tuple[tuple[str, str], ...]:
    """Suppliers that are not down themselves, with what they sell and cannot have any more."""
    network = supply.network
    seller, sold, _ = network.offer_codes
    _, upstream, passed = network.upstream_codes
    sells = np.zeros_like(left.able)
    sells[seller, sold] = sells[upstream, passed] = True
    found = np.argwhere(sells & supply.intact.able & ~left.able & ~down.suppliers[:, None])
    return tuple((network.suppliers[s], network.items[i]) for s, i in found.tolist())


def _unmade(supply: Supply, down: Down, left: Sources) -> tuple[tuple[str, str], ...]:
    network = supply.network
    at, product = network.production_codes
    rows = np.flatnonzero(supply.intact.made & ~left.made & ~down.places[at]).tolist()
    return tuple((network.places[at[row]], network.items[product[row]]) for row in rows)


def _substitutes(
    supply: Supply, down: Down, left: Sources, pairs: Sequence[AffectedPair]
) -> tuple[SubstituteOffer, ...]:
    """Replacements with stock there or a living source, the approved ones first."""
    network, table = supply.network, supply.snapshot.table("Substitute").sorted()
    places = {name: code for code, name in enumerate(network.places)}
    items = {name: code for code, name in enumerate(network.items)}
    bare: dict[str, list[str]] = {}
    for pair in pairs:
        if pair.state != SERVED and not down.places[places[pair.location]]:
            bare.setdefault(pair.item, []).append(pair.location)
    found = []
    for row in range(len(table)):
        link: Substitute = record_at(table, row)
        code = items.get(link.replacement)
        for location in bare.get(link.item, ()) if code is not None else ():
            units = int(supply.stock_units[places[location], code])
            living = bool(left.living[places[location], code])
            if units or living:
                found.append((link.priority, SubstituteOffer(
                    link.item, location, link.replacement, link.numerator, link.denominator,
                    link.approved_by, units, living, f"Substitute/{table.keys[row]}",
                )))  # fmt: skip
    found.sort(key=lambda p: (p[1].item, p[1].location, p[1].approved_by is None, p[0],
                              p[1].replacement))  # fmt: skip
    return tuple(offer for _, offer in found)
