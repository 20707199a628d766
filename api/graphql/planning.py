"""Mutations that plan: a plan, a plan with wishes, a forecast."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date
from enum import Enum
from functools import partial
from typing import Annotated, Any

import strawberry
from strawberry.scalars import JSON

from api.graphql.acting import (
    ActingInput,
    ClassCount,
    Conflict,
    Done,
    Refused,
    counts_of,
    done,
    in_thread,
)
from api.graphql.bigint import BigInt
from api.graphql.described import described
from api.graphql.loaders import Info
from api.graphql.plans import Plan, plan_by_digest
from api.graphql.types import plain
from api.graphql.weighing import Objective
from api.graphql.wishes import EditInput
from ontology.edits import Edit
from ontology.errors import EvenkeelError, InputError
from ontology.events import Event
from ontology.objectives import PLAIN, Weights
from service.decision import PlanRequest
from service.forecast import make_forecast
from service.house import House
from service.objectives import asked_in
from service.planning import make_plan
from service.requests import Account, forecast_again
from service.stability import steady_request
from solver.model.stages import alone

LOCAL = "local"
"""Who asks for a plan with the local token, where nobody is named as its owner."""


@strawberry.enum(description="What a plan's cost counts.")
class CostPart(Enum):
    """The cost parts that a plan can be asked to minimise."""

    WAREHOUSE = "warehouse"
    FREIGHT = "freight"


@strawberry.input(description="What counts how much: 1000 is what the facts say.")
class WeightsInput:
    """`worstPercent` is the share of demand's outcomes, the highest, that shortage counts in."""

    service_per_mille: int = PLAIN.service_per_mille
    landed_per_mille: int = PLAIN.landed_per_mille
    turnover_per_mille: int = PLAIN.turnover_per_mille
    carbon_per_mille: int = PLAIN.carbon_per_mille
    carbon_price_cents_per_tonne: int = 0
    worst_percent: int = PLAIN.worst_percent

    def asked(self) -> Weights:
        """The same for the service, which says what is out of range."""
        return Weights(**asdict(self))


@strawberry.input(description="A plan of the chain to change little against.")
class SteadyInput:
    """At most so many lines or units change, where that is stated."""

    plan: str
    most_lines: int | None = None
    most_units: int | None = None


@strawberry.input(description="The plan that is asked for.")
class PlanInput(ActingInput):
    """A chain, the cost parts to minimise, and the first day (by default the first with demand).

    `weights` weigh objectives; an `order` of them holds each at its best before the next counts.
    """

    chain: str
    cost_parts: list[CostPart] = strawberry.field(
        default_factory=lambda: [CostPart.WAREHOUSE, CostPart.FREIGHT]
    )
    starts_on: date | None = None
    edits: list[EditInput] = strawberry.field(default_factory=list)
    previous: str | None = None
    weights: WeightsInput | None = None
    order: list[Objective] = strawberry.field(default_factory=list)
    steady: SteadyInput | None = None

    def asked(self, house: House, before: Plan | None, agent: str) -> PlanRequest:
        """The same for the service. Raises InputError `OBJECTIVES_BOTH`, `PLAN_UNKNOWN`."""
        request = PlanRequest(
            chain=self.chain, cost_parts=frozenset(part.value for part in self.cost_parts),
            starts_on=self.starts_on, edits=tuple(sorted(edit.asked() for edit in self.edits)),
            previous=self.previous, weights=self._weights(), agent=agent,
            first=tuple(one.value for one in self.order[:-1]),
        )  # fmt: skip
        if self.steady is None:
            return request
        document = house.store.get_document(_known(before, self.steady.plan).entry.artifact)
        return steady_request(house, request, document, self.steady.most_lines,
                              self.steady.most_units)  # fmt: skip

    def _weights(self) -> Weights:
        if not self.order:
            return PLAIN if self.weights is None else self.weights.asked()
        if self.weights is not None or len(set(self.order)) < len(self.order):
            raise InputError("objectives are weighed, or come one after another, each once",
                             code="OBJECTIVES_BOTH",
                             hint="give `weights`, or an `order`")  # fmt: skip
        return alone(PLAIN, self.order[-1].value)


@strawberry.input(description="Wishes for the lines of a plan, which keeps those that it had.")
class EditPlanInput(ActingInput):
    """The new plan is made on the present facts, with the objectives of `plan` (a digest)."""

    plan: str
    edits: list[EditInput]


@strawberry.input(description="The forecast that is asked for.")
class ForecastInput(ActingInput):
    """From the day after the last observation, unless another first day is given."""

    chain: str
    starts_on: date | None = None


@strawberry.type(description="The plan that was made, or that already stood.")
class PlanMade:
    """A saved plan; `replayed` tells that the same decision already stood.

    `overtaken`: facts of its chain have come after those that it was made from; `planDrift` tells
    whether it holds.
    """

    plan: Plan
    replayed: bool
    overtaken: bool


@strawberry.type(description="The plan that would be made: nothing is saved.")
class PlanDrafted:
    """`digest` is the one that the plan gets when it is made on the same facts.

    `replayed`: the same decision stands already. Costs are in 1/`costScale` of a cent of
    `currency`.
    """

    digest: str
    chain: str
    replayed: bool
    label: str
    currency: str
    cost_scaled: BigInt
    bound_scaled: BigInt
    gap_scaled: BigInt
    cost_scale: BigInt
    lines: list[JSON]
    shortfalls: list[JSON]


@strawberry.type(description="The forecast that was made, or would be.")
class ForecastMade:
    """`event` is null of a dry run; `replayed`: the same forecast was known."""

    model: str
    starts_on: date
    counts: list[ClassCount]
    event: BigInt | None
    replayed: bool
    dry_run: bool


PlanOutcome = Annotated[
    PlanMade | PlanDrafted | Refused | Conflict, strawberry.union("MakePlanResult")
]


@strawberry.type
class PlanMutations:
    """Plans and forecasts."""

    @described
    async def make_plan(self, info: Info, input: PlanInput) -> PlanOutcome:  # noqa: A002
        """Plan a chain on its present facts, and save the plan."""
        house, agent = info.context.house, info.context.sight.agent(LOCAL)
        before = await plan_by_digest(info, input.steady.plan) if input.steady else None
        return await _planned(info, "makePlan", input, partial(input.asked, house, before, agent))

    @described
    async def edit_plan(
        self,
        info: Info,
        input: EditPlanInput,  # noqa: A002
    ) -> Annotated[PlanMade | PlanDrafted | Refused | Conflict, strawberry.union("EditPlanResult")]:
        """A new plan with wishes for lines of a plan, and with those that it has already."""
        house = info.context.house
        entry = await plan_by_digest(info, input.plan)
        agent = info.context.sight.agent(LOCAL)
        request = partial(_edited, house, entry, input, agent)
        return await _planned(info, "editPlan", input, request)

    @described
    async def make_forecast(
        self,
        info: Info,
        input: ForecastInput,  # noqa: A002
    ) -> Annotated[ForecastMade | Refused | Conflict, strawberry.union("MakeForecastResult")]:
        """Forecast the demand of a chain from what was observed, and load the forecast."""

        def forecast(house: House) -> Account:
            made = make_forecast(house, input.chain, input.starts_on, info.context.agent)
            return {"model": made.model, "starts_on": made.starts_on.isoformat(),
                    "counts": dict(made.counts), "event": made.event.sequence,
                    "replayed": made.replayed}  # fmt: skip

        found = await done(info, "makeForecast", input, in_thread(info, forecast), forecast_again)
        return _forecast(found) if isinstance(found, Done) else found


async def _planned(
    info: Info, name: str, asked: ActingInput, request: Callable[[], PlanRequest]
) -> PlanMade | PlanDrafted | Refused | Conflict:
    async def do(house: House) -> Account:
        return await info.context.plan(info.context.sight.held(partial(_made, house, request)))

    found = await done(info, name, asked, do, _again)
    if not isinstance(found, Done):
        return found
    if found.dry_run:
        return _drafted(found)
    digest = found.account["plan"]
    plan = await plan_by_digest(info, digest)
    if plan is None:
        raise EvenkeelError("the plan is saved and not yet visible", code="NOT_YET_VISIBLE",
                            hint="ask for it by its digest")  # fmt: skip
    document = await info.context.documents.load(plan.entry.artifact)
    moved = info.context.house.projection.log.moved
    overtaken = await info.context.read(partial(moved, plan.chain, after=document["made_from"]))
    return PlanMade(plan=plan, replayed=found.replayed, overtaken=overtaken)


def _made(house: House, request: Callable[[], PlanRequest]) -> Account:
    made = make_plan(house, request())
    account = {"plan": made.saved.digest, "event": made.saved.event.sequence,
               "replayed": made.saved.replayed}  # fmt: skip
    if house.projection.log.rehearses:
        return account | {"decision": made.document["decision"]}
    return account


def _again(_: House, event: Event) -> Account:
    return {"plan": event.payload["plan"], "event": event.sequence}


def _edited(house: House, plan: Plan | None, asked: EditPlanInput, agent: str) -> PlanRequest:
    plan = _known(plan, asked.plan)
    decision = house.store.get_document(plan.entry.artifact)["decision"]
    edits = {Edit(**stated) for stated in decision["edits"]}
    edits |= {edit.asked() for edit in asked.edits}
    return PlanRequest(
        decision["chain"], frozenset(decision["cost_parts"]), edits=tuple(sorted(edits)),
        previous=plan.digest, agent=agent, **asked_in(decision),
    )  # fmt: skip


def _known(plan: Plan | None, digest: str) -> Plan:
    if plan is None:
        raise InputError(f"there is no plan `{digest[:100]}`", code="PLAN_UNKNOWN",
                         hint="give the whole digest")  # fmt: skip
    return plan


def _drafted(found: Done) -> PlanDrafted:
    decision: Mapping[str, Any] = found.account["decision"]
    proof = decision["certificate"]
    return PlanDrafted(
        digest=found.account["plan"], chain=decision["chain"], replayed=found.replayed,
        label=proof["label"], currency=decision["currency"] or "", cost_scaled=proof["cost"],
        bound_scaled=proof["bound"], gap_scaled=proof["gap"],
        cost_scale=decision["network"]["cost_scale"],
        lines=[plain(row) for row in decision["lines"]],
        shortfalls=[plain(row) for row in decision["shortfalls"]],
    )  # fmt: skip


def _forecast(found: Done) -> ForecastMade:
    told = found.account
    return ForecastMade(
        model=told["model"], starts_on=date.fromisoformat(told["starts_on"]),
        counts=counts_of(told["counts"]), event=found.event, replayed=found.replayed,
        dry_run=found.dry_run,
    )  # fmt: skip
