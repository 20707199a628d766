"""Lots by age in the network: what is lost, what moves first, and what expiry leaves alone."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from ontology.closures import Closures
from ontology.columns import Snapshot, Table
from ontology.goods import Item, Lot
from ontology.objectives import PLAIN, SERVICE, Weights
from ontology.perishables import DisposalCost
from ontology.stock import StockingPolicy
from ontology.transport import Lane, Shipment
from solver.engine.flow import unmet
from solver.explain.baselines import compare, do_nothing
from solver.explain.lines import decode, moved_units
from solver.model.carry_labels import CarryLabels, most_waste
from solver.model.completion import complete
from solver.model.expiring import expected_waste
from solver.model.movements import candidates, window_of
from solver.model.problem import Problem, build
from solver.model.stages import alone
from solver.proof.certificate import check, measure
from tests.solver.forecasts import random_forecast
from tests.solver.perishable_worlds import (
    DAYS,
    MICROS,
    STORES,
    VALUE,
    Batch,
    hub_and_store,
    lot,
    one_place,
    simulated,
    stores,
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
def test_several_expiry_days_at_a_place_are_exact(expiries: int) -> None:
    """What earlier lots lose is not in the way of later ones, and what they sell is."""
    for seed in range(60):
        facts = one_place(seed, expiries)
        assert abs(truly_lost(facts) - _lost(solved(facts))) < Fraction(1, 10_000)


def batches_of(plan: Solved) -> dict[str, list[Batch]]:
    """What is at each place, or comes to it, once the plan's first day is carried out."""
    window, facts = plan.window, plan.snapshot
    ends = dict(zip(facts.table("Lot")["id"], window.day_of(facts.table("Lot")["expires_on"]),
                    strict=True))  # fmt: skip
    found: dict[str, list[Batch]] = {place: [] for place in STORES}
    stock = facts.table("StockPosition")
    here = {(place, name): int(units) for place, name, units in
            zip(stock["location"], stock["lot"], stock["on_hand_units"], strict=True)}  # fmt: skip
    for line in decode(plan.problem, facts, plan.flow):
        name, units = line["lot"], line["quantity_units"]
        here[line["origin"], name] -= units
        lands = int(window.day_of(np.datetime64(line["arrives_on"])))
        found[line["destination"]].append((lands, int(ends[name]), units))
    for (place, name), units in here.items():
        found[place].append((0, int(ends[name]), units))
    return found


@pytest.mark.parametrize("block", range(5))
def test_the_stated_loss_is_never_too_low(block: int) -> None:
    """Against first expired first out on all demand there is, the plan carried out, nothing more.

    What counts on leaving later is taken to be lost: where nothing does, the stated loss is this.
    """
    told = 0
    for seed in range(40 * block, 40 * block + 40):
        plan = solved(stores(seed))
        labels = labels_of(plan)
        if labels.ages is None:
            continue
        most, rounded = Fraction(most_waste(labels, plan.flow), MILLION), Fraction(1, 10_000)
        assert simulated(plan.snapshot, batches_of(plan)) <= most + rounded, seed
        assert _lost(plan) <= most
        told += _lost(plan) == most
    assert told > 20


def test_no_two_lots_count_on_the_same_customers() -> None:
    """Two lots in different places, one store that asks for three a day: the second is lost.

    Each for itself could be sold; together they cannot, and the plan sends no more than can.
    """
    asked = [record for record in hub_and_store() if not isinstance(record, Lane)]
    lanes = [
        Lane("van", "hub", "store", lead_time_days=1, cost_per_unit_micros=5 * MICROS),
        Lane("cart", "shed", "store", lead_time_days=1, cost_per_unit_micros=5 * MICROS),
    ]
    shed = StockingPolicy("milk", "shed", holding_cost_per_day_micros=MICROS,
                          shortage_cost_per_day_micros=900 * MICROS)  # fmt: skip
    facts = snapshot_of(*asked, *lanes, shed, *lot("a", "hub", 2, 6), *lot("b", "shed", 2, 6))
    plan = solved(facts)
    assert 6 == sum(row["expected_waste_millionths"] for row in rows_of(plan)) // MILLION
    assert 6 == sum(units for _, units in lines_of(plan))


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


def test_goods_under_way_expire_like_those_on_hand() -> None:
    """Twenty land on Tuesday and last until Wednesday; six are asked for by then, 14 are lost.

    The shipment's own lot, or the item's shelf life from where it lands, says until when.
    """
    coming = Shipment("boat", "milk", "store", 20, MONDAY + timedelta(days=1))
    fresh = replace_item(hub_and_store(coming), shelf_life_days=1)
    of_lot = [*hub_and_store(replace(coming, lot="b")), *lot("b", "hub", 2, 0)]
    for records in (fresh, of_lot):
        plan = solved(snapshot_of(*records))
        (row,) = rows_of(plan)
        assert (20, 14 * MILLION) == (row["quantity_units"], row["expected_waste_millionths"])
        assert "Shipment/boat" in row["because"]
        assert "2026-03-04" == row["expires_on"]
        figures = compare(plan.problem, plan.snapshot, plan.flow)
        assert {14 * VALUE} == {figures[name]["waste_cost_cents"] for name in figures}
    lasting = replace_item(hub_and_store(coming), shelf_life_days=40)
    assert [] == rows_of(solved(snapshot_of(*lasting)))


def test_nobody_counts_on_customers_that_goods_under_way_will_serve() -> None:
    """Six land on Tuesday and sell by Wednesday: the lot at the hub is lost, and stays there."""
    coming = Shipment("boat", "milk", "store", 6, MONDAY + timedelta(days=1), lot="b")
    records = [*hub_and_store(coming), *lot("b", "hub", 1, 0), *lot("old", "hub", 2, 6)]
    plan = solved(snapshot_of(*records))
    lost = {row["expires_on"]: row["expected_waste_millionths"] for row in rows_of(plan)}
    assert {"2026-03-03": 3 * MILLION, "2026-03-04": 3 * MILLION} == lost
    assert [("old", 3)] == lines_of(plan)


def replace_item(records: list[Any], **fields: Any) -> list[Any]:
    """The records with other fields of the item."""
    return [replace(each, **fields) if isinstance(each, Item) else each for each in records]


@pytest.mark.parametrize("block", range(3))
def test_the_stated_loss_holds_with_goods_under_way(block: int) -> None:
    """The bound, against the simulation, where shipments land on any day and last a day or two."""
    for seed in range(40 * block, 40 * block + 40):
        rng = np.random.default_rng(seed)
        ships = [Shipment(f"s-{n}", "milk", STORES[n % 3], int(rng.integers(1, 8)),
                          MONDAY + timedelta(days=int(rng.integers(0, DAYS))))
                 for n in range(3)]  # fmt: skip
        facts = stores(seed)
        item = snapshot_of(Item("milk", value_cents=VALUE, shelf_life_days=int(rng.integers(0, 3))))
        tables = {**facts.tables, **item.tables, **snapshot_of(*ships).tables}
        plan = solved(Snapshot(1, tables))
        there = batches_of(plan)
        life = int(item.table("Item")["shelf_life_days"][0])
        for ship in ships:
            lands = (ship.arrives_on - MONDAY).days
            there[ship.destination].append((lands, lands + life, ship.quantity_units))
        most = Fraction(most_waste(labels_of(plan), plan.flow), MILLION)
        assert simulated(plan.snapshot, there) <= most + Fraction(1, 10_000), seed
