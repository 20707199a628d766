"""How alike names and numbers are, and in which way they are not equal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.identity.likeness import gs1_number, look_alike, name_percent, numbers_of, words_of


@pytest.mark.parametrize(
    ("one", "other"),
    [("ACME Ltd.", "Acme  limited"), ("Müller GmbH", "MULLER"), ("O'Hara Co", "OHARA"),
     ("POP001 ", "POP001")],
)  # fmt: skip
def test_spelling_is_no_difference(one: str, other: str) -> None:
    """Law: capitals, accents, marks, blanks and legal forms do not tell names apart."""
    assert words_of(one) == words_of(other)
    assert 100 == name_percent(one, other)


def test_a_name_of_legal_forms_keeps_its_words() -> None:
    """Law: where nothing else is left, the words count."""
    assert ("limited",) == words_of("Limited")


@given(st.text(max_size=20), st.text(max_size=20))
def test_alikeness_is_mutual(one: str, other: str) -> None:
    """Law: 0 to 100, the same both ways, and 100 for a name and itself."""
    assert 0 <= name_percent(one, other) <= 100
    assert name_percent(one, other) == name_percent(other, one)
    assert not words_of(one) or name_percent(one, one) == 100


def test_numbers_tell_names_apart() -> None:
    """Law: plant III is not plant VII, 30 tablets are not 60, and 07 is 7."""
    assert numbers_of("Plant III") != numbers_of("Plant VII")
    assert numbers_of("60/30mg, 30 Tabs") != numbers_of("60/30mg, 60 Tabs")
    assert numbers_of("Unit 07") == numbers_of("Unit 7")
    assert not numbers_of("Vitamin")


def test_gs1_numbers_are_one_in_all_lengths() -> None:
    """Law: a GTIN of 12 digits and the same with a zero in front are equal; a wrong one is none."""
    assert gs1_number("036000291452") == gs1_number("0036000291452") == "00036000291452"
    assert "" == gs1_number("036000291453")
    assert "" == gs1_number("12345") == gs1_number("4006381٣33931")


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("00123", "123", "`00123` and `123` differ in leading zeros"),
        ("4006381333931", "400638133393", "`4006381333931` is `400638133393` with a check digit"),
        ("4006381333931", "4006381333937",
         "the check digit of `4006381333937` would be 1: it may be a slip of the pen"),
        ("123", "123", ""), ("123", "456", ""), ("12a", "012a", ""), ("1", "01", ""),
    ],
)  # fmt: skip
def test_look_alikes_are_named(one: str, other: str, said: str) -> None:
    """Law: numbers that look the same are said to, never taken for equal."""
    assert said == look_alike(one, other)
    assert bool(said) == bool(look_alike(other, one))
