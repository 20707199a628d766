"""Tables: what goes in comes out, and a digest stands for the content and nothing else."""

from dataclasses import MISSING as NO_DEFAULT
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ontology import columns
from ontology.canonical import digest
from ontology.columns import (
    MISSING,
    Snapshot,
    Table,
    column_of,
    empty_table,
    record_at,
    table_of,
)
from ontology.errors import InputError
from ontology.goods import Item
from ontology.governance import Activity
from ontology.partners import Person
from ontology.places import CalendarException
from ontology.stock import StockPosition
from ontology.terms import field_kinds, key_of
from ontology.transport import Lane
from ontology.vocabulary import RECORDS
from tests.ontology.record_values import records_of, values_of

CLASSES = sorted(RECORDS)
ITEM = field_kinds(Item)
LATEST = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)


@given(st.data())
def test_records_come_back_from_their_table(data: st.DataObject) -> None:
    """Record to table to record changes nothing, for every class and every value in range."""
    name = data.draw(st.sampled_from(CLASSES))
    records = data.draw(st.lists(records_of(name), max_size=4))
    table = table_of(records, name)
    assert records == [record_at(table, row) for row in range(len(table))]


@given(st.data())
def test_keys_of_a_table_are_the_keys_of_its_records(data: st.DataObject) -> None:
    """Table.keys and key_of agree on every row."""
    name = data.draw(st.sampled_from(CLASSES))
    records = data.draw(st.lists(records_of(name), max_size=4))
    assert [key_of(record) for record in records] == table_of(records, name).keys.tolist()


@given(st.data())
def test_digest_ignores_the_order_of_rows_and_columns(data: st.DataObject) -> None:
    """Rows shuffled and columns listed backwards, even with equal keys: the same digest."""
    name = data.draw(st.sampled_from(CLASSES))
    records = data.draw(st.lists(records_of(name), max_size=5))
    shuffled = list(records)
    data.draw(st.randoms(use_true_random=False)).shuffle(shuffled)
    table = table_of(records, name)
    other = table_of(shuffled, name)
    backwards = Table(name, dict(reversed(list(other.columns.items()))))
    assert table.digest == backwards.digest


@given(st.data())
def test_digest_changes_with_any_cell(data: st.DataObject) -> None:
    """One cell of one record replaced by another value gives another digest."""
    name = data.draw(st.sampled_from(CLASSES))
    records = data.draw(st.lists(records_of(name), min_size=1, max_size=3))
    kind = data.draw(st.sampled_from(list(field_kinds(RECORDS[name]).values())))
    old = getattr(records[0], kind.name)
    new = data.draw(values_of(kind))
    same = sorted(old) == sorted(new) if kind.many else old == new
    changed = [replace(records[0], **{kind.name: new}), *records[1:]]
    assert same == (table_of(records, name).digest == table_of(changed, name).digest)


TELLING_APART = {
    "text not stated, empty text": (StockPosition("a", "b"), StockPosition("a", "b", "")),
    "no number, zero": (Item("a"), Item("a", shelf_life_days=0)),
    "no value, one empty value": (Person("a"), Person("a", logins=("",))),
    "two values, one that joins them": (
        Person("a", logins=("b", "c")),
        Person("a", logins=("b\x1fc",)),
    ),
    "text moved to the next field": (Item("a", "bc", "d"), Item("a", "b", "cd")),
    "a value in another list": (Person("a", logins=("b",)), Person("a", roles=("b",))),
    "one value once and twice": (Person("a", logins=("b",)), Person("a", logins=("b", "b"))),
}


@pytest.mark.parametrize("case", TELLING_APART)
def test_digest_tells_near_cells_apart(case: str) -> None:
    """Contents that a careless encoding would confuse have different digests."""
    left, right = TELLING_APART[case]
    name = type(left).__name__
    assert table_of([left], name).digest != table_of([right], name).digest


def test_digest_takes_several_values_as_a_set() -> None:
    """The order of the values in one cell is not content."""
    left, right = Person("a", roles=("x", "y")), Person("a", roles=("y", "x"))
    assert table_of([left], "Person").digest == table_of([right], "Person").digest


def test_digest_outlives_new_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    """A field that the vocabulary gains later leaves the digests of older tables as they were."""
    old = table_of([StockPosition("widget", "north", on_hand_units=3)], "StockPosition")
    kept = [name for name in field_kinds(StockPosition) if name != "counted_on"]
    before = old.digest
    monkeypatch.setitem(RECORDS, "StockPosition", _without(StockPosition, kept))
    monkeypatch.setattr(columns, "_blanks", columns._blanks.__wrapped__)  # as a new process
    assert before == Table("StockPosition", {name: old[name] for name in kept}).digest


def _without(record: type, kept: list[str]) -> Any:
    defaults = {part.name: part.default for part in fields(record) if part.name in kept}
    body = {name: value for name, value in defaults.items() if value is not NO_DEFAULT}
    hints = {name: record.__annotations__[name] for name in kept}
    made = type("StockPosition", (), {**body, "__annotations__": hints})
    made.KEY = record.KEY  # type: ignore[attr-defined]
    return dataclass(frozen=True)(made)


def test_digest_is_fixed() -> None:
    """The bytes under a digest are written down: another encoding would orphan old plans."""
    written = (
        b"evenkeel table 1\nItem\n2\n"
        b"id\n\x04\0\0\0bolt\x06\0\0\0widget"
        b"shelf_life_days\n\0\0\0\0\0\0\0\x80\x09\0\0\0\0\0\0\0"
    )
    table = table_of([Item("widget", shelf_life_days=9), Item("bolt")], "Item")
    assert digest(written) == table.digest
    assert (
        digest(b"evenkeel snapshot 1\nItem " + table.digest.encode() + b"\n")
        == Snapshot(1, {"Item": table}).digest
    )


def test_snapshot_digest_is_its_content() -> None:
    """Empty tables, addresses and the sequence are outside a snapshot's digest; rows are inside."""
    items = table_of([Item("widget")], "Item")
    one = Snapshot(1, {"Item": items}, {"Item": np.array([[1, 0]])})
    two = Snapshot(2, {"Lane": empty_table("Lane"), "Item": items})
    other = Snapshot(1, {"Item": table_of([Item("bolt")], "Item")})
    assert one.digest == two.digest
    assert one.digest != other.digest
    assert len(one.table("Lane")) == 0


def test_rows_are_found_by_key() -> None:
    """Sorting is by code point of the key, and row_of finds each row again."""
    names = ["b", "Ä", "a", "B"]
    table = table_of([Item(name) for name in names], "Item").sorted()
    assert table.keys.tolist() == ["%C3%84", "B", "a", "b"]
    assert table.row_of == {"%C3%84": 0, "B": 1, "a": 2, "b": 3}


def test_columns_have_the_stated_types() -> None:
    """int64 with MISSING, booleans, days and microseconds in UTC, objects for text."""
    lane = table_of([Lane("l", "a", "b", capacity_units_per_day=None)], "Lane")
    closed = table_of([CalendarException("c", date(2026, 5, 1))], "CalendarException")
    assert (np.dtype(np.int64), MISSING) == (
        lane["capacity_units_per_day"].dtype,
        lane["capacity_units_per_day"][0],
    )
    assert np.dtype(object) == lane["carrier"].dtype
    assert np.dtype(np.bool_) == closed["is_open"].dtype
    assert np.dtype("datetime64[D]") == closed["on"].dtype


def test_datetimes_are_kept_in_utc() -> None:
    """A time with an offset becomes the same moment in UTC; the last moment there is stays."""
    east = timezone(timedelta(hours=2))
    activity = Activity("a", "solve", datetime(2026, 1, 1, 1, tzinfo=east), LATEST)
    back = record_at(table_of([activity], "Activity"), 0)
    assert datetime(2025, 12, 31, 23, tzinfo=UTC) == back.started_at
    assert timedelta(0) == back.started_at.utcoffset()
    assert back.ended_at == LATEST


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("shelf_life_days", 1.5, "BAD_CELL"),
        ("shelf_life_days", float("nan"), "BAD_CELL"),
        ("shelf_life_days", "7", "BAD_CELL"),
        ("shelf_life_days", True, "BAD_CELL"),
        ("shelf_life_days", 2**63, "NUMBER_RANGE"),
        ("shelf_life_days", -(2**63) - 1, "NUMBER_RANGE"),
        ("shelf_life_days", MISSING, "NUMBER_RANGE"),
        ("name", 7, "BAD_CELL"),
        ("name", ("a",), "BAD_CELL"),
    ],
)
def test_values_that_do_not_fit_are_refused(field: str, value: Any, code: str) -> None:
    """No value is rounded, wrapped or guessed on its way into a column."""
    with pytest.raises(InputError) as refused:
        column_of([1 if field != "name" else "a", value], ITEM[field])
    assert code == refused.value.code
    assert f"`{field}`" in str(refused.value)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("record", "field", "value"),
    [
        (CalendarException, "is_open", None),
        (CalendarException, "is_open", "false"),
        (CalendarException, "on", datetime(2026, 5, 1, tzinfo=UTC)),
        (Activity, "started_at", date(2026, 5, 1)),
        (Person, "roles", "planner"),
        (Person, "roles", None),
    ],
)
def test_near_types_are_refused(record: type, field: str, value: Any) -> None:
    """A day is no moment, a word no list of words, and no boolean is neither true nor false."""
    with pytest.raises(InputError) as refused:
        column_of([value], field_kinds(record)[field])
    assert refused.value.code == "BAD_CELL"


def test_columns_of_different_lengths_are_refused() -> None:
    """A table whose columns do not line up cannot be made."""
    with pytest.raises(ValueError, match="Port differ in length"):
        Table("Port", {"id": np.array(["a", "b"], object), "name": np.array(["a"], object)})


def test_equal_long_lists_stay_in_their_cells() -> None:
    """Lists of one length become one cell each, never a matrix."""
    people = [Person("a", roles=("x",)), Person("b", roles=("y",))]
    assert table_of(people, "Person")["roles"].tolist() == [("x",), ("y",)]
