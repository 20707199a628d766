"""Distances and components without compiled code are those that compiled code finds."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ontology.errors import SolverError
from service.examples import PROJECT
from solver.engine.flow import solve
from solver.engine.parts import components
from solver.engine.potentials import canonical_potentials
from solver.engine.uncompiled import ROUNDS, components_of, shortest_distances
from solver.network.columns import IntArray, Network, bare_network
from tests.solver.random_networks import random_network


def test_distances_are_the_canonical_potentials() -> None:
    """Of every optimal flow of 400 random networks with loops, islands and parallel arcs."""
    draw = np.random.default_rng(1)
    compared = 0
    for _ in range(400):
        network = random_network(draw, int(draw.integers(2, 40)), feasible=1.0)
        flow = solve(network).flow
        expected = canonical_potentials(network, flow)
        compared += int(expected.any())
        assert expected.tolist() == shortest_distances(network, flow).tolist()
    assert compared > 100


def test_a_flow_that_is_not_the_cheapest_is_refused() -> None:
    """Whatever the compiled search refuses is refused here, with the same code."""
    draw = np.random.default_rng(2)
    refused = 0
    for _ in range(200):
        network = random_network(draw, int(draw.integers(2, 30)), feasible=1.0)
        flow = solve(replace(network, cost=-network.cost)).flow
        expected, found = (_code_or_all(way, network, flow)
                           for way in (canonical_potentials, shortest_distances))  # fmt: skip
        assert expected == found
        refused += expected == "FLOW_NOT_OPTIMAL"
    assert refused > 50


def _code_or_all(
    way: Callable[[Network, IntArray], IntArray], network: Network, flow: IntArray
) -> str | list[int]:
    try:
        return way(network, flow).tolist()  # type: ignore[no-any-return]
    except SolverError as error:
        return error.code


def long_path(nodes: int, *, back: int) -> Network:
    """A path of cost -1 each, and an arc from its end to its start."""
    tail, head = np.arange(nodes), (np.arange(nodes) + 1) % nodes
    cost = np.where(tail == nodes - 1, back, -1)
    return bare_network(tail, head, np.ones(nodes, np.int64), cost, np.zeros(nodes, np.int64))


@pytest.mark.parametrize("nodes", [ROUNDS - 1, ROUNDS, 5 * ROUNDS])
def test_long_paths_end_and_long_cycles_are_found(nodes: int) -> None:
    """A path of more steps than rounds between two looks is no cycle; a cycle of as many is one."""
    still = np.zeros(nodes, np.int64)
    path = shortest_distances(long_path(nodes, back=nodes - 1), still)
    assert [-number for number in range(nodes)] == path.tolist()
    with pytest.raises(SolverError):
        shortest_distances(long_path(nodes, back=nodes - 2), still)


def test_components_have_the_same_first_nodes() -> None:
    """Of 300 random networks, and of a path whose nodes stand in the worst order."""
    draw = np.random.default_rng(3)
    for _ in range(300):
        network = random_network(draw, int(draw.integers(1, 60)))
        ends = (network.node_count, network.tail, network.head)
        assert components(*ends).tolist() == components_of(*ends).tolist()
    order = draw.permutation(2_000)
    assert not components_of(2_000, order[1:], order[:-1]).any()


def test_nothing_that_compiles_is_loaded() -> None:
    """Whoever asks for what is apart, or for distances, loads neither numba nor an engine."""
    code = ("import sys, solver.engine.uncompiled, solver.model.problem, solver.explain.detours\n"
            "sys.exit(str({'numba', 'ortools', 'pylmcf'} & set(sys.modules) or ''))")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=False,
                          capture_output=True, text=True)  # fmt: skip
    assert "" == done.stderr.strip()
