"""Names that are too long for the database to find: set aside or refused before they are logged."""

from pathlib import Path

import numpy as np
import pytest
from neo4j import Driver

from graph import manifests, stated
from graph.recovery.digests import digests
from graph.settings import Settings
from ontology.errors import InputError, OutsideError
from service.house import House, house_on
from service.intake import fact_rules
from service.intake.deliveries import LONGEST_NAME, Delivery
from service.intake.sync import Synced, sync
from service.recovery import inspect

MAPPING = """
format: evenkeel-mapping/1
chain: long
source: names
version: 1
known: []
files:
  - file: places.csv
    principal:
      class: Location
      fields: {id: id, part_of: part_of, kind: {constant: hub}}
  - file: stock.csv
    optional: true
    principal:
      class: StockPosition
      fields: {item: item, location: place, on_hand_units: units}
    derived:
      - class: Item
        fields: {id: item, base_unit: {constant: each}}
"""
LONG = 10_000
"""What a cell may hold; quoted, a letter beyond ASCII is up to 12 characters of a key."""


@pytest.fixture
def house(empty_database: Driver, tmp_path: Path) -> House:
    """An open service on an empty database with a data folder of its own."""
    return house_on(empty_database, Settings(home=tmp_path / "home"))


def deliver(house: House, folder: Path, delivery: Delivery, **files: str) -> Synced:
    folder.mkdir(exist_ok=True)
    (folder / "mapping.yaml").write_text(MAPPING)
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    return sync(house, [folder], folder / "mapping.yaml", delivery)


@pytest.mark.parametrize("letter", ["k", "/", "\N{GREEK SMALL LETTER ALPHA}", "\N{ANCHOR}"])
def test_a_row_of_a_name_too_long_is_set_aside(house: House, tmp_path: Path, letter: str) -> None:
    """A key, a part of one or a reference that is too long costs its own row, and no other."""
    long = letter * LONG
    synced = deliver(
        house, tmp_path / "in", Delivery("ann"), places=f"id,part_of\na,\n{long},\nb,{long}\nc,a\n",
        stock=f"item,place,units\n{letter * 150},{letter * 150},1\n{long},a,2\n",
    )  # fmt: skip
    account = {file["file"]: file for file in synced.summary["files"]}
    assert (4, 2, 2) == tuple(account["places.csv"][n] for n in ("rows", "loaded", "quarantined"))
    kept = 1 if 300 * len(letter.encode()) * (1 if letter == "k" else 3) < 2_000 else 0
    assert (2, kept) == tuple(account["stock.csv"][name] for name in ("rows", "loaded"))
    assert {"KEY_TOO_LONG": 4 - kept} == synced.summary["reasons"]
    assert ["a", "c"] == house.facts("long").table("Location").keys.tolist()


def test_a_large_delivery_with_one_long_name_stops_nothing(house: House, tmp_path: Path) -> None:
    """It is logged before the graph shows it, so a name that no index takes must not be in it."""
    rows = "".join(f"p{number},a\n" for number in range(10_100))
    deliver(house, tmp_path / "in", Delivery("ann"), places=f"id,part_of\n{rows}z,{'k' * LONG}\n")
    again = house_on(house.driver, house.settings)
    assert 10_100 == len(again.facts("long").table("Location"))
    assert again.projection.log.head().sequence == again.catalog.watermark().projected


@pytest.mark.parametrize(
    "name", ["x" * (LONGEST_NAME + 1), "x" * 9_000, "a\nb", "\x1b[31m", "\udcff"]
)
def test_a_delivery_has_a_name_that_can_be_found_and_read(
    house: House, tmp_path: Path, name: str
) -> None:
    """Neither the database nor a terminal is handed what it cannot take."""
    for delivery in (Delivery("ann", name), Delivery("ann", "monday", supersedes=name)):
        with pytest.raises(InputError) as refused:
            deliver(house, tmp_path / "in", delivery, places="id,part_of\na,\n")
        assert "FEED_NAME" == refused.value.code
    deliver(house, tmp_path / "in", Delivery("ann", "x" * LONGEST_NAME), places="id,part_of\na,\n")


def test_sent_again_the_account_is_the_first_one(house: House, tmp_path: Path) -> None:
    """What was set aside after it was read is set aside in the second answer, too."""
    files = {"places": f"id,part_of\na,\n{'k' * LONG},\n", "stock": "item,place,units\nw,a,1\n"}
    first, again = (deliver(house, tmp_path / "in", Delivery("ann"), **files) for _ in range(2))
    assert again.replayed
    for name in ("files", "records", "reasons", "quarantined", "quarantined_rows"):
        assert first.summary[name] == again.summary[name]


def test_a_log_that_holds_a_name_too_long_goes_on(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older version logged it, and its graph stood still: it is left out, and all else shown."""
    rows = "".join(f"p{number},a\n" for number in range(10_100))
    files = {"places": f"id,part_of\na,\n{rows}z,{'k' * LONG}\n{'k' * LONG},a\n"}
    with monkeypatch.context() as older:
        for module in (fact_rules, manifests):
            older.setattr(module, "rows_too_long", lambda table: np.zeros(len(table), np.bool_))
        older.setattr(stated, "rows_that_can_be_shown", lambda table: np.arange(len(table)))
        with pytest.raises(OutsideError):
            deliver(house, tmp_path / "in", Delivery("ann"), **files)
    assert house.projection.log.head().projected < house.projection.log.head().sequence
    again = house_on(house.driver, house.settings)
    found = digests(again.projection)
    assert found.agree
    told = inspect(again)
    assert (True, [("Location", 2)]) == (
        told["sound"], [(one["class"], one["facts"]) for one in told["left_out"]])  # fmt: skip
    assert found.sequence == again.catalog.watermark().projected
    assert 10_101 == len(again.facts("long").table("Location"))
    later = deliver(again, tmp_path / "later", Delivery("ann"), places="id,part_of\nb,p7\n")
    assert 1 == later.summary["records"]["Location"]
