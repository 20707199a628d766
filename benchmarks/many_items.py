"""Many small networks in one, from columns to certified plan columns; and one of them again."""

import statistics
import time
from dataclasses import replace
from itertools import pairwise
from types import ModuleType

import numpy as np

from benchmarks.around_solve import load_instances, memory, peak_gigabytes
from benchmarks.rows import Row, skipped
from solver.engine.blocks import Blocks, Settled, blocks_of, cut, settle_many
from solver.engine.ties import Hashes
from solver.network.columns import Network, bare_network
from solver.network.names import hash_numbers
from solver.proof.certificate import certify, check, measure

SHAPE = {"hubs": 6, "periods": 6, "lanes": 4}  # 38 nodes and 187 arcs for an item
COUNTS = (10_000, 50_000)
SEEDS = 2_000
RUNS = 3
EVENTS = 50


def main() -> list[Row]:
    """Print, per number of items, processor time per item against a bare loop, and per event."""
    instances = load_instances("many_items")
    if instances is None:
        return skipped("many items", "no instances at hand")
    rows: list[Row] = []
    before_per_item = 0.0
    for count in COUNTS:
        network, nodes, arcs = items(instances, count)
        keys = hash_numbers(np.arange(network.arc_count))
        found = settle_and_prove(network, keys)  # compiles, and warms up
        claims = measure(network, found.flow, found.potentials)
        assert check(network, found.flow, found.potentials, claims).canonical
        runs = [
            (bare_loop(network, nodes, arcs, count), stages(network, keys)) for _ in range(RUNS)
        ]
        ratios = [sum(steps.values()) / bare for bare, (steps, _) in runs]
        bare = statistics.median(bare for bare, _ in runs)
        full = statistics.median(sum(steps.values()) for _, (steps, _) in runs)
        steps, before = runs[-1][1]
        print(
            f"many_items: {count} items x {arcs} arcs: {1e6 * full / count:.1f} us per item, bare "
            f"loop {1e6 * bare / count:.1f}; ratios {', '.join(f'{r:.2f}' for r in ratios)} "
            f"(aim 2), {memory()} (aim 4)"
        )
        each = ", ".join(f"{name} {1e6 * spent / count:.1f}" for name, spent in steps.items())
        print(f"  us per item: {each}")
        blocks = blocks_of(network)
        event = statistics.median(
            one_event(network, keys, blocks, before, seed) for seed in range(EVENTS)
        )
        print(f"  one event: {1000 * event:.2f} ms; 1/{full / event:.0f} of the whole (aim 1/200)")
        size = f"{count:,} items x {arcs} arcs"
        work = "many items, columns to certified plan"
        rows.append(Row(work, size, "bare network simplex loop", 2.0, statistics.median(ratios)))
        rows.append(Row(work, size, "memory", 4.0, peak_gigabytes(), "GB"))
        if before_per_item:
            against = "its own time per item at fewer items"
            rows.append(
                Row("many items, linear", size, against, 1.1, full / count / before_per_item)
            )
            rows.append(
                Row("re-plan after one event", size, "the full plan", 1 / 200, event / full)
            )
        before_per_item = full / count
    return rows


def items(instances: ModuleType, count: int) -> tuple[Network, int, int]:
    """So many items of one structure, one after the other; nodes and arcs of each.

    Demand differs in SEEDS items and then repeats.
    """
    drawn = [instances.rebalancing(**SHAPE, demand_seed=seed) for seed in range(min(count, SEEDS))]
    order = np.lexsort((drawn[0]["head"], drawn[0]["tail"]))
    nodes, arcs = drawn[0]["n"], len(order)

    def column(name: str) -> np.ndarray:
        rows = slice(None) if name == "supply" else order
        once = np.concatenate([item[name][rows] for item in drawn])
        return np.resize(once, count * (nodes if name == "supply" else arcs))

    shift = np.repeat(np.arange(count) * nodes, arcs)
    ends = (column("tail") + shift, column("head") + shift)
    network = bare_network(*ends, column("capacity"), column("cost"), column("supply"))
    return network, nodes, arcs


def bare_loop(network: Network, nodes: int, arcs: int, count: int) -> float:
    """Seconds of network simplex on one item after the other: built, solved, read; no check."""
    from pylmcf import Graph

    tail, head = network.tail[:arcs].astype(np.int32), network.head[:arcs].astype(np.int32)
    started = time.process_time()
    for item in range(count):
        rows = slice(item * arcs, (item + 1) * arcs)
        graph = Graph(nodes, tail, head)
        graph.set_node_supply(network.supply[item * nodes : (item + 1) * nodes])
        graph.set_edge_capacities(network.capacity[rows])
        graph.set_edge_costs(network.cost[rows])
        graph.solve()
        graph.result()
    return time.process_time() - started


def settle_and_prove(network: Network, keys: Hashes) -> Settled:
    """Canonical flow and potentials, the certificate checked, the plan as rows and units."""
    return stages(network, keys)[1]


def stages(network: Network, keys: Hashes) -> tuple[dict[str, float], Settled]:
    """The same of a network not yet digested: processor seconds by stage, and what was found."""
    network = replace(network)
    marks = [("", time.process_time())]
    blocks = blocks_of(network)
    marks.append(("blocks", time.process_time()))
    found = settle_many(network, keys, blocks)
    marks.append(("flow, potentials, ties", time.process_time()))
    assert network.digest
    marks.append(("digest", time.process_time()))
    assert certify(network, found.flow, found.potentials).accepted
    marks.append(("certificate", time.process_time()))
    used = np.flatnonzero(found.flow)
    assert len(found.flow[used])
    marks.append(("plan columns", time.process_time()))
    return {name: end - start for (_, start), (name, end) in pairwise(marks)}, found


def one_event(network: Network, keys: Hashes, blocks: Blocks, before: Settled, seed: int) -> float:
    """Seconds to plan one item again whose opening stock has changed, into the plan at hand."""
    draw = np.random.default_rng(seed)
    block = int(draw.integers(blocks.count))
    nodes, arcs = blocks.nodes(block, block + 1), blocks.arcs(block, block + 1)
    network.supply[nodes.start] += 3
    network.supply[nodes.stop - 1] -= 3
    started = time.process_time()
    again = settle_and_prove(cut(network, blocks, block, block + 1), keys[arcs])
    before.flow[arcs], before.potentials[nodes] = again.flow, again.potentials
    return time.process_time() - started


if __name__ == "__main__":
    main()
