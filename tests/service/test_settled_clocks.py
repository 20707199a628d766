"""Rows that were set aside, by the two clocks: what supersedes them, and what accepting decides."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from neo4j import Driver

from graph.projection import read_back
from graph.settings import Settings
from service.house import house_on
from service.stewardship import identity
from service.stewardship.quarantine import accept
from tests.counted import FULL, PLAIN
from tests.service.small_stock import CHAIN, SmallStock, day, event_of

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
W1 = "widget/north/W1"


@pytest.fixture
def small(empty_database: Driver, tmp_path: Path) -> SmallStock:
    """A chain with two items and two places."""
    house = house_on(empty_database, Settings(home=tmp_path / "home"))
    return SmallStock(house, tmp_path).opened()


def test_only_what_counts_later_supersedes(small: SmallStock) -> None:
    """By the row's own day and the source's order, wherever its day begins, not by arrival."""
    tuesday = small.stock(f"widget,north,W1,lots,{day(1)}", f"widget,south,W2,few,{day(1)}")
    small.stock(f"widget,north,W1,4,{day(0)}", f"widget,south,W2,4,{day(0)}")
    assert ["open", "open"] == [row.state for row in small.aside(tuesday)]
    small.stock(f"widget,north,W1,7,{day(1)}")
    assert ["superseded", "open"] == [row.state for row in small.aside(tuesday)]
    fifth = small.stock("widget,north,W1,many,", at=NOON, number=5, mode=PLAIN)
    states = []
    for number in (3, 6):
        small.stock(f"widget,north,W1,{number},", at=NOON, number=number, mode=PLAIN)
        states += [row.state for row in small.aside(fifth)]
    assert ["open", "superseded"] == states
    some_day = small.stock("widget,south,W3,5,some day")
    small.stock(f"widget,south,W3,5,{day(0)}")
    assert ["superseded"] == [row.state for row in small.aside(some_day)]
    old = small.stock(f"widget,south,W4,few,{day(9)}")
    forget = "MATCH (q:QuarantinedRow {event_sequence: $event}) REMOVE q.since, q.standing"
    small.house.driver.execute_query(forget, event=event_of(old))  # as older versions had them
    small.stock(f"widget,south,W4,5,{day(0)}")
    assert ["superseded"] == [row.state for row in small.aside(old)]


def test_an_end_settles_nothing(small: SmallStock) -> None:
    """A full file without the fact leaves its row open, whether anything stood of it or not."""
    stood = small.stock(f"widget,north,W1,lots,{day(1)}", f"widget,south,W2,few,{day(1)}")
    small.stock(f"widget,north,W1,4,{day(0)}")
    small.stock(f"widget,south,W3,4,{day(2)}", at=NOON, mode=FULL)
    assert W1 not in small.units()
    assert ["open", "open"] == [row.state for row in small.aside(stood)]


def test_a_split_keeps_what_is_open(small: SmallStock) -> None:
    """A row is superseded by its own source's word on it, linked or not, and by what is later."""
    small.stock(f"X1,north,W1,3,{day(0)}", source="erp")
    small.send({"items.csv": ("id", "X1")}, source="erp")
    bad = small.stock(f"X1,north,W1,lots,{day(3)}", source="erp")
    small.stock(f"X1,north,W1,5,{day(2)}", source="erp")
    said = {"agent": "bo", "reason": "one thing"}
    identity.accept(small.house, CHAIN, "erp", "Item", {"X1": "widget"}, **said)
    small.stock(f"X1,north,W1,6,{day(1)}", name="late", source="erp")
    assert ["open"] == [row.state for row in small.aside(bad)]
    identity.take_back(small.house, CHAIN, "erp", "Item", ["X1"], **said)
    small.stock(f"X1,north,W1,7,{day(0)}", name="later", source="erp")
    assert ["open"] == [row.state for row in small.aside(bad)]
    identity.accept(small.house, CHAIN, "erp", "Item", {"X1": "widget"}, **said)
    small.stock(f"X1,north,W1,8,{day(4)}", source="erp")
    assert (["superseded"], 8) == ([row.state for row in small.aside(bad)], small.units()[W1])


def test_what_a_split_sets_aside_keeps_its_clocks(small: SmallStock) -> None:
    """A fact that names what nobody knows is set aside as of its own day, not of the split's."""
    said = {"agent": "bo", "reason": "one thing"}
    identity.accept(small.house, CHAIN, "erp", "Item", {"X1": "widget"}, **said)
    small.stock(f"X1,north,W1,5,{day(2)}", source="erp")
    split = identity.take_back(small.house, CHAIN, "erp", "Item", ["X1"], **said)
    assert (1, split.event) == (split.set_aside, small.house.projection.log.head().sequence)
    small.send({"items.csv": ("id", "X1")}, source="erp")
    states = []
    for number in (1, 2):
        small.stock(f"X1,north,W1,{number},{day(number)}", source="erp")
        states += [row.state for row in small.house.catalog.set_aside_of(split.event or 0).rows]
    assert ["open", "superseded"] == states


def test_who_accepts_takes_no_number_of_the_source(small: SmallStock) -> None:
    """The accepted value stands at its clocks; every later number counts after it, as before."""

    def count(units: int, number: int) -> list[str]:
        name = f"delivery {small.sent}"
        sent = small.stock(
            f"widget,north,W1,{units},", name=name, at=NOON, number=number, mode=PLAIN
        )
        return [row.row.code for row in small.aside(sent)]

    assert [] == count(5, 1)
    clash = small.stock("widget,north,W1,4,", at=NOON, number=1, mode=PLAIN)
    assert "CLOCK_CONFLICT" == small.aside(clash)[0].row.code
    accept(small.house, event_of(clash), [1], agent="bo", reason="counted twice")
    assert {W1: 4} == small.units()
    assert ([], {W1: 4}) == (count(5, 1), small.units())
    assert [["CLOCK_CONFLICT"], [], []] == [count(9, 1), count(4, 1), count(6, 2)]
    assert {W1: 6} == small.units()
    head = small.house.projection.log.head().sequence
    graph = read_back(small.house.driver, CHAIN, head)
    assert graph.digest == small.house.facts(CHAIN).digest


def test_an_accepted_value_is_no_contradiction_under_a_link(small: SmallStock) -> None:
    """What was decided stays decided when the item gets another identifier, and is taken back."""
    small.send({"items.csv": ("id", "X1")}, source="erp")
    small.stock("X1,north,W1,5,", at=NOON, number=1, mode=PLAIN, source="erp")
    clash = small.stock("X1,north,W1,4,", at=NOON, number=1, mode=PLAIN, source="erp")
    accept(small.house, event_of(clash), [1], agent="bo", reason="counted twice")
    said = {"agent": "bo", "reason": "one thing"}
    identity.accept(small.house, CHAIN, "erp", "Item", {"X1": "widget"}, **said)
    assert {W1: 4} == small.units()
    identity.take_back(small.house, CHAIN, "erp", "Item", ["X1"], **said)
    assert {"X1/north/W1": 4} == small.units()
