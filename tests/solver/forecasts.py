"""Small random supply chains whose demand is a forecast."""

from datetime import timedelta
from typing import Any

import numpy as np

from ontology.columns import Snapshot
from ontology.demand import (
    Backlog,
    DemandForecast,
    DemandQuantile,
    PooledDemandQuantile,
    PurchaseOrder,
)
from ontology.goods import Item, Lot, Substitute
from ontology.partners import Offer
from ontology.places import Location
from ontology.stock import StockingPolicy, StockPosition
from ontology.transport import Lane, Shipment
from tests.solver.planning import MONDAY, snapshot_of

LEVELS = (100_000, 500_000, 900_000, 990_000)
LOCAL, FAR = 4, 9
STORES = ("hub", "north", "south")
MICROS = 1_000_000


def random_forecast(seed: int, items: int = 2) -> Snapshot:
    """A hub and two stores, a few items, line costs, lots to order in, things under way."""
    rng = np.random.default_rng(seed)
    records: list[Any] = [Location(place, country="XX") for place in STORES]
    names = [f"item-{n}" for n in range(items)]
    for item in names:
        records += _item(item, rng)
    for origin, destination in (("hub", "north"), ("hub", "south"), ("north", "south")):
        records.append(
            Lane(f"{origin}-{destination}", origin, destination,
                 lead_time_days=int(rng.integers(1, 3)),
                 cost_per_unit_micros=int(rng.integers(0, 4)) * MICROS,
                 cost_per_line_cents=int(rng.integers(0, 900)),
                 capacity_units_per_day=500 if rng.random() < 0.3 else None)
        )  # fmt: skip
    if items > 1 and rng.random() < 0.7:
        records.append(Substitute(names[0], names[1]))
    return snapshot_of(*records)


def _item(item: str, rng: np.random.Generator) -> list[Any]:
    records: list[Any] = [Item(item, value_cents=int(rng.integers(100, 900)))]
    for place in STORES:
        records.append(
            StockingPolicy(item, place, service_level_percent=95,
                           holding_cost_per_day_micros=int(rng.integers(0, 3)) * MICROS // 10,
                           shortage_cost_per_day_micros=int(rng.integers(1, 9)) * MICROS)
        )  # fmt: skip
        for lot in range(int(rng.integers(0, 3))):
            units, name = int(rng.integers(1, 40)), f"{item}-{place}-{lot}"
            expires = MONDAY + timedelta(days=int(rng.integers(-3, 90)))
            records.append(Lot(name, item, expires_on=expires))
            records.append(StockPosition(item, place, name, units, total_units=units))
        mean = 0 if place == "hub" else int(rng.integers(0, 9))
        records += quantiles(item, place, mean)
    records += [
        PooledDemandQuantile(item, MONDAY, MONDAY + timedelta(days=day), level,
                             int(9 * (day + 1) * level / 1e6), "test/1")
        for day in range(FAR) for level in LEVELS
    ]  # fmt: skip
    records.append(
        Offer("maker", item, "hub", int(rng.integers(1, 9)) * MICROS,
              minimum_order_units=int(rng.integers(1, 30)),
              lot_multiple_units=int(rng.integers(1, 9)), lead_time_days=int(rng.integers(1, 7)))
    )  # fmt: skip
    after = timedelta(days=int(rng.integers(-1, 12)))
    records.append(Shipment(f"s-{item}", item, "north", int(rng.integers(1, 9)), MONDAY + after))
    records.append(PurchaseOrder(f"p-{item}", "maker", item, "hub", int(rng.integers(1, 9)),
                                 MONDAY, MONDAY + after))  # fmt: skip
    if rng.random() < 0.3:
        records.append(Backlog(item, "south", int(rng.integers(1, 5))))
    return records


def quantiles(item: str, place: str, mean: int, spread: float = 1.6) -> list[Any]:
    """A forecast of so many units a day: its summary, and quantiles that fan out."""
    found: list[Any] = [
        DemandForecast(item, place, "test/1", MONDAY, MONDAY - timedelta(days=28),
                       MONDAY - timedelta(days=1), mean * MICROS, 40)
    ]  # fmt: skip
    for day in range(LOCAL):
        for level in LEVELS:
            units = int(mean * (day + 1) * spread * level / 1e6)
            on = MONDAY + timedelta(days=day)
            found.append(DemandQuantile(item, place, MONDAY, on, level, units, "test/1"))
    return found
