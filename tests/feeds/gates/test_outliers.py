"""Outliers: found against the item's own past, and nothing else's."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from feeds.gates.outliers import outliers
from feeds.gates.past import Past
from feeds.gates.thresholds import DEFAULTS, Thresholds
from ontology.deliveries import DeliveryLine
from tests.feeds.gates.small_past import day, demand, past, tables, told

STEADY = (10, 12, 9, 11, 10, 13, 8, 10, 11, 9, 12, 10, 11, 10)


def found(history: Past, *units: int, limits: Thresholds = DEFAULTS) -> list[tuple[int, str, str]]:
    arriving = tables(*demand(*units, first=100))
    return told(outliers(arriving, history, limits))


def test_the_number_is_stated() -> None:
    """Law: the message tells the value, how many came before, their range and their median."""
    arriving = tables(*demand(10, 400, first=100))
    (finding,) = outliers(arriving, past(*demand(*STEADY)), DEFAULTS)
    assert (1, "OUTLIER", "widget/north/2024-04-11") == (finding.row, finding.code, finding.key)
    expected = (
        "`quantity_units` of `widget` is 400; 14 values before it were 8 to 13, their median 10"
    )
    assert expected == finding.message


def test_far_is_marked_and_farther_quarantined() -> None:
    """Law: ln(40/10) is 4 spreads of the noise of counting away, ln(10^6/10) more than 12."""
    history = past(*demand(*STEADY))
    assert [] == found(history, 30)
    assert [(0, "OUTLIER", "Warning")] == found(history, 60)
    assert [(0, "OUTLIER", "Violation")] == found(history, 1_000_000)


def test_little_is_far_too() -> None:
    """Law: a hundredth is as far from the median as a hundred times."""
    assert [(0, "OUTLIER", "Warning")] == found(past(*demand(*[n * 100 for n in STEADY])), 100)


def test_what_was_said_before_is_no_outlier() -> None:
    """Law: a value within the range of the past is accepted, however far from the median."""
    history = past(*demand(*STEADY, 60))
    assert [] == found(history, 60)


def test_intermittent_demand_has_zeros() -> None:
    """Law: zeros are no outliers and do not make the other values seem far."""
    history = past(*demand(*[n for size in STEADY for n in (0, 0, 0, size)]))
    assert [] == found(history, 0, 14, 0)
    assert [(1, "OUTLIER", "Warning")] == found(history, 0, 60)


def test_a_short_past_says_nothing() -> None:
    """Law: a series is judged from `history_least_rows` values on, not before."""
    assert [] == found(past(*demand(*STEADY[:11])), 60)
    assert [(0, "OUTLIER", "Warning")] == found(past(*demand(*STEADY[:12])), 60)


def test_each_item_has_its_own_past() -> None:
    """Law: what is usual of one item, or elsewhere, is not usual of another."""
    history = past(*demand(*STEADY), *demand(*[n * 1000 for n in STEADY], item="gadget"),
                   *demand(*[n * 1000 for n in STEADY], location="south"))  # fmt: skip
    assert [(0, "OUTLIER", "Violation")] == found(history, 9_000)
    assert [] == told(outliers(tables(*demand(9_000, item="gadget")), history, DEFAULTS))


def test_a_price_is_held_to_the_prices_before() -> None:
    """Law: a delivery line is judged by quantity and price; a price is only marked."""

    def line(name: str, price: int) -> DeliveryLine:
        return DeliveryLine(name, "pill", "ACME", "KE", 100, pack_price_cents=price,
                            delivered_on=day(1))  # fmt: skip

    history = past(*[line(f"L{at}", 300 + at) for at in range(14)])
    (finding,) = outliers(tables(line("X", 9_000)), history, DEFAULTS)
    expected = ("pack_price_cents", "OUTLIER", "Warning")
    assert expected == (finding.column, finding.code, finding.severity)


@given(st.lists(st.integers(1, 10_000), min_size=12, max_size=60), st.integers(1, 1000))
def test_the_scale_of_a_series_is_no_input(units: list[int], factor: int) -> None:
    """Law: all values times a factor give the same verdict, once counting noise is small."""
    units = [n * 10_000 for n in units]
    arriving = [units[0] * 50, units[1]]
    plain = found(past(*demand(*units)), *arriving)
    larger = found(past(*demand(*[n * factor for n in units])), *[n * factor for n in arriving])
    assert plain == larger


@given(st.permutations(range(30)))
def test_row_order_is_no_input(order: list[int]) -> None:
    """Law: the order in which the past is told changes nothing."""
    units = list(np.random.default_rng(1).integers(1, 50, 30))
    rows = demand(*map(int, units))
    assert found(past(*rows), 900) == found(past(*[rows[at] for at in order]), 900)
