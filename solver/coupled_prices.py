"""Prices of shared capacity by a restarted first-order method, written for items side by side."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from solver.coupled_items import FloatArray, Items
from solver.coupled_panels import WIDTH, Panel, panels_of
from solver.network import IntArray
from solver.ranges import AnyArray

SUFFICIENT, NECESSARY, ARTIFICIAL = 0.2, 0.8, 0.36
"""Restart where the residual fell to the first, to the second and rose, or after that share of
all iterations (Applegate and others 2021)."""

STEP = 0.998
"""Steps stay below the bound that Pock and Chambolle's scaling gives."""


class State(NamedTuple):
    """Where a panel stands: flow and level (potentials) with the anchors of the last restart."""

    flow: AnyArray
    flow_anchor: AnyArray
    level: AnyArray
    level_anchor: AnyArray
    outflow: AnyArray
    row_use: FloatArray
    residual: FloatArray


Sweep = Callable[[Panel, State, AnyArray, AnyArray], None]


@dataclass(frozen=True)
class Start:
    """Prices per resource, and flows and potentials of the items that are cheapest at them."""

    prices: IntArray
    flow: IntArray
    level: IntArray


class FirstOrder:
    """Primal and dual together: restarted Halpern iteration of the primal-dual hybrid gradient.

    Minimise cost . flow, balanced, within spans, and within the shared capacities, over the
    active items (Chambolle and Pock 2011; Lu and Yang 2024, "Restarted Halpern PDHG for linear
    programming"). A panel is a step of its own, and sums over panels are taken in their order,
    so that the number of threads is no input.
    """

    def __init__(
        self,
        items: Items,
        active: IntArray,
        capacity: IntArray,
        flow: IntArray,
        *,
        start: Start | None = None,
        threads: int = 1,
    ) -> None:
        self.iterations = 0
        self._items, self._threads = items, threads
        self._kind: npt.DTypeLike = np.float32
        self._set = panels_of(items, active, flow, self._kind)
        self._panels = self._set.panels
        self._capacity = capacity / self._set.mean_use
        self._sorted = _rows_by_resource(self._panels, len(capacity))
        drawn = _drawn(self._panels, len(capacity))
        self._price_step = np.where(drawn > 0, 1 / np.maximum(drawn, 1e-9), 0.0)
        self._prices = np.zeros(len(capacity))
        self._used = np.zeros(len(capacity))
        self._states = [_at_rest(panel) for panel in self._panels]
        if start is not None:
            self._prices = np.where(drawn > 0, start.prices * self._set.mean_use, 0.0)
            self._begin(start)
        self._price_anchor = self._prices.copy()
        self._weight = _first_weight(self._panels, len(active))
        self._since, self._first, self._last = 0, 0.0, np.inf

    @property
    def prices(self) -> FloatArray:
        """Prices >= 0 per unit of each resource."""
        found: FloatArray = np.maximum(self._prices, 0) / self._set.mean_use
        return found

    def run(self, iterations: int) -> None:
        """So many steps more."""
        with ThreadPoolExecutor(self._threads) as pool:
            for _ in range(iterations):
                self._step(pool)

    def flow(self) -> AnyArray:
        """The fractional flow per arc of the items (0 for those that are not active)."""
        found = np.zeros(len(self._items.cost), self._kind)
        for state, chunks in zip(self._states, self._set.chunks, strict=True):
            for chunk in chunks:
                for place, item in enumerate(chunk.items.tolist()):
                    own = self._items.of_arcs(item)
                    rows = slice(chunk.arc_start, chunk.arc_start + own.stop - own.start)
                    found[own] = state.flow[rows, place]
        return found

    def widen(self) -> None:
        """Go on in 64-bit floats from here: 32 bits stall on small hard cases."""
        self._kind = np.float64
        self._panels = tuple(Panel(*map(_wide, panel)) for panel in self._panels)
        self._states = [State(*map(_wide, state)) for state in self._states]

    def _begin(self, start: Start) -> None:
        """Put flows and levels in place; a ground is at 0."""
        for panel, state, chunks in zip(
            self._panels, self._states, self._set.chunks, strict=True
        ):  # fmt: skip
            for chunk in chunks:
                for place, item in enumerate(chunk.items.tolist()):
                    arcs, nodes = self._items.of_arcs(item), self._items.of_nodes(item)
                    rows = slice(chunk.arc_start, chunk.arc_start + arcs.stop - arcs.start)
                    lines = slice(chunk.node_start, chunk.node_start + nodes.stop - nodes.start)
                    state.flow[rows, place] = start.flow[arcs]
                    level = start.level[nodes].astype(np.float64)
                    ground = np.flatnonzero(panel.node_step[lines] == 0)
                    level -= level[ground].mean() if len(ground) else 0.0
                    level[ground] = 0
                    state.level[lines, place] = level
            state.flow_anchor[:] = state.flow
            state.level_anchor[:] = state.level

    def _step(self, pool: ThreadPoolExecutor) -> None:
        share = (self._since + 1) / (self._since + 2)
        numbers = np.array([share, 1 - share, STEP / self._weight, self._weight], self._kind)
        now = self._prices.astype(self._kind)

        def sweep(place: int) -> None:
            panel = self._panels[place]
            step = _SINGLE if panel.cost.shape[1] == 1 else _WIDE
            step(panel, self._states[place], now, numbers)

        places = range(len(self._panels))
        if self._threads > 1 and len(self._panels) > 1:
            list(pool.map(sweep, places))
        else:
            for place in places:
                sweep(place)
        row_use = np.concatenate([state.row_use for state in self._states])
        moved = _move_prices(
            self._prices, self._price_anchor, self._used, row_use, *self._sorted, self._capacity,
            self._price_step * self._weight, share,
        )  # fmt: skip
        self._since += 1
        self.iterations += 1
        residual = moved + sum(float(state.residual[0]) for state in self._states)
        self._restart_if_due(float(np.sqrt(residual)))

    def _restart_if_due(self, residual: float) -> None:
        if self._since == 1:
            self._first, self._last = residual, np.inf
            return
        due = (
            residual <= SUFFICIENT * self._first
            or (residual <= NECESSARY * self._first and residual > self._last)
            or self._since >= ARTIFICIAL * max(self.iterations, 100)
        )
        self._last = residual
        if due:
            self._reweigh()
            for state in self._states:
                state.flow_anchor[:] = state.flow
                state.level_anchor[:] = state.level
            self._price_anchor[:] = self._prices
            self._since = 0

    def _reweigh(self) -> None:
        """Balance primal and dual steps: the mean, in logarithms, of old weight and moved ratio."""
        step = self._price_step
        moved = np.array([0.0, float(
            ((self._prices - self._price_anchor)[step > 0] ** 2 / step[step > 0]).sum()
        )])  # fmt: skip
        for panel, state in zip(self._panels, self._states, strict=True):
            moved += np.array(_moved(panel, state))
        primal, dual = np.sqrt(moved)
        if primal > 1e-9 and dual > 1e-9:
            self._weight = float(np.sqrt(self._weight * dual / primal))


def _wide(column: AnyArray) -> AnyArray:
    return column.astype(np.float64) if column.dtype == np.float32 else column


def _at_rest(panel: Panel) -> State:
    flows, levels = np.zeros_like(panel.cost), np.zeros_like(panel.supply)
    return State(
        flows, flows.copy(), levels, levels.copy(), levels.copy(), np.zeros(len(panel.resource)),
        np.zeros(1),
    )  # fmt: skip


def _first_weight(panels: Sequence[Panel], items: int) -> float:
    """The mean over items of their largest cost, by the mean supply that is not 0."""
    largest = sum(float(panel.cost.max(0, initial=0).sum(dtype=np.float64)) for panel in panels)
    asked = [np.abs(panel.supply[panel.node_step > 0]) for panel in panels]
    total = sum(float(column.sum(dtype=np.float64)) for column in asked)
    count = sum(int(np.count_nonzero(column)) for column in asked)
    if total <= 0 or largest <= 0:
        return 1.0
    return largest / items / (total / count)


def _drawn(panels: Sequence[Panel], resources: int) -> FloatArray:
    """What one unit on every arc would take of each resource."""
    total = np.zeros(resources)
    for panel in panels:
        weight = np.broadcast_to(
            panel.weight.sum(1, dtype=np.float64), (len(panel.resource),)
        )  # fmt: skip
        np.add.at(total, panel.resource, panel.unit * weight)
    return total


def _rows_by_resource(panels: Sequence[Panel], resources: int) -> tuple[IntArray, IntArray]:
    """All rows of all panels, in order of their resource and then of panels."""
    resource = np.concatenate([*(panel.resource for panel in panels), np.zeros(0, np.int32)])
    order = np.argsort(resource, kind="stable")
    return np.searchsorted(resource[order], np.arange(resources + 1)), order


def _sweep_of(single: bool) -> Sweep:
    """One step of a panel of this width, compiled for it: flows, what they take, then levels.

    `numbers`: the share of the step and of the anchor, the primal and the dual step. The first
    row of an arc is priced and summed in the one pass over its flows, further ones before and
    after.
    """

    @numba.njit(nogil=True, fastmath=True, cache=True)
    def sweep(panel: Panel, state: State, prices: AnyArray, numbers: AnyArray) -> None:
        share, rest, primal, dual = numbers[0], numbers[1], numbers[2], numbers[3]
        level, out, flow, anchor = state.level, state.outflow, state.flow, state.flow_anchor
        tails, heads, rows, kinds = panel.tail, panel.head, panel.first_row, panel.kind
        costs, spans, steps, weights = panel.cost, panel.span, panel.step, panel.weight
        units, resources, uses = panel.unit, panel.resource, state.row_use
        inverse = panel.inverse_step
        width = 1 if single else level.shape[1]
        charged = np.zeros(width, level.dtype)
        lines = panel.weight.shape[0] - 1
        out[:] = level.dtype.type(0)
        total = 0.0
        for arc in range(flow.shape[0]):
            first, end = rows[arc], rows[arc + 1]
            price, cost = level.dtype.type(0), costs[arc]
            if end > first:
                price = prices[resources[first]] * units[first]
            weight = weights[min(first, lines)]
            now, before, span = flow[arc], anchor[arc], spans[arc]
            leaves, enters = level[tails[arc]], level[heads[arc]]
            sent, came = out[tails[arc]], out[heads[arc]]
            step = steps[kinds[arc]]
            residual = taken = level.dtype.type(0)
            for k in range(width):
                old = now[k]
                new = old - primal * step[k] * (
                    cost[k] + price * weight[k] + leaves[k] - enters[k]
                )
                new = min(max(new, level.dtype.type(0)), span[k])
                ahead = new + new - old
                sent[k] += ahead
                came[k] -= ahead
                taken += ahead * weight[k]
                residual += (new - old) * (new - old)
                now[k] = share * ahead + rest * before[k]
            total += residual * inverse[kinds[arc]] / primal
            if end > first:
                uses[first] = taken * units[first]
            for row in range(first + 1, end):
                other = weights[min(row, lines)]
                taken = level.dtype.type(0)
                for k in range(width):
                    taken += (now[k] - rest * before[k]) * other[k]
                uses[row] = taken * units[row] / share
        for node in range(level.shape[0]):
            step_of_node = panel.node_step[node] * dual
            if step_of_node > 0:
                now, before = level[node], state.level_anchor[node]
                gone, supply = out[node], panel.supply[node]
                residual = level.dtype.type(0)
                for k in range(width):
                    change = step_of_node * (gone[k] - supply[k])
                    residual += change * change
                    now[k] = share * (now[k] + change + change) + rest * before[k]
                total += residual / step_of_node
        state.residual[0] = total

    compiled: Sweep = sweep
    return compiled


_WIDE, _SINGLE = _sweep_of(False), _sweep_of(True)


@numba.njit(nogil=True, cache=True)
def _move_prices(
    prices: FloatArray,
    anchor: FloatArray,
    used: FloatArray,
    row_use: FloatArray,
    start: IntArray,
    rows: IntArray,
    capacity: FloatArray,
    step: FloatArray,
    share: float,
) -> float:
    """Move prices by what is taken too much; how far they moved, by their steps."""
    total = 0.0
    for resource in range(len(prices)):
        if step[resource] == 0:
            continue
        taken = 0.0
        for place in range(start[resource], start[resource + 1]):
            taken += row_use[rows[place]]
        used[resource] = taken
        old = prices[resource]
        new = max(old + step[resource] * (taken - capacity[resource]), 0.0)
        total += (new - old) ** 2 / step[resource]
        prices[resource] = share * (new + new - old) + (1 - share) * anchor[resource]
    return total


@numba.njit(nogil=True, fastmath=True, cache=True)
def _moved(panel: Panel, state: State) -> tuple[float, float]:
    """How far flows and levels are from their anchors, squared, by their steps."""
    primal, dual = 0.0, 0.0
    for arc in range(state.flow.shape[0]):
        step = panel.step[panel.kind[arc]]
        part = state.flow.dtype.type(0)
        for k in range(state.flow.shape[1]):
            part += (state.flow[arc, k] - state.flow_anchor[arc, k]) ** 2 / step[k]
        primal += part
    for node in range(state.level.shape[0]):
        if panel.node_step[node] > 0:
            part = state.level.dtype.type(0)
            for k in range(state.level.shape[1]):
                part += (state.level[node, k] - state.level_anchor[node, k]) ** 2
            dual += part / panel.node_step[node]
    return primal, dual
