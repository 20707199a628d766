"""The HTTP surface: one address for GraphQL, one for health, and nothing without the token."""

from asyncio import create_task
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from threading import Event

from anyio import to_thread
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from api.answers import as_json, error_document
from api.budgeted import Budgeted
from api.callers import Callers, Gate, Knows
from api.doors import bundles, openapi
from api.doors.bundles import BundlesDoor
from api.doors.changes import ChangesDoor
from api.doors.cut_off import CutOff
from api.doors.exports import ExportsDoor, exports_off
from api.doors.feeds import FeedsDoor
from api.doors.guarded import Guarded
from api.doors.readers import Readers
from api.doors.ready import DOOR as READY
from api.doors.ready import ReadyDoor
from api.graphql.connections import Cursors
from api.graphql.loaders import Hops
from api.graphql.loaders import Request as GraphQLRequest
from api.graphql.over_events import EventsDoor
from api.graphql.over_websocket import SocketsDoor
from api.graphql.schema import build_schema
from api.graphql.surface import Surface
from api.graphql.trusted import NO_DOCUMENTS, trusted_documents
from ontology.errors import EvenkeelError, InputError
from service.access import Access
from service.asking.questions import Questions
from service.budgets import Budgets, CallerBounds, caller_bounds_from_environment
from service.doors.door_bounds import DoorBounds, bounds_from_environment
from service.doors.inbox import Inbox
from service.doors.spool import clear_left
from service.house import House
from service.scheduling.scheduler import Scheduler

HEALTH, GRAPHQL = "/health", "/graphql"
_HTTP_CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}


def create_app(
    house: House, token: str, development: bool = False, bounds: DoorBounds | None = None,
    ending: Event | None = None, documents: Path | None = None, knows: tuple[Knows, ...] = (),
    caller_bounds: CallerBounds | None = None, *, scheduler: Scheduler | None = None,
) -> FastAPI:  # fmt: skip
    """The service on an open house: /graphql, /exports, /feeds, /changes, /plans, /ready, /health.

    `bounds` and `caller_bounds` are those of the environment unless given; streams stop when
    `ending` is set. Health tells no data, but how the `scheduler` fares, where one runs beside;
    everything else needs `Authorization: Bearer <token>`: the local `token`, which may do
    everything, or one that any of `knows` gives a caller for. Introspection, suggestions and
    /openapi.json are there in `development` only. Of a folder `documents` its queries are trusted,
    and no others run; raises what `trusted_documents` does.
    """
    chosen, stop = bounds or bounds_from_environment(), ending or Event()
    inbox = Inbox(house.settings.data_folder, chosen)
    budgets = Budgets(caller_bounds or caller_bounds_from_environment())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with suppress(EvenkeelError):  # the first delivery tells it
            await to_thread.run_sync(clear_left, house.settings.data_folder)
        beating = create_task(ready.beat(stop))
        yield
        beating.cancel()
        await to_thread.run_sync(inbox.close)
        await to_thread.run_sync(ready.end)

    app = FastAPI(title="Evenkeel", openapi_url=None, docs_url=None, redoc_url=None,
                  lifespan=lifespan)  # fmt: skip
    cursors, hops, questions = Cursors.under(token), Hops(), Questions(house)
    access = Access(house)
    ready = ReadyDoor(house, access)
    schema = build_schema(development=development)
    trusted = trusted_documents(documents, schema.as_str()) if documents else NO_DOCUMENTS
    readers = Readers(chosen, budgets)
    surface = Surface(
        lambda sight: GraphQLRequest(house, cursors, hops, inbox, questions, readers, sight),
        access, schema, budgets, development, trusted,
    )  # fmt: skip
    callers = Callers(house, token, knows)
    app.add_api_route(GRAPHQL, EventsDoor(surface, chosen, stop).answer,
                      methods=["GET", "POST"], response_class=Response)  # fmt: skip
    app.add_api_websocket_route(GRAPHQL, SocketsDoor(surface, chosen, stop, callers).serve)
    app.add_api_route("/feeds/{source}", FeedsDoor(house, inbox, access).deliver, methods=["POST"],
                      response_class=Response)  # fmt: skip
    exports = ExportsDoor(questions, access, budgets, chosen.reader_seconds)
    # else any table could be asked by a question that nobody trusted
    exporting = exports_off if trusted.exclusive else exports.export
    app.add_api_route("/exports/{form}", exporting, methods=["POST"], response_class=Response)
    app.add_api_route("/changes", ChangesDoor(house, readers, stop, access).follow, methods=["GET"],
                      response_class=Response)  # fmt: skip
    app.add_api_route(bundles.PATH, BundlesDoor(house, access, budgets).fetch, methods=["GET"],
                      response_class=Response)  # fmt: skip
    app.add_api_route(HEALTH, _health(scheduler), methods=["GET"], response_class=Response)
    app.add_api_route(READY, ready.answer, methods=["GET"], response_class=Response)
    if development:
        app.add_api_route(openapi.PATH, _described, methods=["GET"], response_class=Response)
    app.add_exception_handler(HTTPException, _refused_by_routing)
    app.add_middleware(Budgeted, budgets=budgets)
    app.add_middleware(Gate, callers=callers, is_open=frozenset({HEALTH}),
                       says_later=frozenset({GRAPHQL}))  # fmt: skip
    app.add_middleware(CutOff, ending=stop)
    app.add_middleware(Guarded)
    return app


def _health(scheduler: Scheduler | None) -> Callable[[], Awaitable[Response]]:
    async def answer() -> Response:
        told = {} if scheduler is None else {"scheduler": scheduler.health()}
        return as_json({"status": "up", **told}, 200)

    return answer


async def _described() -> Response:
    return as_json(openapi.document(), 200)


async def _refused_by_routing(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    refusal = InputError("there is nothing here for such a request",
                         code=_HTTP_CODES.get(status, "BAD_REQUEST"),
                         hint="/graphql, /feeds/SOURCE, /exports/FORMAT, /changes, /ready, "
                         "/plans/DIGEST/partners/Supplier/NAME")  # fmt: skip
    answer = as_json(error_document(refusal), status)
    answer.headers.update(headers or {})
    return answer
