"""Plan against plan: whatever changed, what the groups did sums to the difference."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graph.artifacts import ArtifactStore
from graph.manifests import write_snapshot
from ontology.columns import Snapshot, Table, table_of
from ontology.demand import DemandOutcome
from ontology.errors import InputError
from ontology.goods import Item
from rules.release import Release
from service.decision import PlanRequest, seal
from service.difference import Difference, difference
from service.planning import draft_plan
from tests.service.planned import Planned

STATED = (
    ("Lane", "cost_per_unit_micros", 200_000), ("StockPosition", "on_hand_units", 3),
    ("DemandOutcome", "quantity_units", 3), ("Offer", "price_micros", 10**6),
    ("StockingPolicy", "shortage_cost_per_day_micros", 10**6),
)  # fmt: skip


class Plans:
    """Plans of changed facts, sealed and kept in a folder, without a database."""

    def __init__(self, plan: Planned, folder: Path) -> None:
        self.plan = plan
        self.store = ArtifactStore(folder)

    def made(
        self, snapshot: Snapshot, release: Release | None = None, request: PlanRequest | None = None
    ) -> dict[str, Any]:
        """A sealed plan and its artifacts."""
        chosen, asked = release or self.plan.release, request or self.plan.request
        named = {"snapshot": write_snapshot(self.store, asked.chain, snapshot),
                 "release": self.store.put_document(chosen.to_document())}  # fmt: skip
        return seal(draft_plan(snapshot, chosen, asked).decision, {"artifacts": named})


@pytest.fixture
def plans(plan: Planned, tmp_path: Path) -> Plans:
    """Where this test's plans lie."""
    return Plans(plan, tmp_path)


def with_table(snapshot: Snapshot, table: Table) -> Snapshot:
    return Snapshot(snapshot.sequence, {**snapshot.tables, table.name: table.sorted()})


def stirred(snapshot: Snapshot, draw: np.random.Generator) -> Snapshot:
    """Some classes with some of their numbers changed at random."""
    for name, field, most in STATED:
        if draw.random() < 0.6:
            table = snapshot.table(name)
            column = table[field] + draw.integers(0, most + 1, len(table)) * (
                draw.random(len(table)) < 0.4
            )
            snapshot = with_table(snapshot, Table(name, {**table.columns, field: column}))
    return snapshot


def check_sums(found: Difference, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Costs over groups, and units over a line's groups, sum exactly; the ends are the plans'."""
    decisions = [each["decision"] for each in (before, after)]
    ends = [(each["certificate"]["cost"], each["comparison"]["plan"]["cost_cents"])
            for each in decisions]  # fmt: skip
    assert ends == list(zip(found.cost_scaled, found.cost_cents, strict=True))
    assert ends[1][0] - ends[0][0] == sum(group.cost_scaled for group in found.groups)
    assert ends[1][1] - ends[0][1] == sum(group.cost_cents for group in found.groups)
    for line in found.lines:
        assert line.units_after - line.units_before == sum(line.by.values()) != 0
    moved = [sum(row["quantity_units"] for row in d["decision"]["lines"]) for d in (before, after)]
    changes = [line.units_after - line.units_before for line in found.lines]
    assert moved[1] - moved[0] == sum(changes)


@pytest.mark.parametrize("seed", range(25))
def test_what_the_groups_did_sums_to_the_difference(plans: Plans, seed: int) -> None:
    """Random changes of facts and of a knob: every sum is exact."""
    draw = np.random.default_rng(seed)
    snapshot, release = stirred(plans.plan.snapshot, draw), plans.plan.release
    if draw.random() < 0.3:
        knobs = {**release.knobs, "rounds": int(draw.integers(1, 9))}
        release = replace(release, knobs=knobs)
    before = plans.made(plans.plan.snapshot)
    after = plans.made(snapshot, release)
    found = difference(plans.store, before, after)
    check_sums(found, before, after)
    tables = [name for name in sorted(snapshot.tables)
              if snapshot.table(name).digest != plans.plan.snapshot.table(name).digest]  # fmt: skip
    rules = ["knobs"] if release.digest != plans.plan.release.digest else []
    assert tables + rules == [name for g in found.groups for name in g.name.split(" + ")]


def test_the_same_plan_has_no_difference(plans: Plans) -> None:
    """A plan against itself: no group, no line, no cost."""
    one = plans.made(plans.plan.snapshot)
    found = difference(plans.store, one, one)
    assert ((), (), 0) == (found.groups, found.lines, found.cost_cents[1] - found.cost_cents[0])


def test_a_changed_fact_is_named_with_its_values(plans: Plans) -> None:
    """One lane's price: one group, the fact with both values, and the lines that rest on it."""
    table = plans.plan.snapshot.table("Lane")
    row = table["id"].tolist().index("truck-ns")
    column = table["cost_per_unit_micros"].copy()
    was, column[row] = int(column[row]), 10**6
    changed = Table("Lane", {**table.columns, "cost_per_unit_micros": column})
    before = plans.made(plans.plan.snapshot)
    after = plans.made(with_table(plans.plan.snapshot, changed))
    found = difference(plans.store, before, after)
    check_sums(found, before, after)
    (group,) = found.groups
    assert ("Lane", 1) == (group.name, group.count)
    (change,) = group.changes
    assert "Lane/truck-ns" == change.what
    assert {"cost_per_unit_micros": (was, 10**6)} == dict(change.fields)
    moved = next(line for line in found.lines if line.line.get("lane") == "truck-ns")
    assert ({"Lane": moved.units_after - moved.units_before}, ("Lane/truck-ns",)) == (
        dict(moved.by), moved.rests_on)  # fmt: skip


def test_groups_are_joined_where_no_plan_lies_between(plans: Plans) -> None:
    """Demand of a new item is no plan without its policy: the classes count as one group."""
    snapshot = plans.plan.snapshot
    policies = snapshot.table("StockingPolicy").take(np.array([0]))
    policy = Table("StockingPolicy", {
        **policies.columns, "item": np.array(["novelty"], object),
    })  # fmt: skip
    on = plans.plan.draft.problem.window.starts_on
    demand = table_of([DemandOutcome("novelty", policy["location"][0], on, 2, 1)], "DemandOutcome")
    item = table_of([Item("novelty", handling_class="ambient")], "Item")
    for more in (policy, demand, item):
        table = snapshot.table(more.name)
        both = {name: np.concatenate([table[name], more[name]]) for name in table.columns}
        snapshot = with_table(snapshot, Table(more.name, both))
    before, after = plans.made(plans.plan.snapshot), plans.made(snapshot)
    found = difference(plans.store, before, after)
    check_sums(found, before, after)
    assert "DemandOutcome + Item + StockingPolicy" in [group.name for group in found.groups]
    assert {"added"} == {change.change for group in found.groups for change in group.changes}


def test_a_changed_rule_book_is_its_own_group(plans: Plans) -> None:
    """A rule's file that is left out is named, and what that saves is the rules' share."""
    release = plans.plan.release
    files = [name for name in release.shapes if "cold-chain" in release.shapes[name]]
    assert files
    shapes = {name: text for name, text in release.shapes.items() if name not in files}
    before, after = plans.made(plans.plan.snapshot), plans.made(
        plans.plan.snapshot, replace(release, shapes=shapes))  # fmt: skip
    found = difference(plans.store, before, after)
    check_sums(found, before, after)
    assert ["rules"] == [group.name for group in found.groups]
    assert sorted(files) == [change.what for change in found.groups[0].changes]
    assert found.groups[0].cost_scaled <= 0


def test_plans_of_different_chains_are_refused(plans: Plans) -> None:
    """Only plans of one chain are compared."""
    one = plans.made(plans.plan.snapshot)
    other = {**one, "decision": {**one["decision"], "chain": "elsewhere"}}
    with pytest.raises(InputError) as caught:
        difference(plans.store, one, other)
    assert caught.value.code == "PLANS_APART"
