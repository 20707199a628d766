"""Subscriptions lose no change and double none: through cuts, kills, restarts, slow readers."""

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

import anyio
import orjson
import psutil
import pytest
from neo4j import Driver

from api.app import create_app
from graph.login import Connection, open_driver
from graph.server import ManagedServer
from graph.server_process import free_port
from graph.settings import Settings
from service.decision import PlanRequest
from service.doors.door_bounds import DoorBounds
from service.doors.outbound import Outbound, Position, Wanted
from service.examples import load_example
from service.house import House, house_on
from service.intake.deliveries import Delivery
from service.intake.sync import sync
from service.planning import make_plan
from tests.counted import BY_DAY, mapping_text, write_counts
from tests.graph.conftest import empty_the_graph
from tests.graphql.sockets import CHANGES, PROTOCOL, by_events, by_socket
from tests.service.doors.served import CHAIN, TOKEN, Served, served

EVERYTHING = 10**6
DAY = date(2026, 3, 2)
Follow = Callable[[Served, str], Iterator[dict[str, Any]]]
WAYS: dict[str, Follow] = {"websocket": by_socket, "events": by_events}


@pytest.fixture
def house(database: Driver, tmp_path: Path) -> House:
    """The example two_hubs, loaded."""
    empty_the_graph(database)
    found = house_on(database, Settings(home=tmp_path / "home"))
    load_example(found, CHAIN)
    return found


def deliver(house: House, folder: Path, *lots: str) -> None:
    """Counts of lots, a delivery each, and a plan."""
    for lot in lots:
        files, mapping = write_counts(folder, [f"widget,north,{lot},3,{DAY}"],
                                      mapping_text(CHAIN, mode=BY_DAY))  # fmt: skip
        sync(house, files, mapping, Delivery("ann", lot))
    make_plan(house, PlanRequest(chain=CHAIN))


def told(house: House) -> list[tuple[str, str]]:
    """Every change by position, as the service itself tells it."""
    changes = Outbound(house, Position(0), Wanted()).take(EVERYTHING)
    return [(str(one.at), one.kind) for one in changes if one.kind]


class Follower:
    """Follows by a way, from where it was, as often as it is let; keeps what it heard."""

    def __init__(self, way: Follow) -> None:
        self.heard: list[tuple[str, str]] = []
        self.after, self.streams = "0", 0
        self._way = way
        self._thread: Thread | None = None

    def start(self, service: Served, until: Callable[[], bool]) -> None:
        """Follow in a thread until the stream dies, or enough was heard; hang up now and then."""

        def work() -> None:
            while service.process.poll() is None and not until():
                self.streams += 1
                for number, change in enumerate(self._way(service, self.after)):
                    self.after = change["position"]
                    if change["kind"]:
                        self.heard.append((self.after, change["kind"].lower()))
                    if until() or number == 30:  # hang up in the middle, and go on
                        break

        self._thread = Thread(target=work)
        self._thread.start()

    def has(self, goal: int) -> bool:
        """Whether so much was heard."""
        return len(self.heard) >= goal

    def join(self) -> None:
        """Wait until it is done."""
        assert self._thread
        self._thread.join(timeout=120)
        assert not self._thread.is_alive()


@pytest.mark.parametrize("way", WAYS)
def test_a_killed_and_restarted_service(
    house: House, connection: Connection, tmp_path: Path, way: str
) -> None:
    """Killed twice and stopped once while changes come: each change is heard once, in order."""
    home, follower = house.settings.data_folder, Follower(WAYS[way])
    for turn in range(4):
        with served(home, connection) as service:
            goal = len(told(house)) if turn == 3 else EVERYTHING
            follower.start(service, partial(follower.has, goal))
            if turn < 3:
                deliver(house, tmp_path, f"K{turn}", f"L{turn}")
                (service.process.kill if turn < 2 else service.process.terminate)()
            follower.join()
    assert told(house) == follower.heard
    assert len(follower.heard) > 60


@pytest.mark.timeout(900)
def test_a_killed_database(settings: Settings, tmp_path: Path) -> None:
    """The database dies and starts again under the service; both ways go on without a gap."""
    server = ManagedServer(tmp_path / "server", settings.cache, port=free_port(0))
    try:
        connection = server.start()
        with open_driver(connection) as driver:
            house = house_on(driver, Settings(home=tmp_path / "home"))
            load_example(house, CHAIN)
            followers = [Follower(way) for way in WAYS.values()]
            with served(house.settings.data_folder, connection) as service:
                done = Event()
                for each in followers:
                    each.start(service, done.is_set)
                deliver(house, tmp_path, "D1")
                process = psutil.Process(server.status().pid)
                process.kill()
                process.wait()
                server.start()
                deliver(house, tmp_path, "D2")
                expected = told(house)
                while any(len(each.heard) < len(expected) for each in followers):
                    assert service.process.poll() is None
                    done.wait(0.2)
                done.set()
                deliver(house, tmp_path, "D3")  # wakes who waits
                for each in followers:
                    each.join()
            for each in followers:
                assert each.streams < 200
                assert expected == each.heard[: len(expected)]
                assert told(house)[: len(each.heard)] == each.heard
    finally:
        server.stop()


def test_relations_are_told(house: House, tmp_path: Path) -> None:
    """A relation that begins, changes or ends is told with what it was and is."""
    (tmp_path / "lanes.yaml").write_text(LANES)
    for name, rows in (("a", ["l1,north,south"]), ("b", ["l1,south,north"]), ("c", [])):
        (tmp_path / "lanes.csv").write_text("\n".join(["id,from,to", *rows]))
        sync(house, [tmp_path / "lanes.csv"], tmp_path / "lanes.yaml",
             Delivery("ann", name, close_all=True))  # fmt: skip
    changes = Outbound(house, Position(0), Wanted(kinds=frozenset({"fact"}))).take(EVERYTHING)
    found = [one.told for one in changes if one.told.get("key") == "l1"]
    assert ["added", "changed", "closed"] == [one["outcome"] for one in found]
    ends = [
        {each["field"]: (each["class_name"], each["before"], each["after"])
         for each in one["references"]} for one in found
    ]  # fmt: skip
    north, south = ("north",), ("south",)
    assert [
        {"origin": ("Location", (), north), "destination": ("Location", (), south)},
        {"origin": ("Location", north, south), "destination": ("Location", south, north)},
        {"origin": ("Location", south, ()), "destination": ("Location", north, ())},
    ] == ends
    lot = next(one.told for one in changes if one.told.get("class") == "StockPosition")
    assert {"item", "location"} <= {each["field"] for each in lot["references"]}


LANES = """
format: evenkeel-mapping/1
chain: two_hubs
source: routes
version: 1
known: [Location]
files:
  - file: lanes.csv
    mode: full
    principal: {class: Lane, fields: {id: id, origin: from, destination: to}}
"""


@pytest.mark.parametrize("way", WAYS)
def test_a_reader_that_takes_nothing_is_cut(house: House, way: str) -> None:
    """A stuck socket ends the stream and gives its place back; little was worked out for it."""
    bounds = DoorBounds(reader_seconds=1, change_readers=1)
    application = create_app(house, TOKEN, bounds=bounds)
    asked = {"query": CHANGES, "variables": {"after": "0"}}
    for _ in range(3):  # each would be refused if the one before kept its place
        sent = anyio.run(_stuck, application, way, asked)
        assert any("position" in text for text in sent), sent
        assert len(sent) < 10


async def _stuck(application: Any, way: str, asked: dict[str, Any]) -> list[str]:
    """What a reader was sent that takes so many messages and no more."""
    sent: list[str] = []
    said = [{"type": "connection_init"}, {"type": "subscribe", "id": "1", "payload": asked}]
    incoming: list[dict[str, Any]] = [
        {"type": "websocket.connect"},
        *({"type": "websocket.receive", "text": orjson.dumps(one).decode()} for one in said),
    ] if way == "websocket" else [
        {"type": "http.request", "body": orjson.dumps(asked), "more_body": False}
    ]  # fmt: skip

    async def receive() -> dict[str, Any]:
        if incoming:
            return incoming.pop(0)
        await anyio.sleep_forever()
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        sent.append(str(message.get("text") or message.get("body", b"").decode()))
        if len(sent) > 6:
            await anyio.sleep_forever()

    scope = {
        "path": "/graphql", "raw_path": b"/graphql", "query_string": b"", "root_path": "",
        "headers": [(b"authorization", f"Bearer {TOKEN}".encode()),
                    (b"content-type", b"application/json"), (b"accept", b"text/event-stream")],
        "subprotocols": [PROTOCOL], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        "type": "websocket" if way == "websocket" else "http", "method": "POST",
        "http_version": "1.1", "scheme": "http", "asgi": {"version": "3.0"},
    }  # fmt: skip
    with anyio.fail_after(60):
        await application(scope, receive, send)
    return sent
