"""What to buy where demand is forecast: order-up-to on the whole chain's inventory position."""

from dataclasses import dataclass

import numpy as np

from ontology.closures import Closures
from ontology.columns import MISSING, Snapshot, Table
from ontology.edits import Bounds
from solver.model.demand import QuantileDemand
from solver.model.movements import Window, arrivals, lots_on_hand, serves
from solver.network.columns import IntArray
from solver.network.names import codes_of

DEFAULT_SERVICE_PERCENT = 95
DEFAULT_REVIEW_DAYS = 1


@dataclass(frozen=True)
class Purchases:
    """What is bought on the first day, before anything flows: rows of the Movement table, units."""

    rows: IntArray
    units: IntArray


NONE = Purchases(np.zeros(0, np.int64), np.zeros(0, np.int64))


@dataclass(frozen=True, slots=True)
class OrderSize:
    """Why so many units of one offer are bought, 0 included: the numbers of the rule in order.

    `level_units` covers `covered_days` of demand (lead time + review + reach of the longest lane)
    with `service_percent`; `wanted_units` is the level less the position and less what offers
    asked before bring. `lot_units` is 1 and `capacity_units` None where the offer states none.
    """

    row: int
    position_units: int
    level_units: int
    service_percent: int
    covered_days: int
    lead_days: int
    review_days: int
    reach_days: int
    minimum_units: int
    lot_units: int
    capacity_units: int | None
    wanted_units: int
    bought_units: int

    @property
    def no_order_from_units(self) -> int:
        """The least position at which nothing is bought here, all else equal."""
        return self.position_units + self.wanted_units

    @property
    def same_order_units(self) -> tuple[int | None, int]:
        """The positions from which just as much is bought: from (None: from any), to."""
        least = -(-self.minimum_units // self.lot_units) * self.lot_units
        fewest = 1 if self.bought_units == max(least, self.lot_units) else (
            self.bought_units - self.lot_units + 1)  # fmt: skip
        most = self.capacity_units
        full = most is not None and self.bought_units + self.lot_units > most
        lowest = None if full else self.no_order_from_units - self.bought_units
        return lowest, self.no_order_from_units - fewest


def order_up_to(
    snapshot: Snapshot,
    window: Window,
    movements: Table,
    closures: Closures,
    pairs: list[tuple[str, str]],
    pooled: QuantileDemand,
    unit_cost: IntArray,
) -> Purchases:
    """The echelon rule (Clark and Scarf 1960): raise each item's position to its target.

    Position: free stock that serves, and all that is under way, anywhere in the chain.
    Target: the pooled quantile, at the highest service level that a policy of the item asks for
    (95 % if none does), of demand until an order of the next review could have reached a place:
    lead time + review period + longest lane + 1 days, of the open offer of least `unit_cost`. It is
    asked first, and the next one for what it cannot bring. Orders are whole lots of at least the
    minimum: rounded up, or down where the offer's capacity ends. Rows ascend.
    """
    sizes = order_sizes(snapshot, window, movements, closures, pairs, pooled, unit_cost)
    found = sorted((size.row, size.bought_units) for size in sizes if size.bought_units)
    rows, units = np.array(found, np.int64).reshape(-1, 2).T
    return Purchases(rows, units)


def order_sizes(
    snapshot: Snapshot,
    window: Window,
    movements: Table,
    closures: Closures,
    pairs: list[tuple[str, str]],
    pooled: QuantileDemand,
    unit_cost: IntArray,
) -> list[OrderSize]:
    """The numbers behind `order_up_to`, one per open offer, in the order in which it asks them."""
    items = sorted({item for item, _ in pairs})
    position = _position(snapshot, window, pairs, items)
    service, review = _policies(snapshot, items)
    lanes = snapshot.table("Lane")["lead_time_days"]
    reach = int(lanes.max(initial=0)) + 1
    rows = np.flatnonzero(closures.is_open(len(movements)) & (movements["kind"] == "purchase"))
    offers = _offers(snapshot, movements, rows)
    item = codes_of(movements["item"][rows], items)
    last = pooled.units.shape[1] - 1
    level: dict[int, tuple[int, int]] = {}
    wanted: dict[int, int] = {}
    found = []
    for place in np.lexsort((np.arange(len(rows)), unit_cost[rows], item)).tolist():
        code, offer, row = int(item[place]), offers[place], int(rows[place])
        days = review.get((movements["item"][row], movements["destination"][row]),
                          DEFAULT_REVIEW_DAYS)  # fmt: skip
        if code not in wanted:  # the cheapest offer's days are covered, whoever brings the rest
            covered = min(offer.lead_days + days + reach, last)
            level[code] = (pooled.quantile(code, covered, int(service[code])), covered)
            wanted[code] = level[code][0] - int(position[code])
        bought = offer.whole_lots(wanted[code])
        found.append(OrderSize(
            row, int(position[code]), level[code][0], int(service[code]), level[code][1],
            offer.lead_days, days, reach, offer.least, max(1, offer.multiple),
            None if offer.most == MISSING else offer.most, wanted[code], bought,
        ))  # fmt: skip
        wanted[code] -= bought
    return found


def within(given: Purchases, movements: Table, closures: Closures, bounds: Bounds) -> Purchases:
    """The same purchases, each raised or cut to its bounds. What a rule closes is not raised."""
    if not bounds:
        return given
    units = np.zeros(len(movements), np.int64)
    units[given.rows] = given.units
    is_open = closures.is_open(len(movements)) & (movements["kind"] == "purchase")
    for row in np.flatnonzero(is_open).tolist():
        way = (movements["item"][row], movements["supplier"][row], movements["destination"][row])
        least, most = bounds.get(way, (0, None))
        units[row] = max(least, units[row] if most is None else min(most, units[row]))
    rows = np.flatnonzero(units)
    return Purchases(rows, units[rows])


@dataclass(frozen=True, slots=True)
class _Offer:
    lead_days: int
    least: int
    multiple: int
    most: int

    def whole_lots(self, wanted: int) -> int:
        """Units to order for so many wanted: 0, or whole lots from the minimum on."""
        if wanted <= 0:
            return 0
        multiple = max(1, self.multiple)
        units = -(-max(wanted, self.least) // multiple) * multiple
        if self.most != MISSING and units > self.most:
            units = self.most // multiple * multiple
        return units if units >= self.least else 0


def _offers(snapshot: Snapshot, movements: Table, rows: IntArray) -> list[_Offer]:
    table = snapshot.table("Offer")
    names = ("supplier", "item", "location")
    place = {key: row for row, key in enumerate(zip(*(table[name] for name in names), strict=True))}
    keys = zip(*(movements[name][rows] for name in ("supplier", "item", "destination")),
               strict=True)  # fmt: skip
    columns = ("lead_time_days", "minimum_order_units", "lot_multiple_units", "capacity_units")
    return [_Offer(*(int(table[name][place[key]]) for name in columns)) for key in keys]


def _position(
    snapshot: Snapshot, window: Window, pairs: list[tuple[str, str]], items: list[str]
) -> IntArray:
    lots = lots_on_hand(snapshot)
    lots = lots.take(np.flatnonzero(serves(lots, window)))
    found = np.zeros(len(items), np.int64)
    np.add.at(found, codes_of(lots["item"], items), lots["on_hand_units"])
    pair, _, units = arrivals(snapshot, window, pairs)
    of_pair = codes_of((item for item, _ in pairs), items)
    np.add.at(found, of_pair[pair], units)
    return found


def _policies(snapshot: Snapshot, items: list[str]) -> tuple[IntArray, dict[tuple[str, str], int]]:
    policies = snapshot.table("StockingPolicy")
    asked = policies["service_level_percent"]
    service = np.full(len(items), MISSING, np.int64)
    known = asked != MISSING
    np.maximum.at(service, codes_of(policies["item"][known], items), asked[known])
    review = {
        key: int(days)
        for key, days in zip(
            zip(policies["item"], policies["location"], strict=True),
            policies["review_period_days"], strict=True,
        )
        if days != MISSING
    }  # fmt: skip
    return np.where(service == MISSING, DEFAULT_SERVICE_PERCENT, service), review
