"""One way to turn a document into bytes and bytes into an address: RFC 8785 and SHA-256."""

import hashlib
from typing import Any

import orjson
import rfc8785

from ontology.errors import InputError

LARGEST_INTEGER = 2**53 - 1
"""Largest integer that every reader of JSON keeps exactly (RFC 8785 section 3.2.2.3)."""

DEPTH = 3
"""So many objects deep, those with fractions are taken apart: plans have theirs at the second."""

_LEAVES = frozenset({str, int, bool, type(None)})
_CONTAINERS = frozenset({dict, list, tuple})
PLAINLY = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
"""How orjson writes what it writes as RFC 8785 says."""


def canonical(document: Any) -> bytes:
    """The RFC 8785 bytes of a document of objects, lists, strings, numbers, booleans and null.

    Raises InputError `NUMBER_RANGE` for an integer beyond 2^53 - 1, NaN or an infinity, and
    `NOT_JSON` for any other type, a key that is no string, half a surrogate pair or a nesting
    deeper than the interpreter follows.
    """
    try:
        return _written(document, DEPTH)
    except (TypeError, RecursionError, UnicodeError):  # the long way names the fault, if it is one
        pass
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
    except (rfc8785.CanonicalizationError, UnicodeError) as error:  # of a key: of UTF-16 itself
        raise InputError(f"the document is not JSON: {error}", code="NOT_JSON") from error
    except RecursionError as error:
        raise InputError("the document is nested too deeply", code="NOT_JSON") from error


def _written(document: Any, depth: int) -> bytes:
    """A document's bytes, the plain parts of it by orjson. Raises TypeError where that cannot."""
    if _is_plain(document):
        return orjson.dumps(document, option=PLAINLY)
    if not depth or type(document) is not dict or not "".join(document).isascii():
        try:
            return bytes(rfc8785.dumps(document))
        except rfc8785.CanonicalizationError as error:
            raise TypeError from error
    parts = (orjson.dumps(key) + b":" + _written(document[key], depth - 1)
             for key in sorted(document))  # fmt: skip
    return b"{" + b",".join(parts) + b"}"


def _is_plain(document: Any) -> bool:
    """Whether orjson writes a document as RFC 8785 says, at ten times the speed.

    It writes strings and whole numbers so; a fraction it writes in another way, keys beyond ASCII
    in another order, and more types than JSON has.
    """
    kind = type(document)
    if kind not in _CONTAINERS:
        return kind in _LEAVES
    values = document
    if kind is dict:
        if not "".join(document).isascii():
            return False
        values = document.values()
    kinds = set(map(type, values))
    if kinds <= _LEAVES:
        return True
    return all(map(_is_plain, values)) if kinds & _CONTAINERS else False


def digest(data: bytes) -> str:
    """SHA-256 as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def digest_of(document: Any) -> str:
    """SHA-256 of the canonical bytes of a document."""
    return digest(canonical(document))
