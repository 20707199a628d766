"""The door by which deliveries come in: POST /feeds/{source}, one file as the request's body."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio
from anyio import to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from api.answers import internal_error
from api.callers import caller_of
from api.doors.statuses import refusal
from feeds.mapping_text import MappingText
from ontology.errors import EvenkeelError, InputError, Place
from service.access import Access, Sight
from service.doors.door_words import Door, in_words_of
from service.doors.envelope import Attributes
from service.doors.inbox import Inbox, Ticket
from service.doors.registered import permitted_mapping, plans_are_told
from service.doors.spool import (
    CHUNK_BYTES,
    MOST_BYTES,
    append,
    discard,
    place_for,
    rule_meant,
    too_large,
)
from service.house import House
from service.intake.deliveries import Delivery
from service.intake.sync import Synced, sync

AGENT = "http"
"""Who delivers with the local token, where nobody is named as its owner."""
DOOR = "/feeds"
HEADER = "ce-"
FORMATS: Mapping[str, tuple[str, ...]] = {
    "text/csv": ("csv",), "text/plain": ("csv",), "text/tab-separated-values": ("csv",),
    "application/jsonl": ("jsonl",), "application/x-ndjson": ("jsonl",),
    "application/json": ("epcis", "rdf"), "application/ld+json": ("epcis", "rdf"),
    "text/turtle": ("rdf",), "application/n-triples": ("rdf",),
    "application/vnd.apache.parquet": ("parquet",),
    "application/vnd.apache.arrow.file": ("arrow",),
    "application/vnd.apache.arrow.stream": ("arrow",),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ("xlsx",),
    "application/octet-stream": (), "": (),
}  # fmt: skip
"""The formats that a media type stands for; with none of them, any."""
PARAMETERS = ("file", "dry_run", "close_all")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request to deliver, before its body is read."""

    source: str
    mapping: MappingText
    file: str
    delivery: Delivery
    dry_run: bool
    tells_plans: bool
    sight: Sight


class FeedsDoor:
    """Receives deliveries, each through its source's queue, and answers with their account."""

    def __init__(self, house: House, inbox: Inbox, access: Access) -> None:
        self._house = house
        self._inbox = inbox
        self._access = access

    async def deliver(self, request: Request) -> Response:
        """The answer to one delivery: its account once it stands in the log. No error leaves it.

        A sender that hears nothing may send again: the same delivery gives the first event.
        """
        try:
            synced = await self._delivered(request)
        except EvenkeelError as error:
            error.hint = in_words_of(Door.HTTP, error.hint)
            return refusal(error)
        except ClientDisconnect:
            return refusal(InputError("the upload was cut off", code="UPLOAD_CUT"))
        except Exception as error:  # noqa: BLE001 - the last line of defence: logged, not shown
            return refusal(internal_error(error))
        rows = [row | {"hint": in_words_of(Door.HTTP, row["hint"])}
                for row in synced.summary["quarantined"]]  # fmt: skip
        account = synced.summary | {"quarantined": rows}
        document = json.dumps(account, default=str, allow_nan=False)
        return Response(document, media_type="application/json")

    async def _delivered(self, request: Request) -> Synced:
        home = self._house.settings.data_folder
        asked = await to_thread.run_sync(_asked, request, home, self._access)
        with self._inbox.admit(asked.source) as ticket:
            folder = await to_thread.run_sync(lambda: self._inbox.folder)
            path = await to_thread.run_sync(place_for, folder, asked.file)
            drop = partial(discard, folder, path)
            with _dropping(drop, ticket):
                await self._receive(request, path, asked.file, ticket)
                house = self._house.held(asked.sight.hold)
                work = partial(sync, house, [path], asked.mapping, asked.delivery,
                               dry_run=asked.dry_run,
                               tells_plans=asked.tells_plans)  # fmt: skip
                future = ticket.submit(asked.sight.held(work), drop)
            synced = await asyncio.wrap_future(future)
        if not asked.sight.caller.is_owner:
            await to_thread.run_sync(_settled, asked.sight)
        return synced

    async def _receive(self, request: Request, path: Path, file: str, ticket: Ticket) -> None:
        """The body as a file. Raises OutsideError `DISK_FULL`, `SPOOL_UNWRITABLE`."""
        bounds = self._inbox.bounds
        try:
            with anyio.fail_after(bounds.upload_seconds):
                await self._written(request, path, file, ticket)
        except TimeoutError as error:
            raise InputError(
                f"the upload stood still for {bounds.stall_seconds} s or took more than "
                f"{bounds.upload_seconds} s", code="UPLOAD_STALLED",
                hint="send it again; nothing of it was loaded",
            ) from error  # fmt: skip

    async def _written(self, request: Request, path: Path, file: str, ticket: Ticket) -> None:
        """Write the body as it comes, at most a chunk of it in memory."""
        size, held = 0, bytearray()
        async for part in _parts(request, self._inbox.bounds.stall_seconds):
            size += len(part)
            if size > MOST_BYTES:
                raise too_large(file, MOST_BYTES)
            ticket.grow(len(part))
            held += part
            if len(held) >= CHUNK_BYTES:
                await to_thread.run_sync(append, path, bytes(held))
                held.clear()
        await to_thread.run_sync(append, path, bytes(held))


def _settled(sight: Sight) -> None:
    """The account may be shown still, and is in the log before it is sent."""
    sight.hold()
    sight.log_exposures(DOOR)


@contextmanager
def _dropping(drop: partial[None], ticket: Ticket) -> Iterator[None]:
    """Deletes what has come of a delivery that is not handed over when the block ends."""
    try:
        yield
    finally:
        if not ticket.is_handed_over:
            drop()


async def _parts(request: Request, stall_seconds: int) -> AsyncIterator[bytes]:
    stream = request.stream()
    while True:
        try:
            with anyio.fail_after(stall_seconds):
                part = await anext(stream)
        except StopAsyncIteration:
            return
        yield part


def _asked(request: Request, home: Path, access: Access) -> _Asked:
    """What is asked for. Raises InputError for what the body need not be read for.

    And AccessError where the caller may not deliver to the chain of the source.
    """
    source = str(request.path_params["source"])
    sight = access.sight(caller_of(request))
    mapping = permitted_mapping(home, source, sight)
    parameters = _parameters(request)
    forms = _forms(request)
    known = mapping.mapping
    file = rule_meant(known, parameters.get("file", ""), forms).file
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > MOST_BYTES:
        raise too_large(file, MOST_BYTES)
    said = Attributes(_single_headers(request), f"header {HEADER}")
    delivery = said.delivery(
        source, sight.agent(AGENT), close_all=parameters.get("close_all") == "1"
    )
    return _Asked(source, mapping, file, delivery, parameters.get("dry_run") == "1",
                  plans_are_told(known, sight), sight)  # fmt: skip


def _parameters(request: Request) -> dict[str, str]:
    """The query's parameters: a misspelt `dry_run` never loads anything."""
    found = request.query_params.multi_items()
    for name, value in found:
        is_switch = name in PARAMETERS[1:]
        if name not in PARAMETERS or (is_switch and value not in ("0", "1")):
            raise InputError(
                f"`{name[:100]}={value[:100]}` means nothing here", code="QUERY_PARAMETER",
                hint="there are file=NAME, dry_run=1 and close_all=1",
            )  # fmt: skip
    if len(dict(found)) < len(found):
        raise InputError("a parameter stands twice", code="QUERY_PARAMETER", hint="state it once")
    return dict(found)


def _forms(request: Request) -> tuple[str, ...]:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    packed = request.headers.get("content-encoding", "identity").strip().lower()
    if media not in FORMATS or packed != "identity":
        what = f"`{media[:100]}`" if packed == "identity" else f"`{packed[:100]}`"
        raise InputError(f"a body of {what} is not read here", code="MEDIA_TYPE",
                         hint=f"send one of: {', '.join(filter(None, FORMATS))}")  # fmt: skip
    return FORMATS[media]


def _single_headers(request: Request) -> dict[str, str]:
    """The attributes that the headers state. Raises InputError where one stands twice."""
    found: dict[str, str] = {}
    for name, value in request.headers.items():
        plain = name.removeprefix(HEADER)
        if not name.startswith(HEADER):
            continue
        if plain in found:
            raise InputError("the header stands twice", code="ENVELOPE_INVALID",
                             place=Place(f"header {name}"), hint="state it once")  # fmt: skip
        found[plain] = value
    return found
