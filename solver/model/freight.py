"""The cheapest way to ship each order from each location, by the carriers' rates."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ontology.columns import MISSING, Column, Snapshot, Table
from ontology.errors import InputError
from solver.network.columns import IntArray
from solver.network.names import ABSENT, codes_of
from solver.network.scaling import (
    BILLIONTHS,
    MICROS_PER_CENT,
    ExactArray,
    exact_products,
    greatest_divisor,
    half_up_columns,
    largest,
)

CUSTOMER_PAYS = "customer"
GROUND = "ground"
_CELLS_AT_ONCE = 2_000_000
_NUMERATOR_UNIT = BILLIONTHS * MICROS_PER_CENT
"""micrograms x micros per kilogram, per cent."""


@dataclass(frozen=True)
class Freight:
    """Per order (row) and location (column): cents, the port, and the row of the rate used.

    `rates` is sorted by key. Where nothing can be shipped `cents` is -1. Where the customer pays,
    cents is 0 and there is no rate (ABSENT), for the carrier is the customer's. `ports` names the
    port numbers.
    """

    cents: IntArray
    port: IntArray
    rate: IntArray
    ports: list[str]
    rates: Table

    @property
    def possible(self) -> npt.NDArray[np.bool_]:
        """Whether a location can ship an order."""
        return self.cents >= 0


def freight_of(snapshot: Snapshot, orders: Table, locations: Sequence[str]) -> Freight:
    """The least charge over a location's ports and all carriers, rounded once to the cent.

    A rate applies where its closed band of weight holds the order's weight; of overlapping bands
    the cheapest counts, and a weight in no band closes that carrier only. By air the charge is
    max(minimum charge, rate x weight), on the ground the minimum charge. Rounding is monotone, so
    the least exact charge gives the least rounded one. An order whose freight the customer pays
    costs 0 from any location of which one port has a rate to its destination at all. Ties go to
    the first port, then the first rate, by name. Raises InputError `NEGATIVE_COST`.
    """
    rates = snapshot.table("FreightRate").sorted()
    if (rates["minimum_charge_cents"] < 0).any() or (rates["rate_per_kilogram_micros"] < 0).any():
        raise InputError(
            "a freight rate is negative",
            hint="state charges and rates of zero or more",
            code="NEGATIVE_COST",
        )
    access = snapshot.table("PortAccess")
    ports = sorted(set(access["port"].tolist()))
    reach = np.zeros((len(locations), len(ports)), np.bool_)
    place = codes_of(access["location"], locations)
    known = place != ABSENT
    reach[place[known], codes_of(access["port"], ports)[known]] = True
    group, kinds = _groups(orders)
    charges = _port_charges(rates, ports, kinds)
    cents, port, rate = _cheapest_port(charges, reach)
    return Freight(cents[group], port[group], rate[group], ports, rates)


@dataclass(frozen=True)
class _Kinds:
    """The distinct (destination port, weight, who pays) of the orders."""

    destination: Column
    weight: IntArray
    customer_pays: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Charges:
    """Per kind of order and port: the exact charge as numerator (-1: none) and its rate."""

    numerator: ExactArray
    denominator: int
    rate: IntArray


def _groups(orders: Table) -> tuple[IntArray, _Kinds]:
    places = sorted({place for place in orders["destination_port"] if place is not None})
    pays = orders["freight_payer"] == CUSTOMER_PAYS
    columns = np.column_stack([
        codes_of(orders["destination_port"], places), orders["weight_micrograms"],
        pays.astype(np.int64),
    ])  # fmt: skip
    kinds, group = np.unique(columns, axis=0, return_inverse=True)
    names = np.array([*places, None], object)[kinds[:, 0]]  # ABSENT is the last
    return group.reshape(-1), _Kinds(names, kinds[:, 1], kinds[:, 2] == 1)


def _port_charges(rates: Table, ports: list[str], kinds: _Kinds) -> _Charges:
    divisor = greatest_divisor(_NUMERATOR_UNIT, rates["rate_per_kilogram_micros"])
    shape = (len(kinds.weight), len(ports))
    exact = _is_wide(rates, kinds, divisor)
    numerator = np.full(shape, -1, object if exact else np.int64)
    chosen = np.full(shape, ABSENT, np.int64)
    for number, port in enumerate(ports):
        for destination in sorted({d for d in kinds.destination if d is not None}):
            offered = np.flatnonzero(
                (rates["origin_port"] == port) & (rates["destination_port"] == destination)
            )
            asked = np.flatnonzero(kinds.destination == destination)
            step = max(1, _CELLS_AT_ONCE // max(1, len(offered)))
            for start in range(0, len(asked) if len(offered) else 0, step):
                rows = asked[start : start + step]
                best, rate = _best_rates(rates.take(offered), kinds, rows, divisor)
                numerator[rows, number] = best
                chosen[rows, number] = np.where(rate == ABSENT, ABSENT, offered[rate])
    return _Charges(numerator, _NUMERATOR_UNIT // divisor, chosen)


def _is_wide(rates: Table, kinds: _Kinds, divisor: int) -> bool:
    """Whether numerators could pass int64, so that exact Python integers must be used."""
    weight = largest(np.maximum(kinds.weight, 0))
    most = weight * (largest(rates["rate_per_kilogram_micros"]) // divisor)
    least = largest(rates["minimum_charge_cents"]) * (_NUMERATOR_UNIT // divisor)
    return max(most, least) >= 2**62


def _best_rates(
    rates: Table, kinds: _Kinds, rows: IntArray, divisor: int
) -> tuple[ExactArray, IntArray]:
    """Per kind of order the least numerator over some rates (-1: none) and that rate's row."""
    weight = kinds.weight[rows][:, None]
    free = kinds.customer_pays[rows]
    inside = (
        (weight >= rates["minimum_weight_micrograms"])
        & (weight <= rates["maximum_weight_micrograms"])
        & (weight != MISSING)
    )
    unit = np.array([_NUMERATOR_UNIT // divisor], np.int64)
    charge = exact_products(rates["minimum_charge_cents"], unit)
    by_weight = exact_products(
        np.maximum(weight, 0), (rates["rate_per_kilogram_micros"] // divisor)[None, :]
    )
    ground = np.array([mode.strip().casefold() == GROUND for mode in rates["mode"]], np.bool_)
    charge = np.where(ground, charge, np.maximum(charge, by_weight))
    far = largest(charge) + 1
    charge = np.where(inside, charge, far)
    rate = np.argmin(charge, axis=1)
    best = charge[np.arange(len(rows)), rate]
    none = best == far
    rate = np.where(none | free, ABSENT, rate)
    return np.where(free, 0, np.where(none, -1, best)), rate


def _cheapest_port(
    charges: _Charges, reach: npt.NDArray[np.bool_]
) -> tuple[IntArray, IntArray, IntArray]:
    """Per kind of order and location: cents (-1: none), port and rate."""
    shape = (len(charges.numerator), len(reach))
    cents, port, rate = (np.full(shape, -1, np.int64) for _ in range(3))
    far = largest(charges.numerator) + 1
    every = np.arange(shape[0])
    for place in range(len(reach)):
        through = np.flatnonzero(reach[place])
        if not len(through):
            continue
        offered = charges.numerator[:, through]
        offered = np.where(offered < 0, far, offered)
        first = np.argmin(offered, axis=1)
        best = offered[every, first]
        found = best != far
        cents[found, place] = half_up_columns(best[found], charges.denominator)
        port[found, place] = through[first[found]]
        rate[found, place] = charges.rate[every[found], through[first[found]]]
    return cents, port, rate


def recorded_freight(
    freight: Freight, orders: Table, order: IntArray, ports: Column, carriers: Column
) -> IntArray:
    """Cents for given orders through given ports with given carriers, -1 where none has a rate.

    The same tariff as `freight_of`, of that port and carrier alone; 0 where the customer pays.
    """
    rates = freight.rates
    asked = orders.take(order)
    divisor = greatest_divisor(_NUMERATOR_UNIT, rates["rate_per_kilogram_micros"])
    group, kinds = _groups(asked)
    cents = np.full(len(order), -1, np.int64)
    shipped: dict[tuple[str, str, str], list[int]] = {}
    for row, key in enumerate(zip(ports, carriers, asked["destination_port"], strict=True)):
        shipped.setdefault(key, []).append(row)
    for (port, carrier, destination), members in shipped.items():
        offered = np.flatnonzero(
            (rates["origin_port"] == port)
            & (rates["destination_port"] == destination)
            & (rates["carrier"] == carrier)
        )
        rows = np.array(members, np.int64)
        if len(offered):
            best, _ = _best_rates(rates.take(offered), kinds, group[rows], divisor)
            found = np.flatnonzero(best >= 0)
            cents[rows[found]] = half_up_columns(best[found], _NUMERATOR_UNIT // divisor)
    cents[asked["freight_payer"] == CUSTOMER_PAYS] = 0
    return cents
