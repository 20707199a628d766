"""From a flow to the lines that a person reads, each with the facts that decide it."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from ontology.columns import MISSING, Snapshot
from ontology.errors import SolverError
from solver.model.assignment_network import AssignmentLabels
from solver.model.carry_labels import CarryLabels
from solver.model.problem import Problem
from solver.model.weighing import line_weight
from solver.network.columns import ArcKind, IntArray
from solver.network.facts import fact, numbered
from solver.network.names import ABSENT

Line = dict[str, Any]


def decode(
    problem: Problem,
    snapshot: Snapshot,
    flow: IntArray,
    attention: Mapping[int, Sequence[str]] = MappingProxyType({}),
) -> list[Line]:
    """The lines of a plan, in the order of the Movement table, numbered from 1.

    One line per first-day movement that carries flow, with the fields of its class in
    `ontology.plan` (dates as ISO text, nothing missing) and `because`: the decisive facts without
    their chain. `cost_scaled` is the arc's cost x units; for a transfer it includes the holding
    cost of the days under way. An assignment states both cost parts, whichever the plan chose
    by; `cost_scaled` is the sum of the chosen ones. Given purchases are lines like the others.
    A lane's cost per line stands, as `line_cost_scaled`, with the first lot of a line. The cost of
    a purchase is price less value, on a forecast less the item's lowest price, net of what stays
    in stock; what is paid is `paid_scaled`.
    `attention` names, per movement row, the rules that send it to a person.

    Raises SolverError `SHARED_CAPACITY` where several items together pass a lane's capacity.
    """
    if isinstance(problem.labels, CarryLabels):
        refuse_overfull_lanes(problem, snapshot, flow)
        lines = _risk_lines(problem, problem.labels, snapshot, flow, attention)
        lines = _with_whole(snapshot, lines)
        lines = _with_demand_lines(problem.labels, flow, lines)
    else:
        lines = _assignment_lines(problem, problem.labels, snapshot, flow, attention)
    return numbered(lines)


def moved_units(problem: Problem, flow: IntArray) -> IntArray:
    """Units per row of the Movement table."""
    units = np.zeros(len(problem.movements), np.int64)
    moving = problem.network.kind == ArcKind.MOVE
    units[problem.network.reference[moving]] = flow[moving]
    return units


def refuse_overfull_lanes(problem: Problem, snapshot: Snapshot, flow: IntArray) -> None:
    """Raises SolverError `SHARED_CAPACITY` where items together pass a lane's daily capacity.

    Each item's network honours the capacity alone. Flows that together honour it, too, are the
    cheapest of the shared problem (it has only more constraints), so nothing is lost. Where
    demand is forecast only the first day is acted on, and `closing` keeps that day's capacity.
    """
    if problem.window.is_forecast:
        return
    lanes, movements = snapshot.table("Lane"), problem.movements
    most = {
        lane: int(units)
        for lane, units in zip(lanes["id"], lanes["capacity_units_per_day"], strict=True)
        if units != MISSING
    }
    units = moved_units(problem, flow)
    used: dict[tuple[str, Any], int] = {}
    for row in np.flatnonzero(units):
        key = (movements["lane"][row], movements["departs_on"][row])
        used[key] = used.get(key, 0) + int(units[row])
    for (lane, on), total in sorted(used.items(), key=str):
        if lane in most and total > most[lane]:
            raise SolverError(
                f"items together need {total} units of lane `{lane}` on {on}, it carries "
                f"{most[lane]}",
                hint="split the lane's capacity by item, or plan the items apart",
                code="SHARED_CAPACITY",
            )


def _risk_lines(
    problem: Problem, labels: CarryLabels, snapshot: Snapshot, flow: IntArray,
    attention: Mapping[int, Sequence[str]],
) -> list[Line]:  # fmt: skip
    units = moved_units(problem, flow)
    units[labels.given.rows] += labels.given.units
    rows = np.flatnonzero((units > 0) & (labels.move_day == 0))
    asked = _demand_facts(problem, snapshot)
    anywhere: dict[str, list[str]] = {}
    for (item, _), names in asked.items():
        anywhere.setdefault(item, []).extend(names)
    fixed = _fixed_costs(problem, labels, snapshot, rows)
    paid = _prices(problem, snapshot, rows)
    return [
        _risk_line(problem, row, int(units[row]), int(labels.move_cost[row]), asked, anywhere)
        | ({"line_cost_scaled": fixed[row]} if fixed.get(row) else {})
        | ({"paid_scaled": int(units[row]) * paid[row]} if row in paid else {})
        | _sent(attention, row)
        for row in rows.tolist()
    ]


def _with_whole(snapshot: Snapshot, lines: list[Line]) -> list[Line]:
    """The lines with what makes them go whole among their reasons: loads, and lots of the item."""
    loads = set(snapshot.table("TruckLoad")["lane"])
    table = snapshot.table("TransferLot")
    lots = set(zip(table["item"], (lane or "" for lane in table["lane"]), strict=True))
    for line in lines if loads or lots else ():
        item, lane = line["item"], line.get("lane")
        named = [name for name in ((item, lane), (item, "")) if lane and name in lots]
        line["because"] += [fact("TransferLot", item, by or None) for _, by in named[:1]]
        line["because"] += [fact("TruckLoad", lane)] if lane in loads else []
    return lines


def _with_demand_lines(labels: CarryLabels, flow: IntArray, lines: list[Line]) -> list[Line]:
    """The lines with the demand lines that what stands in serves whole among their reasons."""
    if "line" not in labels.blocks:
        return lines
    served: dict[tuple[str, str, str], list[str]] = {}
    units = flow[labels.block("line")].tolist()
    for arc, taken in zip(labels.whole_lines.arcs, units, strict=True):
        if taken:
            way = labels.whole_lines.ways[arc.way]
            served.setdefault(way, []).append(fact("DemandLine", arc.line))
    for line in lines:
        if line["kind"] == "substitution":
            line["because"] += served.get((line["replaces"], line["item"], line["origin"]), [])
    return lines


def _fixed_costs(
    problem: Problem, labels: CarryLabels, snapshot: Snapshot, rows: IntArray
) -> dict[int, int]:
    """What each line's lane charges once, on the first of the line's lots."""
    movements = problem.movements.take(rows)
    found: dict[int, int] = {}
    seen = set()
    costs = line_weight(snapshot, movements, labels.weights).tolist()
    for row, item, lane, micros in zip(rows.tolist(), movements["item"], movements["lane"], costs,
                                       strict=True):  # fmt: skip
        if (item, lane) not in seen:
            found[row] = micros
            seen.add((item, lane))
    return found


def _prices(problem: Problem, snapshot: Snapshot, rows: IntArray) -> dict[int, int]:
    """What a unit of each purchase is paid for, in micros."""
    bought = rows[problem.movements["kind"][rows] == "purchase"]
    offers, names = snapshot.table("Offer"), ("supplier", "item", "location")
    keys = zip(*(offers[name] for name in names), strict=True)
    price = dict(zip(keys, offers["price_micros"].tolist(), strict=True))
    columns = (problem.movements[name][bought] for name in ("supplier", "item", "destination"))
    wanted = zip(*columns, strict=True)
    return {row: price[key] for row, key in zip(bought.tolist(), wanted, strict=True)}


def _risk_line(
    problem: Problem,
    row: int,
    units: int,
    unit_cost: int,
    asked: dict[tuple[str, str], list[str]],
    anywhere: dict[str, list[str]],
) -> Line:
    movement = {name: column[row] for name, column in problem.movements.columns.items()}
    item, destination = movement["item"], movement["destination"]
    kind, lot = movement["kind"], movement["lot"]
    if kind == "purchase":
        reasons = [fact("Offer", movement["supplier"], item, destination)]
        if (item, destination) not in asked:  # bought for the places behind it
            reasons += anywhere.get(item, [])
        ends = {"supplier": movement["supplier"]}
    elif kind == "substitution":
        return _substitution_line(movement, units, unit_cost, asked)
    else:
        reasons = [
            fact("StockPosition", item, movement["origin"], lot),
            fact("Lane", movement["lane"]),
            *_policy(problem, item, movement["origin"]),
        ]
        ends = {"lane": movement["lane"], "origin": movement["origin"], "lot": lot}
    reasons += _policy(problem, item, destination)
    return {
        "kind": kind,
        "item": item,
        **ends,
        "destination": destination,
        "quantity_units": units,
        "departs_on": str(movement["departs_on"]),
        "arrives_on": str(movement["arrives_on"]),
        "cost_scaled": units * unit_cost,
        "because": reasons + asked.get((item, destination), []),
    }


def _substitution_line(
    movement: Line, units: int, unit_cost: int, asked: dict[tuple[str, str], list[str]]
) -> Line:
    item, replaces, place = (movement[name] for name in ("item", "replaces", "origin"))
    return {
        "kind": "substitution",
        "item": item,
        "replaces": replaces,
        "origin": place,
        "lot": movement["lot"],
        "quantity_units": units,
        "departs_on": str(movement["departs_on"]),
        "cost_scaled": units * unit_cost,
        "because": [
            fact("StockPosition", item, place, movement["lot"]),
            fact("Substitute", replaces, item),
            *asked.get((replaces, place), []),
        ],
    }


def _policy(problem: Problem, item: str, place: str) -> list[str]:
    """The policy of a place, where it has one: a place without demand need not."""
    labels = problem.labels
    assert isinstance(labels, CarryLabels)  # noqa: S101  # the caller's
    stated = (item, place) in labels.policies
    return [fact("StockingPolicy", item, place)] if stated else []


def _demand_facts(problem: Problem, snapshot: Snapshot) -> dict[tuple[str, str], list[str]]:
    """Per item and location what its demand rests on: forecast or largest outcomes, and backlog."""
    found: dict[tuple[str, str], list[str]] = {}
    if problem.window.is_forecast:
        table = snapshot.table("DemandForecast")
        for pair in zip(table["item"], table["location"], strict=True):
            found[pair] = [fact("DemandForecast", *pair)]
    else:
        found = _largest_outcomes(problem, snapshot)
    backlog = snapshot.table("Backlog")
    for item, place, units in zip(backlog["item"], backlog["location"], backlog["quantity_units"],
                                  strict=True):  # fmt: skip
        if units > 0:
            found.setdefault((item, place), []).append(fact("Backlog", item, place))
    return found


def _largest_outcomes(problem: Problem, snapshot: Snapshot) -> dict[tuple[str, str], list[str]]:
    """Per item and location the greatest stated outcome above zero of each day, in day order."""
    table = snapshot.table("DemandOutcome")
    days = problem.window.day_of(table["on"])
    best: dict[tuple[str, str, int], int] = {}
    rows = zip(table["item"], table["location"], days.tolist(), table["quantity_units"].tolist(),
               table["weight"].tolist(), strict=True)  # fmt: skip
    for item, location, day, units, weight in rows:
        if day >= 0 and weight > 0 and units > best.get((item, location, day), 0):
            best[item, location, day] = units
    found: dict[tuple[str, str], list[str]] = {}
    for item, location, day in sorted(best):
        on = problem.window.first + day
        name = fact("DemandOutcome", item, location, on, best[item, location, day])
        found.setdefault((item, location), []).append(name)
    return found


def _assignment_lines(
    problem: Problem, labels: AssignmentLabels, snapshot: Snapshot, flow: IntArray,
    attention: Mapping[int, Sequence[str]],
) -> list[Line]:  # fmt: skip
    served = labels.served_by(flow)
    makes = set(snapshot.table("Production").keys)
    managed = set(snapshot.table("VendorManagedLink").keys)
    width = len(labels.locations)
    return [
        _assignment_line(problem, labels, order, int(served[order]), makes | managed)
        | _sent(attention, order * width + int(served[order]))
        for order in np.flatnonzero(served != ABSENT).tolist()
    ]


def _sent(attention: Mapping[int, Sequence[str]], row: int) -> Line:
    return {"attention": list(attention[row])} if row in attention else {}


def _assignment_line(
    problem: Problem, labels: AssignmentLabels, row: int, place: int, links: set[str]
) -> Line:
    orders, freight = labels.orders, labels.freight
    origin, port = labels.locations[place], freight.ports[freight.port[row, place]]
    rate = int(freight.rate[row, place])
    order, item, customer = (orders[name][row] for name in ("id", "item", "customer"))
    reasons = [
        fact("SalesOrder", order),
        fact("SharedResource", origin, "orders"),
        fact("HandlingRate", origin),
        fact("PortAccess", origin, port),
    ]
    if rate != ABSENT:
        reasons.append(f"FreightRate/{freight.rates.keys[rate]}")
    for name, key in (("Production", (origin, item)), ("VendorManagedLink", (origin, customer))):
        if fact(name, *key).partition("/")[2] in links:
            reasons.append(fact(name, *key))
    return {
        "kind": "assignment",
        "order": order,
        "item": item,
        "customer": customer,
        "origin": origin,
        "origin_port": port,
        "carrier": None if rate == ABSENT else freight.rates["carrier"][rate],
        "quantity_units": int(orders["quantity_units"][row]),
        "departs_on": problem.window.starts_on.isoformat(),
        "handling_cost_scaled": int(labels.handling[row, place]),
        "freight_cost_scaled": int(freight.cents[row, place]),
        "cost_scaled": int(labels.cost[row, place]),
        "because": reasons,
    }
