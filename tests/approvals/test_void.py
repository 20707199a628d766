"""An approval stands only while its plan does: on fresh facts, under the rules in force."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from neo4j import Driver

from benchmarks.replays import chain
from governance.plan_cases import APPROVED, VOID, WAITING
from governance.releasing import Actor, backtested
from graph.manifests import FeedContents
from graph.projection import load_feed
from ontology.columns import Table, table_of
from ontology.edits import PIN, Edit
from ontology.errors import InputError, StateError
from ontology.goods import Item
from ontology.governance import FreshnessBudget
from rules.lint import lint
from rules.release import Release
from service.decision import PlanRequest
from service.governing import approving, releasing
from service.governing.approval_features import plan_document
from service.governing.approval_standing import Held
from service.governing.looked import Looked
from service.house import House, artifacts_folder
from service.planning import make_plan
from tests.approvals.conftest import (
    CHAIN,
    approved,
    code,
    counted,
    opened,
    pallet_plan,
    stated,
    status,
    submitted,
    taking,
)

NOTHING_MOVES = """@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix inv: <https://w3id.org/evenkeel/inventory#> .
<https://rules.test/none> a sh:NodeShape ; sh:targetClass inv:Movement ;
  rdfs:label "None" ; rdfs:comment "For a test." ; inv:owner "tests" ; sh:severity sh:Violation ;
  sh:message "nothing moves" ; sh:property [ sh:path inv:item ; sh:maxCount 0 ] .
"""
MATRIX = (Path(approving.__file__).parents[2] / "governance" / "approvals.toml").read_text()


@pytest.fixture
def alone(database: Driver, tmp_path: Path) -> House:
    """A world of its own, for what changes facts and releases for good."""
    return opened(database, tmp_path / "home")


def in_force(house: House, release: Release) -> None:
    """Put a release in force as people do."""
    waivers = [{"rule": each.rule, "code": each.code, "reason": "for a test"}
               for each in lint(release)]  # fmt: skip
    releasing.propose(house, release, "for a test", "ada", waivers=waivers)
    house.ledger.append(lambda state, now: backtested(
        state, now, Actor("evenkeel", is_person=False), release.digest, "result", []
    ))  # fmt: skip
    releasing.approve(house, release.digest, "read it", "ben")
    releasing.activate(house, release.digest, "ada")


def test_a_count_that_finds_less_and_a_rule_that_forbids_make_it_void(alone: House) -> None:
    plan = approved(alone)
    assert approving.revalidate(alone) == []
    counted(alone, 2)
    assert code(lambda: approving.approve(alone, plan, "again", "ann")) == "APPROVAL_STATUS"
    (swept,) = approving.revalidate(alone)
    assert (swept.plan, status(alone, plan)) == (plan, VOID)
    assert swept.event.payload["code"] == "lines"
    assert alone.reserved(CHAIN) == ()
    assert approving.revalidate(alone) == []

    counted(alone, 8)
    plan, late = approved(alone), submitted(alone, units=1)
    shapes = {**alone.shipped.shapes, "none.ttl": NOTHING_MOVES}
    in_force(alone, replace(alone.shipped, version="2", shapes=shapes))
    assert code(lambda: approving.approve(alone, late, "fine", "ann")) == "PLAN_BROKEN"
    (swept,) = approving.revalidate(alone)
    assert (swept.event.payload["code"], status(alone, plan)) == ("rules", VOID)


@pytest.mark.parametrize("what", ["document", "snapshot"])
def test_a_plan_whose_artifacts_are_lost_holds_up_no_other(alone: House, what: str) -> None:
    broken, other = approved(alone), ""
    counted(alone, 11)
    other = submitted(alone, units=4)
    approving.approve(alone, other, "looks right", "ann")
    found = alone.catalog.plans_by_digest([broken])[broken]
    named = plan_document(alone, broken)["about"]["artifacts"]["snapshot"]
    lost = {"document": found.artifact, "snapshot": named}[what]
    (artifacts_folder(alone.settings) / lost[:2] / lost[2:]).write_bytes(b"something else")
    counted(alone, 2)
    codes = {each.plan: each.event.payload["code"] for each in approving.revalidate(alone)}
    assert codes == {broken: "cannot be evaluated", other: "lines"}
    assert (status(alone, broken), status(alone, other)) == (VOID, VOID)


def test_a_release_may_bring_its_own_matrix(alone: House) -> None:
    """What it demands binds also what waits; one that cannot be read lets nothing through."""
    waits = submitted(alone)
    strict = MATRIX.replace("people = 1", "people = 2", 1)
    in_force(alone, replace(alone.shipped, version="3", policies={"approvals.toml": strict}))
    approving.approve(alone, waits, "one of two now", "ann")
    assert status(alone, waits) == WAITING
    plan = pallet_plan(alone)
    in_force(alone, replace(alone.shipped, version="4",
                            policies={"approvals.toml": 'format = "x"'}))  # fmt: skip
    with pytest.raises(InputError, match="no approval matrix"):
        approving.submit(alone, plan, "pia")
    assert code(lambda: approving.approve(alone, waits, "two", "ben")) == "MATRIX_INVALID"


def budgeted(house: House, hours: int) -> None:
    """So old the counts of the pallet's source may be."""
    delivered(house, CHAIN, FreshnessBudget("two_hubs", "StockPosition", hours))


def delivered(house: House, chain: str, *facts: Any) -> None:
    """Facts of one class, true from now on."""
    table = table_of(facts, type(facts[0]).__name__)
    fed(house, chain, {table.name: table})


def fed(house: House, chain: str, tables: dict[str, Table]) -> None:
    """A delivery of tables, true from now on."""
    name = f"fed-{house.projection.log.head().sequence}"
    feed = FeedContents(chain, "made", name, "none", "0" * 64, (), tables)
    load_feed(house.projection, feed, agent="wms", effective_at=datetime.now(UTC))


def test_what_stands_on_a_fact_that_is_too_old_is_void_and_not_approved(alone: House) -> None:
    """By the clock alone, with no delivery; and what waits is approved once there is a count."""
    counted(alone, 9)
    budgeted(alone, 24)
    plan = approved(alone)
    now = datetime.now(UTC)
    assert approving.revalidate(alone, now + timedelta(hours=23)) == []
    (swept,) = approving.revalidate(alone, now + timedelta(hours=25))
    assert (swept.event.payload["code"], status(alone, plan)) == ("stale fact", VOID)
    assert "StockPosition/widget/north/W1" in swept.reason
    assert alone.reserved(CHAIN) == ()
    late = submitted(alone)
    budgeted(alone, 0)
    with pytest.raises(StateError, match="older than its source lets it be") as refused:
        approving.approve(alone, late, "fine", "ann")
    assert (refused.value.code, status(alone, late)) == ("PLAN_BROKEN", WAITING)
    assert alone.ledger.state().approvals.case(late).verdicts == ()
    budgeted(alone, 24)
    counted(alone, 10)
    approving.approve(alone, late, "counted again", "ann")
    assert status(alone, late) == APPROVED


def test_what_approve_answers_when_the_facts_changed(alone: House) -> None:
    """By the facts of that moment: units or lines that are gone, and what changes nothing."""
    plan = submitted(alone)
    counted(alone, 4)
    told = code(lambda: approving.approve(alone, plan, "fine", "ann"))
    assert (told, status(alone, plan)) == ("UNITS_GONE", WAITING)
    counted(alone, 8)
    stated(alone, "Lane", ("truck-ns",), mode="air")  # any lane of another kind: it still goes
    approving.approve(alone, plan, "found again", "ann")
    assert status(alone, plan) == APPROVED
    approving.void(alone, plan, "the next one", "pia")
    late = submitted(alone)
    stated(alone, "Item", ("widget",), handling_class="frozen")  # no lane may carry it any more
    told = code(lambda: approving.approve(alone, late, "fine", "ann"))
    assert (told, status(alone, late)) == ("PLAN_BROKEN", WAITING)
    assert alone.reserved(CHAIN) == ()


def test_purchases_are_not_promised_and_others_break_a_plan(alone: House) -> None:
    """What a plan buys is nobody's stock; where the order-up-to rule asks for other purchases, the
    plan is void, and so it is not approved.
    """
    facts = dict(chain(7, 4).tables)
    fed(alone, "replayed", facts)
    first = make_plan(alone, PlanRequest("replayed", agent="pia"))
    rows = first.document["decision"]["lines"]
    row = next(row for row in rows if row["kind"] == "transfer")
    wish = Edit(row["item"], lane=row["lane"], kind=PIN, units=row["quantity_units"])
    second = make_plan(alone, PlanRequest("replayed", agent="pia", edits=(wish,)))
    plans = [first.saved.digest, second.saved.digest]
    item = next(row["item"] for row in rows if row["kind"] == "purchase")
    for plan in plans:
        approving.submit(alone, plan, "pia")
    approving.approve(alone, plans[0], "fine", "ann")
    held = alone.reserved("replayed")
    taken = {row["item"] for row in taking(alone, plans[0])}
    assert {promise.item for promise in held} == taken
    pooled = facts["PooledDemandQuantile"]
    more = np.where(pooled["item"] == item, 2, 1) * pooled["quantity_units"]
    table = Table(pooled.name, {**pooled.columns, "quantity_units": more})
    fed(alone, "replayed", {pooled.name: table})
    (swept,) = approving.revalidate(alone)
    assert (swept.plan, swept.event.payload["code"]) == (plans[0], "purchases")
    assert item in swept.reason
    with pytest.raises(StateError, match="asks for other purchases") as refused:
        approving.approve(alone, plans[1], "fine", "ann")
    assert refused.value.code == "PLAN_BROKEN"


def test_what_was_looked_at_is_what_a_new_look_finds(alone: House) -> None:
    """Differential, over random facts, approvals and times: with what was kept of earlier looks
    and without it, the same plans are found to hold.
    """
    random, looked, now = Random(1), Looked(), datetime.now(UTC)
    counted(alone, 9)
    budgeted(alone, 24)
    approving.approve(alone, submitted(alone, units=1), "go", "ann")
    kept, held = 0, 0
    for step in range(10):
        now += timedelta(hours=random.choice([0, 0, 0, 1, 9]))
        _ = random.choice([
            lambda: counted(alone, random.choice([2, 5, 8, 11])),
            lambda: code(lambda: approving.approve(alone, submitted(alone, units=1), "go", "ann")),
            partial(delivered, alone, CHAIN, Item(f"another {step}")),
            lambda: None, lambda: None,
        ])()  # fmt: skip
        for case in list(alone.ledger.state().approvals.standing()):
            fresh = approving.standing_now(alone, case, now)
            mine = approving._looked_at(alone, case, now, looked)
            assert (fresh.code, fresh.why) == (mine.code, mine.why)
            kept, held = kept + (mine == Held()), held + 1
        if step % 5 == 4:
            approving.revalidate(alone, now, looked=looked)
    assert 0 < kept < held
