"""Keeps each caller to its requests a minute and at once, before anything of a request is read."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.callers import CALLER
from api.doors.statuses import refusal
from service.access import Caller
from service.budgets import Budgets
from service.doors.inbox import TryLaterError

_STAYS = "evenkeel.stays"
"""Where the scope of a request has what gives its place back; only this module writes it."""


class Budgeted:
    """Refuses with 429 and `Retry-After` what is beyond the budget of a caller.

    A request is under way until it is answered, whatever it says that it takes. A stream without
    an end is no more so once it has one of the places that its own door counts.
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
            with self._budgets.request(caller.person) as stays:
                await self._app({**scope, _STAYS: stays}, receive, send)
        except TryLaterError as error:
            await refusal(error)(scope, receive, send)


def staying(request: Request) -> Callable[[], None]:
    """What a request calls once it has a place of its own as a stream."""
    found: Callable[[], None] = request.scope[_STAYS]
    return found


def share(
    budgets: Budgets, caller: Caller, kind: str, places: int, code: str
) -> AbstractContextManager[None]:
    """One of the places of a kind for a caller, within its share; the owner may hold all of them.

    Raises TryLaterError of that code.
    """
    return nullcontext() if caller.is_owner else budgets.place(caller.person, kind, places, code)
