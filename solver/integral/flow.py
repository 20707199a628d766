"""The flow of a problem in which loads and lots come whole, with the branches that bound it."""

import numpy as np

from solver.engine.leftover import settled_apart
from solver.engine.residual import is_feasible
from solver.engine.shared import Proved
from solver.integral.proof import drawn
from solver.integral.search import solve_whole
from solver.model.carry_labels import CarryLabels
from solver.model.completion import complete
from solver.model.problem import Problem
from solver.network.columns import IntArray
from solver.proof.branches import opened
from solver.proof.claims import SharedResources

FIRST_SHARE, AGAIN_SHARE = 4, 16
"""One part in so many of the work, counted in solves of items: of a first flow, of another."""


def whole_flow(
    problem: Problem, shared: SharedResources, free: Proved, start_prices: IntArray | None = None,
    *, target_per_million: int, work_limit: int,
) -> Proved:  # fmt: skip
    """The flow that `solve_whole` finds, once no item could do better with these lots and loads.

    `free` is the canonical flow where nothing is shared or whole, and what proves it. Where prices
    are known from a flow before, the bound is, too: less work will do. Raises SolverError
    `NO_PLAN`.
    """
    share = FIRST_SHARE if start_prices is None else AGAIN_SHARE
    search, found = solve_whole(
        problem.network, shared, free.flow, _idle(problem), start_prices,
        target_per_million=target_per_million, work_limit=max(1, work_limit // share),
    )  # fmt: skip
    levels, branches = drawn(search, found.root, found.bound, free.potentials)
    flow = _settled(problem, shared, found.flow, free.flow)
    return Proved(flow, levels, found.root.prices, branches)


def _settled(problem: Problem, shared: SharedResources, flow: IntArray, free: IntArray) -> IntArray:
    """A flow at most as dear, in which no item does better with the same lots and paid loads."""
    network, there = opened(problem.network, shared, flow)
    return settled_apart(network, there, flow, free, problem.arc_hash)


def _idle(problem: Problem) -> IntArray | None:
    """The flow of doing nothing, where that may be."""
    labels, network = problem.labels, problem.network
    if not isinstance(labels, CarryLabels):
        return None
    if network.node_count > len(labels.item_of_node):
        return None  # of a problem in which change is priced
    flow = complete(problem, labels, np.zeros(len(problem.movements), np.int64))
    bounds = (network.tail, network.head, network.lower, network.capacity, network.supply)
    return flow if is_feasible(*bounds, flow) else None
