"""What depends on a failure: equal to a naive search, and lawful when facts are added or taken."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ontology.columns import Snapshot
from ontology.demand import DemandForecast, DemandObservation, DemandOutcome, PurchaseOrder
from ontology.errors import InputError
from ontology.failures import Subject, subject_of
from ontology.goods import Component, Item, Lot, Substitute
from ontology.governance import ExchangeRate
from ontology.partners import Contract, Offer, Supplier, UpstreamSupply
from ontology.places import Location
from ontology.stock import StockPosition
from ontology.transport import Lane, Shipment
from service.impact.demand_rates import demand_rates, first_day_of
from service.impact.failure import AffectedPair, ImpactReport, impact, impact_on, subjects_of
from service.impact.supply import supply_of
from tests.service.planned import TWO_HUBS
from tests.service.planned import snapshot_of as facts_of_folder
from tests.service.small_chains import (
    MONDAY,
    Found,
    brute_force,
    forecast,
    random_chain,
    snapshot_of,
)

chains = st.integers(0, 2**32).map(lambda seed: random_chain(Random(seed)))
KINDS = ("supplier", "contract", "lane", "location", "region")


def every_subject(snapshot: Snapshot) -> list[Subject]:
    return [subject for kind in KINDS for subject in subjects_of(snapshot, kind)]


def told(report: ImpactReport) -> dict[tuple[str, str], Found]:
    return {
        (p.item, p.location): Found(p.state, p.sources_lost, p.sources_left, p.extra_cost_micros,
                                    p.extra_days, p.days_until_short)
        for p in report.affected
    }  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(chains, st.data())
def test_it_is_what_a_naive_search_finds(records: list[Any], data: st.DataObject) -> None:
    """State, sources, extra cost, delay and days of every pair equal brute force, one by one."""
    snapshot = snapshot_of(records)
    if not any(isinstance(record, DemandForecast) for record in records):
        return
    subjects = every_subject(snapshot)
    failures = data.draw(st.lists(st.sampled_from(subjects), min_size=1, max_size=2, unique=True))
    assert brute_force(records, failures) == told(impact(snapshot, failures, MONDAY))


def without_source(report: ImpactReport) -> set[tuple[str, str]]:
    living = report.left.living
    network, demand = report.supply.network, report.supply.demand.per_day
    return {
        (item, place)
        for i, item in enumerate(network.items) for p, place in enumerate(network.places)
        if demand[p, i] > 0 and not living[p, i]
    }  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(chains, st.sampled_from("ABCD"), st.sampled_from(["p0", "p1", "p2", "p3"]), st.data())
def test_one_more_alternative_never_hurts(
    records: list[Any], item: str, place: str, data: st.DataObject
) -> None:
    """A new supplier's offer leaves no further demand without a source, whatever is down.

    Everything is on offer, if by a blocked supplier: kits that nobody sells are made anywhere.
    """
    dead = [Offer("shut", name, "p0", 1) for name in "ABCD"]
    records = [*records, forecast("Z", "p0"), Supplier("shut", status="blocked"), *dead]
    snapshot = snapshot_of(records)
    failure = data.draw(st.sampled_from(every_subject(snapshot)))
    richer = snapshot_of([*records, Supplier("new"), Offer("new", item, place, 1)])
    before, after = (impact(facts, [failure], MONDAY) for facts in (snapshot, richer))
    assert without_source(after) <= without_source(before)


@settings(deadline=None, max_examples=60)
@given(chains, st.data())
def test_two_failures_affect_at_least_what_each_does(
    records: list[Any], data: st.DataObject
) -> None:
    """The pairs affected by two at once contain those of each; what is bare lasts no longer."""
    records = [*records, forecast("Z", "p0")]
    snapshot = snapshot_of(records)
    one, other = data.draw(st.lists(st.sampled_from(every_subject(snapshot)), min_size=2,
                                    max_size=2, unique=True))  # fmt: skip
    supply = supply_of(snapshot, MONDAY)
    both = told(impact_on(supply, [one, other]))
    for alone in ([one], [other]):
        for pair, found in told(impact_on(supply, alone)).items():
            assert pair in both
            assert both[pair].lost >= found.lost
            if found.days is not None and both[pair].state != "still served":
                assert (pair, both[pair].days) <= (pair, found.days)


@settings(deadline=None, max_examples=60)
@given(chains, st.data())
def test_less_stock_never_lasts_longer(records: list[Any], data: st.DataObject) -> None:
    """With any stock taken away, no pair is short later than before, and no other is affected."""
    records = [*records, forecast("Z", "p0")]
    poorer = [replace(r, on_hand_units=r.on_hand_units // 2) if isinstance(r, StockPosition) else r
              for r in records]  # fmt: skip
    failure = data.draw(st.sampled_from(every_subject(snapshot_of(records))))
    rich, poor = (told(impact(snapshot_of(r), [failure], MONDAY)) for r in (records, poorer))
    assert poor.keys() <= rich.keys()
    for pair, found in rich.items():
        if found.days is not None and pair in poor:
            assert (pair, poor[pair].days) <= (pair, found.days)


def hospital() -> list[Any]:
    """Two tiers, a kit of two parts, two hubs, one store: every number below is by hand."""
    return [
        Item("kit", value_cents=2000), Item("needle", value_cents=100),
        Item("tube", value_cents=100), Item("spare-kit", value_cents=1500),
        Location("hub"), Location("hub-2"), Location("store"),
        Supplier("steel", tier=2), Supplier("medi"), Supplier("plasto"), Supplier("dear"),
        UpstreamSupply("medi", "steel", "needle"),
        Component("kit", "needle", 2), Component("kit", "tube", 1, 2),
        Offer("medi", "needle", "hub", 1_000_000, lead_time_days=3),
        Offer("plasto", "tube", "hub", 2_000_000, lead_time_days=1),
        Offer("dear", "tube", "hub-2", 5_000_000, lead_time_days=2),
        Lane("hub-store", "hub", "store", lead_time_days=1, cost_per_unit_micros=100_000),
        Lane("hub-2-store", "hub-2", "store", lead_time_days=2, cost_per_unit_micros=300_000),
        forecast("kit", "store", 1_500_000), forecast("tube", "store", 500_000),
        StockPosition("kit", "store", on_hand_units=4),
        StockPosition("kit", "hub", on_hand_units=7),
        StockPosition("tube", "store", on_hand_units=1),
        Substitute("kit", "spare-kit", 1, 1, approved_by="ada"),
        StockPosition("spare-kit", "store", on_hand_units=2),
    ]  # fmt: skip


def only(report: ImpactReport) -> AffectedPair:
    (pair,) = report.affected
    return pair


def test_a_supplier_two_tiers_up_stops_what_is_made_of_its_goods() -> None:
    """Steel feeds the needles of the kits: 4 kits last 2 days at 1.5 a day, 7 more upstream."""
    report = impact(snapshot_of(hospital()), [Subject("supplier", "steel")], MONDAY)
    pair = only(report)
    assert ("kit", "store", "weakened") == (pair.item, pair.location, pair.state)
    assert (2, 4, 0, 7) == (pair.days_until_short, pair.stock_units, pair.arriving_units,
                            pair.upstream_units)  # fmt: skip
    assert 30_000_000 == pair.value_per_day_micros  # 1.5 x 20.00
    assert (("medi", "needle"),) == report.stopped
    assert ("hub", "kit") in report.unmade
    assert (
        "Component/kit/needle", "Offer/medi/needle/hub", "UpstreamSupply/medi/steel/needle",
        "Supplier/steel",
    ) == pair.because[:4]  # fmt: skip
    stock = ("StockPosition/kit/store/", "StockPosition/kit/hub/")
    assert ("DemandForecast/kit/store", "Item/kit", *stock) == pair.because[-4:]


TIERS = 1_200
"""More tiers than Python nests calls."""


def test_a_chain_of_suppliers_may_be_of_any_depth() -> None:
    """Every tier between the failure and us is stopped, and named as the reason."""
    names = [f"s{tier:04}" for tier in range(TIERS)]
    records = [forecast("A", "p0"), Offer(names[0], "A", "p0", 5), *map(Supplier, names)]
    records += [UpstreamSupply(*both, "A") for both in pairwise(names)]
    report = impact(snapshot_of(records), [Subject("supplier", names[-1])], MONDAY)
    links = [f"UpstreamSupply/{buyer}/{seller}/A" for buyer, seller in pairwise(names)]
    reasons = ["Offer/s0000/A/p0", *links, f"Supplier/{names[-1]}", "DemandForecast/A/p0"]
    assert [tuple(reasons)] == [pair.because for pair in report.affected]
    assert {(name, "A") for name in names[:-1]} == set(report.stopped)


def test_a_bill_of_materials_may_be_of_any_depth() -> None:
    """Every level above the part that fails cannot be made, and is named as the reason."""
    items = [f"i{level:04}" for level in range(TIERS)]
    records = [forecast(items[0], "p0"), Supplier("s"), Offer("s", items[-1], "p0", 5)]
    records += [Component(*both, 1) for both in pairwise(items)]
    report = impact(snapshot_of(records), [Subject("supplier", "s")], MONDAY)
    lines = [f"Component/{whole}/{part}" for whole, part in pairwise(items)]
    reasons = [*lines, f"Offer/s/{items[-1]}/p0", "Supplier/s", f"DemandForecast/{items[0]}/p0"]
    assert [tuple(reasons)] == [pair.because for pair in report.affected]
    assert {("p0", item) for item in items[:-1]} == set(report.unmade)


def test_suppliers_that_buy_from_each_other_are_told_whole() -> None:
    """In a circle of tiers the reasons of a pair do not depend on which pair was told before."""
    records = [
        *map(Supplier, ("a", "b", "c")), Offer("a", "A", "p0", 5), Offer("b", "A", "p1", 5),
        UpstreamSupply("a", "b", "A"), UpstreamSupply("b", "a", "A"), UpstreamSupply("a", "c", "A"),
        forecast("A", "p0"), forecast("A", "p1"),
    ]  # fmt: skip
    report = impact(snapshot_of(records), [Subject("supplier", "c")], MONDAY)
    reasons = {p.location: {f for f in p.because if "Upstream" in f} for p in report.affected}
    assert {"p0", "p1"} == reasons.keys()
    assert 3 == len(reasons["p0"])
    assert reasons["p0"] == reasons["p1"]


def test_what_is_left_is_priced_and_timed() -> None:
    """Without plasto tubes come from dear: 5.30 for 2.10, 4 days for 2; stock bridges only 2."""
    report = impact(snapshot_of(hospital()), [Subject("supplier", "plasto")], MONDAY)
    tube = next(pair for pair in report.affected if pair.item == "tube")
    assert "still served" == tube.state
    assert (3_200_000, 2) == (tube.extra_cost_micros, tube.extra_days)
    assert 2 == tube.days_until_short
    (route,) = report.routes("tube", "store")
    assert ("dear", ("hub-2", "store"), 5_300_000, 4) == (
        route.supplier, route.places, route.cost_micros, route.lead_time_days
    )  # fmt: skip
    assert ("Offer/dear/tube/hub-2", "Lane/hub-2-store") == route.facts


def test_ways_are_listed_cheapest_first() -> None:
    """With nothing of theirs down, both ways of the tubes are listed, the cheap one first."""
    report = impact(snapshot_of(hospital()), [Subject("supplier", "steel")], MONDAY)
    assert [2_100_000, 5_300_000] == [r.cost_micros for r in report.routes("tube", "store")]
    assert () == report.routes("kit", "store")


def test_a_substitute_with_stock_is_offered() -> None:
    """The kit's approved substitute lies in the store."""
    report = impact(snapshot_of(hospital()), [Subject("supplier", "steel")], MONDAY)
    (offer,) = report.substitutes
    assert ("spare-kit", "ada", 2, False, "Substitute/kit/spare-kit") == (
        offer.replacement, offer.approved_by, offer.stock_units, offer.has_source, offer.fact
    )  # fmt: skip


def test_a_place_that_is_down_is_cut_off_now() -> None:
    """Its own demand has neither source nor stock, whatever lies there."""
    report = impact(snapshot_of(hospital()), [Subject("location", "store")], MONDAY)
    assert [("cut off", 0, 0)] * 2 == [(p.state, p.days_until_short, p.stock_units)
                                       for p in report.affected]  # fmt: skip
    assert 2_000_000 == report.totals[0].per_day_millionths


def test_a_lane_down_is_named_as_the_reason() -> None:
    """The hub's lane cuts the kit; of the tubes only the dear way is left."""
    report = impact(snapshot_of(hospital()), [Subject("lane", "hub-store")], MONDAY)
    assert {"kit": "weakened", "tube": "still served"} == {p.item: p.state for p in report.affected}
    assert all("Lane/hub-store" in pair.because for pair in report.affected)


@pytest.mark.parametrize(
    ("asked", "hint"),
    [("supplier:stel", "supplier:steel"), ("lane:hub", "location:hub"), ("contract:x", "no contr")],
)
def test_an_unknown_subject_is_refused_with_near_matches(asked: str, hint: str) -> None:
    """One line, the code, and what may have been meant."""
    with pytest.raises(InputError, match="there is no") as caught:
        impact(snapshot_of(hospital()), [subject_of(asked)], MONDAY)
    assert "SUBJECT_UNKNOWN" == caught.value.code
    assert hint in caught.value.hint


@pytest.mark.parametrize("asked", ["steel", "planet:mars", "lane:", ":x"])
def test_what_names_nothing_is_refused(asked: str) -> None:
    """A subject is a kind and a key."""
    with pytest.raises(InputError) as caught:
        subject_of(asked)
    assert "SUBJECT_UNKNOWN" == caught.value.code


@pytest.mark.parametrize("number", [0, 9])
def test_none_or_too_many_failures_are_refused(number: int) -> None:
    """One to eight at once."""
    with pytest.raises(InputError) as caught:
        impact(snapshot_of(hospital()), [Subject("supplier", "steel")] * number, MONDAY)
    assert "FAILURES" == caught.value.code


def test_the_order_of_rows_is_no_input() -> None:
    """Shuffled facts give an equal report."""
    records = hospital()
    shuffled = random_order(records)
    failures = [Subject("supplier", "steel"), Subject("lane", "hub-store")]
    assert impact(snapshot_of(records), failures, MONDAY) == impact(
        snapshot_of(shuffled), failures, MONDAY
    )


def random_order(records: list[Any]) -> list[Any]:
    shuffled = list(records)
    Random(7).shuffle(shuffled)
    return shuffled


def test_a_blocked_lot_serves_nobody() -> None:
    """Quarantined and expired lots are not counted as stock."""
    lots = [Lot("Q", "kit", status="quarantined"), Lot("E", "kit", MONDAY - timedelta(1))]
    stock = [StockPosition("kit", "store", lot.id, 50) for lot in lots]
    report = impact(snapshot_of([*hospital(), *lots, *stock]), [Subject("supplier", "steel")],
                    MONDAY)  # fmt: skip
    assert 4 == only(report).stock_units


def test_demand_is_forecast_else_outcomes_else_history() -> None:
    """The first that is stated for a pair counts: 3, (1 + 0) / 2 days, 28 days of 14 units."""
    day = timedelta(1)
    history = [DemandObservation(item, "p", MONDAY - n * day, 1) for item in "ABC"
               for n in range(1, 29, 2)]  # fmt: skip
    outcomes = [DemandOutcome(item, "p", MONDAY, units, weight) for item in "AB"
                for units, weight in ((0, 1), (2, 1))]  # fmt: skip
    late = [DemandOutcome("A", "p", MONDAY + day, 0, 1)]
    old = [DemandObservation("C", "p", MONDAY - 29 * day, 1000)]
    snapshot = snapshot_of([*history, *old, *outcomes, *late, forecast("A", "p", 3_000_000)])
    rates = demand_rates(snapshot, ["p"], ["A", "B", "C"], MONDAY)
    assert [[3_000_000, 500_000, 500_000]] == rates.per_day.tolist()
    assert [[1, 2, 3]] == rates.basis.tolist()
    assert date(2026, 3, 2) == first_day_of(snapshot)


def test_two_hubs() -> None:
    """Acme sells the only gadgets that may be bought: the north is short on Monday already."""
    snapshot = facts_of_folder(TWO_HUBS, TWO_HUBS / "mapping.yaml")
    pair = only(impact(snapshot, [Subject("supplier", "acme")]))
    assert ("gadget", "north", "weakened", 0, 0, 1, 6) == (
        pair.item, pair.location, pair.state, pair.days_until_short, pair.stock_units,
        pair.arriving_units, pair.upstream_units,
    )  # fmt: skip
    assert 1_000_000 == pair.mean_per_day_millionths


def test_a_kit_costs_its_parts_and_waits_for_the_last() -> None:
    """2 needles of 1.00 and half a tube of 2.00, 0.10 on the lane; 3 days for needles, 1 on it."""
    report = impact(snapshot_of(hospital()), [Subject("supplier", "dear")], MONDAY)
    route, _ = report.routes("kit", "store")  # the other is to put it together in the store
    assert (3_100_000, 4, "") == (route.cost_micros, route.lead_time_days, route.supplier)
    assert ("Component/kit/needle", "Component/kit/tube", "Lane/hub-store") == route.facts


def test_a_dearer_lane_from_the_same_hub_is_an_impact() -> None:
    """No source is lost, but the best way is: 0.40 more and a day less."""
    rail = Lane("rail", "hub", "store", lead_time_days=0, cost_per_unit_micros=500_000)
    report = impact(snapshot_of([*hospital(), rail]), [Subject("lane", "hub-store")], MONDAY)
    assert [(0, 400_000, -1)] * 2 == [(p.sources_lost, p.extra_cost_micros, p.extra_days)
                                      for p in report.affected]  # fmt: skip


def test_costs_are_by_weight_volume_and_value_in_one_currency() -> None:
    """In EUR at 1.20 for the pound: (0.10 + 0.5 kg x 2 + 3 l x 10 per m3) GBP, 5 % of 20.00."""
    lane = Lane("ferry", "hub", "store", cost_per_unit_micros=100_000, currency="GBP",
                cost_per_kilogram_micros=2_000_000, cost_per_cubic_metre_micros=10_000_000,
                duty_percent=5)  # fmt: skip
    snapshot = snapshot_of([
        Item("x", weight_micrograms=500_000_000, volume_cubic_millimetres=3_000_000,
             value_cents=2000, currency="EUR"),
        Supplier("s"), Offer("s", "x", "hub", 1_000_000, "GBP"), Location("hub"), lane,
        forecast("x", "store"), ExchangeRate("GBP", "EUR", MONDAY, 6, 5),
    ])  # fmt: skip
    (route,) = impact_on(supply_of(snapshot), [Subject("contract", "none")]).routes("x", "store")
    assert 1_200_000 + 1_356_000 + 1_000_000 == route.cost_micros


def test_parts_fail_with_their_whole() -> None:
    """A region takes down its hubs, by name or by part-of, and the shelves that stand in them."""
    places = [
        Location("land", kind="region"),
        Location("hub", part_of="land"),
        Location("shelf", kind="shelf", part_of="hub"),
        Location("far", region="land"),
    ]
    wanted = [Offer("s", "x", place, 1) for place in ("hub", "shelf", "far", "free")]
    demand = [forecast("x", place) for place in ("hub", "shelf", "far", "free")]
    snapshot = snapshot_of([*places, Location("free"), Supplier("s"), *wanted, *demand])
    for asked, expected in (("region:land", {"hub", "shelf", "far"}),
                            ("location:hub", {"hub", "shelf"})):  # fmt: skip
        report = impact(snapshot, [subject_of(asked)], MONDAY)
        assert expected == {pair.location for pair in report.affected}


@pytest.mark.parametrize(
    ("failures", "expected"),
    [(["contract:c"], 4), (["supplier:s"], 4), (["contract:c", "lane:l"], 0)],
)
def test_what_is_on_its_way_comes_only_by_what_survives(failures: list[str], expected: int) -> None:
    """A purchase of 3 needs its supplier and contract, a shipment of 4 its lane."""
    snapshot = snapshot_of([
        Supplier("s"), Contract("c", "s"), Offer("s", "x", "p", 1, contract="c"), Location("p"),
        Lane("l", "q", "p"), forecast("x", "p"), Shipment("h", "x", "p", 4, MONDAY, lane="l"),
        PurchaseOrder("o", "s", "x", "p", 3, MONDAY, MONDAY),
    ])  # fmt: skip
    pair = only(impact(snapshot, [subject_of(failure) for failure in failures], MONDAY))
    assert (expected, expected) == (pair.arriving_units, pair.days_until_short)
    assert {"Shipment/h", "PurchaseOrder/o", "Offer/s/x/p"} <= set(pair.because)
