"""two_hubs, planned and served on loopback, with a client of it and a proxy that cuts answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from neo4j import Driver

from api.app import create_app
from evenkeel_client.client import Client
from evenkeel_client.sending import Patience
from graph.settings import Settings
from service.decision import PlanRequest
from service.doors.door_bounds import DoorBounds
from service.doors.registered import register
from service.examples import load_example
from service.house import House, house_on
from service.planning import make_plan
from tests.api.served import Served, serving
from tests.faults.proxy import Proxy, proxy_to
from tests.graph.conftest import empty_the_graph
from tests.service.doors.served import CHAIN, MAPPING, TOKEN

SOURCE = "wms"
AT_ONCE = Patience(tries=4, first_wait_seconds=0.0)
"""Tries again without waiting, so that no test does."""


@pytest.fixture(scope="package")
def house(database: Driver, tmp_path_factory: pytest.TempPathFactory) -> House:
    """two_hubs loaded and planned twice, with a source that may deliver."""
    empty_the_graph(database)
    home = tmp_path_factory.mktemp("home")
    found = house_on(database, Settings(home=home))
    load_example(found, CHAIN)
    make_plan(found, PlanRequest(chain=CHAIN, cost_parts=frozenset({"warehouse"})))
    make_plan(found, PlanRequest(chain=CHAIN))
    path = home / "mapping.yaml"
    path.write_text(MAPPING.replace("SOURCE", SOURCE))
    register(home, path)
    return found


@pytest.fixture(scope="package")
def served(house: House) -> Iterator[Served]:
    """The service on a socket; a reader of changes hears of it every second."""
    bounds = DoorBounds(heartbeat_seconds=1)
    with serving(lambda ending: create_app(house, TOKEN, bounds=bounds, ending=ending)) as found:
        yield found


@pytest.fixture(scope="package")
def digest(house: House) -> str:
    """The plan that was made last."""
    return house.catalog.plans(CHAIN).rows[0].plan.digest


@contextmanager
def client_of(address: str) -> Iterator[Client]:
    """A client that tries again at once."""
    with Client(address, TOKEN, patience=AT_ONCE) as found:
        yield found


@pytest.fixture(scope="package")
def client(served: Served) -> Iterator[Client]:
    """A client of the service."""
    with client_of(served.address) as found:
        yield found


@pytest.fixture
def proxy(served: Served) -> Iterator[Proxy]:
    """What stands between a client and the service."""
    port = urlsplit(served.address).port
    assert port
    with proxy_to(port) as found:
        yield found
