"""The cheapest feasible flow of a network: one function, whichever engine computes it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ontology.errors import SolverError
from solver.engine.engines import (
    SIMPLEX_NODES,
    Engine,
    chosen,
    flow_by,
    refuse_beyond,
    simplex_for_all,
)
from solver.network.columns import IntArray, Network
from solver.network.ranges import (
    EngineColumns,
    Found,
    check_columns,
    engine_columns,
    exact_dot,
    exact_sum,
)

Status = Literal["optimal", "infeasible", "unbalanced"]


@dataclass(frozen=True)
class Solution:
    """A flow per arc (int64) and its exact cost; no flow and no objective unless optimal.

    `potentials` are the engine's own where it has some, the greatest of each component 0: not
    canonical and not proved, but they make `canonical_potentials` several times faster.
    """

    status: Status
    flow: IntArray
    objective: int | None
    potentials: IntArray | None = None


def solve(
    network: Network, engine: Engine | None = None, first: IntArray | None = None
) -> Solution:
    """A flow of least cost, lower <= flow <= capacity, balanced at every node.

    `unbalanced`: supplies do not sum to 0; `infeasible`: no flow exists. What no arc joins is
    solved apart (`parts`). A written rule picks the engine (`engines`) unless one is named. Which
    of several cheapest flows comes back depends on the engine and the order of the rows: see
    `ties`. The flow is checked for balance and bounds here; that it is the cheapest is for
    `potentials` and `certificate` to prove.

    `first` may say what is known to hang apart: per node the first node of its own part, which
    may be several components.

    Raises SolverError: `NETWORK_MALFORMED`, `FLOW_RANGE`, `COST_RANGE`, `NETWORK_TOO_LARGE`
    before the engine is called, `ENGINE_REFUSED` or `ENGINE_WRONG` after it.
    """
    # imported here: whoever only looks at flows should not load what compiles itself
    from solver.engine.parts import components, lowered, parts_of

    check_columns(network)
    if exact_sum(network.supply) != 0:
        return without_flow("unbalanced")
    if np.any(network.lower > network.capacity):
        return without_flow("infeasible")
    columns = engine_columns(network)
    if first is None or not isinstance(columns.rows, slice):  # without some arcs more is apart
        first = components(network.node_count, columns.tail, columns.head)
    settled = engine is None and simplex_for_all(columns)
    moved = np.empty(len(columns.cost), np.int64)
    potentials: IntArray | None = np.empty(network.node_count, np.int64)
    for part in parts_of(columns, first):
        own = part.columns
        if settled and len(own.supply) <= SIMPLEX_NODES:
            found = None if own.supply.sum() else flow_by("network_simplex", own)
        else:
            found = _part_flow(own, engine)
        if found is None:
            return without_flow("infeasible")
        moved[part.arcs] = found.flow
        if potentials is not None and found.potentials is not None:
            potentials[part.nodes] = found.potentials
        else:
            potentials = None
    if potentials is not None:
        potentials = lowered(first, potentials)
    return solution_of(network, columns, moved, potentials)


def solution_of(
    network: Network, columns: EngineColumns, moved: IntArray, potentials: IntArray | None
) -> Solution:
    """The flow of a network from an engine's on its columns. Raises SolverError `ENGINE_WRONG`."""
    from solver.engine.residual import is_feasible

    flow = columns.fixed
    flow[columns.rows] += moved
    bounds = (network.lower, network.capacity)
    if not is_feasible(network.tail, network.head, *bounds, network.supply, flow):
        raise SolverError("the engine returned a flow that is not feasible", code="ENGINE_WRONG")
    return Solution("optimal", flow, exact_dot(network.cost, flow), potentials)


def without_flow(status: Status) -> Solution:
    """The answer where there is no flow."""
    return Solution(status, np.zeros(0, np.int64), None)


def unmet(network: Network, flow: IntArray) -> IntArray:
    """Per node, supply minus what leaves plus what enters: 0 everywhere in a feasible flow."""
    rest = network.supply.copy()
    np.subtract.at(rest, network.tail, flow)
    np.add.at(rest, network.head, flow)
    return rest


def _part_flow(columns: EngineColumns, engine: Engine | None) -> Found | None:
    """A cheapest flow of one part, None where there is none."""
    if exact_sum(columns.supply) != 0:
        return None
    if engine is None:
        engine = chosen(columns)
    else:
        refuse_beyond(engine, columns)
    return flow_by(engine, columns)
