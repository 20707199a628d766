"""Decisions beside promises: as if the orders were placed, derived again, and read as of old."""

import copy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.replays import carried_out, chain
from graph.artifacts import ArtifactStore
from graph.manifests import write_snapshot
from ontology.columns import Snapshot, Table
from ontology.promise_ends import HELD_DAYS
from ontology.promises import (
    Promise,
    less_promised,
    merged_promises,
    promises_in,
    purchases_in,
)
from ontology.terms import join_key
from rules.release import default_release
from service.audit.replay import SAME, replay
from service.decision import Draft, PlanRequest, ask, request_of, seal
from service.plan_notices import notices_of_promises
from service.planning import draft_plan
from service.verify import REFUSED, verify
from tests.service.planned import Planned
from tests.service.test_verify_keys import resealed

WORDS = ("kind", "item", "origin", "supplier", "destination", "quantity_units", "arrives_on")
APPROVAL, LATER = 5, 6
PALLET = ("widget", "north", "W1")


def drafted(snapshot: Snapshot, *promises: Promise, chain: str = "replayed") -> Draft:
    """A certified plan under the shipped release."""
    return draft_plan(snapshot, default_release(),
                      PlanRequest(chain, reserved=merged_promises(promises)))  # fmt: skip


def promised(decision: dict[str, Any], *, is_done: bool = True) -> list[Promise]:
    """What the lines of a plan promise, approved by an event, and perhaps carried out."""
    return [replace(each, since=APPROVAL, carried_out=is_done)
            for each in (*promises_in(decision), *purchases_in(decision))]  # fmt: skip


def lines(draft: Draft) -> list[tuple[Any, ...]]:
    """What a plan does."""
    return [tuple(line.get(word) for word in WORDS) for line in draft.decision["lines"]]


def recounted(made: Planned, units: int, event: int = LATER) -> Snapshot:
    """The two hubs, where the pallet in the north was counted on the first day of the plan."""
    stock = made.snapshot.table("StockPosition")
    row = stock.row_of[join_key(PALLET)]
    columns = {name: column.copy() for name, column in stock.columns.items()}
    columns["on_hand_units"][row] = columns["total_units"][row] = units
    columns["counted_on"][row] = np.datetime64(made.document["decision"]["starts_on"], "D")
    tables = {**made.snapshot.tables, "StockPosition": Table("StockPosition", columns)}
    addresses = {name: np.array([[1, at] for at in range(len(table))], np.int64)
                 for name, table in tables.items()}  # fmt: skip
    addresses["StockPosition"][row, 0] = event
    return Snapshot(event, tables, addresses)


def sealed(snapshot: Snapshot, draft: Draft, folder: Path) -> dict[str, Any]:
    """The document of a plan, with its snapshot and release in a folder."""
    store = ArtifactStore(folder)
    named = {"snapshot": write_snapshot(store, "two_hubs", snapshot),
             "release": store.put_document(default_release().to_document())}  # fmt: skip
    return seal(draft.decision, {
        "sequence": snapshot.sequence, "made_at": "2026-01-05T00:00:00+00:00", "agent": "test",
        "versions": {}, "artifacts": named,
    })  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_what_is_promised_is_as_if_it_were_ordered(seed: int) -> None:
    """Against facts that state the orders; nothing is bought twice, approved or carried out."""
    before = chain(seed, 3)
    first = drafted(before)
    assert lines(first)
    placed = drafted(carried_out(before, first.decision["lines"], "placed"))
    for is_done in (False, True):
        again = drafted(before, *promised(first.decision, is_done=is_done))
        assert lines(placed) == lines(again)
        assert placed.claims.cost == again.claims.cost
        assert "purchase" not in {line["kind"] for line in again.decision["lines"]}


def test_the_two_hubs_planned_again_have_nothing_more_to_do(plan: Planned) -> None:
    for is_done in (False, True):
        promises = promised(plan.document["decision"], is_done=is_done)
        again = drafted(plan.snapshot, *promises, chain="two_hubs").decision
        assert again["lines"] == []
        assert again["promised"] == [each.stated() for each in sorted(promises)]
        assert request_of(again).reserved == merged_promises(promises)


def test_ends_are_derived_again_from_the_snapshot(plan: Planned, tmp_path: Path) -> None:
    """Counted after the approval, the pallet is free again: verify and replay find the same."""
    promises = promised(plan.document["decision"])
    sent = sum(each.units for each in promises if each.key[:3] == PALLET)
    facts = recounted(plan, 8 - sent)
    draft = drafted(facts, *promises, chain="two_hubs")
    document = sealed(facts, draft, tmp_path)
    verdict = verify(document, artifacts=tmp_path)
    assert [(one.status, one.refusals) for one in verdict.checks] == [("accepted", ())] * 3
    assert replay(ArtifactStore(tmp_path), document).status == SAME
    asked = ask(facts, default_release(), request_of(document["decision"])).facts
    stock = asked.table("StockPosition")
    assert stock["on_hand_units"][stock.row_of[join_key(PALLET)]] == 8 - sent
    assert drafted(plan.snapshot, *promises, chain="two_hubs").decision != draft.decision


@pytest.mark.parametrize("lie", ["units", "since", "done", "left out"])
def test_a_document_that_states_other_promises_is_refused(
    plan: Planned, tmp_path: Path, lie: str
) -> None:
    promises = promised(plan.document["decision"])
    facts = recounted(plan, 8)
    document = copy.deepcopy(sealed(facts, drafted(facts, *promises, chain="two_hubs"), tmp_path))
    rows = document["decision"]["promised"]
    row = next(each for each in rows if tuple(each[:3]) == PALLET)
    if lie == "left out":
        rows.remove(row)
    else:
        at = {"units": 4, "since": 9, "done": 10}[lie]
        row[at] = {"units": row[4] + 1, "since": LATER + 1, "done": False}[lie]
    verdict = verify(resealed(document), artifacts=tmp_path)
    assert REFUSED in {one.status for one in verdict.checks}


def test_decisions_that_state_reserved_are_made_as_of_old(plan: Planned) -> None:
    """Without an end, and expected nowhere, whatever was counted; stated as they were."""
    old = Promise("widget", "north", "W1", "", 2)
    facts = recounted(plan, 8)
    found = drafted(facts, old, chain="two_hubs")
    assert found.decision["reserved"] == [["widget", "north", "W1", "", 2, ""]]
    assert "promised" not in found.decision
    assert request_of(found.decision).reserved == (old,)
    by_hand = drafted(less_promised(facts, [old]), chain="two_hubs")
    assert lines(by_hand) == lines(found)
    assert by_hand.claims.cost == found.claims.cost


def test_what_a_plan_says_of_promises(plan: Planned) -> None:
    decision = plan.document["decision"]

    def said(*promises: Promise, days: int = 0) -> str:
        first = request_of(decision).starts_on
        assert first is not None
        stated = [each.stated() for each in promises]
        return " ".join(
            notices_of_promises(
                {**decision, "promised": stated, "starts_on": (first + timedelta(days)).isoformat()}
            )
        )

    waits, gone = promised(decision, is_done=False), promised(decision)
    assert "promised to approved plans" in said(*waits)
    assert "were carried out" in said(*gone)
    assert f"within {HELD_DAYS} days" in said(*gone, days=HELD_DAYS + 2)
    assert said() == ""
