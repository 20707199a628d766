"""What a plan could do at all, before any rule speaks: the window, movements and stock after."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from ontology.columns import MISSING, Column, Snapshot, Table, column_of
from ontology.errors import InputError
from ontology.terms import field_kinds
from ontology.vocabulary import RECORDS
from solver.names import ABSENT, as_column, codes_of

RISK = "risk"
ORDERS = "orders"
MOST_PERIODS = 400
WEEKDAYS = as_column(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"))
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Window:
    """The days that a plan looks at: `periods` days from `starts_on`, in one regime."""

    regime: str
    starts_on: date
    periods: int

    @property
    def first(self) -> np.datetime64:
        """The first day as numpy counts days."""
        return np.datetime64(self.starts_on, "D")

    def day_of(self, on: Column) -> IntArray:
        """How many days after the first day, negative before it."""
        return (on - self.first).astype(np.int64)


def window_of(snapshot: Snapshot, starts_on: date | None = None) -> Window:
    """The regime and the days that the facts ask for.

    Demand outcomes make the regime "risk": from `starts_on` (default: the first stated day) to
    the last stated day. Sales orders make it "orders": one day, by default that of the latest
    order; orders placed after that day stay out. Raises InputError `REGIME` for both or neither,
    `HORIZON` where nothing is stated from `starts_on` on, or over more than 400 days.
    """
    outcomes, orders = snapshot.table("DemandOutcome"), snapshot.table("SalesOrder")
    if bool(len(outcomes)) == bool(len(orders)):
        both = (
            "both demand outcomes and sales orders" if len(orders) else "neither demand nor order"
        )
        raise InputError(
            f"the supply chain has {both}",
            hint="load DemandOutcome rows for uncertain demand or SalesOrder rows for firm orders",
            code="REGIME",
        )
    stated = outcomes["on"] if len(outcomes) else orders["ordered_on"]
    default = stated.min() if len(outcomes) else stated.max()
    first = starts_on or default.astype(object)
    periods = (stated.max().astype(object) - first).days + 1 if len(outcomes) else 1
    if not 1 <= periods <= MOST_PERIODS:
        raise InputError(
            f"the stated demand ends {periods} days after the start `{first}`",
            hint=f"start on a day with 1 to {MOST_PERIODS} stated days from it",
            code="HORIZON",
        )
    return Window(RISK if len(outcomes) else ORDERS, first, periods)


def pairs_of(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Every (item, location) that a fact speaks of, sorted."""
    pairs: set[tuple[str, str]] = set()
    for name, place in (
        ("StockPosition", "location"), ("StockingPolicy", "location"), ("Offer", "location"),
        ("DemandOutcome", "location"), ("Backlog", "location"), ("Shipment", "destination"),
    ):  # fmt: skip
        table = snapshot.table(name)
        pairs.update(zip(table["item"].tolist(), table[place].tolist(), strict=True))
    return sorted(pairs)


def stock_after(snapshot: Snapshot, window: Window) -> Table:
    """The StockAfterMoves table: one row per item and location, sorted; empty for firm orders."""
    pairs = pairs_of(snapshot) if window.regime == RISK else []
    policies = snapshot.table("StockingPolicy")
    safety = {
        pair: max(0, int(units))
        for pair, units in zip(
            zip(policies["item"], policies["location"], strict=True),
            policies["safety_stock_units"],
            strict=True,
        )
    }
    return table_of_columns(
        "StockAfterMoves",
        len(pairs),
        item=as_column(item for item, _ in pairs),
        location=as_column(location for _, location in pairs),
        safety_stock_units=np.array([safety.get(pair, 0) for pair in pairs], np.int64),
    )


def candidates(snapshot: Snapshot, window: Window) -> Table:
    """The Movement table: all that could be done, whatever the rules say, in canonical order.

    The rows and their order depend on the facts alone, not on the order of their rows. Risk, as
    far as they arrive inside the window: purchases by offer and day, the first day's transfers by
    item, lane and lot, those of later days by item, lane and day. Orders: every order with every
    location that has a daily capacity in `orders`, sorted by order, then location.
    """
    if window.regime == ORDERS:
        return _assignments(snapshot, window)
    return _joined(_purchases(snapshot, window), _transfers(snapshot, window))


def orders_in(snapshot: Snapshot, window: Window) -> Table:
    """The sales orders placed up to the first day, sorted by key."""
    orders = snapshot.table("SalesOrder").sorted()
    return orders.take(np.flatnonzero(orders["ordered_on"] <= window.first))


def capacities(snapshot: Snapshot) -> Table:
    """The locations' daily capacities in whole orders, sorted by location."""
    resources = snapshot.table("SharedResource").sorted()
    return resources.take(np.flatnonzero(resources["measure"] == "orders"))


def _assignments(snapshot: Snapshot, window: Window) -> Table:
    orders, places = orders_in(snapshot, window), capacities(snapshot)
    if not len(places):
        raise InputError(
            "no location has a daily capacity in orders",
            hint="load SharedResource rows with measure `orders`",
            code="NO_CAPACITY",
        )
    order = np.repeat(np.arange(len(orders)), len(places))
    place = np.tile(np.arange(len(places)), len(orders))
    days = np.zeros(len(order), np.int64)
    return table_of_columns(
        "Movement", len(order), kind=_constant("assignment", len(order)),
        order=orders["id"][order], item=orders["item"][order],
        customer=orders["customer"][order], origin=places["location"][place],
        destination=orders["destination"][order], **_days(window, days, days),
    )  # fmt: skip


def _purchases(snapshot: Snapshot, window: Window) -> Table:
    offers = snapshot.table("Offer").sorted()
    offer = np.repeat(np.arange(len(offers)), window.periods)
    leaves = np.tile(np.arange(window.periods), len(offers))
    lands = leaves + offers["lead_time_days"][offer]
    inside = np.flatnonzero(lands < window.periods)
    offer, leaves, lands = offer[inside], leaves[inside], lands[inside]
    return table_of_columns(
        "Movement", len(offer), kind=_constant("purchase", len(offer)),
        item=offers["item"][offer], supplier=offers["supplier"][offer],
        destination=offers["location"][offer], **_days(window, leaves, lands),
    )  # fmt: skip


def _transfers(snapshot: Snapshot, window: Window) -> Table:
    lanes = snapshot.table("Lane").sorted()
    ways = _ways(pairs_of(snapshot), lanes)
    later = _later_transfers(lanes, ways, window)
    first = _first_day_transfers(snapshot, lanes, ways, window)
    return _joined(first, later)


def _ways(pairs: list[tuple[str, str]], lanes: Table) -> tuple[Column, IntArray]:
    """Item and lane row of every lane whose two ends both deal in the item."""
    known = set(pairs)
    items = sorted({item for item, _ in pairs})
    ends = list(zip(lanes["origin"].tolist(), lanes["destination"].tolist(), strict=True))
    found = [
        (item, row)
        for item in items
        for row, (origin, destination) in enumerate(ends)
        if origin != destination and (item, origin) in known and (item, destination) in known
    ]
    rows = np.array([row for _, row in found], np.int64)
    return as_column(item for item, _ in found), rows


def _later_transfers(lanes: Table, ways: tuple[Column, IntArray], window: Window) -> Table:
    way = np.repeat(np.arange(len(ways[1])), window.periods - 1)
    leaves = np.tile(np.arange(1, window.periods), len(ways[1]))
    return _transfer_table(lanes, ways, way, leaves, window)


def _first_day_transfers(
    snapshot: Snapshot, lanes: Table, ways: tuple[Column, IntArray], window: Window
) -> Table:
    positions = lots_on_hand(snapshot)
    here: dict[tuple[str, str], list[int]] = {}
    for row, pair in enumerate(zip(positions["item"], positions["location"], strict=True)):
        here.setdefault(pair, []).append(row)
    found = [
        (way, row)
        for way, pair in enumerate(zip(ways[0], lanes["origin"][ways[1]], strict=True))
        for row in here.get(pair, ())
    ]
    way = np.array([way for way, _ in found], np.int64)
    rows = np.array([row for _, row in found], np.int64)
    return _transfer_table(lanes, ways, way, np.zeros(len(way), np.int64), window, positions, rows)


def _transfer_table(
    lanes: Table,
    ways: tuple[Column, IntArray],
    way: IntArray,
    leaves: IntArray,
    window: Window,
    positions: Table | None = None,
    rows: IntArray | None = None,
) -> Table:
    lands = leaves + lanes["lead_time_days"][ways[1][way]]
    inside = np.flatnonzero(lands < window.periods)
    way, leaves, lands = way[inside], leaves[inside], lands[inside]
    lane = ways[1][way]
    lots: dict[str, Any] = {}
    if positions is not None and rows is not None:
        lots["lot"] = positions["lot"][rows[inside]]
        ends = positions["expires_on"][rows[inside]]
        life = (ends - (window.first + lands)).astype(np.int64)
        lots["remaining_life_days"] = np.where(np.isnat(ends), MISSING, life)
    return table_of_columns(
        "Movement", len(way), kind=_constant("transfer", len(way)), item=ways[0][way],
        lane=lanes["id"][lane], origin=lanes["origin"][lane],
        destination=lanes["destination"][lane], **_days(window, leaves, lands), **lots,
    )  # fmt: skip


def lots_on_hand(snapshot: Snapshot) -> Table:
    """The stock positions with free units, sorted by key, with their lots' `expires_on` (NaT)."""
    positions = snapshot.table("StockPosition").sorted()
    positions = positions.take(np.flatnonzero(positions["on_hand_units"] > 0))
    lots = snapshot.table("Lot")
    row = codes_of(positions["lot"], lots["id"].tolist())
    expires = np.full(len(positions), np.datetime64("NaT", "D"))
    known = row != ABSENT
    expires[known] = lots["expires_on"][row[known]]
    return Table("StockPosition", {**positions.columns, "expires_on": expires})


def table_of_columns(name: str, length: int, **columns: Column) -> Table:
    """A table of which only some columns are stated; the others say missing in every row."""
    blank = {
        field: column_of([None] * length, kind)
        for field, kind in field_kinds(RECORDS[name]).items()
    }
    return Table(name, {**blank, **columns})


def _days(window: Window, leaves: IntArray, lands: IntArray) -> dict[str, Column]:
    monday = window.starts_on - timedelta(days=window.starts_on.weekday())
    offset = (window.starts_on - monday).days
    return {
        "departs_on": window.first + leaves, "arrives_on": window.first + lands,
        "departs_weekday": WEEKDAYS[(offset + leaves) % 7],
        "arrives_weekday": WEEKDAYS[(offset + lands) % 7],
    }  # fmt: skip


def _constant(value: str, length: int) -> Column:
    return np.full(length, value, object)


def _joined(*tables: Table) -> Table:
    columns = {
        name: np.concatenate([table[name] for table in tables]) for name in tables[0].columns
    }
    return Table(tables[0].name, columns)
