"""One network, from columns to certified plan columns, against the bare solve of an engine."""

import importlib.util
import os
import resource
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from benchmarks.rows import GIGABYTE, Row, skipped
from solver.engine.flow import solve
from solver.engine.potentials import canonical_potentials
from solver.engine.simplex import Simplex
from solver.engine.ties import Hashes, canonical_flow, canonical_rows
from solver.network.columns import IntArray, Network, bare_network
from solver.network.names import mixed
from solver.network.ranges import engine_columns
from solver.proof.certificate import check, measure

SIZES = ((50, 14), (500, 14), (500, 28))
RUNS = 5
AIM = 0.3
LARGE = (5_000, 56)
LARGE_AIM = 2.0
LARGE_MEMORY_AIM = 6.0
ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("EVENKEEL_SHARED") or ROOT.parent / "shared")

Decode = Callable[[Network, IntArray], object]
Bare = Callable[[Network], float]
Steps = dict[str, float]


def main(decode: Decode | None = None) -> list[Row]:
    """Print, per size, medians in processor time and the ratio of the whole to the bare solve.

    `decode` turns the canonical flow into lines and is timed with the rest where it is given.
    """
    instances = load_instances("around_solve")
    if instances is None:
        return skipped("one network", "no instances at hand")
    print(f"around_solve: medians of {RUNS} runs, processor time in ms; against the bare OR-Tools")
    for size in SIZES:
        line, ratio = report(instances, size, bare_ortools, RUNS, decode)
        print(line)
    print(f"  aim at 500x28: {AIM} or less")
    line, large = report(instances, LARGE, bare_simplex, 1, decode)
    print(line)
    print(f"  against the bare network simplex; aim: {LARGE_AIM} or less, under 6 GB: {memory()}")
    work, sizes = (
        "one network, arrays to plan and proof",
        ("500x28, 152k arcs", "5,000x56, 3M arcs"),
    )
    return [
        Row(work, sizes[0], "bare OR-Tools solve", AIM, ratio),
        Row(work, sizes[1], "bare network simplex solve", LARGE_AIM, large),
        Row(work, sizes[1], "memory", LARGE_MEMORY_AIM, peak_gigabytes(), "GB"),
    ]


def report(
    instances: ModuleType, size: tuple[int, int], bare: Bare, runs: int, decode: Decode | None
) -> tuple[str, float]:
    """One line (size, steps in ms, ratio of the whole to the bare solve), and the ratio."""
    network = network_of(instances.rebalancing(*size))
    keys = mixed(*(c.astype(np.uint64) for c in (network.tail, network.head, occurrence(network))))
    if runs > 1:
        whole(network, keys, decode)  # compiles, and warms up
    rounds = [
        whole(replace(network), keys, decode) | {"bare solve": bare(network)} for _ in range(runs)
    ]
    medians = {step: statistics.median(each[step] for each in rounds) for step in rounds[0]}
    steps = ", ".join(f"{step} {1000 * seconds:.1f}" for step, seconds in medians.items())
    ratio = medians["whole"] / medians["bare solve"]
    counts = f"{network.node_count} nodes, {network.arc_count} arcs"
    return f"{size[0]}x{size[1]} ({counts}): {steps}; ratio {ratio:.2f}", ratio


def load_instances(name: str) -> ModuleType | None:
    """The families of instances; None, said in one line, where they are not at hand."""
    path = SHARED / "bench" / "instances.py"
    if path.is_file():
        return load(path)
    print(f"{name}: skipped, no instances at {path} (EVENKEEL_SHARED names the folder)")
    return None


def network_of(columns: Mapping[str, IntArray]) -> Network:
    """The network of an instance."""
    return bare_network(*(columns[name] for name in ("tail", "head", "capacity", "cost", "supply")))


def memory() -> str:
    """The most memory that the process has had so far."""
    return f"{peak_gigabytes():.1f} GB"


def peak_gigabytes() -> float:
    """The same in 10^9 bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / GIGABYTE


def load(path: Path) -> ModuleType:
    """The module of a Python file outside the project."""
    spec = importlib.util.spec_from_file_location("instances", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def occurrence(network: Network) -> npt.NDArray[np.intp]:
    """Per arc, how many arcs with the same ends stand before it."""
    order = np.lexsort((network.head, network.tail))
    pair = np.stack([network.tail[order], network.head[order]])
    starts = np.concatenate([[True], np.any(pair[:, 1:] != pair[:, :-1], axis=0)])
    places = np.arange(network.arc_count)
    count = np.empty(network.arc_count, np.intp)
    count[order] = places - np.maximum.accumulate(np.where(starts, places, 0))
    return count


def bare_solve(network: Network) -> tuple[IntArray, float]:
    """OR-Tools' own flow and the processor seconds from columns to flow, with no check at all."""
    started = time.process_time()
    engine: Any = SimpleMinCostFlow()
    arcs = engine.add_arcs_with_capacity_and_unit_cost(
        network.tail.astype(np.int32), network.head.astype(np.int32), network.capacity, network.cost
    )
    nodes = np.arange(network.node_count, dtype=np.int32)
    engine.set_nodes_supplies(nodes, network.supply)
    assert engine.solve() == engine.OPTIMAL
    flow = np.asarray(engine.flows(arcs), np.int64)
    return flow, time.process_time() - started


def bare_ortools(network: Network) -> float:
    """The seconds of `bare_solve`."""
    return bare_solve(network)[1]


def bare_simplex(network: Network) -> float:
    """Seconds of network simplex alone, on arcs that are already sorted and handed over."""
    held = Simplex(engine_columns(network))
    started = time.process_time()
    held.solve()
    return time.process_time() - started


def whole(network: Network, keys: Hashes, decode: Decode | None) -> Steps:
    """Seconds per step from columns in any order to a certified plan in columns."""
    marks = [("", time.process_time())]
    rows = canonical_rows(keys)
    names = ("tail", "head", "lower", "capacity", "cost")
    ordered = replace(network, **{name: getattr(network, name)[rows] for name in names})
    marks.append(("order", time.process_time()))
    found = solve(ordered)
    marks.append(("solve", time.process_time()))
    potentials = canonical_potentials(ordered, found.flow, found.potentials)
    marks.append(("potentials", time.process_time()))
    settled = canonical_flow(ordered, found.flow, potentials, keys[rows])
    marks.append(("ties", time.process_time()))
    assert ordered.digest
    marks.append(("digest", time.process_time()))
    verdict = check(ordered, settled, potentials, measure(ordered, settled, potentials))
    assert verdict.accepted
    assert verdict.canonical
    marks.append(("certificate", time.process_time()))
    used = np.flatnonzero(settled)
    assert len(settled[used])
    marks.append(("plan columns", time.process_time()))
    if decode is not None:
        decode(ordered, settled)
        marks.append(("decoding", time.process_time()))
    steps = {name: end - start for (_, start), (name, end) in pairwise(marks)}
    return steps | {"whole": sum(steps.values())}


if __name__ == "__main__":
    main()
