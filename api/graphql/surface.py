"""Answers to GraphQL requests over HTTP; no error leaves without its code."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import orjson
from anyio import to_thread
from fastapi import Request, Response
from strawberry.schema.exceptions import CannotGetOperationTypeError

from api.answers import LONGEST_MESSAGE, error_document, internal_error, shown
from api.callers import caller_of
from api.graphql.costs import cost_of
from api.graphql.limits import document_within_limits
from api.graphql.loaders import Request as GraphQLRequest
from api.graphql.named import names_in
from api.graphql.over_http import JSON, Query, media_type_of, read_query, status_of
from api.graphql.schema import Schema
from api.graphql.trusted import NO_DOCUMENTS, TrustedDocuments
from ontology.errors import EvenkeelError, InputError
from service.access import Access, Caller, Sight
from service.budgets import Budgets
from service.doors.inbox import TryLaterError

DOOR = "/graphql"


@dataclass(frozen=True, slots=True)
class Answer:
    """What GraphQL answers, as data; `never_ran` tells that it was refused beforehand."""

    document: dict[str, Any]
    never_ran: bool


@dataclass(frozen=True, slots=True)
class Surface:
    """Answers GraphQL requests; in `development` with suggestions."""

    request: Callable[[Sight], GraphQLRequest]
    access: Access
    schema: Schema
    budgets: Budgets
    development: bool = False
    trusted: TrustedDocuments = NO_DOCUMENTS

    async def answer(self, request: Request) -> Response:
        """The answer to one GET or POST, in a media type that the caller takes."""
        media_type = JSON
        try:
            media_type = media_type_of(request.headers.get("accept", ""))
            query = await read_query(request, self.trusted)
            caller = caller_of(request)
            self._spend(query, caller)
            return await self._executed(query, media_type, caller)
        except EvenkeelError as error:
            return self._refused(error, media_type)
        except Exception as error:  # noqa: BLE001 - the last line of defence: logged, not shown
            return self._refused(internal_error(error), media_type)

    async def results(
        self, query: Query, caller: Caller, stays: Callable[[], None]
    ) -> AsyncGenerator[Answer, None]:
        """The answers to an operation: one, or those of a subscription as they come.

        That one `stays` is called once it has a place among the readers. No error leaves it: the
        last answer tells it.
        """
        try:
            self._spend(query, caller)
            sight = await to_thread.run_sync(self.access.sight, caller)
            context = self.request(sight)
            context.stays = stays
            found = await self.schema.stream(
                query.text, query.variables, context, operation_name=query.operation
            )
            async with aclosing(found) as results:
                async for result in results:
                    if not (caller.is_owner or query.follows):
                        await to_thread.run_sync(_settled, sight, query.text)
                    yield self._answer(result)
        except CannotGetOperationTypeError as error:
            yield Answer(error_document(_no_operation(error)), never_ran=True)
        except EvenkeelError as error:
            yield Answer(error_document(error), never_ran=True)
        except Exception as error:  # noqa: BLE001 - the last line of defence: logged, not shown
            yield Answer(error_document(internal_error(error)), never_ran=True)

    def _answer(self, result: Any) -> Answer:
        errors = result.errors or []
        never_ran = result.data is None and not any(error.path for error in errors)
        answer: dict[str, Any] = {} if never_ran else {"data": result.data}
        if errors:
            answer["errors"] = shown(errors, development=self.development)
        return Answer(answer, never_ran)

    async def _executed(self, query: Query, media_type: str, caller: Caller) -> Response:
        sight = await to_thread.run_sync(self.access.sight, caller)
        try:
            result = await self.schema.execute(
                query.text, query.variables, self.request(sight), operation_name=query.operation
            )
        except CannotGetOperationTypeError as error:
            raise _no_operation(error) from error
        if not caller.is_owner:
            await to_thread.run_sync(_settled, sight, query.text)
        answer = self._answer(result)
        status = 400 if answer.never_ran and media_type != JSON else 200
        return _answer(answer.document, status, media_type)

    def _spend(self, query: Query, caller: Caller) -> None:
        document = document_within_limits(query.text)
        cost = cost_of(document, query.variables, query.operation)
        self.budgets.spend(caller.person, cost)

    def _refused(self, error: EvenkeelError, media_type: str) -> Response:
        answer = _answer(error_document(error), status_of(error, media_type), media_type)
        if error.code == "METHOD_NOT_ALLOWED":
            answer.headers["Allow"] = "POST"
        if isinstance(error, TryLaterError):
            answer.headers["Retry-After"] = str(error.retry_after_seconds)
        return answer


def _settled(sight: Sight, text: str) -> None:
    """What is shown may be shown still, and is in the log before it is sent."""
    sight.hold()
    sight.log_exposures(DOOR, names_in(text))


def _no_operation(error: CannotGetOperationTypeError) -> InputError:
    return InputError(error.as_http_error_reason()[:LONGEST_MESSAGE], code="QUERY_INVALID",
                      hint="name one of the document's operations")  # fmt: skip


def _answer(document: Any, status: int, media_type: str) -> Response:
    content = orjson.dumps(document, default=str)
    return Response(content, status, media_type=f"{media_type}; charset=utf-8")
