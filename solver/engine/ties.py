"""The canonical flow: which of several cheapest flows is meant, by a written order of the arcs."""

import numpy as np
import numpy.typing as npt

from solver.engine.choices import movable, renumbered
from solver.engine.flow import solve, unmet
from solver.engine.parts import components
from solver.engine.potentials import canonical_potentials
from solver.network.columns import ArcKind, IntArray, Network
from solver.network.names import mixed

Hashes = npt.NDArray[np.uint64]

HASHED_ROUNDS = 8
"""Rounds with costs from hashes before arcs are settled one by one."""

TIE_BITS = 32
"""Bits of a tie cost, whatever the size: what a part of a network takes does not depend on what
stands beside it. Network simplex holds them on 2^27 nodes."""


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
    flow first, in the order of their hashes. Arcs of one component that share a hash are told
    apart by cost, lower bound and capacity, and last by row: only arcs with the same key and the
    same numbers. Components do not bear on one another, whether solved together or apart.

    Only arcs that some other cheapest flow uses differently take part (`movable`); the rest is
    fixed and contracted, so that the second network is a few per cent of the first.

    Before the first round comes what arcs of kind KEEP say: among the cheapest flows those that
    leave most units of the lots that expire last where they are, so that others go first.

    Isolation (Mulmuley, Vazirani, Vazirani 1987, for flows): hold all tie costs but one. An arc
    keeps a choice only if its cost hits a breakpoint of a concave function that has at most as
    many breakpoints as the arc has units. With W = 2^32 costs, a round leaves a choice with
    probability at most sum(units of movable arcs) / W, and rounds are independent.

    Raises SolverError `FLOW_NOT_OPTIMAL` where the potentials do not prove the flow.
    """
    settled = flow.copy()
    rows = movable(network, flow, potentials)
    keys = _distinct(arc_hash[rows], network, rows)
    fresh = _freshness(network, rows)
    turn = -1 if fresh.any() else 0
    while len(rows):
        costs = -fresh if turn < 0 else _tie_costs(keys, turn, len(rows))
        tied = _tied_network(network, settled, rows, costs)
        found = solve(tied)
        settled[rows] = found.flow
        level = canonical_potentials(tied, found.flow, found.potentials)
        still = movable(tied, found.flow, level)
        rows, keys, turn = rows[still], keys[still], turn + 1
    return settled


def _freshness(network: Network, rows: IntArray) -> IntArray:
    """The rank of the lot that an arc keeps in place, 0 for other arcs and bare networks."""
    if not len(network.kind):
        return np.zeros(len(rows), np.int64)
    kept = network.kind[rows] == ArcKind.KEEP
    found: IntArray = np.where(kept, network.reference[rows], 0)
    return found


def canonical_rows(arc_hash: Hashes) -> npt.NDArray[np.intp]:
    """The order in which arcs with these keys are written down, whatever order they came in."""
    order = np.argsort(arc_hash)
    ranked = arc_hash[order]
    if np.any(ranked[1:] == ranked[:-1]):  # the fast order is not a stable one
        return np.argsort(arc_hash, kind="stable")
    return order


def _distinct(hashes: Hashes, network: Network, rows: IntArray) -> Hashes:
    """The hashes, those that occur again in one component stirred with how often they did."""
    ranked = np.sort(hashes)
    if not np.any(ranked[1:] == ranked[:-1]):
        return hashes
    part = components(network.node_count, network.tail, network.head)[network.tail[rows]]
    columns = (network.capacity[rows], network.lower[rows], network.cost[rows], hashes, part)
    order = np.lexsort(columns)
    ranked, part = hashes[order], part[order]
    first = np.concatenate([[True], (ranked[1:] != ranked[:-1]) | (part[1:] != part[:-1])])
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
    stirred = mixed(keys, np.full(len(keys), turn, np.uint64))
    return (stirred >> np.uint64(64 - TIE_BITS)).astype(np.int64) + 1


def _tied_network(
    network: Network, flow: IntArray, rows: npt.NDArray[np.intp], cost: IntArray
) -> Network:
    """The movable arcs alone, with the supplies that the flow on them meets."""
    count, tail, head = renumbered(network, rows)
    bounds = (network.lower[rows], network.capacity[rows])
    still = Network(tail, head, *bounds, cost, np.zeros(count, np.int64))
    return Network(tail, head, *bounds, cost, -unmet(still, flow[rows]))
