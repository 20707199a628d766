"""Drift: a plan holds on other facts than its own or not; what rejects it is named."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.replays import carried_out, chain, with_noise
from graph.artifacts import ArtifactStore
from ontology.columns import Snapshot, Table
from rules.release import default_release
from service.decision import PlanRequest, ask, pose
from service.drift import PlanDrift, drift
from solver.network.ranges import exact_dot
from solver.optimum import proved_flow
from tests.service import regimes
from tests.service.planned import Planned
from tests.service.test_stability import plan, saved

ITEMS = 4


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Planned:
    """A saved plan of a chain on a forecast."""
    folder: Path = tmp_path_factory.mktemp("artifacts")
    return saved(chain(7, ITEMS), PlanRequest("replayed"), folder)


def drift_on(made: Planned, snapshot: Snapshot) -> PlanDrift:
    """How the plan stands on a snapshot."""
    return drift(ArtifactStore(made.artifacts), made.document, snapshot, default_release())


def changed(snapshot: Snapshot, name: str, field: str, factor: float, item: str = "") -> Snapshot:
    """The same facts with one whole-number field times a factor, of an item or of all."""
    table = snapshot.table(name)
    rows = (table["item"] == item) if item else np.ones(len(table), np.bool_)
    values = np.where(rows, (table[field] * factor).astype(np.int64), table[field])
    columns = {**table.columns, field: values}
    if field == "on_hand_units":
        columns["total_units"] = values
    return Snapshot(1, {**snapshot.tables, name: Table(name, columns)})


def test_on_its_own_facts_a_plan_holds(made: Planned) -> None:
    """Nothing drifted: the same cost and gap as then, and no item to plan again."""
    found = drift_on(made, made.snapshot)
    assert found.holds
    assert found.same_facts
    assert () == found.affected
    assert (found.cost_scaled_then, found.gap_scaled_then) == (found.cost_scaled, found.gap_scaled)
    assert ITEMS == found.group_count


@pytest.mark.parametrize("seed", range(8))
def test_a_plan_that_holds_is_within_what_is_allowed(made: Planned, seed: int) -> None:
    """Under noise the bound is sound, and where the plan holds, no plan saves more than allowed."""
    after = with_noise(made.snapshot, seed)
    found = drift_on(made, after)
    assert found.cost_scaled is not None
    assert found.bound_scaled is not None
    assert found.gap_scaled == found.cost_scaled - found.bound_scaled
    if "purchases" not in {group.why for group in found.affected}:
        posed = pose(ask(after, default_release(), PlanRequest("replayed")))
        best = exact_dot(posed.network.cost, proved_flow(posed).flow)
        assert found.bound_scaled <= best <= found.cost_scaled
        assert not found.holds or found.cost_scaled - best <= found.allowed_scaled


def test_the_item_whose_stock_is_gone_is_named(made: Planned) -> None:
    """Lines of an item that cannot be made any more reject that item alone, with no gap."""
    line = next(r for r in made.document["decision"]["lines"] if r["kind"] == "transfer")
    item = line["item"]
    found = drift_on(made, changed(made.snapshot, "StockPosition", "on_hand_units", 0, item))
    assert not found.holds
    assert None is found.cost_scaled is found.gap_scaled
    assert (item,) in [group.items for group in found.affected if group.why == "lines"]
    assert {"lines"} == {g.why for g in found.affected if g.items == (item,)}


def test_a_lane_that_is_gone_breaks_its_lines(made: Planned) -> None:
    """Where a lane closes, the items that it carries have to be planned again, and no others."""
    lines = [r for r in made.document["decision"]["lines"] if r["kind"] == "transfer"]
    lane = lines[0]["lane"]
    table = made.snapshot.table("Lane")
    left = table.take(np.flatnonzero(table["id"] != lane))
    found = drift_on(made, Snapshot(1, {**made.snapshot.tables, "Lane": left}))
    broken = {group.items[0] for group in found.affected if group.why == "lines"}
    assert {line["item"] for line in lines if line["lane"] == lane} <= broken
    assert not found.holds


def test_another_demand_asks_for_other_purchases(made: Planned) -> None:
    """Twice the pooled demand of an item: the rule buys more, and the item is named."""
    after = changed(made.snapshot, "PooledDemandQuantile", "quantity_units", 2, "item-1")
    found = drift_on(made, after)
    assert ("item-1",) in [g.items for g in found.affected if g.why == "purchases"]
    assert not found.holds


def test_a_plan_that_was_carried_out_does_not_hold(made: Planned) -> None:
    """Its stock has left: it cannot be carried out twice."""
    done = carried_out(made.snapshot, made.document["decision"]["lines"], "done")
    assert not drift_on(made, done).holds


def test_a_drift_of_one_item_rejects_that_item() -> None:
    """Solved again, only the rejected items change: the others keep their lines."""
    before = chain(9, ITEMS)
    first = plan(before).decision["lines"]
    after = changed(before, "DemandQuantile", "quantity_units", 1.3, "item-2")
    second = plan(after).decision["lines"]
    keep = [[{k: v for k, v in row.items() if k != "number"} for row in lines
             if row["item"] != "item-2"] for lines in (first, second)]  # fmt: skip
    assert keep[0] == keep[1]


@pytest.mark.parametrize("seed", range(12))
def test_what_branches_proved_is_told_beside_the_root(tmp_path: Path, seed: int) -> None:
    """With branches the gaps are those of the root: never less than what the branches proved."""
    asked = regimes.whole(seed)
    sealed = regimes.sealed(asked, tmp_path)
    found = drift(ArtifactStore(tmp_path), sealed.document, asked.snapshot, asked.release)
    leaves = 0 if sealed.draft.branches is None else len(sealed.draft.branches.leaf_bound)
    claims = sealed.draft.claims
    if leaves > 1:
        assert leaves == found.branches
        assert claims.gap - claims.line_cost == found.gap_by_branches_then
        assert found.gap_scaled_then >= claims.gap - claims.line_cost
    else:
        assert (0, None) == (found.branches, found.gap_by_branches_then)


@pytest.mark.parametrize("seed", range(4, 25, 2))
def test_a_plan_of_whole_demand_lines_holds_on_its_own_facts(seed: int, tmp_path: Path) -> None:
    """Which lines the units of a way serve is carried over, not guessed from how many there are."""
    made = regimes.sealed(regimes.lines(seed), tmp_path)
    found = drift(ArtifactStore(tmp_path), made.document, made.asked.snapshot, made.asked.release)
    assert found.holds
    assert (found.cost_scaled_then, found.gap_scaled_then) == (found.cost_scaled, found.gap_scaled)


@pytest.mark.parametrize(("regime", "seed"), [("coupled", 3), ("ageing", 4)])
def test_what_was_rounded_is_carried_over(regime: str, seed: int, tmp_path: Path) -> None:
    """On its own facts a plan's gap is that of its certificate, rounded rows and all."""
    made = regimes.sealed(regimes.REGIMES[regime](seed), tmp_path)
    assert made.draft.rounded is not None
    found = drift(ArtifactStore(tmp_path), made.document, made.asked.snapshot, made.asked.release)
    claims = made.draft.claims
    assert found.gap_scaled_then <= claims.gap - claims.line_cost
    assert found.gap_scaled == found.gap_scaled_then
