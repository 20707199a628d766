"""GraphQL over a websocket: the rules of `graphql-transport-ws`, and the limits of the service."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from neo4j import Driver
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from api.app import create_app
from api.graphql.trusted import id_of
from graph.login import Connection
from graph.settings import Settings
from service.decision import PlanRequest
from service.examples import load_example
from service.house import House, house_on
from service.planning import make_plan
from tests.graph.conftest import empty_the_graph
from tests.graphql.sockets import (
    CHANGES,
    begin,
    by_events,
    events_in,
    exchanged,
    heard,
    say,
    socket,
)
from tests.service.doors.served import CHAIN, SECONDS, TOKEN, Served, served

CHAINS = "{ chains { name } }"
FOLLOW = {"query": CHANGES, "variables": {"after": "0"}}


@pytest.fixture(scope="module")
def house(database: Driver, tmp_path_factory: pytest.TempPathFactory) -> House:
    """The example two_hubs, loaded and planned."""
    empty_the_graph(database)
    found = house_on(database, Settings(home=tmp_path_factory.mktemp("home")))
    load_example(found, CHAIN)
    make_plan(found, PlanRequest(chain=CHAIN))
    return found


@pytest.fixture(scope="module")
def home(house: House) -> Path:
    """Its data folder."""
    return house.settings.data_folder


@pytest.fixture(scope="module")
def service(home: Path, connection: Connection) -> Iterator[Served]:
    """The service as it is served, with small bounds."""
    bounds = {"HEARTBEAT_SECONDS": "1", "INIT_SECONDS": "2", "SOCKET_OPERATIONS": "3",
              "CHANGE_READERS": "4", "SOCKETS": "12"}  # fmt: skip
    with served(home, connection, **{f"EVENKEEL_{k}": v for k, v in bounds.items()}) as found:
        yield found


def closed_by(on: ClientConnection) -> int:
    """The code with which the service closes a socket, whatever it says before."""
    try:
        while True:
            on.recv(SECONDS)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 0


def test_single_answers(service: Served) -> None:
    """A query is answered by one `next` and `complete`; then its id is free again."""
    expected = service.http.post("/graphql", json={"query": CHAINS}).json()
    with socket(service) as on:
        begin(on)
        for _ in range(2):
            say(on, "subscribe", id="a", payload={"query": CHAINS})
            assert heard(on) == {"id": "a", "type": "next", "payload": expected}
            assert heard(on) == {"id": "a", "type": "complete"}
        say(on, "ping", payload={"n": 1})
        assert heard(on) == {"type": "pong", "payload": {"n": 1}}
        say(on, "pong")
        say(on, "complete", id="nobody")
        say(on, "ping")
        assert heard(on) == {"type": "pong"}


def test_a_mutation_over_a_socket(service: Served, house: House) -> None:
    """What acts, acts as over HTTP: once under its key."""
    asked = {
        "query": """mutation { makePlan(input: {chain: "two_hubs", idempotencyKey: "ws",
        costParts: [WAREHOUSE]}) { ... on PlanMade { plan { digest } } } }"""
    }
    with socket(service) as on:
        begin(on)
        say(on, "subscribe", id="a", payload=asked)
        first = heard(on)["payload"]["data"]
    assert first == service.http.post("/graphql", json=asked).json()["data"]
    assert house.catalog.plans(CHAIN).rows


@pytest.mark.parametrize(("payload", "code"), [
    ({"query": "{"}, "QUERY_SYNTAX"), ({"query": "{ nothing }"}, "QUERY_INVALID"),
    ({"query": "{" + "a{" * 20 + "a" + "}" * 21}, "QUERY_DEPTH"),
    ({"query": "{ __schema { types { name } } }"}, "QUERY_INVALID"),
    ({"documentId": "sha256:0"}, "QUERY_DOCUMENT_UNKNOWN"),
    ({"query": CHANGES, "variables": {"after": "x"}}, "POSITION_INVALID"),
    ({"query": CHANGES, "variables": {"after": "99999"}}, "POSITION_AHEAD"),
    ({"query": CHANGES, "variables": {"after": "0", "kinds": []}}, "FILTER_EMPTY"),
    ({"query": CHANGES, "variables": {}}, "QUERY_INVALID"),
    ({"query": "query a {__typename} query b {__typename}"}, "QUERY_INVALID"),
    ({"query": "query a {__typename}", "operationName": "b"}, "QUERY_INVALID"),
    ({"query": 'subscription { changes(chain: "none") { key } }'}, "CHAIN_UNKNOWN"),
    ({"query": 'subscription { changes(partner: "acme") { key } }'}, "QUERY_PARAMETER"),
])  # fmt: skip
def test_what_cannot_run_is_an_error_of_its_operation(
    service: Served, payload: Any, code: str
) -> None:
    """With the code that every surface shares; the socket goes on, and so over events."""
    with socket(service) as on:
        begin(on)
        say(on, "subscribe", id="a", payload=payload)
        told = heard(on)
        assert ("a", "error", code) == (told["id"], told["type"],
                                        told["payload"][0]["extensions"]["code"])  # fmt: skip
        say(on, "ping")
        assert heard(on) == {"type": "pong"}
    with service.http.stream("POST", "/graphql", json=payload,
                             headers={"Accept": "text/event-stream"}) as answer:  # fmt: skip
        assert (200, "text/event-stream") == (
            answer.status_code, answer.headers["content-type"].partition(";")[0])  # fmt: skip
        (first, data), (second, nothing) = events_in(answer)
    assert ("next", code, "complete", None) == (
        first, data["errors"][0]["extensions"]["code"], second, nothing)  # fmt: skip


@pytest.mark.parametrize(("messages", "code"), [
    (["{"], 4400), (["[]"], 4400), (['{"type": 1}'], 4400), (['{"type": "start"}'], 4400),
    ([b"\x00"], 4400), ([{"type": "connection_init", "payload": "me"}], 4400),
    ([{"type": "subscribe", "id": "a", "payload": {"query": CHAINS}}], 4401),
    ([{"type": "connection_init", "payload": {"Authorization": "Bearer no"}}], 4403),
    ([{"type": "connection_init"}, {"type": "connection_init"}], 4429),
    ([{"type": "connection_init"}, {"type": "subscribe", "id": "a", "payload": FOLLOW},
      {"type": "subscribe", "id": "a", "payload": FOLLOW}], 4409),
    ([{"type": "connection_init"}, {"type": "subscribe", "id": "a", "payload": "q"}], 4400),
    ([{"type": "connection_init"}, {"type": "subscribe", "payload": {"query": CHAINS}}], 4400),
    ([{"type": "connection_init"}, {"type": "subscribe", "id": "", "payload": {}}], 4400),
    ([{"type": "connection_init"}, {"type": "subscribe", "id": 7, "payload": {}}], 4400),
    ([{"type": "connection_init"}, {"type": "subscribe", "id": "a", "payload": {"query": 1}}],
     4400),
    ([{"type": "connection_init"}, {"type": "complete"}], 4400), ([{"type": "ping"}], 4408),
    (["x" * 300_000], 1009), ([], 4408),
])  # fmt: skip
def test_who_breaks_the_protocol_is_closed_with_its_code(
    service: Served, messages: list[Any], code: int
) -> None:
    """Whatever is sent, the code of the protocol is the answer, and no traceback."""
    with socket(service, max_size=None) as on:
        for message in messages:
            on.send(json.dumps(message) if isinstance(message, dict) else message)
        assert code == closed_by(on)


def test_the_token_comes_in_the_handshake_or_in_the_first_message(service: Served) -> None:
    """A browser cannot set headers: it says so in the payload. None, or a wrong one: 4403."""
    with socket(service, headers={}) as on:
        begin(on, {"authorization": f"Bearer {service.token}"})
    for payload in (None, {}, {"Authorization": service.token}, {"Authorization": ["Bearer"]}):
        with socket(service, headers={}) as on:
            say(on, "connection_init", **({} if payload is None else {"payload": payload}))
            assert 4403 == closed_by(on)
    with socket(service, headers={"Authorization": "Bearer no"}) as on:
        say(on, "connection_init")
        assert 4403 == closed_by(on)
    for path in ("/changes", "/none"):
        with (
            pytest.raises(Exception, match=r"40[134]"),
            connect(f"ws://127.0.0.1:{service.port}{path}", additional_headers={}),
        ):
            pass


def test_only_trusted_documents_run_on_a_socket(house: House, tmp_path: Path) -> None:
    """By id or as the very same text, as over HTTP; anything else is an error of its operation."""
    text = "query Chains { chains { name } }"
    (tmp_path / "chains.graphql").write_text(text)
    application = create_app(house, TOKEN, documents=tmp_path)
    told = exchanged(application, TOKEN, {"documentId": id_of(text)}, {"query": text},
                     {"query": CHAINS}, FOLLOW)  # fmt: skip
    answers = [one["payload"] for one in told if one["type"] == "next"]
    assert [{"data": {"chains": [{"name": CHAIN}]}}] * 2 == answers
    refused = [one["payload"][0]["extensions"]["code"] for one in told if one["type"] == "error"]
    assert ["QUERY_NOT_TRUSTED"] * 2 == refused


def test_another_protocol_is_not_spoken(service: Served) -> None:
    """Neither the older one nor none."""
    for more in ({}, {"subprotocols": ["graphql-ws"]}):
        token = {"Authorization": f"Bearer {service.token}"}
        address = f"ws://127.0.0.1:{service.port}/graphql"
        with connect(address, additional_headers=token, **more) as on:  # type: ignore[arg-type]
            assert 4406 == closed_by(on)


def test_operations_are_bounded_and_ended(service: Served) -> None:
    """More than allowed are refused one by one; what the client completes gives its place back."""
    with socket(service) as on:
        begin(on)
        for name in "abc":
            say(on, "subscribe", id=name, payload={
                "query": CHANGES, "variables": {"after": "1", "kinds": ["SHORTFALL"]}})  # fmt: skip
        say(on, "subscribe", id="d", payload={"query": CHAINS})
        while (told := heard(on))["id"] != "d":
            assert told["type"] == "next"
        assert "error" == told["type"]
        assert "OPERATIONS_FULL" == told["payload"][0]["extensions"]["code"]
        say(on, "complete", id="a")
        say(on, "subscribe", id="d", payload={"query": CHAINS})
        while (told := heard(on))["id"] != "d":
            pass
        assert "next" == told["type"]


def test_a_completed_subscription_says_nothing_more(service: Served, house: House) -> None:
    """After `complete` of the client no `next` of it comes, and its place as a reader is free."""
    for _ in range(8):  # more than there are readers
        with socket(service) as on:
            begin(on)
            say(on, "subscribe", id="a", payload=FOLLOW)
            assert "next" == heard(on)["type"]
            say(on, "complete", id="a")
            say(on, "subscribe", id="b", payload={"query": CHAINS})
            names = []
            while (told := heard(on)) != {"id": "b", "type": "complete"}:
                names.append(told["id"])
            assert "b" == names[-1]
            assert sorted(names) == names


def test_who_has_all_hears_what_comes_next(service: Served, house: House) -> None:
    """One stream goes on from what was to what comes, whichever way it is followed."""
    head = str(house.catalog.watermark().projected)
    with socket(service) as on:
        begin(on)
        say(on, "subscribe", id="a", payload={"query": CHANGES, "variables": {"after": head}})
        events = by_events(service, head)
        for weight in (900, 800):
            service.http.post("/graphql", json={"query": """mutation($w: Int!) { makePlan(input: {
                chain: "two_hubs", weights: {turnoverPerMille: $w}}) { __typename } }""",
                "variables": {"w": weight}})  # fmt: skip
            made = house.catalog.watermark().projected
            while True:
                told = heard(on)
                assert ("a", "next") == (told["id"], told["type"]), told
                assert next(events) == told["payload"]["data"]["changes"]
                if told["payload"]["data"]["changes"]["position"] == str(made):
                    break


def test_sockets_are_bounded(service: Served) -> None:
    """One more than allowed is told to come later; one that ended gives its place back."""
    for _ in range(2):
        with ExitStack() as stack:
            for _ in range(12):
                admitted(service, stack)
            with socket(service) as more:
                say(more, "connection_init")
                assert 1013 == closed_by(more)


@pytest.mark.parametrize("sizes", [(20_000,), (9_000, 9_000)])
def test_of_nobody_little_is_read(service: Served, sizes: tuple[int, ...]) -> None:
    """Before it is known who speaks, long messages are not parsed; afterwards they are."""
    with socket(service, headers={}) as on:
        for size in sizes:
            say(on, "ping", payload={"a": "x" * size})
        assert 1009 == closed_by(on)
    with socket(service) as on:
        begin(on)
        for size in sizes:
            say(on, "ping", payload={"a": "x" * size})
            assert size == len(heard(on)["payload"]["a"])


def test_of_those_who_say_nothing_the_oldest_makes_room(service: Served) -> None:
    """Sockets that wait to be let in are bounded apart, and hold none of the others' places."""
    with ExitStack() as stack:
        silent = [stack.enter_context(socket(service, headers={})) for _ in range(13)]
        assert 1013 == closed_by(silent[0])
        admitted(service, stack)
        assert {1013, 4408} >= {closed_by(one) for one in silent[1:]}


def admitted(service: Served, stack: ExitStack) -> None:
    """A socket that begins: one that has just ended may be counted for a moment."""
    while True:
        on = stack.enter_context(socket(service))
        try:
            begin(on)
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else 0
        else:
            return
        assert 1013 == code


def test_a_quiet_socket_hears_that_it_lives(service: Served) -> None:
    """A ping now and then, for proxies that cut what says nothing."""
    with socket(service) as on:
        begin(on)
        assert {"type": "ping"} == json.loads(on.recv(SECONDS))


def test_over_plain_http_a_subscription_is_refused(service: Served) -> None:
    """It has more than one answer; as events, by POST or GET, it streams."""
    for accept in ("application/json", "*/*"):
        answer = service.http.post("/graphql", json=FOLLOW, headers={"Accept": accept})
        assert "QUERY_STREAMS" == answer.json()["errors"][0]["extensions"]["code"]
    assert next(iter(by_events(service, "0")))["position"]
    parameters = {"query": "subscription { changes { position } }"}
    with service.http.stream("GET", "/graphql", params=parameters,
                             headers={"Accept": "text/event-stream"}) as answer:  # fmt: skip
        assert "next" == next(events_in(answer))[0]
    made = {"query": 'mutation { makePlan(input: {chain: "two_hubs"}) { __typename } }'}
    refused = service.http.get("/graphql", params=made, headers={"Accept": "text/event-stream"})
    assert 405 == refused.status_code


def test_a_query_as_events_is_one_answer(service: Served) -> None:
    """`next` with what plain HTTP answers, then `complete`."""
    asked = {"query": CHAINS}
    with service.http.stream("POST", "/graphql", json=asked,
                             headers={"Accept": "text/event-stream"}) as answer:  # fmt: skip
        told = list(events_in(answer))
    assert [("next", service.http.post("/graphql", json=asked).json()), ("complete", None)] == told
