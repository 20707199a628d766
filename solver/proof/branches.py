"""What comes only whole, in exact integers, and the list of branches that bounds it: no solver."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from solver.network.columns import IntArray, Network
from solver.network.ranges import WIDE, exact_dot, magnitude
from solver.proof.claims import SharedResources, Whole

LEAF, ARC, RESOURCE = 0, 1, 2
MOST_LEAVES = 400
"""Of a tree of branches; each costs a pass over the network."""
MOST_LEAF_PARTS = 10**10
"""Leaves x what each of them has: arcs, nodes and rows, and resources `RESOURCE_PARTS`-fold."""
RESOURCE_PARTS = 100
"""Steps of a resource are weighed one by one where they are too many for 64 bits."""


@dataclass(frozen=True)
class Branches:
    """A tree of splits in pre-order, and what each leaf's bound is proved by. All int64.

    Entry i of the tree is a leaf (`split[i]` = 0; `subject` and `at` are 0), or it splits all plans
    in two: arc `subject[i]` carries at most `at[i]`, or at least the next number that it may carry
    (1); resource `subject[i]` has at most `at[i]` steps, or at least one more (2). The first half
    follows at once, the second after all of the first: so no plan is in no leaf.

    Leaves count from 0 in this order. Their prices and potentials are those of the certificate
    plus the changes of the rows that name the leaf, which ascend by (leaf, resource or node);
    `leaf_bound` is what they prove of the plans in that leaf.
    """

    split: IntArray
    subject: IntArray
    at: IntArray
    leaf_bound: IntArray
    price_leaf: IntArray
    price_resource: IntArray
    price_change: IntArray
    node_leaf: IntArray
    node: IntArray
    node_change: IntArray


@dataclass(frozen=True)
class Leaf:
    """The problem with the bounds of a leaf's splits, and the potentials and prices there."""

    network: Network
    shared: SharedResources
    potentials: IntArray
    prices: IntArray


def steps_of(shared: SharedResources, used: Any) -> list[int]:
    """The least steps of each resource that hold what is used of it, as Python integers."""
    least = [1] * len(shared.capacity) if shared.whole is None else shared.whole.least_steps
    rows = zip(used, shared.capacity.tolist(), least, strict=True)
    return [
        max(int(low), -(-int(taken) // size) if size else int(taken > 0))
        for taken, size, low in rows
    ]


def steps_cost(shared: SharedResources, used: Any) -> int:
    """What the steps cost that hold what is used; 0 where nothing comes in steps."""
    if shared.whole is None:
        return 0
    costs = shared.whole.step_cost.tolist()
    return sum(c * n for c, n in zip(costs, steps_of(shared, used), strict=True) if c)


def overdrawn(shared: SharedResources, taken: IntArray) -> npt.NDArray[np.bool_]:
    """Whether more is taken of each resource than all its steps hold."""
    if shared.whole is None:
        simply: npt.NDArray[np.bool_] = (taken > shared.capacity).astype(np.bool_)
        return simply
    steps = np.array(steps_of(shared, taken), object)
    over = (steps > shared.whole.most_steps) | ((taken > 0) & (shared.capacity == 0))
    found: npt.NDArray[np.bool_] = over.astype(np.bool_)
    return found


def split_lots(shared: SharedResources | None, flow: IntArray) -> IntArray:
    """The arcs on which a flow splits a lot."""
    if shared is None or shared.whole is None:
        return np.zeros(0, np.int64)
    whole = shared.whole
    units = flow[whole.lot_arc]
    down = lot_floor(whole.lot_least, whole.lot_multiple, np.maximum(units, 0))
    found: IntArray = whole.lot_arc[down != units]
    return found


def least_of_steps(shared: SharedResources, prices: IntArray) -> int:
    """The least that steps can come to where each unit of their capacity is worth its price.

    (F - p C) n is linear in the number of steps n: its least is at the least or the most of them.
    """
    whole = shared.whole
    if whole is None:
        return -exact_dot(prices, shared.capacity)
    reach = magnitude(whole.step_cost) + magnitude(prices) * magnitude(shared.capacity)
    steps = max(magnitude(whole.least_steps), magnitude(whole.most_steps))  # no leaf has to fit
    if len(prices) * reach * steps < WIDE:
        each = whole.step_cost - prices * shared.capacity
        return int(np.minimum(each * whole.least_steps, each * whole.most_steps).sum())
    columns = (whole.step_cost, shared.capacity, prices, whole.least_steps, whole.most_steps)
    return sum(
        min((cost - price * size) * least, (cost - price * size) * most)
        for cost, size, price, least, most in zip(*(c.tolist() for c in columns), strict=True)
        if cost or price
    )


def lot_floor(least: IntArray, multiple: IntArray, units: IntArray) -> IntArray:
    """The greatest number of units up to `units` >= 0 that a lot allows."""
    down = units // multiple * multiple
    found: IntArray = np.where(down < lot_first(least, multiple), 0, down)
    return found


def lot_next(least: IntArray, multiple: IntArray, units: IntArray) -> IntArray:
    """The least number of units above `units` >= 0 that a lot allows."""
    found: IntArray = np.maximum(lot_first(least, multiple), (units // multiple + 1) * multiple)
    return found


def lot_first(least: IntArray, multiple: IntArray) -> IntArray:
    """The least number of units above 0 that a lot allows."""
    found: IntArray = -(-np.maximum(least, 1) // multiple) * multiple
    return found


def tightened(network: Network, whole: Whole) -> Network:
    """The network with room on each arc of lots for what may be there, and no more."""
    if not len(whole.lot_arc):
        return network
    arc, sizes = whole.lot_arc, (whole.lot_least, whole.lot_multiple)
    lower, capacity = network.lower.copy(), network.capacity.copy()
    capacity[arc] = lot_floor(*sizes, capacity[arc])
    asked = lower[arc]
    lower[arc] = np.where(lot_floor(*sizes, asked) == asked, asked, lot_next(*sizes, asked))
    return replace(network, lower=lower, capacity=capacity)


def opened(
    network: Network, shared: SharedResources, flow: IntArray
) -> tuple[Network, SharedResources]:
    """The problem in which a flow's lots are settled and its steps are paid for.

    Steps are capacity that is simply there; each arc of lots, after the other resources, is one of
    its own that is full.
    """
    whole = shared.whole
    if whole is None:
        return network, shared
    used = np.zeros(len(shared.capacity), np.int64)
    np.add.at(used, shared.resource, shared.use * flow[shared.arc])
    counts = np.array(steps_of(shared, used), np.int64)
    arc, units = whole.lot_arc, flow[whole.lot_arc]
    lower, capacity = network.lower.copy(), network.capacity.copy()
    lower[arc] = capacity[arc] = units
    there = SharedResources(
        np.append(shared.arc, arc),
        np.append(shared.resource, len(counts) + np.arange(len(arc))),
        np.append(shared.use, np.ones_like(arc)),
        np.append(shared.capacity * counts, units),
    )
    return replace(network, lower=lower, capacity=capacity), there


def leaves(
    network: Network, shared: SharedResources, potentials: IntArray, prices: IntArray,
    branches: Branches,
) -> Iterator[Leaf]:  # fmt: skip
    """The leaves in their order. `misfits` must have found nothing."""
    whole = shared.whole
    assert whole is not None  # noqa: S101  # the caller's
    numbers = np.arange(len(branches.leaf_bound) + 1)
    price_starts = branches.price_leaf.searchsorted(numbers)
    node_starts = branches.node_leaf.searchsorted(numbers)
    for leaf, (arcs, steps) in enumerate(_bounds(network, whole, branches)):
        own = slice(price_starts[leaf], price_starts[leaf + 1])
        paid = prices.copy()
        paid[branches.price_resource[own]] += branches.price_change[own]
        own = slice(node_starts[leaf], node_starts[leaf + 1])
        level = potentials.copy()
        level[branches.node[own]] += branches.node_change[own]
        narrow = replace(shared, whole=replace(
            whole, least_steps=_changed(whole.least_steps, steps, 0),
            most_steps=_changed(whole.most_steps, steps, 1),
        ))  # fmt: skip
        bounded = replace(network, lower=_changed(network.lower, arcs, 0),
                          capacity=_changed(network.capacity, arcs, 1))  # fmt: skip
        yield Leaf(bounded, narrow, level, paid)


Bounds = dict[int, tuple[int, int]]


def _bounds(network: Network, whole: Whole, branches: Branches) -> Iterator[tuple[Bounds, Bounds]]:
    """Least and most of every arc and resource that the splits above a leaf speak of."""
    lots = dict(zip(whole.lot_arc.tolist(), range(len(whole.lot_arc)), strict=True))
    open_now: list[tuple[Bounds, Bounds]] = [({}, {})]
    columns = (branches.split, branches.subject, branches.at)
    for split, subject, at in zip(*(c.tolist() for c in columns), strict=True):
        arcs, steps = open_now.pop()
        if split == LEAF:
            yield arcs, steps
        elif split == ARC:
            low, high = arcs.get(
                subject, (int(network.lower[subject]), int(network.capacity[subject]))
            )
            above = at + 1
            if subject in lots:
                row = slice(lots[subject], lots[subject] + 1)
                least, multiple = whole.lot_least[row], whole.lot_multiple[row]
                above = int(lot_next(least, multiple, np.array([at]))[0])
            open_now.append((arcs | {subject: (max(low, above), high)}, steps))
            open_now.append((arcs | {subject: (low, min(high, at))}, steps))
        else:
            low, high = steps.get(
                subject, (int(whole.least_steps[subject]), int(whole.most_steps[subject]))
            )
            open_now.append((arcs, steps | {subject: (max(low, at + 1), high)}))
            open_now.append((arcs, steps | {subject: (low, min(high, at))}))


def _changed(column: IntArray, bounds: Bounds, side: int) -> IntArray:
    if not bounds:
        return column
    changed = column.copy()
    changed[list(bounds)] = [pair[side] for pair in bounds.values()]
    return changed


def misfits(
    network: Network, shared: SharedResources, prices: IntArray | None, branches: Branches | None
) -> list[str]:
    """What is wrong with the columns of steps, lots and branches: lengths, ranges, the tree."""
    whole = shared.whole
    if whole is None:
        return [] if branches is None else ["branches are stated, but nothing comes whole"]
    resources, lots = len(shared.capacity), len(whole.lot_arc)
    sized = [(f.name, getattr(whole, f.name), lots if f.name.startswith("lot") else resources)
             for f in fields(whole)]  # fmt: skip
    if branches is not None:
        sizes = {"split": "split", "subject": "split", "at": "split", "leaf_bound": "leaf_bound",
                 "price_leaf": "price_leaf", "price_resource": "price_leaf",
                 "price_change": "price_leaf", "node_leaf": "node_leaf", "node": "node_leaf",
                 "node_change": "node_leaf"}  # fmt: skip
        sized += [(name, getattr(branches, name), len(getattr(branches, by)))
                  for name, by in sizes.items()]  # fmt: skip
    wrong = [f"{name}: {size} whole numbers wanted" for name, column, size in sized
             if column.dtype != np.int64 or column.shape != (size,)]  # fmt: skip
    if wrong:
        return wrong
    sound = {
        "a step has a negative cost": whole.step_cost >= 0,
        "a resource has fewer steps at most than at least": (whole.least_steps >= 0)
        & (whole.most_steps >= whole.least_steps),
        "a capacity is negative": shared.capacity >= 0,
        "a lot is on no arc": (whole.lot_arc >= 0) & (whole.lot_arc < len(network.tail)),
        "lots are not in the order of their arcs": np.diff(whole.lot_arc) > 0,
        "a lot is no lot": (whole.lot_least >= 0)
        & (whole.lot_multiple >= 1)
        & (whole.lot_least < WIDE)
        & (whole.lot_multiple < WIDE),
    }
    wrong = [what for what, good in sound.items() if not np.all(good)]
    if wrong or branches is None or prices is None:
        return wrong
    return _tree_misfits(network, shared, whole, branches) or _negative(prices, branches)


def _negative(prices: IntArray, branches: Branches) -> list[str]:
    """A price below 0 proves nothing; one that wraps is below 0, too."""
    paid = prices[branches.price_resource] + branches.price_change
    return ["a price of a leaf is negative"] if np.any(paid < 0) else []


def _tree_misfits(
    network: Network, shared: SharedResources, whole: Whole, branches: Branches
) -> list[str]:
    count, resources = len(branches.leaf_bound), len(shared.capacity)
    split, subject, at = branches.split, branches.subject, branches.at
    parts = len(network.tail) + len(network.supply) + len(shared.arc) + RESOURCE_PARTS * resources
    if count > MOST_LEAVES or count * parts > MOST_LEAF_PARTS:
        return [f"there are {count} branches, more than are looked at"]
    still_open = 1 + np.cumsum(np.where(split == LEAF, -1, 1))
    if not len(split) or still_open[-1] != 0 or np.any(still_open[:-1] < 1):
        return ["the branches are not one whole tree"]
    row = np.searchsorted(whole.lot_arc, subject)
    row[row == len(whole.lot_arc)] = 0
    on_lot = (split == ARC) & (np.append(whole.lot_arc, -1)[row] == subject)
    least, multiple = np.append(whole.lot_least, 0)[row], np.append(whole.lot_multiple, 1)[row]
    allowed = lot_floor(least, multiple, np.maximum(at, 0)) == at
    most = np.select([split == ARC, split == RESOURCE], [len(network.tail), resources], 1)
    sound = {
        "a split is of no kind": (split >= LEAF) & (split <= RESOURCE),
        "the branches are not as many as their leaves": np.array((split == LEAF).sum() == count),
        "a split is of nothing": (subject >= 0) & (subject < most),
        "a split is at a number beyond 62 bits": (at > -WIDE) & (at < WIDE),
        "a leaf splits something": (split != LEAF) | ((subject == 0) & (at == 0)),
        "a split is at a number that its arc may not carry": ~on_lot | allowed,
        "a price of a leaf is of no leaf": (branches.price_leaf >= 0)
        & (branches.price_leaf < count),
        "a potential of a leaf is of no leaf": (branches.node_leaf >= 0)
        & (branches.node_leaf < count),
        "a price of a leaf is of nothing": (branches.price_resource >= 0)
        & (branches.price_resource < resources),
        "a potential of a leaf is of no node": (branches.node >= 0)
        & (branches.node < len(network.supply)),
        "a leaf states a change of nothing": np.append(
            branches.price_change, branches.node_change) != 0,
        "the prices of leaves are not in order": _ascend(
            branches.price_leaf, branches.price_resource),
        "the potentials of leaves are not in order": _ascend(branches.node_leaf, branches.node),
    }  # fmt: skip
    return [what for what, good in sound.items() if not np.all(good)]


def _ascend(first: IntArray, second: IntArray) -> Any:
    """Whether pairs ascend, place by place."""
    return (np.diff(first) > 0) | ((np.diff(first) == 0) & (np.diff(second) > 0))
