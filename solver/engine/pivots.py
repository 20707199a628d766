"""Network simplex, compiled, from where a solve ended: a tree of arcs, and pivots on it."""

from typing import NamedTuple

import numba
import numpy as np

from solver.network.ranges import AnyArray

LOWER, IN_TREE, UPPER = 1, 0, -1
ENDLESS = 2**62
"""The span of artificial arcs."""

LEAST_BLOCK = 32
"""Arcs of which the one that pays most is taken, at least."""


class Arcs(NamedTuple):
    """Columns; behind the arcs of the network stands one artificial arc per node."""

    tail: AnyArray
    head: AnyArray
    cost: AnyArray
    span: AnyArray
    flow: AnyArray
    state: AnyArray


class Tree(NamedTuple):
    """Per node, the root last: its parent, the arc to it, and whether that leads up.

    Its neighbours in preorder, its depth, and its level (potential).
    """

    parent: AnyArray
    pred: AnyArray
    up: AnyArray
    after: AnyArray
    before: AnyArray
    depth: AnyArray
    level: AnyArray


Beside = tuple[AnyArray, AnyArray]
"""The arcs at each node: where its own begin, one more at the end; rows."""


@numba.njit(cache=True)
def arcs_beside(node_count: int, tail: AnyArray, head: AnyArray, rows: AnyArray) -> Beside:
    """Each of the rows at both of its ends."""
    start = np.zeros(node_count + 2, np.int32)
    for row in rows:
        start[tail[row] + 2] += 1
        start[head[row] + 2] += 1
    for node in range(node_count):
        start[node + 2] += start[node + 1]
    beside = np.empty(2 * len(rows), np.int32)
    for row in rows:
        for node in (tail[row], head[row]):
            beside[start[node + 1]] = row
            start[node + 1] += 1
    return start[: node_count + 1], beside


@numba.njit(cache=True)
def grow(arcs: Arcs, tree: Tree, count: int, known: AnyArray) -> bool:
    """A tree for a cheapest flow and its potentials `known`; False where the flow has no tree.

    Arcs that are neither empty nor full join nodes to groups. Groups hang together by arcs of
    reduced cost 0 over which units could go towards the root, as far as there are such, and the
    rest on the root, by empty artificial arcs whose costs keep the levels as they are. No unit
    ever goes over those: what one brings to the root, another would have to take from it.
    """
    tail, head, cost = arcs.tail, arcs.head, arcs.cost
    span, flow, state = arcs.span, arcs.flow, arcs.state
    parent, pred, up = tree.parent, tree.pred, tree.up
    root = len(parent) - 1
    inner, ends = _tight_rows(arcs, count, known)
    free, tight = arcs_beside(root, tail, head, inner), arcs_beside(root, tail, head, ends)
    pred[:] = -1
    waiting = np.empty(root, np.int32)
    groups = 0
    for first in range(root - 1, -1, -1):  # later nodes first: units mostly flow to them
        if pred[first] >= 0:
            continue
        arc = count + first
        tail[arc], head[arc], cost[arc], span[arc] = first, root, -known[first], ENDLESS
        flow[arc], state[arc] = 0, IN_TREE
        parent[first], pred[first], up[first] = root, arc, True
        waiting[0] = first
        place, length, groups = 0, _join(arcs, tree, free, waiting, 0), groups + 1
        while place < length:
            node = waiting[place]
            place += 1
            for at in range(tight[0][node], tight[0][node + 1]):
                arc = tight[1][at]
                leads_up = head[arc] == node
                other = tail[arc] if leads_up else head[arc]
                if pred[other] < 0 and (flow[arc] == 0) == leads_up:
                    parent[other], pred[other], up[other] = node, arc, leads_up
                    state[arc] = IN_TREE
                    waiting[length] = other
                    length, groups = _join(arcs, tree, free, waiting, length), groups + 1
    parent[root], up[root] = root, False
    _order(tree)
    return root - groups == len(inner)


@numba.njit(cache=True)
def _tight_rows(arcs: Arcs, count: int, known: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Arcs neither empty nor full; others of reduced cost 0. All are out of the tree for now."""
    tail, head, cost = arcs.tail, arcs.head, arcs.cost
    span, flow, state = arcs.span, arcs.flow, arcs.state
    inner, ends = np.empty(count, np.int32), np.empty(count, np.int32)
    inside, outside = 0, 0
    for arc in range(count):
        state[arc] = LOWER if flow[arc] == 0 else UPPER
        if 0 < flow[arc] < span[arc]:
            inner[inside] = arc
            inside += 1
        elif cost[arc] + known[tail[arc]] == known[head[arc]]:
            ends[outside] = arc
            outside += 1
    return inner[:inside], ends[:outside]


@numba.njit(cache=True)
def _join(arcs: Arcs, tree: Tree, free: Beside, waiting: AnyArray, place: int) -> int:
    """Add the group of the node that waits at this place; how many wait then."""
    tail, head, state = arcs.tail, arcs.head, arcs.state
    parent, pred, up = tree.parent, tree.pred, tree.up
    length = place + 1
    while place < length:
        node = waiting[place]
        place += 1
        for at in range(free[0][node], free[0][node + 1]):
            arc = free[1][at]
            other = tail[arc] if head[arc] == node else head[arc]
            if pred[other] < 0:
                parent[other], pred[other], up[other] = node, arc, head[arc] == node
                state[arc] = IN_TREE
                waiting[length] = other
                length += 1
    return length


@numba.njit(cache=True)
def _order(tree: Tree) -> None:
    """Preorder and depths from the parents."""
    parent, after, before, depth = tree.parent, tree.after, tree.before, tree.depth
    root = len(parent) - 1
    child, sibling = np.full(root + 1, -1, np.int32), np.empty(root + 1, np.int32)
    for node in range(root - 1, -1, -1):
        sibling[node] = child[parent[node]]
        child[parent[node]] = node
    node, last, depth[root] = root, root, 0
    while True:
        ahead = child[node]
        while ahead < 0 and node != root:
            ahead = sibling[node]
            node = parent[node]
        if ahead < 0:
            break
        depth[ahead] = depth[parent[ahead]] + 1
        after[last], before[ahead] = ahead, last
        last = node = ahead
    after[last], before[root] = root, last


@numba.njit(cache=True)
def optimise(arcs: Arcs, tree: Tree, count: int, beside: Beside) -> None:
    """Pivots until no arc pays, after other costs: from a tree of a flow that is feasible.

    Those arcs that pay are listed, and pivots made until none of the list pays any more. Then
    only an arc at a node whose level changed can pay: those are listed, and so on.
    """
    tail, head, cost, state = arcs.tail, arcs.head, arcs.cost, arcs.state
    level = tree.level
    nodes = len(level) - 1
    _relevel(arcs, tree)
    rows, moved = np.empty(count, np.int32), np.ones(nodes + 1, np.bool_)
    while True:
        listed = 0
        if 4 * np.count_nonzero(moved) >= nodes:
            for arc in range(count):
                if state[arc] * (cost[arc] + level[tail[arc]] - level[head[arc]]) < 0:
                    rows[listed] = arc
                    listed += 1
        else:
            for node in np.flatnonzero(moved[:nodes]):
                for at in range(beside[0][node], beside[0][node + 1]):
                    arc = beside[1][at]
                    reduced = cost[arc] + level[tail[arc]] - level[head[arc]]
                    twice = head[arc] == node and moved[tail[arc]]
                    if state[arc] * reduced < 0 and not twice:
                        rows[listed] = arc
                        listed += 1
        if not listed:
            return
        moved[:] = False
        _use_up(arcs, tree, rows[:listed], moved)


@numba.njit(cache=True)
def _relevel(arcs: Arcs, tree: Tree) -> None:
    """Levels at which every arc of the tree has a reduced cost of 0."""
    parent, pred, up, after, level = tree.parent, tree.pred, tree.up, tree.after, tree.level
    cost = arcs.cost
    root = len(parent) - 1
    level[root], node = 0, after[root]
    while node != root:
        cost_up = cost[pred[node]] if up[node] else -cost[pred[node]]
        level[node] = level[parent[node]] - cost_up
        node = after[node]


@numba.njit(cache=True)
def _use_up(arcs: Arcs, tree: Tree, rows: AnyArray, moved: AnyArray) -> None:
    """Pivots until none of the rows pays: on the one that pays most in a block, blocks in turn.

    Marks the nodes whose levels changed.
    """
    tail, head, cost, state = arcs.tail, arcs.head, arcs.cost, arcs.state
    level = tree.level
    count, begin, unpaid = len(rows), 0, 0
    block = max(LEAST_BLOCK, int(np.sqrt(count)))
    while unpaid < count:
        end = min(begin + block, count)
        least, best = np.int64(0), -1
        for arc in rows[begin:end]:
            reduced = state[arc] * (cost[arc] + level[tail[arc]] - level[head[arc]])
            if reduced < least:
                least, best = reduced, arc
        unpaid += end - begin
        begin = end if end < count else 0
        if best >= 0:
            unpaid = 0
            _pivot(arcs, tree, best, moved)


# inlined: a call would copy the headers of all arrays, which takes longer than the pivot
@numba.njit(inline="always")
def _pivot(arcs: Arcs, tree: Tree, entering: int, moved: AnyArray) -> None:
    """Push along the cycle that an arc closes; it joins the tree in place of one that blocks."""
    tail, head, state, flow, level = arcs.tail, arcs.head, arcs.state, arcs.flow, tree.level
    first, second = tail[entering], head[entering]
    if state[entering] == UPPER:
        first, second = second, first
    push, leaving, moves_first, join = _blocked(arcs, tree, first, second, arcs.span[entering])
    if push > 0:
        flow[entering] += push if state[entering] == LOWER else -push
        _send(arcs, tree, first, join, -push)
        _send(arcs, tree, second, join, push)
    if leaving < 0:
        state[entering] = -state[entering]
        return
    out = tree.pred[leaving]
    state[out] = LOWER if flow[out] == 0 else UPPER
    leads_up = moves_first == (state[entering] == LOWER)
    state[entering] = IN_TREE
    top = tail[entering] if leads_up else head[entering]
    onto = head[entering] if leads_up else tail[entering]
    reduced = arcs.cost[entering] + level[tail[entering]] - level[head[entering]]
    shift = -reduced if leads_up else reduced
    _hang(tree, top, onto, leaving, entering, leads_up, shift, moved)


@numba.njit(inline="always")
def _blocked(
    arcs: Arcs, tree: Tree, first: int, second: int, most: int
) -> tuple[int, int, bool, int]:
    """How far units go from the root's side to `first` and back from `second`, `most` at most.

    Then the node below the arc that blocks (-1: none), whether that is on the way to `first`, and
    where the two ways meet. Strongly feasible trees (Cunningham 1976): units could go from every
    node to the root. The last arc that blocks, seen from where the ways meet, leaves the tree, so
    that no tree comes again.
    """
    span, flow = arcs.span, arcs.flow
    parent, pred, up, depth = tree.parent, tree.pred, tree.up, tree.depth
    push, leaving, back, last = most, -1, ENDLESS, -1
    while first != second:
        deeper = depth[first] - depth[second]
        if deeper >= 0:
            arc = pred[first]
            room = flow[arc] if up[first] else span[arc] - flow[arc]
            if room < push:
                push, leaving = room, first
            first = parent[first]
        if deeper <= 0:
            arc = pred[second]
            room = span[arc] - flow[arc] if up[second] else flow[arc]
            if room <= back:
                back, last = room, second
            second = parent[second]
    if last >= 0 and back <= push:
        return back, last, False, first
    return push, leaving, True, first


@numba.njit(inline="always")
def _send(arcs: Arcs, tree: Tree, node: int, join: int, units: int) -> None:
    """Send units from a node up the tree; negative ones come down."""
    parent, pred, up, flow = tree.parent, tree.pred, tree.up, arcs.flow
    while node != join:
        flow[pred[node]] += units if up[node] else -units
        node = parent[node]


@numba.njit(inline="always")
def _hang(
    tree: Tree, top: int, onto: int, leaving: int, arc: int, leads_up: bool, shift: int,
    moved: AnyArray,
) -> None:  # fmt: skip
    """Cut the subtree of `leaving` off and hang it by its node `top` onto a node outside of it.

    The way from `top` to `leaving` turns round. The new preorder is that of top's subtree, then
    that of its old parent's without it, and so on; what comes after a node and is deeper is below.
    """
    parent, pred, up = tree.parent, tree.pred, tree.up
    after, before, depth, level = tree.after, tree.before, tree.depth, tree.level
    beyond = after[leaving]
    while depth[beyond] > depth[leaving]:
        beyond = after[beyond]
    after[before[leaving]], before[beyond] = beyond, before[leaving]
    following, placed = after[onto], onto
    stem, done, past_done, sink = top, -1, -1, depth[onto] + 1
    to_parent, to_arc, to_up = onto, arc, leads_up
    while True:
        limit = depth[stem]
        deeper = sink - limit
        node = stem
        while True:
            ahead = after[node]
            depth[node] += deeper
            level[node] += shift
            moved[node] = True
            after[placed], before[node] = node, placed
            placed = node
            node = past_done if ahead == done else ahead
            if depth[node] <= limit:
                break
        old_parent, old_arc, old_up = parent[stem], pred[stem], up[stem]
        parent[stem], pred[stem], up[stem] = to_parent, to_arc, to_up
        if stem == leaving:
            break
        to_parent, to_arc, to_up = stem, old_arc, not old_up
        done, past_done = stem, node
        stem, sink = old_parent, sink + 1
    after[placed], before[following] = following, placed
