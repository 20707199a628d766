"""Why an item is brought to a place: every way in, and what closed it."""

from pathlib import Path
from typing import Any

import pytest
from neo4j import Driver

from graph.settings import Settings
from ontology.errors import InputError
from service.decision import PlanRequest
from service.examples import load_example
from service.house import House, house_on
from service.planning import make_plan
from service.why import Why, why


@pytest.fixture
def house(empty_database: Driver, tmp_path: Path) -> House:
    """A service with two_hubs loaded."""
    home = house_on(empty_database, Settings(home=tmp_path))
    load_example(home, "two_hubs")
    return home


@pytest.fixture
def document(house: House) -> dict[str, Any]:
    """The plan of two_hubs."""
    return make_plan(house, PlanRequest("two_hubs")).document


def told(house: House, document: dict[str, Any], item: str, place: str) -> Why:
    return why(house, document, item, place)


def test_ways_are_those_that_the_plan_counts(house: House, document: dict[str, Any]) -> None:
    """Over all places, a rule closes as many ways in as first-day movements that it suppresses."""
    pairs = {(line["item"], line.get("destination")) for line in document["decision"]["lines"]}
    assert pairs
    for item, place in pairs:
        found = told(house, document, item, place)
        open_ways = [way for way in found.ways if not way.closed_by]
        assert open_ways
        assert open_ways == list(found.ways[: len(open_ways)])
        assert any(line["item"] == item for line in found.lines)


def test_a_closed_way_names_its_rule(house: House, document: dict[str, Any]) -> None:
    """The lane that is not cold enough is a way in, closed by the cold chain."""
    found = told(house, document, "vaccine", "south")
    rules = {rule.rpartition("/")[2] for way in found.ways for rule in way.closed_by}
    assert "cold-chain" in rules


def test_what_is_not_there_is_said(house: House, document: dict[str, Any]) -> None:
    """An item or place that the plan does not know is one clear line."""
    with pytest.raises(InputError) as caught:
        told(house, document, "unicorn", "south")
    assert caught.value.code == "PLACE_UNKNOWN"
