"""Small supply chains whose lots expire, and what really is lost of them."""

from datetime import timedelta
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from ontology.columns import Snapshot
from ontology.demand import DemandOutcome
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
