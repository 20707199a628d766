"""The frontier: certified plans in order, none beaten, and the price of a robust one."""

from fractions import Fraction

import pytest

from api.commands.frontier import document_of
from ontology.canonical import digest_of
from ontology.errors import InputError
from ontology.objectives import CARBON, LANDED, SERVICE, TURNOVER, Weights
from rules.release import default_release
from service.decision import PlanRequest
from service.frontier import Frontier, Point, frontier, ratios, robust_price, undominated
from service.planning import draft_plan
from solver.explain.objectives import Parts
from tests.solver.forecasts import random_forecast
from tests.solver.objective_worlds import PLACES, World, random_world, short_in_worst
from tests.solver.planning import random_orders

RELEASE = default_release()
REQUEST = PlanRequest("world", weights=Weights(carbon_price_cents_per_tonne=4_000_000))
PAIRS = ((SERVICE, LANDED), (LANDED, CARBON), (TURNOVER, SERVICE))


def amounts(found: Frontier) -> list[tuple[Fraction | None, ...]]:
    return [tuple(point.parts.of(name) for name in found.between) for point in found.points]


@pytest.mark.parametrize("between", PAIRS, ids=str)
def test_no_plan_of_a_chain_beats_a_point(between: tuple[str, str]) -> None:
    """Of all plans that there are, none is better in both objectives at the other parts' price.

    From end to end the first objective rises and the second falls, strictly.
    """
    lengths = set()
    for seed in range(8):
        world = random_world(seed)
        found = frontier(world.snapshot, RELEASE, REQUEST, between, 7)
        lengths.add(len(found.points))
        assert 7 == len(found.points) + found.dominated + found.repeated
        marks = amounts(found)
        assert sorted(set(marks)) == marks
        assert sorted(marks, key=lambda mark: -(mark[1] or 0)) == marks
        assert {"optimal"} == {point.label for point in found.points}
        assert all(point.cost_scaled == point.bound_scaled for point in found.points)
    assert max(lengths) > 1


def test_each_point_is_the_least_of_all_plans_by_its_weights() -> None:
    """Each point's weighted sum is the least over every plan of the chain, by other means."""
    for seed in range(8):
        world = random_world(seed)
        for point in frontier(world.snapshot, RELEASE, REQUEST, (SERVICE, LANDED), 5).points:
            weights = point.weights
            least = min(_weighed(world, plan, weights) for plan in world.plans())
            parts = point.parts
            mine = (
                weights.service_per_mille * parts.service
                + weights.landed_per_mille * parts.landed
                + weights.turnover_per_mille * parts.turnover
            ) / 1_000
            assert abs(mine - least) <= 50


def _weighed(world: World, plan: tuple[int, int, int], weights: Weights) -> Fraction:
    service, landed, turnover, _ = world.parts(plan)
    return (weights.service_per_mille * service + weights.landed_per_mille * landed
            + weights.turnover_per_mille * turnover) / 1_000  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_a_warm_start_is_no_input(seed: int) -> None:
    """Each point's digest is that of the plan made alone, from nothing, with the same weights."""
    snapshot = random_forecast(seed)
    found = frontier(snapshot, RELEASE, PlanRequest("world"), (SERVICE, LANDED), 5)
    for point in found.points:
        alone = draft_plan(snapshot, RELEASE, PlanRequest("world", weights=point.weights))
        assert digest_of(alone.decision) == point.plan
        assert alone.claims.bound == point.bound_scaled


def test_beaten_and_repeated_points_are_left_out() -> None:
    """A point stays if no other is as good in both and better in one; of equals the first stays."""
    pairs = [(1, 9), (2, 5), (2, 5), (3, 5), (4, 1), (1, 10), (4, 1)]
    points = [
        Point(Weights(), Parts(Fraction(a), Fraction(b), Fraction(0), None), 0, 0, "optimal",
              str(number), 0)
        for number, (a, b) in enumerate(pairs)
    ]  # fmt: skip
    kept, dominated, repeated = undominated(points, (SERVICE, LANDED))
    assert ["0", "1", "4"] == [point.plan for point in kept]
    assert (2, 2) == (dominated, repeated)


def test_weights_go_in_equal_ratios() -> None:
    """From a thousand to one to one to a thousand, by one factor; the middle is even."""
    assert [(1000, 1), (1000, 10), (1000, 100), (1000, 1000), (100, 1000), (10, 1000),
            (1, 1000)] == ratios(7)  # fmt: skip
    assert [(1000, 1), (1, 1000)] == ratios(2)
    for points in range(2, 62):
        found = ratios(points)
        assert found == [(b, a) for a, b in reversed(found)]


@pytest.mark.parametrize("percent", [5, 10, 25])
def test_a_robust_plan_costs_more_and_is_short_of_less(percent: int) -> None:
    """Its price is never below 0, and in the worst outcomes it never pays more for shortage."""
    dearer = 0
    for seed in range(8):
        world = random_world(seed)
        found, _ = robust_price(world.snapshot, RELEASE, PlanRequest("world"), percent)
        assert found.price >= 0
        assert found.robust.parts.money - found.expected.parts.money == found.price
        asked = sum(short_in_worst(world.paths(p, 1), 0, percent) for p in PLACES)
        assert asked == found.asked
        dearer += found.price > 0
        if found.price > 0:
            rest = _rest(found.robust) - _rest(found.expected)
            assert _worst_service(world, found.robust, percent) + rest <= (
                _worst_service(world, found.expected, percent) + 50
            )
    assert dearer


def _rest(point: Point) -> Fraction:
    return point.parts.landed + point.parts.turnover


def _worst_service(world: World, point: Point, percent: int) -> Fraction:
    """The shortage cost in the worst outcomes of a plan with these parts, the least if several."""
    same = [plan for plan in world.plans()
            if world.parts(plan)[:3] == (point.parts.service, point.parts.landed,
                                         point.parts.turnover)]  # fmt: skip
    return min(world.parts(plan, percent)[0] for plan in same)


def test_a_frontier_as_a_document() -> None:
    """The document names both objectives, and each point's weights, parts, proof and digest."""
    world = random_world(2)
    found = frontier(world.snapshot, RELEASE, REQUEST, (LANDED, CARBON), 3)
    document = document_of(found)
    assert ["landed", "carbon"] == document["between"]
    named = {"weights", "service_micros", "landed_micros", "turnover_micros", "carbon_grams",
             "cost_scaled", "bound_scaled", "label", "plan", "lines"}  # fmt: skip
    assert named == set(document["points"][0])


@pytest.mark.parametrize(("code", "between", "points"), [
    ("BETWEEN", (SERVICE,), 3), ("BETWEEN", (SERVICE, SERVICE), 3),
    ("OBJECTIVE_UNKNOWN", (SERVICE, "speed"), 3), ("POINTS", (SERVICE, LANDED), 1),
    ("POINTS", (SERVICE, LANDED), 62), ("NO_CARBON_PRICE", (SERVICE, CARBON), 3),
])  # fmt: skip
def test_what_is_no_frontier_is_named(code: str, between: tuple[str, ...], points: int) -> None:
    """One objective twice, an unknown one, too few or too many points: one clear line."""
    with pytest.raises(InputError) as caught:
        frontier(random_forecast(1), RELEASE, PlanRequest("world"), between, points)
    assert code == caught.value.code


def test_orders_have_no_frontier() -> None:
    """Orders are served first whatever it costs: there is nothing to weigh."""
    with pytest.raises(InputError) as caught:
        frontier(random_orders(3), RELEASE, PlanRequest("world"), (SERVICE, LANDED), 3)
    assert "WEIGHTS_REGIME" == caught.value.code
