"""The chance of a unit to be lost when it expires: sums, bounds, and the best way to share out."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from solver.model.risk import Curve, cumulative
from solver.model.waste import Outlet, Steps, first_units, lengthened, lost, spread

SEEDS = range(30)
WORTH = 1_000_000


def random_curve(seed: int) -> Curve:
    """Cumulative demand of a few days of small whole demand."""
    rng = np.random.default_rng(seed)
    days = [
        {int(value): int(rng.integers(1, 5)) for value in rng.choice(6, int(rng.integers(1, 4)))}
        for _ in range(int(rng.integers(1, 4)))
    ]
    return cumulative(days)[-1]


def left(demand: Curve, stock: int) -> Fraction:
    """E[(stock - D)+]."""
    return stock - demand.expected() + demand.expected_short(stock)


def chance(steps: Steps, unit: int) -> Fraction:
    """The chance of one unit."""
    return next(found for upto, found in steps if upto is None or unit <= upto)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_chances_of_units_add_up_to_what_is_expected_to_be_left(seed: int) -> None:
    """The first A units after some others lose E[(ahead + A - D)+] - E[(ahead - D)+], exactly."""
    demand = random_curve(seed)
    for ahead, units in product(range(4), range(12)):
        steps = lost(demand, ahead)
        found = sum((chance(steps, unit) for unit in range(1, units + 1)), Fraction(0))
        assert left(demand, ahead + units) - left(demand, ahead) == found
        chances = [value for _, value in steps]
        assert sorted(chances) == chances


@pytest.mark.parametrize("seed", SEEDS)
def test_sharing_out_loses_the_least_that_any_sharing_does(seed: int) -> None:
    """The parts of a spread cost what the best of all ways to share units out costs."""
    rng = np.random.default_rng(seed)
    outlets = [
        Outlet(number, lost(random_curve(seed * 3 + number), 0), 0, int(rng.integers(0, 3)) * WORTH)
        for number in range(2)
    ]
    parts = first_units(spread(outlets, WORTH), 8)
    costs = [
        part.chance * WORTH + part.outlet.plain_way for part in parts for _ in range(part.width)
    ]
    sellable = [sum(p.width for p in spread([outlet], WORTH)) for outlet in outlets]
    for units in range(len(costs) + 1):
        best = min(
            sum((chance(outlet.steps, k) * WORTH + outlet.plain_way
                 for outlet, n in zip(outlets, split, strict=True)
                 for k in range(1, n + 1)), Fraction(0))
            for split in product(range(units + 1), repeat=2)
            if sum(split) == units and all(n <= s for n, s in zip(split, sellable, strict=True))
        )  # fmt: skip
        assert best == sum(costs[:units], Fraction(0))


def test_no_more_units_than_are_asked_for_are_shared_out() -> None:
    """The cheapest come first; units that are lost for sure are in no part."""
    outlet = Outlet(0, lost(Curve((2, 5), (1, 1), 2), 0))
    assert [(2, 0), (3, Fraction(1, 2))] == [
        (part.width, part.chance) for part in spread([outlet], WORTH)
    ]
    assert [(1, 0)] == [
        (part.width, part.chance) for part in first_units(spread([outlet], WORTH), 1)
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_demand_of_more_days_is_no_less(seed: int) -> None:
    """The mean grows with the days, rounded down; no value falls; as many days change nothing."""
    demand = random_curve(seed)
    assert demand == lengthened(demand, 3, 3)
    longer = lengthened(demand, 3, 7)
    assert demand.total == longer.total
    assert all(demand.at_least(k) <= longer.at_least(k) for k in range(20))
    assert demand.expected() * 7 / 3 - 1 <= longer.expected()
