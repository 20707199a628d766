"""Rows in the order of their file, chains with nothing in them, and one statement on one line."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from neo4j import Driver

from api.recall import only_chain
from graph.settings import Settings
from ontology.errors import InputError
from ontology.events import moment_of
from service.house import house_on
from service.stewardship.freshness import stated_since
from service.stewardship.quarantine import discard
from tests.service.small_stock import CHAIN, SmallStock, day, event_of


@pytest.fixture
def small(empty_database: Driver, tmp_path: Path) -> SmallStock:
    """A chain with two items and two places."""
    house = house_on(empty_database, Settings(home=tmp_path / "home"))
    return SmallStock(house, tmp_path).opened()


def test_rows_are_numbered_in_the_order_of_their_file(small: SmallStock) -> None:
    """Row 10 of a file comes after row 2, whatever set them aside."""
    lots = [f"widget,north,L{n},1,{day(0)}" for n in range(11)]
    small.stock(*lots)
    clash = small.stock(*(line.replace(",1,", ",2,") for line in lots))
    assert {"CLOCK_CONFLICT"} == {row.row.code for row in small.aside(clash)}
    assert list(range(2, 13)) == [row.row.row for row in small.aside(clash)]


def test_a_chain_with_nothing_in_it_is_not_listed(small: SmallStock) -> None:
    """Not once all its rows are settled; while some are open it is said to have no facts."""
    small.chain = "lost"
    bad = small.stock(f"unheard,north,A,1,{day(0)}")
    assert [("lost", False), (CHAIN, True)] == [
        (entry.chain, entry.has_facts) for entry in small.house.catalog.chains()
    ]
    with pytest.raises(InputError) as refused:
        only_chain(small.house)
    assert f"lost (without facts), {CHAIN}" in refused.value.hint
    discard(small.house, event_of(bad), agent="bo", reason="a slip")
    assert CHAIN == only_chain(small.house)


def test_a_fact_is_shown_as_its_statement_has_it(small: SmallStock) -> None:
    """Event and since are of one statement; what confirmed it since is another time."""
    first = small.stock("widget,north,A,1,", at=datetime(2026, 3, 2, tzinfo=UTC))
    small.stock("widget,north,A,1,", at=datetime(2026, 3, 5, tzinfo=UTC))
    facts = small.house.facts(CHAIN)
    addresses = facts.addresses["StockPosition"]
    assert [event_of(first)] == addresses[:, 0].tolist()
    (since,) = stated_since(small.house, "StockPosition", addresses).tolist()
    (confirmed,) = facts.clocks["StockPosition"][:, 0].tolist()
    assert (2, 5) == (moment_of(since).day, moment_of(confirmed).day)
    by_day = small.stock(f"widget,south,B,1,{day(-1)}", f"widget,south,C,1,{day(-2)}")
    told = np.array([[event_of(by_day), row] for row in (1, 0)])
    since = stated_since(small.house, "StockPosition", told).tolist()
    assert [28, 1] == [moment_of(each).day for each in since]
