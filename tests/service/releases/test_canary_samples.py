"""Which plans are samples of what a canary decides: on the real log, with real plans."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from neo4j import Driver

from governance.canaries import EDITED, ELSEWHERE, WHAT_IF, Canary, Guard
from governance.scopes import EVERYWHERE, Scope
from graph.settings import Settings
from ontology.edits import PIN, Edit
from ontology.objectives import SERVICE, Weights
from ontology.steadiness import Steady
from rules.parts import share_of
from service.decision import PlanRequest
from service.examples import load_example
from service.governing import canaries, releasing
from service.governing.canaries import Guarded, guard_canaries
from service.house import House, artifacts_folder, house_on
from service.planning import PlanMade, make_plan
from service.stability import steady_request
from tests.approvals.conftest import PALLET, stated
from tests.graph.conftest import empty_the_graph
from tests.service.releases.made import CHAIN, HARDWARE, another, approved

WISH = Edit("widget", lane="truck-ns", kind=PIN, units=1, reason="I know better")
FIRST_DAY = date(2026, 3, 2)
_numbers = count(1)
Begin = Callable[..., str]


@pytest.fixture(scope="module")
def world(database: Driver, tmp_path_factory: pytest.TempPathFactory) -> House:
    """Two hubs, and no canary."""
    empty_the_graph(database)
    found = house_on(database, Settings(home=tmp_path_factory.mktemp("samples") / "home"))
    load_example(found, CHAIN)
    return found


@pytest.fixture
def begin(world: House) -> Begin:
    """Begins a canary of rules that decide as the shipped ones do, and ends the one before."""

    def begun(scope: Scope = HARDWARE, share: int = 100, salt: str = "") -> str:
        for case, _ in world.ledger.state().releases.canaries(datetime.now(UTC)):
            releasing.abort(world, case.digest, "the next test begins", "ada")
        digest = approved(world, another(f"samples-{next(_numbers)}"))
        now = datetime.now(UTC)
        terms = Canary(scope, now, now + timedelta(days=1), (Guard("cost", 5),), share, salt)
        releasing.start_canary(world, digest, terms, "carefully", "ada")
        return digest

    return begun


def planned(house: House, *edits: Edit) -> PlanMade:
    """A plan by Ada."""
    return make_plan(house, PlanRequest(CHAIN, agent="ada", edits=edits))


def recounted(house: House) -> None:
    """Other facts: a plan on them is of another snapshot."""
    units = 8 + next(_numbers)
    stated(house, "StockPosition", PALLET, on_hand_units=units, total_units=units)


def guarded(house: House) -> Guarded:
    """What the guard did about the one canary."""
    (found,) = guard_canaries(house)
    return found


def pairs(house: House, digest: str) -> list[str]:
    """The plans that were compared, in order."""
    canary = house.ledger.state().releases.case(digest).canary
    assert canary is not None
    return [pair.plan for pair in canary.pairs]


def test_a_plan_that_a_person_edited_is_no_sample(world: House, begin: Begin) -> None:
    """Nor one that is kept close to it; the snapshot counts by the plan that was asked plainly."""
    digest = begin()
    plain = planned(world)
    edited = planned(world, WISH)
    near = steady_request(world, PlanRequest(CHAIN, agent="ada"), edited.document)
    assert near.previous == edited.saved.digest
    make_plan(world, near)
    found = guarded(world)
    assert (1, (), {EDITED: 1, WHAT_IF: 1}) == (found.compared, found.not_compared, found.left_out)
    assert pairs(world, digest) == [plain.saved.digest]
    again = guarded(world)
    assert (0, {EDITED: 1, WHAT_IF: 1}) == (again.compared, again.left_out)


@pytest.mark.parametrize("named", [
    {"weights": Weights(service_per_mille=2_000)},
    {"starts_on": date(2026, 3, 3)},
])  # fmt: skip
def test_a_what_if_is_no_sample(world: House, begin: Begin, named: dict[str, Any]) -> None:
    """Who names what is weighed, or the first day, shows what they want; a plain one counts."""
    recounted(world)
    digest = begin()
    make_plan(world, PlanRequest(CHAIN, agent="ada", **named))
    found = guarded(world)
    assert (0, (), {WHAT_IF: 1}) == (found.compared, found.not_compared, found.left_out)
    plain = make_plan(world, PlanRequest(CHAIN, agent="ada", starts_on=FIRST_DAY))
    assert (1, {WHAT_IF: 1}) == (guarded(world).compared, guarded(world).left_out)
    assert pairs(world, digest) == [plain.saved.digest]


def test_a_plan_that_is_kept_close_to_another_is_no_sample(world: House, begin: Begin) -> None:
    """Though nobody edited either: to keep close is a wish, and may hide what a release does."""
    recounted(world)
    plain = planned(world)
    digest = begin()
    make_plan(world, steady_request(world, PlanRequest(CHAIN, agent="ada"), plain.document))
    assert (0, {WHAT_IF: 1}) == (guarded(world).compared, guarded(world).left_out)
    assert pairs(world, digest) == []


@pytest.mark.parametrize("named", [
    {"cost_parts": frozenset({"warehouse"})}, {"starts_on": date(2020, 1, 1)},
    {"weights": Weights(worst_percent=10)}, {"first": (SERVICE,)}, {"edits": (WISH,)},
    {"steady": Steady((), 0, 0)},
])  # fmt: skip
def test_what_a_caller_names_is_not_plain(world: House, named: dict[str, Any]) -> None:
    """Each field by which a plan can be made another one; who asked is none of them."""
    facts = world.facts(CHAIN)
    plain = PlanRequest(CHAIN, starts_on=FIRST_DAY, agent="ada", previous="0" * 64)
    assert canaries.is_plain(plain, facts)
    assert not canaries.is_plain(replace(plain, **named), facts)


def test_a_canary_that_judges_nothing_collects_no_ties(world: House, begin: Begin) -> None:
    """A share of which no item at any place is."""
    facts = world.facts(CHAIN)
    ways = [(item, place) for item in facts.table("Item")["id"].tolist()
            for place in facts.table("Location")["id"].tolist()]  # fmt: skip
    salt = next(salt for salt in map(str, count()) if all(share_of(*one, salt) for one in ways))
    digest = begin(EVERYWHERE, 1, salt)
    assert planned(world).document["decision"]["lines"]
    recounted(world)
    planned(world)
    found = guarded(world)
    assert (0, {ELSEWHERE: 2}) == (found.compared, found.left_out)
    assert pairs(world, digest) == []
    assert guarded(world).left_out == {ELSEWHERE: 2}


def test_a_tie_of_what_it_judges_is_a_sample(world: House, begin: Begin) -> None:
    digest = begin(HARDWARE)
    plan = planned(world)
    assert {line["item"] for line in plan.document["decision"]["lines"]} & {"widget", "gadget"}
    assert guarded(world).compared == 1
    assert pairs(world, digest) == [plan.saved.digest]


def test_what_cannot_be_compared_holds_nothing_up(
    world: House, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are; and what could not be compared is once it can be."""
    monkeypatch.setattr(canaries, "MOST_AT_ONCE", 1)
    digest = begin()
    made = []
    for _ in range(3):
        recounted(world)
        made.append(planned(world).saved)
    lost = [_taken_away(world, each.artifact) for each in made[1:]]
    found = guarded(world)
    assert (1, 2, {"ARTIFACT_MISSING": 2}) == (
        found.compared, len(found.not_compared), found.left_out)  # fmt: skip
    assert pairs(world, digest) == [made[0].digest]
    for data in lost:
        world.store.put(data)
    assert [1, 1] == [guarded(world).compared for _ in lost]
    assert {each.digest for each in made} == set(pairs(world, digest))
    assert guarded(world).left_out == {}


def _taken_away(house: House, artifact: str) -> bytes:
    folder = artifacts_folder(house.settings)
    file = next(path for path in folder.rglob("*") if "".join(path.parts[-2:]) == artifact)
    data = house.store.get(artifact)
    file.unlink()
    return data
