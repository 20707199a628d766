"""A chain that generated requests may change as they like, and the service over it on a socket."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from neo4j import Driver

from api.app import create_app
from graph.settings import Settings
from service.decision import PlanRequest
from service.doors.door_bounds import DoorBounds
from service.doors.registered import register
from service.examples import load_example
from service.house import House, house_on
from service.planning import make_plan
from tests.api.conftest import CHAIN, TOKEN
from tests.api.served import serving
from tests.graph.conftest import empty_the_graph
from tests.service.doors.served import MAPPING


@pytest.fixture(scope="package")
def house(database: Driver, tmp_path_factory: pytest.TempPathFactory) -> House:
    """two_hubs, loaded and planned, with one source that may deliver."""
    empty_the_graph(database)
    home = tmp_path_factory.mktemp("home")
    found = house_on(database, Settings(home=home))
    load_example(found, CHAIN)
    make_plan(found, PlanRequest(chain=CHAIN))
    mapping: Path = home / "mapping.yaml"
    mapping.write_text(MAPPING.replace("SOURCE", "wms"))
    register(home, mapping)
    return found


@pytest.fixture(scope="package")
def address(house: House) -> Iterator[str]:
    """Where the service listens."""
    free = DoorBounds(rate_per_minute=60_000, burst_deliveries=10_000)
    with serving(
        lambda ending: create_app(house, TOKEN, development=True, bounds=free, ending=ending)
    ) as found:
        yield found.address


@pytest.fixture(scope="package")
def session() -> Iterator[requests.Session]:
    """A caller with the token."""
    with requests.Session() as found:
        found.headers["Authorization"] = f"Bearer {TOKEN}"
        yield found
