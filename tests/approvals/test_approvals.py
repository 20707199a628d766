"""Approvals on the real log: raced, planned beside, by people of several logins, edited after."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from governance.ledger import Governed
from governance.plan_cases import APPROVED, EXPIRED, WAITING
from ontology.edits import FORBID, Edit
from ontology.errors import InputError, StateError
from ontology.events import KEY_ACTIVATED, NewEvent
from service.audit.replay import SAME, replay
from service.decision import PlanRequest
from service.governing import approving, deciders
from service.house import House, artifacts_folder, house_on
from service.permits.grants import end_grant
from service.persons import acting
from service.plan_notices import notices_of_plan
from service.planning import make_plan
from service.verify import verify
from tests.approvals.conftest import (
    CHAIN,
    PALLET,
    approved,
    code,
    granted,
    pallet_plan,
    status,
    submitted,
    taking,
)

RACERS = 8


def ben_comes_between(house: House, plan: str) -> Callable[[Governed, datetime], None]:
    """Ben approves once, between another's reading and appending."""
    beside, raced = house_on(house.driver, house.settings), []

    def also(state: Governed, now: datetime) -> None:
        if not raced:
            raced.append(plan)
            approving.approve(beside, plan, "read it", "ben")

    return also


def test_of_two_approvers_at_once_both_are_heard(house: House) -> None:
    """The first has the key that the second would have: the second decides on what stands now."""
    plan = submitted(house)  # takes one person
    with pytest.raises(StateError) as refused:
        approving.approve(house, plan, "looks right", "ann", also=ben_comes_between(house, plan))
    assert (refused.value.code, status(house, plan)) == ("APPROVAL_STATUS", APPROVED)
    approving.void(house, plan, "the next one", "pia")
    plan = pallet_plan(house, "local")  # by an unnamed hand: takes two
    approving.submit(house, plan, "pia")
    approving.approve(house, plan, "looks right", "ann", also=ben_comes_between(house, plan))
    case = house.ledger.state().approvals.case(plan)
    assert ([each.person for each in case.verdicts], case.status) == (["ben", "ann"], APPROVED)


def test_later_plans_are_made_on_what_is_left(house: House) -> None:
    """The reservation is an input that the document states: verified, replayed, derived again."""
    plan = approved(house)
    reserved = house.ledger.state().approvals.case(plan).orders
    assert {(p.item, p.place, p.lot): p.units for p in reserved if p.takes} == {
        (row["item"], row["origin"], row["lot"]): row["quantity_units"]
        for row in taking(house, plan)
    }
    again = make_plan(house, PlanRequest(CHAIN, agent="pia"))
    decision = again.document["decision"]
    assert decision["promised"] == [promise.stated() for promise in sorted(reserved)]
    assert any(
        "promised to approved plans" in one for one in notices_of_plan(house, again.document)
    )
    at = again.saved.event.sequence
    assert {"promised": decision["promised"]} == approving.promised_at(house, again.document, at)
    verdict = verify(again.document, artifacts=artifacts_folder(house.settings))
    assert [(one.status, one.refusals) for one in verdict.checks] == [("accepted", ())] * 3
    assert replay(house.store, again.document).status == SAME
    left = 8 - sum(p.units for p in reserved if (p.item, p.place, p.lot) == PALLET)
    moved = sum(row["quantity_units"] for row in taking(house, again.saved.digest)
                if (row["item"], row["origin"], row["lot"]) == PALLET)  # fmt: skip
    assert moved <= left


def test_who_may_approve_what_and_when(house: House) -> None:
    plan = pallet_plan(house)
    assert code(lambda: approving.approve(house, plan, "early", "ann")) == "APPROVAL_UNASKED"
    approving.submit(house, plan, "pia")
    assert code(lambda: approving.approve(house, plan, "mine", "pia")) == "OWN_PLAN"
    assert code(lambda: approving.approve(house, plan, "who", "zoe")) == "ROLE_WANTED"
    assert code(lambda: approving.approve(house, plan, " ", "ann")) == "REASON_MISSING"
    approving.approve(house, plan, "looks right", "ann")
    assert status(house, plan) == APPROVED


def test_edges_lead_from_the_person_to_the_plan_and_what_it_holds(house: House) -> None:
    plan = approved(house)
    asked = """MATCH (:Agent {id: 'ann'})<-[:WAS_ATTRIBUTED_TO]-(a:Approval {verdict: 'given'})
               -[:ABOUT]->(p:Plan {digest: $plan}) MATCH (a)-[:RESERVES]->(r)-[:RESERVED_FOR]->(p)
               RETURN sum(r.quantity_units) AS units, count(r.released_at) AS free"""
    (row,) = house.driver.execute_query(asked, plan=plan).records
    assert row["units"] == sum(line["quantity_units"] for line in taking(house, plan)) > 0
    assert row["free"] == 0
    approving.void(house, plan, "not today", "ben")
    (row,) = house.driver.execute_query(asked, plan=plan).records
    assert row["free"] > 0


def test_of_eight_plans_for_one_pallet_one_is_approved(house: House) -> None:
    plans = [pallet_plan(house) for _ in range(RACERS)]
    for plan in plans:
        approving.submit(house, plan, "pia")
    houses = [house_on(house.driver, house.settings) for _ in plans]

    def race(pair: tuple[House, str]) -> str:
        return code(lambda: approving.approve(pair[0], pair[1], "go", "ann"))

    with ThreadPoolExecutor(RACERS) as pool:
        told = sorted(pool.map(race, zip(houses, plans, strict=True)))
    assert told == ["", *["UNITS_PROMISED"] * (RACERS - 1)]
    assert len(list(house.ledger.state().approvals.standing(CHAIN))) == 1


def test_one_person_under_two_logins_is_one(house: House) -> None:
    """The maker by name on the command line, the approver by a login of the same person."""
    maker = acting(house, "Ada Lovelace")
    house.persons.add_login(maker, "https://login.test", "subject-7")
    granted(house, maker, "approver")
    plan = submitted(house, maker)
    other = house.persons.of_login("https://login.test", "subject-7")
    assert other is not None
    assert code(lambda: approving.approve(house, plan, "by phone", other)) == "OWN_PLAN"


def test_who_edited_an_ancestor_approves_nothing_that_came_of_it(house: House) -> None:
    first = pallet_plan(house, "ann")
    plan = pallet_plan(house, "pia", previous=first)
    approving.submit(house, plan, "pia")
    assert code(lambda: approving.approve(house, plan, "fine", "ann")) == "OWN_PLAN"
    approving.approve(house, plan, "fine", "ben")


def test_a_plan_of_nobody_named_takes_two(house: House) -> None:
    plan = pallet_plan(house, "local")
    approving.submit(house, plan, "pia")
    approving.approve(house, plan, "one", "ann")
    assert status(house, plan) == WAITING
    approving.approve(house, plan, "two", "ben")
    assert status(house, plan) == APPROVED


def test_content_edited_after_approval_is_no_plan(house: House) -> None:
    """The digest names the content: neither what was changed in the store, nor another plan."""
    plan = submitted(house)
    artifact = house.catalog.plans_by_digest([plan])[plan].artifact
    (path,) = [one for one in artifacts_folder(house.settings).rglob("*")
               if one.is_file() and artifact in "".join(one.parts)]  # fmt: skip
    text = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(text.replace(b'"quantity_units":', b'"quantity_units":9', 1))
    assert code(lambda: approving.approve(house, plan, "fine", "ann")) == "ARTIFACT_CORRUPT"
    path.write_bytes(text)
    approving.approve(house, plan, "fine", "ann")
    more = Edit("widget", lane="truck-sn", kind=FORBID)
    edited = make_plan(house, PlanRequest(CHAIN, agent="pia", previous=plan, edits=(more,)))
    told = code(lambda: approving.approve(house, edited.saved.digest, "it was", "ann"))
    assert told == "APPROVAL_UNASKED"


def test_an_edit_that_wants_what_is_promised_blames_no_rule(house: House) -> None:
    """The plan's own reservation is in the way, or another's: that is said, and what to do."""
    plan = approved(house)
    with pytest.raises(InputError) as refused:
        pallet_plan(house, previous=plan)
    assert "EDITS_CONFLICT" == refused.value.code
    assert "approved plans hold 5 widget at north; nearest: 2 units" in str(refused.value)
    assert "rule" not in str(refused.value)
    assert "void the approved plan" in refused.value.hint
    approving.void(house, plan, "to be edited", "pia")
    pallet_plan(house, previous=plan)


def test_what_waits_expires_and_what_is_late_is_escalated(house: House) -> None:
    plan, now = submitted(house), datetime.now(UTC)
    assert approving.sweep(house, now) == []
    assert approving.sweep(house, now + timedelta(hours=25))[0].event.payload["role"] == "governor"
    assert approving.sweep(house, now + timedelta(hours=25)) == []
    granted(house, "gus", "governor")
    assert [case.plan for case in deciders.waiting_for(house, "gus")] == [plan]
    approving.sweep(house, now + timedelta(hours=100))
    assert status(house, plan) == EXPIRED


def test_a_grant_that_ends_takes_the_power_with_it(house: House) -> None:
    plan = submitted(house)
    grant = granted(house, "eve", "approver")
    assert [case.plan for case in deciders.waiting_for(house, "eve")] == [plan]
    end_grant(house, grant.id, "left", "owner")
    assert code(lambda: approving.approve(house, plan, "fine", "eve")) == "ROLE_WANTED"
    assert deciders.waiting_for(house, "eve") == []


def test_who_approved_by_power_that_lapsed_is_asked_again(house: House) -> None:
    """Two people are wanted; the first loses the role and gets it again: theirs counts no more."""
    plan, grant = submitted(house, "local"), granted(house, "eve", "approver")
    approving.approve(house, plan, "fine", "eve")
    assert deciders.waiting_for(house, "eve") == []
    end_grant(house, grant.id, "left", "owner")
    assert deciders.waiting_for(house, "eve") == []
    until = datetime.now(UTC) + timedelta(days=1)
    lent = approving.delegate(house, "eve", "on leave", "ann", until)
    assert [case.plan for case in deciders.waiting_for(house, "eve")] == [plan]
    case = house.ledger.state().approvals.case(plan)
    assert [(each.person, each.roles) for each in deciders.counted_verdicts(house, case)] == [
        ("eve", ())
    ]
    approving.approve(house, plan, "again", "eve")
    assert deciders.waiting_for(house, "eve") == []
    approving.take_back(house, lent.state.sequence, "ann")


def test_a_plan_made_beside_other_reservations_is_stale(house: House) -> None:
    guard = house.still_governs(house.shipped, CHAIN, house.reserved(CHAIN))
    approved(house)
    with pytest.raises(StateError) as refused:
        house.projection.append(
            NewEvent(KEY_ACTIVATED, "test", "ada", datetime.now(UTC), "", {}), guard=guard
        )
    assert refused.value.code == "STALE_PLAN"


def test_a_rehearsed_approval_reserves_nothing(house: House) -> None:
    plan, before = submitted(house), house.reserved(CHAIN)
    told = approving.approve(house.rehearsing(), plan, "to see", "ann")
    assert told.event is not None
    assert (status(house, plan), house.reserved(CHAIN)) == (WAITING, before)
