"""Every mutation: a rehearsal changes nothing, a key acts once, another input is a conflict."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from graphql import build_schema

from api.app import create_app
from api.graphql.schema import build_schema as our_schema
from graph.recovery.digests import digests
from service.house import house_on
from tests.api.conftest import TOKEN, Client
from tests.graphql.conftest import BOUNDS, Ask
from tests.graphql.world import World

SENDERS = 8
NAMES = ("makePlan", "editPlan", "syncFeed", "fixRow", "acceptRows", "retryRows", "discardRows",
         "acceptIdentity", "splitIdentity", "rejectIdentity", "resolveDifference", "resolvePacks",
         "makeForecast", "signCheckpoint", "makeReport", "proposeRelease", "reviewRelease",
         "approveRelease", "startCanary", "endRelease", "activateRelease")  # fmt: skip
APPROVALS = (
    "submitPlan",
    "commentPlan",
    "approvePlan",
    "reportCarriedOut",
    "declinePlan",
    "returnPlan",
    "voidApproval",
    "delegateApproval",
    "endDelegation",
)
NAMES += ("stop", "resume", "protectItems", "raiseAutonomy", "lowerAutonomy")
MAY_DIFFER = {"event", "dryRun", "replayed", "checkpoint", "__typename", "plan", "digest", "lines"}
TOLD_ONCE = {"stillOpen", "replayed"}


def test_none_is_left_out() -> None:
    """The table has every mutation of the schema, and each takes a key and a dry run."""
    schema = build_schema(our_schema(development=True).as_str())
    assert schema.mutation_type
    fields = schema.mutation_type.fields
    assert sorted((*NAMES, *APPROVALS)) == sorted(fields)
    for name, field in fields.items():
        kind: Any = field.args["input"].type
        assert {"idempotencyKey", "dryRun"} <= set(kind.of_type.fields), name
        members = {one.name for one in field.type.of_type.types}  # type: ignore[union-attr]
        assert {"Refused", "Conflict"} <= members, name


def stands(world: World) -> tuple[Any, ...]:
    """All that there is: the log, the states, the graph, and every file but artifacts."""
    home = world.house.settings.data_folder
    files = {
        str(path.relative_to(home)): path.read_bytes()
        for path in sorted(home.rglob("*"))
        if path.is_file()
        and path.relative_to(home).parts[0] in ("log", "mappings", "transparency", "persons.json")
    }
    return digests(world.house.projection), world.house.projection.log.head(), files


def said(outcome: dict[str, Any], but: set[str]) -> dict[str, Any]:
    """What an outcome says beside some of its fields."""
    return {name: value for name, value in outcome.items() if name not in but}


@pytest.mark.parametrize("name", [*NAMES, *APPROVALS])
def test_a_mutation_acts_once(world: World, services: list[Client], ask: Ask, name: str) -> None:
    """Law 6, for each mutation: rehearsed, raced by eight, sent again, asked of a restarted one."""
    asked = next(one for one in world.mutations() if one.name == name)
    given, key = dict(asked.input()), f"key of {name}"

    def send(service: int = 0, **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = ask(asked.document, service, input=given | more)["result"]
        return found

    ask("{ chains { name } }")
    before = stands(world)
    foreseen = send(dryRun=True)
    assert before == stands(world), name
    assert foreseen["__typename"] not in ("Refused", "Conflict"), foreseen
    assert foreseen.get("event") is None

    with ThreadPoolExecutor(SENDERS) as pool:
        told = list(pool.map(lambda n: send(n % 2, idempotencyKey=key), range(SENDERS)))
    first = next(one for one in told if not one["replayed"])
    assert [said(first, TOLD_ONCE)] * SENDERS == [said(one, TOLD_ONCE) for one in told]
    assert said(foreseen, MAY_DIFFER) == said(first, MAY_DIFFER) | {
        part: value for part, value in said(foreseen, MAY_DIFFER).items() if part not in first
    }
    if "plan" in first:
        assert foreseen["digest"] == first["plan"]["digest"]
        assert len(foreseen["lines"]) == first["plan"]["lineCount"]
    acted = stands(world)
    requests = [event for event in world.house.projection.log.events(before[1].sequence)
                if str(event.payload.get("request")).endswith(f"/{key}")]  # fmt: skip
    assert 1 == len(requests)

    again = house_on(world.house.driver, world.house.settings)
    restarted = Client(services[0]._portal, create_app(again, TOKEN, bounds=BOUNDS))
    body = {"query": asked.document, "variables": {"input": given | {"idempotencyKey": key}}}
    late = restarted.post("/graphql", json=body).json()["data"]["result"]
    assert (said(first, TOLD_ONCE), True) == (said(late, TOLD_ONCE), late["replayed"])
    for dry_run in (False, True):
        other = send(**asked.other, idempotencyKey=key, dryRun=dry_run)
        assert ("Conflict", "IDEMPOTENCY_KEY_USED") == (other["__typename"], other["code"])
    assert acted == stands(world), name
