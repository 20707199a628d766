"""Rules on how well stock is known: the ages and marks of both ends, and the guide's own rule."""

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from ontology.columns import MISSING, Snapshot, record_at, table_of
from ontology.governance import Mark
from ontology.stock import StockPosition
from ontology.terms import join_key
from rules.release import Release
from service.decision import ask, pose
from service.planning import draft_plan
from service.price import price_of_rule
from solver.model.known_stock import FIELDS, with_known_stock
from solver.model.movements import candidates, window_of
from tests.service.planned import Planned

GUIDE = (Path(__file__).parents[2] / "docs/adding-a-rule.md").read_text()
IRI = "https://w3id.org/evenkeel/rule/known-stock"


def guides_rule() -> str:
    """The rule of the guide as it is written there."""
    blocks = re.findall(r"```turtle\n(.*?)```", GUIDE, re.DOTALL)
    (found,) = [block for block in blocks if "rule:known-stock" in block]
    return str(found)


@pytest.fixture(scope="module")
def release(plan: Planned) -> Release:
    """The shipped rules and that of the guide."""
    shapes = {**plan.release.shapes, "known-stock.ttl": guides_rule()}
    return Release(plan.release.name, "guide", shapes, plan.release.knobs)


def known(facts: Snapshot, ages: dict[str, int], marks: tuple[str, ...] = ()) -> Snapshot:
    """The facts with the stock at some places counted so many days before the plan, some marked."""
    first = window_of(facts).starts_on
    table = facts.table("StockPosition")
    rows = [record_at(table, row) for row in range(len(table))]
    counted = [replace(r, counted_on=first - timedelta(days=ages.get(r.location, 0))) for r in rows]
    doubts = [Mark("StockPosition", join_key((r.item, r.location, r.lot)), "OUTLIER", "far off")
              for r in rows if r.location in marks]  # fmt: skip
    tables = {**facts.tables, "StockPosition": table_of(counted, "StockPosition"),
              "Mark": table_of(doubts, "Mark")}  # fmt: skip
    return replace(facts, tables=tables)


def moved_from(decision: dict[str, object]) -> set[str]:
    """The places that transfers of a plan leave."""
    lines = decision["lines"]
    assert isinstance(lines, list)
    return {line["origin"] for line in lines if line["kind"] == "transfer"}


@pytest.mark.parametrize(("days", "marks"), [(8, ()), (0, ("north",))])
def test_stock_that_is_not_known_stays(
    plan: Planned, release: Release, days: int, marks: tuple[str, ...]
) -> None:
    """The line is closed, the rule is named as the reason, and its price is that of the line."""
    facts = known(plan.snapshot, {"north": days}, marks)
    assert "north" in moved_from(draft_plan(facts, plan.release, plan.request).decision)
    draft = draft_plan(facts, release, plan.request)
    assert "north" not in moved_from(draft.decision)
    assert draft.decision["suppressed"]["by_rule"][IRI]
    price = price_of_rule(draft, facts, release, IRI, plan.request)
    assert price.difference_scaled > 0
    assert "north" in {line.get("origin") for line in price.opened}


def test_stock_that_is_known_moves_as_before(plan: Planned, release: Release) -> None:
    """A week is young enough, and doubts at the destination are no matter of this rule."""
    facts = known(plan.snapshot, {"north": 7, "south": 99}, ("south",))
    before = draft_plan(facts, plan.release, plan.request).decision
    assert before["lines"] == draft_plan(facts, release, plan.request).decision["lines"]


def test_nothing_is_worked_out_that_no_rule_names(plan: Planned, release: Release) -> None:
    """Without such a rule the fields stay blank; with it every row with that end has them."""
    facts = known(plan.snapshot, {"north": 8})
    blank = pose(ask(facts, plan.release, plan.request)).movements
    told = pose(ask(facts, release, plan.request)).movements
    for field in FIELDS:
        assert (blank[field] == MISSING).all()
        assert (told[field] != MISSING).any()


@pytest.mark.parametrize("seed", range(4))
def test_ages_and_marks_are_those_of_a_plain_look(plan: Planned, seed: int) -> None:
    """Of each end the oldest count of what is held, clipped at the plan's day, and all marks."""
    draw = np.random.default_rng(seed)
    window = window_of(plan.snapshot)
    movements = candidates(plan.snapshot, window)
    places = sorted({*movements["origin"].tolist(), *movements["destination"].tolist()} - {None})
    rows = [
        StockPosition(item, place, f"lot {lot}", total_units=int(draw.integers(0, 2)),
                      counted_on=None if draw.integers(0, 4) == 0 else
                      window.starts_on + timedelta(days=int(draw.integers(-9, 3))))
        for item in sorted(set(movements["item"].tolist())) for place in places
        for lot in range(int(draw.integers(0, 4)))
    ]  # fmt: skip
    doubts = [Mark("StockPosition", join_key((r.item, r.location, r.lot)), code, "so")
              for r in rows for code in ("A", "B") if draw.integers(0, 3) == 0]  # fmt: skip
    doubts.append(Mark("Item", "widget", "A", "another class"))
    facts = replace(plan.snapshot, tables={
        **plan.snapshot.tables, "StockPosition": table_of(rows, "StockPosition"),
        "Mark": table_of(doubts, "Mark"),
    })  # fmt: skip
    found = with_known_stock(movements, facts, window)
    for row in range(len(found)):
        for end in ("origin", "destination"):
            place = found[end][row]
            here = [r for r in rows if (r.item, r.location) == (found["item"][row], place)]
            assert _age(here, window.starts_on) == int(found[f"{end}_stock_age_days"][row])
            assert _marks(here, doubts, place) == int(found[f"{end}_mark_count"][row])


def _age(here: list[StockPosition], first: date) -> int:
    held = [r for r in here if r.total_units] or here
    ages = [max(0, (first - r.counted_on).days) for r in held if r.counted_on is not None]
    return max(ages, default=MISSING)


def _marks(here: list[StockPosition], doubts: list[Mark], place: str | None) -> int:
    keys = {join_key((r.item, r.location, r.lot)) for r in here}
    about = [d for d in doubts if d.class_name == "StockPosition" and d.fact_key in keys]
    return MISSING if place is None else len(about)
