"""Events of the log as a table, and one of them with all that it says."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from api.screen import drawing
from api.screen.amounts import count
from api.screen.tables import Table
from ontology.events import (
    ACCESS_ENDED,
    ACCESS_EXPOSED,
    ACCESS_GRANTED,
    APPROVAL_KINDS,
    AUTONOMY_KINDS,
    FACTS_DUE,
    FEED_LOADED,
    ITEMS_PROTECTED,
    ITEMS_RELEASED,
    KEY_ACTIVATED,
    PLAN_MADE,
    RELEASE_KINDS,
    REPORT_MADE,
    REQUEST_ANSWERED,
    ROWS_DISCARDED,
    RULES_PRICED,
    STOP_LIFTED,
    STOP_PUT,
    TASK_FAILED,
    TOKEN_ISSUED,
    TOKEN_REVOKED,
)

if TYPE_CHECKING:
    from ontology.events import Event
    from service.event_list import EventInFull

DIGITS = 12


_SAID = {ACCESS_GRANTED: "grant", ACCESS_ENDED: "grant", ACCESS_EXPOSED: "door",
           TOKEN_ISSUED: "token", TOKEN_REVOKED: "token",
         STOP_LIFTED: "stop", TASK_FAILED: "task", ITEMS_PROTECTED: "chain",
         ITEMS_RELEASED: "chain", REQUEST_ANSWERED: "request"}  # fmt: skip
"""The field of a payload that says what an event is about."""


def events_table(events: "Sequence[Event]") -> Table:
    """Each event with what it is about, how much, by whom, and its two times."""
    made = drawing.table("event", "kind", "chain", "about", "says", "agent", "recorded, UTC",
                         "effective, UTC", numbers=["event"],
                         spare=["effective, UTC", "agent", "chain"])  # fmt: skip
    for event in events:
        drawing.add(made, str(event.sequence), event.kind, event.payload.get("chain", ""),
                    about(event), says(event), event.agent, time_text(event.recorded_at),
                    time_text(event.effective_at))  # fmt: skip
    return made


def about(event: "Event") -> str:
    """Source and name of a delivery, digest of a plan, name of a release, number of a key.

    Of an answer the name of the request.
    """
    told = event.payload
    if event.kind == FEED_LOADED:
        return f"{told['source']}/{told['feed']}"
    if event.kind == ROWS_DISCARDED:
        return f"event {told['event']}"
    if event.kind == KEY_ACTIVATED:
        return f"key {told['key'].split('+')[1]}"
    if event.kind == REPORT_MADE:
        return f"{told['since']} to {told['until']}"
    if event.kind in _SAID:
        return str(told[_SAID[event.kind]])
    return _about_governance(event)


def _about_governance(event: "Event") -> str:
    """What a decision is about: a plan, a release, or where it holds."""
    told = event.payload
    if event.kind in APPROVAL_KINDS:
        return str(told.get("plan", ""))[:DIGITS]
    if event.kind in RELEASE_KINDS:
        return _release(told["release"])
    if event.kind == RULES_PRICED:
        return f"rules in plan {str(told['plan'])[:DIGITS]}"
    if event.kind in AUTONOMY_KINDS or event.kind == STOP_PUT:
        scope = told["scope"]
        return ", ".join([scope["chain"], *scope["regions"], *scope["families"]])
    return str(told["plan"])[:DIGITS] if event.kind == PLAN_MADE else ""


def _release(stated: Any) -> str:
    """By its name where the event has its record, else by its digest."""
    if isinstance(stated, Mapping):
        return f"{stated['name']} {stated['version']}"
    return str(stated)[:DIGITS]


def says(event: "Event") -> str:
    """How much an event brought, in words; empty where that is told by its name."""
    told = event.payload
    if event.kind == FEED_LOADED:
        parts = [count(told["facts"], "fact")]
        parts += [f"{told['quarantined']:,} set aside"] if told["quarantined"] else []
        return ", ".join(parts)
    if event.kind == FACTS_DUE:
        return f"{count(told['facts'], 'fact')} came to be true"
    return f"{count(told['rows'], 'row')} discarded" if event.kind == ROWS_DISCARDED else ""


def in_full(found: "EventInFull") -> Table:
    """All that an event says, a line each; what is nested has its path."""
    event, made = found.event, drawing.table("of the event", "")
    size = found.artifact_bytes
    kept = "" if not event.artifact else "not at hand" if size is None else count(size, "byte")
    rows = {
        "sequence": str(event.sequence), "kind": event.kind, "agent": event.agent,
        "recorded, UTC": event.recorded_at.isoformat(),
        "effective, UTC": event.effective_at.isoformat(),
        "known by": event.idempotency_key, "artifact": event.artifact, "artifact holds": kept,
        "leaf": event.leaf, "segment": found.segment or "in no file of the log",
    }  # fmt: skip
    told = dict(_paths("payload", event.payload))
    for name, value in {**rows, **told}.items():
        if value != "":
            drawing.add(made, name, value)
    return made


def time_text(when: datetime) -> str:
    """A time to the second."""
    return when.strftime("%Y-%m-%d %H:%M:%S")


def _paths(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """What is nested, one value under one path."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _paths(f"{name}.{key}", inner)
    elif isinstance(value, list | tuple) and any(isinstance(one, Mapping) for one in value):
        for at, inner in enumerate(value):
            yield from _paths(f"{name}[{at}]", inner)
    else:
        listed = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
        yield name, "" if listed is None else str(listed)
