"""A chain that is exported, doubts and all, and synced elsewhere or back."""

from pathlib import Path

import pytest
from neo4j import Driver

from graph.settings import Settings
from service.exporting import exported
from service.house import house_on
from service.intake.deliveries import Delivery
from service.intake.sync import Synced, sync
from tests.service.small_stock import CHAIN, SmallStock

COPY = "copied"
MOVES = """
format: evenkeel-mapping/1
chain: small
source: erp
version: 1
known: [Item, Location]
files:
  - file: moves.csv
    principal: {class: StockMovement, fields: by_header}
"""
DOCUMENT = """
format: evenkeel-mapping/1
chain: CHAIN
source: export
version: 1
known: all
files:
  - file: facts.ttl
"""


@pytest.fixture
def small(empty_database: Driver, tmp_path: Path) -> SmallStock:
    """A chain of which a gate doubts one movement: it takes more than there was."""
    small = SmallStock(house_on(empty_database, Settings(home=tmp_path / "home")), tmp_path)
    small.opened().stock("widget,north,,5,2026-03-02")
    moves = "id,item,location,kind,quantity_units,effective_on"
    (tmp_path / "moves.csv").write_text(f"{moves}\nm1,widget,north,issue,-8,2026-03-03\n")
    (tmp_path / "moves.yaml").write_text(MOVES)
    sync(small.house, [tmp_path / "moves.csv"], tmp_path / "moves.yaml", Delivery("ann"))
    return small


def delivered(small: SmallStock, chain: str, name: str) -> Synced:
    """The chain's export as a delivery to a chain."""
    text = "".join(exported(small.house, CHAIN, "turtle")).replace(f"id/{CHAIN}/", f"id/{chain}/")
    (small.folder / "facts.ttl").write_text(text)
    (small.folder / "export.yaml").write_text(DOCUMENT.replace("CHAIN", chain))
    return sync(small.house, [small.folder / "facts.ttl"], small.folder / "export.yaml",
                Delivery("ann", name))  # fmt: skip


@pytest.mark.parametrize("chain", [COPY, CHAIN])
def test_doubts_are_read_back_as_they_were(small: SmallStock, chain: str) -> None:
    """Its facts and its mark stand there, once, however often the export is sent."""
    before = small.house.facts(CHAIN)
    assert ["StockMovement/m1/STOCK_NEGATIVE"] == before.table("Mark").keys.tolist()
    for name in ("once", "twice"):
        assert 0 == delivered(small, chain, name).summary["quarantined_rows"]
    after = small.house.facts(chain)
    digests = [{name: table.digest for name, table in snapshot.tables.items() if len(table)}
               for snapshot in (before, after)]  # fmt: skip
    assert digests[0] == digests[1]
