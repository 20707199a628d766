"""Stops, protected items, levels of autonomy, confidence and the schedule, over GraphQL."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import Enum
from functools import partial
from typing import Annotated

import strawberry

from api.graphql.acting import ActingInput, Conflict, Done, Refused, done, in_thread
from api.graphql.bigint import BigInt
from api.graphql.described import described
from api.graphql.loaders import Info
from api.graphql.scopes import PolicyScope, ScopeInput
from governance import autonomy as levels
from governance.scopes import Scope
from governance.stops import PAUSE, STOP, Stop
from ontology.access import ANY, Grant
from ontology.errors import AccessError, InputError
from ontology.events import Event as LogEvent
from service.access import Sight, denied
from service.governing import autonomy
from service.governing.confidence import Confidence, confidence_of
from service.governing.known_names import unknown_names
from service.governing.ledger import Decided
from service.house import House
from service.requests import Account
from service.scheduling.scheduled_tasks import tasks
from service.scheduling.scheduler import Run, Task, known_runs


@strawberry.enum(description="How far a machine may go by itself.")
class AutonomyLevel(Enum):
    """Each includes those before it."""

    OBSERVE = levels.OBSERVE
    SUGGEST = levels.SUGGEST
    ACT_WITH_APPROVAL = levels.WITH_APPROVAL
    ACT_WITHIN_ENVELOPE = levels.WITHIN_ENVELOPE


@strawberry.enum(description="A pause also makes void what waits or is approved in its scope.")
class StopMode(Enum):
    """How it stops."""

    STOP = STOP
    PAUSE = PAUSE


@strawberry.type(description="Nothing is submitted, approved or done in a scope.")
class GovernanceStop:
    """Known by the number of its event."""

    number: BigInt
    mode: StopMode
    scope: PolicyScope
    reason: str
    by: str
    since: datetime
    is_lifted: bool


@strawberry.type(description="An item that no machine moves.")
class ProtectedItem:
    """A person may."""

    chain: str
    item: str
    reason: str
    by: str
    since: datetime


@strawberry.type(description="The stops that stand over a chain, and what no machine moves there.")
class Halted:
    """Lifted stops are told where they are asked for."""

    stops: list[GovernanceStop]
    protected: list[ProtectedItem]


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


@strawberry.type(description="One part of a plan's confidence; null where it says nothing of it.")
class ConfidencePart:
    """docs/governing.md has the formulas."""

    name: str
    per_mille: int | None
    says: str


@strawberry.type(description="How far a decision can be trusted: the least of its parts.")
class PlanConfidence:
    """`label` is low (a person decides), fair or high."""

    per_mille: int
    label: str
    parts: list[ConfidencePart]

    @staticmethod
    def of(found: Confidence) -> "PlanConfidence":
        """The confidence of the service."""
        return PlanConfidence(
            per_mille=found.per_mille, label=found.label,
            parts=[ConfidencePart(name=one.name, per_mille=one.per_mille, says=one.says)
                   for one in found.parts],
        )  # fmt: skip


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


@strawberry.type(description="What the scheduler does again and again, and what came of it last.")
class ScheduledTask:
    """`code` is that of the failure, empty where it went well; times are null before its first."""

    name: str
    says: str
    every_seconds: int
    last_at: datetime | None
    next_at: datetime | None
    told: str
    code: str
    failures: int

    @staticmethod
    def of(task: Task, run: Run | None, *, hides: bool) -> "ScheduledTask":
        """The task of the service."""
        return ScheduledTask(
            name=task.name, says=task.says, every_seconds=task.every // timedelta(seconds=1),
            last_at=run.began if run else None,
            next_at=run.next if run else None, told=run.told if run and not hides else "",
            code=run.code if run else "", failures=run.failures if run else 0,
        )  # fmt: skip


@strawberry.type(description="What was decided: the event; null where it was so, or a dry run.")
class AutonomyDecided:
    """`number` is that of the stop where the decision is about one."""

    event: BigInt | None
    replayed: bool
    dry_run: bool
    unknown: list[str] = strawberry.field(
        description="Names that no fact knows, in words: for them it holds for nothing so far."
    )


@strawberry.input(description="A stop of a scope.")
class StopInput(ActingInput):
    """The scope `*` without limits stops everything."""

    scope: ScopeInput
    reason: str
    mode: StopMode = StopMode.STOP


@strawberry.input(description="A stop to lift, by another person than the one who put it.")
class ResumeInput(ActingInput):
    """By its number."""

    stop: int
    reason: str


@strawberry.input(description="Items that no machine moves, or may move again.")
class ProtectInput(ActingInput):
    """Of a chain, or of all (*), by key."""

    chain: str
    items: list[str]
    reason: str
    protect: bool = True


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


Outcome = Annotated[
    AutonomyDecided | Refused | Conflict, strawberry.union("AutonomyDecisionResult")
]


@strawberry.type
class AutonomyQueries:
    """Stops, levels and the schedule."""

    @described
    async def halted(self, info: Info, chain: str, lifted: bool = False) -> Halted:
        """What is stopped over a chain, and what no machine moves there."""
        state = await info.context.read(info.context.house.ledger.state)
        told, found = info.context.house.persons.told, state.stops
        stops = [each for _, each in sorted(found.put.items())
                 if each.scope.covers(chain) and (lifted or not each.is_lifted)]  # fmt: skip
        kept = [each for _, each in sorted(found.protections.items())
                if each.chain in (chain, ANY)]  # fmt: skip
        info.context.count(len(stops) + len(kept))
        return Halted(
            stops=[_stop(each, told) for each in stops],
            protected=[ProtectedItem(chain=one.chain, item=one.item, reason=one.reason,
                                     by=told(one.by), since=one.since) for one in kept],
        )  # fmt: skip

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

    @described
    async def schedule(self, info: Info) -> list[ScheduledTask]:
        """What the service does by the clock, and what came of it last.

        In words (`told`) only to whom nothing of any chain is hidden.
        """
        runs = await info.context.read(known_runs, info.context.house)
        hides = not await info.context.read(_sees_all, info.context.sight)
        return [ScheduledTask.of(task, runs.get(task.name), hides=hides) for task in tasks()]


@strawberry.type
class AutonomyMutations:
    """Decisions about stops and levels; each is one event of the ledger."""

    @described
    async def stop(self, info: Info, input: StopInput) -> Outcome:  # noqa: A002
        """Stop a scope at once; in the mode PAUSE what is open there becomes void, too."""
        tells = await _permit_scope(info, input.scope, "stops.put")

        def work(house: House, agent: str) -> Decided:
            return autonomy.stop(house, input.scope.asked(), input.reason, agent,
                                 input.mode.value)  # fmt: skip

        return await _decided(info, "stop", input, work, input.scope.asked if tells else None)

    @described
    async def resume(self, info: Info, input: ResumeInput) -> Outcome:  # noqa: A002
        """Lift a stop that somebody else put."""
        state = await info.context.read(info.context.house.ledger.state)
        found = state.stops.put.get(input.stop)
        if found is not None or not info.context.sight.caller.is_owner:
            await _permit_chain(info, found.scope.chain if found else "", "stops.lift")

        def work(house: House, agent: str) -> Decided:
            return autonomy.resume(house, input.stop, input.reason, agent)

        return await _decided(info, "resume", input, work)

    @described
    async def protect_items(self, info: Info, input: ProtectInput) -> Outcome:  # noqa: A002
        """Let no machine move some items; or, with `protect: false`, let machines again."""
        verb = "stops.put" if input.protect else "stops.lift"
        tells = await _permit_chain(info, input.chain, verb)

        def work(house: House, agent: str) -> Decided:
            act = autonomy.protect if input.protect else autonomy.unprotect
            return act(house, input.chain, input.items, input.reason, agent)

        return await _decided(info, "protectItems", input, work,
                              partial(Scope, input.chain) if tells else None, input.items
                              )  # fmt: skip

    @described
    async def raise_autonomy(self, info: Info, input: AutonomyInput) -> Outcome:  # noqa: A002
        """Raise a scope by one step, on evidence; of all chains (*), those that there are now."""
        await _permit_chain(info, input.scope.chain, "autonomy.raise")

        def work(house: House, agent: str) -> Decided:
            shown = [levels.Evidence(one.kind, one.artifact) for one in input.evidence]
            envelope = None if input.envelope is None else input.envelope.asked()
            return autonomy.raise_level(house, input.scope.asked(), input.level.value,
                                        input.reason, agent, shown, envelope)  # fmt: skip

        return await _decided(info, "raiseAutonomy", input, work)

    @described
    async def lower_autonomy(self, info: Info, input: AutonomyInput) -> Outcome:  # noqa: A002
        """Leave nothing in a scope above a level."""
        tells = await _permit_scope(info, input.scope, "autonomy.lower")

        def work(house: House, agent: str) -> Decided:
            return autonomy.lower(house, input.scope.asked(), input.level.value, input.reason,
                                  agent)  # fmt: skip

        of = input.scope.asked if tells else None
        return await _decided(info, "lowerAutonomy", input, work, of)


async def confidence_page(info: Info, artifact: str) -> PlanConfidence:
    """The confidence of a plan as it was made."""
    house = info.context.house
    document = await info.context.read(house.store.get_document, artifact)
    return PlanConfidence.of(await info.context.work_out(confidence_of, house, document))


def _sees_all(sight: Sight) -> bool:
    try:
        sight.everything("schedule.read")
    except AccessError:
        return False
    return True


async def _permit_scope(info: Info, asked: ScopeInput, verb: str) -> bool:
    """As `_permit_chain`; by a grant that is limited, only of scopes that name what lies in it.

    None is limited to suppliers: a plan is held up as a whole.
    """
    tells = await _permit_chain(info, asked.chain, verb)
    sight = info.context.sight
    if not sight.caller.is_owner and asked.chain != ANY:
        found = (await info.context.read(sight.view, asked.chain, verb)).grants
        if not any(_reaches(grant, asked) for grant in found):
            raise denied()
    return tells


def _reaches(grant: Grant, asked: ScopeInput) -> bool:
    pairs = ((asked.regions, grant.regions), (asked.families, grant.families))
    return not grant.suppliers and all(
        not wide or (bool(narrow) and set(narrow) <= set(wide)) for narrow, wide in pairs
    )


async def _permit_chain(info: Info, chain: str, verb: str) -> bool:
    """Whether the caller may be told what names the scope's chains have.

    Raises AccessError `ACCESS_DENIED` for a scope of which the caller may not decide. What is of
    all chains takes a grant on all; what lifts or raises takes the whole of the chain.
    """
    sight = info.context.sight
    if sight.caller.is_owner:
        return True
    if not chain:
        raise denied()
    if chain == ANY:
        await info.context.read(sight.everything, verb)
        return True
    view = await info.context.read(sight.view, chain, verb)
    return not all(grant.is_limited for grant in view.grants)


async def _decided(
    info: Info, name: str, asked: ActingInput, work: Callable[[House, str], Decided],
    of: Callable[[], Scope] | None = None, items: Sequence[str] = (),
) -> AutonomyDecided | Refused | Conflict:  # fmt: skip
    """Decide once under a key; a refusal of the ledger is an outcome.

    Of the scope and the items, what no fact knows is told.
    """

    def act(house: House) -> Account:
        event = work(house, info.context.agent).event
        unknown = unknown_names(house.plainly(), of(), items) if of is not None else []
        return {"event": event and event.sequence, "replayed": event is None, "unknown": unknown}

    found = await done(info, name, asked, in_thread(info, act), _again)
    if not isinstance(found, Done):
        return found
    return AutonomyDecided(event=found.event, replayed=found.replayed, dry_run=found.dry_run,
                           unknown=found.account.get("unknown", []))  # fmt: skip


def _again(_: House, event: LogEvent) -> Account:
    return {"event": event.sequence}


def _stop(stop: Stop, told: Callable[[str], str]) -> GovernanceStop:
    return GovernanceStop(
        number=BigInt(stop.number), mode=StopMode(stop.mode), scope=PolicyScope.of(stop.scope),
        reason=stop.reason, by=told(stop.by), since=stop.since, is_lifted=stop.is_lifted,
    )  # fmt: skip


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
