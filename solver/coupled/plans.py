"""Whole plans within shared capacity: rounding a fractional flow, then item by item downhill."""

from collections.abc import Callable

import numba
import numpy as np

from ontology.errors import SolverError
from solver.coupled.engines import ItemEngines
from solver.coupled.items import ENGINE_RANGE, FINER, FloatArray, Items, add_prices, add_use
from solver.network.columns import IntArray
from solver.network.ranges import AnyArray, magnitude

SLIP = 0.4
"""A flow may be rounded up from this much above a whole number, if there is capacity left."""

NEAR = 0.02
"""Units up to the fractional flow, less this much, rounded up, are near; units beyond cost more."""

DEALS = 4
"""How often room is dealt out anew before an item gets nothing more."""

SHARED_OUT, SHORT_CLOSED, ALL_CLOSED = 0, 1, 2
"""How room is cut where a flow takes more than is left: its arcs on what is short get shares of
it; then nothing more on these; in the end nothing more on any arc with rows."""

TOLERANCE = 1e-4
"""What counts as a whole unit of slack in floats."""


class Draft:
    """A whole plan in the making: flow per arc of the items, and what is left per resource.

    It writes to the flow that it is given.

    What is left falls below 0 only where an item had no other way: see `overdraft`.
    """

    def __init__(self, items: Items, engines: ItemEngines, flow: IntArray, left: IntArray) -> None:
        self.flow, self.left = flow, left.copy()
        self._items, self._engines = items, engines
        self._need = np.zeros((2, len(left)), np.int64)

    def take(self) -> None:
        """Take what its flow uses from what is left, where that is not done yet."""
        items = self._items
        for item in range(items.count):
            structure = items.structure(item)
            add_use(
                self.left, structure.row_resource, structure.row_arc,
                items.use[items.of_rows(item)], -self.flow[items.of_arcs(item)],
            )  # fmt: skip

    def copy(self) -> "Draft":
        """Another of the same, that goes its own way."""
        return Draft(self._items, self._engines, self.flow.copy(), self.left)

    def overdraft(self) -> int:
        """How much all resources together are overdrawn."""
        return -int(np.minimum(self.left, 0).sum())

    def round(self, active: IntArray, fraction: AnyArray, prices: FloatArray) -> None:
        """Whole flows near a fractional one, the errors carried from item to item.

        Items that take most per unit come first. An arc may have what the fractional flow gives
        it and what earlier items have left of theirs, and never more than is left in all: so the
        prices' choices are followed where they fit together. Units away from the fractional flow
        cost extra.
        """
        items = self._items
        slack = self.left.astype(np.float64)
        for item in active.tolist():
            self._draw(item, slack, fraction, -1.0)
        fine, extra = _finer(items, prices), _extra(items, active, fraction)
        for item in _by_size(items, active, fraction):
            own, structure = items.of_arcs(item), items.structure(item)
            wanted = fraction[own].astype(np.float64)
            room = items.span[own].copy()
            _allow(
                room, structure.row_resource, structure.row_arc, items.use[items.of_rows(item)],
                wanted, slack, self.left,
            )  # fmt: skip
            near = np.ceil(wanted - NEAR).astype(np.int64)

            def solve(
                cost: IntArray, room: IntArray, item: int = item, near: IntArray = near
            ) -> IntArray | None:
                close = np.minimum(room, near)
                return self._engines.stepped(item, cost, close, room - close, extra)

            self._place(item, self._cost(item, fine), room, np.zeros(len(room), np.int64), solve)
            self._draw(item, slack, fraction, 1.0)
            self._draw(item, slack, self.flow, -1.0)

    def descend(self, order: IntArray, prices: FloatArray, share: float) -> None:
        """Every item in turn: its cheapest flow within what the others leave.

        Resources cost the given share of their price: at 1 an item lets go what is worth more to
        others, at 0 the plan's cost never rises.
        """
        items = self._items
        fine = _finer(items, prices * share)
        for item in order.tolist():
            own, structure = items.of_arcs(item), items.structure(item)
            room, before = items.span[own].copy(), self.flow[own].copy()
            rows = (structure.row_resource, structure.row_arc, items.use[items.of_rows(item)])
            _leave(room, *rows, before, self.left)
            add_use(self.left, *rows, before)
            self.flow[own] = 0

            def solve(cost: IntArray, room: IntArray, item: int = item) -> IntArray | None:
                return self._engines.within(item, cost, room)

            self._place(item, self._cost(item, fine), room, before, solve)

    def _place(
        self,
        item: int,
        cost: IntArray,
        room: IntArray,
        known: IntArray,
        solve: Callable[[IntArray, IntArray], IntArray | None],
    ) -> None:
        """Give an item the flow that `solve` finds; several arcs on one resource share its rest.

        Room is given to every arc as if it were alone. Where its arcs want too much together, the
        rest is dealt out in proportion to what they want beyond the `known` flow; that may move
        the flow to others, so it is looked at again, and in the end nothing beyond is let in.
        """
        items, structure = self._items, self._items.structure(item)
        rows = (structure.row_resource, structure.row_arc, items.use[items.of_rows(item)])
        flow = solve(cost, room)
        for cut in (*[SHARED_OUT] * DEALS, *[SHORT_CLOSED] * DEALS, ALL_CLOSED):
            if flow is None or not _deal(room, *rows, known, flow, self.left, self._need, cut):
                break
            flow = solve(cost, room)
        if flow is None:
            sent = self._sent(item) if items.narrow else 1
            dear = ENGINE_RANGE // (4 * (structure.node_count + 3) * sent)
            rest = items.span[items.of_arcs(item)] - room
            flow = self._engines.stepped(item, cost, room, rest, max(1, dear - magnitude(cost)))
        if flow is None:
            raise SolverError("an item lost every flow that it had", code="ENGINE_WRONG")
        self.flow[items.of_arcs(item)] = flow
        add_use(self.left, *rows, -flow)

    def _sent(self, item: int) -> int:
        supply = self._items.supply[self._items.of_nodes(item)]
        return max(1, int(np.maximum(supply, 0).sum()))

    def _cost(self, item: int, fine: IntArray) -> IntArray:
        items, structure = self._items, self._items.structure(item)
        cost = items.cost[items.of_arcs(item)] * FINER
        add_prices(
            cost, structure.row_resource, structure.row_arc, items.use[items.of_rows(item)], fine
        )
        return cost

    def _draw(self, item: int, slack: FloatArray, flow: AnyArray, sign: float) -> None:
        items, structure = self._items, self._items.structure(item)
        add_use(
            slack, structure.row_resource, structure.row_arc, items.use[items.of_rows(item)],
            sign * flow[items.of_arcs(item)].astype(np.float64),
        )  # fmt: skip


def _finer(items: Items, prices: FloatArray) -> IntArray:
    """Prices times FINER in whole numbers, none beyond what engines can hold."""
    within: IntArray = np.rint(np.minimum(prices, items.price_limit) * FINER).astype(np.int64)
    return within


def _by_size(items: Items, active: IntArray, fraction: AnyArray) -> list[int]:
    """Items that take most of a mean resource per unit of flow first."""
    sizes = np.zeros(len(active))
    for place, item in enumerate(active.tolist()):
        use = items.use[items.of_rows(item)]
        units = fraction[items.of_arcs(item)][items.structure(item).row_arc].astype(np.float64)
        sizes[place] = (use * units).sum() / max(units.sum(), TOLERANCE)
    found: list[int] = active[np.argsort(-np.round(sizes, 2), kind="stable")].tolist()
    return found


def _extra(items: Items, active: IntArray, fraction: AnyArray) -> int:
    """A third of the mean cost of a unit on an arc, in finer units."""
    cost, units = 0.0, 0.0
    for own in map(items.of_arcs, active.tolist()):
        flow = fraction[own].astype(np.float64)
        cost += float((items.cost[own] * flow).sum())
        units += float(flow.sum())
    return max(1, round(FINER * cost / max(units, 1.0) / 3))


@numba.njit(cache=True)
def _allow(
    room: AnyArray,
    resource: AnyArray,
    arc: AnyArray,
    use: AnyArray,
    wanted: AnyArray,
    slack: AnyArray,
    left: AnyArray,
) -> None:
    """Cut room to the rounded share of each resource, at most what is left."""
    for row in range(len(arc)):
        if use[row] > 0:
            units, free = wanted[arc[row]], left[resource[row]]
            share = np.floor(slack[resource[row]] / use[row] + units + TOLERANCE)
            share = max(share, np.ceil(units - SLIP))
            most = max(0, min(np.int64(share), free // use[row]))
            room[arc[row]] = min(room[arc[row]], most)


@numba.njit(cache=True)
def _leave(
    room: AnyArray,
    resource: AnyArray,
    arc: AnyArray,
    use: AnyArray,
    flow: AnyArray,
    left: AnyArray,
) -> None:
    """Cut room to the flow that is there and what is left beside it."""
    for row in range(len(arc)):
        if use[row] > 0:
            most = max(0, flow[arc[row]] + left[resource[row]] // use[row])
            room[arc[row]] = min(room[arc[row]], most)


@numba.njit(cache=True)
def _deal(  # noqa: PLR0917  # a loop's arrays, one by one
    room: AnyArray,
    resource: AnyArray,
    arc: AnyArray,
    use: AnyArray,
    known: AnyArray,
    flow: AnyArray,
    left: AnyArray,
    need: AnyArray,
    cut: int,
) -> bool:
    """Whether a flow takes more than is left; then room is cut so that any flow in it fits.

    `need` (two lines) is 0 before and after. What the `known` flow takes is never cut; a strict
    deal leaves no more than that to any arc with rows.
    """
    for row in range(len(arc)):
        need[0, resource[row]] += use[row] * flow[arc[row]]
    over = False
    for row in range(len(arc)):
        over |= need[0, resource[row]] > left[resource[row]]
    for row in range(len(arc)):
        need[0, resource[row]] = 0
    if not over:
        return False
    for row in range(len(arc)):
        units = known[arc[row]]
        need[0, resource[row]] += use[row] * units
        need[1, resource[row]] += use[row] * max(0, flow[arc[row]] - units)
    for row in range(len(arc)):
        known_use, beyond = need[0, resource[row]], need[1, resource[row]]
        rest = left[resource[row]] - known_use
        short = use[row] > 0 and beyond > rest
        if (short and cut == SHORT_CLOSED) or (use[row] > 0 and cut == ALL_CLOSED):
            room[arc[row]] = min(room[arc[row]], known[arc[row]])
        elif short:
            # a little less than the share, as floats may round it up
            share = max(0.0, rest / beyond) * (1 - TOLERANCE**2) if beyond > 0 else 0.0
            units = known[arc[row]]
            most = units + np.int64(np.floor(max(0, flow[arc[row]] - units) * share))
            room[arc[row]] = min(room[arc[row]], most)
    for row in range(len(arc)):
        need[0, resource[row]] = need[1, resource[row]] = 0
    return True
