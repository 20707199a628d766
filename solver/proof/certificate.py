"""The checker of certificates: numpy and Python integers, no solver; read it in ten minutes."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt

from solver.network.columns import IntArray, Network
from solver.network.ranges import WIDE, absolute_sum, exact_dot, magnitude
from solver.proof.branches import (
    Branches,
    least_of_steps,
    leaves,
    misfits,
    overdrawn,
    split_lots,
    steps_cost,
)
from solver.proof.claims import CertificateCheck, Claims, SharedResources, claims_of
from solver.proof.rounded import Rounded, misfits_of_rounded, with_rounded

TAKEN_AS_STATED = "the cost of doing nothing is taken as stated"
FIXED_AS_STATED = "the costs of what was given and of the lines are taken as stated"
BLOCK = 2**15  # rows at a time: what is computed on them stays in the processor's cache
PASSES = 200  # over the arcs at once, before long paths are walked node by node
Exact = npt.NDArray[Any]  # int64 where nothing can wrap, else Python integers


def check(
    network: Network,
    flow: IntArray,
    potentials: IntArray,
    claims: Claims,
    prices: IntArray | None = None,
    shared: SharedResources | None = None,
    do_nothing: IntArray | None = None,
    branches: Branches | None = None,
    *,
    rounded: Rounded | None = None,
    form: bool = True,
) -> CertificateCheck:
    """What `certify` answers, and whether what is claimed is what is proved, number by number.

    What the claims say of costs beside the flow is added as stated: it changes cost and bound
    alike, or the gap; and so is the cost of doing nothing where no such flow is given.
    `form` asks also whether the potentials are the canonical ones, which proves nothing more.
    """
    fixed = (claims.given_cost, claims.line_cost)
    found = certify(
        network, flow, potentials, prices, shared, do_nothing, fixed, branches, rounded=rounded
    )
    proved, refusals, notes = found.proved, [*found.refusals], [*found.notes]
    if proved is None:
        return found
    if do_nothing is None and claims.do_nothing is not None:
        notes.insert(0, TAKEN_AS_STATED)
        idle, digest = claims.do_nothing, proved.network
        proved = claims_of(proved.cost, proved.bound, idle, digest, *fixed)
    refusals += _untrue(claims, proved)
    canonical = None
    comes_whole = shared is not None and shared.whole is not None
    if form and proved.gap == 0 and not refusals and not comes_whole:
        wide = _wider(network, shared, prices, rounded)
        canonical = _is_canonical(network, flow, potentials, *wide)
        if not canonical:
            notes.append("the potentials prove the stated bound, but are not the canonical ones")
    return CertificateCheck(tuple(refusals), tuple(notes), proved, canonical)


def certify(
    network: Network,
    flow: IntArray,
    potentials: IntArray,
    prices: IntArray | None = None,
    shared: SharedResources | None = None,
    do_nothing: IntArray | None = None,
    fixed: tuple[int, int] = (0, 0),
    branches: Branches | None = None,
    *,
    rounded: Rounded | None = None,
) -> CertificateCheck:
    """Check a flow and derive all that it proves from the network alone, in exact integers.

    Sign convention: potentials are distances, so that the reduced cost of an arc is
        r = cost + use price + potential[tail] - potential[head]
    and, for any potentials and any prices >= 0, no feasible flow costs less than
        bound = - potentials . supply + sum of min(r lower, r capacity) - prices . capacity.
    (Weak duality: r . flow = cost . flow + prices . used + potentials . supply for a flow that
    meets the balance, r . flow is at least the sum, and used <= capacity.)
    Where capacity comes in steps (`claims.Whole`), n of them cost F n, and - prices . capacity
    is the least of (F - price capacity) n that there can be. With `branches` every plan is in one
    leaf of a tree of splits, and the bound is the least that the leaves prove of their own.
    What is `rounded` is derived from the capacities, and bounds every whole flow (`rounded.py`).
    `do_nothing` is a feasible flow, too, and its cost what doing nothing costs. `fixed` are the
    costs beside the flow: of what was given before it, and of its lines.
    """
    refusals = _misfits(network, flow, potentials, prices, shared, do_nothing)
    if shared is None and branches is not None:
        refusals.append("branches are stated, but no shared resources")
    if shared is not None and not refusals:
        refusals = misfits(network, shared, prices, branches)
    refusals = refusals or misfits_of_rounded(network, shared, rounded)
    if refusals:
        return CertificateCheck(tuple(refusals), (), None, None)
    refusals += _violations(network, flow, shared, "flow")
    if do_nothing is not None:
        refusals += _violations(network, do_nothing, shared, "flow of doing nothing")
    bounds = _leaf_bounds(network, potentials, prices, shared, branches, rounded)
    proved = _claimed(network, flow, min(bounds), shared, do_nothing, fixed)
    if fixed[1] < 0:
        refusals.append("the fixed cost of the lines is negative")
    if proved.gap < 0 and not refusals:
        refusals.append(f"bound {proved.bound} is above cost {proved.cost}: the proof is unsound")
    notes = [FIXED_AS_STATED] if any(fixed) else []
    if branches is not None:
        wrong = (np.array(bounds, object) != branches.leaf_bound).astype(np.bool_)
        refusals += _found(wrong, "leaf {}: its potentials and prices prove another bound")
        notes.append(f"{len(bounds)} branches: other prices may prove the same bound")
    return CertificateCheck(tuple(refusals), tuple(notes), proved, None)


def measure(
    network: Network, flow: IntArray, potentials: IntArray, prices: IntArray | None = None,
    shared: SharedResources | None = None, do_nothing: IntArray | None = None,
    fixed: tuple[int, int] = (0, 0), branches: Branches | None = None,
    *, rounded: Rounded | None = None,
) -> Claims:  # fmt: skip
    """What `certify` proves, of columns that fit, whether or not the flow is feasible."""
    bounds = _leaf_bounds(network, potentials, prices, shared, branches, rounded)
    return _claimed(network, flow, min(bounds), shared, do_nothing, fixed)


def _untrue(claims: Claims, proved: Claims) -> list[str]:
    """The numbers of a claim that are not those that are proved."""
    names = [field.name for field in fields(Claims)]
    pairs = [(name, getattr(claims, name), getattr(proved, name)) for name in names]
    return [
        f"{name}: stated {was}, but it is {found}"
        for name, was, found in pairs
        if was != found and (name, was) != ("network", None)
    ]


def _claimed(
    network: Network, flow: IntArray, bound: int, shared: SharedResources | None,
    do_nothing: IntArray | None, fixed: tuple[int, int],
) -> Claims:  # fmt: skip
    """The claims of a flow whose bound is known."""
    given, lines = fixed
    cost = _cost(network, flow, shared) + given + lines
    idle = None if do_nothing is None else _cost(network, do_nothing, shared) + given
    return claims_of(cost, bound + given, idle, network.digest, given, lines)


def _cost(network: Network, flow: IntArray, shared: SharedResources | None) -> int:
    """What a flow costs, the steps of what it takes included."""
    cost = exact_dot(network.cost, flow)
    if shared is None or shared.whole is None:
        return cost
    return cost + steps_cost(shared, _taken(shared, flow))


def _leaf_bounds(
    network: Network, potentials: IntArray, prices: IntArray | None,
    shared: SharedResources | None, branches: Branches | None, rounded: Rounded | None,
) -> list[int]:  # fmt: skip
    """What each leaf proves of the plans in it; without branches, what is proved of all plans."""
    if branches is None or shared is None or prices is None:
        prices, shared = _wider(network, shared, prices, rounded)
        return [_bound(network, potentials, prices, shared)]
    return [
        _bound(leaf.network, leaf.potentials, leaf.prices, leaf.shared)
        for leaf in leaves(network, shared, potentials, prices, branches)
    ]


def _wider(
    network: Network, shared: SharedResources | None, prices: IntArray | None,
    rounded: Rounded | None,
) -> tuple[IntArray | None, SharedResources | None]:  # fmt: skip
    """The prices and the resources with the rounded rows among them."""
    if shared is None or prices is None:
        return prices, shared
    wider, all_prices = with_rounded(network, shared, prices, rounded)
    return all_prices, wider


def _bound(
    network: Network, potentials: IntArray, prices: IntArray | None, shared: SharedResources | None
) -> int:
    paid = 0 if prices is None or shared is None else -least_of_steps(shared, prices)
    least = 0
    for rows, reduced in _reduced(network, potentials, prices, shared):
        ends = np.where(reduced > 0, network.lower[rows], network.capacity[rows])
        least += exact_dot(reduced, ends)
    return least - exact_dot(potentials, network.supply) - paid


def _reduced(
    network: Network, potentials: IntArray, prices: IntArray | None, shared: SharedResources | None
) -> Iterator[tuple[slice, Exact]]:
    """Per arc, cost + use price + potential[tail] - potential[head], in blocks of rows."""
    reach = magnitude(network.cost) + 2 * magnitude(potentials)
    if prices is not None and shared is not None:
        rows_per_arc = magnitude(np.bincount(shared.arc))
        reach += magnitude(prices) * magnitude(shared.use) * rows_per_arc
    level, cost = (_exact(column, reach < WIDE) for column in (potentials, network.cost))
    if prices is not None and shared is not None:
        cost, price = cost.copy(), _exact(prices, reach < WIDE)[shared.resource]
        np.add.at(cost, shared.arc, _exact(shared.use, reach < WIDE) * price)
    for start in range(0, len(cost), BLOCK):
        rows = slice(start, start + BLOCK)
        yield rows, cost[rows] + level[network.tail[rows]] - level[network.head[rows]]


def _misfits(
    network: Network, flow: IntArray, potentials: IntArray, prices: IntArray | None,
    shared: SharedResources | None, do_nothing: IntArray | None,
) -> list[str]:  # fmt: skip
    """Columns of the wrong length or kind, arcs to nowhere, prices that are not prices."""
    arcs, nodes = len(network.tail), len(network.supply)
    columns = [(name, getattr(network, name), arcs) for name in ("tail", "head", "lower")]
    columns += [("capacity", network.capacity, arcs), ("cost", network.cost, arcs)]
    columns += [("supply", network.supply, nodes), ("flow", flow, arcs)]
    columns += [("potentials", potentials, nodes)]
    if do_nothing is not None:
        columns.append(("do_nothing", do_nothing, arcs))
    if shared is not None:
        rows = len(shared.arc)
        columns += [("row's arc", shared.arc, rows), ("use", shared.use, rows)]
        columns.append(("row's resource", shared.resource, rows))
        columns.append(("resource capacity", shared.capacity, len(shared.capacity)))
        columns.append(("prices", prices, len(shared.capacity)))
    elif prices is not None:
        return ["prices are stated, but no shared resources"]
    wrong = [
        f"{name}: {wanted} whole numbers wanted"
        for name, column, wanted in columns
        if column is None or column.dtype != np.int64 or column.shape != (wanted,)
    ]
    if wrong:
        return wrong
    for name, end in (("tail", network.tail), ("head", network.head)):
        wrong += _found((end < 0) | (end >= nodes), f"arc {{}}: its {name} is not a node")
    if shared is not None and prices is not None:
        wrong += _found(prices < 0, "resource {}: its price is negative")
        wrong += _found(shared.use < 0, "row {}: its use is negative")
        for name, column, count in (
            ("arc", shared.arc, arcs), ("resource", shared.resource, len(prices))
        ):  # fmt: skip
            wrong += _found((column < 0) | (column >= count), f"row {{}}: its {name} is none")
    return wrong


def _violations(
    network: Network, flow: IntArray, shared: SharedResources | None, name: str
) -> list[str]:
    """Where a flow leaves its bounds, the balance or a shared capacity (the first of each)."""
    wrong = _found(flow < network.lower, f"arc {{}}: the {name} is below the lower bound")
    wrong += _found(flow > network.capacity, f"arc {{}}: the {name} is above the capacity")
    narrow = absolute_sum(flow) + absolute_sum(network.supply) < WIDE
    rest, units = _exact(network.supply, narrow).copy(), _exact(flow, narrow)
    np.subtract.at(rest, network.tail, units)
    np.add.at(rest, network.head, units)
    wrong += _found(rest != 0, f"node {{}}: the {name} is out of balance")
    if shared is None:
        return wrong
    over = overdrawn(shared, _taken(shared, flow))
    wrong += _found(over, f"resource {{}}: the {name} takes too much")
    return wrong + [f"arc {arc}: the {name} splits its lot" for arc in split_lots(shared, flow)[:1]]


def _taken(shared: SharedResources, flow: IntArray) -> Exact:
    """How much of each resource a flow takes."""
    units, use = flow[shared.arc], shared.use
    narrow = absolute_sum(units * use.astype(np.float64)) < WIDE
    used = _exact(np.zeros(len(shared.capacity), np.int64), narrow)
    np.add.at(used, shared.resource, _exact(units, narrow) * use)
    return used


def _is_canonical(
    network: Network, flow: IntArray, potentials: IntArray, prices: IntArray | None,
    shared: SharedResources | None,
) -> bool:  # fmt: skip
    """Whether potentials <= 0 that prove a flow optimal are shortest distances."""
    if np.any(potentials > 0):
        return False
    reached: npt.NDArray[np.bool_] = potentials == 0
    ways = [(network.tail[:0], network.head[:0])]
    for rows, reduced in _reduced(network, potentials, prices, shared):
        tight = np.flatnonzero(reduced == 0) + rows.start
        tail, head, units = network.tail[tight], network.head[tight], flow[tight]
        ahead = (units < network.capacity[tight]) & ~reached[head]
        back = (units > network.lower[tight]) & ~reached[tail]
        leaves = np.concatenate([tail[ahead], head[back]])
        enters = np.concatenate([head[ahead], tail[back]])
        ways.append(_walked(reached, leaves, enters))  # most ways end where they began
    leaves, enters = (np.concatenate(ends) for ends in zip(*ways, strict=True))
    leaves, enters = _walked(reached, leaves, enters)
    return bool(reached.all()) or _all_reached(reached, leaves, enters)


def _walked(
    reached: npt.NDArray[np.bool_], leaves: npt.NDArray[Any], enters: npt.NDArray[Any]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Mark what arcs lead to, PASSES times over at most; the arcs to what is not reached yet."""
    for _ in range(PASSES):
        wanted = np.flatnonzero(~reached[enters])
        leaves, enters = leaves[wanted], enters[wanted]
        step = reached[leaves]
        if not step.any():
            break
        reached[enters[step]] = True
    return leaves, enters


def _all_reached(
    reached: npt.NDArray[np.bool_], leaves: npt.NDArray[Any], enters: npt.NDArray[Any]
) -> bool:
    """Whether every node can be reached along arcs from one that is: a walk, node by node."""
    order = np.argsort(leaves, kind="stable")
    targets = enters[order].tolist()
    first = np.searchsorted(leaves[order], np.arange(len(reached) + 1)).tolist()
    known, stack = reached.tolist(), np.flatnonzero(reached).tolist()
    while stack:
        node = stack.pop()
        for target in targets[first[node] : first[node + 1]]:
            if not known[target]:
                known[target] = True
                stack.append(target)
    return all(known)


def _found(wrong: npt.NDArray[np.bool_], message: str) -> list[str]:
    places = np.flatnonzero(wrong)
    more = f" (and {len(places) - 1} more)" if len(places) > 1 else ""
    return [message.format(places[0]) + more] if len(places) else []


def _exact(column: IntArray, narrow: bool) -> Exact:
    """The column as it is where int64 is proved wide enough, else as Python integers."""
    return column if narrow else column.astype(object)
