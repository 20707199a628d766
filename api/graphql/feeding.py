"""What came in: deliveries, sources and their mappings, and how old their facts are."""

from datetime import date, datetime

import strawberry

from api.graphql.bigint import BigInt
from api.graphql.connections import After, Connection, First, check_first, connection
from api.graphql.described import described
from api.graphql.loaders import Info
from api.graphql.moments import When
from api.graphql.types import Fact, found_fact
from graph.catalog import PlanEntry
from ontology.errors import InputError
from ontology.events import FEED_LOADED, Event
from service.doors.registered import registered
from service.event_list import events_page
from service.house import AsOf, House, check_time
from service.kpis.stock_path import StockDay as ExpectedDay
from service.kpis.stock_path import first_day, stock_path
from service.kpis.value import decimal
from service.stewardship.freshness import ClassFreshness, freshness

MOST_DAYS = 366


@strawberry.type(description="A delivery as the log has it.")
class Feed:
    """`event` is its place in the log; `setAside` counts the rows that it could not load."""

    event: BigInt
    source: str
    name: str
    agent: str
    effective_at: datetime
    recorded_at: datetime
    files: list[str]
    facts: BigInt
    set_aside: BigInt

    @staticmethod
    def of(event: Event, agent: str) -> "Feed":
        """The delivery of an event."""
        told = event.payload
        return Feed(
            event=BigInt(event.sequence), source=told["source"], name=told["feed"], agent=agent,
            effective_at=event.effective_at, recorded_at=event.recorded_at,
            files=[file["name"] for file in told["files"]], facts=BigInt(told["facts"]),
            set_aside=BigInt(told["quarantined"]),
        )  # fmt: skip


@strawberry.type(description="A source that may deliver from outside, by the mapping it has.")
class Source:
    """`files` are those that its mapping reads; none where rows come by class."""

    source: str
    chain: str
    version: int
    mapping_digest: str
    files: list[str]


@strawberry.type(description="How old the facts of a class are that a source said, in hours.")
class Freshness:
    """`stale` of `facts` are older than `budgetHours`, which is null where nobody states one.

    The budget is held against what `countedFrom` says: the `fact`, or the source's newest
    `delivery`.
    """

    source: str
    class_name: str
    facts: BigInt
    oldest_hours: BigInt | None
    newest_hours: BigInt | None
    budget_hours: BigInt | None
    counted_from: str
    stale: BigInt
    heard_at: datetime | None

    @staticmethod
    def of(found: ClassFreshness) -> "Freshness":
        """The account of the service."""
        return Freshness(
            source=found.source, class_name=found.class_name, facts=BigInt(found.facts),
            oldest_hours=_whole(found.oldest_hours), newest_hours=_whole(found.newest_hours),
            budget_hours=_whole(found.budget_hours), counted_from=found.counted_from,
            stale=BigInt(found.stale), heard_at=found.heard_at,
        )  # fmt: skip


@strawberry.type(description="A day of an item at a location, as it is expected.")
class StockDay:
    """`stock` is what is free at the day's end, below zero where demand is owed; two decimals."""

    location: str
    on: date
    arriving_units: BigInt
    leaving_units: BigInt
    expected_demand: str
    stock: str

    @staticmethod
    def of(found: ExpectedDay) -> "StockDay":
        """The day of the service."""
        return StockDay(
            location=found.location, on=found.on, arriving_units=BigInt(found.arriving_units),
            leaving_units=BigInt(found.leaving_units), stock=decimal(found.stock, 2),
            expected_demand=decimal(found.expected_demand, 2),
        )  # fmt: skip


@strawberry.type
class FeedQueries:
    """What came in."""

    @described
    async def feeds(
        self, info: Info, chain: str, source: str = "", first: First = 50, after: After = None
    ) -> Connection[Feed]:
        """The deliveries of a chain, in the order of the log; of one source, where it is named."""
        context, scope = info.context, f"feeds/{[chain, source]}"
        begin = context.cursors.read(scope, after) if after else 0
        page = await context.read(
            events_page, context.house, chain=chain, kind=FEED_LOADED, source=source, after=begin,
            first=check_first(first),
        )  # fmt: skip
        context.count(len(page.events))
        told, events = context.house.persons.told, page.events
        return connection(
            [Feed.of(event, told(event.agent)) for event in events], page.more, scope,
            context.cursors, lambda row: events[row].sequence,
        )  # fmt: skip

    @described
    async def sources(self, info: Info) -> list[Source]:
        """The sources that may deliver from outside, by name."""
        found = await info.context.read(registered, info.context.house.settings.data_folder)
        info.context.count(len(found))
        return [
            Source(source=one.source, chain=one.chain, version=one.version,
                   mapping_digest=one.digest, files=[rule.file for rule in one.files])
            for one in found
        ]  # fmt: skip

    @described
    async def fact(self, info: Info, uri: str, as_of: When = None) -> Fact | None:
        """A fact by its URI, now or as of other times; null where it did not stand."""
        chain = uri.partition("/")[0]
        moment = None if as_of is None else info.context.moment(chain, as_of.asked())
        found: Fact | None = await found_fact(info, chain, uri, moment)
        return found

    @described
    async def stock_days(
        self, info: Info, chain: str, item: str, plan: str | None = None, days: int = 14,
        as_of: When = None,
    ) -> list[StockDay]:  # fmt: skip
        """Stock of an item place by place and day by day: as under way, or with a plan's lines."""
        if not 1 <= days <= MOST_DAYS:
            raise InputError(f"{days} days are not 1 to {MOST_DAYS}", code="PAGE_SIZE",
                             hint="ask for fewer days")  # fmt: skip
        if plan is not None and as_of is not None:
            raise InputError("a plan has the facts that it was made from", code="AS_OF_PLAN",
                             hint="leave out `asOf`, or the plan")  # fmt: skip
        entry = None if plan is None else await info.context.plans.load(plan)
        if plan is not None and (entry is None or entry.plan.chain != chain):
            raise InputError(f"the chain `{chain}` has no plan `{plan}`", code="PLAN_UNKNOWN",
                             hint="give the whole digest")  # fmt: skip
        asked = None if as_of is None else as_of.asked()
        found = await info.context.read(_path, info.context.house, chain, item, entry, days, asked)
        info.context.count(len(found))
        return [StockDay.of(day) for day in found]

    @described
    async def freshness(
        self, info: Info, chain: str, at: datetime | None = None
    ) -> list[Freshness]:
        """How old a chain's facts are by source and class, now or at an instant."""
        when = None if at is None else check_time(at)
        found = await info.context.read(_freshness, info.context.house, chain, when)
        info.context.count(len(found))
        return [Freshness.of(one) for one in found]


def _path(
    house: House, chain: str, item: str, plan: PlanEntry | None, days: int, as_of: AsOf | None
) -> list[ExpectedDay]:
    if plan is None:
        snapshot = house.facts(chain, as_of)
        return stock_path(snapshot, item, first_day(snapshot), days)
    document = house.store.get_document(plan.artifact)
    decision = document["decision"]
    snapshot = house.reader.read(chain, int(document["about"]["sequence"]))
    begin = date.fromisoformat(decision["starts_on"])
    return stock_path(snapshot, item, begin, days, decision["lines"])


def _freshness(house: House, chain: str, at: datetime | None) -> list[ClassFreshness]:
    return freshness(house, chain, at)[1]


def _whole(number: int | None) -> BigInt | None:
    return None if number is None else BigInt(number)
