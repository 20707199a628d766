"""Records as integers: nodes and literals get codes, properties become sorted adjacency arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from ontology.columns import MISSING, Table, empty_table
from ontology.terms import RESOURCE, FieldKind, field_kinds, join_key
from ontology.vocabulary import RECORDS
from rules.properties import Link, Property, Sum, Through, is_class, key_field, properties_of

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """A set of (owner, code) pairs in ascending order; codes belong to one space."""

    space: str
    owner: IntArray
    code: IntArray

    def __len__(self) -> int:
        """The number of pairs."""
        return len(self.owner)

    def take(self, chosen: npt.NDArray[Any]) -> "Pairs":
        """The chosen pairs, by mask or ascending index."""
        return Pairs(self.space, self.owner[chosen], self.code[chosen])


@dataclass(frozen=True, slots=True)
class _Adjacency:
    starts: IntArray
    owner: IntArray
    code: IntArray


class Columns:
    """The tables of one question, encoded as far as it is needed and only once.

    Space of a class that others refer to: its keys are interned. Space of a class with a
    composite key: the row is the code. Literals: strings are interned, integers stand for
    themselves, dates are days and datetimes microseconds since 1970, booleans 0 and 1.
    """

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._tables = tables
        self._codes: dict[str, dict[str, int]] = {}
        self._texts: dict[str, list[str]] = {}
        self._adjacent: dict[tuple[str, str], _Adjacency] = {}
        self._instances: dict[str, IntArray] = {}

    def table(self, name: str) -> Table:
        """The table of a class, empty where there is none."""
        return self._tables.get(name) or empty_table(name)

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
        adjacent = self._adjacency(step)
        inside = pairs.code < len(adjacent.starts) - 1
        owner, node = pairs.owner[inside], pairs.code[inside]
        first = adjacent.starts[node]
        counts = adjacent.starts[node + 1] - first
        place = _places(first, counts)
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
        place = _places(starts, counts)
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
        nodes = self.instances(step.subject)
        if isinstance(step.source, Through):
            return self._read_off(step.source, step.subject)
        table = self.table(step.subject)
        if isinstance(step.source, Sum):
            parts = np.stack([table[name] for name in step.source.fields])
            there = ~np.any(parts == MISSING, axis=0)
            return nodes[there], parts.sum(axis=0)[there]
        rows, code = self._values(table, step.source.kind, step.space)
        return nodes[rows], code

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
            # An empty text is "not stated", as None is.
            there = column.astype(np.bool_)
            code = self._interned(space, column[there])
        elif column.dtype.kind == "M":
            there = ~np.isnat(column)
            code = column[there].astype(np.int64)
        else:
            there = column != MISSING if column.dtype == np.int64 else np.ones(len(column), bool)
            code = column[there].astype(np.int64)
        return rows[there].astype(np.int64), code

    def _interned(self, space: str, texts: npt.NDArray[Any]) -> IntArray:
        codes = self._codes.setdefault(space, {})
        known = self._texts.setdefault(space, [])
        values = texts.tolist()
        for text in dict.fromkeys(values):
            if text not in codes:
                codes[text] = len(known)
                known.append(text)
        return np.fromiter(map(codes.__getitem__, values), np.int64, len(values))

    def _intern(self, space: str, text: str) -> int:
        return int(self._interned(space, np.array([text], object))[0])


def moment_text(moment: datetime) -> str:
    """A moment as xsd:dateTime in UTC; one without a zone is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def distinct(pairs: Pairs) -> Pairs:
    """The same pairs in ascending order, each once."""
    owner, code = pairs.owner, pairs.code
    if len(owner) < 2:
        return pairs
    later = (owner[1:] > owner[:-1]) | ((owner[1:] == owner[:-1]) & (code[1:] > code[:-1]))
    if later.all():
        return pairs
    order = np.lexsort((code, owner))
    owner, code = owner[order], code[order]
    new = np.concatenate([[True], (owner[1:] != owner[:-1]) | (code[1:] != code[:-1])])
    return Pairs(pairs.space, owner[new], code[new])


def within(some: Pairs, others: Pairs) -> npt.NDArray[np.bool_]:
    """Per pair of `some`, whether `others`, ascending and in the same space, has it, too."""
    if not len(some) or not len(others):
        return np.zeros(len(some), np.bool_)
    keys, other_keys = _keys(some, others)
    at = np.minimum(np.searchsorted(other_keys, keys), len(other_keys) - 1)
    found: npt.NDArray[np.bool_] = other_keys[at] == keys
    return found


def _places(starts: IntArray, counts: IntArray) -> IntArray:
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    places: IntArray = np.arange(total) + np.repeat(starts - (ends - counts), counts)
    return places


def _keys(some: Pairs, others: Pairs) -> tuple[IntArray, IntArray]:
    low = min(int(some.code.min()), int(others.code.min()))
    span = max(int(some.code.max()), int(others.code.max())) - low + 1
    owners = max(int(some.owner.max()), int(others.owner[-1])) + 1
    if span * owners < 2**62:
        return some.owner * span + (some.code - low), others.owner * span + (others.code - low)
    # Far-apart integers: their ranks keep the order and fit.
    values, rank = np.unique(np.concatenate([some.code, others.code]), return_inverse=True)
    keys = np.concatenate([some.owner, others.owner]) * len(values) + rank
    return keys[: len(some)], keys[len(some) :]
