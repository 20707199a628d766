"""The flip price of one arc against solving the network again with OR-Tools, in one run."""

import statistics
import time

import numpy as np

from benchmarks.around_solve import SHARED, bare_solve, load
from benchmarks.rows import Row, skipped
from solver.engine.potentials import canonical_potentials
from solver.explain.flips import Margins
from solver.network.columns import bare_network

SIZES = ((200, 28), (800, 28))
ARCS = 200
RE_SOLVES = 3
AIM = 50


def main() -> list[Row]:
    """Print, per size, what a flip costs and how many of them a re-solve is worth.

    Arcs are drawn by a fixed seed, half of them used ones. `first` is one flip with everything
    that has to be made for it from flow and potentials; `each` is a further one.
    """
    path = SHARED / "bench" / "instances.py"
    if not path.is_file():
        print(f"flips: skipped, no instances at {path} (EVENKEEL_SHARED names the folder)")
        return skipped("flip price", "no instances at hand")
    rows: list[Row] = []
    instances = load(path)
    print(f"flips: {ARCS} arcs a size, medians; aim: first or each at most 1/{AIM} of a re-solve")
    for hubs, periods in SIZES:
        line, arcs, first, each = report(hubs, periods, instances.rebalancing(hubs, periods))
        print(line)
    size = f"{hubs}x{periods}, {arcs:,} arcs"
    rows.append(Row("flip price of one arc, the first", size, "OR-Tools re-solve", 1 / AIM, first))
    rows.append(
        Row("flip price of one arc, a further one", size, "OR-Tools re-solve", 1 / AIM, each)
    )
    return rows


def report(
    hubs: int, periods: int, columns: dict[str, np.ndarray]
) -> tuple[str, int, float, float]:
    """One line (sizes, milliseconds, ratios to a re-solve in the same run), arcs, both ratios."""
    network = bare_network(
        *(columns[name] for name in ("tail", "head", "capacity", "cost", "supply"))
    )
    found = [bare_solve(network) for _ in range(RE_SOLVES)]
    flow, solving = found[0][0], statistics.median(seconds for _, seconds in found)
    potentials = canonical_potentials(network, flow)
    draw = np.random.default_rng(7)
    used, unused = np.flatnonzero(flow > 0), np.flatnonzero(flow == 0)
    arcs = np.concatenate([draw.choice(rows, ARCS // 2) for rows in (used, unused)])
    Margins(network, flow, potentials).flip(int(arcs[0]))  # compiles, and warms up
    started = time.perf_counter()
    margins = Margins(network, flow, potentials)
    margins.flip(int(arcs[0]))
    first = time.perf_counter() - started
    marks = [time.perf_counter()]
    for arc in arcs.tolist():
        margins.flip(arc)
        marks.append(time.perf_counter())
    each = np.diff(marks)
    median, slow = float(np.median(each)), float(np.quantile(each, 0.95))
    return (
        (
            f"{hubs}x{periods} ({network.node_count} nodes, {network.arc_count} arcs): re-solve "
            f"{1000 * solving:.0f} ms, first {1000 * first:.1f} ms (1/{solving / first:.0f}), each "
            f"{1000 * median:.2f} ms (1/{solving / median:.0f}), 95 % of them within "
            f"{1000 * slow:.2f} ms (1/{solving / slow:.0f})"
        ),
        network.arc_count,
        first / solving,
        median / solving,
    )


if __name__ == "__main__":
    main()
