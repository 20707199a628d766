"""Errors as answers of HTTP: the status by whose fault it is, and when to come again."""

from collections.abc import Mapping

import orjson
from starlette.responses import Response

from api.answers import error_document
from ontology.errors import AccessError, EvenkeelError, OutsideError, StateError
from service.doors.inbox import BUSY_SECONDS, TryLaterError

_STATUS: Mapping[str, int] = {
    "ENVELOPE_INVALID": 400, "QUERY_PARAMETER": 400, "FILE_NAME_MISSING": 400,
    "FILE_NOT_MAPPED": 400, "QUESTION_INVALID": 400, "PLAN_UNKNOWN": 404, "UNKNOWN_CLASS": 404,
    "UNKNOWN_FORMAT": 404, "POSITION_INVALID": 400, "UPLOAD_CUT": 400, "SOURCE_UNKNOWN": 404,
    "CHAIN_UNKNOWN": 404, "UPLOAD_STALLED": 408, "JSON_REPEATED": 400, "JSON_PARTS": 400,
    "FEED_CHANGED": 409, "POSITION_AHEAD": 409, "FILE_TOO_LARGE": 413, "MEDIA_TYPE": 415,
    "INTERNAL": 500, "EXPORTS_OFF": 404, "PARTNER_UNKNOWN": 404,
}  # fmt: skip
UNUSABLE = 422


def status_of(error: EvenkeelError) -> int:
    """The status of an error: 4xx where the sender must change something, else 429 or 5xx."""
    if isinstance(error, TryLaterError):
        return 429
    if error.code in _STATUS:
        return _STATUS[error.code]
    if isinstance(error, AccessError):
        return 403
    return 503 if isinstance(error, OutsideError | StateError) else UNUSABLE


def refusal(error: EvenkeelError, status: int = 0) -> Response:
    """The answer that refuses a request; the connection ends, for its body may not be read.

    With a status that is not that of the error where one is given.
    """
    status = status or status_of(error)
    headers = {"Connection": "close"}
    if isinstance(error, TryLaterError):
        headers["Retry-After"] = str(error.retry_after_seconds)
    elif status == 503:
        headers["Retry-After"] = str(BUSY_SECONDS)
    return Response(orjson.dumps(error_document(error)), status, headers, "application/json")
