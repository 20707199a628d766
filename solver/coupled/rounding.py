"""Capacities rounded for whole units, where a fractional flow uses more than whole ones could."""

from dataclasses import replace

import numba
import numpy as np

from solver.coupled.items import Items, Structure, joined, lengths
from solver.network.columns import IntArray
from solver.network.ranges import AnyArray
from solver.proof.rounded import rounding

FULL = 0.9
"""Resources of which the fractional flow takes less than this share are not looked at."""

BEYOND = 2e-3
"""A row is worth having where the fractional flow is beyond it by this share."""

DIVISORS = 16
"""Different uses of one resource that are tried as divisors."""


def exceeded(items: Items, active: IntArray, flow: AnyArray, left: IntArray) -> IntArray:
    """Per resource the divisor of the rounded row that a fractional flow exceeds most; 0 for none.

    `left` is what the active items may take; divisors are the uses of arcs that have flow.
    """
    columns: list[list[AnyArray]] = [[], [], []]
    for item in active.tolist():
        structure, units = items.structure(item), flow[items.of_arcs(item)]
        rows = np.flatnonzero(units[structure.row_arc] > 0)
        columns[0].append(structure.row_resource[rows])
        columns[1].append(items.use[items.of_rows(item)][rows])
        columns[2].append(units[structure.row_arc[rows]].astype(np.float64))
    resource, use, units = (np.concatenate(column) for column in columns)
    order = np.argsort(resource, kind="stable")
    first = np.searchsorted(resource[order], np.arange(len(left) + 1))
    return _divisors(first, use[order], units[order], left)


@numba.njit(cache=True)
def _divisors(first: AnyArray, use: AnyArray, units: AnyArray, left: AnyArray) -> AnyArray:
    """As `exceeded`, rows of resource r being `first[r] .. first[r + 1]`."""
    found, tried = np.zeros(len(left), np.int64), np.zeros(DIVISORS, np.int64)
    for resource in range(len(left)):
        rows, most = range(first[resource], first[resource + 1]), left[resource]
        taken, count = 0.0, 0
        for row in rows:
            taken += use[row] * units[row]
            known = use[row] < 2 or most < use[row] or most % use[row] == 0
            for divisor in tried[:count]:
                known |= divisor == use[row]
            if not known and count < DIVISORS:
                tried[count] = use[row]
                count += 1
        if taken < FULL * most:
            continue
        best = BEYOND
        for divisor in tried[:count]:
            rest = most % divisor
            whole = (divisor - rest) * (most // divisor)
            taken = 0.0
            for row in rows:
                share = (divisor - rest) * (use[row] // divisor)
                taken += (share + max(0, use[row] % divisor - rest)) * units[row]
            if taken > (1 + best) * whole:
                best, found[resource] = taken / whole - 1, divisor
    return found


def with_rows(items: Items, resource: IntArray, divisor: IntArray) -> Items:
    """The items with a rounded row of each of some different resources, after all that are there.

    It is a resource of its own, that the same arcs draw on: F(use) of F(capacity).
    """
    remainder = items.capacity[resource] % divisor
    number = np.full(len(items.capacity), -1)
    number[resource] = np.arange(len(resource))
    wider = [_with_rows(structure, number) for structure in items.structures]
    uses = []
    for item in range(items.count):
        _, own, order = wider[int(items.structure_of[item])]
        use, row = items.use[items.of_rows(item)], number[items.structure(item).row_resource[own]]
        uses.append(np.append(use, rounding(use[own], divisor[row], remainder[row]))[order])
    structures = tuple(structure for structure, _, _ in wider)
    before, now = (
        max(1, *(_most_rows(s) for s in some)) for some in (items.structures, structures)
    )
    return replace(
        items, structures=structures, row_start=lengths(uses), use=joined(uses),
        capacity=np.append(items.capacity, rounding(items.capacity[resource], divisor, remainder)),
        price_limit=items.price_limit * before // now,  # F(use) <= use
    )  # fmt: skip


def _with_rows(structure: Structure, number: IntArray) -> tuple[Structure, IntArray, IntArray]:
    """A structure with rows of the numbered resources again, which rows these are, and the order.

    The new ones, then, have the next numbers of resources.
    """
    own = np.flatnonzero(number[structure.row_resource] >= 0)
    arc = np.append(structure.row_arc, structure.row_arc[own])
    new = len(number) + number[structure.row_resource[own]]
    order = np.argsort(arc, kind="stable")
    wider = replace(
        structure, row_arc=arc[order], row_resource=np.append(structure.row_resource, new)[order],
        row_order=np.append(structure.row_order, structure.row_order[own])[order],
    )  # fmt: skip
    return wider, own, order


def _most_rows(structure: Structure) -> int:
    """The most rows that one arc has."""
    return int(np.diff(structure.first_row).max(initial=0))
