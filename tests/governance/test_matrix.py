"""The approval matrix: what demands whom, what cannot be told, and what cannot be read."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.matrix import Demand, Features, default_matrix, demanded, matrix_of
from ontology.errors import InputError
from tests.governance.approval_board import PLAIN

STANDS = """
format = "evenkeel-approvals/1"
[stands]
gap_percent = 0.5
waits_hours = 72
deadline_hours = 24
approved_hours = 48
escalates_to = ["governor"]
novelty_plans = 20
"""
ROWS = (
    STANDS
    + """
[[demand]]
name = "cold in the valley"
handling = ["cold"]
regions = ["valley"]
people = 1
roles = ["approver"]
[[demand]]
name = "dear and open"
goods_cents_from = 10_000
gap_percent_from = 0.25
people = 2
roles = ["approver", "governor"]
[[demand]]
name = "new"
novel = true
families = ["medical"]
suppliers = ["acme"]
cost_cents_from = 1
attention_from = 1
people = 3
roles = ["approver"]
"""
)
KNOWN = replace(PLAIN, novel=())


def names(features: Features) -> list[str]:
    """The names of what the matrix demands."""
    return [demand.name for demand in demanded(matrix_of(ROWS), features)]


def test_all_conditions_of_a_row_must_hold() -> None:
    cold = replace(KNOWN, handling=("ambient", "cold"))
    assert names(cold) == ["cold in the valley"]
    assert names(replace(cold, places=(("far",),))) == ["no demand speaks of it"]
    dear = replace(KNOWN, goods_cents=10_000, gap_per_million=2_500)
    assert names(dear) == ["dear and open"]
    assert names(replace(dear, gap_per_million=2_499)) == ["no demand speaks of it"]


def test_what_no_row_speaks_of_takes_the_strictest() -> None:
    (found,) = demanded(matrix_of(ROWS), KNOWN)
    assert (found.people, found.roles) == (3, ("approver",))


def test_reasons_are_told() -> None:
    (found,) = demanded(default_matrix(), KNOWN)
    assert found == Demand("every plan", 1, ("approver",), "of every plan")
    dear = demanded(default_matrix(), replace(KNOWN, cost_cents=6_000_000))
    assert dear[1].reason == "its cost in cents is 6,000,000, from 5,000,000 on"


@given(st.sets(st.sampled_from([field.name for field in fields(Features)])))
def test_what_cannot_be_told_never_demands_less(hidden: set[str]) -> None:
    """Law 7: features taken away only add demands."""
    blank: dict[str, Any] = dict.fromkeys(hidden)
    for matrix in (default_matrix(), matrix_of(ROWS)):
        for features in (KNOWN, replace(KNOWN, cost_cents=9**9, handling=("cold",), novel=("x",),
                                        families=("medical",), attention=4)):  # fmt: skip
            told = {one.name: one for one in demanded(matrix, features)}
            unsure = {one.name: one for one in demanded(matrix, replace(features, **blank))}
            spoken = {name: one for name, one in told.items() if name != "no demand speaks of it"}
            assert spoken.keys() <= unsure.keys()


@pytest.mark.parametrize("text", [
    "", "format = 1", STANDS, "no toml [", ROWS.replace("people = 3", "people = 0"),
    ROWS.replace('roles = ["approver"]', 'roles = ["queen"]'),
    ROWS.replace("novel = true", "novel = 1"), ROWS.replace("attention_from", "atention_from"),
    ROWS.replace('"new"', '"dear and open"'), ROWS.replace("0.25", "0.25001"),
    ROWS.replace("waits_hours = 72", "waits_hours = 0"), ROWS.replace('["cold"]', "[]"),
    ROWS.replace("gap_percent = 0.5", "gap_percent = nan"),
])  # fmt: skip
def test_what_is_no_matrix_is_refused(text: str) -> None:
    with pytest.raises(InputError) as found:
        matrix_of(text)
    assert found.value.code == "MATRIX_INVALID"
