"""The service over two_hubs on a real database, and a client that carries the token."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from neo4j import Driver

from api.app import create_app
from graph.settings import Settings
from service.decision import PlanRequest
from service.examples import load_example
from service.house import House, house_on
from service.planning import make_plan
from tests.graph.conftest import empty_the_graph

TOKEN = "t" * 43
CHAIN = "two_hubs"
Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="package")
def house(database: Driver, tmp_path_factory: pytest.TempPathFactory) -> House:
    """two_hubs loaded, and planned twice: for the costs of the warehouse, then for all."""
    empty_the_graph(database)
    found = house_on(database, Settings(home=tmp_path_factory.mktemp("home")))
    load_example(found, CHAIN)
    make_plan(found, PlanRequest(chain=CHAIN, cost_parts=frozenset({"warehouse"})))
    make_plan(found, PlanRequest(chain=CHAIN))
    return found


@pytest.fixture(scope="package")
def digest(house: House) -> str:
    """The digest of the plan of two_hubs."""
    return house.catalog.plans(CHAIN).rows[0].plan.digest


class Client:
    """Sends requests to an application without a socket, all on one event loop."""

    def __init__(self, portal: BlockingPortal, app: FastAPI, token: str = TOKEN) -> None:
        self._portal = portal
        self._app = app
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request and its answer."""
        return self._portal.call(partial(self._send, method, path, **more))

    def post(self, path: str, **more: Any) -> httpx.Response:
        """One POST and its answer."""
        return self.send("POST", path, **more)

    async def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        where = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(
            transport=where, base_url="http://evenkeel", headers=self._headers
        ) as client:
            return await client.request(method, path, **more)


@pytest.fixture(scope="package")
def portal() -> Iterator[BlockingPortal]:
    """One event loop in a thread of its own."""
    with start_blocking_portal() as found:
        yield found


@pytest.fixture(scope="package")
def client(house: House, portal: BlockingPortal) -> Client:
    """The service as it runs outside development."""
    return Client(portal, create_app(house, TOKEN))


@pytest.fixture(scope="package")
def ask(client: Client) -> Ask:
    """Asks a query that must have an answer without errors, and gives its data."""

    def answer(query: str, **variables: Any) -> dict[str, Any]:
        sent = client.post("/graphql", json={"query": query, "variables": variables}).json()
        assert "errors" not in sent, sent["errors"]
        return sent["data"]

    return answer
