"""Whole numbers as JSON numbers: what a reader of JSON keeps exactly, and nothing beyond."""

from typing import Any, NewType

import strawberry

from ontology.canonical import LARGEST_INTEGER
from ontology.errors import InputError

BigInt = NewType("BigInt", int)


def _safe(number: int) -> int:
    if abs(number) > LARGEST_INTEGER:
        raise InputError(f"a number is outside ±{LARGEST_INTEGER}", code="NUMBER_RANGE",
                         hint="read it from the artifact")  # fmt: skip
    return int(number)


SCALARS: dict[object, Any] = {
    BigInt: strawberry.scalar(
        name="BigInt",
        description="A whole number within ±(2^53 - 1), written as a JSON number, never rounded.",
        serialize=_safe,
    )
}
