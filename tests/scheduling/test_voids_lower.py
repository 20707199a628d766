"""Guards on a real chain: levels fall by themselves, a step for each cause, and no lower."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from governance.autonomy import SUGGEST, WITH_APPROVAL, WITHIN_ENVELOPE
from governance.plan_cases import VOID
from governance.scopes import Scope
from ontology.edits import PIN, Edit
from ontology.events import AUTONOMY_LOWERED
from ontology.governance import FreshnessBudget
from ontology.stock import StockingPolicy, StockPosition
from service.decision import PlanRequest
from service.examples import load_example
from service.governing import approving
from service.governing.autonomy_guards import guard_autonomy
from service.house import SERVICE_AGENT, House
from service.planning import make_plan
from tests.approvals.conftest import granted
from tests.scheduling.test_tasks import CHAIN, delivered, risen

EARLIER = date(2026, 3, 1)
"""The day before the first of a plan of the example."""


@pytest.fixture
def chain(opened: House) -> House:
    """The example, whose pallet may leave whole, and somebody who may approve."""
    load_example(opened, CHAIN)
    granted(opened, "ann", "approver")
    delivered(opened, "no floor", StockingPolicy(
        "widget", "north", None, 0, None, None, None, 100_000, 900_000, "EUR"))  # fmt: skip
    return opened


def counted(house: House, name: str, units: int) -> None:
    """A count of the pallet, before anything could leave."""
    position = StockPosition("widget", "north", "W1", units, 0, 0, 0, 0, units, "each")
    delivered(house, name, replace(position, counted_on=EARLIER))


def voided(house: House, name: str) -> None:
    """A plan that Ann approved, and that a count made void: the service found it."""
    counted(house, f"more {name}", 8)
    wish = Edit("widget", lane="truck-ns", kind=PIN, units=5, reason=name)
    plan = make_plan(house, PlanRequest(CHAIN, agent="pia", edits=(wish,))).saved.digest
    approving.submit(house, plan, "pia")
    approving.approve(house, plan, "looks right", "ann")
    counted(house, f"less {name}", 2)
    approving.revalidate(house, chain=CHAIN)
    case = house.ledger.state().approvals.case(plan)
    assert (VOID, SERVICE_AGENT) == (case.status, case.remarks[-1].person)


def level(house: House) -> int:
    return house.ledger.state().autonomy.level_of(Scope(CHAIN))


def test_levels_fall_by_themselves(chain: House) -> None:
    """A third plan that became void, then a source that is late: once each; and never below
    `suggest`, though a source is late again.
    """
    now = datetime.now(UTC)
    risen(chain, WITHIN_ENVELOPE)
    for number in range(2):
        voided(chain, f"guarded {number}")
    assert "no guard speaks" == guard_autonomy(chain, now)
    voided(chain, "guarded 2")
    told = guard_autonomy(chain, now)
    assert f"{CHAIN}: act with approval, since 3 plans became void within a week" == told
    assert WITH_APPROVAL == level(chain)
    assert "no guard speaks" == guard_autonomy(chain, now)
    delivered(chain, "a budget of counts", FreshnessBudget("test", "StockPosition", 24))
    assert "no guard speaks" == guard_autonomy(chain, now + timedelta(hours=23))
    told = guard_autonomy(chain, now + timedelta(hours=30))
    assert f"{CHAIN}: suggest, since StockPosition by test is stale" == told
    for hours in (31, 99):
        assert "no guard speaks" == guard_autonomy(chain, now + timedelta(hours=hours))
    assert SUGGEST == level(chain)
    lowered = [event for event in chain.projection.log.events() if event.kind == AUTONOMY_LOWERED
               and event.agent == SERVICE_AGENT]  # fmt: skip
    assert [WITH_APPROVAL, SUGGEST] == [event.payload["level"] for event in lowered][-2:]
