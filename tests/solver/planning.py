"""Solving a problem in tests, and small random supply chains."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from ontology.closures import Closures
from ontology.columns import Snapshot, table_of
from ontology.demand import DemandOutcome, SalesOrder
from ontology.goods import Item, Lot
from ontology.partners import Offer
from ontology.places import HandlingRate, PortAccess, SharedResource
from ontology.stock import StockingPolicy, StockPosition
from ontology.transport import FreightRate, Lane, Shipment
from solver.engine.flow import solve
from solver.engine.potentials import canonical_potentials
from solver.engine.ties import canonical_flow
from solver.model.movements import Window, candidates, window_of
from solver.model.problem import BOTH_PARTS, Problem, build
from solver.network.columns import IntArray

MONDAY = date(2026, 3, 2)
KILOGRAM = 10**9


@dataclass(frozen=True)
class Solved:
    """A problem with its canonical optimal flow, its potentials and its objective."""

    snapshot: Snapshot
    window: Window
    problem: Problem
    flow: IntArray
    potentials: IntArray
    objective: int


def solved(
    snapshot: Snapshot,
    closures: Closures | None = None,
    parts: Iterable[str] = BOTH_PARTS,
) -> Solved:
    """The canonical optimum of a snapshot under given closures."""
    window = window_of(snapshot)
    movements = candidates(snapshot, window)
    problem = build(snapshot, window, movements, closures or Closures(), parts)
    solution = solve(problem.network)
    assert solution.status == "optimal"
    assert solution.objective is not None
    potentials = canonical_potentials(problem.network, solution.flow)
    flow = canonical_flow(problem.network, solution.flow, potentials, problem.arc_hash)
    return Solved(snapshot, window, problem, flow, potentials, solution.objective)


def snapshot_of(*records: Any) -> Snapshot:
    """A snapshot of the given records."""
    names = sorted({type(record).__name__ for record in records})
    rows = {name: [r for r in records if type(r).__name__ == name] for name in names}
    return Snapshot(1, {name: table_of(rows[name], name).sorted() for name in names})


def shuffled(snapshot: Snapshot, seed: int) -> Snapshot:
    """The same facts with the rows of every table in another order."""
    rng = np.random.default_rng(seed)
    return Snapshot(
        snapshot.sequence,
        {name: table.take(rng.permutation(len(table))) for name, table in snapshot.tables.items()},
    )


def random_risk(seed: int) -> Snapshot:
    """One item, two hubs, three days: amounts are multiples that no rounding touches."""
    rng = np.random.default_rng(seed)
    micros = 1_000_000
    records: list[Any] = [Item("item", value_cents=500)]
    for place in ("a", "b"):
        holding, shortage = (int(v) for v in rng.integers(0, 9, 2))
        records.append(
            StockingPolicy("item", place, holding_cost_per_day_micros=holding * micros,
                           shortage_cost_per_day_micros=shortage * micros)
        )  # fmt: skip
        units = int(rng.integers(0, 4))
        records.append(Lot(f"lot-{place}", "item"))
        records.append(StockPosition("item", place, f"lot-{place}", units, total_units=units))
        for day in range(3):
            values = rng.choice(4, int(rng.integers(1, 3)), replace=False)
            on = MONDAY + timedelta(days=day)
            records += [DemandOutcome("item", place, on, int(v), 1) for v in values]
    for number, (origin, destination) in enumerate((("a", "b"), ("b", "a"))):
        records.append(
            Lane(f"lane-{number}", origin, destination, lead_time_days=int(rng.integers(1, 3)),
                 cost_per_unit_micros=int(rng.integers(0, 6)) * micros,
                 capacity_units_per_day=int(rng.integers(1, 4)) if rng.random() < 0.7 else None)
        )  # fmt: skip
    price = 5_000_000 + int(rng.integers(0, 8)) * micros
    records.append(Offer("maker", "item", "a", price, lead_time_days=1,
                         capacity_units=int(rng.integers(0, 3))))  # fmt: skip
    if rng.random() < 0.5:
        after = timedelta(days=int(rng.integers(-1, 5)))
        records.append(Shipment("s", "item", "b", 1, MONDAY + after))
    return snapshot_of(*records)


def random_orders(seed: int) -> Snapshot:
    """Up to six orders and four plants with ports, rates and places."""
    rng = np.random.default_rng(seed)
    plants = [f"plant-{n}" for n in range(int(rng.integers(1, 5)))]
    records: list[Any] = []
    for plant in plants:
        records.append(SharedResource(plant, "orders", int(rng.integers(0, 3))))
        records.append(HandlingRate(plant, int(rng.integers(0, 300)) * 10_000))
        ports = rng.choice(3, int(rng.integers(1, 3)), replace=False)
        records += [PortAccess(plant, f"port-{port}") for port in ports]
    if rng.random() < 0.7:
        records += [
            FreightRate("anyone", f"port-{port}", "sea", "DTD", "ground", 0, 9 * KILOGRAM,
                        int(rng.integers(0, 900)), 0)
            for port in range(3)
        ]  # fmt: skip
    for number in range(int(rng.integers(0, 7))):
        low = int(rng.integers(0, 5))
        records.append(
            FreightRate(f"carrier-{rng.integers(2)}", f"port-{rng.integers(3)}", "sea",
                        "DTD", ("air", "ground")[int(rng.integers(2))], low * KILOGRAM,
                        (low + int(rng.integers(0, 5))) * KILOGRAM, int(rng.integers(0, 900)),
                        int(rng.integers(0, 500)) * 10_000, number)
        )  # fmt: skip
    for number in range(int(rng.integers(1, 7))):
        payer = "customer" if rng.random() < 0.2 else "shipper"
        records.append(
            SalesOrder(f"order-{number}", "item", "buyer", int(rng.integers(1, 9)), MONDAY, "sea",
                       weight_micrograms=int(rng.integers(0, 8 * KILOGRAM)), freight_payer=payer)
        )  # fmt: skip
    return snapshot_of(*records)


def random_closures(movements: int, seed: int) -> Closures:
    """Two rules that close some movements each."""
    rng = np.random.default_rng(seed)
    masks = (rng.random(movements) < 0.25, rng.random(movements) < 0.25)
    return Closures({f"urn:rule:{n}": np.flatnonzero(mask) for n, mask in enumerate(masks)})
