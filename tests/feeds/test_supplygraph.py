"""The real SupplyGraph data through its mapping, against counts taken with the csv module alone."""

import csv
import os
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from feeds.mapping_text import load_mapping
from feeds.reading import read
from feeds.result import FeedResult

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("EVENKEEL_SHARED") or ROOT.parent / "shared")
DATA = SHARED / "data" / "supplygraph" / "raw" / "Homogenoeus"
UNITS = DATA / "Temporal Data" / "Unit"
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"the real SupplyGraph data is not at {DATA}; set EVENKEEL_SHARED"
)
Flow = dict[tuple[str, str], int]


@pytest.fixture(scope="module")
def result() -> FeedResult:
    """The real feed, read once."""
    return read([DATA], load_mapping(ROOT / "feeds/mappings/supplygraph.yaml"))


def cells(name: str) -> Iterator[tuple[str, str, Fraction]]:
    """Product, day and number of each cell of a table, without the column of no product."""
    with (UNITS / name).open(newline="") as stream:
        header, *rows = csv.reader(stream)
    for row in rows:
        for product, text in zip(header[1:], row[1:], strict=True):
            if product != "POP001L12P.1":
                yield product, row[0][:10], Fraction(text)


def whole(name: str) -> Flow:
    """Each number rounded to the nearest whole one, halves to the even one."""
    return {(product, day): round(number) for product, day, number in cells(name)}


def test_products_places_and_days_are_all_there(result: FeedResult) -> None:
    """Law: 40 products, 25 plants, 13 storage locations, 277 distinct storage rows of 6,545."""
    places = result.tables["Location"]
    kinds = places["kind"].tolist()
    assert (25, 13) == (kinds.count("plant"), kinds.count("distribution centre"))
    assert {"Item": 40, "StorageAssignment": 277, "Production": 276} == {
        name: len(result.tables[name]) for name in ("Item", "StorageAssignment", "Production")
    }
    without = [place for place in result.tables["StorageAssignment"]["storage"] if place is None]
    assert 1 == len(without)
    storage = next(file for file in result.files if "Storage" in file.file)
    assert (6_545, 277, 6_268, 0) == (
        storage.rows, storage.loaded, storage.duplicates, storage.quarantined,
    )  # fmt: skip
    assert 0 == len(result.quarantined)


def test_demand_is_the_orders_of_each_product_and_day(result: FeedResult) -> None:
    """Law: 221 days of 40 products, days without an order included, rounded and counted."""
    table = result.tables["DemandObservation"]
    days = table["on"].astype(str).tolist()
    found = dict(
        zip(zip(table["item"], days, strict=True), table["quantity_units"].tolist(), strict=True)
    )
    assert whole("Sales Order.csv") == found
    assert (221, 221 * 40, {"storage"}) == (len(set(days)), len(found), set(table["location"]))
    rounded = sum(number.denominator != 1 for _, _, number in cells("Sales Order.csv"))
    assert result.counts["Temporal Data/Unit/Sales Order.csv: cells rounded"] == rounded == 1_554


def test_stock_follows_from_the_flows(result: FeedResult) -> None:
    """Law 1: opening, in and out make the position; no day ends below zero."""
    flows: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for name, place, sign in (
        ("Production .csv", "plants", 1),
        ("Factory Issue.csv", "plants", -1),
        ("Factory Issue.csv", "storage", 1),
        ("Delivery To distributor.csv", "storage", -1),
    ):
        for (product, day), units in whole(name).items():
            flows[product, place][day] += sign * units
    moves, stock = result.tables["StockMovement"], result.tables["StockPosition"]
    opening = {
        (item, place): units
        for item, place, kind, units in zip(
            moves["item"], moves["location"], moves["kind"], moves["quantity_units"].tolist(),
            strict=True,
        )
        if kind == "opening"
    }  # fmt: skip
    left = dict(zip(zip(stock["item"], stock["location"], strict=True),
                    stock["on_hand_units"].tolist(), strict=True))  # fmt: skip
    for key, by_day in flows.items():
        levels = [0]
        for day in sorted(by_day):
            levels.append(levels[-1] + by_day[day])
        assert -min(levels) == opening.get(key, 0)
        assert levels[-1] - min(levels) == left.get(key, 0)
    assert {"derived from flows"} == set(stock["basis"])
    assert {"2023-08-08"} == set(stock["counted_on"].astype(str))


def test_derived_stock_is_labelled_in_its_source(result: FeedResult) -> None:
    """Law 3: what nobody counted says in its provenance what it was derived from."""
    expected = (
        "stock derived from Temporal Data/Unit/Production.csv, Temporal Data/Unit/Factory Issue."
        "csv, Temporal Data/Unit/Delivery To distributor.csv"
    )
    for row in range(len(result.tables["StockPosition"])):
        assert expected == str(result.source_of("StockPosition", row))
    moves = result.tables["StockMovement"]
    for row, kind in enumerate(moves["kind"]):
        assert (kind == "opening") == (expected == str(result.source_of("StockMovement", row)))


def test_each_movement_leads_back_to_its_cell(result: FeedResult) -> None:
    """Law: an issue leaves the plants and reaches the storage by one cell, named by its line."""
    moves = result.tables["StockMovement"]
    texts = (UNITS / "Factory Issue.csv").read_text().splitlines()
    issued = {"issue": 0, "receipt": 0}
    for row, kind in enumerate(moves["kind"]):
        if kind in issued:
            issued[kind] += int(moves["quantity_units"][row])
            place = result.source_of("StockMovement", row)
            assert "Temporal Data/Unit/Factory Issue.csv" == place.file
            assert texts[place.row - 1].startswith(str(moves["effective_on"][row]))
    assert issued["issue"] == -issued["receipt"] != 0
