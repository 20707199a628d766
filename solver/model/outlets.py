"""Where a lot that expires may still be sold, and with which chance each unit is lost there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from ontology.columns import Table
from solver.model.carry_labels import BoolArray, CarryLabels
from solver.model.carry_layout import Layout
from solver.model.coming import Coming
from solver.model.risk import Curve
from solver.model.spill import Ahead, spilled
from solver.model.waste import Outlet, Part, Steps, lengthened, lost
from solver.model.weighing import Weighed
from solver.network.columns import IntArray

Reach = dict[int, dict[int, tuple[int, int, int]]]
"""Per pair, the pairs that lanes lead to: days under way, micros a unit, weighed and plain."""


@dataclass(frozen=True)
class Promised:
    """Units of a lot that count on the demand of a place, and how many of them are lost there."""

    lands: int
    last: int
    units: int
    lost: Fraction


@dataclass(frozen=True)
class Chances:
    """What the chance of a unit to be sold in time depends on, of one network.

    `asks` says which pairs have demand, `least_life` how many days of life goods must have left
    where they arrive, `days` the weights of every day's demand where it is stated; then
    `lands_first` is the first day on which anything may be moved to a pair or bought for it, and
    `under_way` pair, day and units of what comes anyway. No two units
    count on the same customers: lots come one after the other, first expired first, and each is
    behind what was promised (`promise`) to those before it, wherever they lie. Once all is
    `shared_out`, units are behind all that was promised, as if it were there when they land: they
    take no demand that could wait for it.
    """

    layout: Layout
    labels: CarryLabels
    reach: Reach
    asks: BoolArray
    least_life: IntArray
    days: list[list[dict[int, int]]] | None = None
    lands_first: Mapping[int, int] = field(default_factory=dict)
    under_way: Sequence[tuple[int, int, int]] = ()
    shared_out: bool = False
    _promised: dict[int, list[Promised]] = field(default_factory=dict)
    _demands: dict[tuple[int, int], Curve] = field(default_factory=dict)

    def home(self, lot: int) -> int:
        """The pair where a lot lies."""
        return int(self._homes[lot])

    def units(self, lot: int) -> int:
        """How many units a lot has."""
        return int(self.layout.lots["on_hand_units"][lot])

    def in_turn(self) -> list[int]:
        """The lots that expire in the window, first expired first, then those with fewest ways.

        Names choose only between lots that are alike in all of this.
        """
        return sorted(self.layout.ageing.tolist(), key=self._turn)

    def _turn(self, lot: int) -> tuple[Any, ...]:
        pair = self.home(lot)
        ways = sorted(self.reach.get(pair, {}).values())
        demand = [self._demand(pair, 1), self._demand(pair, int(self.layout.last_day[lot]) + 1)]
        shapes = [(curve.units, curve.weights) for curve in demand]
        last, asks = int(self.layout.last_day[lot]), int(self.asks[pair])
        return (last, asks + len(ways), self.units(lot), ways, shapes, lot)

    def outlets(self, lot: int, hops: set[int]) -> list[Outlet]:
        """Where units of a lot can be sold in time, by the next place on the way there.

        `hops` are next places for which units can leave today; for others they leave tomorrow.
        """
        pair = self.home(lot)
        found = []
        if self.asks[pair]:
            found.append(Outlet(pair, self._steps(self._due(lot), pair, 0), place=pair))
        for to in sorted(self.reach.get(pair, {})):
            found += self.by_way_of(lot, to, 0 if to in hops else 1)
        return found

    def by_way_of(self, lot: int, to: int, leaves: int) -> list[Outlet]:
        """The outlets behind a next place, for units that leave for it on a day.

        Those behind a place without demand are reached by further lanes at once. None where no
        open lane leads to the next place.
        """
        if to not in self.reach.get(self.home(lot), {}):
            return []
        last = int(self.layout.last_day[lot])
        days = self.reach[self.home(lot)][to][0]
        way = self.way(lot, to)
        found, seen, queue = [], {self.home(lot), to}, [(to, leaves + days)]
        for at, lands in queue:  # grows while it is walked
            if lands > last - int(self.least_life[at]):
                continue
            if self.asks[at]:
                found.append(
                    Outlet(to, self._steps(self._due(lot), at, lands), *way, place=at, lands=lands)
                )
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
        return self.reach.get(pair, {}).get(to, (0, 0, 0))[1:] if self.asks[pair] else (0, 0)

    def promise(self, lot: int, parts: Iterable[Part]) -> None:
        """Lets units of a lot count on the demand of the places where its parts are sold."""
        self.promise_until(int(self.layout.last_day[lot]), parts)

    def promise_until(self, last: int, parts: Iterable[Part]) -> None:
        """The same for units that may be sold up to a day."""
        for part in parts:
            outlet = part.outlet
            self._promised.setdefault(outlet.place, []).append(
                Promised(outlet.lands, last, part.width, part.chance * part.width)
            )

    def of_coming(self, coming: Coming) -> list[Outlet]:
        """Where goods that come are sold: where they land, if it is not too late."""
        if not self.asks[coming.pair] or coming.lands > coming.last:
            return []
        steps = self._steps((coming.last, coming.units), coming.pair, coming.lands)
        return [Outlet(coming.pair, steps, place=coming.pair, lands=coming.lands)]

    def _due(self, lot: int) -> tuple[int, int]:
        """The last day of a lot, and its units."""
        return int(self.layout.last_day[lot]), self.units(lot)

    def _steps(self, due: tuple[int, int], pair: int, lands: int) -> Steps:
        """The chance of so many units that last so long and land somewhere, behind those before.

        Where demand is stated, it is never less than what really is lost there. Of a forecast,
        which knows no single days, what stands ahead and expires before loses its mean; and mean
        demand takes what is there until they land.
        """
        (last, most), before = due, self._promised.get(pair, [])
        if self.days is not None:
            soonest = lands if self.shared_out else last
            ahead = [Ahead(min(each.lands, soonest), each.last, each.units) for each in before]
            days = self.days[pair]
            days = [{u + int(self.labels.owed[pair]): w for u, w in days[0].items()}, *days[1:]]
            others = self._others(pair, lands) if lands and not self.shared_out else None
            return lost(spilled(days, ahead, lands, last, most, others), 0)
        here, elsewhere = (
            sum((each.units - (each.lost if each.last < last else 0) for each in before
                 if bool(each.lands) == away), Fraction(0))
            for away in (False, True)
        )  # fmt: skip
        old = round(here)
        if lands:
            mean = int(self._demand(pair, lands).expected())
            old = max(old, min(self._lasting(pair, lands), mean))
        return lost(self._demand(pair, last + 1), old + round(elsewhere))

    def _others(self, pair: int, lands: int) -> int | None:
        """Units that serve demand at a place before a day, at the most, but for those promised.

        None where that is not known: where more than what is under way may land before.
        """
        if self.lands_first.get(pair, 0) < lands:
            return None
        there = int(self.labels.opening[pair])
        there += sum(units for at, day, units in self.under_way if at == pair and 0 < day < lands)
        promised = (each.units for each in self._promised.get(pair, ()) if each.lands < lands)
        return max(0, there - sum(promised))

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


def first_landings(
    layout: Layout, labels: CarryLabels, movements: Table, is_open: BoolArray
) -> dict[int, int]:
    """Per pair, the first day on which an open movement may land there."""
    rows = np.flatnonzero(is_open & labels.move_fit)
    moved = movements.take(rows)
    for_item = np.where(moved["kind"] == "substitution", moved["replaces"], moved["item"])
    pair = layout.pair_rows(for_item, moved["destination"])
    day = layout.window.day_of(moved["arrives_on"])
    first = np.full(len(layout.pairs), np.iinfo(np.int64).max)
    np.minimum.at(first, pair, day)
    return dict(enumerate(first.tolist()))


def reach_of(layout: Layout, movements: Table, parts: Weighed, is_open: BoolArray) -> Reach:
    """The quickest open way between any two places, for the items of which a lot expires soon."""
    ageing = set(layout.lots["item"][layout.ageing])
    of_item = np.array([name in ageing for name in movements["item"]], np.bool_)
    rows = np.flatnonzero(of_item & (movements["kind"] == "transfer") & is_open)
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
