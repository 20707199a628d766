"""Documents of EPCIS, read event by event: what stands around them, and each of them."""

import io
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, BinaryIO

from feeds.epcis.events import Event, Refused, weight_of
from feeds.epcis.reading import KINDS, event_of
from feeds.epcis.vocabulary import prefixes_of
from feeds.facts.row_texts import SHOWN_CHARACTERS, RowTexts
from feeds.json_text import (
    DEPTH,
    Doubled,
    JsonText,
    object_of,
    plain_text,
)
from feeds.limits import Limits
from feeds.refusals import shown
from ontology.errors import InputError, Place

_LIST = "eventList"
_BODIES = {
    "EPCISDocument": ("epcisBody",),
    "EPCISQueryDocument": ("epcisBody", "queryResults", "resultsBody"),
}
"""Where the list of events stands in each kind of document."""
_EVENT_LISTS = {(*path, _LIST) for path in _BODIES.values()}
_AROUND = {path[:end] for path in _BODIES.values() for end in range(1, len(path) + 1)}
_TEXTS_AT_ONCE = 4_096


@dataclass(frozen=True)
class Document:
    """What a document tells: events and refused events by place, and the text of each.

    `said(i)` is what the event at place i + 1 says, of `count`.
    """

    events: tuple[Event, ...]
    refused: tuple[Refused, ...]
    said: Callable[[int], str]
    count: int


def read_document(source: bytes | BinaryIO, name: str, limits: Limits) -> Document:
    """The events of an EPCISDocument, an EPCISQueryDocument or a single event.

    An open file is read event by event; it is read once more where its `@context` stands behind
    its events, so it must be one that can be read from its start again.
    Raises InputError where the document cannot be used at all: the codes of `json_text.JsonText`
    and `vocabulary.prefixes_of`, `EPCIS_FORM` or `TOO_MANY_ROWS`.
    """
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    whole = _Walk(stream, name, limits, None).whole()
    if _is_event(whole):
        found = _Listed(name, limits)
        found.take(whole, prefixes_of(whole.get("@context"), name))
        return found.document()
    found = _event_list(whole, name)
    prefixes = prefixes_of(whole.get("@context"), name)
    if found.is_untold:
        stream.seek(0)
        found = _event_list(_Walk(stream, name, limits, prefixes).whole(), name)
    return found.document()


class _Listed:
    """The list of events of a document: each is made of its value, which is then dropped."""

    def __init__(self, name: str, limits: Limits) -> None:
        self._name, self._limits = name, limits
        self._events: list[Event] = []
        self._refused: list[Refused] = []
        self._texts, self._waiting = RowTexts(), list[str]()
        self.count = self._traced = 0
        self.is_untold = False

    def take(self, value: Any, prefixes: Mapping[str, str] | None) -> None:
        """The next event; without prefixes it cannot be told yet, and only counts."""
        self.count += 1
        self._limits.check_rows(self._name, self.count, 1)
        if prefixes is None:
            self.is_untold = True
            return
        try:
            self._events.append(event_of(value, self.count, prefixes, self._limits))
            self._traced += weight_of(self._events[-1]) - 1
        except InputError as error:
            self._refused.append(Refused(self.count, error.code, str(error)))
        self._limits.check_traced(self._name, self._traced + self.count)
        self._waiting.append(plain_text(value)[:SHOWN_CHARACTERS])
        if len(self._waiting) == _TEXTS_AT_ONCE:
            self._keep()

    def document(self) -> Document:
        """All events."""
        self._keep()
        return Document(tuple(self._events), tuple(self._refused), self._texts, self.count)

    def _keep(self) -> None:
        self._texts.add(self._waiting)
        self._waiting = []


class _Walk:
    """One reading of a document from its start: what stands around its events, and they."""

    def __init__(
        self, stream: BinaryIO, name: str, limits: Limits, prefixes: Mapping[str, str] | None
    ) -> None:
        self._name, self._limits, self._prefixes = name, limits, prefixes
        self._text = JsonText(stream, name, limits.file_bytes)
        self._in_lists = 0

    def whole(self) -> Any:
        """The value of the document; each list of events is `_Listed`."""
        whole = self._object(()) if self._text.peek() == "{" else self._text.value(DEPTH)
        self._text.end()
        return whole

    def _object(self, path: tuple[str, ...]) -> dict[str, Any]:
        text, pairs = self._text, list[tuple[str, Any]]()
        for name in text.members():
            inner, mark = (*path, name), text.peek()
            if mark == "{" and inner in _AROUND:
                pairs.append((name, self._object(inner)))
            elif mark == "[" and inner in _EVENT_LISTS:
                pairs.append((name, self._list(DEPTH - len(inner) - 1)))
            else:
                pairs.append((name, text.value(DEPTH - len(inner))))
            text.check_length(text.position - self._in_lists)
            if inner == ("@context",) and self._prefixes is None:
                with suppress(InputError):  # it is said of the whole document, after its form
                    self._prefixes = prefixes_of(pairs[-1][1], self._name)
        return object_of(pairs)

    def _list(self, levels: int) -> _Listed:
        listed, before = _Listed(self._name, self._limits), self._text.position
        for _ in self._text.elements():
            listed.take(self._text.value(levels), self._prefixes)
        self._in_lists += self._text.position - before
        return listed


def _is_event(whole: Any) -> bool:
    """Whether a document is a single event."""
    kind = whole.get("type") if isinstance(whole, dict) else None
    return isinstance(kind, str) and kind in KINDS and "epcisBody" not in whole


def _event_list(whole: Any, name: str) -> _Listed:
    kind = whole.get("type") if isinstance(whole, dict) else None
    if not isinstance(kind, str) or kind not in _BODIES:
        said = f"its type is {shown(kind)}" if isinstance(kind, str) else "it states no type"
        raise _unusable(name, f"this is no EPCIS document: {said}",
                        "send an `EPCISDocument` or an `EPCISQueryDocument`")  # fmt: skip
    _no_doubles(whole, name)
    version = whole.get("schemaVersion")
    if not isinstance(version, str | Decimal) or not re.fullmatch(r"2(\.[0-9]+)*", str(version)):
        raise _unusable(name, f"`schemaVersion` is {shown(str(version))}, and 2.0 is read",
                        "export the events as EPCIS 2.0")  # fmt: skip
    at, path = whole, _BODIES[kind]
    for part in path:
        at = at.get(part) if isinstance(at, dict) else None
        _no_doubles(at, name)
    found = at.get(_LIST) if isinstance(at, dict) else None
    if not isinstance(found, _Listed):
        raise _unusable(name, f"the document has no list `{'.'.join([*path, _LIST])}`",
                        "put the events there, in a list")  # fmt: skip
    return found


def _no_doubles(value: Any, name: str) -> None:
    if isinstance(value, Doubled):
        raise _unusable(name, f"the document states {shown(value.names[0])} twice",
                        "state every field once")  # fmt: skip


def _unusable(name: str, what: str, hint: str) -> InputError:
    return InputError(what, code="EPCIS_FORM", hint=hint, place=Place(name))
