"""What of a log can no longer be read: events whose artifacts are missing or damaged."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson

from graph.artifacts import ArtifactStore
from graph.manifests import named_by, read_statements
from ontology.errors import OutsideError
from ontology.events import FEED_LOADED, PLAN_MADE, Event
from ontology.key_lengths import rows_that_can_be_shown


@dataclass(frozen=True, slots=True)
class Loss:
    """An event of which artifacts are gone: `name` is its delivery, plan or key."""

    sequence: int
    kind: str
    name: str
    artifacts: tuple[str, ...]

    def __str__(self) -> str:
        """`event 7, delivery monday of erp`."""
        return f"event {self.sequence}, {self.name}"


def losses(
    store: ArtifactStore, events: Iterable[Event], sound: Iterable[str] = ()
) -> Iterator[Loss]:
    """Every event that names an artifact, or one through another, that is missing or damaged.

    Reads every byte that the events name, once each; but those that are known to be `sound`.
    """
    looked_at: dict[str, tuple[str, ...]] = dict.fromkeys(sound, ())
    for event in events:
        gone = sorted({lost for name in _roots(event) for lost in _gone(store, name, looked_at)})
        if gone:
            yield Loss(event.sequence, event.kind, name_of(event), tuple(gone))


def left_out(store: ArtifactStore, events: Iterable[Event]) -> Iterator[dict[str, Any]]:
    """The facts of names that no graph can show, which older versions logged, as a document.

    How many of each class, by event. Neither state nor graph has them. Events of which artifacts
    are lost say nothing here.
    """
    for event in events:
        if event.kind != FEED_LOADED:
            continue
        with suppress(OutsideError):
            tables = read_statements(store, event.artifact).tables
            for name, table in sorted(tables.items()):
                rows = len(table) - len(rows_that_can_be_shown(table))
                if rows:
                    yield {"event": event.sequence, "name": name_of(event), "class": name,
                           "facts": rows}  # fmt: skip


def name_of(event: Event) -> str:
    """An event as a person knows it."""
    payload = event.payload
    if event.kind == FEED_LOADED:
        return f"delivery `{payload.get('feed')}` of `{payload.get('source')}`"
    if event.kind == PLAN_MADE:
        return f"plan `{str(payload.get('plan'))[:12]}`"
    return f"`{event.kind}`"


def _roots(event: Event) -> Iterator[str]:
    """The artifacts that an event itself names."""
    if event.artifact:
        yield event.artifact
    for name, value in event.payload.items():
        if name.endswith("artifact") and isinstance(value, str) and value:
            yield value
        if name == "attachments" and isinstance(value, Mapping):
            yield from value.values()


def _gone(
    store: ArtifactStore, name: str, looked_at: dict[str, tuple[str, ...]]
) -> tuple[str, ...]:  # fmt: skip
    if name not in looked_at:
        try:
            named = sorted(set(named_by(_document(store.get(name)))))
        except OutsideError:
            looked_at[name] = (name,)
        else:
            looked_at[name] = ()
            lost = {gone for one in named for gone in _gone(store, one, looked_at)}
            looked_at[name] = tuple(sorted(lost))
    return looked_at[name]


def _document(data: bytes) -> Any:
    if data[:1] != b"{":
        return None
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
