"""Exact cheapest flows of single items at given costs and room, warm from one to the next."""

from typing import Any

import numpy as np

from ontology.errors import SolverError
from solver.coupled.items import Items, Structure, add_prices
from solver.network.columns import IntArray
from solver.network.ranges import exact_dot

ANY_VIOLATION = 10**6
"""Arcs beyond their room, from which on an engine would start anew."""


class ItemEngines:
    """Network simplex (LEMON, package `pylmcf`) for every item, and one per structure.

    An item's own engine keeps its basis from price to price; those of a structure serve all its
    items in turn. `calls` counts solves. No limit in seconds: the order of calls decides all.
    """

    def __init__(self, items: Items, *, repairs: bool = False) -> None:
        """With `repairs` a basis is mended after any change of room, however large.

        That pays where room changes little and items have structures of their own.
        """
        self.calls = 0
        self._items, self._repairs = items, repairs
        self._own: dict[int, Any] = {}
        self._last: dict[int, tuple[IntArray, int]] = {}
        self._due: dict[int, IntArray] = {}
        self._shared: dict[tuple[int, int], Any] = {}

    def bound_part(self, item: int, prices: IntArray) -> tuple[int, IntArray]:
        """The least cost of an item at prices per resource, and a flow of that cost."""
        items, structure = self._items, self._items.structure(item)
        due = self._prices_due(item, prices)
        engine: Any = self._own.get(item)
        if item in self._last:
            before, least = self._last[item]
            if before is due or np.array_equal(before, due):
                flow: IntArray = engine.result()
                return least, flow
        if engine is None:
            engine = self._own[item] = _engine(structure, 1)
            engine.set_node_supply(items.supply[items.of_nodes(item)])
            engine.set_edge_capacities(items.span[items.of_arcs(item)])
        cost = items.cost[items.of_arcs(item)].copy()
        add_prices(
            cost, structure.row_resource, structure.row_arc, items.use[items.of_rows(item)], prices
        )
        engine.set_edge_costs(cost)
        found = self._solved(engine)
        if found is None:
            raise SolverError("an engine lost a feasible flow", code="ENGINE_WRONG")
        # `exact_dot` where it might wrap: it looks first, which takes as long as a small solve
        least = int(found @ cost) if items.narrow else exact_dot(found, cost)
        self._last[item] = due, least
        return least, found

    def _prices_due(self, item: int, prices: IntArray) -> IntArray:
        """The prices that an item meets: one column for all items that meet the same."""
        structure = int(self._items.structure_of[item])
        due, known = prices[self._items.structure(item).resources], self._due.get(structure)
        if known is None or not np.array_equal(known, due):
            self._due[structure] = known = due
        return known

    def widen(self, items: Items) -> None:
        """Go on with items that differ in rows and capacities alone, from the bases at hand."""
        self._items, self._last, self._due = items, {}, {}

    def forget(self) -> None:
        """Let go of all engines: memory for what comes after."""
        self._own, self._last, self._shared = {}, {}, {}

    def potentials(self, item: int) -> IntArray:
        """Potentials that prove the last flow of `bound_part` for this item."""
        found: IntArray = self._own[item].potentials()
        return found

    def within(self, item: int, cost: IntArray, span: IntArray) -> IntArray | None:
        """A cheapest flow of an item at these costs within this room, None where none fits."""
        engine = self._prepared(item, 1)
        engine.set_edge_capacities(span)
        engine.set_edge_costs(cost)
        return self._solved(engine)

    def stepped(
        self, item: int, cost: IntArray, near: IntArray, far: IntArray, extra: int
    ) -> IntArray | None:
        """As `within`, where units beyond `near` have room `far` and cost `extra` more each."""
        engine = self._prepared(item, 2)
        span, costs = np.empty(2 * len(near), np.int64), np.empty(2 * len(near), np.int64)
        span[0::2], span[1::2] = near, far
        costs[0::2], costs[1::2] = cost, cost + extra
        engine.set_edge_capacities(span)
        engine.set_edge_costs(costs)
        flow = self._solved(engine)
        return None if flow is None else flow[0::2] + flow[1::2]

    def _prepared(self, item: int, copies: int) -> Any:
        key = int(self._items.structure_of[item]), copies
        if key not in self._shared:
            self._shared[key] = _engine(self._items.structure(item), copies)
            if self._repairs:
                self._shared[key].set_warm_violation_limit(ANY_VIOLATION)
                self._shared[key].set_warm_repair("dual_ratio")
        engine = self._shared[key]
        engine.set_node_supply(self._items.supply[self._items.of_nodes(item)])
        return engine

    def _solved(self, engine: Any) -> IntArray | None:
        self.calls += 1
        try:
            engine.solve()
        except RuntimeError as refusal:
            if "INFEASIBLE" not in str(refusal):
                raise
            return None
        flow: IntArray = engine.result()
        return flow


def _engine(structure: Structure, copies: int) -> Any:
    # Imported here so that whoever only reads plans loads no engine.
    from pylmcf import Graph

    engine: Any = Graph(
        structure.node_count, np.repeat(structure.tail, copies), np.repeat(structure.head, copies)
    )
    engine.set_warm_repair_budget(0.0)  # it is counted in seconds
    return engine
