"""Where a cheapest flow has a choice: arcs of reduced cost 0 that may lie on a cycle of such."""

import numba
import numpy as np

from ontology.errors import SolverError
from solver.engine.residual import bridges, residual_arcs, strong_components
from solver.network.columns import IntArray, Network
from solver.network.ranges import AnyArray


def movable(network: Network, flow: IntArray, potentials: IntArray) -> IntArray:
    """The arcs whose flow differs between cheapest flows, as ascending rows.

    They have reduced cost 0 and lie on a cycle of the residual network of such arcs other than
    there and back on the arc itself: both ends in one strongly connected component, and no
    bridge of it. (Any cheapest flow differs from this one by such cycles.) What hangs on a single
    arc is on no cycle, and is peeled off first: mostly that is all there is.

    Raises SolverError `FLOW_NOT_OPTIMAL` where the potentials do not prove the flow.
    """
    proved, rows = _core(
        network.tail, network.head, network.cost, network.lower, network.capacity, flow, potentials
    )
    if not proved:
        raise SolverError("the potentials do not prove the flow optimal", code="FLOW_NOT_OPTIMAL")
    room = flow[rows] < network.capacity[rows]
    back = flow[rows] > network.lower[rows]
    count, tail, head = renumbered(network, rows)
    start, to, _, _ = residual_arcs(count, tail, head, tail, room, back)
    component = strong_components(start, to)
    inside = np.flatnonzero(component[tail] == component[head])
    both = np.ones(len(inside), np.bool_)
    start, to, _, of = residual_arcs(count, tail[inside], head[inside], inside, both, both)
    found: IntArray = rows[inside[~bridges(start, to, of)]]
    return found


def renumbered(network: Network, rows: IntArray) -> tuple[int, IntArray, IntArray]:
    """The nodes of some arcs numbered from 0 in their order: how many, tails, heads."""
    tail, head = network.tail[rows], network.head[rows]
    touched = np.zeros(network.node_count, np.bool_)
    touched[tail] = touched[head] = True
    number = np.cumsum(touched) - 1
    return int(np.count_nonzero(touched)), number[tail], number[head]


@numba.njit(cache=True)
def _core(
    tail: AnyArray, head: AnyArray, cost: AnyArray, lower: AnyArray, capacity: AnyArray,
    flow: AnyArray, level: AnyArray,
) -> tuple[bool, AnyArray]:  # fmt: skip
    """Whether the levels prove the flow; the tight arcs left when no node has a single one.

    A node keeps how many arcs it has and the exclusive or of their rows: of a single one, its row.
    """
    single = np.zeros(len(level), np.int64)
    degree = np.zeros(len(level), np.int64)
    tight = np.zeros(len(tail), np.bool_)
    count = 0
    for arc in range(len(tail)):
        origin, target = tail[arc], head[arc]
        reduced = cost[arc] + level[origin] - level[target]
        if (reduced < 0 and flow[arc] < capacity[arc]) or (reduced > 0 and flow[arc] > lower[arc]):
            return False, single[:0]
        if reduced == 0 and lower[arc] < capacity[arc]:
            tight[arc] = True
            count += 1
            if origin != target:
                degree[origin] += 1
                degree[target] += 1
                single[origin] ^= arc
                single[target] ^= arc
    for leaf in range(len(level)):
        node = leaf
        while degree[node] == 1:
            arc = single[node]
            tight[arc] = False
            count -= 1
            degree[node] = 0
            node = tail[arc] if head[arc] == node else head[arc]
            degree[node] -= 1
            single[node] ^= arc
    rows = np.empty(count, np.int64)
    count = 0
    for arc in range(len(tail)):
        if tight[arc]:
            rows[count] = arc
            count += 1
    return True, rows
