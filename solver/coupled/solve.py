"""Many items on shared capacity: a whole plan, prices, and an exact bound that they prove."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ontology.errors import SolverError
from solver.coupled.engines import ItemEngines
from solver.coupled.items import Items, add_prices, items_of, used_of
from solver.coupled.polish import polish
from solver.coupled.prices import FirstOrder
from solver.coupled.search import BLOCK, ROUNDINGS, BoolArray, Search
from solver.engine.flow import Solution, solve, unmet
from solver.engine.potentials import canonical_potentials
from solver.network.columns import IntArray, Network
from solver.proof.certificate import measure
from solver.proof.claims import SharedResources
from solver.proof.rounded import Rounded, with_rounded

Stop = Literal["free", "target", "work_limit", "stalled", "no_plan", "infeasible"]

WORK_LIMIT = 20_000
"""Iterations of the first-order method, all together, where no other limit is given."""

MOST_ACTIVE = 0.7
"""Where more of the items take part than this share, all do."""

PROOF_BLOCKS = 10
"""Blocks of iterations spent on a proof that no plan exists."""

PROOF_PRICE = 10**6
"""The largest price of such a proof."""


@dataclass(frozen=True)
class CoupledPlan:
    """What was found, why the search stopped, and the work that it took.

    `free`: no capacity is in the way, all prices are 0 and the flow is the cheapest of all;
    `target`, `work_limit`, `stalled`: a plan within capacity, and how far it is from the bound;
    `no_plan`: none was found (flow is empty, cost None), the bound holds all the same;
    `infeasible`: none exists. Then, for costs of 0, prices and potentials prove a bound > 0; or,
    where they are empty, some item has no flow even by itself.
    """

    stop: Stop
    flow: IntArray
    prices: IntArray
    potentials: IntArray
    bound: int
    cost: int | None
    iterations: int = 0
    solves: int = 0
    rounded: Rounded | None = None

    @property
    def gap(self) -> int | None:
        """Cost - bound, None without a plan."""
        return None if self.cost is None else self.cost - self.bound


def solve_coupled(
    network: Network,
    block_of_node: IntArray,
    shared: SharedResources,
    *,
    target_per_million: int = 1_000,
    work_limit: int = WORK_LIMIT,
    start_prices: IntArray | None = None,
    threads: int = 1,
    alone: Solution | None = None,
    round_rows: bool = True,
) -> CoupledPlan:
    """A cheap plan of all items within what they share, with prices that prove how cheap.

    `network` holds all items, `block_of_node` the number of every node's item (0 ..), and no arc
    joins two; `shared` says what arcs take of which capacity. The search ends when the gap is at
    most `target_per_million` of the cost. Prices are whole numbers >= 0 per unit of capacity, the
    potentials canonical at these prices: `certificate.check` takes flow, potentials and prices.

    First every item is solved by itself: where that fits, it is the answer. Else prices come from
    a first-order method, bounds from exact flows at whole prices, plans from rounding and going
    downhill (docs/decisions/0013). Only items that use what is short, or has a price, take part.
    Work is counted in iterations; same input, same bytes, whatever the number of threads.
    From `start_prices` on a plan is looked for, and its bound is not polished.
    `alone` is the network's cheapest flow without what it shares, where that is known already.

    Raises SolverError `NETWORK_MALFORMED`, `NEGATIVE_CYCLE`, `COST_RANGE`, `FLOW_RANGE`, and
    those of `flow.solve`.
    """
    _check_rows(network, shared, start_prices)
    alone = alone or solve(network)
    if alone.objective is None:
        return CoupledPlan("infeasible", alone.flow, alone.flow, alone.flow, 0, None)
    used = used_of(shared, alone.flow)
    if not np.any(used > shared.capacity):
        potentials = canonical_potentials(network, alone.flow, alone.potentials)
        prices = np.zeros(len(shared.capacity), np.int64)
        cost = alone.objective
        return CoupledPlan("free", alone.flow, prices, potentials, cost, cost)
    items = items_of(network, block_of_node, shared)
    free = _free_flow(network, items, alone.flow)
    roundings = ROUNDINGS if round_rows else 0
    search = Search(items, free, target_per_million, work_limit, threads, roundings)
    del alone, free  # a column of a large network takes a hundred megabytes
    stop = _widening(search, used > shared.capacity, start_prices)
    del items  # the search has those with rounded rows
    if start_prices is None:
        polish(search, search.items)
    if search.cost is None:
        proof = _no_plan_proof(network, items_of(network, block_of_node, shared), shared, threads)
        if proof is not None:
            return replace(proof, iterations=search.iterations, solves=search.engines.calls)
    plan = _drawn_up(network, shared, search, stop)
    del search
    return _proved(network, shared, plan)


def _check_rows(network: Network, shared: SharedResources, start_prices: IntArray | None) -> None:
    """Raise SolverError `NETWORK_MALFORMED` for rows that do not fit the network."""
    rows, resources = len(shared.arc), len(shared.capacity)
    sound = (
        all(len(column) == rows for column in (shared.resource, shared.use))
        and not np.any((shared.arc < 0) | (shared.arc >= network.arc_count))
        and not np.any((shared.resource < 0) | (shared.resource >= resources))
        and not np.any(shared.use < 0)
    )
    if not sound:
        raise SolverError("rows of shared resources do not fit", code="NETWORK_MALFORMED")
    if start_prices is not None and (
        start_prices.shape != (resources,) or np.any(start_prices < 0)
    ):
        raise SolverError("start prices: one >= 0 per resource wanted", code="NETWORK_MALFORMED")


def _free_flow(network: Network, items: Items, flow: IntArray) -> IntArray:
    """The free flow above lower bounds, item by item; what runs in circles for nothing is cut."""
    free = (flow - network.lower)[items.arcs]
    if np.any(free > items.span):
        engines, no_prices = ItemEngines(items), np.zeros(len(items.capacity), np.int64)
        for item in range(items.count):
            own = items.of_arcs(item)
            if np.any(free[own] > items.span[own]):
                free[own] = engines.bound_part(item, no_prices)[1]
    return free


def _widening(
    search: Search,
    short: BoolArray,
    start_prices: IntArray | None,
) -> Stop:
    """Search with the items that use what is short, then with all that use what has a price."""
    items = search.items  # what follows is the same with rounded rows
    active = search.paying(np.zeros(0, np.int64), short)
    start = np.zeros(len(short), np.int64)
    if start_prices is not None:
        start = np.minimum(start_prices, items.price_limit)
    while True:
        # none is active where lower bounds alone take too much
        if not len(active) or len(active) > MOST_ACTIVE * items.count:
            active = np.arange(items.count)
        ending = search.run(active, start)
        if ending != "wider" and (search.cost is not None or len(active) == items.count):
            return ending
        active = search.paying(active, search.prices > 0)
        if ending != "wider":
            active = np.arange(items.count)
        start = search.prices


def _drawn_up(network: Network, shared: SharedResources, search: Search, stop: Stop) -> CoupledPlan:
    """The best plan in the rows of the network, with canonical potentials at the best prices."""
    items, given = search.items, len(shared.capacity)
    prices, rounded = search.prices[:given], _priced_rows(search, given)
    potentials = canonical_potentials(*_at_prices(network, shared, prices, rounded, search))
    flow = np.zeros(0, np.int64)
    if search.plan is not None:
        flow = network.lower.copy()
        flow[items.arcs] += search.plan
    assert search.bound is not None  # noqa: S101  # every search has priced something
    return CoupledPlan(
        stop if len(flow) else "no_plan", flow, prices, potentials, search.bound, search.cost,
        search.iterations, search.engines.calls, rounded,
    )  # fmt: skip


def _priced_rows(search: Search, given: int) -> Rounded | None:
    """The rounded rows that have a price, in order; None where none has."""
    resource, divisor = search.rounded
    price = search.prices[given:]
    order = np.lexsort((divisor, resource))
    order = order[price[order] > 0]
    return Rounded(resource[order], divisor[order], price[order]) if len(order) else None


def _proved(network: Network, shared: SharedResources, plan: CoupledPlan) -> CoupledPlan:
    """The plan, once it is within all limits and prices and potentials prove its numbers."""
    flow = plan.flow
    if len(flow) and (
        np.any((flow < network.lower) | (flow > network.capacity))
        or np.any(unmet(network, flow))
        or np.any(used_of(shared, flow) > shared.capacity)
    ):
        raise SolverError("an engine returned a plan that is not feasible", code="ENGINE_WRONG")
    shown = flow if len(flow) else network.lower
    claims = measure(network, shown, plan.potentials, plan.prices, shared, rounded=plan.rounded)
    if claims.bound != plan.bound or (len(flow) and claims.cost != plan.cost):
        raise SolverError("prices and potentials do not prove the plan", code="ENGINE_WRONG")
    return plan


def _at_prices(
    network: Network, shared: SharedResources, prices: IntArray, rounded: Rounded | None,
    search: Search,
) -> tuple[Network, IntArray, IntArray]:  # fmt: skip
    """The network with prices in its costs, a cheapest flow of it, and potentials that prove it."""
    items, flow = search.items, network.lower.copy()
    known = np.zeros(network.node_count, np.int64)
    for item in range(items.count):
        own, nodes = items.of_arcs(item), items.of_nodes(item)
        flow[items.arcs[own]] += search.engines.bound_part(item, search.prices)[1]
        known[items.nodes[nodes]] = search.engines.potentials(item)
    search.engines.forget()  # the most memory of all, and from here on nobody asks them
    priced = network.cost.copy()
    wider, paid = with_rounded(network, shared, prices, rounded)
    add_prices(priced, wider.resource, wider.arc, wider.use, paid)
    return replace(network, cost=priced), flow, known + items.level


def _no_plan_proof(
    network: Network, items: Items, shared: SharedResources, threads: int
) -> CoupledPlan | None:
    """Prices at which, were all else free, the items' cheapest flows cost more than capacity.

    Farkas: with costs of 0 any plan would have cost 0, so a bound above 0 shows that none exists.
    """
    idle = replace(
        items, cost=np.zeros_like(items.cost), level=np.zeros_like(items.level), offset=0
    )
    search = Search(idle, np.zeros_like(items.cost), 0, 0, threads)
    every = np.arange(items.count)
    start = search.start(every, np.zeros(len(items.capacity), np.int64))
    method = FirstOrder(idle, every, idle.capacity, start, threads)
    for _ in range(PROOF_BLOCKS):
        method.run(BLOCK)
        scale = min(PROOF_PRICE, items.price_limit) / max(method.prices.max(initial=0), 1e-9)
        if search.price(every, method.prices * scale) > 0:
            free = replace(network, cost=np.zeros_like(network.cost))
            found = _proved(free, shared, _drawn_up(free, shared, search, "infeasible"))
            return replace(found, stop="infeasible")
    return None
