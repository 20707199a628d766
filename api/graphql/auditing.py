"""What an auditor asks, as GraphQL types: who read a wrong fact, and what a line touched."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

import strawberry
from strawberry.scalars import JSON

from api.graphql.bigint import BigInt
from api.graphql.connections import (
    After,
    Connection,
    Edge,
    First,
    PageInfo,
    check_first,
    connection,
)
from api.graphql.described import described
from api.graphql.loaders import Info
from api.graphql.types import plain
from graph.fact_readers import Chosen, Version
from ontology.errors import InputError
from service.audit.otherwise import LineUnits, Otherwise
from service.audit.recall import FIRST_PAGE, LineRead, PlanRecalled, Recall, recall_fact
from service.audit.touched import touched_facts
from service.house import check_time

DECIDED_AT_ONCE = 5
"""So many plans are made again for one page."""


@strawberry.input(description="Versions of a fact: of one event, or recorded between two times.")
class VersionsInput:
    """What is left out does not choose: `since` is included, `until` is not."""

    event: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    def chosen(self) -> Chosen:
        """What is asked for; a time without a zone is taken as UTC."""
        return Chosen(self.event or 0, _utc(self.since), _utc(self.until))


def _utc(time: datetime | None) -> datetime | None:
    if time is None:
        return None
    return check_time(time.replace(tzinfo=UTC) if time.tzinfo is None else time)


@strawberry.type(description="A version of a fact, and the event that stated it.")
class FactVersion:
    """In force from event `fromEvent` on, until `untilEvent` (null: still)."""

    event: BigInt
    event_row: BigInt
    recorded_at: datetime
    agent: str
    file: str
    file_row: BigInt
    from_event: BigInt
    until_event: BigInt | None

    @staticmethod
    def of(version: Version, agent: str) -> "FactVersion":
        """The version as it was stated."""
        until = version.until_event
        return FactVersion(
            event=BigInt(version.event), event_row=BigInt(version.row), agent=agent,
            recorded_at=version.recorded_at, file=version.file, file_row=BigInt(version.file_row),
            from_event=BigInt(version.from_event),
            until_event=None if until is None else BigInt(until),
        )  # fmt: skip


@strawberry.type(description="A line that rests on a fact, and whether it can still be undone.")
class RecalledLine:
    """`state`: `ahead`, `ordered`, `under way` or `not known`; `basis` is what that rests on."""

    number: int
    line: JSON
    state: str
    basis: str
    can_be_undone: bool | None

    @staticmethod
    def of(line: LineRead) -> "RecalledLine":
        """The line with what is known of it."""
        return RecalledLine(number=line.number, line=plain(dict(line.line)), state=line.undo.state,
                            basis=line.undo.basis, can_be_undone=line.undo.can)  # fmt: skip


@strawberry.type(description="A line whose units would have been others.")
class LineOtherwise:
    """Units of a line in the plan, and in the one that would have been made.

    `number` is null where the plan has no such line; `state` and `basis` say of one whether it can
    still be undone.
    """

    line: JSON
    number: int | None
    units_before: BigInt
    units_after: BigInt
    state: str | None
    basis: str | None
    can_be_undone: bool | None

    @staticmethod
    def of(line: LineUnits) -> "LineOtherwise":
        """The line with what is known of it."""
        undo = line.undo
        return LineOtherwise(
            line=plain(dict(line.line)), number=line.number,
            units_before=BigInt(line.units_before), units_after=BigInt(line.units_after),
            state=undo.state if undo else None, basis=undo.basis if undo else None,
            can_be_undone=undo.can if undo else None,
        )  # fmt: skip


@strawberry.type(description="The plan that would have been made with another fact.")
class PlanOtherwise:
    """`instead`: `corrected`, `present` or `without`; costs are null where there is no such plan.

    `holds`: whether the plan as it was made holds on the other facts; null where not known.
    """

    instead: str
    fields: JSON
    cost_cents_before: BigInt
    cost_cents_after: BigInt | None
    lines: list[LineOtherwise]
    holds: bool | None
    why_not: str

    @staticmethod
    def of(found: Otherwise) -> "PlanOtherwise":
        """What would have been."""
        before, after = found.cost_cents
        return PlanOtherwise(
            instead=found.instead, fields=plain(dict(found.fields)), holds=found.holds,
            cost_cents_before=BigInt(before), why_not=found.why_not,
            cost_cents_after=None if after is None else BigInt(after),
            lines=[LineOtherwise.of(each) for each in found.lines],
        )  # fmt: skip


@strawberry.type(description="A plan that read a fact.")
class RecalledPlan:
    """`standing`: `decisive` (lines or shortfalls rest on it) or `touched` (its snapshot held it).

    `lines` and `shortfalls` are the first; `lineCount` and `shortfallCount` count all.
    """

    plan: str
    chain: str
    made_at: datetime
    agent: str
    standing: str
    event: BigInt
    line_count: BigInt
    shortfall_count: BigInt
    lines: list[RecalledLine]
    shortfalls: list[int]
    otherwise: PlanOtherwise | None
    why_not: str

    @staticmethod
    def of(plan: PlanRecalled) -> "RecalledPlan":
        """The plan with what is known of it."""
        return RecalledPlan(
            plan=plan.plan, chain=plan.chain, made_at=plan.made_at, agent=plan.agent,
            standing=plan.standing, event=BigInt(plan.event), line_count=BigInt(plan.line_count),
            shortfall_count=BigInt(plan.shortfall_count), shortfalls=list(plan.shortfalls),
            lines=[RecalledLine.of(line) for line in plan.lines], why_not=plan.why_not,
            otherwise=None if plan.otherwise is None else PlanOtherwise.of(plan.otherwise),
        )  # fmt: skip


@strawberry.type(description="A version of a forecast that an observation may stand behind.")
class LearntForecast:
    """Recall it, too: by its `uri`, as `event` stated it."""

    uri: str
    event: BigInt


@strawberry.type(name="Recall", description="The plans that read a fact.")
class RecallAnswer:
    """`limits` say what the answer cannot know; `lookedAt` plans were opened for this page.

    `learnt`: of an observation of demand, the forecasts that were learnt when it was known.
    """

    fact: str
    versions: list[FactVersion]
    learnt: list[LearntForecast]
    plans: Connection[RecalledPlan]
    looked_at: BigInt
    limits: list[str]


@strawberry.type(description="A fact that was there to be read for a line, and is no reason of it.")
class TouchedFact:
    """`event` and `eventRow` are the address of the version that the plan's snapshot held."""

    uri: str
    class_name: str
    key: str
    event: BigInt
    event_row: BigInt


async def recall_page(
    info: Info, fact: str, chosen: Chosen, first: int, after: str | None,
    again: tuple[bool, str],
) -> RecallAnswer:  # fmt: skip
    """A page of the plans that read a fact. Raises as `service.audit.recall.recall_fact` does.

    And InputError `PAGE_SIZE` where more plans than 5 are to be made again at once.
    """
    decide_again, instead = again
    if decide_again and first > DECIDED_AT_ONCE:
        raise InputError(f"at most {DECIDED_AT_ONCE} plans are made again at once",
                         code="PAGE_SIZE", hint="ask for a smaller page")  # fmt: skip
    context, scope = info.context, f"recall/{fact}/{chosen}"
    begin: Any = tuple(context.cursors.read(scope, after)) if after else FIRST_PAGE

    def asked() -> Recall:
        return recall_fact(context.house, fact, chosen, after=begin, first=first,
                           decide_again=decide_again, instead=instead)  # fmt: skip

    found = await (context.plan(asked) if decide_again else context.read(asked))
    told = context.house.persons.told
    context.count(len(found.versions) + sum(1 + len(plan.lines) for plan in found.plans))
    return RecallAnswer(
        fact=fact, versions=[FactVersion.of(each, told(each.agent)) for each in found.versions],
        plans=_plans(info, scope, found), looked_at=BigInt(found.looked_at),
        limits=list(found.limits),
        learnt=[LearntForecast(uri=one.uri, event=BigInt(one.event)) for one in found.learnt],
    )  # fmt: skip


def _plans(info: Info, scope: str, found: Recall) -> Connection[RecalledPlan]:
    """The page; it ends where the next begins, which may be behind its last row."""
    write = info.context.cursors.write
    edges = [
        Edge(node=RecalledPlan.of(plan), written=partial(write, scope, plan.place))
        for plan in found.plans
    ]
    end = edges[-1].written() if edges else None
    if found.next_after:
        end = write(scope, found.next_after)
    return Connection(
        edges=edges,
        page_info=PageInfo(has_next_page=found.next_after is not None, end_cursor=end),
    )


async def touched_page(
    info: Info, plan: str, line: int, first: int, after: str | None
) -> Connection[TouchedFact]:
    """A page of what a line touched. Raises InputError `PLAN_UNKNOWN`, `LINE_UNKNOWN`."""
    context, scope = info.context, f"touched/{plan}/{line}"
    entry = await context.plans.load(plan)
    if entry is None:
        raise InputError(f"there is no plan `{plan}`", code="PLAN_UNKNOWN",
                         hint="name it by its whole digest; `plans` lists them")  # fmt: skip
    store = context.house.store
    document = await context.read(store.get_document, entry.artifact)
    begin = context.cursors.read(scope, after) if after else ""
    page = await context.read(touched_facts, store, document, line, after=begin, first=first)
    context.count(len(page.facts))
    facts = page.facts
    return connection(
        [TouchedFact(uri=each.uri, class_name=each.class_name, key=each.key,
                     event=BigInt(each.event), event_row=BigInt(each.event_row))
         for each in facts],
        bool(page.next_after), scope, context.cursors,
        lambda row: f"{facts[row].class_name}/{facts[row].key}",
    )  # fmt: skip


@strawberry.type
class AuditQueries:
    """Questions of an auditor."""

    @described
    async def touched(
        self, info: Info, plan: str, line: int, first: First = 50, after: After = None
    ) -> Connection[TouchedFact]:
        """What a line merely touched: facts that were there to be read, and are no reason of it."""
        return await touched_page(info, plan, line, check_first(first), after)

    @described
    async def recall(
        self, info: Info, fact: str, versions: VersionsInput | None = None,
        decide_again: bool = False, instead: str = "", first: First = 5, after: After = None,
    ) -> RecallAnswer:  # fmt: skip
        """Every plan that read a fact, in any version or in some; those that rest on it first.

        `decideAgain` makes each again with the fact `corrected`, `present` or `without` it, of at
        most 5 plans at once.
        """
        chosen = Chosen() if versions is None else versions.chosen()
        return await recall_page(info, fact, chosen, check_first(first), after,
                                 (decide_again, instead))  # fmt: skip
