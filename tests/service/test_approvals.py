"""Approvals on the real log: raced, killed between, planned beside, and void where they break."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from neo4j import Driver

from governance.approvals import APPROVED, EXPIRED, VOID, WAITING
from graph.settings import Settings
from ontology.access import ANY, Grant
from ontology.edits import FORBID, Edit
from ontology.errors import EvenkeelError, InputError, StateError
from service import approving
from service.decision import PlanRequest
from service.examples import load_example
from service.house import House, artifacts_folder, house_on
from service.permits.grants import end_grant, grant_access
from service.planning import make_plan
from service.verify import verify

CHAIN = "two_hubs"
RACERS = 8


@pytest.fixture
def house(empty_database: Driver, tmp_path: Path) -> House:
    """The shipped example, with two approvers and a planner who may approve, too."""
    found = house_on(empty_database, Settings(home=tmp_path / "home"))
    load_example(found, CHAIN)
    for name, role in (("ann", "approver"), ("ben", "approver"), ("pia", "approver")):
        granted(found, name, role)
    return found


def granted(house: House, person: str, role: str) -> Grant:
    """A grant on every chain from now on."""
    now = datetime.now(UTC) - timedelta(seconds=1)
    return grant_access(house, Grant("", person, role, ANY, now, now), "owner")


def made(house: House, agent: str = "pia", **asked: Any) -> str:
    """A saved plan."""
    return make_plan(house, PlanRequest(CHAIN, agent=agent, **asked)).saved.digest


def lines(house: House, plan: str) -> list[dict[str, Any]]:
    """The lines of a plan that take stock."""
    from service.approval_features import plan_document

    rows = plan_document(house, plan)["decision"]["lines"]
    return [row for row in rows if row["kind"] != "purchase"]


def others(house: House, plan: str, count: int) -> list[str]:
    """So many other plans for the same stock: each forbids something else that is not done."""
    ways = [("widget", "truck-sn"), ("gadget", "truck-ns"), ("vaccine", "truck-ns")]
    moved = {(line["item"], line.get("lane")) for line in lines(house, plan)}
    free = [way for way in ways if way not in moved]
    assert free
    return [
        made(house, edits=(Edit(free[0][0], lane=free[0][1], kind=FORBID, reason=f"case {n}"),))
        for n in range(count)
    ]


def status(house: House, plan: str) -> str:
    """What has become of a plan."""
    return house.ledger.state().approvals.case(plan).status


def code(act: Any) -> str:
    """The code of a refusal; empty where it is done."""
    try:
        act()
    except EvenkeelError as error:
        return error.code
    return ""


def test_from_submission_to_a_reservation_that_planning_heeds(house: House) -> None:
    plan = made(house)
    assert code(lambda: approving.approve(house, plan, "early", "ann")) == "APPROVAL_UNASKED"
    approving.submit(house, plan, "pia")
    assert code(lambda: approving.approve(house, plan, "mine", "pia")) == "OWN_PLAN"
    assert code(lambda: approving.approve(house, plan, "who", "zoe")) == "ROLE_WANTED"
    approving.approve(house, plan, "looks right", "ann")
    assert status(house, plan) == APPROVED
    reserved = house.reserved(CHAIN)
    assert {(p.item, p.place, p.lot): p.units for p in reserved} == {
        (row["item"], row["origin"], row["lot"]): row["quantity_units"]
        for row in lines(house, plan)
    }
    again = make_plan(house, PlanRequest(CHAIN, agent="pia"))
    decision = again.document["decision"]
    assert decision["reserved"] == [promise.stated() for promise in reserved]
    assert again.saved.digest != plan
    at = again.saved.event.sequence
    assert tuple(decision["reserved"]) == approving.reserved_at(house, CHAIN, at)
    verdict = verify(again.document, artifacts=artifacts_folder(house.settings))
    assert [(one.status, one.refusals) for one in verdict.checks] == [("accepted", ())] * 3
    from service.audit.replay import replay

    assert replay(house.store, again.document).same
    stock = {(p.item, p.place, p.lot): p.units for p in reserved}
    for row in (row for row in decision["lines"] if row["kind"] != "purchase"):
        taken = stock.get((row["item"], row["origin"], row["lot"]), 0)
        assert row["quantity_units"] + taken <= 8


def test_edges_lead_from_the_person_to_the_plan_and_what_it_holds(house: House) -> None:
    plan = made(house)
    approving.submit(house, plan, "pia")
    approving.approve(house, plan, "looks right", "ann")
    asked = """MATCH (:Agent {id: 'ann'})<-[:WAS_ATTRIBUTED_TO]-(a:Approval {verdict: 'given'})
               -[:ABOUT]->(p:Plan {digest: $plan}) MATCH (a)-[:RESERVES]->(r)-[:RESERVED_FOR]->(p)
               RETURN sum(r.quantity_units) AS units, count(r.released_at) AS free"""
    (row,) = house.driver.execute_query(asked, plan=plan).records
    assert row["units"] == sum(line["quantity_units"] for line in lines(house, plan)) > 0
    assert row["free"] == 0
    approving.void(house, plan, "not today", "ben")
    (row,) = house.driver.execute_query(asked, plan=plan).records
    assert row["free"] > 0


def test_of_eight_plans_for_one_pallet_one_is_approved(house: House) -> None:
    first = made(house)
    plans = [first, *others(house, first, RACERS - 1)]
    assert len(set(plans)) == RACERS
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
    from service.persons import acting

    maker = acting(house, "Ada Lovelace")
    house.persons.add_login(maker, "https://login.test", "subject-7")
    granted(house, maker, "approver")
    plan = made(house, agent=maker)
    approving.submit(house, plan, "pia")
    other = house.persons.of_login("https://login.test", "subject-7")
    assert other is not None
    assert code(lambda: approving.approve(house, plan, "by phone", other)) == "OWN_PLAN"


def test_who_edited_an_ancestor_approves_none_that_came_of_it(house: House) -> None:
    wish = (Edit("widget", lane="truck-sn", kind=FORBID, reason="ann's"),)
    first = made(house)
    second = made(house, agent="ann", previous=first, edits=wish)
    third = made(house, agent="pia", previous=second, edits=(*wish, Edit(
        "gadget", lane="truck-ns", kind=FORBID, reason="pia's")))  # fmt: skip
    approving.submit(house, third, "pia")
    assert code(lambda: approving.approve(house, third, "fine", "ann")) == "OWN_PLAN"
    approving.approve(house, third, "fine", "ben")


def test_content_edited_after_approval_is_no_plan(house: House) -> None:
    """The digest names the content: what was changed in the store is not approved."""
    plan = made(house)
    approving.submit(house, plan, "pia")
    entry = house.catalog.plans_by_digest([plan])[plan]
    (path,) = [one for one in artifacts_folder(house.settings).rglob("*")
               if one.is_file() and entry.artifact in str(one).replace("/", "")]  # fmt: skip
    text = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(text.replace(b'"quantity_units":', b'"quantity_units":9', 1))
    assert code(lambda: approving.approve(house, plan, "fine", "ann")) == "ARTIFACT_CORRUPT"
    path.write_bytes(text)
    approving.approve(house, plan, "fine", "ann")
    edited = made(house, previous=plan, edits=(Edit("widget", lane="truck-sn", kind=FORBID),))
    assert code(lambda: approving.approve(house, edited, "it was", "ann")) == "APPROVAL_UNASKED"


def test_a_count_that_finds_less_makes_it_void(house: House) -> None:
    plan = made(house)
    approving.submit(house, plan, "pia")
    approving.approve(house, plan, "fine", "ann")
    assert approving.revalidate(house) == []
    taken = lines(house, plan)[0]
    emptied(house, taken["item"], taken["origin"], taken["lot"])
    (swept,) = approving.revalidate(house)
    assert (swept.plan, status(house, plan)) == (plan, VOID)
    assert swept.event.payload["code"] == "lines"
    assert house.reserved(CHAIN) == ()
    assert approving.revalidate(house) == []
    assert code(lambda: approving.approve(house, plan, "again", "ann")) == "APPROVAL_STATUS"


def emptied(house: House, item: str, place: str, lot: str) -> None:
    """Another count that finds nothing of a lot."""
    from graph.manifests import FeedContents
    from graph.projection import load_feed
    from ontology.columns import record_at, table_of

    stock = house.facts(CHAIN).table("StockPosition")
    row = next(
        n
        for n in range(len(stock))
        if (stock["item"][n], stock["location"][n], stock["lot"][n]) == (item, place, lot)
    )
    found = replace(record_at(stock, row), on_hand_units=0, total_units=0)
    feed = FeedContents(
        CHAIN,
        "count",
        f"{item}-{place}-{lot}",
        "none",
        "0" * 64,
        {"StockPosition": table_of([found], "StockPosition")},
    )
    load_feed(house.projection, feed, agent="wms", effective_at=datetime.now(UTC))


def test_a_release_that_forbids_a_line_makes_it_void(house: House) -> None:
    """Also one that cannot be evaluated: a rule that raises lets nothing stand."""
    plan = made(house)
    approving.submit(house, plan, "pia")
    approving.approve(house, plan, "fine", "ann")
    shape = """@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix inv: <https://w3id.org/evenkeel/inventory#> .
<https://rules.test/none> a sh:NodeShape ; sh:targetClass inv:Movement ;
  sh:message "nothing moves" ; sh:property [ sh:path inv:item ; sh:maxCount 0 ] .
"""
    in_force(
        house,
        replace(house.shipped, version="2", shapes={**house.shipped.shapes, "none.ttl": shape}),
    )
    (swept,) = approving.revalidate(house)
    assert (swept.event.payload["code"], status(house, plan)) == ("rules", VOID)


def in_force(house: House, release: Any) -> None:
    """Put a release in force as people do."""
    from governance.releasing import Actor, backtested
    from service import releasing

    releasing.propose(house, release, "for a test", "ada")
    house.ledger.append(
        lambda state, now: backtested(
            state, now, Actor("evenkeel", is_person=False), release.digest, "result", []
        )
    )
    releasing.approve(house, release.digest, "read it", "ben")
    releasing.activate(house, release.digest, "ada")


def test_what_waits_expires_and_what_is_late_is_escalated(house: House) -> None:
    plan = made(house)
    approving.submit(house, plan, "pia")
    now = datetime.now(UTC)
    assert approving.sweep(house, now) == []
    assert approving.sweep(house, now + timedelta(hours=25))[0].event.payload["role"] == "governor"
    assert approving.sweep(house, now + timedelta(hours=25)) == []
    granted(house, "gus", "governor")
    assert [case.plan for case in approving.waiting_for(house, "gus")] == [plan]
    approving.sweep(house, now + timedelta(hours=100))
    assert status(house, plan) == EXPIRED


def test_a_grant_that_ends_takes_the_power_with_it(house: House) -> None:
    plan = made(house)
    approving.submit(house, plan, "pia")
    grant = granted(house, "eve", "approver")
    assert [case.plan for case in approving.waiting_for(house, "eve")] == [plan]
    end_grant(house, grant.id, "left", "owner")
    assert code(lambda: approving.approve(house, plan, "fine", "eve")) == "ROLE_WANTED"
    assert approving.waiting_for(house, "eve") == []


def test_a_release_may_bring_its_own_matrix(house: House) -> None:
    text = (Path(approving.__file__).parent.parent / "governance/approvals.toml").read_text()
    assert not house.shipped.policies
    release = replace(
        house.shipped,
        version="3",
        policies={"approvals.toml": text.replace("people = 1", "people = 2", 1)},
    )
    waits = made(house)
    approving.submit(house, waits, "pia")
    in_force(house, release)
    approving.approve(house, waits, "one of two now", "ann")
    assert status(house, waits) == WAITING
    broken = replace(house.shipped, version="4", policies={"approvals.toml": 'format = "x"'})
    in_force(house, broken)
    with pytest.raises(InputError, match="no approval matrix"):
        approving.submit(house, made(house), "pia")
    assert code(lambda: approving.approve(house, waits, "two", "ben")) == "MATRIX_INVALID"


def test_a_plan_made_beside_a_reservation_that_changes_is_stale(house: House) -> None:
    plan = made(house)
    approving.submit(house, plan, "pia")
    guard = house.still_governs(house.shipped, CHAIN, house.reserved(CHAIN))
    approving.approve(house, plan, "fine", "ann")
    from ontology.events import KEY_ACTIVATED, NewEvent

    with pytest.raises(StateError) as refused:
        house.projection.append(
            NewEvent(KEY_ACTIVATED, "test", "ada", datetime.now(UTC), "", {}), guard=guard
        )
    assert refused.value.code == "STALE_PLAN"


def test_a_rehearsed_approval_reserves_nothing(house: House) -> None:
    plan = made(house)
    approving.submit(house, plan, "pia")
    told = approving.approve(house.rehearsing(), plan, "to see", "ann")
    assert told.event is not None
    assert (status(house, plan), house.reserved(CHAIN)) == (WAITING, ())
