"""Demand lines that one item serves whole: best of all plans, proved, explained, told apart."""

from fractions import Fraction
from typing import Any

import pytest

from ontology.columns import Snapshot
from ontology.demand import DemandLine, DemandOutcome
from ontology.errors import InputError, SolverError
from ontology.goods import Item, Substitute
from ontology.stock import StockingPolicy, StockPosition
from rules.release import default_release
from service.decision import Draft, PlanRequest
from service.planning import draft_plan
from solver.engine.flow import unmet
from solver.explain.lines import moved_units
from solver.model.carry_labels import CarryLabels
from solver.model.completion import complete
from solver.proof.branches import split_lots
from tests.solver.line_worlds import line_world, with_lines
from tests.solver.planning import MONDAY, random_orders, shuffled, snapshot_of

REQUEST = PlanRequest("lines")


def drafted(snapshot: Snapshot) -> Draft:
    return draft_plan(snapshot, default_release(), REQUEST)


def shop(*lines: int, capsules: int = 6, **fields: Any) -> Snapshot:
    """Five tablets are wanted and one is there; capsules may stand in for lines of so many."""
    records: list[Any] = [Item(item, value_cents=500) for item in ("tablet", "capsule")]
    records += [
        StockingPolicy(item, "shop", holding_cost_per_day_micros=120_000,
                       shortage_cost_per_day_micros=900_000) for item in ("tablet", "capsule")
    ]  # fmt: skip
    records += [DemandLine(f"line-{n}", "tablet", "shop", units, **fields)
                for n, units in enumerate(lines)]  # fmt: skip
    return snapshot_of(
        Substitute("tablet", "capsule", approved_by="ann"), *records,
        StockPosition("capsule", "shop", on_hand_units=capsules),
        StockPosition("tablet", "shop", on_hand_units=1),
        DemandOutcome("tablet", "shop", MONDAY, 5, 1),
    )  # fmt: skip


def stood_in(snapshot: Snapshot) -> int:
    """Units that stand in for another item in the plan."""
    lines = drafted(snapshot).decision["lines"]
    return sum(line["quantity_units"] for line in lines if line["kind"] == "substitution")


@pytest.mark.parametrize("block", range(8))
def test_the_best_of_all_plans_is_found_and_proved(block: int) -> None:
    """Law 2, by brute force on 160 worlds: cost = bound = the least of all plans enumerated."""
    for seed in range(20 * block, 20 * block + 20):
        world = line_world(seed)
        decision = drafted(world.snapshot()).decision
        plan = decision["comparison"]["plan"]
        assert "optimal" == decision["certificate"]["label"], seed
        best = world.optimum() / 10_000
        assert abs(best - plan["cost_cents"]) <= Fraction(1, 2), seed


def test_what_stands_in_serves_whole_lines() -> None:
    """On every world: each line is served by one other item, or by none, with all its units."""
    served = 0
    for seed in range(60):
        draft = drafted(line_world(seed).snapshot())
        labels, flow = draft.problem.labels, draft.flow
        assert isinstance(labels, CarryLabels)
        if "line" not in labels.blocks:
            continue
        by_line: dict[str, list[int]] = {}
        for arc, units in zip(labels.whole_lines.arcs, flow[labels.block("line")], strict=True):
            assert units in {0, arc.units}
            by_line.setdefault(arc.line, []).append(int(units))
        assert all(sum(map(bool, units)) <= 1 for units in by_line.values())
        served += sum(any(units) for units in by_line.values())
    assert served > 40


def test_without_lines_units_mix_and_with_lines_they_do_not() -> None:
    """Four are short: all come where nothing is stated; with lines, sums of whole ones alone."""
    assert 4 == stood_in(shop())
    assert 3 == stood_in(shop(3))
    assert 0 == stood_in(shop(9))
    assert 4 == stood_in(shop(3, 1))
    assert 2 == stood_in(shop(3, 2, capsules=2))
    assert 0 == stood_in(shop(3, capsules=2))
    assert 0 == stood_in(shop(0))


def test_a_line_says_which_demand_lines_it_serves() -> None:
    """Provenance: what stands in leads to the lines of customers that it is set aside for."""
    line = drafted(shop(3, 1, 7)).decision["lines"][0]
    named = [name for name in line["because"] if name.startswith("DemandLine/")]
    assert ["DemandLine/line-0", "DemandLine/line-1"] == named


def test_what_stays_short_says_why() -> None:
    """Two capsules cannot serve a line of three: *whole units*, with the line and the item."""
    row = drafted(shop(3, capsules=2)).decision["shortfalls"][0]
    assert ("whole units", 4) == (row["kind"], row["quantity_units"])
    assert row["reason"].endswith(
        "capsule stands in for whole demand lines only (whole units), and no further whole line "
        "pays and fits"
    )
    assert ("line-0", "capsule") == (row["resource"]["subject"], row["resource"]["item"])


def test_an_unapproved_item_is_closed_by_its_rule() -> None:
    """Lines open no way that a rule closes, and the rule is named, not the line."""
    facts = shop(3)
    tables = {**facts.tables, "Substitute": snapshot_of(Substitute("tablet", "capsule"))
              .table("Substitute")}  # fmt: skip
    decision = drafted(Snapshot(1, tables)).decision
    assert [] == decision["lines"]
    assert "rule" == decision["shortfalls"][0]["kind"]


def test_the_order_of_rows_is_no_input() -> None:
    """Law 8, with lines."""
    for seed in range(10):
        snapshot = line_world(seed).snapshot()
        assert drafted(snapshot).decision == drafted(shuffled(snapshot, seed)).decision


def test_lines_of_a_forecast() -> None:
    """Where demand is forecast, too, whole lines are served; some stay short of whole units."""
    kinds, whole = set(), 0
    for seed in range(40):
        decision = drafted(with_lines(seed)).decision
        kinds |= {row["kind"] for row in decision["shortfalls"]}
        whole += sum(any(name.startswith("DemandLine/") for name in line["because"])
                     for line in decision["lines"])  # fmt: skip
    assert "whole units" in kinds
    assert whole > 5


def test_a_flow_of_lines_alone_is_whole() -> None:
    """Movements completed to a flow serve whole lines where their units make some, else one less.

    Balance holds at every node in any case.
    """
    for seed in range(40):
        draft = drafted(line_world(seed).snapshot())
        labels = draft.problem.labels
        assert isinstance(labels, CarryLabels)
        units = moved_units(draft.problem, draft.flow)
        flow = complete(draft.problem, labels, units)
        assert not unmet(draft.problem.network, flow).any()
        if len({arc.units for arc in labels.whole_lines.arcs}) == 1:
            assert not len(split_lots(draft.problem.shared, flow))


def test_facts_without_lines_leave_no_trace() -> None:
    """No node, arc or word of lines where none is stated, or none that anything stands in for."""
    draft = drafted(shop())
    assert not draft.problem.comes_whole
    elsewhere = DemandLine("l", "capsule", "shop", 3)
    table = snapshot_of(elsewhere).table("DemandLine")
    facts = Snapshot(1, {**shop().tables, "DemandLine": table})
    other = drafted(facts)
    for part in ("network", "certificate", "lines", "shortfalls"):
        assert draft.decision[part] == other.decision[part]


def test_firm_orders_have_no_demand_lines() -> None:
    """An order is served whole anyway: lines beside orders are refused, not passed over."""
    facts = random_orders(3)
    lines = snapshot_of(DemandLine("l", "item", "plant-0", 3)).tables
    with pytest.raises(InputError) as refused:
        drafted(Snapshot(1, {**facts.tables, **lines}))
    assert "LINES_REGIME" == refused.value.code


def test_an_objective_is_not_held_where_lines_are_whole() -> None:
    """To hold an objective takes a proof that its gap is 0 at one set of prices: refused."""
    with pytest.raises(SolverError) as refused:
        draft_plan(shop(3), default_release(), PlanRequest("lines", first=("service",)))
    assert "STAGE_NOT_PROVED" == refused.value.code
