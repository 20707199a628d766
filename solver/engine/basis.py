"""The basis of a solved network, kept for the same network at other costs."""

import numpy as np

from solver.engine.pivots import Arcs, Tree, arcs_beside, grow, optimise
from solver.network.ranges import EngineColumns, Found


class Basis:
    """A tree of arcs for a cheapest flow; `at` goes on from it with primal pivots.

    Takes about 50 bytes per arc, and so much again per node. `found` is any engine's answer.
    """

    def __init__(self, columns: EngineColumns, found: Found) -> None:
        nodes, count = len(columns.supply), len(columns.cost)
        self._arcs = Arcs(
            np.empty(count + nodes, np.int32), np.empty(count + nodes, np.int32),
            np.empty(count + nodes, np.int64), np.empty(count + nodes, np.int64),
            np.zeros(count + nodes, np.int64), np.empty(count + nodes, np.int8),
        )  # fmt: skip
        self._arcs.tail[:count], self._arcs.head[:count] = columns.tail, columns.head
        numbers = np.empty((5, nodes + 1), np.int32)
        up, level = np.empty(nodes + 1, np.bool_), np.empty(nodes + 1, np.int64)
        self._tree = Tree(numbers[0], numbers[1], up, numbers[2], numbers[3], numbers[4], level)
        self._beside = arcs_beside(nodes, self._arcs.tail, self._arcs.head, np.arange(count))
        self.set_out_from(columns, found)
        self._grow()

    def set_out_from(self, columns: EngineColumns, found: Found) -> None:
        """Go on from another answer the next time, on the same arcs."""
        self._columns, self._found = columns, found
        self._grown = self._sound = False

    def at(self, columns: EngineColumns) -> Found | None:
        """A cheapest flow at other costs; None where more than the costs differs.

        None, too, where the flow that it set out from has cycles of arcs neither empty nor full:
        then it has no tree.
        """
        before, count = self._columns, len(columns.cost)
        for name in ("supply", "span", "tail", "head"):
            held, given = getattr(before, name), getattr(columns, name)
            if held is not given and not np.array_equal(held, given):
                return None
        if not self._grown:
            self._grow()
        if not self._sound:
            return None
        self._arcs.cost[:count] = columns.cost
        optimise(self._arcs, self._tree, count, self._beside)
        return Found(self._arcs.flow[:count].copy(), self._tree.level[:-1].copy())

    def _grow(self) -> None:
        """The tree of the answer that is set out from."""
        columns, count = self._columns, len(self._columns.cost)
        given = (columns.cost, columns.span, self._found.flow)
        for own, column in zip(self._arcs[2:5], given, strict=True):
            own[:count] = column
        known = self._found.potentials
        if known is None:
            known = np.zeros(len(columns.supply), np.int64)
        self._sound = bool(grow(self._arcs, self._tree, count, known))
        self._grown = True
