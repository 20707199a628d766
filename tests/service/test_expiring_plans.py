"""What a plan says of lots that expire is derived again by whoever verifies it, and shown."""

import copy
import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from api.screen.drawing import show_plan
from graph.artifacts import ArtifactStore
from graph.manifests import write_snapshot
from rules.release import default_release
from service.decision import seal
from service.verify import verify
from tests.scenarios.scenario import HERE, planned, scenario_at

FOLDER = HERE / "first-expired-first-out"


def refusals(decision: dict[str, Any], folder: Path) -> dict[str, tuple[str, ...]]:
    """Per check what it refuses of a decision that was sealed again."""
    store = ArtifactStore(folder)
    named = {
        "snapshot": write_snapshot(store, "scenario", scenario_at(FOLDER).snapshot),
        "release": store.put_document(default_release().to_document()),
    }
    about = {"sequence": 1, "made_at": "2026-03-02T00:00:00+00:00", "agent": "test",
             "versions": {}, "artifacts": named}  # fmt: skip
    verdict = verify(seal(decision, about), artifacts=folder)
    return {check.name: check.refusals for check in verdict.checks if check.refusals}


def _without(decision: dict[str, Any]) -> None:
    del decision["waste"]


def _smaller(decision: dict[str, Any]) -> None:
    decision["waste"][0]["expected_waste_millionths"] -= 1


def _cheaper(decision: dict[str, Any]) -> None:
    decision["comparison"]["plan"]["waste_cost_cents"] -= 1


@pytest.mark.parametrize("forge", [_without, _smaller, _cheaper])
def test_a_loss_cannot_be_left_out_or_made_smaller(forge: Any, tmp_path: Path) -> None:
    """The stated loss follows from facts and flow; another one is refused, sealed or not."""
    honest = planned(FOLDER).decision
    assert {} == refusals(honest, tmp_path)
    forged = copy.deepcopy(honest)
    forge(forged)
    assert ["derivation"] == list(refusals(forged, tmp_path))


def test_a_loss_is_shown_with_its_lots_and_its_cost() -> None:
    """Where units are lost a screen says of which lots, until when, how many, and what it costs."""
    screen = Console(file=io.StringIO(), width=120)
    about = {"sequence": 1, "made_at": "2026-03-02T00:00:00+00:00", "agent": "test",
             "versions": {}, "artifacts": {}}  # fmt: skip
    show_plan(screen, seal(planned(FOLDER).decision, about), currency="EUR")
    text = screen.file.getvalue()  # type: ignore[attr-defined]
    assert "lots that expire: 1 loses units" in text
    assert all(part in text for part in ("S1", "south, 2026-03-02", "30.00"))
