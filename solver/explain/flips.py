"""Exact tipping points of a cheapest flow: at which cost an arc is used, less used, or left."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numba
import numpy as np

from ontology.errors import SolverError
from solver.engine.potentials import canonical_potentials
from solver.network.columns import IntArray, Network
from solver.network.ranges import WIDE, AnyArray, magnitude

MOST_STEPS = 1_000
"""Steps of a curve that are followed; what is then left is said to be left."""

Paths = tuple[AnyArray, AnyArray, AnyArray, AnyArray]
"""Where each node's halves start, the halves that leave it, what each half enters, arc costs."""

_FAR = np.iinfo(np.int64).max
_ANY_COST = 2**62


@dataclass(frozen=True, slots=True)
class Step:
    """`units` more, each at `cost` (a marginal cost of the network, exact)."""

    cost: int
    units: int


@dataclass(frozen=True, slots=True)
class Steps:
    """Units at rising marginal cost; `ended` tells whether all was followed to its end."""

    steps: tuple[Step, ...]
    ended: bool

    @property
    def units(self) -> int:
        """All units of the steps."""
        return sum(step.units for step in self.steps)

    @property
    def cost(self) -> int:
        """What all of them cost together."""
        return sum(step.units * step.cost for step in self.steps)


@dataclass(frozen=True, slots=True)
class Route:
    """The cheapest way of one unit: arcs in order, +1 along an arc, -1 a unit taken off it."""

    cost: int
    arcs: tuple[int, ...]
    signs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Flip:
    """Between which costs an arc carries its `units` in a cheapest flow, both ends included.

    At a cost of `more_below` - 1 or less every cheapest flow has more on it, at `less_above` + 1
    or more every one has less; None where no cost does that. Strictly between them every cheapest
    flow has exactly `units`; at an end some have. All else in the network stays as it is.
    """

    arc: int
    cost: int
    units: int
    more_below: int | None
    less_above: int | None


class Margins:
    """What one arc, one unit of capacity or one unit of supply is worth at a cheapest flow.

    Arc a has two halves: 2a leads from tail to head, 2a + 1 back; `_ends` is what each enters.

    `potentials` prove the flow (any that do). Every answer is a shortest path in the residual
    network without the arc in question, found on reduced costs >= 0 (Dijkstra), or several in a
    row (successive shortest paths: Ahuja, Magnanti, Orlin 1993, 9.7). The reduced cost of an arc
    is no tipping point: where the flow is degenerate, other potentials give another one.

    Nothing of it changes once it is made, so any number of threads may ask one at once. Raises
    SolverError `FLOW_NOT_OPTIMAL` where the potentials do not prove the flow.
    """

    def __init__(self, network: Network, flow: IntArray, potentials: IntArray) -> None:
        self.network, self.flow = network, flow
        reduced = network.cost + potentials[network.tail] - potentials[network.head]
        wrong = ((reduced < 0) & (flow < network.capacity)) | (
            (reduced > 0) & (flow > network.lower)
        )
        if wrong.any():  # INVARIANT: Dijkstra needs reduced costs >= 0 wherever there is room
            raise SolverError("the potentials do not prove the flow", code="FLOW_NOT_OPTIMAL")
        self._potentials = potentials
        self._room = np.empty(2 * network.arc_count, np.int64)
        self._room[::2] = network.capacity - flow
        self._room[1::2] = flow - network.lower
        self._ends = np.empty(2 * network.arc_count, np.int64)
        self._ends[::2], self._ends[1::2] = network.head, network.tail
        start, halves = _leaving(network.node_count, network.tail, network.head)
        self._paths: Paths = (start, halves, self._ends, network.cost)

    def flip(self, arc: int) -> Flip:
        """The costs between which an arc keeps its units."""
        tail, head = int(self.network.tail[arc]), int(self.network.head[arc])
        units = int(self.flow[arc])
        more = less = None
        if self._room[2 * arc] > 0:
            back = self._cost(head, tail, arc)
            more = None if back is None else -back
        if self._room[2 * arc + 1] > 0:
            less = self._cost(tail, head, arc)
        return Flip(arc, int(self.network.cost[arc]), units, more, less)

    def rising(self, arc: int, most_steps: int = MOST_STEPS) -> Steps:
        """As an arc's cost rises: above each step's cost, so many units less are on it.

        Down to the arc's lower bound, or to what no other way can take. Their sum is what the
        flow would cost more without the arc, before what the arc itself costs is saved.
        """
        network = self.network
        return self.steps(int(network.tail[arc]), int(network.head[arc]), without=(arc,),
                          units=int(self._room[2 * arc + 1]), most_steps=most_steps)  # fmt: skip

    def falling(self, arc: int, most_steps: int = MOST_STEPS) -> Steps:
        """As an arc's cost falls: below minus each step's cost, so many units more are on it."""
        network = self.network
        return self.steps(int(network.head[arc]), int(network.tail[arc]), without=(arc,),
                          units=int(self._room[2 * arc]), most_steps=most_steps)  # fmt: skip

    def more_capacity(self, arc: int, units: int, most_steps: int = MOST_STEPS) -> Steps:
        """What so many more units of capacity are worth: units that would be used, cost < 0 each.

        A step's cost is what the plan's cost changes by per unit: the first unit is worth most.
        """
        network, cost = self.network, int(self.network.cost[arc])
        if self._room[2 * arc] > 0:
            return Steps((), ended=True)
        found = self.steps(int(network.head[arc]), int(network.tail[arc]), without=(arc,),
                           units=units, below=-cost, most_steps=most_steps)  # fmt: skip
        return Steps(tuple(Step(s.cost + cost, s.units) for s in found.steps), found.ended)

    def more_supply(
        self, node: int, sink: int, units: int, most_steps: int = MOST_STEPS
    ) -> Steps:  # fmt: skip
        """What more units at a node, which must end at a sink, change the cost by, each in turn.

        Negative costs are worth having; as long as units are, the first is worth most.
        """
        return self.steps(node, sink, units=units, most_steps=most_steps)

    def steps(
        self, source: int, target: int, *, units: int, without: Sequence[int] = (),
        below: int = _ANY_COST, most_steps: int = MOST_STEPS,
    ) -> Steps:  # fmt: skip
        """Units from source to target, one cheapest way after the other, while each costs < below.

        `without` are arcs that may not be used. Fewer than `units` where no way is left.
        """
        if units <= 0 or (source == target and below <= 0):
            return Steps((), ended=True)
        if source == target:
            return Steps((Step(0, units),), ended=True)
        room = self._without(without)
        costs, amounts, ended = _successive(
            self._paths, room,
            self._potentials.copy(), source, target, units, below, most_steps,
        )  # fmt: skip
        there = dict.fromkeys(costs.tolist(), 0)  # ascending, as shortest ways only grow
        for cost, amount in zip(costs.tolist(), amounts.tolist(), strict=True):
            there[cost] += amount
        return Steps(tuple(Step(*step) for step in there.items()), bool(ended))

    def flow_after(
        self, source: int, target: int, units: int, without: Sequence[int] = ()
    ) -> tuple[IntArray, int]:
        """The flow with so many more units from source to target, and how many there are.

        Sent as `steps` prices them: one cheapest way after the other, `without` some arcs; fewer
        where no way is left. Those arcs carry what they did.
        """
        room = self._without(without)
        before = room[::2].copy()
        _, amounts, _ = _successive(
            self._paths, room, self._potentials.copy(), source, target, units, _ANY_COST,
            MOST_STEPS,
        )  # fmt: skip
        return self.flow + before - room[::2], int(amounts.sum())

    def route(self, source: int, target: int, without: Sequence[int] = ()) -> Route | None:
        """The cheapest way of one unit from source to target, None where there is none."""
        distance, via = _nearest(
            self._paths, self._without(without), self._potentials, source, target, -1
        )
        if distance[target] == _FAR:
            return None
        node, halves = target, []
        while node != source:
            halves.append(int(via[node]))
            node = int(self._ends[halves[-1] ^ 1])
        halves.reverse()
        cost = int(distance[target] + self._potentials[target] - self._potentials[source])
        return Route(cost, tuple(h // 2 for h in halves), tuple(1 - 2 * (h % 2) for h in halves))

    def steady(self, arcs: IntArray, sign: int = 1) -> int | None:
        """By how much all these arcs together may become dearer (sign -1: cheaper) per unit.

        The greatest whole amount at which the flow of all that they touch is still a cheapest
        one: one more, and another is cheaper. None where no amount changes it. The amounts at which
        a flow is cheapest form an interval, so bisection is exact.
        """
        nodes = np.zeros(self.network.node_count, np.bool_)
        for node in np.unique(self.network.tail[arcs]).tolist():
            if not nodes[node]:
                nodes |= _joined(self._paths, node)
        own = np.flatnonzero(nodes[self.network.tail])
        part, flow = _part(self.network, nodes, own), self.flow[own]
        step = np.where(np.isin(own, arcs), sign, 0).astype(np.int64)
        largest, count = magnitude(part.cost), part.node_count
        # a cycle has at most `count` arcs: what turns none below zero here never does
        beyond = min(count * largest + 1, WIDE // (count + 3) - largest - 1)
        if _is_cheapest(part, flow, step * beyond):
            return None
        low, high = 0, beyond
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _is_cheapest(part, flow, step * middle) else (low, middle)
        return low

    def _cost(self, source: int, target: int, without: int) -> int | None:
        if source == target:
            return 0
        distance, _ = _nearest(self._paths, self._room, self._potentials, source, target, without)
        if distance[target] == _FAR:
            return None
        return int(distance[target] + self._potentials[target] - self._potentials[source])

    def _without(self, arcs: Sequence[int]) -> IntArray:
        room = self._room.copy()
        rows = np.asarray(arcs, np.int64)
        room[2 * rows] = room[2 * rows + 1] = 0
        return room


def _part(network: Network, nodes: AnyArray, arcs: IntArray) -> Network:
    """The network of some nodes that no arc joins to others."""
    number = np.cumsum(nodes) - 1
    columns = {name: getattr(network, name)[arcs] for name in ("lower", "capacity", "cost")}
    return replace(
        network, tail=number[network.tail[arcs]], head=number[network.head[arcs]], **columns,
        supply=network.supply[nodes], kind=np.zeros(0, np.int64), reference=np.zeros(0, np.int64),
    )  # fmt: skip


def _is_cheapest(network: Network, flow: IntArray, dearer: IntArray) -> bool:
    try:
        canonical_potentials(replace(network, cost=network.cost + dearer), flow)
    except SolverError as error:
        if error.code != "FLOW_NOT_OPTIMAL":
            raise
        return False
    return True


@numba.njit(cache=True)
def _leaving(node_count: int, tail: AnyArray, head: AnyArray) -> tuple[AnyArray, AnyArray]:
    """The halves that leave each node: where its own start, and all of them in that order."""
    start = np.zeros(node_count + 1, np.int64)
    for arc in range(len(tail)):
        start[tail[arc] + 1] += 1
        start[head[arc] + 1] += 1
    for node in range(node_count):
        start[node + 1] += start[node]
    halves = np.empty(2 * len(tail), np.int64)
    place = start[:node_count].copy()
    for arc in range(len(tail)):
        halves[place[tail[arc]]] = 2 * arc
        place[tail[arc]] += 1
        halves[place[head[arc]]] = 2 * arc + 1
        place[head[arc]] += 1
    return start, halves


@numba.njit(cache=True)
def _joined(paths: Paths, node: int) -> AnyArray:
    """Per node, whether arcs join it to the given one, whichever way they lead."""
    start, halves, ends, _ = paths
    found = np.zeros(len(start) - 1, np.bool_)
    found[node] = True
    waiting = np.empty(len(start), np.int64)
    waiting[0] = node
    count = 1
    while count > 0:
        count -= 1
        here = waiting[count]
        for place in range(start[here], start[here + 1]):
            target = ends[halves[place]]
            if not found[target]:
                found[target] = True
                waiting[count] = target
                count += 1
    return found


@numba.njit(cache=True)
def _nearest(
    paths: Paths, room: AnyArray, potentials: AnyArray, source: int, target: int, without: int
) -> tuple[AnyArray, AnyArray]:
    """Reduced distances from source of what is nearer than target, and the half that led there.

    The arc `without` is not used (-1: all may be).
    What was reached and not yet settled when the target was has a distance too high, but never
    below the target's. Dijkstra with a binary heap that may hold a node several times.
    """
    start, halves, ends, cost = paths
    distance = np.full(len(start) - 1, _FAR, np.int64)
    via = np.full(len(start) - 1, -1, np.int64)
    keys = np.empty(len(halves) + 1, np.int64)
    nodes = np.empty(len(halves) + 1, np.int64)
    distance[source], keys[0], nodes[0], size = 0, 0, source, 1
    while size > 0:
        reached, node = keys[0], nodes[0]
        size -= 1
        _sink_down(keys, nodes, size)
        if reached > distance[node]:
            continue
        if node == target:
            break
        here = reached + potentials[node]
        for place in range(start[node], start[node + 1]):
            half = halves[place]
            if room[half] <= 0 or half // 2 == without:
                continue
            entered = ends[half]
            weight = cost[half // 2] if half % 2 == 0 else -cost[half // 2]
            further = here + weight - potentials[entered]
            if further < distance[entered] and further <= distance[target]:
                distance[entered], via[entered] = further, half
                _rise(keys, nodes, size, further, entered)
                size += 1
    return distance, via


@numba.njit(cache=True)
def _rise(keys: AnyArray, nodes: AnyArray, place: int, key: int, node: int) -> None:
    """Put a key into the heap, from its last place upwards."""
    while place > 0:
        above = (place - 1) // 2
        if keys[above] <= key:
            break
        keys[place], nodes[place] = keys[above], nodes[above]
        place = above
    keys[place], nodes[place] = key, node


@numba.njit(cache=True)
def _sink_down(keys: AnyArray, nodes: AnyArray, size: int) -> None:
    """Fill the hole at the top with the last of `size` + 1 keys."""
    key, node, place = keys[size], nodes[size], 0
    while 2 * place + 1 < size:
        below = 2 * place + 1
        if below + 1 < size and keys[below + 1] < keys[below]:
            below += 1
        if keys[below] >= key:
            break
        keys[place], nodes[place] = keys[below], nodes[below]
        place = below
    keys[place], nodes[place] = key, node


@numba.njit(cache=True)
def _successive(
    paths: Paths, room: AnyArray, potentials: AnyArray, source: int, target: int, units: int,
    below: int, most_steps: int,
) -> tuple[AnyArray, AnyArray, bool]:  # fmt: skip
    """Cost and units of each cheapest way in turn; `room` and `potentials` are used up."""
    ends = paths[2]
    costs, amounts = np.empty(most_steps, np.int64), np.empty(most_steps, np.int64)
    for step in range(most_steps):
        distance, via = _nearest(paths, room, potentials, source, target, -1)
        nearest = distance[target]
        if nearest == _FAR:
            return costs[:step], amounts[:step], True
        price = nearest + potentials[target] - potentials[source]
        if price >= below:
            return costs[:step], amounts[:step], True
        for node in range(len(distance)):
            if distance[node] < nearest:
                potentials[node] += distance[node] - nearest
        amount, node = units, target
        while node != source:
            amount = min(amount, room[via[node]])
            node = ends[via[node] ^ 1]
        node = target
        while node != source:
            room[via[node]] -= amount
            room[via[node] ^ 1] += amount
            node = ends[via[node] ^ 1]
        costs[step], amounts[step] = price, amount
        units -= amount
        if units == 0:
            return costs[: step + 1], amounts[: step + 1], True
    return costs, amounts, False
