"""Which rows: comparisons of columns with values, joined by all, any and not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

import numpy as np
import pyarrow
import pyarrow.compute

from ontology.errors import InputError
from service.asking.sheets import Sheet, stated

pa: Any = pyarrow
pc: Any = pyarrow.compute
MOST_CONDITIONS = 100
MOST_VALUES = 1_000
DEEPEST = 5
LONGEST_SHOWN = 60


class Is(Enum):
    """How a cell compares with the values of a condition; ONE_OF and HAS take several."""

    EQUAL = "equal"
    LESS = "less"
    AT_MOST = "less_equal"
    MORE = "greater"
    AT_LEAST = "greater_equal"
    ONE_OF = "one_of"
    STARTS_WITH = "starts_with"
    CONTAINS = "contains"
    HAS = "has"
    STATED = "stated"


_COMPARED = {Is.EQUAL, Is.LESS, Is.AT_MOST, Is.MORE, Is.AT_LEAST}
_OF_TEXT = {Is.STARTS_WITH, Is.CONTAINS}


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison of one column, or other conditions joined; all of what is given must hold.

    What is not stated compares with nothing: only `STATED` sees it, and `none`, which holds where
    none of its conditions does. An empty text is not stated, and compares as the text that it is.
    One that gives nothing at all is refused where it is asked.
    """

    column: str = ""
    compared: Is | None = None
    values: tuple[str, ...] = ()
    all: tuple["Condition", ...] = ()
    any: tuple["Condition", ...] = ()
    none: tuple["Condition", ...] = ()


def chosen(sheet: Sheet, condition: Condition | None) -> Any:
    """Per row whether the condition holds: a boolean array without nulls.

    Raises InputError `COLUMN_UNKNOWN`, `CONDITION_INVALID`, `CONDITION_VALUE`.
    """
    if condition is None:
        return _same_for_all(sheet, holds=True)
    count = _count(condition, 1)
    if count > MOST_CONDITIONS:
        raise _invalid(f"{count} conditions are more than {MOST_CONDITIONS}")
    return _holds(sheet, condition)


def columns_of(condition: Condition) -> frozenset[str]:
    """The names of all columns that a condition looks at."""
    inner = (*condition.all, *condition.any, *condition.none)
    return frozenset({condition.column} - {""}).union(*map(columns_of, inner))


def _count(condition: Condition, depth: int) -> int:
    if depth > DEEPEST:
        raise _invalid(f"conditions stand deeper than {DEEPEST}")
    inner = (*condition.all, *condition.any, *condition.none)
    return 1 + sum(_count(each, depth + 1) for each in inner)


def _holds(sheet: Sheet, condition: Condition) -> Any:
    if condition == Condition():  # one that is left empty by mistake must not choose all rows
        raise InputError("a condition says nothing", code="CONDITION_INVALID",
                         hint="leave it out, or give a comparison; where a list of others is "
                         "empty, decide which rows that means")  # fmt: skip
    if bool(condition.column) != (condition.compared is not None):
        raise _invalid("a comparison has a column and says how it compares")
    found = _same_for_all(sheet, holds=True)
    if condition.compared is not None:
        compared = _compared(sheet, condition.column, condition.compared, condition.values)
        found = pc.fill_null(compared, fill_value=False)
    for each in condition.all:
        found = pc.and_(found, _holds(sheet, each))
    if condition.any:
        found = pc.and_(found, _one_of(sheet, condition.any))
    if condition.none:
        found = pc.and_(found, pc.invert(_one_of(sheet, condition.none)))
    return found


def _one_of(sheet: Sheet, conditions: Sequence[Condition]) -> Any:
    found = _same_for_all(sheet, holds=False)
    for each in conditions:
        found = pc.or_(found, _holds(sheet, each))
    return found


def _same_for_all(sheet: Sheet, *, holds: bool) -> Any:
    return pa.chunked_array([pa.repeat(pa.scalar(holds), len(sheet))], pa.bool_())


def _compared(sheet: Sheet, name: str, compared: Is, values: tuple[str, ...]) -> Any:
    column = sheet.column(name)
    _check_count(name, compared, len(values))
    if compared is Is.STATED:
        return stated(column)
    is_list = pa.types.is_list(column.type)
    if is_list != (compared is Is.HAS):
        raise _invalid(f"`{name}` holds {'several texts' if is_list else 'one value'}, and "
                       f"{compared.name} is not for that")  # fmt: skip
    if is_list:
        return _has(column, values)
    if compared in _OF_TEXT:
        if not pa.types.is_string(column.type):
            raise _invalid(f"{compared.name} is for text, and `{name}` is none")
        match = pc.starts_with if compared is Is.STARTS_WITH else pc.match_substring
        return match(column, values[0])
    told = pa.array([_value(name, text, column.type) for text in values], column.type)
    if compared is Is.ONE_OF:
        return pc.and_(pc.is_valid(column), pc.is_in(column, told))
    return getattr(pc, compared.value)(column, told[0])


def _has(column: Any, values: tuple[str, ...]) -> Any:
    """Whether any of the texts of a cell is one of the values."""
    texts, rows = pc.list_flatten(column), pc.list_parent_indices(column)
    found = rows.filter(pc.is_in(texts, pa.array(values, column.type.value_type)))
    holds = np.zeros(len(column), np.bool_)
    holds[found.to_numpy()] = True
    return pa.chunked_array([pa.array(holds)])


def _check_count(name: str, compared: Is, count: int) -> None:
    least, most = (0, 0) if compared is Is.STATED else (1, 1)
    if compared in {Is.ONE_OF, Is.HAS}:
        most = MOST_VALUES
    if not least <= count <= most:
        wanted = str(most) if least == most else f"{least} to {most}"
        values = "value" if most == 1 else "values"
        raise _invalid(f"{compared.name} of `{name}` takes {wanted} {values}, not {count}")


def _value(name: str, text: str, kind: Any) -> Any:
    """A value as the column holds it. Raises InputError `CONDITION_VALUE`."""
    try:
        if pa.types.is_boolean(kind):
            return {"true": True, "false": False}[text]
        if pa.types.is_date(kind):
            return date.fromisoformat(text)
        if pa.types.is_timestamp(kind):
            when = datetime.fromisoformat(text)
            return when if when.tzinfo is not None else _refuse_zone()
        if pa.types.is_string(kind):
            text.encode()
            return text
        return _number(text, kind)
    except (ValueError, KeyError, OverflowError, pa.ArrowException) as error:
        raise InputError(
            f"`{text[:LONGEST_SHOWN]}` is no value of `{name}`, which holds {_words(kind)}",
            code="CONDITION_VALUE", hint="write it as the column's own values are written",
        ) from error  # fmt: skip


def _number(text: str, kind: Any) -> Any:
    if not text.lstrip("-").isascii() or len(text) > 40:
        raise ValueError(text)
    if pa.types.is_integer(kind):
        return pa.scalar(int(text), kind).as_py()
    return pa.scalar(text).cast(kind).as_py()


def _refuse_zone() -> datetime:
    raise ValueError("no offset from UTC")


def _words(kind: Any) -> str:
    if pa.types.is_boolean(kind):
        return "true or false"
    if pa.types.is_date(kind):
        return "days, as 2026-03-01"
    if pa.types.is_timestamp(kind):
        return "times, as 2026-03-01T06:00:00Z"
    return "text without half a surrogate pair" if pa.types.is_string(kind) else "numbers"


def _invalid(what: str) -> InputError:
    return InputError(what, code="CONDITION_INVALID", hint="see docs/graphql.md")
