"""Prices made exact one by one: where few capacities have a price, the rest of the gap closes."""

from collections.abc import Callable

import numpy as np

from solver.coupled.items import Items, add_use
from solver.coupled.search import Search
from solver.network.columns import IntArray

MOST_WORK = 50_000_000
"""Arcs of the items solved, all together, that the rest of a gap is worth."""

MOST_PRICES = 300
"""Where more capacities than this have a price, one by one takes longer than it gains."""


def polish(search: Search, items: Items) -> None:
    """Raise the bound along one price after the other, while the gap is open and work is left.

    The bound is concave in each price. Its slope there is what the items' cheapest flows take less
    the capacity, so the price at which it turns is found by halving. Equal inputs, equal steps.
    """
    if np.count_nonzero(search.prices) > MOST_PRICES:
        return
    users = _users(items, search.paying(np.zeros(0, np.int64), search.prices > 0))
    work, improved = 0, True
    while improved and search.gap_per_million() > 0 and search.cost is not None:
        improved = False
        for resource in np.flatnonzero(search.prices > 0).tolist():
            arcs = sum(items.of_arcs(item).stop - items.of_arcs(item).start
                       for item in users.get(resource, ()))  # fmt: skip
            steps = 2 * int(search.prices[resource]).bit_length() + 2
            work += steps * arcs
            if work > MOST_WORK:
                return
            improved |= _polish_one(search, items, resource, users.get(resource, []))


def _polish_one(search: Search, items: Items, resource: int, users: list[int]) -> bool:
    """Move one price to where the slope turns; whether that raised the bound."""
    before, prices = search.bound, search.prices.copy()
    start, most = int(prices[resource]), int(items.capacity[resource])

    def too_cheap(price: int) -> bool:
        prices[resource] = price
        return _taken(search, items, resource, users, prices) > most

    high = _least(too_cheap, start, 2 * start + 1)
    for price in range(max(0, high - 1), high + 1):  # between equal flows the engine chose
        prices[resource] = price
        search.price(np.array(users, np.int64), prices.astype(np.float64))
    return before is None or (search.bound or 0) > before


def _least(too_low: Callable[[int], bool], start: int, end: int) -> int:
    """The least number from 0 that is not too low, or `end`: by strides from `start`, then halves.

    Whoever is near takes few steps.
    """
    stride, low, high = 1, 0, end
    if too_low(start):
        low = start + 1
        while low + stride < high and too_low(low + stride):
            low, stride = low + stride + 1, 4 * stride
        high = min(high, low + stride)
    else:
        high = start
        while high - stride > low and not too_low(high - stride):
            high, stride = high - stride, 4 * stride
        low = max(low, high - stride + 1)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if too_low(middle) else (low, middle)
    return low


def _taken(search: Search, items: Items, resource: int, users: list[int], prices: IntArray) -> int:
    """What the items' cheapest flows at these prices take of one resource."""
    taken = np.zeros(len(items.capacity), np.int64)
    for item in users:
        flow, structure = search.engines.bound_part(item, prices)[1], items.structure(item)
        use = items.use[items.of_rows(item)]
        add_use(taken, structure.row_resource, structure.row_arc, use, flow)
    return int(taken[resource])


def _users(items: Items, paying: IntArray) -> dict[int, list[int]]:
    """Those of some items that could use each resource."""
    found: dict[int, list[int]] = {}
    for item in paying.tolist():
        for resource in np.unique(items.structure(item).row_resource).tolist():
            found.setdefault(resource, []).append(item)
    return found
