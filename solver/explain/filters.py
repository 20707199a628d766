"""Line filters: lines whose gain does not pay their fixed cost, by measured rules of thumb."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ontology.columns import Snapshot
from solver.engine.shared import used
from solver.explain.lines import moved_units
from solver.explain.unmet import stock_levels
from solver.model.carry_labels import CarryLabels
from solver.model.demand import TOTAL, QuantileDemand
from solver.model.problem import Problem
from solver.model.weighing import line_weight
from solver.network.columns import IntArray
from solver.network.names import codes_of
from solver.network.ranges import AnyArray
from solver.proof.branches import steps_of

KNOB = "https://w3id.org/evenkeel/knob/"
BETWEEN_SHIPMENTS = "line_days_between_shipments"
LATERAL_PAY_BACK = "lateral_pay_back_days"
NEVER_WORSE = "https://w3id.org/evenkeel/limit/never-worse-than-nothing"
"""What closes the lines of an item that would cost more than if nothing were done."""

REVERSE_PENALTY = "reverse_move_penalty_micros"


@dataclass(frozen=True)
class FirstDayLines:
    """The lines of a flow: one per item and lane (or purchase, or substitution) on the first day.

    `rows` are the movement rows that carry units, `line` numbers the line of each, from 0;
    `units` is per row, `fixed` micros per line.
    """

    rows: IntArray
    units: IntArray
    line: IntArray
    fixed: IntArray


def first_day_lines(
    problem: Problem, labels: CarryLabels, snapshot: Snapshot, flow: IntArray
) -> FirstDayLines:
    """What the flow does on the first day, with the fixed cost that its lanes charge per line."""
    units = moved_units(problem, flow)
    rows = np.flatnonzero((units > 0) & (labels.move_day == 0))
    movements = problem.movements.take(rows)
    keys = list(zip(movements["item"], movements["lane"], rows.tolist(), strict=True))
    names = [(item, lane) if lane else (item, row) for item, lane, row in keys]
    number = {name: place for place, name in enumerate(dict.fromkeys(names))}
    line = np.array([number[name] for name in names], np.int64)
    fixed = np.zeros(len(number), np.int64)
    fixed[line] = line_weight(snapshot, movements, labels.weights)
    return FirstDayLines(rows, units[rows], line, fixed)


def unpaid_lines(
    problem: Problem,
    labels: CarryLabels,
    snapshot: Snapshot,
    lines: FirstDayLines,
    flow: IntArray,
    knobs: Mapping[str, int | str],
) -> dict[str, IntArray]:
    """Movement rows to close, by the IRI of the knob that closes them; empty where all lines pay.

    A line pays where what it adds to expected sales, at the shortage cost of a day, is at least
    its fixed cost: on the day of arrival, over `line_days_between_shipments` (the next line
    would come that much later); for a lateral line, from a place with demand of its own, over
    `lateral_pay_back_days` in full. A line that takes an item back to where a shipment or an open
    transfer brings it from must earn `reverse_move_penalty_micros` more. All lots of an unpaid
    line close with it.
    (`research`: without such filters the flow ships one unit a day on every lane.)
    """
    if not isinstance(labels.curves, QuantileDemand) or not len(lines.rows):
        return {}
    periods = problem.window.periods
    first = np.unique(lines.line, return_index=True)[1]
    moved = np.bincount(lines.line, weights=lines.units).astype(np.int64)
    nodes = labels.move_head[lines.rows[first]]
    pair, lands = np.divmod(_landing(problem, labels, lines.rows[first], nodes), periods + 1)
    lateral = _is_lateral(problem, labels, lines.rows[first])
    between, back = int(knobs[BETWEEN_SHIPMENTS]), int(knobs[LATERAL_PAY_BACK])
    gain = _gains(labels, labels.curves, stock_levels(problem, labels, flow), pair, lands, moved,
                  np.where(lateral, back, 1))  # fmt: skip
    back_again = _is_reverse(problem, snapshot, lines.rows[first])
    hurdle = (lines.fixed + back_again * int(knobs[REVERSE_PENALTY])).astype(object) * TOTAL
    paid = np.where(lateral, gain >= hurdle, gain * between >= hurdle) | (hurdle == 0)
    closed = {}
    for name, of_kind in ((BETWEEN_SHIPMENTS, ~lateral), (LATERAL_PAY_BACK, lateral)):
        unpaid = np.flatnonzero(of_kind & ~paid.astype(np.bool_))
        rows = _all_lots(problem, labels, lines.rows[first[unpaid]])
        if len(rows):
            closed[KNOB + name] = rows
    return closed


def worse_than_nothing(
    problem: Problem, labels: CarryLabels, lines: FirstDayLines, flow: IntArray, idle: IntArray
) -> IntArray:
    """First-day rows on lanes with a fixed cost, of items that cost more than doing nothing.

    A filter spreads a line's fixed cost over days to come, and the whole of it is paid today. An
    item without such lines never costs more than doing nothing: then its flow is the cheapest.
    Loads are paid for together: where each item gains, but less than their loads cost, items
    count with their shares of these, too; where that tells of no item, all such lines are named.
    """
    network = problem.network
    rows = np.flatnonzero(flow != idle)
    extra = np.zeros(len(labels.items), object)
    amounts = (flow[rows] - idle[rows]).astype(object) * network.cost[rows]
    np.add.at(extra, labels.item_of_node[network.tail[rows]], amounts)
    first = np.unique(lines.line, return_index=True)[1]
    of_line = codes_of(problem.movements["item"][lines.rows[first]], labels.items)
    np.add.at(extra, of_line, lines.fixed.astype(object))
    paying = np.zeros(len(labels.items), np.bool_)
    paying[of_line[lines.fixed > 0]] = True
    chargeable = (extra > 0) & paying
    free = problem.comes_whole and problem.unheld is None and not len(problem.wanted)
    if free and not chargeable.any():
        shares = _load_shares(problem, labels, flow)
        if extra.sum() + shares.sum() > 0:
            chargeable = (extra + shares > 0) & paying
            chargeable = chargeable if chargeable.any() else paying
    worse = {labels.items[row] for row in np.flatnonzero(chargeable)}
    chosen = [item in worse for item in problem.movements["item"][lines.rows]]
    return _all_lots(problem, labels, lines.rows[np.array(chosen, np.bool_)])


def _load_shares(problem: Problem, labels: CarryLabels, flow: IntArray) -> AnyArray:
    """What loads cost, shared out among items by what they take of them, as exact fractions."""
    shares = np.full(len(labels.items), Fraction(0), object)
    shared = problem.shared
    assert shared is not None  # noqa: S101  # the caller's
    assert shared.whole is not None  # noqa: S101  # the caller's, too
    taken = used(shared, flow)
    paid = [cost * steps for cost, steps in
            zip(shared.whole.step_cost.tolist(), steps_of(shared, taken), strict=True)]  # fmt: skip
    item = labels.item_of_node[problem.network.tail[shared.arc]]
    rows = np.flatnonzero((flow[shared.arc] > 0) & (shared.use > 0))
    for row in rows.tolist():
        resource, arc = int(shared.resource[row]), int(shared.arc[row])
        units = int(flow[arc]) * int(shared.use[row])
        shares[item[row]] += Fraction(paid[resource] * units, int(taken[resource]))
    return shares


def _gains(
    labels: CarryLabels,
    demand: QuantileDemand,
    levels: IntArray,
    pair: IntArray,
    lands: IntArray,
    moved: IntArray,
    days: IntArray,
) -> IntArray:
    """Shortage cost that each line avoids on so many days from its arrival, in micros x TOTAL."""
    found = np.zeros(len(pair), object)
    for ahead in range(int(days.max(initial=0))):
        day = lands + ahead
        counts = (ahead < days) & (day < levels.shape[1])
        at = np.minimum(day, levels.shape[1] - 1)
        there = levels[pair, at]
        units = demand.units[pair, at]
        avoided = (
            np.maximum(0, units - (there - moved)[:, None]) - np.maximum(0, units - there[:, None])
        ) @ demand.worst_weights
        found += np.where(counts, avoided.astype(object) * labels.shortage[pair], 0)
    return found * 100 // demand.worst_percent


def _landing(problem: Problem, labels: CarryLabels, rows: IntArray, nodes: IntArray) -> IntArray:
    """The pair's node where each movement lands, also behind a lane's junction or lines."""
    inner = nodes >= len(labels.pairs) * (problem.window.periods + 1)
    if not inner.any():
        return nodes
    network, beyond = problem.network, dict[int, int]()
    for name in {"junction", "line", "joint"} & labels.blocks.keys():
        arcs = labels.block(name)
        ends = zip(network.tail[arcs].tolist(), network.head[arcs].tolist(), strict=True)
        beyond |= dict(ends)
    there = [beyond.get(node, node) for node in nodes.tolist()]
    return np.array([beyond.get(node, node) for node in there], np.int64)  # behind a joint, too


def _is_lateral(problem: Problem, labels: CarryLabels, rows: IntArray) -> IntArray:
    asks = {
        pair for pair, units in zip(labels.pairs, _asked(labels).tolist(), strict=True) if units
    }
    movements = problem.movements.take(rows)
    ends = zip(movements["kind"], movements["item"], movements["origin"], strict=True)
    return np.array([kind == "transfer" and (item, origin) in asks for kind, item, origin in ends],
                    np.bool_)  # fmt: skip


def _is_reverse(problem: Problem, snapshot: Snapshot, rows: IntArray) -> IntArray:
    coming = set()
    for name, status in (("Shipment", "under way"), ("TransferOrder", "open")):
        table = snapshot.table(name)
        ends = zip(table["item"], table["origin"], table["destination"], table["status"],
                   strict=True)  # fmt: skip
        coming |= {(item, start, end) for item, start, end, now in ends if now == status}
    moved = problem.movements.take(rows)
    ways = zip(moved["item"], moved["destination"], moved["origin"], strict=True)
    return np.array([way in coming for way in ways], np.int64)


def _asked(labels: CarryLabels) -> IntArray:
    demand = labels.curves
    assert isinstance(demand, QuantileDemand)  # noqa: S101  # the caller's: filters need a forecast
    asked: IntArray = demand.units[:, -1, -1]
    return asked


def _all_lots(problem: Problem, labels: CarryLabels, rows: IntArray) -> IntArray:
    """The first day's rows of the same items and lanes, in ascending order."""
    movements = problem.movements
    wanted = set(zip(movements["item"][rows], movements["lane"][rows], strict=True))
    first = np.flatnonzero((labels.move_day == 0) & (movements["kind"] == "transfer"))
    ends = zip(movements["item"][first], movements["lane"][first], strict=True)
    return first[[end in wanted for end in ends]] if len(first) else first
