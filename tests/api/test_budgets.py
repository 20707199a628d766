"""Budgets at the doors: 429 with code, hint and when to come again; slow readers are cut off."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from anyio.from_thread import BlockingPortal
from graphql import GraphQLObjectType, build_schema, parse
from hypothesis import given
from hypothesis import strategies as st

from api.app import create_app
from api.doors.exports import PART_BYTES, _Export
from api.graphql.costs import DEFAULT_PAGE, HEAVY, WORKED_OUT, cost_of
from service.budgets import CallerBounds
from service.house import House
from tests.api.conftest import TOKEN, Client
from tests.api.test_limits import code_of

FREE = 10**9
ITEMS = '{ items(chain: "two_hubs", first: 10) { edges { node { key name } } } }'
"""Costs 1 + 10 x (1 + 1 + 2)."""


def bounded(house: House, portal: BlockingPortal, **bounds: int) -> Client:
    free = {"caller_requests_per_minute": FREE, "caller_at_once": FREE,
            "caller_cost_per_minute": FREE}  # fmt: skip
    return Client(portal, create_app(house, TOKEN, caller_bounds=CallerBounds(**(free | bounds))))


def waits(answer: httpx.Response) -> tuple[int, str, bool]:
    return answer.status_code, code_of(answer), int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize(("method", "path"), [
    ("POST", "/graphql"), ("GET", "/graphql"), ("POST", "/exports/csv"), ("POST", "/feeds/wms"),
    ("GET", "/changes?after=x"), ("GET", "/nothing"),
])  # fmt: skip
def test_every_door_counts_requests(
    house: House, portal: BlockingPortal, method: str, path: str
) -> None:
    """Whatever becomes of them; health is open as long as the service is up."""
    client = bounded(house, portal, caller_requests_per_minute=3)
    for _ in range(3):
        assert 429 != client.send(method, path).status_code
    assert (429, "RATE_LIMITED", True) == waits(client.send(method, path))
    assert 200 == client.send("GET", "/health").status_code


def test_nobody_is_counted_without_a_token(house: House, portal: BlockingPortal) -> None:
    """Who has none takes nothing of the budget of who has one."""
    app = create_app(house, TOKEN, caller_bounds=CallerBounds(caller_requests_per_minute=1))
    for _ in range(5):
        assert 401 == Client(portal, app, token="").send("GET", "/graphql").status_code
    assert 200 == Client(portal, app).post("/graphql", json={"query": ITEMS}).status_code


def test_queries_have_a_cost(house: House, portal: BlockingPortal) -> None:
    """Told by the document before it runs, whichever media type the answer has."""
    client = bounded(house, portal, caller_cost_per_minute=82)
    for _ in range(2):
        assert "data" in client.post("/graphql", json={"query": ITEMS}).json()
    answer = client.post("/graphql", json={"query": ITEMS})
    assert (429, "COST_LIMITED", True) == waits(answer)
    larger = client.post("/graphql", json={"query": ITEMS.replace("10", "100")})
    assert (200, "QUERY_COST") == (larger.status_code, code_of(larger))


def test_exports_have_a_budget_of_their_own(house: House, portal: BlockingPortal) -> None:
    """Counted in cells; queries go on."""
    client = bounded(house, portal, caller_cells_per_minute=1)
    asked = {"facts": {"chain": "two_hubs", "className": "Item"}, "columns": ["key", "name"]}
    assert 200 == client.post("/exports/csv", json=asked).status_code
    assert (429, "COST_LIMITED", True) == waits(client.post("/exports/csv", json=asked))
    assert "data" in client.post("/graphql", json={"query": ITEMS}).json()


COSTS = {
    ITEMS: 41, "{ head { root } }": 2, "{ a: head { root } b: head { root } }": 4,
    "{ ...f ...f } fragment f on Query { head { root } }": 4,
    'query($n: Int) { items(chain: "x", first: $n) { edges { cursor } } }': 1 + 7 * 2,
    '{ items(chain: "x") { edges { cursor } } }': 1 + DEFAULT_PAGE * 2,
    '{ items(chain: "x", first: 999) { edges { cursor } } }': 1 + 100 * 2,
    'mutation { makePlan(input: {chain: "x"}) { __typename } }': HEAVY + 1,
    '{ verifyPlan(plan: "x") { accepted } }': 7_500 + 1,
    '{ trace(plan: "x", line: 1) { __typename } }': 250 + 1,
    "query a { head { root } } query b { head { root sequence } }": 3,
}  # fmt: skip


@pytest.mark.parametrize("text", COSTS)
def test_a_cost_is_the_most_fields_of_an_answer(text: str) -> None:
    """Worked out by hand."""
    assert COSTS[text] == cost_of(parse(text), {"n": 7}, None)


def test_what_is_worked_out_is_a_field_of_the_schema_that_costs_more() -> None:
    """None is misspelt; what reads a plan, or the facts of a chain, is among them."""
    text = (Path(__file__).parents[2] / "api/graphql/schema.graphql").read_text("utf-8")
    schema = build_schema(text)
    fields = {name for kind in schema.type_map.values() if isinstance(kind, GraphQLObjectType)
              for name in kind.fields}  # fmt: skip
    assert WORKED_OUT.keys() <= fields
    assert {"verifyPlan", "stockDays", "touched", "trace", "replay"} <= WORKED_OUT.keys()
    assert min(WORKED_OUT.values()) > 100


@given(st.lists(st.integers(1, 100), min_size=1, max_size=5))
def test_pages_within_pages_multiply(sizes: list[int]) -> None:
    """However deep they stand."""
    text, expected = "id", 1
    for size in reversed(sizes):
        text, expected = f"lines(first: {size}) {{ edges {{ {text} }} }}", 1 + size * (1 + expected)
    assert expected == cost_of(parse(f"{{ {text} }}"), None, None)


def test_a_reader_that_takes_nothing_gives_its_place_back() -> None:
    """Whatever is left of the file; what it has is not told to be all."""
    given_back, sent = [], []

    async def send(message: Any) -> None:
        sent.append(message)
        if len(sent) > 3:
            await anyio.sleep_forever()

    async def read() -> None:
        place = ExitStack()
        place.callback(lambda: given_back.append(True))
        parts = iter([b"x" * PART_BYTES * 5])
        answer = _Export(place, parts, {}, "text/csv", reader_seconds=1, hold=lambda: None)
        await answer({"type": "http", "asgi": {"spec_version": "2.4"}}, anyio.sleep_forever, send)

    anyio.run(read)
    assert ([True], 4) == (given_back, len(sent))
    assert all(message.get("more_body", True) for message in sent)
