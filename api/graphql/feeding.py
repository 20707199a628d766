"""What came in: deliveries, sources and their mappings, and how old their facts are."""

from datetime import datetime

import strawberry

from api.graphql.bigint import BigInt
from api.graphql.connections import After, Connection, First, check_first, connection
from api.graphql.described import described
from api.graphql.loaders import Info
from ontology.events import FEED_LOADED, Event
from service.doors.registered import registered
from service.event_list import events_page
from service.house import House, check_time
from service.stewardship.freshness import ClassFreshness, freshness


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
    async def freshness(
        self, info: Info, chain: str, at: datetime | None = None
    ) -> list[Freshness]:
        """How old a chain's facts are by source and class, now or at an instant."""
        when = None if at is None else check_time(at)
        found = await info.context.read(_freshness, info.context.house, chain, when)
        info.context.count(len(found))
        return [Freshness.of(one) for one in found]


def _freshness(house: House, chain: str, at: datetime | None) -> list[ClassFreshness]:
    return freshness(house, chain, at)[1]


def _whole(number: int | None) -> BigInt | None:
    return None if number is None else BigInt(number)
