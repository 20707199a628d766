"""Potentials are shortest distances in the residual network, and only optimal flows have them."""

import networkx as nx
import numpy as np
import pytest

from ontology.errors import SolverError
from solver.engine.flow import solve
from solver.engine.potentials import canonical_potentials
from solver.network.columns import IntArray, Network, bare_network
from tests.solver.random_networks import networkx_flow, random_network


def distances_by_networkx(network: Network, flow: IntArray) -> list[int]:
    """Bellman-Ford from a root with an arc of cost 0 to every node."""
    graph = nx.DiGraph()
    graph.add_weighted_edges_from(("root", node, 0) for node in range(network.node_count))
    ends = zip(network.tail.tolist(), network.head.tolist(), network.cost.tolist(), strict=True)
    for arc, (tail, head, cost) in enumerate(ends):
        ways = [(tail, head, cost)] * bool(flow[arc] < network.capacity[arc])
        ways += [(head, tail, -cost)] * bool(flow[arc] > network.lower[arc])
        for origin, target, weight in ways:
            known = graph.get_edge_data(origin, target, {"weight": weight})["weight"]
            graph.add_edge(origin, target, weight=min(weight, known))
    found = nx.single_source_bellman_ford_path_length(graph, "root")
    return [found[node] for node in range(network.node_count)]


def test_potentials_are_distances_and_belong_to_the_network_not_to_the_flow() -> None:
    """Law: networkx's distances, and the same for every optimal flow, all of them <= 0."""
    draw = np.random.default_rng(5)
    flows_that_differ = 0
    for number in range(400):
        network = random_network(draw, int(draw.integers(1, 40)), feasible=1.0)
        flow, other = solve(network).flow, networkx_flow(network)
        assert other is not None
        found = canonical_potentials(network, flow)
        assert distances_by_networkx(network, flow) == found.tolist(), number
        assert np.array_equal(found, canonical_potentials(network, other)), number
        assert np.all(found <= 0)
        flows_that_differ += not np.array_equal(flow, other)
    assert flows_that_differ > 20


def test_three_nodes_on_paper() -> None:
    """Law: a saturated cheap arc leaves a residual way back at minus its cost."""
    network = bare_network([0, 1, 0], [1, 2, 2], [4, 9, 9], [3, 1, 6], [5, 0, -5])
    flow = solve(network).flow
    assert flow.tolist() == [4, 4, 1]
    assert canonical_potentials(network, flow).tolist() == [-6, -1, 0]


def test_a_flow_that_could_be_cheaper_is_refused() -> None:
    """Law: a negative cycle in the residual network ends the search with an error."""
    network = bare_network([0, 0], [1, 1], [3, 9], [2, 5], [5, -5])
    with pytest.raises(SolverError) as refusal:
        canonical_potentials(network, np.array([2, 3]))
    assert refusal.value.code == "FLOW_NOT_OPTIMAL"


@pytest.mark.parametrize("nodes", [1, 2, 50_000])
def test_a_negative_cycle_through_every_node_is_found(nodes: int) -> None:
    """Law: the search ends on a cycle of any length, a loop included."""
    ring = np.arange(nodes)
    network = bare_network(
        ring, (ring + 1) % nodes, np.ones(nodes, np.int64), -np.ones(nodes, np.int64), 0 * ring
    )
    with pytest.raises(SolverError, match="not optimal"):
        canonical_potentials(network, 0 * ring)


@pytest.mark.parametrize("step", [1, -1])
def test_a_long_path_is_walked_once_in_either_direction(step: int) -> None:
    """Law: distances along 200,000 nodes are exact, and need no pass per node."""
    nodes = np.arange(200_000)[::step]
    arcs = len(nodes) - 1
    network = bare_network(nodes[:-1], nodes[1:], np.full(arcs, 5), np.full(arcs, -7), 0 * nodes)
    found = canonical_potentials(network, np.zeros(arcs, np.int64))
    assert np.array_equal(-7 * np.arange(200_000), found[nodes])


def test_distances_that_leave_64_bits_are_refused() -> None:
    """Law: no distance wraps."""
    network = bare_network([0, 1], [1, 2], [1, 1], [-(2**61), -(2**61)], [0, 0, 0])
    with pytest.raises(SolverError) as refusal:
        canonical_potentials(network, np.zeros(2, np.int64))
    assert refusal.value.code == "COST_RANGE"


def test_closed_arcs_may_cost_anything() -> None:
    """Law: an arc without room is no part of the residual network."""
    network = bare_network([0, 0], [1, 1], [0, 5], [-(2**63), 4], [2, -2])
    flow = solve(network).flow
    assert canonical_potentials(network, flow).tolist() == [-4, 0]


def test_no_nodes_have_no_potentials() -> None:
    """Law: the empty network has the empty certificate."""
    assert len(canonical_potentials(bare_network([], [], [], [], []), np.zeros(0, np.int64))) == 0
