"""Where a plan lies is what facts say now, beside what they said when it was made."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from governance.plan_cases import APPROVED, VOID, WAITING
from governance.scopes import Scope
from governance.stops import PAUSE, STOP
from ontology.access import Grant
from service.governing import approving, autonomy
from service.governing.approval_features import plan_document
from service.governing.confidence import Confidence
from service.house import House
from service.permits.grants import end_grant, grant_access
from tests.approvals.conftest import CHAIN, approved, code, stated, status, submitted


@pytest.fixture
def placed(house: House) -> Iterator[House]:
    """Both hubs are in no region but the valley, before and after."""
    yield house
    for number in (each.number for each in house.ledger.state().stops.standing):
        autonomy.resume(house, number, "seen to", "ben")
    for hub in ("north", "south"):
        moved(house, "", hub)


def moved(house: House, region: str, hub: str = "north") -> None:
    """A hub belongs to another region from now on."""
    stated(house, "Location", (hub,), region=region)


def halted(house: House, mode: str = STOP) -> None:
    """The far region is stopped."""
    autonomy.stop(house, Scope(CHAIN, ("far",)), "the scales are wrong", "gus", mode)


def test_a_stop_holds_a_plan_of_a_hub_that_came_into_its_region(placed: House) -> None:
    """It was submitted when the hub was elsewhere."""
    plan = submitted(placed)
    moved(placed, "far")
    halted(placed)
    assert code(lambda: approving.approve(placed, plan, "looks right", "ann")) == "STOPPED"
    approving.void(placed, plan, "submitted again under the stop", "pia")
    assert code(lambda: approving.submit(placed, plan, "pia")) == "STOPPED"
    moved(placed, "")  # what was submitted elsewhere is held by neither, once it is lifted
    autonomy.resume(placed, placed.ledger.state().stops.standing[0].number, "seen to", "ben")
    approving.submit(placed, plan, "pia")
    approving.approve(placed, plan, "looks right", "ann")
    assert status(placed, plan) == APPROVED


def test_a_pause_ends_what_is_open_where_a_hub_lies_now(placed: House) -> None:
    plan = approved(placed)
    moved(placed, "far")
    halted(placed, PAUSE)
    assert status(placed, plan) == VOID


def test_a_grant_on_a_region_reaches_no_hub_that_has_left_it(placed: House) -> None:
    """Nor one that came into it after the plan was submitted."""
    now = datetime.now(UTC) - timedelta(seconds=1)
    asked = Grant("", "lim", "approver", CHAIN, now, now, regions=("near",))
    grant = grant_access(placed, asked, "owner")
    moved(placed, "near")
    moved(placed, "near", "south")
    plan = submitted(placed)
    moved(placed, "far")
    assert code(lambda: approving.approve(placed, plan, "mine", "lim")) == "ROLE_WANTED"
    moved(placed, "near")
    approving.approve(placed, plan, "mine", "lim")
    assert status(placed, plan) == APPROVED
    end_grant(placed, grant.id, "seen to", "owner")


def test_a_machine_judges_what_a_plan_moves_by_the_facts_of_now_as_well(placed: House) -> None:
    """Reclassified and dearer: an envelope for ambient goods no longer holds it."""
    plan = submitted(placed)
    document, sure = plan_document(placed, plan), Confidence((), 1)
    then = autonomy.features_of(placed, document, sure)
    stated(placed, "Item", ("widget",), handling_class="cold", value_cents=100_000)
    moved(placed, "far")
    now = autonomy.features_of(placed, document, sure)
    assert now.handling_classes == then.handling_classes | {"cold"}
    assert (now.value_cents or 0) > (then.value_cents or 0)
    assert then.reach.cells < now.reach.cells
    assert any("far" in cell.regions for cell in now.reach.cells)
    assert status(placed, plan) == WAITING
    stated(placed, "Item", ("widget",), handling_class="ambient", value_cents=1_000)
