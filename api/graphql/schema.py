"""The GraphQL schema: what may be asked; what may be done is in `mutations`."""

import re
from datetime import date
from typing import Annotated, Any

import strawberry
from graphql import GraphQLError
from strawberry.extensions import DisableIntrospection, SchemaExtension, ValidationCache
from strawberry.printer import print_schema
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from api.graphql.approvals import ApprovalQueries
from api.graphql.asking import TableQueries
from api.graphql.auditing import AuditQueries
from api.graphql.autonomy import AutonomyQueries
from api.graphql.backtesting import BacktestQueries
from api.graphql.bigint import SCALARS, BigInt
from api.graphql.connections import After, Connection, First, check_first, connection
from api.graphql.described import described
from api.graphql.explanations import (
    Inferred,
    PlanDifference,
    PlanDrift,
    WhyLine,
    WhyPlace,
    difference_page,
    drift_page,
    inferred_list,
    why_line_page,
    why_place_page,
)
from api.graphql.feeding import FeedQueries
from api.graphql.following import Subscription
from api.graphql.governing import GovernanceQueries
from api.graphql.guarding import guard
from api.graphql.history import (
    ConsistencyProof,
    Event,
    InclusionProof,
    LogHead,
    Path,
    SetAside,
    consistency_proof,
    decided_from,
    events_page,
    inclusion_proof,
    path_down,
)
from api.graphql.identities import IdentityQueries
from api.graphql.impact import Failure, Impact, SinglePoint, impact_page, single_points_page
from api.graphql.kpis import Kpi, kpis_page
from api.graphql.limits import document_within_limits
from api.graphql.loaders import PLANS_READ, Info
from api.graphql.moments import When
from api.graphql.mutations import Mutation
from api.graphql.overseeing import AccessQueries
from api.graphql.plans import (
    AssignmentLine,
    Decided,
    Plan,
    PurchaseLine,
    SubstitutionLine,
    TransferLine,
    decided,
    plan_by_digest,
    plan_rows,
)
from api.graphql.pricing import Price, prices_page
from api.graphql.reading import DirectExecution, read_directly
from api.graphql.reconciling import ReconciliationQueries
from api.graphql.release_words import ReleaseWordQueries
from api.graphql.releases import ReleaseQueries
from api.graphql.reports import ReportQueries
from api.graphql.schedule import ScheduleQueries
from api.graphql.settling import RowQueries
from api.graphql.signing import SigningQueries
from api.graphql.stops import StopQueries
from api.graphql.types import (
    Fact,
    Item,
    Lane,
    Location,
    Node,
    Offer,
    OtherFact,
    SalesOrder,
    StockPosition,
    Supplier,
    facts_page,
    found_fact,
    scope_of,
)
from api.graphql.variables import check_variables
from api.graphql.weighing import Frontier, Objective, frontier_page
from ontology.errors import AccessError
from ontology.vocabulary import MEASUREMENTS
from service.access import chains_seen
from service.house import AsOf

_DIGEST = re.compile(r"[0-9a-f]{64}")
_NUMBER = re.compile(r"[0-9]{1,9}")


@strawberry.type(description="A supply chain: a closed world of facts.")
class Chain(Node):
    """A supply chain with how it was filled."""

    name: str
    feeds: BigInt
    last_feed: BigInt

    @described
    async def plans(self, info: Info, first: First = 50, after: After = None) -> Connection[Plan]:
        """Its plans, the latest first."""
        return await _plans(info, self.name, first, after)


async def _facts(
    info: Info, chain: str, class_name: str, as_of: When, first: int, after: str | None
) -> Connection[Any]:
    context, asked = info.context, AsOf() if as_of is None else as_of.asked()
    is_now = as_of is None and class_name not in MEASUREMENTS  # those are no nodes
    moment = await context.present(chain) if is_now else context.moment(chain, asked)
    scope = scope_of(f"{chain}/{class_name}", moment)
    begin, size = context.cursors.read(scope, after) if after else "", check_first(first)
    if moment is None:
        page = await context.read(
            context.house.catalog.facts, chain, class_name, after=begin, first=size
        )
    else:
        page = await context.read(moment.facts, class_name, after=begin, first=size)
    context.count(len(page.rows))
    found: Connection[Any] = facts_page(info, page, scope, moment)
    return found


async def _plans(info: Info, chain: str, first: int, after: str | None) -> Connection[Plan]:
    scope, catalog = f"plans/{chain}", info.context.house.catalog
    await info.context.is_plain(chain, PLANS_READ)
    before = {"before": info.context.cursors.read(scope, after)} if after else {}
    page = await info.context.read(catalog.plans, chain, first=check_first(first), **before)
    info.context.count(len(page.rows))
    rows = page.rows
    return connection(
        [Plan.of(row) for row in rows], page.has_more, scope, info.context.cursors,
        lambda row: rows[row].event_sequence,
    )  # fmt: skip


async def _part_of_plan(info: Info, digest: str, word: str, number: int) -> Node | None:
    plan = await plan_by_digest(info, digest)
    if plan is None:
        return None
    page = await plan_rows(info, plan, word, number - 1, 1)
    return next((decided(row, plan.chain) for row in page.rows if row.number == number), None)


async def _event(info: Info, sequence: int) -> Event | None:
    try:
        await info.context.read(info.context.sight.everything, "log.read")
    except AccessError:
        return None
    page = await info.context.read(info.context.house.catalog.events, after=sequence - 1, first=1)
    return next((Event.of(row) for row in page.rows if row.sequence == sequence), None)


async def _node(info: Info, name: str) -> Node | None:
    match name.split("/"):
        case ["plan", digest] if _DIGEST.fullmatch(digest):
            return await plan_by_digest(info, digest)
        case ["plan", digest, "line" | "shortfall" as word, number] if _NUMBER.fullmatch(number):
            return await _part_of_plan(info, digest, word, int(number))
        case ["event", number] if _NUMBER.fullmatch(number):
            return await _event(info, int(number))
        case ["chain", chain]:
            return next((found for found in await _chains(info) if found.name == chain), None)
    found: Node | None = await found_fact(info, name.split("/", maxsplit=1)[0], name)
    return found


async def _chains(info: Info) -> list[Chain]:
    context = info.context
    every = await context.read(context.house.catalog.chains)
    seen = await context.read(chains_seen, context.sight, [entry.chain for entry in every])
    found = [entry for entry in every if entry.chain in seen]
    info.context.count(len(found))
    return [
        Chain(id=strawberry.ID(f"chain/{entry.chain}"), name=entry.chain,
              feeds=BigInt(entry.feeds), last_feed=BigInt(entry.last_feed))
        for entry in found
    ]  # fmt: skip


@strawberry.type(description="What may be asked. Lists of facts show what is in force now.")
class Query(
    TableQueries, AuditQueries, RowQueries, IdentityQueries, ReconciliationQueries, FeedQueries,
    GovernanceQueries, ReleaseQueries, ReleaseWordQueries, SigningQueries, AccessQueries,
    BacktestQueries, ReportQueries, ApprovalQueries, StopQueries, AutonomyQueries,
    ScheduleQueries,
):  # fmt: skip
    """Root resolvers are async: a plain one would run on the event loop's own thread."""

    @described
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:  # noqa: A002
        """Anything that has an id, by it."""
        return await _node(info, id)

    @described
    async def chains(self, info: Info) -> list[Chain]:
        """All supply chains, by name."""
        return await _chains(info)

    @described
    async def items(
        self, info: Info, chain: str, as_of: When = None, first: First = 50, after: After = None
    ) -> Connection[Item]:
        """Items by key."""
        return await _facts(info, chain, "Item", as_of, first, after)

    @described
    async def locations(
        self, info: Info, chain: str, as_of: When = None, first: First = 50, after: After = None
    ) -> Connection[Location]:
        """Locations by key."""
        return await _facts(info, chain, "Location", as_of, first, after)

    @described
    async def suppliers(
        self, info: Info, chain: str, as_of: When = None, first: First = 50, after: After = None
    ) -> Connection[Supplier]:
        """Suppliers by key."""
        return await _facts(info, chain, "Supplier", as_of, first, after)

    @described
    async def offers(
        self, info: Info, chain: str, as_of: When = None, first: First = 50, after: After = None
    ) -> Connection[Offer]:
        """Offers by key."""
        return await _facts(info, chain, "Offer", as_of, first, after)

    @described
    async def lanes(
        self, info: Info, chain: str, as_of: When = None, first: First = 50, after: After = None
    ) -> Connection[Lane]:
        """Lanes by key."""
        return await _facts(info, chain, "Lane", as_of, first, after)

    @described
    async def stock(
        self, info: Info, chain: str, as_of: When = None, first: First = 50, after: After = None
    ) -> Connection[StockPosition]:
        """Stock positions by key."""
        return await _facts(info, chain, "StockPosition", as_of, first, after)

    @described
    async def orders(
        self, info: Info, chain: str, as_of: When = None, first: First = 50, after: After = None
    ) -> Connection[SalesOrder]:
        """Sales orders by key."""
        return await _facts(info, chain, "SalesOrder", as_of, first, after)

    @described
    async def facts(
        self, info: Info, chain: str, class_name: str, as_of: When = None, first: First = 50,
        after: After = None,
    ) -> Connection[Fact]:  # fmt: skip
        """Facts of any class by key."""
        return await _facts(info, chain, class_name, as_of, first, after)

    @described
    async def plans(
        self, info: Info, chain: str, first: First = 50, after: After = None
    ) -> Connection[Plan]:
        """Plans of a chain, the latest first."""
        return await _plans(info, chain, first, after)

    @described
    async def plan(self, info: Info, digest: str) -> Plan | None:
        """One plan by its digest."""
        return await plan_by_digest(info, digest)

    @described
    async def kpis(
        self, info: Info, chain: str, plan: str | None = None, ids: list[str] | None = None,
        as_of: When = None,
    ) -> list[Kpi]:  # fmt: skip
        """Key figures of a chain's facts, or of a plan of it by its digest; all, or some.

        To page through the rows of one, ask for that one alone.
        """
        return await kpis_page(info, chain, plan, ids, None if as_of is None else as_of.asked())

    @described
    async def trace(self, info: Info, plan: str, line: int) -> Path:
        """From a line down to the rows of files that it rests on."""
        return await path_down(info, plan, line)

    @described
    async def inferred(
        self, info: Info, chain: str, word: str | None = None, first: First = 50,
        after: str | None = None,
    ) -> list[Inferred]:  # fmt: skip
        """What follows from the facts of a chain, under a word (such as `within`) or all, proved.

        In order of `statement`; `after` is one. Pages have 200 at most.
        """
        return await inferred_list(info, chain, word, first, after)

    @described
    async def why_line(self, info: Info, plan: str, line: int) -> WhyLine:
        """Why a line is in a plan: what it saves, its runner-up, and what would flip it."""
        return await why_line_page(info, plan, line)

    @described
    async def why_place(self, info: Info, plan: str, item: str, location: str) -> WhyPlace:
        """Why a plan brings an item to a place or not: each way in, and how it stands."""
        return await why_place_page(info, plan, item, location)

    @described
    async def plan_difference(self, info: Info, before: str, after: str) -> PlanDifference:
        """What is different between two plans of a chain, and which changes made it so."""
        return await difference_page(info, before, after)

    @described
    async def frontier(
        self, info: Info, chain: str, first: Objective, second: Objective, points: int = 7,
        carbon_price: int = 0,
    ) -> Frontier:  # fmt: skip
        """What one objective costs in another; `carbonPrice` is of a tonne, in cents."""
        return await frontier_page(info, chain, (first, second), points, carbon_price)

    @described
    async def prices(self, info: Info, chain: str, of: list[str]) -> list[Price]:
        """What rules and limits cost (`cold-chain`, `budget:freight`): a plan without each."""
        return await prices_page(info, chain, of)

    @described
    async def plan_drift(self, info: Info, plan: str) -> PlanDrift:
        """Whether a plan still holds on the present facts, and what has to be planned again."""
        return await drift_page(info, plan)

    @described
    async def decided_from(
        self, info: Info, uri: str, first: First = 50, after: After = None
    ) -> Connection[Decided]:
        """From a fact up to the lines and shortfalls that rest on it."""
        return await decided_from(info, uri, check_first(first), after)

    @described
    async def quarantine(
        self, info: Info, event: int, first: First = 50, after: After = None
    ) -> Connection[SetAside]:
        """Rows that a feed's event set aside."""
        scope = f"quarantine/{event}"
        begin = info.context.cursors.read(scope, after) if after else -1
        page = await info.context.read(
            info.context.house.catalog.quarantined, event, after=begin, first=check_first(first)
        )
        info.context.count(len(page.rows))
        return connection(
            [SetAside.of(row) for row in page.rows], page.has_more, scope, info.context.cursors,
            lambda row: begin + 1 + row,
        )  # fmt: skip

    @described
    async def impact(
        self, info: Info, chain: str, failures: list[Failure], starts_on: date | None = None
    ) -> Impact:
        """What depends on one or more subjects that go down at once."""
        return await impact_page(info, chain, failures, starts_on)

    @described
    async def single_points_of_failure(
        self,
        info: Info,
        chain: str,
        starts_on: date | None = None,
        first: First = 50,
        after: After = None,
    ) -> Connection[SinglePoint]:
        """What leaves demand without any source when it alone goes down, most value first."""
        return await single_points_page(info, chain, starts_on, first, after)

    @described
    async def head(self, info: Info) -> LogHead:
        """The end of the log."""
        mark = await info.context.read(info.context.house.catalog.watermark)
        return LogHead(projected=BigInt(mark.projected), sequence=BigInt(mark.sequence),
                       root=mark.root, recorded_at=mark.recorded_at)  # fmt: skip

    @described
    async def inclusion_proof(
        self, info: Info, event: int, at_size: int | None = None
    ) -> InclusionProof:
        """That an event stands in the log, or in the log when it had `atSize` events."""
        return await inclusion_proof(info, event, at_size or 0)

    @described
    async def consistency_proof(
        self,
        info: Info,
        from_: Annotated[int, strawberry.argument(name="from")],
        to: int | None = None,
    ) -> ConsistencyProof:
        """That the log of `from` events begins the present one, or that of `to` events."""
        return await consistency_proof(info, from_, to or 0)

    @described
    async def events(self, info: Info, first: First = 50, after: After = None) -> Connection[Event]:
        """The log, in order."""
        begin = info.context.cursors.read("events", after) if after else 0
        page = await info.context.read(
            info.context.house.catalog.events, after=begin, first=check_first(first)
        )
        info.context.count(len(page.rows))
        return events_page(info, page)


class ParsedWithinLimits(SchemaExtension):
    """Hands on the document that was parsed, and kept, when its limits were checked."""

    def on_parse(self) -> Any:
        """Take the parsed document instead of parsing again, and look at its variables."""
        context = self.execution_context
        document = document_within_limits(context.query or "")
        check_variables(
            context.schema._schema,  # noqa: SLF001 - the library's own extensions do so
            document, context.variables or {},
        )  # fmt: skip
        context.graphql_document = document
        yield


class Schema(strawberry.Schema):
    """A schema that leaves errors to the surface that shows them."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Log nothing: the surface logs what is not the caller's fault, with its reference."""


def build_schema(*, development: bool) -> Schema:
    """The schema; introspection and suggestions are for development alone.

    Raises TypeError for a field of which no table says what it takes to see it.
    """
    closed: list[Any] = [] if development else [DisableIntrospection]
    made = Schema(
        Query, Mutation, Subscription,
        types=[TransferLine, PurchaseLine, AssignmentLine, SubstitutionLine, OtherFact],
        extensions=[ParsedWithinLimits, lambda: ValidationCache(maxsize=256), *closed],
        execution_context_class=DirectExecution,
        config=StrawberryConfig(disable_field_suggestions=not development, scalar_map=SCALARS),
    )  # fmt: skip
    read_directly(made._schema)  # noqa: SLF001 - its own schema, as graphql-core has it
    guard(made._schema)  # noqa: SLF001
    return made


if __name__ == "__main__":
    import sys

    sys.stdout.write(print_schema(build_schema(development=True)) + "\n")
