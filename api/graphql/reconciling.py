"""The same stock as two sources tell it, and who settles where they differ."""

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from api.graphql.acting import ActingInput, Conflict, Done, Refused, done, in_thread
from api.graphql.bigint import BigInt
from api.graphql.connections import After, Connection, First, check_first, connection
from api.graphql.described import described
from api.graphql.loaders import Info
from feeds.reconciliation.differences import Difference
from feeds.reconciliation.said import END, START
from service.house import House, check_time
from service.requests import Account, resolved_again
from service.stewardship.reconcile import WINDOW_HOURS, Comparison, compare_sources
from service.stewardship.settle import Settled, accept, settle_safely


@strawberry.enum(description="What of its day a count without a time speaks of.")
class CountsAt(Enum):
    """Its end, or its start."""

    END = END
    START = START


@strawberry.input(description="Two sources whose words on stock are compared.")
class TwoSourcesInput:
    """`windowHours` is how long one may lag behind the other."""

    chain: str
    one: str
    other: str
    window_hours: int = WINDOW_HOURS
    counts_at: CountsAt = CountsAt.END


@strawberry.input(description="A position on which two sources differ, and whose word stands.")
class ResolveInput(ActingInput):
    """`position` is item/location/lot; `take` is one of the two sources."""

    sources: TwoSourcesInput
    position: str
    take: str
    reason: str


@strawberry.input(description="State in our units what one of two sources tells in stated packs.")
class ResolvePacksInput(ActingInput):
    """Nothing else is settled."""

    sources: TwoSourcesInput


@strawberry.type(description="A position that was settled.")
class ResolvedPosition:
    """`units` are those of the source whose word stands."""

    position: str
    source: str
    units: BigInt


@strawberry.type(description="What was settled.")
class DifferencesResolved:
    """`event` is null of a dry run, and where there was nothing to settle."""

    event: BigInt | None
    positions: list[ResolvedPosition]
    replayed: bool
    dry_run: bool

    @staticmethod
    def of(found: Done) -> "DifferencesResolved":
        """The account of the service."""
        return DifferencesResolved(
            event=found.event, replayed=found.replayed, dry_run=found.dry_run,
            positions=[ResolvedPosition(position=one["position"], source=one["source"],
                                        units=BigInt(one["units"]))
                       for one in found.account["positions"]],
        )  # fmt: skip


Outcome = Annotated[DifferencesResolved | Refused | Conflict, strawberry.union("ResolveResult")]


@strawberry.type(description="A position on which two sources differ, and what it comes from.")
class StockDifference:
    """Units are in the order in which the sources were named.

    `isSafe`: a stated pack settles it. `byLots`: one source tells lots and the other none.
    """

    position: str
    units: BigInt
    other_units: BigInt
    cause: str
    evidence: str
    assumed: bool
    is_safe: bool
    by_lots: bool

    @staticmethod
    def of(found: Difference) -> "StockDifference":
        """The difference of the service."""
        one, other = found.units
        return StockDifference(
            position=found.key, units=BigInt(one), other_units=BigInt(other),
            cause=found.cause.name, evidence=found.cause.evidence,
            assumed=bool(found.cause.assumed), is_safe=found.is_safe, by_lots=found.by_lots,
        )  # fmt: skip


@strawberry.type(description="Positions that differ by one cause, and units in all.")
class CauseTotal:
    """A total."""

    cause: str
    positions: BigInt
    units: BigInt


@strawberry.type(description="Two sources' words on the same stock at an instant.")
class Reconciliation:
    """`settled` counts the differences that somebody settled before."""

    at: datetime
    compared: BigInt
    only_one: BigInt
    only_other: BigInt
    totals: list[CauseTotal]
    settled: BigInt
    differences: Connection[StockDifference]


@strawberry.type
class ReconciliationQueries:
    """Where sources differ."""

    @described
    async def reconciliation(
        self, info: Info, sources: TwoSourcesInput, at: datetime | None = None, first: First = 50,
        after: After = None,
    ) -> Reconciliation:  # fmt: skip
        """Where two sources tell the same stock otherwise, and why; now, or at an instant.

        Later pages are of the instant of the first one.
        """
        context = info.context
        scope = f"differences/{[sources.chain, sources.one, sources.other, sources.window_hours]}"
        begin, when = 0, at if at is None else check_time(at)
        if after:
            begin, instant = context.cursors.read(scope, after)
            when = datetime.fromisoformat(instant)
        found = await context.work_out(_compared, context.house, sources, when)
        size = check_first(first)
        page = found.found.differences[begin : begin + size]
        context.count(len(page))
        return Reconciliation(
            at=found.at, compared=BigInt(found.found.compared),
            only_one=BigInt(found.found.only[0]), only_other=BigInt(found.found.only[1]),
            settled=BigInt(len(found.settled)),
            totals=[CauseTotal(cause=cause, positions=BigInt(n), units=BigInt(units))
                    for cause, (n, units) in sorted(found.found.totals().items())],
            differences=connection(
                [StockDifference.of(one) for one in page],
                begin + size < len(found.found.differences), scope, context.cursors,
                lambda row: [begin + row + 1, found.at.isoformat()],
            ),
        )  # fmt: skip


@strawberry.type
class ReconciliationMutations:
    """Who settles where sources differ."""

    @described
    async def resolve_difference(self, info: Info, input: ResolveInput) -> Outcome:  # noqa: A002
        """State that one source's word on a position stands, until a source tells it anew."""

        def work(house: House) -> Account:
            asked = input.sources
            return _account(accept(
                house, asked.chain, (asked.one, asked.other), input.position, input.take,
                input.reason, info.context.agent, window_hours=asked.window_hours,
                counts_at=asked.counts_at.value,
            ))  # fmt: skip

        return await _resolved(info, "resolveDifference", input, work)

    @described
    async def resolve_packs(self, info: Info, input: ResolvePacksInput) -> Outcome:  # noqa: A002
        """State in our units what one of two sources counts in packs that are stated."""

        def work(house: House) -> Account:
            return _account(settle_safely(house, _compared(house, input.sources, None)))

        return await _resolved(info, "resolvePacks", input, work)


async def _resolved(
    info: Info, name: str, asked: ActingInput, work: Callable[[House], Account]
) -> DifferencesResolved | Refused | Conflict:
    found = await done(info, name, asked, in_thread(info, work), resolved_again)
    return DifferencesResolved.of(found) if isinstance(found, Done) else found


def _compared(house: House, asked: TwoSourcesInput, at: datetime | None) -> Comparison:
    return compare_sources(house, asked.chain, (asked.one, asked.other), at=at,
                           window_hours=asked.window_hours,
                           counts_at=asked.counts_at.value)  # fmt: skip


def _account(found: Settled | None) -> Account:
    if found is None:
        return {"event": None, "positions": [], "replayed": False}
    return {"event": found.event.sequence, "replayed": found.replayed, "positions": [
        {"position": choice.difference.key, "source": choice.source, "units": choice.units}
        for choice in found.choices
    ]}  # fmt: skip
