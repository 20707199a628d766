"""Every row of a feed with what it states, in codes, and why some of them are set aside."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from feeds.facts.cells import Value
from feeds.facts.pools import NOT_STATED, BoolArray, Codes, IntArray, Pools
from feeds.mapping import RecordRule
from feeds.refusals import refusal
from ontology.vocabulary import RECORDS

Key = tuple[Value | None, ...]
UNKNOWN = -1
"""Stands for the identity of a row whose key cannot be read."""


class Statement(NamedTuple):
    """One record as one row states it; `values` follow the rule's fields, None is not stated."""

    rule: RecordRule
    key: Key
    values: tuple[Value | None, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a row is set aside, and at which column."""

    code: str
    reason: str
    column: str = ""


@dataclass
class Stated:
    """What rows of one sheet state by one rule of it; `position` 0 is the principal record.

    `rows` are rows of the ledger, ascending; parallel with them are the codes of each field that
    the rule has, and `ids`, the number of each record's identity within its class: 1 more than the
    code of a key of one field, else as in `Ledger.keys`.
    """

    rule: RecordRule
    position: int
    rows: Codes
    columns: dict[str, Codes]
    ids: Codes = field(default_factory=lambda: np.empty(0, np.int32))

    def where(self, chosen: BoolArray) -> "Stated":
        """Some of the rows."""
        if chosen.all():
            return self
        columns = {name: codes[chosen] for name, codes in self.columns.items()}
        return Stated(self.rule, self.position, self.rows[chosen], columns, self.ids[chosen])

    def one(self, at: int) -> "Stated":
        """A single row."""
        here = slice(at, at + 1)
        columns = {name: codes[here] for name, codes in self.columns.items()}
        return Stated(self.rule, self.position, self.rows[here], columns, self.ids[here])

    def codes(self, name: str) -> Codes:
        """The codes of a field, which the rule need not have."""
        found = self.columns.get(name)
        return np.broadcast_to(np.int32(NOT_STATED), len(self.rows)) if found is None else found


@dataclass(slots=True)
class Page:
    """The rows of one sheet: where they begin in the ledger, and what they state.

    `named` are the codes of the key of each row's principal record, as far as its cells can be
    read: `nameless` rows have none. So nothing else can stand in for a record that is refused.
    """

    file: int
    start: int
    numbers: Codes
    name: str
    stated: tuple[Stated, ...]
    named: tuple[Codes, ...]
    nameless: BoolArray
    ids: Codes = field(default_factory=lambda: np.empty(0, np.int32))


@dataclass
class Ledger:
    """Pages in file and row order, and the refusals by row; a refusal is final.

    `classes` are those that any row may speak of: what no row speaks of needs no search. `keys`
    holds, by class, the codes of the key of each identity where a key has several fields. `stands`
    says of each row that it is not refused, once the ledger is `closed`.
    """

    pools: Pools = field(default_factory=Pools)
    pages: list[Page] = field(default_factory=list)
    refusals: dict[int, Refusal] = field(default_factory=dict)
    classes: set[str] = field(default_factory=set)
    rows: int = 0
    stands: BoolArray = field(default_factory=lambda: np.empty(0, np.bool_))
    keys: dict[str, tuple[Codes, ...]] = field(default_factory=dict)

    @cached_property
    def starts(self) -> list[int]:
        """Where each page starts."""
        return [page.start for page in self.pages]

    def close(self) -> None:
        """No more rows come."""
        self.stands = np.ones(self.rows, np.bool_)
        self.stands[list(self.refusals)] = False

    def standing(self, name: str = "") -> list[Stated]:
        """What rows that are not refused state, of one class or of all."""
        return [
            stated.where(self.stands[stated.rows])
            for page in self.pages
            for stated in page.stated
            if not name or stated.rule.name == name
        ]

    def refuse(self, row: int, code: str, reason: str, column: str = "") -> None:
        """Set a row aside with everything that it states; the first reason stays."""
        refusal(code, reason)  # INVARIANT: every code has a hint
        self.refusals.setdefault(row, Refusal(code, reason, column))
        if len(self.stands):
            self.stands[row] = False

    def size(self, name: str) -> int:
        """The numbers that identities of a class have are all below this."""
        if len(RECORDS[name].KEY) == 1:
            return len(self.pools.ids(name)) + 1
        return len(self.keys[name][0]) if name in self.keys else 0

    def key(self, name: str, identity: int) -> Key:
        """The key of an identity by its number."""
        fields = RECORDS[name].KEY
        if len(fields) == 1:
            return (self.value(name, fields[0], identity - 1),)
        codes = [column[identity] for column in self.keys[name]]
        return tuple([self.value(name, *pair) for pair in zip(fields, codes, strict=True)])

    def value(self, name: str, field_name: str, code: int) -> Value | None:
        """The value of a field by its code."""
        if code == NOT_STATED:
            return None
        found: Value = self.pools.of(name, field_name).values[code]
        return found

    def content(self, name: str, codes: Iterable[tuple[str, int]]) -> dict[str, Value]:
        """Fields of a class by their codes, without those that are not stated."""
        values = ((field_name, self.value(name, field_name, code)) for field_name, code in codes)
        return {field_name: value for field_name, value in values if value is not None}

    def statement(self, stated: Stated, at: int) -> Statement:
        """What one row says, as values."""
        name = stated.rule.name
        values = [
            self.value(name, part.field, int(stated.columns[part.field][at]))
            for part in stated.rule.fields
        ]
        return Statement(stated.rule, self.key(name, int(stated.ids[at])), tuple(values))

    def page_of(self, row: int) -> Page:
        """The page on which a row stands."""
        return self.pages[bisect_right(self.starts, row) - 1]

    def stated_by(self, row: int) -> Iterator[tuple[Stated, int]]:
        """All that a row states, refused or not, and where."""
        for stated in self.page_of(row).stated:
            at = int(np.searchsorted(stated.rows, row))
            if at < len(stated.rows) and stated.rows[at] == row:
                yield stated, at

    def forget(self, name: str) -> None:
        """Let go of what rows state of a class, but their identities: it is put together."""
        for page in self.pages:
            page.named = () if page.name == name else page.named
            for stated in page.stated:
                if stated.rule.name == name:
                    stated.columns = {}

    def places(self, rows: Codes) -> IntArray:
        """File index and number of rows: int64, shape (rows, 2)."""
        numbers = np.concatenate([page.numbers for page in self.pages])
        files = np.array([page.file for page in self.pages], np.int32)
        found = np.empty((len(rows), 2), np.int64)
        found[:, 0] = files[np.searchsorted(self.starts, rows, side="right") - 1]
        found[:, 1] = numbers[rows]
        return found


def column_of_field(rule: RecordRule, name: str) -> str:
    """The column that a field of a record comes from, empty for a constant."""
    return next((r.columns[0] for r in rule.fields if r.field == name and r.columns), "")
