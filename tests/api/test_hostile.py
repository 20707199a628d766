"""Hostile requests: each has its code, soon, and no answer repeats what it was sent at length."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection
from types import FrameType
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI
from graphql import OperationDefinitionNode, parse
from hypothesis import given
from hypothesis import strategies as st

from api.app import create_app
from api.graphql.limits import MOST_DIGITS
from api.graphql.schema import build_schema
from api.graphql.variables import MOST_WORK, OF_AN_OBJECT, check_variables
from ontology.errors import InputError
from service.house import House
from tests.api.conftest import TOKEN, Client
from tests.api.hostile import ATTACKS, ROWS, Attack
from tests.api.served import serving

MOST_LINES = 3_000_000
"""Lines of Python that an answer may take: at 50 million a second, 60 ms of a processor."""
LONGEST_ANSWER = 64 * 1024


@contextmanager
def lines_counted() -> Iterator[Counter[str]]:
    """Counts the lines of Python, as `line`, that run in this thread while the block is open."""
    found: Counter[str] = Counter()

    def note(frame: FrameType, event: str, argument: Any) -> Callable[..., Any]:
        found[event] += 1
        return note

    sys.settrace(note)
    try:
        yield found
    finally:
        sys.settrace(None)


async def sent(app: FastAPI, attack: Attack) -> tuple[httpx.Response, int]:
    """The answer to an attack, and the lines that ran in the event loop's thread for it."""
    where = httpx.ASGITransport(app)
    headers = {"Authorization": f"Bearer {TOKEN}"} | attack.all_headers
    async with httpx.AsyncClient(transport=where, base_url="http://evenkeel") as client:
        request = client.build_request(attack.method, attack.path, content=attack.content,
                                       headers=headers)  # fmt: skip
        with lines_counted() as counted:
            answer = await client.send(request)
    return answer, counted["line"]


def told(answer: httpx.Response) -> str:
    """The code of a refusal; empty where there is none. Each has a hint and a fault."""
    errors = answer.json().get("errors", [])
    for error in errors:
        assert all(error["extensions"][name] for name in ("code", "hint", "fault")), error
        assert "Traceback" not in error["message"]
    return errors[0]["extensions"]["code"] if errors else ""


@pytest.fixture(scope="module")
def app(house: House) -> FastAPI:
    return create_app(house, TOKEN)


@pytest.mark.parametrize("name", ATTACKS)
def test_a_hostile_request_is_refused_soon(app: FastAPI, portal: BlockingPortal, name: str) -> None:
    """With the status and code of the table, within a bounded number of lines of Python."""
    attack = ATTACKS[name]
    answer, lines = portal.call(partial(sent, app, attack))
    assert (attack.status, attack.code) == (answer.status_code, told(answer)), answer.text[:500]
    assert lines < MOST_LINES
    assert len(answer.content) < LONGEST_ANSWER


@pytest.fixture(scope="module")
def service(house: House) -> Iterator[httpx.Client]:
    """The service on a socket."""
    with (
        serving(lambda ending: create_app(house, TOKEN, ending=ending)) as found,
        httpx.Client(base_url=found.address, headers={"Authorization": f"Bearer {TOKEN}"}) as http,
    ):
        yield http


def test_they_are_refused_over_a_socket_too(service: httpx.Client) -> None:
    """A real server between caller and service changes no code, and goes on serving."""
    found = {}
    for name, attack in ATTACKS.items():
        answer = service.request(attack.method, attack.path, content=attack.content,
                                 headers=attack.all_headers)  # fmt: skip
        found[name] = (answer.status_code, told(answer))
    assert {name: (one.status, one.code) for name, one in ATTACKS.items()} == found
    assert {"status": "up"} == service.get("/health").json()


def test_an_address_that_is_too_long_ends_there(service: httpx.Client) -> None:
    """Of a line longer than the server reads nothing is looked at by the service."""
    there = HTTPConnection(service.base_url.host, service.base_url.port or 0)
    there.request("GET", "/graphql?query=" + "x" * 300_000)
    assert 400 == there.getresponse().status
    there.close()
    assert {"status": "up"} == service.get("/health").json()


@pytest.mark.parametrize("digits", [1, MOST_DIGITS, MOST_DIGITS + 1, 5_000])
def test_a_number_in_a_document_never_breaks_the_service(client: Client, digits: int) -> None:
    """However many digits it has, where a 32-bit number is expected."""
    asked = '{ items(chain: "two_hubs", first: ' + "9" * digits + ") { edges { cursor } } }"
    answer = client.post("/graphql", json={"query": asked}).json()
    assert {"input"} == {error["extensions"]["fault"] for error in answer.get("errors", [])} or (
        digits == 1
    )


SCHEMA = build_schema(development=True)._schema
DECLARED = parse(ROWS)
CONDITIONS = st.recursive(
    st.just({}) | st.just(7),
    lambda inner: st.fixed_dictionaries({}, optional={
        "all": st.lists(inner, max_size=4), "values": st.lists(st.just("x"), max_size=4),
        "column": st.just("key"), "unknown": st.integers()}),
)  # fmt: skip


def work_of(condition: Any) -> int:
    """The same counted once more, by the names of the fields."""
    if not isinstance(condition, dict):
        return OF_AN_OBJECT + 1
    inner = condition.get("all", [])
    return (OF_AN_OBJECT + len(condition) + len(inner) + sum(map(work_of, inner))
            + len(condition.get("values", [])))  # fmt: skip


@given(CONDITIONS, st.integers(0, 3))
def test_variables_are_refused_exactly_beyond_their_work(condition: Any, over: int) -> None:
    """Padded with values to the limit they pass; with one more they do not."""
    assert isinstance(DECLARED.definitions[0], OperationDefinitionNode)
    rest = MOST_WORK - 2 * (OF_AN_OBJECT + 2) - work_of(condition) - 2
    where = {"all": [condition], "values": ["x"] * (rest - 1 + over)}
    variables = {"of": {"facts": {}, "where": where}}
    used = 2 * OF_AN_OBJECT + 2 + 2 + OF_AN_OBJECT + 1 + work_of(condition) + rest - 1 + over
    if used <= MOST_WORK:
        check_variables(SCHEMA, DECLARED, variables)
    else:
        with pytest.raises(InputError, match="hold too much"):
            check_variables(SCHEMA, DECLARED, variables)
