"""One objective after another: what keeps the earlier ones at their best, without a solver."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ontology.errors import SolverError
from ontology.objectives import PER_MILLE, Weights
from solver.model.problem import Problem
from solver.network.columns import IntArray, Network
from solver.proof.certificate import certify
from solver.proof.claims import Claims


@dataclass(frozen=True)
class Stage:
    """A flow that is best for one objective, once those before it are, and what proves it."""

    objective: str
    flow: IntArray
    potentials: IntArray


def alone(weights: Weights, objective: str) -> Weights:
    """The same weights where one objective counts, and no other."""
    zero = replace(weights, service_per_mille=0, landed_per_mille=0, turnover_per_mille=0,
                   carbon_per_mille=0)  # fmt: skip
    return replace(zero, **{f"{objective}_per_mille": PER_MILLE})


def held(
    problem: Problem, stages: Sequence[Stage], network_under: Callable[[str], Network]
) -> Problem:
    """The problem with room only for flows that are best for every stage, in turn.

    `network_under` gives the same arcs at the cost of one objective. A flow is as cheap as one
    that potentials prove if and only if it lies at the lower bound of every arc of positive
    reduced cost and at the capacity of every one of negative (complementary slackness): so these
    bounds hold the objective at its optimum, exactly, with no weight that could overflow. Of the
    claims of each stage (`proved`) the gap is 0.

    Raises SolverError `STAGE_NOT_PROVED` for a stage whose potentials do not prove its flow.
    """
    network, claims = problem.network, list[Claims]()
    for stage in stages:
        costs = replace(network_under(stage.objective), lower=network.lower,
                        capacity=network.capacity)  # fmt: skip
        claims.append(_proved(costs, stage))
        network = _face(network, costs.cost, stage.potentials)
    if not stages:
        return problem
    every = np.arange(len(problem.movements))  # no filter closes what holds an objective
    return replace(problem, network=network, wanted=every, unheld=problem.network,
                   proved=tuple(claims))  # fmt: skip


def _proved(network: Network, stage: Stage) -> Claims:
    if len(stage.flow) == network.arc_count and len(stage.potentials) == network.node_count:
        found = certify(network, stage.flow, stage.potentials)
        if found.accepted and found.proved is not None and not found.proved.gap:
            return found.proved
    raise SolverError(f"the potentials do not prove the best of `{stage.objective}`",
                      code="STAGE_NOT_PROVED")  # fmt: skip


def _face(network: Network, cost: IntArray, potentials: IntArray) -> Network:
    """Bounds closed to where a proved flow of this cost can be."""
    wide = potentials.astype(object)
    reduced = cost + wide[network.tail] - wide[network.head]
    return replace(
        network,
        capacity=np.where(reduced > 0, network.lower, network.capacity),
        lower=np.where(reduced < 0, network.capacity, network.lower),
    )
