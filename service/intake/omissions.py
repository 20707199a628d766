"""Older word of facts that a later full file left out: they end at that file's time, again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.fold import Fold, Statements, later
from graph.identity_links import Linked
from graph.log import Entry
from graph.manifests import OMITS, FeedContents, FullAt, read_rows
from graph.projection import feed_entry
from graph.state import State
from graph.stated import stated_in
from ontology.canonical import digest_of
from ontology.columns import Column
from ontology.events import Event, micros_of
from service.house import House
from service.intake.closing import WHOLE_FILE, named_elsewhere

Rows = npt.NDArray[np.intp]
_NONE = np.zeros(0, np.intp)


@dataclass(frozen=True)
class Omitted:
    """Facts of one class that a full file (its event) left out, as a delivery that ends them.

    It goes before the delivery that states them as true earlier, so that they never stand.
    """

    event: Event
    contents: FeedContents

    @property
    def note(self) -> str:
        """What a person should know of it."""
        (table,) = self.contents.tables.values()
        return (f"{len(table):,} of {table.name} come in already ended: the full file of event "
                f"{self.event.sequence}, which is true later, left them out")  # fmt: skip


def omitted(
    house: House, before: State, contents: FeedContents, stated: Mapping[str, Statements]
) -> tuple[Omitted, ...]:
    """What full files that came before a delivery, and are true later, left out of what it states.

    Each fact ends by the first file after it that does not hold it, where the delivery's word of
    it would stand at that time. Facts are known by the source's own identifiers.
    """
    files = house.reader.full_files(contents.chain)
    classes = [] if contents.linked.ranks else sorted(stated)
    return tuple(each for name in classes
                 for each in _omitted(house, before, contents, stated[name], files))  # fmt: skip


def _omitted(
    house: House, before: State, contents: FeedContents, rows: Statements, files: Sequence[Event]
) -> Iterator[Omitted]:
    """What of one class, each fact once."""
    name = rows.table.name
    mine = list(_full_files(files, contents, name))
    left = _before(mine[-1][1], rows) if mine else _NONE
    if not len(left):
        return
    keys = contents.linked.own(rows.table).keys
    for event, full in mine:
        earlier = left[np.isin(left, _before(full, rows))]
        if not len(earlier):
            continue
        held = _held(house, event, name)
        gone = earlier[[key not in held for key in keys[earlier]]]
        ends = _ending(house, before, contents, event, full, rows, gone)
        if ends is not None:
            yield Omitted(event, ends)
        left = np.setdiff1d(left, gone)


def after_omitted(before: State, found: Sequence[Omitted], now: int) -> State:
    """The state in which a delivery is loaded whose facts were left out."""
    for each in found:
        sequence, when = before.sequence + 1, micros_of(each.event.effective_at)
        before = before.after(sequence, now, stated_in(each.contents, sequence, when))
    return before


def entries_of(house: House, found: Sequence[Omitted], agent: str) -> list[Entry]:
    """The events that say so: they come with the delivery, or not at all."""
    return [
        feed_entry(house.store, each.contents, agent=agent, effective_at=each.event.effective_at,
                   stated={OMITS: each.event.sequence})
        for each in found
    ]  # fmt: skip


def _before(full: FullAt, rows: Statements) -> Rows:
    """The rows that state something as true before a full file, which may be still to come."""
    is_before = later(np.tile(full.clocks, (len(rows), 1)), rows.clocks)
    return np.flatnonzero(is_before & ~rows.closes)


def _full_files(
    files: Sequence[Event], contents: FeedContents, name: str
) -> Iterator[tuple[Event, FullAt]]:
    """The full files of the same source that hold a class, by their clocks.

    A full file says of all that it holds that it is there at its own time: only those that are
    later than the delivery, where it is one.
    """
    found = [
        (FullAt(*event.payload["full_at"][name]), event)
        for event in files
        if event.payload["source"] == contents.source and name in event.payload["full_at"]
    ]
    mine = contents.full_at.get(name)
    for full, event in sorted(found, key=lambda each: (each[0].rank, each[1].sequence)):
        if mine is None or full.rank > mine.rank:
            yield event, full


def _held(house: House, event: Event, name: str) -> frozenset[str]:
    """The keys of a class that a full file holds, in the source's own identifiers."""

    def read_keys() -> frozenset[str]:
        file = read_rows(house.store, event.artifact, {name})
        if name not in file.tables:
            return frozenset()
        table = file.tables[name]
        stays = ~file.closes.get(name, np.zeros(len(table), np.bool_))
        return frozenset(file.linked.own(table).keys[stays].tolist())

    return house.reader.recent.found(f"held/{name}", event.artifact, read_keys)


def _ending(
    house: House, before: State, contents: FeedContents, event: Event, full: FullAt,
    rows: Statements, gone: Rows,
) -> FeedContents | None:  # fmt: skip
    """The delivery that ends rows by a full file, as far as they would stand at its time."""
    name = rows.table.name
    if not len(gone):
        return None
    fold = _fold_at(house, before, contents.chain, name, full.since, rows.table.keys[gone])
    standing, known = fold.standing_of(name, rows.table.keys[gone])
    wins = ~known
    wins[known] = later(rows.clocks[gone][known], standing.clocks)
    named = named_elsewhere(name, [before.snapshot.tables, contents.tables],
                            set(rows.table.keys[gone].tolist()))  # fmt: skip
    chosen = gone[wins & np.array([key not in named for key in rows.table.keys[gone]], np.bool_)]
    if not len(chosen):
        return None
    used = {field: at[chosen] for field, at in contents.linked.used.get(name, {}).items()}
    told = digest_of([event.sequence, name, rows.table.keys[chosen].tolist()])
    count = len(chosen)
    return FeedContents(
        contents.chain, contents.source, f"omits/{told[:16]}", contents.mapping,
        contents.mapping_digest, (), {name: rows.table.take(chosen)},
        {name: np.tile([-1, WHOLE_FILE], (count, 1))}, standing=full.standing,
        source_sequence=full.order, since={name: np.full(count, full.since)},
        closes={name: np.ones(count, np.bool_)},
        linked=Linked(contents.linked.links, {name: used} if used else {}),
    )  # fmt: skip


def _fold_at(
    house: House, before: State, chain: str, name: str, since: int, keys: Column
) -> Fold:  # fmt: skip
    """A fold that has, of these keys, what stands as of a time."""
    fold = before.folds.get(name, Fold())
    standing, _ = fold.standing_of(name, keys)
    # INVARIANT: the last of all statements that is true by then is the last of those true by then
    is_then = name not in before.waiting and (standing.clocks[:, 0] <= since).all()
    if is_then and "IdentityLink" not in before.folds:  # links restate whatever the clocks
        return fold
    return house.reader.fold_then(chain, name, keys, since, before.sequence)
