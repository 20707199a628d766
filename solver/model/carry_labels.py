"""What the arcs and nodes of a risk network stand for, as decoding and explaining need it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ontology.closures import Closures
from ontology.objectives import PLAIN, Weights
from solver.model.coming import ComingLoss
from solver.model.demand import QuantileDemand
from solver.model.echelon import Purchases
from solver.model.risk import Curve
from solver.model.weighing import Weighed
from solver.model.whole_lines import WholeLines
from solver.network.columns import IntArray, Network

BoolArray = npt.NDArray[np.bool_]
Curves = list[list[Curve]] | QuantileDemand
_MILLION = 10**6


def most_asked(curves: Curves) -> IntArray:
    """Per pair the most that can be asked for by the end of the local days."""
    if isinstance(curves, QuantileDemand):
        last: IntArray = curves.units[:, -1, -1]
        return last
    return np.array([days[-1].units[-1] for days in curves], np.int64)


@dataclass(frozen=True)
class Ages:
    """The arcs of lots that expire in the window.

    Block "age" holds the arcs that leave these lots: to their own place, to an age (a node: meant
    for another place), or out, where units are lost for sure. Block "later" leads from each age to
    the lot's own place: those that do not leave on the first day. Per arc of both, in that order:
    `lot` (its row), `cost` and `plain` micros, the chance to be lost in `lost_millionths`, what the
    loss costs in micros (`loss`), and whether the units stay (`stays`). Per pair, `sure` counts
    units lost where they lie, whatever is sold. `home` is the pair of the lots and ages, by node.
    Units on arcs that are `moved_later` are lost unless they are moved on a later day.
    `coming` is what goods under way and given purchases lose, whatever is done.
    """

    lot: IntArray
    cost: IntArray
    plain: IntArray
    lost_millionths: IntArray
    loss: IntArray
    stays: BoolArray
    sure: IntArray
    home: Mapping[int, int]
    lot_of: Mapping[int, int]
    moved_later: BoolArray
    coming: tuple[ComingLoss, ...] = ()


@dataclass(frozen=True)
class CarryLabels:
    """What the arcs and nodes of a risk network stand for.

    `blocks` gives each class of arcs its rows, from and to; local carry arcs come first:
    `carry_pair`, `carry_day`, `carry_first`, `carry_last` (the units k of the segment, -1: no
    end) describe them. `move_tail`, `move_head`, `move_cost` hold every movement row, the
    suppressed ones, too; `move_fit` says whether its lot is still good for anything, and
    whether it is an arc at all: purchases that are `given` are none.
    Per pair: `owed` from before, `opening` units there on the first day, `service_percent` that
    its policy promises (MISSING where none is stated). `policies` names the pairs that have one.
    `plain` has rates and costs without the weights that those here are multiplied by. `ages` are
    there where a lot expires in the window. `whole_lines` describes the arcs of blocks "line" and
    "joint", which are there where demand lines are stated.
    """

    pairs: list[tuple[str, str]]
    items: list[str]
    item_of_pair: IntArray
    item_of_node: IntArray
    curves: Curves
    holding: IntArray
    shortage: IntArray
    carry_pair: IntArray
    carry_day: IntArray
    carry_first: IntArray
    carry_last: IntArray
    carry_cost: IntArray
    owed: IntArray
    opening: IntArray
    service_percent: IntArray
    move_tail: IntArray
    move_head: IntArray
    move_cost: IntArray
    move_capacity: IntArray
    move_day: IntArray
    move_fit: BoolArray
    blocks: Mapping[str, tuple[int, int]]
    given: Purchases
    policies: frozenset[tuple[str, str]]
    pooled: QuantileDemand | None = None
    plain: Weighed | None = None
    ages: Ages | None = None
    whole_lines: WholeLines = field(default_factory=WholeLines)

    @property
    def weights(self) -> Weights:
        """How much each part of the cost counts."""
        return PLAIN if self.plain is None else self.plain.weights

    @property
    def carry_count(self) -> int:
        """Number of local carry arcs."""
        return len(self.carry_pair)

    @property
    def given_cost(self) -> int:
        """Micros of the purchases that were fixed before the flow."""
        return int((self.given.units.astype(object) * self.move_cost[self.given.rows]).sum())

    def block(self, name: str) -> slice:
        """The rows of one class of arcs."""
        return slice(*self.blocks[name])

    def floors_of(self, closures: Closures) -> IntArray:
        """Least units of each pair on the first day: the strictest rule's, clipped to `lasting`."""
        floors = np.zeros(len(self.pairs), np.int64)
        for least in closures.floors.values():
            floors = np.maximum(floors, least)
        return np.minimum(floors, self.lasting)

    @property
    def lasting(self) -> IntArray:
        """Per pair, what is there on the first day and not lost for sure."""
        return self.opening if self.ages is None else self.opening - self.ages.sure

    def staying(self, network: Network, node: int) -> tuple[IntArray, int]:
        """The arcs of a movement's lot on which units stay, and the pair there; none: -1."""
        keep = self.block("keep")
        arcs = keep.start + np.flatnonzero(network.tail[keep] == node)
        if len(arcs):
            days = int(self.carry_day[-1]) + 2
            return arcs, int(network.head[arcs[0]]) // days
        if self.ages is None or node not in self.ages.home:
            return arcs, -1
        own = (self.ages.lot == self.ages.lot_of[node]) & self.ages.stays
        return self.ageing_arcs[own], self.ages.home[node]

    @property
    def ageing_arcs(self) -> IntArray:
        """The arcs of `ages`, in the order of its columns."""
        if self.ages is None:
            return np.zeros(0, np.int64)
        return np.concatenate([np.arange(*self.blocks[name]) for name in ("age", "later")])

    def carry_lower(self, floors: IntArray, capacity: IntArray) -> IntArray:
        """Lower bound of every carry arc: a floor is the first units kept, the cheapest arcs."""
        floor = floors[self.carry_pair] * (self.carry_day == 0)
        lower: IntArray = np.clip(floor - (self.carry_first - 1), 0, capacity[: self.carry_count])
        return lower

    def next_cost(self, pair: int, day: int, units: int) -> int:
        """What one unit more than `units` costs on a day: the cost of its segment."""
        rows = self.carry_of(pair, day)
        return int(self.carry_cost[rows][self.carry_first[rows] <= units + 1][-1])

    def carry_of(self, pair: int, day: int) -> slice:
        """The carry arcs of a pair on a day: they lie together, in order of pair and day."""
        days = int(self.carry_day[-1]) + 1
        starts = self._carry_starts
        return slice(int(starts[pair * days + day]), int(starts[pair * days + day + 1]))

    @cached_property
    def _carry_starts(self) -> IntArray:
        """The first carry arc of every pair and day, and their number."""
        days = int(self.carry_day[-1]) + 1
        counts = np.bincount(self.carry_pair * days + self.carry_day)
        return np.concatenate([[0], np.cumsum(counts)])


def most_waste(labels: CarryLabels, flow: IntArray) -> int:
    """Millionths of units lost where nothing is moved but by the flow's first day, at the most.

    What counts on leaving later, or on going further from where it lands, is lost as a whole.
    Where demand is stated it is never less than what is expected to be lost then, first expired
    first out (`test_expiring`).
    """
    ages, units = labels.ages, flow[labels.ageing_arcs].astype(object)
    if ages is None:
        return 0
    leave = np.arange(len(units)) < labels.blocks["age"][1] - labels.blocks["age"][0]
    chance = np.where(ages.moved_later, _MILLION, ages.lost_millionths).astype(object)
    lots = int(ages.lot.max(initial=-1)) + 1
    there, gone = np.zeros(lots, object), np.zeros(lots, object)
    np.add.at(there, ages.lot, units * leave * _MILLION)
    np.add.at(gone, ages.lot, units * chance)
    coming = sum(loss.lost_millionths for loss in ages.coming)
    return int(np.minimum(there, gone).sum()) + coming
