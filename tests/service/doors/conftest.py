"""One chain, loaded and planned, and one service over it for all doors."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from neo4j import Driver

from graph.log import Log
from graph.login import Connection
from graph.settings import Settings
from service.doors.registered import register
from service.examples import load_example
from service.house import House, house_on
from service.planning import PlanRequest, make_plan
from tests.graph.conftest import empty_the_graph
from tests.service.doors.served import CHAIN, MAPPING, SOURCES, Served, served


@pytest.fixture(scope="package")
def house(database: Driver, tmp_path_factory: pytest.TempPathFactory) -> House:
    """The example two_hubs loaded and planned, and three sources registered."""
    empty_the_graph(database)
    home = tmp_path_factory.mktemp("home")
    found = house_on(database, Settings(home=home))
    load_example(found, CHAIN)
    make_plan(found, PlanRequest(chain=CHAIN))
    for source in SOURCES:
        path = home / "mapping.yaml"
        path.write_text(MAPPING.replace("SOURCE", source))
        register(home, path)
    return found


@pytest.fixture(scope="package")
def home(house: House) -> Path:
    """The data folder."""
    return house.settings.data_folder


@pytest.fixture(scope="package")
def service(home: Path, connection: Connection) -> Iterator[Served]:
    """The service as it is served, with small bounds and much patience."""
    settings = {
        "STALL_SECONDS": "600", "RATE_PER_MINUTE": "60000", "BURST_DELIVERIES": "10000",
        "QUEUE_DELIVERIES": "12", "CHANGE_READERS": "2", "HEARTBEAT_SECONDS": "1",
    }  # fmt: skip
    with served(
        home, connection, **{f"EVENKEEL_{name}": value for name, value in settings.items()}
    ) as found:
        yield found


@pytest.fixture
def log(database: Driver) -> Log:
    """The log that the service writes."""
    return Log(database)
