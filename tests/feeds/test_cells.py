"""Cells against independent oracles: Decimal for numbers, the standard library for days."""

import unicodedata
from datetime import date, datetime
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.facts.cells import Choice, Day, ListOf, Scaled, Text
from ontology.canonical import LARGEST_INTEGER
from ontology.errors import InputError


@given(
    number=st.decimals(-(10**9), 10**9, allow_nan=False, places=9),
    places=st.integers(0, 9),
    power=st.integers(0, 12),
)
def test_scaled_is_exact_or_refused(number: Decimal, places: int, power: int) -> None:
    """Law: a decimal times its factor is the exact integer, or NOT_EXACT, or out of range."""
    with localcontext() as context:
        context.prec = 60
        text = f"{round(number, places):f}"
        exact = Decimal(text) * 10**power
        fine = exact != exact.to_integral_value()
        if not fine and abs(exact) <= LARGEST_INTEGER:
            assert exact == Scaled(10**power)(text)
            return
    with pytest.raises(InputError) as caught:
        Scaled(10**power)(text)
    expected = "NOT_EXACT" if fine else "NUMBER_RANGE"
    assert expected == caught.value.code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$1,234.50", 123_450),
        ("$43.23", 4_323),
        ("-$5", -500),
        ("$ 0.71", 71),
        ("1234567.89", 123_456_789),
        ("+1", 100),
    ],
)
def test_money_is_whole_cents(text: str, expected: int) -> None:
    """Law: sign, grouping and decimals of money are read as stated."""
    assert expected == Scaled(100, "$", ",")(text)


@pytest.mark.parametrize("text", ["1,2345", "12,34", ",123", "1.", ".5", "$", "1 2", "0x1", "1_0"])
def test_sloppy_money_is_refused(text: str) -> None:
    """Law: what could be read in two ways is not read."""
    with pytest.raises(InputError, match="is not a number in the stated form"):
        Scaled(100, "$", ",")(text)


def test_decimal_comma_is_read_where_stated() -> None:
    """Law: the decimal mark is the mapping's, never guessed."""
    expected = 123_450
    assert expected == Scaled(100, "€", ".", ",")("€1.234,50")


@given(day=st.dates(date(1970, 1, 1), date(2069, 12, 31)))
def test_days_agree_with_the_standard_library(day: date) -> None:
    """Law: every form reads back the day that it was written from; the pivot splits centuries."""
    for form, pattern in (
        ("yyyy-mm-dd", "%Y-%m-%d"),
        ("dd.mm.yyyy", "%d.%m.%Y"),
        ("mm/dd/yy", "%m/%d/%y"),
        ("yyyymmdd", "%Y%m%d"),
    ):
        text = day.strftime(pattern)
        assert day == Day(form, 70)(text)
        plain = datetime.strptime(day.strftime("%Y%m%d"), "%Y%m%d")  # noqa: DTZ007
        assert plain.date() == Day(form, 70)(text)
    assert day == Day("m/d/yy", 70)(f"{day.month}/{day.day}/{day.year % 100:02}")


def test_month_names_are_english_in_any_case() -> None:
    """Law: month names do not depend on the machine's language."""
    expected = date(2006, 6, 2)
    assert expected == Day("d-mmm-yy", 70)("2-Jun-06") == Day("d-mmm-yy", 70)("2-JUN-06")


def test_lists_are_sets() -> None:
    """Law: order and repeats within a list say nothing."""
    assert ListOf("|")("b| a |b") == ("a", "b")


def test_choice_falls_back_only_where_stated() -> None:
    """Law: an unknown value is refused unless the mapping names another."""
    assert Choice((("CRF", "customer"),), "shipper")("DTD") == "shipper"
    with pytest.raises(InputError, match="`DTD` is none of"):
        Choice((("CRF", "customer"),))("DTD")


@given(text=st.text(max_size=30))
def test_text_is_kept_or_refused(text: str) -> None:
    """Law: no text is changed on its way in; a formula start is never let through."""
    hidden = any(unicodedata.category(c) == "Cc" and c not in "\n\r\t" for c in text)
    if hidden or text.lstrip()[:1] in tuple("=+-@＝＋－＠"):
        with pytest.raises(InputError, match=r"starts like a|invisible character"):
            Text()(text)
    else:
        assert text == Text()(text)


@pytest.mark.parametrize(
    "mark", ["\u202e", "\u2067", "\u200b", "\ufeff", "\u00ad", "\u2028", "\u200f", "\U000e0041"]
)
def test_no_identity_holds_what_nobody_sees(mark: str) -> None:
    """Law: two identities that look the same are not two for a mark; a text may hold it."""
    with pytest.raises(InputError, match="holds an invisible character"):
        Text(identity=True)(f"W{mark}9")
    assert f"W{mark}9" == Text()(f"W{mark}9")


@pytest.mark.parametrize("name", ["می\u200cخواهم", "क्\u200dष", "Café", "倉庫 3"])
def test_an_identity_may_be_in_any_script(name: str) -> None:
    """Law: joiners, which Persian and Hindi are written with, stand; so does every letter."""
    assert name == Text(identity=True)(name)
