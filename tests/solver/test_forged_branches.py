"""Forged proofs of what comes whole: whatever a certificate states, no bound is above the best."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from solver.engine.flow import solve
from solver.engine.potentials import canonical_potentials
from solver.network.columns import IntArray, bare_network
from solver.proof.branches import (
    ARC,
    LEAF,
    MOST_LEAF_PARTS,
    MOST_LEAVES,
    RESOURCE,
    RESOURCE_PARTS,
    Branches,
    Leaf,
    least_of_steps,
    leaves,
    lot_floor,
    misfits,
    steps_of,
)
from solver.proof.certificate import check, measure
from solver.proof.claims import SharedResources, Whole, claims_of
from tests.solver.whole_chains import WholeChain, whole_chain

LARGE = (3, 60, 10**6, 2**40, 2**53, 2**62)
TRIES = 40


def forged_tree(chain: WholeChain, draw: np.random.Generator) -> list[tuple[int, int, int]]:
    """A whole tree of random splits, a few at numbers that lots do not allow."""
    tree, open_now = [], 1
    lots = chain.whole.lot_arc
    while open_now:
        kind = int(draw.choice([LEAF, LEAF, ARC, RESOURCE])) if len(tree) < 12 else LEAF
        open_now += -1 if kind == LEAF else 1
        if kind == LEAF:
            tree.append((LEAF, 0, 0))
            continue
        count = chain.network.arc_count if kind == ARC else len(chain.shared.capacity)
        subject, at = int(draw.integers(count)), int(draw.integers(-2, 8))
        if kind == ARC and subject in lots and draw.random() < 0.9:
            row = np.flatnonzero(lots == subject)
            sizes = chain.whole.lot_least[row], chain.whole.lot_multiple[row]
            at = int(lot_floor(*sizes, np.array([max(0, at)]))[0])
        tree.append((kind, subject, at))
    return tree


def forged_branches(chain: WholeChain, prices: IntArray, draw: np.random.Generator) -> Branches:
    """Random splits, and random changes of prices and potentials at their leaves."""
    split, subject, at = np.array(forged_tree(chain, draw), np.int64).T.copy()
    count = int((split == LEAF).sum())

    def changes(size: int) -> tuple[IntArray, IntArray, IntArray]:
        chosen = np.flatnonzero(draw.random(count * size) < 0.3)
        large = int(draw.choice(LARGE))
        change = draw.integers(-large, large + 1, len(chosen))
        return chosen // size, chosen % size, np.where(change == 0, 1, change)

    leaf, resource, change = changes(len(prices))
    if draw.random() < 0.8:  # else some are below 0
        change = np.maximum(change, -prices[resource])
        leaf, resource, change = (column[change != 0] for column in (leaf, resource, change))
    return Branches(split, subject, at, np.zeros(count, np.int64), leaf, resource, change,
                    *changes(chain.network.node_count))  # fmt: skip


def at_their_best(chain: WholeChain, prices: IntArray, branches: Branches) -> Branches:
    """The same with potentials that prove as much as can be proved at each leaf's prices."""
    none, rows = np.zeros(0, np.int64), list[IntArray]()
    bare = replace(branches, node_leaf=none, node=none, node_change=none)
    level = np.zeros(chain.network.node_count, np.int64)
    for number, leaf in enumerate(leaves(chain.network, chain.shared, level, prices, bare)):
        cost, shared = leaf.network.cost.copy(), chain.shared
        np.add.at(cost, shared.arc, shared.use * leaf.prices[shared.resource])
        priced = replace(leaf.network, cost=cost)
        found = solve(priced) if np.all(priced.lower <= priced.capacity) else None
        if found is not None and found.status == "optimal":
            own = canonical_potentials(priced, found.flow)
            node = np.flatnonzero(own)
            rows.append(np.stack([np.full(len(node), number), node, own[node]]))
    columns = np.concatenate([np.zeros((3, 0), np.int64), *rows], axis=1)
    return replace(bare, node_leaf=columns[0], node=columns[1], node_change=columns[2])


def cut_short(branches: Branches, draw: np.random.Generator) -> Branches:
    """The same without its last leaf, or with a leaf at the root."""
    if draw.random() < 0.5 or len(branches.leaf_bound) < 2:
        return replace(branches, split=np.append(0, branches.split), at=np.append(0, branches.at),
                       subject=np.append(0, branches.subject),
                       leaf_bound=np.append(0, branches.leaf_bound))  # fmt: skip
    last = len(branches.leaf_bound) - 1
    found = {field.name: getattr(branches, field.name) for field in fields(Branches)}
    for name in ("price_leaf", "price_resource", "price_change"):
        found[name] = found[name][branches.price_leaf < last]
    for name in ("node_leaf", "node", "node_change"):
        found[name] = found[name][branches.node_leaf < last]
    for name in ("split", "subject", "at", "leaf_bound"):
        found[name] = found[name][:-1]
    return Branches(**found)


def spoiled(branches: Branches, draw: np.random.Generator) -> Branches:
    """The same with one number of one column at random, the ends of int64 among them."""
    columns = [field.name for field in fields(Branches) if len(getattr(branches, field.name))]
    name = columns[int(draw.integers(len(columns)))]
    column = getattr(branches, name).copy()
    column[draw.integers(len(column))] = draw.choice([-(2**63), -1, 0, 1, 2, 3, 9, 2**63 - 1])
    return replace(branches, **{name: column})


def accepted_bound(
    chain: WholeChain, flow: IntArray, potentials: IntArray, prices: IntArray,
    branches: Branches | None,
) -> int | None:  # fmt: skip
    """The bound that a proof is accepted with, every number of it stated as it is computed."""
    shared = chain.shared
    if np.any(prices < 0) or misfits(chain.network, shared, prices, branches):
        empty = measure(chain.network, flow, 0 * potentials, 0 * prices, shared)
        assert not check(chain.network, flow, potentials, empty, prices, shared,
                         branches=branches).accepted  # fmt: skip
        return None
    claims = measure(chain.network, flow, potentials, prices, shared, branches=branches)
    if branches is not None:
        branches = replace(branches, leaf_bound=_leaf_bounds(chain, potentials, prices, branches))
    found = check(chain.network, flow, potentials, claims, prices, shared, branches=branches)
    return claims.bound if found.accepted else None


def _leaf_bounds(
    chain: WholeChain, potentials: IntArray, prices: IntArray, branches: Branches
) -> Any:
    """What the leaves really prove, where that is a number that a certificate can state."""
    from solver.proof.certificate import _leaf_bounds as bounds_of

    found = [*bounds_of(chain.network, potentials, prices, chain.shared, branches, None)]
    inside = all(abs(bound) < 2**63 for bound in found)
    return np.array(found if inside else [0] * len(found), np.int64)


def test_branches_of_nothing_whole_are_refused() -> None:
    """Branches beside a network that shares nothing would stand under a seal and mean nothing."""
    network, none = bare_network([0], [1], [4], [5], [4, -4]), np.zeros(0, np.int64)
    flow, level = np.array([4]), np.zeros(2, np.int64)
    claims = measure(network, flow, level)
    for bounds in ([], [20], [20, 20]):
        branches = Branches(none, none, none, np.array(bounds, np.int64), *(none,) * 6)
        found = check(network, flow, level, claims, branches=branches)
        assert ("branches are stated, but no shared resources",) == found.refusals


def test_a_lot_beyond_the_range_is_refused() -> None:
    """A least number whose next multiple would wrap in int64 is no lot, and allows nothing."""
    flow, level = np.array([2**62]), np.zeros(2, np.int64)
    network = bare_network([0], [1], [2**62], [0], [2**62, -(2**62)])
    none = np.zeros(0, np.int64)
    whole = Whole(none, none, none, *(np.array([n]) for n in (0, 2**63 - 1, 2**62)))
    shared = SharedResources(none, none, none, none, whole)
    claims = claims_of(0, 0, None, network.digest)
    found = check(network, flow, level, claims, none, shared)
    assert ("a lot is no lot",) == found.refusals


@pytest.mark.parametrize("block", range(4))
def test_no_forged_branches_prove_more_than_the_best_plan_costs(block: int) -> None:
    """Law 2: random trees, prices and potentials, small, huge or negative, on known optima."""
    draw, accepted = np.random.default_rng(block), 0
    for seed in range(40 * block, 40 * block + 40):
        chain = whole_chain(seed)
        best = chain.optimum()
        idle = chain.flow(np.zeros(len(chain.lanes), np.int64))
        for _ in range(TRIES):
            level, dear = (int(draw.choice(LARGE)) for _ in range(2))
            potentials = draw.integers(-level, level, chain.network.node_count)
            prices = draw.integers(-(dear // 9), dear, len(chain.shared.capacity))
            branches = forged_branches(chain, np.maximum(prices, 0), draw)
            if draw.random() < 0.4:
                branches = spoiled(branches, draw)
            bound = accepted_bound(chain, idle, potentials, prices, branches)
            assert bound is None or bound <= best, seed
            accepted += bound is not None
    assert accepted > 100


@pytest.mark.parametrize("block", range(4))
def test_no_forged_splits_prove_more_at_their_best(block: int) -> None:
    """The same where every leaf proves all that it can: a plan left out would show at once."""
    draw, accepted, exact = np.random.default_rng(100 + block), 0, 0
    for seed in range(30 * block, 30 * block + 30):
        chain = whole_chain(seed)
        best = chain.optimum()
        idle = chain.flow(np.zeros(len(chain.lanes), np.int64))
        for number in range(12):
            prices = draw.integers(-1 - (number % 3), 12, len(chain.shared.capacity))
            prices = prices if number % 3 == 0 else np.maximum(prices, 0)
            branches = forged_branches(chain, prices, draw)
            few = np.clip(branches.price_change, -12, 12)
            branches = replace(branches, price_change=few)
            if misfits(chain.network, chain.shared, np.maximum(prices, 0), branches):
                continue
            branches = at_their_best(chain, prices, branches)
            if number % 4 == 3:
                branches = cut_short(branches, draw)
            level = np.zeros(chain.network.node_count, np.int64)
            bound = accepted_bound(chain, idle, level, prices, branches)
            assert bound is None or bound <= best, seed
            accepted += bound is not None
            exact += bound == best
    assert accepted > 50
    assert exact > 0


def test_every_plan_is_in_a_leaf() -> None:
    """Whatever the splits, no plan is left out: some leaf allows its units and its loads."""
    draw, seen = np.random.default_rng(9), 0
    for seed in range(60):
        chain = whole_chain(seed)
        prices = np.zeros(len(chain.shared.capacity), np.int64)
        level = np.zeros(chain.network.node_count, np.int64)
        trees = [forged_branches(chain, prices, draw) for _ in range(8)]
        whole_trees = [tree for tree in trees
                       if not misfits(chain.network, chain.shared, prices, tree)]  # fmt: skip
        for _ in range(12):
            units = draw.integers(0, chain.network.capacity[chain.lanes] + 1)
            moved = np.bincount(chain.item_of_lane, units, len(chain.supply))
            flow = chain.flow(units)
            if np.any(moved > chain.supply) or chain.cost(flow) is None:
                continue
            for tree in whole_trees:
                found = leaves(chain.network, chain.shared, level, prices, tree)
                assert any(_holds(leaf, flow) for leaf in found), seed
                seen += 1
    assert seen > 500


def _holds(leaf: Leaf, flow: IntArray) -> bool:
    network, whole = leaf.network, leaf.shared.whole
    assert whole is not None
    taken = np.zeros(len(leaf.shared.capacity), np.int64)
    np.add.at(taken, leaf.shared.resource, leaf.shared.use * flow[leaf.shared.arc])
    steps = np.array(steps_of(leaf.shared, taken))
    inside = np.all((network.lower <= flow) & (flow <= network.capacity))
    return bool(inside and np.all(steps <= whole.most_steps))


def steps_alone(columns: list[IntArray]) -> SharedResources:
    """Resources that no arc draws on, by size, step cost, least and most steps."""
    none = np.zeros(0, np.int64)
    size, *steps = columns
    return SharedResources(none, none, none, size, Whole(*steps, none, none, none))


def test_steps_are_weighed_exactly_whatever_their_size() -> None:
    """Within 64 bits and beyond: the least of both ends of each resource, in Python integers."""
    draw = np.random.default_rng(4)
    for _ in range(2_000):
        count = int(draw.integers(0, 5))
        columns = [draw.integers(0, 2 ** int(draw.integers(1, 62)), count) for _ in range(5)]
        size, cost, least, most, price = columns
        expected = sum(
            min((f - q * c) * low, (f - q * c) * high)
            for c, f, low, high, q in zip(*(column.tolist() for column in columns), strict=True)
        )
        assert expected == least_of_steps(steps_alone([size, cost, least, most]), price)


@pytest.mark.parametrize(("more", "refused"), [(0, False), (RESOURCE_PARTS, True)])
def test_a_tree_that_would_take_hours_is_refused(*, more: int, refused: bool) -> None:
    """Leaves count with all that each of them has, resources too: not with their arcs alone."""
    resources = (MOST_LEAF_PARTS // MOST_LEAVES + more - 3) // RESOURCE_PARTS
    ones = np.ones(resources, np.int64)
    network = bare_network([0], [1], [1], [1], [0, 0])
    split = np.array([RESOURCE, LEAF] * (MOST_LEAVES - 1) + [LEAF], np.int64)
    none, at = np.zeros(0, np.int64), np.where(split == LEAF, 0, np.arange(len(split)))
    bounds = np.zeros(MOST_LEAVES, np.int64)
    branches = Branches(split, np.zeros_like(split), at, bounds, *[none] * 6)
    found = misfits(network, steps_alone([ones, ones, ones, ones]), ones, branches)
    assert (["there are 400 branches, more than are looked at"] if refused else []) == found
