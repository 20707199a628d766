"""Order plans, freight, cuts and exchanges against trying every assignment."""

from datetime import timedelta
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from ontology.closures import Closures
from ontology.columns import Snapshot, record_at
from ontology.demand import OrderFulfilment, SalesOrder
from ontology.errors import InputError, SolverError
from ontology.places import HandlingRate, PortAccess, SharedResource
from ontology.transport import FreightRate
from solver.explain.baselines import compare
from solver.explain.cuts import unserved_orders
from solver.explain.lines import decode
from solver.explain.shortfalls import shortfalls
from solver.model.assignment_network import AssignmentLabels
from solver.model.movements import candidates, window_of
from solver.network.names import ABSENT
from solver.network.scaling import half_up
from tests.solver.planning import (
    KILOGRAM,
    MONDAY,
    Solved,
    random_closures,
    random_orders,
    snapshot_of,
    solved,
)

Choice = tuple[int, ...]


def _rows(snapshot: Snapshot, name: str) -> list[Any]:
    table = snapshot.table(name)
    return [record_at(table, row) for row in range(len(table))]


def _charge(snapshot: Snapshot, order: SalesOrder, plant: str) -> Fraction | None:
    """The freight of one order from one plant in exact cents, read straight from the rates."""
    ports = {a.port for a in _rows(snapshot, "PortAccess") if a.location == plant}
    rates = [
        r for r in _rows(snapshot, "FreightRate")
        if r.origin_port in ports and r.destination_port == order.destination_port
    ]  # fmt: skip
    if order.freight_payer == "customer":
        return Fraction(0) if rates else None
    charges = []
    for rate in rates:
        weight = order.weight_micrograms
        assert weight is not None
        if rate.minimum_weight_micrograms <= weight <= rate.maximum_weight_micrograms:
            exact = Fraction(weight, KILOGRAM) * Fraction(rate.rate_per_kilogram_micros, 10_000)
            least = Fraction(rate.minimum_charge_cents)
            charges.append(least if rate.mode == "ground" else max(least, exact))
    return min(charges, default=None)


def _labels(plan: Solved) -> AssignmentLabels:
    assert isinstance(plan.problem.labels, AssignmentLabels)
    return plan.problem.labels


def _choices(labels: AssignmentLabels) -> list[tuple[Choice, int, int]]:
    """Every assignment within open arcs and capacity: (location per order, served, cents)."""
    orders, places = labels.open_arcs.shape
    options = [[ABSENT, *np.flatnonzero(labels.open_arcs[o]).tolist()] for o in range(orders)]
    found = []
    for choice in product(*options):
        used = [choice.count(place) for place in range(places)]
        if all(u <= c for u, c in zip(used, labels.capacity.tolist(), strict=True)):
            cost = sum(int(labels.cost[o, p]) for o, p in enumerate(choice) if p != ABSENT)
            found.append((choice, orders - choice.count(ABSENT), cost))
    return found


def _closed(seed: int) -> tuple[Snapshot, Closures]:
    facts = random_orders(seed)
    return facts, random_closures(len(candidates(facts, window_of(facts))), seed)


@pytest.mark.parametrize("seed", range(60))
def test_most_orders_then_least_cost(seed: int):
    """The plan serves as many as any assignment, at the least cost of those that do."""
    plan = solved(*_closed(seed))
    labels = _labels(plan)
    most = max(served for _, served, _ in _choices(labels))
    least = min(cost for _, served, cost in _choices(labels) if served == most)
    served = labels.served_by(plan.flow)
    here = np.flatnonzero(served != ABSENT)
    assert most == len(here)
    assert least == int(labels.cost[here, served[here]].sum())


@pytest.mark.parametrize("seed", range(60))
def test_freight_follows_the_tariff(seed: int):
    """Every order and plant costs what the rates say, read one by one in exact rationals."""
    plan = solved(random_orders(seed))
    labels = _labels(plan)
    for number, order in enumerate(_rows(plan.snapshot, "SalesOrder")):
        for place, plant in enumerate(labels.locations):
            exact = _charge(plan.snapshot, order, plant)
            expected = -1 if exact is None else half_up(exact.numerator, exact.denominator)
            assert expected == labels.freight.cents[number, place]


@pytest.mark.parametrize("seed", range(60))
def test_cuts_readd_and_exchanges_are_what_forcing_the_order_in_costs(seed: int):
    """Orders - capacity = short = the unserved that are bound to the cut; prices by force."""
    plan = solved(*_closed(seed))
    labels = _labels(plan)
    names = labels.orders["id"].tolist()
    rows = shortfalls(plan.problem, plan.flow, plan.potentials)
    missing = {row["order"] for row in rows}
    choices = _choices(labels)
    most = max(served for _, served, _ in choices)
    least = min(cost for _, served, cost in choices if served == most)
    for row in rows:
        cut, order = row["cut"], names.index(row["order"])
        assert cut["short"] == cut["orders"] - cut["capacity"]
        assert cut["short"] >= 1
        inside = [labels.locations.index(name) for name in cut["locations"]]
        outside = np.delete(np.arange(len(labels.locations)), inside)
        bound = [
            name for number, name in enumerate(names)
            if not labels.open_arcs[number, outside].any()
            and labels.open_arcs[number].any() == bool(inside)
        ]  # fmt: skip
        assert row["order"] in bound
        assert cut["short"] == len(missing.intersection(bound))
        forced = [c for choice, served, c in choices if served == most and choice[order] != ABSENT]
        assert bool(forced) == ("took_its_place" in row)
        if forced:
            assert row["price_difference_scaled"] == min(forced) - least
            assert row["alternative_cost_scaled"] == min(forced)
            assert row["took_its_place"] not in missing


@pytest.mark.parametrize("seed", range(60))
def test_a_named_rule_alone_would_let_the_order_be_served(seed: int):
    """Without the named rule one more order can be served; without any other one, none names it."""
    facts, closures = _closed(seed)
    plan = solved(facts, closures)
    most = max(served for _, served, _ in _choices(_labels(plan)))
    opened = {
        rule: max(s for _, s, _ in _choices(_labels(solved(facts, closures.without(rule)))))
        for rule in closures.closed
    }
    rows = shortfalls(plan.problem, plan.flow, plan.potentials)
    for row in rows:
        assert "rule" not in row or opened[row["rule"]] > most
        closed_out = "rule" in row and not row["cut"]["locations"]
        assert ("rule" if closed_out else "cannot") == row["kind"]
    assert any("rule" in row for row in rows) == any(s > most for s in opened.values())


def _records() -> list[Any]:
    return [
        SharedResource("plant", "orders", 1), HandlingRate("plant", 1_420_000),
        PortAccess("plant", "east"), PortAccess("plant", "west"),
        FreightRate("c2", "east", "sea", "DTD", "AIR", 0, 5 * KILOGRAM, 100, 1_000_000),
        FreightRate("c1", "west", "sea", "DTD", "AIR", 0, 5 * KILOGRAM, 100, 1_000_000),
        SalesOrder("o1", "i", "c", 3, MONDAY, "sea", weight_micrograms=5 * KILOGRAM),
    ]  # fmt: skip


def test_a_line_states_both_costs_the_port_the_carrier_and_its_facts():
    """3 x 1.42 + 5 kg x 1.00; bands are closed; ties go to the first port by name."""
    plan = solved(snapshot_of(*_records()))
    line = decode(plan.problem, plan.snapshot, plan.flow)[0]
    assert tuple(
        line[name] for name in ("handling_cost_scaled", "freight_cost_scaled", "cost_scaled")
    ) == (426, 500, 926)
    assert (line["origin_port"], line["carrier"]) == ("east", "c2")
    rate = f"FreightRate/c2/east/sea/DTD/AIR/0/{5 * KILOGRAM}/100/1000000/0/''"
    assert rate in line["because"]


def test_the_customer_pays_the_customers_carrier():
    """Freight 0, no carrier and no rate named, wherever one port has a rate at all."""
    records = _records()
    records[-1] = SalesOrder(
        "o1", "i", "c", 3, MONDAY, "sea", weight_micrograms=1, freight_payer="customer"
    )
    plan = solved(snapshot_of(*records))
    line = decode(plan.problem, plan.snapshot, plan.flow)[0]
    assert line["freight_cost_scaled"] == 0
    assert "carrier" not in line
    assert not any(name.startswith("FreightRate") for name in line["because"])


def test_the_warehouse_alone_can_be_what_counts():
    """With `warehouse` alone, freight is still stated but not part of the cost."""
    plan = solved(snapshot_of(*_records()), parts={"warehouse"})
    line = decode(plan.problem, plan.snapshot, plan.flow)[0]
    assert (line["cost_scaled"], line["freight_cost_scaled"]) == (426, 500)
    with pytest.raises(InputError) as refused:
        solved(snapshot_of(*_records()), parts={"labour"})
    assert refused.value.code == "COST_PARTS"


def test_an_order_too_heavy_for_every_band_cannot_be_served():
    """No band, no arc: kind `cannot`, and the reason says freight."""
    records = _records()
    records[-1] = SalesOrder("o1", "i", "c", 3, MONDAY, "sea", weight_micrograms=5 * KILOGRAM + 1)
    plan = solved(snapshot_of(*records))
    (row,) = shortfalls(plan.problem, plan.flow, plan.potentials)
    assert row["kind"] == "cannot"
    assert row["reason"].startswith("no freight")


def test_weights_and_rates_beyond_int64_stay_exact():
    """A product of 3 x 10^28 is priced to the cent."""
    records = _records()[:4]
    heavy, rate = 3 * 10**15 + 1, 10**13 + 7
    records.append(FreightRate("c", "east", "sea", "", "air", 0, 10**18, 0, rate))
    records.append(SalesOrder("o1", "i", "c", 3, MONDAY, "sea", weight_micrograms=heavy))
    plan = solved(snapshot_of(*records))
    line = decode(plan.problem, plan.snapshot, plan.flow)[0]
    assert half_up(heavy * rate, 10**13) == line["freight_cost_scaled"]


def test_penalties_beyond_the_exact_range_are_refused():
    """A cost whose penalty no document can hold is `COST_RANGE`."""
    records = _records()
    records[-1] = SalesOrder("o1", "i", "c", 2**50, MONDAY, "sea", weight_micrograms=1)
    with pytest.raises(SolverError) as refused:
        solved(snapshot_of(*records))
    assert refused.value.code == "COST_RANGE"


def test_what_was_done_is_priced_by_the_same_tariff():
    """Two orders on one place: priced where the recorded carrier has a rate, one over capacity."""
    second = SalesOrder("o2", "i", "c", 1, MONDAY, "sea", weight_micrograms=0)
    done = [OrderFulfilment(o, "plant", "west", c) for o, c in (("o1", "c1"), ("o2", "?"))]
    plan = solved(snapshot_of(*_records(), second, *done))
    figures = compare(plan.problem, plan.snapshot, plan.flow)
    assert figures["plan"]["orders_served"] == 1
    assert figures["do_nothing"]["cost_cents"] == 0
    as_done = figures["as_done"]
    assert tuple(
        as_done[name]
        for name in ("orders_served", "orders_priced", "orders_over_capacity", "cost_cents")
    ) == (2, 1, 1, 926)


def test_orders_of_later_days_stay_out():
    """An order placed after the first day is no part of the plan."""
    later = SalesOrder("o0", "i", "c", 1, MONDAY + timedelta(days=1), "sea", weight_micrograms=0)
    facts = snapshot_of(*_records(), later)
    assert len(candidates(facts, window_of(facts, MONDAY))) == 1
    assert len(candidates(facts, window_of(facts))) == 2


def test_a_flow_that_leaves_a_free_place_has_no_cut():
    """A wrong flow is refused, not explained."""
    plan = solved(snapshot_of(*_records()))
    wrong = np.zeros_like(plan.flow)
    with pytest.raises(SolverError) as refused:
        unserved_orders(plan.problem, _labels(plan), wrong)
    assert refused.value.code == "FLOW_NOT_OPTIMAL"
