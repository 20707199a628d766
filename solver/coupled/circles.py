"""Where two flows of an item differ: circles that can be taken one by one, and what they do."""

import numba
import numpy as np

from solver.network.ranges import AnyArray


@numba.njit(cache=True)
def peeled(
    tail: AnyArray, head: AnyArray, rest: AnyArray, first_way: AnyArray, way: AnyArray
) -> tuple[AnyArray, AnyArray, AnyArray]:
    """Circles that add up to a difference of two flows; `rest`, the difference, becomes 0.

    Circle i runs along `ways[start[i] .. start[i + 1]]` with `units[i]`: 2 a is arc a with more
    flow, 2 a + 1 arc a with less; `way[first_way[n] ..]` are those that leave node n. No two
    circles move an arc to different sides: whichever are taken, it stays between the two flows.
    """
    start, ways, units = [0], [np.int64(0) for _ in range(0)], [np.int64(0) for _ in range(0)]
    at, seen = first_way[:-1].copy(), np.full(len(first_way) - 1, -1, np.int64)
    path = np.empty(len(first_way), np.int64)
    begin = 0
    while begin < len(seen):
        node, length = begin, 0
        while seen[node] < 0:
            while at[node] < first_way[node + 1]:
                step = way[at[node]]
                if rest[step >> 1] * (1 - 2 * (step & 1)) > 0:
                    break
                at[node] += 1
            if at[node] == first_way[node + 1]:
                break  # only where it began: elsewhere as much leaves as enters
            seen[node], path[length] = length, way[at[node]]
            length += 1
            node = tail[step >> 1] if step & 1 else head[step >> 1]
        if length == 0:
            begin += 1
            continue
        circle = path[seen[node] : length]
        seen[:] = -1
        least = np.abs(rest[circle >> 1]).min()
        for step in circle:
            ways.append(step)
            rest[step >> 1] -= least * (1 - 2 * (step & 1))
        units.append(least)
        start.append(len(ways))
    return np.array(start), np.array(ways), np.array(units)


@numba.njit(cache=True)
def effects(  # a loop's arrays, one by one
    start: AnyArray, ways: AnyArray, units: AnyArray, cost: AnyArray, first_row: AnyArray,
    resource: AnyArray, use: AnyArray, none: AnyArray,
) -> tuple[AnyArray, AnyArray, AnyArray, AnyArray]:  # fmt: skip
    """What each circle costs, and what it takes of resources, in rows `first[i] .. first[i + 1]`.

    `none` (one 0 per resource) is 0 again after.
    """
    costs, first = np.zeros(len(units), np.int64), np.zeros(len(units) + 1, np.int64)
    drawn, taken = [np.int64(0) for _ in range(0)], [np.int64(0) for _ in range(0)]
    for circle in range(len(units)):
        for step in ways[start[circle] : start[circle + 1]]:
            moved = units[circle] * (1 - 2 * (step & 1))
            costs[circle] += moved * cost[step >> 1]
            for row in range(first_row[step >> 1], first_row[(step >> 1) + 1]):
                none[resource[row]] += moved * use[row]
        for step in ways[start[circle] : start[circle + 1]]:
            for row in range(first_row[step >> 1], first_row[(step >> 1) + 1]):
                if none[resource[row]] != 0:
                    drawn.append(resource[row])
                    taken.append(none[resource[row]])
                    none[resource[row]] = 0
        first[circle + 1] = len(drawn)
    return costs, first, np.array(drawn), np.array(taken)


@numba.njit(cache=True)
def apart(cost: AnyArray, first: AnyArray, drawn: AnyArray, taken: AnyArray, left: AnyArray,
          first_user: AnyArray, user: AnyArray) -> AnyArray:  # fmt: skip
    """Which circles pay together: those joined by a resource that could run short, all or none."""
    parent = np.arange(len(cost))
    more = np.zeros(len(left), np.int64)
    for row in range(len(drawn)):
        more[drawn[row]] += max(taken[row], 0)
    for resource in range(len(left)):
        if more[resource] > left[resource]:
            for place in range(first_user[resource] + 1, first_user[resource + 1]):
                one, other = user[place - 1], user[place]
                while parent[one] != one:
                    parent[one] = parent[parent[one]]
                    one = parent[one]
                while parent[other] != other:
                    parent[other] = parent[parent[other]]
                    other = parent[other]
                parent[max(one, other)] = min(one, other)
    total = np.zeros(len(cost), np.int64)
    for circle in range(len(cost)):  # a parent comes before its children
        parent[circle] = parent[parent[circle]]
        total[parent[circle]] += cost[circle]
    return total[parent] <= 0


@numba.njit(cache=True)
def flip(circle: int, chosen: AnyArray, first: AnyArray, drawn: AnyArray, taken: AnyArray,
         left: AnyArray) -> None:  # fmt: skip
    """Take a circle, or leave one that was taken."""
    sign = 1 if chosen[circle] else -1
    chosen[circle] = not chosen[circle]
    for row in range(first[circle], first[circle + 1]):
        left[drawn[row]] += sign * taken[row]


@numba.njit(cache=True)
def cheapest_relief(  # noqa: PLR0917  # a loop's arrays, one by one
    short: int, most: int, fear: float, cost: AnyArray, first: AnyArray, drawn: AnyArray,
    taken: AnyArray, left: AnyArray, user: AnyArray, chosen: AnyArray, moved: AnyArray,
) -> int:  # fmt: skip
    """The circle to flip for a resource that is short, at less than `most`; -1 for none.

    The cheapest per unit that it gives back; each resource that it overdraws counts as `fear`.
    """
    best, least = -1, 0.0
    for circle in user:
        sign = -1 if chosen[circle] else 1
        if moved[circle] or sign * cost[circle] >= most:
            continue
        gives, worse = 0, 0
        for row in range(first[circle], first[circle + 1]):
            if drawn[row] == short:
                gives = -sign * taken[row]
            elif sign * taken[row] > max(left[drawn[row]], 0):
                worse += 1
        if gives > 0:
            price = (sign * cost[circle] + fear * worse) / min(gives, -left[short])
            if best < 0 or price < least:
                best, least = circle, price
    return best


@numba.njit(cache=True)
def first_short(circles: AnyArray, first: AnyArray, drawn: AnyArray, left: AnyArray) -> int:
    """A resource of these circles that is overdrawn; -1 where none is."""
    for circle in circles:
        for row in range(first[circle], first[circle + 1]):
            if left[drawn[row]] < 0:
                return int(drawn[row])
    return -1


@numba.njit(cache=True)
def chain_from(  # noqa: PLR0917  # a loop's arrays, one by one
    begin: int, fear: float, cost: AnyArray, first: AnyArray, drawn: AnyArray, taken: AnyArray,
    left: AnyArray, first_user: AnyArray, user: AnyArray, chosen: AnyArray, moved: AnyArray,
    chain: AnyArray,
) -> bool:  # fmt: skip
    """Flip a circle and those that make room for it, if all together pay; else leave all as it is.

    `chain` gives the room for their numbers; `moved` is all False before and after.
    """
    length, total, circle, short = 0, 0, begin, -1
    while circle >= 0 and length < len(chain):
        total += -cost[circle] if chosen[circle] else cost[circle]
        flip(circle, chosen, first, drawn, taken, left)
        chain[length], moved[circle] = circle, True
        length += 1
        short = first_short(chain[:length], first, drawn, left)
        if short < 0:
            break
        circle = cheapest_relief(
            short, -total, fear, cost, first, drawn, taken, left,
            user[first_user[short] : first_user[short + 1]], chosen, moved,
        )  # fmt: skip
    pays = short < 0 and total < 0
    for link in chain[:length]:
        moved[link] = False
        if not pays:
            flip(link, chosen, first, drawn, taken, left)
    return pays


@numba.njit(cache=True)
def chains(  # noqa: PLR0917  # a loop's arrays, one by one
    cost: AnyArray, first: AnyArray, drawn: AnyArray, taken: AnyArray, left: AnyArray,
    first_user: AnyArray, user: AnyArray, chosen: AnyArray, depth: int, rounds: int,
) -> None:  # fmt: skip
    """Flip circles that pay, with up to `depth` others that make room for them, while any do."""
    fear = np.abs(cost).sum() / max(1, len(cost))
    chain, moved = np.empty(depth + 1, np.int64), np.zeros(len(cost), np.bool_)
    for _ in range(rounds):
        improved = False
        for begin in range(len(cost)):
            if (cost[begin] < 0) != chosen[begin]:
                improved |= chain_from(
                    begin, fear, cost, first, drawn, taken, left, first_user, user, chosen,
                    moved, chain,
                )  # fmt: skip
        if not improved:
            return
