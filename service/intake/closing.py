"""What a full file ends: the facts of its source that it does not hold any more."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from feeds.mapping import Mapping as FeedMapping
from feeds.result import FeedResult
from graph.fold import BoolColumn, IntMatrix, joined_tables
from graph.log import Log
from ontology.columns import Snapshot, Table
from ontology.errors import InputError, Place
from ontology.terms import field_kinds
from ontology.vocabulary import RECORDS

MOST_CLOSED_PERCENT = 50
"""A full file that ends a larger share of what its source has of the class is taken for a slip."""
FEW = 10
"""So many facts may end whatever their share."""
WHOLE_FILE = 0
"""The row that a closed fact is traced to: the file as a whole."""


@dataclass(frozen=True)
class Told:
    """All that a delivery states; `closes` says which rows end their fact, `notes` what it kept."""

    tables: Mapping[str, Table]
    origins: Mapping[str, IntMatrix]
    closes: Mapping[str, BoolColumn] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def adding(self, rows: Table, origins: IntMatrix, *, ends: bool = False) -> "Told":
        """The same with more rows of a class, each from a row of a file."""
        if not len(rows):
            return self
        name, none = rows.name, rows.take(np.zeros(0, np.intp))
        both = joined_tables([self.tables.get(name, none), rows])
        order = np.array(sorted(range(len(both)), key=both.keys.__getitem__), np.intp)
        places = np.concatenate([self.origins.get(name, _NONE), origins])
        before = self.closes.get(name, np.zeros(len(both) - len(rows), np.bool_))
        closes = np.concatenate([before, np.full(len(rows), ends)])
        return Told(
            {**self.tables, name: both.take(order)}, {**self.origins, name: places[order]},
            {**self.closes, name: closes[order]}, self.notes,
        )  # fmt: skip

    def ending(self, rows: Table, file: int) -> "Told":
        """The same with facts that end, by a file as a whole (-1 for the mapping)."""
        return self.adding(rows, np.tile([file, WHOLE_FILE], (len(rows), 1)), ends=True)


def with_closing(
    mapping: FeedMapping, result: FeedResult, present: Snapshot, log: Log, *, close_all: bool
) -> Told:
    """The delivery with what its full files end.

    A file with a row that was set aside ends nothing: the row may be the one that is missing.
    Nor does a fact end that other facts refer to. Raises InputError `CLOSES_MUCH` where a file
    would end more than half of what its source has, and not `close_all`.
    """
    told, notes = Told(result.tables, result.sources), []
    mine = {e.sequence for e in log.feeds(mapping.chain) if e.payload["source"] == mapping.source}
    for rule in mapping.files:
        number = next((n for n, file in enumerate(result.files) if file.file == rule.file), None)
        if not rule.full or number is None:
            continue
        name, held = rule.principal.name, result.files[number].quarantined
        if held:
            notes.append(f"{rule.file} ends nothing: {held:,} of its rows were set aside")
            continue
        rows = _left_out(name, present, mine, result.tables.get(name))
        ours = int(np.isin(present.addresses.get(name, _NONE)[:, 0], list(mine)).sum())
        _refuse_slip(rule.file, name, len(rows), ours, close_all=close_all)
        free = np.setdiff1d(rows, _leant_on(name, present, rows, told.tables))
        if len(free) < len(rows):
            notes.append(f"{len(rows) - len(free):,} of {name} do not end: other facts name them")
        told = told.ending(present.table(name).take(free), number)
    return replace(told, notes=tuple(notes))


_NONE = np.zeros((0, 2), np.int64)


def _left_out(
    name: str, present: Snapshot, mine: set[int], table: Table | None
) -> IntMatrix:  # fmt: skip
    """The rows of a class that these events stated and a delivery does not hold."""
    own = np.isin(present.addresses.get(name, _NONE)[:, 0], list(mine))
    there = {} if table is None else table.row_of
    keys = present.table(name).keys
    rows = [row for row in np.flatnonzero(own).tolist() if keys[row] not in there]
    return np.array(rows, np.int64)


def _refuse_slip(file: str, name: str, ended: int, ours: int, *, close_all: bool) -> None:
    if close_all or ended <= FEW or 100 * ended <= MOST_CLOSED_PERCENT * ours:
        return
    raise InputError(
        f"as a full file it would end {ended:,} of {ours:,} {name}", code="CLOSES_MUCH",
        place=Place(file), hint="give the whole file, or `--close-all` if that is meant",
    )  # fmt: skip


def _leant_on(
    name: str, present: Snapshot, rows: IntMatrix, tables: Mapping[str, Table]
) -> IntMatrix:
    """Those of the rows that another fact refers to, present or delivered."""
    key = RECORDS[name].KEY
    if len(key) > 1 or not len(rows):
        return rows[:0]
    named: set[str] = set()
    for held in (present.tables, tables):
        for other, table in held.items():
            for kind in field_kinds(RECORDS[other]).values():
                if kind.refers_to == name:
                    stays = np.setdiff1d(np.arange(len(table)), rows if other == name else [])
                    cells = table[kind.name][stays]
                    named.update(*cells) if kind.many else named.update(cells)
    own = present.table(name)[key[0]]
    return rows[[own[row] in named for row in rows.tolist()]]
