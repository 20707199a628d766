"""Events whose items and places a person has linked: told again, nothing is counted both ways."""

import json
from collections import Counter
from pathlib import Path

import pytest
from neo4j import Driver

from graph.recovery.digests import digests
from graph.settings import Settings
from service.house import House, house_on
from service.intake.deliveries import Delivery
from service.intake.sync import sync
from service.stewardship.identity import accept, take_back
from tests.service.test_events_sync import (
    CAME,
    CHAIN,
    MADE,
    MAPPING,
    NORTH,
    SENT,
    event,
    told,
)

GTIN, PLACE = "10614141073464", "0614141007776"
OURS = MAPPING.replace("source: partner", "source: erp").replace(
    "  - {file: events.json, format: epcis}\n",
    """  - file: items.csv
    principal: {class: Item, fields: {id: id, name: id}}
  - file: places.csv
    principal: {class: Location, fields: {id: id, kind: {constant: hub}}}
""",
)
COUNTED = event(4, "cycle_counting", NORTH, "OBSERVE")
LINKS = {"Item": {GTIN: "tea"}, "Location": {PLACE: "north"}}


@pytest.fixture
def house(empty_database: Driver, tmp_path: Path) -> House:
    """A chain with an item and a place of our own names."""
    found = house_on(empty_database, Settings(home=tmp_path / "home"))
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours.yaml").write_text(OURS)
    (tmp_path / "ours" / "items.csv").write_text("id\ntea\n")
    (tmp_path / "ours" / "places.csv").write_text("id\nnorth\n")
    sync(found, [tmp_path / "ours"], tmp_path / "ours.yaml", Delivery("ann"))
    return found


def linked(house: House) -> None:
    """A person says that the partner's item and place are ours."""
    for name, pairs in LINKS.items():
        accept(house, CHAIN, "partner", name, pairs, agent="bo", reason="same label")


def moves(house: House) -> Counter[tuple[str, str, int]]:
    """How often each item, place and quantity is moved."""
    table = house.facts(CHAIN).table("StockMovement")
    names = ("item", "location", "quantity_units")
    return Counter(zip(*(table[name].tolist() for name in names), strict=True))


@pytest.mark.parametrize("first", [1, 2])
def test_what_is_told_again_is_not_counted_both_ways(
    house: House, tmp_path: Path, first: int
) -> None:
    """Movements as if the links had been there from the start, by number and by sum."""
    events = [MADE, SENT, CAME]
    told(house, tmp_path, events[:first])
    linked(house)
    for one in events[first:]:
        told(house, tmp_path, [one])
    found = moves(house)
    assert {
        ("tea", "north", 1): 1,
        ("tea", "north", -1): 1,
        ("tea", "0614141008889", 1): 1,
    } == found
    (unit,) = house.facts(CHAIN).table("SerialUnit")["location"].tolist()
    assert "0614141008889" == unit
    assert digests(house.projection).agree
    again = told(house, tmp_path, events)
    assert 3 == again.summary["counts"]["events with the outcome `repeated`"]
    assert found == moves(house)


def test_a_count_that_is_withdrawn_closes_our_position(house: House, tmp_path: Path) -> None:
    """The position has our names by then, and no fact is left under those of the source."""
    told(house, tmp_path, [MADE, COUNTED])
    linked(house)
    assert ["tea/north/"] == house.facts(CHAIN).table("StockPosition").keys.tolist()
    declared = {"declarationTime": "2026-03-08T09:00:00.000Z", "reason": "did_not_occur"}
    told(house, tmp_path, [COUNTED | {"errorDeclaration": declared}])
    assert [] == house.facts(CHAIN).table("StockPosition").keys.tolist()


def test_links_that_are_taken_back_leave_the_sources_own_names(
    house: House, tmp_path: Path
) -> None:
    """What came by a link goes back with it, and later events meet it there."""
    told(house, tmp_path, [MADE])
    linked(house)
    told(house, tmp_path, [SENT])
    for name, pairs in LINKS.items():
        take_back(house, CHAIN, "partner", name, list(pairs), agent="eve", reason="not the same")
    told(house, tmp_path, [CAME])
    assert {(GTIN, PLACE, 1): 1, (GTIN, PLACE, -1): 1, (GTIN, "0614141008889", 1): 1} == moves(
        house
    )
    assert json.dumps(GTIN) in json.dumps(house.facts(CHAIN).table("Item").keys.tolist())
