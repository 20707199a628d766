"""Loads and lots come whole: branch and bound over prices of what items share (decision 0016)."""

from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np

from ontology.errors import SolverError
from solver.integral.master import FloatArray, Master, Mix, Steps
from solver.integral.parts import Bounds, Part, parts_of
from solver.integral.plans import Flows, Plans
from solver.network.columns import IntArray, Network
from solver.network.ranges import exact_dot
from solver.proof.branches import MOST_LEAVES, least_of_steps
from solver.proof.claims import SharedResources, Whole

MOST_TURNS = 60
"""Times that prices are corrected at the root; a quarter of it in every other branch."""


PATIENCE = 10
"""A gap within the target is good enough once one part in so many of the work is done."""

PLANS_SHARE = 3
"""One part in so many of the work is spent on plans at the root, before anything is split."""

PRICE_RANGE = 10**13
"""Most that the price of what one unit takes may come to."""

NEAR = 1e-6
"""Shares this close to a whole number are one."""


@dataclass
class Node:
    """All plans within some bounds: what they cost at least, and the prices that prove it.

    `split` is (1, arc, most) or (2, resource, most) where `below` and `above` part its plans.
    """

    arcs: dict[int, tuple[int, int]]
    steps: dict[int, tuple[int, int]]
    prices: IntArray
    bound: int
    empty: bool = False
    mix: Mix | None = None
    split: tuple[int, int, int] | None = None
    halves: tuple["Node", "Node"] | None = None


@dataclass(frozen=True)
class WholePlan:
    """The best plan found, the tree that bounds every plan, and the part solves that it took.

    `flow` is empty where no plan was found.
    """

    flow: IntArray
    root: Node
    bound: int
    solves: int


class Search:
    """Branch and bound: a bound is exact at whole prices, prices come from a master programme.

    Best bound first; equal bounds in the order of their making. Work is counted in solves of
    parts, so equal input gives equal bytes.
    """

    def __init__(
        self, network: Network, shared: SharedResources, free: IntArray, idle: IntArray | None,
        target_per_million: int, work_limit: int,
    ) -> None:  # fmt: skip
        """`free` is a cheapest flow where nothing is shared or whole, `idle` one that may be."""
        self.network, self.shared, self._free = network, shared, free
        assert shared.whole is not None  # noqa: S101  # the caller's
        self.whole: Whole = shared.whole
        self.parts = parts_of(network, shared)
        self._target, self._limit = target_per_million, work_limit
        joined = np.concatenate([np.zeros(0, np.int64), *(part.arcs for part in self.parts)])
        apart = np.ones(network.arc_count, np.bool_)
        apart[joined] = False
        self._quiet = exact_dot(network.cost[apart], free[apart])
        self._part_of = np.full(network.arc_count, -1, np.int64)
        self._place = np.full(network.arc_count, -1, np.int64)
        for row, part in enumerate(self.parts):
            self._part_of[part.arcs], self._place[part.arcs] = row, np.arange(len(part.arcs))
        most_use = np.ones(len(shared.capacity), np.int64)
        np.maximum.at(most_use, shared.resource, shared.use)
        self._price_limit = PRICE_RANGE // most_use
        self.best: Flows | None = None
        self.cost: int | None = None
        self._idle = None if idle is None else [idle[part.arcs] for part in self.parts]
        if self._idle is not None:
            self._offer(self._idle)

    @property
    def solves(self) -> int:
        """Solves of parts so far."""
        return sum(part.solves for part in self.parts)

    def run(self, start_prices: IntArray | None = None) -> WholePlan:
        """The search, until nothing can be cheaper, or the work is done."""
        start = np.zeros(len(self.shared.capacity), np.int64)
        loads = self.whole.most_steps > self.whole.least_steps
        start[loads] = (self.whole.step_cost // np.maximum(1, self.shared.capacity))[loads]
        start = np.minimum(start if start_prices is None else start_prices, self._price_limit)
        self._master = Master(self.parts, self._all_steps(), self._spread())
        root = Node({}, {}, start, -(2**200))
        self._bound(root, MOST_TURNS)
        self._plan(root, max(1, self._limit // PLANS_SHARE))
        queue, made = [(root.bound, 0, root)], 0
        count = 1
        while queue and count < MOST_LEAVES and not self._done(queue[0][0]):
            node = heappop(queue)[2]
            node.split = self._split(node)
            if node.split is None:
                continue  # its bound stands as it is
            node.halves = self._halves(node)
            count += 1
            for half in node.halves:
                self._bound(half, MOST_TURNS // 4)
                self._mixed_plan(half)
                made += 1
                if not half.empty and (self.cost is None or half.bound < self.cost):
                    heappush(queue, (half.bound, made, half))
            if made.bit_count() == 1:  # the 2nd, 4th, 8th, ...
                self._plan(node.halves[0], self.solves + self._limit // 20)
            node.mix = None
        bound = least_bound(root)
        flow = np.zeros(0, np.int64)
        if self.best is not None:
            flow = self._free.copy()
            for part, own in zip(self.parts, self.best, strict=True):
                flow[part.arcs] = own
        return WholePlan(flow, root, bound, self.solves)

    def bounds_of(self, node: Node) -> list[Bounds]:
        """The bounds of a branch on the arcs of each part."""
        found: list[dict[int, tuple[int, int]]] = [{} for _ in self.parts]
        for arc, pair in node.arcs.items():
            found[int(self._part_of[arc])][int(self._place[arc])] = pair
        return list(found)

    def _done(self, bound: int) -> bool:
        if self.solves >= self._limit:
            return True
        if self.cost is None:
            return False
        gap = self.cost - bound
        near = gap * 1_000_000 <= self._target * max(1, abs(self.cost))
        return gap <= 0 or (near and self.solves * PATIENCE >= self._limit)

    def _steps(self, node: Node) -> Steps:
        least, most = self.whole.least_steps.copy(), self.whole.most_steps.copy()
        for row, (low, high) in node.steps.items():
            least[row], most[row] = low, high
        return Steps(self.shared.capacity, self.whole.step_cost, least, most)

    def _bound(self, node: Node, turns: int) -> None:
        """Raise the bound of a branch: prices from the mix of what is known, flows at prices."""
        steps, bounds = self._steps(node), self.bounds_of(node)
        prices, tried = node.prices, set[bytes]()
        first = True
        for _ in range(turns):
            tried.add(prices.tobytes())
            answers = [part.at(prices, own) for part, own in zip(self.parts, bounds, strict=True)]
            bound = self._quiet + sum(answer.bound for answer in answers)
            bound += least_of_steps(self._narrowed(steps), prices)
            if first or bound > node.bound:
                node.bound, node.prices, first = bound, prices, False
            if any(not len(answer.flow) for answer in answers):
                node.empty = True
                return
            self._offer([answer.flow for answer in answers])
            fresh = [self._master.add(row, answer) for row, answer in enumerate(answers)]
            if (node.mix is not None and not any(fresh)) or self._closed(node) or self._spent():
                break
            node.mix = self._master.mixed(steps, bounds, self._ceiling(node.bound))
            prices = np.minimum(np.rint(node.mix.prices).astype(np.int64), self._price_limit)
            if node.mix.cost <= node.bound + 0.5 or prices.tobytes() in tried:
                break

    def _closed(self, node: Node) -> bool:
        return self.cost is not None and node.bound >= self.cost

    def _spent(self) -> bool:
        return self.solves >= self._limit

    def _narrowed(self, steps: Steps) -> SharedResources:
        shared, whole = self.shared, self.whole
        bounded = Whole(whole.step_cost, steps.least, steps.most, whole.lot_arc, whole.lot_least,
                        whole.lot_multiple)  # fmt: skip
        return SharedResources(shared.arc, shared.resource, shared.use, shared.capacity, bounded)

    def _ceiling(self, bound: int) -> IntArray:
        """A price per unit at which nobody takes more than there is, if that can be helped.

        All that any plan can gain on the best known one is less than the room up to its cost.
        """
        if self.cost is None:
            return self._price_limit
        least = self._quiet + self._master.least_cost()
        room = 2 * max(1, self.cost - min(bound, least))
        return np.minimum(room, self._price_limit)

    def _offer(self, flows: Flows) -> None:
        """Take a plan where it is one, and the cheapest so far."""
        cost = Plans(self.parts, self._all_steps(), 0).cost(flows)
        if cost is None:
            return
        cost += self._quiet
        if self.cost is None or cost < self.cost:
            self.best, self.cost = list(flows), cost

    def _spread(self) -> int:
        """About how much plans differ in cost."""
        loads = int(self.whole.step_cost.max(initial=0))
        if self.cost is None:
            return max(loads, exact_dot(np.abs(self.network.cost), self._free))
        return max(loads, self.cost - exact_dot(self.network.cost, self._free))

    def _all_steps(self) -> Steps:
        whole = self.whole
        return Steps(self.shared.capacity, whole.step_cost, whole.least_steps, whole.most_steps)

    def _plan(self, node: Node, most_solves: int) -> None:
        """Whole plans from what a branch would like."""
        plans = Plans(self.parts, self._all_steps(), most_solves, self._idle)
        wishes = [[part.at(node.prices, own).flow for part, own in
                   zip(self.parts, self.bounds_of(node), strict=True)]]  # fmt: skip
        if node.mix is not None:
            wishes.append([max(own, key=lambda one: one[0])[1].flow for own in node.mix.shares])
        if self.best is not None:
            wishes.append(self.best)
        for wish in wishes:
            if all(len(flow) for flow in wish):
                made = plans.made(wish)
                if made is not None:
                    self._offer(made)

    def _mixed_plan(self, node: Node) -> None:
        """The mix itself, where it is whole."""
        if node.mix is None or node.empty:
            return
        units = node.mix.units(self.parts)
        flows = [np.rint(own).astype(np.int64) for own in units]
        near = all(np.all(np.abs(own - flow) < NEAR)
                   for own, flow in zip(units, flows, strict=True))  # fmt: skip
        if near:
            self._offer(flows)

    def _halves(self, node: Node) -> tuple[Node, Node]:
        assert node.split is not None  # noqa: S101  # the caller's
        kind, subject, at = node.split
        if kind == 1:
            low, high = node.arcs.get(
                subject, (int(self.network.lower[subject]), int(self.network.capacity[subject]))
            )
            above = self._next(subject, at)
            first, second = (
                Node(node.arcs | {subject: pair}, node.steps, node.prices, node.bound)
                for pair in ((low, at), (above, high))
            )
            return first, second
        low, high = node.steps.get(
            subject, (int(self.whole.least_steps[subject]), int(self.whole.most_steps[subject]))
        )
        first, second = (
            Node(node.arcs, node.steps | {subject: pair}, node.prices, node.bound)
            for pair in ((low, at), (at + 1, high))
        )
        return first, second

    def _next(self, arc: int, at: int) -> int:
        """The least number above `at` that an arc may carry."""
        part = self.parts[int(self._part_of[arc])]
        lots = np.flatnonzero(part.lot_arc == self._place[arc]).tolist()
        return part.lot_values(lots[0], at)[1] if lots else at + 1

    def _split(self, node: Node) -> tuple[int, int, int] | None:
        """What to split a branch at: loads first, then lots, then units of what is shared."""
        if node.empty or node.mix is None:
            return None
        steps = self._steps(node)
        units = node.mix.units(self.parts)
        return (
            _split_load(steps, node.mix)
            or self._split_lot(units)
            or self._split_unit(units)
            or _split_priced(steps, node)
            or self._split_at_price(node, units)
        )

    def _split_lot(self, units: list[FloatArray]) -> tuple[int, int, int] | None:
        best: tuple[float, int, int] | None = None
        for part, own in zip(self.parts, units, strict=True):
            for lot, place in enumerate(part.lot_arc.tolist()):
                x = float(own[place])
                down, up = part.lot_values(lot, int(x + NEAR))
                arc = int(part.arcs[place])
                away = min(x - down, up - x)
                if away > NEAR and (best is None or away > best[0]):
                    best = away, arc, down
        return None if best is None else (1, best[1], best[2])

    def _split_unit(self, units: list[FloatArray]) -> tuple[int, int, int] | None:
        best: tuple[float, int, int] | None = None
        for part, own in zip(self.parts, units, strict=True):
            away = np.abs(own - np.rint(own))
            place = int(np.argmax(away))
            if away[place] > NEAR and (best is None or away[place] > best[0]):
                best = float(away[place]), int(part.arcs[place]), int(np.floor(own[place]))
        return None if best is None else (1, best[1], best[2])

    def _split_at_price(self, node: Node, units: list[FloatArray]) -> tuple[int, int, int] | None:
        """An arc that pays for what is shared, at what it carries: the dearest use first."""
        assert node.mix is not None  # noqa: S101  # the caller's
        best: tuple[float, int, int] | None = None
        for part, own in zip(self.parts, units, strict=True):
            paid = part.row_use * node.mix.prices[part.resources][part.row_resource]
            for place, price in zip(part.row_arc.tolist(), paid.tolist(), strict=True):
                arc = int(part.arcs[place])
                low, high = node.arcs.get(
                    arc, (int(self.network.lower[arc]), int(self.network.capacity[arc]))
                )
                if price > NEAR and low < high and (best is None or price > best[0]):
                    at = int(np.rint(own[place]))
                    best = price, arc, at if at < high else self._below(part, place, at)
        return None if best is None else (1, best[1], best[2])

    def _below(self, part: Part, place: int, units: int) -> int:
        """The greatest number below `units` that an arc may carry."""
        lots = np.flatnonzero(part.lot_arc == place).tolist()
        return part.lot_values(lots[0], units - 1)[0] if lots else units - 1


def _split_load(steps: Steps, mix: Mix) -> tuple[int, int, int] | None:
    """The load whose part beyond whole ones costs most."""
    size = np.maximum(1, steps.size)
    counts = mix.used / size
    down = np.floor(counts + NEAR)
    over = counts - down
    worth = np.where((over > NEAR) & (down >= steps.least) & (down < steps.most),
                     steps.cost * over * (1 - over), -1.0)  # fmt: skip
    row = int(np.argmax(worth)) if len(worth) else 0
    return (2, row, int(down[row])) if len(worth) and worth[row] >= 0 else None


def _split_priced(steps: Steps, node: Node) -> tuple[int, int, int] | None:
    """A load with a price whose number is open: once it is known, no price is rounded."""
    assert node.mix is not None  # noqa: S101  # the caller's
    counts = np.rint(node.mix.used / np.maximum(1, steps.size)).astype(np.int64)
    rows = np.flatnonzero((node.mix.prices > NEAR) & (steps.least < steps.most))
    for row in rows.tolist():
        # more than the most may be used, where no mix fits: a split there has an empty half
        at = max(int(steps.least[row]), min(int(counts[row]), int(steps.most[row]) - 1))
        return 2, row, at
    return None


def least_bound(root: Node) -> int:
    """What no plan costs less than: the least bound of the leaves."""
    stack, found = [root], None
    while stack:
        node = stack.pop()
        if node.halves is not None:
            stack.extend(node.halves)
        elif found is None or node.bound < found:
            found = node.bound
    assert found is not None  # noqa: S101  # a tree has a leaf
    return found


def solve_whole(
    network: Network, shared: SharedResources, free: IntArray, idle: IntArray | None,
    start_prices: IntArray | None = None, *, target_per_million: int = 1_000,
    work_limit: int = 5_000,
) -> tuple[Search, WholePlan]:  # fmt: skip
    """A cheap plan that splits no lot and pays for whole loads, and a tree that bounds all plans.

    `free` is a cheapest flow where nothing is shared or whole, `idle` one that may be, if any is
    known. Arcs of lots must have bounds that their lots allow (`tightened`). Work is counted in
    solves of parts; a gap of `target_per_million` of the cost ends the search once a tenth of it
    is done. The plan is the best one found, the bound holds wherever the search ends.

    Raises SolverError `NO_PLAN` where none was found.
    """
    search = Search(network, shared, free, idle, target_per_million, work_limit)
    found = search.run(start_prices)
    if not len(found.flow):
        raise SolverError(
            "no plan keeps to whole lots and loads", code="NO_PLAN",
            hint="take back edits that split a lot, or ask for more loads than there are",
        )  # fmt: skip
    return search, found
