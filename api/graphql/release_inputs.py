"""What is asked for in decisions about releases, over GraphQL."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import Enum

import strawberry

from api.graphql.acting import ActingInput
from api.graphql.scopes import ScopeInput
from governance.canaries import METRICS, Canary, Guard
from service.governing import releasing
from service.governing.ledger import Decided
from service.house import House

SALT_DIGITS = 12


@strawberry.input(name="WaiverInput", description="Somebody answers for a finding of lint.")
class WaiverGiven:
    """Which rule, which code, and why it may stand."""

    rule: str
    code: str
    reason: str


@strawberry.input(description="A release to propose.")
class ProposeReleaseInput(ActingInput):
    """`document` is the text of a release document in JSON, as `policy export` writes it."""

    document: str
    reason: str
    scope: ScopeInput = strawberry.field(default_factory=ScopeInput)
    waivers: list[WaiverGiven] = strawberry.field(default_factory=list)


@strawberry.input(description="A decision about a release, with its reason.")
class ReleaseReasonInput(ActingInput):
    """`release` is a digest."""

    release: str
    reason: str


@strawberry.input(description="A rule by which a release permits what was denied, answered for.")
class ReviewReleaseInput(ActingInput):
    """`release` is a digest, `rule` an IRI."""

    release: str
    rule: str
    reason: str


@strawberry.input(description="A release to put in force.")
class ActivateReleaseInput(ActingInput):
    """`replaces` is the digest that you saw in force there; `since` a later time than now."""

    release: str
    replaces: str | None = None
    since: datetime | None = None


@strawberry.enum(description="How a release ends.")
class ReleaseEnd(Enum):
    """One of a part is retired; what it replaced comes back; it is given up; a canary aborted."""

    RETIRE = "retire"
    ROLL_BACK = "roll back"
    WITHDRAW = "withdraw"
    ABORT = "abort"


ENDS: dict[ReleaseEnd, Callable[[House, str, str, str], Decided]] = {
    ReleaseEnd.RETIRE: releasing.retire, ReleaseEnd.ROLL_BACK: releasing.roll_back,
    ReleaseEnd.WITHDRAW: releasing.withdraw, ReleaseEnd.ABORT: releasing.abort,
}  # fmt: skip


@strawberry.input(description="A release to end.")
class EndReleaseInput(ReleaseReasonInput):
    """At once."""

    how: ReleaseEnd


@strawberry.input(description="By how much a metric may be worse under a canary.")
class CanaryGuardInput:
    """`metric` is cost, shortfall, exceptions or gap."""

    metric: str
    most_percent: int = 5


@strawberry.input(description="A canary to begin.")
class CanaryInput(ReleaseReasonInput):
    """For a part of where the release was proposed for, and of it a share; for some days."""

    scope: ScopeInput
    share_percent: int = 100
    salt: str = ""
    guards: list[CanaryGuardInput] = strawberry.field(
        default_factory=lambda: [CanaryGuardInput(metric=name) for name in METRICS]
    )
    least_pairs: int = 8
    days: int = 14

    def asked(self, digest: str) -> Canary:
        """The same for the ledger."""
        begins = datetime.now(UTC)
        days = max(0, min(self.days, 10_000))
        return Canary(
            self.scope.asked(), begins, begins + timedelta(days=days),
            tuple(Guard(one.metric, one.most_percent) for one in self.guards), self.share_percent,
            self.salt or digest[:SALT_DIGITS], self.least_pairs,
        )  # fmt: skip
