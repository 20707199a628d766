"""What a full file ends: the facts of its source that it does not hold any more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from feeds.mapping import FileRule
from feeds.mapping import Mapping as FeedMapping
from feeds.result import FeedResult
from graph.fold import BoolColumn, IntMatrix, later
from graph.manifests import FullAt
from graph.snapshot import SnapshotReader
from graph.state import State
from graph.stated import SECOND
from ontology.columns import Snapshot, Table, joined_tables
from ontology.errors import InputError, Place
from ontology.events import Event, micros_of
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
    """All that a delivery states; `closes` says which rows end their fact, `notes` what it kept.

    `full_at` has the clocks of the classes of which it holds all that its source has.
    """

    tables: Mapping[str, Table]
    origins: Mapping[str, IntMatrix]
    closes: Mapping[str, BoolColumn] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    full_at: Mapping[str, FullAt] = field(default_factory=dict)

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
        return replace(
            self, tables={**self.tables, name: both.take(order)},
            origins={**self.origins, name: places[order]},
            closes={**self.closes, name: closes[order]},
        )  # fmt: skip

    def ending(self, rows: Table, file: int) -> "Told":
        """The same with facts that end, by a file as a whole (-1 for the mapping)."""
        return self.adding(rows, np.tile([file, WHOLE_FILE], (len(rows), 1)), ends=True)


@dataclass(frozen=True)
class Met:
    """What a delivery meets: the state of its chain, all that was said, and what it supersedes.

    `ends` are the clocks, by class, from which on what its full files leave out is no more: since
    when, the standing of the source, its order. Records that state their own moment have none.
    """

    reader: SnapshotReader
    before: State
    ends: Mapping[str, FullAt]


def with_closing(
    mapping: FeedMapping, result: FeedResult, met: Met, *, close_all: bool
) -> Told:  # fmt: skip
    """The delivery with what its full files end.

    Judged against what the source had stated as true at the file's own time, so that full files
    may come in any order. A file with a row that was set aside ends nothing: the row may be the
    one that is missing. Nor does a fact end that other facts refer to. Raises InputError
    `CLOSES_MUCH` where a file would end more than half of what its source has, and not
    `close_all`.
    """
    told, notes = Told(result.tables, result.sources), list[str]()
    full_at: dict[str, FullAt] = {}
    numbers = {file.file: number for number, file in enumerate(result.files)}
    for rule in mapping.files:
        if not rule.full or rule.file not in numbers:
            continue
        name, number = rule.principal.name, numbers[rule.file]
        if held := result.files[number].quarantined:
            notes.append(f"{rule.file} ends nothing: {held:,} of its rows were set aside")
            continue
        ended, leant_on = _ended(mapping, rule, told, met, close_all=close_all)
        if leant_on:
            notes.append(f"{leant_on:,} of {name} do not end: other facts name them")
        told = told.ending(ended, number)
        if name in met.ends:
            full_at[name] = met.ends[name]
    return replace(told, notes=tuple(notes), full_at=full_at)


_NONE = np.zeros((0, 2), np.int64)


def _ended(
    mapping: FeedMapping, rule: FileRule, told: Told, met: Met, *, close_all: bool
) -> tuple[Table, int]:
    """The facts that a file ends, and how many do not since others name them."""
    name, present = rule.principal.name, met.before.snapshot
    said = [e for e in met.reader.log.feeds(mapping.chain) if e.payload["source"] == mapping.source]
    mine = [event.sequence for event in said]
    ends = met.ends.get(name)
    then = present if ends is None else _facts_then(mapping.chain, name, said, met, ends)
    rows = _left_out(name, then, mine, told.tables.get(name))
    keys = then.table(name).keys[rows].tolist()
    ours = int(np.isin(present.addresses.get(name, _NONE)[:, 0], mine).sum())
    ending = len(keys) if ends is None else _end_now(name, keys, present, ends)
    _refuse_slip(rule.file, name, ending, ours, close_all=close_all)
    named = named_elsewhere(name, [then.tables, present.tables, told.tables], set(keys))
    free = [row for row, key in zip(rows.tolist(), keys, strict=True) if key not in named]
    return then.table(name).take(np.array(free, np.intp)), len(rows) - len(free)


def _facts_then(
    chain: str, name: str, said: Sequence[Event], met: Met, ends: FullAt
) -> Snapshot:  # fmt: skip
    """The facts at a file's own time: those of today, unless its source spoke of a later one.

    Where that time is still to come, what waits for it or for an earlier one is among them.
    """
    if ends.since > met.before.effective:
        return met.before.at(ends.since).snapshot
    if not any(_speaks_after(each, name, ends.since) for each in said):
        return met.before.snapshot
    return met.reader.as_of(chain, ends.since, met.before.sequence).snapshot


def _speaks_after(event: Event, name: str, since: int) -> bool:
    times = event.payload.get("since_seconds")
    if times is None:
        return micros_of(event.effective_at) > since
    return name in times and times[name][1] * SECOND > since


def _left_out(
    name: str, facts: Snapshot, mine: Sequence[int], table: Table | None
) -> IntMatrix:  # fmt: skip
    """The rows of a class that these events stated and a delivery does not hold."""
    own = np.isin(facts.addresses.get(name, _NONE)[:, 0], mine)
    there = {} if table is None else table.row_of
    keys = facts.table(name).keys
    rows = [row for row in np.flatnonzero(own).tolist() if keys[row] not in there]
    return np.array(rows, np.int64)


def _end_now(name: str, keys: list[str], present: Snapshot, ends: FullAt) -> int:
    """How many of some facts stand today and would not, by the clocks of the file."""
    rows = present.table(name).row_of
    stands = present.clocks.get(name, np.zeros((0, 3), np.int64))
    clocks = stands[[rows[key] for key in keys if key in rows]]
    return int(np.count_nonzero(later(np.tile(ends.clocks, (len(clocks), 1)), clocks)))


def _refuse_slip(file: str, name: str, ended: int, ours: int, *, close_all: bool) -> None:
    if close_all or ended <= FEW or 100 * ended <= MOST_CLOSED_PERCENT * ours:
        return
    raise InputError(
        f"as a full file it would end {ended:,} of {ours:,} {name}", code="CLOSES_MUCH",
        place=Place(file), hint="give the whole file, or `--close-all` if that is meant",
    )  # fmt: skip


def named_elsewhere(
    name: str, held: Sequence[Mapping[str, Table]], ending: set[str]
) -> set[str]:  # fmt: skip
    """The keys among those of a class that end that a fact names which does not end itself."""
    key = RECORDS[name].KEY
    if len(key) > 1 or not ending:
        return set()
    named: set[str] = set()
    for tables in held:
        for other, table in tables.items():
            for kind in field_kinds(RECORDS[other]).values():
                if kind.refers_to == name:
                    cells = table[kind.name]
                    if other == name:
                        cells = cells[[each not in ending for each in table.keys.tolist()]]
                    named.update(*cells) if kind.many else named.update(cells)
    found: set[str] = set()
    for table in (tables[name] for tables in held if name in tables):
        rows = {each: table.row_of[each] for each in ending if each in table.row_of}
        found |= {each for each, row in rows.items() if table[key[0]][row] in named}
    return found
