"""Errors say by whose fault they are, where, and how to go on."""

import pytest

from ontology.errors import (
    AccessError,
    EvenkeelError,
    InputError,
    OutsideError,
    Place,
    SolverError,
    StateError,
)

LEAVES = {InputError: 2, AccessError: 2, StateError: 1, OutsideError: 1, SolverError: 1}


@pytest.mark.parametrize("kind", LEAVES)
def test_each_leaf_has_a_code_and_an_exit_status(kind: type[EvenkeelError]) -> None:
    """Bad input and access exit with 2, everything else with 1, and no two leaves share a code."""
    assert LEAVES[kind] == kind("it broke").exit_status
    assert len(LEAVES) == len({leaf.code for leaf in LEAVES} - {EvenkeelError.code})
    assert kind.code == kind.code.upper()


def test_a_given_code_is_of_that_error_alone() -> None:
    """A specific code belongs to one error and leaves its class as it was."""
    assert InputError("the line is too long", code="TOO_LONG").code == "TOO_LONG"
    assert InputError("the line is too long").code == "BAD_INPUT"


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (Place(), ""),
        (Place("orders.csv"), "orders.csv"),
        (Place("orders.csv", 7), "orders.csv, row 7"),
        (Place("orders.csv", 7, "weight"), "orders.csv, row 7, column `weight`"),
        (Place(column="weight"), "column `weight`"),
    ],
)
def test_a_place_leaves_out_what_is_not_known(place: Place, expected: str) -> None:
    """File, row and column, as far as they are known."""
    assert expected == str(place)


def test_an_error_reads_as_one_line() -> None:
    """The place stands in front; the hint and the bare sentence stay apart."""
    error = InputError("no such unit `box`", hint="add it", place=Place("stock.csv", 3))
    assert str(error) == "stock.csv, row 3: no such unit `box`"
    assert (error.what, error.hint) == ("no such unit `box`", "add it")
    assert str(InputError("no such unit `box`")) == "no such unit `box`"
