"""The network of a forecast: pool, given purchases, doing nothing, filters, breaches."""

from typing import Any

import numpy as np
import pytest

from ontology.closures import Closures
from solver.engine.flow import solve
from solver.engine.potentials import canonical_potentials
from solver.explain.breaches import service_breaches
from solver.explain.filters import KNOB, first_day_lines, unpaid_lines
from solver.explain.lines import decode, moved_units
from solver.model.carry_labels import CarryLabels
from solver.model.completion import complete
from solver.model.demand import QuantileDemand
from solver.model.movements import arrivals
from solver.proof.certificate import check, measure
from tests.solver.forecasts import random_forecast
from tests.solver.planning import Solved, random_closures, random_risk, shuffled, solved

KNOBS = {"line_days_between_shipments": 5, "lateral_pay_back_days": 3,
         "reverse_move_penalty_micros": 3_000_000}  # fmt: skip
SEEDS = range(40)


def labels_of(plan: Solved) -> CarryLabels:
    """The labels of a risk network."""
    assert isinstance(plan.problem.labels, CarryLabels)
    return plan.problem.labels


def planned(seed: int) -> Solved:
    """A random forecast under two rules that close some movements."""
    snapshot = random_forecast(seed)
    count = len(solved(snapshot).problem.movements)
    return solved(snapshot, random_closures(count, seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_plan_is_certified_and_doing_nothing_is_feasible(seed: int) -> None:
    """Bound = cost for the flow; the flow of doing nothing keeps balance, bounds and the bound."""
    plan = planned(seed)
    labels, network = labels_of(plan), plan.problem.network
    idle = complete(plan.problem, labels, np.zeros(len(plan.problem.movements), np.int64))
    fixed = (labels.given_cost, 0)
    claims = measure(network, plan.flow, plan.potentials, do_nothing=idle, fixed=fixed)
    verdict = check(network, plan.flow, plan.potentials, claims, do_nothing=idle)
    assert () == verdict.refusals
    assert claims.gap == 0
    assert claims.do_nothing is not None
    assert claims.do_nothing >= claims.bound


@pytest.mark.parametrize("seed", SEEDS)
def test_completing_a_plan_s_movements_gives_its_cost(seed: int) -> None:
    """All but the movements follows from them: a second way to the same cost."""
    plan = planned(seed)
    again = complete(plan.problem, labels_of(plan), moved_units(plan.problem, plan.flow))
    cost = plan.problem.network.cost
    assert int(cost @ plan.flow) == int(cost @ again)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_unit_is_accounted_for(seed: int) -> None:
    """What enters the sinks is stock, what is under way, and what was bought: law 1."""
    plan = planned(seed)
    labels = labels_of(plan)
    stock = int(plan.snapshot.table("StockPosition")["on_hand_units"].sum())
    _, _, under_way = arrivals(plan.snapshot, plan.window, labels.pairs)
    ends = -int(plan.problem.network.supply[-len(labels.items) :].sum())
    assert stock + int(under_way.sum()) + int(labels.given.units.sum()) == ends


@pytest.mark.parametrize("seed", SEEDS)
def test_purchases_are_whole_lots_up_to_the_target(seed: int) -> None:
    """Lots and minimum hold; one lot less would leave the position below the target."""
    plan = planned(seed)
    labels = labels_of(plan)
    offers = plan.snapshot.table("Offer")
    terms = {item: (int(least), int(lot), int(lead)) for item, least, lot, lead in zip(
        offers["item"], offers["minimum_order_units"], offers["lot_multiple_units"],
        offers["lead_time_days"], strict=True)}  # fmt: skip
    assert labels.pooled is not None
    for row, units in zip(labels.given.rows, labels.given.units.tolist(), strict=True):
        least, lot, lead = terms[plan.problem.movements["item"][row]]
        code = labels.items.index(plan.problem.movements["item"][row])
        reach = int(plan.snapshot.table("Lane")["lead_time_days"].max()) + 1
        target = labels.pooled.quantile(code, min(lead + 1 + reach, 8), 95)
        assert (units % lot, units >= least) == (0, True)
        position = _position(plan, labels, code)
        assert position + units >= target
        assert position + units - lot < target or units - lot < least


def _position(plan: Solved, labels: CarryLabels, code: int) -> int:
    item, first = labels.items[code], plan.window.starts_on
    lots = plan.snapshot.table("Lot")
    fit = {name for name, ends in zip(lots["id"], lots["expires_on"].tolist(), strict=True)
           if ends >= first}  # fmt: skip
    there = plan.snapshot.table("StockPosition")
    free = sum(units for name, lot, units in zip(
        there["item"], there["lot"], there["on_hand_units"].tolist(), strict=True)
        if name == item and lot in fit)  # fmt: skip
    pair, _, units = arrivals(plan.snapshot, plan.window, labels.pairs)
    return int(free + units[labels.item_of_pair[pair] == code].sum())


def test_a_closed_offer_buys_nothing() -> None:
    """The echelon rule asks only offers that no rule closed."""
    bought = 0
    for seed in SEEDS:
        snapshot = random_forecast(seed)
        plan = solved(snapshot)
        bought += len(labels_of(plan).given.rows)
        offers = np.flatnonzero(plan.problem.movements["kind"] == "purchase")
        without = solved(snapshot, Closures({"urn:rule": offers}))
        assert [] == labels_of(without).given.rows.tolist()
    assert bought > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_row_order_is_no_input(seed: int) -> None:
    """Shuffled facts give the same network, flow and lines: law 8."""
    plan, other = solved(random_forecast(seed)), solved(shuffled(random_forecast(seed), seed))
    assert plan.problem.network.digest == other.problem.network.digest
    assert plan.flow.tolist() == other.flow.tolist()
    assert decode(plan.problem, plan.snapshot, plan.flow) == decode(
        other.problem, other.snapshot, other.flow
    )


def test_unpaid_lines_close_by_the_knob_that_says_so() -> None:
    """Both knobs close lines, lines on lanes only, and more patience never closes more."""
    found: dict[str, int] = {}
    for seed in SEEDS:
        plan = planned(seed)
        labels = labels_of(plan)
        lines = first_day_lines(plan.problem, labels, plan.snapshot, plan.flow)
        closed = unpaid_lines(plan.problem, labels, plan.snapshot, lines, plan.flow, KNOBS)
        for name, rows in closed.items():
            found[name] = found.get(name, 0) + len(rows)
            lanes = plan.problem.movements["lane"][rows]
            assert None not in lanes.tolist()
        patient = {**KNOBS, "line_days_between_shipments": 10**9, "lateral_pay_back_days": 365}
        fewer = unpaid_lines(plan.problem, labels, plan.snapshot, lines, plan.flow, patient)
        closed_rows, fewer_rows = (
            {row for rows in each.values() for row in rows.tolist()} for each in (closed, fewer)
        )
        assert fewer_rows <= closed_rows
    assert {f"{KNOB}line_days_between_shipments", f"{KNOB}lateral_pay_back_days"} == set(found)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_narrowed_problem_never_costs_less(seed: int) -> None:
    """Closing lines leaves a flow of the first network, so its bound still holds."""
    plan = planned(seed)
    labels = labels_of(plan)
    lines = first_day_lines(plan.problem, labels, plan.snapshot, plan.flow)
    closed = unpaid_lines(plan.problem, labels, plan.snapshot, lines, plan.flow, KNOBS)
    narrow = plan.problem.narrowed(closed)
    flow = solve(narrow.network).flow
    assert canonical_potentials(narrow.network, flow).shape == plan.potentials.shape
    fixed = (labels.given_cost, int(lines.fixed.sum()))
    claims = measure(plan.problem.network, flow, plan.potentials, fixed=fixed)
    assert claims.gap >= claims.line_cost
    assert not moved_units(narrow, flow)[
        np.concatenate([[0][:0], *closed.values()]).astype(int)
    ].any()


@pytest.mark.parametrize("seed", SEEDS)
def test_breaches_are_where_the_promise_is_missed(seed: int) -> None:
    """One row per place that misses its service on a local day; the units would reach it."""
    plan = planned(seed)
    labels = labels_of(plan)
    demand = labels.curves
    assert isinstance(demand, QuantileDemand)
    rows = service_breaches(plan.problem, labels, demand, plan.flow, plan.potentials, 95)
    levels = _levels(plan, labels)
    missed = set()
    for pair, days in enumerate(demand):
        for day, curve in enumerate(days):
            if curve.at_least(int(levels[pair, day]) + 1) * 100 > 5 and days[-1].units[-1]:
                missed.add(labels.pairs[pair])
    assert missed == {(row["item"], row["location"]) for row in rows}
    for row in rows:
        pair = labels.pairs.index((row["item"], row["location"]))
        day = (np.datetime64(row["on"]) - plan.window.first).astype(int)
        enough = row["stock_units"] + row["quantity_units"]
        assert (
            demand[pair][day].at_least(enough + 1) * 100 <= 5
            or enough == demand.units[pair, day, -1]
        )


def _levels(plan: Solved, labels: CarryLabels) -> Any:
    levels = np.zeros((len(labels.pairs), plan.window.periods), np.int64)
    np.add.at(levels, (labels.carry_pair, labels.carry_day), plan.flow[: labels.carry_count])
    return levels


def test_a_substitute_serves_the_item_that_it_replaces() -> None:
    """Where only the replacement has stock, units of it stand in, and both accounts even out."""
    used = 0
    for seed in range(60):
        plan = solved(random_forecast(seed))
        rows = np.flatnonzero(plan.problem.movements["kind"] == "substitution")
        used += int(moved_units(plan.problem, plan.flow)[rows].sum())
    assert used > 0


def test_snapshots_without_forecast_have_no_pool() -> None:
    """Stated demand keeps its own network: no pool node, no given purchase."""
    labels = labels_of(solved(random_risk(1)))
    assert (None, 0) == (labels.pooled, len(labels.given.rows))
    assert isinstance(labels.curves, list)
