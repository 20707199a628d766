"""Plans with truck loads and whole lots: made, explained, verified, and not to be tampered with."""

import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graph.artifacts import ArtifactStore
from graph.manifests import write_snapshot
from ontology.columns import Snapshot, table_of
from ontology.demand import DemandOutcome
from ontology.edits import CAP, FORCE, PIN, Edit
from ontology.errors import InputError, SolverError
from ontology.goods import Item, Lot
from ontology.objectives import Weights
from ontology.partners import Offer, Supplier
from ontology.stock import StockingPolicy, StockPosition
from ontology.transport import Lane, TransferLot, TruckLoad
from rules.release import default_release
from service.decision import Draft, PlanRequest, ask, assemble, pose, seal
from service.planning import draft_plan
from service.rounds import Settled
from service.verify import verify
from service.why_line import why_line
from tests.service.test_verify import changed, numbers, resealed
from tests.solver.forecasts import random_forecast
from tests.solver.planning import MONDAY, random_risk, shuffled, snapshot_of

REQUEST = PlanRequest("whole")
MAY_PROVE_THE_SAME = {"potentials", "prices", "branch_price_change", "branch_node_change",
                      "branch_node", "branch_price_resource"}  # fmt: skip


def in_wholes(snapshot: Snapshot, seed: int) -> Snapshot:
    """The facts with loads on most lanes and lots of most items."""
    rng = np.random.default_rng(seed)
    lanes = snapshot.table("Lane").sorted()["id"].tolist()
    items = sorted(set(snapshot.table("Item")["id"]))
    loads = [TruckLoad(lane, "units", int(rng.integers(2, 12)), int(rng.integers(1, 800)))
             for lane in lanes if rng.random() < 0.7]  # fmt: skip
    lots = [TransferLot(item, None, int(rng.integers(1, 7)), int(rng.integers(0, 6)))
            for item in items if rng.random() < 0.6]  # fmt: skip
    more = (table_of(loads, "TruckLoad"), table_of(lots, "TransferLot"))
    return Snapshot(snapshot.sequence, {**snapshot.tables, **{t.name: t for t in more}})


def two_places(*more: Any, wanted: int = 6) -> Snapshot:
    """Ten pumps in the north; the south wants some tomorrow."""
    policies = (StockingPolicy("pump", place, holding_cost_per_day_micros=micros,
                               shortage_cost_per_day_micros=900_000)
                for place, micros in (("north", 100_000), ("south", 120_000)))  # fmt: skip
    days = (DemandOutcome("pump", "south", MONDAY.replace(day=MONDAY.day + n), units, 1)
            for n, units in enumerate((0, wanted)))  # fmt: skip
    lane = Lane("near", "north", "south", lead_time_days=1, cost_per_unit_micros=200_000)
    lanes = () if any(isinstance(each, Lane) for each in more) else (lane,)
    stocked = any(isinstance(each, StockPosition) for each in more)
    stock = () if stocked else (StockPosition("pump", "north", on_hand_units=10),)
    return snapshot_of(Item("pump", value_cents=500), *stock, *policies, *days, *lanes, *more)


@dataclass(frozen=True)
class Sealed:
    """A plan as it is saved, and where its artifacts lie."""

    draft: Draft
    document: dict[str, Any]
    artifacts: Path


def sealed(snapshot: Snapshot, folder: Path) -> Sealed:
    release = default_release()
    draft = draft_plan(snapshot, release, REQUEST)
    store = ArtifactStore(folder)
    named = {"snapshot": write_snapshot(store, "whole", snapshot),
             "release": store.put_document(release.to_document())}  # fmt: skip
    about = {"sequence": snapshot.sequence, "made_at": "2026-03-02T00:00:00+00:00",
             "agent": "test", "versions": {}, "artifacts": named}  # fmt: skip
    return Sealed(draft, seal(draft.decision, about), folder)


def quantity(snapshot: Snapshot) -> int:
    """Units that the plan moves on the first day."""
    lines = draft_plan(snapshot, default_release(), REQUEST).decision["lines"]
    return sum(line["quantity_units"] for line in lines)


def test_each_condition_shapes_the_line() -> None:
    """Six wanted: eight go in fours, five in fives, seven at a minimum of seven; no dear load."""
    assert 6 == quantity(two_places())
    assert 8 == quantity(two_places(TransferLot("pump", None, 4)))
    assert 5 == quantity(two_places(TransferLot("pump", None, 5)))
    assert 7 == quantity(two_places(TransferLot("pump", "near", 1, 7)))
    assert 6 == quantity(two_places(TransferLot("pump", "near"), TransferLot("pump", None, 5)))
    assert 5 == quantity(two_places(TruckLoad("near", "units", 5, 100)))
    assert 0 == quantity(two_places(TruckLoad("near", "units", 5, 10_000)))
    assert 3 == quantity(two_places(TruckLoad("near", "units", 3, 10, most_loads_per_day=1)))


def test_batches_on_hand_fill_one_lot_together() -> None:
    """Three of one batch and four of another make a lot of five: what leaves together counts."""
    batches = [Lot(name, "pump") for name in "ab"]
    stock = [StockPosition("pump", "north", name, on_hand_units=units)
             for name, units in (("a", 3), ("b", 4))]  # fmt: skip
    assert 5 == quantity(two_places(TransferLot("pump", None, 5), *batches, *stock))


def test_a_shipment_is_paid_for_once_a_day() -> None:
    """Lane.cost_per_shipment_cents: whatever goes, or nothing; its cost is part of the plan's."""
    lane = Lane("near", "north", "south", lead_time_days=1, cost_per_unit_micros=200_000)
    costs = {}
    for cents in (0, 100, 10_000):
        dear = Lane(**{name: getattr(lane, name) for name in Lane.__slots__}
                    | {"cost_per_shipment_cents": cents})  # fmt: skip
        decision = draft_plan(two_places(dear), default_release(), REQUEST).decision
        costs[cents] = decision["comparison"]["plan"]["cost_cents"]
    assert costs[0] + 100 == costs[100]
    assert 740 == costs[10_000]


def test_what_is_bought_keeps_to_minimum_and_multiple() -> None:
    """Where the flow buys, an offer's lots are whole: five wanted are bought as six, or not."""
    offers = {
        (least, multiple): Offer("maker", "pump", "south", 5_000_000, lead_time_days=1,
                                 minimum_order_units=least, lot_multiple_units=multiple)
        for least, multiple in ((1, 1), (4, 3), (60, 1))
    }  # fmt: skip
    bought = {}
    for size, offer in offers.items():
        closed = Lane("near", "north", "south", lead_time_days=1, status="closed")
        maker = Supplier("maker", "Maker", status="approved")
        bought[size] = quantity(two_places(offer, maker, closed, wanted=5))
    assert {(1, 1): 5, (4, 3): 6, (60, 1): 0} == bought


def test_what_stays_short_says_why() -> None:
    """Whole lots leave *whole units* short; a full load names what a further one costs."""
    lots = draft_plan(two_places(TransferLot("pump", None, 5)), default_release(), REQUEST)
    row = lots.decision["shortfalls"][0]
    assert ("whole units", 1) == (row["kind"], row["quantity_units"])
    assert row["reason"].endswith(
        "pump goes by near in whole lots, and another one did not pay or did not fit"
    )
    load = draft_plan(two_places(TruckLoad("near", "units", 5, 100)), default_release(), REQUEST)
    row = load.decision["shortfalls"][0]
    assert "shared resource" == row["kind"]
    assert row["reason"].endswith(
        "every load on near that is paid for is full, and a further one costs 1000000 micros"
    )
    begun = load.decision["certificate"]["loads"][0]
    assert (1, 5, 5, 1_000_000) == tuple(
        begun[name] for name in ("loads", "capacity", "used", "cost_scaled")
    )


@pytest.mark.parametrize("seed", range(12))
def test_a_plan_can_be_redone_from_what_it_states(seed: int) -> None:
    """No solver is needed to derive a decision again, forecast or not; row order is no input."""
    make = random_forecast if seed % 2 else random_risk
    snapshot, release = in_wholes(make(seed), seed), default_release()
    draft = draft_plan(snapshot, release, REQUEST)
    proof = draft.decision["certificate"]
    assert proof["bound"] <= proof["cost"] <= proof["do_nothing"]
    question = ask(snapshot, release, REQUEST)
    after = draft.decision["suppressed"]["after_flow"]
    closed = {name: np.array(rows, np.int64) for name, rows in after.items()}
    again = assemble(question, Settled(pose(question, closed), draft.flow, draft.potentials,
                                       draft.prices, closed, draft.branches))  # fmt: skip
    assert draft.decision == again.decision
    other = draft_plan(shuffled(snapshot, seed), release, REQUEST)
    assert draft.decision == other.decision


def test_facts_without_wholes_leave_no_trace() -> None:
    """A plan without loads and lots states nothing of them."""
    draft = draft_plan(random_risk(1), default_release(), REQUEST)
    proof, network = draft.decision["certificate"], draft.decision["network"]
    names = {*proof, *proof["inline"], *network["inline"], *draft.decision["comparison"]["plan"]}
    assert not [name for name in names if "branch" in name or "whole" in name or "load" in name]
    assert not draft.problem.comes_whole


def test_no_number_can_be_changed_and_sealed_again(tmp_path: Path) -> None:
    """Law 2 with loads, lots and branches: whatever number is changed, verify refuses.

    Prices and potentials that still prove every bound are the exception.
    """
    more = (TruckLoad("near", "units", 4, 100), TransferLot("pump", None, 5))
    plan = sealed(two_places(*more), tmp_path)
    assert verify(plan.document, artifacts=tmp_path).accepted
    assert plan.draft.branches is not None
    survivors, paths = [], list(numbers(plan.document))
    for path in paths:
        for by in (1, -1):
            forged = resealed(changed(plan.document, path, by))
            if verify(forged, artifacts=tmp_path).accepted:
                survivors.append(path)
    assert {path[-2] for path in survivors} <= MAY_PROVE_THE_SAME
    assert len(survivors) < len(paths) / 10


def test_what_comes_whole_is_that_of_the_facts(tmp_path: Path) -> None:
    """A number of loads or lots that no bound rests on is refused, too: the facts say another."""
    plan = sealed(two_places(TruckLoad("near", "units", 20, 1)), tmp_path)
    inline = ("decision", "network", "inline")
    columns = plan.document["decision"]["network"]["inline"]
    names = [name for name in columns if name.startswith("whole_") and columns[name]]
    assert "whole_most_steps" in names
    for name in names:
        for row in range(len(columns[name])):
            for by in (1, -1):
                forged = resealed(changed(plan.document, (*inline, name, row), by))
                assert not verify(forged, artifacts=tmp_path).accepted, (name, row, by)


def test_branches_left_out_are_missed(tmp_path: Path) -> None:
    """Without its branches, or without what comes whole, a plan is refused, never a crash."""
    plan = sealed(two_places(TransferLot("pump", None, 5)), tmp_path)
    for part, prefix in (("certificate", "branch_"), ("network", "whole_")):
        inline = plan.document["decision"][part]["inline"]
        names = [name for name in inline if name.startswith(prefix)]
        assert names
        for gone in (names, names[:1]):
            forged = copy.deepcopy(plan.document)
            for name in gone:
                del forged["decision"][part]["inline"][name]
            assert not verify(resealed(forged), artifacts=tmp_path).accepted


def test_edits_keep_to_whole_lots_and_loads() -> None:
    """Three forced in lots of five are five; three pinned are refused, and the lots named."""

    def asked(kind: str, units: int, *more: Any) -> Draft:
        request = replace(REQUEST, edits=(Edit("pump", "near", kind=kind, units=units),))
        return draft_plan(two_places(*more), default_release(), request)

    lots, one_load = TransferLot("pump", None, 5), TruckLoad("near", "units", 5, 100, 1)
    assert [5] == [line["quantity_units"] for line in asked(FORCE, 3, lots).decision["lines"]]
    assert [] == asked(CAP, 4, lots).decision["lines"]
    for kind, units, what, words in ((PIN, 3, lots, "pump goes by near in lots of 5"),
                                     (FORCE, 7, one_load, "shared capacities")):  # fmt: skip
        with pytest.raises(InputError) as refused:
            asked(kind, units, what)
        assert "EDITS_CONFLICT" == refused.value.code
        assert words in str(refused.value)


def test_a_line_in_whole_lots_states_no_tipping_point(tmp_path: Path) -> None:
    """Its lot is held, so the network would keep it at any price: that is no answer."""
    made = sealed(two_places(TransferLot("pump", None, 4)), tmp_path)
    store = ArtifactStore(tmp_path)
    for data in made.draft.attachments.values():
        store.put(data)
    found = why_line(store, made.document, 1)
    assert found.in_lots
    assert found.worth is None
    assert all(each.flip is None for each in found.behind)
    free = sealed(two_places(), tmp_path)
    assert why_line(store, free.document, 1).worth is not None


def test_a_weight_does_not_change_what_a_load_costs() -> None:
    """The amounts of objectives are at plain rates, whatever landed cost weighs."""
    snapshot = two_places(TruckLoad("near", "units", 5, 100))
    request = PlanRequest("whole", weights=Weights(landed_per_mille=1_100))
    stated = draft_plan(snapshot, default_release(), request).decision["objectives"]["parts"]
    assert 5 * 200_000 + 100 * 10_000 == stated["landed_micros"]


def test_objectives_are_not_held_where_loads_come_whole() -> None:
    """To hold an objective takes a proof that its gap is 0 at one set of prices: refused."""
    snapshot = two_places(TruckLoad("near", "units", 5, 100))
    with pytest.raises(SolverError) as refused:
        draft_plan(snapshot, default_release(), PlanRequest("whole", first=("service",)))
    assert "STAGE_NOT_PROVED" == refused.value.code
