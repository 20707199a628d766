"""Firm orders as one integral network: order -> location's day -> sink, or order -> sink."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ontology.canonical import LARGEST_INTEGER
from ontology.closures import Closures
from ontology.columns import Snapshot, Table
from ontology.errors import InputError
from solver.model.freight import Freight, freight_of
from solver.model.movements import Window, capacities, orders_in
from solver.network.columns import ArcKind, IntArray, Network
from solver.network.names import ABSENT, HashArray, codes_of, hash_names, mixed
from solver.network.scaling import (
    MICROS_PER_CENT,
    check_total_range,
    exact_products,
    half_up_columns,
    largest,
    refuse_beyond,
)

WAREHOUSE = "warehouse"
FREIGHT = "freight"
COST_PARTS = frozenset({WAREHOUSE, FREIGHT})


@dataclass(frozen=True)
class AssignmentLabels:
    """What the arcs and nodes of an orders network stand for.

    Nodes: the orders (rows of `orders`, sorted by key), the locations, one sink. Row r of the
    Movement table is order r // locations with location r % locations. `handling` (cents, -1
    where the location states no rate) and `freight` are matrices of (orders, locations);
    `priced` says where both are known, `open_arcs` where the network has an arc.
    """

    orders: Table
    locations: list[str]
    capacity: IntArray
    handling: IntArray
    freight: Freight
    cost: IntArray
    open_arcs: npt.NDArray[np.bool_]
    penalty: int

    @cached_property
    def priced(self) -> npt.NDArray[np.bool_]:
        """Where an order can be shipped and the location's handling has a price."""
        known: npt.NDArray[np.bool_] = self.freight.possible & (self.handling >= 0)
        return known

    @cached_property
    def arc_order(self) -> IntArray:
        """The order of each service arc, in the order of the network's first arcs."""
        return np.nonzero(self.open_arcs)[0]

    @cached_property
    def arc_location(self) -> IntArray:
        """The location of each service arc."""
        return np.nonzero(self.open_arcs)[1]

    def served_by(self, flow: IntArray) -> IntArray:
        """Per order its location under a flow, ABSENT where it stays unserved."""
        served = np.full(len(self.orders), ABSENT, np.int64)
        used = flow[: len(self.arc_order)] > 0
        served[self.arc_order[used]] = self.arc_location[used]
        return served


def assignment_network(
    snapshot: Snapshot,
    window: Window,
    movements: Table,
    closures: Closures,
    cost_parts: frozenset[str],
) -> tuple[Network, HashArray, AssignmentLabels]:
    """One unit of flow is one whole order; costs in cents. Most orders first, then least cost.

    The shortfall arc costs penalty = (locations + 1) x the largest service cost C + 1, and
    service costs are >= 0. Suppose a flow leaves more orders open than need be. Then its residual
    network has a simple path order -> location -> order -> ... -> location -> sink that serves
    one more. It enters each location once, so it adds at most `locations` service arcs, each
    costing at most C, and every arc that it takes back costs >= 0: the total falls by at least
    penalty - locations x C > 0. So a flow of least cost serves the most orders, and among those
    flows the penalties are equal, so it has the least service cost.

    Service cost: quantity x the location's handling rate plus freight (`freight_of`), each
    rounded once to the cent, as far as `cost_parts` names them; a pair that cannot be priced has
    no arc. Raises InputError `COST_PARTS` and `NEGATIVE_COST`, SolverError `COST_RANGE`.
    """
    if not cost_parts or not cost_parts <= COST_PARTS:
        raise InputError(
            f"the cost parts are `{', '.join(sorted(cost_parts))}`",
            hint="choose `warehouse`, `freight` or both",
            code="COST_PARTS",
        )
    orders, places = orders_in(snapshot, window), capacities(snapshot)
    locations = places["location"].tolist()
    handling = _handling(snapshot, orders, locations)
    freight = freight_of(snapshot, orders, locations)
    cost = np.zeros(handling.shape, np.int64)
    cost += np.maximum(handling, 0) if WAREHOUSE in cost_parts else 0
    cost += np.maximum(freight.cents, 0) if FREIGHT in cost_parts else 0
    shape = (len(orders), len(locations))
    open_arcs = closures.is_open(len(movements)).reshape(shape) & freight.possible & (handling >= 0)
    penalty = (len(locations) + 1) * largest(cost[open_arcs]) + 1
    refuse_beyond(penalty * max(1, len(orders)), LARGEST_INTEGER)
    labels = AssignmentLabels(orders, locations, places["capacity_per_day"], handling, freight,
                              cost, open_arcs, penalty)  # fmt: skip
    network = _network(labels)
    check_total_range(network.cost, network.capacity)
    return network, _hashes(labels), labels


def _handling(snapshot: Snapshot, orders: Table, locations: list[str]) -> IntArray:
    rates = snapshot.table("HandlingRate")
    row = codes_of(locations, rates["location"].tolist())
    known = row != ABSENT
    handling = np.full((len(orders), len(locations)), -1, np.int64)
    per_unit = rates["cost_per_unit_micros"][row[known]]
    units = orders["quantity_units"]
    if (per_unit < 0).any() or (units < 0).any():
        raise InputError(
            "a handling rate or an order's quantity is negative",
            hint="state both as zero or more",
            code="NEGATIVE_COST",
        )
    micros = exact_products(units[:, None], per_unit[None, :])
    handling[:, known] = half_up_columns(micros, MICROS_PER_CENT)
    return handling


def _network(labels: AssignmentLabels) -> Network:
    orders, locations = len(labels.orders), len(labels.locations)
    sink = orders + locations
    order, place = labels.arc_order, labels.arc_location
    every, places, one = np.arange(orders), np.arange(locations), np.ones(orders, np.int64)
    none = np.zeros(len(order) + orders + locations, np.int64)
    kinds = (ArcKind.MOVE, ArcKind.SHORTFALL, ArcKind.CAPACITY)
    return Network(
        tail=np.concatenate([order, every, orders + places]),
        head=np.concatenate([orders + place, np.full(orders + locations, sink)]),
        lower=none,
        capacity=np.concatenate([np.ones_like(order), one, np.maximum(0, labels.capacity)]),
        cost=np.concatenate(
            [labels.cost[order, place], labels.penalty * one, np.zeros(locations, np.int64)]
        ),
        supply=np.concatenate([one, np.zeros(locations, np.int64), [-orders]]).astype(np.int64),
        cost_scale=1,
        kind=np.repeat(np.array(kinds, np.int64), [len(order), orders, locations]),
        reference=np.concatenate([order * locations + place, every, places]),
    )


def _hashes(labels: AssignmentLabels) -> HashArray:
    names = hash_names(labels.orders.keys)
    places = hash_names(labels.locations)
    return np.concatenate([
        mixed(hash_names(["assignment"]), names[labels.arc_order], places[labels.arc_location]),
        mixed(hash_names(["shortfall"]), names),
        mixed(hash_names(["capacity"]), places),
    ])  # fmt: skip
