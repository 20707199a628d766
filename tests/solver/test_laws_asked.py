"""Whatever is asked at once gives a plan that is proved, or one error with its code."""

from collections import Counter
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import numpy as np
import pytest

from graph.artifacts import ArtifactStore
from ontology.canonical import LARGEST_INTEGER
from ontology.columns import Table
from ontology.edits import CAP, EDIT_KINDS, FORBID, FORCE, PIN, Edit
from ontology.errors import EvenkeelError, InputError
from ontology.objectives import CARBON, LANDED, PLAIN, SERVICE, TURNOVER, Weights
from ontology.steadiness import Steady, lines_of
from service.decision import seal
from service.drift import drift
from service.edits import prices_of_edits
from service.frontier import frontier
from service.verify import verify
from solver.model.stages import alone
from tests.service.regimes import (
    FROZEN,
    REGIMES,
    RELEASE,
    Asked,
    ageing,
    coupled,
    drafted,
    forecast,
    plain,
    sealed,
    whole,
    with_less_stock,
)
from tests.service.whole_and_ageing import ageing_facts, whole_facts
from tests.solver.objective_worlds import random_world

FEW, MANY = 16, 500
Made = TypeVar("Made")
MAY_BE_SAID = {"CHANGE_BUDGET", "EDITS_CONFLICT", "STAGE_NOT_PROVED", "BAD_WEIGHT"}
"""What a sound wish may meet: no plan keeps it, or none can be proved to."""


def carbon(seed: int) -> Asked:
    """A chain that knows its carbon."""
    return Asked(random_world(seed).snapshot)


def mixed(seed: int) -> Asked:
    """Whole loads and lots that expire, on outcomes or on a forecast."""
    asked = (coupled, forecast)[seed % 2](seed)
    return replace(asked, snapshot=ageing_facts(whole_facts(asked.snapshot, seed), seed))


MADE: list[Callable[[int], Asked]] = [coupled, forecast, plain, carbon, whole, ageing, mixed]


def all_at_once(seed: int) -> Asked:
    """Weights or turns, the worst outcomes, wishes and few changes, each now and then."""
    random = Random(seed)
    make = random.choice(MADE)
    asked = replace(make(seed), release=random.choice([RELEASE, FROZEN]))
    before = seal(drafted(asked).decision, {})
    lines = lines_of(before["decision"])
    request = asked.request
    kind = random.random()
    if kind < 0.4:
        one, two, three = (random.choice([0, 1, 500, 1_000, 10**6]) for _ in range(3))
        weights = Weights(one, two, three, worst_percent=random.choice([1, 50, 100]))
        request = replace(request, weights=weights)
    elif kind < 0.65:
        order = random.sample([SERVICE, LANDED, TURNOVER], random.choice([2, 3]))
        request = replace(request, weights=alone(PLAIN, order[-1]), first=tuple(order[:-1]))
    if random.random() < 0.5:
        wishes = []
        for line in random.sample(lines, min(2, len(lines))):
            wish, to = random.choice(EDIT_KINDS), "" if line.lane else line.destination
            units = 0 if wish == FORBID else random.randint(0, line.units + 2)
            wishes.append(Edit(line.item, line.lane, line.supplier, to, wish, units))
        request = replace(request, edits=tuple(wishes), previous=before["plan_digest"])
    if random.random() < 0.5:
        knobs = asked.release.knobs
        steady = Steady(
            lines, int(knobs["stability_band_per_million"]), int(knobs["frozen_days"]),
            random.choice([None, 0, 2]), random.choice([None, 0, 5]),
        )  # fmt: skip
        request = replace(request, previous=before["plan_digest"], steady=steady)
        asked = replace(asked, snapshot=with_less_stock(asked.snapshot, seed), before=before)
    return replace(asked, request=request)


def tried(made: Callable[[], Made]) -> Made | EvenkeelError:
    """What is made, or the one error of the project that says why not."""
    try:
        return made()
    except EvenkeelError as error:
        return error


def answered(seed: int, folder: Path) -> str:
    """`proved`, or the code of the one error; a proved plan verifies and holds on its own facts."""
    asked = all_at_once(seed)
    plan = tried(partial(sealed, asked, folder))
    if isinstance(plan, EvenkeelError):
        assert plan.code in MAY_BE_SAID, (seed, plan.code, str(plan))
        assert "\n" not in str(plan)
        return plan.code
    found = verify(plan.document, artifacts=folder)
    assert [] == [line for check in found.checks for line in check.refusals], seed
    assert drift(ArtifactStore(folder), plan.document, asked.snapshot, asked.release).holds, seed
    wish = asked.request.steady
    if wish is not None:
        stated = plan.document["decision"]["stability"]
        assert stated["changed_lines"] <= (LARGEST_INTEGER if wish.most_lines is None
                                           else wish.most_lines)  # fmt: skip
    return "proved"


def test_all_at_once_is_proved_or_refused_in_one_line(tmp_path: Path) -> None:
    """Random wishes together on random chains: a plan that stands, or a code that is no fault."""
    found = Counter(answered(seed, tmp_path) for seed in range(FEW))
    assert found["proved"] > FEW // 3


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_many_at_once(tmp_path: Path) -> None:
    """The same, many times."""
    found = Counter(answered(1_000 + seed, tmp_path) for seed in range(MANY))
    print(dict(found))
    assert found["proved"] > MANY // 3


@pytest.mark.parametrize("regime", REGIMES)
def test_a_plan_holds_on_its_own_facts(regime: str, tmp_path: Path) -> None:
    """Nothing drifted, so nothing has to be planned again, whatever the plan was asked for."""
    for seed in range(4):
        asked = REGIMES[regime](seed)
        plan = sealed(asked, tmp_path)
        found = drift(ArtifactStore(tmp_path), plan.document, asked.snapshot, asked.release)
        assert (True, True, ()) == (found.holds, found.same_facts, found.affected)
        assert found.gap_scaled_then == found.gap_scaled


def test_an_objective_that_is_no_longer_at_its_best_does_not_hold(tmp_path: Path) -> None:
    """Service comes first, then landed cost: where demand outgrows the plan, drift says so."""
    broken = 0
    for seed in range(6):
        world = random_world(seed).snapshot
        request = replace(carbon(seed).request, weights=alone(PLAIN, LANDED), first=(SERVICE,))
        asked = Asked(world, request)
        plan = sealed(asked, tmp_path)
        table = world.table("DemandOutcome")
        there = table["location"] == "b"
        more = {**table.columns, "quantity_units": table["quantity_units"] + 3 * there}
        tables = {**world.tables, "DemandOutcome": Table("DemandOutcome", more)}
        other = replace(asked, snapshot=replace(world, tables=tables))
        found = drift(ArtifactStore(tmp_path), plan.document, other.snapshot, RELEASE)
        anew = drafted(other).decision
        if lines_of(anew) != lines_of(plan.document["decision"]):
            broken += not found.holds
    assert broken > 0


def test_a_wish_that_costs_more_than_nothing_is_planned_and_priced() -> None:
    """A person may ask for what no plan would do: it is done, and its price is stated."""
    worse = 0
    for seed in range(0, 12, 2):
        asked = plain(seed)
        nothing = drafted(asked).decision["comparison"]["do_nothing"]["cost_scaled"]
        for way in sent_on_the_first_day(asked):
            wish = Edit(*way, kind=FORCE, units=1)
            request = replace(asked.request, edits=(wish,))
            draft = tried(partial(drafted, replace(asked, request=request)))
            if isinstance(draft, EvenkeelError):
                assert "EDITS_CONFLICT" == draft.code
                continue
            (price,), _ = prices_of_edits(draft, asked.snapshot, RELEASE, request)
            assert draft.claims.cost - drafted(asked).claims.cost == price.difference_scaled
            worse += draft.decision["comparison"]["plan"]["cost_scaled"] > nothing
    assert worse > 3


def sent_on_the_first_day(asked: Asked) -> list[tuple[str, str]]:
    """Item and lane of what could leave on the first day, used or not."""
    problem = drafted(asked).problem
    rows = problem.movements.take(
        np.flatnonzero((problem.movements["departs_on"] == problem.window.first)
                       & (problem.movements["kind"] == "transfer"))
    )  # fmt: skip
    return sorted(set(zip(rows["item"].tolist(), rows["lane"].tolist(), strict=True)))


@pytest.mark.parametrize("value", [
    -1, -(2**63), 2**53, 2**63 - 1, 2**64, 10**30, 1.5, float("nan"), float("inf"), "", "1", None,
])  # fmt: skip
def test_a_hostile_weight_is_one_line(value: Any) -> None:
    """Negative, huge, not a number, text: BAD_WEIGHT for every field of the weights."""
    for field in fields(Weights):
        weights = replace(PLAIN, **{field.name: value})
        with pytest.raises(InputError) as caught:
            drafted(replace(carbon(1), request=replace(carbon(1).request, weights=weights)))
        assert "BAD_WEIGHT" == caught.value.code
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("units", [-1, 2**53, 2**63, 10**30])
@pytest.mark.parametrize("kind", EDIT_KINDS)
def test_a_wish_for_units_that_no_document_can_state(kind: str, units: int) -> None:
    """Below zero or beyond 2^53 - 1: BAD_EDIT, and nothing overflows."""
    asked = coupled(0)
    line = lines_of(drafted(asked).decision)[0]
    wish = Edit(line.item, line.lane, line.supplier, "" if line.lane else line.destination, kind,
                units)  # fmt: skip
    with pytest.raises(InputError) as caught:
        drafted(replace(asked, request=replace(asked.request, edits=(wish,))))
    assert "BAD_EDIT" == caught.value.code


def test_the_largest_wish_is_a_conflict_or_no_limit() -> None:
    """At most 2^53 - 1 units limits nothing, and at least so many there never are."""
    asked = coupled(0)
    first = drafted(asked)
    line = lines_of(first.decision)[0]
    wish = Edit(line.item, line.lane, line.supplier, "" if line.lane else line.destination, CAP,
                LARGEST_INTEGER)  # fmt: skip
    capped = drafted(replace(asked, request=replace(asked.request, edits=(wish,))))
    assert first.claims.cost == capped.claims.cost
    force = replace(wish, kind=FORCE)
    with pytest.raises(InputError) as caught:
        drafted(replace(asked, request=replace(asked.request, edits=(force,))))
    assert "EDITS_CONFLICT" == caught.value.code


def test_more_pinned_than_all_loads_take_is_a_conflict() -> None:
    """Where no branch has a plan the search ends, and says which wish it is that cannot be."""
    asked = whole(9)
    wishes = (Edit("item-1", "a-b", kind=CAP, units=2), Edit("item-0", "a-c", kind=PIN, units=7))
    with pytest.raises(InputError) as caught:
        drafted(replace(asked, request=replace(asked.request, edits=wishes)))
    assert "EDITS_CONFLICT" == caught.value.code


def test_nothing_weighed_is_no_question() -> None:
    """With no weight at all every plan would be as good as any other: BAD_WEIGHT."""
    request = replace(plain(0).request, weights=Weights(0, 0, 0))
    with pytest.raises(InputError) as caught:
        drafted(replace(plain(0), request=request))
    assert "BAD_WEIGHT" == caught.value.code


def test_a_price_of_carbon_that_counts_for_nothing_is_not_stated() -> None:
    """What changes no plan is not under its seal: the same decision with and without the price."""
    asked = carbon(1)
    priced = replace(asked.request, weights=Weights(carbon_price_cents_per_tonne=77))
    assert drafted(asked).decision == drafted(replace(asked, request=priced)).decision
    first = replace(priced, weights=alone(priced.weights, LANDED), first=(CARBON,))
    stated = drafted(replace(asked, request=first)).decision["objectives"]
    assert 77 == stated["carbon_price_cents_per_tonne"]


@pytest.mark.parametrize(("code", "between", "points"), [
    ("BETWEEN", ("service",), 2), ("BETWEEN", ("service", "service"), 2), ("BETWEEN", (), 2),
    ("OBJECTIVE_UNKNOWN", ("", "landed"), 2), ("OBJECTIVE_UNKNOWN", ("service", "speed"), 2),
    ("POINTS", ("service", "landed"), -1), ("POINTS", ("service", "landed"), 10**30),
    ("NO_CARBON_PRICE", ("service", "carbon"), 2),
])  # fmt: skip
def test_a_hostile_frontier_is_one_line(code: str, between: tuple[str, ...], points: int) -> None:
    """Anything but two known objectives and a few points: its code."""
    asked = carbon(1)
    with pytest.raises(InputError) as caught:
        frontier(asked.snapshot, RELEASE, asked.request, between, points)
    assert code == caught.value.code
