"""Levels of autonomy, and how far a machine may go with a plan, over GraphQL."""

from collections.abc import Callable
from datetime import datetime
from enum import Enum

import strawberry

from api.graphql.acting import ActingInput
from api.graphql.bigint import BigInt
from api.graphql.confidence import PlanConfidence
from api.graphql.described import described
from api.graphql.loaders import Info
from api.graphql.scoped_decisions import Outcome, decided, permit_chain, permit_scope
from api.graphql.scopes import PolicyScope, ScopeInput
from governance import autonomy as levels
from ontology.errors import InputError
from service.governing import autonomy
from service.governing.ledger import Decided
from service.house import House


@strawberry.enum(description="How far a machine may go by itself.")
class AutonomyLevel(Enum):
    """Each includes those before it."""

    OBSERVE = levels.OBSERVE
    SUGGEST = levels.SUGGEST
    ACT_WITH_APPROVAL = levels.WITH_APPROVAL
    ACT_WITHIN_ENVELOPE = levels.WITHIN_ENVELOPE


@strawberry.type(description="The limits within which a machine approves.")
class AutonomyEnvelope:
    """Whole numbers; a handling class of "" is that of items without one."""

    most_value_cents: BigInt
    most_units: BigInt
    most_gap_per_million: BigInt
    handling_classes: list[str]
    most_data_age_hours: BigInt
    least_confidence_per_mille: int


@strawberry.type(description="What a level was reached on.")
class AutonomyEvidence:
    """`kind` is backtest, canary or outcome; `artifact` is the SHA-256 of what shows it."""

    kind: str
    artifact: str


@strawberry.type(description="The level of a scope.")
class AutonomyStanding:
    """Since an event, and why."""

    scope: PolicyScope
    level: AutonomyLevel
    envelope: AutonomyEnvelope | None
    evidence: list[AutonomyEvidence]
    by: str
    reason: str
    since: datetime
    event: BigInt


@strawberry.type(description="One reason why a machine may not go further with a plan.")
class AutonomyReason:
    """By code and in words."""

    code: str
    says: str


@strawberry.type(description="How far a machine may go with a plan now, and why not further.")
class PlanAutonomy:
    """By the level of all that the plan reaches, its limits, and its confidence now."""

    plan: str
    level: AutonomyLevel
    reasons: list[AutonomyReason]
    confidence: PlanConfidence


@strawberry.input(description="What shows that a level can be reached.")
class EvidenceInput:
    """An artifact, and what it is of."""

    kind: str
    artifact: str


@strawberry.input(description="The limits of an envelope.")
class EnvelopeInput:
    """As AutonomyEnvelope."""

    most_value_cents: int
    most_units: int
    most_gap_per_million: int = 0
    handling_classes: list[str] = strawberry.field(default_factory=lambda: [""])
    most_data_age_hours: int = 24
    least_confidence_per_mille: int = 500

    def asked(self) -> levels.Envelope:
        """The same for the ledger."""
        return levels.Envelope(
            self.most_value_cents, self.most_units, self.most_gap_per_million,
            tuple(self.handling_classes), self.most_data_age_hours,
            self.least_confidence_per_mille,
        )  # fmt: skip


@strawberry.input(description="A level for a scope: one step up on evidence, or any way down.")
class AutonomyInput(ActingInput):
    """Up it takes evidence, and the highest level an envelope."""

    scope: ScopeInput
    level: AutonomyLevel
    reason: str
    evidence: list[EvidenceInput] = strawberry.field(default_factory=list)
    envelope: EnvelopeInput | None = None


@strawberry.type
class AutonomyQueries:
    """The levels of a chain, and how far a machine may go with a plan."""

    @described
    async def autonomy(self, info: Info, chain: str) -> list[AutonomyStanding]:
        """The level of each scope of a chain; where there is none, a machine observes.

        All chains are raised as they are then: a scope of all is told where it was raised for this
        one, or lowered. A chain that came later is raised by itself.
        """
        state = await info.context.read(info.context.house.ledger.state)
        found = [each for _, each in sorted(state.autonomy.at(chain).items())]
        info.context.count(len(found))
        return [_standing(each, info.context.house.persons.told) for each in found]

    @described
    async def plan_autonomy(self, info: Info, plan: str) -> PlanAutonomy:
        """How far a machine may go with a plan now, all that keeps it back, and its confidence."""
        house = info.context.house

        def judged() -> autonomy.Judged:
            found = house.catalog.plans_by_digest([plan]).get(plan)
            if found is None:
                raise InputError(f"there is no plan `{plan[:100]}`", code="PLAN_UNKNOWN",
                                 hint="give the whole digest")  # fmt: skip
            return autonomy.judge(house, house.store.get_document(found.artifact))

        found = await info.context.work_out(judged)
        return PlanAutonomy(
            plan=plan, level=AutonomyLevel(found.allowed.level),
            reasons=[AutonomyReason(code=why.code, says=why.says) for why in found.allowed.why],
            confidence=PlanConfidence.of(found.confidence),
        )  # fmt: skip


@strawberry.type
class AutonomyMutations:
    """Decisions about levels; each is one event of the ledger."""

    @described
    async def raise_autonomy(self, info: Info, input: AutonomyInput) -> Outcome:  # noqa: A002
        """Raise a scope by one step, on evidence; of all chains (*), those that there are now."""
        await permit_chain(info, input.scope.chain, "autonomy.raise")

        def work(house: House, agent: str) -> Decided:
            shown = [levels.Evidence(one.kind, one.artifact) for one in input.evidence]
            envelope = None if input.envelope is None else input.envelope.asked()
            return autonomy.raise_level(house, input.scope.asked(), input.level.value,
                                        input.reason, agent, shown, envelope)  # fmt: skip

        return await decided(info, "raiseAutonomy", input, work)

    @described
    async def lower_autonomy(self, info: Info, input: AutonomyInput) -> Outcome:  # noqa: A002
        """Leave nothing in a scope above a level."""
        tells = await permit_scope(info, input.scope, "autonomy.lower")

        def work(house: House, agent: str) -> Decided:
            return autonomy.lower(house, input.scope.asked(), input.level.value, input.reason,
                                  agent)  # fmt: skip

        of = input.scope.asked if tells else None
        return await decided(info, "lowerAutonomy", input, work, of)


def _standing(found: levels.Standing, told: Callable[[str], str]) -> AutonomyStanding:
    limits = found.envelope
    return AutonomyStanding(
        scope=PolicyScope.of(found.scope), level=AutonomyLevel(found.level), by=told(found.by),
        reason=found.reason, since=found.since, event=BigInt(found.event),
        evidence=[AutonomyEvidence(kind=one.kind, artifact=one.artifact) for one in found.evidence],
        envelope=None if limits is None else _limits(limits),
    )  # fmt: skip


def _limits(limits: levels.Envelope) -> AutonomyEnvelope:
    return AutonomyEnvelope(
        most_value_cents=BigInt(limits.most_value_cents), most_units=BigInt(limits.most_units),
        most_gap_per_million=BigInt(limits.most_gap_per_million),
        handling_classes=list(limits.handling_classes),
        most_data_age_hours=BigInt(limits.most_data_age_hours),
        least_confidence_per_mille=limits.least_confidence_per_mille,
    )  # fmt: skip
