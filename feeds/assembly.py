"""From the rows that stand to tables in key order, each record with the row that it came from."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from feeds.cells import Value
from feeds.conflicts import stated
from feeds.ledger import Identity, Key, Ledger, Statement
from feeds.record_fields import field_specs
from ontology.columns import Snapshot, Table, cell, column_of
from ontology.terms import field_kinds, join_key
from ontology.vocabulary import RECORDS

IntArray = npt.NDArray[np.int64]
Content = dict[str, Value]


@dataclass(slots=True)
class Merged:
    """One record put together: what is stated of it, and the first row that is its own."""

    content: Content = field(default_factory=dict)
    latest: Statement | None = None
    own: tuple[int, int] | None = None
    mentioned: tuple[int, int] | None = None

    @property
    def place(self) -> tuple[int, int]:
        """(file index, row): the least of its own rows, else of those that mention it."""
        return self.own or self.mentioned or (0, 0)


def merged(ledger: Ledger, only: str = "") -> dict[str, dict[Key, Merged]]:
    """Records by class and key, from the rows that stand (which agree by now)."""
    found: dict[str, dict[Key, Merged]] = defaultdict(dict)
    if only and only not in ledger.classes:
        return found
    for _, row in ledger.standing():
        place = (row.file, row.number)
        for position, statement in enumerate(row.statements):
            name = statement.rule.name
            if only and name != only:
                continue
            record = found[name].get(statement.key)
            if record is None:
                record = found[name][statement.key] = Merged()
            if record.latest != statement:
                record.content.update(stated(statement))
                record.latest = statement
            # Rows come in file and row order: the first place is the least one.
            if position:
                record.mentioned = record.mentioned or place
            else:
                record.own = record.own or place
    return found


def tables_of(
    records: dict[str, dict[Key, Merged]],
    present: Snapshot | None,
    finish: Callable[[str, Content], Content],
) -> tuple[dict[str, Table], dict[str, IntArray]]:
    """Tables by class in key order, and per class int64 (rows, 2): file index, row.

    A record that rows only mention keeps what `present` says of its other fields. `finish`
    completes a record's content before the ontology's defaults fill the rest.
    """
    tables, sources = {}, {}
    for name in sorted(records):
        natural = _natural_keys(list(records[name]))
        found = sorted(records[name].items(), key=lambda pair: natural[pair[0]])
        contents = [
            finish(name, record.content if record.own else _with_present(name, record, present))
            for _, record in found
        ]
        tables[name] = _table(name, contents)
        places = [record.place for _, record in found]
        sources[name] = np.array(places, np.int64).reshape(len(places), 2)
    return tables, sources


def _natural_keys(keys: list[Key]) -> dict[Key, str]:
    """The natural key of each key; parts repeat, so each is quoted once per place in the key."""
    quoted: list[dict[Value | None, str]] = [
        {part: join_key((part,)) for part in set(column)} for column in zip(*keys, strict=True)
    ]
    return {
        key: "/".join([texts[part] for texts, part in zip(quoted, key, strict=True)])
        for key in keys
    }  # fmt: skip


def _table(name: str, contents: list[Content]) -> Table:
    columns = {}
    for spec in field_specs(name).values():
        values: list[Any] = [content.get(spec.name, spec.default) for content in contents]
        columns[spec.name] = column_of(values, spec.kind)
    return Table(name, columns)


def _with_present(name: str, record: Merged, present: Snapshot | None) -> Content:
    if present is None or name not in present.tables:
        return record.content
    table = present.tables[name]
    row = table.row_of.get(join_key(record.content.get(k) for k in RECORDS[name].KEY))
    if row is None:
        return record.content
    kinds = field_kinds(RECORDS[name])
    known = {k: cell(table[k][row], kind) for k, kind in kinds.items()}
    return {k: v for k, v in known.items() if v is not None} | record.content


def loaded_rows(ledger: Ledger) -> tuple[set[int], set[int]]:
    """Rows that brought a record in, and rows that said the same again."""
    seen: set[Identity] = set()
    loaded: set[int] = set()
    repeated: set[int] = set()
    for index, row in ledger.standing():
        identity = row.statements[0].identity
        (repeated if identity in seen else loaded).add(index)
        seen.add(identity)
    return loaded, repeated
