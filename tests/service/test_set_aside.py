"""Every row that a feed set aside is found, in pages of any size."""

import shutil
from pathlib import Path

import pytest
from neo4j import Driver

from graph.settings import Settings
from ontology.errors import InputError
from service.house import House, house_on
from service.intake.deliveries import Delivery
from service.intake.sync import sync
from service.stewardship.set_aside import deliveries, delivery, rows_set_aside
from tests.service.planned import TWO_HUBS

BAD_ROWS = 13


@pytest.fixture
def house(empty_database: Driver, tmp_path: Path) -> House:
    """two_hubs loaded twice: with demand at a place that does not exist, and as it is."""
    found = house_on(empty_database, Settings(home=tmp_path / "home"))
    folder = tmp_path / "feed"
    shutil.copytree(TWO_HUBS, folder)
    with (folder / "demand_outcomes.csv").open("a", encoding="utf-8") as file:
        days = range(1, BAD_ROWS + 1)
        file.writelines(f"widget,nowhere,2026-04-{n:02},1,1,stated\n" for n in days)
    for each in (folder, TWO_HUBS):
        sync(found, [each], each / "mapping.yaml", Delivery("ann"))
    return found


def test_all_rows_are_found_page_by_page(house: House) -> None:
    """Pages of 5 put together are all 13 rows, numbered from 1, each with its row of the file."""
    first, second = deliveries(house, "two_hubs")
    assert (BAD_ROWS, 0) == (first.rows, second.rows)
    assert first == delivery(house, first.event)
    pages = [list(rows_set_aside(house, first.event, after, 5)) for after in (0, 5, 10)]
    assert [5, 5, 3] == [len(page) for page in pages]
    everything = list(rows_set_aside(house, first.event))
    assert everything == [row for page in pages for row in page]
    assert list(range(1, BAD_ROWS + 1)) == [number for number, _ in everything]
    assert list(range(23, 23 + BAD_ROWS)) == [row.row for _, row in everything]
    assert {("demand_outcomes.csv", "UNKNOWN_ID")} == {(r.file, r.code) for _, r in everything}


def test_beyond_the_end_is_nothing(house: House) -> None:
    """After the last row there is no page; a delivery without such rows has none."""
    first, second = deliveries(house, "two_hubs")
    assert [] == list(rows_set_aside(house, first.event, BAD_ROWS, 10))
    assert [] == list(rows_set_aside(house, second.event))


@pytest.mark.parametrize("event", [-1, 0, 1, 10**6])
def test_what_is_no_feed_is_one_line(house: House, event: int) -> None:
    """The release in force is an event, and no feed; nor is what never happened."""
    with pytest.raises(InputError) as refused:
        delivery(house, event)
    assert "EVENT_UNKNOWN" == refused.value.code
