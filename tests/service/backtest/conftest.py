"""A service with a dozen recorded decisions, made once; nothing in this package adds any."""

import pytest
from neo4j import Driver

from graph.settings import Settings
from service.house import House, house_on
from tests.graph.conftest import empty_the_graph
from tests.service.audit.recorded import recorded

RECORDED = {"plain": (1, 2, 3), "orders": (1, 2, 3), "coupled": (1, 2), "forecast": (2,),
            "edited": (2,), "steady": (1,)}  # fmt: skip
"""Seeds by regime, each of a chain of its own; a steady one is a second plan of its chain."""


@pytest.fixture(scope="package")
def house(database: Driver, tmp_path_factory: pytest.TempPathFactory) -> House:
    """Twelve decisions of six regimes under two releases."""
    empty_the_graph(database)
    found = house_on(database, Settings(home=tmp_path_factory.mktemp("home")))
    for regime, seeds in RECORDED.items():
        for seed in seeds:
            recorded(found, regime, seed)
    return found
