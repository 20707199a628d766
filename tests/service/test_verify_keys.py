"""Verification of what a plan says beside its numbers: nothing unknown, no cost parts at will."""

import copy
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest

from graph.artifacts import ArtifactStore
from graph.manifests import write_snapshot
from ontology.canonical import digest_of
from rules.release import default_release
from service.decision import PlanRequest, seal
from service.planning import draft_plan
from service.verify import KEYS, REFUSED, verify
from tests.service.planned import TWO_HUBS, Planned, planned
from tests.solver.forecasts import random_forecast

BROUGHT = ([], ["freight"], ["warehouse"], ["freight", "freight"], ["warehouse", "freight"],
           ["freight", "warehouse", "zebra"], ["zebra"], [0], [[]], "freight", None,
           {"freight": 1})  # fmt: skip


def resealed(document: dict[str, Any]) -> dict[str, Any]:
    """The document with its digests made right again, as a forger would."""
    document["plan_digest"] = digest_of(document["decision"])
    document["seal"] = digest_of({k: v for k, v in document.items() if k != "seal"})
    return document


def refusals(plan: Planned, document: dict[str, Any], *, whole: bool = True) -> dict[str, str]:
    """Why each check refuses a document, with the artifacts or the document alone."""
    found = verify(document, artifacts=plan.artifacts if whole else None)
    return {c.name: "; ".join(c.refusals) for c in found.checks if c.status == REFUSED}


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("value", [None, 0, "", [], {"a": 1}])
@pytest.mark.parametrize("place", ["plan", "about", "decision"])
def test_an_extra_key_is_refused(plan: Planned, place: str, value: Any, *, whole: bool) -> None:
    """What nothing checks does not stand under a seal, whatever it holds, facts at hand or not."""
    forged = copy.deepcopy(plan.document)
    (forged if place == "plan" else forged[place])["approved_by"] = value
    found = refusals(plan, resealed(forged), whole=whole)
    assert f"{place}: a plan has no `approved_by` there" == found["seal"]


def test_every_part_of_a_plan_is_known(plan: Planned) -> None:
    """The planner states nothing that the checker would call a stranger."""
    assert {} == refusals(plan, plan.document)
    assert KEYS["plan"] == plan.document.keys()
    assert KEYS["about"] == plan.document["about"].keys()
    unasked = {"remarks", "waste", "stability", "objectives", "stages", "reserved", "promised"}
    assert KEYS["decision"] - unasked == plan.document["decision"].keys()


@pytest.mark.parametrize("brought", BROUGHT, ids=str)
def test_cost_parts_are_those_that_the_plan_was_made_by(plan: Planned, brought: Any) -> None:
    """Where demand is uncertain every part of the cost counts, and no plan can say otherwise."""
    assert ["freight", "warehouse"] == plan.document["decision"]["cost_parts"]
    forged = copy.deepcopy(plan.document)
    forged["decision"]["cost_parts"] = brought
    assert "derivation" in refusals(plan, resealed(forged))


def test_a_remark_is_not_put_in_or_left_out(plan: Planned) -> None:
    """A remark follows from the facts: one that does not is refused."""
    for remarks in ([], None, [{"code": "LANES_BEYOND_FORECAST"}]):
        forged = copy.deepcopy(plan.document)
        forged["decision"]["remarks"] = remarks
        assert "derivation" in refusals(plan, resealed(forged))


def test_a_choice_of_cost_parts_changes_no_plan_of_uncertain_demand(
    plan: Planned, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Asked for freight alone, the same plan is made, and it says what it was made by."""
    again = planned(TWO_HUBS, tmp_path_factory.mktemp("freight"), parts=frozenset({"freight"}))
    assert plan.document["decision"] == again.document["decision"]


@pytest.fixture(scope="module")
def forecast_plan(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """A plan with given purchases, lines with a fixed cost and a far pool, and its artifacts."""
    snapshot, release = random_forecast(3), default_release()
    folder = tmp_path_factory.mktemp("forecast")
    store = ArtifactStore(folder)
    named = {
        "snapshot": write_snapshot(store, "random", snapshot),
        "release": store.put_document(release.to_document()),
    }
    about = {"sequence": 1, "made_at": "2026-01-05T00:00:00+00:00", "agent": "test",
             "versions": {}, "artifacts": named}  # fmt: skip
    return seal(draft_plan(snapshot, release, PlanRequest("random")).decision, about), folder


def whole_numbers(part: dict[str, Any]) -> list[str]:
    return [name for name, value in part.items() if type(value) is int]


def test_no_part_of_the_cost_can_be_changed_and_sealed_again(
    forecast_plan: tuple[dict[str, Any], Path],
) -> None:
    """Every amount that a plan splits its cost into is worked out anew from lines and flow."""
    document, folder = forecast_plan
    assert verify(document, artifacts=folder).accepted
    places = [("certificate",), ("comparison", "plan"), ("comparison", "do_nothing")]
    tried = 0
    for place in places:
        for name in whole_numbers(reduce(getitem, place, document["decision"])):
            for by in (1, -1):
                forged = copy.deepcopy(document)
                reduce(getitem, place, forged["decision"])[name] += by
                assert not verify(resealed(forged), artifacts=folder).accepted, (place, name)
                tried += 1
    stated = document["decision"]["comparison"]["plan"].keys()
    assert {"stock_cost_cents", "movement_cost_cents", "line_cost_cents",
            "purchase_premium_cents", "far_cost_cents"} <= stated  # fmt: skip
    assert tried >= 2 * len(stated)
