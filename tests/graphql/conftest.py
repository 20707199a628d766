"""One world for the mutations, and two services over it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from neo4j import Driver

from api.app import create_app
from graph.settings import Settings
from service.doors.door_bounds import DoorBounds
from service.house import house_on
from tests.api.conftest import TOKEN, Client
from tests.graph.conftest import empty_the_graph
from tests.graphql.world import World, build

BOUNDS = DoorBounds(rate_per_minute=60_000, burst_deliveries=10_000)
Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def world(database: Driver, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The chain with all that is to be settled."""
    empty_the_graph(database)
    folder = tmp_path_factory.mktemp("world")
    return build(house_on(database, Settings(home=folder / "home", person="Olga")), folder)


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    """One event loop in a thread of its own."""
    with start_blocking_portal() as found:
        yield found


@pytest.fixture(scope="module")
def services(world: World, portal: BlockingPortal) -> list[Client]:
    """Two services over one database and data folder; each has a house of its own."""
    house = world.house
    other = house_on(house.driver, house.settings)
    return [Client(portal, create_app(one, TOKEN, bounds=BOUNDS)) for one in (house, other)]


@pytest.fixture(scope="module")
def ask(services: list[Client]) -> Ask:
    """Asks the first service (or the one that is given); gives data without errors."""

    def answer(query: str, service: int = 0, **variables: Any) -> dict[str, Any]:
        body = {"query": query, "variables": variables}
        sent: dict[str, Any] = services[service].post("/graphql", json=body).json()
        assert "errors" not in sent, sent["errors"]
        found: dict[str, Any] = sent["data"]
        return found

    return answer
