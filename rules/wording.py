"""Shapes in words: paths, values with their units, and what a constraint asks for."""

import re
from datetime import datetime
from typing import Any

from rules.properties import Property
from rules.shapes import (
    Bound,
    Constraint,
    Count,
    Fixed,
    Logic,
    Members,
    Nested,
    OfClass,
    Pairing,
    Pattern,
    Shape,
)

SEVERITY_WORDS = {"Violation": "blocks", "Warning": "sends to a person", "Info": "is recorded"}
_CAPITAL = re.compile("(?<=[a-z])(?=[A-Z])")
_UNITS = {"Days": "days", "Units": "units", "Percent": "%", "Kilograms": "kg", "Hours": "hours"}
_BOUNDS = {"minInclusive": "at least", "maxInclusive": "at most", "minExclusive": "more than",
           "maxExclusive": "less than"}  # fmt: skip
_PAIRINGS = {"equals": "the same as", "disjoint": "other than", "lessThan": "less than",
             "lessThanOrEquals": "at most"}  # fmt: skip


def words_of(name: str) -> str:
    """A name of the vocabulary as words: `allowedHandlingClasses`, `StockAfterMoves`."""
    return _CAPITAL.sub(" ", name).lower()


def path_words(path: tuple[Property, ...] | None) -> str:
    """A path as a person says it: `lane's allowed handling classes`; a unit at its end is left."""
    names = [words_of(_without_unit(step.name)) for step in path or ()]
    return "'s ".join(names)


def _without_unit(name: str) -> str:
    for unit in (*_UNITS, "Cents"):
        if name.endswith(unit) and name != unit:
            return name.removesuffix(unit)
    return name


def value_words(path: tuple[Property, ...] | None, value: Any) -> str:
    """A value with the unit that its property's name states; money with its cents."""
    name = path[-1].name if path else ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat() + "Z"
    if not isinstance(value, int):
        return f"{value}"
    if name.endswith("Cents"):
        return f"{value // 100:,}.{value % 100:02}" if value >= 0 else f"{value / 100:,.2f}"
    unit = next((words for end, words in _UNITS.items() if name.endswith(end)), "")
    return f"{value:,} {unit}".strip()


def some_words(path: tuple[Property, ...] | None, values: Any) -> str:
    """Several values, joined by `or`."""
    return " or ".join(value_words(path, value) for value in values) or "nothing"


def said_of(shape: Shape, constraint: Constraint) -> str:
    """What one constraint of a shape asks for, as a person says it."""
    what = path_words(shape.path) or "it"
    if isinstance(constraint, Count):
        return _counted(what, constraint)
    if isinstance(constraint, Members):
        word = "is" if constraint.word == "in" else "has"
        return f"{what} {word} {some_words(shape.path, constraint.values)}"
    if isinstance(constraint, Bound):
        limit = value_words(shape.path, constraint.value)
        return f"{what} is {_BOUNDS[constraint.word]} {limit}"
    if isinstance(constraint, Pattern):
        return f"{what} matches `{constraint.regex.pattern}`"
    if isinstance(constraint, Pairing):
        return f"{what} is {_PAIRINGS[constraint.word]} {path_words((constraint.other,))}"
    if isinstance(constraint, OfClass):
        return f"{what} has a record as {words_of(constraint.name)}"
    if isinstance(constraint, Fixed):
        return f"{what} is of its {constraint.word}"
    if isinstance(constraint, Nested):
        return shape_words(constraint.shape)
    return _combined(constraint)


def shape_words(shape: Shape) -> str:
    """All that a shape asks for."""
    return " and ".join(said_of(shape, each) for each in shape.constraints) or "anything"


def _counted(what: str, count: Count) -> str:
    if (count.word, count.count) == ("minCount", 1):
        return f"{what} is stated"
    if (count.word, count.count) == ("maxCount", 0):
        return f"{what} is not stated"
    return f"{what} has {'at least' if count.word == 'minCount' else 'at most'} {count.count:,}"


def _combined(logic: Logic) -> str:
    parts = [shape_words(shape) for shape in logic.shapes]
    if logic.word == "not":
        return f"not ({parts[0]})"
    joined = {"or": " or ", "xone": " or else ", "and": " and ", "node": " and "}[logic.word]
    return parts[0] if len(parts) == 1 else f"({joined.join(parts)})"
