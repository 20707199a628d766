"""Small chains whose items share capacity: tiny ones to enumerate, larger ones to plan."""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from solver.engine.flow import unmet
from solver.network.columns import IntArray, Network, bare_network
from solver.proof.claims import SharedResources


@dataclass(frozen=True)
class Chain:
    """Items in one network, the item of every node, and what they share."""

    network: Network
    block_of_node: IntArray
    shared: SharedResources


def tiny(draw: np.random.Generator) -> Chain:
    """Two or three items with 3 nodes and 4 arcs; arcs on no, one or two of three resources.

    Costs may be negative (arcs lead forward, so no circle pays), some arcs have lower bounds.
    """
    items, nodes, arcs = int(draw.integers(2, 4)), 3, 4
    tail = draw.integers(0, nodes - 1, (items, arcs))
    head = draw.integers(tail + 1, nodes)
    capacity = draw.integers(1, 4, (items, arcs))
    lower = draw.integers(0, capacity + 1) * (draw.random((items, arcs)) < 0.1)
    cost = draw.integers(-5, 30, (items, arcs))
    shift = np.arange(items)[:, None] * nodes
    still = bare_network(
        (tail + shift).ravel(), (head + shift).ravel(), capacity.ravel(), cost.ravel(),
        np.zeros(items * nodes, np.int64), lower.ravel(),
    )  # fmt: skip
    network = replace(still, supply=-unmet(still, draw.integers(still.lower, still.capacity + 1)))
    rows = int(draw.integers(arcs, 2 * arcs + 1)) * items // 2
    arc = draw.integers(0, items * arcs, rows)
    shared = SharedResources(
        arc, draw.integers(0, 3, rows), draw.integers(0, 4, rows), draw.integers(0, 14, 3)
    )
    return Chain(network, np.repeat(np.arange(items), nodes), shared)


def least_cost(chain: Chain) -> int | None:
    """The cheapest plan by trying all, None where there is none."""
    network, shared = chain.network, chain.shared
    plans = [({(0,) * len(shared.capacity): 0})]
    for item in range(int(chain.block_of_node.max()) + 1):
        arcs = np.flatnonzero(chain.block_of_node[network.tail] == item)
        found: dict[tuple[int, ...], int] = {}
        for units in product(*(range(network.lower[a], network.capacity[a] + 1) for a in arcs)):
            flow = np.zeros(network.arc_count, np.int64)
            flow[arcs] = units
            if np.any(unmet(network, flow)[chain.block_of_node == item]):
                continue
            used = np.zeros(len(shared.capacity), np.int64)
            np.add.at(used, shared.resource, shared.use * flow[shared.arc])
            key, cost = tuple(used.tolist()), int(network.cost @ flow)
            found[key] = min(cost, found.get(key, cost))
        plans.append(found)
    costs = [
        sum(cost for _, cost in chosen)
        for chosen in product(*(options.items() for options in plans))
        if np.all(np.sum([use for use, _ in chosen], axis=0) <= shared.capacity)
    ]
    return min(costs, default=None)


def lanes(
    items: int, seed: int, *, hubs: int = 4, days: int = 4, tight: float = 0.6, sizes: int = 1,
    odd: bool = False,
) -> Chain:  # fmt: skip
    """Items that move between hubs over days on lanes with room for `tight` of what they want.

    Every lane-day is a resource, and so is what a hub takes in on a day: two rows per lane arc,
    several arcs of an item on one resource. Short demand costs 300. With `odd`, every item goes
    without other lanes, so that no two items are alike.
    """
    draw = np.random.default_rng(seed)
    place = np.arange(hubs * days + 2).tolist()
    source, sink = place[-2:]
    ways = [(a, b) for a in range(hubs) for b in range(hubs) if a != b]
    parts: list[tuple[int, int, int, int, int, int]] = []  # item, tail, head, cost, lane, hub
    supply = np.zeros((items, len(place)), np.int64)
    for item in range(items):
        missing = set(draw.choice(len(ways), 2, replace=False).tolist()) if odd else set()
        for day in range(days):
            for hub in range(hubs):
                here = day * hubs + hub
                after = here + hubs if day + 1 < days else sink
                parts += [(item, here, after, 2, -1, -1), (item, source, here, 300, -1, -1)]
            for lane, (start, end) in enumerate(ways):
                if day + 1 < days and lane not in missing:
                    key = day * len(ways) + lane
                    to = (day + 1) * hubs + end
                    cost = 5 + 3 * lane + int(draw.integers(0, 5))
                    parts.append((item, day * hubs + start, to, cost, key, to))
        parts.append((item, source, sink, 0, -1, -1))
        supply[item, :hubs] = draw.integers(0, 12, hubs)
        supply[item, : hubs * days] -= draw.integers(0, 4, hubs * days)
        supply[item, source] = 100
        supply[item, sink] = -supply[item].sum()
    item, tail, head, cost, lane, hub = np.array(parts, np.int64).T
    shift, size = item * len(place), draw.integers(1, sizes + 1, items)
    network = bare_network(
        tail + shift, head + shift, np.full(len(parts), 200), cost, supply.ravel()
    )
    moves = np.flatnonzero(lane >= 0)
    arc, use = np.concatenate([moves, moves]), np.tile(size[item[moves]], 2)
    lane_days = len(ways) * days
    resource = np.concatenate([lane[moves], lane_days + hub[moves]])
    wanted = int(np.maximum(supply[:, :hubs], 0).sum()) * float(size.mean()) / (hubs * days)
    room = np.full(lane_days + len(place), max(1, int(tight * wanted)))
    room[:lane_days] = np.maximum(1, room[:lane_days] // 2)
    return Chain(
        network, np.repeat(np.arange(items), len(place)),
        SharedResources(arc, resource, use, room),
    )  # fmt: skip
