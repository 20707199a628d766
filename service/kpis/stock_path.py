"""The stock of an item, day by day and place by place: what arrives, leaves and is asked for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import numpy as np

from ontology.columns import Column, Snapshot
from ontology.errors import InputError
from ontology.stock_now import with_movements
from service.kpis.demand import mean_demand

MOST_DAYS = 400
_COMING = (
    ("Shipment", "under way", "destination", "arrives_on"),
    ("PurchaseOrder", "open", "location", "due_on"),
    ("TransferOrder", "open", "destination", "due_on"),
)
Change = tuple[str, date, int]


@dataclass(frozen=True, slots=True)
class StockDay:
    """A day at a location: `stock` is what is free at its end, below zero where demand is owed.

    Demand is the mean a day, so that stock is an expectation; units are whole elsewhere.
    """

    location: str
    on: date
    arriving_units: int
    leaving_units: int
    expected_demand: Fraction
    stock: Fraction


def stock_path(
    snapshot: Snapshot,
    item: str,
    starts_on: date,
    days: int,
    lines: Sequence[Mapping[str, Any]] = (),
) -> list[StockDay]:
    """By location and day: free stock, and what is under way, plus a plan's lines, less demand.

    Opening stock is on hand in lots that have not expired by the first day. What is overdue
    arrives on the first day; what has no day does not arrive. A transfer leaves on its day.
    Raises InputError `ITEM_UNKNOWN`, and `HORIZON` outside 1 to 400 days.
    """
    if item not in set(snapshot.table("Item")["id"]):
        raise InputError(f"there is no item `{item}`", code="ITEM_UNKNOWN",
                         hint="ask GraphQL for `items` of the chain")  # fmt: skip
    if not 1 <= days <= MOST_DAYS:
        raise InputError(f"{days} days are not between 1 and {MOST_DAYS}", code="HORIZON",
                         hint="give --days")  # fmt: skip
    opening = _opening(snapshot, item, starts_on)
    arriving = _by_day([*_coming(snapshot, item), *_line_ends(lines, item, "destination")],
                       starts_on)  # fmt: skip
    leaving = _by_day(_line_ends(lines, item, "origin"), starts_on)
    mean = mean_demand(snapshot)
    asked = {
        pair[1]: per_day for pair, per_day in (mean.per_day if mean else {}).items()
        if pair[0] == item
    }  # fmt: skip
    places = {*opening, *asked, *(place for place, _ in arriving), *(place for place, _ in leaving)}
    return [
        day for place in sorted(places)
        for day in _days(place, starts_on, days, opening.get(place, 0), arriving, leaving,
                         asked.get(place, Fraction(0)))
    ]  # fmt: skip


def first_day(snapshot: Snapshot) -> date:
    """The day from which demand is known to come, else the day of the latest count.

    Raises InputError `HORIZON` where the facts state neither.
    """
    outcomes, counts = snapshot.table("DemandOutcome")["on"], snapshot.table("StockPosition")
    forecasts = snapshot.table("DemandForecast")["starts_on"]
    observed, counted = snapshot.table("DemandObservation")["on"], counts["counted_on"]
    for days, shift in ((forecasts, 0), (outcomes, 0), (observed, 1), (counted, 0)):
        stated = days[~np.isnat(days)]
        if len(stated):
            edge = stated.min() if days is outcomes else stated.max()
            found: date = edge.astype(object) + timedelta(days=shift)
            return found
    raise InputError("no fact states a day to begin with", code="HORIZON",
                     hint="name a plan, or load demand or counted stock")  # fmt: skip


def _days(
    place: str, starts_on: date, days: int, opening: int, arriving: Mapping[tuple[str, date], int],
    leaving: Mapping[tuple[str, date], int], asked: Fraction,
) -> Iterator[StockDay]:  # fmt: skip
    stock = Fraction(opening)
    for number in range(days):
        on = starts_on + timedelta(days=number)
        incoming, outgoing = arriving.get((place, on), 0), leaving.get((place, on), 0)
        stock += incoming - outgoing - asked
        yield StockDay(place, on, incoming, outgoing, asked, stock)


def _opening(snapshot: Snapshot, item: str, starts_on: date) -> dict[str, int]:
    lots, table = snapshot.table("Lot"), with_movements(snapshot).table("StockPosition")
    ends = dict(zip(lots["id"], lots["expires_on"], strict=True))
    begin, found = np.datetime64(starts_on, "D"), dict[str, int]()
    for row in np.flatnonzero(_are(table["item"], item)).tolist():
        expires = ends.get(table["lot"][row])
        if expires is None or np.isnat(expires) or expires >= begin:
            place = table["location"][row]
            found[place] = found.get(place, 0) + int(table["on_hand_units"][row])
    return found


def _coming(snapshot: Snapshot, item: str) -> Iterator[Change]:
    for name, status, place, on in _COMING:
        table = snapshot.table(name)
        mine = _are(table["item"], item) & (table["status"] == status) & ~np.isnat(table[on])
        for row in np.flatnonzero(mine).tolist():
            day: date = table[on][row].astype(object)
            yield table[place][row], day, int(table["quantity_units"][row])


def _line_ends(lines: Sequence[Mapping[str, Any]], item: str, end: str) -> Iterator[Change]:
    day = "departs_on" if end == "origin" else "arrives_on"
    for line in lines:
        if line["item"] == item and line["kind"] in ("transfer", "purchase") and line.get(end):
            yield line[end], date.fromisoformat(line[day]), int(line["quantity_units"])


def _by_day(changes: Iterator[Change] | list[Change], begin: date) -> dict[tuple[str, date], int]:
    found: dict[tuple[str, date], int] = {}
    for place, on, units in changes:
        key = (place, max(on, begin))
        found[key] = found.get(key, 0) + units
    return found


def _are(column: Column, value: str) -> Column:
    return np.array([cell == value for cell in column], np.bool_)
