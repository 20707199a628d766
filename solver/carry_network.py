"""Uncertain demand as a time-expanded network per item: carry arcs, lanes, purchases, lots."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ontology.closures import Closures
from ontology.columns import MISSING, Snapshot, Table
from ontology.errors import InputError
from ontology.terms import join_key
from solver.carry_costs import movement_costs
from solver.carry_labels import BoolArray, CarryLabels
from solver.carry_layout import Layout, layout_of
from solver.movements import Window
from solver.names import HashArray, codes_of, hash_names, hash_numbers, mixed
from solver.network import ArcKind, IntArray, Network
from solver.risk import Curve, owed_before, segments, stated_curves
from solver.scaling import MICROS_PER_CENT, check_total_range

_ARC_COLUMNS = ("tail", "head", "lower", "capacity", "cost", "kind", "reference")


@dataclass
class _Arcs:
    """Arc columns that grow class by class."""

    columns: dict[str, list[npt.NDArray[np.int64]]] = field(
        default_factory=lambda: {n: [] for n in _ARC_COLUMNS}
    )
    hashes: list[HashArray] = field(default_factory=list)

    def add(self, kind: ArcKind, hashes: HashArray, **columns: IntArray | int) -> None:
        """Appends arcs of one kind; `lower`, `cost` default to 0, `reference` to -1."""
        count = len(hashes)
        values = {"lower": 0, "cost": 0, "reference": -1, "kind": int(kind), **columns}
        for name in _ARC_COLUMNS:
            wide = np.broadcast_to(np.asarray(values[name], np.int64), (count,))
            self.columns[name].append(wide)
        self.hashes.append(hashes)

    def joined(self) -> dict[str, IntArray]:
        """The whole columns."""
        return {name: np.concatenate(parts) for name, parts in self.columns.items()}


def carry_network(
    snapshot: Snapshot, window: Window, movements: Table, closures: Closures
) -> tuple[Network, HashArray, CarryLabels]:
    """The network of formulation B for all items, side by side; costs in micros.

    S(i,t), the flow on the parallel carry arcs (i,t) -> (i,t+1), is what has been made available
    at i up to day t; demand takes nothing out. Every unit ends at its item's sink: stock keeps
    its value, hence a purchase costs only price less value. Closed movements have no arc.
    Doing nothing (every lot kept) is feasible, whatever the rules closed. On the first day only
    lots on hand can leave; what arrives that day stays.

    Raises InputError (see `movement_costs`; `NO_POLICY` for demand without a shortage cost) and
    SolverError `COST_RANGE`.
    """
    layout = layout_of(snapshot, window, movements)
    curves = stated_curves(snapshot, window, layout.pairs)
    holding, shortage = _rates(snapshot, layout.pairs, curves)
    carry = _carry_rows(curves, holding, shortage)
    fit = _fit(layout)
    supply, opening = _supply(snapshot, layout, curves, fit)
    tail, head = _ends(layout, movements)
    open_supply = _item_supply(layout, supply)
    labels = CarryLabels(
        pairs=layout.pairs, curves=curves, holding=holding, shortage=shortage,
        carry_pair=carry[:, 0], carry_day=carry[:, 1], carry_first=carry[:, 2],
        carry_cost=carry[:, 4], owed=owed_before(snapshot, layout.pairs),
        opening=opening, move_tail=tail,
        move_head=head, move_cost=movement_costs(snapshot, movements, layout.place, holding),
        move_capacity=_move_capacity(layout, movements, open_supply),
        move_day=window.day_of(movements["departs_on"]), move_fit=_move_fit(layout, fit, tail),
    )  # fmt: skip
    arcs = _Arcs()
    _add_carry(arcs, layout, labels, carry, open_supply, closures)
    _add_keep(arcs, layout, fit)
    _add_moves(arcs, layout, labels, movements, closures)
    _add_ends(arcs, layout, supply, open_supply)
    columns = arcs.joined()
    check_total_range(columns["cost"], columns["capacity"])
    network = Network(**columns, supply=supply, cost_scale=MICROS_PER_CENT)
    return network, np.concatenate(arcs.hashes), labels


def _rates(
    snapshot: Snapshot, pairs: Sequence[tuple[str, str]], curves: list[list[Curve]]
) -> tuple[IntArray, IntArray]:
    policies = snapshot.table("StockingPolicy")
    row = {p: r for r, p in enumerate(zip(policies["item"], policies["location"], strict=True))}
    for pair, days in zip(pairs, curves, strict=True):
        if days[-1].units[-1] > 0 and pair not in row:
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


def _fit(layout: Layout) -> BoolArray:
    """Per lot, whether it may still serve anyone: an expired lot stays idle, rule or no rule."""
    expires = layout.lots["expires_on"]
    kept: BoolArray = np.isnat(expires) | (expires >= layout.window.first)
    return kept


def _supply(
    snapshot: Snapshot, layout: Layout, curves: list[list[Curve]], fit: BoolArray
) -> tuple[IntArray, IntArray]:
    """Units per node, and per pair what is there on the first day."""
    supply = np.zeros(layout.starts[-1], np.int64)
    supply[layout.starts[1] : layout.starts[2]] = layout.lots["on_hand_units"]
    opening = np.zeros(len(layout.pairs), np.int64)
    at = layout.pair_rows(layout.lots["item"], layout.lots["location"])
    np.add.at(opening, at[fit], layout.lots["on_hand_units"][fit])
    pair, day, units = arrivals(snapshot, layout.window, layout.pairs)
    np.add.at(supply, pair * layout.days + day, units)
    np.add.at(opening, pair[day == 0], units[day == 0])
    supply[layout.starts[3] : layout.starts[4]] = _offered(layout, curves)
    items = np.zeros(len(layout.items), np.int64)
    np.add.at(items, _item_of_node(layout), supply[: layout.starts[4]])
    supply[layout.starts[4] :] = -items
    return supply, opening


def arrivals(
    snapshot: Snapshot, window: Window, pairs: Sequence[tuple[str, str]]
) -> tuple[IntArray, IntArray, IntArray]:
    """Pair, day and units of every shipment under way.

    One that is overdue counts on the first day, one that comes after the window at its end.
    """
    shipments = snapshot.table("Shipment").sorted()
    shipments = shipments.take(np.flatnonzero(shipments["status"] == "under way"))
    place = {pair: row for row, pair in enumerate(pairs)}
    ends = zip(shipments["item"], shipments["destination"], strict=True)
    pair = np.array([place[end] for end in ends], np.int64)
    day = np.clip(window.day_of(shipments["arrives_on"]), 0, window.periods)
    return pair, day, shipments["quantity_units"]


def _offered(layout: Layout, curves: list[list[Curve]]) -> IntArray:
    """Units each offer can bring: its capacity, and never more than could be asked for."""
    need = np.zeros(len(layout.items), np.int64)
    np.add.at(need, layout.item_of_pair, [days[-1].units[-1] for days in curves])
    most = layout.offers["capacity_units"]
    wanted = need[codes_of(layout.offers["item"], layout.items)]
    offered: IntArray = np.where(most == MISSING, wanted, np.clip(most, 0, wanted))
    return offered


def _item_of_node(layout: Layout) -> IntArray:
    return np.concatenate([
        np.repeat(layout.item_of_pair, layout.days), codes_of(layout.lots["item"], layout.items),
        codes_of((item for item, _ in layout.junctions), layout.items),
        codes_of(layout.offers["item"], layout.items),
    ])  # fmt: skip


def _item_supply(layout: Layout, supply: IntArray) -> IntArray:
    """All units of each item: an arc with this capacity is as good as open."""
    return -supply[layout.starts[4] :]


def _carry_rows(curves: list[list[Curve]], holding: IntArray, shortage: IntArray) -> IntArray:
    """Pair, day, first unit, width (MISSING: no end) and cost of every carry arc, in order."""
    rows = [
        (pair, day, part.first, MISSING if part.width is None else part.width, part.cost)
        for pair, days in enumerate(curves)
        for day, curve in enumerate(days)
        for part in segments(curve, int(holding[pair]), int(shortage[pair]))
    ]
    return np.array(rows, np.int64).reshape(-1, 5)


def _add_carry(
    arcs: _Arcs,
    layout: Layout,
    labels: CarryLabels,
    carry: IntArray,
    open_supply: IntArray,
    closures: Closures,
) -> None:
    everything = open_supply[layout.item_of_pair[labels.carry_pair]]
    width = np.where(carry[:, 3] == MISSING, everything, carry[:, 3])
    capacity = np.minimum(width, everything)
    lower = labels.carry_lower(labels.floors_of(closures), capacity)
    tail = labels.carry_pair * layout.days + labels.carry_day
    pairs = hash_names(map(join_key, labels.pairs))[labels.carry_pair]
    names = (pairs, hash_numbers(labels.carry_day), hash_numbers(labels.carry_first))
    arcs.add(
        ArcKind.CARRY, mixed(hash_names(["carry"]), *names), tail=tail, head=tail + 1, lower=lower,
        capacity=capacity, cost=labels.carry_cost,
        reference=labels.carry_pair,
    )  # fmt: skip


def _add_keep(arcs: _Arcs, layout: Layout, fit: BoolArray) -> None:
    pair = layout.pair_rows(layout.lots["item"], layout.lots["location"])
    lot = np.arange(layout.starts[1], layout.starts[2])
    units, names = layout.lots["on_hand_units"], hash_names(layout.lots.keys)
    arcs.add(ArcKind.OTHER, mixed(hash_names(["keep"]), names[fit]), tail=lot[fit],
             head=pair[fit] * layout.days, capacity=units[fit])  # fmt: skip
    idle = ~fit
    arcs.add(ArcKind.IDLE, mixed(hash_names(["expired"]), names[idle]), tail=lot[idle],
             head=layout.sink(layout.lots["item"][idle]), capacity=units[idle])  # fmt: skip


def _ends(layout: Layout, movements: Table) -> tuple[IntArray, IntArray]:
    """Tail and head node of every movement row."""
    window = layout.window
    leaves, lands = window.day_of(movements["departs_on"]), window.day_of(movements["arrives_on"])
    head = layout.pair_rows(movements["item"], movements["destination"]) * layout.days + lands
    tail = layout.pair_rows(movements["item"], movements["origin"]) * layout.days + leaves
    lot = {
        key: layout.starts[1] + row
        for row, key in enumerate(
            zip(layout.lots["item"], layout.lots["location"], layout.lots["lot"], strict=True)
        )
    }
    offer = {
        key: layout.starts[3] + row
        for row, key in enumerate(
            zip(layout.offers["supplier"], layout.offers["item"], layout.offers["location"],
                strict=True)
        )
    }  # fmt: skip
    junction = {key: layout.starts[2] + row for row, key in enumerate(layout.junctions)}
    lane_row = {lane: row for row, lane in enumerate(layout.lanes["id"])}
    for row, kind in enumerate(movements["kind"]):
        item = movements["item"][row]
        if kind == "purchase":
            tail[row] = offer[movements["supplier"][row], item, movements["destination"][row]]
        elif leaves[row] == 0:
            tail[row] = lot[item, movements["origin"][row], movements["lot"][row]]
            head[row] = junction.get((item, lane_row[movements["lane"][row]]), head[row])
    return tail, head


def _move_fit(layout: Layout, fit: BoolArray, tail: IntArray) -> BoolArray:
    """Per movement, whether it does not take units from an expired lot."""
    row = tail - layout.starts[1]
    from_lot = (row >= 0) & (row < len(fit))
    good = np.ones(len(tail), np.bool_)
    good[from_lot] = fit[row[from_lot]]
    return good


def _add_moves(
    arcs: _Arcs,
    layout: Layout,
    labels: CarryLabels,
    movements: Table,
    closures: Closures,
) -> None:
    kept = np.flatnonzero(closures.is_open(len(movements)) & labels.move_fit)
    names = [hash_names(movements[name][kept]) for name in
             ("kind", "item", "lane", "supplier", "origin", "destination", "lot")]  # fmt: skip
    arcs.add(
        ArcKind.MOVE, mixed(*names, hash_numbers(labels.move_day[kept])),
        tail=labels.move_tail[kept], head=labels.move_head[kept],
        capacity=labels.move_capacity[kept], cost=labels.move_cost[kept], reference=kept,
    )  # fmt: skip
    _add_junctions(arcs, layout)


def _move_capacity(layout: Layout, movements: Table, open_supply: IntArray) -> IntArray:
    """Most units of each movement: its lane's units per day, and never more than there are."""
    everything = open_supply[codes_of(movements["item"], layout.items)]
    row = codes_of(movements["lane"], layout.lanes["id"].tolist())
    most = np.append(layout.lanes["capacity_units_per_day"], MISSING)[row]  # ABSENT is the last
    return np.where(most == MISSING, everything, np.clip(most, 0, everything))


def _add_junctions(arcs: _Arcs, layout: Layout) -> None:
    """On the first day all lots of an item share one arc of a lane's capacity."""
    row = np.array([lane for _, lane in layout.junctions], np.int64)
    items = [item for item, _ in layout.junctions]
    pair = layout.pair_rows(np.array(items, object), layout.lanes["destination"][row])
    names = mixed(hash_names(["lane"]), hash_names(items), hash_names(layout.lanes["id"][row]))
    arcs.add(
        ArcKind.CAPACITY, names, tail=np.arange(layout.starts[2], layout.starts[3]),
        head=pair * layout.days + layout.lanes["lead_time_days"][row],
        capacity=np.maximum(0, layout.lanes["capacity_units_per_day"][row]),
    )  # fmt: skip


def _add_ends(arcs: _Arcs, layout: Layout, supply: IntArray, open_supply: IntArray) -> None:
    offer = np.arange(layout.starts[3], layout.starts[4])
    arcs.add(ArcKind.IDLE, mixed(hash_names(["unused"]), hash_names(layout.offers.keys)),
             tail=offer, head=layout.sink(layout.offers["item"]), capacity=supply[offer],
             )  # fmt: skip
    pairs = np.arange(len(layout.pairs))
    items = np.array([item for item, _ in layout.pairs], object)
    arcs.add(
        ArcKind.OTHER, mixed(hash_names(["end"]), hash_names(map(join_key, layout.pairs))),
        tail=pairs * layout.days + layout.window.periods, head=layout.sink(items),
        capacity=open_supply[layout.item_of_pair],
    )  # fmt: skip
