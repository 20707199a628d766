"""Tables as numpy columns: how facts travel between the packages."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING as NO_DEFAULT
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from functools import cached_property
from operator import lt
from typing import Any

import numpy as np
import numpy.typing as npt

from ontology.errors import InputError
from ontology.terms import FieldKind, field_kinds, join_key
from ontology.vocabulary import RECORDS

Column = npt.NDArray[Any]
MISSING = int(np.iinfo(np.int64).min)
"""The integer that stands for "not stated" in a column of integers."""


@dataclass(frozen=True)
class Table:
    """Columns of one record class, one per field, equally long.

    str and tuples: object arrays (None where not stated); int: int64 (MISSING); bool: bool;
    date: datetime64[D]; datetime: datetime64[us] in UTC (NaT). Raises ValueError for columns of
    different lengths.
    """

    name: str
    columns: Mapping[str, Column]

    def __post_init__(self) -> None:
        """Refuse columns that do not line up."""
        if len({len(column) for column in self.columns.values()}) > 1:
            raise ValueError(f"the columns of {self.name} differ in length")

    def __len__(self) -> int:
        """The number of rows."""
        return len(next(iter(self.columns.values()), ()))

    def __getitem__(self, column: str) -> Column:
        """One column by its field name."""
        return self.columns[column]

    @cached_property
    def keys(self) -> Column:
        """The natural key of every row, as object strings."""
        parts = [_key_parts(self.columns[name]) for name in RECORDS[self.name].KEY]
        keys = np.empty(len(self), object)
        keys[:] = list(map("/".join, zip(*parts, strict=True)))
        return keys

    @cached_property
    def row_of(self) -> dict[str, int]:
        """From natural key to row."""
        return {key: row for row, key in enumerate(self.keys)}

    def take(self, rows: npt.NDArray[np.intp]) -> "Table":
        """The given rows, in the given order."""
        return Table(self.name, {name: column[rows] for name, column in self.columns.items()})

    def sorted(self) -> "Table":
        """The same rows in the order of their natural keys (code points), then of their cells."""
        keys = self.keys.tolist()
        if all(map(lt, keys, keys[1:])):
            return self
        order = sorted(range(len(self)), key=keys.__getitem__)
        if len(set(keys)) < len(keys):
            rows = list(zip(*(self[name].tolist() for name in sorted(self.columns)), strict=True))
            order.sort(key=lambda row: (keys[row], repr(rows[row])))
        return self.take(np.array(order, np.intp))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content in key order: equal for the same rows in any order.

        Several values in one cell count as a set. A column that holds nothing but its field's
        default is left out, so a digest outlives the fields that the vocabulary gains later.
        """
        ordered = self.sorted()
        state = hashlib.sha256(f"evenkeel table 1\n{self.name}\n{len(self)}\n".encode())
        for kind, default in _defaults(self.name):
            content = _column_bytes(ordered[kind.name], kind)
            if default is not NO_DEFAULT:
                blank = _column_bytes(column_of([default], kind), kind)
                if content == blank * len(self):
                    continue
            state.update(f"{kind.name}\n".encode())
            state.update(content)
        return state.hexdigest()


@dataclass(frozen=True)
class Snapshot:
    """All facts in force after `sequence` events, of one supply chain.

    `tables` holds one Table per record class that has rows, sorted by key. `addresses` holds,
    per class, an int64 array of shape (rows, 2): (event sequence, row in that event's table).
    `clocks` holds, per class, one of shape (rows, 3): since when the fact is true (microseconds
    since 1970), the standing of its source, and its place in the source's own order.
    """

    sequence: int
    tables: Mapping[str, Table]
    addresses: Mapping[str, npt.NDArray[np.int64]] = field(default_factory=dict)
    clocks: Mapping[str, npt.NDArray[np.int64]] = field(default_factory=dict)

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
    """A column from Python values of one field; None becomes the column's way to say missing.

    A datetime without a zone is taken as UTC. Raises InputError `BAD_CELL` for a value of
    another type (a fraction or NaN for a whole number, None for a bool) and `NUMBER_RANGE` for
    an integer that int64 does not hold beside MISSING.
    """
    _check_types(values, kind)
    if kind.many or kind.scalar is str:
        column = np.empty(len(values), object)
        column[:] = values
        return column
    if kind.scalar is int:
        return _integers(values, kind.name)
    if kind.scalar is bool:
        return np.array(values, np.bool_)
    unit = "D" if kind.scalar is date else "us"
    return np.array([_utc(v) for v in values], f"datetime64[{unit}]")


def _check_types(values: list[Any], kind: FieldKind) -> None:
    wanted = tuple if kind.many else (int, np.integer) if kind.scalar is int else kind.scalar
    barred = {int: bool, date: datetime}.get(kind.scalar, ())
    for found in set(map(type, values)):
        missing = found is type(None) and not kind.many and kind.scalar is not bool
        if not missing and (not issubclass(found, wanted) or issubclass(found, barred)):
            raise InputError(
                f"field `{kind.name}` cannot hold a value of type `{found.__name__}`",
                hint=f"give a {'tuple' if kind.many else kind.scalar.__name__}",
                code="BAD_CELL",
            )


def _integers(values: list[Any], name: str) -> Column:
    try:
        column = np.array([MISSING if v is None else v for v in values], np.int64)
        fits = np.count_nonzero(column == MISSING) == values.count(None)
    except OverflowError:
        fits = False
    if not fits:
        raise InputError(
            f"field `{name}` has a number beyond ±{-MISSING - 1}",
            hint="use a coarser unit",
            code="NUMBER_RANGE",
        )
    return column


def _utc(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def record_at(table: Table, row: int) -> Any:
    """The record object of one row."""
    kinds = field_kinds(RECORDS[table.name])
    return RECORDS[table.name](**{k: cell(table[k][row], v) for k, v in kinds.items()})


def cell(value: Any, kind: FieldKind) -> Any:
    """One cell as a Python value; missing becomes None, a datetime is in UTC."""
    if kind.many or kind.scalar is str:
        return value
    if kind.scalar is int:
        return None if int(value) == MISSING else int(value)
    if kind.scalar is bool:
        return bool(value)
    if np.isnat(value):
        return None
    plain = value.astype(object)
    return plain.replace(tzinfo=UTC) if kind.scalar is datetime else plain


def _key_parts(column: Column) -> list[str]:
    """Each value as its part of a key; equal values are quoted once."""
    if column.dtype.kind in "iM" and len(column):  # days as objects are slow to look up
        few, place = np.unique(column.view(np.int64), return_inverse=True)
        texts = np.array([join_key((v,)) for v in _plain(few.view(column.dtype))], object)
        return list(texts[place].tolist())
    values = column.tolist()
    known = {value: join_key((value,)) for value in set(values)}
    return list(map(known.__getitem__, values))


def _plain(column: Column) -> list[Any]:
    if column.dtype == np.int64:
        return [None if value == MISSING else value for value in column.tolist()]
    return list(column.tolist())


def _defaults(name: str) -> list[tuple[FieldKind, Any]]:
    kinds = field_kinds(RECORDS[name])
    defaults = {part.name: part.default for part in fields(RECORDS[name])}
    return [(kinds[field_name], defaults[field_name]) for field_name in sorted(kinds)]


def _column_bytes(column: Column, kind: FieldKind) -> bytes:
    if kind.many:
        return b"".join(map(_set_bytes, column))
    if kind.scalar is str:
        values = column.tolist()
        known = {text: _text_bytes(text) for text in set(values)}
        return b"".join(map(known.__getitem__, values))
    if kind.scalar is bool:
        return column.astype(np.uint8).tobytes()
    return column.astype(np.int64).astype("<i8").tobytes()


def _set_bytes(texts: tuple[str, ...]) -> bytes:
    return len(texts).to_bytes(4, "little") + b"".join(map(_text_bytes, sorted(texts)))


def _text_bytes(text: str | None) -> bytes:
    data = b"\xff" if text is None else text.encode()
    return len(data).to_bytes(4, "little") + data
