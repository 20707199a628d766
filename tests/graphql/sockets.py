"""Followers of changes: over a websocket, and over server-sent events."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

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
