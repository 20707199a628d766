"""The one place where exact rationals become integer costs, and where their range is proved."""

from math import gcd

import numpy as np
import numpy.typing as npt

from ontology.errors import SolverError

IntArray = npt.NDArray[np.int64]
ExactArray = npt.NDArray[np.int64] | npt.NDArray[np.object_]

MICROS_PER_CENT = 10_000
"""A cost unit of the risk regime is one micro: cost_scale 10,000. Firm orders count whole cents."""

BILLIONTHS = 10**9
"""Micrograms in a kilogram, cubic millimetres in a cubic metre."""

SAFE_TOTAL = 2**62
"""No sum of cost x flow may pass this, so that adding two of them still fits an int64."""


def half_up(numerator: int, denominator: int) -> int:
    """The integer nearest to numerator / denominator (> 0); a half goes up, below zero too."""
    return (2 * numerator + denominator) // (2 * denominator)


def half_up_columns(numerators: ExactArray, denominator: int) -> IntArray:
    """`half_up` over a column, exact whatever its size.

    Raises SolverError `COST_RANGE` where a result does not fit an int64.
    """
    wide = numerators
    if largest(numerators) >= SAFE_TOTAL // 4 or denominator >= SAFE_TOTAL // 4:
        wide = numerators.astype(object)
    rounded = (2 * wide + denominator) // (2 * denominator)
    refuse_beyond(largest(rounded), SAFE_TOTAL)
    return rounded.astype(np.int64)


def exact_products(left: IntArray, right: IntArray) -> ExactArray:
    """Products with numpy's broadcasting, exact.

    int64 where max|left| x max|right| <= 2^62 proves that no product can wrap, else Python
    integers.
    """
    if largest(left) * largest(right) <= SAFE_TOTAL:
        return left * right
    products: npt.NDArray[np.object_] = left.astype(object) * right.astype(object)
    return products


def greatest_divisor(denominator: int, column: IntArray) -> int:
    """The greatest divisor of the denominator and of every number of the column."""
    divisor = denominator
    for value in np.unique(column).tolist():
        divisor = gcd(divisor, int(value))
    return divisor


def largest(column: ExactArray) -> int:
    """The greatest absolute value of a column, 0 for an empty one."""
    if column.size == 0:
        return 0
    return max(abs(int(column.max())), abs(int(column.min())))


def refuse_beyond(amount: int, limit: int) -> None:
    """Raises SolverError `COST_RANGE` where an amount is beyond what the integers hold."""
    if abs(amount) > limit:
        raise SolverError(
            f"a cost of {amount} units is beyond the exact range of ±{limit}",
            hint="state costs in a coarser unit or plan fewer items at once",
            code="COST_RANGE",
        )


def check_total_range(cost: IntArray, capacity: IntArray) -> None:
    """Proves that every cost . flow with 0 <= flow <= capacity fits: its partial sums, too.

    |sum of any arcs' cost x flow| <= sum |cost| x capacity, which is added here in exact
    integers. Raises SolverError `COST_RANGE` beyond 2^62.
    """
    amounts = exact_products(np.abs(cost), capacity)
    if len(amounts) * largest(amounts) > SAFE_TOTAL:
        amounts = amounts.astype(object)
    refuse_beyond(int(amounts.sum()), SAFE_TOTAL)
