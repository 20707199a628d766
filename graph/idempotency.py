"""One key, one request, one answer: the log itself remembers which event answered a caller."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neo4j import ManagedTransaction

from graph.recovery.records import DIGEST, REQUEST, event_of
from graph.statements import Row, run
from ontology.errors import InputError, StateError
from ontology.events import Event

LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class Request:
    """What a caller asks under a key of its own choice; `digest` is of all that is asked.

    Raises InputError `IDEMPOTENCY_KEY_INVALID` for a key that is empty, long or not printable.
    """

    caller: str
    key: str
    digest: str

    def __post_init__(self) -> None:
        """Refuse a key that no person could read in the log."""
        if not (0 < len(self.key) <= LONGEST_KEY and self.key.isprintable()):
            raise InputError("the idempotency key is not one line of 1 to "
                             f"{LONGEST_KEY} characters", code="IDEMPOTENCY_KEY_INVALID",
                             hint="a random UUID is a good one")  # fmt: skip

    @property
    def name(self) -> str:
        """What the request is known by in the log: keys of one caller are not another's."""
        return f"{self.caller}/{self.key}"

    @property
    def payload(self) -> Mapping[str, str]:
        """What the event that answers it says of it."""
        return {REQUEST: self.name, DIGEST: self.digest}

    def answer_in(self, rows: list[Row]) -> Event | None:
        """The event that answered it, of rows that have its name.

        Raises StateError `IDEMPOTENCY_KEY_USED` where that one answered something else.
        """
        if not rows:
            return None
        event = event_of(rows[0]["event"])
        if event.payload[DIGEST] != self.digest:
            raise StateError(
                f"the key `{self.key}` was used for another request", code="IDEMPOTENCY_KEY_USED",
                hint="use a new key for a new request",
            )  # fmt: skip
        return event


class AnsweredError(StateError):
    """The request was answered before, by `event`: nothing is done again."""

    code = "REQUEST_ANSWERED"

    def __init__(self, event: Event) -> None:
        super().__init__(f"event {event.sequence} answered this request")
        self.event = event


def refuse_answered(tx: ManagedTransaction, request: Request | None) -> None:
    """Told by who holds the log's lock. Raises AnsweredError, and as `answer_in` does."""
    if request is None:
        return
    known = request.answer_in(run(tx, "log_request", request=request.name))
    if known is not None:  # INVARIANT: one request is answered by one event
        raise AnsweredError(known)


def payload_for(request: Request | None, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """The payload of the event that answers a request; of any other as it is."""
    return payload if request is None else {**payload, **request.payload}
