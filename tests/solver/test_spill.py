"""Demand that comes through to units behind others: never more than really is left for them."""

from fractions import Fraction
from itertools import product
from math import prod

import numpy as np
import pytest

from solver.model.risk import Curve
from solver.model.spill import Ahead, spilled
from tests.solver.perishable_worlds import Batch

Days = list[dict[int, int]]
SEEDS = range(150)
ENDLESS = 40


def random_days(rng: np.random.Generator) -> Days:
    """A few days of one or two values."""
    return [
        {int(value): int(rng.integers(1, 4)) for value in rng.choice(6, int(rng.integers(1, 3)))}
        for _ in range(4)
    ]


def lost_of(days: Days, own: Batch, others: list[Batch]) -> Fraction:
    """Expected units lost of one batch, first expired first out, of equals the others first."""
    whole, lost = 0, 0
    for path in product(*(day.items() for day in days)):
        share = prod(weight for _, weight in path)
        whole += share
        lost += share * _left([units for units, _ in path], own, others)
    return Fraction(lost, whole)


def _left(asked: list[int], own: Batch, others: list[Batch]) -> int:
    batches = [[last, number, lands, units] for number, (lands, last, units) in
               enumerate([*others, own])]  # fmt: skip
    owed = 0
    for day, units in enumerate(asked):
        owed += units
        for batch in sorted(batches):
            if batch[2] <= day <= batch[0]:
                sold = min(owed, batch[3])
                batch[3] -= sold
                owed -= sold
    last = max(range(len(batches)), key=lambda row: batches[row][1])
    return batches[last][3]


def stated(through: Curve, units: int) -> Fraction:
    """Expected units lost where the k-th is lost if less than k comes through."""
    return sum((1 - through.at_least(k) for k in range(1, units + 1)), Fraction(0))


@pytest.mark.parametrize("seed", SEEDS)
def test_no_unit_counts_on_demand_that_others_may_take(seed: int) -> None:
    """Whatever is ahead and lasts longer: the statement is never below what really is lost."""
    rng = np.random.default_rng(seed)
    days, last = random_days(rng), int(rng.integers(0, 4))
    lands, units = int(rng.integers(0, last + 1)), int(rng.integers(1, 7))
    ahead = [Ahead(int(rng.integers(0, day + 1)), day, int(rng.integers(1, 5)))
             for day in rng.integers(0, last + 1, int(rng.integers(0, 3))).tolist()]  # fmt: skip
    for there in (None, 0, 3):
        lasting = (0, 30, ENDLESS if there is None else there)
        through = spilled(days, ahead, lands, last, units, there)
        true = lost_of(days, (lands, last, units), [*map(tuple, ahead), lasting])
        assert true <= stated(through, units), there


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_there_on_the_first_day_is_exact(seed: int) -> None:
    """Ahead and own units are all there: what comes through is what first expired first leaves."""
    rng = np.random.default_rng(seed)
    days, last, units = random_days(rng), int(rng.integers(0, 4)), int(rng.integers(1, 7))
    ahead = [Ahead(0, day, int(rng.integers(1, 5)))
             for day in rng.integers(0, last + 1, int(rng.integers(0, 3))).tolist()]  # fmt: skip
    through = spilled(days, ahead, 0, last, units)
    true = lost_of(days, (0, last, units), [*map(tuple, ahead), (0, 30, 5)])
    assert true == stated(through, units)


def test_owed_demand_waits_for_units_that_land() -> None:
    """Three a day for two days, two are there: on the third day four are owed, and three asked."""
    days: Days = [{3: 1}, {3: 1}, {3: 1}]
    assert (7,) == spilled(days, [], 2, 2, 9, 2).units
    assert (3,) == spilled(days, [], 2, 2, 9).units
    assert (4,) == spilled(days, [Ahead(2, 2, 3)], 2, 2, 9, 2).units


def test_many_states_are_joined_on_the_safe_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """With few states at a time no more demand comes through than with all of them."""
    rng = np.random.default_rng(5)
    for _ in range(30):
        days = random_days(rng)
        ahead = [Ahead(0, 1, 3), Ahead(0, 3, 4)]
        monkeypatch.undo()
        exact = spilled(days, ahead, 1, 3, 6, 3)
        monkeypatch.setattr("solver.model.spill.MOST_SUPPORT", 3)
        assert stated(exact, 6) <= stated(spilled(days, ahead, 1, 3, 6, 3), 6)
