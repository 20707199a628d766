"""Small supply chains whose lots expire, and what really is lost of them."""

from datetime import timedelta
from fractions import Fraction
from itertools import permutations, product
from math import prod
from typing import Any

import numpy as np

from ontology.columns import Snapshot
from ontology.demand import Backlog, DemandOutcome
from ontology.goods import Item, Lot
from ontology.stock import StockingPolicy, StockPosition
from ontology.transport import Lane
from tests.solver.planning import MONDAY, snapshot_of

DAYS = 4
VALUE = 700
MICROS = 10_000


def one_place(seed: int, expiries: int) -> Snapshot:
    """One store of four days, with lots that expire within them and one that does not."""
    rng = np.random.default_rng(seed)
    records: list[Any] = [
        Item("milk", value_cents=VALUE),
        StockingPolicy("milk", "store", holding_cost_per_day_micros=MICROS,
                       shortage_cost_per_day_micros=90 * MICROS),
    ]  # fmt: skip
    last = rng.choice(DAYS, expiries, replace=False)
    for number, day in enumerate([*last.tolist(), 30]):
        records += lot(f"lot-{number}", "store", int(day), int(rng.integers(1, 6)))
    for day in range(DAYS):
        values = rng.choice(5, int(rng.integers(1, 4)), replace=False)
        records += [DemandOutcome("milk", "store", MONDAY + timedelta(days=day), int(v),
                                  int(rng.integers(1, 4))) for v in values]  # fmt: skip
    return snapshot_of(*records)


def lot(name: str, place: str, day: int, units: int, item: str = "milk") -> list[Any]:
    """A lot that may be sold up to a day, and where it lies."""
    return [Lot(name, item, expires_on=MONDAY + timedelta(days=day)),
            StockPosition(item, place, name, units, total_units=units)]  # fmt: skip


def hub_and_store(*more: Any, capacity: int | None = None) -> list[Any]:
    """A hub without demand, a store that asks for 3 a day from Tuesday on, a day apart."""
    asked = [
        DemandOutcome("milk", "store", MONDAY + timedelta(days=day), 3 if day else 0, 1)
        for day in range(DAYS)
    ]
    return [
        Item("milk", value_cents=VALUE),
        *(StockingPolicy("milk", place, holding_cost_per_day_micros=MICROS,
                         shortage_cost_per_day_micros=900 * MICROS) for place in ("hub", "store")),
        Lane("van", "hub", "store", lead_time_days=1, cost_per_unit_micros=5 * MICROS,
             capacity_units_per_day=capacity),
        *asked, *more,
    ]  # fmt: skip


def truly_lost(snapshot: Snapshot) -> Fraction:
    """Expected units lost at one place, first expired first out, over all demand there can be."""
    stock, lots = snapshot.table("StockPosition"), snapshot.table("Lot")
    ends = dict(
        zip(lots["id"], (lots["expires_on"] - np.datetime64(MONDAY)).astype(int), strict=True)
    )
    there = [(int(ends[name]), int(units)) for name, units in
             zip(stock["lot"], stock["on_hand_units"], strict=True)]  # fmt: skip
    table = snapshot.table("DemandOutcome")
    days: list[dict[int, int]] = [{} for _ in range(DAYS)]
    for on, units, weight in zip(
        table["on"], table["quantity_units"], table["weight"], strict=True
    ):
        days[int((on - np.datetime64(MONDAY)).astype(int))][int(units)] = int(weight)
    found, whole = Fraction(0), Fraction(0)
    for path in product(*(day.items() for day in days)):
        share = Fraction(1)
        for _, weight in path:
            share *= weight
        whole += share
        found += share * _lost_on(there, [units for units, _ in path])
    return found / whole


def _lost_on(there: list[tuple[int, int]], asked: list[int]) -> int:
    left = dict(there)
    owed = gone = 0
    for day, units in enumerate(asked):
        owed += units
        for last in sorted(left):
            sold = min(owed, left[last])
            left[last] -= sold
            owed -= sold
        gone += left.pop(day, 0)
    return gone


STORES = ("east", "north", "south")


def stores(seed: int) -> Snapshot:
    """Three stores with demand and lanes among them; most lots expire, and some stock lasts."""
    rng = np.random.default_rng(seed)
    records: list[Any] = [Item("milk", value_cents=VALUE)]
    for place in STORES:
        records.append(StockingPolicy("milk", place, holding_cost_per_day_micros=MICROS,
                                      shortage_cost_per_day_micros=90 * MICROS))  # fmt: skip
        for number in range(int(rng.integers(0, 4))):
            day = int(rng.choice([0, 1, 2, 3, 30]))
            records += lot(f"{place}-{number}", place, day, int(rng.integers(1, 9)))
        for day in range(DAYS):
            values = rng.choice(5, int(rng.integers(1, 3)), replace=False)
            records += [DemandOutcome("milk", place, MONDAY + timedelta(days=day), int(v),
                                      int(rng.integers(1, 4))) for v in values]  # fmt: skip
        if rng.random() < 0.2:
            records.append(Backlog("milk", place, int(rng.integers(1, 4))))
    for origin, destination in permutations(STORES, 2):
        if rng.random() < 0.7:
            records.append(Lane(
                f"{origin}-{destination}", origin, destination,
                lead_time_days=int(rng.integers(1, 3)),
                cost_per_unit_micros=int(rng.integers(0, 20)) * MICROS,
                capacity_units_per_day=int(rng.integers(1, 6)) if rng.random() < 0.3 else None,
            ))  # fmt: skip
    return snapshot_of(*records)


Batch = tuple[int, int, int]
"""Day from which on units are there, their last day, and how many they are."""


def simulated(snapshot: Snapshot, there: dict[str, list[Batch]]) -> Fraction:
    """Expected units lost, first expired first out, of what is at each place, or comes to it.

    Over all demand that is stated; nothing else moves.
    """
    owed = dict.fromkeys(there, 0)
    backlog = snapshot.table("Backlog")
    owed |= dict(zip(backlog["location"], backlog["quantity_units"].tolist(), strict=True))
    table = snapshot.table("DemandOutcome")
    found = Fraction(0)
    for place, batches in there.items():
        days: list[dict[int, int]] = [{} for _ in range(DAYS)]
        rows = zip(table["location"], table["on"], table["quantity_units"].tolist(),
                   table["weight"].tolist(), strict=True)  # fmt: skip
        for at, on, units, weight in rows:
            if at == place:
                days[int((on - np.datetime64(MONDAY)).astype(int))][units] = weight
        whole, lost = 0, 0
        for path in product(*(day.items() for day in days)):
            share = prod(weight for _, weight in path)
            whole += share
            lost += share * _gone(batches, [units for units, _ in path], owed[place])
        found += Fraction(lost, whole)
    return found


def _gone(batches: list[Batch], asked: list[int], owed: int) -> int:
    left = [[last, lands, units] for lands, last, units in batches]
    lost = 0
    for day, units in enumerate(asked):
        owed += units
        for batch in sorted(left):
            if batch[1] <= day <= batch[0]:
                sold = min(owed, batch[2])
                batch[2] -= sold
                owed -= sold
        lost += sum(batch[2] for batch in left if batch[0] == day)
    return lost
