"""The rivals of a plan: min-max reorder and greedy nearest surplus, as moves of its own network."""

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from ontology.columns import MISSING, Snapshot
from solver.model.carry_costs import line_costs
from solver.model.carry_labels import BoolArray, CarryLabels
from solver.model.completion import complete
from solver.model.demand import TOTAL, QuantileDemand
from solver.model.movements import arrivals
from solver.model.problem import Problem
from solver.network.columns import IntArray
from solver.network.names import ABSENT, codes_of

MIN_MAX = "min_max"
GREEDY = "greedy"
RIVALS = (MIN_MAX, GREEDY)
NO_LIMIT = 2**62
PERCENT = 100


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a policy can be tuned by. Days of cover are days of a place's own mean demand.

    A place acts below `reorder_days` of cover and fills up to `fill_to_days`; `keep_days` is what
    a greedy sender keeps. Min-max takes the levels that a StockingPolicy states instead, at
    `stated_percent` of them. Ways are tried by lead time, then cost, where `by_lead`, else by
    cost, then lead time.
    """

    reorder_days: int
    fill_to_days: int
    keep_days: int = 0
    stated_percent: int = PERCENT
    by_lead: bool = False


@dataclass(frozen=True)
class Levels:
    """Units per pair: act below `reorder`, fill up to `fill_to`, `keep` when others ask.

    Where `asks` is false, a place has no demand of its own: it keeps nothing from one that has.
    """

    reorder: IntArray
    fill_to: IntArray
    keep: IntArray
    asks: BoolArray
    by_lead: bool


@dataclass(frozen=True)
class Ways:
    """Every way in that some day leaves open: an item on a lane, or an offer (origin ABSENT).

    `rows[way, day]` are its open movement rows, first expired first, as (row, source node), and
    `lands[way, day]` the day on which they arrive; `lead` is the shortest of those times. `cost`
    and `line_cost` are micros per unit and per use, `room` units per lane and day.
    """

    origin: IntArray
    destination: IntArray
    lead: IntArray
    cost: IntArray
    line_cost: IntArray
    lane: IntArray
    room: IntArray
    rows: dict[tuple[int, int], list[tuple[int, int]]]
    lands: dict[tuple[int, int], int]


@dataclass(frozen=True)
class Outlook:
    """What a policy knows: units per pair, and day by day.

    `opening` is there on the first day, of which `held` may not leave on it; `coming[pair, day]`
    arrives from elsewhere (day 0: none, it is in `opening`), over the days acted on and `reach`
    more; `seen[pair, day]` is what has been asked for before that day, all in all.
    """

    opening: IntArray
    held: IntArray
    coming: IntArray
    seen: IntArray
    reach: int


@dataclass
class Acts:
    """What a policy did: units per (way, day), units per movement row, and stock levels.

    `levels[pair, day]` are the units made available up to that day, less what left.
    """

    levels: IntArray
    sent: dict[tuple[int, int], int] = field(default_factory=dict)
    rows: dict[int, int] = field(default_factory=dict)


def rival_flow(problem: Problem, labels: CarryLabels, acts: Acts) -> IntArray:
    """The acts as a whole flow of the problem's network."""
    units = np.zeros(len(problem.movements), np.int64)
    units[list(acts.rows)] = list(acts.rows.values())
    return complete(problem, labels, units)


def ways_in(problem: Problem, labels: CarryLabels, snapshot: Snapshot) -> Ways:
    """The open transfers and purchases of a risk problem, grouped by item and lane or offer."""
    movements = problem.movements
    chosen = problem.closures.is_open(len(movements)) & labels.move_fit
    rows = np.flatnonzero(chosen & (movements["kind"] != "substitution"))
    life = movements["remaining_life_days"][rows]
    life = np.where(life == MISSING, NO_LIMIT, life)  # what never expires leaves last
    rows = rows[np.lexsort((rows, life))]
    moved = movements.take(rows)
    names = ("item", "lane", "supplier", "origin", "destination")
    keys = list(zip(*(moved[name].tolist() for name in names), strict=True))
    number = {key: way for way, key in enumerate(sorted(set(keys), key=str))}
    way = np.array([number[key] for key in keys], np.int64)
    day, lands = labels.move_day[rows], problem.window.day_of(moved["arrives_on"])
    found: dict[tuple[int, int], list[tuple[int, int]]] = {}
    turns = list(zip(way.tolist(), day.tolist(), strict=True))
    for turn, row, node in zip(turns, rows.tolist(), labels.move_tail[rows].tolist(), strict=True):
        found.setdefault(turn, []).append((row, node))
    lead = np.full(len(number), NO_LIMIT)
    np.minimum.at(lead, way, lands - day)
    first = np.unique(way, return_index=True)[1]
    one = moved.take(first)
    place = {pair: at for at, pair in enumerate(labels.pairs)}
    origin, destination = (
        np.array([place.get(end, ABSENT) for end in zip(one["item"], one[name], strict=True)],
                 np.int64) for name in ("origin", "destination")
    )  # fmt: skip
    lanes = snapshot.table("Lane").sorted()
    most = lanes["capacity_units_per_day"]
    return Ways(
        origin, destination, lead=lead, cost=labels.move_cost[rows[first]],
        line_cost=line_costs(snapshot, one),
        lane=codes_of(one["lane"], lanes["id"].tolist()),
        room=np.where(most == MISSING, NO_LIMIT, np.maximum(0, most)), rows=found,
        lands=dict(zip(turns, lands.tolist(), strict=True)),
    )  # fmt: skip


def outlook(problem: Problem, labels: CarryLabels, snapshot: Snapshot) -> Outlook:
    """What is there, under way, given and expected on the days of the window.

    Demand is expected demand, rounded up; what is owed from before has been asked for already.
    """
    window = problem.window
    reach = int(snapshot.table("Lane")["lead_time_days"].max(initial=0)) + 1
    last = window.periods + window.far_periods
    coming = np.zeros((len(labels.pairs), last + window.periods + reach + 2), np.int64)
    bought = problem.movements.take(labels.given.rows)
    place = {pair: row for row, pair in enumerate(labels.pairs)}
    ends = zip(bought["item"], bought["destination"], strict=True)
    given = np.array([place[end] for end in ends], np.int64)
    pair, day, units = arrivals(snapshot, window, labels.pairs)
    for at, on, amount in (
        (pair, day, units), (given, window.day_of(bought["arrives_on"]), labels.given.units)
    ):  # fmt: skip
        # on the last day stands what comes later, or on no stated day: nobody waits for it
        np.add.at(coming, (at, np.where(on >= last, coming.shape[1] - 1, on)), amount)
    coming[:, 0] = 0  # part of the opening stock
    seen = np.concatenate([labels.owed[:, None], expected_units(labels)], axis=1)
    floors = labels.floors_of(problem.closures)
    return Outlook(labels.lasting, floors, coming, seen, reach)


def expected_units(labels: CarryLabels) -> IntArray:
    """E[D] per pair and local day in whole units, rounded up; what is owed is included."""
    demand = labels.curves
    if isinstance(demand, QuantileDemand):
        found: IntArray = -(-demand.expected() // TOTAL)
        return found
    return np.array([[-int(-curve.expected() // 1) for curve in days] for days in demand],
                    np.int64)  # fmt: skip


def levels_of(
    problem: Problem, labels: CarryLabels, snapshot: Snapshot, rival: str, chosen: Parameters
) -> Levels:
    """The levels of a policy under its parameters.

    A day of cover is the mean of the window's expected demand per day; levels are rounded up.
    """
    asked = expected_units(labels)[:, -1] - labels.owed
    days = problem.window.periods

    def cover(of_days: int) -> IntArray:
        found: IntArray = -(-asked * of_days // days)
        return found

    reorder, fill_to = cover(chosen.reorder_days), cover(chosen.fill_to_days)
    keep = cover(chosen.keep_days)
    if rival == MIN_MAX:
        stated = stated_levels(labels, snapshot)
        low, high = (np.where(each == MISSING, MISSING, -(-each * chosen.stated_percent // PERCENT))
                     for each in stated)  # fmt: skip
        reorder = np.where(low == MISSING, reorder, low)
        fill_to = np.where(high == MISSING, np.maximum(fill_to, reorder), high)
        keep = reorder
    return Levels(reorder, np.maximum(reorder, fill_to), keep, asked > 0, chosen.by_lead)


def stated_levels(labels: CarryLabels, snapshot: Snapshot) -> tuple[IntArray, IntArray]:
    """Per pair, the reorder point and order-up-to level of its policy, MISSING where not stated."""
    policies = snapshot.table("StockingPolicy")
    keys = zip(policies["item"], policies["location"], strict=True)
    row = {key: number for number, key in enumerate(keys)}
    at = np.array([row.get(pair, ABSENT) for pair in labels.pairs], np.int64)
    low, high = (np.append(policies[name], MISSING)[at]  # ABSENT is the last
                 for name in ("reorder_point_units", "order_up_to_units"))  # fmt: skip
    return low, high


def act(
    ways: Ways, levels: Levels, known: Outlook, days: int, supply: IntArray,
    shut: Collection[int] = (), *, every_day: bool = False,
) -> Acts:  # fmt: skip
    """Let a policy act on each of so many days: integers and written orders, nothing random.

    A day: what arrives is there; places below their reorder level are served in order of the
    units they lack below it (most first, then by item and location); each tries its ways in order
    and takes what the sender has beyond what it keeps, until it is filled. What lands on the same
    day is not sent on, and on the first day only what is not `held` may leave. Position counts
    what is due within `reach` days. `supply` limits what leaves a lot or offer, `shut` names
    movement rows that are not used. With `every_day`, ways are open on every day, from any lot:
    how a replay sees them, beyond the rows of the window.
    """
    turn = _Turn(ways, levels, known, days, supply, frozenset(shut), every_day=every_day)
    for day in range(days):
        turn.take(day)
    return turn.acts


class _Turn:
    """The days of one policy while they pass."""

    def __init__(
        self, ways: Ways, levels: Levels, known: Outlook, days: int, supply: IntArray,
        shut: frozenset[int], *, every_day: bool,
    ) -> None:  # fmt: skip
        self._ways, self._levels, self._known = ways, levels, known
        self._shut, self._every_day, self._supply = shut, every_day, supply
        self._coming = known.coming.copy()
        self._left: dict[int, int] = {}
        self._there = known.opening.copy()
        self._enter = _ways_of(ways, levels, len(known.opening))
        self._columns = [column.tolist() for column in
                         (ways.origin, ways.destination, ways.lead, ways.lane)]  # fmt: skip
        self._keep, self._asks = levels.keep.tolist(), levels.asks.tolist()
        self._most = ways.room.tolist()
        self.acts = Acts(np.zeros((len(known.opening), days), np.int64))

    def take(self, day: int) -> None:
        known, levels = self._known, self._levels
        self._there += self._coming[:, day]
        hand = self._there - known.seen[:, day]
        due = self._coming[:, day + 1 : day + 1 + known.reach].sum(axis=1)
        position = hand + due
        lacks = levels.reorder - position
        wanting = np.flatnonzero(lacks > 0)
        wanting = wanting[np.argsort(-lacks[wanting], kind="stable")]
        free = np.maximum(0, hand)
        if day == 0:
            free = np.minimum(free, self._there - known.held)
        spare, room = free.tolist(), self._most.copy()
        for pair in wanting.tolist():
            self._fill(pair, day, int(levels.fill_to[pair] - position[pair]), spare, room)
        self.acts.levels[:, day] = self._there

    def _fill(self, pair: int, day: int, wanted: int, spare: list[int], room: list[int]) -> None:
        origins, _, leads, lanes = self._columns
        for way in self._enter[pair]:
            if wanted <= 0:
                return
            origin, lane = origins[way], lanes[way]
            most = wanted
            if origin != ABSENT:
                kept = self._keep[origin] if self._asks[origin] or not self._asks[pair] else 0
                most = min(wanted, spare[origin] - kept, room[lane])
            units = self._leave(way, day, most) if most > 0 else 0
            if not units:
                continue
            wanted -= units
            self.acts.sent[way, day] = units
            if origin != ABSENT:
                spare[origin] -= units
                room[lane] -= units
                self._there[origin] -= units
            lands = self._ways.lands.get((way, day), day + leads[way])
            if lands > day:
                self._coming[pair, min(lands, self._coming.shape[1] - 1)] += units
            else:
                self._there[pair] += units

    def _leave(self, way: int, day: int, most: int) -> int:
        """Takes up to so many units along a way, lot by lot; gives how many went."""
        if self._every_day:
            return most
        gone = 0
        inner = self.acts.levels.shape[0] * (self.acts.levels.shape[1] + 1)
        for row, node in self._ways.rows.get((way, day), ()):
            if row in self._shut or gone == most:
                continue
            units = most - gone
            if node >= inner:  # a lot or an offer: it has only so much
                units = min(units, self._left.setdefault(node, int(self._supply[node])))
                self._left[node] -= units
            if units:
                self.acts.rows[row] = self.acts.rows.get(row, 0) + units
                gone += units
        return gone


def _ways_of(ways: Ways, levels: Levels, pairs: int) -> list[list[int]]:
    """The ways into each pair in the order of the policy; ties by item, lane and supplier."""
    count = np.arange(len(ways.origin))
    first = (ways.cost, ways.lead) if levels.by_lead else (ways.lead, ways.cost)
    order = np.lexsort((count, *first))
    found: list[list[int]] = [[] for _ in range(pairs)]
    for way, pair in zip(order.tolist(), ways.destination[order].tolist(), strict=True):
        found[pair].append(way)
    return found
