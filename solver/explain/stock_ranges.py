"""By how many units a stock count may change before a line does: cheapest ways, one by one."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from solver.engine.parts import components
from solver.engine.potentials import canonical_potentials
from solver.explain.flips import Margins, Route
from solver.model.carry_labels import CarryLabels
from solver.model.problem import Problem
from solver.network.columns import IntArray, Network

BoolArray = npt.NDArray[np.bool_]
MOST_WAYS = 64
"""So many cheapest ways are followed from a count; what lies beyond is said to be left."""


@dataclass(frozen=True, slots=True)
class Reach:
    """So many units more (or fewer), each of them, leave a line as it is in some cheapest plan.

    `ends` says why not one further: `changes`, every cheapest plan then has another quantity on
    the line; `no way`, no flow could take the unit or do without it; `left`, not followed further.
    """

    units: int
    ends: str


def stock_reach(problem: Problem, labels: CarryLabels, margins: Margins, row: int, arc: int
                ) -> tuple[Reach, Reach]:  # fmt: skip
    """How many units fewer, and more, the lot of a movement may have while its arc stays.

    Each further unit goes a cheapest way through the residual network (successive shortest paths:
    Ahuja, Magnanti, Orlin 1993, 9.7), around the arc where that costs no more. A cheapest flow that
    leaves the arc alone differs from the present one by such ways alone, so the end is exact in
    the network.
    """
    lot, item = int(labels.move_tail[row]), str(problem.movements["item"][row])
    sink = problem.network.node_count - len(labels.items) + labels.items.index(item)
    network = margins.network
    part = components(network.node_count, network.tail, network.head)
    if part[lot] != part[sink]:
        return Reach(0, "no way"), Reach(0, "no way")
    own, own_arc, (lot, sink) = _part(margins, part == part[lot], arc, (lot, sink))
    return _reach(own, own_arc, sink, lot), _reach(own, own_arc, lot, sink)


def _reach(margins: Margins, arc: int, source: int, target: int) -> Reach:
    units = 0
    for _ in range(MOST_WAYS):
        route = _way(margins, arc, source, target)
        if route is None:
            return Reach(units, "no way")
        if arc in route.arcs:
            return Reach(units, "changes")
        arcs, signs = np.array(route.arcs, np.int64), np.array(route.signs, np.int64)
        network, flow = margins.network, margins.flow.copy()
        up, down = network.capacity[arcs] - flow[arcs], flow[arcs] - network.lower[arcs]
        amount = int(np.where(signs > 0, up, down).min())
        flow[arcs] += signs * amount
        units += amount
        margins = Margins(network, flow, canonical_potentials(network, flow))
    return Reach(units, "left")


def _way(margins: Margins, arc: int, source: int, target: int) -> Route | None:
    """A cheapest way, one around the arc where there is one."""
    route = margins.route(source, target)
    if route is None or arc not in route.arcs:
        return route
    other = margins.route(source, target, without=(arc,))
    return other if other is not None and other.cost == route.cost else route


def _part(margins: Margins, mine: BoolArray, arc: int, nodes: tuple[int, int]
          ) -> tuple[Margins, int, tuple[int, int]]:  # fmt: skip
    """The margins of the nodes that are `mine`, and an arc and nodes in them."""
    network = margins.network
    arcs = np.flatnonzero(mine[network.tail])
    number = np.cumsum(mine) - 1
    own = _cut(network, mine, arcs, number)
    flow = margins.flow[arcs]
    found = Margins(own, flow, canonical_potentials(own, flow))
    first, second = (int(number[node]) for node in nodes)
    return found, int(np.searchsorted(arcs, arc)), (first, second)


def _cut(network: Network, mine: BoolArray, arcs: IntArray, number: IntArray) -> Network:
    names = ("lower", "capacity", "cost", "kind", "reference")
    columns = {name: getattr(network, name)[arcs] for name in names}
    return replace(network, tail=number[network.tail[arcs]], head=number[network.head[arcs]],
                   supply=network.supply[mine], **columns)  # fmt: skip
