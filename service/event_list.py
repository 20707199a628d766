"""The log as an auditor reads it: its events page by page, and one of them in full."""

from dataclasses import dataclass
from itertools import islice

from ontology.errors import InputError
from ontology.events import KINDS, Event
from service.house import House


@dataclass(frozen=True, slots=True)
class EventsPage:
    """Events in the order of the log, and whether more of what was asked for follow."""

    events: tuple[Event, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class EventInFull:
    """An event with where its content is: the bytes of its artifact, and its file of the log.

    `artifact_bytes` is None where the artifact is not at hand; `segment` is empty where no file
    of the log holds the event.
    """

    event: Event
    artifact_bytes: int | None
    segment: str


def events_page(
    house: House, *, chain: str = "", kind: str = "", source: str = "", after: int = 0,
    first: int = 20,
) -> EventsPage:  # fmt: skip
    """At most `first` events after a sequence, of one chain, kind and source where they are named.

    Raises InputError `EVENT_KIND_UNKNOWN`, `CHAIN_UNKNOWN`.
    """
    log = house.projection.log
    if kind and kind not in KINDS:
        raise InputError(f"there are no events of the kind `{kind}`", code="EVENT_KIND_UNKNOWN",
                         hint=f"one of: {', '.join(KINDS)}")  # fmt: skip
    if chain and chain not in (known := log.chains()):
        raise InputError(f"there is no chain `{chain}`", code="CHAIN_UNKNOWN",
                         hint=f"one of: {', '.join(known)}")  # fmt: skip
    asked = (
        event for event in log.events(after)
        if kind in ("", event.kind) and chain in ("", event.payload.get("chain"))
        and source in ("", event.payload.get("source"))
    )  # fmt: skip
    found = tuple(islice(asked, first + 1))
    return EventsPage(found[:first], len(found) > first)


def event_in_full(house: House, sequence: int) -> EventInFull:
    """One event. Raises InputError `EVENT_UNKNOWN`."""
    log = house.projection.log
    found = log.read(after=sequence - 1, limit=1)
    if not found or found[0].sequence != sequence:
        raise InputError(f"the log has no event {sequence}", code="EVENT_UNKNOWN",
                         hint=f"its last is {log.head().sequence}")  # fmt: skip
    (event,) = found
    store, held = house.store, ""
    if log.segments is not None and sequence <= log.segments.tail().sequence:
        files = [path.name for path in log.segments.files() if int(path.stem) <= sequence]
        held = files[-1] if files else ""
    size = store.size(event.artifact) if event.artifact and store.has(event.artifact) else None
    return EventInFull(event, size, held)
