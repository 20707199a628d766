"""Plans as GraphQL types: lines, shortfalls, certificate and what rules closed."""

from dataclasses import fields
from datetime import date, datetime
from typing import Any, Self

import strawberry
from strawberry.scalars import JSON

import ontology.plan
from api.graphql.bigint import BigInt
from api.graphql.confidence import PlanConfidence, confidence_page
from api.graphql.connections import After, Connection, First, check_first, connection
from api.graphql.described import described
from api.graphql.loaders import FACTS_READ, PLANS_READ, Info, Request
from api.graphql.plan_parts import BegunLoads, ExpectedWaste, PlanRemark, Stability
from api.graphql.types import (
    Fact,
    Item,
    Lane,
    Location,
    Node,
    Supplier,
    as_type,
    follow,
    mirrored,
    plain,
)
from api.graphql.wishes import PlanEdit, SharedCapacity
from api.screen.reasons import reason_of
from graph.catalog import Page, PlanEntry
from ontology.errors import AccessError, InputError
from ontology.plan import Assignment, Purchase, Substitution, Transfer
from service.permits.plan_rows import seen_facts, seen_rows

Record = Any


@strawberry.type(description="What proves a plan, in cost units: 1/costScale of a cent.")
class Certificate:
    """The claims of a plan's certificate; `evenkeel verify` checks them without a solver."""

    label: str
    cost: BigInt
    bound: BigInt
    gap: BigInt
    gap_percent: float
    gap_of_gain: float | None
    do_nothing: BigInt | None
    cost_scale: BigInt
    resources: list[SharedCapacity]


@strawberry.type(description="What one rule did to the movements of a plan.")
class RuleResult:
    """Counts of one rule; zero looked at means that it had nothing to say."""

    rule: str
    title: str
    looked_at: BigInt
    closed: BigInt
    warned: BigInt


@strawberry.interface(description="Something that a plan decides, with the facts it rests on.")
class Decided(Node):
    """A line or a shortfall of a plan."""

    chain: strawberry.Private[str | None]
    plan_digest: str
    number: int
    item_id: str
    quantity_units: BigInt

    @described
    async def plan(self, info: Info) -> "Plan":
        """The plan that decided it."""
        return Plan.of(await _entry(info, self.plan_digest))

    @described
    async def item(self, info: Info) -> Item | None:
        """What is moved, bought, served or short."""
        found: Item | None = await self.other(info, "Item", self.item_id)
        return found

    @described
    async def derived_from(self, info: Info) -> list[Fact]:
        """The decisive facts, in the versions that the plan saw."""
        context, is_short = info.context, isinstance(self, Shortfall)
        chain = self.chain or (await _entry(info, self.plan_digest)).plan.chain
        loader = context.shortfall_facts if is_short else context.line_facts
        found = await loader.load((self.plan_digest, self.number)) or ()
        if not await context.is_plain(chain):
            found, labelled = await context.read(
                seen_facts, context.sight.view(chain, FACTS_READ), found
            )
            for fact in labelled:
                context.sight.note_fact(chain, fact.class_name, fact.key)
        context.count(len(found))
        return [as_type(fact) for fact in found]

    async def other(self, info: Info, class_name: str, key: str | None) -> Any:
        """The fact in force that a field names, in the plan's chain."""
        chain = self.chain or (await _entry(info, self.plan_digest)).plan.chain
        return await follow(info, chain, class_name, key)

    @classmethod
    def of(cls, record: Record, chain: str | None = None) -> Self:
        """The row of a record; a field `x_id` is the record's reference `x`."""
        word = "shortfall" if cls.__name__ == "Shortfall" else "line"
        own: dict[str, Any] = {"id": f"plan/{record.plan}/{word}/{record.number}", "chain": chain,
               "plan_digest": record.plan}  # fmt: skip
        return cls(**own, **mirrored(cls, record, tuple(own)))


@strawberry.interface(description="A movement that a plan decides for its first day.")
class Line(Decided):
    """A line of a plan."""

    cost_scaled: BigInt
    departs_on: date
    attention: list[str] = strawberry.field(
        description="The rules of severity Warning that send it to a person."
    )


@strawberry.type(name="Transfer", description="Units that leave one location for another.")
class TransferLine(Line):
    """Mirrors ontology.plan.Transfer."""

    lane_id: str
    origin_id: str
    destination_id: str
    lot_id: str | None
    arrives_on: date
    line_cost_scaled: BigInt

    @described
    async def lane(self, info: Info) -> Lane | None:
        """The lane."""
        found: Lane | None = await self.other(info, "Lane", self.lane_id)
        return found

    @described
    async def origin(self, info: Info) -> Location | None:
        """Where they leave."""
        found: Location | None = await self.other(info, "Location", self.origin_id)
        return found

    @described
    async def destination(self, info: Info) -> Location | None:
        """Where they arrive."""
        found: Location | None = await self.other(info, "Location", self.destination_id)
        return found


@strawberry.type(name="Purchase", description="Units to buy.")
class PurchaseLine(Line):
    """Mirrors ontology.plan.Purchase."""

    supplier_id: str
    destination_id: str
    arrives_on: date
    paid_scaled: BigInt | None

    @described
    async def supplier(self, info: Info) -> Supplier | None:
        """Who sells."""
        found: Supplier | None = await self.other(info, "Supplier", self.supplier_id)
        return found

    @described
    async def destination(self, info: Info) -> Location | None:
        """Where they arrive."""
        found: Location | None = await self.other(info, "Location", self.destination_id)
        return found


@strawberry.type(name="Substitution", description="Units that stand in for another item.")
class SubstitutionLine(Line):
    """Mirrors ontology.plan.Substitution."""

    replaces_id: str
    origin_id: str
    lot_id: str | None

    @described
    async def replaces(self, info: Info) -> Item | None:
        """What they stand in for."""
        found: Item | None = await self.other(info, "Item", self.replaces_id)
        return found

    @described
    async def origin(self, info: Info) -> Location | None:
        """Where they are."""
        found: Location | None = await self.other(info, "Location", self.origin_id)
        return found


@strawberry.type(name="Assignment", description="An order served from a location.")
class AssignmentLine(Line):
    """Mirrors ontology.plan.Assignment."""

    order_id: str
    customer_id: str
    origin_id: str
    origin_port_id: str | None
    carrier_id: str | None
    handling_cost_scaled: BigInt
    freight_cost_scaled: BigInt

    @described
    async def origin(self, info: Info) -> Location | None:
        """Where it is served from."""
        found: Location | None = await self.other(info, "Location", self.origin_id)
        return found


@strawberry.type(description="Demand that a plan leaves open, and why.")
class Shortfall(Decided):
    """Mirrors ontology.plan.Shortfall."""

    kind: str
    reason_sealed: strawberry.Private[str]
    location_id: str | None
    order_id: str | None
    on: date | None
    rule: str
    quantity_units: BigInt = strawberry.field(
        description="Of an order its units; of a forecast those that would reach the service "
        "level; of stated demand the most that can be owed."
    )

    @described
    async def reason(self, info: Info) -> str:
        """Why it stays, with amounts in the plan's currency and rules by their short names."""
        document, row = await self._stated(info)
        scale, floors = document["cost_scale"], document["suppressed"].get("floors", ())
        return reason_of({**row, "reason": self.reason_sealed}, scale, document["currency"], floors)

    @described
    async def expected_short_millionths(self, info: Info) -> BigInt | None:
        """Mean units owed at the end of that day, in millionths; null of an order."""
        _, row = await self._stated(info)
        found: BigInt | None = row.get("expected_short_millionths")
        return found

    async def _stated(self, info: Info) -> tuple[dict[str, Any], dict[str, Any]]:
        """The plan's document, and this shortfall as it states it."""
        entry = await _entry(info, self.plan_digest)
        document = await info.context.documents.load(entry.artifact)
        return document, document["shortfalls"][self.number]

    @described
    async def location(self, info: Info) -> Location | None:
        """Where it is short."""
        found: Location | None = await self.other(info, "Location", self.location_id)
        return found


@strawberry.type(description="A certified plan: immutable, known by its digest.")
class Plan(Node):
    """A plan; amounts are in cost units, 1/costScale of a cent."""

    entry: strawberry.Private[PlanEntry]
    digest: str
    chain: str
    snapshot: str
    release: str
    regime: str
    label: str
    cost_scaled: BigInt
    bound_scaled: BigInt
    gap_scaled: BigInt
    cost_scale: BigInt
    line_count: BigInt
    shortfall_count: BigInt

    @described
    def event_sequence(self) -> BigInt:
        """The event that saved it."""
        return BigInt(self.entry.event_sequence)

    @described
    def agent(self) -> str:
        """Who asked for it."""
        return self.entry.agent

    @described
    def made_at(self) -> datetime:
        """When it was made."""
        return self.entry.made_at

    @described
    async def lines(self, info: Info, first: First = 50, after: After = None) -> Connection[Line]:
        """Its lines by number."""
        scope = f"{self.id}/lines"
        begin = info.context.cursors.read(scope, after) if after else 0
        page = await plan_rows(info, self, "line", begin, check_first(first))
        nodes = [as_line(row, self.chain) for row in page.rows]
        return connection(
            nodes, page.has_more, scope, info.context.cursors, lambda row: nodes[row].number
        )

    @described
    async def shortfalls(
        self, info: Info, first: First = 50, after: After = None
    ) -> Connection[Shortfall]:
        """Its shortfalls by number."""
        scope = f"{self.id}/shortfalls"
        begin = info.context.cursors.read(scope, after) if after else 0
        page = await plan_rows(info, self, "shortfall", begin, check_first(first))
        nodes = [Shortfall.of(row, self.chain) for row in page.rows]
        return connection(
            nodes, page.has_more, scope, info.context.cursors, lambda row: nodes[row].number
        )

    @described
    async def certificate(self, info: Info) -> Certificate:
        """What proves it."""
        document = await info.context.documents.load(self.entry.artifact)
        proof = document["certificate"]
        return Certificate(
            label=proof["label"], cost=proof["cost"], bound=proof["bound"], gap=proof["gap"],
            gap_percent=proof["gap_percent"], gap_of_gain=proof["gap_of_gain"],
            do_nothing=proof["do_nothing"], cost_scale=self.cost_scale,
            resources=[SharedCapacity(**row) for row in proof.get("resources", ())],
        )  # fmt: skip

    @described
    async def loads(self, info: Info) -> list[BegunLoads]:
        """The truck loads and shipments that it begins."""
        document = await info.context.documents.load(self.entry.artifact)
        return [BegunLoads.of(row) for row in document["certificate"].get("loads", ())]

    @described
    async def waste(self, info: Info) -> list[ExpectedWaste]:
        """What it expects to lose of lots that expire in its window."""
        document = await info.context.documents.load(self.entry.artifact)
        return [ExpectedWaste.of(row) for row in document["waste"] or ()]

    @described
    async def remarks(self, info: Info) -> list[PlanRemark]:
        """What it could not consider."""
        document = await info.context.documents.load(self.entry.artifact)
        return [PlanRemark.of(row) for row in document["remarks"] or ()]

    @described
    async def stability(self, info: Info) -> Stability | None:
        """How far it keeps to the plan before, where that was asked for."""
        document = await info.context.documents.load(self.entry.artifact)
        return Stability.of(document["stability"]) if document["stability"] else None

    @described
    async def edits(self, info: Info) -> list[PlanEdit]:
        """What persons asked of its lines."""
        document = await info.context.documents.load(self.entry.artifact)
        return [PlanEdit.of(row) for row in document["edits"] or ()]

    @described
    async def previous(self, info: Info) -> str | None:
        """The digest of the plan that the edits were made on."""
        document = await info.context.documents.load(self.entry.artifact)
        found: str | None = document["previous"]
        return found

    @described
    async def rule_results(self, info: Info) -> list[RuleResult]:
        """What each rule looked at, closed and warned of."""
        document = await info.context.documents.load(self.entry.artifact)
        return _rule_results(info.context, self.entry.plan.release, document["suppressed"])

    @described
    async def comparison(self, info: Info) -> JSON:
        """The plan beside doing nothing and, where known, what was done."""
        document = await info.context.documents.load(self.entry.artifact)
        found: JSON = plain(document["comparison"])
        return found

    @described
    async def confidence(self, info: Info) -> PlanConfidence:
        """How far it could be trusted when it was made; `planAutonomy` tells it as of now."""
        return await confidence_page(info, self.entry.artifact)

    @classmethod
    def of(cls, entry: PlanEntry) -> Self:
        """The plan of an entry."""
        record = entry.plan
        own: dict[str, Any] = {"id": f"plan/{record.digest}", "entry": entry}
        for part in fields(cls):
            if part.init and part.name not in own:
                own[part.name] = getattr(record, part.name)
        return cls(**own)


_LINES: dict[type, type[Line]] = {
    Transfer: TransferLine, Purchase: PurchaseLine, Assignment: AssignmentLine,
    Substitution: SubstitutionLine,
}  # fmt: skip


def as_line(record: Record, chain: str | None = None) -> Line:
    """The GraphQL object of a line's record."""
    return _LINES[type(record)].of(record, chain)


async def _entry(info: Info, digest: str) -> PlanEntry:
    entry = await info.context.plans.load(digest)
    if entry is None:
        raise InputError(f"there is no plan `{digest}`", code="PLAN_UNKNOWN",
                         hint="name it by its whole digest; `plans` lists them")  # fmt: skip
    return entry


def _rule_results(
    request: Request, release: str, suppressed: dict[str, dict[str, int]]
) -> list[RuleResult]:
    titles = {rule.iri: rule.title for rule in request.house.release_at(release).rules}
    looked, closed, warned = (
        suppressed.get(name, {}) for name in ("focus_counts", "by_rule", "warned")
    )
    return [
        RuleResult(
            rule=rule, title=titles.get(rule, rule),  # a rule of an earlier release has its IRI
            looked_at=BigInt(looked.get(rule, 0)), closed=BigInt(closed.get(rule, 0)),
            warned=BigInt(warned.get(rule, 0)),
        )
        for rule in sorted({*looked, *closed, *warned})
    ]  # fmt: skip


def decided(record: Record, chain: str) -> Decided:
    """The GraphQL object of a line or a shortfall."""
    is_short = isinstance(record, ontology.plan.Shortfall)
    return Shortfall.of(record, chain) if is_short else as_line(record, chain)


async def plan_by_digest(info: Info, digest: str) -> Plan | None:
    """A plan that is saved, None where there is none of a chain that the caller sees."""
    entry = await info.context.plans.load(digest)
    if entry is None:
        return None
    try:
        await info.context.is_plain(entry.plan.chain, PLANS_READ)
    except AccessError:
        return None
    return Plan.of(entry)


async def plan_rows(info: Info, plan: Plan, word: str, after: int, first: int) -> Page[Any]:
    """Lines or shortfalls of a plan by number: of those that the caller sees, the first."""
    context = info.context
    if await context.is_plain(plan.chain, PLANS_READ):
        loader: Any = context.lines if word == "line" else context.shortfalls
        found: Page[Any] = await loader.load((plan.digest, after, first))
        return found
    view = context.sight.view(plan.chain, PLANS_READ)
    page, labelled = await context.read(
        seen_rows, context.house.catalog, view, plan.digest, word, after, first
    )
    for row in labelled:
        context.sight.exposures.note(plan.chain, type(row).__name__, [f"{row.plan}/{row.number}"])
    context.count(len(page.rows))
    return page
