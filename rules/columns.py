"""Records as integers: nodes and literals get codes, properties become sorted adjacency arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from ontology.axioms import COUNTED, classes_beneath
from ontology.columns import MISSING, Table, empty_table
from ontology.terms import RESOURCE, FieldKind, field_kinds, join_key
from ontology.vocabulary import RECORDS
from reasoning.inferences import Inferences
from reasoning.statements import key_of
from rules.keyed import Condition, meeting
from rules.pairs import IntArray, Pairs, distinct, places, within
from rules.properties import (
    Entailed,
    Keyed,
    Link,
    Property,
    Sum,
    Through,
    Walk,
    is_class,
    key_field,
    properties_of,
)

NOT_STATED = -1
"""The code of a missing text."""


@dataclass(frozen=True, slots=True)
class _Adjacency:
    starts: IntArray
    owner: IntArray
    code: IntArray


class Columns:
    """The tables of one question, encoded as far as it is needed and only once.

    Space of a class that others refer to: its keys are interned. Space of a class with a
    composite key: the row is the code. Literals: strings are interned, integers stand for
    themselves, dates are days and datetimes microseconds since 1970, booleans 0 and 1. Without
    `infers` nothing follows from anything: what a verdict would be without inferred statements.
    """

    def __init__(self, tables: Mapping[str, Table], *, infers: bool = True) -> None:
        self._tables = tables
        self._infers = infers
        self._codes: dict[str, dict[str | None, int]] = {}
        self._texts: dict[str, list[str]] = {}
        self._adjacent: dict[tuple[str, str], _Adjacency] = {}
        self._instances: dict[str, IntArray] = {}

    def table(self, name: str) -> Table:
        """The table of a class, empty where there is none."""
        return self._tables.get(name) or empty_table(name)

    def put(self, table: Table) -> None:
        """Put another table in the place of a class's; what was encoded of other classes stays."""
        self._tables = {**self._tables, table.name: table}
        self._instances.pop(table.name, None)
        for address in [one for one in self._adjacent if one[0] == table.name]:
            del self._adjacent[address]

    def instances(self, name: str) -> IntArray:
        """The codes of a class's records, in row order."""
        if name not in self._instances:
            table, key = self.table(name), key_field(name)
            rows = np.arange(len(table), dtype=np.int64)
            self._instances[name] = self._interned(name, table[key]) if key else rows
        return self._instances[name]

    def nodes(self, name: str) -> IntArray:
        """The codes of a class's records and of all that was referred to as one so far."""
        if not key_field(name):
            return self.instances(name)
        self.instances(name)
        return np.arange(len(self._texts[name]), dtype=np.int64)

    def members(self, name: str, space: str) -> IntArray:
        """The codes of the records of class `space` that are of class `name`, by inference too."""
        if name == space or (self._infers and space in classes_beneath(name)):
            return self.instances(space)
        if self._infers and name in COUNTED and name in classes_beneath(space):
            found = Inferences(self._tables, {name}).statements(name)
            return self._interned(space, _texts([key_of(each.subject) for each in found]))
        return np.zeros(0, np.int64)

    def code_of(self, space: str, value: Any) -> int:
        """The code of a Python value (records: by raw key); -1 where nothing has that value."""
        if is_class(space):
            if not key_field(space):
                return self.table(space).row_of.get(str(value), -1)
            return self._intern(space, value)
        if space == "string":
            return self._intern(space, value)
        if space in {"date", "dateTime"}:
            return int(np.datetime64(value, "D" if space == "date" else "us").astype(np.int64))
        return int(value)

    def text_of(self, space: str, code: int) -> str:
        """The IRI of a node or the characters of a literal."""
        if is_class(space):
            if key_field(space):
                return f"{RESOURCE}{space}/{join_key((self._texts[space][code],))}"
            return f"{RESOURCE}{space}/{self.table(space).keys[code]}"
        if space == "string":
            return self._texts[space][code]
        if space == "boolean":
            return "true" if code else "false"
        if space == "date":
            return str(np.datetime64(code, "D"))
        if space == "dateTime":
            return moment_text(np.datetime64(code, "us").astype(datetime))
        return str(code)

    def follow(self, pairs: Pairs, step: Property) -> Pairs:
        """From (owner, node) to (owner, value) by one property, without repetitions."""
        if isinstance(step.source, Keyed):
            return self._found(pairs, step, step.source)
        adjacent = self._adjacency(step)
        inside = pairs.code < len(adjacent.starts) - 1
        owner, node = pairs.owner[inside], pairs.code[inside]
        first = adjacent.starts[node]
        counts = adjacent.starts[node + 1] - first
        place = places(first, counts)
        return distinct(Pairs(step.space, np.repeat(owner, counts), adjacent.code[place]))

    def joined(self, pairs: Pairs, others: Pairs, step: Property) -> Pairs:
        """The pairs of `others` whose code is a value of `step` at a node of the same owner.

        What `follow` and then `within` give, without writing down every value of every node:
        a plant makes a hundred items, and the question is about one.
        """
        adjacent = self._adjacency(step)
        there = Pairs(step.space, adjacent.owner, adjacent.code)
        starts = np.searchsorted(others.owner, pairs.owner)
        counts = np.searchsorted(others.owner, pairs.owner, "right") - starts
        place = places(starts, counts)
        met = within(Pairs(step.space, np.repeat(pairs.code, counts), others.code[place]), there)
        return others.take(np.unique(place[met]))

    def _adjacency(self, step: Property) -> _Adjacency:
        address = (step.subject, step.name)
        if address not in self._adjacent:
            subject, code = self._stated(step)
            ordered = distinct(Pairs(step.space, subject, code))
            size = int(ordered.owner[-1]) + 1 if len(ordered) else 0
            counts = np.bincount(ordered.owner, minlength=size)
            starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
            self._adjacent[address] = _Adjacency(starts, ordered.owner, ordered.code)
        return self._adjacent[address]

    def _stated(self, step: Property) -> tuple[IntArray, IntArray]:
        if isinstance(step.source, Link):
            return self._linked(step.source, step)
        if isinstance(step.source, Entailed):
            return self._entailed(step)
        nodes = self.instances(step.subject)
        if isinstance(step.source, Keyed):
            found = self._found(Pairs(step.subject, nodes, nodes), step, step.source)
            return found.owner, found.code
        if isinstance(step.source, Through):
            return self._read_off(step.source, step.subject)
        table = self.table(step.subject)
        if isinstance(step.source, Sum):
            names = step.source.fields + step.source.minus
            signs = np.repeat([1, -1], [len(step.source.fields), len(step.source.minus)])
            parts = np.stack([table[name] for name in names])
            there = ~np.any(parts == MISSING, axis=0)
            return nodes[there], (signs[:, None] * parts[:, there]).sum(axis=0)
        rows, code = self._values(table, step.source.kind, step.space)
        return nodes[rows], code

    def _entailed(self, step: Property) -> tuple[IntArray, IntArray]:
        made = Inferences(self._tables if self._infers else {}, {step.name})
        found = list(made.statements(step.name))
        subjects = _texts([key_of(each.subject) for each in found])
        values = _texts([key_of(each.object) for each in found])
        return self._interned(step.subject, subjects), self._interned(step.space, values)

    def _found(self, pairs: Pairs, step: Property, keyed: Keyed) -> Pairs:
        """What a Keyed property leads to: looked up for the nodes that are asked about alone."""
        nodes, back = np.unique(pairs.code, return_inverse=True)
        records = self.instances(step.space)
        conditions = []
        for match in keyed.matches:
            asked = [self._walked(step.subject, nodes, walk) for walk in match.of]
            stated = self._walked(step.space, records, match.field)
            conditions.append(Condition(match.word, match.open, tuple(asked), stated))
        found = meeting(len(nodes), len(records), tuple(conditions))
        starts = np.searchsorted(found.owner, np.arange(len(nodes) + 1))
        counts = np.diff(starts)[back]
        code = records[found.code[places(starts[back], counts)]]
        return distinct(Pairs(step.space, np.repeat(pairs.owner, counts), code))

    def _walked(self, space: str, nodes: IntArray, walk: Walk) -> Pairs:
        pairs = Pairs(space, np.arange(len(nodes)), nodes)
        for name in walk:
            pairs = self.follow(pairs, properties_of(pairs.space)[name])
        return pairs

    def _read_off(self, through: Through, subject: str) -> tuple[IntArray, IntArray]:
        nodes = self.instances(subject)
        reference = properties_of(subject)[through.reference]
        referred = self.follow(Pairs(subject, nodes, nodes), reference)
        found = self.follow(referred, properties_of(reference.space)[through.value])
        return found.owner, found.code

    def _linked(self, link: Link, step: Property) -> tuple[IntArray, IntArray]:
        table = self.table(link.link)
        if link.flag:
            table = table.take(np.flatnonzero(table[link.flag] == link.flag_value))
        kinds = field_kinds(RECORDS[link.link])
        subject_rows, subject = self._values(table, kinds[link.subject], step.subject)
        rows, code = self._values(table, kinds[link.value], step.space)
        both, at_subject, at_value = np.intersect1d(subject_rows, rows, return_indices=True)
        del both
        return subject[at_subject], code[at_value]

    def _values(self, table: Table, kind: FieldKind, space: str) -> tuple[IntArray, IntArray]:
        column = table[kind.name]
        if kind.many:
            rows = np.repeat(np.arange(len(column)), [len(cell) for cell in column])
            column = np.array([text for cell in column for text in cell], object)
        else:
            rows = np.arange(len(column))
        if column.dtype == object:
            code = self._interned(space, column)
            # An empty text is "not stated", as None is.
            there = (code != NOT_STATED) & (code != self._codes[space].get("", NOT_STATED))
            code = code[there]
        elif column.dtype.kind == "M":
            there = ~np.isnat(column)
            code = column[there].astype(np.int64)
        else:
            there = column != MISSING if column.dtype == np.int64 else np.ones(len(column), bool)
            code = column[there].astype(np.int64)
        return rows[there].astype(np.int64), code

    def _interned(self, space: str, texts: npt.NDArray[Any]) -> IntArray:
        codes = self._codes.setdefault(space, {None: NOT_STATED})
        known = self._texts.setdefault(space, [])
        values = texts.tolist()
        for text in dict.fromkeys(values):
            if text not in codes:
                codes[text] = len(known)
                known.append(text)
        return np.fromiter(map(codes.__getitem__, values), np.int64, len(values))

    def _intern(self, space: str, text: str) -> int:
        return int(self._interned(space, np.array([text], object))[0])


def _texts(texts: list[str]) -> npt.NDArray[Any]:
    column = np.empty(len(texts), object)
    column[:] = texts
    return column


def moment_text(moment: datetime) -> str:
    """A moment as xsd:dateTime in UTC; one without a zone is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
