"""What the plan is compared with: doing nothing, and what was done where that is known."""

from typing import Any

import numpy as np

from ontology.columns import Snapshot
from ontology.errors import SolverError
from solver.assignment_network import AssignmentLabels
from solver.carry_labels import CarryLabels
from solver.carry_network import arrivals
from solver.freight import recorded_freight
from solver.lines import moved_units
from solver.names import ABSENT, codes_of
from solver.network import ArcKind, IntArray
from solver.problem import Problem
from solver.scaling import MICROS_PER_CENT, half_up
from solver.unmet import MILLION, expected_cost, stock_levels

Figures = dict[str, Any]


def compare(problem: Problem, snapshot: Snapshot, flow: IntArray) -> dict[str, Figures]:
    """The plan beside `do_nothing` and, for orders, `as_done` where fulfilments are recorded.

    Risk: expected cost in cents (exact, rounded once) with its parts; `cost_scaled` is the
    network's objective, which leaves out the constant shortage cost of all expected demand;
    `fill_per_million` is the share of the window's expected demand served by its end.
    Orders: orders served, and cents without the penalties. No solver is used.

    Raises SolverError `WORSE_THAN_NOTHING` where doing nothing would cost less (law: never).
    """
    labels = problem.labels
    if isinstance(labels, AssignmentLabels):
        return _compare_orders(problem, labels, snapshot, flow)
    nothing = do_nothing(problem, labels, snapshot)
    found = {
        "do_nothing": _risk_figures(problem, labels, nothing),
        "plan": _risk_figures(problem, labels, flow),
    }
    if found["plan"]["cost_scaled"] > found["do_nothing"]["cost_scaled"]:
        raise SolverError("the plan costs more than doing nothing", code="WORSE_THAN_NOTHING")
    return found


def do_nothing(problem: Problem, labels: CarryLabels, snapshot: Snapshot) -> IntArray:
    """The flow of keeping everything where it is: feasible whatever the rules closed.

    Exact units per arc of the problem's own network, so that costs compare like with like.
    """
    network, days = problem.network, problem.window.periods + 1
    levels = _kept_levels(problem, labels, snapshot)
    flow = np.zeros(network.arc_count, np.int64)
    carried = levels[labels.carry_pair, labels.carry_day] - (labels.carry_first - 1)
    width = np.append(np.diff(labels.carry_first), 0)
    width[width <= 0] = np.iinfo(np.int64).max
    flow[: labels.carry_count] = np.clip(carried, 0, width)
    from_pair = network.tail < len(labels.pairs) * days
    rests = np.isin(network.kind, (ArcKind.OTHER, ArcKind.IDLE))
    starts, ends = rests & ~from_pair, rests & from_pair
    flow[starts] = network.supply[network.tail[starts]]
    pair, day, units = arrivals(snapshot, problem.window, labels.pairs)
    late = np.zeros(len(labels.pairs), np.int64)
    np.add.at(late, pair[day == problem.window.periods], units[day == problem.window.periods])
    flow[ends] = levels[:, -1] + late
    return flow


def _kept_levels(problem: Problem, labels: CarryLabels, snapshot: Snapshot) -> IntArray:
    periods = problem.window.periods
    arriving = np.zeros((len(labels.pairs), periods + 1), np.int64)
    arriving[:, 0] = labels.opening
    pair, day, units = arrivals(snapshot, problem.window, labels.pairs)
    later = day > 0
    np.add.at(arriving, (pair[later], day[later]), units[later])
    levels: IntArray = np.cumsum(arriving[:, :periods], axis=1)
    return levels


def _risk_figures(problem: Problem, labels: CarryLabels, flow: IntArray) -> Figures:
    levels = stock_levels(problem, labels, flow)
    units = moved_units(problem, flow)
    moves = int((units.astype(object) * labels.move_cost).sum())
    stock = expected_cost(problem, labels, levels)
    last = [curves[-1] for curves in labels.curves]
    short = sum(
        curve.expected_short(int(level)) for curve, level in zip(last, levels[:, -1], strict=True)
    )
    asked = sum(curve.expected() for curve in last)
    fill = MILLION * (asked - short) / asked if asked else MILLION
    total, whole = stock + moves, MICROS_PER_CENT
    return {
        "cost_cents": half_up(total.numerator, total.denominator * whole),
        "stock_cost_cents": half_up(stock.numerator, stock.denominator * whole),
        "movement_cost_cents": half_up(moves, whole),
        "cost_scaled": int((problem.network.cost.astype(object) * flow).sum()),
        "expected_demand_millionths": half_up(*(asked * MILLION).as_integer_ratio()),
        "expected_short_millionths": half_up(*(short * MILLION).as_integer_ratio()),
        "fill_per_million": half_up(*fill.as_integer_ratio()),
    }


def _compare_orders(
    problem: Problem, labels: AssignmentLabels, snapshot: Snapshot, flow: IntArray
) -> dict[str, Figures]:
    nobody = np.full(len(labels.orders), ABSENT, np.int64)
    found = {
        "do_nothing": _orders_figures(labels, nobody),
        "plan": _orders_figures(labels, labels.served_by(flow)),
    }
    if len(snapshot.table("OrderFulfilment")):
        found["as_done"] = _as_done(problem, labels, snapshot)
    return found


def _orders_figures(labels: AssignmentLabels, served: IntArray) -> Figures:
    order = np.flatnonzero(served != ABSENT)
    place = served[order]
    return {
        "orders": len(served),
        "orders_served": len(order),
        "units_served": int(labels.orders["quantity_units"][order].sum()),
        "cost_cents": int(labels.cost[order, place].sum()),
        "warehouse_cents": int(labels.handling[order, place].sum()),
        "freight_cents": int(labels.freight.cents[order, place].sum()),
    }


def _as_done(problem: Problem, labels: AssignmentLabels, snapshot: Snapshot) -> Figures:
    """What the recorded assignments cost by the same tariff, and what they broke.

    Priced is a recorded assignment whose location states a handling rate and whose port and
    carrier have a rate for the order. Breaches are facts of that day, not verdicts.
    """
    done = snapshot.table("OrderFulfilment").sorted()
    order = codes_of(done["order"], labels.orders["id"].tolist())
    place = codes_of(done["location"], labels.locations)
    known = np.flatnonzero((order != ABSENT) & (place != ABSENT))
    order, place = order[known], place[known]
    freight = recorded_freight(
        labels.freight, labels.orders, order, done["origin_port"][known], done["carrier"][known]
    )
    priced = (freight >= 0) & (labels.handling[order, place] >= 0)
    handling = labels.handling[order, place][priced]
    chosen = (handling * ("warehouse" in problem.cost_parts)) + (
        freight[priced] * ("freight" in problem.cost_parts)
    )
    used = np.bincount(place, minlength=len(labels.locations))
    over = np.maximum(0, used - np.maximum(0, labels.capacity))
    row = order * len(labels.locations) + place
    return {
        "orders": len(labels.orders),
        "orders_served": len(known),
        "orders_priced": int(priced.sum()),
        "orders_without_rate": int((~priced).sum()),
        "cost_cents": int(chosen.sum()),
        "warehouse_cents": int(handling.sum()),
        "freight_cents": int(freight[priced].sum()),
        "orders_over_capacity": int(over.sum()),
        "locations_over_capacity": int((over > 0).sum()),
        "closed_by_rule": {
            rule: int(np.isin(row, rows).sum())
            for rule, rows in sorted(problem.closures.closed.items())
        },
    }
