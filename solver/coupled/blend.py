"""Two plans blended: they differ in circles of single items, and of these the best are taken."""

import numpy as np

from solver.coupled.circles import apart, chains, effects, peeled
from solver.coupled.items import Items
from solver.network.columns import IntArray

DEPTH = 6
"""Most circles that are moved so that one that pays finds room."""

ROUNDS = 20
"""Passes over all circles in search of such chains."""


def blend(items: Items, plan: IntArray, other: IntArray, left: IntArray) -> IntArray:
    """A plan that costs no more than `plan`, made of both; `left` follows it.

    Both are within what there is, and `left` is what `plan` leaves of every resource. Item by item
    their difference falls into circles. Circles that draw on a resource that could run short by
    some of them belong together: of each such set all are taken where that costs no more, else
    none. Then single circles that pay are taken (or left) together with others that make room:
    units change places between items (a partition crossover with ejection chains).
    """
    found = [_circles(items, item, plan, other, left) for item in range(items.count)]
    costs, lengths, drawn, taken = (
        np.concatenate([columns[place] for columns in found] or [np.zeros(0, np.int64)])
        for place in range(4)
    )
    if not len(costs):
        return plan
    first = np.concatenate([[0], np.cumsum(lengths)])
    order = np.argsort(drawn, kind="stable")
    users = np.repeat(np.arange(len(costs)), lengths)[order]
    first_user = np.searchsorted(drawn[order], np.arange(len(left) + 1))
    chosen = np.zeros(len(costs), np.bool_)
    together = apart(costs, first, drawn, taken, left, first_user, users)
    np.subtract.at(left, drawn, taken * np.repeat(together, lengths))
    chosen |= together
    chains(costs, first, drawn, taken, left, first_user, users, chosen, DEPTH, ROUNDS)
    blended, place = plan.copy(), 0
    for item, (own, *_, start, ways, units) in enumerate(found):
        moved = np.where(chosen[place : place + len(own)], units, 0)
        place += len(own)
        signed = np.repeat(moved, np.diff(start)) * (1 - 2 * (ways & 1))
        np.add.at(blended[items.of_arcs(item)], ways >> 1, signed)
    return blended


def _circles(
    items: Items, item: int, plan: IntArray, other: IntArray, left: IntArray
) -> tuple[IntArray, ...]:
    """An item's circles: costs, numbers of rows, resources, what is taken; start, ways, units."""
    structure, own = items.structure(item), items.of_arcs(item)
    rest = other[own] - plan[own]
    if not rest.any():
        none = np.zeros(0, np.int64)
        return none, none, none, none, np.zeros(1, np.int64), none, none
    start, ways, units = peeled(structure.tail, structure.head, rest, *structure.ways)
    costs, first, drawn, taken = effects(
        start, ways, units, items.cost[own], structure.first_row, structure.row_resource,
        items.use[items.of_rows(item)], np.zeros(len(left), np.int64),
    )  # fmt: skip
    return costs, np.diff(first), drawn, taken, start, ways, units
