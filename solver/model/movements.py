"""What a plan could do at all, before any rule speaks: the window, movements and stock after."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from ontology.calendars import NEVER, arrival_days, calendars_of
from ontology.columns import MISSING, Column, Snapshot, Table, column_of
from ontology.errors import InputError
from ontology.terms import field_kinds
from ontology.vocabulary import RECORDS
from solver.network.names import ABSENT, as_column, codes_of

RISK = "risk"
ORDERS = "orders"
MOST_PERIODS = 400
WEEKDAYS = as_column(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"))
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Window:
    """The days that a plan looks at: `periods` days from `starts_on`, in one regime.

    Where demand is forecast, `far_periods` more days follow, on which the stock of all places
    counts as one pool.
    """

    regime: str
    starts_on: date
    periods: int
    far_periods: int = 0

    @property
    def is_forecast(self) -> bool:
        """Whether demand is a forecast: purchases are then given, and far days pooled."""
        return self.far_periods > 0

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
    the last stated day. So does a forecast (DemandQuantile): its own days from `starts_on` on
    (default: the latest forecast), then the pooled ones. Sales orders make it "orders": one day,
    by default that of the latest order; orders placed after that day stay out. Raises InputError
    `REGIME` for several of them or none, `FORECAST_WANTED` where demand was observed but not
    forecast (from that day on), `HORIZON` where nothing is stated from `starts_on` on, or over
    more than 400 days.
    """
    outcomes, orders = snapshot.table("DemandOutcome"), snapshot.table("SalesOrder")
    forecasts = snapshot.table("DemandQuantile")
    if sum(map(bool, map(len, (outcomes, orders, forecasts)))) != 1:
        raise _no_regime(snapshot, [t.name for t in (outcomes, orders, forecasts) if len(t)])
    if len(forecasts):
        return _forecast_window(snapshot, starts_on)
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


def _no_regime(snapshot: Snapshot, stated: list[str]) -> InputError:
    if not stated and len(snapshot.table("DemandObservation")):
        return _forecast_wanted("the supply chain has observed demand, but no forecast")
    both = " and ".join(f"{name} rows" for name in stated) or "neither demand nor order"
    return InputError(
        f"the supply chain has {both}",
        hint="load DemandOutcome rows for uncertain demand, DemandObservation rows and a forecast "
        "of them, or SalesOrder rows for firm orders: one of the three",
        code="REGIME",
    )


def _forecast_window(snapshot: Snapshot, starts_on: date | None) -> Window:
    quantiles, pooled = snapshot.table("DemandQuantile"), snapshot.table("PooledDemandQuantile")
    in_force = snapshot.table("DemandForecast")["starts_on"]
    latest = in_force.max() if len(in_force) else quantiles["starts_on"].max()
    first = latest if starts_on is None else np.datetime64(starts_on, "D")
    days = np.unique(quantiles["on"][quantiles["starts_on"] == first])
    far = np.unique(pooled["on"][pooled["starts_on"] == first])
    if not len(days) or not len(far) or far[-1] <= days[-1]:
        raise _forecast_wanted(f"there is no forecast from `{first}` on")
    periods, last = (int((on - first).astype(np.int64)) + 1 for on in (days[-1], far[-1]))
    if last > MOST_PERIODS:
        raise InputError(f"the forecast covers {last} days", code="HORIZON",
                         hint=f"forecast at most {MOST_PERIODS} days")  # fmt: skip
    return Window(RISK, first.astype(object), periods, last - periods)


def _forecast_wanted(what: str) -> InputError:
    return InputError(what, hint="run `evenkeel forecast` for the chain, then plan",
                      code="FORECAST_WANTED")  # fmt: skip


def pairs_of(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Every (item, location) that a fact speaks of, sorted."""
    pairs: set[tuple[str, str]] = set()
    for name, place in (
        ("StockPosition", "location"), ("StockingPolicy", "location"), ("Offer", "location"),
        ("DemandOutcome", "location"), ("Backlog", "location"), ("Shipment", "destination"),
        ("DemandForecast", "location"), ("PurchaseOrder", "location"),
        ("TransferOrder", "destination"),
    ):  # fmt: skip
        table = snapshot.table(name)
        pairs.update(zip(table["item"].tolist(), table[place].tolist(), strict=True))
    return sorted(pairs)


def stock_after(snapshot: Snapshot, window: Window) -> Table:
    """The StockAfterMoves table: one row per item and location, sorted; empty for firm orders.

    `opening_units` are free, not expired, and there on the first day, with what arrives on it.
    """
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
        opening_units=_opening(snapshot, window, pairs),
        mean_per_day_millionths=means_per_day(snapshot, pairs),
    )


def means_per_day(snapshot: Snapshot, pairs: list[tuple[str, str]]) -> IntArray:
    """Forecast mean demand per day of each pair in millionths of a unit; 0 where none is stated."""
    table = snapshot.table("DemandForecast")
    keys = zip(table["item"], table["location"], strict=True)
    mean = dict(zip(keys, table["mean_per_day_millionths"].tolist(), strict=True))
    return np.array([mean.get(pair, 0) for pair in pairs], np.int64)


def arrivals(
    snapshot: Snapshot, window: Window, pairs: list[tuple[str, str]]
) -> tuple[IntArray, IntArray, IntArray]:
    """Pair, day and units of all that is under way: shipments, open purchases and transfers.

    What is overdue counts on the first day, and what comes to a place on a day on which it does not
    work on the next one on which it does. Day `periods` + n is the n-th far day; what comes
    later still, or on no stated day, counts on the last one.
    """
    found = [(np.zeros(0, np.int64),) * 3]
    found += [each[1:] for each in arriving(snapshot, window, pairs)]
    pair, day, units = (np.concatenate(part) for part in zip(*found, strict=True))
    return pair, day, units


def arriving(
    snapshot: Snapshot, window: Window, pairs: list[tuple[str, str]]
) -> list[tuple[Table, IntArray, IntArray, IntArray]]:
    """The rows of each class of what is under way, with their pair, day and units (`arrivals`)."""
    place = {pair: row for row, pair in enumerate(pairs)}
    last, calendars = window.periods + window.far_periods, calendars_of(snapshot)
    found = []
    for name, status, to, on in (
        ("Shipment", "under way", "destination", "arrives_on"),
        ("PurchaseOrder", "open", "location", "due_on"),
        ("TransferOrder", "open", "destination", "due_on"),
    ):
        table = snapshot.table(name).sorted()
        table = table.take(np.flatnonzero(table["status"] == status))
        ends = zip(table["item"], table[to], strict=True)
        due = np.maximum(table[on], window.first)  # not a day stays not a day
        open_on = calendars.next_open_at(table[to], due)
        day = np.clip(window.day_of(open_on), 0, last)
        day[np.isnat(table[on])] = last
        pair = np.array([place[end] for end in ends], np.int64)
        found.append((table, pair, day, table["quantity_units"]))
    return found


def is_fit(lots: Table, window: Window) -> BoolArray:
    """Per lot, whether it may still serve anyone: an expired lot stays idle, rule or no rule."""
    kept: BoolArray = np.isnat(lots["expires_on"]) | (lots["expires_on"] >= window.first)
    return kept


def serves(lots: Table, window: Window) -> BoolArray:
    """Per lot, whether it serves demand where it is: fit, and released where its status is known.

    Whether a quarantined or blocked lot may move is for the rules to say.
    """
    found: BoolArray = is_fit(lots, window) & (lots["status"] == "released")
    return found


def _opening(snapshot: Snapshot, window: Window, pairs: list[tuple[str, str]]) -> IntArray:
    place = {pair: row for row, pair in enumerate(pairs)}
    lots = lots_on_hand(snapshot)
    lots = lots.take(np.flatnonzero(serves(lots, window)))
    at = [place[pair] for pair in zip(lots["item"], lots["location"], strict=True)]
    opening = np.zeros(len(pairs), np.int64)
    np.add.at(opening, np.array(at, np.int64), lots["on_hand_units"])
    pair, day, units = arrivals(snapshot, window, pairs)
    np.add.at(opening, pair[day == 0], units[day == 0])
    return opening


def candidates(snapshot: Snapshot, window: Window) -> Table:
    """The Movement table: all that could be done, whatever the rules say, in canonical order.

    The rows and their order depend on the facts alone, not on the order of their rows. What comes
    to a place on a day on which it does not work is received on the next one on which it does.
    Risk, as far as they arrive inside the window: purchases by offer and day (of forecast demand:
    those of the first day, whenever they arrive), the first day's transfers by item, lane and
    lot, those of later days by item, lane and day, and the first day's substitutions, one unit for
    one, by item replaced and lot. Orders: every order with every location that has a daily
    capacity in `orders`, sorted by order, then location.
    """
    if window.regime == ORDERS:
        return _assignments(snapshot, window)
    return _joined(
        _purchases(snapshot, window), _transfers(snapshot, window), _substitutions(snapshot, window)
    )


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
    if len(snapshot.table("DemandLine")):
        raise InputError(
            "demand lines are stated, and the demand is firm orders", code="LINES_REGIME",
            hint="state such lines as SalesOrder rows: every order is served whole",
        )  # fmt: skip
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
    days = 1 if window.is_forecast else window.periods
    offer = np.repeat(np.arange(len(offers)), days)
    leaves = np.tile(np.arange(days), len(offers))
    due = window.first + leaves + offers["lead_time_days"][offer]
    lands = window.day_of(calendars_of(snapshot).next_open_at(offers["location"][offer], due))
    ever = lands < (NEVER - window.first).astype(np.int64)
    inside = np.flatnonzero((lands < window.periods) | (window.is_forecast & ever))
    offer, leaves, lands = offer[inside], leaves[inside], lands[inside]
    return table_of_columns(
        "Movement", len(offer), kind=_constant("purchase", len(offer)),
        item=offers["item"][offer], supplier=offers["supplier"][offer],
        destination=offers["location"][offer], **_days(window, leaves, lands),
    )  # fmt: skip


def _transfers(snapshot: Snapshot, window: Window) -> Table:
    lanes = snapshot.table("Lane").sorted()
    ways = _ways(pairs_of(snapshot), lanes)
    later = _later_transfers(snapshot, lanes, ways, window)
    first = _first_day_transfers(snapshot, lanes, ways, window)
    return _joined(first, later)


def _ways(pairs: list[tuple[str, str]], lanes: Table) -> tuple[Column, IntArray]:
    """Item and lane row of every lane whose two ends both deal in the item."""
    items = sorted({item for item, _ in pairs})
    code = codes_of((item for item, _ in pairs), items)
    places = sorted({place for _, place in pairs})
    dealt = np.zeros((len(places) + 1, len(items)), np.bool_)  # the last deals in nothing: ABSENT
    dealt[codes_of((place for _, place in pairs), places), code] = True
    ends = (codes_of(lanes[end], places).tolist() for end in ("origin", "destination"))
    both = [np.flatnonzero(dealt[one] & dealt[other]) for one, other in zip(*ends, strict=True)]
    row = np.repeat(np.arange(len(both)), [len(codes) for codes in both])
    item = np.concatenate([np.zeros(0, np.int64), *both]).astype(np.int64)
    apart = lanes["origin"][row] != lanes["destination"][row]
    row, item = row[apart], item[apart]
    order = np.lexsort((row, item))
    return as_column(items)[item[order]], row[order]


def _later_transfers(
    snapshot: Snapshot, lanes: Table, ways: tuple[Column, IntArray], window: Window
) -> Table:
    way = np.repeat(np.arange(len(ways[1])), window.periods - 1)
    leaves = np.tile(np.arange(1, window.periods), len(ways[1]))
    return _transfer_table(snapshot, lanes, ways, way, leaves, window)


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
    days = np.zeros(len(way), np.int64)
    return _transfer_table(snapshot, lanes, ways, way, days, window, positions, rows)


def _transfer_table(
    snapshot: Snapshot,
    lanes: Table,
    ways: tuple[Column, IntArray],
    way: IntArray,
    leaves: IntArray,
    window: Window,
    positions: Table | None = None,
    rows: IntArray | None = None,
) -> Table:
    arrives = arrival_days(calendars_of(snapshot), lanes, ways[1][way], window.first + leaves)
    lands = window.day_of(arrives)
    inside = np.flatnonzero(lands < window.periods)
    way, leaves, lands = way[inside], leaves[inside], lands[inside]
    lane = ways[1][way]
    lots: dict[str, Any] = {}
    if positions is not None and rows is not None:
        lots["lot"] = positions["lot"][rows[inside]]
        ends = positions["expires_on"][rows[inside]]
        lots["remaining_life_days"] = _days_between(window.first + lands, ends)
        lots |= _ages(positions.take(rows[inside]), window)
    return table_of_columns(
        "Movement", len(way), kind=_constant("transfer", len(way)), item=ways[0][way],
        lane=lanes["id"][lane], origin=lanes["origin"][lane],
        destination=lanes["destination"][lane], **_days(window, leaves, lands), **lots,
    )  # fmt: skip


def _substitutions(snapshot: Snapshot, window: Window) -> Table:
    """Lots of a replacement, where the item that it may stand in for is dealt in, unit for unit."""
    pairs, lots = set(pairs_of(snapshot)), lots_on_hand(snapshot)
    links = snapshot.table("Substitute").sorted()
    links = links.take(np.flatnonzero(links["numerator"] == links["denominator"]))
    of: dict[str, list[str]] = {}
    for item, replacement in zip(links["item"], links["replacement"], strict=True):
        of.setdefault(replacement, []).append(item)
    found = [
        (item, row)
        for row, (replacement, place) in enumerate(zip(lots["item"], lots["location"], strict=True))
        for item in of.get(replacement, ())
        if (item, place) in pairs
    ]
    found.sort()
    rows = np.array([row for _, row in found], np.int64)
    chosen, days = lots.take(rows), np.zeros(len(rows), np.int64)
    return table_of_columns(
        "Movement", len(rows), kind=_constant("substitution", len(rows)), item=chosen["item"],
        replaces=as_column(item for item, _ in found), origin=chosen["location"],
        destination=chosen["location"], lot=chosen["lot"],
        remaining_life_days=_days_between(window.first, chosen["expires_on"]),
        **_ages(chosen, window), **_days(window, days, days),
    )  # fmt: skip


def _ages(positions: Table, window: Window) -> dict[str, Column]:
    """How long ago the positions that units leave were received and counted."""
    return {
        "days_since_received": _days_between(positions["received_on"], window.first),
        "stock_age_days": _days_between(positions["counted_on"], window.first),
    }


def _days_between(start: Column | np.datetime64, end: Column | np.datetime64) -> IntArray:
    """Whole days, MISSING where one of them is not stated."""
    span = end - start
    days: IntArray = np.where(np.isnat(span), MISSING, span.astype(np.int64))
    return days


def lots_on_hand(snapshot: Snapshot) -> Table:
    """The stock positions with free units, sorted by key, with `expires_on` and `status` of lots.

    What has no lot, or one without a record, never expires and is released.
    """
    positions = snapshot.table("StockPosition").sorted()
    positions = positions.take(np.flatnonzero(positions["on_hand_units"] > 0))
    lots = snapshot.table("Lot")
    row = codes_of(positions["lot"], lots["id"].tolist())
    expires = np.full(len(positions), np.datetime64("NaT", "D"))
    known = row != ABSENT
    expires[known] = lots["expires_on"][row[known]]
    status = np.full(len(positions), "released", object)
    status[known] = lots["status"][row[known]]
    return Table("StockPosition", {**positions.columns, "expires_on": expires, "status": status})


def table_of_columns(name: str, length: int, **columns: Column) -> Table:
    """A table of which only some columns are stated; the others say missing in every row."""
    blank = {
        field: np.repeat(column_of([None], kind), length)
        if not kind.many
        else column_of([()] * length, kind)
        for field, kind in field_kinds(RECORDS[name]).items()
        if field not in columns
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
