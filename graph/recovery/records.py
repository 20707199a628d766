"""Records: events as they are kept, with all that it takes to append them again elsewhere."""

from datetime import UTC, datetime
from typing import Any

import orjson

from graph.merkle import event_leaf
from ontology.canonical import canonical
from ontology.errors import InputError
from ontology.events import Event

Record = dict[str, Any]
FIELDS = (
    "sequence", "kind", "idempotency_key", "body", "agent", "effective_at", "recorded_at",
    "artifact", "payload", "seed", "leaf",
)  # fmt: skip
REQUEST, DIGEST = "request", "request_digest"
"""How an event names the request that it answers, and the digest of what was asked."""
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError)


def record_of(event: Event, body: str) -> Record:
    """What is kept of an event; `body` stands for the request when its key is seen again."""
    return {
        "sequence": event.sequence, "kind": event.kind, "body": body, "agent": event.agent,
        "idempotency_key": event.idempotency_key, "artifact": event.artifact,
        "effective_at": timestamp(event.effective_at),
        "recorded_at": timestamp(event.recorded_at),
        "payload": canonical(event.payload).decode(), "seed": event.seed, "leaf": event.leaf,
    }  # fmt: skip


def event_of(record: Record) -> Event:
    """The event of a record."""
    return Event(
        record["sequence"], record["kind"], record["idempotency_key"], record["agent"],
        moment(record["effective_at"]), moment(record["recorded_at"]), record["artifact"],
        orjson.loads(record["payload"]), record["seed"], record["leaf"],
    )  # fmt: skip


def chain_in(record: Record) -> str | None:
    """The supply chain that an event speaks of, if it speaks of one."""
    chain = orjson.loads(record["payload"]).get("chain")
    return chain if isinstance(chain, str) else None


def request_in(record: Record) -> str | None:
    """The name of the request that an event answers, if it answers one."""
    request = orjson.loads(record["payload"]).get(REQUEST)
    return request if isinstance(request, str) else None


def record_fault(record: Record, sequence: int) -> str:
    """Why a record cannot be the event of a sequence; empty where it can."""
    try:
        if set(record) != set(FIELDS) or record["sequence"] != sequence:
            return "is not in its place"
        is_whole = leaf_of(event_of(record)) == record["leaf"]
    except UNREADABLE:
        return "is no event"
    return "" if is_whole else "is not what was appended"


def leaf_of(event: Event) -> str:
    """The Merkle leaf hash that an event must have, in hexadecimal."""
    seed = bytes.fromhex(event.seed)
    return event_leaf(seed, event.sequence, event.kind, leaf_fields(event)).hex()


def leaf_fields(event: Event) -> dict[str, Any]:
    """What the leaf of an event commits to, each field by its name."""
    return {
        "agent": event.agent,
        "artifact": event.artifact,
        "effective_at": timestamp(event.effective_at),
        "idempotency_key": event.idempotency_key,
        "recorded_at": timestamp(event.recorded_at),
    } | {f"payload.{name}": value for name, value in event.payload.items()}


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
