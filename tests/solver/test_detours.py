"""The cheapest way round, who reaches a place, and its cut: against networkx and by re-adding."""

import networkx as nx
import numpy as np
import pytest

from ontology.errors import SolverError
from solver.engine.flow import solve
from solver.engine.potentials import canonical_potentials
from solver.explain.detours import Residual
from solver.network.columns import IntArray, Network
from tests.solver.random_networks import random_network


def graph_of(network: Network, flow: IntArray) -> "nx.DiGraph[int]":
    """The residual network, cheapest of parallel arcs."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(network.node_count))
    columns = (network.tail, network.head, network.cost, flow, network.lower, network.capacity)
    for tail, head, cost, units, low, high in zip(*(c.tolist() for c in columns), strict=True):
        ways = [(tail, head, cost)] * (units < high) + [(head, tail, -cost)] * (units > low)
        for start, end, price in ways:
            if start != end and price < graph.edges.get((start, end), {}).get("cost", price + 1):
                graph.add_edge(start, end, cost=price)
    return graph


def test_ways_round_are_those_of_networkx() -> None:
    """Between any two nodes of 150 networks: the cost without the direct step, or that none is."""
    draw = np.random.default_rng(4)
    there = missing = 0
    for _ in range(150):
        network = random_network(draw, int(draw.integers(3, 25)), feasible=1.0)
        flow = solve(network).flow
        residual = Residual(network, flow, canonical_potentials(network, flow))
        for start, end in draw.permutation(network.node_count)[:2].reshape(-1, 2).tolist():
            graph = graph_of(network, flow)
            reached = {end} | nx.ancestors(_without(graph, (start, end), (end, start)), end)
            assert reached == residual.reaching(end, start)
            graph = _without(graph, (start, end))
            found = residual.path_cost(start, end)
            if nx.has_path(graph, start, end):
                there += 1
                assert nx.bellman_ford_path_length(graph, start, end, weight="cost") == found
            else:
                missing += 1
                assert found is None
    assert min(there, missing) > 20


def _without(graph: "nx.DiGraph[int]", *ways: tuple[int, int]) -> "nx.DiGraph[int]":
    fewer = graph.copy()
    fewer.remove_edges_from(ways)
    return fewer


def test_a_cut_that_does_not_re_add_is_refused() -> None:
    """Units there = supply + into - out where nothing reaches a place; else it is an error."""
    draw = np.random.default_rng(5)
    sound = 0
    for _ in range(200):
        network = random_network(draw, int(draw.integers(3, 20)), feasible=1.0)
        flow = solve(network).flow
        residual = Residual(network, flow, canonical_potentials(network, flow))
        tail, head = draw.permutation(network.node_count)[:2].tolist()
        inside = residual.reaching(tail, head)
        opposite = (network.tail == head) & (network.head == tail)
        if head in inside or opposite.any():
            continue
        cut = residual.cut(inside, tail, head)
        assert cut["supply"] + cut["into"] - cut["out"] == cut["units"]
        sound += 1
        more = np.flatnonzero((network.tail == tail) & (network.head == head))
        if len(more):
            forged = flow.copy()
            forged[more[0]] += 1
            levels = np.zeros(network.node_count, np.int64)
            with pytest.raises(SolverError):
                Residual(network, forged, levels).cut(inside, tail, head)
    assert sound > 30
