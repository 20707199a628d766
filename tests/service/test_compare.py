"""The comparison: like with like, exact, in a fixed order, and no rival that breaks a rule."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pytest

from ontology.columns import Snapshot, table_of
from ontology.places import Location
from rules.release import Release, default_release
from service import compare as compared
from service.compare import Comparison, Method, OrdersMethod, _rival_flow, compare_on
from service.decision import PlanRequest, ask
from service.planning import draft_plan
from solver.explain.closing import overdrawn
from solver.model.carry_labels import CarryLabels
from solver.proof.branches import split_lots
from solver.rivals.heuristics import Acts, act
from tests.service.whole_and_ageing import whole_facts
from tests.solver import two_hubs
from tests.solver.forecasts import STORES, random_forecast
from tests.solver.planning import random_orders, shuffled

REQUEST = PlanRequest("chain")
PARTS = ("holding_cents", "shortage_cents", "transport_cents", "lines_cents", "purchases_cents",
         "far_cents", "waste_cents", "loads_cents")  # fmt: skip


@pytest.fixture(scope="module")
def release() -> Release:
    return default_release()


def risk(found: Comparison) -> dict[str, Method]:
    return {each.name: each for each in found.methods if isinstance(each, Method)}


def names(found: Comparison) -> Sequence[str]:
    return [each.name for each in found.methods]


def test_two_hubs_on_paper(release: Release) -> None:
    """Doing nothing 24.28, the plan 15.31 with gap 0; both as the plan itself compares them."""
    found = compare_on(two_hubs.snapshot(), release, PlanRequest("two_hubs"))
    assert ["do_nothing", "min_max", "greedy", "plan"] == names(found)
    methods = risk(found)
    assert (2428, 1531) == (methods["do_nothing"].cost_cents, methods["plan"].cost_cents)
    assert (0, 0, 1_000_000) == (methods["plan"].gap_scaled, methods["plan"].gap_per_million,
                                 methods["plan"].gained_per_million)  # fmt: skip
    assert (["plan"], 1531, "optimal") == (found.best, found.bound_cents, found.label)
    assert (897, 0) == (methods["do_nothing"].gap_cents, methods["do_nothing"].gained_per_million)
    rivals = [methods[name] for name in ("do_nothing", "min_max", "greedy")]
    assert min(each.cost_cents for each in rivals) - 1531 == found.saved_cents


def test_a_method_is_what_the_plan_says_of_itself(release: Release) -> None:
    """Plan and doing nothing have the figures of the plan's own comparison and certificate."""
    for seed in range(6):
        snapshot = random_forecast(seed, items=3)
        draft = draft_plan(snapshot, release, REQUEST)
        methods = risk(compare_on(snapshot, release, REQUEST))
        for name in ("do_nothing", "plan"):
            own = draft.decision["comparison"][name]
            for field in ("cost_cents", "cost_scaled", "fill_per_million",
                          "expected_short_millionths"):  # fmt: skip
                assert own[field] == getattr(methods[name], field)
        assert draft.claims.gap == methods["plan"].gap_scaled
        assert len(draft.decision["shortfalls"]) == methods["plan"].service_misses
        lines = {(line["item"], line.get("lane") or line["number"])
                 for line in draft.decision["lines"] if line["kind"] != "purchase"}  # fmt: skip
        assert len(lines) == methods["plan"].first_day_lines


def test_parts_add_up_and_no_method_is_below_the_bound(release: Release) -> None:
    """Six parts, each rounded once, are within three cents; cost less gap is one bound for all."""
    for seed in range(8):
        found = compare_on(random_forecast(seed, items=3), release, REQUEST)
        for method in risk(found).values():
            whole = sum(getattr(method, part) for part in PARTS)
            assert abs(method.cost_cents - whole) <= 3
            assert method.gap_scaled >= 0
            assert method.cost_cents >= (found.bound_cents or 0)
            apart = method.cost_cents - method.gap_cents - (found.bound_cents or 0)
            assert abs(apart) <= 3
            assert method.rule_breaks == 0
        least = min(each.cost_scaled for each in risk(found).values())
        assert found.best == [name for name, each in risk(found).items()
                              if each.cost_scaled == least]  # fmt: skip


def test_rivals_keep_to_whole_lots_and_loads_and_pay_for_them(release: Release) -> None:
    """Parts add up with loads in them, the gap is the certificate's, and no rival splits a lot."""
    paid = 0
    for seed in range(6):
        snapshot = whole_facts(random_forecast(seed, items=3), seed)
        draft, found = (
            draft_plan(snapshot, release, REQUEST),
            compare_on(snapshot, release, REQUEST),
        )
        methods = risk(found)
        assert draft.claims.gap == methods["plan"].gap_scaled
        for method in methods.values():
            assert abs(method.cost_cents - sum(getattr(method, part) for part in PARTS)) <= 4
            assert method.cost_cents >= (found.bound_cents or 0)
            paid += method.loads_cents > 0
        question, labels = ask(snapshot, release, REQUEST), draft.problem.labels
        assert isinstance(labels, CarryLabels)
        for one in found.tuned:
            flow = _rival_flow(question, draft, labels, one)
            assert set() == overdrawn(draft.problem, flow)
            assert 0 == len(split_lots(draft.problem.shared, flow))
    assert paid > 6


def test_row_order_is_no_input(release: Release) -> None:
    """Shuffled facts give the same comparison."""
    for seed in range(3):
        snapshot = random_forecast(seed, items=3)
        assert compare_on(snapshot, release, REQUEST) == compare_on(
            shuffled(snapshot, seed), release, REQUEST
        )


def test_a_rival_acts_again_without_what_a_rule_forbids(
    release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that may hold next to nothing gets nothing more, though the rule of thumb asks."""
    tight = table_of(
        [Location(place, country="XX", storage_capacity_units=None if place == "hub" else 1)
         for place in STORES], "Location",
    )  # fmt: skip
    worlds = [random_forecast(seed, items=3) for seed in range(8)]
    worlds = [Snapshot(1, {**each.tables, "Location": tight}) for each in worlds]
    kept = [risk(compare_on(each, release, REQUEST)) for each in worlds]
    assert 0 == sum(methods[name].rule_breaks for methods in kept for name in ("min_max", "greedy"))
    unheeding = partial(_acts_unheeding, act)
    monkeypatch.setattr(compared, "act", unheeding)
    free = [risk(compare_on(each, release, REQUEST)) for each in worlds]
    assert sum(methods[name].rule_breaks for methods in free for name in ("min_max", "greedy")) > 0


def _acts_unheeding(as_asked: Callable[..., Acts], *given: Any) -> Acts:
    """What a rival does that is deaf to what was closed to it."""
    *facts, _ = given
    return as_asked(*facts)


def test_firm_orders_show_what_was_planned_and_nothing_that_cannot_be_compared(
    release: Release,
) -> None:
    """Orders: doing nothing and the plan as the plan states them, and no method is called best."""
    for seed in range(5):
        snapshot = random_orders(seed)
        own = draft_plan(snapshot, release, REQUEST).decision["comparison"]
        found = compare_on(snapshot, release, REQUEST)
        assert ["do_nothing", "plan"] == names(found)
        assert ((), None, None) == (found.best, found.best_rival, found.saved_cents)
        for method in found.methods:
            assert isinstance(method, OrdersMethod)
            for field in ("cost_cents", "warehouse_cents", "freight_cents", "orders_served"):
                assert own[method.name][field] == getattr(method, field)


def test_the_saving_is_against_the_best_of_the_others(release: Release) -> None:
    """Saved cents and share are the exact difference to the cheapest other method."""
    for seed in range(6):
        found = compare_on(random_forecast(seed, items=3), release, REQUEST)
        methods = risk(found)
        rivals = {name: each for name, each in methods.items() if name != "plan"}
        best = min(rivals.values(), key=lambda each: each.cost_scaled)
        assert best.name == found.best_rival
        saved = Fraction(best.cost_scaled - methods["plan"].cost_scaled, 10_000)
        assert abs(saved - (found.saved_cents or 0)) <= Fraction(1, 2)
        assert np.sign(found.saved_cents or 0) == np.sign(found.saved_per_million or 0)
