"""What was let in and had to wait acts no more once the grant, the token or the login has ended."""

import json
from contextlib import aclosing
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.from_thread import BlockingPortal

from api.app import create_app
from api.doors import exports, held
from api.doors.changes import Followed
from api.doors.readers import Readers
from api.graphql.following import followed
from api.graphql.planning import _made
from ontology.errors import AccessError
from rules.release import default_release
from service.access import Access, Caller
from service.budgets import Budgets, CallerBounds
from service.decision import PlanRequest
from service.doors.door_bounds import DoorBounds
from service.doors.outbound import Position, Wanted
from service.doors.registered import register
from service.house import House
from service.permits.grants import end_grant, listed
from tests.access.doors.asking import person, told
from tests.access.guarded_chain import OPEN, give
from tests.api.conftest import TOKEN, Client
from tests.service.doors.served import MAPPING

FREE = CallerBounds()
LINES = "item,location,lot,units\\nwidget,north,N1,3\\n"
ACTS = {
    "makePlan": '(input: {chain: "chain_o", startsOn: "2026-03-03"})',
    "editPlan": '(input: {plan: "PLAN", edits: []})',
    "syncFeed": '(input: {source: "late", text: "' + LINES + '"})',
    "signCheckpoint": "(input: {})",
    "stop": '(input: {scope: {chain: "chain_o"}, reason: "late"})',
    "protectItems": '(input: {chain: "chain_o", items: ["widget"], reason: "late"})',
    "submitPlan": '(input: {plan: "PLAN"})',
    "delegateApproval": '(input: {chain: "chain_o", to: "late", reason: "on leave", '
    'until: "2030-01-01T00:00:00Z"})',
    "proposeRelease": '(input: {document: DOCUMENT, reason: "late", scope: {chain: "chain_o"}})',
}
"""Mutations that plan, that are queued, and that are made in a thread."""


class Ended:
    """A way in that ends with the first look at it after a request was let in, or with a later."""

    def __init__(self, person: str, looks: int = 1) -> None:
        self._person, self._looks = person, looks

    def __call__(self, bearer: str) -> Caller | None:
        answers = iter([True] * self._looks)
        return Caller(self._person, still=lambda: next(answers, False))


@pytest.fixture(scope="module")
def late(house: House, portal: BlockingPortal, tmp_path_factory: pytest.TempPathFactory) -> Client:
    """A client that may do everything until it has been let in."""
    who = house.persons.pseudonym_of("late")
    for role in ("planner", "integrator", "governor"):
        give(house, who, role, chain=OPEN)
    path: Path = tmp_path_factory.mktemp("late") / "mapping.yaml"
    path.write_text(MAPPING.replace("SOURCE", "late").replace("two_hubs", OPEN))
    register(house.settings.data_folder, path)
    return Client(portal, create_app(house, TOKEN, knows=(Ended(who),)), "late")


@pytest.mark.parametrize("name", ACTS)
def test_a_mutation_that_had_to_wait_does_nothing(house: House, late: Client, name: str) -> None:
    """It is refused before it acts, not after."""
    asked = ACTS[name].replace("PLAN", house.catalog.plans(OPEN).rows[0].plan.digest)
    asked = asked.replace("DOCUMENT", json.dumps(json.dumps(default_release().to_document())))
    before = house.projection.log.head()
    answer = told(late, f"mutation {{ {name}{asked} {{ __typename }} }}")
    assert ["ACCESS_DENIED"] == [one["extensions"]["code"] for one in answer["errors"]], answer
    assert before == house.projection.log.head()


def test_a_delivery_that_had_to_wait_is_not_loaded(house: House, late: Client) -> None:
    """A body takes its time, and the queue, too."""
    before = house.projection.log.head()
    body = LINES.replace("\\n", "\n").replace("3", "5").encode()
    answer = late.post("/feeds/late", content=body, headers={"Content-Type": "text/csv"})
    assert (403, before) == (answer.status_code, house.projection.log.head())


def test_a_grant_that_ends_while_a_plan_is_made_saves_none(house: House) -> None:
    """What works for minutes asks again when it is to be logged."""
    _, who = person(house, "slow planner", "planner", chain=OPEN)
    sight = Access(house).sight(Caller(who))

    def asked() -> PlanRequest:
        end_grant(house, listed(house, who)[0].id, "over", "local")
        return PlanRequest(OPEN, starts_on=date(2026, 3, 3))

    plans = house.catalog.plans(OPEN).rows
    with pytest.raises(AccessError):
        _made(house.held(sight.hold), asked)
    assert plans == house.catalog.plans(OPEN).rows


def test_an_export_that_is_under_way_ends(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not sent by then is not sent, and what was lacks the end of a whole file."""
    monkeypatch.setattr(held, "HELD_SECONDS", 0.0)
    monkeypatch.setattr(exports, "PART_BYTES", 16)
    _, who = person(house, "exporter", "analyst", chain=OPEN)
    begun, whole = (_exported(house, Ended(who, looks)) for looks in (4, 10_000))
    text = b"".join(one["body"] for one in whole)
    assert text.count(b"\n") > 2
    assert [False] == [one["more_body"] for one in whole if not one["more_body"]]
    assert (text[:32], True) == (b"".join(one["body"] for one in begun), begun[-1]["more_body"])


def _exported(house: House, known: Ended) -> list[dict[str, Any]]:
    """The parts of an export as they are sent."""
    app = create_app(house, TOKEN, knows=(known,))
    asked = json.dumps({"facts": {"chain": OPEN, "className": "Item"}}).encode()
    incoming, sent = [{"type": "http.request", "body": asked, "more_body": False}], []

    async def receive() -> dict[str, Any]:
        if incoming:
            return incoming.pop(0)
        await anyio.sleep_forever()
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    path = "/exports/csv"
    anyio.run(app, {
        "type": "http", "path": path, "raw_path": path.encode(), "method": "POST",
        "query_string": b"", "root_path": "", "headers": [(b"authorization", b"Bearer known")],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "scheme": "http",
        "http_version": "1.1", "asgi": {"version": "3.0", "spec_version": "2.4"},
    }, receive, send)  # fmt: skip
    assert 200 == sent[0]["status"], sent
    return sent[1:]


def test_a_batch_that_is_under_way_ends(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of changes that were worked out ahead none is told after the grant has ended."""
    monkeypatch.setattr(held, "HELD_SECONDS", 0.0)
    _, who = person(house, "batched", "analyst", chain=OPEN)
    sight, readers = Access(house).sight(Caller(who)), Readers(DoorBounds(), Budgets(FREE))
    opened = partial(Followed, sight, house, Position(0), Wanted(OPEN), "/graphql")

    async def run() -> None:
        async with aclosing(followed(opened, readers)) as found:
            assert (await anext(found)).at
            end_grant(house, listed(house, who)[0].id, "over", "local")
            with pytest.raises(AccessError):
                await anext(found)

    anyio.run(run)
