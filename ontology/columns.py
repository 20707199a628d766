"""Tables as numpy columns: how facts travel between the packages."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ontology.terms import FieldKind, field_kinds, join_key
from ontology.vocabulary import RECORDS

Column = npt.NDArray[Any]
MISSING = int(np.iinfo(np.int64).min)
"""The integer that stands for "not stated" in a column of integers."""


@dataclass(frozen=True)
class Table:
    """Columns of one record class, one per field, equally long.

    str and tuples: object arrays (None where not stated); int: int64 (MISSING); bool: bool;
    date: datetime64[D]; datetime: datetime64[us] (NaT).
    """

    name: str
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        """The number of rows."""
        return len(next(iter(self.columns.values()), ()))

    def __getitem__(self, column: str) -> Column:
        """One column by its field name."""
        return self.columns[column]

    @cached_property
    def keys(self) -> Column:
        """The natural key of every row, as object strings."""
        parts = [self.columns[name].tolist() for name in RECORDS[self.name].KEY]
        keys = np.empty(len(self), object)
        keys[:] = [join_key(row) for row in zip(*parts, strict=True)]
        return keys

    @cached_property
    def row_of(self) -> dict[str, int]:
        """From natural key to row."""
        return {key: row for row, key in enumerate(self.keys)}

    def take(self, rows: npt.NDArray[np.intp]) -> "Table":
        """The given rows, in the given order."""
        return Table(self.name, {name: column[rows] for name, column in self.columns.items()})

    def sorted(self) -> "Table":
        """The same rows in the order of their natural keys (code points)."""
        return self.take(np.array(sorted(range(len(self)), key=self.keys.__getitem__), np.intp))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content in key order: equal for the same rows in any order."""
        ordered = self.sorted()
        state = hashlib.sha256(f"evenkeel table 1\n{self.name}\n{len(self)}\n".encode())
        for kind in sorted(field_kinds(RECORDS[self.name]).values(), key=lambda k: k.name):
            state.update(f"{kind.name}\n".encode())
            state.update(_column_bytes(ordered[kind.name], kind))
        return state.hexdigest()


@dataclass(frozen=True)
class Snapshot:
    """All facts in force after `sequence` events, of one supply chain.

    `tables` holds one Table per record class that has rows, sorted by key. `addresses` holds,
    per class, an int64 array of shape (rows, 2): (event sequence, row in that event's table).
    """

    sequence: int
    tables: Mapping[str, Table]
    addresses: Mapping[str, npt.NDArray[np.int64]] = field(default_factory=dict)

    def table(self, name: str) -> Table:
        """The table of a class, empty where there are no facts of it."""
        return self.tables.get(name) or empty_table(name)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the digests of the tables: no row order, no addresses, no clock."""
        state = hashlib.sha256(b"evenkeel snapshot 1\n")
        for name in sorted(self.tables):
            if len(self.tables[name]):
                state.update(f"{name} {self.tables[name].digest}\n".encode())
        return state.hexdigest()


def table_of(records: Iterable[Any], name: str) -> Table:
    """Columns from record objects of one class."""
    rows = list(records)
    kinds = field_kinds(RECORDS[name])
    return Table(name, {k: column_of([getattr(r, k) for r in rows], v) for k, v in kinds.items()})


def empty_table(name: str) -> Table:
    """A table without rows."""
    return table_of((), name)


def column_of(values: list[Any], kind: FieldKind) -> Column:
    """A column from Python values of one field; None becomes the column's way to say missing."""
    if kind.many or kind.scalar is str:
        column = np.empty(len(values), object)
        column[:] = values
        return column
    if kind.scalar is int:
        return np.array([MISSING if v is None else v for v in values], np.int64)
    if kind.scalar is bool:
        return np.array(values, np.bool_)
    unit = "D" if kind.scalar is date else "us"
    naive = [v.replace(tzinfo=None) if isinstance(v, datetime) else v for v in values]
    return np.array(naive, f"datetime64[{unit}]")


def record_at(table: Table, row: int) -> Any:
    """The record object of one row."""
    kinds = field_kinds(RECORDS[table.name])
    return RECORDS[table.name](**{k: cell(table[k][row], v) for k, v in kinds.items()})


def cell(value: Any, kind: FieldKind) -> Any:
    """One cell as a Python value; missing becomes None."""
    if kind.many or kind.scalar is str:
        return value
    if kind.scalar is int:
        return None if int(value) == MISSING else int(value)
    if kind.scalar is bool:
        return bool(value)
    return None if np.isnat(value) else value.astype(object)


def _column_bytes(column: Column, kind: FieldKind) -> bytes:
    if kind.many:
        return b"".join(_text_bytes("\x1f".join(sorted(cell_value))) for cell_value in column)
    if kind.scalar is str:
        return b"".join(map(_text_bytes, column))
    if kind.scalar is bool:
        return column.astype(np.uint8).tobytes()
    return column.astype(np.int64).astype("<i8").tobytes()


def _text_bytes(text: str | None) -> bytes:
    data = b"\xff" if text is None else text.encode()
    return len(data).to_bytes(4, "little") + data
