"""What planning costs as items grow: the regional network at 100, 1,000 and 10,000 items."""

import resource
import sys
import time
from datetime import date

import numpy as np

from examples.regional_network import generate
from forecast.model import forecast
from ontology.columns import Snapshot
from rules.decide import decide
from rules.release import default_release
from service.decision import PlanRequest, ask, pose
from service.planning import answer
from solver.model.movements import candidates, stock_after, window_of
from solver.optimum import proved_flow

SIZES = (100, 1_000, 10_000)
HISTORY_DAYS = 56
STARTS_ON = date(2026, 3, 2)
Row = dict[str, float]


def main(sizes: tuple[int, ...] = SIZES) -> None:
    """Print, per size, seconds of each step, and the ratio of planning to the bare solve.

    Linear means that the microseconds per arc stay as they are while items grow a hundredfold.
    Peak memory is that of the process so far, so sizes should ascend.
    """
    print("scale: regional network, 56 days of history; processor seconds; plan = all of its steps")
    print("   items     pairs  movements       arcs  forecast    rules    pose   solve    plan"
          "  plan/arc us  peak MB")  # fmt: skip
    found = []
    for items in sizes:
        row = one(items)
        found.append(row)
        print(f"{items:8,}{row['pairs']:10,.0f}{row['movements']:11,.0f}{row['arcs']:11,.0f}"
              f"{row['forecast']:10.2f}{row['rules']:9.2f}{row['pose']:8.2f}{row['solve']:8.2f}"
              f"{row['plan']:8.2f}{1e6 * row['plan'] / row['arcs']:13.1f}{row['peak']:9,.0f}",
              flush=True)  # fmt: skip
    for before, after, row, more in zip(sizes, sizes[1:], found, found[1:], strict=False):
        print(f"{before:,} -> {after:,} items: arcs x {more['arcs'] / row['arcs']:.1f}, "
              f"plan x {more['plan'] / row['plan']:.1f}; "
              f"rules {100 * more['rules'] / more['plan']:.0f} % of planning")  # fmt: skip


def one(items: int) -> Row:
    """The figures of one size. Decisions are drafted in memory: no database, no files."""
    tables = generate(items=items, days=HISTORY_DAYS)
    release = default_release()
    _ = release.compiled
    row: Row = {}
    start = time.process_time()
    made = forecast(tables["DemandObservation"], STARTS_ON, 6, 22)
    row["forecast"] = time.process_time() - start
    of_plan = (made.forecasts, made.quantiles, made.pooled)
    facts = {name: table for name, table in tables.items() if name != "DemandObservation"}
    snapshot = Snapshot(1, facts | {table.name: table for table in of_plan})
    request = PlanRequest("regional")
    question = ask(snapshot, release, request)
    start = time.process_time()
    problem = pose(question)
    row["pose"] = time.process_time() - start
    start = time.process_time()
    proved_flow(problem)
    row["solve"] = time.process_time() - start
    window = window_of(snapshot)
    movements, after = candidates(question.facts, window), stock_after(question.facts, window)
    start = time.process_time()
    decide(release, question.facts, movements, after)
    row["rules"] = time.process_time() - start
    start = time.process_time()
    draft = answer(question)
    row["plan"] = time.process_time() - start
    row["pairs"] = len(np.unique(made.forecasts["item"] + made.forecasts["location"]))
    row["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    row["movements"], row["arcs"] = len(movements), draft.problem.network.arc_count
    return row


if __name__ == "__main__":
    main(tuple(map(int, sys.argv[1:])) or SIZES)
