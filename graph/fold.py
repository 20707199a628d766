"""What is in force of one class: statements folded by their clocks, in layers of falling size."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ontology.columns import Column, Table, empty_table, joined_tables, picked
from ontology.grouping import rows_about
from ontology.keys import are_ascending

BoolColumn = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
IntMatrix = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]
GROWTH = 2
"""A layer is joined with the one before it that is not more than so many times its size."""

FEW_ASKED = 1_000
"""So many keys, and what stands of them, are kept with a fold."""

FEW = 32
"""Nor is a layer of up to so many rows left beside another: to join them takes as long as one."""

SPARSE = 16
"""Rows are put in their places one by one where the others are so many times as many."""


@dataclass(frozen=True)
class Statements:
    """Rows of one class as a feed states them, or as they stand; no key stands twice.

    `clocks` is int64 of shape (rows, 3): since when it is true (microseconds since 1970, UTC), the
    standing of its source (higher wins), its place in the source's own order. `addresses` is int64
    of shape (rows, 2): event and row. A row that `closes` says that its key is no more. Rows that
    are `forced` stand whatever the clocks: a change of identity restates what was said before. Rows
    that `decide` stand against others of equal clocks: a person said which of them counts.
    """

    table: Table
    clocks: IntMatrix
    addresses: IntMatrix
    closes: BoolColumn
    forced: bool = False
    decide: bool = False

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.closes)

    def take(self, rows: npt.NDArray[np.intp]) -> "Statements":
        """The given rows, in the given order; all of them in their order are these themselves."""
        table = self.table.take(rows)
        if table is self.table and len(self):
            return self
        return Statements(table, self.clocks[rows], self.addresses[rows],
                          self.closes[rows], self.forced, self.decide)  # fmt: skip

    def upto(self, effective: int) -> "Statements":
        """What is true by then."""
        return self.those(self.clocks[:, 0] <= effective)

    def since(self, effective: int) -> "Statements":
        """What is true only after then."""
        return self.those(self.clocks[:, 0] > effective)

    def parted(self, effective: int) -> "tuple[Statements, Statements | None]":
        """What is true by then, and what is only later, if anything is."""
        if (self.clocks[:, 0] <= effective).all():
            return self, None
        return self.upto(effective), self.since(effective)

    def those(self, chosen: BoolColumn) -> "Statements":
        """The chosen rows; all of them are these themselves, and are not copied."""
        return self if chosen.all() else self.take(chosen.nonzero()[0])


@dataclass(frozen=True)
class Fold:
    """The statement that stands of every key: of all that were made, the one of the last clocks.

    Clocks count source first, then time, then the source's order; so the order of arrival does
    not matter unless two statements of a key have equal clocks: then the first stands
    (`in_conflict` tells of it). What is stated again unchanged keeps its address. The last layer is
    what was stated last: it is joined with those under it when more comes, not before.
    """

    layers: tuple[Statements, ...] = ()

    def after(self, stated: Statements) -> "Fold":
        """The fold with more statements. Takes time by what is stated, not by what stands."""
        standing, known = self._standing(stated)
        wins = ~known
        rows = known.nonzero()[0]
        newer = later(stated.clocks[rows], standing.clocks)
        if stated.decide:
            newer |= np.all(stated.clocks[rows] == standing.clocks, axis=1)
        wins[rows] = newer | stated.forced
        addresses = stated.addresses.copy()
        same = newer & states_the_same(stated.take(rows), standing) & (not stated.forced)
        addresses[rows[same]] = standing.addresses[same]
        if not wins.any():
            return self
        new = Statements(stated.table, stated.clocks, addresses, stated.closes)
        return Fold((*self._settled, _by_key(new.those(wins))))

    @cached_property
    def _settled(self) -> tuple[Statements, ...]:
        """The layers joined until each is much smaller than the one before it."""
        layers = self.layers
        while len(layers) > 1 and _belong_together(layers[-2], layers[-1]):
            layers = (*layers[:-2], _joined(layers[-2], layers[-1]))
        return layers

    def in_conflict(self, stated: Statements) -> BoolColumn:
        """Per row whether another value of the same clocks stands: nothing says which is right."""
        standing, known = self._standing(stated)
        rows, found = known.nonzero()[0], np.zeros(len(stated), np.bool_)
        equal = np.asarray(np.all(stated.clocks[rows] == standing.clocks, axis=1), np.bool_)
        found[rows] = equal & ~states_the_same(stated.take(rows), standing)
        return found

    @cached_property
    def is_empty(self) -> bool:
        """Whether no row is in force. What stands on top stands, so one look does as a rule."""
        if self.layers and not self.layers[-1].closes.all():
            return False
        rows = self.in_force
        return rows is None or not len(rows)

    @cached_property
    def in_force(self) -> Statements | None:
        """All rows that stand and close nothing, by key; None where there never was one."""
        if not self.layers:
            return None
        if len(self.layers) == 1:
            return self.layers[0].those(~self.layers[0].closes)
        tables = [layer.table for layer in self.layers]
        keys = np.concatenate([table.keys for table in tables])
        clocks, addresses, closes = _columns_of(self.layers)
        rows = _rows_on_top(tables, keys)
        rows = rows[~closes[rows]]
        table = picked(tables, rows, keys[rows])
        return Statements(table, clocks[rows], addresses[rows], closes[rows])

    def about(self, by: tuple[str, ...], arriving: Table) -> Statements:
        """What is in force and agrees with any row of a table in some columns.

        Takes time by what is found, once a layer knows its groups by these columns.
        """
        parts = []
        for number, layer in enumerate(self.layers):
            rows, over = rows_about(layer.table, by, arriving), self.layers[number + 1 :]
            if not len(rows):
                continue
            keys = layer.table.keys[rows].tolist()
            stays = [not any(key in upper.table.row_of for upper in over) for key in keys]
            found = layer.take(rows[np.array(stays, np.bool_)])
            parts.append(found.those(~found.closes))
        if not parts:
            return _nothing(self.layers[0].table.name if self.layers else arriving.name)
        return _by_key(concatenated(parts) if len(parts) > 1 else parts[0])

    def keys_between(self, low: str, high: str) -> list[str]:
        """The keys in force from one up to before another, in order.

        Takes time by how many they are, not by what stands.
        """
        closes: dict[str, bool] = {}
        for layer in self.layers:  # what is above stands
            keys = layer.table.keys
            those = slice(bisect_left(keys, low), bisect_left(keys, high))
            closes |= zip(keys[those].tolist(), layer.closes[those].tolist(), strict=True)
        return sorted(key for key, is_closed in closes.items() if not is_closed)

    def standing_of(self, name: str, keys: Column) -> tuple[Statements, BoolColumn]:
        """What stands of the keys of a class that are known, in their order, and which are.

        The answer to the last question about few keys is kept until the next: a delivery asks the
        same of the state before it again and again.
        """
        last: tuple[Column, tuple[Statements, BoolColumn]] | None = self.__dict__.get("_last")
        if last is not None and last[0] is keys:
            return last[1]
        found = self._standing_of(name, keys)
        if len(keys) <= FEW_ASKED:
            self.__dict__["_last"] = keys, found
        return found

    def _standing_of(self, name: str, keys: Column) -> tuple[Statements, BoolColumn]:
        layer_of = np.full(len(keys), -1, np.int32)
        row_of = np.zeros(len(keys), np.intp)
        for number in range(len(self.layers) - 1, -1, -1):
            open_ = (layer_of < 0).nonzero()[0]
            if not len(open_):
                break
            rows = self.layers[number].table.row_of.find(keys[open_])
            hit = rows >= 0
            layer_of[open_[hit]], row_of[open_[hit]] = number, rows[hit]
        parts, places = [], []
        for number in sorted(set(layer_of.tolist()) - {-1}):
            here = (layer_of == number).nonzero()[0]
            parts.append(self.layers[number].take(row_of[here]))
            places.append(here)
        if len(parts) <= 1:
            return parts[0] if parts else _nothing(name), layer_of >= 0
        order = np.argsort(np.concatenate(places), kind="stable")
        return concatenated(parts).take(order), layer_of >= 0

    def _standing(self, stated: Statements) -> tuple[Statements, BoolColumn]:
        return self.standing_of(stated.table.name, stated.table.keys)


def later(clocks: IntMatrix, others: IntMatrix) -> BoolColumn:
    """Per row whether the first are later: source, then time, then order."""
    found = np.zeros(len(clocks), np.bool_)
    for column in (2, 0, 1):  # the last one decides
        more, less = clocks[:, column] > others[:, column], clocks[:, column] < others[:, column]
        found = np.asarray(more | (found & ~less), np.bool_)
    return found


def states_the_same(one: Statements, other: Statements) -> BoolColumn:
    """Per row whether both say the same of their key; two that close it do."""
    closed = one.closes & other.closes
    told = equal_rows(one.table, other.table) & ~one.closes & ~other.closes
    return np.asarray(closed | told, np.bool_)


def equal_rows(one: Table, other: Table) -> BoolColumn:
    """Per row, whether two equally long tables of a class state the same."""
    equal = np.ones(len(one), np.bool_)
    for name, column in one.columns.items():
        left, right = column, other[name]
        if left.dtype.kind == "M":  # not a time equals not a time here
            left, right = left.astype(np.int64), right.astype(np.int64)
        equal &= np.asarray(left == right, np.bool_)
    return equal


def _belong_together(under: Statements, over: Statements) -> bool:
    return len(under) <= max(FEW, GROWTH * len(over))


def _joined(under: Statements, over: Statements) -> Statements:
    """Both by key, as each of them is; where both have a key, what is over stands."""
    keys = np.concatenate([under.table.keys, over.table.keys])
    return concatenated([under, over]).take(_rows_on_top([under.table, over.table], keys))


def _rows_on_top(tables: Sequence[Table], keys: Column) -> Rows:
    """Of each key the row of the last table that has it, in the order of keys.

    Rows are counted through all tables, one after the other, as `keys` are. The smallest, which
    are the last, are merged first, so that little moves twice.
    """
    start = sum(map(len, tables[:-1]))
    rows = np.arange(start, len(keys))
    for under in reversed(tables[:-1]):
        start -= len(under)
        rows = _merged(under, start, keys[rows], rows)
    return rows


def _merged(under: Table, start: int, keys: Column, rows: Rows) -> Rows:
    """Rows in the order of their keys, with those of a table whose keys are not among these."""
    covered = under.row_of.find(keys)
    stays = np.ones(len(under), np.bool_)
    stays[covered[covered >= 0]] = False
    left = np.flatnonzero(stays)
    if SPARSE * len(keys) > len(under):
        both, merged = (
            np.concatenate([under.keys[left], keys]),
            np.concatenate([left + start, rows]),
        )
        return merged if are_ascending(both) else merged[np.argsort(both, kind="stable")]
    among = [bisect_left(under.keys, key) for key in keys.tolist()]
    return np.insert(left + start, np.searchsorted(left, among), rows)


def _by_key(rows: Statements) -> Statements:
    """The rows in the order of their keys; runs that are in order already are only merged."""
    keys = rows.table.keys
    return rows if are_ascending(keys) else rows.take(np.argsort(keys, kind="stable"))


def concatenated(parts: list[Statements]) -> Statements:
    """The rows of several statements of one class, one after the other."""
    return Statements(joined_tables([part.table for part in parts]), *_columns_of(parts))


def _columns_of(parts: Sequence[Statements]) -> tuple[IntMatrix, IntMatrix, BoolColumn]:
    """Clocks, addresses and closings of several, one after the other."""
    return (
        np.concatenate([part.clocks for part in parts]),
        np.concatenate([part.addresses for part in parts]),
        np.concatenate([part.closes for part in parts]),
    )


def _nothing(name: str) -> Statements:
    none = np.zeros((0, 3), np.int64)
    return Statements(empty_table(name), none, none[:, :2], none[:, 0].astype(np.bool_))
