"""Followers of changes: over a websocket, and over server-sent events."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import anyio
import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.service.doors.served import SECONDS, Served

PROTOCOL = "graphql-transport-ws"
CHANGES = """subscription($after: Position!, $kinds: [ChangeKind!]) {
  changes(after: $after, kinds: $kinds) { position kind outcome className key plan fields
    references { field className before after } } }"""


@contextmanager
def socket(service: Served, **more: Any) -> Iterator[ClientConnection]:
    """A socket without a connection in it yet; the token is in the handshake unless told."""
    headers = more.pop("headers", {"Authorization": f"Bearer {service.token}"})
    with connect(f"ws://127.0.0.1:{service.port}/graphql", subprotocols=[PROTOCOL],
                 additional_headers=headers, open_timeout=SECONDS, **more) as found:  # fmt: skip
        yield found


def say(to: ClientConnection, kind: str, **more: Any) -> None:
    """Send a message."""
    to.send(json.dumps({"type": kind, **more}))


def heard(from_: ClientConnection) -> dict[str, Any]:
    """The next message that is no sign of life."""
    while (message := json.loads(from_.recv(SECONDS)))["type"] == "ping":
        pass
    found: dict[str, Any] = message
    return found


def begin(service_socket: ClientConnection, payload: Any = None) -> None:
    """Say who one is, and be taken for it."""
    say(service_socket, "connection_init", **({} if payload is None else {"payload": payload}))
    assert heard(service_socket) == {"type": "connection_ack"}


def by_socket(service: Served, after: str, kinds: Any = None) -> Iterator[dict[str, Any]]:
    """Changes after a position, until the socket ends."""
    with suppress(ConnectionClosed, OSError), socket(service) as follower:
        begin(follower)
        say(follower, "subscribe", id="1", payload={
            "query": CHANGES, "variables": {"after": after, "kinds": kinds}})  # fmt: skip
        while (message := heard(follower))["type"] == "next":
            yield message["payload"]["data"]["changes"]


def by_events(service: Served, after: str, kinds: Any = None) -> Iterator[dict[str, Any]]:
    """The same over server-sent events, until the stream ends."""
    asked = {"query": CHANGES, "variables": {"after": after, "kinds": kinds}}
    headers = {"Accept": "text/event-stream"}
    with (
        suppress(httpx.TransportError),
        service.http.stream("POST", "/graphql", json=asked, headers=headers) as answer,
    ):
        for event, data in events_in(answer):
            if event == "complete" or data.get("data") is None:
                return
            yield data["data"]["changes"]


def events_in(answer: httpx.Response) -> Iterator[tuple[str, Any]]:
    """Name and data of each event of a stream."""
    event, data = "", ""
    for line in answer.iter_lines():
        if line.startswith("event:"):
            event = line.removeprefix("event:").strip()
        elif line.startswith("data:"):
            data = line.removeprefix("data:").strip()
        elif not line and event:
            yield event, json.loads(data) if data else None
            event = data = ""


def exchanged(application: Any, token: str, *asked: dict[str, Any]) -> list[dict[str, Any]]:
    """What a service in this process answers to operations on one socket, each in its turn."""
    told: list[dict[str, Any]] = []
    turns = [{"type": "connection_init"}] + [
        {"type": "subscribe", "id": str(number), "payload": payload}
        for number, payload in enumerate(asked)
    ]

    async def run() -> None:
        sends, incoming = anyio.create_memory_object_stream[dict[str, Any]](100)
        await sends.send({"type": "websocket.connect"})

        async def go_on() -> None:
            last = {"type": "websocket.disconnect", "code": 1000}
            await sends.send({"type": "websocket.receive", "text": json.dumps(turns.pop(0))}
                             if turns else last)  # fmt: skip

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "websocket.accept":
                await go_on()
                return
            told.append(json.loads(message["text"]) if "text" in message else message)
            if told[-1]["type"] in ("connection_ack", "complete", "error"):
                await go_on()

        with anyio.fail_after(SECONDS), sends, incoming:
            await application({
                "type": "websocket", "path": "/graphql", "raw_path": b"/graphql", "scheme": "ws",
                "query_string": b"", "root_path": "", "subprotocols": [PROTOCOL],
                "headers": [(b"authorization", f"Bearer {token}".encode())],
                "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "http_version": "1.1",
                "asgi": {"version": "3.0"},
            }, incoming.receive, send)  # fmt: skip

    anyio.run(run)
    return told
