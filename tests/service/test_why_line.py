"""Why a line: what it saves and what would flip it, each checked by planning again."""

from dataclasses import replace

import numpy as np
import pytest

from graph.artifacts import ArtifactStore
from ontology.columns import Snapshot, Table
from ontology.errors import InputError
from service.decision import ask, pose
from service.planning import draft_plan
from service.why_line import Flip, WhyLine, why_line
from solver.engine.flow import solve
from solver.explain.alternatives import arc_of, row_of
from solver.network.columns import IntArray
from tests.service.planned import Planned


def told(plan: Planned, number: int) -> WhyLine:
    return why_line(ArtifactStore(plan.artifacts), plan.document, number)


def lines(plan: Planned) -> list[WhyLine]:
    return [told(plan, line["number"]) for line in plan.document["decision"]["lines"]]


def changed(plan: Planned, fact: str, field: str, value: int) -> Snapshot:
    """The plan's snapshot with one field of one fact at another value."""
    name, _, key = fact.partition("/")
    table = plan.snapshot.table(name)
    column = table[field].copy()
    column[table.keys.tolist().index(key)] = value
    tables = {**plan.snapshot.tables, name: Table(name, {**table.columns, field: column})}
    return Snapshot(plan.snapshot.sequence, tables)


def cost_of(plan: Planned, flow: IntArray, snapshot: Snapshot) -> tuple[int, int]:
    """What the plan's flow costs on other facts, and the least that any flow costs there."""
    network = pose(ask(snapshot, plan.release, plan.request)).network
    least = solve(network).objective
    assert least is not None
    return int(network.cost @ flow), least


def flips(plan: Planned, kind: str) -> list[tuple[WhyLine, str, Flip]]:
    return [
        (line, behind.fact, behind.flip)
        for line in lines(plan) for behind in line.behind
        if behind.fact.startswith(kind) and behind.flip is not None
    ]  # fmt: skip


def test_a_line_saves_what_the_plan_without_it_costs_more(plan: Planned) -> None:
    """Closing the line's movement and solving again costs exactly what the line saves."""
    problem, flow = plan.draft.problem, plan.draft.flow
    for found in lines(plan):
        row = row_of(problem, found.line)
        assert row is not None
        arc, worth = arc_of(problem, row), found.worth
        assert worth is not None
        assert found.line["cost_scaled"] == worth.units * worth.unit_cost_scaled
        capacity = problem.network.capacity.copy()
        capacity[arc] = 0
        other = solve(replace(problem.network, capacity=capacity)).objective
        assert other is not None
        assert other - int(problem.network.cost @ flow) == worth.saves_scaled >= 0


@pytest.mark.parametrize(("kind", "field"), [("Lane", "cost_per_unit_micros"),
                                             ("Offer", "price_micros")])  # fmt: skip
def test_a_price_flips_the_plan_exactly_where_it_says(plan: Planned, kind: str, field: str) -> None:
    """On facts with that price the flow is cheapest up to the end of the range, and not beyond."""
    found = flips(plan, kind)
    assert found
    for _, fact, flip in found:
        assert field == flip.field
        for end, step in ((flip.holds_from, -1), (flip.holds_to, 1)):
            if end is not None:
                own, least = cost_of(plan, plan.draft.flow, changed(plan, fact, field, end))
                assert own == least
                own, least = cost_of(plan, plan.draft.flow, changed(plan, fact, field, end + step))
                assert own > least


def test_one_unit_of_stock_is_worth_what_the_plan_on_it_says(plan: Planned) -> None:
    """With one unit more, or less, on hand the whole plan costs what the reason says."""
    found = flips(plan, "StockPosition")
    assert found
    for line, fact, flip in found:
        assert flip.now is not None
        for units, scaled in ((1, flip.one_more_scaled), (-1, flip.one_less_scaled)):
            other = draft_plan(changed(plan, fact, "on_hand_units", flip.now + units),
                               plan.release, plan.request)  # fmt: skip
            assert scaled == other.claims.cost - plan.draft.claims.cost
            if not flip.changes_line:
                kept = {row_of(other.problem, row): row["quantity_units"]
                        for row in other.decision["lines"]}  # fmt: skip
                assert line.line["quantity_units"] == kept[row_of(other.problem, line.line)]


def test_facts_are_shown_as_the_plan_saw_them(plan: Planned) -> None:
    """Every reason of every line has the fields of its fact; all facts are named once."""
    for found in lines(plan):
        assert list(found.line["because"]) == [behind.fact for behind in found.behind]
        for behind in found.behind:
            assert behind.fields
    lane = next(b for found in lines(plan) for b in found.behind if b.fact == "Lane/truck-ns")
    table = plan.snapshot.table("Lane")
    row = int(np.flatnonzero(table["id"] == "truck-ns")[0])
    assert int(table["cost_per_unit_micros"][row]) == lane.fields["cost_per_unit_micros"]


def test_a_line_that_is_not_there_is_said(plan: Planned) -> None:
    """An unknown number is one clear line."""
    with pytest.raises(InputError) as caught:
        told(plan, 10**6)
    assert caught.value.code == "LINE_UNKNOWN"


def test_a_purchase_states_what_is_paid(plan: Planned) -> None:
    """Paid is units times the offer's price, whatever the cost net of stock is."""
    offers = plan.snapshot.table("Offer")
    price = dict(zip(zip(offers["supplier"], offers["item"], offers["location"], strict=True),
                     offers["price_micros"].tolist(), strict=True))  # fmt: skip
    bought = [row for row in plan.document["decision"]["lines"] if row["kind"] == "purchase"]
    assert bought
    for row in bought:
        key = (row["supplier"], row["item"], row["destination"])
        assert row["quantity_units"] * price[key] == row["paid_scaled"]
