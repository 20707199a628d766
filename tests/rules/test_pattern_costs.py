"""A pattern that may take hours over one text is found before it governs."""

import re

import pytest

from rules.patterns import can_blow_up


@pytest.mark.parametrize("pattern", [
    r"^(a+)+$", r"^(a|a)*$", r"^(a|aa)+$", r"^(a|ab)*$", r"^(a{1,2})+$", r"^(a{1,40}){40}$",
    r"^(\w|_x)+$", r"(?i)^(ab|A)+$", r"^((a|b)+c?)*$", r"(?=(a+)+$)b",
])  # fmt: skip
def test_what_can_be_read_in_several_ways_again_and_again_may_blow_up(pattern: str) -> None:
    """Each takes ever longer for each letter more, or is too like those that do."""
    assert can_blow_up(re.compile(pattern))


@pytest.mark.parametrize("pattern", [
    r"^[A-Z]{2}[0-9]{1,12}$", r"^(ab|cd)*$", r"^(a|b)*$", r"^([A-Z]-?)+$", r"^\S+@\S+$",
    r"^(EUR|USD)$", r"^([0-9]{4})+$", r"^(a+){2}$", r"^[a-z]+(,x|;y)*$",
])  # fmt: skip
def test_what_can_be_read_in_one_way_does_not(pattern: str) -> None:
    assert not can_blow_up(re.compile(pattern))
