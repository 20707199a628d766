"""An approval stands only while its plan does: on fresh facts, under the rules in force."""

from dataclasses import replace
from pathlib import Path

import pytest
from neo4j import Driver

from governance.approvals import VOID, WAITING
from governance.releasing import Actor, backtested
from ontology.errors import InputError
from rules.lint import lint
from rules.release import Release
from service.governing import approving, releasing
from service.governing.approval_features import plan_document
from service.house import House, artifacts_folder
from tests.approvals.conftest import (
    CHAIN,
    approved,
    code,
    counted,
    opened,
    pallet_plan,
    status,
    submitted,
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
