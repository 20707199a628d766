"""Distances and components in numpy alone, for whoever checks: nothing to compile, or to load."""

import numpy as np

from ontology.errors import SolverError
from solver.network.columns import IntArray, Network
from solver.network.ranges import WIDE, AnyArray, magnitude

ROUNDS = 64
"""After so many rounds each, cycles are looked for: a network of days needs about that many."""


def shortest_distances(network: Network, flow: IntArray) -> IntArray:
    """What `canonical_potentials` gives, by other means.

    Shortest distance (<= 0) to every node from a virtual root with an arc of cost 0 to each, in the
    residual network of a flow: Bellman-Ford in rounds over the arcs that leave what changed. Work
    is arcs x steps of the longest path; a negative cycle shows as one of parents (Cherkassky,
    Goldberg 1999). Raises SolverError `FLOW_NOT_OPTIMAL` and `COST_RANGE` as that does.
    """
    largest = magnitude(network.cost[network.capacity > network.lower])
    if (network.node_count + 2) * largest >= WIDE:
        raise SolverError("distances do not fit 64-bit integers", code="COST_RANGE")
    start, end, cost = _cheapest_ways(network, flow)
    distance = np.zeros(network.node_count, np.int64)
    parent = np.full(network.node_count + 1, network.node_count)
    changed, rounds = np.ones(network.node_count, np.bool_), 0
    while changed.any():
        rows = np.flatnonzero(changed[start])
        reached = distance[start[rows]] + cost[rows]
        better = reached < distance[end[rows]]
        rows, reached = rows[better], reached[better]
        changed = np.zeros(network.node_count, np.bool_)
        if len(rows):
            first = _firsts(end[rows])
            least = np.minimum.reduceat(reached, first)
            nodes = end[rows[first]]
            distance[nodes], changed[nodes] = least, True
            best = reached == np.repeat(least, np.diff(np.append(first, len(rows))))
            parent[end[rows[best]]] = start[rows[best]]
        rounds += 1
        if rounds % ROUNDS == 0 and _has_cycle(parent):
            raise SolverError("a cheaper flow exists: this one is not optimal",
                              code="FLOW_NOT_OPTIMAL")  # fmt: skip
    return distance


def components_of(node_count: int, tail: AnyArray, head: AnyArray) -> IntArray:
    """Per node the first node of its component; arcs join whichever way they lead.

    Each round hangs every component below the first that an arc joins it to, and then flattens.
    """
    first = np.arange(node_count)
    while True:
        ends = first[tail], first[head]
        least = np.minimum(*ends)
        joined = first.copy()
        for end in ends:
            np.minimum.at(joined, end, least)
        while not np.array_equal(joined, joined[joined]):
            joined = joined[joined]
        if np.array_equal(joined, first):
            return first
        first = joined


def _cheapest_ways(network: Network, flow: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Start, end and cost of residual arcs, ordered by end; of parallel ones the cheapest."""
    room, back = np.flatnonzero(flow < network.capacity), np.flatnonzero(flow > network.lower)
    start = np.concatenate([network.tail[room], network.head[back]])
    end = np.concatenate([network.head[room], network.tail[back]])
    cost = np.concatenate([network.cost[room], -network.cost[back]])
    keys = end * network.node_count + start
    order = np.argsort(keys, kind="stable")
    first = _firsts(keys[order])
    if not len(first):
        return start, end, cost
    ends, starts = np.divmod(keys[order][first], network.node_count)
    return starts, ends, np.minimum.reduceat(cost[order], first)


def _firsts(ordered: IntArray) -> IntArray:
    """Where a number stands that the one before it is not."""
    return np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(ordered)])


def _has_cycle(parent: IntArray) -> bool:
    """Whether some node is its own forefather; the last number stands for the root."""
    above = parent
    for _ in range(len(parent).bit_length()):
        above = above[above]
    return bool((above != len(parent) - 1).any())
