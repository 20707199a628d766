"""Warm is cold: however a solve was started, the same optimum, canonical flow and potentials."""

from dataclasses import replace

import numpy as np
import pytest

from ontology.errors import SolverError
from solver.engine.flow import Solution, solve
from solver.engine.potentials import canonical_potentials
from solver.engine.resolve import Warm
from solver.engine.ties import canonical_flow
from solver.network.columns import IntArray, Network, bare_network
from solver.network.names import hash_names
from tests.solver.random_networks import random_network


def settled(network: Network, found: Solution) -> tuple[IntArray, IntArray]:
    """Canonical flow and potentials from what was found."""
    level = canonical_potentials(network, found.flow, found.potentials)
    return canonical_flow(network, found.flow, level, hash_names(range(network.arc_count))), level


def with_changes(draw: np.random.Generator, network: Network, kind: str) -> Network:
    """The network with some of its costs, capacities or supplies changed."""
    arcs = draw.random(network.arc_count) < 0.3
    some = draw.integers(-3, 4, network.arc_count) * arcs
    if kind == "cost":
        return replace(network, cost=network.cost + some)
    if kind == "capacity":
        return replace(network, capacity=np.maximum(network.lower, network.capacity + some))
    one, other = draw.integers(0, network.node_count, 2)
    supply = network.supply.copy()
    supply[one] += 1
    supply[other] -= 1
    return replace(network, supply=supply)


@pytest.mark.parametrize("seed", range(25))
def test_a_chain_of_changes_is_solved_as_from_cold(seed: int) -> None:
    """Law 8: after changes of cost, capacity and supply, feasible or not, warm equals cold."""
    draw = np.random.default_rng(seed)
    network = random_network(draw, int(draw.integers(2, 50)), negative=seed % 2 == 0, feasible=1.0)
    warm = Warm()
    for step in range(30):
        network = with_changes(draw, network, ("cost", "capacity", "supply")[step % 3])
        expected, found = solve(network, "cost_scaling"), warm.solve(network)
        assert (expected.status, expected.objective) == (found.status, found.objective), step
        if expected.status == "optimal":
            for cold, again in zip(
                settled(network, expected), settled(network, found), strict=True
            ):
                assert np.array_equal(cold, again), step


def grid(draw: np.random.Generator, side: int) -> Network:
    """A square of nodes with arcs both ways, as large as a basis must be to be worth keeping."""
    number = np.arange(side * side).reshape(side, side)
    pairs = [(number[:, :-1], number[:, 1:]), (number[:-1], number[1:])]
    tail = np.concatenate([left.ravel() for left, _ in pairs] + [up.ravel() for _, up in pairs])
    head = np.concatenate([up.ravel() for _, up in pairs] + [left.ravel() for left, _ in pairs])
    supply = draw.integers(-3, 4, side * side)
    supply[0] -= supply.sum()
    capacity = np.full(len(tail), 10_000)
    return bare_network(tail, head, capacity, draw.integers(50, 100, len(tail)), supply)


@pytest.mark.parametrize("kind", ["cost", "capacity", "supply"])
def test_the_basis_is_kept(kind: str) -> None:
    """The engine says itself that it started from its last basis, or was not asked at all."""
    draw = np.random.default_rng(1)
    network = grid(draw, 20)
    warm = Warm()
    for _ in range(5):
        expected = solve(network).objective
        assert expected == warm.solve(network).objective
        network = with_changes(draw, network, kind)
    assert warm._simplex is not None
    graph = warm._simplex._graph
    assert graph.cold_start_count() == 0
    if kind == "supply":
        assert graph.warm_start_count() + graph.dual_repair_count() > 0
    else:  # other costs, and capacities that no unit could fill, are the basis's own matter
        assert graph.warm_start_count() + graph.dual_repair_count() == 0


def test_costs_after_other_changes_are_left_to_the_basis() -> None:
    """The engine is asked for other supplies, and not for the costs that change after them."""
    draw = np.random.default_rng(4)
    network = grid(draw, 12)
    warm = Warm()
    asked = []
    for kind in ("cost", "supply", "cost", "cost", "supply", "cost"):
        warm.solve(network)
        network = with_changes(draw, network, kind)
        assert solve(network).objective == warm.solve(network).objective
        assert warm._simplex is not None
        graph = warm._simplex._graph
        asked.append(graph.warm_start_count() + graph.dual_repair_count())
    assert asked == [0, 1, 1, 1, 2, 2]


def test_another_network_is_solved_anew() -> None:
    """Law: what was held for other arcs has no part in the answer."""
    draw = np.random.default_rng(2)
    warm = Warm()
    for _ in range(60):
        network = random_network(draw, int(draw.integers(1, 9)))
        expected, found = solve(network), warm.solve(network)
        assert (expected.status, expected.objective) == (found.status, found.objective)


def test_what_is_refused_cold_is_refused_warm() -> None:
    """Law: ranges and columns are checked before every call."""
    network = bare_network([0, 0], [1, 1], [3, 9], [2, 5], [5, -5])
    warm = Warm()
    assert warm.solve(network).objective == 16
    with pytest.raises(SolverError) as refusal:
        warm.solve(replace(network, cost=np.array([2**62, 5])))
    assert refusal.value.code == "COST_RANGE"
    assert warm.solve(replace(network, supply=np.array([5, -4]))).status == "unbalanced"
    crossing = replace(network, lower=np.array([4, 0]))
    assert warm.solve(crossing).status == "infeasible"
    assert warm.solve(network).objective == 16
