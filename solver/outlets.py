"""Where a lot that expires may still be sold, and with which chance each unit is lost there."""

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

import numpy as np

from ontology.columns import Table
from solver.carry_labels import BoolArray, CarryLabels
from solver.carry_layout import Layout
from solver.network import IntArray
from solver.risk import Curve
from solver.waste import Outlet, Steps, lengthened, lost
from solver.weighing import Weighed

Reach = dict[int, dict[int, tuple[int, int, int]]]
"""Per pair, the pairs that lanes lead to: days under way, micros a unit, weighed and plain."""


@dataclass(frozen=True)
class Chances:
    """What the chance of a unit to be sold in time depends on, of one network.

    `asks` says which pairs have demand, `least_life` how many days of life goods must have left
    where they arrive.
    """

    layout: Layout
    labels: CarryLabels
    reach: Reach
    asks: BoolArray
    least_life: IntArray
    _queues: dict[int, list[tuple[int, int, int, int]]] = field(default_factory=dict)
    _demands: dict[tuple[int, int], Curve] = field(default_factory=dict)
    _known: dict[tuple[int, int, int], Steps] = field(default_factory=dict)

    def home(self, lot: int) -> int:
        """The pair where a lot lies."""
        return int(self._homes[lot])

    def ahead(self, lot: int) -> int:
        """Units at a place without demand that go on before those of the lot."""
        return 0 if self.asks[self.home(lot)] else self._before(lot)

    def outlets(self, lot: int, hops: set[int]) -> list[Outlet]:
        """Where units of a lot can be sold in time, by the next place on the way there.

        `hops` are next places for which units can leave today; for others they leave tomorrow.
        """
        pair, last = self.home(lot), int(self.layout.last_day[lot])
        found = []
        if self.asks[pair]:
            found.append(Outlet(pair, lost(self._demand(pair, last + 1), self._before(lot))))
        for to in sorted(self.reach.get(pair, {})):
            found += self.by_way_of(lot, to, 0 if to in hops else 1)
        return found

    def by_way_of(self, lot: int, to: int, leaves: int) -> list[Outlet]:
        """The outlets behind a next place, for units that leave for it on a day.

        Those behind a place without demand are reached by further lanes at once.
        """
        last = int(self.layout.last_day[lot])
        days = self.reach[self.home(lot)][to][0]
        way = self.way(lot, to)
        found, seen, queue = [], {self.home(lot), to}, [(to, leaves + days)]
        for at, lands in queue:  # grows while it is walked
            if lands > last - int(self.least_life[at]):
                continue
            if self.asks[at]:
                found.append(Outlet(to, self._steps(at, lands, last), *way))
                continue
            for further, (more, _, _) in sorted(self.reach.get(at, {}).items()):
                if further not in seen:
                    seen.add(further)
                    queue.append((further, lands + more))
        return found

    def way(self, lot: int, to: int) -> tuple[int, int]:
        """Micros of going to a next place another day: none from a place where all goes on.

        There the network charges for the way; where there is demand what stays seems to stay.
        """
        pair = self.home(lot)
        return self.reach[pair][to][1:] if self.asks[pair] else (0, 0)

    def _steps(self, pair: int, lands: int, last: int) -> Steps:
        """The chance of units that land on a day, behind those that are sold before them.

        These are the lots there that expire no later, or what is there and mean demand takes until
        then, whichever is more.
        """
        key = (pair, lands, last)
        if key not in self._known:
            self._known[key] = lost(self._demand(pair, last + 1), self._ahead(*key))
        return self._known[key]

    def _ahead(self, pair: int, lands: int, last: int) -> int:
        old = max((after for day, _, _, after in self._queue(pair) if day <= last), default=0)
        if lands:
            mean = int(self._demand(pair, lands).expected())
            old = max(old, min(self._lasting(pair, lands), mean))
        return old

    def _lasting(self, pair: int, day: int) -> int:
        """Units that are at a place on the first day and may still be sold on another."""
        units = self.layout.lots["on_hand_units"]
        gone = sum(int(units[row]) for last, row in self._there.get(pair, ()) if last < day)
        return int(self.labels.opening[pair]) - gone

    def _demand(self, pair: int, days: int) -> Curve:
        if (pair, days) not in self._demands:
            known, curves = self.layout.window.periods, self.labels.curves[pair]
            short = days <= known
            self._demands[pair, days] = (
                curves[days - 1] if short else lengthened(curves[known - 1], known, days)
            )
        return self._demands[pair, days]

    def _before(self, lot: int) -> int:
        """Units at the lot's place that are sold before it: of lots that expire no later."""
        return next(ahead for _, row, ahead, _ in self._queue(self.home(lot)) if row == lot)

    @cached_property
    def _homes(self) -> IntArray:
        return self.layout.pair_rows(self.layout.lots["item"], self.layout.lots["location"])

    @cached_property
    def _there(self) -> dict[int, list[tuple[int, int]]]:
        """Per pair, last day and row of its lots that expire in the window, in that order."""
        found: dict[int, list[tuple[int, int]]] = {}
        for row in self.layout.ageing.tolist():
            found.setdefault(self.home(row), []).append((int(self.layout.last_day[row]), row))
        return {pair: sorted(rows) for pair, rows in found.items()}

    def _queue(self, pair: int) -> list[tuple[int, int, int, int]]:
        """Last day and row of each lot at a place, and how many units sell before and through it.

        What a lot is expected to lose is not in the way of those behind it: less its mean, to the
        whole unit.
        """
        if pair not in self._queues:
            found, ahead = [], Fraction(0)
            for last, row in self._there.get(pair, ()):
                before, units = round(ahead), int(self.layout.lots["on_hand_units"][row])
                ahead += units - (self._left(pair, last, before, units) if self.asks[pair] else 0)
                found.append((last, row, before, round(ahead)))
            self._queues[pair] = found
        return self._queues[pair]

    def _left(self, pair: int, last: int, before: int, units: int) -> Fraction:
        """Expected units left of so many behind others, when they expire."""
        demand = self._demand(pair, last + 1)
        both = demand.expected_short(before + units) - demand.expected_short(before)
        return units + both


def reach_of(layout: Layout, movements: Table, parts: Weighed) -> Reach:
    """The quickest way between any two places, for the items of which a lot expires soon."""
    ageing = set(layout.lots["item"][layout.ageing])
    of_item = np.array([name in ageing for name in movements["item"]], np.bool_)
    rows = np.flatnonzero(of_item & (movements["kind"] == "transfer"))
    moved = movements.take(rows)
    tail = layout.pair_rows(moved["item"], moved["origin"])
    head = layout.pair_rows(moved["item"], moved["destination"])
    days = (moved["arrives_on"] - moved["departs_on"]).astype(np.int64)
    way, plain = parts.move_cost()[rows], parts.plain_cost[rows]
    order = np.lexsort((way, plain, days, head, tail))
    new = np.ones(len(order), np.bool_)
    new[1:] = (np.diff(tail[order]) != 0) | (np.diff(head[order]) != 0)
    best = order[new]
    found: Reach = {}
    columns = (column[best].tolist() for column in (tail, head, days, way, plain))
    for start, end, *quickest in zip(*columns, strict=True):
        found.setdefault(start, {})[end] = (quickest[0], quickest[1], quickest[2])
    return found
