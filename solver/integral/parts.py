"""Components of a network that share whole loads or carry lots: solved at prices, one by one."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from solver.engine.parts import components
from solver.engine.potentials import canonical_potentials
from solver.engine.resolve import Warm
from solver.network.columns import IntArray, Network
from solver.proof.branches import lot_floor, lot_next
from solver.proof.certificate import measure
from solver.proof.claims import SharedResources

Bounds = Mapping[int, tuple[int, int]]
"""Least and most of arcs or resources, by their row."""

REMEMBERED = 64
"""Answers that a part keeps: branches ask for most of them again."""

PENALTY = 10**12
"""Paid per unit below a lower bound that nothing can meet, so that the bound there is high."""


@dataclass(frozen=True)
class Answer:
    """A cheapest flow of a part at prices within bounds, and the least it can come to there.

    `cost` is without prices, `used` per resource of the part. Where there is no flow, `flow` is
    empty and `bound` high.
    """

    bound: int
    cost: int
    used: IntArray
    flow: IntArray
    potentials: IntArray | None

    @property
    def key(self) -> tuple[int, bytes]:
        """Equal for answers that are the same plan."""
        return self.cost, self.flow.tobytes()


@dataclass
class Part:
    """One component: its rows in the network, a network of its own, and what it shares.

    `resources` are those that it draws on, ascending; row i says that a unit on its arc
    `row_arc[i]` takes `row_use[i]` of `resources[row_resource[i]]`. Its lots are by its own arcs.
    """

    arcs: IntArray
    nodes: IntArray
    network: Network
    resources: IntArray
    row_arc: IntArray
    row_resource: IntArray
    row_use: IntArray
    lot_arc: IntArray
    lot_least: IntArray
    lot_multiple: IntArray
    solves: int = 0
    _warm: Warm = field(default_factory=Warm)
    _known: dict[tuple[bytes, tuple[tuple[int, tuple[int, int]], ...]], Answer] = field(
        default_factory=dict
    )

    def at(self, prices: IntArray, bounds: Bounds) -> Answer:
        """The answer at prices per resource of the whole, within bounds of its own arcs."""
        own = prices[self.resources]
        key = own.tobytes(), tuple(sorted(bounds.items()))
        if key not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.pop(next(iter(self._known)))
            self._known[key] = self._answer(self.priced(own), bounds)
        return self._known[key]

    def priced(self, own: IntArray) -> Network:
        """Its network with prices per own resource in the costs."""
        cost = self.network.cost.copy()
        np.add.at(cost, self.row_arc, self.row_use * own[self.row_resource])
        return replace(self.network, cost=cost)

    def used(self, flow: IntArray) -> IntArray:
        """What a flow takes of each of its resources."""
        taken = np.zeros(len(self.resources), np.int64)
        np.add.at(taken, self.row_resource, self.row_use * flow[self.row_arc])
        return taken

    def bounded(self, network: Network, bounds: Bounds) -> Network:
        """A network of its arcs within these bounds."""
        if not bounds:
            return network
        lower, capacity = network.lower.copy(), network.capacity.copy()
        for arc, (least, most) in bounds.items():
            lower[arc], capacity[arc] = least, most
        return replace(network, lower=lower, capacity=capacity)

    def cheapest(self, network: Network) -> IntArray | None:
        """A cheapest flow of a network of its arcs, None where there is none."""
        self.solves += 1
        found = self._warm.solve(network)
        return found.flow if found.status == "optimal" else None

    def _answer(self, priced: Network, bounds: Bounds) -> Answer:
        network = self.bounded(priced, bounds)
        flow = self.cheapest(network)
        if flow is None:
            potentials = self._unmet_potentials(network)
            bound = measure(network, network.lower, potentials).bound
            return Answer(bound, 0, np.zeros(0, np.int64), np.zeros(0, np.int64), potentials)
        cost = int(flow.astype(object) @ self.network.cost)
        least = int(flow.astype(object) @ network.cost)
        return Answer(least, cost, self.used(flow), flow, None)

    def potentials(self, prices: IntArray, bounds: Bounds) -> IntArray:
        """Potentials that prove the bound of `at`: the canonical ones where there is a flow."""
        found = self.at(prices, bounds)
        if found.potentials is not None:
            return found.potentials
        network = self.bounded(self.priced(prices[self.resources]), bounds)
        return canonical_potentials(network, found.flow)

    def _unmet_potentials(self, network: Network) -> IntArray:
        """Potentials of the network in which units below a lower bound are paid for instead."""
        rows = np.flatnonzero((network.lower > 0) & (network.lower <= network.capacity))
        span = np.maximum(network.capacity, network.lower) - network.lower
        tail, head = (np.append(end, end[rows]) for end in (network.tail, network.head))
        room = np.append(np.where(network.lower > 0, span, network.capacity), network.lower[rows])
        cost = np.append(network.cost, network.cost[rows] - PENALTY)
        soft = Network(tail, head, np.zeros_like(room), room, cost, network.supply)
        self.solves += 1
        found = Warm().solve(soft)
        if found.status != "optimal":  # not even with nothing asked for: any potentials bound it
            return np.zeros(network.node_count, np.int64)
        return canonical_potentials(soft, found.flow)

    def split_lots(self, flow: IntArray) -> list[int]:
        """The places of the lots that a flow splits."""
        units = flow[self.lot_arc]
        down = lot_floor(self.lot_least, self.lot_multiple, units)
        rows: list[int] = np.flatnonzero(down != units).tolist()
        return rows

    def lot_values(self, lot: int, units: int) -> tuple[int, int]:
        """What a lot allows next below (or at) so many units, and above."""
        row = slice(lot, lot + 1)
        sizes = self.lot_least[row], self.lot_multiple[row], np.array([units])
        return int(lot_floor(*sizes)[0]), int(lot_next(*sizes)[0])


def parts_of(network: Network, shared: SharedResources) -> list[Part]:
    """The components that draw on anything shared or carry lots, in the order of their nodes."""
    whole = shared.whole
    assert whole is not None  # noqa: S101  # the caller's
    first = components(network.node_count, network.tail, network.head)
    of_arc = first[network.tail]
    drawing = shared.use > 0
    joined = np.unique(np.concatenate([of_arc[shared.arc[drawing]], of_arc[whole.lot_arc]]))
    number = np.full(network.node_count, -1, np.int64)
    number[joined] = np.arange(len(joined))
    nodes = _grouped(number[first], len(joined))
    arcs = _grouped(number[of_arc], len(joined))
    rows = _grouped(np.where(drawing, number[of_arc[shared.arc]], -1), len(joined))
    lots = _grouped(number[of_arc[whole.lot_arc]], len(joined))
    own_node, own_arc = np.zeros_like(first), np.zeros(network.arc_count, np.int64)
    found = []
    for node, arc, row, lot in zip(nodes, arcs, rows, lots, strict=True):
        own_node[node], own_arc[arc] = np.arange(len(node)), np.arange(len(arc))
        resources, place = np.unique(shared.resource[row], return_inverse=True)
        own = Network(
            own_node[network.tail[arc]], own_node[network.head[arc]], network.lower[arc],
            network.capacity[arc], network.cost[arc], network.supply[node],
        )  # fmt: skip
        found.append(Part(
            arc, node, own, resources, own_arc[shared.arc[row]], place.reshape(-1),
            shared.use[row], own_arc[whole.lot_arc[lot]], whole.lot_least[lot],
            whole.lot_multiple[lot],
        ))  # fmt: skip
    return found


def _grouped(number: IntArray, count: int) -> list[IntArray]:
    """The rows of each number from 0 on, ascending; -1 is of none."""
    rows = np.flatnonzero(number >= 0)
    order = rows[np.argsort(number[rows], kind="stable")]
    starts = np.searchsorted(number[order], np.arange(count + 1))
    return [order[starts[n] : starts[n + 1]] for n in range(count)]
