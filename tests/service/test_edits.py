"""Edits: a person's wishes are kept exactly, priced exactly, and refused with what conflicts."""

from dataclasses import replace

import pytest

from ontology.columns import Snapshot
from ontology.edits import CAP, FORBID, FORCE, PIN, Edit
from ontology.errors import InputError
from rules.release import default_release
from service.decision import Draft, PlanRequest, ask
from service.edits import prices_of_edits
from service.planning import answer
from tests.scenarios.scenario import HERE, scenario_at
from tests.solver.forecasts import random_forecast

SEEDS = range(8)
SCENARIOS = ("handling-limit", "hazard-segregation", "storage-limit", "possession-limit")
REQUEST = PlanRequest("chain")


def drafted(snapshot: Snapshot, *edits: Edit) -> Draft:
    request = replace(REQUEST, edits=edits)
    return answer(ask(snapshot, default_release(), request))


def worlds(seed: int) -> list[Snapshot]:
    """A random chain on a forecast, and one that is small enough to follow by hand."""
    folder = HERE / SCENARIOS[seed % len(SCENARIOS)]
    return [random_forecast(seed), scenario_at(folder).snapshot]


def transfers(draft: Draft) -> dict[tuple[str, str], int]:
    """Units by item and lane."""
    found: dict[tuple[str, str], int] = {}
    for line in draft.decision["lines"]:
        if line["kind"] == "transfer":
            way = (line["item"], line["lane"])
            found[way] = found.get(way, 0) + line["quantity_units"]
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_wishes_are_kept(seed: int) -> None:
    """Forbidden lines are gone, pinned ones exact, capped ones within, forced ones at least."""
    for snapshot in worlds(seed):
        for (item, lane), units in transfers(drafted(snapshot)).items():
            for kind, asked, kept in (
                (FORBID, 0, {0}),
                (PIN, units // 2, {units // 2}),
                (CAP, units - 1, set(range(units))),
                (FORCE, units, set(range(units, 10_000))),
            ):
                found = drafted(snapshot, Edit(item, lane, kind=kind, units=asked))
                assert transfers(found).get((item, lane), 0) in kept, (kind, item, lane)


@pytest.mark.parametrize("seed", SEEDS)
def test_asking_for_what_is_planned_costs_nothing(seed: int) -> None:
    """Every transfer pinned at its own units: the same lines, and a price of 0 for all together."""
    for snapshot in worlds(seed):
        plan = drafted(snapshot)
        edits = tuple(
            Edit(item, lane, kind=PIN, units=units)
            for (item, lane), units in transfers(plan).items()
        )
        if not edits:
            continue
        request = replace(REQUEST, edits=edits)
        edited = answer(ask(snapshot, default_release(), request))
        _, together = prices_of_edits(edited, snapshot, default_release(), request)
        assert transfers(edited) == transfers(plan)
        assert together == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_a_wish_has_its_price(seed: int) -> None:
    """Where nothing is filtered, a wish never saves, and its price is what two plans differ by."""
    snapshot = worlds(seed)[1]
    plan = drafted(snapshot)
    for (item, lane), units in transfers(plan).items():
        edit = Edit(item, lane, kind=PIN, units=units - 1)
        edited = drafted(snapshot, edit)
        request = replace(REQUEST, edits=(edit,))
        (price,), together = prices_of_edits(edited, snapshot, default_release(), request)
        assert price.difference_scaled == edited.claims.cost - plan.claims.cost == together
        assert price.difference_scaled >= 0


def test_the_smallest_conflict_is_named() -> None:
    """Of three wishes the two that ask for more than is there are named, with what there is."""
    for seed in SEEDS:
        snapshot = worlds(seed)[1]
        lines = transfers(drafted(snapshot))
        if len(lines) < 2:
            continue
        (first, _), (other, _) = list(lines.items())[:2]
        edits = (Edit(*first, kind=FORCE, units=10**6), Edit(*other, kind=CAP, units=1))
        with pytest.raises(InputError) as caught:
            drafted(snapshot, *edits)
        assert caught.value.code == "EDITS_CONFLICT"
        assert str(edits[0]) in str(caught.value)
        assert str(edits[1]) not in str(caught.value)
        assert "on hand" in str(caught.value)
        return
    pytest.fail("no world has two lines")


def test_the_order_of_wishes_is_no_input() -> None:
    """The same wishes in another order give the same decision."""
    snapshot = worlds(0)[1]
    edits = [Edit(*way, kind=CAP, units=1) for way in transfers(drafted(snapshot))]
    assert edits
    assert drafted(snapshot, *edits).decision == drafted(snapshot, *reversed(edits)).decision


@pytest.mark.parametrize("edit", [
    Edit("i", "l", kind="push"), Edit("i", "l", kind=PIN, units=-1),
    Edit("i", "l", kind=FORBID, units=2), Edit("", "l"), Edit("i", supplier="s"),
])  # fmt: skip
def test_an_unsound_wish_is_refused(edit: Edit) -> None:
    """Unknown kinds, negative units and wishes about nothing are refused by code."""
    with pytest.raises(InputError) as caught:
        drafted(worlds(0)[1], edit)
    assert caught.value.code == "BAD_EDIT"


def test_a_way_that_does_not_exist_is_refused() -> None:
    """A wish about a lane that the chain does not have is refused, not ignored."""
    with pytest.raises(InputError) as caught:
        drafted(worlds(0)[1], Edit("nothing", "nowhere", kind=PIN, units=1))
    assert caught.value.code == "EDIT_UNKNOWN"
