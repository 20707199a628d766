"""Prices made exact one by one: where few capacities have a price, the rest of the gap closes."""

import numpy as np

from solver.coupled_items import Items, add_use
from solver.coupled_search import Search
from solver.network import IntArray

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
    users, work, improved = _users(items), 0, True
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
    low, high = 0, 2 * int(prices[resource]) + 1
    while low < high:
        prices[resource] = (low + high) // 2
        if _taken(search, items, resource, users, prices) > items.capacity[resource]:
            low = int(prices[resource]) + 1
        else:
            high = int(prices[resource])
    prices[resource] = high
    found = search.exact_bound(np.array(users, np.int64), prices)
    if before is None or found <= before:
        return False
    search.bound, search.prices = found, prices
    return True


def _taken(search: Search, items: Items, resource: int, users: list[int], prices: IntArray) -> int:
    """What the items' cheapest flows at these prices take of one resource."""
    taken = np.zeros(len(items.capacity), np.int64)
    for item in users:
        flow, structure = search.engines.bound_part(item, prices)[1], items.structure(item)
        use = items.use[items.of_rows(item)]
        add_use(taken, structure.row_resource, structure.row_arc, use, flow)
    return int(taken[resource])


def _users(items: Items) -> dict[int, list[int]]:
    """The items that could use each resource."""
    found: dict[int, list[int]] = {}
    for item in range(items.count):
        for resource in np.unique(items.structure(item).row_resource).tolist():
            found.setdefault(resource, []).append(item)
    return found
