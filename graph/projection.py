"""The graph as a projection of the log: inside the event's transaction, or under a watermark."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from operator import itemgetter
from typing import Any

import numpy as np
from neo4j import Driver, ManagedTransaction
from neo4j.exceptions import DriverError, Neo4jError

from graph.approval_nodes import ApprovalNodes
from graph.artifacts import ArtifactStore
from graph.facts import Properties, table_from
from graph.feed_nodes import FeedNodes
from graph.grant_nodes import GrantEndNodes, GrantNodes
from graph.log import Appended, Derive, Entry, Log, Write
from graph.manifests import OMITS, FeedContents, as_kept, write_feed
from graph.migrate import migrate
from graph.plan_nodes import PlanNodes
from graph.recovery.checkpoints import Checkpoints
from graph.recovery.records import Record, event_of
from graph.recovery.segments import Segments
from graph.release_nodes import ReleaseNodes
from graph.rule_cost_nodes import RuleCostNodes
from graph.settled_rows import SettledNodes, still_open
from graph.snapshot import SnapshotReader
from graph.state import State
from graph.stated import since_seconds_of
from graph.statements import database_error, read_each, run
from graph.steps import Nodes, NoNodes, Step
from ontology.canonical import digest_of
from ontology.columns import Snapshot
from ontology.errors import InputError, StateError
from ontology.events import (
    ACCESS_ENDED,
    ACCESS_EXPOSED,
    ACCESS_GRANTED,
    APPROVAL_KINDS,
    AUTONOMY_KINDS,
    FACTS_DUE,
    FEED_LOADED,
    KEY_ACTIVATED,
    PERSON_ERASED,
    PLAN_MADE,
    RELEASE_KINDS,
    REPORT_MADE,
    REQUEST_ANSWERED,
    ROWS_DISCARDED,
    RULES_PRICED,
    STOP_KINDS,
    TASK_FAILED,
    TOKEN_ISSUED,
    TOKEN_REVOKED,
    Event,
    NewEvent,
    micros_of,
)

IN_TRANSACTION_ROWS = 10_000
"""Up to so many rows of an event become nodes in the transaction that appends it."""


def _release_nodes(
    kind: str, _: SnapshotReader, _artifact: str, payload: Mapping[str, Any]
) -> Nodes:
    return ReleaseNodes(kind, payload)


def _approval_nodes(
    kind: str, _: SnapshotReader, _artifact: str, payload: Mapping[str, Any]
) -> Nodes:
    return ApprovalNodes(kind, payload)


_READERS: Mapping[str, Callable[[SnapshotReader, str, Mapping[str, Any]], Nodes]] = {
    PLAN_MADE: lambda reader, artifact, payload: PlanNodes.read(reader.store, artifact, payload),
    ROWS_DISCARDED: SettledNodes,
    RULES_PRICED: lambda _reader, _artifact, payload: RuleCostNodes(payload),
    ACCESS_GRANTED: lambda _reader, _artifact, payload: GrantNodes(payload),
    ACCESS_ENDED: lambda _reader, _artifact, payload: GrantEndNodes(payload),
    **{kind: partial(_release_nodes, kind) for kind in RELEASE_KINDS},
    **{kind: partial(_approval_nodes, kind) for kind in APPROVAL_KINDS},
    **{kind: lambda _reader, _artifact, _payload: NoNodes()
       for kind in (PERSON_ERASED, KEY_ACTIVATED, ACCESS_EXPOSED, TOKEN_ISSUED, TOKEN_REVOKED,
                    REPORT_MADE, REQUEST_ANSWERED, TASK_FAILED, *STOP_KINDS, *AUTONOMY_KINDS)},
}  # fmt: skip


@dataclass(frozen=True)
class Projection:
    """Appends events and keeps the graph in step with the log.

    Readers see events up to `LogHead.projected` only, so nothing half-written is ever visible.
    One who `is_alone` in a store that began empty, and is dropped where its making is killed, needs
    neither locks nor a look at what is there: a rebuild.
    """

    log: Log
    store: ArtifactStore
    in_transaction_rows: int = IN_TRANSACTION_ROWS
    batch_rows: int = IN_TRANSACTION_ROWS
    checkpoints: Checkpoints | None = None
    is_alone: bool = False

    @cached_property
    def reader(self) -> SnapshotReader:
        """The fold of the log that the graph follows."""
        return SnapshotReader(self.log, self.store, self.checkpoints)

    def on(self, log: Log) -> "Projection":
        """The same projection through the same log as it is otherwise used; they share a reader."""
        found = replace(self, log=log)
        found.__dict__["reader"] = self.reader
        return found

    def append(
        self,
        new: NewEvent,
        *,
        guard: Write | None = None,
        derive: Derive | None = None,
        body: str = "",
        expected_sequence: int | None = None,
        nodes: Nodes | None = None,
        ahead: Sequence[Entry] = (),
    ) -> Appended:
        """Append an event whose artifact is already kept, and project it.

        Events `ahead` of it come with it or not at all, and no reader sees them without it.
        `guard` runs first in the same transaction and may refuse by raising. `nodes` is the
        artifact's content where the caller has it at hand. When this returns,
        readers see the event. Killed before the transaction commits, nothing has happened;
        killed after it, whoever opens the graph next finishes the projection.
        """
        content = nodes or self._nodes(new.kind, new.artifact, new.payload or {})
        projected = 0

        def show(tx: ManagedTransaction, event: Event, shown: int) -> None:
            nonlocal projected
            is_shown = self._project_within(tx, event, shown, content)
            projected = event.sequence if is_shown else 0

        appended = self.log.append(
            new, show=show, derive=derive, body=body, expected_sequence=expected_sequence,
            guard=guard, ahead=ahead,
        )  # fmt: skip
        if projected != appended.event.sequence and not self.log.rehearses:
            self._catch_up({} if appended.replayed else {appended.event.sequence: content})
        return appended

    def append_again(self, record: Record) -> Event:
        """Append an event of another copy of this log, as it was, and project it.

        Raises OutsideError `LOG_DIVERGED`, `ARTIFACT_MISSING` or `ARTIFACT_CORRUPT`.
        """
        stated = event_of(record)
        content = self._nodes(stated.kind, stated.artifact, stated.payload)
        event = self.log.append_again(
            record, show=lambda tx, event, shown: self._project_within(tx, event, shown, content)
        )
        self._catch_up({event.sequence: content})
        return event

    def catch_up(self) -> int:
        """Project every event that is not projected yet; gives the watermark.

        Any number of processes may do this at once, and be killed while they do.
        """
        return self._catch_up({})

    def _project_within(
        self, tx: ManagedTransaction, event: Event, shown: int, content: Nodes
    ) -> bool:
        """Project a small event in the transaction that appends it, where it is the next one.

        `shown` is the last event that readers see.
        """
        if shown != event.sequence - 1 or content.weight > self.in_transaction_rows:
            return False
        for step in content.steps(event, self.batch_rows):
            step(tx)
        run(tx, "projected_advance", sequence=event.sequence)
        return True

    def _catch_up(self, read_before: Mapping[int, Nodes]) -> int:
        """Project what is not projected yet; what belongs together is seen together."""
        head = self.log.head()
        projected = seen = head.projected
        while projected < head.sequence:
            for event in self.log.read(after=projected, limit=100):
                projected = event.sequence
                leads = OMITS in event.payload and event.sequence < head.sequence
                if self._project(event, read_before.get(event.sequence)) and not leads:
                    self._write(_advance, seen + 1, event.sequence)
                seen = seen if leads else event.sequence
            head = self.log.head()
        return projected

    def _project(self, event: Event, read_before: Nodes | None = None) -> bool:
        """Make the nodes of an event; False where readers see them already."""
        nodes = read_before or self._nodes(event.kind, event.artifact, event.payload)
        work = _unguarded if self.is_alone else _guarded
        return all(
            self._write(work, event.sequence, step) for step in nodes.steps(event, self.batch_rows)
        )

    def _write(self, work: Callable[..., bool], *arguments: Any) -> bool:
        try:
            with self.log.driver.session() as session:
                return session.execute_write(work, *arguments)
        except (DriverError, Neo4jError) as error:
            raise database_error(error) from error

    def _nodes(self, kind: str, artifact: str, payload: Mapping[str, Any]) -> Nodes:
        if kind in {FEED_LOADED, FACTS_DUE}:
            return FeedNodes.read(self.reader, artifact, payload, is_alone=self.is_alone)
        if kind not in _READERS:
            raise InputError(f"there is no event kind `{kind}`", code="EVENT_KIND_UNKNOWN",
                             hint="use a version that knows it")  # fmt: skip
        return _READERS[kind](self.reader, artifact, payload)


def open_graph(
    driver: Driver,
    store: ArtifactStore,
    segments: Segments | None = None,
    checkpoints: Checkpoints | None = None,
) -> Projection:
    """Migrate the database, finish what a killed process left, and give the projection.

    Raises StateError `LOG_BEHIND` where the database has lost what the segments hold, OutsideError
    `LOG_DIVERGED` or `SEGMENT_CORRUPT`.
    """
    migrate(driver)
    log = Log(driver, segments=segments)
    log.settle()
    projection = Projection(log, store, checkpoints=checkpoints)
    projection.catch_up()
    return projection


def load_feed(
    projection: Projection,
    feed: FeedContents,
    *,
    agent: str,
    effective_at: datetime,
    idempotency_key: str = "",
    after: int | None = None,
    stated: Mapping[str, str | int] | None = None,
    ahead: Sequence[Entry] = (),
) -> Appended:
    """Keep a feed and append `feed.loaded`; the graph then shows its facts.

    A feed adds facts and gives facts new versions; a fact that it does not name stays as it
    was. By default the key is chain, source, feed and the digest of the content, so sending
    the same feed again gives the first event; `feed.delivery` stands for the content where the
    key does not name it. `stated` is what the sender said of the delivery beside it, for the log.
    What belongs to it comes `ahead` of it, with it or not at all. Raises StateError `STALE` where
    the facts of the chain changed since the event `after`, `ROW_SETTLED` where a row that it mends
    is settled already.
    """
    kept = as_kept(feed)
    entry = feed_entry(projection.store, kept, agent=agent, effective_at=effective_at,
                       idempotency_key=idempotency_key, stated=stated)  # fmt: skip
    nodes = FeedNodes(projection.reader, kept, entry.new.payload or {})
    guards = [] if after is None else [unchanged_since(projection.reader, feed.chain, after)]
    guards += [still_open(feed.mending.settles)] if len(feed.mending.settles) else []
    return projection.append(entry.new, body=entry.body, guard=_all_of(guards), ahead=ahead,
                             nodes=nodes)  # fmt: skip


def feed_entry(
    store: ArtifactStore, feed: FeedContents, *, agent: str, effective_at: datetime,
    idempotency_key: str = "", stated: Mapping[str, str | int] | None = None,
) -> Entry:  # fmt: skip
    """Keep a feed; gives the event that will say so."""
    artifact = write_feed(store, feed)
    key = idempotency_key or f"feed/{feed.chain}/{feed.source}/{feed.feed}/{artifact}"
    payload = {
        "chain": feed.chain, "source": feed.source, "feed": feed.feed,
        "mapping": {"name": feed.mapping, "digest": feed.mapping_digest},
        "files": [{"name": f.name, "digest": f.digest, "rows": f.rows} for f in feed.files],
        "facts": feed.fact_count, "quarantined": len(feed.quarantine),
        "counts": dict(feed.counts), "source_sequence": feed.source_sequence,
        "delivery": feed.delivery, "number": feed.number, **(stated or {}),
        "since_seconds": since_seconds_of(feed, micros_of(effective_at)),
        **({"full_at": {name: [full.since, full.standing, full.order]
                        for name, full in sorted(feed.full_at.items())}} if feed.full_at else {}),
    }  # fmt: skip
    new = NewEvent(FEED_LOADED, key, agent, effective_at, artifact, payload)
    return Entry(new, feed.delivery or digest_of([feed.chain, artifact]))


def _all_of(guards: list[Write]) -> Write | None:
    def guard(tx: ManagedTransaction, event: Event) -> None:
        for each in guards:
            each(tx, event)

    return guard if guards else None


def unchanged_since(reader: SnapshotReader, chain: str, after: int) -> Write:
    """Refuses, by StateError `STALE`, where another step changed the facts of a chain since."""

    def guard(tx: ManagedTransaction, event: Event) -> None:
        last = event.sequence - 1
        if last > after and run(tx, "log_steps", chain=chain, after=after, upto=last):
            raise StateError(
                f"the facts of `{chain}` changed meanwhile", code="STALE",
                hint="read again and decide again",
            )  # fmt: skip
        reader.is_same(chain, after, last)

    return guard


def bring_due(projection: Projection, chain: str, now: datetime, agent: str) -> State:
    """Append `facts.due` where facts that were stated ahead have come to be true by now.

    So the state of a chain is a function of its log alone; gives it. Any number may do this at
    once.
    """
    state = projection.reader.state(chain)
    due = state.due(micros_of(now))
    if due is None:
        return state
    count, latest = due
    payload = {"chain": chain, "until": latest, "facts": count}
    key = f"due/{chain}/{state.sequence}/{latest}"
    new = NewEvent(FACTS_DUE, key, agent, now, "", payload)
    projection.on(projection.log.plainly()).append(new, body=digest_of([payload]))
    return projection.reader.state(chain)


def read_back(driver: Driver, chain: str, at_sequence: int) -> Snapshot:
    """What the graph itself says was in force at a projected sequence, as a snapshot.

    The other path to the answer of `SnapshotReader.read`; the two are compared in tests.
    """
    limits = {"low": f"{chain}/", "high": f"{chain}0", "at": at_sequence}
    tables, addresses = {}, {}
    for name, facts in read_each(driver, "read_back", limits, _by_class).items():
        facts.sort(key=itemgetter("uri"))  # of one chain and class: the order of keys
        tables[name] = table_from(name, facts)
        addresses[name] = np.array(
            [(fact["event_sequence"], fact["event_row"]) for fact in facts], np.int64
        )
    last = max((int(rows[:, 0].max()) for rows in addresses.values()), default=0)
    return Snapshot(last, tables, addresses)


def _by_class(facts: Iterator[Properties]) -> dict[str, list[Properties]]:
    found: dict[str, list[Properties]] = {}
    for fact in facts:
        found.setdefault(fact["class"], []).append(fact)
    return found


def _guarded(tx: ManagedTransaction, sequence: int, step: Step) -> bool:
    run(tx, "projector_lock", sequence=sequence)
    if run(tx, "projected")[0]["projected"] >= sequence:
        return False
    step(tx)
    return True


def _unguarded(tx: ManagedTransaction, _sequence: int, step: Step) -> bool:
    step(tx)
    return True


def _advance(tx: ManagedTransaction, first: int, sequence: int) -> bool:
    """Readers see the events from the first on to the last of them, all at once."""
    run(tx, "log_lock")
    run(tx, "projector_lock", sequence=sequence)
    if run(tx, "projected")[0]["projected"] != first - 1:
        return False
    run(tx, "projected_advance", sequence=sequence)
    return True
