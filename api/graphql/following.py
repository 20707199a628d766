"""Changes as a subscription: from any place in the log, in its order, each with its place."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Any

import anyio
import strawberry
from anyio import to_thread
from strawberry.scalars import JSON

from api.doors.changes import BATCH, LOOK_SECONDS, Followed
from api.doors.held import Held
from api.doors.readers import Readers
from api.graphql.bigint import BigInt, Position
from api.graphql.loaders import Info
from api.graphql.types import plain
from ontology.errors import InputError
from service.doors.concerns import Partner
from service.doors.outbound import KINDS, Wanted, worth_telling
from service.doors.outbound import Change as Told
from service.doors.outbound import Position as Place


@strawberry.enum(description="What a change is of.")
class ChangeKind(Enum):
    """A plan, a line or a shortfall of one, a fact."""

    PLAN = "plan"
    LINE = "line"
    SHORTFALL = "shortfall"
    FACT = "fact"


@strawberry.type(description="A field of a fact that names other facts, and names others now.")
class ReferenceChange:
    """None before is a relation that began, none after one that ended."""

    field: str
    class_name: str
    before: list[str]
    after: list[str]


@strawberry.type(description="A change, known by its place in the log.")
class Change:
    """Ask again `after` its position, and what followed it comes. Repeats are known by theirs.

    Without a `kind` it only says that all before its position was told. `outcome` is of facts:
    `added`, `changed` or `closed`; `fields` are as they are now, of a closed one as they were.
    """

    position: Position
    kind: ChangeKind | None
    event: BigInt
    chain: str
    recorded_at: datetime | None
    outcome: str
    class_name: str
    key: str
    uri: str
    since: datetime | None
    plan: str
    fields: JSON
    references: list[ReferenceChange]

    @staticmethod
    def of(change: Told) -> "Change":
        """The change as the service tells it."""
        told: dict[str, Any] = dict(change.told)
        at = told.get("recorded_at")
        since = told.get("since")
        return Change(
            position=Position(str(change.at)), event=BigInt(change.at.sequence),
            kind=ChangeKind(change.kind) if change.kind else None, chain=told.get("chain", ""),
            recorded_at=datetime.fromisoformat(at) if at else None, key=told.get("key", ""),
            outcome=told.get("outcome", ""), class_name=told.get("class", ""),
            uri=told.get("uri", ""), plan=told.get("plan", ""),
            since=datetime.fromisoformat(since) if since else None,
            fields=plain(told.get("fields", {})),
            references=[
                ReferenceChange(field=one["field"], class_name=one["class_name"],
                                before=list(one["before"]), after=list(one["after"]))
                for one in told.get("references", ())
            ],
        )  # fmt: skip


GRAPHQL = "/graphql"
BEGINNING = Position("0")


async def _changes(
    self: object, info: Info, after: Position = BEGINNING, chain: str | None = None,
    kinds: list[ChangeKind] | None = None, region: str | None = None, partner: str | None = None,
) -> AsyncGenerator[Change, None]:  # fmt: skip
    context = info.context
    wanted = _wanted(chain, kinds, region, partner)
    opened = partial(Followed, context.sight, context.house, Place.of(after), wanted, GRAPHQL)
    readers = context.readers
    with readers.place(context.sight.caller):
        context.stays()
        async with aclosing(followed(opened, readers)) as found:
            async for change in found:
                yield Change.of(change)


async def followed(opened: Callable[[], Followed], readers: Readers) -> AsyncGenerator[Told, None]:
    """Changes as they come, without an end; as many as a batch are worked out ahead.

    Raises what `Followed` raises.
    """
    found_by = await to_thread.run_sync(opened)
    take = partial(found_by.take, BATCH)
    while True:
        found = await to_thread.run_sync(take, limiter=readers.threads)
        held = Held(found_by.hold)
        for change in worth_telling(found):
            await held.again()
            yield change
        if not found:
            await anyio.sleep(LOOK_SECONDS)


def _wanted(
    chain: str | None, kinds: Sequence[ChangeKind] | None, region: str | None, partner: str | None
) -> Wanted:
    """The filters of the service. Raises InputError `FILTER_EMPTY`, `QUERY_PARAMETER`."""
    stated = {"chain": chain, "kinds": kinds, "region": region, "partner": partner}
    for name, value in stated.items():
        if value is not None and not value:  # left empty by mistake it must not open everything
            raise InputError(f"`{name}` is empty", code="FILTER_EMPTY",
                             hint="leave it out, or give its value")  # fmt: skip
    chosen = frozenset(KINDS) if kinds is None else frozenset(one.value for one in kinds)
    return Wanted(chain or "", chosen, region or "", Partner.of(partner) if partner else None)


@strawberry.type(description="What may be followed, over a websocket or server-sent events.")
class Subscription:
    """Streams that go on until who asked hangs up."""

    changes = strawberry.subscription(
        resolver=_changes,
        description="What each event changed of facts, plans, lines and shortfalls, relations "
        "among them, after a place in the log, and then as it comes.",
    )
