"""Conditions, orders and groups against plain Python over the same rows."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ontology.errors import InputError
from service.asking.conditions import (
    MOST_CONDITIONS,
    MOST_VALUES,
    Condition,
    Is,
    chosen,
    columns_of,
)
from service.asking.grouping import As, Key, Measure, Per, grouped
from service.asking.ordering import Order, ordered
from service.asking.sheets import Sheet

TYPES = {"key": pa.string(), "item": pa.string(), "units": pa.int64(), "is_open": pa.bool_(),
         "day": pa.date32(), "tags": pa.list_(pa.string())}  # fmt: skip
CELLS: Mapping[str, st.SearchStrategy[Any]] = {
    "item": st.none() | st.sampled_from(["", "a", "ab", "b", "é", "z/1"]),
    "units": st.none() | st.integers(-3, 3) | st.sampled_from([2**63 - 1, -(2**63)]),
    "is_open": st.booleans(),
    "day": st.none() | st.dates(date(2025, 12, 28), date(2026, 2, 3)),
    "tags": st.lists(st.sampled_from("abc"), max_size=2),
}
Rows = list[dict[str, Any]]
SCALARS = ("item", "units", "is_open", "day")


@st.composite
def rows(draw: st.DrawFn) -> Rows:
    found = draw(st.lists(st.fixed_dictionaries(dict(CELLS)), max_size=8))
    return [{"key": f"k{at}"} | row for at, row in enumerate(found)]


def sheet(told: Rows) -> Sheet:
    columns = {name: pa.array([row[name] for row in told], kind) for name, kind in TYPES.items()}
    return Sheet("a table", pa.table(columns))


def told(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@st.composite
def comparisons(draw: st.DrawFn) -> Condition:
    name = draw(st.sampled_from([*CELLS]))
    if name == "tags" and draw(st.booleans()):
        return Condition(name, Is.STATED)
    if name == "tags":
        return Condition(name, Is.HAS, tuple(draw(st.lists(st.sampled_from("abcd"), min_size=1))))
    kinds = [Is.EQUAL, Is.ONE_OF, Is.STATED]
    kinds += [] if name == "is_open" else [Is.LESS, Is.AT_MOST, Is.MORE, Is.AT_LEAST]
    kinds += [Is.CONTAINS, Is.STARTS_WITH] if name == "item" else []
    compared = draw(st.sampled_from(kinds))
    if compared is Is.STATED:
        return Condition(name, compared)
    values = st.lists(CELLS[name].filter(lambda value: value is not None), min_size=1, max_size=3)
    chosen_values = tuple(map(told, draw(values)))
    return Condition(name, compared, chosen_values if compared is Is.ONE_OF else chosen_values[:1])


def joined(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(inner, max_size=2).map(tuple)
    built = st.builds(lambda a, b, c: Condition(all=a, any=b, none=c), several, several, several)
    return built.filter(lambda condition: condition != Condition())


CONDITIONS = st.recursive(comparisons(), joined, max_leaves=6)
COMPARED: Mapping[Is, Callable[[Any, Any], bool]] = {
    Is.EQUAL: lambda cell, value: cell == value, Is.LESS: lambda cell, value: cell < value,
    Is.AT_MOST: lambda cell, value: cell <= value, Is.MORE: lambda cell, value: cell > value,
    Is.AT_LEAST: lambda cell, value: cell >= value, Is.ONE_OF: lambda cell, value: cell == value,
    Is.CONTAINS: lambda cell, value: value in cell,
    Is.STARTS_WITH: lambda cell, value: cell.startswith(value),
    Is.HAS: lambda cell, value: value in cell,
}  # fmt: skip
READ: Mapping[str, Callable[[str], Any]] = {
    "item": str, "tags": str, "units": int, "day": date.fromisoformat,
    "is_open": lambda text: text == "true",
}  # fmt: skip


def holds(row: Mapping[str, Any], condition: Condition) -> bool:
    """The same said once more, row by row."""
    if condition.compared is Is.STATED:
        own = row[condition.column] not in (None, "", [])
    elif condition.compared is not None:
        cell, values = row[condition.column], map(READ[condition.column], condition.values)
        own = cell is not None and any(COMPARED[condition.compared](cell, one) for one in values)
    else:
        own = True
    return (
        own and all(holds(row, one) for one in condition.all)
        and (not condition.any or any(holds(row, one) for one in condition.any))
        and not any(holds(row, one) for one in condition.none)
    )  # fmt: skip


@given(rows(), CONDITIONS)
def test_the_rows_that_hold_are_chosen(those: Rows, condition: Condition) -> None:
    """Every comparison, joined in any way, over cells that are stated or not."""
    expected = [holds(row, condition) for row in those]
    assert expected == chosen(sheet(those), condition).to_pylist()


@given(st.lists(rows(), min_size=1, max_size=3), st.integers(0, 3), st.sampled_from("abcd"))
def test_texts_are_found_whatever_the_chunks(parts: list[Rows], begin: int, text: str) -> None:
    """Of a table in several chunks, and of a slice of it."""
    whole = pa.concat_tables([sheet(part).table for part in parts]).slice(begin)
    expected = [text in row["tags"] for row in whole.to_pylist()]
    found = chosen(Sheet("a table", whole), Condition("tags", Is.HAS, (text,)))
    assert expected == found.to_pylist()


@given(rows(), st.lists(st.tuples(st.sampled_from(SCALARS), st.booleans()), max_size=3,
                        unique_by=lambda one: one[0]))  # fmt: skip
def test_an_order_is_total_and_puts_what_is_not_stated_last(
    those: Rows, orders: list[tuple[str, bool]]
) -> None:
    """Stable sorts, the last column first, are another way to the same order."""
    expected = sorted(those, key=lambda row: row["key"])
    for name, descending in reversed(orders):
        known = [row for row in expected if row[name] is not None]
        missing = [row for row in expected if row[name] is None]
        known.sort(key=lambda row: row[name], reverse=descending)
        expected = known + missing
    found = ordered(sheet(those[::-1]), [Order(*one) for one in orders])
    assert [row["key"] for row in expected] == found.table.column("key").to_pylist()


MEASURES = (
    Measure("rows", As.ROWS), Measure("stated", As.STATED, "units"),
    Measure("different", As.DIFFERENT, "item"), Measure("sum", As.SUM, "units"),
    Measure("mean", As.MEAN, "units"), Measure("least", As.LEAST, "day"),
    Measure("most", As.MOST, "units"), Measure("tagged", As.STATED, "tags"),
    Measure("named", As.STATED, "item"),
)  # fmt: skip


def figures(those: Rows) -> tuple[Any, ...]:
    units = [row["units"] for row in those if row["units"] is not None]
    days = [row["day"] for row in those if row["day"] is not None]
    items = {row["item"] for row in those if row["item"] is not None}
    mean = float(Fraction(sum(units), len(units))) if units else None
    return (len(those), len(units), len(items), sum(units) if units else None, mean,
            min(days, default=None), max(units, default=None),
            *(sum(row[name] not in (None, "", []) for row in those) for name in ("tags", "item"))
            )  # fmt: skip


@given(rows(), st.sampled_from([(), ("item",), ("is_open", "item"), ("day",)]),
       st.sampled_from([None, Per.DAY, Per.MONTH, Per.YEAR, Per.WEEK]))  # fmt: skip
def test_groups_have_the_figures_of_their_rows(
    those: Rows, names: tuple[str, ...], per: Per | None
) -> None:
    """Also of what is not stated; a sum beyond 64 bits is refused, never wrapped."""
    groups: dict[tuple[Any, ...], Rows] = defaultdict(list)
    for row in those:
        groups[tuple(begin(row[name], per) for name in names)].append(row)
    if not names:
        groups.setdefault((), [])
    keys = [Key(name, per if name == "day" else None) for name in names]
    sums = [sum(row["units"] or 0 for row in part) for part in groups.values()]
    if any(not -(2**63) <= total < 2**63 for total in sums):
        with pytest.raises(InputError) as refused:
            grouped(sheet(those), keys, MEASURES)
        assert "NUMBER_RANGE" == refused.value.code
        return
    found = grouped(sheet(those), keys, MEASURES).table.to_pylist()
    expected = {key: figures(part) for key, part in groups.items()}
    got = {tuple(row[name] for name in names): tuple(row[one.name] for one in MEASURES)
           for row in found}  # fmt: skip
    assert len(found) == len(got)
    assert expected.keys() == got.keys()
    for key, told_figures in expected.items():
        assert pytest.approx(told_figures[4]) == got[key][4]
        assert told_figures[:4] + told_figures[5:] == got[key][:4] + got[key][5:]


def begin(cell: Any, per: Per | None) -> Any:
    """The first day of the group of a day."""
    if not isinstance(cell, date) or per in {None, Per.DAY}:
        return cell
    if per is Per.WEEK:
        return date.fromordinal(cell.toordinal() - cell.weekday())
    return cell.replace(day=1) if per is Per.MONTH else cell.replace(month=1, day=1)


REFUSED: dict[str, tuple[Condition, str]] = {
    "an unknown column": (Condition("colour", Is.EQUAL, ("red",)), "COLUMN_UNKNOWN"),
    "nothing": (Condition(), "CONDITION_INVALID"),
    "nothing among others": (
        Condition("item", Is.STATED, all=(Condition(),)), "CONDITION_INVALID"),
    "one of nothing": (Condition(any=(Condition(),)), "CONDITION_INVALID"),
    "no comparison": (Condition("item"), "CONDITION_INVALID"),
    "no column": (Condition("", Is.EQUAL, ("a",)), "CONDITION_INVALID"),
    "no value": (Condition("item", Is.EQUAL), "CONDITION_INVALID"),
    "two values": (Condition("item", Is.LESS, ("a", "b")), "CONDITION_INVALID"),
    "a value of STATED": (Condition("item", Is.STATED, ("a",)), "CONDITION_INVALID"),
    "too many values": (
        Condition("item", Is.ONE_OF, ("a",) * (MOST_VALUES + 1)), "CONDITION_INVALID"),
    "text of a number": (Condition("units", Is.CONTAINS, ("1",)), "CONDITION_INVALID"),
    "several texts": (Condition("tags", Is.EQUAL, ("a",)), "CONDITION_INVALID"),
    "one text": (Condition("item", Is.HAS, ("a",)), "CONDITION_INVALID"),
    "no number": (Condition("units", Is.EQUAL, ("1.5",)), "CONDITION_VALUE"),
    "a large number": (Condition("units", Is.EQUAL, ("9" * 30,)), "CONDITION_VALUE"),
    "a huge number": (Condition("units", Is.EQUAL, ("9" * 5_000,)), "CONDITION_VALUE"),
    "no day": (Condition("day", Is.MORE, ("2026-02-30",)), "CONDITION_VALUE"),
    "no truth": (Condition("is_open", Is.EQUAL, ("yes",)), "CONDITION_VALUE"),
    "half a surrogate": (Condition("item", Is.EQUAL, ("\ud800",)), "CONDITION_VALUE"),
    "too many": (
        Condition(any=(Condition("item", Is.STATED),) * MOST_CONDITIONS), "CONDITION_INVALID"),
    "too deep": (Condition(all=(Condition(all=(Condition(all=(Condition(all=(Condition(
        all=(Condition("item", Is.STATED),)),)),)),)),)), "CONDITION_INVALID"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_asked_is_told(name: str) -> None:
    """Also over a table without rows: whether a question is one does not depend on the data."""
    condition, code = REFUSED[name]
    for those in ([], [{"key": "k", "item": "a", "units": 1, "is_open": True, "day": None,
                        "tags": []}]):  # fmt: skip
        with pytest.raises(InputError) as refused:
            chosen(sheet(those), condition)
        assert code == refused.value.code


class Watched(Sheet):
    """A table that remembers which of its columns were looked at."""

    def column(self, name: str) -> Any:
        """The column, noted."""
        self.__dict__.setdefault("looked_at", set()).add(name)
        return super().column(name)


@given(rows(), CONDITIONS)
def test_no_column_is_looked_at_that_a_condition_does_not_name(
    those: Rows, condition: Condition
) -> None:
    """What exposures are logged by: the columns of a condition are those that it reads."""
    watched = Watched("a table", sheet(those).table)
    chosen(watched, condition)
    assert columns_of(condition) == watched.__dict__.get("looked_at", set())


def test_groups_are_told_apart_from_rows() -> None:
    """A condition on groups that names a column of rows is told what groups have."""
    with pytest.raises(InputError, match="groups of a table have no column `units`") as refused:
        chosen(grouped(sheet([]), [Key("item")], [Measure("n", As.ROWS)]),
               Condition("units", Is.MORE, ("1",)))  # fmt: skip
    assert "there are item, n" == refused.value.hint


UNGROUPED: dict[str, tuple[list[Key], list[Measure]]] = {
    "no measure": ([], []),
    "two of a name": ([], [Measure("a", As.ROWS)] * 2),
    "a key of that name": ([Key("item")], [Measure("item", As.ROWS)]),
    "a column of rows": ([], [Measure("a", As.ROWS, "item")]),
    "no column": ([], [Measure("a", As.SUM)]),
    "a sum of texts": ([], [Measure("a", As.SUM, "item")]),
    "a mean of days": ([], [Measure("a", As.MEAN, "day")]),
    "by several texts": ([Key("tags")], [Measure("a", As.ROWS)]),
    "the most of several texts": ([], [Measure("a", As.MOST, "tags")]),
    "months of a text": ([Key("item", Per.MONTH)], [Measure("a", As.ROWS)]),
    "too many keys": ([Key("item")] * 11, [Measure("a", As.ROWS)]),
}  # fmt: skip


@pytest.mark.parametrize("name", UNGROUPED)
def test_what_makes_no_group_is_told(name: str) -> None:
    """With the code of groups, before any is made."""
    with pytest.raises(InputError) as refused:
        grouped(sheet([]), *UNGROUPED[name])
    assert "GROUP_INVALID" == refused.value.code


@pytest.mark.parametrize("names", [["tags"], ["item", "item"], ["item"] * 11])
def test_what_has_no_order_is_told(names: list[str]) -> None:
    """Lists have none, and a column sorts once."""
    with pytest.raises(InputError) as refused:
        ordered(sheet([]), [Order(name) for name in names])
    assert "ORDER_INVALID" == refused.value.code
