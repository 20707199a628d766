"""Panels: 32 items of equal structure side by side, so that a step is one vector step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from solver.coupled.items import FloatArray, Items, Structure
from solver.network.columns import IntArray
from solver.network.ranges import AnyArray

WIDTH = 32
"""Items side by side: what four vector operations take at once, and a panel fits a cache."""

FEWEST = 6
"""Fewer items of one structure stand one by one: most of a panel would be empty."""

FULL = 1_100_000
"""Chunks of one width are joined to panels until they hold so many flows."""

WIDE_DEGREE = 8
"""A node with so many times the mean number of arcs may be the ground of an item."""


class Panel(NamedTuple):
    """Numbers of the items of a panel: columns (arcs, width), (nodes, width) and (rows, width).

    Arc a has rows `first_row[a] .. first_row[a + 1]`; a unit of item k on it takes
    `unit[row] * weight[line[row], k]` of `resource[row]`, in units of that resource's mean use:
    an item that takes the same on all its rows needs a single line. `kind[a]` says which line of
    `step` (kinds, width) is the arc's. Nodes of `node_step` 0 have no balance to keep.
    """

    tail: AnyArray
    head: AnyArray
    first_row: AnyArray
    resource: AnyArray
    unit: AnyArray
    weight: AnyArray
    line: AnyArray
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
    joined: dict[int, list[list[tuple[Structure, IntArray]]]] = {}
    sizes: dict[int, int] = {}
    for structure, members in _chunks(items, active):
        width = 1 if len(members) == 1 else WIDTH
        sizes[width] = sizes.get(width, FULL) + width * len(structure.tail)
        if sizes[width] > FULL:
            joined.setdefault(width, []).append([])
            sizes[width] = width * len(structure.tail)
        joined[width][-1].append((structure, members))
    panels, chunks = [], []
    for width, several in joined.items():
        for parts in several:
            single = [_panel(items, part, width, flow, 1 / mean) for part in parts]
            panels.append(_joined([Panel(*(_as(kind, c) for c in panel)) for panel in single]))
            chunks.append(_places(parts))
    return PanelSet(tuple(panels), tuple(chunks), mean)


def mean_use(items: Items, active: IntArray) -> FloatArray:
    """Per resource the mean use of the rows that draw on it, 1 where none takes anything."""
    total, rows = (np.zeros(len(items.capacity)) for _ in range(2))
    for item in active.tolist():
        resource = items.structure(item).row_resource
        np.add.at(total, resource, items.use[items.of_rows(item)].astype(np.float64))
        np.add.at(rows, resource, 1.0)
    mean: FloatArray = np.where(total > 0, total / np.maximum(rows, 1), 1.0)
    return mean


def _chunks(items: Items, active: IntArray) -> list[tuple[Structure, IntArray]]:
    """Up to WIDTH items of one structure each."""
    groups: dict[int, list[int]] = {}
    for item in active.tolist():
        groups.setdefault(int(items.structure_of[item]), []).append(item)
    return [
        (items.structures[structure], np.array(members[first : first + width]))
        for structure, members in groups.items()
        for first, width in _widths(len(members))
    ]


def _widths(count: int) -> list[tuple[int, int]]:
    """First place and width of the panels for so many items: wide ones, few ones one by one."""
    wide = count - count % WIDTH
    if count - wide >= FEWEST:
        wide = count
    found = [(first, WIDTH) for first in range(0, wide, WIDTH)]
    return found + [(first, 1) for first in range(wide, count)]


def _places(parts: list[tuple[Structure, IntArray]]) -> tuple[Chunk, ...]:
    arcs = np.cumsum([0, *(len(structure.tail) for structure, _ in parts)]).tolist()
    nodes = np.cumsum([0, *(structure.node_count for structure, _ in parts)]).tolist()
    return tuple(
        Chunk(members, arc, node)
        for (_, members), arc, node in zip(parts, arcs, nodes, strict=False)
    )


def _as(kind: npt.DTypeLike, column: AnyArray) -> AnyArray:
    """Floats of the wanted kind; whole numbers are places, and stay."""
    return column.astype(kind if column.dtype == np.float64 else np.int32)


def _panel(
    items: Items, part: tuple[Structure, IntArray], width: int, flow: IntArray, scale: FloatArray
) -> Panel:
    """The panel of one chunk; `scale` is what makes a use of a resource one of mean size."""
    structure, members = part
    unit, rows = scale[structure.row_resource], len(structure.row_arc)
    weight, line = _stacked(items.use, items.of_rows, members, width), np.arange(rows)
    if not rows:
        weight = np.ones((1, width))  # never read as anything but a factor of 0
    elif np.all(weight == weight[0]):
        weight, line = weight[:1], np.zeros(rows, np.int64)
    grounded = _grounded(items, structure, members, flow)
    ends = (~grounded[structure.tail]).astype(np.int64) + ~grounded[structure.head]
    kinds, step = _steps(ends, structure.row_arc, unit, weight[:, : len(members)])
    degree = np.maximum(_degree(structure), 1)
    return Panel(
        structure.tail, structure.head,
        np.searchsorted(structure.row_arc, np.arange(len(structure.tail) + 1)),
        structure.row_resource, unit, weight, line, kinds,
        np.pad(step, ((0, 0), (0, width - len(members))), "edge"), 1 / step.mean(1),
        np.where(grounded | (_degree(structure) == 0), 0.0, 1 / degree),
        _stacked(items.cost, items.of_arcs, members, width),
        _stacked(items.span, items.of_arcs, members, width),
        _stacked(items.supply, items.of_nodes, members, width),
    )  # fmt: skip


def _joined(panels: list[Panel]) -> Panel:
    """Panels of one width as one: what counts within a panel counts on."""
    columns = {name: [getattr(panel, name) for panel in panels] for name in Panel._fields}
    nodes, rows, lines, kinds = (
        np.cumsum([0, *map(len, columns[name])]).astype(np.int32)
        for name in ("supply", "resource", "weight", "step")
    )
    for name, shift in (("tail", nodes), ("head", nodes), ("line", lines), ("kind", kinds)):
        columns[name] = [c + s for c, s in zip(columns[name], shift, strict=False)]
    columns["first_row"] = [
        (c if last else c[:-1]) + s
        for c, s, last in zip(
            columns["first_row"], rows, [False] * (len(panels) - 1) + [True], strict=False
        )
    ]
    return Panel(*(np.ascontiguousarray(np.concatenate(column)) for column in columns.values()))


def _stacked(
    column: IntArray, own: Callable[[int], slice], members: IntArray, width: int
) -> FloatArray:
    """One line per arc (node, row), one column per item; what no item fills is 0."""
    first = own(int(members[0]))
    block = np.zeros((width, first.stop - first.start))
    for place, item in enumerate(members.tolist()):
        block[place] = column[own(item)]
    return block.T


def _degree(structure: Structure) -> IntArray:
    count = structure.node_count
    degree: IntArray = np.bincount(structure.tail, minlength=count) + np.bincount(
        structure.head, minlength=count
    )
    return degree


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
    degree = _degree(structure)
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
    ends: IntArray, row_arc: IntArray, unit: FloatArray, weight: FloatArray
) -> tuple[IntArray, FloatArray]:
    """Pock and Chambolle's steps (2011): 1 / sum of what a unit of flow moves, by kind of arc."""
    if len(weight) == 1:
        units = np.bincount(row_arc, unit, minlength=len(ends))
        pairs, kinds = np.unique(np.stack([ends, units], axis=1), axis=0, return_inverse=True)
        moved = pairs[:, :1] + pairs[:, 1:] * weight
        kinds = kinds.ravel()
    else:
        kinds, moved = np.arange(len(ends)), np.zeros((len(ends), weight.shape[1]))
        moved += ends[:, None]
        np.add.at(moved, row_arc, unit[:, None] * weight)
    return kinds, 1 / np.maximum(moved, 0.5)
