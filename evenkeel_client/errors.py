"""The one error of this client, with the code, the message and the hint of the service."""

from collections.abc import Mapping
from typing import Any


class EvenkeelError(Exception):
    """What was asked could not be done; `str()` is one clear line.

    `code` is the service's, or one of the client's own: `UNREACHABLE` (no answer came),
    `CUT_OFF` (an answer ended too early, again and again), `ANSWER_UNREADABLE` (it is not one of
    this service), `NOT_FOUND` (there is no such plan), `EXTRA_MISSING` (a package is not
    installed). `hint` says what helps, `fault` whose it is: `input`, `access`, `state`, `outside`,
    `solver`, `service`, or `client`. `status` is that of HTTP, 0 where there was none.
    """

    def __init__(
        self, message: str, *, code: str, hint: str = "", fault: str = "client", status: int = 0
    ) -> None:
        super().__init__(message)
        self.code, self.hint, self.fault, self.status = code, hint, fault, status


def told(document: Any, status: int) -> EvenkeelError | None:
    """The first error of an answer; None where it has none."""
    errors = document.get("errors") if isinstance(document, Mapping) else None
    if not isinstance(errors, list) or not errors:
        return None
    first = errors[0] if isinstance(errors[0], Mapping) else {}
    more = first.get("extensions") or {}
    return EvenkeelError(
        str(first.get("message", "the service refused")), code=str(more.get("code", "REFUSED")),
        hint=str(more.get("hint", "")), fault=str(more.get("fault", "service")), status=status,
    )  # fmt: skip


def refused(outcome: Any) -> EvenkeelError | None:
    """The refusal that is the outcome of a mutation; None where it was done."""
    if not isinstance(outcome, Mapping) or not {"__typename", "code", "message"} <= set(outcome):
        return None
    return EvenkeelError(str(outcome["message"]), code=str(outcome["code"]),
                         hint=str(outcome.get("hint", "")), fault="input", status=200)  # fmt: skip


def unreadable(what: str, status: int) -> EvenkeelError:
    """The error for an answer that no Evenkeel service gives."""
    return EvenkeelError(f"the answer is not one of an Evenkeel service: {what}",
                         code="ANSWER_UNREADABLE", hint="check the address", status=status
                         )  # fmt: skip
