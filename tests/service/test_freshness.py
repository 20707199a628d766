"""Ages of facts: since when each is confirmed, what its source lets it be, what is stale."""

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from neo4j import Driver

from api.screen.ages import hours_text
from graph.settings import Settings
from ontology.columns import Snapshot, table_of
from ontology.events import micros_of
from ontology.goods import Item
from ontology.stock import StockPosition
from service.house import AsOf, House, house_on
from service.intake.deliveries import Delivery
from service.intake.sync import sync
from service.stewardship.freshness import Clock, Heard, freshness
from service.stewardship.identity import accept
from service.stewardship.quarantine import fix

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HEADER = """
format: evenkeel-mapping/1
chain: fresh
source: SOURCE
version: 1
known: all
files:
"""
CLASSES = {"items.csv": "Item", "places.csv": "Location", "stock.csv": "StockPosition",
           "sources.csv": "Source", "budgets.csv": "FreshnessBudget"}  # fmt: skip
Deliver = Callable[..., Any]


@pytest.fixture
def house(empty_database: Driver, tmp_path: Path) -> House:
    """A service without facts."""
    return house_on(empty_database, Settings(home=tmp_path / "home"))


@pytest.fixture
def deliver(house: House, tmp_path: Path) -> Deliver:
    """Syncs rows of a class as a named delivery of a source, true since a time."""

    def delivered(
        file: str, text: str, source: str, name: str, since: datetime, **said: Any
    ) -> Any:  # fmt: skip
        rules = f"  - file: {file}\n    principal: {{class: {CLASSES[file]}, fields: by_header}}"
        (tmp_path / file).write_text(text)
        (tmp_path / "mapping.yaml").write_text(HEADER.replace("SOURCE", source) + rules)
        delivery = Delivery("ann", name, since, **said)
        return sync(house, [tmp_path / file], tmp_path / "mapping.yaml", delivery)

    return delivered


def test_what_is_said_again_is_confirmed(house: House, deliver: Deliver) -> None:
    """Its age begins anew and its address stays; the same delivery sent again confirms nothing."""
    stock = "item,location,on_hand_units,total_units\nw,north,8,8\nw,south,2,2\n"
    deliver("items.csv", "id\nw\n", "erp", "i", NOON)
    deliver("places.csv", "id\nnorth\nsouth\n", "erp", "p", NOON)
    deliver("budgets.csv", "source,class_name,max_age_hours\nwms,StockPosition,5\n", "erp", "b",
            NOON)  # fmt: skip
    first = deliver("stock.csv", stock, "wms", "one", NOON)
    deliver(
        "stock.csv", stock.replace("w,south,2,2\n", ""), "wms", "two", NOON + timedelta(hours=4)
    )
    deliver("stock.csv", stock, "wms", "one", NOON)
    at = NOON + timedelta(hours=6)
    when, rows = freshness(house, "fresh", at)
    assert at == when
    found = {row.class_name: (row.source, row.facts, row.oldest_hours, row.newest_hours,
                              row.budget_hours, row.stale) for row in rows}  # fmt: skip
    assert {
        "FreshnessBudget": ("erp", 1, 6, 6, None, 0), "Item": ("erp", 1, 6, 6, None, 0),
        "Location": ("erp", 2, 6, 6, None, 0), "StockPosition": ("wms", 2, 6, 2, 5, 1),
    } == found  # fmt: skip
    addresses = house.facts("fresh", AsOf(effective=at)).addresses["StockPosition"]
    assert {first.event.sequence} == set(addresses[:, 0].tolist())
    assert (when, rows) == freshness(house, "fresh", at)


@pytest.mark.parametrize("seed", range(20))
def test_facts_are_counted_as_one_by_one(seed: int) -> None:
    """Oldest, newest and stale of each source and class equal those of its single facts."""
    draw = random.Random(seed)
    sources = {event: draw.choice(["erp", "wms", "pos"]) for event in range(1, 6)}
    at, hours = NOON, timedelta(hours=1)
    last = {source: at - draw.randrange(50) * hours for source in sources.values()}
    names = ("Item", "StockPosition")
    of_class = {(s, n): draw.randrange(40) for s in last for n in names if draw.random() < 0.5}
    of_source = {source: draw.randrange(40) for source in last if draw.random() < 0.5}
    clock = Clock(at, Heard(sources, last), of_class, of_source)
    records: dict[str, list[Any]] = {
        "Item": [Item(f"i{row}") for row in range(9)],
        "StockPosition": [StockPosition(f"i{row}", "north") for row in range(9)],
    }
    since = {n: [micros_of(at) - draw.randrange(60 * 3_600) * 10**6 for _ in range(9)]
             for n in names}  # fmt: skip
    events = {name: draw.choices(sorted(sources), k=9) for name in names}
    snapshot = Snapshot(
        5, {name: table_of(rows, name) for name, rows in records.items()},
        {n: np.array([[e, row] for row, e in enumerate(events[n])], np.int64) for n in names},
        {n: np.array([[s, 0, 0] for s in since[n]], np.int64) for n in names},
    )  # fmt: skip
    ages = defaultdict(list)
    for name in names:
        for event, when in zip(events[name], since[name], strict=True):
            age = clock.age(name, event, when)
            ages[age.said_by, name].append(age)
            aged = at - last[age.said_by] if age.counted_from == "delivery" else (
                timedelta(microseconds=micros_of(at) - when))  # fmt: skip
            allowed = age.budget_hours
            assert (allowed is not None and aged > allowed * hours) == age.stale
    for row in clock.freshness(snapshot):
        one = ages.pop((row.source, row.class_name), [])
        assert len(one) == row.facts
        assert sum(age.stale for age in one) == row.stale
        assert max((age.age_hours for age in one), default=None) == row.oldest_hours
        assert min((age.age_hours for age in one), default=None) == row.newest_hours
    assert not ages


def test_a_source_that_sends_changes_alone_is_held_to_its_deliveries() -> None:
    """Its own hours bound the silence since its newest delivery; a budget of a class goes first."""
    hour = 3_600_000_000
    heard = Heard({1: "erp", 2: "pos"}, {"erp": NOON - timedelta(hours=3)})
    clock = Clock(NOON, heard, {("erp", "Lane"): 24}, {"erp": 3, "pos": 3})
    old = micros_of(NOON) - 50 * hour
    assert (50, 3, "delivery", False) == _told(clock, "Item", 1, old)
    assert (50, 24, "fact", True) == _told(clock, "Lane", 1, old)
    assert (50, 3, "delivery", True) == _told(clock, "Item", 2, old), "it was never heard"
    assert (50, None, "", False) == _told(clock, "Item", 9, old)
    (never,) = clock.freshness(Snapshot(1, {}))
    assert ("erp", "Lane", 0, None, 24, 0) == (never.source, never.class_name, never.facts,
                                               never.oldest_hours, never.budget_hours,
                                               never.stale)  # fmt: skip


def _told(clock: Clock, name: str, event: int, since: int) -> tuple[int, int | None, str, bool]:
    age = clock.age(name, event, since)
    return age.age_hours, age.budget_hours, age.counted_from, age.stale


def test_the_end_of_a_budget_is_within_it() -> None:
    """A fact as old as it may be is not stale; a microsecond later it is."""
    clock = Clock(NOON, Heard({1: "erp"}, {}), {("erp", "Lane"): 24}, {})
    end = micros_of(NOON - timedelta(hours=24))
    assert not clock.age("Lane", 1, end).stale
    assert clock.age("Lane", 1, end - 1).stale
    assert 0 == clock.age("Lane", 1, micros_of(NOON) + 5).age_hours, "it is true only later"


def test_whoever_mends_or_links_does_not_speak_for_the_source(
    house: House, deliver: Deliver
) -> None:
    """A source is heard when it delivers, not when a person mends its row or links its names."""
    deliver("items.csv", "id\nw\nv\n", "erp", "i", NOON)
    deliver("places.csv", "id\nnorth\n", "erp", "p", NOON)
    text = "item,location,on_hand_units\nw,north,8\nv,north,many\n"
    sent = deliver("stock.csv", text, "wms", "one", NOON, stop_share_percent=100).event
    fix(house, sent.sequence, 1, {"on_hand_units": "5"}, agent="bo", reason="told by phone")
    accept(house, "fresh", "wms", "Item", {"X1": "w"}, agent="bo", reason="one thing")
    _, found = freshness(house, "fresh", NOON + timedelta(days=400))
    stock = next(each for each in found if each.class_name == "StockPosition")
    assert (2, sent.recorded_at) == (stock.facts, stock.heard_at)


@pytest.mark.parametrize(("hours", "text"), [(0, "0 h"), (23, "23 h"), (24, "1 d"), (51, "2 d 3 h"),
                                             (250, "10 d"), (None, "")])  # fmt: skip
def test_hours_are_told_as_days(hours: int | None, text: str) -> None:
    """Whole days and the rest; the rest no longer where there are many."""
    assert text == hours_text(hours)
