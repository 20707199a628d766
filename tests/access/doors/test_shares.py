"""No caller keeps the others out: by streams, by sockets, or by what it says that it takes."""

import json
from contextlib import ExitStack
from typing import Any

import anyio
import orjson
import pytest
from anyio.abc import TaskGroup

from api.app import create_app
from api.doors.readers import Readers
from service.access import OWNER, Caller
from service.budgets import Budgets, CallerBounds
from service.doors.door_bounds import DoorBounds
from service.doors.inbox import TryLaterError
from service.house import House
from tests.access.doors.asking import person
from tests.api.conftest import TOKEN
from tests.graphql.sockets import PROTOCOL, exchanged

FREE = 10**9
FOLLOW = {"query": 'subscription { changes(chain: "chain_o") { position } }'}
CHAINS = {"query": "{ chains { name } }"}
WAYS = ("changes", "events", "websocket", "socket")
IDLE = "idle"
"""A socket that never says who it is."""
SECONDS = 60
_Told = list[dict[str, Any]]


def _app(house: House, known: tuple[Any, ...], **bounds: int) -> Any:
    free = {"caller_requests_per_minute": FREE, "caller_at_once": FREE,
            "caller_cost_per_minute": FREE}  # fmt: skip
    return create_app(house, TOKEN, knows=known, caller_bounds=CallerBounds(**(free | bounds)),
                      bounds=DoorBounds(change_readers=4, sockets=4))  # fmt: skip


def _scope(way: str, token: str) -> dict[str, Any]:
    is_http = way in ("changes", "events", "query")
    path = "/changes" if way == "changes" else "/graphql"
    return {
        "type": "http" if is_http else "websocket", "path": path, "raw_path": path.encode(),
        "method": "GET" if way == "changes" else "POST", "query_string": b"", "root_path": "",
        "headers": [(b"authorization", f"Bearer {token}".encode()), (b"accept",
                    b"text/event-stream"), (b"content-type", b"application/json")],
        "subprotocols": [PROTOCOL], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        "scheme": "http" if is_http else "ws", "http_version": "1.1", "asgi": {"version": "3.0"},
    }  # fmt: skip


def _said(way: str) -> _Told:
    """What a client says; then it says nothing, and stays."""
    if way == IDLE:
        return [{"type": "websocket.connect"}]
    begins = [{"type": "connection_init"}]
    if way == "websocket":
        begins.append({"type": "subscribe", "id": "1", "payload": FOLLOW})
    if way in ("websocket", "socket"):
        return [{"type": "websocket.connect"}, *(
            {"type": "websocket.receive", "text": json.dumps(one)} for one in begins)]  # fmt: skip
    body = orjson.dumps(FOLLOW if way == "events" else CHAINS)
    return [{"type": "http.request", "body": body, "more_body": False}]


def _is_in(way: str, message: dict[str, Any]) -> bool | None:
    """Whether a message says that a place is had, or that there is none; None where neither."""
    if way == IDLE:
        return True if message["type"] == "websocket.accept" else None
    text = str(message.get("text") or message.get("body", b"").decode())
    if "_FULL" in text or "_LIMITED" in text or message.get("code") == 1013:
        return False
    word = {"changes": "retry", "socket": "connection_ack", "query": "next"}.get(way, "position")
    return True if word in text else None


async def _begun(app: Any, group: TaskGroup, way: str, token: str) -> bool:
    """Whether one more is let in; it takes nothing beyond that, and stays until the group ends."""
    incoming, answered, found = _said(way), anyio.Event(), []

    async def receive() -> dict[str, Any]:
        if incoming:
            return incoming.pop(0)
        await anyio.sleep_forever()
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        if (is_in := _is_in(way, message)) is not None:
            found.append(is_in)
            answered.set()
            if is_in and way != IDLE:
                await anyio.sleep_forever()

    group.start_soon(app, _scope(way, token), receive, send)
    with anyio.fail_after(SECONDS):
        await answered.wait()
    return found[0]


def _let_in(app: Any, *asked: tuple[str, str]) -> list[bool]:
    """Of some ways with their tokens, begun one after another and kept, which are let in."""

    async def run() -> list[bool]:
        async with anyio.create_task_group() as group:
            found = [await _begun(app, group, way, token) for way, token in asked]
            group.cancel_scope.cancel()
        return found

    return anyio.run(run)


@pytest.mark.parametrize("way", WAYS)
def test_a_caller_holds_its_share_of_the_places(
    house: House, known: tuple[Any, ...], way: str
) -> None:
    """Half of them; others find theirs, and the owner may hold all that are left."""
    app = _app(house, known)
    (ann, _), (bob, _) = (person(house, f"{name} by {way}", "analyst") for name in ("ann", "bob"))
    assert [True, True, False, True, True, False] == _let_in(
        app, (way, ann), (way, ann), (way, ann), (way, bob), (way, TOKEN), (way, TOKEN)
    )
    assert [True] * 4 == _let_in(app, *[(way, TOKEN)] * 4)  # all were given back


def test_who_never_says_who_it_is_keeps_nobody_out(house: House, known: tuple[Any, ...]) -> None:
    """More sockets without a token than there are places for sockets, before and after others."""
    app = _app(house, known)
    ann, _ = person(house, "ann among nobodies", "analyst")
    nobody = [(IDLE, "")] * 6
    caller = [("socket", ann), ("websocket", ann)]
    assert [True] * 14 == _let_in(app, *nobody, *caller[:1], *nobody, *caller[1:])


def test_ways_of_following_share_one_share() -> None:
    """A stated share, rounded down, of one place at the least; given back however it ends."""
    budgets = Budgets(CallerBounds(caller_share_percent=40))
    for places, most in ((1, 1), (2, 1), (5, 2), (16, 6)):
        readers = Readers(DoorBounds(change_readers=places), budgets)
        for _ in range(2):
            with ExitStack() as held:
                for _ in range(most):
                    held.enter_context(readers.place(Caller("a")))
                with pytest.raises(TryLaterError):
                    held.enter_context(readers.place(Caller("a")))
        with ExitStack() as held:
            for _ in range(places):
                held.enter_context(readers.place(OWNER))


def test_what_takes_events_is_under_way_all_the_same(house: House, known: tuple[Any, ...]) -> None:
    """A query that is answered as events counts until it is taken; a stream has its own place."""
    ann, _ = person(house, "ann of events", "analyst")
    app = _app(house, known, caller_at_once=1)
    assert [True, False] == _let_in(app, ("query", ann), ("query", ann))
    assert [True, True, True] == _let_in(app, ("events", ann), ("changes", ann), ("query", ann))
    assert [True, True, True] == _let_in(
        app, ("websocket", ann), ("websocket", ann), ("query", ann)
    )


def test_what_is_refused_on_a_socket_is_counted(house: House, known: tuple[Any, ...]) -> None:
    """As over HTTP: whatever becomes of a request."""
    ann, _ = person(house, "ann of refusals", "analyst")
    app = _app(house, known, caller_requests_per_minute=3)
    told = exchanged(app, ann, *[{"query": "{"}] * 5)
    codes = [one["payload"][0]["extensions"]["code"] for one in told if one["type"] == "error"]
    assert ["QUERY_SYNTAX"] * 3 + ["RATE_LIMITED"] * 2 == codes
