"""The event log: one sequence, one Merkle tree, one short transaction per entry."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from neo4j import Driver, ManagedTransaction
from neo4j.exceptions import DriverError, Neo4jError

from graph.merkle import CompactRange, event_leaf
from graph.statements import Row, database_error, read, run
from ontology.canonical import canonical, digest_of
from ontology.errors import InputError, OutsideError, StateError
from ontology.events import Event, NewEvent

Write = Callable[[ManagedTransaction, Event], None]
Derive = Callable[[bytes], Mapping[str, Any]]
SEED_BYTES = 32
READ_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Appended:
    """The event that stands in the log, and whether it already stood there."""

    event: Event
    replayed: bool


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


class Log:
    """Appends and reads events. Needs a migrated database (`graph.migrate`)."""

    def __init__(self, driver: Driver, clock: Callable[[], datetime] | None = None) -> None:
        self.driver = driver
        self._clock = clock or _now

    def append(
        self,
        new: NewEvent,
        *,
        write: Write | None = None,
        expected_sequence: int | None = None,
        derive: Derive | None = None,
        body: str = "",
    ) -> Appended:
        """Append an event in one transaction that locks the head first; gives the event.

        `write` adds to the same transaction; it may run again after a lost lock or connection.
        `derive` gives payload fields from the event's seed. `body` stands for the request when
        a key is seen again; by default it is everything that the caller stated. The same key
        with the same body gives the first event, replayed. Raises StateError
        `IDEMPOTENCY_CONFLICT` for another body, `STALE` if the log has passed
        `expected_sequence`; InputError `TIME_ZONE_MISSING`, `NUMBER_RANGE`.
        """
        seed = secrets.token_bytes(SEED_BYTES)
        stated = dict(new.payload or {})
        derived = dict(derive(seed)) if derive else {}
        draft = _Draft(
            new, stated | derived, seed, body or _body_of(new, stated), expected_sequence
        )
        canonical(draft.payload)
        try:
            with self.driver.session() as session:
                return session.execute_write(self._append, draft, write)
        except (DriverError, Neo4jError) as error:
            raise database_error(error) from error

    def head(self) -> Head:
        """The end of the log."""
        return _head(_one_head(read(self.driver, "log_head", {})))

    def find(self, idempotency_key: str) -> Event | None:
        """The event of a key, if there is one."""
        rows = read(self.driver, "log_find", {"key": idempotency_key})
        return _event(rows[0]["event"]) if rows else None

    def read(
        self, after: int = 0, limit: int = READ_BATCH, *, upto: int | None = None
    ) -> list[Event]:
        """At most `limit` events with after < sequence <= upto, in order."""
        last = 2**53 - 1 if upto is None else upto
        rows = read(self.driver, "log_read", {"after": after, "upto": last, "limit": limit})
        return [_event(row["event"]) for row in rows]

    def events(self, after: int = 0, *, upto: int | None = None) -> Iterator[Event]:
        """All events with after < sequence <= upto, read in batches."""
        while batch := self.read(after, upto=upto):
            yield from batch
            after = batch[-1].sequence

    def feeds(self, chain: str, *, after: int = 0, upto: int | None = None) -> list[Event]:
        """The feeds of a chain with after < sequence <= upto, in order."""
        last = 2**53 - 1 if upto is None else upto
        rows = read(self.driver, "log_feeds", {"chain": chain, "after": after, "upto": last})
        return [_event(row["event"]) for row in rows]

    def steps(self, chain: str, *, after: int = 0, upto: int | None = None) -> list[Event]:
        """What changed the facts of a chain: its feeds, and times when facts came due."""
        last = 2**53 - 1 if upto is None else upto
        rows = read(self.driver, "log_steps", {"chain": chain, "after": after, "upto": last})
        return [_event(row["event"]) for row in rows]

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

    def _append(self, tx: ManagedTransaction, draft: _Draft, write: Write | None) -> Appended:
        run(tx, "log_lock")
        found = run(tx, "log_look", key=draft.new.idempotency_key)
        row = _one_head(found)
        if row["event"] is not None:
            return _replay(row["event"], draft)
        head = _head(row)
        if draft.expected_sequence is not None and head.sequence != draft.expected_sequence:
            raise StateError(
                f"the log stands at {head.sequence}, not at {draft.expected_sequence}",
                code="STALE", hint="read again and decide again",
            )  # fmt: skip
        event = self._event_after(head, draft)
        tree = head.tree.append(bytes.fromhex(event.leaf))
        run(tx, "log_append", event=_properties(event, draft.body), head={
            "sequence": event.sequence, "size": tree.size, "root": tree.root.hex(),
            "peaks": [peak.hex() for peak in tree.peaks],
            "recorded_at": timestamp(event.recorded_at),
        })  # fmt: skip
        if write is not None:
            write(tx, event)
        return Appended(event, replayed=False)

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


def leaf_of(event: Event) -> str:
    """The Merkle leaf hash that an event must have, in hexadecimal."""
    fields = {
        "agent": event.agent,
        "artifact": event.artifact,
        "effective_at": timestamp(event.effective_at),
        "idempotency_key": event.idempotency_key,
        "recorded_at": timestamp(event.recorded_at),
    } | {f"payload.{name}": value for name, value in event.payload.items()}
    return event_leaf(bytes.fromhex(event.seed), event.sequence, event.kind, fields).hex()


def timestamp(when: datetime) -> str:
    """A time as `2026-01-31T12:00:00.000000Z`: fixed width, so that text order is time order.

    Raises InputError `TIME_ZONE_MISSING`.
    """
    if when.tzinfo is None:
        raise InputError(f"the time `{when}` has no time zone", code="TIME_ZONE_MISSING",
                         hint="state the offset from UTC")  # fmt: skip
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def moment(text: str) -> datetime:
    """The time that `timestamp` wrote."""
    return datetime.fromisoformat(text)


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
    return Appended(_event(stored), replayed=True)


def _with_leaf(event: Event) -> Event:
    return Event(
        event.sequence, event.kind, event.idempotency_key, event.agent, event.effective_at,
        event.recorded_at, event.artifact, event.payload, event.seed, leaf_of(event),
    )  # fmt: skip


def _properties(event: Event, body: str) -> Row:
    chain = event.payload.get("chain")
    return {
        "sequence": event.sequence, "kind": event.kind, "body": body, "agent": event.agent,
        "idempotency_key": event.idempotency_key, "artifact": event.artifact,
        "effective_at": timestamp(event.effective_at),
        "recorded_at": timestamp(event.recorded_at),
        "payload": canonical(event.payload).decode(), "seed": event.seed, "leaf": event.leaf,
        "chain": chain if isinstance(chain, str) else None,
    }  # fmt: skip


def _event(row: Row) -> Event:
    return Event(
        row["sequence"], row["kind"], row["idempotency_key"], row["agent"],
        moment(row["effective_at"]), moment(row["recorded_at"]), row["artifact"],
        orjson.loads(row["payload"]), row["seed"], row["leaf"],
    )  # fmt: skip


def _one_head(rows: list[Row]) -> Row:
    if len(rows) != 1:
        raise OutsideError("the database holds no log", code="NOT_MIGRATED",
                           hint="start it with `evenkeel up`, which prepares it")  # fmt: skip
    return rows[0]


def _head(row: Row) -> Head:
    head = row["head"]
    tree = CompactRange(head["size"], tuple(bytes.fromhex(peak) for peak in head["peaks"]))
    if tree.root.hex() != head["root"]:
        raise _broken("the root at its head is not that of its peaks")
    return Head(head["sequence"], tree, head["projected"], head["recorded_at"])


def _broken(what: str) -> StateError:
    return StateError(f"the log does not add up: {what}", code="LOG_BROKEN",
                      hint="stop writing to it and restore it from a backup")  # fmt: skip
