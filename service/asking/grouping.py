"""Groups of rows and their measures: exact sums of whole numbers, counts, least, most, means."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pyarrow
import pyarrow.compute

from ontology.errors import InputError
from service.asking.sheets import Sheet, stated

pa: Any = pyarrow
pc: Any = pyarrow.compute
MOST_MEASURES = 20
MOST_KEYS = 10
EXACT = pa.decimal128(38, 0)
"""Sums of whole numbers are made in this type, where no sum of 2^63 rows goes over."""


class Per(Enum):
    """How much of a day or a time a group holds."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class As(Enum):
    """What is told of a column's stated cells in a group; ROWS counts rows, and has no column."""

    ROWS = "rows"
    STATED = "stated"
    DIFFERENT = "different"
    SUM = "sum"
    MEAN = "mean"
    LEAST = "least"
    MOST = "most"


_FUNCTIONS = {As.STATED: "count", As.DIFFERENT: "count_distinct", As.SUM: "sum", As.MEAN: "sum",
              As.LEAST: "min", As.MOST: "max"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Key:
    """A column to group by; days and times `per` so much."""

    column: str
    per: Per | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of each group, under a name."""

    name: str
    told: As
    column: str = ""


def grouped(sheet: Sheet, keys: Sequence[Key], measures: Sequence[Measure]) -> Sheet:
    """One row per group that has rows, with the columns of its keys and its measures.

    Without keys all rows are one group, also where there are none. Sums of nothing are null, and
    means are floating. Raises InputError `COLUMN_UNKNOWN`, `GROUP_INVALID`, `NUMBER_RANGE`.
    """
    _check(keys, measures)
    columns = {key.column: _key(sheet, key) for key in keys}
    taken = {f"measure {at}": _measured(sheet, one) for at, one in enumerate(measures)}
    told = [_aggregation(at, one) for at, one in enumerate(measures)]
    told += [(f"measure {at}", "count") for at, one in enumerate(measures) if one.told is As.MEAN]
    whole = pa.table(columns | taken) if columns or taken else sheet.table.select([])
    found = whole.group_by(list(columns)).aggregate(told)
    parts = [found.column(name) for name in columns]
    parts += [_result(found, at, one) for at, one in enumerate(measures)]
    names = [*columns, *(one.name for one in measures)]
    made = pa.table(parts, names=names)
    return Sheet(sheet.name, made, is_grouped=True, labelled=sheet.labelled)


def _check(keys: Sequence[Key], measures: Sequence[Measure]) -> None:
    names = [*(key.column for key in keys), *(measure.name for measure in measures)]
    if len(keys) > MOST_KEYS or len(measures) > MOST_MEASURES:
        raise _invalid(f"more than {MOST_KEYS} keys, or than {MOST_MEASURES} measures")
    if not measures:
        raise _invalid("no measure is asked for")
    if len(set(names)) < len(names) or not all(names):
        raise _invalid("the names of keys and measures differ, and none is empty")


def _key(sheet: Sheet, key: Key) -> Any:
    column = sheet.column(key.column)
    if pa.types.is_list(column.type):
        raise _invalid(f"`{key.column}` holds several texts, and makes no groups")
    if key.per is None:
        return column
    if not pa.types.is_temporal(column.type):
        raise _invalid(f"`{key.column}` holds no days or times")
    begins = pc.floor_temporal(column, unit=key.per.value)
    return begins.cast(pa.date32()) if pa.types.is_date(column.type) else begins


def _measured(sheet: Sheet, measure: Measure) -> Any:
    """The column of a measure; that of the rows is there for each of them."""
    if (measure.told is As.ROWS) != (not measure.column):
        raise _invalid(f"`{measure.name}` needs a column, unless it counts rows")
    if measure.told is As.ROWS:
        return pa.repeat(pa.scalar(value=True), len(sheet))
    column = sheet.column(measure.column)
    if measure.told is As.STATED:
        return pc.if_else(stated(column), True, None)  # noqa: FBT003 - the cells of a column
    if pa.types.is_list(column.type):
        raise _invalid(f"`{measure.column}` holds several texts, and has no measure")
    if measure.told in {As.SUM, As.MEAN}:
        if not pa.types.is_integer(column.type):
            raise _invalid(f"`{measure.column}` holds no numbers")
        return column.cast(EXACT)
    return column


def _aggregation(at: int, measure: Measure) -> tuple[str, str]:
    return f"measure {at}", _FUNCTIONS.get(measure.told, "count")


def _result(found: Any, at: int, measure: Measure) -> Any:
    column = found.column("_".join(_aggregation(at, measure)))
    if measure.told is As.MEAN:  # Arrow's own wraps beyond 64 bits
        count = found.column(f"measure {at}_count").cast(pa.float64())
        return pc.divide(column.cast(pa.float64()), count)
    if measure.told is not As.SUM:
        return column
    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid as error:
        raise InputError(f"a sum of `{measure.column}` is beyond 64 bits", code="NUMBER_RANGE",
                         hint="group by more") from error  # fmt: skip


def _invalid(what: str) -> InputError:
    return InputError(what, code="GROUP_INVALID", hint="see docs/graphql.md")
