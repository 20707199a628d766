"""The linear programme over known flows of parts: prices of what they share, and mixes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ontology.errors import SolverError
from solver.integral_parts import Answer, Bounds, Part
from solver.network import IntArray

FloatArray = npt.NDArray[np.float64]

SMALL_SHARE = 1e-9
"""Shares up to this are rounding."""


@dataclass(frozen=True)
class Steps:
    """What a unit of each resource comes in within some branch: size, cost, least and most."""

    size: IntArray
    cost: IntArray
    least: IntArray
    most: IntArray


@dataclass(frozen=True)
class Mix:
    """The best mix of known flows: its cost and prices, and of each part the flows with shares.

    `used` is per resource; `excess` is more than 0 where the known flows do not fit at all.
    """

    cost: float
    prices: FloatArray
    shares: list[list[tuple[float, Answer]]]
    used: FloatArray
    excess: float

    def units(self, parts: Sequence[Part]) -> list[FloatArray]:
        """Units on the arcs of each part."""
        found = []
        for part, own in zip(parts, self.shares, strict=True):
            units = np.zeros(len(part.arcs), np.float64)
            for share, answer in own:
                units += share * answer.flow
            found.append(units)
        return found


class Master:
    """The cheapest mix of known flows, one per part, within what the steps give.

    Dantzig and Wolfe (1960), the master programme, by OR-Tools' GLOP: one row per part (its shares
    add up to 1) and per resource. It grows by `add`, and starts from where it ended before: equal
    calls in equal order give equal answers. Costs are taken relative to each part's first flow
    and divided by one factor, so that tolerances mean the same on every chain.
    """

    def __init__(self, parts: Sequence[Part], steps: Steps, spread: int) -> None:
        """`spread` is about how much plans differ in cost."""
        from ortools.linear_solver import pywraplp

        made: Any = pywraplp.Solver
        self._solver = made.CreateSolver("GLOP")
        self._optimal = made.OPTIMAL
        self._parts, self._scale = parts, max(1, spread) / 1_000
        goal = self._goal = self._solver.Objective()
        goal.SetMinimization()
        endless = self._solver.infinity()
        self._rows = [self._solver.Constraint(-endless, 0) for _ in steps.size]
        self._ones = [self._solver.Constraint(1, 1) for _ in parts]
        self._base: list[int | None] = [None] * len(parts)
        self._known: list[dict[tuple[int, bytes], tuple[Answer, Any]]] = [{} for _ in parts]
        self._bought, self._over = [], []
        for row, size, cost in zip(self._rows, steps.size.tolist(), steps.cost.tolist(),
                                   strict=True):  # fmt: skip
            bought, over = self._solver.NumVar(0, endless, ""), self._solver.NumVar(0, endless, "")
            goal.SetCoefficient(bought, cost / self._scale)
            row.SetCoefficient(bought, -float(size))
            row.SetCoefficient(over, -1)
            self._bought.append(bought)
            self._over.append(over)

    def add(self, number: int, answer: Answer) -> bool:
        """Know another flow of a part; False where it was known."""
        known, key = self._known[number], answer.key
        if key in known:
            return False
        base = self._base[number]
        if base is None:
            base = self._base[number] = answer.cost
        share = self._solver.NumVar(0, 1, "")
        self._ones[number].SetCoefficient(share, 1)
        self._goal.SetCoefficient(share, (answer.cost - base) / self._scale)
        resources = self._parts[number].resources.tolist()
        for resource, taken in zip(resources, answer.used.tolist(), strict=True):
            if taken:
                self._rows[resource].SetCoefficient(share, float(taken))
        known[key] = answer, share
        return True

    def least_cost(self) -> int:
        """The cheapest known flow of each part, all together."""
        return sum(min((a.cost for a, _ in own.values()), default=0) for own in self._known)

    def mixed(self, steps: Steps, bounds: Sequence[Bounds], ceiling: IntArray) -> Mix:
        """The best mix within bounds of arcs and steps.

        `ceiling` is the price at which more of a resource than there is can be had. Raises
        SolverError `ENGINE_REFUSED`.
        """
        for bought, least, most in zip(self._bought, steps.least.tolist(), steps.most.tolist(),
                                       strict=True):  # fmt: skip
            bought.SetBounds(float(least), float(most))
        for over, price in zip(self._over, ceiling.tolist(), strict=True):
            self._goal.SetCoefficient(over, price / self._scale)
        for own, known in zip(bounds, self._known, strict=True):
            for answer, share in known.values():
                share.SetUb(1.0 if _within(answer, own) else 0.0)
        if self._solver.Solve() != self._optimal:
            raise SolverError("the programme of known flows was not solved", code="ENGINE_REFUSED")
        shares = [
            [(value, answer) for answer, share in known.values()
             if (value := share.solution_value()) > SMALL_SHARE]
            for known in self._known
        ]  # fmt: skip
        used = np.zeros(len(self._rows))
        for part, mine in zip(self._parts, shares, strict=True):
            for value, answer in mine:
                used[part.resources] += value * answer.used
        prices = np.array([max(0.0, -row.dual_value() * self._scale) for row in self._rows])
        excess = sum(over.solution_value() for over in self._over)
        cost = self._goal.Value() * self._scale + sum(base or 0 for base in self._base)
        return Mix(cost, prices, shares, used, excess)


def _within(answer: Answer, bounds: Mapping[int, tuple[int, int]]) -> bool:
    return all(low <= answer.flow[arc] <= high for arc, (low, high) in bounds.items())
