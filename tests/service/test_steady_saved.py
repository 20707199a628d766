"""A steady plan saved on a real database: what it keeps to is exported with it, and verified."""

from pathlib import Path

import pytest
from neo4j import Driver

from graph.settings import Settings
from ontology.errors import InputError
from service.bundle import export_plan
from service.decision import PlanRequest
from service.drift import drift
from service.examples import load_example
from service.house import House, house_on
from service.planning import make_plan
from service.stability import steady_request
from service.verify import read_plan, verify

REQUEST = PlanRequest("two_hubs")


@pytest.fixture
def house(empty_database: Driver, tmp_path: Path) -> House:
    """The example loaded into an empty database with a data folder of its own."""
    found = house_on(empty_database, Settings(home=tmp_path / "home"))
    load_example(found, "two_hubs")
    return found


def test_a_steady_plan_names_and_carries_the_plan_before(house: House, tmp_path: Path) -> None:
    """The new plan has the same lines, names the old one, and its bundle is verified in whole."""
    first = make_plan(house, REQUEST).document
    assert drift(house.store, first, house.reader.read("two_hubs"), house.shipped).holds
    made = make_plan(house, steady_request(house, REQUEST, first, most_units=0)).document
    assert first["plan_digest"] == made["decision"]["previous"]
    assert first["decision"]["lines"] == made["decision"]["lines"]
    path = export_plan(house.store, made, tmp_path / "bundle")
    found = verify(read_plan(path), artifacts=tmp_path / "bundle" / "artifacts")
    assert found.accepted
    assert not [note for check in found.checks for note in check.notes if "before" in note]


def test_the_plan_before_is_one_of_the_chain(house: House) -> None:
    """A plan of another chain cannot be kept to."""
    first = make_plan(house, REQUEST).document
    with pytest.raises(InputError) as caught:
        steady_request(house, PlanRequest("other"), first)
    assert "PLANS_APART" == caught.value.code
