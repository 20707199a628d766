"""LEMON's network simplex behind our columns: it keeps its basis for what is solved again."""

from typing import Any

import numpy as np

from solver.network.columns import IntArray
from solver.network.ranges import EngineColumns, Found
from solver.network.sorting import ordered_arcs


class Simplex:
    """A network held by the engine: `solve` is cold the first time and warm after `change`.

    The engine (package `pylmcf`) wants arcs sorted by (tail, head) and costs >= 0. An arc of
    negative cost is given to it turned round and full: a unit on it then takes one back.
    Columns are values, here as everywhere: changed numbers come in new arrays.
    """

    def __init__(self, columns: EngineColumns) -> None:
        self._turned = columns.cost < 0
        self._any_turned = bool(self._turned.any())
        tail, head = columns.tail, columns.head
        if self._any_turned:
            tail, head = np.where(self._turned, (head, tail), (tail, head))
        self._order = ordered_arcs(tail, head, len(columns.supply))
        self._ends = (columns.tail, columns.head)
        # Imported here so that whoever only reads networks and flows loads no engine.
        from pylmcf import Graph

        sorted_ends = [self._sorted(end).astype(np.int32) for end in (tail, head)]
        self._graph: Any = Graph(len(columns.supply), *sorted_ends)
        self._graph.set_warm_repair("dual_ratio")  # of its ways the quickest after new supplies
        self._graph.set_warm_repair_budget(0.0)  # a limit in seconds would be an input
        self._columns = columns
        self._give(columns, None)

    def change(self, columns: EngineColumns) -> bool:
        """New supplies, spans and costs on the same arcs; False, and no change, on other arcs.

        The same arcs: ends as before, and costs negative where they were.
        """
        if columns.supply.shape != (self._graph.no_nodes(),):
            return False
        ends = zip((columns.tail, columns.head), self._ends, strict=True)
        same = len(columns.cost) == len(self._turned) and (
            self._turns_as_before(columns) and all(np.array_equal(*pair) for pair in ends)
        )
        if same:
            self._give(columns, self._columns)
            self._columns = columns
        return same

    def solve(self) -> Found | None:
        """A flow of least cost and the engine's potentials, None where no flow is feasible."""
        try:
            self._graph.solve()
        except RuntimeError as refusal:
            if "INFEASIBLE" not in str(refusal):
                raise
            return None
        moved: IntArray = self._graph.result()
        if self._order is not None:
            sorted_flow, moved = moved, np.empty_like(moved)
            moved[self._order] = sorted_flow
        if self._any_turned:
            moved = np.where(self._turned, self._columns.span - moved, moved)
        return Found(moved, self._graph.raw_potentials())

    def _give(self, columns: EngineColumns, before: EngineColumns | None) -> None:
        """Hand over what changed: the engine keeps more of its basis the less it hears of."""
        supply, cost = columns.supply, columns.cost
        if self._any_turned:
            supply, full = supply.copy(), np.flatnonzero(self._turned)
            np.subtract.at(supply, columns.tail[full], columns.span[full])
            np.add.at(supply, columns.head[full], columns.span[full])
            cost = np.abs(cost)
        graph = self._graph
        graph.set_node_supply(supply)
        if before is None or not np.array_equal(before.span, columns.span):
            graph.set_edge_capacities(self._sorted(columns.span))
        if before is None or not np.array_equal(before.cost, columns.cost):
            graph.set_edge_costs(self._sorted(cost))

    def _turns_as_before(self, columns: EngineColumns) -> bool:
        if not self._any_turned:
            return bool(columns.cost.min(initial=0) >= 0)
        return np.array_equal(columns.cost < 0, self._turned)

    def _sorted(self, column: IntArray) -> IntArray:
        return np.ascontiguousarray(column if self._order is None else column[self._order])
