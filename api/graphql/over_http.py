"""GraphQL over HTTP: what a request asks, in which media type it is answered, with which status.

Follows the working draft of GraphQL over HTTP; the server audits of `graphql-http` are a test.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fastapi import Request
from graphql import OperationDefinitionNode, OperationType

from api.bodies import JsonBody
from api.graphql.limits import BODY_BYTES, document_within_limits
from api.graphql.trusted import NO_DOCUMENTS, TrustedDocuments
from ontology.errors import EvenkeelError, InputError
from service.doors.inbox import TryLaterError

JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"
EVENTS = "text/event-stream"
_PARAMETERS = ("query", "operationName", "variables", "extensions", "documentId")
_STATUS = {"BODY_TOO_LARGE": 413, "UPLOAD_STALLED": 408, "MEDIA_TYPE": 415, "INTERNAL": 500,
           "NOT_ACCEPTABLE": 406, "METHOD_NOT_ALLOWED": 405}  # fmt: skip
_HINT = 'send {"query": "...", "variables": {...}}'
_BODY = JsonBody("request", BODY_BYTES, "BODY_TOO_LARGE", "NOT_JSON", _HINT)
_REQUEST_ERROR = "QUERY_"
"""Begins the code of what is well formed as a request, and as a query is not."""


@dataclass(frozen=True, slots=True)
class Query:
    """One operation that may run, within the limits of a document."""

    text: str
    variables: dict[str, Any] | None
    operation: str | None
    follows: bool = False
    """Whether it is a subscription."""


async def read_query(
    request: Request, trusted: TrustedDocuments = NO_DOCUMENTS, *, may_follow: bool = False
) -> Query:
    """What a GET or a POST asks; a GET never changes anything.

    A subscription is asked only where answers `may_follow` one another.

    Raises InputError `BODY_TOO_LARGE`, `UPLOAD_STALLED`, `UPLOAD_CUT`, `MEDIA_TYPE`, `NOT_JSON`,
    `JSON_REPEATED`, `BATCH_OFF`, `BAD_REQUEST`, `METHOD_NOT_ALLOWED`, or one that begins with
    `QUERY_`.
    """
    is_get = request.method == "GET"
    asked = _in_address(request) if is_get else _in_body(request, await _BODY.read(request))
    return query_of(asked, trusted, may_change=not is_get, may_follow=may_follow)


def query_of(
    asked: Mapping[str, Any], trusted: TrustedDocuments, *, may_change: bool = True,
    may_follow: bool = True,
) -> Query:  # fmt: skip
    """What parameters ask. Raises InputError `BAD_REQUEST`, `METHOD_NOT_ALLOWED`, or `QUERY_...`"""
    query = _query_in(asked, trusted)
    follows = _is_followed(query, may_change=may_change, may_follow=may_follow)
    return replace(query, follows=follows)


def media_type_of(accept: str) -> str:
    """In which of the two media types a caller takes an answer: JSON where it says nothing.

    Raises InputError `NOT_ACCEPTABLE`.
    """
    ranges = [_range(part) for part in accept.split(",") if part.strip()] or [("*/*", 1.0)]
    graphql, plain = _quality(GRAPHQL_RESPONSE, ranges), _quality(JSON, ranges)
    if max(graphql, plain)[0] <= 0:
        raise InputError(f"an answer is `{GRAPHQL_RESPONSE}` or `{JSON}`", code="NOT_ACCEPTABLE",
                         hint=f"send Accept: {GRAPHQL_RESPONSE}")  # fmt: skip
    is_named = graphql[1] == 2
    return GRAPHQL_RESPONSE if is_named and graphql >= plain else JSON


def wants_events(accept: str) -> bool:
    """Whether a caller takes server-sent events, by that name."""
    ranges = [_range(part) for part in accept.split(",") if part.strip()]
    return any(name == EVENTS and weight > 0 for name, weight in ranges)


def status_of(error: EvenkeelError, media_type: str) -> int:
    """The HTTP status of a request that did not run.

    One that is well formed is answered 200 as plain JSON, since some callers know only then that
    the answer is GraphQL's; the newer media type tells, and has 400.
    """
    if isinstance(error, TryLaterError):
        return 429
    if error.code.startswith(_REQUEST_ERROR):
        return 400 if media_type == GRAPHQL_RESPONSE else 200
    return _STATUS.get(error.code, 400)


def _range(part: str) -> tuple[str, float]:
    name, *parameters = (text.strip().lower() for text in part.split(";"))
    weight = next((text[2:] for text in parameters if text.startswith("q=")), "1")
    try:
        told = float(weight)
    except ValueError:
        return name, 0.0
    return name, told if 0.0 <= told <= 1.0 else 0.0


def _quality(media_type: str, ranges: list[tuple[str, float]]) -> tuple[float, int]:
    """How welcome a media type is, and how exactly it was named: 2 by name, 0 as any."""
    names = ("*/*", "application/*", media_type)
    found = [(names.index(name), weight) for name, weight in ranges if name in names]
    exactness, weight = max(found, default=(0, 0.0))
    return weight, exactness


def _in_body(request: Request, body: bytes) -> Mapping[str, Any]:
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    is_json = media_type.strip().lower() == JSON and charset in {"", "utf-8"}
    if not is_json or request.headers.get("content-encoding", "identity") != "identity":
        raise InputError("the request is not `application/json` in UTF-8", code="MEDIA_TYPE",
                         hint="send Content-Type: application/json")  # fmt: skip
    asked = _BODY.document(body)
    if isinstance(asked, list):
        raise InputError("requests are not batched", code="BATCH_OFF",
                         hint="send one query at a time")  # fmt: skip
    return asked if isinstance(asked, dict) else {}


def _in_address(request: Request) -> Mapping[str, Any]:
    """The parameters of a GET; those that are no text are written as JSON."""
    stated = request.query_params.multi_items()
    asked: dict[str, Any] = dict(stated)
    if len(asked) < len(stated):
        raise _bad_request("a parameter stands twice in the address")
    for name in {"variables", "extensions"} & asked.keys():
        asked[name] = replace(_BODY, what=f"parameter `{name}`").document(asked[name])
    return asked


def _query_in(asked: Mapping[str, Any], trusted: TrustedDocuments) -> Query:
    text, operation, variables, extensions, document = map(asked.get, _PARAMETERS)
    is_request = (
        isinstance(text, str | None) and isinstance(operation, str | None)
        and isinstance(variables, dict | None) and isinstance(extensions, dict | None)
        and isinstance(document, str | None) and (text is None) != (document is None)
    )  # fmt: skip
    if not is_request:
        raise _bad_request("the request is not a GraphQL request")
    return Query(trusted.text_of(text, document), variables, operation)


def _is_followed(query: Query, *, may_change: bool, may_follow: bool) -> bool:
    """Whether a query is a subscription, once it is one that may run."""
    document = document_within_limits(query.text)
    operations = [part for part in document.definitions
                  if isinstance(part, OperationDefinitionNode)]  # fmt: skip
    if len(operations) > 1 and not query.operation:
        raise InputError("the document has several operations", code="QUERY_INVALID",
                         hint="name one of them in `operationName`")  # fmt: skip
    chosen = [one.operation for one in operations
              if query.operation in (None, one.name and one.name.value)]  # fmt: skip
    if query.operation is not None and not chosen:
        raise InputError(f"the document has no operation `{query.operation[:100]}`",
                         code="QUERY_INVALID", hint="name one of its operations")  # fmt: skip
    if not may_change and any(one.operation is OperationType.MUTATION for one in operations):
        raise InputError("a GET changes nothing", code="METHOD_NOT_ALLOWED",
                         hint="POST a mutation")  # fmt: skip
    if not may_follow and OperationType.SUBSCRIPTION in chosen:
        raise InputError("a subscription has more than one answer", code="QUERY_STREAMS",
                         hint="ask with Accept: text/event-stream, or over a websocket"
                         )  # fmt: skip
    return OperationType.SUBSCRIPTION in chosen


def _bad_request(what: str) -> InputError:
    return InputError(what, code="BAD_REQUEST", hint=_HINT)
