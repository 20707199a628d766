"""Where demand may stay short, and whether one more unit cannot come, does not pay, or may not."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from solver.engine.shared import Resource
from solver.engine.what_if import OpenedFlow
from solver.explain.detours import Residual
from solver.model.carry_labels import CarryLabels
from solver.model.demand import TOTAL, QuantileDemand
from solver.model.pool import mean_rates
from solver.model.problem import Problem, full_arcs, scarce_arcs
from solver.network.columns import IntArray
from solver.network.facts import fact
from solver.network.scaling import half_up

MILLION = 10**6
Row = dict[str, Any]
Shared = tuple[dict[int, Resource], dict[int, Resource]]
"""The arcs that a shared resource shuts: because it is full, or by their share of what is left."""


def stock_levels(problem: Problem, labels: CarryLabels, flow: IntArray) -> IntArray:
    """S: units made available up to each day, of shape (pairs, days)."""
    levels = np.zeros((len(labels.pairs), problem.window.periods), np.int64)
    carried = flow[: labels.carry_count]
    np.add.at(levels, (labels.carry_pair, labels.carry_day), carried)
    return levels


def expected_shortages(
    problem: Problem, labels: CarryLabels, flow: IntArray, potentials: IntArray
) -> list[Row]:
    """One row per item, location and day whose expected units owed are above zero.

    `expected_short_millionths` is E[(D - S)+] in millionths of a unit (rounded once),
    `short_probability_per_million` P(D > S), `quantity_units` the most that can be owed.

    The kind speaks of one more unit on that day. It avoids -c on the day, c the cost of the first
    carry arc with room. Bringing it costs the shortest path back to the place in the residual
    network, net of what it does on later days. The flow is optimal, so costs - avoids >= 0: `not
    worth it`. Without a path it `cannot` come: the nodes that reach the place form a cut, and
    supply + capacity into it - what must leave it = the units there, exactly. `shared resource`:
    so it is, and a full resource shuts a way across the cut. `rule`: the cheapest plan without
    one rule alone would have more units there (`without_each_rule`).
    `potentials` are the canonical ones.
    """
    levels = stock_levels(problem, labels, flow)
    residual = Residual(problem.network, flow, potentials)
    without = without_each_rule(problem, labels, flow, potentials)
    full, scarce = full_arcs(problem, flow), scarce_arcs(problem, flow)
    return [
        _row(problem, labels, residual, without, (full, scarce), pair, day, int(levels[pair, day]))
        for pair, curves in enumerate(labels.curves)
        for day, curve in enumerate(curves)
        if curve.units[-1] > levels[pair, day]
    ]


@dataclass(frozen=True)
class _WithoutRule:
    """What the cheapest flow would be if one rule were not there."""

    rule: str
    levels: IntArray
    saved: dict[str, int]


def without_each_rule(
    problem: Problem, labels: CarryLabels, flow: IntArray, potentials: IntArray
) -> list[_WithoutRule]:
    """Per rule that closes or bounds anything, the stock levels and savings without it alone.

    The flow is the cheapest of the network with the movements that this rule alone suppresses
    and with the floors of the other rules; `saved` is by item.
    """
    closures, count = problem.closures, len(problem.movements)
    is_open = closures.is_open(count)
    found = []
    for rule in sorted({*closures.closed, *closures.floors}):
        others = closures.without(rule)
        opened = np.flatnonzero(others.is_open(count) & ~is_open & labels.move_fit)
        lower = labels.carry_lower(labels.floors_of(others), problem.network.capacity)
        freed = np.flatnonzero(lower < problem.network.lower[: labels.carry_count])
        if len(opened) or len(freed):
            found.append(_without(problem, labels, rule, opened, freed, lower, flow, potentials))
    return found


def _without(
    problem: Problem,
    labels: CarryLabels,
    rule: str,
    opened: IntArray,
    freed: IntArray,
    lower: IntArray,
    flow: IntArray,
    potentials: IntArray,
) -> _WithoutRule:
    """Opens suppressed movements at their own cost, and units under a floor at what they cost."""
    network, carried = problem.network, labels.carry_count
    other = OpenedFlow(network, flow, potentials)
    columns = (
        np.concatenate([labels.move_tail[opened], network.head[freed]]),
        np.concatenate([labels.move_head[opened], network.tail[freed]]),
        np.concatenate([labels.move_capacity[opened], (network.lower[:carried] - lower)[freed]]),
        np.concatenate([labels.move_cost[opened], -network.cost[freed]]),
    )
    moved, served = (problem.movements[name][opened] for name in ("item", "replaces"))
    items = [*(replaced or item for item, replaced in zip(moved, served, strict=True)),
             *(labels.pairs[pair][0] for pair in labels.carry_pair[freed])]  # fmt: skip
    saved: dict[str, int] = {}
    for item, *arc in zip(items, *(column.tolist() for column in columns), strict=True):
        saved[item] = saved.get(item, 0) + other.open_arc(*arc)
    added = other.added()
    levels = stock_levels(problem, labels, flow)
    np.add.at(levels, (labels.carry_pair, labels.carry_day), added[:carried])
    given_up = added[network.arc_count + len(opened) :]
    np.subtract.at(levels, (labels.carry_pair[freed], labels.carry_day[freed]), given_up)
    return _WithoutRule(rule, levels, saved)


def _row(
    problem: Problem,
    labels: CarryLabels,
    residual: Residual,
    without: list[_WithoutRule],
    shared: Shared,
    pair: int,
    day: int,
    level: int,
) -> Row:
    item, location = labels.pairs[pair]
    curve = labels.curves[pair][day]
    short = curve.expected_short(level)
    on = problem.window.first + day
    return {
        "item": item,
        "location": location,
        "on": str(on),
        "quantity_units": curve.units[-1] - level,
        "stock_units": level,
        "expected_short_millionths": _millionths(short),
        "short_probability_per_million": _millionths(curve.at_least(level + 1)),
        **_verdict(problem, labels, residual, without, shared, pair, day),
        "because": [
            fact("StockingPolicy", item, location),
            *_outcomes(labels, problem, pair, day),
        ],
    }


def _verdict(
    problem: Problem,
    labels: CarryLabels,
    residual: Residual,
    without: list[_WithoutRule],
    shared: Shared,
    pair: int,
    day: int,
) -> Row:
    tail = pair * (problem.window.periods + 1) + day
    bundle = labels.carry_of(pair, day)
    avoids = -labels.next_cost(pair, day, int(residual.flow[bundle].sum()))
    ends = (tail, tail + 1)
    costs = residual.path_cost(tail + 1, tail)
    level = int(residual.flow[bundle].sum())
    reached = residual.reaching(tail, tail + 1) if costs is None else set()
    shut, scarce = (_shut(problem, arcs, reached, bundle) for arcs in shared)
    better = _best_without(without, labels.pairs[pair][0], pair, day, level)
    if better is not None:
        saved = better.saved[labels.pairs[pair][0]]
        units = int(better.levels[pair, day])
        row: Row = {"kind": "rule", "rule": better.rule}
        row["without_rule"] = {"stock_units": units, "saved_scaled": saved}
        row["reason"] = (
            f"without the rule {better.rule} the plan would have {units} units here and cost "
            f"{saved} micros less for this item"
        )
    elif shut is not None:
        row = shut.as_shortfall(problem.window.first)
        row["reason"] = f"no more units can be there by this day: {shut.full}"
    elif costs is None and scarce is not None:
        row = scarce.as_shortfall(problem.window.first)
        row["reason"] = (
            f"no more units are sure to fit by this day: what is left of {scarce.text} is dealt "
            "out among the ways that share it, and too little for one more unit here"
        )
    elif costs is None:
        row = {"kind": "cannot"}
        row["reason"] = (
            "no more units can be there by this day: "
            "no way in is open, has room and arrives in time"
        )
    else:
        row = {"kind": "not worth it"}
        row["reason"] = (
            f"one more unit would avoid {avoids} micros of expected cost on this day, and cost "
            f"{costs} micros to bring, net of later days"
        )
    if costs is None:
        row["cut"] = residual.cut(reached, *ends)
    else:
        row["next_unit"] = {"avoids_scaled": avoids, "costs_scaled": costs}
    return row


def _shut(
    problem: Problem, full: dict[int, Resource], reached: set[int], bundle: slice
) -> Resource | None:
    """The resource that shuts the place, or a way into what reaches it; the first by arc."""
    network = problem.network
    for arc, resource in sorted(full.items()):
        if bundle.start <= arc < bundle.stop:
            return resource
        if int(network.head[arc]) in reached and int(network.tail[arc]) not in reached:
            return resource
    return None


def _best_without(
    without: list[_WithoutRule], item: str, pair: int, day: int, level: int
) -> _WithoutRule | None:
    """The rule whose absence brings more units here and saves most for the item; ties by IRI."""
    helps = [w for w in without if w.levels[pair, day] > level and w.saved.get(item, 0) > 0]
    return max(helps, key=lambda w: w.saved[item], default=None)


def _outcomes(labels: CarryLabels, problem: Problem, pair: int, day: int) -> list[str]:
    """The greatest stated outcome of each day so far: together they make the worst case."""
    item, location = labels.pairs[pair]
    worst = [curve.units[-1] for curve in labels.curves[pair][: day + 1]]
    steps = np.diff([labels.owed[pair], *worst]).tolist()
    found = [
        fact("DemandOutcome", item, location, problem.window.first + number, units)
        for number, units in enumerate(steps)
        if units > 0
    ]
    owed = [fact("Backlog", item, location)] if labels.owed[pair] else []
    return found + owed


def far_cost(problem: Problem, labels: CarryLabels, flow: IntArray) -> Fraction:
    """Expected holding and shortage cost of the far days in micros, 0 where nothing is forecast."""
    if labels.pooled is None:
        return Fraction(0)
    days, along = problem.window.far_periods, labels.block("pool")
    tail = problem.network.tail[along]
    item, day = np.divmod(tail - int(tail[:1].sum()), days + 1)
    levels = np.zeros((len(labels.items), days), np.int64)
    np.add.at(levels, (item, day), flow[along])
    far = QuantileDemand(labels.pooled.units[:, problem.window.periods :], labels.pooled.weights)
    short = far.short(levels)
    over = levels * TOTAL - far.expected() + short
    holding, shortage = mean_rates(labels)
    total = sum(
        h * left + b * owed for h, b, left, owed in zip(
            holding.tolist(), shortage.tolist(), over.sum(axis=1).tolist(),
            short.sum(axis=1).tolist(), strict=True,
        )
    )  # fmt: skip
    return Fraction(total, TOTAL)


def _forecast_cost(labels: CarryLabels, demand: QuantileDemand, levels: IntArray) -> Fraction:
    short = demand.short(levels)
    over = levels * TOTAL - demand.expected() + short
    rates = zip(labels.holding.tolist(), labels.shortage.tolist(), strict=True)
    sums = zip(over.sum(axis=1).tolist(), short.sum(axis=1).tolist(), strict=True)
    total = sum(h * left + b * owed for (h, b), (left, owed) in zip(rates, sums, strict=True))
    return Fraction(total, TOTAL)


def _millionths(value: Fraction) -> int:
    return half_up(value.numerator * MILLION, value.denominator)


def expected_cost(problem: Problem, labels: CarryLabels, levels: IntArray) -> Fraction:
    """Exact expected holding and shortage cost in micros of given stock levels.

    Sum over pairs and days of h E[(S - D)+] + b E[(D - S)+].
    """
    demand = labels.curves
    if isinstance(demand, QuantileDemand):
        return _forecast_cost(labels, demand, levels)
    total = Fraction(0)
    for pair, curves in enumerate(demand):
        holding, shortage = int(labels.holding[pair]), int(labels.shortage[pair])
        for day, curve in enumerate(curves):
            level = int(levels[pair, day])
            short = curve.expected_short(level)
            total += holding * (level - curve.expected() + short) + shortage * short
    return total
