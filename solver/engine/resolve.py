"""Solving the same network again with other numbers, from where the last solve ended."""

import numpy as np

from solver.engine.basis import Basis
from solver.engine.engines import refuse_beyond
from solver.engine.flow import Solution, solution_of, solve, without_flow
from solver.engine.parts import components, lowered
from solver.engine.simplex import Simplex
from solver.network.columns import Network
from solver.network.ranges import EngineColumns, Found, check_columns, engine_columns, exact_sum


class Warm:
    """One network that is solved again and again as costs, capacities and supplies change.

    Holds network simplex with its last basis (about 130 bytes per arc), and for changes of costs
    alone a tree of arcs (`basis`, 50). How a flow was found is no input of a plan: the canonical
    flow and potentials are those of a cold solve.
    """

    def __init__(self) -> None:
        self._simplex: Simplex | None = None
        self._basis: Basis | None = None
        self._first = np.zeros(0, np.int64)

    def solve(self, network: Network) -> Solution:
        """As `flow.solve` with network simplex; warm where arcs and signs of costs are as before.

        Where only costs differ, compiled pivots go on from the tree; else the engine does.
        Raises SolverError as `flow.solve`.
        """
        check_columns(network)
        if exact_sum(network.supply) != 0:
            return without_flow("unbalanced")
        if np.any(network.lower > network.capacity):
            return without_flow("infeasible")
        columns = engine_columns(network)
        refuse_beyond("network_simplex", columns)
        if not len(columns.cost):
            return solve(network)
        found = None if self._basis is None else self._basis.at(columns)
        if found is None:
            found = self._by_simplex(network.node_count, columns)
        if found is None:
            self._simplex = self._basis = None
            return solve(network)  # a basis of what has no flow is no start, and no proof
        known = None if found.potentials is None else lowered(self._first, found.potentials)
        return solution_of(network, columns, found.flow, known)

    def _by_simplex(self, node_count: int, columns: EngineColumns) -> Found | None:
        """The engine's answer, and a basis made of it."""
        held = self._simplex
        anew = held is None or not held.change(columns)
        if held is None or anew:
            held = self._simplex = Simplex(columns)
            self._first = components(node_count, columns.tail, columns.head)
        found = held.solve()
        if found is None:
            return None
        if self._basis is None or anew:
            self._basis = Basis(columns, found)
        else:
            self._basis.set_out_from(columns, found)
        return found
