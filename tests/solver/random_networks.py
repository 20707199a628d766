"""Seeded random networks with everything awkward in them, and networkx as the second opinion."""

from dataclasses import replace

import networkx as nx
import numpy as np
import numpy.typing as npt

from solver.engine.flow import unmet
from solver.network.columns import IntArray, Network, bare_network


def random_network(
    draw: np.random.Generator, nodes: int, *, negative: bool = True, feasible: float = 0.6
) -> Network:
    """A network with ties, loops, parallel arcs, zero capacities, lower bounds and islands."""
    arcs = int(draw.integers(0, 4 * nodes + 1))
    tail = draw.integers(0, nodes, arcs)
    island = draw.integers(0, 1 + int(draw.random() < 0.3), nodes)
    head = draw.integers(0, nodes, arcs)
    head = np.where(island[tail] == island[head], head, tail)  # islands: such arcs become loops
    capacity = draw.integers(0, 9, arcs) * (draw.random(arcs) < 0.85)
    lower = draw.integers(0, capacity + 1) * (draw.random(arcs) < 0.2)
    spread = int(draw.choice([1, 3, 50, 100_000]))
    cost = draw.integers(-spread if negative else 0, spread + 1, arcs)
    if draw.random() < feasible:
        still = bare_network(tail, head, capacity, cost, np.zeros(nodes, np.int64), lower)
        supply = -unmet(still, draw.integers(lower, capacity + 1))
    else:
        supply = draw.integers(-4, 5, nodes) * (draw.random(nodes) < 0.5)
        supply[0] -= supply.sum()
    return bare_network(tail, head, capacity, cost, supply, lower)


def networkx_flow(network: Network) -> IntArray | None:
    """An optimal flow by networkx's network simplex, None where there is none."""
    graph = nx.MultiDiGraph()
    span = network.capacity - network.lower
    supply = unmet(network, network.lower)
    graph.add_nodes_from((v, {"demand": -int(s)}) for v, s in enumerate(supply))
    graph.add_edges_from(
        (int(t), int(h), a, {"capacity": int(span[a]), "weight": int(network.cost[a])})
        for a, (t, h) in enumerate(zip(network.tail, network.head, strict=True))
    )
    try:
        _, flows = nx.network_simplex(graph)
    except nx.NetworkXUnfeasible:
        return None
    ends = zip(network.tail.tolist(), network.head.tolist(), strict=True)
    moved = [flows[t][h].get(a, 0) for a, (t, h) in enumerate(ends)]
    return network.lower + np.array(moved, np.int64)


def shuffled(network: Network, rows: npt.NDArray[np.intp], names: npt.NDArray[np.intp]) -> Network:
    """The same network with its arcs in another order and node v called names[v]."""
    supply = np.empty_like(network.supply)
    supply[names] = network.supply
    return replace(
        network,
        tail=names[network.tail][rows],
        head=names[network.head][rows],
        lower=network.lower[rows],
        capacity=network.capacity[rows],
        cost=network.cost[rows],
        supply=supply,
    )
