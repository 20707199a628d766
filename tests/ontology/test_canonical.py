"""Canonical bytes are RFC 8785, and what JSON cannot carry is refused."""

import json
from datetime import date
from typing import Any

import numpy as np
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ontology.canonical import (
    LARGEST_INTEGER,
    canonical,
    digest,
    digest_of,
)
from ontology.canonical_columns import canonical_columns, columns_from
from ontology.errors import InputError

DOCUMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",))),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=("Cs",)), max_size=3), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"b": [], "a": {}}, b'{"a":{},"b":[]}'),
        ({"10": 1, "9": 2, "": 0}, b'{"":0,"10":1,"9":2}'),
        ({"\ufb33": 1, "\U0001f600": 2}, '{"\U0001f600":2,"\ufb33":1}'.encode()),
        ({"\u20ac": 1, "\r": 2, "\u0080": 3}, '{"\\r":2,"\u0080":3,"\u20ac":1}'.encode()),
        ('\u0000\b\t\n\f\r\u001f\u007f"\\/', b'"\\u0000\\b\\t\\n\\f\\r\\u001f\x7f\\"\\\\/"'),
        ("é\u2028", '"é\u2028"'.encode()),
        ([0, -0.0, 1.0, -1.5], b"[0,0,1,-1.5]"),
        ([1e21, 1e20, 1e-6, 1e-7], b"[1e+21,100000000000000000000,0.000001,1e-7]"),
        ([5e-324, 1.7976931348623157e308], b"[5e-324,1.7976931348623157e+308]"),
        ([333333333.33333329, 4.5, 2e-3], b"[333333333.3333333,4.5,0.002]"),
        ([LARGEST_INTEGER, -LARGEST_INTEGER], b"[9007199254740991,-9007199254740991]"),
        ((None, True, False), b"[null,true,false]"),
    ],
)
def test_bytes_are_those_of_rfc_8785(document: Any, expected: bytes) -> None:
    """Keys in order of UTF-16 units, shortest numbers of ECMAScript, least escapes, no blanks."""
    assert expected == canonical(document)


@given(DOCUMENTS)
def test_canonical_bytes_are_a_fixed_point(document: Any) -> None:
    """Reading the bytes, every number as a double, and writing them again gives the same bytes."""
    written = canonical(document)
    assert written == canonical(json.loads(written, parse_int=float))


@given(DOCUMENTS)
def test_the_quick_way_gives_the_bytes_of_the_reference(document: Any) -> None:
    """Whatever part of a document orjson writes, all of it is what `rfc8785` alone would write."""
    assert rfc8785.dumps(document) == canonical(document)
    deeper = {"z": document, "a": [document, {"b": (document,)}], "f": 0.5, "é": {"k": document}}
    assert rfc8785.dumps(deeper) == canonical(deeper)


@given(st.dictionaries(st.text("abcé\U0001f600", max_size=3), st.integers(0, 9), max_size=5))
def test_order_of_keys_is_not_content(document: dict[str, int]) -> None:
    """Objects that differ in the order of their keys have the same digest."""
    assert digest_of(document) == digest_of(dict(reversed(document.items())))


NESTED: list[Any] = []
for _ in range(100_000):
    NESTED = [NESTED]


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (LARGEST_INTEGER + 1, "NUMBER_RANGE"),
        ({"a": [-LARGEST_INTEGER - 1]}, "NUMBER_RANGE"),
        (float("nan"), "NUMBER_RANGE"),
        ([float("inf")], "NUMBER_RANGE"),
        ({"a": float("-inf")}, "NUMBER_RANGE"),
        ({1: 2}, "NOT_JSON"),
        ("\ud800", "NOT_JSON"),
        ({"\ud800": 1}, "NOT_JSON"),
        ({"a": [{"\ud800": 0.5, "b": 1}]}, "NOT_JSON"),
        ({"a": date(2026, 1, 1)}, "NOT_JSON"),
        ({"a": np.int64(3)}, "NOT_JSON"),
        (b"bytes", "NOT_JSON"),
    ],
)
def test_what_json_cannot_carry_is_refused(document: Any, code: str) -> None:
    """Numbers beyond 2^53 - 1, NaN, and types and texts outside JSON have a code each."""
    with pytest.raises(InputError) as refused:
        canonical(document)
    assert code == refused.value.code


def test_endless_nesting_is_refused() -> None:
    """A document nested deeper than the interpreter follows is refused, not a crash."""
    with pytest.raises(InputError) as refused:
        canonical(NESTED)
    assert refused.value.code == "NOT_JSON"


def test_digest_is_sha_256() -> None:
    """The digest is SHA-256 in lower-case hexadecimal, of the canonical bytes."""
    assert digest(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert digest(b'{"a":1}') == digest_of({"a": 1})


@given(
    st.dictionaries(
        st.from_regex(r"[a-z_]{1,8}", fullmatch=True),
        st.lists(st.integers(-(2**53) + 1, 2**53 - 1)),
    )
)
def test_columns_have_the_canonical_bytes(columns: dict[str, list[int]]) -> None:
    """The fast way over lists of whole numbers gives the bytes of the general one."""
    assert canonical(columns) == canonical_columns(columns)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z_]{1,8}", fullmatch=True),
        st.lists(st.integers(-(2**53) + 1, 2**53 - 1)),
    ),
    st.data(),
)
def test_columns_are_read_back_exactly(columns: dict[str, list[int]], data: st.DataObject) -> None:
    """From their canonical bytes alone: with any byte changed they are others, or refused."""
    written = canonical_columns(columns)
    read = columns_from(written)
    assert columns == {name: column.tolist() for name, column in read.items()}
    place = data.draw(st.integers(0, len(written) - 1))
    other = bytearray(written)
    other[place] = data.draw(st.sampled_from(b'09-.,[]{}": aet'))
    if other != written:
        try:
            found = columns_from(bytes(other))
        except InputError as refused:
            assert refused.code in {"NOT_CANONICAL", "NUMBER_RANGE"}  # noqa: PT017
        else:
            assert canonical_columns(found) == other


@pytest.mark.parametrize("column", [[True], [0.5], [2**63], ["1"], [None], [[1]]])
def test_columns_hold_whole_numbers_alone(column: list[Any]) -> None:
    """What is no column of whole numbers is written as the general way does, never rounded."""
    try:
        expected: str | bytes = canonical({"a": column})
    except InputError as refused:
        expected = refused.code
    try:
        found: str | bytes = canonical_columns({"a": column})
    except InputError as refused:
        found = refused.code
    assert expected == found


def test_columns_beyond_the_range_are_refused() -> None:
    """A whole number that readers would round is refused in a column, too."""
    with pytest.raises(InputError) as caught:
        canonical_columns({"cost": [1, 2**53]})
    assert caught.value.code == "NUMBER_RANGE"
