"""From the rows that stand to tables in key order, each record with the row that it came from."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from feeds.facts.cells import Value
from feeds.facts.ledger import Ledger
from feeds.facts.pools import NOT_STATED, Codes, IntArray, Pool, distinct, mixed
from feeds.facts.record_fields import FieldSpec, field_specs
from ontology.columns import Column, Snapshot, Table, cell, column_of
from ontology.terms import FieldKind, join_key
from ontology.vocabulary import RECORDS

Content = dict[str, Value]
Columns = dict[str, Column]


@dataclass(slots=True)
class Merged:
    """The records of one class put together: a code per field that any row states of it.

    `ids` are their identities; `own` is the first row of the ledger that is a record's own, and
    `mentioned` the first that mentions it, -1 where there is none.
    """

    name: str
    ids: IntArray
    codes: dict[str, Codes]
    own: Codes
    mentioned: Codes

    def __len__(self) -> int:
        """The number of records."""
        return len(self.ids)

    def take(self, rows: npt.NDArray[np.intp]) -> "Merged":
        """The given records, in the given order."""
        codes = {name: column[rows] for name, column in self.codes.items()}
        return Merged(self.name, self.ids[rows], codes, self.own[rows], self.mentioned[rows])

    def column(self, name: str) -> Codes:
        """The codes of a field, which no row need state."""
        found = self.codes.get(name)
        return np.full(len(self), NOT_STATED, np.int32) if found is None else found


def merged(ledger: Ledger, name: str) -> Merged:
    """The records of a class in the order of identities, from rows that stand and agree."""
    parts, size = ledger.standing(name), ledger.size(name)
    own, mentioned = np.full(size, -1, np.int32), np.full(size, -1, np.int32)
    for part in reversed(parts):  # backwards, so that the first row is what stays
        first = mentioned if part.position else own
        first[part.ids[::-1]] = part.rows[::-1]
    ids = np.flatnonzero((own >= 0) | (mentioned >= 0))
    codes = {}
    for field in sorted({field for part in parts for field in part.columns}):
        found = np.full(size, NOT_STATED, np.int32)
        for part in parts:
            if field in part.columns:
                some = part.where(part.columns[field] != NOT_STATED)
                found[some.ids] = some.columns[field]
        codes[field] = found[ids]
    return Merged(name, ids, codes, own[ids], mentioned[ids])


def merged_all(ledger: Ledger) -> dict[str, Merged]:
    """The records of every class that a standing row speaks of; what the rows say is let go of."""
    found = {}
    for name in sorted(ledger.classes):
        found[name] = merged(ledger, name)
        ledger.forget(name)
    return {name: records for name, records in found.items() if len(records)}


def table_of_merged(
    ledger: Ledger, records: Merged, present: Snapshot | None,
    finish: Callable[[Merged, Columns], Columns],
) -> tuple[Table, IntArray]:  # fmt: skip
    """A table in key order, and int64 (rows, 2): file index and row, the least that there is.

    A record that rows only mention keeps what `present` says of its other fields. `finish`
    completes the columns, in which what nobody states is the ontology's default.
    """
    name = records.name
    records = records.take(_order(ledger, records))
    if present is not None and name in present.tables and (records.own < 0).any():
        _keep_present(ledger, records, present.tables[name])
    columns = {
        spec.name: _column(ledger.pools.of(name, spec.name), records, spec)
        for spec in field_specs(name).values()
    }
    rows = np.where(records.own >= 0, records.own, records.mentioned)
    return Table(name, finish(records, columns)), ledger.places(rows)


def _order(ledger: Ledger, records: Merged) -> npt.NDArray[np.intp]:
    """The order of natural keys (code points): that of one part after the other."""
    keys = RECORDS[records.name].KEY
    ranks, sizes = zip(*(
        ledger.pools.of(records.name, key).ranks(records.column(key), end)
        for key, end in zip(keys, [*"/" * (len(keys) - 1), ""], strict=True)
    ), strict=True)  # fmt: skip
    return np.argsort(mixed(ranks, sizes))


def _column(pool: Pool, records: Merged, spec: FieldSpec) -> Column:
    """The values of codes; each distinct value is one object, however often it stands."""
    if spec.name not in records.codes:
        default = _default(records.name, spec.name)
        return default if len(records) == 1 else np.broadcast_to(default, len(records))
    few, where = distinct(records.codes[spec.name], len(pool))
    values = [spec.default if code == NOT_STATED else pool.values[code] for code in few.tolist()]
    column = column_of(values, spec.kind)
    return np.broadcast_to(column, len(where)) if len(few) == 1 else column[where]


@cache
def _default(name: str, field: str) -> Column:
    """The default of a field, as a column of one row that nobody can change."""
    spec = field_specs(name)[field]
    found = column_of([spec.default], spec.kind)
    found.flags.writeable = False
    return found


def _keep_present(ledger: Ledger, records: Merged, table: Table) -> None:
    """Put in what earlier facts say of records that the rows only mention."""
    only = np.flatnonzero(records.own < 0)
    keys = [join_key(ledger.key(records.name, one)) for one in records.ids[only].tolist()]
    rows = np.array([table.row_of.get(key, -1) for key in keys], np.intp)
    only, known_rows = only[rows >= 0], table.take(rows[rows >= 0])
    for spec in field_specs(records.name).values() if len(only) else ():
        codes = records.column(spec.name)
        pool = ledger.pools.of(records.name, spec.name)
        known = _codes_of(pool, known_rows[spec.name], spec.kind)
        codes[only] = np.where(codes[only] == NOT_STATED, known, codes[only])
        records.codes[spec.name] = codes


def _codes_of(pool: Pool, column: Column, kind: FieldKind) -> Codes:
    """The codes of a column's values, NOT_STATED where they are missing."""
    numbers = column.view(np.int64) if column.dtype.kind in "iM" else column
    code_of: dict[Any, int] = {}
    found = np.empty(len(column), np.int32)
    for at, number in enumerate(numbers.tolist()):
        if number not in code_of:
            value = cell(column[at], kind)
            code_of[number] = NOT_STATED if value is None else pool.code(value)
        found[at] = code_of[number]
    return found
