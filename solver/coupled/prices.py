"""Prices of shared capacity by a restarted first-order method, written for items side by side."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from solver.coupled.items import FloatArray, Items
from solver.coupled.panels import Panel, panels_of
from solver.coupled.sweeps import (
    distance,
    move_levels,
    move_prices,
    sweep_plain,
    sweep_rows,
    sweep_single,
)
from solver.network.columns import IntArray
from solver.network.ranges import AnyArray

SUFFICIENT, NECESSARY, ARTIFICIAL = 0.2, 0.8, 0.2
"""Restart where the residual fell to the first, to the second and rose, or after that share of
all iterations (Applegate and others 2021)."""

LIGHTEST = 1 / 24
"""The weight never falls below this share of the first one: prices that start near their best
move little, which would leave flows unbalanced for long and their roundings poor."""

HEAVIEST = 1e6
"""Nor does it rise above this many times the first: prices of what cannot be met know no end."""

KIND = np.float32
"""Wider floats gained nothing on small hard cases, and take twice the time."""

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


@dataclass(frozen=True)
class Start:
    """Prices per resource, and flows and potentials of the items that are cheapest at them."""

    prices: AnyArray
    flow: AnyArray
    level: AnyArray


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
        start: Start,
        threads: int = 1,
    ) -> None:
        self.iterations = 0
        self._items, self._threads = items, threads
        self._set = panels_of(items, active, start.flow, KIND)
        self._panels = self._set.panels
        self._capacity = capacity / self._set.mean_use
        self._sorted = _rows_by_resource(self._panels, len(capacity))
        drawn = _drawn(self._panels, len(capacity))
        self._price_step = np.where(drawn > 0, 1 / np.maximum(drawn, 1e-9), 0.0)
        self._prices = np.zeros(len(capacity))
        self._states = [_at_rest(panel) for panel in self._panels]
        self._prices = np.where(drawn > 0, start.prices * self._set.mean_use, 0.0)
        self._begin(start)
        self._price_anchor = self._prices.copy()
        self._weight = _first_weight(self._panels, _mean_largest_cost(items, active))
        self._lightest, self._heaviest = LIGHTEST * self._weight, HEAVIEST * self._weight
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
        found = np.zeros(len(self._items.cost), KIND)
        for state, chunks in zip(self._states, self._set.chunks, strict=True):
            for chunk in chunks:
                for place, item in enumerate(chunk.items.tolist()):
                    own = self._items.of_arcs(item)
                    rows = slice(chunk.arc_start, chunk.arc_start + own.stop - own.start)
                    found[own] = state.flow[rows, place]
        return found

    def widened(self, items: Items, active: IntArray, capacity: IntArray) -> "FirstOrder":
        """The method where it stands, on items that have more resources: those cost nothing yet."""
        prices = np.zeros(len(capacity))
        prices[: len(self._prices)] = self.prices
        start = Start(prices, self.flow(), self._level())
        wider = FirstOrder(items, active, capacity, start, self._threads)
        wider.iterations, wider._weight = self.iterations, self._weight
        return wider

    def _level(self) -> AnyArray:
        """The potentials per node of the items (0 for those that are not active)."""
        found = np.zeros(len(self._items.supply), KIND)
        for state, chunks in zip(self._states, self._set.chunks, strict=True):
            for chunk in chunks:
                for place, item in enumerate(chunk.items.tolist()):
                    own = self._items.of_nodes(item)
                    lines = slice(chunk.node_start, chunk.node_start + own.stop - own.start)
                    found[own] = state.level[lines, place]
        return found

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
        numbers = np.array([share, 1 - share, STEP / self._weight, self._weight], KIND)
        now = self._prices.astype(KIND)

        def advance(place: int) -> float:
            return _advance(self._panels[place], self._states[place], now, numbers)

        places = range(len(self._panels))
        if self._threads > 1 and len(self._panels) > 1:
            residuals = list(pool.map(advance, places))
        else:
            residuals = [advance(place) for place in places]
        row_use = np.concatenate([state.row_use for state in self._states])
        moved = move_prices(
            self._prices, self._price_anchor, row_use, *self._sorted, self._capacity,
            self._price_step * self._weight, share,
        )  # fmt: skip
        self._since += 1
        self.iterations += 1
        residual = float(moved) + sum(residuals)
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
            node_step = panel.node_step[:, None] * np.ones((1, state.level.shape[1]), KIND)
            nodes = np.arange(len(node_step))
            moved += (
                distance(state.flow, state.flow_anchor, panel.kind, panel.step),
                distance(state.level, state.level_anchor, nodes, node_step),
            )
        primal, dual = np.sqrt(moved)
        if primal > 1e-9 and dual > 1e-9:
            weight = float(np.sqrt(self._weight * dual / primal))
            self._weight = min(max(weight, self._lightest), self._heaviest)


def _at_rest(panel: Panel) -> State:
    flows, levels = np.zeros_like(panel.cost), np.zeros_like(panel.supply)
    return State(
        flows, flows.copy(), levels, levels.copy(), levels.copy(), np.zeros(len(panel.resource)),
    )  # fmt: skip


def _mean_largest_cost(items: Items, active: IntArray) -> float:
    own = map(items.of_arcs, active.tolist())
    return float(np.mean([items.cost[arcs].max(initial=0) for arcs in own]))


def _first_weight(panels: Sequence[Panel], largest_cost: float) -> float:
    """Twice the mean over items of their largest cost, by the mean supply that is not 0."""
    asked = [np.abs(panel.supply[panel.node_step > 0]) for panel in panels]
    total = sum(float(column.sum(dtype=np.float64)) for column in asked)
    count = sum(int(np.count_nonzero(column)) for column in asked)
    if total <= 0 or largest_cost <= 0:
        return 1.0
    return 2 * largest_cost / (total / count)


def _drawn(panels: Sequence[Panel], resources: int) -> FloatArray:
    """What one unit on every arc would take of each resource."""
    total = np.zeros(resources)
    for panel in panels:
        weight = panel.weight.sum(1, dtype=np.float64)[panel.line]
        np.add.at(total, panel.resource, panel.unit * weight)
    return total


def _rows_by_resource(panels: Sequence[Panel], resources: int) -> tuple[IntArray, IntArray]:
    """All rows of all panels, in order of their resource and then of panels."""
    resource = np.concatenate([*(panel.resource for panel in panels), np.zeros(0, np.int32)])
    order = np.argsort(resource, kind="stable")
    return np.searchsorted(resource[order], np.arange(resources + 1)), order


def _advance(panel: Panel, state: State, prices: AnyArray, numbers: AnyArray) -> float:
    """One step of a panel; the residual that it adds."""
    sweep = sweep_rows
    if panel.cost.shape[1] == 1:
        sweep = sweep_single
    elif len(panel.resource) == 0 or np.diff(panel.first_row).max() < 2:
        sweep = sweep_plain
    moved = sweep(
        state.flow, state.flow_anchor, state.level, state.outflow, state.row_use, panel.tail,
        panel.head, panel.first_row, panel.resource, panel.unit, panel.weight, panel.line,
        panel.kind, panel.step, panel.inverse_step, panel.cost, panel.span, prices, numbers,
    )  # fmt: skip
    return float(moved) + float(move_levels(
        state.level, state.level_anchor, state.outflow, panel.supply, panel.node_step, numbers
    ))  # fmt: skip
