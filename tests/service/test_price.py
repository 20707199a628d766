"""Prices of rules: of every rule that acts, and of nothing that is no rule."""

import pytest

from ontology.errors import InputError
from rules.release import default_release
from service.decision import Draft, PlanRequest
from service.planning import draft_plan
from service.price import price_of_rule, rules_that_act
from solver.explain.filters import KNOB
from tests.solver import two_hubs
from tests.solver.forecasts import random_forecast

REQUEST = PlanRequest("random")


def acting(seed: int) -> Draft:
    """A plan of a random forecast."""
    return draft_plan(random_forecast(seed), default_release(), REQUEST)


def test_what_a_knob_closed_has_no_price_and_stops_nobody() -> None:
    """Where knobs and limits closed lines, every rule that acted is priced all the same."""
    seed, draft = next(
        (seed, draft) for seed in range(40) for draft in [acting(seed)]
        if any(name.startswith(KNOB) for name in draft.decision["suppressed"]["by_rule"])
    )  # fmt: skip
    release = default_release()
    rules = rules_that_act(draft, release)
    assert rules
    assert {rule.iri for rule in release.rules} >= set(rules)
    for rule in rules:
        price = price_of_rule(draft, random_forecast(seed), release, rule, REQUEST)
        assert price.cost_scaled_with == draft.claims.cost
    with pytest.raises(InputError) as refused:
        price_of_rule(draft, random_forecast(seed), release, KNOB + "rounds", REQUEST)
    assert "RULE_UNKNOWN" == refused.value.code


def test_a_rule_that_holds_stock_says_how_much() -> None:
    """The safety floor of two_hubs closes nothing, and wants 5 widgets and 3 vaccines kept."""
    request, release = PlanRequest("two_hubs"), default_release()
    draft = draft_plan(two_hubs.snapshot(), release, request)
    (floor,) = [rule for rule in rules_that_act(draft, release) if rule.endswith("/safety-floor")]
    price = price_of_rule(draft, two_hubs.snapshot(), release, floor, request)
    assert (0, 8, 23) == (price.closed, price.floor_units, price.difference_scaled // 10_000)
