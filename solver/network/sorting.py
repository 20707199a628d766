"""Orders of arcs and nodes by counting: linear, stable, and compiled."""

import numba
import numpy as np

from solver.network.columns import IntArray
from solver.network.ranges import AnyArray


def ordered_arcs(tail: IntArray, head: IntArray, node_count: int) -> IntArray | None:
    """The rows sorted by (tail, head), stable; None where they stand so already."""
    if _stands(tail, head):
        return None
    by_head = by_number(head, np.arange(len(head)), node_count)
    found: IntArray = by_number(tail, by_head, node_count)
    return found


@numba.njit(cache=True)
def by_number(number: AnyArray, rows: AnyArray, count: int) -> AnyArray:
    """`rows` in the order of number[row], which is in 0 .. count - 1; equal ones stay in order."""
    place = np.zeros(count + 1, np.int64)
    for row in rows:
        place[number[row] + 1] += 1
    for value in range(count):
        place[value + 1] += place[value]
    found = np.empty(len(rows), np.int64)
    for row in rows:
        found[place[number[row]]] = row
        place[number[row]] += 1
    return found


@numba.njit(cache=True)
def _stands(tail: AnyArray, head: AnyArray) -> bool:
    for arc in range(1, len(tail)):
        before = tail[arc - 1]
        if tail[arc] < before or (tail[arc] == before and head[arc] < head[arc - 1]):
            return False
    return True
