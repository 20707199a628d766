"""The entries of the log: what happened, by whom, when it was true and when we learnt it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

FEED_LOADED = "feed.loaded"
FACTS_DUE = "facts.due"
RELEASE_ACTIVATED = "release.activated"
RELEASE_PROPOSED = "release.proposed"
RELEASE_BACKTESTED = "release.backtested"
RELEASE_REVIEWED = "release.reviewed"
"""A person answers for a rule by which a release permits what was denied."""
RELEASE_APPROVED = "release.approved"
RELEASE_CANARY_STARTED = "release.canary_started"
RELEASE_COMPARED = "release.compared"
"""One plan under a canary, and the same decision under what is in force without it; or why it is
no sample."""
RELEASE_ABORTED = "release.aborted"
RELEASE_RETIRED = "release.retired"
RELEASE_ROLLED_BACK = "release.rolled_back"
RELEASE_WITHDRAWN = "release.withdrawn"
STOP_PUT = "stop.put"
STOP_LIFTED = "stop.lifted"
ITEMS_PROTECTED = "items.protected"
ITEMS_RELEASED = "items.released"
"""Of items that were protected by a word of governance: a machine may move them again."""
AUTONOMY_RAISED = "autonomy.raised"
AUTONOMY_LOWERED = "autonomy.lowered"
TASK_FAILED = "task.failed"
"""A task of the scheduler failed, after it had gone well."""
PLAN_MADE = "plan.made"
RULES_PRICED = "rules.priced"
"""What the rules cost in a plan was found, each by a plan without it."""
ROWS_DISCARDED = "rows.discarded"
PERSON_ERASED = "person.erased"
KEY_ACTIVATED = "key.activated"
ACCESS_GRANTED = "access.granted"
ACCESS_ENDED = "access.ended"
ACCESS_EXPOSED = "access.exposed"
TOKEN_ISSUED = "token.issued"  # noqa: S105 - a kind of event
TOKEN_REVOKED = "token.revoked"  # noqa: S105 - a kind of event
REPORT_MADE = "report.made"
REQUEST_ANSWERED = "request.answered"
"""A request under a key was answered without any other event: it was so already."""
RELEASE_KINDS = (RELEASE_PROPOSED, RELEASE_BACKTESTED, RELEASE_REVIEWED, RELEASE_APPROVED,
                 RELEASE_CANARY_STARTED, RELEASE_COMPARED, RELEASE_ABORTED, RELEASE_ACTIVATED,
                 RELEASE_RETIRED, RELEASE_ROLLED_BACK, RELEASE_WITHDRAWN)  # fmt: skip
PLAN_SUBMITTED = "plan.submitted"
APPROVAL_GIVEN = "approval.given"
"""A person's, or by a mandate the service's; that which completes the case carries what the plan
reserves."""
APPROVAL_DECLINED = "approval.declined"
APPROVAL_RETURNED = "approval.returned"
APPROVAL_COMMENTED = "approval.commented"
APPROVAL_ESCALATED = "approval.escalated"
APPROVAL_VOIDED = "approval.voided"
APPROVAL_EXPIRED = "approval.expired"
PLAN_CARRIED_OUT = "plan.carried_out"
POWER_DELEGATED = "approval.delegated"
POWER_TAKEN_BACK = "approval.delegation_ended"
APPROVAL_KINDS = (PLAN_SUBMITTED, APPROVAL_GIVEN, APPROVAL_DECLINED, APPROVAL_RETURNED,
                  APPROVAL_COMMENTED, APPROVAL_ESCALATED, APPROVAL_VOIDED, APPROVAL_EXPIRED,
                  PLAN_CARRIED_OUT, POWER_DELEGATED, POWER_TAKEN_BACK)  # fmt: skip
STOP_KINDS = (STOP_PUT, STOP_LIFTED, ITEMS_PROTECTED, ITEMS_RELEASED)
AUTONOMY_KINDS = (AUTONOMY_RAISED, AUTONOMY_LOWERED)
GOVERNANCE_KINDS = (*RELEASE_KINDS, *APPROVAL_KINDS, *STOP_KINDS, *AUTONOMY_KINDS)
LEDGER_KINDS = (*GOVERNANCE_KINDS, PERSON_ERASED)
"""Of which `governance.ledger` is the fold: what was decided, and who may be anybody since."""
KINDS = (
    FEED_LOADED,
    FACTS_DUE,
    PLAN_MADE,
    RULES_PRICED,
    ROWS_DISCARDED,
    PERSON_ERASED,
    *GOVERNANCE_KINDS,
    KEY_ACTIVATED,
    ACCESS_GRANTED,
    ACCESS_ENDED,
    ACCESS_EXPOSED,
    TOKEN_ISSUED,
    TOKEN_REVOKED,
    REPORT_MADE,
    REQUEST_ANSWERED,
    TASK_FAILED,
)


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that asks to be appended.

    `idempotency_key` names the request: appending it again with the same body gives the first
    event back, with another body it is refused. `payload` is a small canonical JSON object;
    anything larger is an artifact and named by its SHA-256 in `artifact`.
    """

    kind: str
    idempotency_key: str
    agent: str
    effective_at: datetime
    artifact: str = ""
    payload: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """An appended event: NewEvent plus its place, its time of recording and its Merkle leaf.

    `recorded_at` strictly increases with `sequence` (from 1). `seed` is 32 random bytes in
    hexadecimal from which the salts of the leaf's field commitments are derived.
    """

    sequence: int
    kind: str
    idempotency_key: str
    agent: str
    effective_at: datetime
    recorded_at: datetime
    artifact: str
    payload: Mapping[str, Any]
    seed: str
    leaf: str


def moment_of(micros: int) -> datetime:
    """The time, UTC, so many microseconds after the beginning of 1970."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)


def micros_of(when: datetime) -> int:
    """A time as microseconds since 1970, UTC, exactly. Raises ValueError without a time zone."""
    if when.tzinfo is None:
        raise ValueError(f"{when} has no time zone")
    return (when - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
