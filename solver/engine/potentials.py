"""Canonical node potentials of an optimal flow: shortest distances in its residual network."""

import numba
import numpy as np

from ontology.errors import SolverError
from solver.engine.raising import raised
from solver.engine.residual import residual_arcs
from solver.network.columns import IntArray, Network
from solver.network.ranges import WIDE, AnyArray, magnitude


def canonical_potentials(
    network: Network, flow: IntArray, known: IntArray | None = None
) -> IntArray:
    """Shortest distance to every node from a virtual root with an arc of cost 0 to each of them.

    In the residual network of a feasible flow: an arc with room leads from tail to head at its
    cost, an arc above its lower bound leads back at minus its cost. All distances are <= 0, and
    cost + potential[tail] - potential[head] is >= 0 where there is room and <= 0 where flow can
    be taken back: the proof that the flow is optimal.

    They are the greatest potentials <= 0 that prove an optimal flow. Whatever proves one optimal
    flow proves them all (complementary slackness), so every optimal flow of a network has the
    same canonical potentials, whichever engine found it, and the order of arcs is no input.

    Bellman-Ford with a queue and Tarjan's subtree disassembly (Cherkassky, Goldberg 1999,
    "Negative-cycle detection algorithms"): a node that became cheaper takes all below it out of
    tree and queue, and a negative cycle shows at once, as a node that would hang below itself.

    `known` may hold any potentials, an engine's own for one. Where they prove the flow, they are
    raised to the canonical ones in a pass or two (`raising`); where they do not, they are ignored.

    Raises SolverError `FLOW_NOT_OPTIMAL` where a negative cycle shows that a cheaper flow
    exists, and `COST_RANGE` where a distance could leave int64.
    """
    largest = magnitude(network.cost)
    if (network.node_count + 2) * largest >= WIDE:
        largest = magnitude(network.cost[network.capacity > network.lower])
    if (network.node_count + 2) * largest >= WIDE:
        raise SolverError("distances do not fit 64-bit integers", code="COST_RANGE")
    if known is not None:
        found = raised(network, flow, known)
        if found is not None:
            return found
    room, back = flow < network.capacity, flow > network.lower
    start, to, weight, _ = residual_arcs(
        network.node_count, network.tail, network.head, network.cost, room, back
    )
    distance, looped = _distances(start, to, weight)
    if looped:
        raise SolverError("a cheaper flow exists: this one is not optimal", code="FLOW_NOT_OPTIMAL")
    return distance


@numba.njit(cache=True)
def _distances(start: AnyArray, to: AnyArray, weight: AnyArray) -> tuple[AnyArray, bool]:
    """Distances from the virtual root, and whether a negative cycle stopped the search.

    The tree of the search hangs from the root (number `node_count`) and is kept as a list in
    preorder (`after`, `before`) with depths: what follows a node and is deeper is below it.
    """
    node_count = len(start) - 1
    distance = np.zeros(node_count, np.int64)
    depth = np.ones(node_count + 1, np.int64)
    depth[node_count] = 0
    after = np.arange(1, node_count + 2)
    after[node_count] = 0
    before = np.arange(-1, node_count)
    before[0] = node_count
    queue = np.arange(node_count)
    queued = np.ones(node_count, np.bool_)
    active = np.ones(node_count, np.bool_)
    first, length = 0, node_count
    while length > 0:
        node = queue[first]
        first = first + 1 if first + 1 < node_count else 0
        length -= 1
        queued[node] = False
        if not active[node]:
            continue
        active[node] = False
        for place in range(start[node], start[node + 1]):
            target = to[place]
            reached = distance[node] + weight[place]
            if reached < distance[target]:
                distance[target] = reached
                if target == node or _cut_below(target, node, after, before, depth, active):
                    return distance, True
                _hang(target, node, after, before, depth)
                active[target] = True
                if not queued[target]:
                    queued[target] = True
                    last = first + length
                    queue[last if last < node_count else last - node_count] = target
                    length += 1
    return distance, False


@numba.njit(cache=True)
def _cut_below(
    top: int, node: int, after: AnyArray, before: AnyArray, depth: AnyArray, active: AnyArray
) -> bool:
    """Take `top` and all below it out of the tree; whether `node`, its parent to be, was there.

    What is cut will be reached again, cheaper, from `top`: it need not be scanned before that.
    """
    if depth[top] < 0:
        return False
    below = after[top]
    while depth[below] > depth[top]:
        if below == node:
            return True
        depth[below] = -1
        active[below] = False
        below = after[below]
    after[before[top]] = below
    before[below] = before[top]
    return False


@numba.njit(cache=True)
def _hang(node: int, parent: int, after: AnyArray, before: AnyArray, depth: AnyArray) -> None:
    """Put a node into the tree as the first below its parent."""
    following = after[parent]
    after[parent], before[node] = node, parent
    after[node], before[following] = following, node
    depth[node] = depth[parent] + 1
