"""The two engines on two families, and network simplex warm against cold."""

import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks.around_solve import load_instances, network_of
from benchmarks.rows import Row, skipped
from solver.engine.engines import ENGINES, Engine, chosen, flow_by
from solver.engine.flow import solve
from solver.engine.resolve import Warm
from solver.network.columns import Network
from solver.network.ranges import EngineColumns, engine_columns

FAMILIES = (
    ("rebalancing", (10, 4)),
    ("rebalancing", (50, 14)),
    ("rebalancing", (500, 14)),
    ("rebalancing", (500, 28)),
    ("random_network", (300, 3_000)),
    ("random_network", (3_000, 30_000)),
    ("random_network", (10_000, 100_000)),
    ("random_network", (30_000, 300_000)),
    ("random_network", (100_000, 400_000)),
)
CHANGES = 9
SHARE = 0.01

Change = Callable[[Network, np.random.Generator], Network]


def main() -> list[Row]:
    """Print processor times and ratios."""
    instances = load_instances("engines")
    if instances is None:
        return skipped("re-solve", "no instances at hand")
    found: list[Row] = []
    solve(network_of(instances.rebalancing(50, 14)))  # compiles
    for family, size in FAMILIES:
        columns = engine_columns(network_of(getattr(instances, family)(*size)))
        runs = 3 if len(columns.cost) < 100_000 else 1
        times = {e: min(engine_time(e, columns) for _ in range(runs)) for e in ENGINES}
        both = ", ".join(f"{name} {1000 * seconds:.1f}" for name, seconds in times.items())
        ratio = times["network_simplex"] / times["cost_scaling"]
        print(
            f"engines: {family}{size}, {len(columns.supply)} nodes, {len(columns.cost)} arcs: "
            f"{both} ms; simplex / scaling {ratio:.2f}; chosen: {chosen(columns)}"
        )
    network = network_of(instances.rebalancing(500, 28))
    rows: tuple[tuple[str, Change, float | None], ...] = (
        ("costs", other_costs, 1 / 6), ("capacities", other_capacities, None),
        ("supplies", other_supplies, 2 / 3),
    )  # fmt: skip
    for name, change, aim in rows:
        cold, warm = warm_and_cold(network, change)
        print(
            f"engines: {network.arc_count} arcs, {SHARE:.0%} of {name} changed: cold "
            f"{1000 * cold:.1f}, warm {1000 * warm:.1f} ms; ratio {warm / cold:.2f}"
            + (f" (aim {aim:.2f})" if aim else "")
        )
        if aim:
            work, arcs = f"re-solve after {SHARE:.0%} of {name} changed", network.arc_count
            found.append(Row(work, f"{arcs:,} arcs", "cold, same engine", aim, warm / cold))
    return found


def engine_time(engine: Engine, columns: EngineColumns) -> float:
    """Seconds from engine columns to flow."""
    started = time.process_time()
    assert flow_by(engine, columns) is not None
    return time.process_time() - started


def warm_and_cold(network: Network, change: Change) -> tuple[float, float]:
    """Median seconds of `flow.solve` and of a warm solve after one change, both by simplex."""
    draw, cold, warm = np.random.default_rng(1), [], []
    for _ in range(CHANGES):
        held, other = Warm(), change(network, draw)
        held.solve(network)
        started = time.process_time()
        expected = solve(other, "network_simplex")
        between = time.process_time()
        found = held.solve(other)
        warm.append(time.process_time() - between)
        cold.append(between - started)
        assert expected.objective == found.objective
    return statistics.median(cold), statistics.median(warm)


def other_costs(network: Network, draw: np.random.Generator) -> Network:
    """Up to 20 % more or less on some arcs."""
    rows = draw.choice(network.arc_count, int(SHARE * network.arc_count), replace=False)
    cost = network.cost.copy()
    cost[rows] = cost[rows] * draw.integers(80, 121, len(rows)) // 100
    return replace(network, cost=cost)


def other_capacities(network: Network, draw: np.random.Generator) -> Network:
    """Up to 20 % more or less on some arcs, never nothing."""
    rows = draw.choice(network.arc_count, int(SHARE * network.arc_count), replace=False)
    capacity = network.capacity.copy()
    capacity[rows] = np.maximum(1, capacity[rows] * draw.integers(80, 121, len(rows)) // 100)
    return replace(network, capacity=capacity)


def other_supplies(network: Network, draw: np.random.Generator) -> Network:
    """1 to 9 units from one node to another, for some pairs of nodes."""
    count = int(SHARE * network.node_count) // 2
    nodes = draw.choice(network.node_count - 2, 2 * count, replace=False)
    supply, units = network.supply.copy(), draw.integers(1, 10, count)
    supply[nodes[:count]] += units
    supply[nodes[count:]] -= units
    return replace(network, supply=supply)


if __name__ == "__main__":
    main()
