"""What a delivery of one changed row costs does not grow with its chain."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from neo4j import Driver

from graph.settings import Settings
from graph.snapshot import SnapshotReader
from service.house import House, house_on
from service.intake.deliveries import Delivery
from service.intake.sync import sync

MAPPING = """
format: evenkeel-mapping/1
chain: counted
source: wms
version: 1
known: [Item, Location]
files:
  - file: stock.csv
    effective: counted_on
    principal:
      class: StockPosition
      fields: {item: item, location: location, on_hand_units: units, total_units: units,
               counted_on: counted}
    derived:
      - class: Item
        fields: {id: item}
      - class: Location
        fields: {id: location, kind: {constant: hub}}
"""
HEADER = "item,location,units,counted\n"


@pytest.fixture
def house(empty_database: Driver, tmp_path: Path) -> Iterator[House]:
    return house_on(empty_database, Settings(home=tmp_path / "home"))


def deliver(house: House, folder: Path, rows: list[str]) -> dict[str, dict[str, int]]:
    folder.mkdir(exist_ok=True)
    (folder / "stock.csv").write_text(HEADER + "".join(f"{row}\n" for row in rows))
    (folder / "mapping.yaml").write_text(MAPPING)
    summary = sync(house, [folder / "stock.csv"], folder / "mapping.yaml", Delivery("ann")).summary
    return dict(summary["changes"])


def test_one_changed_row_joins_nothing(house: House, tmp_path: Path) -> None:
    """Rules, gates, changes and nodes look at the row: the facts beside it are never joined."""
    places = [f"p{number}" for number in range(40)]
    deliver(house, tmp_path, [f"x,{place},5,2026-03-02" for place in places])
    counts = deliver(house, tmp_path, ["x,p7,6,2026-03-03"])
    assert {"changed": 1} == {word: n for word, n in counts["StockPosition"].items() if n}
    state = house.reader.state("counted")
    assert 2 == len(state.folds["StockPosition"].layers)
    assert "in_force" not in vars(state.folds["StockPosition"])
    stock = state.snapshot.table("StockPosition")
    found = dict(zip(stock["location"].tolist(), stock["on_hand_units"].tolist(), strict=True))
    assert dict.fromkeys(places, 5) | {"p7": 6} == found


def test_the_last_deliveries_are_at_hand(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that follows gives the feeds of a chain as the log does, and asks it for none."""
    for day in range(2, 8):
        deliver(house, tmp_path, [f"x,p,{day},2026-03-0{day}"])
    log = house.projection.log
    expected = [event.sequence for event in log.newest_feeds("counted")]
    fresh = SnapshotReader(log, house.store)
    assert expected == [event.sequence for event in fresh.newest_feeds("counted")]
    fresh.state("counted", expected[2])
    fresh.state("counted")
    monkeypatch.setattr(type(log), "newest_feeds", lambda *_arguments, **_more: iter(()))
    assert expected == [event.sequence for event in fresh.newest_feeds("counted")]
