"""Unit mismatch: the factor is found over an item's rows, and the pack that explains it named."""

import pytest

from feeds.gates.packs import unit_mismatches
from feeds.gates.past import Past
from feeds.gates.thresholds import DEFAULTS
from ontology.goods import UnitConversion
from tests.feeds.gates.small_past import demand, past, tables, told

STEADY = tuple(100 + (at * 37) % 41 for at in range(20))
CASE = UnitConversion("widget", "case", 12)


def found(history: Past, *units: int) -> list[tuple[int, str, str]]:
    return told(unit_mismatches(tables(*demand(*units, first=50)), history, DEFAULTS))


def test_the_pack_is_named() -> None:
    """Law: three rows in cases are quarantined, and the case that explains them is named."""
    arriving = tables(*demand(9, 10, 10, first=50))
    findings = unit_mismatches(arriving, past(*demand(*STEADY), CASE), DEFAULTS)
    assert [(row, "UNIT_MISMATCH", "Violation") for row in range(3)] == told(findings)
    expected = (
        "`quantity_units` of `widget` is about 1/11.9 of its median in 3 rows: "
        "a `case` of it holds 12"
    )
    assert expected == findings[0].message


@pytest.mark.parametrize("factor", [12, 24, 1000])
def test_a_usual_factor_is_marked(factor: int) -> None:
    """Law: a factor of packs that no fact states is marked: nothing proves that it is one."""
    units = [factor * 118, factor * 121, factor * 120]
    assert [(row, "UNIT_MISMATCH", "Warning") for row in range(3)] == found(
        past(*demand(*STEADY)), *units
    )


def test_a_stated_pack_comes_before_a_usual_factor() -> None:
    """Law: a pack of 11 explains a factor of about 11 although 10 and 12 are usual."""
    pack = UnitConversion("widget", "tray", 11)
    findings = unit_mismatches(tables(*demand(1300, 1310, 1320)), past(*demand(*STEADY), pack),
                               DEFAULTS)  # fmt: skip
    assert "a `tray` of it holds 11" in findings[0].message


def test_growth_is_no_unit() -> None:
    """Law: thrice as much is demand; so are two rows, and a factor within the past's range."""
    assert [] == found(past(*demand(*STEADY), CASE), 360, 350, 340)
    assert [] == found(past(*demand(*STEADY), CASE), 1440, 1440)
    wide = past(*demand(*STEADY, 2000), CASE)
    assert [] == found(wide, 1440, 1440, 1440)


def test_a_series_that_leaps_says_little() -> None:
    """Law: a factor that so few rows of so wide a series give by themselves is no unit."""
    leaping = past(*demand(*[1, 400] * 10))
    assert [] == found(leaping, 20_000, 20_000, 20_000)


def test_the_pack_may_come_with_the_delivery() -> None:
    """Law: a UnitConversion of the same delivery counts."""
    arriving = tables(*demand(9, 10, 10, first=50), CASE)
    findings = unit_mismatches(arriving, past(*demand(*STEADY)), DEFAULTS)
    assert {"Violation"} == {finding.severity for finding in findings}


def test_a_factor_between_packs_is_no_pack() -> None:
    """Law: five hundred times is near no factor of packs, so nothing is said of units."""
    assert [] == found(past(*demand(*STEADY)), 500 * 118, 500 * 121, 500 * 120)


def test_each_place_is_held_to_its_own_median() -> None:
    """Law: an item's rows of places of different size show one factor."""
    large = [n * 50 for n in STEADY]
    history = past(*demand(*STEADY), *demand(*large, location="south"), CASE)
    arriving = tables(*demand(1440), *demand(72_000, 71_000, location="south"))
    assert [(row, "UNIT_MISMATCH", "Violation") for row in range(3)] == told(
        unit_mismatches(arriving, history, DEFAULTS)
    )
