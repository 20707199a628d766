"""No bound is above the cost of any feasible plan: any prices, any potentials, every regime."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ontology.edits import CAP, FORBID, Edit
from ontology.steadiness import lines_of
from service.decision import Draft, idle_flow
from solver.engine.flow import solve
from solver.engine.parts import components
from solver.engine.shared import used
from solver.model.carry_labels import CarryLabels
from solver.model.problem import Problem
from solver.network.columns import IntArray, Network
from solver.network.ranges import exact_dot
from solver.proof.branches import lot_floor, overdrawn, split_lots, steps_cost
from solver.proof.certificate import check, measure
from solver.proof.claims import SharedResources
from tests.service.regimes import REGIMES, drafted
from tests.solver.coupled_chains import tiny
from tests.solver.random_networks import random_network

FLOWS, MANY = 12, 60
SEEDS = st.integers(0, 2**32 - 1)
PRICES = st.sampled_from([2, 50, 10**6, 2**40])
LEVELS = st.sampled_from([1, 60, 10**9, 2**45])


def feasible_flows(network: Network, draw: np.random.Generator, count: int) -> Iterator[IntArray]:
    """Flows of a network that has one: the cheapest by costs drawn at random, and its own."""
    found = solve(network)
    if found.status != "optimal":
        return
    yield found.flow
    for _ in range(count):
        yield solve(replace(network, cost=draw.integers(-9, 10, network.arc_count))).flow


@given(seed=SEEDS, nodes=st.integers(1, 14), level=LEVELS)
@settings(max_examples=150, deadline=None)
def test_no_potentials_prove_more_than_any_flow_costs(seed: int, nodes: int, level: int) -> None:
    """One network: whatever the potentials, their bound is below every feasible flow's cost."""
    draw = np.random.default_rng(seed)
    network = random_network(draw, nodes, feasible=1.0)
    potentials = draw.integers(-level, level + 1, network.node_count)
    for flow in feasible_flows(network, draw, 3):
        claims = measure(network, flow, potentials)
        assert claims.bound <= exact_dot(network.cost, flow) == claims.cost
        assert check(network, flow, potentials, claims).accepted


@given(seed=SEEDS, most=PRICES, level=LEVELS)
@settings(max_examples=150, deadline=None)
def test_no_prices_prove_more_than_any_plan_costs(seed: int, most: int, level: int) -> None:
    """Coupled: whatever prices and potentials, their bound is below every plan that fits."""
    draw = np.random.default_rng(seed)
    chain = tiny(draw)
    network, shared = chain.network, chain.shared
    prices = draw.integers(0, most + 1, len(shared.capacity))
    potentials = draw.integers(-level, level + 1, network.node_count)
    for flow in feasible_flows(network, draw, 4):
        room = np.maximum(shared.capacity, used(shared, flow))  # so that the flow fits
        wide = replace(shared, capacity=room)
        claims = measure(network, flow, potentials, prices, wide)
        assert claims.bound <= exact_dot(network.cost, flow) == claims.cost
        assert check(network, flow, potentials, claims, prices, wide).accepted


def mixed(
    problem: Problem, stays: IntArray, shared: SharedResources | None, draw: np.random.Generator
) -> IntArray:
    """A flow that fits: in random order, parts of the network take a random flow where it fits."""
    network = problem.network
    flow = stays.copy()
    part = components(network.node_count, network.tail, network.head)[network.tail]
    wanted = _in_lots(network, shared, draw.integers(-9, 10, network.arc_count), stays)
    for block in draw.permutation(np.unique(part)).tolist():
        tried = np.where(part == block, wanted, flow)
        if shared is None or _fits(shared, tried):
            flow = tried
    return flow


def _fits(shared: SharedResources, flow: IntArray) -> bool:
    return not overdrawn(shared, used(shared, flow)).any() and not len(split_lots(shared, flow))


def _in_lots(
    network: Network, shared: SharedResources | None, cost: IntArray, stays: IntArray
) -> IntArray:
    """A cheapest flow at some cost that splits few lots: room on them is cut down to whole ones."""
    flow = solve(replace(network, cost=cost)).flow
    for _ in range(4):
        if shared is None or shared.whole is None or not len(split_lots(shared, flow)):
            return flow
        whole, room = shared.whole, network.capacity.copy()
        down = lot_floor(whole.lot_least, whole.lot_multiple, flow[whole.lot_arc])
        room[whole.lot_arc] = np.maximum(down, network.lower[whole.lot_arc])
        network = replace(network, capacity=room)
        found = solve(replace(network, cost=cost))
        if found.status != "optimal":
            return stays
        flow = found.flow
    return flow


def stated_bound_holds(draft: Draft, draw: np.random.Generator, flows: int) -> int:
    """Whether a plan's bound is below random plans of its own problem; how many others there are.

    The problem is the one that the bound speaks of: before anything was closed or kept.
    """
    problem = draft.problem
    given_cost = draft.claims.given_cost
    stays = _a_flow(draft)
    seen = set()
    for _ in range(flows):
        flow = mixed(problem, stays, problem.shared, draw)
        claims = measure(problem.network, flow, draft.potentials, draft.prices, problem.shared,
                         None, (given_cost, 0), draft.branches,
                         rounded=draft.rounded)  # fmt: skip
        verdict = check(problem.network, flow, draft.potentials, claims, draft.prices,
                        problem.shared, branches=draft.branches,
                        rounded=draft.rounded)  # fmt: skip
        assert verdict.accepted, verdict.refusals
        assert draft.claims.bound == claims.bound
        paid = 0 if problem.shared is None else steps_cost(
            problem.shared, used(problem.shared, flow))  # fmt: skip
        assert claims.cost == exact_dot(problem.network.cost, flow) + paid + given_cost
        assert draft.claims.bound <= claims.cost
        seen.add(flow.tobytes())
    return len(seen)


def _a_flow(draft: Draft) -> IntArray:
    """A flow within the shared capacities: the plan's own where nothing else is sure to fit."""
    problem = draft.problem
    if problem.unheld is None and isinstance(problem.labels, CarryLabels):
        idle = idle_flow(problem)
        if idle is not None:
            return idle
    return draft.flow


@pytest.mark.parametrize("regime", REGIMES)
def test_the_bound_of_a_plan_is_below_every_other_plan(regime: str) -> None:
    """Every regime: random plans of the same problem cost no less than the bound that is stated."""
    draw, others = np.random.default_rng(3), 0
    for seed in range(6):
        others += stated_bound_holds(drafted(REGIMES[regime](seed)), draw, FLOWS)
    assert others > 12


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("regime", REGIMES)
def test_the_bound_of_many_plans_is_below_every_other_plan(regime: str) -> None:
    """The same on more chains, each with more plans beside its own."""
    draw = np.random.default_rng(4)
    found = [stated_bound_holds(drafted(REGIMES[regime](seed)), draw, 50) for seed in range(MANY)]
    print(f"{regime}: {sum(found):,} plans beside {MANY}")


@pytest.mark.parametrize("regime", ["plain", "forecast", "coupled", "weighed", "robust"])
def test_no_wish_makes_a_plan_cheaper_than_its_bound(regime: str) -> None:
    """A plan with lines forbidden or halved is a plan, too: it costs no less than the bound."""
    tried = 0
    for seed in range(6):
        asked = REGIMES[regime](seed)
        plan = drafted(asked)
        for line in lines_of(plan.decision)[:3]:
            to = "" if line.lane else line.destination
            for kind, units in ((FORBID, 0), (CAP, line.units // 2)):
                wish = Edit(line.item, line.lane, line.supplier, to, kind, units)
                request = replace(asked.request, edits=(wish,))
                if line.lane or regime != "forecast":  # else the bound counts what is given
                    other = drafted(replace(asked, request=request))
                    assert plan.claims.bound <= other.claims.cost
                    tried += 1
    assert tried > 4
