"""Networks that fall apart: solving the parts is solving the whole."""

import networkx as nx
import numpy as np
import pytest

from solver.engine import parts
from solver.engine.blocks import blocks_of, settle, settle_many
from solver.engine.flow import solve
from solver.engine.parts import Part, components, parts_of
from solver.network.columns import IntArray, Network, bare_network
from solver.network.ranges import engine_columns
from tests.solver.forecasts import random_forecast
from tests.solver.planning import solved
from tests.solver.random_networks import random_network


def several(seed: int, count: int) -> Network:
    """A few networks of forecasts side by side, their arcs shuffled."""
    plan = solved(random_forecast(seed, items=count))
    network = plan.problem.network
    order = np.random.default_rng(seed).permutation(network.arc_count)
    columns = (network.tail, network.head, network.capacity, network.cost)
    return bare_network(
        *(column[order] for column in columns), network.supply, network.lower[order]
    )


def split(network: Network) -> list[Part]:
    """The parts of a network's columns."""
    columns = engine_columns(network)
    return list(parts_of(columns, components(network.node_count, columns.tail, columns.head)))


def nodes_of(part: Part) -> IntArray:
    """The nodes of a part that was not cut as a view."""
    assert not isinstance(part.nodes, slice)
    return part.nodes


@pytest.mark.parametrize("seed", range(12))
def test_parts_cost_what_the_whole_costs(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same optimum, in one piece or in batches of a few nodes."""
    network = several(seed, 3)
    whole = solve(network)
    monkeypatch.setattr(parts, "MOST_NODES", 20)
    assert len(split(network)) > 1
    assert whole.objective == solve(network).objective


def test_every_arc_and_node_is_in_one_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is lost between the parts, and nothing is in two."""
    network = several(5, 3)
    monkeypatch.setattr(parts, "MOST_NODES", 20)
    columns, found = engine_columns(network), split(network)
    arcs = np.concatenate([part.arcs for part in found])
    assert list(range(len(columns.cost))) == sorted(arcs.tolist())
    assert network.node_count == sum(len(part.columns.supply) for part in found)
    nodes = np.concatenate([part.nodes for part in found])
    assert list(range(network.node_count)) == sorted(nodes.tolist())
    for part in found:
        assert np.array_equal(columns.supply[part.nodes], part.columns.supply)
        own = nodes_of(part)
        assert np.array_equal(columns.tail[part.arcs], own[part.columns.tail])
        assert np.array_equal(columns.head[part.arcs], own[part.columns.head])
        assert np.array_equal(columns.cost[part.arcs], part.columns.cost)


def test_parts_that_stand_one_after_the_other_are_views(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks in order are cut without a copy, and hold what a shuffled cut holds."""
    monkeypatch.setattr(parts, "MOST_NODES", 3)
    network = bare_network(
        [0, 1, 2, 3, 4, 5], [1, 0, 3, 2, 5, 4], [5] * 6, [1, 2, 3, 4, 5, 6], [0] * 6
    )
    found = split(network)
    assert [part.arcs for part in found] == [slice(0, 2), slice(2, 4), slice(4, 6)]
    assert [part.nodes for part in found] == [slice(0, 2), slice(2, 4), slice(4, 6)]
    assert [part.columns.tail.tolist() for part in found] == [[0, 1]] * 3
    assert [part.columns.cost.tolist() for part in found] == [[1, 2], [3, 4], [5, 6]]


@pytest.mark.parametrize("seed", range(20))
def test_components_are_those_of_networkx(seed: int) -> None:
    """Two nodes have one first node where arcs join them, whichever way the arcs lead."""
    network = random_network(np.random.default_rng(seed), 60)
    graph = nx.Graph()
    graph.add_nodes_from(range(network.node_count))
    graph.add_edges_from(zip(network.tail.tolist(), network.head.tolist(), strict=True))
    expected = np.empty(network.node_count, np.int64)
    for component in nx.connected_components(graph):
        expected[list(component)] = min(component)
    assert np.array_equal(expected, components(network.node_count, network.tail, network.head))


@pytest.mark.parametrize("seed", range(8))
def test_what_is_known_to_hang_apart_is_not_asked_again(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 8: blocks, which may hold several components, are parts as good as components."""
    draw = np.random.default_rng(seed)
    found = [random_network(draw, int(draw.integers(1, 15)), feasible=1.0) for _ in range(30)]
    starts = np.cumsum([0, *(each.node_count for each in found)])
    columns = {
        name: np.concatenate([getattr(each, name) for each in found])
        for name in ("tail", "head", "capacity", "cost", "supply", "lower")
    }
    shift = np.repeat(starts[:-1], [each.arc_count for each in found])
    columns |= {end: columns[end] + shift for end in ("tail", "head")}
    rows = np.lexsort((columns["head"], columns["tail"]))
    network = bare_network(**{n: c if n == "supply" else c[rows] for n, c in columns.items()})
    keys = np.arange(network.arc_count).astype(np.uint64)
    expected = settle(network, keys)
    monkeypatch.setattr(parts, "MOST_NODES", 20)
    again = settle_many(network, keys, blocks_of(network))
    assert np.array_equal(expected.flow, again.flow)
    assert np.array_equal(expected.potentials, again.potentials)


def test_a_part_that_lacks_supply_is_infeasible(monkeypatch: pytest.MonkeyPatch) -> None:
    """Supplies that balance on the whole, but not where they are, meet no flow."""
    network = bare_network([0, 2], [1, 3], [9, 9], [1, 1], [1, 0, 0, -1])
    assert solve(network).status == "infeasible"
    monkeypatch.setattr(parts, "MOST_NODES", 2)
    assert solve(network).status == "infeasible"
