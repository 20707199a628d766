"""The demand that a plan leaves open, each row with its kind: cannot, not worth it, or rule."""

from typing import Any

from solver.explain.breaches import service_breaches
from solver.explain.cuts import unserved_orders
from solver.explain.unmet import expected_shortages
from solver.model.carry_labels import CarryLabels
from solver.model.demand import QuantileDemand
from solver.model.echelon import DEFAULT_SERVICE_PERCENT
from solver.model.problem import Problem
from solver.network.columns import IntArray
from solver.network.facts import numbered


def shortfalls(
    problem: Problem,
    flow: IntArray,
    potentials: IntArray,
    service_percent: int = DEFAULT_SERVICE_PERCENT,
) -> list[dict[str, Any]]:
    """The shortfall rows of an optimal flow, in canonical order, numbered from 1.

    Orders: one row per unserved order (`unserved_orders`). Stated demand: one row per item,
    location and day with expected units owed (`expected_shortages`). Forecast demand: one row per
    item and location below its service level (`service_breaches`; `service_percent` where no
    policy states one). `potentials` must prove the flow. No solver is used.
    """
    labels = problem.labels
    if isinstance(labels, CarryLabels):
        demand = labels.curves
        if isinstance(demand, QuantileDemand):
            return numbered(service_breaches(
                problem, labels, demand, flow, potentials, service_percent
            ))  # fmt: skip
        return numbered(expected_shortages(problem, labels, flow, potentials))
    return numbered(unserved_orders(problem, labels, flow))
