"""What governance asks about access: who could see a fact, and what was shown to whom."""

from datetime import date, datetime

import strawberry

from api.graphql.bigint import BigInt
from api.graphql.connections import After, Connection, First, check_first, connection
from api.graphql.described import described
from api.graphql.loaders import Info
from ontology.access import Grant
from ontology.events import Event
from service.house import check_time
from service.permits.exposures import exposures
from service.permits.grants import who_could_see


@strawberry.type(description="A role of a person on a chain, for facts of some attributes.")
class AccessGrant:
    """Empty `regions`, `suppliers`, `families` do not limit; `classes`, `zones` are clearances."""

    id: str
    person: str
    role: str
    chain: str
    regions: list[str]
    suppliers: list[str]
    families: list[str]
    classes: list[str]
    zones: list[str]
    begins: datetime
    until: datetime | None
    ended: datetime | None
    recorded: datetime

    @staticmethod
    def of(grant: Grant, person: str) -> "AccessGrant":
        """The grant of a person as is shown."""
        return AccessGrant(
            id=grant.id, person=person, role=grant.role, chain=grant.chain,
            regions=list(grant.regions), suppliers=list(grant.suppliers),
            families=list(grant.families), classes=list(grant.classes), zones=list(grant.zones),
            begins=grant.begins, until=grant.until, ended=grant.ended, recorded=grant.recorded,
        )  # fmt: skip


@strawberry.type(description="How many facts of a class were shown, and which of their fields.")
class ExposedClass:
    """The class `*` stands for what is computed over all facts of the chain."""

    chain: str
    class_name: str
    count: BigInt
    fields: list[str]


@strawberry.type(description="An answer that showed what it takes a clearance to see.")
class Exposure:
    """`artifact` lists the facts by key."""

    event: BigInt
    recorded_at: datetime
    person: str
    door: str
    shown: list[ExposedClass]
    artifact: str

    @staticmethod
    def of(event: Event, person: str) -> "Exposure":
        """The exposure of an event."""
        shown = [
            ExposedClass(chain=one["chain"], class_name=one["class"], count=BigInt(one["count"]),
                         fields=list(one["fields"]))
            for one in event.payload["shown"]
        ]  # fmt: skip
        return Exposure(event=BigInt(event.sequence), recorded_at=event.recorded_at, person=person,
                        door=event.payload["door"], shown=shown, artifact=event.artifact
                        )  # fmt: skip


@strawberry.type
class AccessQueries:
    """Questions of who oversees access."""

    @described
    async def who_could_see(
        self, info: Info, uri: str, on: date, known_at: datetime | None = None
    ) -> list[AccessGrant]:
        """The grants by which a fact could be seen on a day (UTC): as known then, or at `knownAt`.

        Whoever held the local token or the data folder could see all.
        """
        house = info.context.house
        known = None if known_at is None else check_time(known_at)
        found = await info.context.read(who_could_see, house, uri, on, known)
        info.context.count(len(found))
        return [AccessGrant.of(one.grant, house.persons.told(one.person)) for one in found]

    @described
    async def exposures(
        self, info: Info, since: datetime, first: First = 50, after: After = None
    ) -> Connection[Exposure]:
        """What was shown since a time that it takes a clearance to see, in the order of the log."""
        context, scope, size = info.context, f"exposures/{since}", check_first(first)
        begin = context.cursors.read(scope, after) if after else 0
        found = await context.read(exposures, context.house, check_time(since), begin, size + 1)
        context.count(len(found))
        rows, told = found[:size], context.house.persons.told
        return connection(
            [Exposure.of(event, told(event.agent)) for event in rows], len(found) > size, scope,
            context.cursors, lambda row: rows[row].sequence,
        )  # fmt: skip
