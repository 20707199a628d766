"""Which capacities the arcs of a risk network share: lanes, carriers, doors, sums, and loads."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ontology.columns import MISSING, Column, Snapshot
from ontology.errors import InputError
from ontology.objectives import LANDED
from solver.engine.shared import (
    BUDGET,
    CARRIER_CAPACITY,
    LANE_CAPACITY,
    LOCATION_CAPACITY,
    WHOLE_LOADS,
    Resource,
    Resources,
)
from solver.model.carry_costs import freight_costs
from solver.model.carry_labels import BoolArray, CarryLabels
from solver.model.completion import complete
from solver.model.demand import TOTAL, QuantileDemand
from solver.model.lots import Lots, lots_of
from solver.model.problem import Problem
from solver.model.weighing import weighed
from solver.network.columns import IntArray
from solver.network.names import codes_of
from solver.network.scaling import MICROS_PER_CENT
from solver.proof.claims import SharedResources, Whole

MEASURES = {"units": ("", 1), "grams": ("weight_micrograms", 10**6),
            "cubic centimetres": ("volume_cubic_millimetres", 10**3)}  # fmt: skip
"""What a capacity may be counted in: a field of the item, and how much of it makes one."""

PER_UNIT = 1_000
"""Stock counts in thousandths: a unit that is there with probability p takes that share."""


MICROS_PER_SHARE = 100
"""Budgets count in hundredths of a cent: their prices are whole numbers per share, too."""

_NOBODY = np.array([None], object)


@dataclass(frozen=True)
class _Draw:
    """The arcs that draw on one resource, how much per unit, and how much there is.

    Of loads, `capacity` is what one takes, `step_cost` what it costs and `most` how many there are.
    """

    name: Resource
    arcs: IntArray
    use: IntArray
    capacity: int
    step_cost: int = 0
    most: int | None = None


@dataclass(frozen=True)
class _Legs:
    """All that moves: arcs, and purchases given before the flow (`arc` -1, with their units).

    `row` is the movement's; days count from the first day of the plan.
    """

    row: IntArray
    arc: IntArray
    units: IntArray
    item: Column
    lane: Column
    origin: Column
    destination: Column
    leaves: IntArray
    lands: IntArray

    def drawn(self, name: Resource, chosen: BoolArray, use: IntArray, most: int) -> _Draw:
        """What the chosen legs draw on a resource; what is given takes its part first."""
        moved = chosen & (self.arc >= 0)
        given = chosen & (self.arc < 0)
        taken = sum((use[given].astype(object) * self.units[given]).tolist())
        return _Draw(name, self.arc[moved], use[moved], max(0, most - taken))


def resources_of(problem: Problem, snapshot: Snapshot) -> Resources | None:
    """The capacities that the arcs of a risk network share and that could bind; None without any.

    Lanes, carriers and locations: all that leaves or arrives on each local day. Budgets: all that
    leaves on any day. Sums that rules
    limit (`closures.limits`): handling on the first day; storage and possession, in expected
    stock, on each local day. No capacity is less than what doing nothing takes, so that doing
    nothing stays feasible. Weights and volumes are rounded up per unit, expected stock to the next
    thousandth: what is counted is never less than what is there.

    Raises InputError `BAD_MEASURE`, `NO_WEIGHT`, `NO_VOLUME` or `UNKNOWN_REGION`.
    """
    labels = problem.labels
    if not isinstance(labels, CarryLabels):
        return None
    legs = _legs(problem, labels)
    draws = [
        *_stated(snapshot, legs),
        *_budgets(problem, snapshot, legs),
        *_handling(problem, snapshot, legs),
    ]
    draws += _stock(problem, snapshot, labels)
    idle = complete(problem, labels, np.zeros(len(problem.movements), np.int64))
    return _joined(problem, draws, idle, [*_loads(problem, snapshot, labels, legs)],
                   lots_of(problem, labels, snapshot))  # fmt: skip


def _legs(problem: Problem, labels: CarryLabels) -> _Legs:
    moves, given, window = labels.block("move"), labels.given, problem.window
    rows = np.concatenate([problem.network.reference[moves], given.rows])
    arc = np.concatenate([np.arange(moves.start, moves.stop), np.full(len(given.rows), -1)])
    units = np.concatenate([np.zeros(moves.stop - moves.start, np.int64), given.units])
    moving = problem.movements["kind"][rows] != "substitution"
    legs = problem.movements.take(rows[moving])
    return _Legs(
        rows[moving], arc[moving], units[moving], legs["item"], legs["lane"], legs["origin"],
        legs["destination"], window.day_of(legs["departs_on"]), window.day_of(legs["arrives_on"]),
    )  # fmt: skip


def _stated(snapshot: Snapshot, legs: _Legs) -> Iterator[_Draw]:
    """Capacities that facts state, of what leaves or arrives on each day."""
    lanes = snapshot.table("Lane")
    lane = codes_of(legs.lane, lanes["id"].tolist())
    carriers = np.concatenate([lanes["carrier"], _NOBODY])[lane]  # ABSENT is the last
    for limit, kind, named, stated in (
        (LANE_CAPACITY, "lane", legs.lane, _lane_capacities(snapshot)),
        (CARRIER_CAPACITY, "carrier", carriers, _capacities(snapshot, "CarrierCapacity")),
    ):
        for subject, measure, most in stated:
            use = _use(snapshot, legs.item, measure, subject)
            on_it = named == subject
            for day in np.unique(legs.leaves[on_it]).tolist():
                name = Resource(limit, kind, subject, measure, day)
                yield legs.drawn(name, on_it & (legs.leaves == day), use, most)
    for place, measure, most in _capacities(snapshot, "SharedResource"):
        use = _use(snapshot, legs.item, measure, place)
        leaving, coming = legs.origin == place, legs.destination == place
        days = np.concatenate([legs.leaves[leaving], legs.lands[coming]])
        for day in np.unique(days).tolist():
            name = Resource(LOCATION_CAPACITY, "handling", place, measure, day)
            chosen = (leaving & (legs.leaves == day)) | (coming & (legs.lands == day))
            yield legs.drawn(name, chosen, use, most)


def _budgets(problem: Problem, snapshot: Snapshot, legs: _Legs) -> Iterator[_Draw]:
    """What facts allow to be spent on freight and duty, each transfer rounded up to a share."""
    budgets, places = snapshot.table("Budget").sorted(), snapshot.table("Location")
    if not len(budgets):
        return
    transfers = problem.movements["kind"][legs.row] == "transfer"
    moved = problem.movements.take(legs.row[transfers])
    shares = np.zeros(len(legs.row), np.int64)
    shares[transfers] = -(-freight_costs(snapshot, moved) // MICROS_PER_SHARE)
    home = codes_of(legs.origin, places["id"].tolist())
    region = np.concatenate([places["region"], _NOBODY])[home]
    for budget, cents, named in zip(
        budgets["id"], budgets["amount_cents"].tolist(), budgets["region"], strict=True
    ):
        if named and named not in places["region"].tolist():
            raise InputError(
                f"the budget `{budget}` is for the region `{named}`, which no location states",
                code="UNKNOWN_REGION", hint="state `region` of its locations, or leave it out here",
            )  # fmt: skip
        chosen = transfers & ((region == named) | (not named))
        name = Resource(BUDGET, "budget", budget, "hundredths of a cent", 0)
        most = cents * MICROS_PER_CENT // MICROS_PER_SHARE
        yield legs.drawn(name, chosen, shares, most)


def _loads(
    problem: Problem, snapshot: Snapshot, labels: CarryLabels, legs: _Legs
) -> Iterator[_Draw]:  # fmt: skip
    """Loads of each lane and day: those that facts state, and a shipment that takes everything."""
    weight = labels.weights.of(LANDED)
    trucks, lanes = snapshot.table("TruckLoad").sorted(), snapshot.table("Lane").sorted()
    for row, lane in enumerate(trucks["lane"]):
        measure, size = trucks["measure"][row], int(trucks["capacity_per_load"][row])
        _refuse_measure(lane, measure)
        use, stated = _use(snapshot, legs.item, measure, lane), trucks["most_loads_per_day"][row]
        plain = int(trucks["cost_per_load_cents"][row]) * MICROS_PER_CENT
        cost = int(weighed(np.array([plain]), weight)[0])
        for day, chosen in _by_day(legs, lane):
            name = Resource(WHOLE_LOADS, "load", lane, measure, day, "", cost, plain)
            draw = legs.drawn(name, chosen, use, size)
            all_of_it = -(-_most_of(draw, problem, legs, labels) // size)
            most = all_of_it if stated == MISSING else min(all_of_it, int(stated))
            yield replace(draw, step_cost=cost, most=most)
    for row in np.flatnonzero(lanes["cost_per_shipment_cents"]).tolist():
        lane = lanes["id"][row]
        plain = int(lanes["cost_per_shipment_cents"][row]) * MICROS_PER_CENT
        cost = int(weighed(np.array([plain]), weight)[0])
        for day, chosen in _by_day(legs, lane):
            name = Resource(WHOLE_LOADS, "shipment", lane, "units", day, "", cost, plain)
            draw = legs.drawn(name, chosen, np.ones(len(chosen), np.int64), 0)
            yield replace(
                draw, capacity=_most_of(draw, problem, legs, labels), step_cost=cost, most=1
            )


def _by_day(legs: _Legs, lane: str) -> Iterator[tuple[int, BoolArray]]:
    """The days on which something may leave by a lane, and what."""
    on_it = legs.lane == lane
    for day in np.unique(legs.leaves[on_it]).tolist():
        yield day, on_it & (legs.leaves == day)


def _most_of(draw: _Draw, problem: Problem, legs: _Legs, labels: CarryLabels) -> int:
    """The most that all that draws on a resource could take.

    Of an item no more than there is (of all items, where some stand in for others): a unit takes
    a lane once a day.
    """
    supply = np.maximum(0, problem.network.supply)
    there = np.bincount(labels.item_of_node, supply, len(labels.items)).astype(np.int64)
    if (problem.movements["kind"] == "substitution").any():
        there[:] = supply.sum()
    everything = dict(zip(labels.items, there.tolist(), strict=True))
    item = dict(zip(legs.arc.tolist(), legs.item.tolist(), strict=True))
    room: dict[str, int] = {}
    use = dict(zip((item[arc] for arc in draw.arcs.tolist()), draw.use.tolist(), strict=True))
    for arc, units in zip(draw.arcs.tolist(), problem.network.capacity[draw.arcs].tolist(),
                          strict=True):  # fmt: skip
        room[item[arc]] = room.get(item[arc], 0) + units
    return sum(min(units, everything[name]) * use[name] for name, units in room.items())


def _lane_capacities(snapshot: Snapshot) -> list[tuple[str, str, int]]:
    lanes = snapshot.table("Lane").sorted()
    stated = [
        (lane, "units", most)
        for lane, most in zip(lanes["id"], lanes["capacity_units_per_day"].tolist(), strict=True)
        if most != MISSING
    ]
    return stated + _capacities(snapshot, "LaneCapacity")


def _capacities(snapshot: Snapshot, name: str) -> list[tuple[str, str, int]]:
    table = snapshot.table(name).sorted()
    subject = next(column for column in table.columns if column not in _COUNTED)
    rows = zip(table[subject], table["measure"], table["capacity_per_day"].tolist(), strict=True)
    found = [row for row in rows if row[1] != "orders"]
    for subject, measure, _ in found:
        _refuse_measure(subject, measure)
    return found


def _refuse_measure(subject: str, measure: str) -> None:
    if measure not in MEASURES:
        raise InputError(
            f"the capacity of `{subject}` is counted in `{measure}`", code="BAD_MEASURE",
            hint=f"use one of: {', '.join(MEASURES)}",
        )  # fmt: skip


_COUNTED = ("measure", "capacity_per_day")


def _use(snapshot: Snapshot, named: Column, measure: str, subject: str) -> IntArray:
    """What one unit of each named item takes, rounded up."""
    field, one = MEASURES[measure]
    if not field:
        return np.ones(len(named), np.int64)
    items = snapshot.table("Item")
    amount = np.append(items[field], MISSING)[codes_of(named, items["id"].tolist())]
    lacking = np.flatnonzero(amount == MISSING)
    if len(lacking):
        word = field.partition("_")[0]
        raise InputError(
            f"the capacity of `{subject}` is counted in {measure}, item `{named[lacking[0]]}` "
            f"states no {word}", code=f"NO_{word.upper()}", hint=f"state `{field}` of the item",
        )  # fmt: skip
    use: IntArray = -(-amount // one)
    return use


def _bounds(problem: Problem, quantity: str) -> Iterator[tuple[str, int]]:
    """The rules that limit a quantity, in IRI order, and how much of it each one allows."""
    for rule, bounds in sorted(problem.closures.limits.items()):
        if quantity in bounds:
            yield rule, bounds[quantity]


def _handling(problem: Problem, snapshot: Snapshot, legs: _Legs) -> Iterator[_Draw]:
    places = snapshot.table("Location").sorted()
    stated = places["handling_capacity_units_per_day"].tolist()
    for rule, most_over in _bounds(problem, "overloadedUnits"):
        for place, most in zip(places["id"], stated, strict=True):
            if most == MISSING:
                continue
            chosen = (legs.origin == place) & (legs.leaves == 0)
            chosen |= (legs.destination == place) & (legs.lands == 0)
            name = Resource(rule, "handling", place, "units", 0)
            yield legs.drawn(name, chosen, np.ones(len(chosen), np.int64), most + most_over)


def _stock(problem: Problem, snapshot: Snapshot, labels: CarryLabels) -> Iterator[_Draw]:
    places = snapshot.table("Location").sorted()
    at = codes_of((place for _, place in labels.pairs), places["id"].tolist())
    full = places["storage_capacity_units"].tolist()
    for rule, most_over in _bounds(problem, "overfullUnits"):
        for code in (row for row, most in enumerate(full) if most != MISSING):
            name = (rule, "storage", places["id"][code], "units on hand, in thousandths")
            yield from _held(problem, labels, name, at == code, full[code] + most_over)
    limits = snapshot.table("PossessionLimit").sorted()
    country = np.concatenate([places["country"], _NOBODY])[at]
    items = np.array([item for item, _ in labels.pairs], object)
    for rule, most_over in _bounds(problem, "excessUnits"):
        for item, land, most in zip(
            limits["item"], limits["country"], limits["most_units"].tolist(), strict=True
        ):
            name = (rule, "possession", land, "units on hand, in thousandths")
            chosen = (items == item) & (country == land)
            yield from _held(problem, labels, name, chosen, most + most_over, item)


def _held(
    problem: Problem, labels: CarryLabels, name: tuple[str, str, str, str], pairs: BoolArray,
    most: int, item: str = "",
) -> Iterator[_Draw]:  # fmt: skip
    """One resource per local day: a unit counts with the probability that it is still there."""
    if not pairs.any():
        return
    arcs = np.flatnonzero(pairs[labels.carry_pair])
    share = _still_there(labels, arcs)
    for day in range(problem.window.periods):
        today = labels.carry_day[arcs] == day
        resource = Resource(*name, day, item)
        yield _Draw(resource, arcs[today], share[today], most * PER_UNIT)


def _still_there(labels: CarryLabels, arcs: IntArray) -> IntArray:
    """P(D < k) of the last unit k of each carry arc, in thousandths, rounded up."""
    pair, day, last = labels.carry_pair[arcs], labels.carry_day[arcs], labels.carry_last[arcs]
    demand = labels.curves
    if isinstance(demand, QuantileDemand):
        asked = (demand.units[pair, day] >= last[:, None]) @ demand.weights
        share: IntArray = -(-PER_UNIT * (TOTAL - asked) // TOTAL)
    else:
        share = np.array([
            -(-PER_UNIT * sum(w for u, w in zip(c.units, c.weights, strict=True) if u < k)
              // c.total)
            for c, k in ((demand[p][d], k) for p, d, k in
                         zip(pair.tolist(), day.tolist(), last.tolist(), strict=True))
        ], np.int64)  # fmt: skip
    return np.where(last < 0, PER_UNIT, share)


def _joined(
    problem: Problem, draws: list[_Draw], idle: IntArray, loads: list[_Draw], lots: Lots
) -> Resources | None:
    """The resources that could bind, with their rows of use; loads that could be begun; lots."""
    room = problem.network.capacity.astype(np.float64)
    kept: list[_Draw] = []
    for draw in draws:
        needed = sum((draw.use.astype(object) * idle[draw.arcs]).tolist())
        most = max(draw.capacity, needed)
        if float(draw.use @ room[draw.arcs]) > most:
            kept.append(_Draw(draw.name, draw.arcs, draw.use, most))
    kept += [draw for draw in loads if draw.use @ room[draw.arcs]]
    if not kept and not len(lots.arc):
        return None
    sizes = [len(draw.arcs) for draw in kept]
    none = np.zeros(0, np.int64)
    shared = SharedResources(
        np.concatenate([none, *(draw.arcs for draw in kept)]),
        np.repeat(np.arange(len(kept)), np.array(sizes, np.int64)),
        np.concatenate([none, *(draw.use for draw in kept)]),
        np.array([draw.capacity for draw in kept], np.int64),
        _whole(kept, lots),
    )
    return Resources(shared, tuple(draw.name for draw in kept), lots.names)


def _whole(kept: list[_Draw], lots: Lots) -> Whole | None:
    """What of it comes whole; None where nothing does."""
    simple = np.array([draw.most is None for draw in kept], np.bool_)
    if simple.all() and not len(lots.arc):
        return None
    return Whole(
        np.array([draw.step_cost for draw in kept], np.int64), simple.astype(np.int64),
        np.array([1 if draw.most is None else draw.most for draw in kept], np.int64),
        lots.arc, lots.least, lots.multiple,
    )  # fmt: skip
