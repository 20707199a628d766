"""The flow that a problem is given, with its proof; canonical where capacities do not bind."""

import os
from collections.abc import Callable

import numpy as np

from ontology.errors import SolverError
from solver.coupled.solve import WORK_LIMIT, solve_coupled
from solver.engine.flow import Solution, solve
from solver.engine.leftover import settled_apart
from solver.engine.parts import components
from solver.engine.potentials import canonical_potentials
from solver.engine.shared import Proved, used
from solver.engine.ties import canonical_flow
from solver.model.carry_labels import CarryLabels
from solver.model.completion import complete
from solver.model.problem import Problem
from solver.network.columns import IntArray, Network
from solver.proof.claims import SharedResources


def proved_flow(
    problem: Problem, start_prices: IntArray | None = None, *, target_per_million: int = 1_000,
    work_limit: int = WORK_LIMIT, engine: Callable[[Network], Solution] = solve,
) -> Proved:  # fmt: skip
    """A problem's flow, and the potentials and prices that bound its cost.

    Where every item can have its cheapest flow, that is the canonical one, and prices are 0. Else
    items pay prices for what they share (`coupled`), from `start_prices` on; in the flow that is
    found no item could do better with what the others leave. What comes in loads and lots is
    branched over (`integral`). `engine` is how a network is solved,
    and no input of the plan.

    Raises SolverError `NO_PLAN` where there is no flow, and as `flow.solve` and `solve_coupled`.
    """
    network, shared = problem.network, problem.shared
    solution = engine(network)
    if solution.status != "optimal":
        raise SolverError(
            f"the planning problem is {solution.status}", code="NO_PLAN",
            hint="doing nothing is always possible: please report this with the snapshot",
        )  # fmt: skip
    potentials = canonical_potentials(network, solution.flow, solution.potentials)
    flow = canonical_flow(network, solution.flow, potentials, problem.arc_hash)
    if shared is None:
        return Proved(flow, potentials)
    if shared.whole is not None:
        # imported here: few problems have loads or lots
        from solver.integral.flow import whole_flow

        return whole_flow(
            problem, shared, Proved(flow, potentials), start_prices,
            target_per_million=target_per_million, work_limit=work_limit,
        )  # fmt: skip
    if np.all(used(shared, flow) <= shared.capacity):
        return Proved(flow, potentials, np.zeros_like(shared.capacity))
    alone = Solution("optimal", flow, solution.objective, potentials)
    return _shared_flow(problem, shared, alone, start_prices, target_per_million, work_limit)


def _shared_flow(
    problem: Problem, shared: SharedResources, alone: Solution, start_prices: IntArray | None,
    target_per_million: int, work_limit: int,
) -> Proved:  # fmt: skip
    network = problem.network
    first = components(network.node_count, network.tail, network.head)
    blocks = np.unique(first, return_inverse=True)[1].reshape(-1)
    found = solve_coupled(
        network, blocks, shared, target_per_million=target_per_million, work_limit=work_limit,
        start_prices=start_prices, alone=alone, threads=os.cpu_count() or 1,
    )  # fmt: skip
    if found.stop == "infeasible":
        raise SolverError(
            "no plan keeps within the capacities that lines share", code="NO_PLAN",
            hint="take back edits that ask for more than there is",
        )  # fmt: skip
    flow = found.flow
    labels = problem.labels
    if not len(flow) and isinstance(labels, CarryLabels):
        # doing nothing fits by construction: from there on items improve in turn
        flow = complete(problem, labels, np.zeros(len(problem.movements), np.int64))
    settled = settled_apart(network, shared, flow, alone.flow, problem.arc_hash)
    return Proved(settled, found.potentials, found.prices, rounded=found.rounded)
