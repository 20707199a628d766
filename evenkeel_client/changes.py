"""What each event of the log changed, as it comes, from any position on."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from evenkeel_client.errors import EvenkeelError, unreadable
from evenkeel_client.sending import Connection, CutOffError

SILENCE_SECONDS = 60.0
"""A service says something more often than this; who does not is gone."""


@dataclass(frozen=True, slots=True)
class Change:
    """A plan, a line, a shortfall or a fact that changed; `at` is where to go on after it."""

    at: str
    kind: str
    fields: Mapping[str, Any]


def followed(
    connection: Connection, wanted: Mapping[str, str], after: str, *, for_ever: bool
) -> Iterator[Change]:
    """The changes after a position, each once and in order, whatever is cut off meanwhile.

    It ends where the service ends it if not `for_ever`: then when nothing new has come for one
    heartbeat. Raises EvenkeelError: what the service says, or `UNREACHABLE` where it does not
    answer for several tries in a row. `for_ever`, a service that has answered once is waited for
    without end: it may be restarting, however long that takes.
    """
    at, tried, has_answered = after, 0, False
    while True:
        before = at
        try:
            for change in _stream(connection, wanted, at):
                has_answered = True
                if change is None:
                    if not for_ever:
                        return
                    continue
                at = change.at
                tried = 0
                if change.kind:
                    yield change
            error = _ended()
        except CutOffError as found:
            error = found
        tried = tried + 1 if at == before else 0
        waits_on = for_ever and has_answered
        if tried >= connection.patience.tries and not waits_on:
            raise error.told from error.__cause__
        time.sleep(connection.patience.seconds(tried, error.retry_after))


def _stream(
    connection: Connection, wanted: Mapping[str, str], after: str
) -> Iterator[Change | None]:
    """Changes of one connection; one without a kind moves the position, None is a heartbeat."""
    timeout = httpx.Timeout(10.0, read=SILENCE_SECONDS)
    with connection.streamed("GET", "/changes", params={**wanted, "after": after},
                             timeout=timeout) as answer:  # fmt: skip
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            raise unreadable("no stream of events", answer.status_code)
        yield from events(lines(answer.iter_text()))


def lines(parts: Iterator[str]) -> Iterator[str]:
    """Whole lines, ended by a line feed alone: other signs may stand within a text."""
    held = ""
    for part in parts:
        *whole, held = (held + part).split("\n")
        yield from whole


def events(told: Iterator[str]) -> Iterator[Change | None]:
    """Server-sent events from their lines (HTML, section 9.2.6); an unfinished last one is none."""
    at, kind, data = "", "", ""
    for line in told:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if at:
                yield Change(at, kind, _fields(data))
            at, kind, data = "", "", ""
        elif not name:
            yield None
        elif name == "id":
            at = value
        elif name == "event":
            kind = value
        elif name == "data":
            data += value


def _fields(data: str) -> Mapping[str, Any]:
    try:
        found = json.loads(data) if data else {}
    except ValueError as error:
        raise unreadable("a change that is no JSON", 200) from error
    return found if isinstance(found, dict) else {}


def _ended() -> CutOffError:
    return CutOffError(EvenkeelError("the service ended the stream", code="UNREACHABLE",
                                     hint="it may be restarting", fault="outside"))  # fmt: skip
