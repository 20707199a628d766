"""The HTTP surface: one address for GraphQL, one for health, and nothing without the token."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from threading import Event
from typing import Any

import orjson
from anyio import to_thread
from fastapi import FastAPI, Request, Response
from graphql import OperationDefinitionNode
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.schema.exceptions import CannotGetOperationTypeError

from api.answers import error_document, internal_error, shown
from api.doors.changes import ChangesDoor
from api.doors.cut_off import CutOff
from api.doors.feeds import FeedsDoor
from api.graphql.connections import Cursors
from api.graphql.limits import BODY_BYTES, document_within_limits
from api.graphql.loaders import Hops
from api.graphql.loaders import Request as GraphQLRequest
from api.graphql.schema import Schema, build_schema
from api.tokens import admits
from ontology.errors import AccessError, EvenkeelError, InputError
from service.doors.door_bounds import DoorBounds, bounds_from_environment
from service.doors.inbox import Inbox
from service.doors.spool import clear_left
from service.house import House

HEALTH = "/health"
_HTTP_CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}
_STATUS = {"BODY_TOO_LARGE": 413, "MEDIA_TYPE": 415, "ACCESS_DENIED": 401}


def create_app(
    house: House, token: str, development: bool = False, bounds: DoorBounds | None = None,
    ending: Event | None = None,
) -> FastAPI:  # fmt: skip
    """The service on an open house: POST /graphql and /feeds/{source}, GET /changes and /health.

    `bounds` are those of the environment unless given; streams stop when `ending` is set. Health
    tells no data; everything else needs `Authorization: Bearer <token>`. A request that is no
    GraphQL is answered 400, 413 or 415; one that is, 200 with `data` and `errors`. Introspection
    and suggestions are on in `development` only.
    """
    chosen, stop = bounds or bounds_from_environment(), ending or Event()
    inbox = Inbox(house.settings.data_folder, chosen)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with suppress(EvenkeelError):  # the first delivery tells it
            await to_thread.run_sync(clear_left, house.settings.data_folder)
        yield
        await to_thread.run_sync(inbox.close)

    app = FastAPI(title="Evenkeel", openapi_url=None, docs_url=None, redoc_url=None,
                  lifespan=lifespan)  # fmt: skip
    cursors, hops = Cursors.under(token), Hops()
    surface = _Surface(lambda: GraphQLRequest(house, cursors, hops, inbox),
                       build_schema(development=development), development)  # fmt: skip
    app.add_api_route("/graphql", surface.answer, methods=["POST"], response_class=Response)
    app.add_api_route("/feeds/{source}", FeedsDoor(house, inbox).deliver, methods=["POST"],
                      response_class=Response)  # fmt: skip
    app.add_api_route("/changes", ChangesDoor(house, chosen, stop).follow, methods=["GET"],
                      response_class=Response)  # fmt: skip
    app.add_api_route(HEALTH, _health, methods=["GET"], response_class=Response)
    app.add_exception_handler(HTTPException, _refused_by_routing)
    app.add_middleware(_TokenGate, token=token)
    app.add_middleware(CutOff, ending=stop)
    return app


@dataclass(frozen=True, slots=True)
class _Query:
    text: str
    variables: dict[str, Any] | None
    operation: str | None


class _Surface:
    """Answers GraphQL requests."""

    def __init__(
        self, request: Callable[[], GraphQLRequest], schema: Schema, development: bool
    ) -> None:
        self._request = request
        self._schema = schema
        self._development = development

    async def answer(self, request: Request) -> Response:
        """The answer to one POST; no error leaves it."""
        try:
            query = _read_query(request, await _body(request))
            _check_operation(query)
            return await self._executed(query)
        except EvenkeelError as error:
            return _json(error_document(error), _STATUS.get(error.code, 400))
        except Exception as error:  # noqa: BLE001 - the last line of defence: logged, not shown
            return _json(error_document(internal_error(error)), 500)

    async def _executed(self, query: _Query) -> Response:
        try:
            result = await self._schema.execute(
                query.text, query.variables, self._request(), operation_name=query.operation
            )
        except CannotGetOperationTypeError as error:
            raise InputError(error.as_http_error_reason(), code="QUERY_INVALID",
                             hint="name one of the document's operations") from error  # fmt: skip
        answer: dict[str, Any] = {}
        errors = result.errors or []
        never_ran = result.data is None and not any(error.path for error in errors)
        if not never_ran:
            answer["data"] = result.data
        if errors:
            answer["errors"] = shown(errors, development=self._development)
        return _json(answer, 400 if never_ran else 200)


async def _body(request: Request) -> bytes:
    """The body, read no further than its limit, whatever its header promises."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > BODY_BYTES:
            raise InputError(f"the request is larger than {BODY_BYTES} bytes",
                             code="BODY_TOO_LARGE", hint="split the query")  # fmt: skip
        parts.append(part)
    return b"".join(parts)


def _read_query(request: Request, body: bytes) -> _Query:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise InputError("the request is not `application/json`", code="MEDIA_TYPE",
                         hint="send Content-Type: application/json")  # fmt: skip
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InputError("the request's body is not JSON in UTF-8", code="NOT_JSON",
                         hint='send {"query": "...", "variables": {...}}') from error  # fmt: skip
    if isinstance(asked, list):
        raise InputError("requests are not batched", code="BATCH_OFF",
                         hint="send one query at a time")  # fmt: skip
    fields = asked if isinstance(asked, dict) else {}
    text, variables = fields.get("query"), fields.get("variables")
    operation = fields.get("operationName")
    if not (
        isinstance(text, str)
        and isinstance(variables, dict | None)
        and isinstance(operation, str | None)
    ):
        raise InputError("the request is not a GraphQL request", code="BAD_REQUEST",
                         hint='send {"query": "...", "variables": {...}}')  # fmt: skip
    return _Query(text, variables, operation)


def _check_operation(query: _Query) -> None:
    document = document_within_limits(query.text)
    operations = sum(isinstance(part, OperationDefinitionNode) for part in document.definitions)
    if operations > 1 and not query.operation:
        raise InputError("the document has several operations", code="QUERY_INVALID",
                         hint="name one of them in `operationName`")  # fmt: skip


class _TokenGate:
    """Lets in who carries the token; `/health` is open."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_open = scope["type"] == "lifespan" or (
            scope["type"] == "http" and scope["path"] == HEALTH
        )
        if is_open or self._admits(scope):
            await self._app(scope, receive, send)
            return
        refusal = AccessError("the request carries no valid token", code="ACCESS_DENIED",
                              hint="send Authorization: Bearer and the local token")  # fmt: skip
        answer = _json(error_document(refusal), 401)
        answer.headers["WWW-Authenticate"] = "Bearer"
        await answer(scope, receive, send)

    def _admits(self, scope: Scope) -> bool:
        given = [value for name, value in scope.get("headers", ()) if name == b"authorization"]
        return len(given) == 1 and admits(given[0].decode("latin-1"), self._token)


async def _health() -> Response:
    return _json({"status": "up"}, 200)


async def _refused_by_routing(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    refusal = InputError("there is nothing here for such a request",
                         code=_HTTP_CODES.get(status, "BAD_REQUEST"),
                         hint="POST to /graphql or /feeds/SOURCE, GET /changes")  # fmt: skip
    answer = _json(error_document(refusal), status)
    answer.headers.update(headers or {})
    return answer


def _json(document: Any, status: int) -> Response:
    return Response(orjson.dumps(document, default=str), status, media_type="application/json")
