"""The planner reproduces the figures that `examples/two_hubs/README.md` works out by hand."""

from fractions import Fraction

import numpy as np
import pytest

from ontology.closures import Closures
from solver.explain.baselines import compare
from solver.explain.lines import decode, moved_units
from solver.explain.shortfalls import shortfalls
from solver.explain.unmet import stock_levels, without_each_rule
from solver.model.carry_labels import CarryLabels
from solver.model.movements import candidates, stock_after, window_of
from tests.solver import two_hubs
from tests.solver.planning import Solved, solved

CENT = 10_000
PAIRS = [(i, p) for i in ("gadget", "vaccine", "widget") for p in ("north", "south")]


def _closures() -> Closures:
    facts = two_hubs.snapshot()
    window = window_of(facts)
    return two_hubs.closures(candidates(facts, window), stock_after(facts, window))


@pytest.fixture(scope="module", name="plan")
def _plan() -> Solved:
    return solved(two_hubs.snapshot(), _closures())


def _labels(plan: Solved) -> CarryLabels:
    assert isinstance(plan.problem.labels, CarryLabels)
    return plan.problem.labels


@pytest.mark.parametrize(
    ("pair", "day", "tails"),
    [
        (("gadget", "north"), 2, "1 1 1 0"),
        (("vaccine", "south"), 1, "3/4 3/4 1/4 1/4 0"),
        (("widget", "north"), 0, "1/2 1/2 0"),
        (("widget", "north"), 1, "3/4 3/4 1/4 1/4 0"),
        (("widget", "north"), 2, "7/8 7/8 1/2 1/2 1/8 1/8 0"),
        (("widget", "south"), 0, "1 1/2 1/2 0"),
        (("widget", "south"), 1, "1 1 3/4 3/4 1/4 1/4 0"),
        (("widget", "south"), 2, "1 1 1 7/8 7/8 1/2 1/2 1/8 1/8 0"),
    ],
)
def test_the_table_of_probabilities(plan: Solved, pair: tuple[str, str], day: int, tails: str):
    """P(D >= k) for k = 1, 2, ... as in the README's tables."""
    curve = _labels(plan).curves[PAIRS.index(pair)][day]
    expected = [Fraction(tail) for tail in tails.split()]
    assert expected == [curve.at_least(k) for k in range(1, len(expected) + 1)]


@pytest.mark.parametrize(
    ("pair", "day", "cents"),
    [
        (("widget", "north"), 0, "-40 -40 10"),
        (("widget", "north"), 1, "-65 -65 -15 -15 10"),
        (("widget", "north"), 2, "-77.5 -77.5 -40 -40 -2.5 -2.5 10"),
        (("widget", "south"), 0, "-88 -38 -38 12"),
        (("widget", "south"), 1, "-88 -88 -63 -63 -13 -13 12"),
        (("widget", "south"), 2, "-88 -88 -88 -75.5 -75.5 -38 -38 -0.5 -0.5 12"),
        (("vaccine", "north"), 1, "-180 -180 20"),
        (("vaccine", "south"), 0, "24"),
        (("vaccine", "south"), 2, "-126 -126 -26 -26 24"),
        (("gadget", "south"), 2, "12"),
    ],
)
def test_the_table_of_carry_costs(plan: Solved, pair: tuple[str, str], day: int, cents: str):
    """The cost of the k-th unit kept, in cents, as in the README's tables."""
    expected = [float(cent) for cent in cents.split()]
    labels, number = _labels(plan), PAIRS.index(pair)
    found = [labels.next_cost(number, day, k) / CENT for k in range(len(expected))]
    assert expected == found


def test_the_lines(plan: Solved):
    """Buy 2 gadgets, send 2 new vaccines by the reefer and 3 widgets by truck, on Monday."""
    lines = decode(plan.problem, plan.snapshot, plan.flow)
    names = ("kind", "item", "supplier", "lane", "lot", "quantity_units", "cost_scaled")
    assert [tuple(line.get(name) for name in names) for line in lines] == [
        ("purchase", "gadget", "acme", None, None, 2, 120 * CENT),
        ("transfer", "vaccine", None, "reefer-ns", "V-NEW", 2, 348 * CENT),
        ("transfer", "widget", None, "truck-ns", "W1", 3, 90 * CENT),
    ]
    assert {("2026-03-02", "2026-03-03")} == {(x["departs_on"], x["arrives_on"]) for x in lines}
    assert lines[2]["because"] == [
        "StockPosition/widget/north/W1", "Lane/truck-ns", "StockingPolicy/widget/north",
        "StockingPolicy/widget/south", "DemandOutcome/widget/south/2026-03-02/3",
        "DemandOutcome/widget/south/2026-03-03/3", "DemandOutcome/widget/south/2026-03-04/3",
    ]  # fmt: skip


def test_one_widget_follows_on_tuesday(plan: Solved):
    """The only movement of a later day: it is planned, not executed."""
    movements = plan.problem.movements
    later = np.flatnonzero(
        (moved_units(plan.problem, plan.flow) > 0) & (movements["departs_on"] > plan.window.first)
    )
    assert movements["lane"][later].tolist() == ["truck-ns"]
    assert moved_units(plan.problem, plan.flow)[later].tolist() == [1]


def test_the_stock_levels(plan: Solved):
    """S per pair and day; the widgets' giver keeps its floor of 5 on the first day."""
    levels = stock_levels(plan.problem, _labels(plan), plan.flow).tolist()
    assert levels == [[0, 2, 3], [6, 6, 6], [5, 5, 5], [0, 2, 2], [5, 4, 4], [2, 5, 6]]


def test_the_optimum_and_doing_nothing(plan: Solved):
    """-2,389.00 in the network, 15.31 expected; doing nothing -1,492.00 and 24.28."""
    assert plan.objective == -2389 * CENT
    figures = compare(plan.problem, plan.snapshot, plan.flow)
    assert tuple(
        figures["plan"][name] for name in ("cost_cents", "stock_cost_cents", "movement_cost_cents")
    ) == (1531, 943, 588)
    nothing = figures["do_nothing"]
    assert (nothing["cost_cents"], nothing["cost_scaled"]) == (2428, -1492 * CENT)
    fills = [figures[name]["fill_per_million"] for name in ("do_nothing", "plan")]
    assert fills == [529_412, 911_765]


def test_the_bound_adds_up_to_the_optimum(plan: Solved):
    """Potentials . supply + the least reduced cost within each arc = the cost: gap 0."""
    network = plan.problem.network
    reduced = network.cost + plan.potentials[network.tail] - plan.potentials[network.head]
    least = np.minimum(reduced * network.lower, reduced * network.capacity).sum()
    assert plan.objective == int(least - plan.potentials @ network.supply)


def test_the_shortfalls(plan: Solved):
    """Every kind occurs, with the README's probabilities, expected units and reasons."""
    rows = shortfalls(plan.problem, plan.flow, plan.potentials)
    names = ("item", "location", "on", "kind", "short_probability_per_million",
             "expected_short_millionths")  # fmt: skip
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("gadget", "north", "2026-03-02", "cannot", 1_000_000, 1_000_000),
        ("vaccine", "south", "2026-03-03", "rule", 250_000, 500_000),
        ("vaccine", "south", "2026-03-04", "rule", 250_000, 500_000),
        ("widget", "north", "2026-03-04", "not worth it", 125_000, 250_000),
        ("widget", "south", "2026-03-02", "cannot", 500_000, 500_000),
        ("widget", "south", "2026-03-03", "rule", 250_000, 250_000),
        ("widget", "south", "2026-03-04", "not worth it", 500_000, 750_000),
    ]
    by_number = {row["number"]: row for row in rows}
    assert by_number[2]["rule"] == two_hubs.COLD
    assert by_number[2]["without_rule"] == {"stock_units": 4, "saved_scaled": 404 * CENT}
    assert by_number[6]["rule"] == two_hubs.FLOOR
    assert by_number[6]["without_rule"] == {"stock_units": 6, "saved_scaled": 23 * CENT}
    assert by_number[6]["cut"] == {"supply": 8, "into": 2, "out": 5, "units": 5}
    worth = {"avoids_scaled": 25_000, "costs_scaled": 18 * CENT}
    assert worth == by_number[4]["next_unit"]
    worth = {"avoids_scaled": 38 * CENT, "costs_scaled": 85 * CENT}
    assert worth == by_number[7]["next_unit"]


def test_the_stock_without_the_floor(plan: Solved):
    """North would keep 4 from Monday on, and the fourth widget would be south on Tuesday."""
    others = without_each_rule(plan.problem, _labels(plan), plan.flow, plan.potentials)
    (floor,) = [other for other in others if other.rule == two_hubs.FLOOR]
    assert floor.levels[4:].tolist() == [[4, 4, 4], [2, 6, 6]]
    assert {"vaccine": 0, **floor.saved} == {"vaccine": 0, "widget": 23 * CENT}


def test_what_each_rule_suppresses(plan: Solved):
    """2 purchases, 4 vaccine moves by truck, the old lot on both lanes, 2 Monday trucks."""
    counts = {two_hubs.APPROVED: 2, two_hubs.COLD: 4, two_hubs.FRESH: 2, two_hubs.OPEN: 2}
    assert counts == plan.problem.suppressed


@pytest.mark.parametrize(
    ("rule", "saved"),
    [
        (two_hubs.APPROVED, 100),
        (two_hubs.COLD, 404),
        (two_hubs.FLOOR, 23),
        (two_hubs.FRESH, 0),
        (two_hubs.OPEN, 136),
    ],
)
def test_what_each_rule_costs(plan: Solved, rule: str, saved: int):
    """The plan without one rule is cheaper by as many cents as the README says."""
    without = solved(two_hubs.snapshot(), _closures().without(rule))
    assert plan.objective - without.objective == saved * CENT
