"""Risk plans against plans found by trying everything, without any network."""

from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest

from ontology.closures import Closures
from ontology.columns import MISSING, Snapshot, record_at
from ontology.demand import DemandOutcome
from ontology.errors import InputError, SolverError
from ontology.goods import Item, Lot
from ontology.partners import Offer
from ontology.stock import StockingPolicy, StockPosition
from ontology.transport import Lane, TruckLoad
from solver.engine.flow import unmet
from solver.explain.baselines import compare, do_nothing
from solver.explain.lines import decode
from solver.explain.unmet import without_each_rule
from solver.model.carry_labels import CarryLabels
from solver.model.movements import candidates, stock_after, window_of
from solver.model.risk import stated_curves
from solver.network.columns import ArcKind
from tests.solver.planning import (
    MONDAY,
    Solved,
    random_closures,
    random_risk,
    snapshot_of,
    solved,
)

DAYS = 3
PLACES = ("a", "b")


def _rows(snapshot: Snapshot, name: str) -> list[Any]:
    table = snapshot.table(name)
    return [record_at(table, row) for row in range(len(table))]


def _least_cost(snapshot: Snapshot) -> Fraction:
    """The least expected cost over every integral plan, by trying them all."""
    curves = stated_curves(snapshot, window_of(snapshot), [("item", p) for p in PLACES])
    policies = {policy.location: policy for policy in _rows(snapshot, "StockingPolicy")}
    start = {p: [0] * DAYS for p in PLACES}
    here = dict.fromkeys(PLACES, 0)
    for position in _rows(snapshot, "StockPosition"):
        start[position.location][0] += position.on_hand_units
        here[position.location] += position.on_hand_units
    for shipment in _rows(snapshot, "Shipment"):
        day = max(0, (shipment.arrives_on - MONDAY).days)
        if day < DAYS:
            start[shipment.destination][day] += shipment.quantity_units

    @cache
    def kept(place: int, day: int, level: int) -> Fraction:
        policy, curve = policies[PLACES[place]], curves[place][day]
        short = curve.expected_short(level)
        over = level - curve.expected() + short
        return (
            policy.holding_cost_per_day_micros * over + policy.shortage_cost_per_day_micros * short
        )

    ways = []
    for lane in _rows(snapshot, "Lane"):
        held = policies[lane.destination].holding_cost_per_day_micros * lane.lead_time_days
        most = min(7, 9 if lane.capacity_units_per_day is None else lane.capacity_units_per_day)
        ways += [
            (lane.origin, lane.destination, day, lane.lead_time_days,
             lane.cost_per_unit_micros + held, most)
            for day in range(DAYS - lane.lead_time_days)
        ]  # fmt: skip
    offer = _rows(snapshot, "Offer")[0]
    ways += [("", "a", day, 1, offer.price_micros - 5_000_000, offer.capacity_units)
             for day in range(DAYS - 1)]  # fmt: skip
    best: Fraction | None = None
    for amounts in product(*(range(way[5] + 1) for way in ways)):
        left = [(way[0], u) for way, u in zip(ways, amounts, strict=True) if way[2] == 0]
        if any(sum(u for p, u in left if p == place) > here[place] for place in PLACES):
            continue  # what arrives on the first day stays that day
        cost = _plan_cost(ways, amounts, start, kept, offer.capacity_units)
        if cost is not None and (best is None or cost < best):
            best = cost
    assert best is not None
    return best


def _plan_cost(
    ways: list[Any], amounts: tuple[int, ...], start: dict[str, list[int]], kept: Any, offered: int
) -> Fraction | None:
    bought = sum(units for way, units in zip(ways, amounts, strict=True) if way[0] == "")
    if bought > offered:
        return None
    cost = Fraction(0)
    change = {p: list(start[p]) for p in PLACES}
    leaving = {p: [0] * DAYS for p in PLACES}
    for (origin, destination, day, lead, unit, _), units in zip(ways, amounts, strict=True):
        cost += unit * units
        change[destination][day + lead] += units
        if origin:
            leaving[origin][day] += units
    for number, place in enumerate(PLACES):
        level = 0
        for day in range(DAYS):
            level += change[place][day] - leaving[place][day]
            if level < 0:
                return None
            cost += kept(number, day, level)
    return cost


def _constant(labels: CarryLabels) -> Fraction:
    """The shortage cost of all expected demand, which no plan changes."""
    return sum(
        (int(labels.shortage[pair]) * curve.expected()
         for pair, curves in enumerate(labels.curves) for curve in curves),
        Fraction(0),
    )  # fmt: skip


def _labels(plan: Solved) -> CarryLabels:
    assert isinstance(plan.problem.labels, CarryLabels)
    return plan.problem.labels


@pytest.mark.parametrize("seed", range(40))
def test_the_network_finds_the_least_expected_cost(seed: int):
    """Optimal network cost + the constant = the least cost over all integral plans."""
    plan = solved(random_risk(seed))
    assert _least_cost(plan.snapshot) == plan.objective + _constant(_labels(plan))


@pytest.mark.parametrize("seed", range(25))
def test_doing_nothing_is_feasible_and_never_better(seed: int):
    """Under any closures and floors the kept stock balances within the bounds."""
    facts = random_risk(seed)
    window = window_of(facts)
    after = stock_after(facts, window)
    count = len(candidates(facts, window))
    floors = np.random.default_rng(seed).integers(0, 5, len(after))
    plan = solved(facts, Closures(random_closures(count, seed).closed, {"urn:floor": floors}))
    network = plan.problem.network
    kept = do_nothing(plan.problem, _labels(plan))
    assert not unmet(network, kept).any()
    assert np.all((network.lower <= kept) & (kept <= network.capacity))
    assert plan.objective <= int(network.cost @ kept)
    figures = compare(plan.problem, facts, plan.flow)
    assert plan.objective == figures["plan"]["cost_scaled"]


@pytest.mark.parametrize("seed", range(25))
def test_the_plan_without_a_rule_equals_a_new_solve(seed: int):
    """Opening one rule's arcs step by step saves what solving without the rule saves."""
    facts = random_risk(seed)
    window = window_of(facts)
    after = stock_after(facts, window)
    closures = random_closures(len(candidates(facts, window)), seed)
    floors = np.random.default_rng(seed).integers(0, 5, len(after))
    closures = Closures(closures.closed, {"urn:rule:0": floors})
    plan = solved(facts, closures)
    found = without_each_rule(plan.problem, _labels(plan), plan.flow, plan.potentials)
    for other in found:
        without = solved(facts, closures.without(other.rule))
        assert plan.objective - without.objective == sum(other.saved.values())


def _two_places(**lane: Any) -> list[Any]:
    return [
        Item("item", value_cents=100, weight_micrograms=2 * 10**9,
             volume_cubic_millimetres=3 * 10**6),
        Lot("lot", "item"), StockPosition("item", "a", "lot", 5, total_units=5),
        StockingPolicy("item", "a", shortage_cost_per_day_micros=1),
        StockingPolicy("item", "b", holding_cost_per_day_micros=7,
                       shortage_cost_per_day_micros=9_000_000),
        DemandOutcome("item", "b", MONDAY, 0, 1),
        DemandOutcome("item", "b", MONDAY.replace(day=4), 4, 1),
        Lane("lane", "a", "b", lead_time_days=2, **lane),
    ]  # fmt: skip


def test_a_lane_charges_unit_weight_volume_duty_and_days():
    """1,000 + 2 kg x 500 + 0.003 m3 x 500 (half up) + 10 % of 1.00 + 2 days x 7."""
    lane = {"cost_per_unit_micros": 1000, "cost_per_kilogram_micros": 500,
            "cost_per_cubic_metre_micros": 500, "duty_percent": 10}  # fmt: skip
    plan = solved(snapshot_of(*_two_places(**lane)))
    assert np.unique(_labels(plan).move_cost).tolist() == [1000 + 1000 + 2 + 100_000 + 14]


def test_lots_share_a_lane_capacity_on_the_first_day():
    """Two lots of one item never pass the lane's daily capacity together."""
    more = (Lot("other", "item"), StockPosition("item", "a", "other", 5, total_units=5))
    plan = solved(snapshot_of(*_two_places(capacity_units_per_day=3), *more))
    lines = decode(plan.problem, plan.snapshot, plan.flow)
    assert sum(line["quantity_units"] for line in lines) == 3


def test_items_that_together_overfill_a_lane_are_refused():
    """No plan is made that a truck cannot carry: `SHARED_CAPACITY`."""
    records = _two_places(capacity_units_per_day=3)
    twin = [
        Item("twin", value_cents=100), Lot("t", "twin"),
        StockPosition("twin", "a", "t", 5, total_units=5),
        StockingPolicy("twin", "b", shortage_cost_per_day_micros=9_000_000),
        DemandOutcome("twin", "b", MONDAY.replace(day=4), 4, 1),
    ]  # fmt: skip
    plan = solved(snapshot_of(*records, *twin))
    with pytest.raises(SolverError) as refused:
        decode(plan.problem, plan.snapshot, plan.flow)
    assert refused.value.code == "SHARED_CAPACITY"


def test_an_expired_lot_serves_nobody():
    """An expired lot stays idle, whatever the rules leave open; its units stay accounted for."""
    records = _two_places()
    records[1] = Lot("lot", "item", expires_on=MONDAY.replace(day=1))
    plan = solved(snapshot_of(*records))
    assert decode(plan.problem, plan.snapshot, plan.flow) == []
    idle = plan.problem.network.kind == ArcKind.IDLE
    assert plan.flow[idle].sum() == 5


@pytest.mark.parametrize(
    ("code", "record"),
    [
        ("BAD_COST", Lane("x", "a", "b", cost_per_shipment_cents=10**9 + 1)),
        ("BAD_COST", TruckLoad("x", "units", 2, 10**9 + 1)),
        ("BAD_LEAD_TIME", Lane("x", "a", "b", lead_time_days=-1)),
        ("MIXED_CURRENCY", Lane("x", "a", "b", currency="USD")),
        ("NO_POLICY", DemandOutcome("other", "a", MONDAY, 1, 1)),
        ("BAD_POLICY", StockingPolicy("z", "a", holding_cost_per_day_micros=-1)),
    ],
)
def test_what_the_network_cannot_honour_is_refused(code: str, record: Any):
    """A cost or condition that would be dropped in silence is an error with its code."""
    euro = Offer("euro", "item", "b", 1, currency="EUR", lead_time_days=1)
    with pytest.raises(InputError) as refused:
        solved(snapshot_of(*_two_places(), euro, record))
    assert code == refused.value.code


def test_a_charge_by_weight_needs_a_weight():
    """Goods without a stated weight do not travel for free: `NO_WEIGHT`."""
    records = _two_places(cost_per_kilogram_micros=1)
    records[0] = Item("item")
    with pytest.raises(InputError) as refused:
        solved(snapshot_of(*records))
    assert refused.value.code == "NO_WEIGHT"


def test_a_purchase_costs_price_less_value():
    """The premium is what counts; without a value the lowest price stands in for it."""
    offers = [Offer("dear", "item", "b", 1_500_000), Offer("cheap", "item", "b", 1_200_000)]
    bought = [record for record in _two_places() if not isinstance(record, Lane)]
    plan = solved(snapshot_of(*bought, *offers))
    assert {500_000, 200_000} == set(_labels(plan).move_cost.tolist())
    bought[0] = Item("item")
    plan = solved(snapshot_of(*bought, *offers))
    assert {300_000, 0} == set(_labels(plan).move_cost.tolist())


def test_the_regime_follows_from_the_facts():
    """Neither demand nor orders is `REGIME`; demand before the start is `HORIZON`."""
    with pytest.raises(InputError) as refused:
        window_of(snapshot_of(Item("item")))
    assert refused.value.code == "REGIME"
    facts = snapshot_of(DemandOutcome("item", "b", MONDAY, 1, 1))
    with pytest.raises(InputError) as refused:
        window_of(facts, MONDAY.replace(day=3))
    assert refused.value.code == "HORIZON"


def test_missing_is_not_a_number_of_days():
    """A lot without expiry has no remaining life stated."""
    facts = snapshot_of(*_two_places())
    movements = candidates(facts, window_of(facts))
    assert np.unique(movements["remaining_life_days"]).tolist() == [MISSING]
