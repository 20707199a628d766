"""Networks that fall apart: parts that no arc joins are solved apart, a few together."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solver.network import IntArray, Network
from solver.residual import residual_arcs, strong_components

MOST_NODES = 30_000
"""Parts are taken together up to so many nodes. An engine's costs grow with the nodes, and with
them what it can hold: a million nodes leave no room for costs of a few hundred million."""


@dataclass(frozen=True)
class Part:
    """Some components of a network as one of their own, and the rows of its arcs."""

    network: Network
    rows: npt.NDArray[np.intp]


def parts_of(network: Network) -> Iterator[Part]:
    """The network's components in batches, in a fixed order; the whole where it is small."""
    if network.node_count <= MOST_NODES:
        yield Part(network, np.arange(network.arc_count))
        return
    batch = _batches(network)
    nodes = np.argsort(batch, kind="stable")
    arcs = np.argsort(batch[network.tail], kind="stable")
    number = np.empty(network.node_count, np.int64)
    ends = np.arange(int(batch.max()) + 2)
    node_starts = np.searchsorted(batch[nodes], ends)
    arc_starts = np.searchsorted(batch[network.tail][arcs], ends)
    for place in range(len(ends) - 1):
        own = nodes[node_starts[place] : node_starts[place + 1]]
        rows = arcs[arc_starts[place] : arc_starts[place + 1]]
        number[own] = np.arange(len(own))
        yield Part(_cut_out(network, own, rows, number), rows)


def _cut_out(
    network: Network, nodes: IntArray, rows: npt.NDArray[np.intp], number: IntArray
) -> Network:
    return Network(
        number[network.tail[rows]], number[network.head[rows]], network.lower[rows],
        network.capacity[rows], network.cost[rows], network.supply[nodes], network.cost_scale,
    )  # fmt: skip


def _batches(network: Network) -> IntArray:
    """The batch of every node: components in order of their first node, filled up one by one."""
    both = np.ones(network.arc_count, np.bool_)
    start, to, _, _ = residual_arcs(
        network.node_count, network.tail, network.head, network.cost, both, both
    )
    component = strong_components(start, to)
    _, first, component = np.unique(component, return_index=True, return_inverse=True)
    size = np.bincount(component)
    order = np.argsort(first)
    upto = np.cumsum(size[order])
    batch_of = np.empty(len(size), np.int64)
    batch_of[order] = (upto - 1) // MOST_NODES
    found: IntArray = np.unique(batch_of[component], return_inverse=True)[1].astype(np.int64)
    return found
