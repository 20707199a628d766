"""Items side by side: the blocks of one network that share capacities, and equal structures."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np
import numpy.typing as npt

from ontology.errors import SolverError
from solver.engine.potentials import canonical_potentials
from solver.network.columns import IntArray, Network
from solver.network.ranges import AnyArray, exact_dot, magnitude, shifted_supply
from solver.network.sorting import by_number
from solver.proof.claims import SharedResources

Places = npt.NDArray[np.intp]
FloatArray = npt.NDArray[np.float64]

FINER = 8
"""Costs and prices are taken times this where plans are made, so that shares of a price count."""

ENGINE_RANGE = 2**59
"""Most that a finer price times its use, or a potential, may come to inside an engine."""


@dataclass(frozen=True)
class Structure:
    """What items have in common that differ in numbers alone: arcs by (tail, head), and rows.

    `order` and `row_order` lead from these arcs and rows to an item's own, as they were given;
    loops are left out. Row i: arc `row_arc[i]` draws on resource `row_resource[i]`.
    """

    node_count: int
    tail: npt.NDArray[np.int32]
    head: npt.NDArray[np.int32]
    order: Places
    row_arc: IntArray
    row_resource: IntArray
    row_order: Places

    @cached_property
    def resources(self) -> IntArray:
        """What its arcs draw on, each once."""
        return np.unique(self.row_resource)

    @cached_property
    def first_row(self) -> Places:
        """Arc a has the rows `first_row[a] .. first_row[a + 1]`."""
        return np.searchsorted(self.row_arc, np.arange(len(self.tail) + 1))

    @cached_property
    def ways(self) -> tuple[Places, Places]:
        """Node n is left along `ways[first[n] .. first[n + 1]]`: 2 a is arc a, 2 a + 1 back on it.

        The answer is `first`, ways.
        """
        leaves = np.stack([self.tail, self.head], axis=1).ravel()
        order = np.argsort(leaves, kind="stable")
        return np.searchsorted(leaves[order], np.arange(self.node_count + 1)), order


@dataclass(frozen=True)
class Items:
    """All items in columns, one after the other: item k has arcs `arc_start[k] .. [k + 1]`, ...

    Lower bounds are taken off (flow here is flow above them; `capacity` and `supply` are what
    remains), `cost` is shifted by the potentials `level` to be >= 0, and `span` is cut to one
    more than what an item can send at all, which no cheapest flow fills; `offset` is what costs
    differ by from the network's. What an item costs at any prices is within int64 where `narrow`.
    `arcs` and `nodes` are the rows in the network.
    """

    structures: tuple[Structure, ...]
    structure_of: IntArray
    arc_start: IntArray
    node_start: IntArray
    row_start: IntArray
    arcs: npt.NDArray[np.int32]
    nodes: Places
    cost: IntArray
    span: IntArray
    supply: IntArray
    use: IntArray
    capacity: IntArray
    level: IntArray
    price_limit: int
    offset: int
    narrow: bool = True

    @property
    def count(self) -> int:
        """Number of items."""
        return len(self.structure_of)

    def structure(self, item: int) -> Structure:
        """What the item looks like."""
        return self.structures[int(self.structure_of[item])]

    def of_arcs(self, item: int) -> slice:
        """Where the arcs of an item stand."""
        return slice(int(self.arc_start[item]), int(self.arc_start[item + 1]))

    def of_nodes(self, item: int) -> slice:
        """Where the nodes of an item stand."""
        return slice(int(self.node_start[item]), int(self.node_start[item + 1]))

    def of_rows(self, item: int) -> slice:
        """Where the rows of an item stand."""
        return slice(int(self.row_start[item]), int(self.row_start[item + 1]))


def items_of(network: Network, block_of_node: IntArray, shared: SharedResources) -> Items:
    """The network's blocks as items, equal ones told apart by their numbers only.

    `block_of_node` numbers the item of every node, 0 .. items - 1; no arc may join two items.
    Takes time that grows with arcs and rows alone. Raises SolverError `NETWORK_MALFORMED`,
    `NEGATIVE_CYCLE` where going round in a circle would pay, and `COST_RANGE`.
    """
    block = _blocks(network, block_of_node)
    count = int(block_of_node.max()) + 1 if len(block_of_node) else 0
    nodes = by_number(block_of_node, np.arange(network.node_count), count)
    arcs = by_number(block, np.arange(network.arc_count), count)
    of_row = block[shared.arc]
    rows = by_number(of_row, np.arange(len(shared.arc)), count)
    starts = [_starts(column, count) for column in (block_of_node, block, of_row)]
    local = [np.empty(network.node_count, np.int64), np.empty(network.arc_count, np.int64)]
    for number, order, start in zip(local, (nodes, arcs), starts[:2], strict=True):
        number[order] = np.arange(len(order)) - np.repeat(start[:-1], np.diff(start))
    ends = (local[0][network.tail[arcs]], local[0][network.head[arcs]])
    draws = (local[1][shared.arc[rows]], shared.resource[rows])
    structures, structure_of = _structures(starts, ends, draws)
    arc_places, row_places = (
        [places(structures[s]) + first for s, first in zip(structure_of, start, strict=False)]
        for places, start in ((_arc_order, starts[1]), (_row_order, starts[2]))
    )
    return _columns(
        network, shared, structures, np.array(structure_of, np.int64),
        (starts[0], lengths(arc_places), lengths(row_places)),
        (nodes, arcs[joined(arc_places)], rows[joined(row_places)]),
    )  # fmt: skip


def _columns(
    network: Network,
    shared: SharedResources,
    structures: tuple[Structure, ...],
    structure_of: IntArray,
    starts: tuple[IntArray, IntArray, IntArray],
    places: tuple[Places, Places, Places],
) -> Items:
    """The numbers of all items, in the order of their structures: nodes, arcs, rows."""
    (node_start, arc_start, row_start), (nodes, arcs, rows) = starts, places
    level = _level(network)
    cost = network.cost[arcs] + level[network.tail[arcs]] - level[network.head[arcs]]
    supply = shifted_supply(network)[nodes]
    sent = np.add.reduceat(np.append(np.maximum(supply, 0), 0), node_start[:-1])
    sent[node_start[:-1] == node_start[1:]] = 0
    span = (network.capacity - network.lower)[arcs]
    span = np.minimum(span, np.repeat(sent + 1, np.diff(arc_start)))
    cost[span == 0] = 0  # an arc without room may seem to pay
    use, sent_most = shared.use[rows], max(1, magnitude(sent))
    nodes_most = max((structure.node_count for structure in structures), default=0)
    rows_most = max((magnitude(np.bincount(s.row_arc)) for s in structures), default=0)
    most = ENGINE_RANGE // (4 * FINER * (nodes_most + 3))
    narrow = most // sent_most >= 2 * magnitude(cost)
    room = (most // sent_most if narrow else most) - magnitude(cost)
    if room < magnitude(cost):
        raise SolverError(
            "costs and units are too large to be priced", code="COST_RANGE",
            hint="use coarser units",
        )  # fmt: skip
    return Items(
        structures, structure_of, arc_start, node_start, row_start, arcs.astype(np.int32),
        nodes, cost, span, supply, use, shared.capacity - used_of(shared, network.lower), level,
        room // max(1, magnitude(use) * rows_most),
        exact_dot(network.cost, network.lower) - exact_dot(level, shifted_supply(network)), narrow,
    )  # fmt: skip


def used_of(shared: SharedResources, flow: IntArray) -> IntArray:
    """What a flow takes of every resource. Raises SolverError `FLOW_RANGE` beyond 2^62."""
    units = flow[shared.arc]
    largest = np.abs(units.astype(np.float64) * shared.use).sum()
    if largest >= 2**62:
        raise SolverError("a flow takes more of a resource than 2^62", code="FLOW_RANGE")
    used = np.zeros(len(shared.capacity), np.int64)
    np.add.at(used, shared.resource, units * shared.use)
    return used


@numba.njit(cache=True)
def add_use(
    used: AnyArray, resource: AnyArray, arc: AnyArray, use: AnyArray, units: AnyArray
) -> None:
    """Add what `units` per arc take to `used` per resource."""
    for row in range(len(arc)):
        used[resource[row]] += use[row] * units[arc[row]]


@numba.njit(cache=True)
def add_prices(
    cost: AnyArray, resource: AnyArray, arc: AnyArray, use: AnyArray, prices: AnyArray
) -> None:
    """Add the price of what an arc uses to its cost."""
    for row in range(len(arc)):
        cost[arc[row]] += use[row] * prices[resource[row]]


def _blocks(network: Network, block_of_node: IntArray) -> IntArray:
    """The item of every arc."""
    if block_of_node.shape != network.supply.shape or np.any(block_of_node < 0):
        raise SolverError("every node needs the number of its item", code="NETWORK_MALFORMED")
    block = block_of_node[network.tail]
    astray = np.flatnonzero(block != block_of_node[network.head])
    if len(astray):
        raise SolverError(f"arc {astray[0]} joins two items", code="NETWORK_MALFORMED")
    return block


def _level(network: Network) -> IntArray:
    """Potentials at which no arc with room costs less than 0."""
    if not np.any((network.cost < 0) & (network.capacity > network.lower)):
        return np.zeros(network.node_count, np.int64)
    try:
        return canonical_potentials(network, network.lower)
    except SolverError as refusal:
        if refusal.code != "FLOW_NOT_OPTIMAL":
            raise
        raise SolverError(
            "going round in a circle would pay: shared capacity needs costs without that",
            code="NEGATIVE_CYCLE",
        ) from refusal


def _structures(
    starts: list[IntArray], ends: tuple[IntArray, IntArray], draws: tuple[IntArray, IntArray]
) -> tuple[tuple[Structure, ...], list[int]]:
    """The different structures, and which of them every item has."""
    known: dict[bytes, int] = {}
    structures: list[Structure] = []
    structure_of = []
    node, arc, row = (start.tolist() for start in starts)
    for item in range(len(node) - 1):
        tail, head = (end[arc[item] : arc[item + 1]] for end in ends)
        drawn, resource = (column[row[item] : row[item + 1]] for column in draws)
        nodes = node[item + 1] - node[item]
        state = hashlib.sha256(f"{nodes} {len(tail)} {len(drawn)}".encode())
        for column in (tail, head, drawn, resource):
            state.update(column.data)
        digest = state.digest()
        if digest not in known:
            known[digest] = len(structures)
            structures.append(_structure(nodes, tail, head, drawn, resource))
        structure_of.append(known[digest])
    return tuple(structures), structure_of


def _structure(
    nodes: int, tail: IntArray, head: IntArray, drawn: IntArray, resource: IntArray
) -> Structure:
    order = np.lexsort((head, tail))
    order = order[tail[order] != head[order]]
    place = np.full(len(tail), -1, np.int64)
    place[order] = np.arange(len(order))
    row_order = np.argsort(place[drawn], kind="stable")
    row_order = row_order[place[drawn[row_order]] >= 0]
    return Structure(
        nodes, tail[order].astype(np.int32), head[order].astype(np.int32), order,
        place[drawn[row_order]], resource[row_order], row_order,
    )  # fmt: skip


def _arc_order(structure: Structure) -> Places:
    return structure.order


def _row_order(structure: Structure) -> Places:
    return structure.row_order


def _starts(number: IntArray, count: int) -> IntArray:
    start = np.zeros(count + 1, np.int64)
    np.cumsum(np.bincount(number, minlength=count), out=start[1:])
    return start


def lengths(columns: list[Places]) -> IntArray:
    """Where each of some columns begins once they stand one after the other, and where it ends."""
    start = np.zeros(len(columns) + 1, np.int64)
    np.cumsum([len(column) for column in columns], out=start[1:])
    return start


def joined(columns: list[Places]) -> Places:
    """Some columns one after the other."""
    return np.concatenate([*columns, np.zeros(0, np.intp)])


def total_cost(items: Items, flow: IntArray) -> int:
    """The cost of a flow of the items in the network."""
    each = map(items.of_arcs, range(items.count))  # one by one: a column less in memory
    return sum(exact_dot(items.cost[own], flow[own]) for own in each) + items.offset
