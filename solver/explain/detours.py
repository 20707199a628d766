"""The residual network of an optimal flow: cheapest ways to a place, who reaches it, its cut."""

from functools import cached_property
from heapq import heappop, heappush
from typing import Any

import numpy as np

from ontology.errors import SolverError
from solver.network.columns import IntArray, Network


class Residual:
    """The residual network of a flow with reduced costs >= 0, cheapest of parallel arcs only.

    Held as lists, made once: one search looks at few nodes, and there are many searches.
    """

    def __init__(self, network: Network, flow: IntArray, potentials: IntArray) -> None:
        self.network, self.flow = network, flow
        self._potentials = potentials
        room, back = np.flatnonzero(flow < network.capacity), np.flatnonzero(flow > network.lower)
        start = np.concatenate([network.tail[room], network.head[back]])
        end = np.concatenate([network.head[room], network.tail[back]])
        cost = np.concatenate([network.cost[room], -network.cost[back]])
        keys = start * network.node_count + end
        order = np.argsort(keys, kind="stable")
        keys, cost = keys[order], (cost + potentials[start] - potentials[end])[order]
        first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])[: len(keys)])
        self._start, self._end = np.divmod(keys[first], max(1, network.node_count))
        self._costs: list[int] = []
        if len(first):
            self._costs = np.minimum.reduceat(cost, first).tolist()
        self._ends: list[int] = self._end.tolist()
        self._first = _firsts(self._start, network.node_count)

    def path_cost(self, start: int, end: int) -> int | None:
        """Cost of the cheapest path that does not step from one to the other; None without one.

        Dijkstra on reduced costs.
        """
        first, ends, costs = self._first, self._ends, self._costs
        done, best = set[int](), {start: 0}
        queue = [(0, start)]
        while queue:
            reached, node = heappop(queue)
            if node == end:
                return reached + int(self._potentials[end] - self._potentials[start])
            if node in done:
                continue
            done.add(node)
            for row in range(first[node], first[node + 1]):
                target, far = ends[row], reached + costs[row]
                if target in done or far >= best.get(target, far + 1):
                    continue
                if node != start or target != end:
                    best[target] = far
                    heappush(queue, (far, target))
        return None

    def reaching(self, end: int, barred: int) -> set[int]:
        """The nodes from which a path leads to `end`, arcs between it and one node left out."""
        first, starts = self._inward
        found, waiting = {end}, [end]
        while waiting:
            node = waiting.pop()
            for start in starts[first[node] : first[node + 1]]:
                if start not in found and (node != end or start != barred):
                    found.add(start)
                    waiting.append(start)
        return found

    def cut(self, inside: set[int], tail: int, head: int) -> dict[str, Any]:
        """What can be at `tail` at most: supply + into - out = units, `tail` -> `head` left out."""
        network = self.network
        nodes = np.array(sorted(inside), np.int64)
        leaving, entering = (_arcs_at(nodes, *ends) for ends in self._arcs)
        own = leaving[(network.tail[leaving] == tail) & (network.head[leaving] == head)]
        into = entering[~np.isin(network.tail[entering], nodes)]
        out = np.setdiff1d(leaving[~np.isin(network.head[leaving], nodes)], own)
        supply, most = int(network.supply[nodes].sum()), int(network.capacity[into].sum())
        least = int(network.lower[out].sum())
        units = int(self.flow[own].sum())
        # INVARIANT: the numbers of a cut re-add.
        if supply + most - least != units:
            raise SolverError("a cut does not re-add: the flow is not optimal", code="CUT_UNSOUND")
        return {"supply": supply, "into": most, "out": least, "units": units}

    @cached_property
    def _inward(self) -> tuple[list[int], list[int]]:
        """Where the residual arcs into each node start in the list of their tails."""
        order = np.argsort(self._end, kind="stable")
        starts: list[int] = self._start[order].tolist()
        return _firsts(self._end[order], self.network.node_count), starts

    @cached_property
    def _arcs(self) -> tuple[tuple[IntArray, list[int]], tuple[IntArray, list[int]]]:
        """The network's arcs by tail and by head."""
        count = self.network.node_count
        return _by_node(self.network.tail, count), _by_node(self.network.head, count)


def _firsts(ordered: IntArray, node_count: int) -> list[int]:
    found: list[int] = np.searchsorted(ordered, np.arange(node_count + 1)).tolist()
    return found


def _by_node(column: IntArray, node_count: int) -> tuple[IntArray, list[int]]:
    """Arcs in the order of one of their ends, and where those of each node start."""
    order = np.argsort(column, kind="stable")
    return order, _firsts(column[order], node_count)


def _arcs_at(nodes: IntArray, order: IntArray, starts: list[int]) -> IntArray:
    parts = [order[starts[node] : starts[node + 1]] for node in nodes.tolist()]
    return np.concatenate([order[:0], *parts])
