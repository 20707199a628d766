"""Networks that fall apart: parts that no arc joins are solved apart, a few together."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numba
import numpy as np

from solver.network import IntArray
from solver.ranges import AnyArray, EngineColumns, Rows
from solver.sorting import by_number

MOST_NODES = 1_000
"""Parts are taken together up to so many nodes: fewer would be calls without work, more slow an
engine down, and leave less room for costs (`ranges.cost_limit`)."""


@dataclass(frozen=True)
class Part:
    """Some components as a network of their own; where its arcs and nodes stand in the whole."""

    columns: EngineColumns
    arcs: Rows
    nodes: Rows


def parts_of(columns: EngineColumns, first: IntArray) -> Iterator[Part]:
    """The components in batches, in a fixed order; the whole where it is small.

    `first` names them (`components`). Batches whose nodes and arcs stand one after the other are
    cut out as views.
    """
    batch = _batches(first, MOST_NODES)
    count = int(batch.max(initial=-1)) + 1
    if count <= 1:
        yield Part(columns, slice(None), slice(None))
        return
    of_arc = batch[columns.tail]
    ends = np.arange(count + 1)
    if _stands(batch) and _stands(of_arc):
        node_starts = np.searchsorted(batch, ends).tolist()
        arc_starts = np.searchsorted(of_arc, ends).tolist()
        for place in range(count):
            own = slice(*node_starts[place : place + 2])
            yield _cut_out(columns, own, slice(*arc_starts[place : place + 2]), own.start)
        return
    nodes = by_number(batch, np.arange(len(batch)), count)
    arcs = by_number(of_arc, np.arange(len(of_arc)), count)
    node_starts = np.searchsorted(batch[nodes], ends)
    arc_starts = np.searchsorted(of_arc[arcs], ends)
    number = np.empty(len(batch), np.int64)
    for place in range(count):
        chosen = nodes[node_starts[place] : node_starts[place + 1]]
        picked = arcs[arc_starts[place] : arc_starts[place + 1]]
        number[chosen] = np.arange(len(chosen))
        yield _cut_out(columns, chosen, picked, number)


def _cut_out(columns: EngineColumns, nodes: Rows, arcs: Rows, number: IntArray | int) -> Part:
    """The part of these nodes and arcs; `number` renames nodes, or is what to take off."""
    tail, head = columns.tail[arcs], columns.head[arcs]
    if isinstance(number, int):
        tail, head = tail - number, head - number
    else:
        tail, head = number[tail], number[head]
    span, cost = columns.span[arcs], columns.cost[arcs]
    own = replace(
        columns, rows=arcs, tail=tail, head=head, span=span, cost=cost,
        supply=columns.supply[nodes],
    )  # fmt: skip
    return Part(own, arcs, nodes)


@numba.njit(cache=True)
def components(node_count: int, tail: AnyArray, head: AnyArray) -> AnyArray:
    """Per node the first node of its component; arcs join whichever way they lead."""
    first = np.arange(node_count)
    for arc in range(len(tail)):
        left, right = tail[arc], head[arc]
        while first[left] != left:
            first[left] = first[first[left]]
            left = first[left]
        while first[right] != right:
            first[right] = first[first[right]]
            right = first[right]
        if left < right:
            first[right] = left
        else:
            first[left] = right
    for node in range(node_count):
        first[node] = first[first[node]]
    return first


@numba.njit(cache=True)
def _batches(first: AnyArray, most: int) -> AnyArray:
    """The batch of every node: components in order of their first node, filled up one by one."""
    size = np.zeros(len(first), np.int64)
    for node in range(len(first)):
        size[first[node]] += 1
    batch = np.empty(len(first), np.int64)
    number, filled = -1, most
    for node in range(len(first)):
        if first[node] != node:
            batch[node] = batch[first[node]]
            continue
        if filled + size[node] > most:
            number, filled = number + 1, 0
        filled += size[node]
        batch[node] = number
    return batch


@numba.njit(cache=True)
def _stands(numbers: AnyArray) -> bool:
    for place in range(1, len(numbers)):
        if numbers[place] < numbers[place - 1]:
            return False
    return True


@numba.njit(cache=True)
def lowered(first: AnyArray, level: AnyArray) -> AnyArray:
    """Potentials moved in every component so that the greatest is 0; `first` as of `components`."""
    greatest = level.copy()
    for node in range(len(first)):
        greatest[first[node]] = max(greatest[first[node]], level[node])
    found = np.empty(len(first), np.int64)
    for node in range(len(first)):
        found[node] = level[node] - greatest[first[node]]
    return found
