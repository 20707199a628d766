"""Lots by age in the network: what is lost, what moves first, and what expiry leaves alone."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from ontology.closures import Closures
from ontology.columns import Snapshot, Table
from ontology.goods import Lot
from ontology.objectives import PLAIN, SERVICE, Weights
from ontology.perishables import DisposalCost
from ontology.transport import Lane
from solver.baselines import compare, do_nothing
from solver.carry_labels import CarryLabels
from solver.certificate import check, measure
from solver.completion import complete
from solver.expiring import expected_waste
from solver.flow import unmet
from solver.lines import decode, moved_units
from solver.movements import candidates, window_of
from solver.problem import Problem, build
from solver.stages import alone
from tests.solver.forecasts import random_forecast
from tests.solver.perishable_worlds import (
    DAYS,
    MICROS,
    VALUE,
    hub_and_store,
    lot,
    one_place,
    truly_lost,
)
from tests.solver.planning import MONDAY, Solved, random_closures, shuffled, snapshot_of, solved

SEEDS = range(25)
MILLION = 10**6


def labels_in(problem: Problem) -> CarryLabels:
    """The labels of a network of uncertain demand."""
    assert isinstance(problem.labels, CarryLabels)
    return problem.labels


def labels_of(plan: Solved) -> CarryLabels:
    """The same of a solved one."""
    return labels_in(plan.problem)


def rows_of(plan: Solved) -> list[dict[str, Any]]:
    """What the plan expects to lose."""
    return expected_waste(plan.problem, plan.snapshot, plan.flow)


def lines_of(plan: Solved) -> list[tuple[str, int]]:
    """Lot and units of every transfer."""
    return [(line["lot"], line["quantity_units"]) for line in
            decode(plan.problem, plan.snapshot, plan.flow)]  # fmt: skip


def _lost(plan: Solved) -> Fraction:
    """Expected units lost, before any rounding of chances but to the millionth."""
    return sum((Fraction(row["expected_waste_millionths"], MILLION) for row in rows_of(plan)),
               Fraction(0))  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_one_expiry_day_at_a_place_is_exact(seed: int) -> None:
    """What the network counts is what first expired first out loses, over all demand there is."""
    facts = one_place(seed, 1)
    assert abs(truly_lost(facts) - _lost(solved(facts))) < Fraction(1, 10_000)


@pytest.mark.parametrize("expiries", [2, 3])
def test_several_expiry_days_come_near_the_truth(expiries: int) -> None:
    """Over many stores within a twentieth of what is really lost, in one never off by a unit."""
    facts = [one_place(seed, expiries) for seed in range(60)]
    true = [truly_lost(each) for each in facts]
    counted = [_lost(solved(each)) for each in facts]
    assert abs(sum(true) - sum(counted)) * 20 <= sum(true)
    assert max(abs(one - other) for one, other in zip(true, counted, strict=True)) < 1


def _lasting(snapshot: Snapshot, **expires: Any) -> Snapshot:
    """The same facts with another expiry of every lot."""
    lots = snapshot.table("Lot")
    column = np.full(len(lots), np.datetime64(expires["on"], "D"))
    table = Table("Lot", {**lots.columns, "expires_on": column})
    return Snapshot(1, {**snapshot.tables, "Lot": table})


@pytest.mark.parametrize("seed", SEEDS)
def test_what_expires_after_the_window_changes_nothing(seed: int) -> None:
    """The network and its flow are those of lots that never expire, byte for byte."""
    facts = random_forecast(seed)
    never, later = (_lasting(facts, on=on) for on in ("NaT", MONDAY + timedelta(days=90)))
    one, other = solved(never), solved(later)
    assert one.problem.network.digest == other.problem.network.digest
    assert one.flow.tolist() == other.flow.tolist()
    assert [] == rows_of(other)
    assert "waste_cost_cents" not in compare(other.problem, later, other.flow)["plan"]


@pytest.mark.parametrize("seed", SEEDS)
def test_lots_that_expire_keep_the_laws_of_a_plan(seed: int) -> None:
    """Optimal, canonical whatever the rows, doing nothing is feasible, the books add up."""
    facts = _lasting(random_forecast(seed, items=3), on=MONDAY + timedelta(days=1 + seed % 9))
    count = len(solved(facts).problem.movements)
    closures = random_closures(count, seed)
    plan, again = solved(facts, closures), solved(shuffled(facts, seed), closures)
    assert plan.problem.network.digest == again.problem.network.digest
    assert plan.flow.tolist() == again.flow.tolist()
    labels, network = labels_of(plan), plan.problem.network
    idle = do_nothing(plan.problem, labels)
    fixed = (labels.given_cost, 0)
    claims = measure(network, plan.flow, plan.potentials, do_nothing=idle, fixed=fixed)
    assert () == check(network, plan.flow, plan.potentials, claims, do_nothing=idle).refusals
    assert 0 == claims.gap
    whole = complete(plan.problem, labels, moved_units(plan.problem, plan.flow))
    assert not unmet(network, whole).any()
    assert plan.objective == int(network.cost @ whole)


@pytest.mark.parametrize("seed", range(8))
def test_weights_change_costs_and_nothing_else(seed: int) -> None:
    """The arcs of lots that expire are the same whatever is weighed: stages rely on it."""
    facts = _lasting(random_forecast(seed, items=3), on=MONDAY + timedelta(days=seed))
    window = window_of(facts)
    movements = candidates(facts, window)
    names = ("tail", "head", "lower", "capacity", "kind", "reference", "supply")
    found = [
        build(facts, window, movements, Closures(), weights=weights)
        for weights in (PLAIN, Weights(landed_per_mille=2500), alone(PLAIN, SERVICE))
    ]
    first = {name: getattr(found[1].network, name).tolist() for name in names}
    assert first == {name: getattr(found[2].network, name).tolist() for name in names}
    assert found[1].arc_hash.tolist() == found[2].arc_hash.tolist()
    plain, dearer, none = (labels_in(problem).ages for problem in found)
    if plain is None or dearer is None or none is None:
        assert plain is dearer is none
        return
    assert not none.loss.any()
    assert np.all(np.abs(2 * dearer.loss - 5 * plain.loss) <= 5)  # each rounded once


def test_floors_never_ask_for_what_is_lost_for_sure() -> None:
    """A floor over all that is there leaves doing nothing feasible where some of it expires."""
    facts = snapshot_of(*hub_and_store(*lot("old", "store", 1, 50)))
    pairs = labels_of(solved(facts)).pairs
    floors = {"urn:floor": np.full(len(pairs), 50, np.int64)}
    plan = solved(facts, Closures({}, floors))
    network = plan.problem.network
    idle = do_nothing(plan.problem, labels_of(plan))
    assert not unmet(network, idle).any()
    assert np.all((network.lower <= idle) & (idle <= network.capacity))


def test_units_that_nobody_can_ask_for_serve_nobody() -> None:
    """50 units until Tuesday, 3 asked for by then: the plan sends for Wednesday and Thursday."""
    facts = snapshot_of(*hub_and_store(*lot("old", "store", 1, 50), *lot("new", "hub", 60, 20)))
    plan = solved(facts)
    (row,) = rows_of(plan)
    assert (50, 47 * MILLION) == (row["quantity_units"], row["expected_waste_millionths"])
    assert 47 * VALUE * MICROS == row["cost_scaled"]
    assert ["old"] == row["lots"]
    carried = plan.flow[plan.problem.network.kind == 0]
    assert carried.sum() > 0
    store = labels_of(plan).pairs.index(("milk", "store"))
    levels = np.zeros((2, DAYS), np.int64)
    labels = labels_of(plan)
    np.add.at(levels, (labels.carry_pair, labels.carry_day), carried)
    assert [3, 3] == levels[store, :2].tolist()  # not 50
    assert 9 == levels[store, -1]
    asleep = solved(_lasting(facts, on=MONDAY + timedelta(days=60)))
    assert [] == lines_of(asleep)


def test_what_it_costs_to_be_rid_of_goods_is_paid_with_their_value() -> None:
    """A stated disposal cost is added to every unit lost; a negative one is refused."""
    records = [*hub_and_store(*lot("old", "store", 1, 50))]
    (plain,) = rows_of(solved(snapshot_of(*records)))
    facts = snapshot_of(*records, DisposalCost("milk", 80 * MICROS))
    (row,) = rows_of(solved(facts))
    assert 47 * 80 * MICROS == row["cost_scaled"] - plain["cost_scaled"]
    assert "DisposalCost/milk" in row["because"]
    with pytest.raises(Exception, match="disposal cost of item `milk` is out of range"):
        solved(snapshot_of(*records, DisposalCost("milk", -1)))


def test_the_older_lot_goes_where_it_is_used_first() -> None:
    """Of two lots at the hub the one that would not last goes today, though both would do."""
    old, new = lot("z-old", "hub", 2, 3), lot("a-new", "hub", 3, 30)
    assert [("z-old", 3)] == lines_of(solved(snapshot_of(*hub_and_store(*old, *new))))


@pytest.mark.parametrize("seed", range(12))
def test_between_equal_flows_the_lot_that_expires_first_goes(seed: int) -> None:
    """Lots of any name, of which one soon expires: at equal cost the order of expiry chooses."""
    rng = np.random.default_rng(seed)
    names = [f"lot-{number}" for number in rng.permutation(9)[:3]]
    ends = (2, 40, 50)
    lots = [record for name, day in zip(names, ends, strict=True)
            for record in lot(name, "hub", day, 2)]  # fmt: skip
    plan = solved(snapshot_of(*hub_and_store(*lots)))
    assert {names[0]: 2, names[1]: 1} == dict(lines_of(plan))


def test_no_lot_arrives_after_it_expired() -> None:
    """A lot good until Monday is gone on Tuesday: no rule is needed to keep it where it is."""
    facts = snapshot_of(*hub_and_store(*lot("old", "hub", 0, 9)))
    plan = solved(facts)
    assert [] == lines_of(plan)
    assert not labels_of(plan).move_fit[plan.problem.movements["lot"] == "old"].any()
    a_day_more = solved(snapshot_of(*hub_and_store(*lot("old", "hub", 1, 9))))
    assert [("old", 3)] == lines_of(a_day_more)


def test_life_left_is_looked_at_per_lot_and_day_of_landing() -> None:
    """The same lot has less life left by the slower lane; each lot has its own."""
    slow = Lane("cart", "hub", "store", lead_time_days=2)
    lots = [*lot("one", "hub", 5, 3), *lot("other", "hub", 2, 3)]
    plan = solved(snapshot_of(*hub_and_store(*lots, slow)))
    table = plan.problem.movements
    rows = np.flatnonzero((table["kind"] == "transfer") & (table["departs_on"] == MONDAY))
    life = {(table["lane"][r], table["lot"][r]): int(table["remaining_life_days"][r]) for r in rows}
    assert {
        ("van", "one"): 4,
        ("cart", "one"): 3,
        ("van", "other"): 1,
        ("cart", "other"): 0,
    } == life


def test_a_lot_is_not_sent_in_excess_of_what_sells_before_it_expires() -> None:
    """Of 20 units good until Wednesday 6 go today, or they would land too late; 14 reach nobody."""
    plan = solved(snapshot_of(*hub_and_store(*lot("old", "hub", 2, 20))))
    assert [("old", 6)] == lines_of(plan)
    (row,) = rows_of(plan)
    assert (20, 14 * MILLION) == (row["quantity_units"], row["expected_waste_millionths"])


def test_a_lot_without_an_expiry_date_is_not_lost() -> None:
    """Whatever stands beside it."""
    records = hub_and_store(*lot("old", "store", 1, 5), *lot("plain", "store", 60, 5))
    facts = snapshot_of(*(replace(r, expires_on=None) if isinstance(r, Lot) and r.id == "plain"
                          else r for r in records))  # fmt: skip
    assert {"old"} == {name for row in rows_of(solved(facts)) for name in row["lots"]}
