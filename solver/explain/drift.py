"""After a drift of facts: does an old certificate still hold, and which parts reject it?"""

from dataclasses import dataclass, replace
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from solver.engine.blocks import Blocks, cut, settle
from solver.engine.flow import unmet
from solver.engine.parts import components
from solver.engine.shared import used
from solver.engine.ties import Hashes
from solver.model.carry_labels import CarryLabels
from solver.model.completion import complete
from solver.model.problem import Problem
from solver.network.columns import ArcKind, IntArray, Network
from solver.network.ranges import WIDE, AnyArray, absolute_sum, exact_dot, magnitude
from solver.proof.branches import least_of_steps, overdrawn, split_lots, steps_cost
from solver.proof.claims import SharedResources

MILLION = 10**6
ROUNDS = 100
"""So often potentials are mended at most, which keeps them in range."""

WIDE_ROOM = 1
"""Measured on rebalancing networks: 0 and 1 give gaps alike, 4 up to 1.6 times as wide."""

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Drifted:
    """What an old flow, its potentials and prices are worth on a new network.

    `cost` is the old flow's on the new numbers; no feasible flow costs less than `bound`. The gap
    is, exactly, the sum of `part_gap` (per component, by its first node, 0 elsewhere) and of what
    the prices say of capacity that is not used. `broken` marks the first nodes of components in
    which the old flow is not feasible any more; where there are any, `cost` is that of no plan.
    `crowded` are resources that the flow overdraws.
    """

    cost: int
    bound: int
    part: IntArray
    part_gap: npt.NDArray[np.object_]
    broken: BoolArray
    crowded: IntArray

    @property
    def gap(self) -> int:
        """How far the old flow can at most be from the best one."""
        return self.cost - self.bound

    @property
    def feasible(self) -> bool:
        """Whether the old flow can still be made."""
        return not self.broken.any() and not len(self.crowded)

    def within(self, band_per_million: int) -> bool:
        """Whether it can, and is proved to be within a band of the best one's cost."""
        return self.feasible and self.gap * MILLION <= band_per_million * max(1, abs(self.cost))

    def rejected(self, band_per_million: int) -> IntArray:
        """The components, by first node, to be solved again so that the rest is within the band.

        Those that are broken, and of the others those of the largest gaps, as few as will do.
        """
        wide = np.flatnonzero(self.part_gap.astype(bool) & ~self.broken)
        order = sorted(wide.tolist(), key=lambda node: (-self.part_gap[node], node))
        allowed = band_per_million * max(1, abs(self.cost)) // MILLION
        rest, chosen = sum(self.part_gap[wide].tolist()), []
        for node in order:
            if rest <= allowed:
                break
            rest -= self.part_gap[node]
            chosen.append(node)
        return np.union1d(np.flatnonzero(self.broken), chosen).astype(np.int64)


@dataclass(frozen=True)
class Carried:
    """An old certificate in the terms of a new network: flow, potentials, and its arcs matched.

    `match` gives per new arc the old one of the same key, -1 where there is none; `lost` are old
    arcs of movements that the flow makes and that are not there any more.
    """

    flow: IntArray
    potentials: IntArray
    match: IntArray
    lost: IntArray


def matched(new: Hashes, old: Hashes) -> IntArray:
    """Per new arc the row of the old arc with the same key, -1 without one.

    Arcs with one key are matched in their order.
    """
    order, before = np.argsort(new, kind="stable"), np.argsort(old, kind="stable")
    left, right = new[order], old[before]
    place = np.searchsorted(right, left) + np.arange(len(left)) - np.searchsorted(left, left)
    there = place < len(right)
    there[there] = right[place[there]] == left[there]
    found = np.full(len(new), -1, np.int64)
    found[order[there]] = before[place[there]]
    return found


def carried(new: Problem, old: Problem, flow: IntArray, potentials: IntArray) -> Carried:
    """An old flow and its potentials on a new problem of the same formulation.

    The movements are those of the old flow; all else follows from them (`complete`). A node has
    the potential of the old node at the same end of an arc of the same key. New nodes get the
    least that their arcs allow (any potentials bound soundly, these well).
    """
    match = matched(new.arc_hash, old.arc_hash)
    known = np.flatnonzero(match >= 0)
    moved = np.zeros(new.network.arc_count, np.int64)
    moved[known] = flow[match[known]]
    if isinstance(new.labels, CarryLabels):
        units = np.zeros(len(new.movements), np.int64)
        moves = new.labels.block("move")
        units[new.network.reference[moves]] = moved[moves]
        lines = moved[new.labels.block("line")] if "line" in new.labels.blocks else None
        moved = complete(new, new.labels, units, lines)
    gone = (old.network.kind == ArcKind.MOVE) & (flow > 0)
    gone[match[known]] = False
    levels = _levels(new.network, old.network, match, potentials)
    return Carried(moved, levels, match, np.flatnonzero(gone))


def drifted(
    network: Network, flow: IntArray, potentials: IntArray, prices: IntArray | None = None,
    shared: SharedResources | None = None,
) -> Drifted:  # fmt: skip
    """The worth of any flow and potentials on a network: no solve, a few passes over the arcs.

    Capacities are clamped to what can reach each arc (`reachable`), so that room which no unit
    could use does not spoil the bound. gap = sum over arcs of r flow - min(r lower, r capacity),
    plus prices . (capacity - used), with r as in `certificate.check`: each term is >= 0 for a
    feasible flow, so each component has its own part of the gap. What comes whole is bounded as it
    is there, without branches.
    """
    capacity = np.maximum(network.lower, np.minimum(network.capacity, reachable(network)))
    reduced = _reduced(network, potentials, prices, shared)
    least = np.where(reduced > 0, network.lower, capacity)
    part = components(network.node_count, network.tail, network.head)
    slack = reduced * (flow - least).astype(reduced.dtype)
    gaps = np.zeros(network.node_count, object)
    np.add.at(gaps, part[network.tail], slack)
    cost = exact_dot(network.cost, flow)
    bound = exact_dot(reduced, least) - exact_dot(potentials, network.supply)
    crowded = np.zeros(0, np.int64)
    if shared is not None and prices is not None:
        taken = used(shared, flow)
        cost += steps_cost(shared, taken)
        bound += least_of_steps(shared, prices)
        crowded = np.flatnonzero(overdrawn(shared, taken))
    wrong = np.zeros(network.node_count, np.bool_)
    wrong[part[network.tail[split_lots(shared, flow)]]] = True
    wrong[part[np.flatnonzero(unmet(network, flow))]] = True
    beyond = (flow < network.lower) | (flow > network.capacity)
    wrong[part[network.tail[beyond]]] = True
    return Drifted(cost, bound, part, gaps, wrong, crowded)


def weighed(
    network: Network, flow: IntArray, potentials: IntArray, prices: IntArray | None = None,
    shared: SharedResources | None = None,
) -> Drifted:  # fmt: skip
    """`drifted` with the old potentials or the mended ones, whichever bound is the better."""
    found = drifted(network, flow, potentials, prices, shared)
    if not found.gap:
        return found
    charged = network.cost
    if shared is not None and prices is not None:
        charged = charged.copy()
        np.add.at(charged, shared.arc, shared.use * prices[shared.resource])
    better = mended(replace(network, cost=charged), flow, potentials)
    again = drifted(network, flow, better, prices, shared)
    return again if again.bound > found.bound else found


def mended(network: Network, flow: IntArray, potentials: IntArray) -> IntArray:
    """The potentials lowered until no arc with much room has a reduced cost below 0.

    Such an arc costs the bound its reduced cost times its room; to lower what is behind it costs
    no more than the units that flow there. Much is more than WIDE_ROOM times what flows through
    its head. Bellman's rounds over those arcs, at most ROUNDS: whatever they end with is sound.
    As they are where 64 bits might not do.
    """
    through = np.maximum(0, -network.supply)
    np.add.at(through, network.tail, flow)
    if magnitude(network.cost) * network.node_count * (ROUNDS + 2) >= WIDE:
        return potentials
    wide = np.flatnonzero(network.capacity - flow > WIDE_ROOM * through[network.head])
    found = potentials.copy()
    _lower(network.tail[wide], network.head[wide], network.cost[wide], found, ROUNDS)
    return found


def _reduced(
    network: Network, potentials: IntArray, prices: IntArray | None, shared: SharedResources | None
) -> npt.NDArray[Any]:
    """Reduced costs as `certificate.check` has them; Python integers where 64 bits might not do."""
    wide = magnitude(network.cost) + 2 * magnitude(potentials)
    units = magnitude(network.capacity) + absolute_sum(network.supply)
    if shared is not None and prices is not None:
        wide += magnitude(prices) * magnitude(shared.use) * len(shared.arc)
    kind: type = np.int64 if wide * max(1, units) < WIDE else object
    charge: npt.NDArray[Any] = network.cost.astype(kind)
    level: npt.NDArray[Any] = potentials.astype(kind)
    if shared is not None and prices is not None:
        np.add.at(charge, shared.arc, shared.use.astype(kind) * prices[shared.resource])
    found: npt.NDArray[Any] = charge + level[network.tail] - level[network.head]
    return found


def with_old_penalties(new: Problem, old: Problem, match: IntArray) -> Problem:
    """The new problem with the penalties of the old one on arcs that leave an order unserved.

    They stand for no fact: they follow from the dearest service, and an order that is served pays
    none. If they drifted, the old potentials would prove nothing of any open arc.
    """
    network = new.network
    held = (network.kind == ArcKind.SHORTFALL) & (match >= 0)
    cost = np.where(held, old.network.cost[match], network.cost)
    return replace(new, network=replace(network, cost=cost))


def reachable(network: Network) -> IntArray:
    """Per arc, the most units that can get to it; its capacity where arcs run in a circle.

    What a node can have is its own supply and what its arcs in can bring, each at most its
    capacity and what its tail can have: exact bounds in one pass where no arcs run in a circle,
    for then every flow is made of paths. Never more than all units of its component.
    """
    part = components(network.node_count, network.tail, network.head)
    there = np.maximum(network.supply, 0)
    most = np.zeros(network.node_count, np.int64)
    np.add.at(most, part, there)
    reach, ordered = _reach(network.tail, network.head, network.capacity, there, most[part])
    return np.where(ordered[network.tail], reach[network.tail], network.capacity)


def resettled(
    network: Network, arc_hash: Hashes, blocks: Blocks, old: Carried, rejected: IntArray
) -> tuple[IntArray, IntArray]:
    """Flow and potentials in which only the blocks of the rejected components are solved again.

    Each of them gets what a solve of the whole would give it, since blocks share no arc. Raises
    SolverError `NO_PLAN` where a block has no flow.
    """
    flow, potentials = old.flow.copy(), old.potentials.copy()
    chosen = np.searchsorted(blocks.node_start, rejected, side="right") - 1
    for block in np.unique(chosen).tolist():
        arcs, nodes = blocks.arcs(block, block + 1), blocks.nodes(block, block + 1)
        found = settle(cut(network, blocks, block, block + 1), arc_hash[arcs])
        flow[arcs], potentials[nodes] = found.flow, found.potentials
    return flow, potentials


def _levels(
    network: Network, old: Network, match: IntArray, potentials: IntArray
) -> IntArray:  # fmt: skip
    """The old potentials at the new nodes, and the least that arcs allow at those without one."""
    known = np.flatnonzero(match >= 0)
    level = np.zeros(network.node_count, np.int64)
    has = np.zeros(network.node_count, np.bool_)
    for ends, was in ((network.tail, old.tail), (network.head, old.head)):
        level[ends[known]] = potentials[was[match[known]]]
        has[ends[known]] = True
    if not has.all():
        _spread(network.tail, network.head, network.cost, level, has)
    return level


@numba.njit(cache=True)
def _spread(tail: AnyArray, head: AnyArray, cost: AnyArray, level: AnyArray, has: AnyArray) -> None:
    """Gives every node that can be reached from a known one a potential, in rounds."""
    found = True
    while found:
        found = False
        fresh = np.zeros(len(has), np.bool_)
        for arc in range(len(tail)):
            start, end = tail[arc], head[arc]
            if has[start] and not has[end]:
                reached = level[start] + cost[arc]
                if not fresh[end] or reached < level[end]:
                    level[end], fresh[end] = reached, True
            elif has[end] and not has[start]:
                reached = level[end] - cost[arc]
                if not fresh[start] or reached > level[start]:
                    level[start], fresh[start] = reached, True
        for node in range(len(has)):
            if fresh[node]:
                has[node] = found = True


@numba.njit(cache=True)
def _lower(tail: AnyArray, head: AnyArray, cost: AnyArray, level: AnyArray, rounds: int) -> None:
    """Bellman's rounds: every head at most as far as its tail and the arc."""
    for _ in range(rounds):
        moved = False
        for arc in range(len(tail)):
            reached = level[tail[arc]] + cost[arc]
            if reached < level[head[arc]]:
                level[head[arc]] = reached
                moved = True
        if not moved:
            return


@numba.njit(cache=True)
def _reach(
    tail: AnyArray, head: AnyArray, capacity: AnyArray, reach: AnyArray, most: AnyArray
) -> tuple[AnyArray, AnyArray]:
    """Units that each node can have, nodes taken in an order of the arcs; False in circles."""
    node_count = len(most)
    first = np.zeros(node_count + 1, np.int64)
    waiting = np.zeros(node_count, np.int64)
    for arc in range(len(tail)):
        first[tail[arc] + 1] += 1
        waiting[head[arc]] += 1
    for node in range(node_count):
        first[node + 1] += first[node]
    place, out = first.copy(), np.empty(len(tail), np.int64)
    for arc in range(len(tail)):
        out[place[tail[arc]]] = arc
        place[tail[arc]] += 1
    queue, count = np.empty(node_count, np.int64), 0
    for node in range(node_count):
        if waiting[node] == 0:
            queue[count] = node
            count += 1
    done = 0
    ordered = np.zeros(node_count, np.bool_)
    while done < count:
        node = queue[done]
        done += 1
        ordered[node] = True
        left, end = 0, -1
        for at in range(first[node], first[node + 1]):
            arc = out[at]
            if head[arc] != end:  # parallel arcs that stand together bring the same units once
                left, end = reach[node], head[arc]
            brought = min(capacity[arc], left)
            left -= brought
            reach[end] = min(most[end], reach[end] + brought)
            waiting[end] -= 1
            if waiting[end] == 0:
                queue[count] = end
                count += 1
    return reach, ordered
