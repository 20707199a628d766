"""Keeps each caller to its requests a minute and at once, before anything of a request is read."""

from starlette.types import ASGIApp, Receive, Scope, Send

from api.callers import CALLER
from api.doors.statuses import refusal
from service.access import Caller
from service.budgets import Budgets
from service.doors.inbox import TryLaterError

_STREAM = b"text/event-stream"


class Budgeted:
    """Refuses with 429 and `Retry-After` what is beyond the budget of a caller.

    A stream without an end counts as a request when it begins, and is under way for nobody: how
    many there may be is bounded by its own door.
    """

    def __init__(self, app: ASGIApp, budgets: Budgets) -> None:
        self._app = app
        self._budgets = budgets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on; open addresses have no caller."""
        caller = scope.get(CALLER)
        if scope["type"] != "http" or not isinstance(caller, Caller):
            await self._app(scope, receive, send)
            return
        try:
            with self._budgets.request(caller.person, stays=_stays(scope)):
                await self._app(scope, receive, send)
        except TryLaterError as error:
            await refusal(error)(scope, receive, send)


def _stays(scope: Scope) -> bool:
    """Whether an answer is a stream that goes on until its reader hangs up."""
    accepts = (value for name, value in scope["headers"] if name == b"accept")
    return scope["path"] == "/changes" or any(_STREAM in value for value in accepts)
