"""Shapes of the fragment that compiles, typed against the vocabulary (docs/adding-a-rule.md)."""

import re
from dataclasses import dataclass
from typing import Any

from ontology.errors import InputError
from rules.properties import Property

SH = "http://www.w3.org/ns/shacl#"
COUNTS = ("minCount", "maxCount")
BOUNDS = ("minInclusive", "maxInclusive", "minExclusive", "maxExclusive")
COMPARISONS = ("lessThan", "lessThanOrEquals")
PAIRINGS = ("equals", "disjoint", *COMPARISONS)
LOGIC = ("not", "and", "or", "xone", "node")


@dataclass(frozen=True, slots=True)
class Count:
    """At least or at most so many values."""

    word: str
    count: int


@dataclass(frozen=True, slots=True)
class Members:
    """`hasValue` (one of the values is this one) or `in` (every value is one of these)."""

    word: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Bound:
    """Every value is on the right side of a Python integer, date or datetime."""

    word: str
    value: Any


@dataclass(frozen=True, slots=True)
class Pattern:
    """Every value's text is matched somewhere by a regular expression."""

    word: str
    regex: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Fixed:
    """`datatype` or `nodeKind`: the path's type decides it for all values at once."""

    word: str
    holds: bool


@dataclass(frozen=True, slots=True)
class OfClass:
    """Every value is a record of the class; a reference without a record is of none."""

    word: str
    name: str


@dataclass(frozen=True, slots=True)
class Pairing:
    """The values compared with those of another property of the focus node."""

    word: str
    other: Property


@dataclass(frozen=True, slots=True)
class Logic:
    """`not`, `and`, `or`, `xone` and `node` over other shapes, per value."""

    word: str
    shapes: tuple["Shape", ...]


@dataclass(frozen=True, slots=True)
class Nested:
    """`property`: a property shape whose focus nodes are the values."""

    word: str
    shape: "Shape"


Constraint = Count | Members | Bound | Pattern | Fixed | OfClass | Pairing | Logic | Nested


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape with the class or datatype (`space`) of its focus nodes.

    `name` is its IRI or the label of its blank node. A node shape has `path` None. `space` of
    the values is `values`.
    """

    name: str
    space: str
    values: str
    path: tuple[Property, ...] | None
    path_text: str
    constraints: tuple[Constraint, ...]
    severity: str
    message: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A shape with a target, and what persons are told about it."""

    iri: str
    title: str
    reason: str
    owner: str
    severity: str
    message: str
    targets: tuple[str, ...]
    file: str


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule for the records of one class that it targets.

    `only` is an inferred class, where its focus nodes are those records alone that are of it.
    """

    rule: Rule
    target: str
    shape: Shape
    only: str = ""


def component_of(word: str) -> str:
    """The IRI of the constraint component that a parameter of the fragment belongs to."""
    return f"{SH}{word[0].upper()}{word[1:]}ConstraintComponent"


class OutsideFragmentError(InputError):
    """A construct of SHACL that does not compile; nothing is wrong with it."""


def outside_fragment(rule: str, construct: str, why: str) -> InputError:
    """As `not_evaluated`, for what SHACL allows and the columns cannot do."""
    refusal = not_evaluated(rule, construct, why)
    return OutsideFragmentError(refusal.what, hint=refusal.hint, code=refusal.code)


def not_evaluated(rule: str, construct: str, why: str) -> InputError:
    """The error by which a rule that cannot be evaluated blocks (law 7)."""
    return InputError(
        f"rule `{rule}` cannot be evaluated: {construct} {why}",
        hint="write it in the fragment of docs/adding-a-rule.md, or deactivate the rule",
        code="RULE_NOT_EVALUATED",
    )
