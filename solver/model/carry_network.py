"""Uncertain demand as a time-expanded network per item: carry arcs, lanes, purchases, lots."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ontology.closures import Closures
from ontology.columns import MISSING, Snapshot, Table
from ontology.edits import NO_BOUNDS, Bounds
from ontology.errors import InputError
from ontology.objectives import PLAIN, Weights
from ontology.terms import join_key
from solver.model.carry_ages import add_ages, ages_in, freshness, sent_from
from solver.model.carry_arcs import (
    Arcs,
    add_carry,
    add_ends,
    add_junctions,
    add_keep,
    add_lines,
    add_moves,
    add_replaced,
    add_unused,
)
from solver.model.carry_labels import BoolArray, CarryLabels, Curves, most_asked
from solver.model.carry_layout import Layout, layout_of
from solver.model.coming import coming_of
from solver.model.demand import QuantileDemand, local_demand, pooled_demand, with_imbalance
from solver.model.echelon import NONE, Purchases, order_up_to, within
from solver.model.movements import Window, arrivals, is_fit, serves
from solver.model.pool import add_pool
from solver.model.risk import Curve, owed_before, segments, stated_curves
from solver.model.weighing import Weighed, weighing
from solver.network.columns import IntArray, Network
from solver.network.names import ABSENT, HashArray, codes_of
from solver.network.scaling import MICROS_PER_CENT, check_total_range
from solver.proof.branches import lot_next


def carry_network(
    snapshot: Snapshot, window: Window, movements: Table, closures: Closures,
    bounds: Bounds = NO_BOUNDS, weights: Weights = PLAIN,
) -> tuple[Network, HashArray, CarryLabels]:  # fmt: skip
    """The network of formulation B for all items, side by side; costs in micros.

    S(i,t), the flow on the parallel carry arcs (i,t) -> (i,t+1), is what has been made available
    at i up to day t; demand takes nothing out. Every unit ends at its item's sink: stock keeps
    its value, hence a purchase costs only price less value. Closed movements have no arc.
    `bounds` hold a line of the first day, all lots together, or a purchase, within least and most.
    Doing nothing (every lot kept) is feasible, whatever the rules closed, if no bound asks for
    more. On the first day only
    lots on hand can leave; what arrives that day stays. `weights` say how much each part of the
    cost counts; what is given is chosen by plain costs, whatever they are.

    Where demand is stated, purchases are arcs and stock goes from its last day to the sink. Where
    it is forecast, the echelon rule fixes the purchases (`labels.given`), which are then supply,
    and every item's stock meets in a far pool (`solver.model.pool`).

    Raises InputError (see `movement_costs`; `NO_POLICY` for demand without a shortage cost) and
    SolverError `COST_RANGE`.
    """
    layout = layout_of(snapshot, window, movements, bounds)
    curves = _curves(snapshot, window, layout, weights.worst_percent)
    plain = _rates(snapshot, layout.pairs, curves)
    parts = weighing(snapshot, movements, layout.place, plain, weights)
    pooled = _pooled(snapshot, layout, curves)
    given = NONE
    if pooled is not None:
        given = order_up_to(snapshot, window, movements, closures, layout.pairs, pooled,
                            parts.plain_cost)  # fmt: skip
        given = within(given, movements, closures, bounds)
    serving = serves(layout.lots, window)
    supply = _supply(snapshot, layout, movements, curves, given)
    most = _most(layout, movements, supply)
    labels = _labels(
        snapshot, layout, movements, curves, parts=parts, most=most, serving=serving, given=given,
        pooled=pooled,
    )  # fmt: skip
    ranks, lasting = freshness(layout), np.ones(len(serving), np.bool_)
    lasting[layout.ageing] = False
    aged, coming = None, coming_of(snapshot, layout, movements, given)
    if len(layout.ageing) or coming:
        is_open = closures.is_open(len(movements))
        aged = ages_in(snapshot, layout, labels, movements, parts, is_open, coming)
    labels = labels if aged is None else replace(labels, ages=aged.ages)
    arcs = Arcs(blocks=dict(labels.blocks))
    add_carry(arcs, layout, labels, most, closures)
    add_keep(arcs, layout, serving, ranks, lasting)
    if aged is not None:
        add_ages(arcs, layout, aged, ranks)
    add_moves(arcs, labels, movements, closures, bounds)
    add_junctions(arcs, layout, most, bounds)
    add_unused(arcs, layout, supply)
    if pooled is None:
        add_ends(arcs, layout, most)
    else:
        add_pool(arcs, layout, labels, movements, snapshot, most)
    add_lines(arcs, layout)
    add_replaced(arcs, layout, movements, supply)
    columns = arcs.joined()
    check_total_range(columns["cost"], columns["capacity"])
    network = Network(**columns, supply=supply, cost_scale=MICROS_PER_CENT)
    return network, np.concatenate(arcs.hashes), replace(labels, blocks=arcs.blocks)


def _curves(snapshot: Snapshot, window: Window, layout: Layout, worst_percent: int) -> Curves:
    if window.is_forecast:
        found = local_demand(snapshot, window, layout.pairs)
        return replace(found, worst_percent=worst_percent)
    return stated_curves(snapshot, window, layout.pairs)


def _pooled(snapshot: Snapshot, layout: Layout, curves: Curves) -> QuantileDemand | None:
    if not isinstance(curves, QuantileDemand):
        return None
    pooled = pooled_demand(snapshot, layout.window, layout.items)
    reach = int(layout.lanes["lead_time_days"].max(initial=0)) + 1
    found = with_imbalance(pooled, curves, layout.item_of_pair, reach)
    return replace(found, worst_percent=curves.worst_percent)


def _labels(
    snapshot: Snapshot,
    layout: Layout,
    movements: Table,
    curves: Curves,
    *,
    parts: Weighed,
    most: IntArray,
    serving: BoolArray,
    given: Purchases,
    pooled: QuantileDemand | None,
) -> CarryLabels:
    window, rates = layout.window, parts.rates()
    if isinstance(curves, QuantileDemand):
        carry = curves.carry_rows(*rates)
    else:
        carry = _carry_rows(curves, *rates, parts.weights)
    tail, head = _ends(layout, movements)
    return CarryLabels(
        pairs=layout.pairs, items=layout.items, item_of_pair=layout.item_of_pair,
        item_of_node=np.concatenate([layout.item_of_node(), np.arange(len(layout.items))]),
        curves=curves, holding=rates[0], shortage=rates[1],
        carry_pair=carry[:, 0], carry_day=carry[:, 1], carry_first=carry[:, 2],
        carry_last=carry[:, 3], carry_cost=carry[:, 4],
        owed=owed_before(snapshot, layout.pairs),
        opening=_opening(snapshot, layout, serving),
        service_percent=_service(snapshot, layout.pairs),
        move_tail=sent_from(layout, tail, movements), move_head=head, move_cost=parts.move_cost(),
        move_capacity=_move_capacity(layout, movements, most),
        move_day=window.day_of(movements["departs_on"]),
        move_fit=_move_fit(layout, is_fit(layout.lots, window), movements, tail),
        blocks={}, given=given, pooled=pooled, policies=_with_policy(snapshot),
        plain=parts, whole_lines=layout.whole_lines,
    )  # fmt: skip


def _rates(
    snapshot: Snapshot, pairs: Sequence[tuple[str, str]], curves: Curves
) -> tuple[IntArray, IntArray]:
    policies = snapshot.table("StockingPolicy")
    row = {p: r for r, p in enumerate(zip(policies["item"], policies["location"], strict=True))}
    for pair, units in zip(pairs, most_asked(curves).tolist(), strict=True):
        if units > 0 and pair not in row:
            raise InputError(
                f"demand for `{join_key(pair)}` has no stocking policy",
                hint="state its holding and shortage cost per day in a StockingPolicy row",
                code="NO_POLICY",
            )
    rates = [
        np.array([policies[name][row[p]] if p in row else 0 for p in pairs], np.int64)
        for name in ("holding_cost_per_day_micros", "shortage_cost_per_day_micros")
    ]
    if any((rate < 0).any() for rate in rates):
        raise InputError("a stocking policy has a negative cost per day", code="BAD_POLICY")
    return rates[0], rates[1]


def _with_policy(snapshot: Snapshot) -> frozenset[tuple[str, str]]:
    policies = snapshot.table("StockingPolicy")
    return frozenset(zip(policies["item"], policies["location"], strict=True))


def _service(snapshot: Snapshot, pairs: Sequence[tuple[str, str]]) -> IntArray:
    policies = snapshot.table("StockingPolicy")
    keys = zip(policies["item"], policies["location"], strict=True)
    asked = dict(zip(keys, policies["service_level_percent"].tolist(), strict=True))
    return np.array([asked.get(pair, MISSING) for pair in pairs], np.int64)


def _opening(snapshot: Snapshot, layout: Layout, serving: BoolArray) -> IntArray:
    """Per pair, what is there on the first day."""
    opening = np.zeros(len(layout.pairs), np.int64)
    at = layout.pair_rows(layout.lots["item"], layout.lots["location"])
    np.add.at(opening, at[serving], layout.lots["on_hand_units"][serving])
    pair, day, units = arrivals(snapshot, layout.window, layout.pairs)
    np.add.at(opening, pair[day == 0], units[day == 0])
    return opening


def _supply(
    snapshot: Snapshot, layout: Layout, movements: Table, curves: Curves, given: Purchases
) -> IntArray:
    """Units per node: lots, what is under way, what is offered or given; and less at the sinks."""
    supply = np.zeros(layout.first["end"], np.int64)
    supply[layout.nodes("lots")] = layout.lots["on_hand_units"]
    pair, day, units = arrivals(snapshot, layout.window, layout.pairs)
    np.add.at(supply, _arrival_nodes(layout, pair, day), units)
    supply[layout.nodes("offers")] = _offered(layout, curves)
    bought = movements.take(given.rows)
    day = layout.window.day_of(bought["arrives_on"])
    day = np.minimum(day, layout.window.periods + layout.window.far_periods)
    pair = layout.pair_rows(bought["item"], bought["destination"])
    np.add.at(supply, _arrival_nodes(layout, pair, day), given.units)
    items = np.zeros(len(layout.items), np.int64)
    np.add.at(items, layout.item_of_node(), supply[: layout.first["sinks"]])
    supply[layout.nodes("sinks")] = -items
    return supply


def _arrival_nodes(layout: Layout, pair: IntArray, day: IntArray) -> IntArray:
    """The pair's node of a local day (or of their end), the item's pool after that."""
    periods = layout.window.periods
    local = pair * layout.days + np.minimum(day, periods)
    far = layout.pool(layout.item_of_pair[pair], np.maximum(0, day - periods))
    return np.where(day <= periods, local, far)


def _most(layout: Layout, movements: Table, supply: IntArray) -> IntArray:
    """All units of each item, and all that may stand in for it: a capacity as good as none."""
    own = -supply[layout.nodes("sinks")]
    most = own.copy()
    rows = np.flatnonzero(movements["kind"] == "substitution")
    links = sorted(set(zip(movements["replaces"][rows], movements["item"][rows], strict=True)))
    item, replacement = (codes_of((k[n] for k in links), layout.items) for n in (0, 1))
    np.add.at(most, item, own[replacement])
    return most


def _offered(layout: Layout, curves: Curves) -> IntArray:
    """Units each offer can bring: its capacity, and never more than could be asked for."""
    need = np.zeros(len(layout.items), np.int64)
    np.add.at(need, layout.item_of_pair, most_asked(curves))
    most = layout.offers["capacity_units"]
    wanted = need[codes_of(layout.offers["item"], layout.items)]
    least, multiple = layout.offers["minimum_order_units"], layout.offers["lot_multiple_units"]
    wanted = np.where(wanted > 0, lot_next(least, multiple, wanted - 1), 0)  # whole lots of it
    offered: IntArray = np.where(most == MISSING, wanted, np.clip(most, 0, wanted))
    return offered


def _carry_rows(
    curves: list[list[Curve]], holding: IntArray, shortage: IntArray, weights: Weights
) -> IntArray:
    """Pair, day, first and last unit (-1: no end) and cost of every carry arc, in order.

    Neighbours of equal cost are one arc where nothing is weighed: the arcs of one chain under any
    two other weights are the same.
    """
    apart = weights != PLAIN
    rows = [
        (
            pair,
            day,
            part.first,
            -1 if part.width is None else part.first + part.width - 1,
            part.cost,
        )
        for pair, days in enumerate(curves)
        for day, curve in enumerate(days)
        for part in segments(
            curve,
            int(holding[pair]),
            int(shortage[pair]),
            worst_percent=weights.worst_percent,
            apart=apart,
        )
    ]
    return np.array(rows, np.int64).reshape(-1, 5)


def _ends(layout: Layout, movements: Table) -> tuple[IntArray, IntArray]:
    """Tail and head node of every movement row."""
    window = layout.window
    leaves, lands = window.day_of(movements["departs_on"]), window.day_of(movements["arrives_on"])
    lands = np.minimum(lands, window.periods)  # a given purchase may come later; it is no arc
    head = layout.pair_rows(movements["item"], movements["destination"]) * layout.days + lands
    tail = layout.pair_rows(movements["item"], movements["origin"]) * layout.days + leaves
    lot = {
        key: layout.first["lots"] + row
        for row, key in enumerate(
            zip(layout.lots["item"], layout.lots["location"], layout.lots["lot"], strict=True)
        )
    }
    offer = {
        key: layout.first["offers"] + row
        for row, key in enumerate(
            zip(layout.offers["supplier"], layout.offers["item"], layout.offers["location"],
                strict=True)
        )
    }  # fmt: skip
    junction = {key: layout.first["junctions"] + row for row, key in enumerate(layout.junctions)}
    lane_row = {lane: row for row, lane in enumerate(layout.lanes["id"])}
    stands_in = movements["kind"] == "substitution"
    head[stands_in] = (
        layout.pair_rows(movements["replaces"][stands_in], movements["destination"][stands_in])
        * layout.days
    )
    if layout.whole_lines.ways:
        _through_ways(layout, movements, np.flatnonzero(stands_in), head)
    bought = movements["kind"] == "purchase"
    for row in np.flatnonzero(bought | (leaves == 0)).tolist():
        item = movements["item"][row]
        if bought[row]:
            key = (movements["supplier"][row], item, movements["destination"][row])
            tail[row] = offer.get(key, ABSENT)
        else:
            tail[row] = lot[item, movements["origin"][row], movements["lot"][row]]
            head[row] = junction.get(
                (item, lane_row.get(movements["lane"][row], ABSENT)), head[row]
            )
    return tail, head


def _through_ways(layout: Layout, movements: Table, rows: IntArray, head: IntArray) -> None:
    """Sends what stands in where demand lines are stated to the node of its way."""
    columns = (movements[name][rows] for name in ("replaces", "item", "destination"))
    for row, way in zip(rows.tolist(), zip(*columns, strict=True), strict=True):
        number = layout.whole_lines.row.get(way)
        if number is not None:
            head[row] = layout.first["ways"] + number


def _move_fit(layout: Layout, fit: BoolArray, movements: Table, tail: IntArray) -> BoolArray:
    """Per movement, whether it can be an arc: not from an expired lot, and not already given.

    Nor where the lot would expire on the way, rule or no rule.
    """
    row = tail - layout.first["lots"]
    from_lot = (row >= 0) & (row < len(fit))
    good = np.ones(len(tail), np.bool_)
    good[from_lot] = fit[row[from_lot]]
    life = movements["remaining_life_days"]
    good &= (life == MISSING) | (life >= 0)
    if layout.window.is_forecast:
        good &= movements["kind"] != "purchase"
    return good


def _move_capacity(layout: Layout, movements: Table, most_units: IntArray) -> IntArray:
    """Most units of each movement: its lane's units per day, and never more than there are."""
    everything = most_units[codes_of(movements["item"], layout.items)]
    row = codes_of(movements["lane"], layout.lanes["id"].tolist())
    most = np.append(layout.lanes["capacity_units_per_day"], MISSING)[row]  # ABSENT is the last
    return np.where(most == MISSING, everything, np.clip(most, 0, everything))
