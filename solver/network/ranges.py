"""Exact sums beyond int64, and the range analysis that stands before every call of an engine."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ontology.errors import SolverError
from solver.network.columns import IntArray, Network

AnyArray = npt.NDArray[Any]
"""Integers: int64, or Python integers in an object array."""

WIDE = 2**62
"""Sums whose absolute terms stay below this in float64 cannot wrap in int64 (factor 2 to spare)."""

NODE_LIMIT = 2**61
"""Most units that may be able to enter, leave and start at one node together."""

SUPPLY_LIMIT = 2**60
"""Most units that all supplies and (twice) all lower bounds may add up to."""

ARC_LIMIT = 40_000_000
"""Most arcs plus twice the nodes of what is given to an engine at once. Both engines count in
int32, and neither stops after a set amount of work: so size is limited before the call, at what
takes network simplex about 5 GB (129 bytes per arc) and cost scaling 3 GB (83)."""

Rows = npt.NDArray[np.intp] | slice


@dataclass(frozen=True)
class EngineColumns:
    """What an engine is given: the arcs of `rows`, from 0 to `span`, and balanced supplies.

    The flow of the network is `fixed` everywhere, plus the engine's flow on `rows`.
    """

    rows: Rows
    tail: IntArray
    head: IntArray
    span: IntArray
    cost: IntArray
    supply: IntArray
    fixed: IntArray


@dataclass(frozen=True)
class Found:
    """An engine's flow, and potentials where it has some: a start for a proof, not yet a proof."""

    flow: IntArray
    potentials: IntArray | None


def magnitude(column: AnyArray) -> int:
    """The largest absolute value, exactly; 0 where there are no values."""
    return max(abs(int(column.max())), abs(int(column.min()))) if len(column) else 0


def absolute_sum(column: AnyArray) -> float:
    """The sum of absolute values, to about 1 part in 10^9: for range checks only.

    Where more than the sum is below 2^56, far from every limit, that is returned: it is quicker.
    """
    most = len(column) * magnitude(column)
    if most < 2**56:
        return float(most)
    return float(np.abs(column.astype(np.float64)).sum())


def exact_sum(column: AnyArray) -> int:
    """The sum as a Python integer, never wrapped."""
    if absolute_sum(column) < WIDE:
        return int(column.sum())
    return sum(column.tolist())


def exact_dot(left: AnyArray, right: AnyArray) -> int:
    """The scalar product as a Python integer, never wrapped."""
    # Not `@`: on floats that wakes the threads of BLAS, which costs more than it saves here.
    if len(left) * magnitude(left) * magnitude(right) < WIDE or (
        absolute_sum(left.astype(np.float64) * right.astype(np.float64)) < WIDE
    ):
        return int(left @ right)
    return sum(a * b for a, b in zip(left.tolist(), right.tolist(), strict=True))


def check_columns(network: Network) -> None:
    """Raise SolverError `NETWORK_MALFORMED` unless the columns are int64, equally long, in range.

    An engine would truncate floats and saturate wider integers without a word.
    """
    names = ("tail", "head", "lower", "capacity", "cost")
    for name in (*names, "supply"):
        column = getattr(network, name)
        if not isinstance(column, np.ndarray) or column.dtype != np.int64 or column.ndim != 1:
            raise _malformed(f"column `{name}` is not a row of 64-bit integers")
    lengths = {name: len(getattr(network, name)) for name in names}
    if len(set(lengths.values())) > 1:
        raise _malformed(f"columns differ in length: {lengths}")
    for name in ("tail", "head"):
        column = getattr(network, name)
        if column.min(initial=0) < 0 or column.max(initial=-1) >= network.node_count:
            outside = np.flatnonzero((column < 0) | (column >= network.node_count))
            raise _malformed(f"arc {outside[0]}: {name} `{column[outside[0]]}` is not a node")


def engine_columns(network: Network) -> EngineColumns:
    """Substitute lower bounds, settle loops, clamp capacities; refuse what could overflow.

    For a network of sound columns, balanced supplies and lower <= capacity. Then:

    - *Lower bounds*: x = flow - lower runs from 0 to span = capacity - lower, and supplies shift
      by the divergence of `lower`. No term wraps, as all supplies and bounds together stay
      below SUPPLY_LIMIT.
    - *Loops* meet no balance: full where the cost is negative, else at their lower bound.
    - *Clamp*: with F units of supply, take an optimal x and split it into F units of paths and
      some cycles. Dropping a cycle of cost >= 0 keeps x optimal, and every unit on a cycle of
      negative cost uses a unit of some arc of negative cost. So some optimal x has at most
      F + sum(span where cost < 0) on each arc, and a span above that is cut down to it.
    - *Flow inside the engine* (Goldberg 1997, cost scaling push-relabel): a node's excess is its
      supply plus what its arcs can bring, and an arc and its opposite share one span; all of
      that stays below NODE_LIMIT at every node, so neither excess nor the sums of the engine's
      own feasibility check reach 2^62. The extra source and sink carry at most F.
    Costs are the engine's own matter: `cost_limit`. Whatever it returns is proved from outside:
    feasible in `flow.solve`, optimal by `potentials` and `certificate`.

    Raises SolverError `FLOW_RANGE`.
    """
    if absolute_sum(network.supply) + 2 * absolute_sum(network.lower) >= SUPPLY_LIMIT:
        raise _refusal("FLOW_RANGE", "supplies and lower bounds add up to more than 2^60 units")
    supply = shifted_supply(network)
    span, tail, head, cost = _spans(network), network.tail, network.head, network.cost
    rows: Rows = slice(None)  # most networks have no loops and no arcs without room
    fixed = network.lower.copy()
    loop = network.tail == network.head
    if loop.any() or not span.all():
        full = loop & (network.cost < 0)
        fixed[full] = network.capacity[full]
        rows = np.flatnonzero(~loop & (span > 0))
        span = span[rows]
        tail, head, cost = network.tail[rows], network.head[rows], network.cost[rows]
    most = exact_sum(supply[supply > 0])
    if len(cost) and cost.min() < 0:
        most += exact_sum(span[cost < 0])
    span = np.minimum(span, min(most, NODE_LIMIT))
    columns = EngineColumns(rows, tail, head, span, cost, supply, fixed)
    _check_nodes(columns)
    return columns


def _spans(network: Network) -> IntArray:
    """What an arc can take, capacity - lower, at most NODE_LIMIT, without a wrap on the way."""
    if not network.lower.any():
        return network.capacity
    return np.minimum(network.capacity, NODE_LIMIT + network.lower) - network.lower


def cost_limit(engine: str, node_count: int) -> int:
    """The largest absolute unit cost with which an engine cannot overflow on so many nodes.

    - `cost_scaling` has N = n + 2 nodes and multiplies costs by N + 1, so they start at
      E = (N + 1) C. A phase with tolerance e after one with 5 e lowers a node that holds excess
      by at most 6 e N (a path to a deficit, there and back), all phases together by 1.5 N E.
      `4 (n + 3)^2 C < 2^62` leaves a factor of 5 to int64. The engine tests every potential,
      those of nodes that nothing reaches included, and answers BAD_COST_RANGE: a refusal.
    - `network_simplex` starts from artificial arcs of cost 2^62 into the nodes of demand. A path
      of its tree has at most one of them, so potentials are in -n C .. 2^62 + n C and reduced
      costs within 2^62 + (2 n + 1) C. `2 (n + 3) C < 2^61` keeps them below 2^63 by a quarter.
    """
    factor = 4 * (node_count + 3) ** 2 if engine == "cost_scaling" else 4 * (node_count + 3)
    return (WIDE - 1) // factor


def shifted_supply(network: Network) -> IntArray:
    """The supplies that remain when every arc carries its lower bound."""
    supply = network.supply.copy()
    rows = np.flatnonzero(network.lower)
    np.subtract.at(supply, network.tail[rows], network.lower[rows])
    np.add.at(supply, network.head[rows], network.lower[rows])
    return supply


def _check_nodes(columns: EngineColumns) -> None:
    if len(columns.cost) * magnitude(columns.span) + SUPPLY_LIMIT < NODE_LIMIT:
        return
    through = np.abs(columns.supply.astype(np.float64))
    for end in (columns.tail, columns.head):
        through += np.bincount(end, columns.span.astype(np.float64), len(through))
    if through.max() >= NODE_LIMIT:
        raise _refusal(
            "FLOW_RANGE", f"more than 2^61 units could pass through node {through.argmax()}"
        )


def _malformed(what: str) -> SolverError:
    return SolverError(what, code="NETWORK_MALFORMED")


def _refusal(code: str, what: str) -> SolverError:
    return SolverError(what, code=code, hint="use coarser units or split the network")
