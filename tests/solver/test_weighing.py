"""Parts of a unit's cost and of a flow's, and shortage by the worst outcomes, in columns."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from ontology.columns import MISSING
from ontology.goods import Item
from ontology.objectives import Weights
from solver.explain.baselines import cost_parts
from solver.explain.filters import first_day_lines
from solver.explain.objectives import parts_of, worst_short
from solver.explain.unmet import stock_levels
from solver.model.carry_costs import line_costs
from solver.model.carry_labels import CarryLabels
from solver.model.demand import TOTAL, QuantileDemand
from solver.model.movements import candidates, window_of
from solver.model.risk import segments
from solver.model.weighing import carbon_micrograms
from tests.solver.forecasts import random_forecast
from tests.solver.objective_worlds import random_world
from tests.solver.planning import Solved, random_risk, snapshot_of, solved

SEEDS = range(6)


def labels_of(found: Solved) -> CarryLabels:
    assert isinstance(found.problem.labels, CarryLabels)
    return found.problem.labels


@pytest.mark.parametrize("seed", SEEDS)
def test_the_parts_add_up_to_the_expected_cost(seed: int) -> None:
    """Service, landed cost and turnover are all of the plain expected cost, and no part twice."""
    for snapshot in (random_risk(seed), random_forecast(seed)):
        found = solved(snapshot)
        labels = labels_of(found)
        lines = first_day_lines(found.problem, labels, snapshot, found.flow)
        first = np.unique(lines.line, return_index=True)[1]
        fixed = line_costs(snapshot, found.problem.movements.take(lines.rows[first])).sum()
        whole = cost_parts(found.problem, labels, found.flow, int(fixed)).total
        money = parts_of(found.problem, labels, snapshot, found.flow).money
        units = sum(found.problem.network.supply.clip(0).tolist())
        assert abs(whole - money) <= 3 * units  # each mean of rates is rounded down by itself


@pytest.mark.parametrize("percent", [1, 7, 10, 50, 100])
def test_columns_price_the_worst_outcomes_as_single_curves_do(percent: int) -> None:
    """Every unit of every place and day costs what its own distribution says, by fractions."""
    for seed in SEEDS:
        labels = labels_of(solved(random_forecast(seed)))
        demand = labels.curves
        assert isinstance(demand, QuantileDemand)
        worst = replace(demand, worst_percent=percent)
        rows = worst.carry_rows(labels.holding, labels.shortage).tolist()
        found = {(pair, day, first): cost for pair, day, first, _, cost in rows}
        for (pair, day, first), cost in found.items():
            curve = demand[pair][day]
            holding, shortage = int(labels.holding[pair]), int(labels.shortage[pair])
            tail = curve.at_least(first)
            exact = holding * (1 - tail) - shortage * min(Fraction(1), tail * 100 / percent)
            assert abs(cost - exact) <= Fraction(1, 2)
            parts = segments(curve, holding, shortage, worst_percent=percent)
            assert cost == [part.cost for part in parts if part.first <= first][-1]


@pytest.mark.parametrize("percent", [1, 10, 33])
def test_what_is_short_in_the_worst_outcomes_by_scenarios(percent: int) -> None:
    """The same units by drawing a level of demand for the whole chain, a hundred thousand times."""
    found = solved(random_forecast(2))
    labels = labels_of(found)
    demand = labels.curves
    assert isinstance(demand, QuantileDemand)
    short, asked = worst_short(found.problem, labels, found.flow, percent)
    last = stock_levels(found.problem, labels, found.flow)[:, -1]
    levels = TOTAL - (np.arange(100_000) + 0.5) / 100_000 * TOTAL * percent / 100
    place = np.searchsorted(np.cumsum(demand.weights), levels)
    drawn = demand.units[:, -1][:, place]
    owed = np.maximum(0, drawn - last[:, None]).sum(axis=0).mean()
    assert float(short) == pytest.approx(owed, rel=1e-3)
    assert float(asked) == pytest.approx(drawn.sum(axis=0).mean(), rel=1e-3)


def test_the_worst_of_all_outcomes_is_the_expectation() -> None:
    """At 100 per cent weights, costs and shortage are those of the whole distribution."""
    labels = labels_of(solved(random_forecast(1)))
    demand = labels.curves
    assert isinstance(demand, QuantileDemand)
    assert demand.weights.tolist() == demand.worst_weights.tolist()
    for percent in (1, 10, 99):
        worst = replace(demand, worst_percent=percent).worst_weights
        assert percent * (TOTAL // 100) == worst.sum()


def test_carbon_is_weight_by_distance_by_mode() -> None:
    """A kilogram, 500 km, 80 grams per tonne and km: 40 grams; without one of them, not known."""
    world = random_world(1)
    movements = candidates(world.snapshot, window_of(world.snapshot))
    found = carbon_micrograms(world.snapshot, movements)
    lanes = dict(zip(movements["lane"], found.tolist(), strict=True))
    assert {"truck": 40_000_000, "train": 5_000_000, "back": 40_000_000} == lanes
    for name in ("LaneDistance", "ModeEmission"):
        tables = {k: v for k, v in world.snapshot.tables.items() if k != name}
        assert {MISSING} == set(carbon_micrograms(replace(world.snapshot, tables=tables),
                                                  movements).tolist())  # fmt: skip
    light = snapshot_of(Item("item")).tables
    without = replace(world.snapshot, tables={**world.snapshot.tables, **light})
    assert {MISSING} == set(carbon_micrograms(without, movements).tolist())


def test_weights_of_nothing_cost_nothing() -> None:
    """Under weights of 0 every rate is 0."""
    labels = labels_of(solved(random_risk(1)))
    assert labels.plain is not None
    nothing = replace(labels.plain, weights=Weights(0, 0, 0))
    assert not any(column.any() for column in (*nothing.rates(), nothing.move_cost()))
