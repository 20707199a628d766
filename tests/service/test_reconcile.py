"""Two sources on one stock: each by its own word; what a person or a stated pack settles."""

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from time import time
from typing import Any, Self

import orjson
import pytest
from neo4j import Driver

from graph import stated
from graph.artifacts import ArtifactStore
from graph.manifests import read_feed, read_statements
from graph.settings import Settings
from ontology.columns import record_at
from ontology.errors import InputError
from ontology.events import micros_of
from service.house import House, house_on
from service.intake.deliveries import Delivery
from service.intake.sync import sync
from service.stewardship.reconcile import compare_sources, said_by
from service.stewardship.settle import SOURCE, accept, settle_safely

CHAIN, BOTH = "told", ("wms", "erp")
DAY = date(2026, 3, 2)
MAPPING = """
format: evenkeel-mapping/1
chain: told
source: SOURCE
version: 1
known: [Item, Location]
files:
  - file: items.csv
    optional: true
    principal: {class: Item, fields: by_header}
  - file: places.csv
    optional: true
    principal: {class: Location, fields: by_header}
  - file: stock.csv
    optional: true
    effective: counted_on
    principal: {class: StockPosition, fields: by_header}
  - file: moves.csv
    optional: true
    effective: effective_on
    principal: {class: StockMovement, fields: by_header}
  - file: sources.csv
    optional: true
    principal: {class: Source, fields: by_header}
  - file: packs.csv
    optional: true
    principal: {class: UnitConversion, fields: by_header}
"""
HEADERS = {
    "stock.csv": "item,location,lot,on_hand_units,total_units,counted_on",
    "moves.csv": "id,item,location,lot,kind,quantity_units,effective_on",
    "sources.csv": "id,priority", "packs.csv": "item,unit,numerator", "items.csv": "id",
    "places.csv": "id",
}  # fmt: skip
W1 = "widget,north,W1"
Deliver = Callable[..., Any]


@pytest.fixture
def house(empty_database: Driver, tmp_path: Path) -> House:
    """An open service without facts."""
    return house_on(empty_database, Settings(home=tmp_path / "home"))


@pytest.fixture
def deliver(house: House, tmp_path: Path) -> Deliver:
    """Syncs lines of a file as a delivery of a source."""

    def delivered(source: str, file: str, *lines: str, mapping: str = MAPPING) -> Any:
        (tmp_path / file).write_text("\n".join([HEADERS[file], *lines]))
        (tmp_path / "mapping.yaml").write_text(mapping.replace("SOURCE", source))
        delivery = Delivery("ann", stop_share_percent=100)
        return sync(house, [tmp_path / file], tmp_path / "mapping.yaml", delivery)

    delivered("house", "items.csv", "widget", "gadget")
    delivered("house", "places.csv", "north", "south")
    delivered("house", "sources.csv", "wms,50", "erp,60")
    return delivered


def count(units: int, day: date = DAY, where: str = W1) -> str:
    return f"{where},{units},{units},{day}"


def test_each_source_is_heard_by_itself(house: House, deliver: Deliver) -> None:
    """In any order of arrival its word is its own last count, whatever the chain takes for true."""
    draw = random.Random(3)
    said: dict[str, dict[date, int]] = {source: {} for source in BOTH}
    told = [(source, DAY + timedelta(day)) for source in BOTH for day in range(4)]
    draw.shuffle(told)
    for source, day in told:
        said[source][day] = draw.randrange(50)
        deliver(source, "stock.csv", count(said[source][day], day))
    found = compare_sources(house, CHAIN, BOTH)
    feeds = house.projection.log.feeds(CHAIN)
    at = micros_of(found.at)
    for source in BOTH:
        word = said_by(house.reader, feeds, source, 0, at)
        assert {("widget", "north", "W1"): said[source][max(said[source])]} == word.units
        assert sorted(said[source].items()) == [
            (date(1970, 1, 1) + timedelta(c.day), c.units)
            for c in word.counts_of(("widget", "north", "W1"))
        ]
    standing = house.facts(CHAIN).table("StockPosition")
    assert said["wms"][max(said["wms"])] == record_at(standing, standing.row_of["widget/north/W1"]
                                                      ).on_hand_units  # fmt: skip


def test_a_person_settles_what_differs(house: House, deliver: Deliver) -> None:
    """The chosen word stands, is planned with, leads to both rows, and gives way to a newer one."""
    ours = deliver("wms", "stock.csv", count(8))
    theirs = deliver("erp", "stock.csv", count(6))
    deliver("erp", "moves.csv", f"m1,{W1},issue,-1,{DAY + timedelta(1)}")
    (open_,) = compare_sources(house, CHAIN, BOTH).found.differences
    assert ((8, 5), "widget/north/W1") == (open_.units, open_.key)
    done = accept(house, CHAIN, BOTH, open_.key, "erp", "counted with both", "ann")
    again = accept(house, CHAIN, BOTH, open_.key, "erp", "counted with both", "ann")
    assert (done.event.sequence, False, True) == (again.event.sequence, done.replayed,
                                                  again.replayed)  # fmt: skip
    facts = house.facts(CHAIN)
    table, row = facts.table("StockPosition"), facts.table("StockPosition").row_of[open_.key]
    stands = record_at(table, row)
    assert (5, 5, "reconciled", DAY + timedelta(1)) == (
        stands.on_hand_units, stands.total_units, stands.basis, stands.counted_on)  # fmt: skip
    decided = record_at(facts.table("Resolution"), 0)
    assert ("erp", "wms", 5, 8, "ann") == (decided.source, decided.other_source,
                                           decided.source_units, decided.other_units,
                                           decided.resolved_by)  # fmt: skip
    assert (theirs.event.sequence, ours.event.sequence) == (decided.taken_event,
                                                            decided.other_event)  # fmt: skip
    feed = read_feed(house.store, done.event.artifact)
    assert [[0, 1]] == feed.origins["StockPosition"].tolist()
    evidence = orjson.loads(house.store.get(feed.files[0].digest))
    assert [[8, 5], "erp"] == [evidence["rows"][0]["units"], evidence["rows"][0]["take"]]
    found = compare_sources(house, CHAIN, BOTH)
    assert ((), 1) == (found.found.differences, len(found.settled))
    deliver("wms", "stock.csv", count(9), mapping=MAPPING.replace("effective: counted_on", ""))
    assert 9 == house.facts(CHAIN).table("StockPosition")["on_hand_units"][row]
    (newer,) = compare_sources(house, CHAIN, BOTH).found.differences
    assert ((9, 5), ()) == (newer.units, compare_sources(house, CHAIN, BOTH).settled)


def test_a_choice_stands_though_the_clock_was_put_back(
    house: House, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is settled later is true later: also where a machine delivered with a clock ahead."""

    class Ahead(datetime):
        """A clock that is two hours ahead."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromtimestamp(time() + 7_200, tz)

    plain = MAPPING.replace("effective: counted_on", "")
    with monkeypatch.context() as clocks:
        clocks.setattr("service.house.datetime", Ahead)
        clocks.setattr("graph.log.datetime", Ahead)
        deliver("wms", "stock.csv", count(8), mapping=plain)
        deliver("erp", "stock.csv", count(6), mapping=plain)
    (open_,) = compare_sources(house, CHAIN, BOTH).open
    accept(house, CHAIN, BOTH, open_.key, "erp", "counted with both", "ann")
    assert [6] == house.facts(CHAIN).table("StockPosition")["on_hand_units"].tolist()
    assert () == compare_sources(house, CHAIN, BOTH).open


def test_stated_packs_are_settled_by_rule_and_nothing_else_is(
    house: House, deliver: Deliver
) -> None:
    """What one counts in cases is stated in our units; what needs a person is left to one."""
    deliver("house", "packs.csv", "widget,case,12")
    deliver("wms", "stock.csv", count(5), count(7, where="gadget,south,G1"))
    deliver("erp", "stock.csv", count(60), count(9, where="gadget,south,G1"))
    found = compare_sources(house, CHAIN, BOTH)
    assert ["unknown", "unit"] == [each.cause.name for each in found.found.differences]
    settled = settle_safely(house, found)
    assert settled is not None
    assert [("widget/north/W1", "erp", 60)] == [
        (choice.difference.key, choice.source, choice.units) for choice in settled.choices
    ]
    assert SOURCE == settled.event.payload["source"]
    table = house.facts(CHAIN).table("StockPosition")
    assert 60 == record_at(table, table.row_of["widget/north/W1"]).on_hand_units
    after = compare_sources(house, CHAIN, BOTH)
    assert ["gadget/south/G1"] == [each.key for each in after.found.differences]
    assert settle_safely(house, after) is None


def test_the_day_of_a_count_goes_by_its_word(house: House, deliver: Deliver) -> None:
    """A movement of the day is in a count at its end, and on top of one at its start."""
    before = DAY - timedelta(1)
    deliver("wms", "stock.csv", count(10))
    deliver("wms", "moves.csv", f"w1,{W1},issue,-4,{DAY}")
    deliver("erp", "stock.csv", count(10, before))
    deliver("erp", "moves.csv", f"e1,{W1},issue,-4,{DAY}")
    (one,) = compare_sources(house, CHAIN, BOTH).found.differences
    assert (10, 6) == one.units
    assert () == compare_sources(house, CHAIN, BOTH, counts_at="start").found.differences


def test_what_cannot_be_settled_is_one_line(house: House, deliver: Deliver) -> None:
    """Unknown sources and positions, no reason, lots that one does not tell: each has its code."""
    deliver("wms", "stock.csv", count(8))
    deliver("erp", "stock.csv", count(8), count(3, where="gadget,south,"))
    deliver("wms", "stock.csv", count(2, where="gadget,south,G1"))

    def refused(*given: str, sources: tuple[str, str] = BOTH) -> str:
        with pytest.raises(InputError) as found:
            accept(house, CHAIN, sources, *given, "ann")
        return found.value.code

    assert "NO_DIFFERENCE" == refused("widget/north/W1", "wms", "so")
    assert "SOURCE_UNKNOWN" == refused("widget/north/W1", "tms", "so")
    assert "REASON_MISSING" == refused("gadget/south/", "wms", " ")
    assert "LOTS_DIFFER" == refused("gadget/south/", "wms", "so")
    assert "SOURCE_UNKNOWN" == refused("widget/north/W1", "wms", "so", sources=("wms", "pos"))
    with pytest.raises(InputError) as unknown:
        compare_sources(house, CHAIN, ("wms", "tms"))
    assert "those that do: erp, wms" == unknown.value.hint, "`house` tells no stock"
    assert "SAME_SOURCE" == refused("widget/north/W1", "wms", "so", sources=("wms", "wms"))


def test_each_delivery_is_read_once(
    house: House, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often two sources are compared by a process; what comes later is read, and alone."""
    read: list[str] = []

    def counted(store: ArtifactStore, name: str, only: Any = None) -> Any:
        read.append(name)
        return read_statements(store, name, only)

    for day in range(3):
        for source in BOTH:
            deliver(source, "stock.csv", count(day, DAY + timedelta(day)))
    monkeypatch.setattr(stated, "read_statements", counted)
    reopened = house_on(house.driver, house.settings)
    first = compare_sources(reopened, CHAIN, BOTH)
    assert len(read) == len(set(read))
    already = len(read)
    assert first.found == compare_sources(reopened, CHAIN, BOTH).found
    assert already == len(read)
    deliver("wms", "stock.csv", count(9, DAY + timedelta(3)))
    read.clear()
    compare_sources(reopened, CHAIN, BOTH)
    assert 1 == len(read)
