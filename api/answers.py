"""Errors as callers see them: by whose fault, with a code and a hint, and no more than that."""

import logging
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from graphql import GraphQLError
from graphql.validation.validate import ValidationAbortedError
from starlette.responses import Response

from ontology.errors import (
    AccessError,
    EvenkeelError,
    InputError,
    OutsideError,
    SolverError,
    StateError,
)

MOST_ERRORS = 20
LONGEST_MESSAGE = 1_000
_ABORTED = "Validation aborted."
"""What the library says where the fields of a document were too many to compare."""
_FAULTS: Mapping[type[EvenkeelError], str] = {
    InputError: "input", AccessError: "access", StateError: "state",
    OutsideError: "outside", SolverError: "solver",
}  # fmt: skip
_log = logging.getLogger("evenkeel.api")


def error_document(error: EvenkeelError) -> dict[str, Any]:
    """An error without data, as a GraphQL answer."""
    return {"errors": [{"message": str(error), "extensions": _extensions(error)}]}


def as_json(document: Any, status: int) -> Response:
    """An answer of JSON."""
    return Response(orjson.dumps(document, default=str), status, media_type="application/json")


def internal_error(error: BaseException) -> EvenkeelError:
    """What a caller may know of an unexpected error: a reference to the service's own log."""
    reference = secrets.token_hex(8)
    _log.error("internal error %s", reference, exc_info=error)
    return EvenkeelError(
        f"something went wrong inside the service, reference `{reference}`",
        code="INTERNAL",
        hint="give the reference to who runs the service",
    )


def shown(errors: Sequence[GraphQLError], *, development: bool) -> list[dict[str, Any]]:
    """The errors of an execution as the answer has them, at most 20."""
    return [_shown(error, development) for error in errors[:MOST_ERRORS]]


def _shown(error: GraphQLError, development: bool) -> dict[str, Any]:
    fault = _fault_of(error, development)
    found: dict[str, Any] = {"message": str(fault), "extensions": _extensions(fault)}
    if error.locations:
        found["locations"] = [spot.formatted for spot in error.locations]
    if error.path:
        found["path"] = error.path
    return found


def _fault_of(error: GraphQLError, development: bool) -> EvenkeelError:
    cause: BaseException | None = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    if isinstance(cause, EvenkeelError):
        return cause
    if isinstance(error, ValidationAbortedError) and error.message == _ABORTED:
        return InputError("too many fields of the query overlap", code="QUERY_OVERLAP",
                          hint="ask for each field once in a place")  # fmt: skip
    if error.path or not (cause is None or isinstance(cause, GraphQLError)):
        return internal_error(cause or error)
    message = error.message if development else error.message.split(" Did you mean")[0]
    return InputError(
        message[:LONGEST_MESSAGE],
        code="QUERY_INVALID",
        hint="see the schema in api/graphql/schema.graphql",
    )


def _extensions(error: EvenkeelError) -> dict[str, str]:
    fault = next((word for kind, word in _FAULTS.items() if isinstance(error, kind)), "service")
    return {"code": error.code, "hint": error.hint, "fault": fault}
