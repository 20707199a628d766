"""Opening arcs one at a time against solving the whole network anew."""

from dataclasses import replace

import numpy as np
import pytest

from solver.engine.flow import solve, unmet
from solver.engine.potentials import canonical_potentials
from solver.engine.what_if import OpenedFlow
from solver.network.columns import Network
from tests.solver.random_networks import random_network


def _part(network: Network, rows: np.ndarray) -> Network:
    names = ("tail", "head", "lower", "capacity", "cost")
    return replace(network, **{name: getattr(network, name)[rows] for name in names})


@pytest.mark.parametrize("seed", range(150))
def test_opened_arcs_end_in_a_cheapest_flow(seed: int):
    """After each arc the flow is feasible and costs what the engine finds for the same arcs."""
    draw = np.random.default_rng(seed)
    network = random_network(draw, int(draw.integers(3, 25)))
    late = (network.lower == 0) & (draw.random(network.arc_count) < 0.4)
    known, opened = np.flatnonzero(~late), np.flatnonzero(late)
    first = replace(_part(network, known), supply=np.zeros_like(network.supply))
    network = replace(network, supply=-unmet(first, draw.integers(first.lower, first.capacity + 1)))
    first = _part(network, known)
    solution = solve(first)
    assert solution.objective is not None
    flow = OpenedFlow(first, solution.flow, canonical_potentials(first, solution.flow))
    cost = solution.objective
    for number, arc in enumerate(opened.tolist(), 1):
        ends = (int(network.tail[arc]), int(network.head[arc]))
        cost -= flow.open_arc(*ends, int(network.capacity[arc]), int(network.cost[arc]))
        whole = _part(network, np.concatenate([known, opened[:number]]))
        assert solve(whole).objective == cost
        units = flow.added()
        units[: len(known)] += solution.flow
        assert int(whole.cost @ units) == cost
        assert not unmet(whole, units).any()
        assert np.all((whole.lower <= units) & (units <= whole.capacity))
