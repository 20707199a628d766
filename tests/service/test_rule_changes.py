"""A delivery tells what it does to the findings of rules, also on facts that it does not state."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from neo4j import Driver

from graph.settings import Settings
from rules.check import check_facts
from rules.release import default_release
from service.house import House, house_on
from service.intake import rule_changes
from service.intake.deliveries import Delivery
from service.intake.sync import sync

MAPPING = """
format: evenkeel-mapping/1
chain: ruled
source: erp
version: 1
known: []
constants:
  - class: Location
    fields: {id: {constant: north}}
files:
  - file: items.csv
    optional: true
    principal: {class: Item, fields: by_header}
  - file: stock.csv
    optional: true
    principal: {class: StockPosition, fields: by_header}
  - file: packs.csv
    optional: true
    principal: {class: UnitConversion, fields: by_header}
"""


@pytest.fixture
def house(empty_database: Driver, tmp_path: Path) -> Iterator[House]:
    return house_on(empty_database, Settings(home=tmp_path / "home"))


def deliver(
    house: House, folder: Path, files: dict[str, str], *, dry_run: bool = False
) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    (folder / "mapping.yaml").write_text(MAPPING)
    paths = [folder / name for name in files]
    for path in paths:
        path.write_text(files[path.name])
    return sync(house, paths, folder / "mapping.yaml", Delivery("ann"), dry_run=dry_run).summary


STOCK = "item,location,on_hand_units,total_units,unit\noil,north,5,5,litre\nnail,north,7,7,each\n"
FIRST = {
    "items.csv": "id,base_unit\noil,litre\nnail,each\n",
    "packs.csv": "item,unit,numerator\noil,box,12\nnail,case,100\n",
    "stock.csv": STOCK,
}
OTHER_UNIT = {"items.csv": "id,base_unit\nnail,kilogram\n"}
BACK = {"items.csv": "id,base_unit\nnail,each\n"}


def told(account: dict[str, Any]) -> list[tuple[str, str]]:
    found = account["rules"]["findings"]
    return [(each["change"], each["focus_node"].rpartition("/id/")[2]) for each in found]


def test_facts_that_a_delivery_breaks_without_stating_them_are_told(
    house: House, tmp_path: Path
) -> None:
    """Another base unit breaks a position: that is told, and that it is well again."""
    first = deliver(house, tmp_path, FIRST)
    assert {"judged": 4, "appeared": 0, "gone": 0, "findings": []} == first["rules"]
    rehearsed = deliver(house, tmp_path, OTHER_UNIT, dry_run=True)
    account = deliver(house, tmp_path, OTHER_UNIT)
    assert rehearsed["rules"] == account["rules"]
    assert [("appeared", "StockPosition/nail/north/")] == told(account)
    (notice,) = [line for line in account["notices"] if "known-stock-unit" in line]
    assert "1 finding of the rule `known-stock-unit` appear" in notice
    broken = check_facts(default_release(), house.reader.read("ruled").tables).findings
    assert ["StockPosition/nail/north/"] == [f.focus_node.rpartition("/id/")[2] for f in broken]
    assert [("gone", "StockPosition/nail/north/")] == told(deliver(house, tmp_path, BACK))


def test_nothing_is_joined_to_judge_one_row(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One count of many: the rules find the item and its packs by key, and join no class.

    A delivery of very many facts is judged in bulk, and its account says nothing of others.
    """
    places = "".join(f"oil,p{number},5,5,box\n" for number in range(60))
    monkeypatch.setattr(rule_changes, "NEAR_ROWS", 50)
    assert deliver(house, tmp_path, {**FIRST, "stock.csv": STOCK + places})["rules"] is None
    header = STOCK.partition("\n")[0]
    account = deliver(house, tmp_path, {"stock.csv": f"{header}\noil,p7,6,6,box\n"})
    assert {"judged": 1, "appeared": 0, "gone": 0, "findings": []} == account["rules"]
    folds = house.reader.state("ruled").folds
    assert "in_force" not in vars(folds["StockPosition"])
