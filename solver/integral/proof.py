"""From a search to what a certificate states: prices, potentials, and the list of branches."""

import numpy as np

from solver.integral.search import Node, Search
from solver.network.columns import IntArray
from solver.proof.branches import Branches


def drawn(
    search: Search, root: Node, bound: int, level: IntArray
) -> tuple[IntArray, Branches | None]:
    """Potentials at the root's prices, and the branches where the root alone proves less.

    `level` are potentials of all that is neither shared nor whole. Every branch whose own bound is
    at least `bound` is a leaf: what is below it is not needed.
    """
    potentials = level.copy()
    first = _own_potentials(search, root)
    for part, own in zip(search.parts, first, strict=True):
        potentials[part.nodes] = own
    if root.bound >= bound or root.halves is None:
        return potentials, None
    tree: list[tuple[int, int, int]] = []
    leaves: list[Node] = []
    stack = [root]
    while stack:
        node = stack.pop()
        if node.bound >= bound or node.halves is None or node.split is None:
            tree.append((0, 0, 0))
            leaves.append(node)
        else:
            tree.append(node.split)
            stack.extend(reversed(node.halves))
    return potentials, _branches(search, root, tree, leaves, first)


def _own_potentials(search: Search, node: Node) -> list[IntArray]:
    bounds = search.bounds_of(node)
    return [part.potentials(node.prices, own)
            for part, own in zip(search.parts, bounds, strict=True)]  # fmt: skip


def _branches(
    search: Search, root: Node, tree: list[tuple[int, int, int]], leaves: list[Node],
    first: list[IntArray],
) -> Branches:  # fmt: skip
    prices: list[IntArray] = []
    levels: list[IntArray] = []
    for number, leaf in enumerate(leaves):
        changed = np.flatnonzero(leaf.prices != root.prices)
        prices.append(_rows(number, changed, (leaf.prices - root.prices)[changed]))
        bounds, nodes, changes = search.bounds_of(leaf), [], []
        for part, own, before in zip(search.parts, bounds, first, strict=True):
            same = np.array_equal(leaf.prices[part.resources], root.prices[part.resources])
            if same and not own:
                continue
            change = part.potentials(leaf.prices, own) - before
            moved = np.flatnonzero(change)
            nodes.append(part.nodes[moved])
            changes.append(change[moved])
        node, change = (np.concatenate([np.zeros(0, np.int64), *c]) for c in (nodes, changes))
        order = np.argsort(node)
        levels.append(_rows(number, node[order], change[order]))
    split, subject, at = np.array(tree, np.int64).T.copy()
    bounds_column = np.array([leaf.bound for leaf in leaves], np.int64)
    return Branches(split, subject, at, bounds_column, *np.concatenate(prices, axis=1).copy(),
                    *np.concatenate(levels, axis=1).copy())  # fmt: skip


def _rows(number: int, rows: IntArray, changes: IntArray) -> IntArray:
    return np.stack([np.full(len(rows), number), rows, changes]).astype(np.int64)
