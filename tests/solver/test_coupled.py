"""Items on shared capacity: bounds below, plans above, and nothing in between that is wrong."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ontology.errors import SolverError
from solver.coupled.items import items_of, used_of
from solver.coupled.pdlp import linear_answer
from solver.coupled.solve import CoupledPlan, solve_coupled
from solver.engine.flow import solve, unmet
from solver.network.columns import Network, bare_network
from solver.proof.certificate import check, measure
from solver.proof.claims import SharedResources
from tests.solver.coupled_chains import Chain, lanes, least_cost, tiny


def planned(chain: Chain, target_per_million: int = 0, work_limit: int = 1_000) -> CoupledPlan:
    """The plan of a chain, its certificate checked by the checker."""
    plan = solve_coupled(
        chain.network, chain.block_of_node, chain.shared,
        target_per_million=target_per_million, work_limit=work_limit,
    )  # fmt: skip
    if plan.cost is not None:
        claims = measure(
            chain.network, plan.flow, plan.potentials, plan.prices, chain.shared,
            rounded=plan.rounded,
        )  # fmt: skip
        assert (claims.cost, claims.bound) == (plan.cost, plan.bound)
        verdict = check(
            chain.network, plan.flow, plan.potentials, claims, plan.prices, chain.shared,
            rounded=plan.rounded,
        )  # fmt: skip
        assert verdict.accepted, verdict.refusals
        assert verdict.canonical is (True if plan.gap == 0 else None)
    return plan


def on_paper() -> Chain:
    """Two items, a unit each by a cheap arc (1) or a dear one (5); the cheap ones share one."""
    network = bare_network([0, 0, 2, 2], [1, 1, 3, 3], [1] * 4, [1, 5, 1, 5], [1, -1, 1, -1])
    shared = SharedResources(*(np.array(column) for column in ([0, 2], [0, 0], [1, 1], [1])))
    return Chain(network, np.array([0, 0, 1, 1]), shared)


def test_two_items_on_paper() -> None:
    """Law: one item pays 1, the other 5, and a price of 4 proves that 6 is least."""
    plan = planned(on_paper())
    assert (6, 6, [4]) == (plan.cost, plan.bound, plan.prices.tolist())


def test_tiny_chains_against_all_plans() -> None:
    """Law: bound <= least cost of all whole plans <= cost; what is infeasible is no plan."""
    draw = np.random.default_rng(5)
    closed = none = improved = 0
    for _ in range(200):
        chain = tiny(draw)
        least, plan = least_cost(chain), planned(chain, work_limit=400)
        if least is None:
            assert plan.stop in {"infeasible", "no_plan"}
            none += 1
            continue
        assert plan.stop != "infeasible"
        assert plan.bound <= least
        if plan.cost is not None:
            assert least <= plan.cost
            closed += least == plan.cost
            improved += plan.stop != "free"
    assert closed > 100
    assert none > 50
    assert improved > 25


def test_no_prices_prove_more_than_any_plan_costs() -> None:
    """Law: weak duality: random prices and potentials stay below every feasible plan."""
    draw = np.random.default_rng(9)
    for _ in range(100):
        chain = tiny(draw)
        flow = draw.integers(chain.network.lower, chain.network.capacity + 1)
        network = replace(chain.network, supply=chain.network.supply - unmet(chain.network, flow))
        shared = replace(chain.shared, capacity=used_of(chain.shared, flow))
        prices = draw.integers(0, int(draw.choice([2, 50, 2**40])), len(shared.capacity))
        potentials = draw.integers(-60, 60, network.node_count)
        claims = measure(network, flow, potentials, prices, shared)
        assert claims.gap >= 0
        assert check(network, flow, potentials, claims, prices, shared).accepted


@pytest.mark.parametrize("step", [-1, 1])
def test_every_changed_number_is_refused(step: int) -> None:
    """Law 2: a price, a unit of flow, a use or a capacity changed by one is refused."""
    chain = lanes(5, 3, tight=0.3)
    plan = planned(chain, 20_000)
    network, shared = chain.network, chain.shared
    claims = measure(network, plan.flow, plan.potentials, plan.prices, shared)
    priced = np.flatnonzero(plan.prices > 0)
    rows = np.flatnonzero((plan.flow[shared.arc] > 0) & (plan.prices[shared.resource] > 0))
    assert min(len(priced), len(rows)) > 2

    def accepted(flow: Any = None, prices: Any = None, **columns: Any) -> bool:
        units = plan.flow if flow is None else flow
        paid = plan.prices if prices is None else prices
        rows = replace(shared, **columns)
        return check(network, units, plan.potentials, claims, paid, rows).accepted

    assert accepted()
    for arc in range(0, network.arc_count, 7):
        changed = plan.flow.copy()
        changed[arc] += step
        assert not accepted(flow=changed)
    for column, places in (("capacity", priced), ("use", rows)):
        for place in places[:20].tolist():
            other = getattr(shared, column).copy()
            other[place] += step
            claim = check(
                network, plan.flow, plan.potentials, claims, plan.prices,
                replace(shared, **{column: other}),
            )  # fmt: skip
            same = claim.proved is not None and claim.proved.bound == claims.bound
            assert not claim.accepted or (column == "use" and same)
    for place in priced.tolist():
        other = plan.prices.copy()
        other[place] += step
        bound = measure(network, plan.flow, plan.potentials, other, shared).bound
        assert accepted(prices=other) is (bound == claims.bound)


def test_where_nothing_is_short_nothing_is_paid() -> None:
    """Law: the plain flow, prices 0, gap 0 and no work where every item can have its cheapest."""
    chain = lanes(4, 1, tight=50.0)
    plan = planned(chain)
    assert ("free", 0, 0, 0) == (plan.stop, plan.gap, plan.iterations, int(plan.prices.sum()))
    assert np.array_equal(solve(chain.network).flow, plan.flow)


def test_only_items_that_touch_what_is_short_take_part() -> None:
    """Law: where two of thirty items meet one short resource, the others keep their flow."""
    chain = lanes(30, 2, tight=50.0)
    free = solve(chain.network).flow
    item = chain.block_of_node[chain.network.tail]
    room = used_of(chain.shared, free)
    few = [
        resource
        for resource in np.flatnonzero(room > 1).tolist()
        if len(set(item[chain.shared.arc[
            (chain.shared.resource == resource) & (free[chain.shared.arc] > 0)
        ]].tolist())) == 2
    ]  # fmt: skip
    capacity = chain.shared.capacity.copy()
    capacity[few[0]] = room[few[0]] - 1
    plan = planned(replace(chain, shared=replace(chain.shared, capacity=capacity)), 0)
    changed = set(item[plan.flow != free].tolist())
    assert 1 <= len(changed) <= 2
    assert plan.gap == 0
    assert plan.solves < 30 * 10


def test_what_cannot_be_is_proved() -> None:
    """Law: two items must each send one unit over room for one: prices prove it, costs aside."""
    network = bare_network([0, 2], [1, 3], [1, 1], [3, 4], [1, -1, 1, -1])
    shared = SharedResources(*(np.array(column) for column in ([0, 1], [0, 0], [1, 1], [1])))
    plan = solve_coupled(network, np.array([0, 0, 1, 1]), shared)
    assert ("infeasible", 0, None) == (plan.stop, len(plan.flow), plan.cost)
    free = replace(network, cost=np.zeros(2, np.int64))
    proof = measure(free, np.ones(2, np.int64), plan.potentials, plan.prices, shared)
    assert 0 < plan.bound == proof.bound


def test_an_item_without_any_flow_is_infeasible() -> None:
    """Law: what no item could do alone is told before anything is priced."""
    network = bare_network([0], [1], [1], [1], [2, -2])
    shared = SharedResources(*(np.array(column) for column in ([0], [0], [1], [9])))
    plan = solve_coupled(network, np.zeros(2, np.int64), shared)
    assert ("infeasible", 0) == (plan.stop, len(plan.prices))


@pytest.mark.parametrize("odd", [False, True])
@pytest.mark.parametrize("sizes", [1, 4])
def test_lanes_are_planned_to_a_small_gap(sizes: int, odd: bool) -> None:
    """Law: equal and unequal items, several arcs and two resources per arc: within 3 %."""
    chain = lanes(12, 4, tight=0.5, sizes=sizes, odd=odd)
    items = items_of(chain.network, chain.block_of_node, chain.shared)
    assert (len(items.structures) > 8) if odd else (1 == len(items.structures))
    plan = planned(chain, 2_000, 4_000)
    assert plan.stop in {"target", "stalled"}
    assert plan.gap is not None
    assert plan.cost is not None
    assert plan.gap <= 0.03 * plan.cost


def test_the_value_follows() -> None:
    """Law: names, order, scale, a split arc and an item more change the value as they should."""
    chain = lanes(6, 8, tight=0.4)
    network, shared, first = chain.network, chain.shared, planned(chain, 5_000)
    assert first.cost is not None
    draw = np.random.default_rng(0)
    names, rows = draw.permutation(network.node_count), draw.permutation(network.arc_count)
    place, blocks = np.argsort(rows), np.empty_like(chain.block_of_node)
    blocks[names] = 5 - chain.block_of_node
    supply = np.empty_like(network.supply)
    supply[names] = network.supply
    columns = {n: getattr(network, n)[rows] for n in ("lower", "capacity", "cost")}
    renamed = replace(
        network, tail=names[network.tail][rows], head=names[network.head][rows], supply=supply,
        **columns,
    )  # fmt: skip
    same = Chain(renamed, blocks, replace(shared, arc=place[shared.arc]))
    scaled = replace(chain, network=replace(network, cost=7 * network.cost))
    split = Chain(_split(chain, int(shared.arc[3])), chain.block_of_node, _rows_of_split(chain, 3))
    more = bare_network([0], [1], [5], [11], [4, -4])
    nodes = network.node_count
    joined = replace(network, **{
        name: np.concatenate([getattr(network, name), getattr(more, name) + shift])
        for name, shift in (("tail", nodes), ("head", nodes), ("lower", 0), ("capacity", 0),
                            ("cost", 0), ("supply", 0))
    })  # fmt: skip
    alone = Chain(joined, np.append(chain.block_of_node, [6, 6]), shared)
    for other, scale, extra in ((same, 1, 0), (scaled, 7, 0), (split, 1, 0), (alone, 1, 44)):
        plan = planned(other, 5_000)
        assert plan.cost is not None
        assert scale * first.bound + extra <= plan.cost
        assert plan.bound <= scale * first.cost + extra
        assert plan.stop == first.stop


def _split(chain: Chain, arc: int) -> Network:
    network, half = chain.network, chain.network.capacity[arc] // 2
    columns = {
        name: np.append(getattr(network, name), getattr(network, name)[arc])
        for name in ("tail", "head", "lower", "capacity", "cost")
    }
    columns["capacity"][arc] -= half
    columns["capacity"][-1] = half
    return replace(network, **columns)


def _rows_of_split(chain: Chain, row: int) -> SharedResources:
    shared = chain.shared
    twin = np.flatnonzero(shared.arc == shared.arc[row])
    return replace(
        shared, arc=np.append(shared.arc, np.full(len(twin), chain.network.arc_count)),
        resource=np.append(shared.resource, shared.resource[twin]),
        use=np.append(shared.use, shared.use[twin]),
    )  # fmt: skip


def test_pdlp_finds_the_same_value() -> None:
    """Law: the linear program's value by another solver is met by our bound, and never passed."""
    chain = lanes(8, 6, tight=0.4, sizes=3)
    answer, plan = linear_answer(chain.network, chain.shared, 1e-7), planned(chain, 0, 2_000)
    assert plan.bound <= answer.objective * (1 + 1e-5)
    assert plan.bound >= answer.objective * (1 - 2e-3)


def test_a_work_limit_gives_the_best_so_far() -> None:
    """Law: with no iterations at all the plan is within capacity, and says why it stopped."""
    chain = lanes(6, 8, tight=0.4)
    plan = planned(chain, 0, 0)
    assert ("work_limit", 0) == (plan.stop, plan.iterations)
    assert plan.cost is not None
    longer = planned(chain, 0, 600)
    assert longer.cost is not None
    assert longer.gap is not None
    assert plan.gap is not None
    assert longer.gap <= plan.gap


def test_prices_of_a_plan_are_a_start_for_the_next() -> None:
    """Law: from its own prices a chain is planned again with no more work than before."""
    chain = lanes(12, 4, tight=0.5)
    cold = solve_coupled(chain.network, chain.block_of_node, chain.shared, target_per_million=4_000)
    warm = solve_coupled(
        chain.network, chain.block_of_node, chain.shared, target_per_million=4_000,
        start_prices=cold.prices,
    )  # fmt: skip
    assert ("target", "target") == (cold.stop, warm.stop)
    assert cold.cost is not None
    assert warm.iterations <= cold.iterations
    assert warm.bound >= cold.bound
    absurd = np.full(len(cold.prices), 2**62)
    far = solve_coupled(
        chain.network, chain.block_of_node, chain.shared, work_limit=200, start_prices=absurd
    )
    assert far.cost is not None
    assert far.bound <= cold.cost


def test_what_does_not_fit_is_refused() -> None:
    """Law: rows to nowhere, an arc between items and a circle that pays have one clear line."""
    chain = on_paper()
    network, shared = chain.network, chain.shared
    for column, none in (("arc", 4), ("arc", -1), ("resource", 1), ("use", -1)):
        wrong = replace(shared, **{column: np.array([0, none])})
        with pytest.raises(SolverError, match="do not fit"):
            solve_coupled(network, chain.block_of_node, wrong)
    with pytest.raises(SolverError, match="joins two items"):
        solve_coupled(network, np.array([0, 1, 2, 2]), shared)
    with pytest.raises(SolverError, match="number of its item"):
        solve_coupled(network, np.zeros(3, np.int64), shared)
    with pytest.raises(SolverError, match="start prices"):
        solve_coupled(network, chain.block_of_node, shared, start_prices=np.array([-1]))
    circle = bare_network(
        [0, 0, 2, 2, 1], [1, 1, 3, 3, 0], [1, 1, 1, 1, 1], [1, 5, 1, 5, -9], [1, -1, 1, -1]
    )
    with pytest.raises(SolverError, match="in a circle would pay"):
        solve_coupled(circle, chain.block_of_node, replace(shared, capacity=np.array([0])))


def test_costs_whose_sum_leaves_int64_are_priced_all_the_same() -> None:
    """Where units times costs could wrap sums are taken exactly: the same plan, dearer."""
    chain = lanes(6, 5, tight=0.4)
    times = 2**38
    dear = replace(chain.network, cost=chain.network.cost * times)
    assert items_of(chain.network, chain.block_of_node, chain.shared).narrow
    assert not items_of(dear, chain.block_of_node, chain.shared).narrow
    plan = solve_coupled(dear, chain.block_of_node, chain.shared)
    plain = solve_coupled(chain.network, chain.block_of_node, chain.shared)
    assert plan.cost is not None
    assert plain.cost is not None
    assert plan.bound <= times * plain.cost
    assert times * plain.bound <= plan.cost
