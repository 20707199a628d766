"""Stability: few changes within the band, nothing sent back, and what a plan claims of it holds."""

import copy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.replays import MONDAY, carried_out, chain, taken_back, with_noise
from graph.artifacts import ArtifactStore
from graph.manifests import write_snapshot
from ontology.columns import Snapshot, Table
from ontology.errors import InputError
from ontology.steadiness import LineBefore, Steady, lines_of
from rules.release import Release, default_release
from service.decision import Draft, PlanRequest, ask, request_of, seal
from service.planning import answer, draft_plan
from service.stability import BAND, FROZEN, steady_since
from service.verify import REFUSED, verify
from solver.explain.filters import NEVER_WORSE
from solver.model.steady import NO_WAY_BACK, stability_of
from tests.service.planned import Planned
from tests.service.test_verify_keys import resealed
from tests.solver.planning import random_orders

REQUEST = PlanRequest("replayed", previous="0" * 64)
BAND_PER_MILLION = 1_000


def plan(snapshot: Snapshot, wish: Steady | None = None) -> Draft:
    """A certified plan under the shipped release."""
    return draft_plan(snapshot, default_release(), replace(REQUEST, steady=wish))


def wish_of(draft: Draft, band: int = BAND_PER_MILLION, **more: Any) -> Steady:
    """The wish to keep to the lines of a plan."""
    return Steady(lines_of(draft.decision), band, **more)


def replayed(seed: int, items: int) -> None:
    """One replay under noise: the laws of stability."""
    before = chain(seed % 40, items)
    first = plan(before)
    after = with_noise(before, seed)
    wish = wish_of(first)
    plain, steady = plan(after), plan(after, wish)
    changed = stability_of(plain.problem, plain.flow, wish)
    stated = steady.decision["stability"]
    assert changed["changed_units"] >= stated["changed_units"]
    allowed = abs(plain.claims.cost) * BAND_PER_MILLION // 10**6
    assert plain.claims.cost + allowed >= steady.claims.cost
    done = carried_out(after, first.decision["lines"], "done")
    assert [] == taken_back(done, plan(done).decision["lines"])


@pytest.mark.parametrize("seed", range(20))
def test_noise_changes_little(seed: int) -> None:
    """No more units change than in the plain plan, within the band, and nothing is sent back."""
    replayed(seed, items=4)


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_five_hundred_replays() -> None:
    """The same over 500 replays."""
    for seed in range(500):
        replayed(seed, items=6)


@pytest.mark.parametrize("seed", range(4))
def test_no_facts_changed_nothing_changes(seed: int) -> None:
    """On the same facts the steady plan has the lines of the plan before, whatever the band."""
    before = chain(seed, 3)
    first = plan(before)
    again = plan(before, wish_of(first, band=0))
    assert first.decision["lines"] == again.decision["lines"]
    assert 0 == again.decision["stability"]["changed_units"]


@pytest.mark.parametrize("seed", range(4))
def test_no_band_costs_nothing(seed: int) -> None:
    """With a band of 0 the steady plan is never dearer than the plain one."""
    first = plan(chain(seed, 3))
    after = with_noise(chain(seed, 3), seed)
    assert plan(after).claims.cost >= plan(after, wish_of(first, band=0)).claims.cost


def test_a_wider_band_changes_no_more() -> None:
    """What may cost more changes no more units, and somewhere fewer."""
    found = []
    for seed in range(6):
        first, after = plan(chain(seed, 3)), with_noise(chain(seed, 3), seed, percent=30)
        found.append([
            plan(after, wish_of(first, band)).decision["stability"]["changed_units"]
            for band in (0, 200, 5_000)
        ])  # fmt: skip
    assert all(narrow >= middle >= wide for narrow, middle, wide in found)
    assert any(narrow > wide for narrow, _, wide in found)


def test_a_budget_of_changes_goes_before_the_band() -> None:
    """With no unit to change and no band the lines stay; where one is gone, it is said."""
    before = chain(2, 3)
    first = plan(before)
    after = with_noise(before, 2, percent=30)
    kept = plan(after, wish_of(first, 0, most_units=0)).decision
    assert 0 == kept["stability"]["changed_units"]
    assert plan(after).claims.cost < kept["certificate"]["cost"]
    gone = wish_of(first, most_lines=0)
    extra = LineBefore("item-0", "no-such-lane", "", "north", MONDAY.isoformat(), 5)
    with pytest.raises(InputError) as caught:
        plan(after, replace(gone, lines=(*gone.lines, extra)))
    assert "CHANGE_BUDGET" == caught.value.code
    assert "1 lines and 5 units" in str(caught.value)


@pytest.mark.parametrize("seed", [5, 6])
def test_frozen_lines_stay_whatever_they_cost(seed: int) -> None:
    """On a frozen first day transfers and purchases are those of the plan before, at any cost."""
    first = plan(chain(seed, 4))
    after = with_noise(chain(seed, 4), seed, percent=30)
    plain, frozen = plan(after), plan(after, wish_of(first, band=0, frozen_days=1))
    assert lines_of(plain.decision) != lines_of(first.decision)
    assert lines_of(frozen.decision) == lines_of(first.decision)
    assert 0 == frozen.decision["stability"]["changed_purchases"]


def test_never_worse_than_nothing_goes_before_frozen_lines() -> None:
    """A frozen line goes where keeping it would cost its item more than doing nothing."""
    first = plan(chain(5, 4))
    after = with_noise(chain(5, 4), 5, percent=60)
    frozen = plan(after, wish_of(first, band=0, frozen_days=1)).decision
    assert 1 == frozen["stability"]["changed_lines"]
    assert 1 == len(frozen["suppressed"]["after_flow"][NEVER_WORSE])


def test_nothing_goes_back_whatever_it_gains() -> None:
    """Where lanes cost nothing, plain plans send units back; steady ones never do, and say why."""
    back = 0
    for seed in range(4):
        before = for_nothing(chain(seed, 4))
        first = plan(before)
        done = carried_out(with_noise(before, seed), first.decision["lines"], "done")
        back += len(taken_back(done, plan(done).decision["lines"]))
        steady = plan(done, wish_of(first)).decision
        assert [] == taken_back(done, steady["lines"])
        assert 0 < steady["suppressed"]["by_rule"][NO_WAY_BACK]
    assert back


def for_nothing(snapshot: Snapshot) -> Snapshot:
    """The same facts with lanes that cost nothing."""
    lanes = snapshot.table("Lane")
    free = {name: np.zeros(len(lanes), np.int64)
            for name in ("cost_per_unit_micros", "cost_per_line_cents")}  # fmt: skip
    return Snapshot(1, {**snapshot.tables, "Lane": Table("Lane", {**lanes.columns, **free})})


def test_orders_have_no_lines_to_keep() -> None:
    """Stability of a plan of firm orders is refused by code."""
    with pytest.raises(InputError) as caught:
        plan(random_orders(1), Steady((), BAND_PER_MILLION))
    assert "STEADY_REGIME" == caught.value.code


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Planned, Planned]:
    """A saved plan and a steady one after it, as documents with their artifacts."""
    folder = tmp_path_factory.mktemp("artifacts")
    before = chain(3, 3)
    first = saved(before, PlanRequest("replayed"), folder)
    wish = Steady(lines_of(first.document["decision"]), BAND_PER_MILLION)
    request = replace(REQUEST, previous=first.document["plan_digest"], steady=wish)
    after = with_noise(before, 3, percent=30)
    name = ArtifactStore(folder).put_document(first.document)
    return first, saved(after, request, folder, previous=name)


def saved(
    snapshot: Snapshot, request: PlanRequest, folder: Path, **more: str
) -> Planned:  # fmt: skip
    """A sealed plan whose artifacts lie in a folder."""
    release, store = default_release(), ArtifactStore(folder)
    draft = draft_plan(snapshot, release, request)
    named = {"snapshot": write_snapshot(store, "replayed", snapshot),
             "release": store.put_document(release.to_document()), **more}  # fmt: skip
    about = {"sequence": 1, "made_at": "2026-03-02T00:00:00+00:00", "agent": "test",
             "versions": {}, "artifacts": named}  # fmt: skip
    return Planned(snapshot, release, request, draft, seal(draft.decision, about), folder)


def test_a_steady_plan_is_verified(pair: tuple[Planned, Planned]) -> None:
    """All of it is derived again without a solver, the lines of the plan before, too."""
    found = verify(pair[1].document, artifacts=pair[1].artifacts)
    assert found.accepted
    assert not [note for check in found.checks for note in check.notes if "before" in note]
    assert pair[1].request.steady == request_of(pair[1].document["decision"]).steady


@pytest.mark.parametrize("change", [
    "changed_units", "changed_lines", "changed_purchases", "band_per_million", "frozen_days",
    "lines", "previous",
])  # fmt: skip
def test_a_false_claim_of_stability_is_refused(
    pair: tuple[Planned, Planned], change: str
) -> None:  # fmt: skip
    """No number of it and no line of the plan before can be changed and sealed again."""
    forged = copy.deepcopy(pair[1].document)
    stated = forged["decision"]["stability"]
    if change == "lines":
        wish = pair[1].request.steady
        assert wish is not None
        lines = (replace(wish.lines[0], units=wish.lines[0].units + 1), *wish.lines[1:])
        problem, flow = pair[1].draft.problem, pair[1].draft.flow
        forged["decision"]["stability"] = stability_of(problem, flow, replace(wish, lines=lines))
    elif change == "previous":
        forged["about"]["artifacts"]["previous"] = forged["about"]["artifacts"]["release"]
    else:
        stated[change] += 1
    found = verify(resealed(forged), artifacts=pair[1].artifacts)
    assert REFUSED == next(check.status for check in found.checks if check.name == "derivation")


def test_later_days_are_read_from_the_flow(pair: tuple[Planned, Planned]) -> None:
    """Frozen days behind the first one have the transfers that the flow of the plan has there."""
    first, store = pair[0], ArtifactStore(pair[0].artifacts)
    frozen = with_knobs({FROZEN: 3, BAND: 0})
    wish = steady_since(store, first.document, frozen, MONDAY)
    days = {line.departs_on for line in wish.lines}
    assert MONDAY.isoformat() in days
    assert days <= {(MONDAY + timedelta(day)).isoformat() for day in range(3)}
    today = tuple(line for line in wish.lines if line.departs_on == MONDAY.isoformat())
    assert lines_of(first.document["decision"]) == today
    assert len(days) > 1
    again = answer(ask(first.snapshot, frozen, replace(REQUEST, steady=wish)))
    assert 0 == again.decision["stability"]["changed_units"]


def with_knobs(values: dict[str, int]) -> Release:
    """The shipped release with other knobs."""
    whole = default_release()
    return Release(whole.name, whole.version, whole.shapes, {**whole.knobs, **values})


def test_row_order_is_no_input(pair: tuple[Planned, Planned]) -> None:
    """The lines of the plan before in another order give the same bytes."""
    wish = pair[1].request.steady
    assert wish is not None
    turned = replace(pair[1].request, steady=replace(wish, lines=wish.lines[::-1]))
    again = draft_plan(pair[1].snapshot, default_release(), turned)
    assert pair[1].document["decision"] == again.decision
