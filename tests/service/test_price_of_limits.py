"""Prices of limits that facts state, and of rules on firm orders: two plans, told apart."""

import numpy as np
import pytest

from ontology.columns import MISSING, Snapshot, Table, table_of
from ontology.errors import InputError
from ontology.places import SharedResource
from ontology.transport import Budget
from service.decision import Draft, PlanRequest, ask
from service.limits import Limit, limit_named, limits_of, limits_that_act, without_limit
from service.planning import answer, draft_plan
from service.price import LimitPrice, RulePrice, named, price_of_limit, price_of_rule, prices
from tests.service import regimes
from tests.solver import two_hubs

REQUEST = PlanRequest("two_hubs")
CENT = 10_000


def tight(cents: int = 36) -> Snapshot:
    """two_hubs where freight may cost so much, and two units a day may come to the south."""
    tables = [
        table_of([Budget("freight", cents)], "Budget"),
        table_of([SharedResource("south", "units", 2)], "SharedResource"),
    ]
    snapshot = two_hubs.snapshot()
    return Snapshot(1, {**snapshot.tables, **{table.name: table for table in tables}})


def priced(snapshot: Snapshot, limit: Limit) -> tuple[Draft, LimitPrice]:
    """The plan, and the price of one limit."""
    draft = draft_plan(snapshot, regimes.RELEASE, REQUEST)
    return draft, price_of_limit(draft, snapshot, regimes.RELEASE, limit, REQUEST)


def test_all_that_facts_limit_is_known_by_name() -> None:
    """Lanes, docks and budgets are limits, each with the facts that state it."""
    names = [str(limit) for limit in limits_of(tight())]
    lanes = [f"lane:{lane}" for lane in ("reefer-ns", "truck-ns", "truck-sn")]
    assert ["budget:freight", *lanes, "location:south"] == names
    dock = limit_named(tight(), "dock:south")
    assert Limit("location", "south", ("SharedResource/south/units",)) == dock


def test_an_unknown_limit_is_named_with_near_ones() -> None:
    """A slip of the pen is answered by what was meant."""
    with pytest.raises(InputError) as refused:
        limit_named(tight(), "budget:fright")
    assert ("LIMIT_UNKNOWN", "perhaps budget:freight") == (refused.value.code, refused.value.hint)


def test_the_price_of_a_budget_is_what_a_plan_without_it_saves() -> None:
    """Without the budget the plan is that of facts that never stated one."""
    snapshot = tight()
    draft, price = priced(snapshot, limit_named(snapshot, "budget:freight"))
    tables = {name: t for name, t in snapshot.tables.items() if name != "Budget"}
    free = draft_plan(Snapshot(1, tables), regimes.RELEASE, REQUEST)
    assert draft.claims.cost - free.claims.cost == price.difference_scaled > 0
    assert free.claims.bound == price.bound_scaled_without
    assert ("Budget/freight",) == price.facts


def test_what_does_not_act_costs_nothing() -> None:
    """A lane that never fills has the price 0, and is not among the limits that act."""
    snapshot = tight()
    limit = limit_named(snapshot, "lane:truck-sn")
    draft, price = priced(snapshot, limit)
    assert (0, [], []) == (price.difference_scaled, price.opened, price.dropped)
    assert limit not in limits_that_act(draft, snapshot)


def test_what_is_full_acts() -> None:
    """A budget that is spent is among the limits that act."""
    snapshot = tight()
    draft = draft_plan(snapshot, regimes.RELEASE, REQUEST)
    assert "budget:freight" in [str(limit) for limit in limits_that_act(draft, snapshot)]


@pytest.mark.parametrize("seed", range(12))
def test_the_best_plans_differ_within_the_ends(seed: int) -> None:
    """Ends enclose the difference; a limit that is lifted never makes the best plan dearer."""
    asked = regimes.coupled(seed) if seed % 2 else regimes.whole(seed)
    draft = regimes.drafted(asked)
    limits = limits_that_act(draft, asked.snapshot)
    for price in prices(draft, asked.snapshot, asked.release, limits[:3], asked.request):
        assert price.at_least_scaled <= price.difference_scaled <= price.at_most_scaled
        assert 0 <= price.at_most_scaled
        gaps = draft.claims.gap + price.cost_scaled_without - price.bound_scaled_without
        assert gaps == price.at_most_scaled - price.at_least_scaled


def test_lifting_a_limit_takes_its_facts_and_no_other() -> None:
    """Every fact of another subject stays as it was."""
    snapshot = regimes.shared_chain(4)
    for limit in limits_of(snapshot):
        left = without_limit(snapshot, limit)
        assert [other for other in limits_of(snapshot) if other != limit] == limits_of(left)


def test_a_lane_loses_its_own_capacity_and_its_most_loads() -> None:
    """A lane's limits are all that is stated of it, in whatever class."""
    lanes = without_limit(tight(), limit_named(tight(), "lane:truck-ns")).table("Lane").sorted()
    assert [12, MISSING, 12] == lanes["capacity_units_per_day"].tolist()


def with_places(most: int) -> Snapshot:
    """Firm orders where every place serves at most so many."""
    snapshot = regimes.orders(2).snapshot
    table = snapshot.table("SharedResource")
    column = np.full(len(table), most)
    changed = Table(table.name, {**table.columns, "capacity_per_day": column})
    return Snapshot(1, {**snapshot.tables, table.name: changed})


def test_a_place_without_its_limit_serves_what_it_can() -> None:
    """A full plant acts; without its limit more orders are served, told apart from their cost."""
    snapshot, request = with_places(1), PlanRequest("random")
    draft = draft_plan(snapshot, regimes.RELEASE, request)
    limits = limits_that_act(draft, snapshot)
    found = prices(draft, snapshot, regimes.RELEASE, limits, request)
    assert limits
    for price in found:
        assert price.orders is not None
        served = price.comparison_without["plan"]
        assert served["orders_served"] == price.orders.orders_without >= price.orders.orders_with
        assert served["cost_cents"] == price.orders.cost_cents_without
    assert any(p.orders and p.orders.orders_without > p.orders.orders_with for p in found)


def test_the_price_of_a_rule_on_orders_is_in_orders_and_in_cost() -> None:
    """What is weighed by penalties is stated apart, from the comparison of both plans."""
    asked = regimes.orders(4)
    draft = regimes.drafted(asked)
    iri = str(named(asked.snapshot, asked.release, "plant-makes-item"))
    price = price_of_rule(draft, asked.snapshot, asked.release, iri, asked.request)
    other = answer(ask(asked.snapshot, asked.release, asked.request, without_rule=iri))
    here, there = (d.decision["comparison"]["plan"] for d in (draft, other))
    assert price.orders is not None
    assert (here["orders_served"], there["orders_served"], here["units_served"],
            there["units_served"], here["cost_cents"], there["cost_cents"]) == (
        price.orders.orders_with, price.orders.orders_without, price.orders.units_with,
        price.orders.units_without, price.orders.cost_cents_with,
        price.orders.cost_cents_without)  # fmt: skip


def test_prices_come_in_the_order_asked() -> None:
    """Rules and limits may be asked for together."""
    snapshot = tight()
    draft = draft_plan(snapshot, regimes.RELEASE, REQUEST)
    asked = [named(snapshot, regimes.RELEASE, text) for text in ("budget:freight", "cold-chain")]
    limit, rule = prices(draft, snapshot, regimes.RELEASE, asked, REQUEST)
    assert isinstance(limit, LimitPrice)
    assert isinstance(rule, RulePrice)
    assert limit.cost_scaled_with == rule.cost_scaled_with
