"""What came in force by an event, what ended, and quarantined rows, as nodes in batches."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import numpy as np
from neo4j import ManagedTransaction

from graph.facts import Properties, fact_rows
from graph.fold import IntMatrix, Statements
from graph.manifests import OMITS, FeedContents, read_feed
from graph.settled_rows import RETRIED, ROOM, settle_steps, supersede_step
from graph.snapshot import SnapshotReader
from graph.state import ALWAYS, State, change_of
from graph.stated import stated_in
from graph.statements import OPEN_END, run
from graph.steps import Step
from ontology.columns import record_at
from ontology.events import Event, micros_of
from ontology.vocabulary import MEASUREMENTS

SMALL = 1_000
"""The nodes of so many rows are made faster than another thread begins."""

MOST_AHEAD = 10_000
"""Of a delivery of so many rows the state after it is kept for who asks next; else only its facts
are worked out, which takes less memory."""

NO_FEED = FeedContents("", "", "", "", "", (), {})
"""What is stated when facts only come due."""

Batch = tuple[str, int, list[Properties]]
"""A class of facts, the event that stated them, and the parameters of some of their nodes."""


class FeedNodes:
    """The statements that bring into the graph what an event changed; `weight` counts its rows.

    What is in force is the fold's to say (`graph.state`): the graph follows it. Measurements stay
    columns of the feed's artifact.
    """

    def __init__(
        self, reader: SnapshotReader, feed: FeedContents, payload: Mapping[str, Any], *,
        is_alone: bool = False,
    ) -> None:  # fmt: skip
        """Of a feed as it is kept (`graph.manifests.as_kept`).

        With `is_alone` each fact is written once, into a store that nobody else writes to.
        """
        self._reader, self._chain, self._is_alone = reader, payload["chain"], is_alone
        self._feed = feed
        names = set(self._feed.tables) - MEASUREMENTS
        stated = sum(len(self._feed.tables[n]) for n in names) + len(self._feed.quarantine)
        self.weight = (stated or payload["facts"]) + len(self._feed.mending.settles)

    @classmethod
    def read(
        cls, reader: SnapshotReader, artifact: str, payload: Mapping[str, Any], *,
        is_alone: bool = False,
    ) -> "FeedNodes":  # fmt: skip
        """Of the feed that an event names."""
        feed = read_feed(reader.store, artifact) if artifact else NO_FEED
        return cls(reader, feed, payload, is_alone=is_alone)

    def steps(self, event: Event, batch_rows: int) -> Iterator[Step]:
        """Writes that can each be repeated, in this order, without a further effect."""
        before = self._reader.state(self._chain, event.sequence - 1)
        stated = stated_in(self._feed, event.sequence, micros_of(event.effective_at))
        after = self._after(before, event, stated)
        names = sorted({*stated, *before.waiting} - MEASUREMENTS)
        changes = [(n, change_of(n, before, after, stated)) for n in names]
        for name, change in changes:
            ended = [] if change is None else change.ended.tolist()
            for start in range(0, len(ended), batch_rows):
                yield _ended_step(name, event.sequence, ended[start : start + batch_rows])
        came = [(name, change.came) for name, change in changes if change is not None]
        step_of = _facts_step_alone if self._is_alone else _facts_step
        made = self._facts(event, came, batch_rows)
        for name, said_by, batch in made_ahead(made) if self.weight > SMALL else made:
            yield step_of(self._chain, name, event.sequence, said_by, batch)
        clocks = self._clocks_of_refused()
        refused = (
            _quarantined(row, record_at(self._feed.quarantine, row), clocks[row].tolist())
            for row in range(len(self._feed.quarantine))
        )
        yield from self._settled(event, stated, batch_rows)
        for batch in batches(refused, batch_rows):
            yield _quarantine_step(self._chain, self._feed.source, event.sequence, batch)

    def _after(self, before: State, event: Event, stated: Mapping[str, Statements]) -> State:
        """The state after an event: of a small one all of it, and it is kept until it is read."""
        if sum(map(len, self._feed.tables.values())) <= MOST_AHEAD:
            return self._reader.ahead(before, event, stated)
        shown = {name: rows for name, rows in stated.items() if name not in MEASUREMENTS}
        return before.after(event.sequence, micros_of(event.recorded_at), shown)

    def _clocks_of_refused(self) -> IntMatrix:
        """Those of the rows set aside; before all others where no version kept them yet."""
        kept = self._feed.mending.clocks
        return kept if len(kept) else np.full((len(self._feed.quarantine), 3), ALWAYS)

    def _settled(
        self, event: Event, stated: Mapping[str, Statements], batch_rows: int
    ) -> Iterator[Step]:
        """What becomes of rows that earlier deliveries set aside."""
        settles = self._feed.mending.settles
        state = str(event.payload.get("settled_as", RETRIED))
        yield from settle_steps(settles, state, event.sequence, batch_rows)
        says_anew = not (len(settles) or self._feed.linked.ranks or OMITS in event.payload)
        if self._feed.tables and says_anew:
            yield supersede_step(
                self._chain, self._feed.source, stated, self._feed.linked, event.sequence
            )

    def _facts(
        self, event: Event, came: Sequence[tuple[str, Statements]], batch_rows: int
    ) -> Iterator[Batch]:
        feeds = {event.sequence: self._feed}
        for name, stands in came:
            for said_by in np.unique(stands.addresses[:, 0]).tolist():
                if said_by not in feeds:
                    feeds[said_by] = self._feed_of(said_by)
                rows = stands.take(np.flatnonzero(stands.addresses[:, 0] == said_by))
                places = rows.addresses[:, 1]
                origins = feeds[said_by].origins[name][places]
                files = tuple(file.name for file in feeds[said_by].files)
                made = fact_rows(self._chain, rows.table, places, origins, files)
                for batch in batches(made, batch_rows):
                    yield name, said_by, batch

    def _feed_of(self, sequence: int) -> FeedContents:
        (event,) = self._reader.log.read(after=sequence - 1, limit=1)
        return read_feed(self._reader.store, event.artifact)


def made_ahead(made: Iterator[Batch]) -> Iterator[Batch]:
    """The same batches, each made in another thread while the server works on the one before."""
    with ThreadPoolExecutor(1) as maker:
        following = maker.submit(next, made, None)
        while (ready := following.result()) is not None:
            following = maker.submit(next, made, None)
            yield ready


def batches(rows: Iterator[Properties], size: int) -> Iterator[list[Properties]]:
    """Lists of at most `size` rows."""
    while batch := list(islice(rows, size)):
        yield batch


def references(links: Sequence[Properties]) -> list[Properties]:
    """Each entity that links name, once, in order of URI."""
    found = {link["uri"]: link for link in links}
    return [
        {"uri": uri, "class": found[uri]["class"], "key": found[uri]["key"]}
        for uri in sorted(found)
    ]


def _facts_step(
    chain: str, name: str, sequence: int, said_by: int, rows: list[Properties]
) -> Step:  # fmt: skip
    def step(tx: ManagedTransaction) -> None:
        run(tx, "project_anchors", chain=chain, anchors=_anchors(name, rows))
        run(tx, "project_facts", rows=rows, class_name=name, sequence=sequence,
            said_by=said_by, open_end=OPEN_END)  # fmt: skip

    return step


def _facts_step_alone(
    chain: str, name: str, sequence: int, said_by: int, rows: list[Properties]
) -> Step:  # fmt: skip
    """As `_facts_step`, in half the work, where no row can have been projected before."""

    def step(tx: ManagedTransaction) -> None:
        run(tx, "project_anchors", chain=chain, anchors=_anchors(name, rows))
        stated = {"class": name, "event_sequence": said_by, "from_sequence": sequence,
                  "until_sequence": OPEN_END}  # fmt: skip
        made = [
            {"uri": row["uri"], "links": row["links"], "fact": row["fields"] | stated | {
                "uri": row["uri"], "content": row["content"], "event_row": row["row"],
                "source_file": row["source_file"], "source_row": row["source_row"],
            }}
            for row in rows
        ]  # fmt: skip
        run(tx, "project_facts_once", rows=made, said_by=said_by)

    return step


def _anchors(name: str, rows: list[Properties]) -> list[Properties]:
    """What some facts of a class are of, and what they name: each once."""
    own = [{"uri": row["uri"], "class": name, "key": row["key"]} for row in rows]
    return references([*(link for row in rows for link in row["links"]), *own])


def _ended_step(name: str, sequence: int, addresses: list[list[int]]) -> Step:
    def step(tx: ManagedTransaction) -> None:
        ended = [{"event": event, "row": row} for event, row in addresses]
        run(tx, "project_ended", ended=ended, class_name=name, sequence=sequence,
            open_end=OPEN_END)  # fmt: skip

    return step


def _quarantine_step(chain: str, source: str, sequence: int, rows: list[Properties]) -> Step:
    def step(tx: ManagedTransaction) -> None:
        run(tx, "project_quarantine", rows=rows, sequence=sequence, chain=chain, source=source,
            first_place=sequence * ROOM)  # fmt: skip

    return step


def _quarantined(row: int, record: Any, clocks: list[int]) -> Properties:
    fields = {name: getattr(record, name) for name in type(record).__dataclass_fields__}
    since, standing, order = clocks
    told = {"since": since, "standing": standing, "source_order": order}
    return {"row": row, "fields": fields | told}
