"""The demand curves: exact convolution and the expected cost that the carry arcs add up to."""

from datetime import date
from fractions import Fraction
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ontology.demand import Backlog, DemandOutcome
from ontology.errors import InputError
from solver.model.movements import RISK, Window
from solver.model.risk import cumulative, segments, stated_curves
from tests.solver.planning import MONDAY, snapshot_of

DAY = st.dictionaries(st.integers(0, 6), st.integers(1, 9), min_size=1, max_size=3)
DAYS = st.lists(DAY, min_size=1, max_size=3)


@given(DAYS, st.integers(0, 3))
def test_convolution_equals_enumeration(days: list[dict[int, int]], owed: int):
    """Every cumulative probability equals the sum over all combinations of outcomes."""
    for last, curve in enumerate(cumulative(days, owed)):
        chosen: dict[int, int] = {}
        for combination in product(*(day.items() for day in days[: last + 1])):
            units, weight = owed, 1
            for value, share in combination:
                units, weight = units + value, weight * share
            chosen[units] = chosen.get(units, 0) + weight
        assert dict(sorted(chosen.items())) == dict(zip(curve.units, curve.weights, strict=True))


@given(DAYS, st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 25))
def test_segments_add_up_to_the_expected_cost(
    days: list[dict[int, int]], holding: int, shortage: int, stock: int
):
    """The first S units cost h E[(S-D)+] + b E[(D-S)+] - b E[D], but for 1/2 micro per unit."""
    curve = cumulative(days)[-1]
    cost = 0
    for part in segments(curve, holding, shortage):
        units = max(0, stock - part.first + 1)
        cost += part.cost * (units if part.width is None else min(units, part.width))
    short = curve.expected_short(stock)
    over = stock - curve.expected() + short
    exact = holding * over + shortage * short - shortage * curve.expected()
    assert Fraction(stock, 2) >= abs(cost - exact)


@given(DAYS, st.integers(0, 10**7), st.integers(0, 10**7))
def test_segments_rise_and_cover_every_unit_once(
    days: list[dict[int, int]], holding: int, shortage: int
):
    """Strictly rising costs, widths without gap, the last one open."""
    parts = segments(cumulative(days)[-1], holding, shortage)
    assert parts[0].first == 1
    assert [part.width for part in parts if part.width is None] == [None]
    for one, after in pairwise(parts):
        assert one.cost < after.cost
        assert one.width is not None
        assert after.first == one.first + one.width


def test_a_day_without_outcomes_asks_for_nothing_and_backlog_is_certain():
    """Unstated days shift nothing; units owed stand before the first day."""
    facts = snapshot_of(
        DemandOutcome("i", "p", date(2026, 3, 3), 2, 1), Backlog("i", "p", 3),
        DemandOutcome("i", "p", date(2026, 3, 3), 0, 3),
    )  # fmt: skip
    first, second = stated_curves(facts, Window(RISK, MONDAY, 2), [("i", "p")])[0]
    assert first.units == (3,)
    assert Fraction(1, 4) == second.at_least(5)
    assert Fraction(7, 2) == second.expected()


@pytest.mark.parametrize(("units", "weight"), [(-1, 1), (1, -1), (1, 0)])
def test_impossible_distributions_are_refused(units: int, weight: int):
    """Negative units or weights, and a day of zero weight, are `BAD_DEMAND`."""
    facts = snapshot_of(DemandOutcome("i", "p", MONDAY, units, weight))
    with pytest.raises(InputError) as refused:
        stated_curves(facts, Window(RISK, MONDAY, 1), [("i", "p")])
    assert refused.value.code == "BAD_DEMAND"
