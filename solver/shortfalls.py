"""The demand that a plan leaves open, each row with its kind: cannot, not worth it, or rule."""

from typing import Any

from solver.carry_labels import CarryLabels
from solver.cuts import unserved_orders
from solver.facts import numbered
from solver.network import IntArray
from solver.problem import Problem
from solver.unmet import expected_shortages


def shortfalls(problem: Problem, flow: IntArray, potentials: IntArray) -> list[dict[str, Any]]:
    """The shortfall rows of an optimal flow, in canonical order, numbered from 1.

    Orders: one row per unserved order (`unserved_orders`). Risk: one row per item, location and
    day with expected units owed (`expected_shortages`). `potentials` must prove the flow; any
    that do give the same rows. No solver is used.
    """
    labels = problem.labels
    if isinstance(labels, CarryLabels):
        return numbered(expected_shortages(problem, labels, flow, potentials))
    return numbered(unserved_orders(problem, labels, flow))
