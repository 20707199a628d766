"""From prices to a bound to a plan and again, until they meet or the work is done."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from solver.coupled.blend import blend
from solver.coupled.core import core_of
from solver.coupled.engines import ItemEngines
from solver.coupled.items import FloatArray, Items, add_use, total_cost
from solver.coupled.plans import Draft
from solver.coupled.prices import FirstOrder, Start
from solver.coupled.rounding import exceeded, with_rows
from solver.network.columns import IntArray
from solver.network.names import mixed
from solver.network.ranges import exact_dot

BoolArray = npt.NDArray[np.bool_]

MILLION = 1_000_000

BLOCK = 200
"""Iterations between two bounds."""

SHARES = (0.98, 0.9, 0.5, 0.0)
"""Shares of the prices at which items go downhill, pass by pass: after the last, at true cost."""

READY = 0.65
"""A plan is tried when what the fractional flow overdraws and leaves unsold, at its prices, is
within this share of the target gap: measured, whole plans are a quarter to a third worse."""

SETTLED = 0.03
"""Or when a block has raised the bound by less than this share of the target gap."""

SPACINGS = ((1.6, 1.1), (4.0, 1.2), (float("inf"), 1.5))
"""With the gap at so many times its target, the next plan is tried after at least so many times
the iterations of the last."""

ROUNDINGS = 4
"""How often capacities are rounded for whole units before the first plan is tried."""

HOPELESS = 1.35
"""A plan this many times the target gap away after two passes is not worth the others."""

REPAIRS = 8
"""Passes more for a plan that overdraws a resource."""

PATIENCE, FEW = 2, 60
"""Plans tried without progress before the best one is shaken; one of so few items: what keeps
their gap open is whole units, and better prices do not help."""

PROGRESS = 0.95
"""What the gap must fall to, times what it was, to count as progress."""

WORTH = 0.01
"""After that, blocks go on while each closes this share of the gap."""

SHAKES, FEWEST_SHAKES = 2_000, 20
"""How often the best plan is shaken: the first by the number of active items, or the second."""

IN_VAIN, MOST_SHAKES = 8, 100
"""How often in vain in a row at most; and beyond those above, up to how often while the last so
many closed `WORTH` of the gap."""

EASING = (0.9, 0.5)
"""Shares of those prices at which a shaken plan goes on downhill, before true cost."""

LEAST_SHARE, MOST_SHARE = 0.5, 1.02
"""Between these shares of its price a resource may cost while a plan is shaken."""

Ending = Literal["target", "work_limit", "stalled", "wider"]


class Search:
    """The best prices, with their exact bound, and the best plan that were found so far.

    `items` gain rounded rows (`rounding.py`), one per column (resource, divisor) of `rounded`, as
    resources after those that were given; at most `roundings` times.
    `free` is a cheapest flow of every item by itself. Items that are not active keep it: where
    they use nothing that is priced it stays their cheapest flow, and costs nothing to know.
    """

    def __init__(
        self, items: Items, free: IntArray, target_per_million: int, work_limit: int, threads: int,
        roundings: int = 0,
    ) -> None:  # fmt: skip
        self.engines = ItemEngines(items)
        self.rounded = np.zeros((2, 0), np.int64)
        self._roundings = roundings
        self.iterations = 0
        self.prices = np.zeros(len(items.capacity), np.int64)
        self.bound: int | None = None
        self.plan: IntArray | None = None
        self.cost: int | None = None
        self.items, self._free, self._threads = items, free, threads
        self._target, self._limit = target_per_million, work_limit
        each = map(items.of_arcs, _all(items))
        self._parts = [exact_dot(items.cost[own], free[own]) for own in each]
        self._free_cost = sum(self._parts)
        self._free_use = _used_freely(items, free)
        # no plan at all costs more: a bound beyond it shows that there is none
        self._most = exact_dot(items.cost, items.span) + items.offset
        self._turn = 0

    def gap_per_million(self) -> float:
        """The certified gap, infinite without a plan."""
        if self.cost is None or self.bound is None:
            return float("inf")
        return MILLION * (self.cost - self.bound) / max(1, abs(self.cost))

    def reached(self) -> bool:
        """Whether the gap is within the target."""
        return self.gap_per_million() <= self._target

    def run(self, active: IntArray, prices: IntArray) -> Ending:
        """Search with these items active until the target, the work limit or a standstill.

        It starts from these prices and the items' cheapest flows and potentials at them.
        """
        items = self.items
        left = self._left(active)
        if len(active) == items.count:
            self._free = self._free[:0].copy()  # no item keeps it
        method = FirstOrder(items, active, left, self.start(active, prices), self._threads)
        tried, idle, best = 0, 0, self.gap_per_million()
        while True:
            ending = self._until_due(active, left, method, tried)
            if ending is not None:
                return ending
            last = self.iterations >= self._limit
            if not last and (wider := self._round(active, left, method)) is not None:
                method, left = wider, self._left(active)
                continue
            tried = method.iterations
            self._try(active, left, method)
            if self.reached():
                return "target"
            if last:
                return "work_limit"
            idle = 0 if self.gap_per_million() < PROGRESS * best else idle + 1
            best = min(best, self.gap_per_million())
            if idle >= (PATIENCE if len(active) > FEW else 1):
                self._shake(active, left, method.prices)
                return self._last_prices(active, method)

    def _until_due(
        self, active: IntArray, left: IntArray, method: FirstOrder, tried: int
    ) -> Ending | None:
        """Blocks of iterations until a plan is due, None, or there is no need of one."""
        while True:
            before = self.bound
            value = self._block(active, method)
            if self.reached():
                return "target"
            if value > self._most:
                return "stalled"
            if self.iterations >= self._limit:
                return None
            if method.iterations >= self._spacing() * tried and (
                self._settled(before, value) or self._ready(active, left, method)
            ):
                more = len(self.paying(active, self.prices > 0)) > len(active)
                return "wider" if more else None

    def _block(self, active: IntArray, method: FirstOrder) -> int:
        """So many iterations, and the bound at the prices that they lead to."""
        block = min(BLOCK, self._limit - self.iterations)
        method.run(block)
        self.iterations += block
        return self.price(active, method.prices)

    def _round(self, active: IntArray, left: IntArray, method: FirstOrder) -> FirstOrder | None:
        """Add the rounded rows that the fractional flow exceeds; None where there is no new one."""
        if not self._roundings:
            return None
        self._roundings -= 1
        given = len(self.prices) - self.rounded.shape[1]
        divisors = exceeded(self.items, active, method.flow(), left)[:given]
        known = set(zip(*self.rounded.tolist(), strict=True))
        new = [pair for pair in enumerate(divisors.tolist()) if pair[1] and pair not in known]
        if not new:
            return None
        rows = np.array(new, np.int64).T
        self.items = with_rows(self.items, *rows)
        self.engines.widen(self.items)
        if len(self._free):
            self._free_use = _used_freely(self.items, self._free)
        self.rounded = np.concatenate([self.rounded, rows], axis=1)
        self.prices = np.append(self.prices, np.zeros(len(new), np.int64))
        return method.widened(self.items, active, self._left(active))

    def _last_prices(self, active: IntArray, method: FirstOrder) -> Ending:
        """Raise the bound alone while a block closes enough of the gap."""
        while not self.reached():
            before, gap = self.bound, self.gap_per_million()
            if before is None or self.cost is None or self.iterations >= self._limit:
                return "stalled"
            self._block(active, method)
            if not self.gap_per_million() < (1 - WORTH) * gap:
                return "target" if self.reached() else "stalled"
        return "target"

    def price(self, active: IntArray, prices: FloatArray) -> int:
        """The exact bound at prices rounded to whole numbers >= 0; the best one is kept."""
        limit = self.items.price_limit
        whole = np.rint(np.clip(prices, 0, limit)).astype(np.int64)
        value = self.exact_bound(active, whole)
        if self.bound is None or value > self.bound:
            self.bound, self.prices = value, whole
        return value

    def exact_bound(self, active: IntArray, prices: IntArray) -> int:
        """Sum of every item's least cost at these prices - prices . capacity."""
        items = self.items
        total = items.offset + self._free_cost - exact_dot(prices, items.capacity)
        for item in self.paying(active, prices > 0).tolist():
            total += self.engines.bound_part(item, prices)[0] - self._parts[item]
        return total

    def paying(self, active: IntArray, priced: BoolArray) -> IntArray:
        """The active items, and those whose free flow uses what has a price."""
        chosen = np.zeros(self.items.count, np.bool_)
        chosen[active] = True
        users, resources = self._free_use
        chosen[users[priced[resources]]] = True
        return np.flatnonzero(chosen)

    def _fixed(self, active: IntArray) -> IntArray:
        """The free flow, with nothing on active items."""
        if len(active) == self.items.count:
            return np.zeros_like(self.items.cost)
        flow = self._free.copy()
        for item in active.tolist():
            flow[self.items.of_arcs(item)] = 0
        return flow

    def _left(self, active: IntArray) -> IntArray:
        """What the items that are not active leave of every resource."""
        items, left = self.items, self.items.capacity.copy()
        for item in np.setdiff1d(_all(items), active).tolist():
            structure, own = items.structure(item), items.of_arcs(item)
            add_use(
                left, structure.row_resource, structure.row_arc,
                items.use[items.of_rows(item)], -self._free[own],
            )  # fmt: skip
        return left

    def start(self, active: IntArray, prices: IntArray) -> Start:
        """The exact bound at these prices, and what goes with it to start from."""
        items, flow = self.items, np.zeros(len(self.items.cost), np.int64)
        level = np.zeros(len(items.supply), np.int64)
        self.price(active, prices.astype(np.float64))
        for item in active.tolist():
            flow[items.of_arcs(item)] = self.engines.bound_part(item, prices)[1]
            level[items.of_nodes(item)] = self.engines.potentials(item)
        return Start(prices, flow, level)

    def _settled(self, before: int | None, value: int) -> bool:
        least = SETTLED * self._target / MILLION * abs(value)
        return before is not None and 0 <= value - before <= least

    def _ready(self, active: IntArray, left: IntArray, method: FirstOrder) -> bool:
        """Whether the fractional flow is near enough to what whole plans can be made of."""
        items, prices, flow = self.items, method.prices, method.flow()
        rest = left.astype(np.float64)
        for item in active.tolist():
            structure, own = items.structure(item), items.of_arcs(item)
            add_use(
                rest, structure.row_resource, structure.row_arc, items.use[items.of_rows(item)],
                -flow[own].astype(np.float64),
            )  # fmt: skip
        # not `@`: BLAS may add up in an order of its own
        loose = float((np.abs(rest) * prices).sum())
        return loose <= READY * self._target / MILLION * abs(self.bound or 0)

    def _spacing(self) -> float:
        times = self.gap_per_million() / max(1, self._target)
        return next(spacing for most, spacing in SPACINGS if times <= most)

    def _try(self, active: IntArray, left: IntArray, method: FirstOrder) -> None:
        """Round, then go downhill, and keep every plan that is the best so far."""
        draft = Draft(self.items, self.engines, self._fixed(active), left)
        prices = method.prices
        draft.round(active, method.flow(), prices)
        for place, share in enumerate(SHARES):
            draft.descend(self._order(active), prices, share)
            gap = self._keep(draft)
            if self.reached() or (place == 1 and HOPELESS * self._target < gap < np.inf):
                return
        for _ in range(REPAIRS):
            if not draft.overdraft():
                return
            draft.descend(self._order(active), prices, 0.0)
            self._keep(draft)

    def _shake(self, active: IntArray, left: IntArray, prices: FloatArray) -> bool:
        """Send the best plan downhill at prices out of tune, then at true cost, again and again.

        Where whole units keep the gap open, no single item can move alone; with every resource at
        another share of its price some let go of what others then take up. What that gains is
        blended into the plan, circle by circle. Returns whether that reached the target.
        """
        if self.plan is None or self.cost is None or not self.items.narrow:
            return False  # costs of circles add up in int64
        core = core_of(self.items, self.engines, active, self.prices, self.plan, left)
        engines, every = ItemEngines(core, repairs=True), np.arange(core.count)
        best = Draft(core, engines, self.plan[core.arcs], left)
        best.take()
        vain, gaps, enough = 0, [self.gap_per_million()], max(FEWEST_SHAKES, SHAKES // core.count)
        for done in range(1, max(enough, MOST_SHAKES) + 1):
            before, shaken = total_cost(core, best.flow), best.copy()
            out_of_tune = prices * self._shares(len(prices))
            for share in (1.0, *EASING, 0.0):
                shaken.descend(self._order(every), out_of_tune, share)
            if not shaken.overdraft():
                best.flow = blend(core, best.flow, shaken.flow, best.left)
            gained = before - total_cost(core, best.flow)
            self.cost -= gained
            vain = 0 if gained else vain + 1
            gaps.append(self.gap_per_million())
            worth = done < enough or gaps[-1] < (1 - WORTH) * gaps[-1 - IN_VAIN :][0]
            if self.reached() or vain >= IN_VAIN or not worth:
                break
        self.plan[core.arcs] = best.flow
        self.engines.calls += engines.calls
        return self.reached()

    def _shares(self, count: int) -> FloatArray:
        """One share per resource, as good as random and the same in every run."""
        self._turn += 1
        turn = np.full(count, self._turn, np.uint64)
        uniform = (mixed(np.arange(count, dtype=np.uint64), turn) >> np.uint64(11)) / 2.0**53
        shares: FloatArray = LEAST_SHARE + (MOST_SHARE - LEAST_SHARE) * uniform
        return shares

    def _keep(self, draft: Draft) -> float:
        """The draft's gap per million, infinite where it overdraws; the cheapest is kept."""
        if draft.overdraft() or self.bound is None:
            return float("inf")
        cost = total_cost(self.items, draft.flow)
        if self.cost is None or cost < self.cost:
            self.cost = cost
            if self.reached() or self.plan is None:  # then the draft goes no further
                self.plan = draft.flow if self.reached() else draft.flow.copy()
            else:
                self.plan[:] = draft.flow
        return MILLION * (cost - self.bound) / max(1, abs(cost))

    def _order(self, active: IntArray) -> IntArray:
        """The items in an order that changes from pass to pass and depends on nothing else."""
        self._turn += 1
        turn = np.full(len(active), self._turn, np.uint64)
        ordered: IntArray = active[np.argsort(mixed(active.astype(np.uint64), turn), kind="stable")]
        return ordered


def _all(items: Items) -> IntArray:
    return np.arange(items.count)


def _used_freely(items: Items, free: IntArray) -> tuple[IntArray, IntArray]:
    """Which item takes which resource where each has its free flow."""
    users, taken = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for item in range(items.count):
        structure, flow = items.structure(item), free[items.of_arcs(item)]
        rows = (flow[structure.row_arc] > 0) & (items.use[items.of_rows(item)] > 0)
        resources = np.unique(structure.row_resource[rows])
        users.append(np.full(len(resources), item))
        taken.append(resources)
    return np.concatenate(users), np.concatenate(taken)
