"""What may be done over GraphQL: each mutation is one verb of the service."""

from datetime import date
from enum import Enum
from typing import Annotated

import strawberry

from api.graphql.described import described
from api.graphql.loaders import Info
from api.graphql.plans import Plan, plan_by_digest
from api.graphql.syncing import FeedSynced, SyncFeedInput, synced_feed
from api.graphql.wishes import EditInput
from ontology.errors import EvenkeelError, InputError, SolverError, StateError
from service.decision import PlanRequest
from service.doors.door_words import Door, in_words_of
from service.planning import make_plan

LOCAL = "local"
"""Who asks for a plan with the local token, where nobody is named as its owner."""


@strawberry.enum(description="What a plan's cost counts.")
class CostPart(Enum):
    """The cost parts that a plan can be asked to minimise."""

    WAREHOUSE = "warehouse"
    FREIGHT = "freight"


@strawberry.input(description="The plan that is asked for.")
class PlanInput:
    """A chain, the cost parts to minimise, and the first day (by default the first with demand)."""

    chain: str
    cost_parts: list[CostPart] = strawberry.field(
        default_factory=lambda: [CostPart.WAREHOUSE, CostPart.FREIGHT]
    )
    starts_on: date | None = None
    edits: list[EditInput] = strawberry.field(default_factory=list)
    previous: str | None = None


@strawberry.type(description="The plan that was made, or that already stood.")
class PlanMade:
    """A saved plan; `replayed` tells that the same decision already stood."""

    plan: Plan
    replayed: bool


@strawberry.type(description="Why there is no plan, and what would help.")
class Refused:
    """A refusal with the code that every surface shares."""

    code: str
    message: str
    hint: str


@strawberry.type(description="What may be done.")
class Mutation:
    """Each mutation is one verb of the service."""

    @described
    async def make_plan(
        self,
        info: Info,
        input: PlanInput,  # noqa: A002
    ) -> Annotated[PlanMade | Refused, strawberry.union("MakePlanResult")]:
        """Plan a chain on its present facts, and save the plan."""
        parts = frozenset(part.value for part in input.cost_parts)
        request = PlanRequest(
            chain=input.chain, cost_parts=parts, starts_on=input.starts_on,
            edits=tuple(sorted(edit.asked() for edit in input.edits)), previous=input.previous,
            agent=info.context.sight.agent(LOCAL),
        )  # fmt: skip
        try:
            made = await info.context.plan(make_plan, info.context.house, request)
        except (InputError, StateError, SolverError) as refusal:
            return Refused(code=refusal.code, message=str(refusal), hint=refusal.hint)
        plan = await plan_by_digest(info, made.saved.digest)
        if plan is None:
            raise EvenkeelError("the plan is saved and not yet visible", code="NOT_YET_VISIBLE",
                                hint="ask for it by its digest")  # fmt: skip
        return PlanMade(plan=plan, replayed=made.saved.replayed)

    @described
    async def sync_feed(
        self,
        info: Info,
        input: SyncFeedInput,  # noqa: A002
    ) -> Annotated[FeedSynced | Refused, strawberry.union("SyncFeedResult")]:
        """Load the text of a file by the mapping of its source, or tell what that would change."""
        try:
            return await synced_feed(info, input)
        except (InputError, StateError) as refusal:
            hint = in_words_of(Door.GRAPHQL, refusal.hint)
            return Refused(code=refusal.code, message=str(refusal), hint=hint)
