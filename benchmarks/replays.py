"""A chain on a forecast that is planned again and again: noise in demand, and lines carried out."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from math import ceil, sqrt
from typing import Any

import numpy as np

from ontology.columns import Snapshot, Table, record_at, table_of
from ontology.demand import (
    DemandForecast,
    DemandQuantile,
    PooledDemandQuantile,
    PurchaseOrder,
    TransferOrder,
)
from ontology.goods import Item
from ontology.partners import Offer, Supplier
from ontology.places import Location
from ontology.stock import StockingPolicy, StockPosition
from ontology.transport import Lane

MONDAY = date(2026, 3, 2)
NOISE_PER_CENT = 5
LEVELS = {100_000: -1.28, 500_000: 0.0, 900_000: 1.28, 950_000: 1.64, 990_000: 2.33}
LOCAL, FAR = 5, 15
DEPOT, STORES = "depot", ("north", "east", "south")
MAKERS = ("maker", "other")
MICROS = 1_000_000


def chain(seed: int, items: int) -> Snapshot:
    """A depot and three stores with lanes both ways between all of them, and uneven stock."""
    draw = np.random.default_rng(seed)
    places = (DEPOT, *STORES)
    records: list[Any] = [Location(place, country="XX") for place in places]
    records += [Supplier(maker) for maker in MAKERS]
    records += [
        Lane(f"{a}-{b}", a, b, lead_time_days=1 + int(DEPOT in (a, b)),
             cost_per_unit_micros=MICROS // 4, cost_per_line_cents=int(draw.integers(100, 500)))
        for a in places for b in places if a != b
    ]  # fmt: skip
    for number in range(items):
        records += _item(f"item-{number}", draw)
    return _snapshot(records)


def with_noise(snapshot: Snapshot, seed: int, percent: int = NOISE_PER_CENT) -> Snapshot:
    """The same facts with the forecast of every item and place times 1 + noise of so many %."""
    draw, tables = np.random.default_rng(seed), dict(snapshot.tables)
    for name, ends in (
        ("DemandQuantile", ("item", "location")),
        ("PooledDemandQuantile", ("item",)),
    ):
        table = snapshot.table(name)
        keys = list(zip(*(table[end] for end in ends), strict=True))
        kinds = sorted(set(keys))
        factors = dict(zip(kinds, 1 + draw.normal(0, percent / 100, len(kinds)), strict=True))
        wanted = table["quantity_units"] * np.array([max(0.0, factors[key]) for key in keys])
        units = np.floor(wanted + draw.random()).astype(np.int64)
        tables[name] = Table(name, {**table.columns, "quantity_units": units})
    return Snapshot(snapshot.sequence, tables)


def carried_out(snapshot: Snapshot, lines: Iterable[Mapping[str, Any]], mark: str) -> Snapshot:
    """The facts after a plan's lines were ordered: open orders, and less stock where they leave."""
    tables = dict(snapshot.tables)
    stock, orders, bought = (
        [record_at(table, row) for row in range(len(table))]
        for table in map(snapshot.table, ("StockPosition", "TransferOrder", "PurchaseOrder"))
    )
    for line in lines:
        units, due = line["quantity_units"], date.fromisoformat(line["arrives_on"])
        name = f"{mark}-{line['number']}"
        if line["kind"] == "purchase":
            bought.append(PurchaseOrder(name, line["supplier"], line["item"], line["destination"],
                                        units, MONDAY, due))  # fmt: skip
        if line["kind"] != "transfer":
            continue
        orders.append(TransferOrder(name, line["item"], line["origin"], line["destination"],
                                    units, MONDAY, due))  # fmt: skip
        at = next(row for row, position in enumerate(stock) if (position.item, position.location)
                  == (line["item"], line["origin"]))  # fmt: skip
        left = stock[at].on_hand_units - units
        stock[at] = replace(stock[at], on_hand_units=left, total_units=left)
    for name, rows in (("StockPosition", stock), ("TransferOrder", orders),
                       ("PurchaseOrder", bought)):  # fmt: skip
        tables[name] = table_of(rows, name).sorted()
    return Snapshot(snapshot.sequence, tables)


def taken_back(snapshot: Snapshot, lines: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The lines that take an item back to where an open transfer brings it from."""
    table = snapshot.table("TransferOrder")
    ways = set(zip(table["item"], table["destination"], table["origin"], strict=True))
    return [line for line in lines if line["kind"] == "transfer"
            and (line["item"], line["origin"], line["destination"]) in ways]  # fmt: skip


def _item(item: str, draw: np.random.Generator) -> list[Any]:
    records: list[Any] = [Item(item, value_cents=int(draw.integers(500, 3_000)))]
    means = {place: int(draw.integers(4, 25)) for place in STORES} | {DEPOT: 0}
    for place, mean in means.items():
        days = float(draw.uniform(0, 12)) if mean else 4.0
        units = int((mean or sum(means.values())) * days)
        records.append(StockPosition(item, place, on_hand_units=units, total_units=units))
        records.append(StockingPolicy(
            item, place, service_level_percent=95, holding_cost_per_day_micros=MICROS // 50,
            shortage_cost_per_day_micros=3 * MICROS,
        ))  # fmt: skip
        records += _forecast(item, place, mean)
    total = sum(means.values())
    records += [
        PooledDemandQuantile(item, MONDAY, MONDAY + timedelta(day), level,
                             _units(total, day, z), "replay/1")
        for day in range(FAR) for level, z in LEVELS.items()
    ]  # fmt: skip
    price = int(draw.integers(3, 20)) * MICROS
    records += [
        Offer(maker, item, DEPOT, price * dearer, minimum_order_units=20, lot_multiple_units=10,
              lead_time_days=4)
        for dearer, maker in enumerate(MAKERS, start=1)
    ]  # fmt: skip
    return records


def _forecast(item: str, place: str, mean: int) -> list[Any]:
    found: list[Any] = [
        DemandForecast(item, place, "replay/1", MONDAY, MONDAY - timedelta(28),
                       MONDAY - timedelta(1), mean * MICROS, 40)
    ]  # fmt: skip
    return found + [
        DemandQuantile(item, place, MONDAY, MONDAY + timedelta(day), level,
                       _units(mean, day, z), "replay/1")
        for day in range(LOCAL) for level, z in LEVELS.items()
    ]  # fmt: skip


def _units(mean: int, day: int, z: float) -> int:
    """A quantile of the demand of `day` + 1 days, at a variance of twice its mean."""
    return max(0, ceil(mean * (day + 1) + z * sqrt(2 * mean * (day + 1))))


def _snapshot(records: Iterable[Any]) -> Snapshot:
    rows: dict[str, list[Any]] = {}
    for record in records:
        rows.setdefault(type(record).__name__, []).append(record)
    return Snapshot(1, {name: table_of(found, name).sorted() for name, found in rows.items()})
