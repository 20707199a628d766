"""A plan with everything that proves it, as a folder to hand to somebody else."""

from pathlib import Path
from typing import Any

from graph.artifacts import ArtifactStore
from graph.manifests import closure
from ontology.canonical import canonical


def export_plan(store: ArtifactStore, document: dict[str, Any], folder: Path) -> Path:
    """Write `plan.json` and `artifacts/` (snapshot, release, network); gives the plan's path.

    `evenkeel verify plan.json --artifacts artifacts` then needs no database and no network.
    """
    named = document["about"]["artifacts"]
    decision = document["decision"]
    wanted = {*closure(store, named["snapshot"]), named["release"]}
    wanted |= {named[part] for part in ("previous",) if part in named}
    wanted |= {
        decision[part]["artifact"]
        for part in ("network", "certificate")
        if "artifact" in decision[part]
    }
    store.export(sorted(wanted), folder / "artifacts")
    path = folder / "plan.json"
    path.write_bytes(canonical(document) + b"\n")
    return path
