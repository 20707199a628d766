"""The verdict of the rules: what is closed, by which rule, and what opens without it."""

import numpy as np

from ontology.closures import Closures

COLD, DRY = "urn:rule:cold", "urn:rule:dry"
VERDICT = Closures({COLD: np.array([0, 2]), DRY: np.array([2])}, {DRY: np.array([5])}, {COLD: 4})


def test_open_is_what_no_rule_closes() -> None:
    """A movement is open exactly where it stands in no rule's rows."""
    assert VERDICT.is_open(4).tolist() == [False, True, False, True]
    assert Closures().is_open(2).tolist() == [True, True]


def test_rules_of_a_movement_are_named_in_order() -> None:
    """Every rule that closes a movement is named, in the order of the IRIs."""
    assert [VERDICT.rules_of(row) for row in range(4)] == [(COLD,), (), (COLD, DRY), ()]


def test_without_a_rule_its_closures_and_floors_are_gone() -> None:
    """What opens if a rule goes: the verdict of the other rules alone."""
    assert VERDICT.without(DRY).is_open(4).tolist() == [False, True, False, True]
    assert VERDICT.without(COLD).is_open(4).tolist() == [True, True, False, True]
    assert dict(VERDICT.without(DRY).floors) == {}
    assert {DRY} == set(VERDICT.without(COLD).floors)
