"""Networks that fall apart: parts that no arc joins are solved apart, a few together."""

from collections.abc import Iterator
from dataclasses import dataclass

import numba
import numpy as np

from solver.network.columns import IntArray
from solver.network.ranges import AnyArray, EngineColumns, Rows
from solver.network.sorting import by_number

MOST_NODES = 1_500
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
    node_starts, arc_starts = _cuts(batch, columns.tail, count)
    if node_starts[0] == 0:
        for place in range(count):
            own = slice(*node_starts[place : place + 2].tolist())
            arcs = slice(*arc_starts[place : place + 2].tolist())
            yield _cut_out(columns, own, arcs, own.start)
        return
    of_arc, ends = batch[columns.tail], np.arange(count + 1)
    nodes = by_number(batch, np.arange(len(batch)), count)
    rows = by_number(of_arc, np.arange(len(of_arc)), count)
    node_starts = np.searchsorted(batch[nodes], ends)
    arc_starts = np.searchsorted(of_arc[rows], ends)
    number = np.empty(len(batch), np.int64)
    for place in range(count):
        chosen = nodes[node_starts[place] : node_starts[place + 1]]
        picked = rows[arc_starts[place] : arc_starts[place + 1]]
        number[chosen] = np.arange(len(chosen))
        yield _cut_out(columns, chosen, picked, number)


def _cut_out(columns: EngineColumns, nodes: Rows, arcs: Rows, number: IntArray | int) -> Part:
    """The part of these nodes and arcs; `number` renames nodes, or is what to take off."""
    tail, head = columns.tail[arcs], columns.head[arcs]
    if isinstance(number, int):
        tail, head = tail - number, head - number
    else:
        tail, head = number[tail], number[head]
    own = EngineColumns(
        arcs, tail, head, columns.span[arcs], columns.cost[arcs], columns.supply[nodes],
        columns.fixed,
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
def _cuts(batch: AnyArray, tail: AnyArray, count: int) -> tuple[AnyArray, AnyArray]:
    """Where the nodes and the arcs of each batch begin, and where the last ends.

    -1 first where those of a batch do not stand together in the order of the batches.
    """
    node_starts = np.zeros(count + 1, np.int64)
    arc_starts = np.zeros(count + 1, np.int64)
    before = 0
    for node in range(len(batch)):
        if batch[node] < before:
            node_starts[0] = -1
        before = batch[node]
        node_starts[before + 1] = node + 1
    before = 0
    for arc in range(len(tail)):
        here = batch[tail[arc]]
        if here < before:
            node_starts[0] = -1
            break
        before = here
        arc_starts[before + 1] = arc + 1
    for number in range(count):  # a batch of lone nodes has no arcs
        arc_starts[number + 1] = max(arc_starts[number], arc_starts[number + 1])
    return node_starts, arc_starts


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
