"""A plan of the shipped example, made without a database, with the artifacts that prove it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feeds.mapping_text import load_mapping
from feeds.reading import read
from graph.artifacts import ArtifactStore
from graph.manifests import write_snapshot
from ontology.columns import Snapshot
from rules.release import Release, default_release
from service.decision import Draft, PlanRequest, seal
from service.examples import PROJECT
from service.intake.fact_rules import hold_to_rules
from service.planning import draft_plan
from solver.model.problem import BOTH_PARTS

TWO_HUBS = PROJECT / "examples" / "two_hubs"


@dataclass(frozen=True)
class Planned:
    """A sealed plan, what it was made from, and where its artifacts lie."""

    snapshot: Snapshot
    release: Release
    request: PlanRequest
    draft: Draft
    document: dict[str, Any]
    artifacts: Path


def snapshot_of(folder: Path, mapping: Path) -> Snapshot:
    """The facts of a folder, held to the shipped rules."""
    result = read([folder], load_mapping(mapping))
    return Snapshot(1, hold_to_rules(default_release(), result, Snapshot(0, {})).tables)


def planned(
    folder: Path, artifacts: Path, release: Release | None = None,
    parts: frozenset[str] = BOTH_PARTS,
) -> Planned:  # fmt: skip
    """The plan of the two hubs from the files of a folder."""
    snapshot = snapshot_of(folder, TWO_HUBS / "mapping.yaml")
    chosen, request = release or default_release(), PlanRequest("two_hubs", parts)
    draft = draft_plan(snapshot, chosen, request)
    store = ArtifactStore(artifacts)
    named = {
        "snapshot": write_snapshot(store, "two_hubs", snapshot),
        "release": store.put_document(chosen.to_document()),
    }
    about = {"sequence": 1, "made_at": "2026-01-05T00:00:00+00:00", "agent": "test",
             "versions": {}, "artifacts": named}  # fmt: skip
    return Planned(snapshot, chosen, request, draft, seal(draft.decision, about), artifacts)
