"""The real Brunel data through its mapping, against counts taken with the csv module alone."""

import csv
import os
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from feeds.mapping_text import load_mapping
from feeds.reading import read
from feeds.result import FeedResult

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("EVENKEEL_SHARED") or ROOT.parent / "shared")
DATA = SHARED / "data" / "brunel_logistics"
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"the real Brunel data is not at {DATA}; set EVENKEEL_SHARED"
)
PRINCIPAL = {
    "WhCapacities.csv": "SharedResource",
    "WhCosts.csv": "HandlingRate",
    "PlantPorts.csv": "PortAccess",
    "ProductsPerPlant.csv": "Production",
    "VmiCustomers.csv": "VendorManagedLink",
    "FreightRates.csv": "FreightRate",
    "OrderList.csv": "SalesOrder",
}


def raw(file: str) -> list[dict[str, str]]:
    """The rows of a file, cells and headers trimmed, read without the product's reader."""
    with (DATA / file).open(newline="") as stream:
        rows = [[cell.strip() for cell in row] for row in csv.reader(stream)]
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def number(text: str) -> Decimal:
    """A number without its currency sign and grouping."""
    return Decimal(text.replace("$", "").replace(",", "").strip())


@pytest.fixture(scope="module")
def result() -> FeedResult:
    """The real feed, read once."""
    return read([DATA], load_mapping(ROOT / "feeds/mappings/brunel.yaml"))


def test_every_row_is_loaded_merged_or_quarantined(result: FeedResult) -> None:
    """Law: each file's account is exact, and equals a count made without the product."""
    expected = {
        "WhCapacities.csv": (19, 19, 0, 0),
        "WhCosts.csv": (20, 19, 0, 1),
        "PlantPorts.csv": (22, 22, 0, 0),
        "ProductsPerPlant.csv": (2036, 2035, 0, 1),
        "VmiCustomers.csv": (14, 14, 0, 0),
        "FreightRates.csv": (1540, 1537, 3, 0),
        "OrderList.csv": (9215, 9215, 0, 0),
    }
    found = {f.file: (f.rows, f.loaded, f.duplicates, f.quarantined) for f in result.files}
    assert expected == found
    for file, (rows, loaded, duplicates, quarantined) in found.items():
        cells = [tuple(row.values()) for row in raw(file)]
        assert len(cells) == rows == loaded + duplicates + quarantined
        assert len(cells) - len(set(cells)) == duplicates
        assert len(result.tables[PRINCIPAL[file]]) == loaded


def test_quarantined_rows_have_place_and_reason(result: FeedResult) -> None:
    """Law: the blank row and the plant that nothing defines are set aside, and only they."""
    plants = {row["Plant ID"] for row in raw("WhCapacities.csv")}
    strange = [
        (number, row["Plant Code"])
        for number, row in enumerate(raw("ProductsPerPlant.csv"), 2)
        if row["Plant Code"] not in plants
    ]
    [(row, plant)] = strange
    expected = [
        "WhCosts.csv, row 21: the row is blank",
        f"ProductsPerPlant.csv, row {row}, column `Plant Code`: `{plant}` is not a known Location",
    ]
    assert expected == [line for line, _ in result.lines()]
    codes = ["BLANK_ROW", "UNKNOWN_ID"]
    assert codes == result.quarantined["code"].tolist()


def test_orders_agree_with_the_file(result: FeedResult) -> None:
    """Law: quantities, weights, payers and what was done agree with sums over the raw file."""
    rows = raw("OrderList.csv")
    orders, done = result.tables["SalesOrder"], result.tables["OrderFulfilment"]
    assert sum(int(row["Unit quantity"]) for row in rows) == int(orders["quantity_units"].sum())
    weight = sum(Decimal(row["Weight"]) for row in rows) * 10**9
    assert weight == int(orders["weight_micrograms"].sum())
    paid = [order for row in rows if (order := row["Order ID"]) and row["Service Level"] == "CRF"]
    by_customer = orders["id"][orders["freight_payer"] == "customer"]
    assert sorted(paid) == by_customer.tolist()
    plant_of = {row["Order ID"]: (row["Plant Code"], row["Origin Port"]) for row in rows}
    found = zip(done["order"], zip(done["location"], done["origin_port"], strict=True), strict=True)
    assert plant_of == dict(found)
    assert sorted(set(orders["ordered_on"].astype(str).tolist())) == ["2013-05-26"]


def test_rates_and_costs_agree_with_the_files(result: FeedResult) -> None:
    """Law: money and weights are exact: sums of scaled integers equal sums of decimals."""
    rates = {tuple(row.values()): row for row in raw("FreightRates.csv")}.values()
    table = result.tables["FreightRate"]
    for column, field, scale in (
        ("minimum cost", "minimum_charge_cents", 100),
        ("rate", "rate_per_kilogram_micros", 10**6),
        ("minm_wgh_qty", "minimum_weight_micrograms", 10**9),
        ("max_wgh_qty", "maximum_weight_micrograms", 10**9),
        ("tpt_day_cnt", "transit_days", 1),
    ):
        assert sum(number(row[column]) for row in rates) * scale == int(table[field].sum())
    ground = sum(row["mode_dsc"] == "GROUND" for row in rates)
    assert (ground, {"air", "ground"}) == (int((table["mode"] == "ground").sum()), {*table["mode"]})
    costs = {
        row["WH"]: int(number(row["Cost/unit"]) * 10**6) for row in raw("WhCosts.csv") if row["WH"]
    }
    found = result.tables["HandlingRate"]
    assert costs == dict(
        zip(found["location"], found["cost_per_unit_micros"].tolist(), strict=True)
    )


def test_master_data_is_what_the_rows_mention(result: FeedResult) -> None:
    """Law: each identifier that any loaded row mentions becomes one record."""
    orders, rates = raw("OrderList.csv"), raw("FreightRates.csv")
    makes = [r for r in raw("ProductsPerPlant.csv") if r["Plant Code"] != "CND9"]
    mentioned = {
        "Item": {r["Product ID"] for r in [*orders, *makes]},
        "Customer": {r["Customer"] for r in orders}
        | {r["Customers"] for r in raw("VmiCustomers.csv")},
        "Carrier": {r["Carrier"] for r in [*orders, *rates]},
        "Port": {r["Port"] for r in raw("PlantPorts.csv")}
        | {r[c] for r in rates for c in ("orig_port_cd", "dest_port_cd")}
        | {r[c] for r in orders for c in ("Origin Port", "Destination Port")},
        "Location": {r["Plant ID"] for r in raw("WhCapacities.csv")},
    }
    for name, ids in mentioned.items():
        assert sorted(ids) == result.tables[name]["id"].tolist()


def test_source_leads_back_to_the_row(result: FeedResult) -> None:
    """Law: the stated line of the file is the one that says the order."""
    lines = (DATA / "OrderList.csv").read_text().splitlines()
    for row in range(0, len(result.tables["SalesOrder"]), 500):
        place = result.source_of("SalesOrder", row)
        assert lines[place.row - 1].startswith(result.tables["SalesOrder"]["id"][row] + ",")


def test_shuffled_files_give_the_same_facts(result: FeedResult, tmp_path: Path) -> None:
    """Law 8: row order is not an input."""
    for file in PRINCIPAL:
        head, *rows = (DATA / file).read_text().splitlines()
        rows.sort(key=lambda row: sha256(row.encode()).digest())
        (tmp_path / file).write_text("\n".join([head, *rows]) + "\n")
    shuffled = read([tmp_path], load_mapping(ROOT / "feeds/mappings/brunel.yaml"))
    assert {k: t.digest for k, t in result.tables.items()} == {
        k: t.digest for k, t in shuffled.tables.items()
    }


def test_tables_stand_in_key_order(result: FeedResult) -> None:
    """Law: tables are sorted by natural key, each key once, with one source per row."""
    for name, table in result.tables.items():
        assert sorted(set(table.keys)) == table.keys.tolist()
        assert result.sources[name].shape == (len(table), 2)
