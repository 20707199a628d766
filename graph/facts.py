"""How a fact looks as a node: its properties, its links, its content digest, and the way back."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING as NO_DEFAULT
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from ontology.columns import MISSING, Column, Table, column_of
from ontology.terms import FieldKind, field_kinds, join_key
from ontology.vocabulary import RECORDS

Properties = dict[str, Any]
IntArray = npt.NDArray[np.int64]
RESERVED = frozenset({
    "uri", "class", "content", "event_sequence", "from_sequence", "event_row",
    "until_sequence", "source_file", "source_row",
})  # fmt: skip
"""Properties of a fact's node that are not fields of its record."""

ROWS_AT_ONCE = 1_000
"""So many rows of columns become Python values at once."""


@dataclass(frozen=True, slots=True)
class StatedFact:
    """A fact as the graph states it: its URI, its address, where it stood, and the record."""

    uri: str
    chain: str
    class_name: str
    key: str
    event_sequence: int
    event_row: int
    source_file: str
    source_row: int
    record: Any


def uri_of(chain: str, class_name: str, key: str) -> str:
    """The URI of a fact: chain, class and natural key."""
    return f"{chain}/{class_name}/{key}"


@cache
def kinds_of(class_name: str) -> dict[str, FieldKind]:
    """The field kinds of a class."""
    return field_kinds(RECORDS[class_name])


@cache
def defaults_of(class_name: str) -> dict[str, Any]:
    """The defaults of a class's fields; a field without one is not in it."""
    record = RECORDS[class_name]
    return {f.name: f.default for f in fields(record) if f.default is not NO_DEFAULT}


def relation_of(field_name: str) -> str:
    """The relationship type of a reference field: `origin_port` -> `ORIGIN_PORT`."""
    return field_name.upper()


def fact_rows(
    chain: str, table: Table, numbers: IntArray, origins: IntArray, files: tuple[str, ...]
) -> Iterator[Properties]:
    """The parameters of one node per row, in the table's order; `numbers` are those of the rows."""
    kinds = kinds_of(table.name)
    for start in range(0, len(table), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        columns = [_cells(table[name][rows], kind) for name, kind in kinds.items()]
        places = zip(numbers[rows].tolist(), table.keys[rows].tolist(), origins[rows].tolist(),
                     *columns, strict=True)  # fmt: skip
        for row, key, (file, line), *values in places:
            stated = dict(zip(kinds, values, strict=True))
            yield {
                "uri": uri_of(chain, table.name, key), "key": key, "row": row,
                "content": content_of(table.name, stated),
                "source_file": files[file] if file >= 0 else "", "source_row": max(line, 0),
                "fields": node_fields(stated), "links": links_of(chain, table.name, stated),
            }  # fmt: skip


def _cells(column: Column, kind: FieldKind) -> list[Any]:
    """What `cell` gives for every value of a column."""
    values: list[Any] = column.tolist()
    if kind.scalar is int and not kind.many:
        return [None if value == MISSING else value for value in values]
    if kind.scalar is datetime:
        return [value and value.replace(tzinfo=UTC) for value in values]
    return values


def node_fields(stated: Mapping[str, Any]) -> Properties:
    """The properties of a record's stated values; None is left out."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in stated.items()
        if value is not None
    }


def links_of(chain: str, class_name: str, stated: Mapping[str, Any]) -> list[Properties]:
    """The entities that reference fields name, by relationship type."""
    found = []
    for kind in _references_of(class_name):
        value = stated.get(kind.name)
        if value is None:
            continue
        for target in value if kind.many else (value,):
            key, uri = _anchor(chain, kind.refers_to, target)
            found.append({"type": relation_of(kind.name), "class": kind.refers_to, "key": key,
                          "uri": uri})  # fmt: skip
    return found


@cache
def _references_of(class_name: str) -> tuple[FieldKind, ...]:
    return tuple(kind for kind in kinds_of(class_name).values() if kind.refers_to)


@lru_cache(maxsize=1 << 16)  # many rows refer to the same few
def _anchor(chain: str, class_name: str, name: str) -> tuple[str, str]:
    key = join_key((name,))
    return key, uri_of(chain, class_name, key)


def content_of(class_name: str, stated: Mapping[str, Any]) -> str:
    """A digest that two versions of a fact share when they state the same.

    Fields at their default are left out, so that a field added later changes no old content.
    """
    defaults = defaults_of(class_name)
    told = {
        name: value
        for name, value in stated.items()
        if name not in defaults or value != defaults[name]
    }
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def record_from(class_name: str, properties: Mapping[str, Any]) -> Any:
    """The record of a node's properties: a field that is not there has its default, or None."""
    defaults = defaults_of(class_name)
    values = {
        name: _native(properties.get(name, defaults.get(name)), kind)
        for name, kind in kinds_of(class_name).items()
    }
    return RECORDS[class_name](**values)


def table_from(class_name: str, facts: Sequence[Properties]) -> Table:
    """The columns of the records of many nodes of a class, in their order; as `record_from`."""
    defaults = defaults_of(class_name)
    columns = {}
    for name, kind in kinds_of(class_name).items():
        default = defaults.get(name)
        told = [fact.get(name, default) for fact in facts]
        columns[name] = column_of(_natives(told, kind), kind)
    return Table(class_name, columns)


def _natives(told: list[Any], kind: FieldKind) -> list[Any]:
    if kind.many or kind.scalar in {date, datetime}:
        return [_native(value, kind) for value in told]
    return told


def fact_from(properties: Mapping[str, Any]) -> StatedFact:
    """The fact of a node's properties."""
    chain, class_name, key = properties["uri"].split("/", 2)
    return StatedFact(
        properties["uri"], chain, class_name, key,
        properties["event_sequence"], properties["event_row"],
        properties["source_file"], properties["source_row"],
        record_from(class_name, properties),
    )  # fmt: skip


def _native(value: Any, kind: FieldKind) -> Any:
    if value is None:
        return None
    if kind.many:
        return tuple(value)
    return value.to_native() if hasattr(value, "to_native") else value
