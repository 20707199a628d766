"""What was carried out, on the real log: held and expected until the facts speak of it."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from neo4j import Driver

from governance.plan_cases import APPROVED, CARRIED_OUT, VOID
from ontology.columns import record_at
from ontology.promise_ends import HELD_DAYS
from ontology.stock import StockPosition
from ontology.terms import join_key
from service.audit.replay import SAME, replay
from service.decision import PlanRequest
from service.governing import approving
from service.governing.approval_standing import standing_of
from service.house import SERVICE_AGENT, House, artifacts_folder
from service.plan_notices import notices_of_plan
from service.planning import PlanMade, make_plan
from service.verify import verify
from tests.approvals.conftest import (
    CHAIN,
    PALLET,
    approved,
    code,
    counted,
    opened,
    said,
    stated,
    status,
    submitted,
    taking,
)

DAY, NEXT = date(2026, 3, 2), date(2026, 3, 3)


@pytest.fixture
def alone(database: Driver, tmp_path: Path) -> House:
    """A world of its own, for what changes facts for good."""
    return opened(database, tmp_path / "home")


def planned(house: House) -> PlanMade:
    """Planned again; the plan is derived, replayed and its promises read from the log the same."""
    made = make_plan(house, PlanRequest(CHAIN, agent="pia"))
    decision = made.document["decision"]
    verdict = verify(made.document, artifacts=artifacts_folder(house.settings))
    assert [(one.status, one.refusals) for one in verdict.checks] == [("accepted", ())] * 3
    assert SAME == replay(house.store, made.document, house.reader.read).status
    fields = {name: decision[name] for name in ("promised", "reserved") if name in decision}
    assert fields == approving.promised_at(house, made.document, made.saved.event.sequence)
    return made


def lines(made: PlanMade) -> list[tuple[str, str, int]]:
    """What a plan does, and to how many units."""
    return [(line["kind"], line["item"], line["quantity_units"])
            for line in made.document["decision"]["lines"]]  # fmt: skip


def arrived(house: House, units: int) -> None:
    """A count of the pallet where it went."""
    said(house, StockPosition("widget", "south", "W1", on_hand_units=units, total_units=units,
                              counted_on=NEXT))  # fmt: skip


def left(house: House, plan: str) -> list[tuple[str, int, int]]:
    """What is left of a plan's promises of the pallet."""
    return [(each.promise.item, each.committed, each.expected)
            for each in approving.left_of(house, plan)
            if each.promise.key[:3] == PALLET]  # fmt: skip


def test_nothing_is_promised_or_bought_twice_once_it_was_carried_out(alone: House) -> None:
    """Planned, approved, planned; carried out, planned; counted here, planned; counted there."""
    first = planned(alone)
    assert lines(first)
    approving.submit(alone, first.saved.digest, "pia")
    approving.approve(alone, first.saved.digest, "looks right", "ann")
    again = planned(alone)
    assert lines(again) == []
    assert again.document["decision"]["promised"]
    approving.carried_out(alone, first.saved.digest, "ben")
    done = planned(alone)
    assert lines(done) == []
    assert any("carried out" in one for one in notices_of_plan(alone, done.document))
    assert planned(alone).saved.replayed
    for line in taking(alone, first.saved.digest):
        stock = alone.facts(CHAIN).table("StockPosition")
        key = (line["item"], line["origin"], line["lot"])
        units = int(stock["on_hand_units"][stock.row_of[join_key(key)]]) - line["quantity_units"]
        stated(alone, "StockPosition", key, on_hand_units=units, total_units=units, counted_on=DAY)
    counted_here = planned(alone)
    assert lines(counted_here) == []
    assert counted_here.document["decision"]["snapshot"] != done.document["decision"]["snapshot"]


def test_units_that_left_are_not_approved_again_before_they_are_counted(alone: House) -> None:
    plan, second = submitted(alone), submitted(alone, units=4)
    approving.approve(alone, plan, "looks right", "ann")
    approving.carried_out(alone, plan, "ben")
    assert left(alone, plan) == [("widget", 5, 5)]
    assert code(lambda: approving.approve(alone, second, "fine", "ann")) == "UNITS_PROMISED"
    counted(alone, 3, counted_on=DAY)
    assert left(alone, plan) == [("widget", 0, 5)]
    assert code(lambda: approving.approve(alone, second, "fine", "ann")) == "UNITS_GONE"
    arrived(alone, 5)
    assert left(alone, plan) == []


def test_counted_first_or_said_first_ends_the_same(alone: House) -> None:
    """A count after the departure does not make the plan void: its units may have left."""
    plan = approved(alone)
    assert approving.revalidate(alone) == []
    counted(alone, 3, counted_on=DAY)
    assert approving.revalidate(alone) == []
    assert status(alone, plan) == APPROVED
    assert left(alone, plan) == [("widget", 5, 5)]
    approving.carried_out(alone, plan, "ben")
    assert left(alone, plan) == [("widget", 0, 5)]
    made = planned(alone)
    rows = [row for row in made.document["decision"]["promised"] if row[:3] == list(PALLET)]
    assert [(row[4], row[-1]) for row in rows] == [(5, True)]
    arrived(alone, 5)
    assert left(alone, plan) == []


def test_a_plan_for_a_day_by_which_a_promise_will_have_lapsed_takes_none_of_it_now(
    alone: House,
) -> None:
    """A count may come until then: the day from which somebody plans frees no unit today."""
    plan = approved(alone)
    approving.carried_out(alone, plan, "ann")
    later = NEXT + timedelta(days=HELD_DAYS + 5)
    outcome = alone.facts(CHAIN).table("DemandOutcome")
    said(alone, replace(record_at(outcome, 0), on=later))
    document = make_plan(alone, PlanRequest(CHAIN, agent="pia", starts_on=later)).document
    state = alone.ledger.state()
    for day, is_held in ((NEXT, True), (later, False)):
        now = datetime.combine(day, time(), UTC)
        held = standing_of(alone, document, state, now)[0].held or ()
        assert is_held == any(each.key[:3] == PALLET for each in held)


def test_what_is_void_can_still_be_said_to_have_been_done(alone: House) -> None:
    """A count of the day before misses units: void. That it went all the same, a person may say."""
    plan = approved(alone)
    counted(alone, 2)
    (swept,) = approving.revalidate(alone)
    assert (swept.plan, status(alone, plan)) == (plan, VOID)
    assert left(alone, plan) == []
    assert code(lambda: approving.carried_out(alone, plan, SERVICE_AGENT)) == "PERSONS_ONLY"
    approving.carried_out(alone, plan, "ben")
    assert (status(alone, plan), left(alone, plan)) == (CARRIED_OUT, [("widget", 5, 5)])
    counted(alone, 3, counted_on=DAY)
    assert left(alone, plan) == [("widget", 0, 5)]
