"""From any potentials that prove a flow to the canonical ones: raise them as far as they go."""

import heapq

import numba
import numpy as np

from solver.network.columns import IntArray, Network
from solver.network.ranges import AnyArray

NARROW = 2**61
FAR = np.int64(2**62)
"""Beyond every difference of potentials that is let in."""


def raised(network: Network, flow: IntArray, known: IntArray) -> IntArray | None:
    """The greatest potentials <= 0 that prove the flow, from some that prove it; else None.

    None where `known` is above 0 or proves nothing: a residual arc has a reduced cost below 0.

    With p the known potentials, reduced costs r >= 0 on residual arcs make the canonical ones
    p + (distance from the virtual root by reduced costs), where the root's arc to v costs -p(v)
    (Johnson 1977). Most nodes hang on arcs of r = 0 below a node of p = 0 and stay, if every
    component has one (`parts.lowered`); Dijkstra's search settles the others. Nothing wraps:
    costs and potentials are below 2^61.
    """
    columns = (network.tail, network.head, network.cost, network.lower, network.capacity, flow)
    level = known
    if not len(known) or int(known.min()) <= -NARROW or int(known.max()) > 0:
        return None
    proved, tight = _tight_arcs(level, *columns)
    if not proved:
        return None
    reached = _reached(tight, level)
    if not reached.all():
        level = level.copy()
        _settle(level, reached, *_arcs_into_rest(level, reached, *columns))
    return level


@numba.njit(cache=True)
def _tight_arcs(
    level: AnyArray, tail: AnyArray, head: AnyArray, cost: AnyArray, lower: AnyArray,
    capacity: AnyArray, flow: AnyArray,
) -> tuple[bool, AnyArray]:  # fmt: skip
    """Whether no residual arc has a reduced cost below 0; (origin, target) of those that have 0."""
    ends = np.empty((2 * len(tail), 2), np.int32)
    count = 0
    for arc in range(len(tail)):
        reduced = cost[arc] + level[tail[arc]] - level[head[arc]]
        room, back = flow[arc] < capacity[arc], flow[arc] > lower[arc]
        if (room and reduced < 0) or (back and reduced > 0):
            return False, ends
        if reduced == 0 and room:
            ends[count, 0], ends[count, 1] = tail[arc], head[arc]
            count += 1
        if reduced == 0 and back:
            ends[count, 0], ends[count, 1] = head[arc], tail[arc]
            count += 1
    return True, ends[:count]


@numba.njit(cache=True)
def _by_origin(node_count: int, ends: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Arcs grouped by the node that they leave: first place per node, row of the arc."""
    start = np.zeros(node_count + 2, np.int32)
    for arc in range(len(ends)):
        start[ends[arc, 0] + 2] += 1
    for node in range(node_count):
        start[node + 2] += start[node + 1]
    rows = np.empty(len(ends), np.int32)
    for arc in range(len(ends)):
        rows[start[ends[arc, 0] + 1]] = arc
        start[ends[arc, 0] + 1] += 1
    return start, rows


@numba.njit(cache=True)
def _reached(ends: AnyArray, level: AnyArray) -> AnyArray:
    """Which nodes can be reached by the arcs from the nodes of level 0."""
    start, rows = _by_origin(len(level), ends)
    reached = np.zeros(len(level), np.bool_)
    waiting = np.empty(len(level), np.int32)
    count = 0
    for node in range(len(level)):
        if level[node] == 0:
            reached[node] = True
            waiting[count] = node
            count += 1
    while count:
        count -= 1
        node = waiting[count]
        for place in range(start[node], start[node + 1]):
            target = ends[rows[place], 1]
            if not reached[target]:
                reached[target] = True
                waiting[count] = target
                count += 1
    return reached


@numba.njit(cache=True)
def _arcs_into_rest(
    level: AnyArray, reached: AnyArray, tail: AnyArray, head: AnyArray, cost: AnyArray,
    lower: AnyArray, capacity: AnyArray, flow: AnyArray,
) -> tuple[AnyArray, AnyArray, AnyArray]:  # fmt: skip
    """Arcs between nodes that are not reached, their reduced costs; the least into each node
    from those that are.
    """
    best = np.full(len(level), FAR, np.int64)
    ends = np.empty((2 * len(tail), 2), np.int32)
    length = np.empty(2 * len(tail), np.int64)
    count = 0
    for arc in range(len(tail)):
        if reached[tail[arc]] and reached[head[arc]]:
            continue
        reduced = cost[arc] + level[tail[arc]] - level[head[arc]]
        open_way, origin, target = flow[arc] < capacity[arc], tail[arc], head[arc]
        for _ in range(2):
            if open_way and not reached[target]:
                if reached[origin]:
                    best[target] = min(best[target], reduced)
                else:
                    ends[count, 0], ends[count, 1], length[count] = origin, target, reduced
                    count += 1
            open_way, origin, target, reduced = flow[arc] > lower[arc], target, origin, -reduced
    return ends[:count], length[:count], best


@numba.njit(cache=True)
def _settle(
    level: AnyArray, reached: AnyArray, ends: AnyArray, length: AnyArray, best: AnyArray
) -> None:
    """Dijkstra's search over the nodes that are not reached yet; raises their levels in place."""
    start, rows = _by_origin(len(level), ends)
    queue = [(np.int64(0), np.int64(0)) for _ in range(0)]
    for node in range(len(level)):
        if not reached[node]:
            best[node] = min(best[node], -level[node])
            heapq.heappush(queue, (best[node], np.int64(node)))
    while queue:
        distance, near = heapq.heappop(queue)
        if reached[near]:
            continue
        reached[near] = True
        level[near] += distance
        for place in range(start[near], start[near + 1]):
            target = ends[rows[place], 1]
            further = distance + length[rows[place]]
            if not reached[target] and further < best[target]:
                best[target] = further
                heapq.heappush(queue, (further, np.int64(target)))
