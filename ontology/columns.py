"""Tables as numpy columns: how facts travel between the packages."""

import hashlib
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING as NO_DEFAULT
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from functools import cache, cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ontology.errors import InputError
from ontology.keys import RowOf, are_ascending, keys_of
from ontology.on_demand import OnDemand
from ontology.terms import FieldKind, field_kinds
from ontology.vocabulary import RECORDS

Column = npt.NDArray[Any]
MISSING = int(np.iinfo(np.int64).min)
"""The integer that stands for "not stated" in a column of integers."""
KEYS_CARRIED = 2**14
"""Up to so many rows that are taken or joined bring their keys along, where they are known."""
ONE = (0,)
"""The strides of a column in which one value stands for all rows."""
COPIED = 64
"""So many cells are copied at once rather than looked at."""
FEW = 16
"""Rows are few where a column has more than so many times as many."""
CELLS_AT_ONCE = 2**16
"""So many cells of a column are put into bytes at once."""


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
        known = self.__dict__.get("keys")
        return len(next(iter(self.columns.values()), ()) if known is None else known)

    def __getitem__(self, column: str) -> Column:
        """One column by its field name."""
        return self.columns[column]

    @cached_property
    def keys(self) -> Column:
        """The natural key of every row, as texts of numpy (`ontology.keys.TEXT`)."""
        return keys_of([self.columns[name] for name in RECORDS[self.name].KEY])

    @cached_property
    def row_of(self) -> RowOf:
        """From natural key to row."""
        return RowOf(self.keys)

    @cached_property
    def worked_out(self) -> dict[Hashable, Any]:
        """What others worked out of this table, by what it is: kept for as long as the table is."""
        return {}

    def take(self, rows: npt.NDArray[np.intp]) -> "Table":
        """The given rows, in the given order; all of them in their order are this table itself.

        A column in which one value stands for all rows stays such a column.
        """
        if _are_all(rows, len(self)):
            return self
        carried = len(rows) <= KEYS_CARRIED and "keys" in self.__dict__
        return _lined_up(self.name, self._columns_of(rows), self.keys[rows] if carried else None)

    def _columns_of(self, rows: npt.NDArray[np.intp]) -> Mapping[str, Column]:
        if isinstance(self.columns, _Picked) and FEW * len(rows) < len(self):
            return self.columns.few(rows)
        return {name: _taken(column, rows) if column.strides == ONE else column[rows]
                for name, column in self.columns.items()}  # fmt: skip

    def sorted(self) -> "Table":
        """The same rows in the order of their natural keys (code points), then of their cells."""
        if are_ascending(self.keys):
            return self
        order = np.argsort(self.keys, kind="stable")
        keys = self.keys[order]
        if not (keys[1:] == keys[:-1]).any():
            return self.take(order)
        told = self.keys.tolist()
        rows = list(zip(*(self[name].tolist() for name in sorted(self.columns)), strict=True))
        by_cells = sorted(order.tolist(), key=lambda row: (told[row], repr(rows[row])))
        return self.take(np.array(by_cells, np.intp))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content in key order: equal for the same rows in any order.

        Several values in one cell count as a set. A column that holds nothing but its field's
        default is left out, so a digest outlives the fields that the vocabulary gains later.
        """
        ordered = self.sorted()
        state = hashlib.sha256(f"evenkeel table 1\n{self.name}\n{len(self)}\n".encode())
        for kind, blank in _blanks(self.name):
            column = ordered[kind.name]
            if blank is None or not _is_only(column, blank, kind):
                state.update(f"{kind.name}\n".encode())
                for content in _contents(column, kind):
                    state.update(content)
        return state.hexdigest()


TWIN = -1
"""The event of what stands under another name of a fact, and was stated by none."""


@dataclass(frozen=True)
class Snapshot:
    """All facts in force after `sequence` events, of one supply chain.

    What is read by a source's names has a fact under these names, too: its address is `TWIN`.
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


@cache
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


def joined_tables(tables: Sequence[Table]) -> Table:
    """The rows of several tables of one class, one after the other."""
    columns = {name: joined([table.columns[name] for table in tables])
               for name in tables[0].columns}  # fmt: skip
    told = [table for table in tables if len(table)]
    carried = told and all("keys" in table.__dict__ for table in told)
    if not carried or sum(map(len, told)) > KEYS_CARRIED:
        return _lined_up(tables[0].name, columns)
    return _lined_up(tables[0].name, columns, np.concatenate([table.keys for table in told]))


def _lined_up(name: str, columns: Mapping[str, Column], keys: Column | None = None) -> Table:
    """A table of columns that are known to line up, with its keys where they are known."""
    found = object.__new__(Table)
    found.__dict__.update(name=name, columns=columns)
    if keys is not None:  # they would be made anew from the columns
        found.__dict__["keys"] = keys
    return found


class _Picked(OnDemand[Column]):
    """The columns of rows that are counted through several tables, one after the other."""

    def __init__(self, tables: Sequence[Table], rows: npt.NDArray[np.intp]) -> None:
        super().__init__(tables[0].columns, self._whole)
        self._tables, self._rows = tables, rows

    def few(self, rows: npt.NDArray[np.intp]) -> dict[str, Column]:
        """All columns of some of these rows, made of these alone."""
        wanted = self._rows[rows]
        starts = np.cumsum([0, *map(len, self._tables)])
        owner = np.searchsorted(starts, wanted, "right") - 1
        back = np.argsort(np.argsort(owner, kind="stable"))
        parts = [(self._tables[number], wanted[owner == number] - starts[number])
                 for number in (np.unique(owner).tolist() or [0])]  # fmt: skip
        return {name: _taken(joined([_taken(table[name], at) for table, at in parts]), back)
                for name in self}  # fmt: skip

    def _whole(self, name: str) -> Column:
        return _taken(joined([table[name] for table in self._tables]), self._rows)


def picked(tables: Sequence[Table], rows: npt.NDArray[np.intp], keys: Column) -> Table:
    """Some rows, counted through several tables of a class one after the other, with their `keys`.

    A column is made when it is first asked for: few who ask about a class want all of it.
    """
    return _lined_up(tables[0].name, _Picked(tables, rows), keys)


def joined(columns: Sequence[Column]) -> Column:
    """The cells of several columns of one field, one column after the other.

    Where one value stands for all rows of one, and the others hold nothing else, it stands for all
    rows of the whole, unless these are so few that to find out takes longer than to copy them.
    """
    if ONE not in [column.strides for column in columns] or sum(map(len, columns)) <= COPIED:
        return np.concatenate(columns)
    told = [column for column in columns if len(column)] or list(columns[:1])
    one = next((column[:1] for column in told if _is_constant(column)), None)
    if one is not None and all(_holds_only(column, one) for column in told):
        return np.broadcast_to(one, sum(map(len, told)))
    return np.concatenate(told)


def _holds_only(column: Column, one: Column) -> bool:
    cells = column[:1] if _is_constant(column) else column
    if cells.dtype.kind == "M":  # not a time equals not a time here
        cells, one = cells.view(np.int64), one.view(np.int64)
    return bool((cells == one).all())


def _is_constant(column: Column) -> bool:
    """Whether one value stands for all rows."""
    return column.strides == ONE and len(column) > 0


def _taken(column: Column, rows: npt.NDArray[np.intp]) -> Column:
    if not _is_constant(column):
        found: Column = column[rows]
        return found
    count = int(np.count_nonzero(rows)) if rows.dtype == np.bool_ else len(rows)
    return column[:count] if count <= len(column) else np.broadcast_to(column[:1], count)


def _are_all(rows: npt.NDArray[np.intp], count: int) -> bool:
    """Whether these are all rows in their order."""
    if len(rows) != count or rows.dtype == np.bool_:
        return False
    return bool((rows == np.arange(count)).all())


@cache
def _blanks(name: str) -> tuple[tuple[FieldKind, bytes | None], ...]:
    """The fields of a class in the order of their names, and the bytes of each one's default."""
    kinds = field_kinds(RECORDS[name])
    defaults = {part.name: part.default for part in fields(RECORDS[name])}
    return tuple((kinds[each], _blank(kinds[each], defaults[each])) for each in sorted(kinds))


def _blank(kind: FieldKind, default: Any) -> bytes | None:
    return None if default is NO_DEFAULT else b"".join(_contents(column_of([default], kind), kind))


def _is_only(column: Column, blank: bytes, kind: FieldKind) -> bool:
    """Whether a column holds nothing but its field's default."""
    cells = column[:1] if _is_constant(column) else column
    return all(
        content == blank * len(cells[start : start + CELLS_AT_ONCE])
        for start, content in zip(range(0, len(cells), CELLS_AT_ONCE), _contents(cells, kind),
                                  strict=True)
    )  # fmt: skip


def _contents(column: Column, kind: FieldKind) -> Iterator[bytes]:
    """The bytes of a column's cells, some rows at a time."""
    known: dict[str | None, bytes] = {}
    for start in range(0, len(column), CELLS_AT_ONCE):
        yield _content(column[start : start + CELLS_AT_ONCE], kind, known)


def _content(column: Column, kind: FieldKind, known: dict[str | None, bytes]) -> bytes:
    if kind.many:
        return b"".join(map(_set_bytes, column))
    if kind.scalar is str:
        values = column.tolist()
        known |= {text: _text_bytes(text) for text in set(values) - known.keys()}
        return b"".join(map(known.__getitem__, values))
    if kind.scalar is bool:
        return column.astype(np.uint8).tobytes()
    return column.astype(np.int64).astype("<i8").tobytes()


def _set_bytes(texts: tuple[str, ...]) -> bytes:
    return len(texts).to_bytes(4, "little") + b"".join(map(_text_bytes, sorted(texts)))


def _text_bytes(text: str | None) -> bytes:
    data = b"\xff" if text is None else text.encode()
    return len(data).to_bytes(4, "little") + data
