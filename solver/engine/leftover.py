"""What others leave of shared capacities: the network in which each item's flow is the cheapest."""

import numpy as np

from solver.engine.flow import solve
from solver.engine.parts import components
from solver.engine.potentials import canonical_potentials
from solver.engine.shared import used
from solver.engine.shares import left_to_each
from solver.engine.ties import canonical_flow
from solver.network.columns import IntArray, Network
from solver.network.names import HashArray
from solver.proof.claims import SharedResources


def leftover(network: Network, shared: SharedResources, flow: IntArray) -> Network:
    """The network with what a flow takes, and what it leaves, as the capacity of each arc.

    See `left_to_each`.
    """
    component = components(network.node_count, network.tail, network.head)
    return left_to_each(network, shared, flow, component)


def settled_apart(
    network: Network, shared: SharedResources, flow: IntArray, free: IntArray, arc_hash: HashArray
) -> IntArray:
    """A flow at most as dear, in which no item alone could do better with what the others leave.

    In passes: all items are solved against what is left now, and take their better flows one by
    one, each as long as it still fits. Every pass makes the flow cheaper, so they end. Between
    equally cheap flows of an item the keys of the arcs choose, where that fits (`canonical_flow`).
    An item that has its `free` flow, the canonical one where nothing is shared, has no better.
    """
    part = components(network.node_count, network.tail, network.head)[network.tail]
    concerned = np.zeros(network.node_count, np.bool_)
    concerned[part[flow != free]] = True
    rows = np.flatnonzero(concerned[part])
    rest = flow.copy()
    rest[rows] = 0
    settled = flow.copy()
    settled[rows] = _settled(*_cut_out(network, shared, rows, rest), flow[rows], arc_hash[rows])
    return settled


def _cut_out(
    network: Network, shared: SharedResources, rows: IntArray, rest: IntArray
) -> tuple[Network, SharedResources]:
    """Whole components, given by their arcs, and what the rest leaves them of the resources."""
    nodes, ends = np.unique(
        np.concatenate([network.tail[rows], network.head[rows]]), return_inverse=True
    )
    tail, head = ends[: len(rows)], ends[len(rows) :]
    own = Network(
        tail, head, network.lower[rows], network.capacity[rows], network.cost[rows],
        network.supply[nodes],
    )  # fmt: skip
    place = np.full(network.arc_count, -1, np.int64)
    place[rows] = np.arange(len(rows))
    draws = place[shared.arc] >= 0
    left = shared.capacity - used(shared, rest)
    arcs = place[shared.arc[draws]]
    return own, SharedResources(arcs, shared.resource[draws], shared.use[draws], left)


def _settled(
    network: Network, shared: SharedResources, flow: IntArray, arc_hash: HashArray
) -> IntArray:
    part = components(network.node_count, network.tail, network.head)[network.tail]
    flow = _improved(network, shared, flow, part)
    room = leftover(network, shared, flow)
    named = canonical_flow(room, flow, canonical_potentials(room, flow), arc_hash)
    changed = np.unique(part[named != flow]).tolist()
    return _improved(network, shared, _taken(network, shared, flow, named, part, changed), part)


def _improved(
    network: Network, shared: SharedResources, flow: IntArray, part: IntArray
) -> IntArray:
    while True:
        better = solve(leftover(network, shared, flow)).flow
        rows = np.flatnonzero(better != flow)
        gains: dict[int, int] = {}
        amounts = network.cost[rows].astype(object) * (flow[rows] - better[rows])
        for block, amount in zip(part[rows].tolist(), amounts.tolist(), strict=True):
            gains[block] = gains.get(block, 0) + amount
        cheaper = sorted(block for block, gain in gains.items() if gain > 0)
        if not cheaper:
            return flow
        flow = _taken(network, shared, flow, better, part, cheaper)


def _taken(
    network: Network, shared: SharedResources, flow: IntArray, better: IntArray, part: IntArray,
    blocks: list[int],
) -> IntArray:  # fmt: skip
    """The other flows of some components, one by one, where they still fit."""
    found, free = flow.copy(), shared.capacity - used(shared, flow)
    more = shared.use * (better - flow)[shared.arc]
    order = np.argsort(part, kind="stable")
    starts = np.searchsorted(part[order], np.arange(network.node_count + 1))
    rows = np.argsort(part[shared.arc], kind="stable")
    row_starts = np.searchsorted(part[shared.arc][rows], np.arange(network.node_count + 1))
    for block in blocks:
        arcs = order[starts[block] : starts[block + 1]]
        own = rows[row_starts[block] : row_starts[block + 1]]
        taken, change = shared.resource[own], more[own]
        before = free[taken]
        np.subtract.at(free, taken, change)
        if np.all(free[taken] >= np.minimum(before, 0)):
            found[arcs] = better[arcs]
        else:
            free[taken] = before
    return found
