"""A finished plan as rules see it: lines, lanes, places and countries, and who adds to each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ontology.columns import MISSING, Snapshot, Table
from solver.explain.filters import FirstDayLines
from solver.explain.unmet import stock_levels
from solver.model.carry_labels import BoolArray, CarryLabels
from solver.model.completion import complete
from solver.model.demand import TOTAL, QuantileDemand
from solver.model.movements import table_of_columns
from solver.model.problem import Problem
from solver.network.columns import IntArray
from solver.network.names import ABSENT, as_column, codes_of


@dataclass(frozen=True)
class PlanViews:
    """The tables that rules target, and per row of each the first day's movements that add to it.

    `members[name][row]` holds movement rows, and `units` what each movement row carries.
    """

    tables: Mapping[str, Table]
    members: Mapping[str, Sequence[IntArray]]
    units: Mapping[int, int]


def plan_views(
    problem: Problem, labels: CarryLabels, snapshot: Snapshot, lines: FirstDayLines
) -> PlanViews:
    """The views of the first day's lines and the given purchases; later moves may never be made.

    Rows are sorted by key. No solver is used.
    """
    rows = np.concatenate([lines.rows, labels.given.rows])
    units = np.concatenate([lines.units, labels.given.units])
    order = np.argsort(rows, kind="stable")
    rows, units = rows[order], units[order]
    movements = problem.movements.take(rows)
    moved = np.zeros(len(problem.movements), np.int64)
    moved[lines.rows] = lines.units
    stock = _expected_stock(problem, labels, complete(problem, labels, moved))
    parts = {
        "PlannedLine": _lines(snapshot, movements, rows, units),
        "LaneLoad": _lanes(snapshot, movements, rows, units),
        "LocationLoad": _places(problem, labels, snapshot, movements, rows, units, stock),
        "CountryHolding": _countries(problem, labels, snapshot, movements, rows, stock),
    }
    carried = dict(zip(rows.tolist(), units.tolist(), strict=True))
    return PlanViews(
        {name: table for name, (table, _) in parts.items()},
        {name: members for name, (_, members) in parts.items()},
        carried,
    )


_View = tuple[Table, list[IntArray]]


def _expected_stock(problem: Problem, labels: CarryLabels, flow: IntArray) -> IntArray:
    """E[(S - D)+], the expected units on hand, in half millionths, per pair and local day."""
    levels = stock_levels(problem, labels, flow)
    demand = labels.curves
    if isinstance(demand, QuantileDemand):
        found: IntArray = levels * TOTAL - demand.expected() + demand.short(levels)
        return found
    return np.array([
        [-int((curve.expected() - level - curve.expected_short(int(level))) * TOTAL // 1)
         for curve, level in zip(days, row, strict=True)]
        for days, row in zip(demand, levels, strict=True)
    ], np.int64).reshape(levels.shape)  # fmt: skip


def _lines(snapshot: Snapshot, movements: Table, rows: IntArray, units: IntArray) -> _View:
    items = snapshot.table("Item")
    cents = np.append(items["value_cents"], MISSING)[
        codes_of(movements["item"], items["id"].tolist())
    ]
    names = ("kind", "item", "departs_on", "arrives_on", "origin", "destination", "lane",
             "supplier", "lot")  # fmt: skip
    table = table_of_columns(
        "PlannedLine", len(rows), number=np.arange(1, len(rows) + 1), quantity_units=units,
        value_cents=np.where(cents == MISSING, MISSING, cents * units),
        **{name: movements[name] for name in names},
    )  # fmt: skip
    return table, [np.array([row]) for row in rows.tolist()]


def _lanes(snapshot: Snapshot, movements: Table, rows: IntArray, units: IntArray) -> _View:
    items = snapshot.table("Item")
    hazard = dict(zip(items["id"], items["hazard_class"], strict=True))
    used = sorted({lane for lane in movements["lane"] if lane})
    at = codes_of(movements["lane"], used)
    load = np.zeros(len(used), np.int64)
    np.add.at(load, at[at != ABSENT], units[at != ABSENT])
    classes: list[set[str]] = [set() for _ in used]
    for place, item in zip(at.tolist(), movements["item"], strict=True):
        if place != ABSENT and hazard.get(item):
            classes[place].add(hazard[item])
    first = movements["departs_on"][:1]
    table = table_of_columns(
        "LaneLoad", len(used), lane=as_column(used), departs_on=np.repeat(first, len(used)),
        quantity_units=load, hazard_classes=as_column(tuple(sorted(each)) for each in classes),
    )  # fmt: skip
    return table, [rows[at == place] for place in range(len(used))]


def _places(
    problem: Problem, labels: CarryLabels, snapshot: Snapshot, movements: Table, rows: IntArray,
    units: IntArray, stock: IntArray,
) -> _View:  # fmt: skip
    places = snapshot.table("Location").sorted()
    names = places["id"].tolist()
    leaves, lands = (codes_of(movements[end], names) for end in ("origin", "destination"))
    today = movements["arrives_on"] == problem.window.first
    moved = movements["kind"] != "substitution"
    handled = np.zeros(len(names), np.int64)
    for at, counts in ((leaves, moved), (lands, moved & today)):
        chosen = counts & (at != ABSENT)
        np.add.at(handled, at[chosen], units[chosen])
    held = np.zeros((len(names), stock.shape[1]), np.int64)
    of_pair = codes_of((place for _, place in labels.pairs), names)
    np.add.at(held, of_pair[of_pair != ABSENT], stock[of_pair != ABSENT])
    held = -(-held // TOTAL)  # whole units, once for all that lies there
    overloaded = _over(handled, places["handling_capacity_units_per_day"])
    overfull = _over(held.max(axis=1, initial=0), places["storage_capacity_units"])
    table = table_of_columns(
        "LocationLoad", len(names), location=places["id"], handled_units=handled,
        overloaded_units=overloaded, overfull_units=overfull,
    )  # fmt: skip
    soon = _lands_soon(problem, movements)
    return table, [
        rows[moved & (
            ((overloaded[place] > 0) & ((leaves == place) | ((lands == place) & today)))
            | ((overfull[place] > 0) & (lands == place) & soon)
        )]
        for place in range(len(names))
    ]  # fmt: skip


def _lands_soon(problem: Problem, movements: Table) -> BoolArray:
    """What lands within the local days: later arrivals add to no load that the plan looks at."""
    soon: BoolArray = problem.window.day_of(movements["arrives_on"]) < problem.window.periods
    return soon


def _over(amount: IntArray, most: IntArray) -> IntArray:
    return np.where(most == MISSING, 0, np.maximum(0, amount - most))


def _countries(
    problem: Problem, labels: CarryLabels, snapshot: Snapshot, movements: Table, rows: IntArray,
    stock: IntArray,
) -> _View:  # fmt: skip
    limits = snapshot.table("PossessionLimit").sorted()
    places = snapshot.table("Location")
    country = dict(zip(places["id"], places["country"], strict=True))
    limited = list(zip(limits["item"], limits["country"], strict=True))
    items = set(limits["item"])
    there: dict[tuple[str, str], list[int]] = {}
    for pair, (item, place) in enumerate(labels.pairs):
        if item in items:
            there.setdefault((item, country.get(place, "")), []).append(pair)
    held = np.array(
        [-(-stock[there[key]].sum(axis=0).max() // TOTAL) if key in there else 0
         for key in limited], np.int64,
    )  # fmt: skip
    table = table_of_columns(
        "CountryHolding", len(limited), item=limits["item"], country=limits["country"],
        quantity_units=held, excess_units=np.maximum(0, held - limits["most_units"]),
    )  # fmt: skip
    soon = _lands_soon(problem, movements).tolist()
    enters: dict[tuple[str, str], list[int]] = {}
    ends = zip(movements["item"], movements["origin"], movements["destination"], soon,
               rows.tolist(), strict=True)  # fmt: skip
    for item, start, end, lands, row in ends:
        if lands and country.get(end) != country.get(start):
            enters.setdefault((item, country.get(end, "")), []).append(row)
    return table, [np.array(enters.get(key, []), np.int64) for key in limited]
