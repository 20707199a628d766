"""Residual networks in columns: where flow can still go, what hangs together, what joins it."""

import numba
import numpy as np

from solver.network.ranges import AnyArray


@numba.njit(cache=True)
def residual_arcs(
    node_count: int, tail: AnyArray, head: AnyArray, cost: AnyArray, room: AnyArray, back: AnyArray
) -> tuple[AnyArray, AnyArray, AnyArray, AnyArray]:
    """Arcs with `room` at their cost and arcs with flow to take `back` at minus their cost.

    Grouped by the node that they leave, in the order of the arcs: (first place per node with
    one more at the end, node that is entered, cost, row of the arc). tail, head and cost are
    int64, room and back are bool, one per arc.
    """
    start = np.zeros(node_count + 1, np.int64)
    for arc in range(len(tail)):
        start[tail[arc] + 1] += room[arc]
        start[head[arc] + 1] += back[arc]
    for node in range(node_count):
        start[node + 1] += start[node]
    to = np.empty(start[node_count], np.int64)
    weight = np.empty(start[node_count], np.int64)
    of = np.empty(start[node_count], np.int64)
    place = start[:node_count].copy()
    for arc in range(len(tail)):
        origin, target = tail[arc], head[arc]
        if room[arc]:
            to[place[origin]], weight[place[origin]], of[place[origin]] = target, cost[arc], arc
            place[origin] += 1
        if back[arc]:
            to[place[target]], weight[place[target]], of[place[target]] = origin, -cost[arc], arc
            place[target] += 1
    return start, to, weight, of


@numba.njit(cache=True)
def is_feasible(
    tail: AnyArray, head: AnyArray, lower: AnyArray, capacity: AnyArray, supply: AnyArray,
    flow: AnyArray,
) -> bool:  # fmt: skip
    """Whether a flow keeps its bounds and the balance at every node."""
    rest = supply.copy()
    for arc in range(len(tail)):
        if flow[arc] < lower[arc] or flow[arc] > capacity[arc]:
            return False
        rest[tail[arc]] -= flow[arc]
        rest[head[arc]] += flow[arc]
    return not rest.any()


@numba.njit(cache=True)
def strong_components(start: AnyArray, to: AnyArray) -> AnyArray:
    """The strongly connected component of every node, numbered from 0.

    Tarjan 1972, with the recursion unrolled into `path`.
    """
    node_count = len(start) - 1
    component = np.full(node_count, -1, np.int64)
    found = np.full(node_count, -1, np.int64)
    low = np.zeros(node_count, np.int64)
    place = start[:node_count].copy()
    path = np.empty(node_count, np.int64)
    waiting = np.empty(node_count, np.int64)
    clock, waiting_count, count = 0, 0, 0
    for root in np.arange(node_count):
        depth = 0 if found[root] < 0 else -1
        path[0] = root
        while depth >= 0:
            node = path[depth]
            if found[node] < 0:
                found[node] = low[node] = clock
                waiting[waiting_count] = node
                clock, waiting_count = clock + 1, waiting_count + 1
            if place[node] < start[node + 1]:
                target = to[place[node]]
                place[node] += 1
                if found[target] < 0:
                    depth += 1
                    path[depth] = target
                elif component[target] < 0:
                    low[node] = min(low[node], found[target])
                continue
            depth -= 1
            above = path[depth] if depth >= 0 else node
            low[above] = min(low[above], low[node])
            if low[node] == found[node]:
                waiting_count = _close(component, waiting, waiting_count, node, count)
                count += 1
    return component


@numba.njit(cache=True)
def _close(
    component: AnyArray, waiting: AnyArray, waiting_count: int, root: int, number: int
) -> int:
    """Number the component that ends at its root; what still waits is returned as a count."""
    while component[root] < 0:
        waiting_count -= 1
        component[waiting[waiting_count]] = number
    return waiting_count


@numba.njit(cache=True)
def bridges(start: AnyArray, to: AnyArray, of: AnyArray) -> AnyArray:
    """Per arc, whether nothing else joins its ends, in a graph with every arc both ways.

    Takes `residual_arcs` of arcs that all have room and flow. Tarjan 1974, unrolled.
    """
    node_count = len(start) - 1
    bridge = np.zeros(len(to) // 2, np.bool_)
    found = np.full(node_count, -1, np.int64)
    low = np.zeros(node_count, np.int64)
    place = start[:node_count].copy()
    path = np.empty(node_count, np.int64)
    came_by = np.full(node_count, -1, np.int64)
    clock = 0
    for root in np.arange(node_count):
        depth = 0 if found[root] < 0 else -1
        path[0] = root
        while depth >= 0:
            node = path[depth]
            if found[node] < 0:
                found[node] = low[node] = clock
                clock += 1
            if place[node] < start[node + 1]:
                target, arc = to[place[node]], of[place[node]]
                place[node] += 1
                if found[target] < 0:
                    depth += 1
                    path[depth] = target
                    came_by[target] = arc
                elif arc != came_by[node]:
                    low[node] = min(low[node], found[target])
                continue
            depth -= 1
            if depth >= 0:
                low[path[depth]] = min(low[path[depth]], low[node])
                bridge[came_by[node]] = low[node] > found[path[depth]]
    return bridge
