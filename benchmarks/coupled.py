"""Items on shared capacity: our certified plan against OR-Tools' PDLP, which proves nothing.

`--large` adds 200 items of own sizes, and 2,000 items; `--draws` shows 8 draws of own sizes alone.
"""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

from benchmarks.around_solve import load, peak_gigabytes
from benchmarks.rows import Row, skipped
from solver.coupled.items import FloatArray, used_of
from solver.coupled.pdlp import linear_answer
from solver.coupled.solve import CoupledPlan, solve_coupled
from solver.engine.flow import solve
from solver.network.columns import IntArray, Network
from solver.proof.certificate import check, measure
from solver.proof.claims import SharedResources

HUBS, PERIODS = 50, 14
DRAW, DRAWS = 7, range(1, 9)
"""Which sizes and costs of their own items have: in the table, and with `--draws`."""

OWN_SIZES, SCARCER = "20 items, own sizes", "20 items, own sizes, scarcer"
LANE_SHARE, HUB_SHARE, HANDLING_SHARE = 0.85, 0.95, 0.9
ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("EVENKEEL_SHARED") or ROOT.parent / "shared")


@dataclass(frozen=True)
class Instance:
    """Items on one geometry, and what they share."""

    network: Network
    block_of_node: IntArray
    shared: SharedResources


@dataclass(frozen=True, slots=True)
class Measured:
    """One size: our seconds, the gap in percent, and the seconds of the check and of PDLP."""

    size: str
    seconds: float
    gap_percent: float
    checked: float
    peer: float | None


def main() -> list[Row]:
    """Print seconds of the processor, certified gaps, and ratios to PDLP in the same run.

    With `--large` the largest come first: the peak of memory is that of the process so far.
    """
    if "--draws" in sys.argv[1:]:
        return draws()
    return (larger() if "--large" in sys.argv[1:] else []) + small()


def small() -> list[Row]:
    """20 items of all kinds, and 200 of one size."""
    instances = ready()
    if instances is None:
        return skipped("coupled", "no instances at hand")
    at_20 = row(family(instances, 20, own=False), "20 items", 1_000, peer=True)
    own = row(family(instances, 20, own=True), OWN_SIZES, 5_000, peer=True)
    scarce = row(family(instances, 20, own=True, scarce=True), SCARCER, 5_000, peer=True)
    at_200 = row(family(instances, 200, own=False), "200 items", 1_000, peer=True)
    checks = [Row("verify: the certificate, coupled", one.size, "the plan's own solve", 0.1,
                  one.checked / one.seconds) for one in (at_20, at_200)]  # fmt: skip
    return against_peer(at_20, 1 / 5, 0.1) + against_peer(at_200, 1 / 8, 0.1) + against_peer(
        own, 1.0, 0.5
    ) + against_peer(scarce, 1.0, 0.5) + checks  # fmt: skip


def draws() -> list[Row]:
    """20 items of own sizes, drawn again and again: the median and the worst gap of each kind."""
    instances = ready()
    if instances is None:
        return skipped("coupled", "no instances at hand")
    rows: list[Row] = []
    for kind in (OWN_SIZES, SCARCER):
        gaps = [
            row(
                family(instances, 20, own=True, scarce=kind is SCARCER, draw=draw),
                f"{kind}, draw {draw}", 5_000, peer=False,
            ).gap_percent
            for draw in DRAWS
        ]  # fmt: skip
        for name, gap in (("median", float(np.median(gaps))), ("worst", max(gaps))):
            size = f"{kind}, {name} of {len(gaps)} draws"
            rows.append(Row("coupled, certified gap", size, "the cost", 0.5, gap, "%"))
            print(f"{size}: gap {gap:.3f} %", flush=True)
    return rows


def larger() -> list[Row]:
    """2,000 items against 200, and 200 with sizes of their own, of both kinds."""
    instances = ready()
    if instances is None:
        return skipped("coupled", "no instances at hand")
    at_200 = row(family(instances, 200, own=False), "200 items", 1_000, peer=False)
    many = row(family(instances, 2_000, own=False), "2,000 items", 1_000, peer=False)
    memory = peak_gigabytes()
    own = row(family(instances, 200, own=True), "200 items, own sizes", 2_000, peer=True)
    scarce = row(
        family(instances, 200, own=True, scarce=True), "200 items, own sizes, scarcer", 2_000,
        peer=False,
    )  # fmt: skip
    print(f"2,000 items against 200: {many.seconds / at_200.seconds:.1f} times")
    return [
        Row("coupled", many.size, "itself at 200 items", 11.0, many.seconds / at_200.seconds),
        Row("coupled, certified gap", many.size, "the cost", 0.1, many.gap_percent, "%"),
        Row("coupled", many.size, "memory", 4.0, memory, "GB"),
        *against_peer(own, 1.0, 0.2),
        Row("coupled, certified gap", scarce.size, "the cost", 0.2, scarce.gap_percent, "%"),
    ]


def ready() -> ModuleType | None:
    """The instances, with the solver compiled; None, said in one line, where there are none."""
    path = SHARED / "bench" / "instances.py"
    if not path.is_file():
        print(f"coupled: skipped, no instances at {path} (EVENKEEL_SHARED names the folder)")
        return None
    instances = load(path)
    print(f"coupled: {HUBS} hubs x {PERIODS} periods; seconds of the processor, PDLP's alone")
    for own in (False, True):
        planned(family(instances, 8, own=own), 20_000)  # compiles
    planned(family(instances, 2, own=True), 1)  # shaking, too
    return instances


def against_peer(one: Measured, aim: float, gap_aim: float) -> list[Row]:
    """The two aims of a size: time against PDLP, and the gap."""
    assert one.peer is not None
    return [
        Row("coupled", one.size, "OR-Tools PDLP 1e-4", aim, one.seconds / one.peer),
        Row("coupled, certified gap", one.size, "the cost", gap_aim, one.gap_percent, "%"),
    ]


def row(instance: Instance, name: str, target_per_million: int, *, peer: bool) -> Measured:
    """Print one size; returns what was measured."""
    plan, seconds = planned(instance, target_per_million)
    network, shared = instance.network, instance.shared
    proof = (plan.flow, plan.potentials, plan.prices, shared)
    claims = measure(network, *proof, rounded=plan.rounded)
    started = time.process_time()
    told = check(network, plan.flow, plan.potentials, claims, plan.prices, shared,
                 rounded=plan.rounded)  # fmt: skip
    assert told.accepted
    checked = time.process_time() - started
    line = (
        f"{name} ({network.arc_count:,} arcs, {len(shared.arc):,} rows): {seconds:.2f} s, "
        f"gap {claims.gap_percent:.3f} %, {plan.iterations} iterations, {plan.solves} item solves, "
        f"check {checked:.2f} s"
    )
    answer = linear_answer(network, shared) if peer else None
    if answer is not None:
        line += f"; PDLP {answer.seconds:.2f} s, ratio 1/{answer.seconds / seconds:.1f}"
    print(f"{line}; peak of the process so far {peak_gigabytes():.1f} GB", flush=True)
    size = f"{name}, {network.arc_count:,} arcs"
    gap = float(claims.gap_percent)
    return Measured(size, seconds, gap, checked, None if answer is None else answer.seconds)


def planned(instance: Instance, target_per_million: int) -> tuple[CoupledPlan, float]:
    """Our plan and its seconds of the processor, from columns to plan and proof."""
    started = time.process_time()
    plan = solve_coupled(
        instance.network, instance.block_of_node, instance.shared,
        target_per_million=target_per_million, threads=os.cpu_count() or 1,
    )  # fmt: skip
    seconds = time.process_time() - started
    assert plan.cost is not None, plan.stop
    return plan, seconds


def family(
    instances: ModuleType, items: int, *, own: bool, scarce: bool = False, draw: int = DRAW
) -> Instance:
    """The shared family of instances, in columns; capacities are shares of what items use alone.

    With `own`, items have sizes 1-5 and costs of their own, drawn by the seed `draw`, and what a
    lane brings also takes handling at its hub and period: two rows per arc, many arcs of an item
    on one capacity. No capacity is below half a unit of every item on a lane, a unit at a hub,
    and a unit takes its item's size; where `scarce`, it counts as 1 here whatever it takes.
    """
    chance = np.random.default_rng(draw)
    first = instances.rebalancing(HUBS, PERIODS, dispose=True, demand_seed=1000)
    arcs, nodes, resources = len(first["tail"]), first["n"], first["resources"]
    columns = {name: np.empty(items * arcs, np.int64) for name in ("capacity", "cost")}
    supply = np.empty(items * nodes, np.int64)
    for item in range(items):
        one = instances.rebalancing(HUBS, PERIODS, dispose=True, demand_seed=1000 + item)
        factor = _cost_factor(chance, arcs) if own else np.ones(arcs)
        columns["cost"][item * arcs : (item + 1) * arcs] = np.rint(one["cost"] * factor)
        columns["capacity"][item * arcs : (item + 1) * arcs] = one["capacity"]
        supply[item * nodes : (item + 1) * nodes] = one["supply"]
    shift = np.repeat(np.arange(items) * nodes, arcs)
    tail, head = np.tile(first["tail"], items) + shift, np.tile(first["head"], items) + shift
    network = Network(
        tail, head, np.zeros(len(tail), np.int64), columns["capacity"], columns["cost"], supply
    )
    sizes = chance.integers(1, 6, items) if own else np.ones(items, np.int64)
    rows = [np.flatnonzero(first["resource"] >= 0)]
    drawn = [first["resource"][rows[0]]]
    lanes = resources - HUBS * PERIODS
    if own:
        rows.append(np.flatnonzero((first["resource"] >= 0) & (first["resource"] < lanes)))
        drawn.append(resources + first["head"][rows[1]])
    arc, resource_of = np.concatenate(rows), np.concatenate(drawn)
    count = resources + (HUBS * PERIODS if own else 0)
    shared = SharedResources(
        np.tile(arc, items) + np.repeat(np.arange(items) * arcs, len(arc)),
        np.tile(resource_of, items), np.repeat(sizes, len(arc)), np.zeros(count, np.int64),
    )  # fmt: skip
    used, unit_each = used_of(shared, solve(network).flow), items if scarce else sizes.sum()
    shared.capacity[:] = np.floor(np.concatenate([
        np.maximum(np.floor(used[:lanes] * LANE_SHARE), unit_each * 0.5),
        np.maximum(np.floor(used[lanes:resources] * HUB_SHARE), unit_each),
        np.maximum(np.floor(used[resources:] * HANDLING_SHARE), unit_each),
    ]))  # fmt: skip
    return Instance(network, np.repeat(np.arange(items), nodes), shared)


def _cost_factor(chance: np.random.Generator, arcs: int) -> FloatArray:
    """What the costs of one item's arcs are multiplied by."""
    factor: FloatArray = chance.uniform(0.5, 2.0) * chance.uniform(0.8, 1.2, arcs)
    return factor


if __name__ == "__main__":
    main()
