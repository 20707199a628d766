"""What was let in and had to wait acts no more once the grant, the token or the login has ended."""

from datetime import date
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal

from api.app import create_app
from api.graphql.planning import _made
from ontology.errors import AccessError
from service.access import Access, Caller
from service.decision import PlanRequest
from service.doors.registered import register
from service.house import House
from service.permits.grants import end_grant, listed
from tests.access.doors.asking import person, told
from tests.access.guarded_chain import OPEN, give
from tests.api.conftest import TOKEN, Client
from tests.service.doors.served import MAPPING

LINES = "item,location,lot,units\\nwidget,north,N1,3\\n"
ACTS = {
    "makePlan": '(input: {chain: "chain_o", startsOn: "2026-03-03"})',
    "editPlan": '(input: {plan: "PLAN", edits: []})',
    "syncFeed": '(input: {source: "late", text: "' + LINES + '"})',
    "signCheckpoint": "(input: {})",
}
"""Mutations that plan, that are queued, and that are made in a thread."""


class Ended:
    """A way in that ends with the first look at it after a request was let in."""

    def __init__(self, person: str) -> None:
        self._person = person

    def __call__(self, bearer: str) -> Caller | None:
        answers = iter([True])
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
