"""Capacities rounded for whole units: rows that follow from those of shared resources."""

from dataclasses import dataclass, fields

import numpy as np

from solver.network.columns import IntArray, Network
from solver.network.ranges import WIDE, absolute_sum, magnitude
from solver.proof.claims import SharedResources

MOST_ROWS = 50_000_000
"""Rows of use that all rounded rows may have together."""


@dataclass(frozen=True)
class Rounded:
    """Prices >= 0 of rows that every whole flow keeps because it keeps a capacity. All int64.

    Row i follows from resource `resource[i]` and the number `divisor[i]` >= 1 (`rounding` says
    how), and has `price[i]`; rows ascend by (resource, divisor). They are part of a proof, not of
    the problem: the checker derives each of them anew.
    """

    resource: IntArray
    divisor: IntArray
    price: IntArray


def rounding(numbers: IntArray, divisor: IntArray | int, remainder: IntArray | int) -> IntArray:
    """F(u) = (d - g) (u // d) + max(0, u mod d - g), which adds up to no more than it would joined.

    With 0 <= g < d that is Gomory's mixed-integer rounding, times d - g: F is superadditive and
    never falls, so that use . flow <= C with whole flow >= 0 implies F(use) . flow <= F(C). Taken
    with g = C mod d it is the tightest. For numbers >= 0, 0 <= F(u) <= u.
    """
    found: IntArray = (divisor - remainder) * (numbers // divisor) + np.maximum(
        0, numbers % divisor - remainder
    )
    return found


def with_rounded(
    network: Network, shared: SharedResources, prices: IntArray, rounded: Rounded | None
) -> tuple[SharedResources, IntArray]:
    """The resources with the rounded rows after them, and all prices; `misfits` found nothing.

    A flow is counted from the lower bounds, above which it is >= 0: with u used by these, F(use) .
    flow <= F(C - u) + F(use) . lower.
    """
    if rounded is None or not len(rounded.resource):
        return shared, prices
    order = np.argsort(shared.resource, kind="stable")
    first = np.searchsorted(shared.resource[order], np.arange(len(shared.capacity) + 1))
    counts = np.diff(first)[rounded.resource]
    number = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(len(number)) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = order[first[rounded.resource][number] + within]
    arc, use, lower = shared.arc[rows], shared.use[rows], network.lower[shared.arc[rows]]
    rest = shared.capacity[rounded.resource]
    np.subtract.at(rest, number, use * lower)
    remainder = rest % rounded.divisor
    use = rounding(use, rounded.divisor[number], remainder[number])
    capacity = rounding(rest, rounded.divisor, remainder)
    np.add.at(capacity, number, use * lower)
    wider = SharedResources(
        np.append(shared.arc, arc),
        np.append(shared.resource, len(shared.capacity) + number),
        np.append(shared.use, use),
        np.append(shared.capacity, capacity),
    )
    return wider, np.append(prices, rounded.price)


def worth_of_one_more(prices: IntArray, rounded: Rounded | None) -> IntArray:
    """Per resource what one more of its capacity could save at most, at the prices of a proof.

    Its own price and those of its rounded rows: with g = C mod d, F(C + 1) = F(C) + 1.
    """
    found = prices.copy()
    if rounded is not None:
        np.add.at(found, rounded.resource, rounded.price)
    return found


def misfits_of_rounded(
    network: Network, shared: SharedResources | None, rounded: Rounded | None
) -> list[str]:
    """What is wrong with the columns of rounded rows: their lengths, ranges and order."""
    if rounded is None:
        return []
    if shared is None or shared.whole is not None:
        return ["rows are rounded, but no capacity is simply there"]
    columns = [getattr(rounded, field.name) for field in fields(Rounded)]
    if any(c.dtype != np.int64 or c.shape != rounded.price.shape or c.ndim != 1 for c in columns):
        return ["rounded rows: as many whole numbers of each kind wanted"]
    resource, divisor = rounded.resource, rounded.divisor
    later = np.diff(resource) > 0
    sound = {
        "a rounded row is of no resource": (resource >= 0) & (resource < len(shared.capacity)),
        "a rounded row divides by no number from 1 on": (divisor >= 1) & (divisor < WIDE // 2),
        "a rounded row has a negative price": rounded.price >= 0,
        "rounded rows are not in order": later
        | ((np.diff(resource) == 0) & (np.diff(divisor) > 0)),
    }
    wrong = [what for what, good in sound.items() if not np.all(good)]
    if wrong:
        return wrong
    counts = np.bincount(shared.resource, minlength=len(shared.capacity))
    if counts[resource].sum() > MOST_ROWS:
        return ["there are more rounded rows than are looked at"]
    # INVARIANT: a row adds up to less than 2^62 at the lower bounds, or it is not looked at
    units = shared.use.astype(np.float64) * network.lower[shared.arc]
    reach = absolute_sum(units) + magnitude(shared.capacity) + magnitude(divisor)
    return ["rounded rows are beyond 62 bits"] if reach >= WIDE else []
