"""Small random chains with loads and lots, and their optimum by trying every plan."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from solver.engine.flow import solve
from solver.network.columns import IntArray, Network, bare_network
from solver.proof.branches import lot_floor, steps_cost, steps_of, tightened
from solver.proof.claims import SharedResources, Whole


@dataclass(frozen=True)
class WholeChain:
    """A chain of items that go from one place to another by lanes, or stay; stay costs nothing.

    Node 2 i is where item i is, 2 i + 1 where it is wanted; the arcs `lanes` lead there, then come
    arcs of falling gain from there to the item's sink, and the one of staying.
    """

    network: Network
    shared: SharedResources
    lanes: IntArray
    item_of_lane: IntArray
    gains: tuple[tuple[int, ...], ...]
    supply: tuple[int, ...]

    @property
    def whole(self) -> Whole:
        """What comes whole."""
        assert self.shared.whole is not None
        return self.shared.whole

    def flow(self, units: IntArray) -> IntArray:
        """The flow with so many units on each lane."""
        flow = np.zeros(self.network.arc_count, np.int64)
        flow[self.lanes] = units
        arc = len(self.lanes)
        for item, gains in enumerate(self.gains):
            moved = int(units[self.item_of_lane == item].sum())
            flow[arc : arc + len(gains)] = np.arange(len(gains)) < moved
            flow[arc + len(gains)] = max(0, moved - len(gains))
            flow[arc + len(gains) + 1] = self.supply[item] - moved
            arc += len(gains) + 2
        return flow

    def cost(self, flow: IntArray) -> int | None:
        """What a flow costs with its loads, None where it is no plan."""
        shared, whole = self.shared, self.whole
        used = np.zeros(len(shared.capacity), np.int64)
        np.add.at(used, shared.resource, shared.use * flow[shared.arc])
        if np.any(np.array(steps_of(shared, used)) > whole.most_steps):
            return None
        units = flow[whole.lot_arc]
        if np.any(lot_floor(whole.lot_least, whole.lot_multiple, units) != units):
            return None
        return int(flow @ self.network.cost) + steps_cost(shared, used)

    def free(self) -> IntArray:
        """The cheapest flow where nothing is shared or whole."""
        return solve(self.network).flow

    def optimum(self) -> int:
        """The least cost of all plans, each tried."""
        found = []
        most = self.network.capacity[self.lanes].tolist()
        for units in product(*(range(room + 1) for room in most)):
            row = np.array(units, np.int64)
            moved = np.bincount(self.item_of_lane, row, len(self.supply))
            if np.all(moved <= self.supply):
                cost = self.cost(self.flow(row))
                if cost is not None:
                    found.append(cost)
        return min(found)


def whole_chain(seed: int, *, loads: bool = True, lots: bool = True) -> WholeChain:
    """One to three items, one to three lanes; some lanes go in loads, some items in lots."""
    rng = np.random.default_rng(seed)
    items, lanes = int(rng.integers(1, 4)), int(rng.integers(1, 3))
    tail, head, capacity, cost = [], [], [], []
    rows, item_of_lane, gains, supply = [], [], [], []
    sink = 2 * items
    for item in range(items):
        supply.append(int(rng.integers(1, 6)))
        for lane in range(lanes):
            rows.append((len(tail), lane, int(rng.integers(1, 4))))
            item_of_lane.append(item)
            tail.append(2 * item)
            head.append(2 * item + 1)
            capacity.append(int(rng.integers(1, 5)))
            cost.append(int(rng.integers(0, 8)))
    for item in range(items):
        own = sorted(-int(g) for g in rng.integers(0, 40, int(rng.integers(1, 5))))
        gains.append(tuple(own))
        for gain in [*own, 0]:
            tail.append(2 * item + 1)
            head.append(sink + item)
            capacity.append(1)
            cost.append(gain)
        capacity[-1] = 99
        tail.append(2 * item)
        head.append(sink + item)
        capacity.append(99)
        cost.append(0)
    whole_supply = [0] * (3 * items)
    for item, units in enumerate(supply):
        whole_supply[2 * item], whole_supply[sink + item] = units, -units
    network = bare_network(tail, head, capacity, cost, whole_supply)
    arc, resource, use = (np.array(c, np.int64) for c in zip(*rows, strict=True))
    plain = rng.random(lanes) < (0.3 if loads else 1.0)
    size = rng.integers(2, 8, lanes)
    step_cost = np.where(plain, 0, rng.integers(1, 60, lanes))
    least = plain.astype(np.int64)
    most = np.where(plain, 1, rng.integers(0, 4, lanes))
    in_lots = np.flatnonzero(rng.random(len(rows)) < (0.5 if lots else 0.0))
    whole = Whole(step_cost, least, most, in_lots, rng.integers(0, 4, len(in_lots)),
                  rng.integers(1, 4, len(in_lots)))  # fmt: skip
    shared = SharedResources(arc, resource, use, size, whole)
    return WholeChain(tightened(network, whole), shared, arc, np.array(item_of_lane, np.int64),
                      tuple(gains), tuple(supply))  # fmt: skip
