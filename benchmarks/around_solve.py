"""Everything around a solve (order, ranges, ties, certificate, digest) against the solve."""

import importlib.util
import os
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

from solver.certificate import check, measure
from solver.flow import unmet
from solver.names import mixed
from solver.network import IntArray, Network, bare_network
from solver.potentials import canonical_potentials
from solver.ranges import check_columns, engine_columns
from solver.ties import Hashes, canonical_flow, canonical_rows

SIZES = ((50, 14), (500, 14), (500, 28))
RUNS = 7
AIM = 0.5
ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("EVENKEEL_SHARED") or ROOT.parent / "shared")

Decode = Callable[[Network, IntArray], object]
Steps = dict[str, float]


def main(decode: Decode | None = None) -> None:
    """Print, per size, the medians of several runs and the ratio of all steps to the bare solve.

    `decode` turns the canonical flow into lines and is timed with the rest where it is given.
    """
    path = SHARED / "bench" / "instances.py"
    if not path.is_file():
        print(f"around_solve: skipped, no instances at {path} (EVENKEEL_SHARED names the folder)")
        return
    instances = load(path)
    print(f"around_solve: medians of {RUNS} runs in ms; aim: ratio {AIM} or less")
    for hubs, periods in SIZES:
        columns = instances.rebalancing(hubs, periods)
        network = bare_network(
            *(columns[name] for name in ("tail", "head", "capacity", "cost", "supply"))
        )
        keys = mixed(
            *(c.astype(np.uint64) for c in (network.tail, network.head, occurrence(network)))
        )
        around(network, keys, bare_solve(network)[0], decode)  # compiles, and warms up
        runs = [one_run(network, keys, decode) for _ in range(RUNS)]
        medians = {step: statistics.median(run[step] for run in runs) for step in runs[0]}
        print(report(f"{hubs}x{periods}", network, medians))


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
    """OR-Tools' own flow and the seconds from columns to flow, with no check at all."""
    started = time.perf_counter()
    engine: Any = SimpleMinCostFlow()
    arcs = engine.add_arcs_with_capacity_and_unit_cost(
        network.tail.astype(np.int32), network.head.astype(np.int32), network.capacity, network.cost
    )
    nodes = np.arange(network.node_count, dtype=np.int32)
    engine.set_nodes_supplies(nodes, network.supply)
    assert engine.solve() == engine.OPTIMAL
    flow = np.asarray(engine.flows(arcs), np.int64)
    return flow, time.perf_counter() - started


def around(network: Network, keys: Hashes, flow: IntArray, decode: Decode | None) -> Steps:
    """Seconds per step for everything that a plan does with its network besides the solve."""
    marks = [("", time.perf_counter())]
    rows = canonical_rows(keys)
    names = ("tail", "head", "lower", "capacity", "cost")
    ordered = replace(network, **{name: getattr(network, name)[rows] for name in names})
    found = flow[rows]
    marks.append(("order", time.perf_counter()))
    check_columns(ordered)
    engine_columns(ordered)
    assert not unmet(ordered, found).any()
    marks.append(("ranges", time.perf_counter()))
    potentials = canonical_potentials(ordered, found)
    marks.append(("potentials", time.perf_counter()))
    settled = canonical_flow(ordered, found, potentials, keys[rows])
    marks.append(("ties", time.perf_counter()))
    assert ordered.digest
    marks.append(("digest", time.perf_counter()))
    verdict = check(ordered, settled, potentials, measure(ordered, settled, potentials))
    assert verdict.accepted
    assert verdict.canonical
    marks.append(("certificate", time.perf_counter()))
    if decode is not None:
        decode(ordered, settled)
        marks.append(("decoding", time.perf_counter()))
    return {name: end - start for (_, start), (name, end) in pairwise(marks)}


def one_run(network: Network, keys: Hashes, decode: Decode | None) -> Steps:
    """One solve and all that stands around it, in seconds."""
    flow, solve_seconds = bare_solve(network)
    steps = around(network, keys, flow, decode)
    return {"bare solve": solve_seconds, **steps, "all around": sum(steps.values())}


def report(size: str, network: Network, medians: Mapping[str, float]) -> str:
    """One line: size, steps in ms, ratio."""
    steps = ", ".join(f"{step} {1000 * seconds:.1f}" for step, seconds in medians.items())
    ratio = medians["all around"] / medians["bare solve"]
    counts = f"{network.node_count} nodes, {network.arc_count} arcs"
    return f"{size} ({counts}): {steps}; ratio {ratio:.2f}"


if __name__ == "__main__":
    main()
