"""The door of bulk answers: POST /exports/{form} streams a whole table as a file."""

from collections.abc import Iterator
from typing import Any

import anyio
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.answers import internal_error
from api.bodies import JsonBody
from api.callers import caller_of
from api.doors.statuses import refusal
from ontology.errors import EvenkeelError, InputError
from service.access import Access, Caller
from service.asking.files import MEDIA_TYPES, check_form, written
from service.asking.questions import Questions, Selection, Source, event_of
from service.asking.sheets import Sheet
from service.asking.written import question_from
from service.doors.inbox import BUSY_SECONDS, TryLaterError

QUESTION_BYTES = 256 * 1024
_BODY = JsonBody("question", QUESTION_BYTES, "FILE_TOO_LARGE", "QUESTION_INVALID",
                 "see docs/graphql.md")  # fmt: skip
MOST_AT_ONCE = 4
"""So many exports go out at a time, beside all other answers."""
DOOR = "/exports"
ROWS = "Evenkeel-Rows"
EVENT = "Evenkeel-Recorded-Event"


class ExportsDoor:
    """Streams tables; the same question about the same event gives the same rows again."""

    def __init__(self, questions: Questions, access: Access) -> None:
        self._questions = questions
        self._access = access
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
        self._going_out += 1
        try:
            pinned, sheet = await to_thread.run_sync(
                self._found, caller_of(request), source, selection, limiter=self._threads
            )
            parts = await to_thread.run_sync(lambda: written(sheet, form, skip=skip))
        except EvenkeelError as error:
            self._done()
            return refusal(error)
        except BaseException as error:
            self._done()
            if not isinstance(error, Exception):
                raise
            return refusal(internal_error(error))
        headers = {ROWS: str(len(sheet)), EVENT: str(event_of(pinned)),
                   "Content-Disposition": f'attachment; filename="evenkeel.{form}"'}  # fmt: skip
        return _Export(self, parts, headers, MEDIA_TYPES[form])

    def _found(self, caller: Caller, source: Source, selection: Selection) -> tuple[Source, Sheet]:
        """What is asked for; what it takes a clearance to see is in the log before it is sent."""
        sight = self._access.sight(caller)
        sight.permit("tables.ask")
        pinned = self._questions.pinned(source, sight)
        sheet = self._questions.sheet(pinned, selection, sight)
        sight.hold()
        sight.log_exposures(DOOR)
        return pinned, sheet

    def _done(self) -> None:
        self._going_out -= 1


class _Export(StreamingResponse):
    """A stream that gives its place back when it ends, however it does."""

    def __init__(
        self, door: ExportsDoor, parts: Iterator[bytes], headers: dict[str, str], media_type: str
    ) -> None:
        super().__init__(parts, headers=headers, media_type=media_type)
        self._door = door

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send until all is sent, or the reader is gone."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._door._done()  # noqa: SLF001 - the other half of the same door


def _skip_of(request: Request) -> int:
    text = request.query_params.get("skip", "0")
    if not text.isascii() or not text.isdecimal() or len(text) > 15:
        raise InputError("`skip` is no number of rows", code="QUERY_PARAMETER",
                         hint="leave it out, or give the rows that you have")  # fmt: skip
    return int(text)
