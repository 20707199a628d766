"""Plans made again under noise: what changes, what steadiness costs, and old proofs."""

import statistics
import time
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.around_solve import load_instances, network_of
from benchmarks.replays import NOISE_PER_CENT, carried_out, chain, taken_back, with_noise
from ontology.columns import Snapshot
from ontology.steadiness import Steady, lines_of
from rules.release import default_release
from service.decision import Draft, PlanRequest, ask, pose
from service.drift import compared, reported
from service.planning import answer
from service.stability import BAND
from solver.engine.flow import solve
from solver.engine.potentials import canonical_potentials
from solver.explain.drift import drifted, weighed
from solver.model.steady import stability_of
from solver.network.columns import Network

REPLAYS = 500
ITEMS = 8
WORLDS = 25
SIZES = ((50, 14), (500, 28))
REQUEST = PlanRequest("replayed")


def main() -> None:
    """Print changed lines and units, what steadiness costs, moves taken back, and drift checks."""
    release = default_release()
    print(f"stability: {REPLAYS} replays of {WORLDS} chains of {ITEMS} items at 4 places, 12 lanes;"
          f" noise of {NOISE_PER_CENT} % in every forecast")  # fmt: skip
    print(report([replay(seed) for seed in range(REPLAYS)], int(release.knobs[BAND])))
    instances = load_instances("stability, old proofs on one network")
    if instances is None:
        return
    for hubs, periods in SIZES:
        network = network_of(instances.rebalancing(hubs, periods))
        print(f"  {hubs}x{periods} ({network.arc_count:,} arcs), costs drift; the old proof's gap:")
        print("\n".join(old_proof(network)))


def old_proof(network: Network) -> list[str]:
    """Per kind of drift: the gap by the old potentials, mended, and the true one; the times."""
    solution = solve(network)
    potentials = canonical_potentials(network, solution.flow, solution.potentials)
    weighed(network, solution.flow, potentials - 1)  # compiles, and warms up
    draw, rows = np.random.default_rng(1), []
    for told, count, percent in (
        ("20 arcs by 30 %", 20, 30), ("1 % of arcs by 10 %", network.arc_count // 100, 10),
        ("all arcs by 5 %", network.arc_count, 5),
    ):  # fmt: skip
        chosen, cost = draw.choice(network.arc_count, count, replace=False), network.cost.copy()
        share = draw.uniform(-percent / 100, percent / 100, count)
        cost[chosen] = (cost[chosen] * (1 + share)).astype(np.int64)
        new = replace(network, cost=cost)
        plain, _ = timed(drifted, new, solution.flow, potentials)
        found, checking = timed(weighed, new, solution.flow, potentials)
        best, solving = timed(solve, new)
        gaps = [1_000_000 * gap / abs(found.cost)
                for gap in (plain.gap, found.gap, found.cost - best.objective)]  # fmt: skip
        rows.append(f"    {told}: {gaps[0]:,.0f} per million, mended {gaps[1]:,.0f}, true "
                    f"{gaps[2]:,.0f}; {1000 * checking:.0f} ms against {1000 * solving:.0f} ms of "
                    "a cold solve")  # fmt: skip
    return rows


def replay(number: int) -> dict[str, Any]:
    """One replay: a plan, noise, the plain plan and the steady one, and a plan after the first."""
    before = chain(number % WORLDS, ITEMS)
    first = plan(before)
    after = with_noise(before, number)
    wish = Steady(lines_of(first.decision), int(default_release().knobs[BAND]))
    plain = timed(plan, after)
    steady = timed(plan, after, wish)
    done = carried_out(after, first.decision["lines"], "done")
    second = plan(done)
    proof = {"flow": first.flow, "potentials": first.potentials}
    if first.prices is not None:
        proof["prices"] = first.prices
    asked = replace(REQUEST, steady=replace(wish, frozen_days=1))
    posed = pose(ask(after, default_release(), asked))
    checked = timed(compared, first.problem, posed, proof)
    says = reported("", checked[0], frozenset(), wish.band_per_million, same=False)
    moved = stability_of(plain[0].problem, plain[0].flow, wish)
    kept = steady[0].decision["stability"]
    return {
        "lines": sum(line["kind"] == "transfer" for line in first.decision["lines"]),
        "plain lines": moved["changed_lines"], "plain units": moved["changed_units"],
        "steady lines": kept["changed_lines"], "steady units": kept["changed_units"],
        "dearer per million": 1_000_000 * (steady[0].claims.cost - plain[0].claims.cost)
        / abs(plain[0].claims.cost),
        "back": len(taken_back(done, second.decision["lines"])),
        "holds": says.holds, "affected": len(says.affected), "groups": says.group_count,
        "seconds": (plain[1], steady[1], checked[1]),
    }  # fmt: skip


def plan(snapshot: Snapshot, wish: Steady | None = None) -> Draft:
    """The plan of a snapshot under the shipped release."""
    return answer(ask(snapshot, default_release(), replace(REQUEST, steady=wish)))


def timed(work: Any, *arguments: Any) -> tuple[Any, float]:
    """An answer and the processor seconds that it took."""
    started = time.process_time()
    found = work(*arguments)
    return found, time.process_time() - started


def report(found: list[dict[str, Any]], band: int) -> str:
    """The sums over all replays."""
    total = {name: sum(each[name] for each in found) for name in found[0] if name != "seconds"}
    plain, steady, check = (statistics.median(each["seconds"][n] for each in found)
                            for n in range(3))  # fmt: skip
    dearer = total["dearer per million"] / len(found)
    return (
        f"  {total['lines']:,} transfer lines planned; changed after the noise: plain "
        f"{total['plain lines']:,} lines and {total['plain units']:,} units, steady (band {band} "
        f"per million) {total['steady lines']:,} lines and {total['steady units']:,} units, "
        f"{dearer:.0f} per million dearer\n"
        f"  lines that take back what the plan before sent: {total['back']:,}\n"
        f"  old proof on new facts: {total['holds']:,} of {len(found):,} plans hold, "
        f"{total['affected']:,} of {total['groups']:,} groups of items to be planned again; "
        f"{1000 * check:.1f} ms against {1000 * plain:.0f} ms of a plan; "
        f"a steady plan {1000 * steady:.0f} ms"
    )


if __name__ == "__main__":
    main()
