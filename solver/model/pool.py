"""The far pool: beyond the local days the stock and the demand of all places count as one."""

from dataclasses import replace

import numpy as np

from ontology.columns import Snapshot, Table
from ontology.terms import join_key
from solver.model.carry_arcs import Arcs
from solver.model.carry_labels import CarryLabels, most_asked
from solver.model.carry_layout import Layout
from solver.model.demand import TOTAL, QuantileDemand
from solver.model.movements import means_per_day
from solver.network.columns import ArcKind, IntArray
from solver.network.names import codes_of, hash_names, hash_numbers, mixed

MILLION = 10**6
SALE_STEPS = 8
STEP_DAYS = 7
"""What is left at the end is held until it sells: by steps of a week's demand, up to so many."""


def add_pool(
    arcs: Arcs, layout: Layout, labels: CarryLabels, movements: Table, snapshot: Snapshot,
    most: IntArray,
) -> None:  # fmt: skip
    """Arcs into, along and out of every item's pool.

    Into: what a place needs for itself until the next move could reach it is free, the rest costs
    the item's mean transfer. Along: as local carry arcs, by the pooled quantiles, at the mean
    holding and shortage cost of the item's places. Out: up to the mean of all demand is free, each
    further week of it costs another week's holding.
    """
    assert labels.pooled is not None  # noqa: S101  # the caller's: pools stand on a forecast
    _enter(arcs, layout, labels, movements, snapshot, most)
    holding, shortage = mean_rates(labels)
    _along(arcs, layout, labels.pooled, holding, shortage, most)
    _leave(arcs, layout, labels.pooled, holding, snapshot, most)


def mean_rates(labels: CarryLabels) -> tuple[IntArray, IntArray]:
    """Per item, holding and shortage cost in micros: the mean over the places that ask for it."""
    asked = most_asked(labels.curves) > 0
    count = np.bincount(labels.item_of_pair[asked], minlength=len(labels.items))
    found = []
    for rate in (labels.holding, labels.shortage):
        total = np.zeros(len(labels.items), np.int64)
        np.add.at(total, labels.item_of_pair[asked], rate[asked])
        found.append(total // np.maximum(1, count))
    return found[0], found[1]


def near_units(layout: Layout, snapshot: Snapshot) -> IntArray:
    """Per pair, mean demand until a move that leaves after the local days could arrive."""
    lead = int(layout.lanes["lead_time_days"].max(initial=0)) + 1
    return -(-means_per_day(snapshot, layout.pairs) * lead // MILLION)


def _enter(
    arcs: Arcs, layout: Layout, labels: CarryLabels, movements: Table, snapshot: Snapshot,
    most: IntArray,
) -> None:  # fmt: skip
    pairs = np.arange(len(layout.pairs))
    tail = pairs * layout.days + layout.window.periods
    head = layout.pool(layout.item_of_pair, 0)
    names = hash_names(map(join_key, layout.pairs))
    everything = most[layout.item_of_pair]
    near = np.minimum(near_units(layout, snapshot), everything)
    arcs.add("near", ArcKind.OTHER, mixed(hash_names(["near"]), names), tail=tail, head=head,
             capacity=near)  # fmt: skip
    recourse = mean_transfer(layout.items, movements, labels.move_cost)[layout.item_of_pair]
    arcs.add("far", ArcKind.OTHER, mixed(hash_names(["far"]), names), tail=tail, head=head,
             capacity=everything, cost=recourse)  # fmt: skip


def mean_transfer(items: list[str], movements: Table, cost: IntArray) -> IntArray:
    """Per item the mean of a column over its transfers, rounded down, at least 0."""
    moved = np.flatnonzero(movements["kind"] == "transfer")
    item = codes_of(movements["item"][moved], items)
    total = np.zeros(len(items), np.int64)
    np.add.at(total, item, cost[moved])
    count = np.bincount(item, minlength=len(items))
    return np.maximum(0, total // np.maximum(1, count))


def _along(
    arcs: Arcs, layout: Layout, pooled: QuantileDemand, holding: IntArray, shortage: IntArray,
    most: IntArray,
) -> None:  # fmt: skip
    far = replace(pooled, units=pooled.units[:, layout.window.periods :], _curves={})
    item, day, first, last, cost = far.carry_rows(holding, shortage).T
    width = np.where(last < 0, most[item], last - first + 1)
    tail = layout.pool(item, 0) + day
    names = hash_names(layout.items)[item]
    arcs.add(
        "pool", ArcKind.OTHER,
        mixed(hash_names(["pool"]), names, hash_numbers(day), hash_numbers(first)),
        tail=tail, head=tail + 1, capacity=np.minimum(width, most[item]), cost=cost,
    )  # fmt: skip


def _leave(
    arcs: Arcs, layout: Layout, pooled: QuantileDemand, holding: IntArray, snapshot: Snapshot,
    most: IntArray,
) -> None:  # fmt: skip
    items = len(layout.items)
    mean = np.zeros(items, np.int64)
    np.add.at(mean, layout.item_of_pair, means_per_day(snapshot, layout.pairs))
    width = np.empty((items, SALE_STEPS + 1), np.int64)
    width[:, 0] = -(-pooled.expected()[:, -1] // TOTAL)
    width[:, 1:-1] = -(-mean * STEP_DAYS // MILLION)[:, None]
    width[:, -1] = most
    item, step = np.divmod(np.arange(width.size), SALE_STEPS + 1)
    names = hash_names(layout.items)[item]
    arcs.add(
        "leave", ArcKind.OTHER, mixed(hash_names(["leave"]), names, hash_numbers(step)),
        tail=layout.pool(item, layout.far_days - 1), head=layout.first["sinks"] + item,
        capacity=np.minimum(width.ravel(), most[item]), cost=holding[item] * STEP_DAYS * step,
    )  # fmt: skip
