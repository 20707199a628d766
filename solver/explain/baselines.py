"""What the plan is compared with: doing nothing, and what was done where that is known."""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from ontology.columns import MISSING, Snapshot
from ontology.errors import SolverError
from solver.engine.shared import used
from solver.explain.lines import moved_units
from solver.explain.unmet import MILLION, expected_cost, far_cost, stock_levels
from solver.model.assignment_network import AssignmentLabels
from solver.model.carry_labels import CarryLabels, most_waste
from solver.model.completion import complete
from solver.model.demand import TOTAL, QuantileDemand
from solver.model.freight import recorded_freight
from solver.model.problem import Problem
from solver.network.columns import IntArray
from solver.network.names import ABSENT, codes_of
from solver.network.ranges import exact_dot
from solver.network.scaling import MICROS_PER_CENT, half_up
from solver.proof.branches import steps_cost, steps_of

Figures = dict[str, Any]


def compare(
    problem: Problem, snapshot: Snapshot, flow: IntArray, line_cost: int = 0
) -> dict[str, Figures]:
    """The plan beside `do_nothing` and, for orders, `as_done` where fulfilments are recorded.

    Risk: expected cost in cents (exact, rounded once) with its parts; `cost_scaled` is the
    network's objective, which leaves out the constant shortage cost of all expected demand;
    `fill_per_million` is the share of the (local) days' expected demand served by their end.
    Forecast demand adds the far pool, the premium of given purchases, and `line_cost` micros.
    Where lots expire in the window, what is expected to be lost of them, in units and cents.
    Orders: orders served, and cents without the penalties. No solver is used.

    Raises SolverError `WORSE_THAN_NOTHING` where doing nothing would cost less (law: never, unless
    lines are asked for).
    """
    labels = problem.labels
    if isinstance(labels, AssignmentLabels):
        return _compare_orders(problem, labels, snapshot, flow)
    nothing = do_nothing(problem, labels)
    found = {
        "do_nothing": _risk_figures(problem, labels, nothing, 0),
        "plan": _risk_figures(problem, labels, flow, line_cost),
    }
    # an earlier objective may ask for what a later one pays, and a person for what never pays
    free = problem.unheld is None and not len(problem.wanted)
    if free and found["plan"]["cost_scaled"] > found["do_nothing"]["cost_scaled"]:
        raise SolverError("the plan costs more than doing nothing", code="WORSE_THAN_NOTHING")
    return found


def do_nothing(problem: Problem, labels: CarryLabels) -> IntArray:
    """The flow of keeping everything where it is: feasible whatever the rules closed.

    Exact units per arc of the problem's own network, so that costs compare like with like.
    """
    if problem.unheld is not None:
        problem = replace(problem, network=problem.unheld)
    return complete(problem, labels, np.zeros(len(problem.movements), np.int64))


@dataclass(frozen=True, slots=True)
class CostParts:
    """The expected cost of a flow in micros, exactly, by what it is paid for.

    `purchases` is price less value of all that is bought, given or chosen; `transport` are the
    other movements; `lines` the first day's; `far` the days on which all stock counts as one,
    with what the network charges for the way there and for what is left at their end; `loads`
    are those of all days, `waste` is what lots lose that expire.
    """

    holding: Fraction
    shortage: Fraction
    transport: int
    lines: int
    purchases: int
    far: Fraction
    loads: int = 0
    waste: int = 0

    @property
    def total(self) -> Fraction:
        """All parts together: what `compare` rounds to `cost_cents`."""
        whole = self.transport + self.lines + self.purchases + self.loads + self.waste
        return self.holding + self.shortage + self.far + whole


def cost_parts(problem: Problem, labels: CarryLabels, flow: IntArray, line_cost: int) -> CostParts:
    """What a flow of a risk problem is expected to cost, with `line_cost` micros for its lines."""
    levels = stock_levels(problem, labels, flow)
    stock = expected_cost(problem, labels, levels)
    shortage = _shortage(labels, levels)
    units = moved_units(problem, flow)
    bought = problem.movements["kind"] == "purchase"
    purchases, transport = (
        exact_dot(units[rows], labels.move_cost[rows]) for rows in (bought, ~bought)
    )
    return CostParts(stock - shortage, shortage, transport, line_cost,
                     purchases + labels.given_cost, _far(problem, labels, flow),
                     load_cost(problem, flow), waste_cost(labels, flow))  # fmt: skip


def waste_cost(labels: CarryLabels, flow: IntArray) -> int:
    """Micros that goods are expected to lose that expire in the window, 0 where none does."""
    if labels.ages is None:
        return 0
    coming = sum(loss.cost for loss in labels.ages.coming)
    return exact_dot(labels.ages.cost, flow[labels.ageing_arcs]) + coming


def load_cost(problem: Problem, flow: IntArray) -> int:
    """What the loads that a flow begins cost."""
    shared = problem.shared
    return 0 if shared is None else steps_cost(shared, used(shared, flow))


def plain_load_cost(problem: Problem, flow: IntArray) -> int:
    """What the loads that a flow begins cost where no objective is weighed."""
    resources = problem.resources
    if resources is None or not resources.come_whole:
        return 0
    counts = steps_of(resources.shared, used(resources.shared, flow))
    costs = (name.plain_step_cost for name in resources.names)
    return sum(cost * count for cost, count in zip(costs, counts, strict=True))


def service_misses(
    problem: Problem, labels: CarryLabels, flow: IntArray, default_percent: int
) -> int:
    """How many items and places miss their service level on some local day.

    The level is that of the policy, or `default_percent`: P(D > S) is above 1 - level there. Of
    places that nobody may ask, none counts.
    """
    levels, demand = stock_levels(problem, labels, flow), labels.curves
    stated = labels.service_percent
    percent = np.where(stated == MISSING, default_percent, np.clip(stated, 0, 100))
    if isinstance(demand, QuantileDemand):
        late = demand.exceeds(levels) * 100 > (100 - percent)[:, None] * TOTAL
        return int((late.any(axis=1) & (demand.units[:, -1, -1] > 0)).sum())
    rows = zip(demand, levels.tolist(), percent.tolist(), strict=True)
    return sum(
        any(curve.at_least(level + 1) * 100 > 100 - asked
            for curve, level in zip(days, there, strict=True))
        for days, there, asked in rows
    )  # fmt: skip


def window_demand(
    problem: Problem, labels: CarryLabels, flow: IntArray
) -> tuple[Fraction, Fraction]:
    """Expected units owed at the end of the local days, and expected demand until then."""
    return _window_demand(labels, stock_levels(problem, labels, flow)[:, -1])


def _far(problem: Problem, labels: CarryLabels, flow: IntArray) -> Fraction:
    """Micros of the far days, with the way into the pool and the time until what is left sells."""
    found = far_cost(problem, labels, flow)
    for name in ("far", "leave"):
        if name in labels.blocks:
            rows = labels.block(name)
            found += exact_dot(problem.network.cost[rows], flow[rows])
    return found


def _shortage(labels: CarryLabels, levels: IntArray) -> Fraction:
    demand = labels.curves
    if isinstance(demand, QuantileDemand):
        owed = demand.short(levels).sum(axis=1)
        return Fraction(exact_dot(labels.shortage, owed), TOTAL)
    rows = zip(demand, levels.tolist(), labels.shortage.tolist(), strict=True)
    return sum(
        (rate * curve.expected_short(level)
         for days, there, rate in rows
         for curve, level in zip(days, there, strict=True)),
        Fraction(0),
    )  # fmt: skip


def _risk_figures(problem: Problem, labels: CarryLabels, flow: IntArray, lines: int) -> Figures:
    levels = stock_levels(problem, labels, flow)
    units = moved_units(problem, flow)
    moves = int((units.astype(object) * labels.move_cost).sum())
    stock, far = expected_cost(problem, labels, levels), _far(problem, labels, flow)
    short, asked = _window_demand(labels, levels[:, -1])
    fill = MILLION * (asked - short) / asked if asked else MILLION
    loads, waste = load_cost(problem, flow), waste_cost(labels, flow)
    whole = MICROS_PER_CENT
    total = stock + far + moves + labels.given_cost + lines + loads + waste
    found = {
        "cost_cents": half_up(total.numerator, total.denominator * whole),
        "stock_cost_cents": half_up(stock.numerator, stock.denominator * whole),
        "movement_cost_cents": half_up(moves, whole),
        "cost_scaled": int((problem.network.cost.astype(object) * flow).sum()) + lines + loads,
        "expected_demand_millionths": half_up(*(asked * MILLION).as_integer_ratio()),
        "expected_short_millionths": half_up(*(short * MILLION).as_integer_ratio()),
        "fill_per_million": half_up(*fill.as_integer_ratio()),
    }
    if problem.comes_whole:
        found["load_cost_cents"] = half_up(loads, whole)
    if labels.ages is not None:
        lost = exact_dot(labels.ages.lost_millionths, flow[labels.ageing_arcs])
        found["waste_cost_cents"] = half_up(waste, whole)
        lost += sum(loss.lost_millionths for loss in labels.ages.coming)
        found["expected_waste_millionths"] = lost
        found["waste_at_most_millionths"] = most_waste(labels, flow)
    if problem.window.is_forecast:
        found["line_cost_cents"] = half_up(lines, whole)
        found["purchase_premium_cents"] = half_up(labels.given_cost, whole)
        found["far_cost_cents"] = half_up(far.numerator, far.denominator * whole)
        found["cost_scaled"] += labels.given_cost
    return found


def _window_demand(labels: CarryLabels, last: IntArray) -> tuple[Fraction, Fraction]:
    """Expected units owed at the end of the local days, and expected demand until then."""
    demand = labels.curves
    if isinstance(demand, QuantileDemand):
        levels = np.zeros(demand.units.shape[:2], np.int64)
        levels[:, -1] = last
        short = int(demand.short(levels)[:, -1].astype(object).sum())
        return Fraction(short, TOTAL), Fraction(int(demand.expected()[:, -1].sum()), TOTAL)
    ends = [days[-1] for days in demand]
    owed = (curve.expected_short(int(units)) for curve, units in zip(ends, last, strict=True))
    return sum(owed, Fraction(0)), sum((curve.expected() for curve in ends), Fraction(0))


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
