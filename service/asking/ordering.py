"""In which order, and which page: total orders, so that a page follows the one before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow
import pyarrow.compute

from ontology.errors import InputError
from service.asking.sheets import KEY, NUMBER, Sheet

pa: Any = pyarrow
pc: Any = pyarrow.compute
MOST_ORDERS = 10


@dataclass(frozen=True, slots=True)
class Order:
    """By a column, upwards unless `descending`; what is not stated comes last."""

    column: str
    descending: bool = False


def ordered(sheet: Sheet, orders: Sequence[Order]) -> Sheet:
    """The rows in an order that is total: what is equal in all columns named goes by its key.

    Raises InputError `COLUMN_UNKNOWN`, `ORDER_INVALID`.
    """
    if len(orders) > MOST_ORDERS:
        raise _invalid(f"{len(orders)} columns to sort by are more than {MOST_ORDERS}")
    names = [order.column for order in orders]
    if len(set(names)) < len(names):
        raise _invalid("a column to sort by stands twice")
    for name in names:
        if pa.types.is_list(sheet.column(name).type):
            raise _invalid(f"`{name}` holds several texts, and has no order")
    directions = [(each.column, "descending" if each.descending else "ascending")
                  for each in orders]  # fmt: skip
    rest = [(name, "ascending") for name in _last_resort(sheet) if name not in names]
    if not directions + rest:
        return sheet
    places = pc.sort_indices(sheet.table, [*directions, *rest])
    return sheet.of(sheet.table.take(places))


def _last_resort(sheet: Sheet) -> tuple[str, ...]:
    """What no two rows have in common: the number of a line, a key, or all columns of a group."""
    if sheet.is_grouped:
        return sheet.columns
    return (NUMBER,) if NUMBER in sheet.columns and "kind" in sheet.columns else (KEY,)


def _invalid(what: str) -> InputError:
    return InputError(what, code="ORDER_INVALID", hint="see docs/graphql.md")
