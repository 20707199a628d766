"""What the arcs and nodes of a risk network stand for, as decoding and explaining need it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ontology.closures import Closures
from solver.network import IntArray
from solver.risk import Curve

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class CarryLabels:
    """What the arcs and nodes of a risk network stand for.

    Node (pair p, day t) is p * (periods + 1) + t; then lots, lane junctions, offers, one sink
    per item. Carry arcs come first: `carry_pair`, `carry_day`, `carry_first` (the first unit k of
    the segment) describe them. `move_tail`, `move_head`, `move_cost` hold every movement row,
    the suppressed ones, too; `move_fit` says whether its lot is still good for anything.
    Per pair: `owed` from before, `opening` units there on the first day.
    """

    pairs: list[tuple[str, str]]
    curves: list[list[Curve]]
    holding: IntArray
    shortage: IntArray
    carry_pair: IntArray
    carry_day: IntArray
    carry_first: IntArray
    carry_cost: IntArray
    owed: IntArray
    opening: IntArray
    move_tail: IntArray
    move_head: IntArray
    move_cost: IntArray
    move_capacity: IntArray
    move_day: IntArray
    move_fit: BoolArray

    @property
    def carry_count(self) -> int:
        """Number of carry arcs."""
        return len(self.carry_pair)

    def floors_of(self, closures: Closures) -> IntArray:
        """Least units of each pair on the first day: the strictest rule's, clipped to `opening`."""
        floors = np.zeros(len(self.pairs), np.int64)
        for least in closures.floors.values():
            floors = np.maximum(floors, least)
        return np.minimum(floors, self.opening)

    def carry_lower(self, floors: IntArray, capacity: IntArray) -> IntArray:
        """Lower bound of every carry arc: a floor is the first units kept, the cheapest arcs."""
        floor = floors[self.carry_pair] * (self.carry_day == 0)
        lower: IntArray = np.clip(floor - (self.carry_first - 1), 0, capacity[: self.carry_count])
        return lower

    def next_cost(self, pair: int, day: int, units: int) -> int:
        """What one unit more than `units` costs on a day: the cost of its segment."""
        rows = np.flatnonzero((self.carry_pair == pair) & (self.carry_day == day))
        return int(self.carry_cost[rows[self.carry_first[rows] <= units + 1][-1]])
