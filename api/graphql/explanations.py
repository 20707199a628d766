"""Explanations as GraphQL types: why a line, why not more at a place, plan against plan."""

from dataclasses import asdict
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

import strawberry
from strawberry.scalars import JSON

from api.graphql.bigint import BigInt
from api.graphql.loaders import Info
from api.graphql.types import plain
from ontology.errors import InputError

if TYPE_CHECKING:  # the solver is loaded by who needs it
    from service.recalled import Opened


@strawberry.type(description="A fact that a line rests on, as the plan saw it.")
class Reason:
    """`flip` says which values of a field leave the decision as it is; null where not computed."""

    fact: str
    fields: JSON
    flip: JSON | None


@strawberry.type(description="Expected units short at the end of a day, with and without a line.")
class ShortageChange:
    """In millionths, of a day that is planned place by place."""

    item: str
    location: str
    on: date
    with_millionths: BigInt
    without_millionths: BigInt


@strawberry.type(description="What is inferred, as a rule read it when it let a line pass.")
class Reliance:
    """`role`: `decisive` where the rule says otherwise without what is inferred, else `touched`.

    `proof` is a tree: a `statement`, the `facts` that state it or the `rule` and `axiom` by which
    it follows from its `premises`.
    """

    rule: str
    title: str
    role: str
    statement: str
    proof: JSON


@strawberry.type(description="A statement that follows from facts, and why.")
class Inferred:
    """`statement` in words; `facts` are those that the `proof`, a tree, comes down to."""

    statement: str
    subject: str
    predicate: str
    object: str
    facts: list[str]
    proof: JSON


@strawberry.type(description="Why a line is in its plan, all else equal.")
class WhyLine:
    """Amounts are in the plan's cost units; `basis` is `exact` or `at these prices`.

    `changes`: where and when another shortage is expected without `changedUnits` of the line, the
    most that could go elsewhere; null where the flow did not choose it.
    """

    number: int
    basis: str
    unit_cost_scaled: BigInt | None
    saves_scaled: BigInt | None
    stays_to_scaled: BigInt | None
    more_below_scaled: BigInt | None
    runner_up: JSON | None
    order_size: JSON | None
    changes: list[ShortageChange] | None
    changed_units: BigInt
    because: list[Reason]
    inferred: list[Reliance]


@strawberry.type(description="One way in on the first day, and how it stands.")
class WayIn:
    """`usedBelowScaled` is the cost of a unit below which an open, unused way would be used."""

    kind: str
    start: str
    by: str
    lot: str
    arrives_on: str
    unit_cost_scaled: BigInt
    standing: str
    units: BigInt
    used_below_scaled: BigInt | None
    kept_units: BigInt | None
    closed_by: list[str]
    held_by: str


@strawberry.type(description="What a plan says of an item at a place.")
class WhyPlace:
    """`lines` are numbers of lines that bring it there or take it away."""

    basis: str
    lines: list[int]
    shortfall: int | None
    next_unit: JSON | None
    taken: list[JSON]
    ways: list[WayIn]


@strawberry.type(description="Changes that were made together, and what they did to the cost.")
class ChangedGroup:
    """`count` counts all changes, `changes` names the first."""

    name: str
    cost_scaled: BigInt
    cost_cents: BigInt
    count: BigInt
    changes: list[JSON]


@strawberry.type(description="A line whose units differ, and by which groups of changes.")
class ChangedLine:
    """`by` sums to units after less units before."""

    line: JSON
    units_before: BigInt
    units_after: BigInt
    by: JSON
    rests_on: list[str]


@strawberry.type(description="Plan against plan; over all groups the costs sum exactly.")
class PlanDifference:
    """Costs in cents, before and after."""

    before: str
    after: str
    cost_cents_before: BigInt
    cost_cents_after: BigInt
    groups: list[ChangedGroup]
    lines: list[ChangedLine]


@strawberry.type(description="A group of items, and how a plan of it stands on other facts.")
class ItemDrift:
    """`why`: `lines` cannot be made any more, other `purchases` are asked for, or the `gap`."""

    items: list[str]
    gap_scaled: BigInt | None
    gap_scaled_then: BigInt
    why: str


@strawberry.type(description="Whether a plan still holds on the present facts.")
class PlanDrift:
    """In the plan's cost units, without fixed costs of lines; null where it cannot be made.

    Where the certificate has `branches`, bounds and gaps are those of its root, before any of them;
    `gapByBranchesThen` is what they proved.
    """

    plan: str
    holds: bool
    same_facts: bool
    cost_scaled: BigInt | None
    cost_scaled_then: BigInt
    bound_scaled: BigInt | None
    gap_scaled: BigInt | None
    gap_scaled_then: BigInt
    allowed_scaled: BigInt
    affected: list[ItemDrift]
    crowded: list[JSON]
    group_count: BigInt
    penalties_held: bool
    branches: BigInt
    gap_by_branches_then: BigInt | None


async def drift_page(info: Info, plan: str) -> PlanDrift:
    """Whether a plan still holds. Raises InputError `PLAN_UNKNOWN`, and as `service.drift`."""
    from service.drift import drift

    document, house = await _document(info, plan), info.context.house
    chain = document["decision"]["chain"]
    snapshot = await info.context.read(house.facts, chain)
    release = await info.context.read(house.release_for, chain)
    held = await info.context.read(house.reserved, chain, document["plan_digest"])
    found = await info.context.work_out(drift, house.store, document, snapshot, release, held)
    info.context.count(1 + len(found.affected))
    return PlanDrift(
        plan=found.plan, holds=found.holds, same_facts=found.same_facts,
        cost_scaled=_big(found.cost_scaled), cost_scaled_then=BigInt(found.cost_scaled_then),
        bound_scaled=_big(found.bound_scaled), gap_scaled=_big(found.gap_scaled),
        gap_scaled_then=BigInt(found.gap_scaled_then),
        allowed_scaled=BigInt(found.allowed_scaled),
        affected=[
            ItemDrift(items=list(each.items), gap_scaled=_big(each.gap_scaled),
                      gap_scaled_then=BigInt(each.gap_scaled_then), why=each.why)
            for each in found.affected
        ],
        crowded=[plain(dict(each)) for each in found.crowded],
        group_count=BigInt(found.group_count), penalties_held=found.penalties_held,
        branches=BigInt(found.branches), gap_by_branches_then=_big(found.gap_by_branches_then),
    )  # fmt: skip


async def why_line_page(info: Info, plan: str, line: int) -> WhyLine:
    """Why a line is in a plan. Raises InputError `PLAN_UNKNOWN`, `LINE_UNKNOWN`."""
    from service.inferring import reliances_of
    from service.why_line import why_line

    document, opened = await _to_open(info, plan)
    reliances = await info.context.read(
        reliances_of, info.context.house.store, document, line
    )  # fmt: skip
    found = await info.context.work_out(
        why_line, info.context.house.store, document, line, opened
    )  # fmt: skip
    info.context.count(1 + len(found.behind) + len(found.changes or ()) + len(reliances))
    worth = found.worth
    moves = worth is not None and worth.elsewhere_units == worth.units
    return WhyLine(
        number=line, basis=found.basis,
        unit_cost_scaled=_big(worth.unit_cost_scaled if worth else None),
        saves_scaled=_big(worth.saves_scaled if worth and moves else None),
        stays_to_scaled=_big(worth.stays_to_scaled if worth else None),
        more_below_scaled=_big(worth.more_below_scaled if worth else None),
        runner_up=_json(worth.runner_up if worth else None), order_size=_json(found.size),
        changed_units=BigInt(found.changed_units),
        changes=None if found.changes is None else [
            ShortageChange(item=each.item, location=each.location, on=each.on,
                           with_millionths=BigInt(each.with_millionths),
                           without_millionths=BigInt(each.without_millionths))
            for each in found.changes
        ],
        because=[Reason(fact=each.fact, fields=plain(dict(each.fields)), flip=_json(each.flip))
                 for each in found.behind],
        inferred=[
            Reliance(rule=each.rule, title=each.title, role=each.role,
                     statement=str(each.proof.statement), proof=_json(each.proof))
            for each in reliances
        ],
    )  # fmt: skip


async def inferred_list(
    info: Info, chain: str, word: str | None, first: int, after: str | None
) -> list[Inferred]:
    """What is inferred of a chain's facts. Raises as `service.inferred_now.inferred`."""
    from service.inferred_now import inferred

    found = await info.context.read(
        inferred, info.context.house, chain, word or "", after=after or "", first=first
    )  # fmt: skip
    info.context.count(len(found.proofs))
    return [
        Inferred(
            statement=str(each.statement), subject=each.statement.subject,
            predicate=each.statement.predicate, object=each.statement.object,
            facts=sorted(set(each.leaves())), proof=_json(each),
        )
        for each in found.proofs
    ]  # fmt: skip


async def why_place_page(info: Info, plan: str, item: str, location: str) -> WhyPlace:
    """Why an item is, or is not, brought to a place. Raises as `service.why.why` does."""
    from service.why import why

    document, opened = await _to_open(info, plan)
    found = await info.context.work_out(
        why, info.context.house.store, document, item, location, opened
    )  # fmt: skip
    info.context.count(1 + len(found.ways))
    short = found.shortfall
    return WhyPlace(
        basis=found.basis, lines=[int(line["number"]) for line in found.lines],
        shortfall=None if short is None else int(short["number"]),
        next_unit=_json(found.next_unit), taken=[_json(taken) for taken in found.taken],
        ways=[
            WayIn(
                kind=way.kind, start=way.start, by=way.by, lot=way.lot,
                arrives_on=str(way.arrives_on), unit_cost_scaled=BigInt(way.unit_cost_scaled),
                standing=way.standing, units=BigInt(way.units),
                used_below_scaled=_big(way.used_below_scaled), kept_units=_big(way.kept_units),
                closed_by=list(way.closed_by), held_by=way.held_by,
            )
            for way in found.ways
        ],
    )  # fmt: skip


async def difference_page(info: Info, before: str, after: str) -> PlanDifference:
    """Plan against plan. Raises InputError `PLAN_UNKNOWN`, `PLANS_APART`."""
    from service.difference import difference

    documents = [await _document(info, before), await _document(info, after)]
    found = await info.context.work_out(difference, info.context.house.store, *documents)
    info.context.count(len(found.lines) + sum(len(group.changes) for group in found.groups))
    return PlanDifference(
        before=found.before, after=found.after,
        cost_cents_before=BigInt(found.cost_cents[0]), cost_cents_after=BigInt(found.cost_cents[1]),
        groups=[
            ChangedGroup(
                name=group.name, cost_scaled=BigInt(group.cost_scaled),
                cost_cents=BigInt(group.cost_cents), count=BigInt(group.count),
                changes=[_json(change) for change in group.changes],
            )
            for group in found.groups
        ],
        lines=[
            ChangedLine(
                line=plain(dict(each.line)), units_before=BigInt(each.units_before),
                units_after=BigInt(each.units_after), by=plain(dict(each.by)),
                rests_on=list(each.rests_on),
            )
            for each in found.lines
        ],
    )  # fmt: skip


async def _document(info: Info, digest: str) -> dict[str, Any]:
    return (await _to_open(info, digest))[0]


async def _to_open(info: Info, digest: str) -> tuple[dict[str, Any], "Opened"]:
    """The document of a plan, and how it is opened. Raises InputError `PLAN_UNKNOWN`."""
    entry = await info.context.plans.load(digest)
    if entry is None:
        raise InputError(f"there is no plan `{digest}`", code="PLAN_UNKNOWN",
                         hint="name it by its whole digest; `plans` lists them")  # fmt: skip
    found: dict[str, Any] = await info.context.read(
        info.context.house.store.get_document, entry.artifact
    )
    return found, partial(info.context.opened, entry.artifact)


def _big(value: int | None) -> BigInt | None:
    return None if value is None else BigInt(value)


def _json(value: Any) -> Any:
    return None if value is None else plain(asdict(value))
