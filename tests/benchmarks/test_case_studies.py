"""The studies on real data: each number found a second way, on few days or one change."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from benchmarks.case_studies import facts_of
from benchmarks.case_studies_brunel import REQUEST, study, with_places
from benchmarks.case_studies_scms import REGIONAL, later_test, told
from benchmarks.case_studies_supplygraph import (
    PLANTS,
    STORAGE,
    Costs,
    State,
    World,
    as_done,
    by_plan,
    do_nothing,
    morning,
    play,
    world_of,
)
from ontology.columns import Snapshot, Table
from rules.release import default_release
from service.planning import draft_plan
from service.whatif_modes import ModeWish, rates_of, replanned, shipments_of


def real(name: str) -> Snapshot:
    """The facts of a real example, or a skip that says why."""
    found = facts_of(name)
    if found is None:
        pytest.skip(f"the data of {name} is not at hand; set EVENKEEL_SHARED")
    return found


def test_brunel_cuts_hold_every_unserved_order_and_a_place_is_worth_what_it_says() -> None:
    """Law: cuts re-add and hold all that is unserved; one more place brings what was promised."""
    snapshot = real("brunel")
    found = study(snapshot, relax=False)
    assert found.orders - found.plan.orders == sum(cut.held for cut in found.cuts)
    assert all(cut.orders - cut.places == cut.short >= cut.held for cut in found.cuts)
    place = found.places[2]
    again = draft_plan(with_places(snapshot, place.location, 1), default_release(), REQUEST)
    plan = again.decision["comparison"]["plan"]
    expected = (found.plan.orders + place.more_orders, found.plan.cents + place.more_cents)
    assert expected == (plan["orders_served"], plan["cost_cents"])


def test_scms_modes_keep_the_limit_and_are_judged_by_rates_they_were_not_chosen_by() -> None:
    """Law: no more late than the wish allows; the later test learns from earlier days only."""
    snapshot = real("scms")
    shipments = shipments_of(snapshot, REGIONAL)
    rates = rates_of(shipments)
    plan = replanned(shipments, rates, ModeWish(late_per_thousand=900))
    assert plan.late_thousandths * 1000 <= plan.late_as_done_thousandths * 900
    assert abs(plan.freight_as_done_cents - int(shipments.freight_cents.sum())) <= len(shipments)
    assert plan.claims.cost == plan.freight_cents >= plan.claims.bound
    before = later_test(shipments, ModeWish())
    early = shipments.delivered_on < np.datetime64(before.split_on)
    dearer = replace(
        shipments, freight_cents=np.where(early, 1, 2) * shipments.freight_cents
    )  # later freight doubles: what was chosen and promised stays, what it came to doubles
    after = later_test(dearer, ModeWish())
    assert (before.changed, before.promised_cents) == (after.changed, after.promised_cents)
    assert 2 * before.recorded_cents == after.recorded_cents
    assert len(told(snapshot)) > len(rates.count.shape)


def test_supplygraph_stock_is_conserved_from_the_derived_opening() -> None:
    """Law: opening plus made less issued is the closing stock of the source, product by product."""
    snapshot = real("supplygraph")
    world = world_of(snapshot, 30)
    stock = snapshot.table("StockPosition")
    rows = np.flatnonzero(stock["location"] == PLANTS)
    closing = dict(zip(stock["item"][rows], stock["on_hand_units"][rows].tolist(), strict=True))
    left = world.opening[PLANTS] + world.made.sum(axis=1) - world.issued.sum(axis=1)
    assert [closing.get(item, 0) for item in world.items] == left.tolist()
    assert min(world.opening[PLANTS].min(), world.opening[STORAGE].min()) >= 0


def test_a_morning_knows_nothing_of_later_orders() -> None:
    """Law: what is ordered from a day on changes neither its facts nor its plan."""
    snapshot = real("supplygraph")
    world = world_of(snapshot, 4, most_items=3)
    first = np.datetime64(world.starts_on + timedelta(2))
    seen = snapshot.table("DemandObservation")
    more = np.where(seen["on"] >= first, 1_000_000, seen["quantity_units"])
    tables = {"DemandObservation": Table(seen.name, {**seen.columns, "quantity_units": more})}
    other = world_of(replace(snapshot, tables={**snapshot.tables, **tables}), 4, most_items=3)
    state = State(world.opening[PLANTS], world.opening[STORAGE], np.zeros(3, np.int64))
    assert other.orders.sum() > world.orders.sum()
    assert morning(world, state, 2).table("DemandObservation")["on"].max() < first
    plans = [by_plan(default_release(), each, state, 2, morning(each, state, 2))[0].tolist()
             for each in (world, other)]  # fmt: skip
    assert plans[0] == plans[1]
    assert sum(plans[0]) > 0


def test_a_replay_is_what_paper_says() -> None:
    """Law: units owed are served first, on time is what is left for the day, costs are of its end.

    3 made each day; 2, 0, 2, 1 issued of a product of which 5, 0, 4, 1 are ordered: storage
    4 + 2 - 5 = 1, 1, 1 + 2 < 4: 1 owed, which takes the last one; plants 6 - 2 + 3 = 7, 10, 11, 13.
    """
    world = World(
        Snapshot(1, {}), ("a",), np.datetime64("2023-07-10").astype(object),
        np.array([[5, 0, 4, 1]]), np.array([[3, 3, 3, 3]]), np.array([[2, 0, 2, 1]]),
        {PLANTS: np.array([6]), STORAGE: np.array([4])}, Costs(10_000, 20_000, 50_000, 7),
    )  # fmt: skip
    done = play("as done", world, as_done, looks=False)
    assert (41 * 1 + 2 * 2, 10, 21) == (done.holding_cents, done.shortage_cents, done.lines_cents)
    assert (8, 2, 5, 3) == (done.on_time_units, done.owed_unit_days, done.issued_units, done.lines)
    idle = play("do nothing", world, do_nothing, looks=False)
    assert (4, 1 + 1 + 5 + 6, 0) == (idle.on_time_units, idle.owed_unit_days, idle.lines)
