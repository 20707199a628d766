"""The linear programme over known flows of parts: prices of what they share, and mixes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ontology.errors import SolverError
from solver.integral.parts import Answer, Bounds, Part
from solver.network.columns import IntArray

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

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

    `used` is per resource: more than there is where the known flows do not fit at all.
    """

    cost: float
    prices: FloatArray
    shares: list[list[tuple[float, Answer]]]
    used: FloatArray

    def units(self, parts: Sequence[Part]) -> list[FloatArray]:
        """Units on the arcs of each part."""
        found = []
        for part, own in zip(parts, self.shares, strict=True):
            units = np.zeros(len(part.arcs), np.float64)
            for share, answer in own:
                units += share * answer.flow
            found.append(units)
        return found


@dataclass
class _Known:
    """The known flows of a part, the variable of each one's share, and which may have one."""

    keys: set[tuple[int, bytes]] = field(default_factory=set)
    answers: list[Answer] = field(default_factory=list)
    shares: list[Any] = field(default_factory=list)
    open: BoolArray = field(default_factory=lambda: np.zeros(0, np.bool_))
    _flows: IntArray = field(default_factory=lambda: np.zeros((0, 0), np.int64))

    def keep_within(self, bounds: Bounds) -> None:
        """Let flows within bounds of arcs have a share, and no others."""
        fresh = [answer.flow for answer in self.answers[len(self._flows) :]]
        if fresh:
            self.open = np.append(self.open, np.ones(len(fresh), np.bool_))
            self._flows = np.concatenate([self._flows.reshape(-1, len(fresh[0])), fresh])
        is_open = np.ones(len(self.open), np.bool_)
        for arc, (low, high) in bounds.items():
            is_open &= (low <= self._flows[:, arc]) & (self._flows[:, arc] <= high)
        for row in np.flatnonzero(is_open != self.open).tolist():
            self.shares[row].SetUb(float(is_open[row]))
        self.open = is_open


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
        self._known = [_Known() for _ in parts]
        self._bought, self._over = [], []
        self._told = np.full((3, len(steps.size)), -1, np.int64)  # least, most, ceiling
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
        if key in known.keys:
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
        known.keys.add(key)
        known.answers.append(answer)
        known.shares.append(share)
        return True

    def least_cost(self) -> int:
        """The cheapest known flow of each part, all together."""
        return sum(min((a.cost for a in own.answers), default=0) for own in self._known)

    def mixed(self, steps: Steps, bounds: Sequence[Bounds], ceiling: IntArray) -> Mix:
        """The best mix within bounds of arcs and steps.

        `ceiling` is the price at which more of a resource than there is can be had. Raises
        SolverError `ENGINE_REFUSED`.
        """
        bounds_now = np.stack([steps.least, steps.most, ceiling])
        told, self._told = self._told, bounds_now
        for row in np.flatnonzero((told[:2] != bounds_now[:2]).any(axis=0)).tolist():
            self._bought[row].SetBounds(float(steps.least[row]), float(steps.most[row]))
        for row in np.flatnonzero(told[2] != ceiling).tolist():
            self._goal.SetCoefficient(self._over[row], int(ceiling[row]) / self._scale)
        for own, known in zip(bounds, self._known, strict=True):
            known.keep_within(own)
        if self._solver.Solve() != self._optimal:
            raise SolverError("the programme of known flows was not solved", code="ENGINE_REFUSED")
        shares = [
            [(value, known.answers[row]) for row in np.flatnonzero(known.open).tolist()
             if (value := known.shares[row].solution_value()) > SMALL_SHARE]
            for known in self._known
        ]  # fmt: skip
        used = np.zeros(len(self._rows))
        for part, mine in zip(self._parts, shares, strict=True):
            for value, answer in mine:
                used[part.resources] += value * answer.used
        prices = np.array([max(0.0, -row.dual_value() * self._scale) for row in self._rows])
        cost = self._goal.Value() * self._scale + sum(base or 0 for base in self._base)
        return Mix(cost, prices, shares, used)
