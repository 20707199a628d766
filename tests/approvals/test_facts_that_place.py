"""Where a plan lies is what facts say now, beside what they said when it was made."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from governance.plan_cases import APPROVED, DECLINED, VOID, WAITING, Placed, PlanCase
from governance.scopes import Scope
from governance.stops import PAUSE, STOP
from graph.artifacts import ArtifactStore
from ontology.access import Grant
from ontology.columns import Snapshot
from service.governing import approval_standing, approving, autonomy, deciders
from service.governing.approval_features import plan_document
from service.governing.confidence import Confidence
from service.governing.plan_places import Placing, touched_in
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


@pytest.fixture
def lim(placed: House) -> Iterator[str]:
    """Somebody who may approve what lies near; both hubs do."""
    now = datetime.now(UTC) - timedelta(seconds=1)
    asked = Grant("", "lim", "approver", CHAIN, now, now, regions=("near",))
    grant = grant_access(placed, asked, "owner")
    moved(placed, "near")
    moved(placed, "near", "south")
    yield "lim"
    end_grant(placed, grant.id, "seen to", "owner")


def mine(house: House, person: str) -> list[str]:
    """The plans that wait for somebody."""
    return [case.plan for case in deciders.waiting_for(house, person, CHAIN)]


def test_a_grant_on_a_region_reaches_no_hub_that_has_left_it(placed: House, lim: str) -> None:
    """Nor one that came into it after the plan was submitted; the inbox says the same."""
    plan = submitted(placed)
    assert mine(placed, lim) == [plan]
    moved(placed, "far")
    assert mine(placed, lim) == []
    for decide in (approving.approve, approving.decline, approving.return_for_change,
                   approving.void):  # fmt: skip
        assert code(partial(decide, placed, plan, "mine", lim)) == "ROLE_WANTED"
    assert mine(placed, "ben") == [plan]  # whose power is not limited
    moved(placed, "near")
    assert mine(placed, lim) == [plan]
    approving.approve(placed, plan, "mine", lim)
    assert status(placed, plan) == APPROVED
    moved(placed, "far")
    assert code(lambda: approving.void(placed, plan, "not mine", lim)) == "ROLE_WANTED"


def test_a_word_that_no_longer_reaches_is_no_word(placed: House, lim: str) -> None:
    """Nor is power that was lent for a region; both count again where the hub comes back."""
    until = datetime.now(UTC) + timedelta(days=1)
    lent = approving.delegate(placed, "dora", "on leave", "ann", until, Scope(CHAIN, ("near",)))
    plan = submitted(placed, "local")  # by nobody named: it takes two
    approving.approve(placed, plan, "mine", lim)
    case = placed.ledger.state().approvals.case(plan)
    assert mine(placed, "dora") == [plan]
    assert [("approver",)] == [each.roles for each in deciders.counted_verdicts(placed, case)]
    moved(placed, "far")
    assert mine(placed, "dora") == []
    assert [()] == [each.roles for each in deciders.counted_verdicts(placed, case)]
    assert code(lambda: approving.decline(placed, plan, "no", "dora")) == "ROLE_WANTED"
    moved(placed, "near")
    approving.decline(placed, plan, "no", "dora")
    assert status(placed, plan) == DECLINED
    approving.take_back(placed, lent.state.sequence, "ann")


def test_a_hub_that_leaves_while_somebody_decides(
    placed: House, lim: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked at again: the last word has the facts of the moment of appending."""
    plan, looked = submitted(placed), approving.placed_here

    def late(house: House, case: PlanCase) -> tuple[Placed, int | None]:
        found = looked(house, case)
        monkeypatch.setattr(approving, "placed_here", looked)
        moved(house, "far")
        return found

    monkeypatch.setattr(approving, "placed_here", late)
    assert code(lambda: approving.decline(placed, plan, "no", lim)) == "ROLE_WANTED"
    assert status(placed, plan) == WAITING


def test_an_inbox_reads_each_plan_once_and_the_facts_of_a_chain_once(
    placed: House, lim: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many wait, and none for somebody whose power is not limited."""
    plans = {submitted(placed, units=units) for units in (1, 2, 3)}
    read: Counter[str] = Counter()
    of_document, of_facts = ArtifactStore.get_document, approval_standing.Placing

    def get_document(store: ArtifactStore, digest: str) -> Any:
        read["documents"] += 1
        return of_document(store, digest)

    def placing(facts: Snapshot) -> Placing:
        read["facts"] += 1
        return of_facts(facts)

    monkeypatch.setattr(ArtifactStore, "get_document", get_document)
    monkeypatch.setattr(approval_standing, "Placing", placing)
    touched_in.cache_clear()
    assert plans == set(mine(placed, "ben"))
    assert Counter() == read
    assert plans == set(mine(placed, lim))
    assert Counter(documents=len(plans), facts=1) == read
    assert plans == set(mine(placed, lim))
    assert Counter(documents=len(plans), facts=2) == read


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
