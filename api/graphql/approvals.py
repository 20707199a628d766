"""Approvals over GraphQL: the inbox, a plan's case, and what people decide about it."""

from collections.abc import Callable
from datetime import date, datetime
from enum import Enum
from typing import Annotated

import strawberry

from api.graphql.acting import ActingInput, Conflict, Done, Refused, done, in_thread
from api.graphql.bigint import BigInt
from api.graphql.connections import After, Connection, First, check_first, connection
from api.graphql.described import described
from api.graphql.loaders import Info
from api.graphql.planning import LOCAL
from governance import plan_cases
from governance.plan_cases import PlanCase, people_wanted, unmet
from governance.scopes import Scope
from ontology.access import ANY
from ontology.errors import InputError
from ontology.events import Event
from service.governing import approving, deciders
from service.governing.known_names import unknown_names
from service.governing.ledger import Decided
from service.house import House, check_time
from service.requests import Account

DECIDE = "approvals.decide"


@strawberry.enum(description="What has become of a plan that was submitted for approval.")
class ApprovalStatus(Enum):
    """Those that wait or are approved may still change."""

    WAITING = plan_cases.WAITING
    APPROVED = plan_cases.APPROVED
    DECLINED = plan_cases.DECLINED
    RETURNED = plan_cases.RETURNED
    VOID = plan_cases.VOID
    EXPIRED = plan_cases.EXPIRED
    CARRIED_OUT = plan_cases.CARRIED_OUT


@strawberry.type(description="So many people, each in one of some roles, and why.")
class ApprovalDemand:
    """A row of the approval matrix that speaks of the plan."""

    name: str
    people: int
    roles: list[str]
    reason: str
    is_met: bool


@strawberry.type(description="An approval that was given.")
class ApprovalVerdict:
    """`onBehalfOf` are the persons whose power was used; a `mandate` is that of the service."""

    person: str
    roles: list[str]
    on_behalf_of: list[str]
    at: datetime
    reason: str
    mandate: str


@strawberry.type(description="What was said or done about a plan, in the order of the log.")
class ApprovalRemark:
    """`kind` is that of the event."""

    kind: str
    person: str
    at: datetime
    text: str


@strawberry.type(description="Units that a plan has promised, as far as they are reserved still.")
class ReservedUnits:
    """Of stock at a location; where an order is named, units of that order."""

    item: str
    location: str
    lot: str
    order: str
    units: BigInt
    departs_on: str


@strawberry.type(description="Units that a plan has promised, as far as they are to come still.")
class ExpectedUnits:
    """`supplier` is empty of what is transferred."""

    item: str
    location: str
    lot: str
    supplier: str
    units: BigInt
    arrives_on: str


@strawberry.type(description="A plan on its way to approval, and what it reserves.")
class PlanApproval:
    """`submission` is the event that began the present round; gap and band are in millionths."""

    plan: str
    chain: str
    status: ApprovalStatus
    submission: BigInt
    submitted_by: str
    maker: str
    demands: list[ApprovalDemand]
    verdicts: list[ApprovalVerdict]
    remarks: list[ApprovalRemark]
    escalated_to: list[str]
    deadline: datetime
    until: datetime
    gap_per_million: BigInt
    band_per_million: BigInt
    reason: str

    @described
    async def reserved(self, info: Info) -> list[ReservedUnits]:
        """What is reserved still, on the facts of now: approved, or carried out and not counted."""
        return [ReservedUnits(item=each.promise.item, location=each.promise.place,
                              lot=each.promise.lot, order=each.promise.order,
                              units=BigInt(each.committed), departs_on=each.promise.day)
                for each in await info.context.promises.load(self.plan)
                if each.committed]  # fmt: skip

    @described
    async def expected(self, info: Info) -> list[ExpectedUnits]:
        """What is to come still, on the facts of now: sent or bought, and not counted there."""
        return [ExpectedUnits(item=each.promise.item, location=each.promise.destination,
                              lot=each.promise.lot, supplier=each.promise.supplier,
                              units=BigInt(each.expected), arrives_on=each.promise.arrives_on)
                for each in await info.context.promises.load(self.plan)
                if each.expected]  # fmt: skip

    @staticmethod
    def of(house: House, case: PlanCase) -> "PlanApproval":
        """The case, persons by name as far as they are known."""
        told = house.persons.told
        open_demands = set(unmet(case, case.demands, case.verdicts))
        return PlanApproval(
            plan=case.plan, chain=case.chain, status=ApprovalStatus(case.status),
            submission=BigInt(case.submission), submitted_by=told(case.submitted_by),
            maker=told(case.maker), escalated_to=list(case.escalated), deadline=case.deadline,
            until=case.until, gap_per_million=BigInt(case.gap_per_million),
            band_per_million=BigInt(case.band_per_million), reason=case.reason,
            demands=[ApprovalDemand(name=one.name, people=people_wanted(case, one),
                                    roles=list(one.roles), reason=one.reason,
                                    is_met=one not in open_demands) for one in case.demands],
            verdicts=[ApprovalVerdict(person=told(one.person), roles=list(one.roles),
                                      on_behalf_of=[told(giver) for giver in sorted(one.by)],
                                      at=one.at, reason=one.reason, mandate=one.mandate)
                      for one in case.verdicts],
            remarks=[ApprovalRemark(kind=one.kind, person=told(one.person), at=one.at,
                                    text=one.text) for one in case.remarks],
        )  # fmt: skip


@strawberry.input(description="A plan, by its whole digest, and why.")
class PlanReasonInput(ActingInput):
    """The reason is kept; say it without a name."""

    plan: str
    reason: str = ""


@strawberry.input(description="What is decided about a submitted plan, and why.")
class DecideInput(PlanReasonInput):
    """`seen` is the `submission` that you looked at: one that came after it is not decided on."""

    seen: int | None = None


@strawberry.input(description="A plan that was carried out, and when it left.")
class CarriedOutInput(PlanReasonInput):
    """`departedOn` is a day (UTC) from the approval to today; null: it left as it was planned."""

    departed_on: date | None = None


@strawberry.input(description="The power to approve, handed to another person.")
class DelegateInput(ActingInput):
    """`to` is a person whom the service knows, by name or pseudonym; without limits for all."""

    chain: str
    to: str
    until: datetime
    reason: str
    since: datetime | None = None
    regions: list[str] = strawberry.field(default_factory=list)
    families: list[str] = strawberry.field(default_factory=list)


@strawberry.input(description="A delegation that ends, by its number.")
class EndDelegationInput(ActingInput):
    """Its giver and its taker may end it."""

    chain: str
    delegation: int


@strawberry.type(description="What was decided, and what has become of the plan.")
class ApprovalRecorded:
    """`event` is null of a dry run, and where it was so already; `delegation` names a new one."""

    plan: str
    status: str
    event: BigInt | None
    delegation: BigInt | None
    replayed: bool
    dry_run: bool
    unknown: list[str] = strawberry.field(
        description="Names that no fact knows, in words: for them it holds for nothing so far."
    )


Outcome = Annotated[ApprovalRecorded | Refused | Conflict, strawberry.union("ApprovalResult")]


@strawberry.type
class ApprovalQueries:
    """Plans that wait for approval, or had it."""

    @described
    async def approvals(
        self, info: Info, chain: str, status: ApprovalStatus | None = None,
        waiting_for_me: bool = False, first: First = 50, after: After = None,
    ) -> Connection[PlanApproval]:  # fmt: skip
        """The inbox: submitted plans of a chain, the last submitted first."""
        context, size = info.context, check_first(first)
        wanted = None if status is None else status.value
        scope = f"approvals/{[chain, wanted, waiting_for_me]}"
        before = context.cursors.read(scope, after) if after else None
        house, person = context.house, context.sight.agent(LOCAL)

        def found() -> list[PlanApproval]:
            cases = deciders.waiting_for(house, person, chain) if waiting_for_me else [
                *house.ledger.state().approvals.cases.values()]  # fmt: skip
            mine = sorted((case for case in cases if case.chain == chain
                           and wanted in (None, case.status)
                           and (before is None or case.submission < before)),
                          key=lambda case: -case.submission)  # fmt: skip
            return [PlanApproval.of(house, case) for case in mine[: size + 1]]

        rows = await context.read(found)
        context.count(len(rows))
        return connection(rows[:size], len(rows) > size, scope, context.cursors,
                          lambda row: int(rows[row].submission))  # fmt: skip

    @described
    async def approval(self, info: Info, plan: str) -> PlanApproval | None:
        """The case of one plan, by its digest; null where nobody submitted it."""
        house = info.context.house
        case = (await info.context.read(house.ledger.state)).approvals.cases.get(plan)
        info.context.count(1)
        return None if case is None else PlanApproval.of(house, case)


@strawberry.type
class ApprovalMutations:
    """What people decide about plans; each is logged under who decides."""

    @described
    async def submit_plan(self, info: Info, input: PlanReasonInput) -> Outcome:  # noqa: A002
        """Submit a saved plan for approval, by the matrix in force."""
        return await _told(info, "submitPlan", input, lambda house, who: approving.submit(
            house, input.plan, who, input.reason))  # fmt: skip

    @described
    async def approve_plan(self, info: Info, input: DecideInput) -> Outcome:  # noqa: A002
        """Approve a plan on the facts of this moment; the last approval reserves its units."""
        return await _told(info, "approvePlan", input, lambda house, who: approving.approve(
            house, input.plan, input.reason, who, input.seen))  # fmt: skip

    @described
    async def decline_plan(self, info: Info, input: DecideInput) -> Outcome:  # noqa: A002
        """Decline a plan for good."""
        return await _told(info, "declinePlan", input, lambda house, who: approving.decline(
            house, input.plan, input.reason, who, input.seen))  # fmt: skip

    @described
    async def return_plan(self, info: Info, input: DecideInput) -> Outcome:  # noqa: A002
        """Ask for a change: the changed plan is another one."""
        return await _told(info, "returnPlan", input, lambda house, who: (
            approving.return_for_change(house, input.plan, input.reason, who, input.seen)
        ))  # fmt: skip

    @described
    async def comment_plan(self, info: Info, input: PlanReasonInput) -> Outcome:  # noqa: A002
        """Say something about a submitted plan; `reason` is the comment."""
        return await _told(info, "commentPlan", input, lambda house, who: approving.comment(
            house, input.plan, input.reason, who))  # fmt: skip

    @described
    async def void_approval(self, info: Info, input: PlanReasonInput) -> Outcome:  # noqa: A002
        """Make void what waits or is approved; what it reserved is free again."""
        return await _told(info, "voidApproval", input, lambda house, who: approving.void(
            house, input.plan, input.reason, who))  # fmt: skip

    @described
    async def report_carried_out(
        self,
        info: Info,
        input: CarriedOutInput,  # noqa: A002
    ) -> Outcome:
        """Say that an approved plan was carried out; what it promised ends as it is counted."""
        return await _told(info, "reportCarriedOut", input, lambda house, who: (
            approving.carried_out(house, input.plan, who, input.reason, input.departed_on)
        ))  # fmt: skip

    @described
    async def delegate_approval(self, info: Info, input: DelegateInput) -> Outcome:  # noqa: A002
        """Hand the power to approve to another person, for a scope and a time."""
        scope = Scope(input.chain, tuple(input.regions), tuple(input.families))

        def delegate(house: House, who: str) -> Decided:
            known = house.persons.find(input.to)
            if known is None:
                raise InputError("the service knows no such person", code="PERSON_UNKNOWN",
                                 hint="`evenkeel persons list` shows whom it knows")  # fmt: skip
            until, since = check_time(input.until), input.since and check_time(input.since)
            return approving.delegate(house, known.pseudonym, input.reason, who, until, scope,
                                      since)  # fmt: skip

        tells = await _tells_names(info, input.chain)
        return await _told(info, "delegateApproval", input, delegate, scope if tells else None)

    @described
    async def end_delegation(self, info: Info, input: EndDelegationInput) -> Outcome:  # noqa: A002
        """End a delegation that you gave or took."""
        return await _told(info, "endDelegation", input, lambda house, who: approving.take_back(
            house, input.delegation, who))  # fmt: skip


async def _tells_names(info: Info, chain: str) -> bool:
    """Whether a caller may be told which names the facts of a chain, or of all, do not have."""
    sight = info.context.sight
    if sight.caller.is_owner:
        return True
    if chain == ANY:
        await info.context.read(sight.everything, DECIDE)
        return True
    view = await info.context.read(sight.view, chain, DECIDE)
    return not all(grant.is_limited for grant in view.grants)


async def _told(
    info: Info, name: str, asked: ActingInput, decide: Callable[[House, str], Decided],
    scope: Scope | None = None,
) -> ApprovalRecorded | Refused | Conflict:  # fmt: skip
    """Decide once under a key. Of the `scope` of what is decided, what no fact knows is told."""
    who, plan = info.context.sight.agent(LOCAL), getattr(asked, "plan", "")

    def work(house: House) -> Account:
        decided = decide(house, who)
        if decided.event is not None:
            unknown = [] if scope is None else unknown_names(house.plainly(), scope)
            return {**_again(house, decided.event), "unknown": unknown}
        case = decided.state.approvals.cases.get(plan)
        return {"plan": plan, "status": case.status if case else "", "event": None,
                "replayed": True}  # fmt: skip

    found = await done(info, name, asked, in_thread(info, work), _again)
    if not isinstance(found, Done):
        return found
    told = found.account
    delegated = None if found.dry_run else told.get("delegation")
    return ApprovalRecorded(
        plan=told["plan"], status=told["status"], event=found.event,
        delegation=None if delegated is None else BigInt(delegated),
        replayed=found.replayed, dry_run=found.dry_run, unknown=told.get("unknown", []),
    )  # fmt: skip


def _again(_: House, event: Event) -> Account:
    said = event.payload
    told = {"plan": said.get("plan", ""), "status": said.get("status", plan_cases.WAITING),
            "event": event.sequence}  # fmt: skip
    if "taker" in said:
        return told | {"status": "delegated", "delegation": event.sequence}
    return told | ({"status": "ended"} if "delegation" in said else {})
