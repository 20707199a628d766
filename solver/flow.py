"""The cheapest feasible flow of a network: one function, whichever engine computes it."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ontology.errors import SolverError
from solver.network import IntArray, Network
from solver.ranges import EngineColumns, check_columns, engine_columns, exact_dot, exact_sum

Status = Literal["optimal", "infeasible", "unbalanced"]


@dataclass(frozen=True)
class Solution:
    """A flow per arc (int64) and its exact cost; no flow and no objective unless optimal."""

    status: Status
    flow: IntArray
    objective: int | None


def solve(network: Network) -> Solution:
    """A flow of least cost, lower <= flow <= capacity, balanced at every node.

    `unbalanced`: supplies do not sum to 0; `infeasible`: no flow exists. What no arc joins is
    solved apart (`parts`). Which of several cheapest flows comes back depends on the engine and
    the order of the rows: see `ties`. The flow is checked for balance and bounds here; that it is
    the cheapest is for `potentials` and `certificate` to prove.

    Raises SolverError: `NETWORK_MALFORMED`, `FLOW_RANGE`, `COST_RANGE`, `NETWORK_TOO_LARGE`
    before the engine is called, `ENGINE_REFUSED` or `ENGINE_WRONG` after it.
    """
    # imported here: whoever only looks at flows should not load what compiles itself
    from solver.parts import parts_of

    check_columns(network)
    if exact_sum(network.supply) != 0:
        return _without_flow("unbalanced")
    if np.any(network.lower > network.capacity):
        return _without_flow("infeasible")
    flow = np.zeros(network.arc_count, np.int64)
    for part in parts_of(network):
        found = _part_flow(part.network)
        if found is None:
            return _without_flow("infeasible")
        flow[part.rows] = found
    if np.any((flow < network.lower) | (flow > network.capacity)) or unmet(network, flow).any():
        raise SolverError("the engine returned a flow that is not feasible", code="ENGINE_WRONG")
    return Solution("optimal", flow, exact_dot(network.cost, flow))


def _part_flow(network: Network) -> IntArray | None:
    """A cheapest flow of one part, None where there is none."""
    if exact_sum(network.supply) != 0:
        return None
    columns = engine_columns(network)
    moved = _engine_flow(columns)
    if moved is None:
        return None
    flow = columns.fixed
    flow[columns.rows] += moved
    return flow


def unmet(network: Network, flow: IntArray) -> IntArray:
    """Per node, supply minus what leaves plus what enters: 0 everywhere in a feasible flow."""
    rest = network.supply.copy()
    np.subtract.at(rest, network.tail, flow)
    np.add.at(rest, network.head, flow)
    return rest


def _without_flow(status: Status) -> Solution:
    return Solution(status, np.zeros(0, np.int64), None)


def _engine_flow(columns: EngineColumns) -> IntArray | None:
    """OR-Tools' flow on the given arcs, None where there is none."""
    if not columns.supply.any() and not (columns.cost < 0).any():
        return np.zeros(len(columns.rows), np.int64)
    if not len(columns.rows):
        return None
    # Imported here so that whoever only reads networks and flows loads no engine.
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

    engine: Any = SimpleMinCostFlow()
    arcs = engine.add_arcs_with_capacity_and_unit_cost(
        columns.tail.astype(np.int32), columns.head.astype(np.int32), columns.span, columns.cost
    )
    nodes = np.flatnonzero(columns.supply)
    engine.set_nodes_supplies(nodes.astype(np.int32), columns.supply[nodes])
    status = engine.solve()
    if status == engine.INFEASIBLE:
        return None  # reading flows now would end the process
    if status != engine.OPTIMAL:
        raise SolverError(
            f"the engine refused the network: {status.name}",
            code="ENGINE_REFUSED",
            hint="use coarser units or split the network",
        )
    flows: npt.NDArray[np.int64] = np.asarray(engine.flows(arcs), np.int64)
    return flows
