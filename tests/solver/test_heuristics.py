"""Rules of thumb act on the plan's own network, by written orders, and are tuned on the past."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from ontology.closures import Closures
from ontology.columns import Snapshot, table_of
from ontology.demand import DemandObservation, PooledDemandQuantile
from ontology.goods import Item, Lot
from ontology.stock import StockingPolicy, StockPosition
from ontology.transport import Lane
from solver.explain.baselines import do_nothing
from solver.explain.lines import moved_units, refuse_overfull_lanes
from solver.explain.unmet import stock_levels
from solver.model.carry_labels import CarryLabels
from solver.model.movements import candidates, window_of
from solver.model.problem import Problem, build
from solver.network.columns import ArcKind
from solver.proof.certificate import check, measure
from solver.rivals.heuristics import (
    GREEDY,
    MIN_MAX,
    RIVALS,
    Acts,
    Parameters,
    act,
    levels_of,
    outlook,
    rival_flow,
    ways_in,
)
from solver.rivals.tuning import (
    DEFAULTS,
    STATED,
    UNOBSERVED,
    WINDOWS,
    Tuned,
    grid_of,
    tuned,
)
from tests.solver.forecasts import LOCAL, MICROS, quantiles, random_forecast
from tests.solver.planning import (
    MONDAY,
    random_closures,
    random_risk,
    shuffled,
    snapshot_of,
    solved,
)

PARAMETERS = (Parameters(1, 2), Parameters(2, 5, 1), Parameters(3, 6, 3, by_lead=True))


def posed(snapshot: Snapshot, closures: Closures | None = None) -> tuple[Problem, CarryLabels]:
    window = window_of(snapshot)
    problem = build(snapshot, window, candidates(snapshot, window), closures or Closures())
    assert isinstance(problem.labels, CarryLabels)
    return problem, problem.labels


def acted(
    snapshot: Snapshot, rival: str, chosen: Parameters, closures: Closures | None = None
) -> tuple[Problem, CarryLabels, Acts]:
    """What a rival does on the days of the window."""
    problem, labels = posed(snapshot, closures)
    ways, known = ways_in(problem, labels, snapshot), outlook(problem, labels, snapshot)
    levels = levels_of(problem, labels, snapshot, rival, chosen)
    days = problem.window.periods
    return problem, labels, act(ways, levels, known, days, problem.network.supply)


def with_records(snapshot: Snapshot, records: list[Any], name: str) -> Snapshot:
    """The snapshot with one more table."""
    return Snapshot(1, {**snapshot.tables, name: table_of(records, name)})


def observed(snapshot: Snapshot, seed: int, first: int = -WINDOWS * LOCAL, last: int = -1) -> (
    Snapshot
):  # fmt: skip
    """The snapshot with demand seen on some of the days `first` to `last` from Monday."""
    rng = np.random.default_rng(seed)
    pairs = sorted(
        set(zip(*(snapshot.table("DemandForecast")[n] for n in ("item", "location")), strict=True))
    )
    rows = [
        DemandObservation(item, place, MONDAY + timedelta(days=day), int(rng.integers(0, 12)))
        for item, place in pairs for day in range(first, last + 1) if rng.random() < 0.7
    ]  # fmt: skip
    return with_records(snapshot, rows, "DemandObservation")


def with_levels(snapshot: Snapshot, seed: int) -> Snapshot:
    """The snapshot with reorder points in some of its policies."""
    rng = np.random.default_rng(seed)
    table = snapshot.table("StockingPolicy")
    low = rng.integers(0, 30, len(table))
    stated = rng.random(len(table)) < 0.6
    missing = table["reorder_point_units"]
    columns = {**table.columns, "reorder_point_units": np.where(stated, low, missing),
               "order_up_to_units": np.where(stated, low + 10, missing)}  # fmt: skip
    return Snapshot(1, {**snapshot.tables, table.name: replace(table, columns=columns)})


def worlds() -> Iterator[Snapshot]:
    for seed in range(18):
        yield with_levels(random_forecast(seed), seed)
        yield random_risk(seed)


def closures_of(snapshot: Snapshot, seed: int) -> Closures:
    problem, labels = posed(snapshot)
    floor = np.random.default_rng(seed).integers(0, 9, len(labels.pairs))
    return replace(random_closures(len(problem.movements), seed), floors={"urn:rule:floor": floor})


@pytest.mark.parametrize("rival", RIVALS)
def test_every_rival_is_a_flow_that_costs_at_least_the_bound(rival: str) -> None:
    """Balance, bounds and floors hold, the gap is never negative, and its books are the flow's."""
    moved = 0
    for seed, snapshot in enumerate(worlds()):
        best = solved(snapshot, closures_of(snapshot, seed))
        for chosen in PARAMETERS:
            problem, labels, acts = acted(snapshot, rival, chosen, closures_of(snapshot, seed))
            flow = rival_flow(problem, labels, acts)
            idle = do_nothing(problem, labels)
            claims = measure(problem.network, flow, best.potentials, do_nothing=idle)
            verdict = check(problem.network, flow, best.potentials, claims, do_nothing=idle)
            assert () == verdict.refusals
            assert claims.gap >= 0
            assert np.array_equal(acts.levels, stock_levels(problem, labels, flow))
            moved += len(acts.rows)
    assert moved > 100


@pytest.mark.parametrize("rival", RIVALS)
def test_no_closed_movement_is_used(rival: str) -> None:
    """What rules close stays unused, and what is moved is what was decided."""
    for seed, snapshot in enumerate(worlds()):
        closures = closures_of(snapshot, seed)
        problem, labels, acts = acted(snapshot, rival, PARAMETERS[1], closures)
        units = moved_units(problem, rival_flow(problem, labels, acts))
        assert not units[~closures.is_open(len(units))].any()
        assert dict(sorted(acts.rows.items())) == {
            int(row): int(units[row]) for row in np.flatnonzero(units)
        }
        shut = set(list(acts.rows)[::2])
        ways, known = ways_in(problem, labels, snapshot), outlook(problem, labels, snapshot)
        levels = levels_of(problem, labels, snapshot, rival, PARAMETERS[1])
        again = act(ways, levels, known, problem.window.periods, problem.network.supply, shut)
        assert not shut & set(again.rows)


@pytest.mark.parametrize("rival", RIVALS)
def test_nothing_is_sent_that_is_not_there(rival: str) -> None:
    """A sender keeps its floor and never sends what is expected to have been asked for."""
    for seed, snapshot in enumerate(worlds()):
        closures = closures_of(snapshot, seed)
        problem, labels, acts = acted(snapshot, rival, PARAMETERS[1], closures)
        ways, known = ways_in(problem, labels, snapshot), outlook(problem, labels, snapshot)
        for way, day in acts.sent:
            origin = int(ways.origin[way])
            if origin >= 0:
                assert acts.levels[origin, day] >= known.seen[origin, day]
                assert day > 0 or acts.levels[origin, 0] >= known.held[origin]


def chain(
    places: dict[str, tuple[int, int]], lanes: list[Lane], items: tuple[str, ...] = ("tea",),
    **policy: int,
) -> Snapshot:  # fmt: skip
    """Items in places, each place with its stock and its mean demand a day."""
    records: list[Any] = list(lanes)
    for item in items:
        records.append(Item(item, value_cents=500))
        for place, (stock, mean) in places.items():
            records.append(
                StockingPolicy(item, place, holding_cost_per_day_micros=10_000,
                               shortage_cost_per_day_micros=MICROS,
                               **(policy if mean else {}))  # type: ignore[arg-type]
            )  # fmt: skip
            records.append(StockPosition(item, place, None, stock, total_units=stock))
            records += quantiles(item, place, mean, spread=2)
        records += pooled(item)
    return snapshot_of(*records)


def pooled(item: str) -> list[Any]:
    found = random_forecast(1, items=1).table("PooledDemandQuantile")
    return [
        PooledDemandQuantile(item, MONDAY, on.astype(object), int(level), int(units), "test/1")
        for on, level, units in zip(found["on"], found["probability_per_million"],
                                    found["quantity_units"], strict=True)
    ]  # fmt: skip


def first_day(problem: Problem, acts: Acts) -> dict[str, int]:
    """Units by lane on the first day."""
    found: dict[str, int] = {}
    for row, units in acts.rows.items():
        if problem.movements["departs_on"][row] == problem.window.first:
            lane = problem.movements["lane"][row]
            found[lane] = found.get(lane, 0) + units
    return found


FAR_AND_DEAR = [
    Lane("near", "hub", "shop", lead_time_days=1, cost_per_unit_micros=9 * MICROS),
    Lane("far", "depot", "shop", lead_time_days=2, cost_per_unit_micros=1 * MICROS),
]


def test_min_max_fills_to_its_level_from_the_cheapest() -> None:
    """2 on hand, below the reorder point of 4: 8 up to 10, 5 from the cheaper, 3 from the other."""
    world = chain({"hub": (50, 0), "depot": (5, 0), "shop": (2, 2)}, FAR_AND_DEAR,
                  reorder_point_units=4, order_up_to_units=10)  # fmt: skip
    problem, _, acts = acted(world, MIN_MAX, Parameters(99, 99))
    assert {"far": 5, "near": 3} == first_day(problem, acts)


def test_min_max_waits_at_its_reorder_point() -> None:
    """4 on hand are not below a reorder point of 4; at 200 per cent of it they are."""
    world = chain({"hub": (50, 0), "depot": (5, 0), "shop": (4, 2)}, FAR_AND_DEAR,
                  reorder_point_units=4, order_up_to_units=10)  # fmt: skip
    problem, _, acts = acted(world, MIN_MAX, Parameters(99, 99))
    assert {} == first_day(problem, acts)
    problem, _, acts = acted(world, MIN_MAX, Parameters(99, 99, stated_percent=200))
    assert {"far": 5, "near": 11} == first_day(problem, acts)


def test_greedy_takes_the_nearest_and_leaves_the_sender_its_cover() -> None:
    """The nearest sends what is above its own two days, the next one fills the rest."""
    lanes = [
        Lane("near", "mall", "shop", lead_time_days=1, cost_per_unit_micros=9 * MICROS),
        FAR_AND_DEAR[1],
    ]
    world = chain({"mall": (9, 3), "depot": (50, 0), "shop": (0, 2)}, lanes)
    problem, labels, acts = acted(world, GREEDY, Parameters(1, 4, 2, by_lead=True))
    a_day = levels_of(problem, labels, world, GREEDY, Parameters(4, 8, 4)).keep // 4
    shop, mall = (labels.pairs.index(("tea", place)) for place in ("shop", "mall"))
    spare = 9 - int(a_day[mall]) * 2
    assert 0 < spare < 4 * int(a_day[shop])
    assert {"near": spare, "far": 4 * int(a_day[shop]) - spare} == first_day(problem, acts)


def test_the_first_to_expire_leaves_first() -> None:
    """Of two lots the one that expires sooner goes whole, the other for the rest."""
    world = chain({"hub": (0, 0), "shop": (0, 2)}, FAR_AND_DEAR[:1],
                  reorder_point_units=5, order_up_to_units=5)  # fmt: skip
    lots = [Lot("a", "tea", expires_on=date(2026, 5, 1)),
            Lot("b", "tea", expires_on=date(2026, 4, 1)), Lot("c", "tea")]  # fmt: skip
    stock = [StockPosition("tea", "hub", lot.id, 3, total_units=3) for lot in lots]
    world = with_records(with_records(world, lots, "Lot"), stock, "StockPosition")
    problem, _, acts = acted(world, MIN_MAX, Parameters(99, 99))
    sent = {problem.movements["lot"][row]: units for row, units in acts.rows.items()
            if problem.movements["departs_on"][row] == problem.window.first}  # fmt: skip
    assert {"b": 3, "a": 2} == sent


def test_a_lane_carries_no_more_than_it_can_for_all_items_together() -> None:
    """Two items want 8 each on a lane of 10 a day: the first gets 8, the other 2."""
    lane = replace(FAR_AND_DEAR[0], capacity_units_per_day=10)
    world = chain({"hub": (50, 0), "shop": (2, 2)}, [lane], ("milk", "tea"),
                  reorder_point_units=4, order_up_to_units=10)  # fmt: skip
    problem, labels, acts = acted(world, MIN_MAX, Parameters(99, 99))
    assert {"near": 10} == first_day(problem, acts)
    refuse_overfull_lanes(problem, world, rival_flow(problem, labels, acts))


@pytest.mark.parametrize("rival", RIVALS)
def test_with_plenty_everywhere_nobody_moves(rival: str) -> None:
    """Where every place has more than all its levels ask for, a rival is doing nothing."""
    for seed in range(20):
        world = with_levels(random_forecast(seed), seed)
        pairs = set(zip(*(world.table("StockingPolicy")[n] for n in ("item", "location")),
                        strict=True))  # fmt: skip
        plenty = [StockPosition(item, place, None, 10**6, total_units=10**6)
                  for item, place in sorted(pairs)]  # fmt: skip
        for chosen in PARAMETERS:
            problem, labels, acts = acted(
                with_records(world, plenty, "StockPosition"), rival, chosen
            )
            assert {} == acts.rows
            flow = rival_flow(problem, labels, acts)
            assert np.array_equal(do_nothing(problem, labels), flow)


def random_lanes(seed: int) -> Snapshot:
    """One item in four places, lanes of equal lead between all of them."""
    rng = np.random.default_rng(seed)
    places = {name: (int(rng.integers(0, 30)), int(rng.integers(0, 4))) for name in "abcd"}
    lanes = [
        Lane(one + two, one, two, lead_time_days=1,
             cost_per_unit_micros=int(rng.integers(1, 5)) * MICROS)
        for one in places for two in places if one != two
    ]  # fmt: skip
    return chain(places, lanes)


def test_a_dearer_lane_is_never_used_more_by_greedy() -> None:
    """On the first day, raising one lane's cost moves no unit more over it, and often fewer."""
    fewer = 0
    for seed in range(12):
        world = random_lanes(seed)
        lanes = world.table("Lane")
        for by_lead in (True, False):
            chosen = Parameters(2, 5, 2, by_lead=by_lead)
            problem, _, acts = acted(world, GREEDY, chosen)
            before = first_day(problem, acts)
            for lane, units in before.items():
                dear = lanes["cost_per_unit_micros"] + 9 * MICROS * (lanes["id"] == lane)
                columns = {**lanes.columns, "cost_per_unit_micros": dear}
                other = Snapshot(1, {**world.tables, "Lane": replace(lanes, columns=columns)})
                problem, _, acts = acted(other, GREEDY, chosen)
                after = first_day(problem, acts).get(lane, 0)
                assert after <= units
                fewer += after < units
    assert fewer > 5


@pytest.mark.parametrize("rival", RIVALS)
def test_tuning_is_deterministic_and_row_order_is_no_input(rival: str) -> None:
    """Shuffled rows choose the same parameters, at the same cost, and act the same."""
    for seed in range(6):
        world = observed(with_levels(random_forecast(seed), seed), seed)
        found = tuned(*posed(world), world, rival)
        other = shuffled(world, seed)
        assert found == tuned(*posed(world), world, rival) == tuned(*posed(other), other, rival)
        assert found.tried == len(grid_of(posed(world)[1], world, rival)) > 1
        one, two = (acted(each, rival, found.chosen)[2] for each in (world, other))
        assert one.rows == two.rows


def test_where_nothing_can_move_the_first_parameters_stand_at_the_cost_of_doing_nothing() -> None:
    """3 units, 2 asked for on the last day: 8 days of 3 left but the last, of 1, at a cent each."""
    world = chain({"shop": (3, 2)}, [])
    seen = [DemandObservation("tea", "shop", MONDAY - timedelta(days=1), 2)]
    world = with_records(world, seen, "DemandObservation")
    for rival in RIVALS:
        grid = grid_of(posed(world)[1], world, rival)
        expected = Tuned(rival, grid[0], len(grid), MONDAY - timedelta(days=8),
                         MONDAY - timedelta(days=1), 7 * 3 + 1)  # fmt: skip
        assert expected == tuned(*posed(world), world, rival)
        assert DEFAULTS[rival] == grid[0]


def test_tuning_finds_what_the_past_asked_for() -> None:
    """A shop that runs dry each week is served earlier than one that nobody asks."""
    lanes = [replace(FAR_AND_DEAR[0], cost_per_unit_micros=10_000)]
    world = chain({"hub": (500, 0), "shop": (4, 2)}, lanes)
    days = [MONDAY - timedelta(days=n) for n in range(1, WINDOWS * LOCAL + 1)]
    busy = [DemandObservation("tea", "shop", on, 8) for on in days]
    idle = [DemandObservation("tea", "shop", on, 0) for on in days]
    chosen = []
    for rows in (busy, idle):
        facts = with_records(world, rows, "DemandObservation")
        chosen.append(tuned(*posed(facts), facts, GREEDY).chosen)
    assert chosen[0].fill_to_days > chosen[1].fill_to_days


def test_only_the_days_just_before_the_plan_are_replayed() -> None:
    """Demand on the first day or later, or before the replay, changes nothing."""
    world = random_forecast(3)
    inside = observed(world, 3)
    rows = inside.table("DemandObservation")
    more = [DemandObservation("item-0", "north", MONDAY + timedelta(days=day), 900)
            for day in (-WINDOWS * LOCAL - 1, 0, 1)]  # fmt: skip
    extra = table_of(more, "DemandObservation")
    joined = {name: np.concatenate([rows[name], extra[name]]) for name in rows.columns}
    outside = Snapshot(1, {**inside.tables, rows.name: replace(rows, columns=joined)})
    for rival in RIVALS:
        assert tuned(*posed(inside), inside, rival) == tuned(*posed(outside), outside, rival)


def test_without_a_past_the_defaults_stand_and_say_so() -> None:
    """Nothing observed on those days, or demand that is stated, is not tuned on."""
    late = observed(random_forecast(2), 2, first=0, last=3)
    for world, why in ((random_forecast(2), UNOBSERVED), (late, UNOBSERVED),
                       (random_risk(2), STATED)):  # fmt: skip
        for rival in RIVALS:
            assert Tuned(rival, DEFAULTS[rival], untuned_because=why) == tuned(
                *posed(world), world, rival
            )


def test_given_purchases_are_the_same_for_all() -> None:
    """Where purchases are given no rival buys: they are in its network already."""
    bought = 0
    for seed in range(20):
        problem, labels, acts = acted(random_forecast(seed), GREEDY, PARAMETERS[2])
        kinds = problem.movements["kind"][list(acts.rows)]
        assert "purchase" not in set(kinds)
        moving = problem.network.kind == ArcKind.MOVE
        assert "purchase" not in set(problem.movements["kind"][problem.network.reference[moving]])
        bought += len(labels.given.rows)
    assert bought > 10
