"""Networks that fall apart: solving the parts is solving the whole."""

import numpy as np
import pytest

from solver import parts
from solver.flow import solve
from solver.network import Network, bare_network
from solver.parts import parts_of
from tests.solver.forecasts import random_forecast
from tests.solver.planning import solved


def several(seed: int, count: int) -> Network:
    """A few networks of forecasts side by side, their arcs shuffled."""
    plan = solved(random_forecast(seed, items=count))
    network = plan.problem.network
    order = np.random.default_rng(seed).permutation(network.arc_count)
    columns = (network.tail, network.head, network.capacity, network.cost)
    return bare_network(
        *(column[order] for column in columns), network.supply, network.lower[order]
    )


@pytest.mark.parametrize("seed", range(12))
def test_parts_cost_what_the_whole_costs(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same optimum, in one piece or in batches of a few nodes."""
    network = several(seed, 3)
    whole = solve(network)
    monkeypatch.setattr(parts, "MOST_NODES", 20)
    assert len(list(parts_of(network))) > 1
    assert whole.objective == solve(network).objective


def test_every_arc_and_node_is_in_one_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is lost between the parts, and nothing is in two."""
    network = several(5, 3)
    monkeypatch.setattr(parts, "MOST_NODES", 20)
    found = list(parts_of(network))
    rows = np.concatenate([part.rows for part in found])
    assert list(range(network.arc_count)) == sorted(rows.tolist())
    assert network.node_count == sum(part.network.node_count for part in found)
    assert int(network.supply.sum()) == sum(int(part.network.supply.sum()) for part in found)


def test_a_part_that_lacks_supply_is_infeasible(monkeypatch: pytest.MonkeyPatch) -> None:
    """Supplies that balance on the whole, but not where they are, meet no flow."""
    network = bare_network([0, 2], [1, 3], [9, 9], [1, 1], [1, 0, 0, -1])
    assert solve(network).status == "infeasible"
    monkeypatch.setattr(parts, "MOST_NODES", 2)
    assert solve(network).status == "infeasible"
