"""A delivery that is sent again: the first answer, whatever has become known since."""

from pathlib import Path

import pytest
from neo4j import Driver

from graph.settings import Settings
from service.house import house_on
from service.intake.deliveries import Delivery
from service.intake.sync import Synced
from tests.service.small_stock import HEADER, SmallStock, day

SAID = "files", "records", "reasons", "quarantined", "quarantined_rows", "event"


@pytest.fixture
def small(empty_database: Driver, tmp_path: Path) -> SmallStock:
    """A chain with two items and two places."""
    return SmallStock(house_on(empty_database, Settings(home=tmp_path / "home")), tmp_path).opened()


def said(synced: Synced) -> dict[str, object]:
    return {name: synced.summary[name] for name in SAID}


@pytest.mark.parametrize("is_with_items", [False, True])
def test_the_first_account_is_given_again(small: SmallStock, is_with_items: bool) -> None:
    """What was set aside in reading, by a rule or by clocks counts as it did, not as of today."""
    small.stock(f"widget,north,W1,8,{day(0)}", source="erp")
    lines = (f"widget,north,W1,5,{day(0)}", f"cog,north,,3,{day(0)}", f"gadget,south,,2,{day(0)}",
             f"gadget,south,,2,{day(0)}")  # fmt: skip
    items = {"items.csv": ("id", "bolt")} if is_with_items else {}
    sent = {**items, "stock.csv": (HEADER, *lines)}
    first = small.send(sent, Delivery("ann", "monday", stop_share_percent=100))
    assert {"CLOCK_CONFLICT": 1, "UNKNOWN_ID": 1} == first.summary["reasons"]
    stock = first.summary["files"][-1]
    assert (4, 1, 1, 2) == tuple(
        stock[name] for name in ("rows", "loaded", "duplicates", "quarantined")
    )
    small.send({"items.csv": ("id", "cog")})
    again = small.send(sent, Delivery("ann", "monday", stop_share_percent=100))
    assert (False, True) == (first.replayed, again.replayed)
    assert said(first) == said(again)
