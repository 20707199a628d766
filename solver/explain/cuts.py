"""Why an order stays unserved: the full locations around it, and what serving it would cost."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ontology.closures import Closures
from ontology.errors import SolverError
from solver.model.assignment_network import AssignmentLabels
from solver.model.problem import Problem
from solver.network.columns import IntArray
from solver.network.facts import fact
from solver.network.names import ABSENT

BoolArray = npt.NDArray[np.bool_]
Row = dict[str, Any]


@dataclass(frozen=True)
class Exchange:
    """The cheapest way to serve an order in another's place: who goes, and at what extra cost."""

    instead_of: int
    extra_cost: int


def unserved_orders(problem: Problem, labels: AssignmentLabels, flow: IntArray) -> list[Row]:
    """One row per unserved order, sorted by order.

    Minimum cut, seen from an order: R = the locations that it reaches in the residual network
    (its own open ones, those where orders served there could go instead, and so on). All of R is
    full, or a path would serve one more. Let N be the orders whose every open location is in R:
    each place in R is held by an order of N, so |N| - capacity(R) = the unserved orders of N
    exactly (Hall 1935, König). A row states those numbers as `cut`.

    kind `cannot`: R is full, or nothing can ship the order. kind `rule`: rules leave it no
    location at all, and without one of them alone it would be served. `rule` names that rule
    where R is merely full, too. `took_its_place` is the order that gives way in the cheapest
    exchange, and `price_difference_scaled` (>= 0) what the plan would then cost more.

    Raises SolverError `FLOW_NOT_OPTIMAL` where some order could still be served.
    """
    served = labels.served_by(flow)
    unserved = np.flatnonzero(served == ABSENT)
    reached = reach(labels, served, labels.open_arcs)[unserved]
    if (reached & _has_room(labels, served)).any():
        raise SolverError("an order is left though a place is free", code="FLOW_NOT_OPTIMAL")
    cuts, cut_of = np.unique(reached, axis=0, return_inverse=True)
    cut_of = cut_of.reshape(-1)
    stated = [_cut(labels, served, cut) for cut in cuts]
    rules = opening_rules(problem, labels, served, unserved)
    total = int(labels.cost[np.flatnonzero(served != ABSENT), served[served != ABSENT]].sum())
    exchanges = exchanges_of(labels, served, unserved)
    closed = _Closed(problem.closures, len(labels.locations))
    return [
        _row(labels, int(order), stated[number], rule, exchange, closed, total)
        for order, number, rule, exchange in zip(unserved, cut_of, rules, exchanges, strict=True)
    ]


def reach(labels: AssignmentLabels, served: IntArray, open_arcs: BoolArray) -> BoolArray:
    """Per order, the locations that it reaches in the residual network over the given arcs."""
    count = len(labels.locations)
    onward = np.eye(count, dtype=np.bool_)
    for place in range(count):
        onward[place] |= open_arcs[served == place].any(axis=0)
    for _ in range(max(1, count.bit_length())):
        onward = (onward.astype(np.float32) @ onward.astype(np.float32)) > 0
    reached: BoolArray = (open_arcs.astype(np.float32) @ onward.astype(np.float32)) > 0
    return reached


def opening_rules(
    problem: Problem, labels: AssignmentLabels, served: IntArray, orders: IntArray
) -> list[str]:
    """Per order the first rule (by IRI) without which it alone would be served, "" for none."""
    found = [""] * len(orders)
    shape, room = labels.open_arcs.shape, _has_room(labels, served)
    for rule in sorted(problem.closures.closed):
        others = problem.closures.without(rule).is_open(len(problem.movements))
        without = reach(labels, served, others.reshape(shape) & labels.priced)
        for number in np.flatnonzero((without[orders] & room).any(axis=1)):
            found[number] = found[number] or rule
    return found


def exchanges_of(
    labels: AssignmentLabels, served: IntArray, orders: IntArray
) -> Iterator[Exchange | None]:
    """Per order the cheapest exchange, None where it has no open location.

    Shortest paths in the residual network, contracted to locations (Bellman-Ford; an optimal
    flow has no negative cycle): end[p] takes back an order served at p, step[p, q] moves one
    from p to q. Ties go to the first order, then the first location, by name.
    """
    count = len(labels.locations)
    far = np.iinfo(np.int64).max // 4
    end, victim = np.full(count, far), np.full(count, ABSENT, np.int64)
    step = np.full((count, count), far)
    for place in range(count):
        here = np.flatnonzero(served == place)
        if len(here):
            cost = labels.cost[here, place]
            victim[place] = here[np.argmax(cost)]
            end[place] = -cost.max()
            moves = np.where(labels.open_arcs[here], labels.cost[here] - cost[:, None], far)
            step[place] = moves.min(axis=0)
    for _ in range(count):
        onward = np.where(step < far, step + end[None, :], far)
        best = onward.argmin(axis=1)
        better = onward.min(axis=1) < end
        end = np.where(better, onward.min(axis=1), end)
        victim = np.where(better, victim[best], victim)
    for order in orders:
        total = np.where(
            labels.open_arcs[order] & (victim != ABSENT), labels.cost[order] + end, far
        )
        place = int(total.argmin()) if len(total) else 0
        known = len(total) > 0 and total[place] < far // 2
        yield Exchange(int(victim[place]), int(total[place])) if known else None


def _has_room(labels: AssignmentLabels, served: IntArray) -> BoolArray:
    used = np.bincount(served[served != ABSENT], minlength=len(labels.locations))
    room: BoolArray = used < labels.capacity
    return room


def _cut(labels: AssignmentLabels, served: IntArray, inside: BoolArray) -> Row:
    """The numbers of one cut; orders - capacity = short."""
    bound = ~(labels.open_arcs & ~inside).any(axis=1)
    bound &= labels.open_arcs.any(axis=1) == inside.any()
    capacity = int(np.maximum(0, labels.capacity[inside]).sum())
    short = int((bound & (served == ABSENT)).sum())
    # INVARIANT: the numbers of a cut re-add.
    if int(bound.sum()) - capacity != short:
        raise SolverError("a cut does not re-add: the flow is not optimal", code="FLOW_NOT_OPTIMAL")
    names = [name for name, kept in zip(labels.locations, inside, strict=True) if kept]
    return {"locations": names, "orders": int(bound.sum()), "capacity": capacity, "short": short}


@dataclass(frozen=True)
class _Closed:
    """Which rules close the movements of an order."""

    closures: Closures
    locations: int

    def rules_of(self, order: int) -> list[str]:
        """The rules that close one of the order's movements, in IRI order."""
        first, end = order * self.locations, (order + 1) * self.locations
        return sorted(
            rule for rule, rows in self.closures.closed.items()
            if np.searchsorted(rows, first) < np.searchsorted(rows, end)
        )  # fmt: skip


def _row(
    labels: AssignmentLabels,
    order: int,
    cut: Row,
    rule: str,
    exchange: Exchange | None,
    closed: _Closed,
    total: int,
) -> Row:
    orders = labels.orders
    own = np.flatnonzero(labels.open_arcs[order])
    kind = "rule" if rule and not len(own) else "cannot"
    row: Row = {
        "kind": kind,
        "order": orders["id"][order],
        "item": orders["item"][order],
        "quantity_units": int(orders["quantity_units"][order]),
        "reason": _reason(labels, order, cut, kind, rule, closed),
        "rule": rule or None,
        "cut": cut,
        "because": [
            fact("SalesOrder", orders["id"][order]),
            *(fact("SharedResource", labels.locations[place], "orders") for place in own),
        ],
    }
    if exchange is not None:
        row["took_its_place"] = orders["id"][exchange.instead_of]
        row["price_difference_scaled"] = exchange.extra_cost
        row["alternative_cost_scaled"] = total + exchange.extra_cost
    return row


def _reason(
    labels: AssignmentLabels, order: int, cut: Row, kind: str, rule: str, closed: _Closed
) -> str:
    if cut["locations"]:
        count = len(cut["locations"])
        return (
            f"one of {cut['short']} in this cut: {cut['orders']} orders can go only to "
            f"{count} location{'s' if count > 1 else ''} with places for {cut['capacity']}"
            + (f"; without the rule {rule} it could be served elsewhere" if rule else "")
        )
    if kind == "rule":
        return f"the rule {rule} closes every location that could serve it"
    if not labels.priced[order].any():
        return "no freight: no location has a rate that takes this order to its destination"
    rules = ", ".join(closed.rules_of(order))
    return f"closed at every location, and no single rule alone is the cause: {rules}"
