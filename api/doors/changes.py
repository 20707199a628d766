"""The door by which changes go out: GET /changes, server-sent events from any position."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from threading import Event
from typing import Any

import anyio
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.answers import internal_error
from api.budgeted import staying
from api.callers import caller_of
from api.doors.readers import Readers
from api.doors.statuses import refusal
from ontology.errors import EvenkeelError, InputError
from service.access import Access, Caller, Sight
from service.doors.concerns import Partner
from service.doors.door_bounds import DoorBounds
from service.doors.outbound import (
    FOLLOW,
    KINDS,
    Change,
    Outbound,
    Position,
    Wanted,
    worth_telling,
)
from service.house import House

DOOR = "/changes"
PARAMETERS = ("after", "chain", "kinds", "region", "partner")
BATCH = 100
"""So many changes are worked out ahead of a reader."""
LOOK_SECONDS = 0.5
"""How often the log is looked at for a reader who has all of it."""


class ChangesDoor:
    """Lets a bounded number of readers follow the log."""

    def __init__(self, house: House, readers: Readers, ending: Event, access: Access) -> None:
        self._house, self._readers, self._ending = house, readers, ending
        self._access = access

    async def follow(self, request: Request) -> Response:
        """A stream of changes that goes on until its reader hangs up, or takes nothing any more.

        `Last-Event-ID` counts before `after`; without both it begins with the first event.
        """
        readers = self._readers
        with ExitStack() as place:
            try:
                caller = caller_of(request)
                place.enter_context(readers.place(caller))
                staying(request)()
                after, wanted = _asked(request)
                outbound = await to_thread.run_sync(
                    self._opened, caller, after, wanted, limiter=readers.threads
                )
            except EvenkeelError as error:
                return refusal(error)
            except Exception as error:  # noqa: BLE001 - the last line of defence: logged, not shown
                return refusal(internal_error(error))
            gone = place.pop_all().close
            return _Stream(outbound, readers.bounds, readers.threads, gone, self._ending)

    def _opened(self, caller: Caller, after: Position, wanted: Wanted) -> "Followed":
        return Followed(self._access.sight(caller), self._house, after, wanted, DOOR)


class Followed:
    """The changes of one reader, for as long as what it may see does not become less."""

    def __init__(
        self, sight: Sight, house: House, after: Position, wanted: Wanted, door: str
    ) -> None:
        sight.permit(FOLLOW)
        self._sight, self._door = sight, door
        self._outbound = Outbound(house, after, wanted, sight)

    def take(self, most: int) -> list[Change]:
        """As `Outbound.take`; what took a clearance is in the log before it is given.

        Raises AccessError where the token has expired, or a grant has ended.
        """
        self._sight.hold()
        found = self._outbound.take(most)
        self.hold()
        return found

    def hold(self) -> None:
        """Whether what was taken may be given still. Raises as `take`."""
        self._sight.hold()
        self._sight.log_exposures(self._door)


class _Stream(Response):
    """The body of one reader: at most a batch of it is in memory beside what the socket holds."""

    def __init__(
        self, outbound: Followed, bounds: DoorBounds, threads: anyio.CapacityLimiter,
        gone: Callable[[], None], ending: Event,
    ) -> None:  # fmt: skip
        super().__init__(headers={"Cache-Control": "no-store"}, media_type="text/event-stream")
        self._outbound, self._bounds = outbound, bounds
        self._threads, self._gone, self._ending = threads, gone, ending

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the reader is gone, or the service ends."""
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(_hung_up, receive, group.cancel_scope)
                await self._send_all(send)
                group.cancel_scope.cancel()
        finally:
            self._gone()

    async def _send_all(self, send: Send) -> None:
        headers = [pair for pair in self.raw_headers if pair[0] != b"content-length"]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        text, quiet = "retry: 1000\n\n", 0.0
        while not self._ending.is_set():
            try:
                with anyio.fail_after(self._bounds.reader_seconds):
                    await send({"type": "http.response.body", "body": text.encode(),
                                "more_body": True})  # fmt: skip
            except TimeoutError:
                return  # cut off: it goes on from its last id
            try:
                text, quiet = await self._next(quiet)
            except EvenkeelError:
                break
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _next(self, quiet: float) -> tuple[str, float]:
        """The next text to send, and for how long there has been nothing to tell."""
        take = partial(self._outbound.take, BATCH)
        while not (found := await to_thread.run_sync(take, limiter=self._threads)):
            if quiet >= self._bounds.heartbeat_seconds or self._ending.is_set():
                return ": still here\n\n", 0.0
            await anyio.sleep(LOOK_SECONDS)
            quiet += LOOK_SECONDS
        return written(found), 0.0


async def _hung_up(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


def written(changes: list[Change]) -> str:
    """Changes as server-sent events; a position alone is an id without data.

    By the standard (HTML, section 9.2) that moves `Last-Event-ID` and is shown to nobody.
    """
    parts = []
    for change in worth_telling(changes):
        data = json.dumps(change.told, default=_plain, ensure_ascii=False)
        said = f"event: {change.kind}\ndata: {data}\n" if change.kind else ""
        parts.append(f"id: {change.at}\n{said}\n")
    return "".join(parts)


def _plain(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _asked(request: Request) -> tuple[Position, Wanted]:
    """What is asked for. Raises InputError `QUERY_PARAMETER`, `POSITION_INVALID`."""
    found = request.query_params.multi_items()
    asked = dict(found)
    unknown = sorted(asked.keys() - set(PARAMETERS))
    if unknown or len(asked) < len(found):
        what = f"`{unknown[0][:100]}` means nothing here" if unknown else "one stands twice"
        raise InputError(f"of the parameters, {what}", code="QUERY_PARAMETER",
                         hint=f"there are {', '.join(PARAMETERS)}")  # fmt: skip
    kinds = frozenset(asked["kinds"].split(",")) if "kinds" in asked else frozenset(KINDS)
    if kinds - set(KINDS):
        raise InputError(f"`{asked['kinds'][:100]}` is no kind of change", code="QUERY_PARAMETER",
                         hint=f"one or more of {','.join(KINDS)}")  # fmt: skip
    empty = sorted(name for name, value in asked.items() if not value)
    if empty:  # a filter that is left empty by mistake must not open everything
        raise InputError(f"`{empty[0]}` is empty", code="QUERY_PARAMETER",
                         hint="leave it out, or give its value")  # fmt: skip
    place = request.headers.get("last-event-id") or asked.get("after", "0")
    partner = Partner.of(asked["partner"]) if "partner" in asked else None
    wanted = Wanted(asked.get("chain", ""), kinds, asked.get("region", ""), partner)
    return Position.of(place), wanted
