"""Tipping points against solving the whole network anew, just below and just above each."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from ontology.errors import SolverError
from solver.engine.flow import solve
from solver.engine.potentials import canonical_potentials
from solver.explain.flips import Margins, Steps
from solver.network.columns import IntArray, Network, bare_network
from tests.solver.random_networks import random_network

NETWORKS = 400


def margins_of(network: Network) -> Margins | None:
    """The margins of a cheapest flow, None where there is none."""
    solution = solve(network)
    if solution.status != "optimal":
        return None
    return Margins(network, solution.flow, canonical_potentials(network, solution.flow))


def drawn(seed: int, nodes: int = 14) -> tuple[np.random.Generator, Network]:
    draw = np.random.default_rng(seed)
    return draw, random_network(draw, int(draw.integers(2, nodes)), feasible=0.9)


def priced(network: Network, arc: int, cost: int) -> Network:
    """The network with one arc at another cost."""
    costs = network.cost.copy()
    costs[arc] = cost
    return replace(network, cost=costs)


def resolved(network: Network, arc: int, cost: int) -> int:
    """The units on an arc of a cheapest flow, solved anew at another cost of that arc."""
    return int(solve(priced(network, arc, cost)).flow[arc])


@pytest.mark.parametrize("seed", range(NETWORKS))
def test_a_flip_is_exact_to_the_unit_of_cost(seed: int) -> None:
    """One below `more_below` there is more, one above `less_above` less, between them the same."""
    draw, network = drawn(seed)
    margins = margins_of(network)
    if margins is None or not network.arc_count:
        return
    for arc in draw.integers(0, network.arc_count, 4).tolist():
        found = margins.flip(arc)
        low, high = found.more_below, found.less_above
        assert low is None or low <= found.cost
        assert high is None or high >= found.cost
        if low is not None:
            assert resolved(network, arc, low - 1) > found.units
        if high is not None:
            assert resolved(network, arc, high + 1) < found.units
        reach = 10 * (int(np.abs(network.cost).max()) + 1) * network.node_count
        inner = ((found.cost - reach if low is None else low + 1),
                 (found.cost + reach if high is None else high - 1))  # fmt: skip
        if inner[0] <= inner[1]:
            assert [found.units] * 2 == [resolved(network, arc, cost) for cost in inner]


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("hasty")
def test_margins_are_asked_by_many_at_once() -> None:
    """Those of an opened plan are shared by all who ask about it: every answer is as if alone."""
    network = random_network(np.random.default_rng(5), 60, feasible=1.0)
    margins, arcs = margins_of(network), range(network.arc_count)
    assert margins is not None
    alone = [margins.flip(arc) for arc in arcs]
    with ThreadPoolExecutor(4) as threads:
        for found in threads.map(lambda _: [margins.flip(arc) for arc in arcs], range(20)):
            assert alone == found
    assert alone == [margins.flip(arc) for arc in arcs]


@pytest.mark.parametrize("seed", range(150))
def test_a_curve_is_that_of_re_solving_at_each_cost(seed: int) -> None:
    """Between two steps of a curve every cheapest flow has the units that the curve says."""
    draw, network = drawn(1000 + seed)
    margins = margins_of(network)
    if margins is None or not network.arc_count:
        return
    arc = int(draw.integers(0, network.arc_count))
    units, now = margins.flip(arc).units, int(network.cost[arc])
    for curve, sign in ((margins.rising(arc), 1), (margins.falling(arc), -1)):
        assert curve.ended
        assert sorted(step.cost for step in curve.steps) == [step.cost for step in curve.steps]
        there, costs = units, {step.cost for step in curve.steps}
        for step in curve.steps:
            if step.cost - 1 not in costs and step.cost - 1 > sign * now:
                assert there == resolved(network, arc, sign * (step.cost - 1))
            there -= sign * step.units
            if step.cost + 1 not in costs:
                assert there == resolved(network, arc, sign * (step.cost + 1))
        assert there == resolved(network, arc, sign * 10**7 * network.node_count)


@pytest.mark.parametrize("seed", range(200))
def test_more_capacity_is_worth_what_a_re_solve_saves(seed: int) -> None:
    """Each unit of capacity more changes the cost by the next unit of the steps, exactly."""
    draw, network = drawn(2000 + seed)
    margins = margins_of(network)
    if margins is None or not network.arc_count:
        return
    arc, cost = int(draw.integers(0, network.arc_count)), solve(network).objective
    found = margins.more_capacity(arc, 6)
    assert all(step.cost < 0 for step in found.steps)
    for extra in (1, 2, 3, 6):
        wider = network.capacity.copy()
        wider[arc] += extra
        other = solve(replace(network, capacity=wider)).objective
        assert other - cost == first_units(found, extra)


@pytest.mark.parametrize("seed", range(200))
def test_more_supply_is_worth_what_a_re_solve_finds(seed: int) -> None:
    """Units more at one node and less at another cost what the steps say, or cannot be sent."""
    draw, network = drawn(3000 + seed)
    margins = margins_of(network)
    if margins is None:
        return
    node, sink = draw.integers(0, network.node_count, 2).tolist()
    cost, found = solve(network).objective, margins.more_supply(node, sink, 5)
    for extra in (1, 2, 5):
        supply = network.supply.copy()
        supply[node] += extra
        supply[sink] -= extra
        other = solve(replace(network, supply=supply))
        assert (other.status == "optimal") == (found.units >= extra)
        if other.status == "optimal":
            assert other.objective - cost == first_units(found, extra)


def first_units(found: Steps, units: int) -> int:
    """What the first so many units cost."""
    total = 0
    for step in found.steps:
        total += step.cost * min(units, step.units)
        units -= min(units, step.units)
    return total


@pytest.mark.parametrize("seed", range(100))
def test_a_route_costs_what_its_arcs_cost(seed: int) -> None:
    """A route joins source and target, uses no barred arc, and its arcs add up to its cost."""
    draw, network = drawn(4000 + seed)
    margins = margins_of(network)
    if margins is None or not network.arc_count:
        return
    arc = int(draw.integers(0, network.arc_count))
    node, target = int(network.tail[arc]), int(network.head[arc])
    found = margins.route(node, target, without=(arc,))
    if found is None:
        return
    assert arc not in found.arcs
    total = 0
    for row, sign in zip(found.arcs, found.signs, strict=True):
        ends = (int(network.tail[row]), int(network.head[row]))[::sign]
        assert node == ends[0]
        node, total = ends[1], total + sign * int(network.cost[row])
    assert (target, found.cost) == (node, total)


@pytest.mark.parametrize("seed", range(150))
def test_several_arcs_may_rise_together_just_so_far(seed: int) -> None:
    """At the amount that `steady` gives the flow is cheapest still; one more, and it is not."""
    draw, network = drawn(5000 + seed)
    margins = margins_of(network)
    if margins is None or not network.arc_count:
        return
    arcs = np.unique(draw.integers(0, network.arc_count, 3))
    for sign in (1, -1):
        amount = margins.steady(arcs, sign)
        for extra in (0, 1):
            dearer = np.zeros(network.arc_count, np.int64)
            dearer[arcs] = sign * ((10**7 if amount is None else amount) + extra)
            other = replace(network, cost=network.cost + dearer)
            same = cost_of(other, margins.flow) == solve(other).objective
            assert same == (amount is None or not extra)


def cost_of(network: Network, flow: IntArray) -> int:
    return int(network.cost @ flow)


def test_on_paper() -> None:
    """Two ways from 0 to 1 at 3 and 5, three units, two of them fit the first: all by hand."""
    network = bare_network([0, 0, 0], [1, 1, 1], [2, 9, 9], [3, 5, 8], [3, -3])
    margins = margins_of(network)
    assert margins is not None
    assert (None, 5) == (margins.flip(0).more_below, margins.flip(0).less_above)
    assert (3, 8) == (margins.flip(1).more_below, margins.flip(1).less_above)
    assert (5, None) == (margins.flip(2).more_below, margins.flip(2).less_above)
    assert [(-2, 1)] == [(s.cost, s.units) for s in margins.more_capacity(0, 4).steps]
    assert [(8, 1)] == [(s.cost, s.units) for s in margins.rising(1).steps]


def test_reduced_costs_are_not_the_tipping_point() -> None:
    """At a degenerate flow canonical potentials give another number than the residual path."""
    wrong = 0
    for seed in range(60):
        _, network = drawn(6000 + seed)
        margins = margins_of(network)
        if margins is None:
            continue
        own = canonical_potentials(network, margins.flow)
        reduced = network.cost + own[network.tail] - own[network.head]
        unused = np.flatnonzero((margins.flow == network.lower) & (margins.flow < network.capacity))
        for arc in unused.tolist():
            more = margins.flip(arc).more_below
            wrong += more is None or int(network.cost[arc]) - more != int(reduced[arc])
    assert wrong > 0


def test_a_flow_that_is_not_cheapest_is_refused() -> None:
    """Potentials that do not prove the flow are an error, not a wrong price."""
    network = bare_network([0, 0], [1, 1], [9, 9], [3, 5], [3, -3])
    with pytest.raises(SolverError) as caught:
        Margins(network, np.array([0, 3]), np.array([0, 5]))
    assert caught.value.code == "FLOW_NOT_OPTIMAL"


def test_many_steps_are_said_to_be_left() -> None:
    """A curve that is cut short says that it has not ended."""
    network = bare_network([0] * 4, [1] * 4, [3, 1, 1, 1], [0, 2, 3, 4], [3, -3])
    margins = margins_of(network)
    assert margins is not None
    assert (False, 2) == (margins.rising(0, most_steps=2).ended, margins.rising(0, 2).units)
    assert (True, 3) == (margins.rising(0).ended, margins.rising(0).units)
