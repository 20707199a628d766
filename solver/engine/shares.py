"""What a flow leaves of shared capacities, as the capacity of each arc."""

from dataclasses import replace

import numpy as np

from solver.engine.shared import used
from solver.network.columns import IntArray, Network
from solver.proof.claims import SharedResources


def left_to_each(
    network: Network, shared: SharedResources, flow: IntArray, component: IntArray
) -> Network:
    """The network with what a flow takes, and what it leaves, as the capacity of each arc.

    `component` is a number per node. What is left of a resource is open to every component of the
    network as if it were alone; arcs of one component on one resource have equal shares of it. So
    one component can change its flow within these capacities and no resource is overdrawn; two at
    once can overdraw it.
    """
    share, takes = shares_of(network, shared, flow, component), shared.use > 0
    room = np.full(network.arc_count, np.iinfo(np.int64).max)
    np.minimum.at(room, shared.arc[takes], share[takes] // shared.use[takes])
    capacity = np.minimum(network.capacity - flow, np.maximum(0, room)) + flow
    return replace(network, capacity=capacity)


def shares_of(
    network: Network, shared: SharedResources, flow: IntArray, component: IntArray
) -> IntArray:
    """Per row, what is left of its resource over the rows of the same component on it."""
    pairs = component[network.tail[shared.arc]] * len(shared.capacity) + shared.resource
    _, group, members = np.unique(pairs, return_inverse=True, return_counts=True)
    free = shared.capacity - used(shared, flow)
    found: IntArray = free[shared.resource] // members[group]
    return found
