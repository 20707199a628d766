"""A plan with everything that proves it, as a folder to hand to somebody else."""

from pathlib import Path
from typing import Any

from graph.artifacts import ArtifactStore
from graph.manifests import closure
from ontology.canonical import canonical
from solver.proof import plain_check


def export_plan(store: ArtifactStore, document: dict[str, Any], folder: Path) -> Path:
    """Write `plan.json`, `artifacts/` (snapshot, release, network) and `check.py`; gives the first.

    `evenkeel verify plan.json --artifacts artifacts` then needs no database and no network, and
    `python check.py plan.json`, which checks the certificate alone, nothing but Python.
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
    (folder / "check.py").write_text(Path(plain_check.__file__).read_text())
    path = folder / "plan.json"
    path.write_bytes(canonical(document) + b"\n")
    return path
