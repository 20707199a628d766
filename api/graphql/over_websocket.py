"""GraphQL over a websocket, by the protocol `graphql-transport-ws`; not the older `graphql-ws`.

A socket that the service ends is closed with 1012: go on after the last position on another.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, aclosing, contextmanager
from dataclasses import dataclass
from threading import Event
from typing import Any

import anyio
import orjson
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.answers import error_document, internal_error
from api.bodies import JsonBody
from api.budgeted import share
from api.callers import Callers
from api.graphql.limits import BODY_BYTES
from api.graphql.over_http import Query, query_of
from api.graphql.surface import Surface
from ontology.errors import EvenkeelError, InputError
from service.access import Caller
from service.doors.door_bounds import DoorBounds
from service.doors.inbox import TryLaterError

PROTOCOL = "graphql-transport-ws"
ENDING_SECONDS = 0.5
LONGEST_ID = 128
BEGINNING_CHARACTERS = 16 * 1024
"""So much is read of who has not said who it is: a token, and some pings."""
AUTHORIZATION = "authorization"
RESTARTS, TOO_LARGE, LATER, FAILED = 1012, 1009, 1013, 1011
INVALID, UNAUTHORIZED, FORBIDDEN, NO_PROTOCOL = 4400, 4401, 4403, 4406
INIT_TIMEOUT, ID_TAKEN, INIT_AGAIN = 4408, 4409, 4429
_MESSAGE = JsonBody("message", BODY_BYTES, "BODY_TOO_LARGE", "NOT_JSON", "see docs/graphql.md")


class _Closed(Exception):  # noqa: N818
    """Ends a socket, with the code and the reason that its other side is told."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class SocketsDoor:
    """Serves a bounded number of sockets: so many of known callers, and as many that wait.

    Who has not said who it is takes no place of a caller's: where too many wait, the one that has
    waited longest makes room. So whoever holds sockets open without a token keeps nobody out.
    """

    def __init__(
        self, surface: Surface, bounds: DoorBounds, ending: Event, callers: Callers
    ) -> None:
        self._surface, self._bounds, self._ending = surface, bounds, ending
        self._callers = callers
        self._open = 0
        self._waiting: dict[_Socket, None] = {}
        """Sockets of nobody yet, the oldest first."""

    async def serve(self, websocket: WebSocket) -> None:
        """One socket, until either side closes it. No error leaves it."""
        if PROTOCOL not in websocket.scope.get("subprotocols", ()):
            await websocket.accept()
            await websocket.close(NO_PROTOCOL, "Subprotocol not acceptable")
            return
        await websocket.accept(PROTOCOL)
        socket = _Socket(websocket, self._surface, self._bounds, self._callers, self._admitted)
        if len(self._waiting) >= self._bounds.sockets:
            oldest = next(iter(self._waiting))
            del self._waiting[oldest]
            oldest.make_room()
        self._waiting[socket] = None
        try:
            await socket.serve(self._ending)
        finally:
            self._waiting.pop(socket, None)

    @contextmanager
    def _admitted(self, socket: "_Socket", caller: Caller) -> Iterator[None]:
        """One of the places for sockets, within the share of its caller, until the block ends."""
        self._waiting.pop(socket, None)
        most = self._bounds.sockets
        if self._open >= most:
            raise _Closed(LATER, "too many sockets are open")
        with ExitStack() as place:
            try:
                place.enter_context(share(self._surface.budgets, caller, "sockets", most,
                                          "SOCKETS_FULL"))  # fmt: skip
            except TryLaterError as error:
                raise _Closed(LATER, "too many of your sockets are open") from error
            self._open += 1
            try:
                yield
            finally:
                self._open -= 1


@dataclass(frozen=True, slots=True)
class _Message:
    """What a client sent."""

    kind: str
    id: str
    payload: Any

    @staticmethod
    def of(text: str) -> "_Message":
        """Raises `_Closed` for what the protocol does not know."""
        try:
            found = _MESSAGE.document(text)
        except InputError as error:
            raise _Closed(INVALID, str(error)) from error
        if not isinstance(found, dict) or not isinstance(found.get("type"), str):
            raise _Closed(INVALID, "the message is not of the protocol")
        kind, given, payload = found["type"], found.get("id"), found.get("payload")
        if kind not in ("connection_init", "ping", "pong", "subscribe", "complete"):
            raise _Closed(INVALID, "there is no message of this type")
        if kind in ("subscribe", "complete"):
            if not isinstance(given, str) or not 0 < len(given) <= LONGEST_ID:
                raise _Closed(INVALID, "the message has no `id`")
        elif not isinstance(payload, dict | None):
            raise _Closed(INVALID, "the `payload` is no object")
        if kind == "subscribe" and not isinstance(payload, dict):
            raise _Closed(INVALID, "the `payload` is no object")
        return _Message(kind, given if isinstance(given, str) else "", payload)


class _Socket:
    """One connection, and the operations that run on it, each a task of its own."""

    def __init__(
        self, websocket: WebSocket, surface: Surface, bounds: DoorBounds, callers: Callers,
        admitted: "Callable[[_Socket, Caller], AbstractContextManager[None]]",
    ) -> None:  # fmt: skip
        self._websocket, self._surface, self._bounds = websocket, surface, bounds
        self._callers, self._admitted = callers, admitted
        self._operations: dict[str, anyio.CancelScope] = {}
        self._sending = anyio.Lock()
        self._quiet_seconds = 0.0
        self._is_over: _Closed | None = None
        self._left_to_begin = BEGINNING_CHARACTERS
        self._is_known = False
        self._scope = anyio.CancelScope()

    async def serve(self, ending: Event) -> None:
        """Until it is closed by either side, takes nothing any more, or the service ends."""
        async with anyio.create_task_group() as group:
            self._scope = group.cancel_scope
            group.start_soon(self._live, ending)
            try:
                with ExitStack() as place:
                    caller = await self._begin(place)
                    while True:
                        await self._take(await self._receive(), caller, group)
            except _Closed as closed:
                self._is_over = self._is_over or closed
            except WebSocketDisconnect:
                pass
            except Exception as error:  # noqa: BLE001 - the last line of defence: logged, not shown
                self._is_over = _Closed(FAILED, str(internal_error(error)))
            group.cancel_scope.cancel()
        if self._is_over is not None:
            await self._close(self._is_over)

    async def _begin(self, place: ExitStack) -> Caller:
        """Who the client says it is, in time: by a header of the handshake, or in its payload.

        It is given one of the places for sockets for as long as `place` is open.
        """
        try:
            with anyio.fail_after(self._bounds.init_seconds):
                while (message := await self._receive()).kind != "connection_init":
                    if message.kind == "subscribe":
                        raise _Closed(UNAUTHORIZED, "Unauthorized")
                    await self._heard(message)
        except TimeoutError as error:
            raise _Closed(INIT_TIMEOUT, "Connection initialisation timeout") from error
        try:
            caller = await self._callers.of(_authorization(self._websocket, message.payload or {}))
        except TryLaterError as error:
            raise _Closed(LATER, str(error)) from error
        if caller is None:
            raise _Closed(FORBIDDEN, "Forbidden")
        place.enter_context(self._admitted(self, caller))
        self._is_known = True
        await self._send({"type": "connection_ack"})
        return caller

    async def _receive(self) -> _Message:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        text = message.get("text")
        if text is None:
            raise _Closed(INVALID, "a message is text")
        self._left_to_begin -= len(text)
        if len(text) > BODY_BYTES or not (self._is_known or self._left_to_begin >= 0):
            raise _Closed(TOO_LARGE, "the message is too large")
        return _Message.of(text)

    async def _heard(self, message: _Message) -> None:
        if message.kind == "ping":
            payload = {} if message.payload is None else {"payload": message.payload}
            await self._send({"type": "pong", **payload})

    async def _take(self, message: _Message, caller: Caller, group: TaskGroup) -> None:
        if message.kind == "connection_init":
            raise _Closed(INIT_AGAIN, "Too many initialisation requests")
        if message.kind == "complete":
            if (running := self._operations.pop(message.id, None)) is not None:
                running.cancel()
        elif message.kind == "subscribe":
            if message.id in self._operations:
                raise _Closed(ID_TAKEN, f"Subscriber for {message.id[:80]} already exists")
            await self._subscribe(message, caller, group)
        else:
            await self._heard(message)

    async def _subscribe(self, message: _Message, caller: Caller, group: TaskGroup) -> None:
        if len(self._operations) >= self._bounds.socket_operations:
            await self._refuse(message.id, error_document(self._full(caller))["errors"])
            return
        self._operations[message.id] = scope = anyio.CancelScope()
        group.start_soon(self._operate, message.id, message.payload, caller, scope)

    def _full(self, caller: Caller) -> EvenkeelError:
        """Why an operation is one too many; it counts as a request, too."""
        try:
            with self._surface.budgets.request(caller.person):
                most = self._bounds.socket_operations
                return InputError(f"{most} operations run on this socket", code="OPERATIONS_FULL",
                                  hint="complete one, or open another socket")  # fmt: skip
        except TryLaterError as later:
            return later

    async def _operate(
        self, name: str, payload: Mapping[str, Any], caller: Caller, scope: anyio.CancelScope
    ) -> None:
        with scope:
            try:
                with self._surface.budgets.request(caller.person) as stays:
                    query = query_of(payload, self._surface.trusted)
                    errors = await self._answered(name, query, caller, stays)
            except EvenkeelError as error:
                if error.code == "BAD_REQUEST":
                    await self._end(_Closed(INVALID, "the `payload` is no request"))
                    return
                errors = error_document(error)["errors"]
            await self._finish(name, scope, errors)

    async def _answered(
        self, name: str, query: Query, caller: Caller, stays: Callable[[], None]
    ) -> Any:
        """Send the answers; the errors of an operation that never ran, else None."""
        async with aclosing(self._surface.results(query, caller, stays)) as answers:
            async for answer in answers:
                if answer.never_ran:
                    return answer.document["errors"]
                await self._send({"id": name, "type": "next", "payload": answer.document})
        return None

    async def _finish(self, name: str, scope: anyio.CancelScope, errors: Any) -> None:
        """Say how an operation ended, unless the client did; its id is free before it hears so."""
        if self._operations.get(name) is not scope:
            return
        del self._operations[name]
        if errors is None:
            await self._send({"id": name, "type": "complete"})
        else:
            await self._refuse(name, errors)

    async def _refuse(self, name: str, errors: Any) -> None:
        await self._send({"id": name, "type": "error", "payload": errors})

    async def _send(self, message: Mapping[str, Any]) -> None:
        async with self._sending:
            self._quiet_seconds = 0.0
            text = orjson.dumps(message, default=str).decode()
            try:
                with anyio.fail_after(self._bounds.reader_seconds):
                    await self._websocket.send_text(text)
            except TimeoutError:  # it goes on from its last position
                await self._end(_Closed(LATER, "nothing was taken for too long"))
            except (RuntimeError, WebSocketDisconnect, OSError):
                await self._end(_Closed(RESTARTS, "the socket is gone"))

    def make_room(self) -> None:
        """End a socket that has not said who it is, for one that comes later."""
        self._is_over = self._is_over or _Closed(LATER, "too many sockets wait to be let in")
        self._scope.cancel()

    async def _end(self, closed: _Closed) -> None:
        """End the socket from a task of it: whoever keeps it is cancelled."""
        self._is_over = self._is_over or closed
        self._scope.cancel()
        await checkpoint()

    async def _live(self, ending: Event) -> None:
        """Tell a quiet reader that the socket lives; end it with the service."""
        while not ending.is_set():
            await anyio.sleep(ENDING_SECONDS)
            self._quiet_seconds += ENDING_SECONDS
            if self._quiet_seconds >= self._bounds.heartbeat_seconds:
                await self._send({"type": "ping"})
        await self._end(_Closed(RESTARTS, "the service is being stopped"))

    async def _close(self, closed: _Closed) -> None:
        with anyio.move_on_after(self._bounds.reader_seconds, shield=True):
            try:
                await self._websocket.close(closed.code, closed.reason[:100])
            except (RuntimeError, WebSocketDisconnect, OSError):
                return


def _authorization(websocket: WebSocket, payload: Mapping[str, Any]) -> str:
    """What the payload says in place of a header; else the header of the handshake."""
    stated = [value for name, value in payload.items() if name.lower() == AUTHORIZATION]
    if len(stated) == 1 and isinstance(stated[0], str):
        return stated[0]
    given = websocket.headers.getlist(AUTHORIZATION)
    return given[0] if len(given) == 1 and not stated else ""
