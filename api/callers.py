"""Who asks: the one place where a request's credentials become a caller; nobody without them."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.answers import as_json, error_document, internal_error
from api.doors.statuses import refusal
from api.tokens import admits
from graph.settings import read_environment
from ontology.errors import AccessError, EvenkeelError
from service.access import OWNER, Caller
from service.doors.inbox import TryLaterError
from service.house import House
from service.permits.issuer_settings import IssuerSettings
from service.persons import acting

CALLER = "evenkeel.caller"
"""Where the scope of a request says who asks; only this module writes it."""
MOST_AT_ONCE = 8
"""So many are looked up at a time: some wait for an issuer."""
Knows = Callable[[str], Caller | None]
"""Gives who a bearer token stands for, None for one that it has not made."""


class Callers:
    """Knows a caller by the local token, or by whatever else the service accepts."""

    def __init__(self, house: House, token: str, others: tuple[Knows, ...] = ()) -> None:
        self._house = house
        self._token = token
        self._others = others
        self._threads = CapacityLimiter(MOST_AT_ONCE)

    async def of(self, header: str) -> Caller | None:
        """Who an Authorization header stands for; None for nobody.

        The owner never waits for those who ask an issuer, and the time tells nothing of the token.
        Raises EvenkeelError `INTERNAL` where that cannot be told: why is in the service's own log,
        for it may name files, and nobody knows yet who reads it; TryLaterError `ISSUER_BUSY`.
        """
        try:
            if admits(header, self._token):
                return await to_thread.run_sync(self._owner)
            return await to_thread.run_sync(self._other, header, limiter=self._threads)
        except TryLaterError:
            raise
        except EvenkeelError as error:
            raise internal_error(error) from None

    def _other(self, header: str) -> Caller | None:
        scheme, _, given = header.partition(" ")
        bearer = given.strip()
        if scheme.lower() != "bearer" or not bearer:
            return None
        return next((found for knows in self._others if (found := knows(bearer))), None)

    def _owner(self) -> Caller:
        """Who holds the local token: the person that the settings name, or nobody that is named."""
        if not self._house.settings.person:
            return OWNER
        return replace(OWNER, person=acting(self._house))


class Gate:
    """Lets in who is known, and says who it is; some addresses are open.

    A socket to an address that `says_later` is let in as nobody: a browser can send no header, and
    says who it is in its first message.
    """

    def __init__(
        self, app: ASGIApp, callers: Callers, is_open: frozenset[str], says_later: frozenset[str]
    ) -> None:
        self._app = app
        self._callers = callers
        self._is_open = is_open
        self._says_later = says_later

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, or refuse it with 401."""
        if (
            scope["type"] == "lifespan"
            or (scope["type"] == "http" and scope["path"] in self._is_open)
            or (scope["type"] == "websocket" and scope["path"] in self._says_later)
        ):
            await self._app(scope, receive, send)
            return
        try:
            caller = await self._caller(scope)
        except TryLaterError as error:
            await refusal(error, 503)(scope, receive, send)
            return
        except EvenkeelError as error:
            await as_json(error_document(error), 503)(scope, receive, send)
            return
        except Exception as error:  # noqa: BLE001 - the last line of defence: logged, not shown
            await as_json(error_document(internal_error(error)), 500)(scope, receive, send)
            return
        if caller is not None:
            await self._app({**scope, CALLER: caller}, receive, send)
            return
        nobody = AccessError("the request carries no valid token", code="ACCESS_DENIED",
                              hint="send Authorization: Bearer and the local token, or one that "
                              "was issued to you")  # fmt: skip
        answer = as_json(error_document(nobody), 401)
        answer.headers["WWW-Authenticate"] = "Bearer"
        await answer(scope, receive, send)

    async def _caller(self, scope: Scope) -> Caller | None:
        given = [value for name, value in scope.get("headers", ()) if name == b"authorization"]
        if len(given) != 1:
            return None
        return await self._callers.of(given[0].decode("latin-1"))


def caller_of(request: Request) -> Caller:
    """Who asks. Raises AccessError `ACCESS_DENIED` for a request that came by no gate."""
    scope: Mapping[str, object] = request.scope
    found = scope.get(CALLER)
    if not isinstance(found, Caller):
        raise AccessError("nobody says who asks", code="ACCESS_DENIED")
    return found


def who_is_known(house: House) -> tuple[Knows, ...]:
    """By what others than the owner come in: service tokens, and the issuer of the settings.

    Raises InputError `BAD_SETTING`.
    """
    from api.issuers import issuer_from
    from service.permits.service_tokens import ServiceTokens

    tokens = ServiceTokens(house.settings.data_folder)
    issuer = issuer_from(read_environment(IssuerSettings), lambda: house.persons)
    return (tokens.caller_of, *((issuer.caller_of,) if issuer else ()))
