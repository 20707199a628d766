"""Checking a plan without a solver against making it: the regional network, in one run."""

import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.rows import Row
from examples.regional_network import generate
from forecast.model import forecast
from graph.artifacts import ArtifactStore
from graph.manifests import read_snapshot, write_snapshot
from ontology.columns import Snapshot
from rules.release import default_release
from service.decision import PlanRequest, ask, idle_flow, pose, seal
from service.planning import answer
from service.verify import verify
from solver.optimum import proved_flow
from solver.proof.certificate import check

ITEMS = 100
HISTORY_DAYS = 56
STARTS_ON = date(2026, 3, 2)
AIM = 0.1
Answer = TypeVar("Answer")


def main() -> list[Row]:
    """Print seconds of solving and of checking its proof; of the whole plan and its verification.

    Without the facts `evenkeel verify` checks proof and seal. With them it redoes all that a plan
    derives from its facts (movements, rules, lines), so it is compared with making it, too.
    """
    tables = generate(items=ITEMS, days=HISTORY_DAYS)
    made = forecast(tables.pop("DemandObservation"), STARTS_ON, 6, 22)
    of_plan = (made.forecasts, made.quantiles, made.pooled)
    tables |= {table.name: table for table in of_plan}
    snapshot = Snapshot(1, {name: table.sorted() for name, table in tables.items()})
    release, request = default_release(), PlanRequest("regional")
    question = ask(snapshot, release, request)
    draft = answer(question)  # compiles, and warms up
    problem = pose(question)
    _, solving = timed(lambda: proved_flow(problem))
    verdict, checking = timed(lambda: check(
        draft.problem.network, draft.flow, draft.potentials, draft.claims, draft.prices,
        draft.problem.shared, idle_flow(draft.problem),
    ))  # fmt: skip
    assert verdict.accepted
    with tempfile.TemporaryDirectory() as folder:
        store = ArtifactStore(Path(folder))
        names = {"snapshot": write_snapshot(store, "regional", snapshot),
                 "release": store.put_document(release.to_document())}  # fmt: skip
        about = {"sequence": 1, "made_at": "2026-03-02T00:00:00+00:00", "agent": "benchmark",
                 "versions": {}, "artifacts": names}  # fmt: skip
        document, planning = timed(lambda: planned(store, names["snapshot"], request, about))
        found, verifying = timed(lambda: verify(document, artifacts=Path(folder)))
    assert found.accepted, found
    with tempfile.TemporaryDirectory() as folder:
        own = ArtifactStore(Path(folder))
        for data in draft.attachments.values():
            own.put(data)
        proof, proving = timed(lambda: verify(document, artifacts=own))
    assert [each.status for each in proof.checks] == ["accepted", "accepted", "not run"]
    size = f"regional, {ITEMS} items, {draft.problem.network.arc_count:,} arcs"
    print(f"verifying: {size}; processor seconds: solve {solving:.2f}, proof {checking:.3f} "
          f"(1/{solving / checking:.0f}), proof and seal {proving:.3f} "
          f"(1/{solving / proving:.0f}); plan {planning:.2f}, verify {verifying:.2f} "
          f"(1/{planning / verifying:.1f})")  # fmt: skip
    return [
        Row("verify: the certificate", size, "the plan's own solve", AIM, checking / solving),
        Row("verify: proof and seal", size, "the plan's own solve", AIM, proving / solving),
        Row("verify: the whole document", size, "the plan's own solve", AIM, verifying / solving),
        Row("verify: the whole document", size, "making the plan", AIM, verifying / planning),
    ]


def planned(
    store: ArtifactStore, manifest: str, request: PlanRequest, about: dict[str, Any]
) -> dict[str, Any]:
    """A plan as the service makes it: from the facts as they are kept to a sealed document."""
    question = ask(read_snapshot(store, manifest), default_release(), request)
    draft = answer(question)
    for data in draft.attachments.values():
        store.put(data)
    return seal(draft.decision, about)


def timed(work: Callable[[], Answer]) -> tuple[Answer, float]:
    """An answer, and the processor seconds that it took."""
    started = time.process_time()
    found = work()
    return found, time.process_time() - started


if __name__ == "__main__":
    main()
