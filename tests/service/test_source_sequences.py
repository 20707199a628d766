"""Numbers that a source gives its deliveries: within what every reader of JSON keeps exactly."""

from pathlib import Path

import pytest
from neo4j import Driver

from graph.settings import Settings
from ontology.canonical import LARGEST_INTEGER
from ontology.errors import InputError
from service.doors.envelope import Attributes
from service.examples import load_example
from service.house import House, house_on
from service.intake.deliveries import MOST_SEQUENCE, Delivery
from service.intake.sync import Synced, sync
from tests.counted import mapping_text, write_counts

CHAIN = "two_hubs"


@pytest.fixture
def house(empty_database: Driver, tmp_path: Path) -> House:
    """The example two_hubs, loaded."""
    found = house_on(empty_database, Settings(home=tmp_path / "home"))
    load_example(found, CHAIN)
    return found


def deliver(house: House, folder: Path, units: int, delivery: Delivery) -> Synced:
    lines = [f"widget,north,A,{units},2026-03-02"]
    files, mapping = write_counts(folder, lines, mapping_text(CHAIN))
    return sync(house, files, mapping, delivery)


@pytest.mark.parametrize("number", [LARGEST_INTEGER, LARGEST_INTEGER + 1, 10**20, -1])
def test_a_number_beyond_is_refused_in_one_line(house: House, tmp_path: Path, number: int) -> None:
    """By every door, and nothing of the delivery is loaded."""
    before = house.projection.log.head().sequence
    with pytest.raises(InputError) as refused:
        deliver(house, tmp_path / "in", 1, Delivery("ann", "far", source_sequence=number))
    assert "SEQUENCE_RANGE" == refused.value.code
    for prefix in ("header ce-", "header ce_", "input "):
        with pytest.raises(InputError) as refused:
            Attributes({"sequence": str(number)}, prefix).delivery("wms", "ann")
        assert "ENVELOPE_INVALID" == refused.value.code
        assert f"0 to {MOST_SEQUENCE}" in str(refused.value)
    assert before == house.projection.log.head().sequence


def test_the_last_number_loads_and_can_be_superseded(house: House, tmp_path: Path) -> None:
    """What supersedes it stands behind it; for a third there is no number, which is said."""
    said = Attributes({"sequence": str(MOST_SEQUENCE), "id": "first"}, "").delivery("wms", "ann")
    deliver(house, tmp_path / "in", 1, said)
    deliver(house, tmp_path / "in", 2, Delivery("ann", "second", supersedes="first"))
    with pytest.raises(InputError) as refused:
        deliver(house, tmp_path / "in", 3, Delivery("ann", "third", supersedes="second"))
    assert "SEQUENCE_RANGE" == refused.value.code
    table = house.facts(CHAIN).table("StockPosition")
    units = dict(zip(table["lot"], table["on_hand_units"].tolist(), strict=True))
    assert 2 == units["A"]
