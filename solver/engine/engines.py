"""The two engines, each called through one function, and the written rule that picks one."""

from typing import Any, Literal

import numpy as np

from ontology.errors import SolverError
from solver.network.ranges import (
    ARC_LIMIT,
    EngineColumns,
    Found,
    absolute_sum,
    cost_limit,
    magnitude,
)

Engine = Literal["cost_scaling", "network_simplex"]
ENGINES: tuple[Engine, Engine] = ("cost_scaling", "network_simplex")

SIMPLEX_NODES = 50_000
"""Up to so many nodes network simplex was faster on every family that was measured."""

SIMPLEX_ENDS = 0.25
"""Above that it is faster where at least this share of the nodes has supply: units go short ways
there. Where few nodes have any, a pivot moves whole subtrees, and cost scaling wins."""

SIMPLEX_UNITS = 2**61
"""Most units that supplies and arcs of negative cost may bring into network simplex."""


def chosen(columns: EngineColumns) -> Engine:
    """The engine for these columns (docs/decisions/0012): cost scaling where in doubt.

    Network simplex where it is known to be faster, or where costs are beyond cost scaling.
    Raises SolverError `COST_RANGE` where costs are beyond both.
    """
    refuse_large(columns)
    nodes, largest = len(columns.supply), magnitude(columns.cost)
    if largest > cost_limit("network_simplex", nodes):
        raise _beyond(largest, nodes)
    if not _fits_simplex(columns):
        refuse_beyond("cost_scaling", columns)
        return "cost_scaling"
    if largest > cost_limit("cost_scaling", nodes) or nodes <= SIMPLEX_NODES:
        return "network_simplex"
    many = np.count_nonzero(columns.supply) >= SIMPLEX_ENDS * nodes
    return "network_simplex" if many else "cost_scaling"


def simplex_for_all(columns: EngineColumns) -> bool:
    """Whether `chosen` would say network simplex for any part of up to SIMPLEX_NODES nodes.

    What holds for the whole holds for its parts: fewer nodes, no larger costs, no more units.
    """
    nodes = len(columns.supply)
    small = 2 * nodes + len(columns.cost) <= ARC_LIMIT
    least = cost_limit("network_simplex", nodes)
    return small and magnitude(columns.cost) <= least and _fits_simplex(columns)


def refuse_large(columns: EngineColumns) -> None:
    """Raises SolverError `NETWORK_TOO_LARGE` for what no engine is given at once (ARC_LIMIT)."""
    if 2 * len(columns.supply) + len(columns.cost) > ARC_LIMIT:
        raise SolverError(
            f"a connected part of the network has more than {ARC_LIMIT} arcs and nodes",
            code="NETWORK_TOO_LARGE",
            hint="split the network",
        )


def refuse_beyond(engine: Engine, columns: EngineColumns) -> None:
    """Raises SolverError `COST_RANGE` or `FLOW_RANGE` for what the engine cannot hold."""
    refuse_large(columns)
    nodes, largest = len(columns.supply), magnitude(columns.cost)
    if largest > cost_limit(engine, nodes):
        raise _beyond(largest, nodes)
    if engine == "network_simplex" and not _fits_simplex(columns):
        raise SolverError("more than 2^61 units could move", code="FLOW_RANGE")


def flow_by(engine: Engine, columns: EngineColumns) -> Found | None:
    """A flow of least cost by the named engine, None where there is none."""
    if not columns.supply.any() and columns.cost.min(initial=0) >= 0:
        return Found(np.zeros(len(columns.cost), np.int64), None)
    if not len(columns.cost):
        return None
    return _cost_scaling(columns) if engine == "cost_scaling" else _network_simplex(columns)


def _cost_scaling(columns: EngineColumns) -> Found | None:
    """OR-Tools' SimpleMinCostFlow: push-relabel with cost scaling (Goldberg 1997)."""
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
    return Found(np.asarray(engine.flows(arcs), np.int64), None)


def _network_simplex(columns: EngineColumns) -> Found | None:
    """LEMON's network simplex (package `pylmcf`), cold."""
    from solver.engine.simplex import Simplex

    return Simplex(columns).solve()


def _fits_simplex(columns: EngineColumns) -> bool:
    units = absolute_sum(columns.supply)
    if columns.cost.min(initial=0) < 0:
        units += 2 * absolute_sum(columns.span[columns.cost < 0])
    return units < SIMPLEX_UNITS


def _beyond(largest: int, nodes: int) -> SolverError:
    return SolverError(
        f"a unit cost of `{largest}` is too large for {nodes} nodes",
        code="COST_RANGE",
        hint="use coarser units or split the network",
    )
