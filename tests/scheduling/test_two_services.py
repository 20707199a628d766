"""Two services over one database: one leads, it is killed, the other takes over, nothing twice."""

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from threading import Event
from typing import Any

import pytest

from governance.plan_cases import VOID
from graph.lease import holder
from graph.login import Connection
from ontology.edits import PIN, Edit
from ontology.events import APPROVAL_VOIDED, TASK_FAILED
from ontology.stock import StockingPolicy, StockPosition
from service.decision import PlanRequest
from service.examples import load_example
from service.governing import approving
from service.house import House
from service.planning import make_plan
from service.scheduling.scheduler import LEASE
from tests.approvals.conftest import granted
from tests.scheduling.test_tasks import CHAIN, delivered
from tests.service.doors.served import Served, served


@pytest.fixture
def services(opened: House, connection: Connection) -> Iterator[list[Served]]:
    """Two processes of `evenkeel serve` on one database and one data folder."""
    load_example(opened, CHAIN)
    opened.driver.execute_query("MATCH (n) WHERE n:Lease OR n:ScheduledTask DELETE n")
    granted(opened, "ann", "approver")
    with ExitStack() as stack:
        home = opened.settings.data_folder
        yield [stack.enter_context(served(home, connection)) for _ in range(2)]


def count_of(units: int) -> StockPosition:
    """A count of the pallet."""
    return StockPosition("widget", "north", "W1", units, 0, 0, 0, 0, units, "each")


def approved(house: House, name: str) -> str:
    """A plan that sends five of eight widgets south, approved by Ann."""
    delivered(house, f"floor {name}", StockingPolicy(
        "widget", "north", None, 0, None, None, None, 100_000, 900_000, "EUR"))  # fmt: skip
    delivered(house, f"count {name}", count_of(8))
    wish = Edit("widget", lane="truck-ns", kind=PIN, units=5, reason=name)
    plan = make_plan(house, PlanRequest(CHAIN, agent="pia", edits=(wish,))).saved.digest
    approving.submit(house, plan, "pia")
    approving.approve(house, plan, "looks right", "ann")
    return plan


def leaders(services: list[Served]) -> list[Served]:
    """The services that are there and say that they lead."""
    running = [one for one in services if one.process.poll() is None]
    return [one for one in running if one.http.get("/health").json()["scheduler"]["leads"]]


def until(what: Callable[[], Any]) -> Any:
    """What it gives as soon as it gives something; the timeout of the test is the bound."""
    between = Event()
    while not (found := what()):
        between.wait(0.2)
    return found


def is_void(house: House, plan: str) -> bool:
    """Whether somebody found that it no longer holds."""
    return house.ledger.state().approvals.case(plan).status == VOID


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_leader_is_killed_and_the_other_goes_on(opened: House, services: list[Served]) -> None:
    """Each leads alone and in turn, under another number; what they did stands in the log once."""
    began = opened.projection.log.head().sequence
    (first,) = until(lambda: leaders(services))
    before = holder(opened.driver, LEASE)
    assert before is not None
    plans = [approved(opened, "first")]
    delivered(opened, "first less", count_of(2))
    until(lambda: is_void(opened, plans[0]))
    assert [first] == leaders(services)
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait()
    plans.append(approved(opened, "second"))
    delivered(opened, "second less", count_of(2))
    (second,) = until(lambda: leaders(services))
    after = holder(opened.driver, LEASE)
    assert after is not None
    assert (second is not first, after.number) == (True, before.number + 1)
    assert after.owner != before.owner
    until(lambda: is_void(opened, plans[1]))
    events = list(opened.projection.log.events(began))
    voided = Counter(one.payload["plan"] for one in events if one.kind == APPROVAL_VOIDED)
    assert dict.fromkeys(plans, 1) == voided
    assert TASK_FAILED not in {one.kind for one in events}
    keys = Counter(one.idempotency_key for one in events)
    assert {1} == set(keys.values())
