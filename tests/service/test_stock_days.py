"""How long stock lasts: exact, and no order of use would last longer."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.impact.stock_days import Lot, days_until_short

MILLION = 1_000_000
lots = st.lists(
    st.builds(
        Lot, st.integers(0, 9), st.integers(0, 6), st.none() | st.integers(0, 9),
        st.sampled_from("abc"),
    ),
    max_size=5,
)  # fmt: skip


@pytest.mark.parametrize(
    ("stock", "rate", "expected"),
    [
        ([], MILLION, 0),
        ([Lot(10, 0, None, "a")], 0, None),
        ([Lot(10, 0, None, "a")], 3 * MILLION, 3),
        ([Lot(10, 0, None, "a")], 1, 10 * MILLION),
        ([Lot(2, 0, None, "a"), Lot(5, 2, None, "b")], MILLION, 7),
        ([Lot(2, 0, None, "a"), Lot(5, 3, None, "b")], MILLION, 2),
        ([Lot(9, 0, 1, "a"), Lot(3, 0, None, "b")], MILLION, 5),
        ([Lot(1, 0, None, "a"), Lot(1, 0, 0, "b")], 2 * MILLION, 1),
    ],
)
def test_by_hand(stock: list[Lot], rate: int, expected: int | None) -> None:
    """None at all; no demand; whole days; a trickle; in time; too late; what expires goes first."""
    assert expected == days_until_short(stock, rate)


@given(lots, st.integers(1, 4 * MILLION))
def test_day_after_day_gives_the_same(stock: list[Lot], rate: int) -> None:
    """A simulation in fractions, one day at a time, first expiring first, ends on the same day."""
    left = [(lot, Fraction(lot.units)) for lot in stock]
    for day in range(10 * 9 * MILLION):
        usable = sorted((row for row, (lot, _) in enumerate(left) if lot.is_usable_on(day)),
                        key=lambda row: (left[row][0].last_day is None,
                                         left[row][0].last_day))  # fmt: skip
        held = sum(left[row][1] for row in usable)
        if held < Fraction(rate, MILLION):
            assert day == days_until_short(stock, rate)
            return
        if day > 20:
            assert day + held // Fraction(rate, MILLION) == days_until_short(stock, rate)
            return
        need = Fraction(rate, MILLION)
        for row in usable:
            used = min(need, left[row][1])
            left[row] = (left[row][0], left[row][1] - used)
            need -= used


@given(lots, lots, st.integers(1, 4 * MILLION))
def test_more_stock_never_lasts_shorter(stock: list[Lot], more: list[Lot], rate: int) -> None:
    """Any further lots leave the days as they are or more."""
    few, many = days_until_short(stock, rate), days_until_short([*stock, *more], rate)
    assert few is not None
    assert many is not None
    assert few <= many
