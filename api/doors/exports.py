"""The door of bulk answers: POST /exports/{form} streams a whole table as a file."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import anyio
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from api.answers import internal_error
from api.bodies import JsonBody
from api.callers import caller_of
from api.doors.held import Held
from api.doors.statuses import refusal
from ontology.errors import EvenkeelError, InputError
from service.access import Access, Sight
from service.asking.files import MEDIA_TYPES, check_form, written
from service.asking.questions import Questions, Selection, Source, event_of
from service.asking.sheets import Sheet
from service.asking.written import question_from
from service.budgets import Budgets
from service.doors.inbox import BUSY_SECONDS, TryLaterError

QUESTION_BYTES = 256 * 1024
_BODY = JsonBody("question", QUESTION_BYTES, "FILE_TOO_LARGE", "QUESTION_INVALID",
                 "see docs/graphql.md")  # fmt: skip
PART_BYTES = 2**18
MOST_AT_ONCE = 4
"""So many exports go out at a time, beside all other answers."""
DOOR = "/exports"
SKIP = "skip"
ROWS = "Evenkeel-Rows"
EVENT = "Evenkeel-Recorded-Event"


class ExportsDoor:
    """Streams tables; the same question about the same event gives the same rows again."""

    def __init__(
        self, questions: Questions, access: Access, budgets: Budgets, reader_seconds: int
    ) -> None:
        self._questions = questions
        self._access = access
        self._budgets = budgets
        self._reader_seconds = reader_seconds
        self._going_out = 0
        self._threads = anyio.CapacityLimiter(MOST_AT_ONCE)

    async def export(self, request: Request) -> Response:
        """A file of rows; its headers say how many there are in all, and as of which event.

        Who was cut off asks again, `skip` the rows that came and `asOf.recordedEvent` that event.
        """
        try:
            form, skip = check_form(request.path_params["form"]), _skip_of(request)
            source, selection = question_from(_BODY.document(await _BODY.read(request)))
        except EvenkeelError as error:
            return refusal(error)
        if self._going_out >= MOST_AT_ONCE:
            return refusal(TryLaterError(
                f"{MOST_AT_ONCE} exports go out already", code="EXPORTS_FULL",
                retry_after_seconds=BUSY_SECONDS,
            ))  # fmt: skip
        with ExitStack() as place:
            self._going_out += 1
            place.callback(self._done)
            try:
                caller = caller_of(request)
                count = place.enter_context(self._budgets.export(caller.person))
                sight = await to_thread.run_sync(self._access.sight, caller)
                pinned, sheet = await to_thread.run_sync(
                    self._found, sight, source, selection, limiter=self._threads
                )
                count(max(0, len(sheet) - skip) * len(sheet.columns))
                parts = await to_thread.run_sync(lambda: written(sheet, form, skip=skip))
            except EvenkeelError as error:
                return refusal(error)
            except Exception as error:  # noqa: BLE001 - the last line of defence: logged, not shown
                return refusal(internal_error(error))
            name = f'attachment; filename="evenkeel.{form}"'
            headers = {ROWS: str(len(sheet)), EVENT: str(event_of(pinned)),
                       "Content-Disposition": name}  # fmt: skip
            return _Export(place.pop_all(), parts, headers, MEDIA_TYPES[form],
                           self._reader_seconds, sight.hold)  # fmt: skip

    def _found(self, sight: Sight, source: Source, selection: Selection) -> tuple[Source, Sheet]:
        """What is asked for; what it takes a clearance to see is in the log before it is sent."""
        sight.permit("tables.ask")
        pinned = self._questions.pinned(source, sight)
        sheet = self._questions.sheet(pinned, selection, sight)
        sight.hold()
        sight.log_exposures(DOOR)
        return pinned, sheet

    def _done(self) -> None:
        self._going_out -= 1


class _Export(StreamingResponse):
    """A stream that gives its place back when it ends, however it does.

    Who takes less than PART_BYTES in `reader_seconds` is cut off, and goes on by `skip`; so is
    whoever `hold` refuses on the way.
    """

    def __init__(
        self, place: ExitStack, parts: Iterator[bytes], headers: dict[str, str], media_type: str,
        reader_seconds: int, hold: Callable[[], None],
    ) -> None:  # fmt: skip
        super().__init__(parts, headers=headers, media_type=media_type)
        self._place = place
        self._reader_seconds = reader_seconds
        self._held = Held(hold)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send until all is sent, or the reader is gone."""
        with self._place:
            await super().__call__(scope, receive, send)

    async def stream_response(self, send: Send) -> None:
        """Send in pieces, each within its time; what is cut off lacks the end of a whole one."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async for part in self.body_iterator:
            for begin in range(0, len(part), PART_BYTES):
                piece = part[begin : begin + PART_BYTES]
                try:
                    await self._held.again()
                    with anyio.fail_after(self._reader_seconds):
                        await send({"type": "http.response.body", "body": piece,
                                    "more_body": True})  # fmt: skip
                except (TimeoutError, EvenkeelError):
                    return
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def exports_off() -> Response:
    """The refusal of a service that runs trusted documents alone."""
    return refusal(InputError(
        "no tables go out where trusted documents alone run", code="EXPORTS_OFF",
        hint="ask a trusted document page by page",
    ))  # fmt: skip


def _skip_of(request: Request) -> int:
    stated = request.query_params.multi_items()
    if len(stated) > 1 or (stated and stated[0][0] != SKIP):
        raise InputError("of the parameters, `skip` alone means something here, stated once",
                         code="QUERY_PARAMETER", hint="the question itself stands in the body"
                         )  # fmt: skip
    text = dict(stated).get(SKIP, "0")
    if not text.isascii() or not text.isdecimal() or len(text) > 15:
        raise InputError("`skip` is no number of rows", code="QUERY_PARAMETER",
                         hint="leave it out, or give the rows that you have")  # fmt: skip
    return int(text)
