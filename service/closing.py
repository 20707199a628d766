"""What a full file ends: the facts of its source that it does not hold any more."""

from collections.abc import Mapping
from dataclasses import dataclass, field

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
class Closing:
    """A delivery's tables with the rows that end facts; `closes` says which, `notes` why not."""

    tables: Mapping[str, Table]
    origins: Mapping[str, IntMatrix]
    closes: Mapping[str, BoolColumn] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def with_closing(
    mapping: FeedMapping, result: FeedResult, present: Snapshot, log: Log, *, close_all: bool
) -> Closing:
    """The delivery with what its full files end.

    A file with a row that was set aside ends nothing: the row may be the one that is missing.
    Nor does a fact end that other facts refer to. Raises InputError `CLOSES_MUCH` where a file
    would end more than half of what its source has, and not `close_all`.
    """
    tables, origins = dict(result.tables), dict(result.sources)
    closes: dict[str, BoolColumn] = {}
    notes = []
    mine = {e.sequence for e in log.feeds(mapping.chain) if e.payload["source"] == mapping.source}
    for rule in mapping.files:
        number = next((n for n, file in enumerate(result.files) if file.file == rule.file), None)
        if not rule.full or number is None:
            continue
        name, held = rule.principal.name, result.files[number].quarantined
        if held:
            notes.append(f"{rule.file} ends nothing: {held:,} of its rows were set aside")
            continue
        rows = _left_out(name, present, mine, tables.get(name))
        ours = int(np.isin(present.addresses.get(name, _NONE)[:, 0], list(mine)).sum())
        _refuse_slip(rule.file, name, len(rows), ours, close_all=close_all)
        free = np.setdiff1d(rows, _leant_on(name, present, rows, tables))
        if len(free) < len(rows):
            notes.append(f"{len(rows) - len(free):,} of {name} do not end: other facts name them")
        if len(free):
            ended = present.table(name).take(free)
            _add(name, ended, number, tables, origins, closes)
    return Closing(tables, origins, closes, tuple(notes))


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


def _add(
    name: str, ended: Table, file: int, tables: dict[str, Table], origins: dict[str, IntMatrix],
    closes: dict[str, BoolColumn],
) -> None:  # fmt: skip
    stated = tables.get(name, ended.take(np.zeros(0, np.intp)))
    places = origins.get(name, _NONE)
    both = joined_tables([stated, ended])
    order = np.array(sorted(range(len(both)), key=both.keys.__getitem__), np.intp)
    tables[name] = both.take(order)
    origins[name] = np.concatenate([places, np.tile([file, WHOLE_FILE], (len(ended), 1))])[order]
    before = closes.get(name, np.zeros(len(stated), np.bool_))
    closes[name] = np.concatenate([before, np.ones(len(ended), np.bool_)])[order]
