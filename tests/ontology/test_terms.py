"""Natural keys keep values apart, and fields say what they hold."""

from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ontology.errors import InputError
from ontology.goods import Lot
from ontology.partners import Person
from ontology.stock import StockPosition
from ontology.terms import FieldKind, field_kinds, join_key, key_of, local_name
from ontology.transport import Lane
from tests.ontology.record_values import TEXTS

PARTS = st.lists(st.none() | TEXTS, min_size=1, max_size=4)


@given(PARTS, PARTS)
@example(["a/b", "c"], ["a", "b/c"])
@example([None, "a"], ["", "a"])
@example([""], ["''"])
@example(["%2F"], ["/"])
@example(["a "], ["a"])
def test_keys_are_equal_for_equal_values_only(left: list[Any], right: list[Any]) -> None:
    """Two lists of values share a natural key exactly where they are the same list."""
    assert (left == right) == (join_key(left) == join_key(right))


@given(PARTS)
def test_keys_read_back(parts: list[Any]) -> None:
    """Every value can be read back from its key."""
    read = [
        None if part == "" else "" if part == "''" else unquote(part)
        for part in join_key(parts).split("/")
    ]
    assert parts == read


@given(PARTS)
def test_keys_are_iri_paths(parts: list[Any]) -> None:
    """A key holds only what an IRI path allows: no blank, no bracket, no quote of Turtle."""
    key = join_key(parts)
    assert set() == set(key) & set(' <>"{}|\\^`?#')
    assert key == urlsplit(f"http://chain/{key}").path[1:]


def test_key_of_a_record_follows_its_key_fields() -> None:
    """The natural key is the key fields in order; what is not stated stays empty."""
    assert key_of(StockPosition("widget", "north", "L1")) == "widget/north/L1"
    assert key_of(StockPosition("widget", "north")) == "widget/north/"
    assert join_key((date(2026, 1, 31), 7)) == "2026-01-31/7"
    assert join_key(("A B", "ny@1:2+3")) == "A%20B/ny@1:2+3"


def test_half_a_surrogate_pair_is_refused() -> None:
    """Text that no encoding can carry is refused with its own code."""
    with pytest.raises(InputError) as refused:
        join_key(("item", "\ud800"))
    assert refused.value.code == "BAD_TEXT"


def test_kinds_say_what_a_field_holds() -> None:
    """Scalar, several values, may be missing, and the class referred to."""
    kinds = field_kinds(Lane) | field_kinds(Lot) | field_kinds(Person)
    assert (
        FieldKind("origin", str, many=False, optional=False, refers_to="Location")
        == (kinds["origin"])
    )
    assert (
        FieldKind("supplier", str, many=False, optional=True, refers_to="Supplier")
        == (kinds["supplier"])
    )
    assert FieldKind("roles", str, many=True, optional=False, refers_to="") == kinds["roles"]
    assert (
        FieldKind("expires_on", date, many=False, optional=True, refers_to="")
        == (kinds["expires_on"])
    )


@dataclass(frozen=True)
class Fractional:
    """A record with a type that no column holds."""

    KEY: ClassVar = ("price",)
    price: float


def test_types_without_a_column_are_refused() -> None:
    """A float field, and what is no dataclass, are programmer errors."""
    with pytest.raises(TypeError, match="`price`"):
        field_kinds(Fractional)
    with pytest.raises(TypeError, match="not a dataclass"):
        field_kinds(int)


def test_local_names_are_camel_case() -> None:
    """Field names become the local names of the vocabulary."""
    assert tuple(map(local_name, ("lead_time_days", "on", "cost_per_cubic_metre_micros"))) == (
        "leadTimeDays",
        "on",
        "costPerCubicMetreMicros",
    )
