"""Rows that were set aside, loaded after all, as a delivery of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from feeds.gates.findings import ROW_HINTS
from feeds.identity.naming import linked, names_of, read_by
from feeds.mapping_text import parse_mapping
from feeds.mended import Delivered, Rows, changed, narrowed, read_again
from feeds.pseudonyms import columns_of_persons
from feeds.result import FeedResult
from graph.catalog import SetAside
from graph.disk import writing_temporarily
from graph.log import Appended
from graph.manifests import FeedContents, read_feed
from graph.mending import Mending
from graph.projection import load_feed
from graph.settled_rows import ACCEPTED, OPEN, RETRIED
from graph.state import State
from ontology.canonical import digest_of
from ontology.columns import Snapshot, Table
from ontology.errors import InputError, Place, StateError
from ontology.events import Event
from service.house import House, now_after
from service.intake.deliveries import Clocks, Delivery
from service.intake.omissions import entries_of
from service.intake.quality import MENDS
from service.intake.sync import TRIES, Prepared, Reading, prepare
from service.intake.touched import touched
from service.stewardship.set_aside import open_rows

CLASH = "CLOCK_CONFLICT"


@dataclass(frozen=True, slots=True)
class Left:
    """A row that stays open: its number in the delivery, the code, and the reason of today."""

    number: int
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of rows of a delivery; `event` is the one that settled them, None where none did.

    `numbers` are those that are settled now, `left` those that stay open and why. `replayed`
    where the same was asked before. `changes` and `touched` are as `sync` tells them.
    """

    delivery: int
    state: str
    event: int | None
    numbers: tuple[int, ...]
    left: tuple[Left, ...] = ()
    replayed: bool = False
    changes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    touched: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class _Past:
    """The delivery that set rows aside: its event, what it kept, and how its files were read."""

    event: Event
    feed: FeedContents
    delivered: Delivered


@dataclass(frozen=True)
class Asked:
    """What is asked of some rows of one delivery, by whom and why."""

    state: str
    rows: tuple[SetAside, ...]
    agent: str
    reason: str
    changes: Mapping[str, str] = field(default_factory=dict)

    @property
    def delivery(self) -> int:
        """The event that set the rows aside."""
        return self.rows[0].event

    def name(self, numbers: Sequence[int]) -> str:
        """What the delivery of the mended rows is known by."""
        told = digest_of([self.state, list(numbers), dict(self.changes)])
        return f"{self.state}/{self.delivery}/{told[:16]}"

    def key(self, numbers: Sequence[int]) -> str:
        """The key of that delivery in the log."""
        return f"feed/{self.rows[0].chain}/{self.rows[0].source}/{self.name(numbers)}"


def reading_of(house: House, row: SetAside) -> FeedResult:
    """What the mapping makes of a row alone, now; nothing is written. Raises `ROW_NOT_KEPT`."""
    past = _past(house, row.event)
    before = house.state(row.chain)
    names = names_of(before.snapshot, row.source, before.keys_between)
    known = read_by(_known(house, past, before), names)
    cells = _cells(past, Asked(RETRIED, (row,), "", ""))
    with writing_temporarily():
        found = read_again(cells, past.delivered, known, datetime.now(UTC).date())
    return linked(found, names).result


def without_names(house: House, event: int, changes: Mapping[str, str]) -> dict[str, str]:
    """Changes of cells, with pseudonyms for those that name persons by the delivery's mapping.

    Raises InputError `ROW_NOT_KEPT`, `BAD_PERSON`.
    """
    columns = columns_of_persons(_past(house, event).delivered.mapping.files)
    return {name: house.persons.pseudonym_of(cell) if name in columns and cell.strip() else cell
            for name, cell in changes.items()}  # fmt: skip


def mended(house: House, asked: Asked, *, all_or_none: bool = False) -> Settled:
    """Load the rows that are sound today as a delivery of their own; the others stay open.

    `all_or_none`: nothing is loaded where any is left. Raises as the verbs of
    `service.stewardship.quarantine` do.
    """
    past = _past(house, asked.delivery)
    asked = replace(asked, rows=_whole_lines(house, asked.rows))
    cells = _cells(past, asked)
    for tried in range(TRIES):
        left, ready = _sound(house, asked, past, dict(cells))
        if ready is None or (left and all_or_none):
            return Settled(asked.delivery, asked.state, None, (), left)
        try:
            return _loaded(house, asked, ready, left)
        except StateError as error:
            if error.code not in {"STALE", "IDEMPOTENCY_CONFLICT"} or tried == TRIES - 1:
                raise
            house.projection.catch_up()
    raise AssertionError("unreachable: the last try returns or raises")


def _whole_lines(house: House, rows: Sequence[SetAside]) -> tuple[SetAside, ...]:
    """Those that are open, with all others of their lines: a line of a wide table may be many."""
    found = {row.number: row for row in rows if row.state == OPEN}
    lines = {(row.row.file, row.row.row) for row in found.values() if not row.row.fact_key}
    if lines:
        found |= {row.number: row for row in open_rows(house, rows[0].event)
                  if (row.row.file, row.row.row) in lines}  # fmt: skip
    return tuple(found[number] for number in sorted(found))


def _sound(
    house: House, asked: Asked, past: _Past, cells: dict[tuple[str, int], tuple[str, ...]]
) -> tuple[tuple[Left, ...], Prepared | None]:
    """The rows as they would be loaded, without those that would be set aside again."""
    numbers = {(row.row.file, row.row.row): row.number for row in asked.rows}
    left: dict[int, Left] = {}
    for place in [place for place, row in cells.items()
                  if len(row) != len(past.delivered.headers[place[0]])]:  # fmt: skip
        del cells[place]
        row = next(row for row in asked.rows if (row.row.file, row.row.row) == place)
        left[row.number] = Left(row.number, row.row.code, row.row.reason)
    while cells:
        ready = prepare(house, _reading(house, asked, past, cells))
        bad = ready.contents.quarantine
        if not len(bad):
            return tuple(left[number] for number in sorted(left)), ready
        for file, row, code, reason in zip(
            bad["file"], bad["row"].tolist(), bad["code"], bad["reason"], strict=True
        ):
            cells.pop((file, row), None)
            number = numbers[file, row]
            left.setdefault(number, Left(number, code, reason))
    return tuple(left[number] for number in sorted(left)), None


def _reading(house: House, asked: Asked, past: _Past, cells: Rows) -> Reading:
    before = house.state(asked.rows[0].chain)
    now = now_after(before)
    names = names_of(before.snapshot, past.feed.source, before.keys_between)
    known = read_by(_known(house, past, before), names)
    with writing_temporarily():
        found = linked(read_again(cells, past.delivered, known, now.date()), names)
    codes = {row.row.code for row in asked.rows} if asked.state == ACCEPTED else set()
    mapping = narrowed(past.delivered.mapping, sorted({file for file, _ in cells}))
    numbers = sorted(row.number for row in asked.rows if (row.row.file, row.row.row) in cells)
    said = Delivery(asked.agent, asked.name(numbers), stop_share_percent=100)
    clocks = Clocks(past.event.effective_at, past.feed.source_sequence, past.feed.standing)
    return Reading(
        mapping, found.result, said, before, now, clocks,
        dict.fromkeys(codes & ROW_HINTS.keys(), "Info"), found, decides=CLASH in codes,
    )  # fmt: skip


def _loaded(
    house: House, asked: Asked, ready: Prepared, left: tuple[Left, ...]
) -> Settled:  # fmt: skip
    reading = ready.reading
    stayed = {each.number for each in left}
    numbers = tuple(row.number for row in asked.rows if row.number not in stayed)
    settles = np.array([(asked.delivery, number - 1) for number in numbers], np.int64)
    contents = replace(ready.contents, mending=Mending(settles=settles))
    stated: dict[str, str | int] = {
        MENDS: asked.delivery, "settled_as": asked.state, "settled_rows": len(numbers),
        "reason": asked.reason,
    }  # fmt: skip
    if asked.changes:
        stated["changed"] = ", ".join(f"{name}={cell}" for name, cell in asked.changes.items())
    appended: Appended = load_feed(
        house.projection, contents, agent=asked.agent, effective_at=ready.clocks.effective_at,
        idempotency_key=reading.key, after=reading.before.sequence, stated=stated,
        ahead=entries_of(house, ready.omitted, asked.agent),
    )  # fmt: skip
    chain = reading.mapping.chain
    return Settled(
        asked.delivery, asked.state, appended.event.sequence, numbers, left, appended.replayed,
        {each.name: each.counts for each in ready.changes},
        tuple(asdict(plan) for plan in touched(house, chain, ready.changes)),
    )  # fmt: skip


def _past(house: House, event: int) -> _Past:
    (found,) = house.projection.log.read(after=event - 1, limit=1)
    feed = read_feed(house.store, found.artifact)
    if not feed.mending.mapping_text:
        raise InputError(
            f"the rows of delivery {event} were not kept whole", code="ROW_NOT_KEPT",
            hint="send them again in a delivery, and discard these",
        )  # fmt: skip
    mapping = parse_mapping(house.store.get(feed.mending.mapping_text), feed.mapping)
    digests = {file.name: file.digest for file in feed.files}
    return _Past(found, feed, Delivered(mapping, feed.mending.headers, digests))


def _cells(past: _Past, asked: Asked) -> dict[tuple[str, int], tuple[str, ...]]:
    found = {}
    for row in asked.rows:
        header = past.delivered.headers.get(row.row.file)
        if header is None or not row.row.cells:
            raise InputError(
                f"row {row.number} of delivery {row.event} was not kept cell by cell",
                code="ROW_NOT_KEPT", place=place_of(row),
                hint="send it again in a delivery, and discard this one",
            )  # fmt: skip
        cells = row.row.cells
        if asked.changes:
            cells = changed(header, cells, asked.changes, place_of(row))
        found[row.row.file, row.row.row] = cells
    return found


def _known(house: House, past: _Past, before: State) -> Snapshot:
    """The facts of today by which a row of a past delivery is read.

    What it merely mentions says what it said then, what it refers to may have come since.
    """
    then = house.reader.state(past.event.payload["chain"], past.event.sequence).snapshot
    tables = {name: _older(then.table(name), now) for name, now in before.snapshot.tables.items()}
    return Snapshot(before.sequence, tables)


def _older(then: Table, now: Table) -> Table:
    """The rows of a class that stand now, each as it stood then if it did."""
    rows = [then.row_of.get(key, -1) for key in now.keys.tolist()]
    old = np.array(rows, np.intp)
    fresh = np.flatnonzero(old < 0)
    if len(fresh) == len(now):
        return now
    parts = (then.take(old[old >= 0]), now.take(fresh))
    columns = {name: np.concatenate([part[name] for part in parts]) for name in now.columns}
    return Table(now.name, columns).sorted()


def place_of(row: SetAside) -> Place:
    """Where a row stands in its file."""
    return Place(row.row.file, row.row.row, row.row.column)
