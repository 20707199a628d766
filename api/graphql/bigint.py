"""Scalars: whole numbers that every reader of JSON keeps exactly, and places in the log."""

from typing import Any, NewType

import strawberry

from ontology.canonical import LARGEST_INTEGER
from ontology.errors import InputError

BigInt = NewType("BigInt", int)
Position = NewType("Position", str)


def _safe(number: int) -> int:
    if abs(number) > LARGEST_INTEGER:
        raise InputError(f"a number is outside ±{LARGEST_INTEGER}", code="NUMBER_RANGE",
                         hint="read it from the artifact")  # fmt: skip
    return int(number)


def _read(value: Any) -> int:
    """A number that a caller states: as JSON one of more than 64 bits comes as a fraction."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST_INTEGER:
        raise InputError(f"a BigInt is a whole number within ±{LARGEST_INTEGER}",
                         code="NUMBER_RANGE", hint="write it as a JSON number")  # fmt: skip
    return value


SCALARS: dict[object, Any] = {
    BigInt: strawberry.scalar(
        name="BigInt",
        description="A whole number within ±(2^53 - 1), written as a JSON number, never rounded.",
        serialize=_safe,
        parse_value=_read,
    ),
    Position: strawberry.scalar(
        name="Position",
        description="A place in the log, such as `12` or `12.3`: after an event, or after so many "
        "of the changes that it made. `0` is before all.",
        serialize=str,
        parse_value=str,
    ),
}
