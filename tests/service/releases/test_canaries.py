"""Canaries on the real log: compared, killed between, ended; and what must not be put in force."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from neo4j import Driver

from governance.canaries import Canary, Guard
from governance.release_cases import ABORTED, CANARY
from governance.releasing import Actor, backtested
from graph.login import Connection
from graph.settings import Settings
from ontology.errors import EvenkeelError, OutsideError
from service.decision import PlanRequest
from service.examples import load_example
from service.governing import releasing
from service.governing.canaries import guard_canaries, without
from service.house import House, artifacts_folder, house_on
from service.planning import draft_plan, make_plan
from tests.graph.conftest import empty_the_graph
from tests.service.releases.made import CHAIN, HARDWARE, SHIPPED, STAYS, another, approved

DEADLY = """
import os
from graph.projection import Projection
from graph.settings import settings_from_environment
from service.governing.canaries import guard_canaries
from service.house import open_house
with open_house(settings_from_environment()) as house:
    Projection.append = lambda *a, **k: os._exit(9)
    guard_canaries(house)
"""


def canary_of_hardware(pairs: int = 5) -> Canary:
    """Terms, begun now."""
    begins = datetime.now(UTC)
    return Canary(HARDWARE, begins, begins + timedelta(days=1),
                  (Guard("shortfall", 0), Guard("cost", 5)), least_pairs=pairs)  # fmt: skip


@pytest.fixture(scope="module")
def house(database: Driver, tmp_path_factory: pytest.TempPathFactory) -> House:
    """Two hubs, with a canary that is worse."""
    empty_the_graph(database)
    found = house_on(database, Settings(home=tmp_path_factory.mktemp("canaries") / "home"))
    load_example(found, CHAIN)
    digest = approved(found, STAYS)
    releasing.start_canary(found, digest, canary_of_hardware(), "carefully", "ada")
    return found


def test_what_is_killed_between_comes_again(house: House, connection: Connection) -> None:
    """A plan is compared though who compared it died before its event was written."""
    make_plan(house, PlanRequest(CHAIN))
    env = {**os.environ, "EVENKEEL_HOME": str(house.settings.data_folder),
           "NEO4J_URI": connection.uri, "NEO4J_USER": connection.user,
           "NEO4J_PASSWORD": connection.password}  # fmt: skip
    child = subprocess.run([sys.executable, "-c", DEADLY], env=env, check=False)
    assert child.returncode == 9
    assert house.ledger.state().releases.case(STAYS.digest).status == CANARY
    assert [each.compared for each in guard_canaries(house)] == [1]


def test_each_plan_of_a_canary_is_compared_once_and_by_the_same_snapshot(house: House) -> None:
    """A pair is the plan and the decision that would have been made without the canary."""
    made = make_plan(house, PlanRequest(CHAIN))
    release = house.release_for(CHAIN)
    assert [part.is_canary for part in release.parts] == [True]
    assert without(release, STAYS.digest) == SHIPPED
    beside = house_on(house.driver, house.settings)
    told = [guard_canaries(each)[0].compared for each in (house, beside)]
    assert told == [0, 0]
    case = house.ledger.state().releases.case(STAYS.digest)
    assert case.canary is not None
    (pair,) = case.canary.pairs
    alone = draft_plan(house.facts(CHAIN), SHIPPED, PlanRequest(CHAIN)).decision
    assert pair.plan == made.saved.digest
    assert pair.active["cost"] == alone["certificate"]["cost"]
    assert pair.canary["cost"] == made.document["decision"]["certificate"]["cost"]
    assert pair.canary["shortfall"] > pair.active["shortfall"]
    with pytest.raises(EvenkeelError) as refused:
        releasing.activate(house, STAYS.digest, "ada")
    assert refused.value.code == "CANARY_UNDECIDED"
    after = guard_canaries(house, datetime.now(UTC) + timedelta(days=2))[0]
    assert after.aborted is not None
    assert house.ledger.state().releases.case(STAYS.digest).status == ABORTED
    assert house.release_for(CHAIN).digest == SHIPPED.digest


def test_a_release_that_was_changed_or_lost_is_not_put_in_force(house: House) -> None:
    digest = approved(house, another("lost"))
    folder = artifacts_folder(house.settings)
    file = next(path for path in folder.rglob("*") if "".join(path.parts[-2:]) == digest)
    data = file.read_bytes()

    def code(work: Callable[[], object]) -> str:
        with pytest.raises(OutsideError) as refused:
            work()
        return refused.value.code

    file.chmod(0o600)
    file.write_bytes(data.replace(b"rounds", b"round2"))
    assert code(lambda: releasing.activate(house, digest, "ada")) == "ARTIFACT_CORRUPT"
    file.unlink()
    assert code(lambda: releasing.activate(house, digest, "ada")) == "ARTIFACT_MISSING"
    assert house.release_for(CHAIN).digest == SHIPPED.digest
    house.store.put(data)
    releasing.activate(house, digest, "ada")
    assert house.release_for(CHAIN).digest == digest


def test_who_gives_no_name_neither_proposes_nor_approves(house: House) -> None:
    release = another("2")
    with pytest.raises(EvenkeelError) as refused:
        releasing.propose(house, release, "unnamed", "local")
    assert refused.value.code == "PERSON_UNNAMED"
    releasing.propose(house, release, "named", "ada")
    house.ledger.append(lambda state, now: backtested(
        state, now, Actor("evenkeel", is_person=False), release.digest, "result", []))  # fmt: skip
    with pytest.raises(EvenkeelError) as refused:
        releasing.approve(house, release.digest, "fine", "graphql")
    assert refused.value.code == "PERSON_UNNAMED"
    releasing.approve(house, release.digest, "fine", "ben")
