"""The event log: one sequence, one Merkle tree, one short transaction per entry."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from neo4j import Driver, ManagedTransaction
from neo4j.exceptions import DriverError, Neo4jError

from graph.idempotency import Request, payload_for, refuse_answered
from graph.merkle import CompactRange
from graph.recovery.records import (
    FIELDS,
    Record,
    chain_in,
    event_of,
    leaf_of,
    moment,
    record_of,
    request_in,
    timestamp,
)
from graph.recovery.segments import Segments, Tail, diverged
from graph.statements import Row, database_error, read, run
from ontology.canonical import canonical, digest_of
from ontology.errors import OutsideError, StateError
from ontology.events import Event, NewEvent

__all__ = ["Appended", "Derive", "Entry", "Head", "Log", "Show", "Write", "leaf_of", "moment",
           "not_migrated", "timestamp"]  # fmt: skip

Write = Callable[[ManagedTransaction, Event], object]
Show = Callable[[ManagedTransaction, Event, int], object]
"""Writes what readers see of an event; told up to which event they see all."""
Derive = Callable[[bytes], Mapping[str, Any]]
SEED_BYTES = 32
LAST_EVENT = 2**53 - 1
"""After every event."""
NEWEST_BATCH = 20
READ_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Appended:
    """The event that stands in the log, and whether it already stood there."""

    event: Event
    replayed: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """An event to append, and what stands for the request when its key is seen again."""

    new: NewEvent
    body: str


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the log: `projected` is the last event that readers of the graph see."""

    sequence: int
    tree: CompactRange
    projected: int
    recorded_at: str = ""


@dataclass(frozen=True, slots=True)
class _Draft:
    """A request with everything that can be settled before the transaction."""

    new: NewEvent
    payload: Mapping[str, Any]
    seed: bytes
    body: str
    expected_sequence: int | None


class _TakenBack(Exception):  # noqa: N818
    """Ends the transaction of a rehearsal: all was done, and nothing of it stays."""

    def __init__(self, appended: Appended) -> None:
        super().__init__()
        self.appended = appended


class Log:
    """Appends and reads events. Needs a migrated database (`graph.migrate`).

    With `segments`, an event stands in them, too, before `append` returns. One that is
    `answering` a request names it in the event that it appends; one that is `rehearsing` does all
    that appending does and takes it back, so that nothing has happened; one that is `held` asks
    each time whether it may.
    """

    def __init__(
        self,
        driver: Driver,
        clock: Callable[[], datetime] | None = None,
        segments: Segments | None = None,
    ) -> None:
        self.driver = driver
        self.segments = segments
        self._clock = clock or _now
        self.request: Request | None = None
        self.rehearses = False
        self.answered: Event | None = None
        self.may_append: Callable[[], None] = _yes
        self.fence: Callable[[ManagedTransaction], None] | None = None

    def answering(self, request: Request | None) -> "Log":
        """The same log, whose next event answers a request; the event is then its `answered`."""
        found = copy(self)
        found.request, found.answered = request, None
        return found

    def plainly(self) -> "Log":
        """The same log, answering nobody and keeping what is appended, whoever asks for it."""
        found = self.answering(None)
        found.rehearses, found.may_append = False, _yes
        return found

    def rehearsing(self) -> "Log":
        """The same log, on which nothing that is appended stays."""
        found = copy(self)
        found.rehearses = True
        return found

    def held(self, may_append: Callable[[], None]) -> "Log":
        """The same log, which first asks `may_append`; that may refuse an event by raising."""
        found = copy(self)
        found.may_append = may_append
        return found

    def fenced(self, fence: Callable[[ManagedTransaction], None]) -> "Log":
        """The same log, to which nothing is appended where `fence` refuses in the transaction."""
        found = copy(self)
        found.fence = fence
        return found

    def append(
        self,
        new: NewEvent,
        *,
        show: Show | None = None,
        expected_sequence: int | None = None,
        derive: Derive | None = None,
        body: str = "",
        guard: Write | None = None,
        ahead: Sequence[Entry] = (),
    ) -> Appended:
        """Append an event in one transaction that locks the head first; gives the event.

        Events `ahead` of it are appended with it or not at all; one whose key is known stays as it
        is. `guard` runs before any is written, with the first of them, and may refuse by raising;
        `show` adds to the same transaction; both may run again after a lost lock or connection.
        `derive` gives payload fields from the event's seed. `body` stands for the request when
        a key is seen again; by default it is everything that the caller stated. The same key
        with the same body gives the first event, replayed. Raises StateError
        `IDEMPOTENCY_CONFLICT` for another body, `STALE` if the log has passed
        `expected_sequence`; InputError `TIME_ZONE_MISSING`, `NUMBER_RANGE`. Where a request is
        being answered: AnsweredError, StateError `IDEMPOTENCY_KEY_USED`.
        """
        self.may_append()
        seed = secrets.token_bytes(SEED_BYTES)
        stated = dict(new.payload or {})
        derived = dict(derive(seed)) if derive else {}
        payload = payload_for(self.request, stated | derived)
        draft = _Draft(new, payload, seed, body or _body_of(new, stated), expected_sequence)
        canonical(draft.payload)
        before = [_drafted(entry) for entry in ahead]
        try:
            with self.driver.session() as session:
                appended = session.execute_write(self._append, before, draft, guard, show)
        except _TakenBack as taken_back:
            return taken_back.appended
        except (DriverError, Neo4jError) as error:
            raise database_error(error) from error
        if self.request is not None and not appended.replayed:
            self.answered = appended.event
        self._keep(appended.event, draft.body)
        return appended

    def append_again(self, record: Record, *, show: Show | None = None) -> Event:
        """Append an event of another copy of this log, as it was; one that stands here stays.

        The caller has checked it (`graph.recovery.segments`). Raises OutsideError `LOG_DIVERGED`
        where it does not follow what stands here, or another stands in its place.
        """
        event = event_of(record)
        try:
            with self.driver.session() as session:
                session.execute_write(self._append_again, record, event, show)
        except (DriverError, Neo4jError) as error:
            raise database_error(error) from error
        return event

    def settle(self) -> Tail:
        """Hold database and segments to be one log; bring into these what only the other has.

        Gives where the segments end. Raises StateError `LOG_BEHIND` where the database has lost
        what they hold, OutsideError `LOG_DIVERGED` where they are of different logs.
        """
        if self.segments is None:
            return Tail()
        with self.segments.held():
            return self.settle_held(self.segments)

    def settle_held(self, segments: Segments) -> Tail:
        """As `settle`, by who holds these segments."""
        tail, head = segments.tail(), self._newest_head()
        if tail.sequence > head.sequence:
            raise _behind(head.sequence, tail.sequence)
        if tail.sequence and self.records(tail.sequence - 1, 1)[0]["leaf"] != tail.leaf:
            raise diverged(tail.sequence)
        return self._bring(segments, tail)

    def records(self, after: int = 0, limit: int = READ_BATCH) -> list[Record]:
        """At most `limit` records after a sequence, in order: events that can be appended again."""
        rows = read(self.driver, "log_read", {"after": after, "upto": LAST_EVENT, "limit": limit})
        return [{name: row["event"][name] for name in FIELDS} for row in rows]

    def answer_to(self, request: Request) -> Event | None:
        """The event that answered a request; StateError `IDEMPOTENCY_KEY_USED` as it says."""
        return request.answer_in(read(self.driver, "log_request", {"request": request.name}))

    def head(self) -> Head:
        """The end of the log."""
        return _head(_one_head(read(self.driver, "log_head", {})))

    def find(self, idempotency_key: str) -> Event | None:
        """The event of a key, if there is one."""
        rows = read(self.driver, "log_find", {"key": idempotency_key})
        return event_of(rows[0]["event"]) if rows else None

    def read(
        self, after: int = 0, limit: int = READ_BATCH, *, upto: int | None = None
    ) -> list[Event]:
        """At most `limit` events with after < sequence <= upto, in order."""
        rows = read(self.driver, "log_read", {"after": after, "upto": _last(upto), "limit": limit})
        return [event_of(row["event"]) for row in rows]

    def events(self, after: int = 0, *, upto: int | None = None) -> Iterator[Event]:
        """All events with after < sequence <= upto, read in batches."""
        while batch := self.read(after, upto=upto):
            yield from batch
            after = batch[-1].sequence

    def feeds(self, chain: str, *, after: int = 0, upto: int | None = None) -> list[Event]:
        """The feeds of a chain with after < sequence <= upto, in order."""
        rows = read(self.driver, "log_feeds", {"chain": chain, "after": after, "upto": _last(upto)})
        return [event_of(row["event"]) for row in rows]

    def full_feeds(self, chain: str) -> list[Event]:
        """The feeds of a chain that hold all that their source has of a class, in order."""
        rows = read(self.driver, "log_full_feeds", {"chain": chain})
        return [event_of(row["event"]) for row in rows]

    def newest_feeds(self, chain: str, before: int = LAST_EVENT) -> Iterator[Event]:
        """The feeds of a chain before an event, the last first, read as they are asked for."""
        while found := read(self.driver, "log_newest_feeds", {
            "chain": chain, "before": before, "limit": NEWEST_BATCH,
        }):  # fmt: skip
            yield from (event_of(row["event"]) for row in found)
            before = found[-1]["event"]["sequence"]

    def steps(self, chain: str, *, after: int = 0, upto: int | None = None) -> list[Event]:
        """What changed the facts of a chain: its feeds, and times when facts came due."""
        rows = read(self.driver, "log_steps", {"chain": chain, "after": after, "upto": _last(upto)})
        return [event_of(row["event"]) for row in rows]

    def moved(self, chain: str, *, after: int) -> bool:
        """Whether anything changed the facts of a chain after an event."""
        return bool(read(self.driver, "log_moved", {"chain": chain, "after": after}))

    def is_over(self, when: datetime) -> bool:
        """Whether every event that is still to come will be recorded after a time.

        As far as the clocks of those who append to one log agree.
        """
        last = self.head().recorded_at
        if last and when <= moment(last):
            return True  # times of recording increase
        if when >= self._clock():
            return False
        self._newest_head()  # waits for who appends now; who appends later reads a later clock
        return True

    def sequence_at(self, when: datetime) -> int:
        """The last event that was recorded by a time, 0 where none was: in log(events) reads."""
        low, high = 0, self.head().sequence
        while low < high:
            middle = (low + high + 1) // 2
            (event,) = self.read(after=middle - 1, limit=1)
            low, high = (middle, high) if event.recorded_at <= when else (low, middle - 1)
        return low

    def chains(self) -> list[str]:
        """The supply chains that feeds have named, in order."""
        return [row["chain"] for row in read(self.driver, "log_chains", {})]

    def audit(self) -> Head:
        """Recompute every leaf from its event, the tree and the order of times; gives the head.

        Raises StateError `LOG_BROKEN` naming the first event that does not fit.
        """
        head = self.head()
        tree, before = CompactRange(), ""
        for event in self.events(upto=head.sequence):
            recorded = timestamp(event.recorded_at)
            if (
                event.sequence != tree.size + 1
                or leaf_of(event) != event.leaf
                or recorded <= before
            ):
                raise _broken(f"event {tree.size + 1} is not what was appended")
            tree, before = tree.append(bytes.fromhex(event.leaf)), recorded
        if tree != head.tree:
            raise _broken(f"its {tree.size} events do not give the root at its head")
        return head

    def _append(
        self, tx: ManagedTransaction, before: Sequence[_Draft], draft: _Draft,
        guard: Write | None, show: Show | None,
    ) -> Appended:  # fmt: skip
        run(tx, "log_lock")
        if self.fence is not None:
            self.fence(tx)
        refuse_answered(tx, self.request)
        row = _one_head(run(tx, "log_look", key=draft.new.idempotency_key))
        if row["event"] is not None:
            return _replay(row["event"], draft)
        head = _head(row)
        if draft.expected_sequence is not None and head.sequence != draft.expected_sequence:
            raise StateError(
                f"the log stands at {head.sequence}, not at {draft.expected_sequence}",
                code="STALE", hint="read again and decide again",
            )  # fmt: skip
        news = [each for each in before if _is_new(tx, each)]
        event = self._event_after(head, [*news, draft][0])
        if guard is not None:
            guard(tx, event)
        for each, following in pairwise([*news, draft]):
            head = _put(tx, head, record_of(event, each.body))
            event = self._event_after(head, following)
        _put(tx, head, record_of(event, draft.body))
        if show is not None:
            show(tx, event, head.projected)
        appended = Appended(event, replayed=False)
        if self.rehearses:
            raise _TakenBack(appended)
        return appended

    def _append_again(
        self, tx: ManagedTransaction, record: Record, event: Event, show: Show | None
    ) -> None:
        run(tx, "log_lock")
        row = _one_head(run(tx, "log_look", key=event.idempotency_key))
        head = _head(row)
        if row["event"] is not None and row["event"]["leaf"] == event.leaf:
            return
        if row["event"] is not None or event.sequence != head.sequence + 1:
            raise diverged(event.sequence)
        _put(tx, head, record)
        if show is not None:
            show(tx, event, head.projected)

    def _newest_head(self) -> Head:
        """The head where it is written, after whoever is appending: a copy may be behind."""

        def locked(tx: ManagedTransaction) -> Head:
            run(tx, "log_lock")
            return _head(_one_head(run(tx, "log_head")))

        try:
            with self.driver.session() as session:
                return session.execute_write(locked)
        except (DriverError, Neo4jError) as error:
            raise database_error(error) from error

    def _keep(self, event: Event, body: str) -> None:
        """Bring an event into the segments, with all before it that others have not yet brought."""
        if self.segments is None:
            return
        with self.segments.held():
            tail = self.segments.tail()
            if tail.sequence == event.sequence - 1:
                self.segments.write_held([record_of(event, body)])
            elif tail.sequence < event.sequence:
                self._bring(self.segments, tail)

    def _bring(self, segments: Segments, tail: Tail) -> Tail:
        """Bring what the segments lack; the caller holds them."""
        while missing := self.records(tail.sequence):
            segments.write_held(missing)
            tail = segments.tail()
        return tail

    def _event_after(self, head: Head, draft: _Draft) -> Event:
        recorded_at = self._clock()
        if head.recorded_at:  # INVARIANT: times of recording increase even if the clock does not
            recorded_at = max(recorded_at, moment(head.recorded_at) + timedelta(microseconds=1))
        new = draft.new
        event = Event(
            head.sequence + 1, new.kind, new.idempotency_key, new.agent, new.effective_at,
            recorded_at, new.artifact, draft.payload, draft.seed.hex(), "",
        )  # fmt: skip
        return _with_leaf(event)


def _is_new(tx: ManagedTransaction, draft: _Draft) -> bool:
    found = run(tx, "log_look", key=draft.new.idempotency_key)
    return _one_head(found)["event"] is None


def _drafted(entry: Entry) -> _Draft:
    payload = dict(entry.new.payload or {})
    canonical(payload)
    return _Draft(entry.new, payload, secrets.token_bytes(SEED_BYTES), entry.body, None)


def _put(tx: ManagedTransaction, head: Head, record: Record) -> Head:
    """The event after the head; gives the head after it."""
    tree = head.tree.append(bytes.fromhex(record["leaf"]))
    named = {"chain": chain_in(record), "request": request_in(record)}
    run(tx, "log_append", event=record | named, head={
        "sequence": record["sequence"], "size": tree.size, "root": tree.root.hex(),
        "peaks": [peak.hex() for peak in tree.peaks], "recorded_at": record["recorded_at"],
    })  # fmt: skip
    return Head(record["sequence"], tree, head.projected, record["recorded_at"])


def _yes() -> None:
    """Who is held by nobody may append."""


def _now() -> datetime:
    return datetime.now(UTC)


def _body_of(new: NewEvent, stated: Mapping[str, Any]) -> str:
    return digest_of([new.kind, new.agent, timestamp(new.effective_at), new.artifact, dict(stated)])


def _replay(stored: Row, draft: _Draft) -> Appended:
    if stored["body"] != draft.body:
        raise StateError(
            f"the key `{draft.new.idempotency_key}` was used for another request",
            code="IDEMPOTENCY_CONFLICT", hint="use a new key for a new request",
        )  # fmt: skip
    return Appended(event_of(stored), replayed=True)


def _with_leaf(event: Event) -> Event:
    return Event(
        event.sequence, event.kind, event.idempotency_key, event.agent, event.effective_at,
        event.recorded_at, event.artifact, event.payload, event.seed, leaf_of(event),
    )  # fmt: skip


def _one_head(rows: list[Row]) -> Row:
    if len(rows) != 1:
        raise not_migrated()
    return rows[0]


def _last(upto: int | None) -> int:
    return LAST_EVENT if upto is None else upto


def not_migrated() -> OutsideError:
    """The refusal of a database that has no head of a log."""
    return OutsideError("the database holds no log", code="NOT_MIGRATED",
                        hint="start it with `evenkeel up`, which prepares it")  # fmt: skip


def _head(row: Row) -> Head:
    head = row["head"]
    tree = CompactRange(head["size"], tuple(bytes.fromhex(peak) for peak in head["peaks"]))
    if tree.root.hex() != head["root"]:
        raise _broken("the root at its head is not that of its peaks")
    return Head(head["sequence"], tree, head["projected"], head["recorded_at"])


def _behind(head: int, tail: int) -> StateError:
    return StateError(
        f"the database ends at event {head}, but the log was acknowledged up to event {tail}",
        code="LOG_BEHIND", hint="the database has lost the rest: `evenkeel rebuild` makes it anew "
        "from the segments of the log",
    )  # fmt: skip


def _broken(what: str) -> StateError:
    return StateError(f"the log does not add up: {what}", code="LOG_BROKEN",
                      hint="stop writing to it and restore it from a backup")  # fmt: skip
