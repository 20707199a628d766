"""The answers of problems that were solved before, for whoever asks for many plans at once."""

import hashlib
from collections.abc import Callable
from dataclasses import fields

import numpy as np

from solver.engine.shared import Proved
from solver.model.carry_labels import CarryLabels
from solver.model.completion import complete
from solver.model.problem import Problem
from solver.network.columns import IntArray

Solve = Callable[..., Proved]


class Answers:
    """Gives the answer to a problem again where all that it depends on was there before.

    That is the network, the hashes of its arcs, what they share, the flow of doing nothing, start
    prices, and how much to work: the answer is a function of these, so nothing changes but the
    time that it takes.
    """

    def __init__(self) -> None:
        self._known: dict[str, Proved] = {}

    def of(self, solve: Solve, target_per_million: int, work_limit: int) -> Solve:
        """`solve` with this target and limit, but for what is known."""

        def answered(problem: Problem, start_prices: IntArray | None = None) -> Proved:
            key = _key(problem, start_prices, target_per_million, work_limit)
            if key not in self._known:
                self._known[key] = solve(
                    problem, start_prices, target_per_million=target_per_million,
                    work_limit=work_limit,
                )  # fmt: skip
            return self._known[key]

        return answered


def _key(problem: Problem, start_prices: IntArray | None, target: int, limit: int) -> str:
    state = hashlib.sha256(f"{problem.network.digest} {target} {limit}\n".encode())
    columns = {"hash": problem.arc_hash, "start": start_prices}
    labels, shared = problem.labels, problem.shared
    if shared is not None:
        columns |= {f.name: getattr(shared, f.name) for f in fields(shared) if f.name != "whole"}
        if shared.whole is not None:
            columns |= {f.name: getattr(shared.whole, f.name) for f in fields(shared.whole)}
    if isinstance(labels, CarryLabels) and problem.network.node_count <= len(labels.item_of_node):
        columns["idle"] = complete(problem, labels, np.zeros(len(problem.movements), np.int64))
    for name, column in columns.items():
        if column is not None:
            state.update(f"{name} {len(column)}\n".encode())
            state.update(np.ascontiguousarray(column).data)
    return state.hexdigest()
