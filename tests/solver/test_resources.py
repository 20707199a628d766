"""Shared capacities of a plan: what lines take together is within them, counted a second way."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from ontology.columns import Snapshot
from ontology.errors import InputError
from ontology.goods import Item
from ontology.places import Location, SharedResource
from ontology.transport import Budget, CarrierCapacity, Lane, LaneCapacity
from rules.release import default_release
from service.decision import Draft, PlanRequest, ask, assemble, pose
from service.planning import answer
from service.rounds import Settled
from solver.network.columns import ArcKind
from tests.solver.forecasts import random_forecast
from tests.solver.planning import snapshot_of

SEEDS = range(12)
MICROGRAMS = {"item-0": 1_500_000_000, "item-1": 400_300_000}
GRAMS = {"item-0": 1_500, "item-1": 401}


def drafted(snapshot: Snapshot) -> Draft:
    return answer(ask(snapshot, default_release(), PlanRequest("chain")))


def with_records(snapshot: Snapshot, *records: Any) -> Snapshot:
    """The snapshot with tables of these records in place of its own."""
    return Snapshot(1, {**snapshot.tables, **snapshot_of(*records).tables})


def weighed(snapshot: Snapshot) -> Snapshot:
    """Both items with a weight, all lanes with one carrier and no capacity or line cost."""
    lanes = snapshot.table("Lane")
    names = ("id", "origin", "destination", "lead_time_days", "cost_per_unit_micros")
    rows = zip(*(lanes[name].tolist() for name in names), strict=True)
    return with_records(
        snapshot,
        *(Item(item, value_cents=500, weight_micrograms=weight)
          for item, weight in MICROGRAMS.items()),
        *(Lane(name, start, end, lead_time_days=days, cost_per_unit_micros=micros, carrier="us")
          for name, start, end, days, micros in rows),
    )  # fmt: skip


def moved(draft: Draft) -> list[tuple[str, str, str, str, int]]:
    """Item, lane, origin, day of leaving and units of every transfer of the flow, any day."""
    problem, network = draft.problem, draft.problem.network
    arcs = np.flatnonzero((network.kind == ArcKind.MOVE) & (draft.flow > 0))
    rows = problem.movements.take(network.reference[arcs])
    return [
        (item, lane, origin, str(day), units)
        for kind, item, lane, origin, day, units in zip(
            rows["kind"], rows["item"], rows["lane"], rows["origin"], rows["departs_on"],
            draft.flow[arcs].tolist(), strict=True,
        )
        if kind == "transfer"
    ]  # fmt: skip


def totals(draft: Draft, by: int, grams: bool = False) -> Counter[tuple[str, str]]:
    """What leaves per lane (1) or origin (2) and day, in units or grams."""
    found: Counter[tuple[str, str]] = Counter()
    for move in moved(draft):
        found[str(move[by]), move[3]] += move[4] * (GRAMS[move[0]] if grams else 1)
    return found


def most(counted: Counter[Any]) -> int:
    return max(counted.values(), default=0)


@pytest.mark.parametrize("seed", SEEDS)
def test_lanes_and_carriers_carry_no_more_than_they_can(seed: int) -> None:
    """Half of what a free plan would send, in units of a lane and in grams of a carrier."""
    snapshot = weighed(random_forecast(seed))
    free = drafted(snapshot)
    units, grams = most(totals(free, 1)) // 2, sum(totals(free, 1, grams=True).values()) // 4
    tight = with_records(
        snapshot,
        *(LaneCapacity(lane, "units", units) for lane in snapshot.table("Lane")["id"]),
        CarrierCapacity("us", "grams", grams),
    )
    plan = drafted(tight)
    per_day: Counter[str] = Counter()
    for (_, day), taken in totals(plan, 1, grams=True).items():
        per_day[day] += taken
    assert most(totals(plan, 1)) <= units
    assert most(per_day) <= grams
    assert plan.claims.bound <= plan.claims.cost


@pytest.mark.parametrize("seed", SEEDS)
def test_a_place_handles_no_more_than_it_can(seed: int) -> None:
    """What leaves the hub in a day is within its capacity; doing nothing would cost at least it."""
    snapshot = weighed(random_forecast(seed))
    units = most(totals(drafted(snapshot), 2)) // 2
    plan = drafted(with_records(snapshot, SharedResource("hub", "units", units)))
    leaving = Counter({key: n for key, n in totals(plan, 2).items() if key[0] == "hub"})
    assert most(leaving) <= units
    assert plan.claims.do_nothing is not None
    assert plan.claims.cost <= plan.claims.do_nothing


def spent(draft: Draft, snapshot: Snapshot, origins: set[str]) -> int:
    """Micros of freight of all that leaves the origins, by the lanes' own words."""
    lanes = snapshot.table("Lane")
    rate = dict(zip(lanes["id"], lanes["cost_per_unit_micros"].tolist(), strict=True))
    return sum(rate[move[1]] * move[4] for move in moved(draft) if move[2] in origins)


@pytest.mark.parametrize("seed", SEEDS)
def test_freight_keeps_to_its_budget(seed: int) -> None:
    """Half of what a free plan would spend, of the whole chain and then of the hub's region."""
    snapshot = weighed(random_forecast(seed))
    everywhere = set(snapshot.table("Location")["id"])
    cents = spent(drafted(snapshot), snapshot, everywhere) // 10_000 // 2
    plan = drafted(with_records(snapshot, Budget("freight", cents)))
    assert spent(plan, snapshot, everywhere) <= cents * 10_000
    assert plan.claims.bound <= plan.claims.cost
    here = with_records(
        snapshot,
        *(Location(place, region="middle" if place == "hub" else "") for place in everywhere),
    )
    cents = spent(drafted(here), here, {"hub"}) // 10_000 // 2
    plan = drafted(with_records(here, Budget("freight", cents, region="middle")))
    assert spent(plan, here, {"hub"}) <= cents * 10_000


def test_a_budget_for_a_region_that_is_none_is_refused() -> None:
    """It would bound nothing, and nobody would hear of it."""
    with pytest.raises(InputError, match="which no location states") as refused:
        drafted(with_records(weighed(random_forecast(1)), Budget("freight", 100, "nowhere")))
    assert "UNKNOWN_REGION" == refused.value.code


@pytest.mark.parametrize("seed", SEEDS)
def test_capacity_that_nobody_needs_changes_nothing(seed: int) -> None:
    """With room for twice the free plan, or for all there is, the decision's lines are the same."""
    snapshot = weighed(random_forecast(seed))
    free = drafted(snapshot)
    roomy = with_records(
        snapshot, *(LaneCapacity(lane, "units", 2 * most(totals(free, 1)) + 1)
                    for lane in snapshot.table("Lane")["id"]),
    )  # fmt: skip
    plan = drafted(roomy)
    assert [line["quantity_units"] for line in free.decision["lines"]] == [
        line["quantity_units"] for line in plan.decision["lines"]
    ]
    assert free.claims.cost == plan.claims.cost
    assert plan.decision["certificate"]["resources"] == []


@pytest.mark.parametrize("seed", range(4))
def test_a_tight_decision_can_be_redone_from_what_it_states(seed: int) -> None:
    """Flow, potentials and prices give the same bytes again, with no solver."""
    snapshot = weighed(random_forecast(seed))
    units = most(totals(drafted(snapshot), 1)) // 2
    tight = with_records(
        snapshot, *(LaneCapacity(lane, "units", units) for lane in snapshot.table("Lane")["id"])
    )
    draft = drafted(tight)
    question = ask(tight, default_release(), PlanRequest("chain"))
    after = draft.decision["suppressed"]["after_flow"]
    closed = {name: np.array(rows, np.int64) for name, rows in after.items()}
    settled = Settled(pose(question, closed), draft.flow, draft.potentials, draft.prices, closed)
    assert draft.decision == assemble(question, settled).decision


def test_a_measure_that_is_none_is_refused() -> None:
    """A capacity in slots, or in grams of items without a weight, is refused by name."""
    snapshot = weighed(random_forecast(1))
    for records, code in (
        ([LaneCapacity("hub-north", "slots", 3)], "BAD_MEASURE"),
        ([LaneCapacity("hub-north", "grams", 3), Item("item-0", value_cents=500),
          Item("item-1", value_cents=500)], "NO_WEIGHT"),
    ):  # fmt: skip
        with pytest.raises(InputError) as caught:
            drafted(with_records(snapshot, *records))
        assert caught.value.code == code


def test_storage_counts_what_is_expected_to_be_there() -> None:
    """South may store 10 units: the stock expected there on every day is at most that."""
    for seed in SEEDS:
        snapshot = weighed(random_forecast(seed))
        places = [Location(p, country="XX", storage_capacity_units=10 if p == "south" else None)
                  for p in ("hub", "north", "south")]  # fmt: skip
        plan = drafted(with_records(snapshot, *places))
        for resource in plan.decision["certificate"]["resources"]:
            assert resource["used"] <= resource["capacity"]
            assert resource["kind"] == "storage"
