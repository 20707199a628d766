"""Many independent networks in one, such as one per item: settled together, or only some again."""

from dataclasses import dataclass
from itertools import pairwise

import numba
import numpy as np

from ontology.errors import SolverError
from solver.engine.flow import solve
from solver.engine.potentials import canonical_potentials
from solver.engine.ties import Hashes, canonical_flow
from solver.network.columns import IntArray, Network
from solver.network.ranges import AnyArray

GROUP_ARCS = 200_000
"""Arcs that are settled at a time, which is some tens of megabytes."""


@dataclass(frozen=True)
class Settled:
    """A network's canonical flow per arc and canonical potentials per node, int64."""

    flow: IntArray
    potentials: IntArray


@dataclass(frozen=True)
class Blocks:
    """Where blocks that no arc joins begin: `node_start` and `arc_start`, one more at the end.

    Block b has the nodes node_start[b] .. node_start[b + 1] - 1, and so the arcs.
    """

    node_start: IntArray
    arc_start: IntArray

    @property
    def count(self) -> int:
        """Number of blocks."""
        return len(self.node_start) - 1

    def nodes(self, first: int, last: int) -> slice:
        """The nodes of the blocks from `first` up to, and without, `last`."""
        return slice(int(self.node_start[first]), int(self.node_start[last]))

    def arcs(self, first: int, last: int) -> slice:
        """The arcs of the blocks from `first` up to, and without, `last`."""
        return slice(int(self.arc_start[first]), int(self.arc_start[last]))


def blocks_of(network: Network) -> Blocks:
    """The smallest blocks: components, joined where their nodes stand between each other.

    Raises SolverError `NETWORK_MALFORMED` where the arcs of a block do not stand together.
    """
    node_start = _starts(network.node_count, network.tail, network.head)
    arc_start = _arc_starts(node_start, network.tail)
    if arc_start[0] < 0:
        raise SolverError("the arcs of a block do not stand together", code="NETWORK_MALFORMED")
    return Blocks(node_start, arc_start)


def cut(network: Network, blocks: Blocks, first: int, last: int) -> Network:
    """The blocks from `first` up to, and without, `last`, as a network of its own."""
    nodes, arcs = blocks.nodes(first, last), blocks.arcs(first, last)
    meaning = (network.kind[arcs], network.reference[arcs]) if len(network.kind) else ()
    return Network(
        network.tail[arcs] - nodes.start, network.head[arcs] - nodes.start, network.lower[arcs],
        network.capacity[arcs], network.cost[arcs], network.supply[nodes], network.cost_scale,
        *meaning,
    )  # fmt: skip


def settle(network: Network, arc_hash: Hashes, first: IntArray | None = None) -> Settled:
    """The canonical flow and potentials: solved, proved, ties broken. A pure function.

    What a component gets depends on that component alone, on the numbers and keys of its arcs:
    so blocks may be settled one by one, by several processes, or only those that an event has
    changed (`cut`), and the answer is the same.
    Raises SolverError `NO_PLAN` where there is no flow, and as `flow.solve`.
    """
    solution = solve(network, None, first)
    if solution.status != "optimal":
        raise SolverError(f"the network is {solution.status}", code="NO_PLAN")
    potentials = canonical_potentials(network, solution.flow, solution.potentials)
    return Settled(canonical_flow(network, solution.flow, potentials, arc_hash), potentials)


def settle_many(network: Network, arc_hash: Hashes, blocks: Blocks) -> Settled:
    """What `settle` gives, some blocks at a time: what is worked on stays near the processor.

    Raises SolverError as `settle`.
    """
    flow = np.empty(network.arc_count, np.int64)
    potentials = np.empty(network.node_count, np.int64)
    for first, last in groups_of(blocks):
        nodes, arcs = blocks.nodes(first, last), blocks.arcs(first, last)
        starts = blocks.node_start[first : last + 1]
        apart = np.repeat(starts[:-1] - nodes.start, np.diff(starts))
        found = settle(cut(network, blocks, first, last), arc_hash[arcs], apart)
        flow[arcs], potentials[nodes] = found.flow, found.potentials
    return Settled(flow, potentials)


def groups_of(blocks: Blocks) -> list[tuple[int, int]]:
    """Blocks in their order, in groups of about GROUP_ARCS arcs: (first, one after the last)."""
    number = blocks.arc_start[:-1] // GROUP_ARCS
    starts = np.flatnonzero(np.diff(number, prepend=-1)).tolist()
    return list(pairwise([*starts, blocks.count]))


@numba.njit(cache=True)
def _starts(node_count: int, tail: AnyArray, head: AnyArray) -> AnyArray:
    """The first node of every block, and the number of nodes: no arc leads over a start."""
    last = np.arange(node_count)
    for arc in range(len(tail)):
        near, far = min(tail[arc], head[arc]), max(tail[arc], head[arc])
        last[near] = max(last[near], far)
    starts = np.empty(node_count + 1, np.int64)
    count, upto = 0, -1
    for node in range(node_count):
        if node > upto:
            starts[count] = node
            count += 1
        upto = max(upto, last[node])
    starts[count] = node_count
    return starts[: count + 1]


@numba.njit(cache=True)
def _arc_starts(node_start: AnyArray, tail: AnyArray) -> AnyArray:
    """The first arc of every block, and the number of arcs; -1 first where they are mixed."""
    starts = np.zeros(len(node_start), np.int64)
    block = 0
    for arc in range(len(tail)):
        if tail[arc] < node_start[block]:
            starts[0] = -1
            return starts
        while tail[arc] >= node_start[block + 1]:
            block += 1
            starts[block] = arc
    starts[block + 1 :] = len(tail)
    return starts
