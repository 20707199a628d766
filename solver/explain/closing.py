"""Which lines a broken rule on a finished plan closes, in a written order."""

from bisect import bisect_left

import numpy as np

from ontology.columns import Snapshot
from solver.engine.shared import used
from solver.explain.views import PlanViews
from solver.model.problem import Problem
from solver.network.columns import ArcKind, IntArray
from solver.proof.branches import split_lots
from solver.proof.claims import SharedResources

_EXCESS = {"LocationLoad": ("overloaded_units", "overfull_units"),
           "CountryHolding": ("excess_units",)}  # fmt: skip


def rows_to_close(
    problem: Problem, snapshot: Snapshot, views: PlanViews, name: str, row: int, *, all_of: bool
) -> IntArray:
    """Movement rows to close so that one row of a view no longer breaks its rule.

    A line closes itself. A lane on which hazard classes meet keeps the class with most units
    (ties: the first by name; before that, one that a person asks for) and loses the others. A
    load or holding above its limit loses the smallest line that covers the excess, else the
    largest lines first. `all_of` closes every line that adds to it: the last resort.
    """
    members = views.members[name][row]
    if name == "PlannedLine" or not len(members):
        return members
    if name == "LaneLoad":
        hazardous = _other_classes(problem, snapshot, views, members)
        return members if all_of and not len(hazardous) else hazardous
    if all_of:
        return members
    excess = max(int(views.tables[name][column][row]) for column in _EXCESS[name])
    return _covering(members, views, max(1, excess))


def _other_classes(
    problem: Problem, snapshot: Snapshot, views: PlanViews, members: IntArray
) -> IntArray:
    items = snapshot.table("Item")
    hazard = dict(zip(items["id"], items["hazard_class"], strict=True))
    of = [hazard.get(item) or "" for item in problem.movements["item"][members]]
    load: dict[str, int] = {}
    wanted = {name for row, name in zip(members.tolist(), of, strict=True) if row in problem.wanted}
    for row, name in zip(members.tolist(), of, strict=True):
        if name:
            load[name] = load.get(name, 0) + views.units[row]
    kept = min(load, key=lambda name: (name not in wanted, -load[name], name), default="")
    return members[[bool(name) and name != kept for name in of]]


def _covering(members: IntArray, views: PlanViews, excess: int) -> IntArray:
    left = sorted(members.tolist(), key=lambda row: (views.units[row], row))
    chosen: list[int] = []
    while excess > 0 and left:
        fits = bisect_left(left, excess, key=views.units.__getitem__)
        row = left.pop(min(fits, len(left) - 1))
        chosen.append(row)
        excess -= views.units[row]
    return np.array(sorted(chosen), np.int64)


def overdrawn(problem: Problem, flow: IntArray) -> set[int]:
    """Movement rows to close so that a flow takes no more of shared capacities than there is.

    Of each overdrawn resource the largest movements, until the excess is covered; of loads all
    that there are count as there. A lot that is split closes with all that is in it.
    """
    shared, network = problem.shared, problem.network
    if shared is None:
        return set()
    closed = _in_split_lots(problem, shared, flow)
    loads = 1 if shared.whole is None else shared.whole.most_steps
    excess = used(shared, flow) - shared.capacity * loads
    taken = shared.use * flow[shared.arc]
    for resource in np.flatnonzero(excess > 0).tolist():
        rows = np.flatnonzero((shared.resource == resource) & (taken > 0))
        rows = rows[network.kind[shared.arc[rows]] == ArcKind.MOVE]
        for row in rows[np.lexsort((shared.arc[rows], -taken[rows]))].tolist():
            if excess[resource] > 0:
                closed.add(int(network.reference[shared.arc[row]]))
                excess[resource] -= taken[row]
    return closed


def _in_split_lots(problem: Problem, shared: SharedResources, flow: IntArray) -> set[int]:
    """Movement rows with units in a lot that a flow splits: its arc, or those at its junction."""
    network, split = problem.network, split_lots(shared, flow)
    moves = (network.kind == ArcKind.MOVE) & (flow > 0)
    own = split[network.kind[split] == ArcKind.MOVE]
    joint = np.setdiff1d(split, own)
    behind = moves & np.isin(network.head, network.tail[joint])
    behind[own] = moves[own]
    return set(network.reference[behind].tolist())
