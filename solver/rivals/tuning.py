"""Tuning a rival on the days before the plan: replayed on what was asked for, by a written grid."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from ontology.columns import MISSING, Snapshot
from solver.model.carry_labels import CarryLabels
from solver.model.problem import Problem
from solver.network.columns import IntArray
from solver.network.names import ABSENT
from solver.network.ranges import exact_dot
from solver.network.scaling import MICROS_PER_CENT, half_up
from solver.rivals.heuristics import (
    GREEDY,
    MIN_MAX,
    PERCENT,
    Acts,
    Outlook,
    Parameters,
    Ways,
    act,
    levels_of,
    outlook,
    stated_levels,
    ways_in,
)

WINDOWS = 2
"""The replay covers so many times the length of the plan's window, up to the day before it."""
REORDER_DAYS = (3, 1, 2, 5, 8)
MORE_DAYS = (3, 1, 6)
KEEP_DAYS = (4, 2, 8)
STATED_PERCENT = (100, 25, 50, 75, 150)
STATED = "demand is stated, not forecast"
UNOBSERVED = "no demand was observed on the days before"
DEFAULTS = {MIN_MAX: Parameters(3, 6), GREEDY: Parameters(3, 6, 4, by_lead=True)}


@dataclass(frozen=True, slots=True)
class Tuned:
    """What a rival acts by, and why.

    `tried` parameters were replayed from `first_on` to `last_on`; the chosen ones cost
    `cost_cents` there. 0, no days and no cost for the defaults, with the reason.
    """

    rival: str
    chosen: Parameters
    tried: int = 0
    first_on: date | None = None
    last_on: date | None = None
    cost_cents: int | None = None
    untuned_because: str = ""


def tuned(problem: Problem, labels: CarryLabels, snapshot: Snapshot, rival: str) -> Tuned:
    """The parameters of least replayed cost; the first of the grid where several cost the least.

    Replayed are the days before the window (`WINDOWS` times its length), with the same opening
    stock, the same units under way, each lane that is open on some day of the window open on
    every day, and the demand that was observed (none where no row is). The cost is that of stock
    at each day's end, units owed, transport, and lines. Stated demand, and a chain without
    observations on those days, are not tuned: the defaults stand.
    """
    days = WINDOWS * problem.window.periods
    if not problem.window.is_forecast:
        return Tuned(rival, DEFAULTS[rival], untuned_because=STATED)
    demand = _observed(problem, labels, snapshot, days)
    if demand is None:
        return Tuned(rival, DEFAULTS[rival], untuned_because=UNOBSERVED)
    known, ways = outlook(problem, labels, snapshot), ways_in(problem, labels, snapshot)
    seen = np.cumsum(np.concatenate([labels.owed[:, None], demand], axis=1), axis=1)
    known = replace(known, seen=seen)
    best: tuple[int, Parameters] | None = None
    grid = grid_of(labels, snapshot, rival)
    for chosen in grid:
        levels = levels_of(problem, labels, snapshot, rival, chosen)
        acts = act(ways, levels, known, days, problem.network.supply, every_day=True)
        cost = _cost(labels, ways, known, acts)
        if best is None or cost < best[0]:
            best = (cost, chosen)
    assert best is not None  # noqa: S101  # no grid is empty
    begin, end = problem.window.starts_on - timedelta(days), problem.window.starts_on
    return Tuned(rival, best[1], len(grid), begin, end - timedelta(1),
                 half_up(best[0], MICROS_PER_CENT))  # fmt: skip


def grid_of(labels: CarryLabels, snapshot: Snapshot, rival: str) -> Sequence[Parameters]:
    """What is tried, the defaults first: only what the policy of the rival looks at varies."""
    covers = [(low, low + more) for low in REORDER_DAYS for more in MORE_DAYS]
    if rival == GREEDY:
        return [
            Parameters(low, high, keep, by_lead=by_lead)
            for by_lead in (True, False)
            for low, high in covers
            for keep in KEEP_DAYS
        ]
    stated = [each != MISSING for each in stated_levels(labels, snapshot)]
    if all(each.all() for each in stated):
        covers = covers[:1]
    percents = STATED_PERCENT if any(each.any() for each in stated) else (PERCENT,)
    return [Parameters(low, high, stated_percent=percent)
            for percent in percents for low, high in covers]  # fmt: skip


def _observed(
    problem: Problem, labels: CarryLabels, snapshot: Snapshot, days: int
) -> IntArray | None:
    """Units asked for per pair and day before the window, None where no row speaks of them."""
    table = snapshot.table("DemandObservation")
    day = problem.window.day_of(table["on"]) + days
    inside = np.flatnonzero((day >= 0) & (day < days))
    if not len(inside):
        return None
    place = {pair: row for row, pair in enumerate(labels.pairs)}
    keys = zip(table["item"][inside], table["location"][inside], strict=True)
    pair = np.array([place.get(key, ABSENT) for key in keys], np.int64)
    found = np.zeros((len(labels.pairs), days), np.int64)
    dealt = pair != ABSENT
    units = np.maximum(0, table["quantity_units"][inside])
    np.add.at(found, (pair[dealt], day[inside][dealt]), units[dealt])
    return found


def _cost(labels: CarryLabels, ways: Ways, known: Outlook, acts: Acts) -> int:
    """Micros of a replay: holding and shortage at each day's end, transport, lines."""
    left = acts.levels - known.seen[:, 1:]
    over, short = np.maximum(0, left).sum(axis=1), np.maximum(0, -left).sum(axis=1)
    used = np.array([way for way, _ in acts.sent], np.int64)
    units = np.array(list(acts.sent.values()), np.int64)
    return (
        exact_dot(labels.holding, over) + exact_dot(labels.shortage, short)
        + exact_dot(ways.cost[used], units) + int(ways.line_cost[used].sum())
    )  # fmt: skip
