"""The canonical flow: which of several cheapest flows is meant, by a written order of the arcs."""

import numpy as np
import numpy.typing as npt

from ontology.errors import SolverError
from solver.flow import solve, unmet
from solver.names import mixed
from solver.network import IntArray, Network
from solver.potentials import canonical_potentials
from solver.ranges import WIDE
from solver.residual import bridges, residual_arcs, strong_components

Hashes = npt.NDArray[np.uint64]

HASHED_ROUNDS = 8
"""Rounds with costs from hashes before arcs are settled one by one."""

LARGEST_BITS = 32
"""Bits of a tie cost, fewer where the network of tied arcs is so large that they would not fit."""


def canonical_flow(
    network: Network, flow: IntArray, potentials: IntArray, arc_hash: Hashes
) -> IntArray:
    """The one cheapest flow that the keys of the arcs choose: no row order, no engine has a say.

    `flow` is any optimal flow, `potentials` prove it (`canonical_potentials`), `arc_hash` holds
    64 bits per arc made from what the arc *is* (`hash_names`, `combine`), never from its row.

    The written order: among all flows of least cost, the one of least `sum(tie cost x flow)`;
    a tie cost is 1 + the leading bits of splitmix64(arc_hash + round x golden ratio). Tie costs
    are positive, so no units circulate for nothing. Where that still leaves a choice, the next
    round decides with other bits, and after HASHED_ROUNDS arcs are settled one by one, least
    flow first, in the order of their hashes. Arcs that share one hash are told apart by cost,
    lower bound and capacity, and last by row: only arcs with the same key and the same numbers.

    Only arcs that some other cheapest flow uses differently take part (`movable`); the rest is
    fixed and contracted, so that the second network is a few per cent of the first.

    Isolation (Mulmuley, Vazirani, Vazirani 1987, for flows): hold all tie costs but one. An arc
    keeps a choice only if its cost hits a breakpoint of a concave function that has at most as
    many breakpoints as the arc has units. With W = 2^32 costs, a round leaves a choice with
    probability at most sum(units of movable arcs) / W, and rounds are independent.

    Raises SolverError `FLOW_NOT_OPTIMAL` where the potentials do not prove the flow.
    """
    settled = flow.copy()
    rows = movable(network, flow, potentials)
    keys = _distinct(arc_hash[rows], network, rows)
    turn = 0
    while len(rows):
        tied = _tied_network(network, settled, rows, _tie_costs(keys, turn, len(rows)))
        found = solve(tied).flow
        settled[rows] = found
        still = movable(tied, found, canonical_potentials(tied, found))
        rows, keys, turn = rows[still], keys[still], turn + 1
    return settled


def movable(network: Network, flow: IntArray, potentials: IntArray) -> npt.NDArray[np.intp]:
    """The arcs whose flow differs between cheapest flows, as ascending rows.

    They have reduced cost 0 and lie on a cycle of the residual network of such arcs other than
    there and back on the arc itself: both ends in one strongly connected component, and no
    bridge of it. (Any cheapest flow differs from this one by such cycles.)
    """
    reduced = network.cost + potentials[network.tail] - potentials[network.head]
    room, back = flow < network.capacity, flow > network.lower
    if np.any(room & (reduced < 0)) or np.any(back & (reduced > 0)):
        raise SolverError("the potentials do not prove the flow optimal", code="FLOW_NOT_OPTIMAL")
    rows = np.flatnonzero((reduced == 0) & (room | back))
    nodes, ends = np.unique(
        np.concatenate([network.tail[rows], network.head[rows]]), return_inverse=True
    )
    tail, head = ends[: len(rows)], ends[len(rows) :]
    start, to, _, _ = residual_arcs(len(nodes), tail, head, tail, room[rows], back[rows])
    component = strong_components(start, to)
    inside = np.flatnonzero(component[tail] == component[head])
    both = np.ones(len(inside), np.bool_)
    start, to, _, of = residual_arcs(len(nodes), tail[inside], head[inside], inside, both, both)
    return rows[inside[~bridges(start, to, of)]]


def canonical_rows(arc_hash: Hashes) -> npt.NDArray[np.intp]:
    """The order in which arcs with these keys are written down, whatever order they came in."""
    return np.argsort(arc_hash, kind="stable")


def _distinct(hashes: Hashes, network: Network, rows: npt.NDArray[np.intp]) -> Hashes:
    """The hashes, those that occur again stirred with how often they have occurred before."""
    order = np.argsort(hashes, kind="stable")
    if not np.any(hashes[order][1:] == hashes[order][:-1]):
        return hashes
    columns = (network.capacity[rows], network.lower[rows], network.cost[rows], hashes)
    order = np.lexsort(columns)
    ranked = hashes[order]
    first = np.concatenate([[True], ranked[1:] != ranked[:-1]])
    places = np.arange(len(rows))
    before = places - np.maximum.accumulate(np.where(first, places, 0))
    keys = hashes.copy()
    again = before > 0
    keys[order[again]] = mixed(ranked[again], before[again].astype(np.uint64))
    return keys


def _tie_costs(keys: Hashes, turn: int, arc_count: int) -> IntArray:
    """Positive costs of this round; after the hashed rounds, 1 on the least key and 0 elsewhere."""
    if turn >= HASHED_ROUNDS:
        costs = np.zeros(arc_count, np.int64)
        costs[np.argmin(keys)] = 1
        return costs
    # `ranges` asks for 4 (n + 3)^2 cost < 2^62, and arcs on cycles touch n <= arcs nodes.
    bits = min(LARGEST_BITS, (WIDE // (4 * (arc_count + 3) ** 2)).bit_length() - 2)
    stirred = mixed(keys, np.full(len(keys), turn, np.uint64))
    costs = np.empty(arc_count, np.int64)
    costs[:] = stirred >> np.uint64(64 - max(1, bits))
    return costs + 1


def _tied_network(
    network: Network, flow: IntArray, rows: npt.NDArray[np.intp], cost: IntArray
) -> Network:
    """The movable arcs alone, with the supplies that the flow on them meets."""
    nodes, ends = np.unique(
        np.concatenate([network.tail[rows], network.head[rows]]), return_inverse=True
    )
    tail, head = ends[: len(rows)], ends[len(rows) :]
    tied = Network(
        tail,
        head,
        network.lower[rows],
        network.capacity[rows],
        cost,
        np.zeros(len(nodes), np.int64),
    )
    return Network(tail, head, tied.lower, tied.capacity, cost, -unmet(tied, flow[rows]))
