"""What a plan expects to lose of lots that expire in its window: where, when, and of which lots."""

from typing import Any

import numpy as np

from ontology.columns import MISSING, Snapshot
from solver.model.carry_labels import CarryLabels
from solver.model.coming import Coming
from solver.model.movements import arrivals, lots_on_hand
from solver.model.problem import Problem
from solver.network.columns import IntArray
from solver.network.facts import fact, numbered
from solver.network.names import codes_of

Row = dict[str, Any]
MERGED = "LATER_LOTS_LAST"
"""What comes after the local days counts as if it lasted, whatever its shelf life."""


def expected_waste(problem: Problem, snapshot: Snapshot, flow: IntArray) -> list[Row]:
    """One row per item, place and last day of lots that are expected to lose units; from 1.

    `quantity_units` lie there in `lots` that may be sold up to `expires_on`;
    `expected_waste_millionths` of them are expected to be left then, wherever the plan means them
    for, and `cost_scaled` is what the network charges for it. Empty where no lot expires in the
    window. Goods under way and given purchases count with the lots, by the day on which they
    expire. No solver is used.
    """
    labels = problem.labels
    if not isinstance(labels, CarryLabels) or labels.ages is None:
        return []
    ages, units = labels.ages, flow[labels.ageing_arcs]
    lots = lots_on_hand(snapshot)
    place, first = {pair: number for number, pair in enumerate(labels.pairs)}, problem.window.first
    sums: dict[tuple[int, str], list[int]] = {}
    of_row: dict[tuple[int, str], set[int]] = {}
    come: dict[tuple[int, str], list[Coming]] = {}
    leave = np.arange(len(units)) < labels.blocks["age"][1] - labels.blocks["age"][0]
    columns = (ages.lot, units * leave, units * ages.lost_millionths, units * ages.loss)
    for lot, *amounts in zip(*(column.tolist() for column in columns), strict=True):
        pair = place[lots["item"][lot], lots["location"][lot]]
        key = (pair, str(lots["expires_on"][lot]))
        of_row.setdefault(key, set()).add(lot)
        found = sums.setdefault(key, [0, 0, 0])
        found[:] = [one + more for one, more in zip(found, amounts, strict=True)]
    for loss in ages.coming:
        what, on = loss.coming, str(first + loss.coming.last)
        come.setdefault((what.pair, on), []).append(what)
        found = sums.setdefault((what.pair, on), [0, 0, 0])
        more = (what.units, loss.lost_millionths, loss.cost)
        found[:] = [one + other for one, other in zip(found, more, strict=True)]
    return numbered([
        _row(labels, snapshot, key, amounts,
             lots["lot"][sorted(of_row.get(key, ()))].tolist(), come.get(key, []))
        for key, amounts in sorted(sums.items())
        if amounts[1]
    ])  # fmt: skip


def _row(
    labels: CarryLabels, snapshot: Snapshot, key: tuple[int, str], amounts: list[int],
    lots: list[str], come: list[Coming],
) -> Row:  # fmt: skip
    named = sorted({*lots, *(each.lot for each in come if each.lot)})
    item, location = labels.pairs[key[0]]
    stated = [
        fact(name, item) for name, column in (("Item", "id"), ("DisposalCost", "item"))
        if item in set(snapshot.table(name)[column])
    ]  # fmt: skip
    return {
        "item": item,
        "location": location,
        "expires_on": key[1],
        "quantity_units": amounts[0],
        "expected_waste_millionths": amounts[1],
        "cost_scaled": amounts[2],
        "lots": named,
        "because": [*(fact("StockPosition", item, location, lot) for lot in sorted(lots)),
                    *(each.fact for each in come), *(fact("Lot", lot) for lot in named), *stated],
    }  # fmt: skip


def merged(problem: Problem, snapshot: Snapshot) -> list[Row]:
    """A remark where goods that land on far days would expire in the window, and count as lasting.

    On those days the stock of all places is one, of no age.
    """
    labels, window = problem.labels, problem.window
    if not isinstance(labels, CarryLabels) or labels.ages is None:
        return []
    pair, day, units = arrivals(snapshot, window, labels.pairs)
    bought = problem.movements.take(labels.given.rows)
    day = np.concatenate([day, window.day_of(bought["arrives_on"])])
    names = [*(labels.pairs[row][0] for row in pair.tolist()), *bought["item"]]
    items = snapshot.table("Item")
    life = np.append(items["shelf_life_days"], MISSING)[codes_of(names, items["id"].tolist())]
    end = window.periods + window.far_periods
    short = (life != MISSING) & (day + np.maximum(0, life) < end) & (day >= window.periods)
    amount = int(np.concatenate([units, labels.given.units])[short].sum())
    if not amount:
        return []
    kinds = len({name for name, soon in zip(names, short.tolist(), strict=True) if soon})
    return [{
        "code": MERGED,
        "units": amount,
        "items": kinds,
        "what": f"{amount:,} units of {kinds:,} items under way or bought land after the local "
                "days and would expire in the window: they count as if they lasted",
        "hint": "plan again when they land on a local day, or forecast more days",
    }]  # fmt: skip
