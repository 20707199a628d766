"""From movements to a whole flow: everything that is not moved stays where it is."""

import numpy as np

from solver.engine.flow import unmet
from solver.model.carry_labels import CarryLabels
from solver.model.problem import Problem
from solver.network.columns import IntArray, Network


def complete(
    problem: Problem, labels: CarryLabels, units: IntArray, lines: IntArray | None = None
) -> IntArray:
    """The flow of a risk network in which exactly the given movements are made.

    `units` is per row of the Movement table, 0 where a rule closed it. Feasible where every lot,
    place and lane has the units; parallel arcs are filled cheapest first. With no unit moved it
    is the flow of doing nothing, which is feasible whatever the rules closed. `lines` are the units
    on the arcs of demand lines where the movements are those of a flow: it serves the same ones.
    """
    network = problem.network
    flow = np.zeros(network.arc_count, np.int64)
    moves = labels.block("move")
    flow[moves] = units[network.reference[moves]]
    _stay(network, labels, flow)
    for name in ("junction", "keep", "idle", "unused"):
        rows = labels.block(name)
        flow[rows] = unmet(network, flow)[network.tail[rows]]
    if "line" in labels.blocks:
        _serve_lines(network, labels, flow, lines)
    _carry_on(problem, labels, flow)
    if labels.pooled is None:
        _leave_all(network, labels.block("end"), flow)
    else:
        _pool_on(problem, labels, flow)
    if "replaced" in labels.blocks:
        _settle(network, labels.block("replaced"), flow)
    return flow


def _serve_lines(
    network: Network, labels: CarryLabels, flow: IntArray, known: IntArray | None
) -> None:
    """Serves whole demand lines by what stands in, in their order; what fits none splits the last.

    Lines that are `known` to be served go first: which sums of lines make the units of a way is
    not for this to find out. A line that something else serves already is passed over, unless
    all of a way are: its units go to the last, and the flow is beyond a bound there.
    """
    rows, taken = labels.block("line"), set()
    left = unmet(network, flow)
    last: dict[int, int] = {}
    split: dict[int, int] = {}
    order = np.arange(rows.start, rows.stop)
    if known is not None:
        order = order[np.argsort(known <= 0, kind="stable")]
    for arc in order.tolist():
        way, units = int(network.tail[arc]), int(network.capacity[arc])
        joint = labels.whole_lines.arcs[arc - rows.start].joint
        free = joint < 0 or joint not in taken
        last[way] = arc
        if 0 < units <= left[way] and free:
            flow[arc] = units
            left[way] -= units
            taken.add(joint)
        elif free:
            split[way] = arc
    for way, arc in (last | split).items():
        flow[arc] += left[way]
    joints = labels.block("joint")
    flow[joints] = unmet(network, flow)[network.tail[joints]]


def _stay(network: Network, labels: CarryLabels, flow: IntArray) -> None:
    """What is not moved of lots that expire stays, each unit meant for where it costs least.

    An age is filled cheapest first, by what leaves and then by what leaves later.
    """
    if labels.ages is None:
        return
    ages, later = labels.block("age"), labels.block("later")
    rest = unmet(network, flow)
    arcs_to: dict[int, list[int]] = {}
    for arc in range(later.start, later.stop):
        arcs_to[int(network.tail[arc])] = []
    by_lot: dict[int, list[int]] = {}
    for arc in range(ages.start, ages.stop):
        by_lot.setdefault(int(network.tail[arc]), []).append(arc)
        if int(network.head[arc]) in arcs_to:
            arcs_to[int(network.head[arc])].append(arc)
    late = dict(zip(network.tail[later].tolist(), range(later.start, later.stop), strict=True))
    for node, arcs in arcs_to.items():
        for arc in arcs:
            flow[arc] = min(int(network.capacity[arc]), -int(rest[node]))
            rest[node] += flow[arc]
            rest[network.tail[arc]] -= flow[arc]
    for lot, arcs in by_lot.items():
        _stay_of(network, flow, int(rest[lot]), arcs, late)


def _stay_of(
    network: Network, flow: IntArray, left: int, arcs: list[int], late: dict[int, int]
) -> None:
    """The units of one lot that stay, on the arcs that are cheapest for them; bounds come first."""

    def price(arc: int) -> tuple[bool, int, int]:
        onward = late.get(int(network.head[arc]))
        more = 0 if onward is None else int(network.cost[onward])
        return not network.lower[arc], int(network.cost[arc]) + more, arc

    for arc in sorted(arcs, key=price):
        units = min(left, int(network.capacity[arc] - flow[arc]))
        flow[arc] += units
        left -= units
        onward = late.get(int(network.head[arc]))
        if onward is not None:
            flow[onward] += units


def _carry_on(problem: Problem, labels: CarryLabels, flow: IntArray) -> None:
    network, periods = problem.network, problem.window.periods
    rest = unmet(network, flow)[: len(labels.pairs) * (periods + 1)]
    there = np.cumsum(rest.reshape(len(labels.pairs), periods + 1), axis=1)
    _fill(network, labels.block("carry"), there.ravel(), flow)


def _pool_on(problem: Problem, labels: CarryLabels, flow: IntArray) -> None:
    network = problem.network
    for name in ("near", "far"):
        rows = labels.block(name)
        left = unmet(network, flow)[network.tail[rows]]
        flow[rows] = np.minimum(left, network.capacity[rows])
    along, leave = labels.block("pool"), labels.block("leave")
    days = problem.window.far_periods + 1
    start = int(network.tail[along][:1].sum())  # the first item's first far day
    end = start + len(labels.items) * days
    rest = unmet(network, flow)[start:end].reshape(len(labels.items), days)
    there = np.zeros(network.node_count, np.int64)
    there[start:end] = np.cumsum(rest, axis=1).ravel()
    _fill(network, along, there, flow)
    _fill(network, leave, there, flow)


def _fill(network: Network, rows: slice, there: IntArray, flow: IntArray) -> None:
    """Fills parallel arcs that lie together, in their order, with the units at their tail."""
    tail, capacity = network.tail[rows], network.capacity[rows]
    if not len(tail):
        return
    before = np.cumsum(capacity) - capacity
    first = np.flatnonzero(np.concatenate([[True], tail[1:] != tail[:-1]]))
    group = np.cumsum(np.concatenate([[True], tail[1:] != tail[:-1]])) - 1
    flow[rows] = np.clip(there[tail] - (before - before[first][group]), 0, capacity)


def _leave_all(network: Network, rows: slice, flow: IntArray) -> None:
    flow[rows] = unmet(network, flow)[network.tail[rows]]


def _settle(network: Network, rows: slice, flow: IntArray) -> None:
    """Sends on what a sink has too many of, to the sinks that lack it, in the arcs' order."""
    rest = unmet(network, flow)
    for row in range(rows.start, rows.stop):
        tail, head = network.tail[row], network.head[row]
        flow[row] = max(0, min(int(rest[tail]), -int(rest[head])))
        rest[tail] -= flow[row]
        rest[head] += flow[row]
