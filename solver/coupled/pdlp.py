"""A second way to prices of shared capacity: the whole linear program in OR-Tools' PDLP."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from ontology.errors import SolverError
from solver.coupled.items import FloatArray
from solver.network.columns import IntArray, Network
from solver.network.ranges import AnyArray
from solver.proof.claims import SharedResources


@dataclass(frozen=True)
class LinearAnswer:
    """A fractional flow, slightly off balance, its cost, prices >= 0, and processor seconds.

    `seconds` are those of the solver alone, without building the program. Nothing is proved:
    `certificate.measure` at whole prices tells what they are worth.
    """

    flow: FloatArray
    prices: FloatArray
    objective: float
    seconds: float


def linear_answer(
    network: Network, shared: SharedResources, tolerance: float = 1e-4, threads: int = 1
) -> LinearAnswer:
    """Minimise cost . flow with every balance and shared capacity a row (PDLP, Applegate 2021).

    `tolerance` is relative, of feasibility and of the gap. Raises SolverError `ENGINE_REFUSED`
    where PDLP does not end with an optimum.
    """
    from ortools.pdlp import solve_log_pb2, solvers_pb2
    from ortools.pdlp.python import pdlp

    program = pdlp.qp_from_mpmodel_proto(_program(network, shared), relax_integer_variables=True)
    params: Any = solvers_pb2.PrimalDualHybridGradientParams()
    criteria = params.termination_criteria.simple_optimality_criteria
    criteria.eps_optimal_relative, criteria.eps_optimal_absolute = tolerance, tolerance
    params.num_threads = threads
    started = time.process_time()
    found = pdlp.primal_dual_hybrid_gradient(program, params)
    seconds = time.process_time() - started
    reason = found.solve_log.termination_reason
    if reason != solve_log_pb2.TERMINATION_REASON_OPTIMAL:
        raise SolverError(f"PDLP ended with reason {reason}", code="ENGINE_REFUSED")
    flow = np.asarray(found.primal_solution)
    prices = np.maximum(0, -np.asarray(found.dual_solution)[network.node_count :])
    return LinearAnswer(flow, prices, float(network.cost @ flow), seconds)


def _program(network: Network, shared: SharedResources) -> Any:
    """The linear program as the message that OR-Tools reads."""
    from ortools.linear_solver import linear_solver_pb2

    model: Any = linear_solver_pb2.MPModelProto()
    columns = (network.lower, network.capacity, network.cost)
    for lower, upper, cost in zip(*(column.tolist() for column in columns), strict=True):
        model.variable.add(lower_bound=lower, upper_bound=upper, objective_coefficient=cost)
    arcs = np.arange(network.arc_count)
    ends = np.concatenate([network.tail, network.head])
    signs = np.repeat([1, -1], network.arc_count)
    lows = highs = network.supply.astype(np.float64)
    _add_rows(model, ends, np.concatenate([arcs, arcs]), signs, (lows, highs))
    highs = shared.capacity.astype(np.float64)
    _add_rows(model, shared.resource, shared.arc, shared.use, (np.full(len(highs), -np.inf), highs))
    return model


def _add_rows(
    model: Any, row: IntArray, arc: IntArray, factor: AnyArray, limits: tuple[AnyArray, AnyArray]
) -> None:
    """One row of the program per limit; factors of one arc in one row are added up."""
    order = np.lexsort((arc, row))
    row, arc, factor = row[order], arc[order], factor[order].astype(np.float64)
    fresh = np.ones(len(row), np.bool_)
    fresh[1:] = (row[1:] != row[:-1]) | (arc[1:] != arc[:-1])
    first = np.flatnonzero(fresh)
    factor = np.add.reduceat(factor, first) if len(first) else factor
    starts = np.searchsorted(row[first], np.arange(len(limits[0]) + 1)).tolist()
    arcs, factors = arc[first].tolist(), factor.tolist()
    lows, highs = (limit.tolist() for limit in limits)
    for place, (low, high) in enumerate(zip(lows, highs, strict=True)):
        own = slice(starts[place], starts[place + 1])
        model.constraint.add(
            lower_bound=low, upper_bound=high, var_index=arcs[own], coefficient=factors[own]
        )
