"""Panels: 32 items of equal structure side by side, so that a step is one vector step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from solver.coupled_items import FloatArray, Items, Structure
from solver.network import IntArray
from solver.ranges import AnyArray

WIDTH = 32
"""Items side by side: what four vector operations take at once, and a panel fits a cache."""

FEWEST = 6
"""Fewer items of one structure stand one by one: most of a panel would be empty."""

FULL = 250_000
"""Chunks of one width are joined to panels until they hold so many flows."""

WIDE_DEGREE = 8
"""A node with so many times the mean number of arcs may be the ground of an item."""


class Panel(NamedTuple):
    """Numbers of the items of a panel: columns (arcs, width), (nodes, width) and (rows, width).

    Arc a has rows `first_row[a] .. first_row[a + 1]`; a unit of item k on it takes
    `unit[row] * weight[row, k]` of `resource[row]`, in units of that resource's mean use.
    `weight` has a single row where an item takes the same on all its rows. `kind[a]` says which
    line of `step` (kinds, width) is the arc's. Nodes of `node_step` 0 have no balance to keep.
    """

    tail: AnyArray
    head: AnyArray
    first_row: AnyArray
    resource: AnyArray
    unit: AnyArray
    weight: AnyArray
    kind: AnyArray
    step: AnyArray
    inverse_step: AnyArray
    node_step: AnyArray
    cost: AnyArray
    span: AnyArray
    supply: AnyArray


@dataclass(frozen=True)
class Chunk:
    """Items of one structure within a panel, and where their arcs and nodes begin in it."""

    items: IntArray
    arc_start: int
    node_start: int


@dataclass(frozen=True)
class PanelSet:
    """All panels, the items in each, and the mean use per row of every resource."""

    panels: tuple[Panel, ...]
    chunks: tuple[tuple[Chunk, ...], ...]
    mean_use: FloatArray


def panels_of(items: Items, active: IntArray, flow: IntArray, kind: npt.DTypeLike) -> PanelSet:
    """The active items in panels, in a fixed order; numbers are floats of the given kind.

    `flow` is a cheapest flow without prices: an arc of cost 0 that it leaves open joins its ends
    to one node of the ground (see `_grounded`).
    """
    mean = mean_use(items, active)
    joined: dict[tuple[int, bool], list[list[tuple[Structure, IntArray]]]] = {}
    sizes: dict[tuple[int, bool], int] = {}
    for structure, members, alike in _chunks(items, active):
        width = 1 if len(members) == 1 else WIDTH
        key = width, alike
        sizes[key] = sizes.get(key, FULL) + width * len(structure.tail)
        if sizes[key] > FULL:
            joined.setdefault(key, []).append([])
            sizes[key] = width * len(structure.tail)
        joined[key][-1].append((structure, members))
    built = [
        _panel(items, parts, (width, alike), flow, mean, kind)
        for (width, alike), panels in joined.items()
        for parts in panels
    ]
    return PanelSet(tuple(p for p, _ in built), tuple(c for _, c in built), mean)


def mean_use(items: Items, active: IntArray) -> FloatArray:
    """Per resource the mean use of the rows that draw on it, 1 where none takes anything."""
    total, rows = (np.zeros(len(items.capacity)) for _ in range(2))
    for item in active.tolist():
        resource = items.structure(item).row_resource
        np.add.at(total, resource, items.use[items.of_rows(item)].astype(np.float64))
        np.add.at(rows, resource, 1.0)
    mean: FloatArray = np.where(total > 0, total / np.maximum(rows, 1), 1.0)
    return mean


def _chunks(items: Items, active: IntArray) -> list[tuple[Structure, IntArray, bool]]:
    """Up to WIDTH items of one structure each, and whether every item's rows are alike."""
    groups: dict[tuple[int, bool], list[int]] = {}
    for item in active.tolist():
        use = items.use[items.of_rows(item)]
        alike = bool(len(use) == 0 or (use == use[0]).all())
        groups.setdefault((int(items.structure_of[item]), alike), []).append(item)
    return [
        (items.structures[structure], np.array(members[first : first + width]), alike)
        for (structure, alike), members in groups.items()
        for first, width in _widths(len(members))
    ]


def _widths(count: int) -> list[tuple[int, int]]:
    """First place and width of the panels for so many items: wide ones, few ones one by one."""
    wide = count - count % WIDTH
    if count - wide >= FEWEST:
        wide = count
    found = [(first, WIDTH) for first in range(0, wide, WIDTH)]
    return found + [(first, 1) for first in range(wide, count)]


def _panel(
    items: Items,
    parts: list[tuple[Structure, IntArray]],
    form: tuple[int, bool],
    flow: IntArray,
    mean: FloatArray,
    kind: npt.DTypeLike,
) -> tuple[Panel, tuple[Chunk, ...]]:
    arcs = np.concatenate([[0], np.cumsum([len(part.tail) for part, _ in parts])])
    nodes = np.concatenate([[0], np.cumsum([part.node_count for part, _ in parts])])
    shift = np.repeat(nodes[:-1], np.diff(arcs))
    tail = (np.concatenate([part.tail for part, _ in parts]) + shift).astype(np.int32)
    head = (np.concatenate([part.head for part, _ in parts]) + shift).astype(np.int32)
    resource = np.concatenate([part.row_resource for part, _ in parts])
    row_arc = np.concatenate([part.row_arc + a for (part, _), a in zip(parts, arcs, strict=False)])
    width, alike = form
    weight = _stacked(items.use, items.of_rows, parts, width, kind)
    if alike:
        weight = weight[:1] if len(weight) else np.ones((1, weight.shape[1]), kind)
    cost = _stacked(items.cost, items.of_arcs, parts, width, kind)
    grounded = np.concatenate([
        _grounded(items, structure, members, flow) for structure, members in parts
    ])  # fmt: skip
    degree = np.bincount(tail, minlength=nodes[-1]) + np.bincount(head, minlength=nodes[-1])
    unit = 1 / mean[resource]
    ends = (~grounded[tail]).astype(np.int64) + ~grounded[head]
    kinds, step = _steps(ends, row_arc, unit, weight, alike)
    panel = Panel(
        tail, head, np.searchsorted(row_arc, np.arange(len(tail) + 1)).astype(np.int32),
        resource.astype(np.int32), unit.astype(kind), weight, kinds.astype(np.int32),
        step.astype(kind), (1 / step.mean(1)).astype(kind),
        np.where(grounded | (degree == 0), 0, 1 / np.maximum(degree, 1)).astype(kind),
        cost, _stacked(items.span, items.of_arcs, parts, width, kind),
        _stacked(items.supply, items.of_nodes, parts, width, kind),
    )  # fmt: skip
    return panel, tuple(
        Chunk(members, int(arc), int(node))
        for (_, members), arc, node in zip(parts, arcs, nodes, strict=False)
    )


def _stacked(
    column: IntArray,
    own: Callable[[int], slice],
    parts: list[tuple[Structure, IntArray]],
    width: int,
    kind: npt.DTypeLike,
) -> AnyArray:
    """One line per arc (node, row), one column per item; what no item fills is 0."""
    found = []
    for _, members in parts:
        first = own(int(members[0]))
        block = np.zeros((width, first.stop - first.start), kind)
        for place, item in enumerate(members.tolist()):
            block[place] = column[own(item)]
        found.append(block.T)
    return np.ascontiguousarray(np.concatenate(found))


def _grounded(
    items: Items, structure: Structure, members: IntArray, flow: IntArray
) -> npt.NDArray[np.bool_]:
    """The node with most arcs, and what an open arc of cost 0 joins to it in every item.

    One balance of an item follows from the others, and a node with many arcs would allow tiny
    steps only. Where a cheapest flow leaves an arc of cost 0 between its bounds, both ends have
    one potential. Prices can end that, so it is a guess: bounds do not rely on it.
    """
    ground = np.zeros(structure.node_count, np.bool_)
    if not len(structure.tail):
        return ground
    degree = np.bincount(structure.tail, minlength=structure.node_count) + np.bincount(
        structure.head, minlength=structure.node_count
    )
    top = int(degree.argmax())
    ground[top] = True
    near = (structure.tail == top) | (structure.head == top)
    for item in members.tolist():
        own = items.of_arcs(item)
        near &= (items.cost[own] == 0) & (flow[own] > 0) & (flow[own] < items.span[own])
    ends = np.concatenate([structure.tail[near], structure.head[near]])
    ground[ends[degree[ends] >= WIDE_DEGREE * degree.mean()]] = True
    return ground


def _steps(
    ends: IntArray, row_arc: IntArray, unit: FloatArray, weight: AnyArray, alike: bool
) -> tuple[IntArray, FloatArray]:
    """Pock and Chambolle's steps (2011): 1 / sum of what a unit of flow moves, by kind of arc."""
    if alike:
        units = np.bincount(row_arc, unit, minlength=len(ends))
        pairs, kinds = np.unique(np.stack([ends, units], axis=1), axis=0, return_inverse=True)
        moved = pairs[:, :1] + pairs[:, 1:] * weight
        kinds = kinds.ravel()
    else:
        kinds, moved = np.arange(len(ends)), np.repeat(ends[:, None], weight.shape[1], axis=1)
        moved = moved.astype(np.float64)
        np.add.at(moved, row_arc, unit[:, None] * weight)
    return kinds, 1 / np.maximum(moved, 0.5)
