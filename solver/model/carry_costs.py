"""What one unit of each transfer and purchase costs, exactly, and which costs are refused."""

import numpy as np

from ontology.columns import MISSING, Column, Snapshot, Table
from ontology.errors import InputError
from solver.network.columns import IntArray
from solver.network.names import codes_of
from solver.network.scaling import (
    BILLIONTHS,
    MICROS_PER_CENT,
    ExactArray,
    exact_products,
    half_up_columns,
    largest,
)

MOST_LEAD_DAYS = 1_000
MOST_LINE_CENTS = 10**9


def movement_costs(
    snapshot: Snapshot, movements: Table, place: dict[tuple[str, str], int], holding: IntArray
) -> IntArray:
    """Micros per unit of every movement row, rounded once, half up.

    Transfer: the lane's cost per unit, per kilogram and per cubic metre, duty on the item's
    value, and the destination's holding cost for each day under way (the goods are already its
    own). Purchase: price less item value, for the unit's value stays in stock; and the holding
    cost of its lead time is the supplier's. An item without a value is worth its lowest price; so
    is every item where purchases are given, since a value that is above it would make buying pay.

    Raises InputError as `refuse_unsound`, and `NO_WEIGHT` or `NO_VOLUME` where a lane charges by
    them.
    """
    refuse_unsound(snapshot)
    cost = np.zeros(len(movements), np.int64)
    bought = movements["kind"] == "purchase"
    cost[bought] = _purchase_costs(snapshot, movements.take(np.flatnonzero(bought)))
    moved = movements.take(np.flatnonzero(~bought))
    cost[~bought] = _transfer_costs(snapshot, moved, place, holding)
    return cost


def substitution_costs(snapshot: Snapshot, replaced: Table) -> IntArray:
    """Micros per unit of every substitution: what the replacement is worth more than the item."""
    worth, saved = (_values_micros(snapshot, replaced[name]) for name in ("item", "replaces"))
    known = (worth != MISSING) & (saved != MISSING)
    cost: IntArray = np.where(known, np.maximum(0, worth - saved), 0)
    return cost


def line_costs(snapshot: Snapshot, movements: Table) -> IntArray:
    """Micros that each movement row's lane charges once per item and day, whatever the units."""
    lanes = snapshot.table("Lane")
    row = codes_of(movements["lane"], lanes["id"].tolist())
    cents = np.append(lanes["cost_per_line_cents"], 0)[row]  # ABSENT is the last
    found: IntArray = cents * MICROS_PER_CENT
    return found


def refuse_unsound(snapshot: Snapshot) -> None:
    """Raises InputError `BAD_LEAD_TIME`, `BAD_COST` and `MIXED_CURRENCY`."""
    lanes, offers = snapshot.table("Lane"), snapshot.table("Offer")
    for table in (lanes, offers):
        wrong = (table["lead_time_days"] < 0) | (table["lead_time_days"] > MOST_LEAD_DAYS)
        if wrong.any():
            raise InputError(
                f"the lead time of `{table.keys[wrong].min()}` is not between 0 and "
                f"{MOST_LEAD_DAYS} days",
                code="BAD_LEAD_TIME", hint="correct the row in its source",
            )  # fmt: skip
    for what, table, lane in (("line", lanes, "id"), ("shipment", lanes, "id"),
                              ("load", snapshot.table("TruckLoad"), "lane")):  # fmt: skip
        cents = table[f"cost_per_{what}_cents"]
        unsound = (cents < 0) | (cents > MOST_LINE_CENTS)
        if unsound.any():
            raise InputError(
                f"the cost per {what} of lane `{table[lane][unsound].min()}` is out of range",
                code="BAD_COST", hint=f"state 0 to {MOST_LINE_CENTS:,} cents",
            )  # fmt: skip
    # INVARIANT: `solver.model.currency` came first, so that no sum adds amounts of two currencies
    tables = ("Lane", "Offer", "StockingPolicy", "Item", "TruckLoad")
    stated = {code for name in tables for code in snapshot.table(name)["currency"]} - {"", None}
    if len(stated) > 1:
        raise InputError(
            f"costs are stated in several currencies: `{', '.join(sorted(stated))}`",
            hint="convert them to the chain's reporting currency first",
            code="MIXED_CURRENCY",
        )


def _purchase_costs(snapshot: Snapshot, bought: Table) -> IntArray:
    offers = snapshot.table("Offer")
    row = {
        key: number for number, key in enumerate(
            zip(offers["supplier"], offers["item"], offers["location"], strict=True))
    }  # fmt: skip
    keys = zip(bought["supplier"], bought["item"], bought["destination"], strict=True)
    price = offers["price_micros"][np.array([row[key] for key in keys], np.int64)]
    value = _values_micros(snapshot, bought["item"])
    if len(snapshot.table("DemandQuantile")):
        value[:] = MISSING
    lowest: dict[str, int] = {}
    for item, micros in zip(offers["item"], offers["price_micros"].tolist(), strict=True):
        lowest[item] = min(micros, lowest.get(item, micros))
    worth = np.array([lowest[item] for item in bought["item"]], np.int64)
    premium: IntArray = price - np.where(value == MISSING, worth, value)
    return premium


def freight_costs(snapshot: Snapshot, moved: Table) -> IntArray:
    """Micros per unit that a transfer pays its lane, duty included, rounded once, half up.

    Raises InputError `NO_WEIGHT` or `NO_VOLUME`.
    """
    return half_up_columns(_freight(snapshot, moved, np.zeros(len(moved), np.int64)), BILLIONTHS)


def _transfer_costs(
    snapshot: Snapshot, moved: Table, place: dict[tuple[str, str], int], holding: IntArray
) -> IntArray:
    ends = zip(moved["item"], moved["destination"], strict=True)
    held = holding[np.array([place[end] for end in ends], np.int64)]
    days = (moved["arrives_on"] - moved["departs_on"]).astype(np.int64)  # with waiting at a door
    under_way = np.asarray(exact_products(held, days), np.int64)
    return half_up_columns(_freight(snapshot, moved, under_way), BILLIONTHS)


def _freight(snapshot: Snapshot, moved: Table, also: IntArray) -> ExactArray:
    """What lanes charge per unit of each transfer, and `also` so many micros, in billionths."""
    lanes, items = snapshot.table("Lane"), snapshot.table("Item")
    lane = codes_of(moved["lane"], lanes["id"].tolist())
    by_weight = _charged(moved, items, "weight_micrograms", "NO_WEIGHT",
                         lanes["cost_per_kilogram_micros"][lane])  # fmt: skip
    by_volume = _charged(moved, items, "volume_cubic_millimetres", "NO_VOLUME",
                         lanes["cost_per_cubic_metre_micros"][lane])  # fmt: skip
    value = np.maximum(0, _values_micros(snapshot, moved["item"]))
    duty = exact_products(value, lanes["duty_percent"][lane] * (BILLIONTHS // 100))
    whole = lanes["cost_per_unit_micros"][lane] + also
    parts = (by_weight, by_volume, duty, exact_products(whole, _BILLION))
    if sum(largest(part) for part in parts) >= np.iinfo(np.int64).max:
        parts = tuple(part.astype(object) for part in parts)  # type: ignore[assignment]
    return parts[0] + parts[1] + parts[2] + parts[3]


_BILLION = np.array([BILLIONTHS], np.int64)


def _charged(moved: Table, items: Table, measure: str, code: str, rate: IntArray) -> ExactArray:
    """The rate x the item's measure, in billionths of a micro."""
    row = codes_of(moved["item"], items["id"].tolist())
    amount = np.append(items[measure], MISSING)[row]
    lacking = np.flatnonzero((amount == MISSING) & (rate != 0))
    if len(lacking):
        raise InputError(
            f"lane `{moved['lane'][lacking[0]]}` charges by {measure.partition('_')[0]}, "
            f"item `{moved['item'][lacking[0]]}` states none",
            hint=f"state `{measure}` of the item",
            code=code,
        )
    return exact_products(rate, np.where(amount == MISSING, 0, amount))


def _values_micros(snapshot: Snapshot, names: Column) -> IntArray:
    """Value of a unit in micros, MISSING where none is stated."""
    items = snapshot.table("Item")
    cents = np.append(items["value_cents"], MISSING)[codes_of(names, items["id"].tolist())]
    return np.where(cents == MISSING, MISSING, cents * MICROS_PER_CENT)
