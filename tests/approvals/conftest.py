"""The shipped example with people who may approve; each test finds nothing open."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from neo4j import Driver

from graph.manifests import FeedContents
from graph.projection import load_feed
from graph.settings import Settings
from ontology.access import ANY, Grant
from ontology.columns import record_at, table_of
from ontology.edits import PIN, Edit
from ontology.errors import EvenkeelError
from ontology.promises import Promise
from ontology.stock import StockPosition
from ontology.terms import join_key
from service.decision import PlanRequest
from service.examples import load_example
from service.governing import approving
from service.governing.approval_features import plan_document
from service.house import House, house_on
from service.permits.grants import grant_access
from service.planning import make_plan
from tests.graph.conftest import empty_the_graph

CHAIN = "two_hubs"
PALLET = ("widget", "north", "W1")
_numbers = count(1)


@pytest.fixture(scope="package")
def world(database: Driver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One for all tests that change neither facts nor releases."""
    yield opened(database, tmp_path_factory.mktemp("approvals") / "home")
    empty_the_graph(database)


@pytest.fixture
def house(world: House) -> House:
    """The same world, in which nothing waits, and nothing is reserved or on its way."""
    for case in list(world.ledger.state().approvals.cases.values()):
        if case.is_open:
            approving.void(world, case.plan, "the next test begins", "ann")
        for promise in {each.promise for each in approving.left_of(world, case.plan)}:
            back_again(world, promise)
    return world


def back_again(house: House, promise: Promise) -> None:
    """What was carried out is counted at both ends, and all of it is where it was."""
    day = date.fromisoformat(max(promise.day, promise.arrives_on))
    if promise.place:
        stated(house, "StockPosition", promise.key[:3], counted_on=day)
    if promise.destination:
        said(house, StockPosition(promise.item, promise.destination, promise.lot or None,
                                  counted_on=day))  # fmt: skip


def granted(house: House, person: str, role: str) -> Grant:
    """A grant on every chain from now on."""
    now = datetime.now(UTC) - timedelta(seconds=1)
    return grant_access(house, Grant("", person, role, ANY, now, now), "owner")


def pallet_plan(house: House, agent: str = "pia", units: int = 5, **asked: Any) -> str:
    """A plan of its own that sends so many of the eight widgets of a pallet south."""
    wish = Edit("widget", lane="truck-ns", kind=PIN, units=units, reason=f"case {next(_numbers)}")
    return make_plan(house, PlanRequest(CHAIN, agent=agent, edits=(wish,), **asked)).saved.digest


def submitted(house: House, agent: str = "pia", units: int = 5) -> str:
    """Such a plan, submitted by its maker."""
    plan = pallet_plan(house, agent, units)
    approving.submit(house, plan, agent)
    return plan


def approved(house: House) -> str:
    """Such a plan, approved by Ann."""
    plan = submitted(house)
    approving.approve(house, plan, "looks right", "ann")
    return plan


def taking(house: House, plan: str) -> list[dict[str, Any]]:
    """The lines of a plan that take stock."""
    rows = plan_document(house, plan)["decision"]["lines"]
    return [row for row in rows if row["kind"] != "purchase"]


def counted(house: House, units: int, **more: Any) -> None:
    """Another count of the pallet."""
    stated(house, "StockPosition", PALLET, on_hand_units=units, total_units=units, **more)


def stated(house: House, name: str, key: tuple[str, ...], **fields: Any) -> None:
    """A fact of the chain with other fields."""
    table = house.facts(CHAIN).table(name)
    said(house, replace(record_at(table, table.row_of[join_key(key)]), **fields))


def said(house: House, record: Any) -> None:
    """A fact of the chain."""
    name = type(record).__name__
    feed = FeedContents(CHAIN, "two_hubs", f"said-{next(_numbers)}", "none", "0" * 64, (),
                        {name: table_of([record], name)})  # fmt: skip
    load_feed(house.projection, feed, agent="wms", effective_at=datetime.now(UTC))


def opened(driver: Driver, home: Path) -> House:
    """The example, whose pallet may leave whole; Ann, Ben and the planner Pia may approve."""
    empty_the_graph(driver)
    found = house_on(driver, Settings(home=home))
    load_example(found, CHAIN)
    stated(found, "StockingPolicy", PALLET[:2], safety_stock_units=0)
    for name in ("ann", "ben", "pia"):
        granted(found, name, "approver")
    return found


def status(house: House, plan: str) -> str:
    """What has become of a plan."""
    return house.ledger.state().approvals.case(plan).status


def code(act: Callable[[], Any]) -> str:
    """The code of a refusal; empty where it is done."""
    try:
        act()
    except EvenkeelError as error:
        return error.code
    return ""
