"""The inner loops of the first-order method: flows, what they take, levels of nodes, prices.

Arrays are arguments one by one: taken from a tuple in a loop, each would be counted as in use.
"""

import numba
import numpy as np

from solver.network.ranges import AnyArray


@numba.njit(nogil=True, fastmath=True, cache=True)
def sweep_plain(  # noqa: PLR0917  # arrays one by one, see above
    flow: AnyArray, anchor: AnyArray, level: AnyArray, out: AnyArray, uses: AnyArray,
    tail: AnyArray, head: AnyArray, first_row: AnyArray, resource: AnyArray, unit: AnyArray,
    weight: AnyArray, line: AnyArray, kind: AnyArray, step: AnyArray, inverse: AnyArray,
    cost: AnyArray, span: AnyArray, prices: AnyArray, numbers: AnyArray,
) -> float:  # fmt: skip
    """Move all flows of a wide panel where no arc has more than one row.

    `numbers`: share of the step, share of the anchor, the primal step. Sets `out`, what leaves
    every node, and `uses`, what every row takes, both of the extrapolated flow. Returns how far
    flows moved, squared, by their steps.
    """
    share, rest, primal = numbers[0], numbers[1], numbers[2]
    zero = flow.dtype.type(0)
    width, total = flow.shape[1], 0.0
    out[:] = zero
    for arc in range(flow.shape[0]):
        row, price, place = first_row[arc], zero, 0
        charged = first_row[arc + 1] > row
        if charged:
            price, place = prices[resource[row]] * unit[row], line[row]
        heavy, pace = weight[place], step[kind[arc]]
        now, before, asked, most = flow[arc], anchor[arc], cost[arc], span[arc]
        leaves, enters, sent, came = (
            level[tail[arc]],
            level[head[arc]],
            out[tail[arc]],
            out[head[arc]],
        )
        moved, taken = zero, zero
        for k in range(width):
            old = now[k]
            new = old - primal * pace[k] * (asked[k] + price * heavy[k] + leaves[k] - enters[k])
            new = min(max(new, zero), most[k])
            ahead = new + new - old
            sent[k] += ahead
            came[k] -= ahead
            taken += ahead * heavy[k]
            moved += (new - old) * (new - old)
            now[k] = share * ahead + rest * before[k]
        if charged:
            uses[row] = taken * unit[row]
        total += moved * inverse[kind[arc]]
    found: float = total / primal
    return found


@numba.njit(nogil=True, fastmath=True, cache=True)
def sweep_rows(  # noqa: PLR0917  # arrays one by one, see above
    flow: AnyArray, anchor: AnyArray, level: AnyArray, out: AnyArray, uses: AnyArray,
    tail: AnyArray, head: AnyArray, first_row: AnyArray, resource: AnyArray, unit: AnyArray,
    weight: AnyArray, line: AnyArray, kind: AnyArray, step: AnyArray, inverse: AnyArray,
    cost: AnyArray, span: AnyArray, prices: AnyArray, numbers: AnyArray,
) -> float:  # fmt: skip
    """As `sweep_plain`, for any number of rows per arc."""
    share, rest, primal = numbers[0], numbers[1], numbers[2]
    zero = flow.dtype.type(0)
    width, total = flow.shape[1], 0.0
    charge, extrapolated = np.zeros(width, flow.dtype), np.zeros(width, flow.dtype)
    out[:] = zero
    for arc in range(flow.shape[0]):
        first, end, pace = first_row[arc], first_row[arc + 1], step[kind[arc]]
        charge[:] = cost[arc]
        for row in range(first, end):
            price, heavy = prices[resource[row]] * unit[row], weight[line[row]]
            for k in range(width):
                charge[k] += price * heavy[k]
        now, before, most = flow[arc], anchor[arc], span[arc]
        leaves, enters, sent, came = (
            level[tail[arc]],
            level[head[arc]],
            out[tail[arc]],
            out[head[arc]],
        )
        moved = zero
        for k in range(width):
            old = now[k]
            new = old - primal * pace[k] * (charge[k] + leaves[k] - enters[k])
            new = min(max(new, zero), most[k])
            ahead = new + new - old
            sent[k] += ahead
            came[k] -= ahead
            extrapolated[k] = ahead
            moved += (new - old) * (new - old)
            now[k] = share * ahead + rest * before[k]
        for row in range(first, end):
            taken, heavy = zero, weight[line[row]]
            for k in range(width):
                taken += extrapolated[k] * heavy[k]
            uses[row] = taken * unit[row]
        total += moved * inverse[kind[arc]]
    found: float = total / primal
    return found


@numba.njit(nogil=True, fastmath=True, cache=True)
def sweep_single(  # noqa: PLR0917  # arrays one by one, see above
    flow: AnyArray, anchor: AnyArray, level: AnyArray, out: AnyArray, uses: AnyArray,
    tail: AnyArray, head: AnyArray, first_row: AnyArray, resource: AnyArray, unit: AnyArray,
    weight: AnyArray, line: AnyArray, kind: AnyArray, step: AnyArray, inverse: AnyArray,
    cost: AnyArray, span: AnyArray, prices: AnyArray, numbers: AnyArray,
) -> float:  # fmt: skip
    """As `sweep_rows`, for panels of width 1: items that are alone with their structure."""
    share, rest, primal = numbers[0], numbers[1], numbers[2]
    zero = flow.dtype.type(0)
    total = 0.0
    out[:] = zero
    for arc in range(flow.shape[0]):
        first, end, here, there = first_row[arc], first_row[arc + 1], tail[arc], head[arc]
        charge = cost[arc, 0] + level[here, 0] - level[there, 0]
        for row in range(first, end):
            charge += prices[resource[row]] * unit[row] * weight[line[row], 0]
        old = flow[arc, 0]
        new = min(max(old - primal * step[kind[arc], 0] * charge, zero), span[arc, 0])
        ahead = new + new - old
        out[here, 0] += ahead
        out[there, 0] -= ahead
        flow[arc, 0] = share * ahead + rest * anchor[arc, 0]
        for row in range(first, end):
            uses[row] = ahead * unit[row] * weight[line[row], 0]
        total += (new - old) * (new - old) * inverse[kind[arc]]
    found: float = total / primal
    return found


@numba.njit(nogil=True, fastmath=True, cache=True)
def move_levels(
    level: AnyArray, anchor: AnyArray, out: AnyArray, supply: AnyArray, step: AnyArray,
    numbers: AnyArray,
) -> float:  # fmt: skip
    """Move levels by what is out of balance; how far they moved, squared, by their steps.

    `numbers`: share of the step, share of the anchor, and (last) the dual step.
    """
    share, rest, dual = numbers[0], numbers[1], numbers[3]
    width, total = level.shape[1], 0.0
    for node in range(level.shape[0]):
        pace = step[node] * dual
        if pace > 0:
            now, before, gone, given = level[node], anchor[node], out[node], supply[node]
            moved = level.dtype.type(0)
            for k in range(width):
                change = pace * (gone[k] - given[k])
                moved += change * change
                now[k] = share * (now[k] + change + change) + rest * before[k]
            total += moved / pace
    return total


@numba.njit(nogil=True, cache=True)
def move_prices(
    prices: AnyArray, anchor: AnyArray, row_use: AnyArray, start: AnyArray, rows: AnyArray,
    capacity: AnyArray, step: AnyArray, share: float,
) -> float:  # fmt: skip
    """Move prices by what is taken too much; how far they moved, squared, by their steps.

    Resource r has the rows `rows[start[r] .. start[r + 1]]`, added up in that order.
    """
    total = 0.0
    for resource in range(len(prices)):
        if step[resource] > 0:
            taken = 0.0
            for place in range(start[resource], start[resource + 1]):
                taken += row_use[rows[place]]
            old = prices[resource]
            new = max(old + step[resource] * (taken - capacity[resource]), 0.0)
            total += (new - old) ** 2 / step[resource]
            prices[resource] = share * (new + new - old) + (1 - share) * anchor[resource]
    return total


@numba.njit(nogil=True, fastmath=True, cache=True)
def distance(now: AnyArray, anchor: AnyArray, kind: AnyArray, step: AnyArray) -> float:
    """How far columns are from their anchors, squared, by their steps (none where it is 0)."""
    width, total = now.shape[1], 0.0
    for line in range(now.shape[0]):
        here, there, pace = now[line], anchor[line], step[kind[line]]
        part = now.dtype.type(0)
        for k in range(width):
            if pace[k] > 0:
                part += (here[k] - there[k]) ** 2 / pace[k]
        total += part
    return total
