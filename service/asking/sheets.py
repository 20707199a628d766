"""What can be asked as a table: the facts of a class at a moment, the lines of a plan."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from itertools import count
from typing import Any

import pyarrow
import pyarrow.compute

from graph.arrow import arrow_table
from ontology.columns import Snapshot
from ontology.errors import InputError
from ontology.plan import Assignment, Purchase, Substitution, Transfer
from ontology.terms import FieldKind, field_kinds, local_name
from ontology.vocabulary import FACTS, no_class

pa: Any = pyarrow  # its stubs do not name what it exports
pc: Any = pyarrow.compute
NUMBER = "number"
KEY = "key"
"""The column of natural keys; of a line, its number."""
LINES = (Transfer, Purchase, Assignment, Substitution)
_ORIGINS = count(1)
_TYPES = {str: pa.string(), int: pa.int64(), bool: pa.bool_(), date: pa.date32(),
          datetime: pa.timestamp("us", "UTC")}  # fmt: skip


@dataclass(frozen=True)
class Sheet:
    """Columns of one length, in a fixed order; no two rows have the same `key`."""

    name: str
    table: Any
    """A `pyarrow.Table`; what is not stated is null."""
    is_grouped: bool = False
    labelled: frozenset[str] = frozenset()
    """The keys of those of its rows, or of the rows of its groups, that take a clearance."""
    origin: int = field(default_factory=_ORIGINS.__next__, compare=False)
    """The same for all that is chosen of one sheet, and for no other."""

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns, as GraphQL writes them."""
        return tuple(self.table.column_names)

    def __len__(self) -> int:
        """The number of rows."""
        return int(self.table.num_rows)

    def column(self, name: str) -> Any:
        """One column. Raises InputError `COLUMN_UNKNOWN`."""
        if name not in self.columns:
            what = f"groups of {self.name} have" if self.is_grouped else f"{self.name} has"
            raise InputError(f"{what} no column `{name[:100]}`", code="COLUMN_UNKNOWN",
                             hint=f"there are {', '.join(self.columns)}")  # fmt: skip
        return self.table.column(name)

    def of(self, table: Any) -> "Sheet":
        """Other rows or columns under the same name."""
        return replace(self, table=table)

    def where(self, mask: Any) -> "Sheet":
        """The rows of a mask, those of them that take a clearance still known."""
        found = self.of(self.table.filter(mask))
        if not self.labelled or self.is_grouped:
            return found
        return found.bearing(self.labelled.intersection(found.table.column(KEY).to_pylist()))

    def bearing(self, labelled: Iterable[str]) -> "Sheet":
        """The same, and which of its rows take a clearance."""
        return replace(self, labelled=frozenset(labelled))


def stated(column: Any) -> Any:
    """Per cell whether it says anything: no null, no empty text, no empty set of texts."""
    if pa.types.is_list(column.type):
        said = pc.greater(pc.list_value_length(column), 0)
    elif pa.types.is_string(column.type):
        said = pc.not_equal(column, "")
    else:
        return pc.is_valid(column)
    return pc.fill_null(said, fill_value=False)


def facts_sheet(snapshot: Snapshot, class_name: str) -> Sheet:
    """The facts of a class, by key. Raises InputError `UNKNOWN_CLASS`."""
    if class_name not in FACTS:
        raise no_class(class_name)
    table = snapshot.table(class_name)
    found = arrow_table(table)
    names = [KEY, *map(local_name, found.column_names)]
    keys = pa.array(table.keys.tolist(), pa.string())
    return Sheet(class_name, pa.table([keys, *found.columns], names=names))


def lines_sheet(decision: Mapping[str, Any]) -> Sheet:
    """The lines of a plan's decision, by number; costs in 1/costScale of a cent."""
    lines: Sequence[Mapping[str, Any]] = decision["lines"]
    kinds: dict[str, FieldKind] = {}
    for record in LINES:
        kinds |= {name: kind for name, kind in field_kinds(record).items() if name != "plan"}
    columns = {KEY: pa.array([str(line["number"]) for line in lines], pa.string()),
               "kind": pa.array([line["kind"] for line in lines], pa.string())}  # fmt: skip
    for name, kind in kinds.items():
        columns[local_name(name)] = _column([line.get(name) for line in lines], kind)
    return Sheet("a plan's lines", pa.table(columns))


def _column(cells: list[Any], kind: FieldKind) -> Any:
    if kind.many:
        return pa.array([cell or () for cell in cells], pa.list_(pa.string()))
    told = [date.fromisoformat(cell) if kind.scalar is date and isinstance(cell, str) else cell
            for cell in cells]  # fmt: skip
    return pa.array(told, _TYPES[kind.scalar])
