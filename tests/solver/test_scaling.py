"""Integer scaling: exact whatever the size, half up, and refused beyond its range."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ontology.errors import SolverError
from solver.network.scaling import (
    SAFE_TOTAL,
    check_total_range,
    exact_products,
    greatest_divisor,
    half_up,
    half_up_columns,
)

WIDE = st.integers(-(2**61), 2**61)


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**20))
def test_half_up_is_the_nearest_integer_and_a_half_goes_up(numerator: int, denominator: int):
    """-1/2 < result - exact <= 1/2, in exact rationals."""
    error = Fraction(half_up(numerator, denominator)) - Fraction(numerator, denominator)
    assert Fraction(-1, 2) < error <= Fraction(1, 2)


@given(st.lists(WIDE, min_size=1, max_size=6), st.integers(1, 10**13))
def test_columns_round_like_single_numbers(numerators: list[int], denominator: int):
    """`half_up_columns` equals `half_up` cell by cell."""
    expected = [half_up(numerator, denominator) for numerator in numerators]
    column = np.array(numerators, np.int64)
    assert expected == half_up_columns(column, denominator).tolist()


@given(st.lists(WIDE, min_size=1, max_size=5), st.lists(WIDE, min_size=1, max_size=5))
def test_products_never_wrap(left: list[int], right: list[int]):
    """Products equal Python's integers, far beyond int64."""
    products = exact_products(np.array(left)[:, None], np.array(right)[None, :])
    assert [[a * b for b in right] for a in left] == products.tolist()


def test_a_greatest_divisor_divides_all():
    """It divides the denominator and each number, and none is greater."""
    assert greatest_divisor(36, np.array([12, 30])) == 6


def test_a_total_beyond_the_range_is_refused():
    """Just inside passes, just beyond is `COST_RANGE`, although no product alone is too large."""
    half = np.array([SAFE_TOTAL // 2, SAFE_TOTAL // 2])
    check_total_range(half, np.array([1, 1]))
    with pytest.raises(SolverError) as refused:
        check_total_range(half, np.array([1, 2]))
    assert refused.value.code == "COST_RANGE"


def test_a_result_that_no_int64_holds_is_refused():
    """Rounding never wraps silently."""
    wide = exact_products(np.array([2**61]), np.array([2**61]))
    with pytest.raises(SolverError):
        half_up_columns(wide, 2)
