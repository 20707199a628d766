"""Where a plan on a forecast falls below the service that was promised, and why."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ontology.columns import MISSING
from solver.engine.shared import Resource
from solver.explain.detours import Residual
from solver.explain.filters import KNOB, NEVER_WORSE
from solver.explain.unmet import MILLION, stock_levels
from solver.model.carry_labels import CarryLabels
from solver.model.demand import TOTAL, QuantileDemand
from solver.model.problem import Problem, full_arcs
from solver.network.columns import ArcKind, IntArray, Network
from solver.network.facts import fact
from solver.network.names import ABSENT
from solver.network.scaling import half_up

Row = dict[str, Any]
Gain = tuple[int, int, str | Resource]
"""Day of landing, micros that one more unit would save, and the rule or resource in its way."""


def service_breaches(
    problem: Problem,
    labels: CarryLabels,
    demand: QuantileDemand,
    flow: IntArray,
    potentials: IntArray,
    default_percent: int,
) -> list[Row]:
    """One row per item and location that misses its service level on a local day, for the first.

    P(D > S) is above 1 - service level there. `quantity_units` would reach it. The kind speaks of
    one more unit on that day: `rule` where, at these prices (the canonical potentials of the
    flow), one closed movement or one unit held by a floor would pay; `cannot` with its cut;
    `not worth it` with what it avoids and costs (see `expected_shortages`).
    """
    levels = stock_levels(problem, labels, flow)
    exceeds, short = demand.exceeds(levels), demand.short(levels)
    stated = labels.service_percent
    percent = np.where(stated == MISSING, default_percent, np.clip(stated, 0, 100))
    late = exceeds * 100 > (100 - percent)[:, None] * TOTAL
    late &= (demand.units[:, -1, -1] > 0)[:, None]
    found = np.flatnonzero(late.any(axis=1))
    residual = Residual(problem.network, flow, potentials)
    closed = _closed_gains(problem, labels, flow, potentials)
    rows = []
    for pair in found.tolist():
        day = int(np.argmax(late[pair]))
        level = int(levels[pair, day])
        rows.append({
            **_what(problem, labels, demand, pair, day, level, int(percent[pair])),
            "expected_short_millionths": half_up(int(short[pair, day]) * MILLION, TOTAL),
            "short_probability_per_million": half_up(int(exceeds[pair, day]) * MILLION, TOTAL),
            **_why(problem, labels, residual, closed.get(pair, []), pair, day, level),
            "because": [fact(name, *labels.pairs[pair]) for name in
                        ("StockingPolicy", "DemandForecast")],
        })  # fmt: skip
    return rows


def _what(
    problem: Problem, labels: CarryLabels, demand: QuantileDemand, pair: int, day: int,
    level: int, percent: int,
) -> Row:  # fmt: skip
    item, location = labels.pairs[pair]
    wanted = max(level + 1, demand.quantile(pair, day, percent))
    return {
        "item": item,
        "location": location,
        "on": str(problem.window.first + day),
        "quantity_units": wanted - level,
        "stock_units": level,
        "service_percent": percent,
    }


def _why(
    problem: Problem, labels: CarryLabels, residual: Residual, closed: list[Gain],
    pair: int, day: int, level: int,
) -> Row:  # fmt: skip
    tail = pair * (problem.window.periods + 1) + day
    ends = (tail, tail + 1)
    best = max((each for each in closed if each[0] <= day), key=lambda each: each[1], default=None)
    by = best[2] if best is not None else None
    if best is not None and isinstance(by, str) and by.startswith((KNOB, NEVER_WORSE)):
        return {
            "kind": "not worth it",
            "reason": f"the line that could bring it does not pay its fixed cost: {best[2]}",
            "at_these_prices": {"saves_scaled": best[1]},
        }
    if best is not None and isinstance(best[2], Resource):
        return {
            **best[2].as_shortfall(problem.window.first),
            "reason": f"at these prices one more unit here would save {best[1]} micros, but "
            f"{best[2].full}",
            "at_these_prices": {"saves_scaled": best[1]},
        }
    if best is not None:
        return {
            "kind": "rule",
            "rule": best[2],
            "at_these_prices": {"saves_scaled": best[1]},
            "reason": f"at these prices one more unit here would save {best[1]} micros, "
            f"but {best[2]} closes its way",
        }
    costs = residual.path_cost(tail + 1, tail)
    avoids = -labels.next_cost(pair, day, level)
    if costs is None:
        reached = residual.reaching(tail, tail + 1)
        return {
            "kind": "cannot",
            "reason": "no more units can be there by this day: "
            "no way in is open, has room and arrives in time",
            "cut": residual.cut(reached, *ends),
        }
    return {
        "kind": "not worth it",
        "reason": f"one more unit would avoid {avoids} micros of expected cost on this day, and "
        f"cost {costs} micros to bring, net of later days",
        "next_unit": {"avoids_scaled": avoids, "costs_scaled": costs},
    }


def _closed_gains(
    problem: Problem, labels: CarryLabels, flow: IntArray, potentials: IntArray
) -> dict[int, list[Gain]]:
    """Per pair, what one more unit would save over each way that a rule or a resource shuts."""
    network, days = problem.network, problem.window.periods + 1
    reduced = labels.move_cost + potentials[labels.move_tail] - potentials[labels.move_head]
    local = labels.move_head < len(labels.pairs) * days
    is_open = problem.closures.is_open(len(reduced))
    found: dict[int, list[Gain]] = {}
    for rule, rows in sorted(problem.closures.closed.items()):
        pays = rows[labels.move_fit[rows] & local[rows] & (reduced[rows] < 0)]
        for row in pays.tolist():
            pair, day = divmod(int(labels.move_head[row]), days)
            found.setdefault(pair, []).append((day, -int(reduced[row]), rule))
    held = _held_by_floors(problem, labels, flow, potentials)
    origin = _origin_of_lots(network, labels, days)
    leaves = np.flatnonzero((origin != ABSENT) & local & labels.move_fit & is_open)
    for row in leaves[np.argsort(origin[leaves], kind="stable")].tolist():
        dearest, rule = held.get(int(origin[row]), (0, ""))
        gain = dearest - int(reduced[row])
        if dearest > 0 and gain > 0:
            pair, day = divmod(int(labels.move_head[row]), days)
            found.setdefault(pair, []).append((day, gain, rule))
    for arc, resource in full_arcs(problem, flow).items():
        row = int(network.reference[arc])
        if network.kind[arc] == ArcKind.MOVE and reduced[row] < 0 and local[row]:
            pair, day = divmod(int(labels.move_head[row]), days)
            found.setdefault(pair, []).append((day, -int(reduced[row]), resource))
    for pair, saved in _whole_line_gains(problem, labels, flow, potentials):
        found.setdefault(pair, []).append(saved)
    return found


def _whole_line_gains(
    problem: Problem, labels: CarryLabels, flow: IntArray, potentials: IntArray
) -> Iterator[tuple[int, Gain]]:
    """What a unit that stands in would save at each pair, were lines not served whole alone."""
    if "line" not in labels.blocks:
        return
    network, start = problem.network, labels.blocks["line"][0]
    place = {pair: row for row, pair in enumerate(labels.pairs)}
    full, days = full_arcs(problem, flow), problem.window.periods + 1
    for number, arc in enumerate(labels.whole_lines.arcs):
        item, _, location = labels.whole_lines.ways[arc.way]
        pair, tail = place[item, location], int(network.tail[start + number])
        saved = int(potentials[pair * days] - potentials[tail])
        if start + number in full and not flow[start + number] and saved > 0:
            yield pair, (0, saved, full[start + number])


def _origin_of_lots(network: Network, labels: CarryLabels, days: int) -> IntArray:
    """Per movement, the pair that its lot serves where it lies; ABSENT where it takes from none."""
    keep = labels.block("keep")
    pair = np.full(network.node_count + 1, ABSENT, np.int64)  # the last is the place of no node
    pair[network.tail[keep]] = network.head[keep] // days
    if labels.ages is not None:
        pair[list(labels.ages.home)] = list(labels.ages.home.values())
    found: IntArray = pair[labels.move_tail]
    return found


def _held_by_floors(
    problem: Problem, labels: CarryLabels, flow: IntArray, potentials: IntArray
) -> dict[int, tuple[int, str]]:
    """Per pair whose floor binds: what the dearest unit held there costs, and the rule."""
    network, count = problem.network, labels.carry_count
    rows = np.flatnonzero((network.lower[:count] > 0) & (flow[:count] == network.lower[:count]))
    reduced = network.cost[rows] + potentials[network.tail[rows]] - potentials[network.head[rows]]
    found: dict[int, tuple[int, str]] = {}
    for pair, costs in zip(labels.carry_pair[rows].tolist(), reduced.tolist(), strict=True):
        if costs > max(0, found.get(pair, (0, ""))[0]):
            floors = problem.closures.floors
            strictest = max(floors, key=lambda rule: (int(floors[rule][pair]), rule))
            found[pair] = (costs, strictest)
    return found
