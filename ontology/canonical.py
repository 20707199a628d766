"""One way to turn a document into bytes and bytes into an address: RFC 8785 and SHA-256."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import rfc8785

from ontology.errors import InputError

LARGEST_INTEGER = 2**53 - 1
"""Largest integer that every reader of JSON keeps exactly (RFC 8785 section 3.2.2.3)."""


def canonical(document: Any) -> bytes:
    """The RFC 8785 bytes of a document of objects, lists, strings, numbers, booleans and null.

    Raises InputError `NUMBER_RANGE` for an integer beyond 2^53 - 1, NaN or an infinity, and
    `NOT_JSON` for any other type, a key that is no string, half a surrogate pair or a nesting
    deeper than the interpreter follows.
    """
    try:
        return bytes(rfc8785.dumps(document))
    except rfc8785.IntegerDomainError as error:
        raise InputError(
            f"a number in the document is outside ±{LARGEST_INTEGER}",
            hint="use a coarser unit of cost or split the problem",
            code="NUMBER_RANGE",
        ) from error
    except rfc8785.FloatDomainError as error:
        raise InputError("the document holds NaN or an infinity", code="NUMBER_RANGE") from error
    except rfc8785.CanonicalizationError as error:
        raise InputError(f"the document is not JSON: {error}", code="NOT_JSON") from error
    except RecursionError as error:
        raise InputError("the document is nested too deeply", code="NOT_JSON") from error


def canonical_columns(columns: Mapping[str, Sequence[int]]) -> bytes:
    """`canonical` of an object of lists of whole numbers, at the speed of a join.

    Keys are plain ASCII words. Raises InputError `NUMBER_RANGE` as `canonical` does.
    """
    for numbers in columns.values():
        if len(numbers) and max(*numbers, -min(numbers)) > LARGEST_INTEGER:
            return canonical(columns)  # which names the fault
    parts = (f'"{name}":[{",".join(map(str, columns[name]))}]' for name in sorted(columns))
    return ("{" + ",".join(parts) + "}").encode()


def digest(data: bytes) -> str:
    """SHA-256 as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def digest_of(document: Any) -> str:
    """SHA-256 of the canonical bytes of a document."""
    return digest(canonical(document))
