"""GraphQL over server-sent events, by `graphql-sse`: a stream for each operation.

One that ends without `complete` was cut off: ask again after the last position.
"""

from collections.abc import Callable
from contextlib import aclosing
from threading import Event

import anyio
import orjson
from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

from api.answers import error_document
from api.budgeted import staying
from api.callers import caller_of
from api.graphql.over_http import EVENTS, JSON, Query, read_query, status_of, wants_events
from api.graphql.surface import Surface
from ontology.errors import EvenkeelError
from service.access import Caller
from service.doors.door_bounds import DoorBounds

ENDING_SECONDS = 0.5
"""How often a stream looks whether the service is being stopped."""
COMPLETE = b"event: complete\ndata:\n\n"
ALIVE = b":\n\n"


class EventsDoor:
    """Answers GraphQL requests: as a stream who takes events, all others at once."""

    def __init__(self, surface: Surface, bounds: DoorBounds, ending: Event) -> None:
        self._surface, self._bounds, self._ending = surface, bounds, ending

    async def answer(self, request: Request) -> Response:
        """The answer to one GET or POST; what is no query is told in the stream, too."""
        if not wants_events(request.headers.get("accept", "")):
            return await self._surface.answer(request)
        try:
            asked: Query | EvenkeelError = await read_query(
                request, self._surface.trusted, may_follow=True
            )
        except EvenkeelError as error:
            status = status_of(error, JSON)
            if status != 200:  # not a request of GraphQL at all
                content = orjson.dumps(error_document(error))
                return Response(content, status, media_type=JSON)
            asked = error
        caller = caller_of(request)
        return _Stream(self._surface, asked, caller, staying(request), self._bounds, self._ending)


class _Stream(Response):
    """The body of one reader; nothing waits in memory beside what the socket holds."""

    def __init__(
        self, surface: Surface, asked: Query | EvenkeelError, caller: Caller,
        stays: Callable[[], None], bounds: DoorBounds, ending: Event,
    ) -> None:  # fmt: skip
        super().__init__(headers={"Cache-Control": "no-store"}, media_type=EVENTS)
        self._surface, self._asked, self._bounds = surface, asked, bounds
        self._ending, self._caller, self._stays = ending, caller, stays
        self._quiet_seconds = 0.0
        self._lock = anyio.Lock()
        self._is_over = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until all is told, the reader is gone or takes nothing, or the service ends."""
        headers = [pair for pair in self.raw_headers if pair[0] != b"content-length"]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(_hung_up, receive, group.cancel_scope)
                group.start_soon(self._live, send, group.cancel_scope)
                await self._send_all(send)
                group.cancel_scope.cancel()
        except* TimeoutError:
            self._is_over = True  # cut off
        if self._ending.is_set() and not self._is_over:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_all(self, send: Send) -> None:
        if isinstance(self._asked, EvenkeelError):
            await self._send(send, _next(error_document(self._asked)))
        else:
            results = self._surface.results(self._asked, self._caller, self._stays)
            async with aclosing(results) as answers:
                async for answer in answers:
                    await self._send(send, _next(answer.document))
        await self._send(send, COMPLETE)
        self._is_over = True
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send(self, send: Send, body: bytes) -> None:
        async with self._lock:
            self._quiet_seconds = 0.0
            with anyio.fail_after(self._bounds.reader_seconds):
                await send({"type": "http.response.body", "body": body, "more_body": True})

    async def _live(self, send: Send, scope: anyio.CancelScope) -> None:
        """Tell a quiet reader that the stream lives; end it with the service."""
        while not self._ending.is_set():
            await anyio.sleep(ENDING_SECONDS)
            self._quiet_seconds += ENDING_SECONDS
            if self._quiet_seconds >= self._bounds.heartbeat_seconds:
                await self._send(send, ALIVE)
        scope.cancel()


def _next(document: object) -> bytes:
    return b"event: next\ndata: " + orjson.dumps(document, default=str) + b"\n\n"


async def _hung_up(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
