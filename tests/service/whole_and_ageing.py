"""Facts of a chain with whole loads and lots, shipment costs, lots that expire, and a budget."""

from typing import Any

import numpy as np

from ontology.columns import Column, Snapshot, Table, table_of
from ontology.perishables import DisposalCost
from ontology.transport import Budget
from tests.service.test_whole import in_wholes
from tests.solver.planning import MONDAY

MICROS = 1_000_000


def whole_facts(snapshot: Snapshot, seed: int) -> Snapshot:
    """Loads on most lanes, lots of most items, and a cost per shipment on some lanes."""
    rng = np.random.default_rng(seed)
    lanes = snapshot.table("Lane").sorted()
    dear = (rng.random(len(lanes)) < 0.4) * rng.integers(1, 900, len(lanes))
    return in_wholes(_with(snapshot, "Lane", {"cost_per_shipment_cents": dear}), seed)


def ageing_facts(snapshot: Snapshot, seed: int) -> Snapshot:
    """Most lots and what comes expire in days; losing them costs; freight may have a budget."""
    rng = np.random.default_rng(seed)
    lots = snapshot.table("Lot").sorted()
    last = np.datetime64(MONDAY) + rng.integers(0, 3, len(lots))
    expires = np.where(rng.random(len(lots)) < 0.7, last, lots["expires_on"])
    found = _with(snapshot, "Lot", {"expires_on": expires.astype("datetime64[D]")})
    items = sorted(set(snapshot.table("Item")["id"]))
    more: list[Any] = [DisposalCost(item, int(rng.integers(0, 5)) * MICROS) for item in items]
    tables = [table_of(more, "DisposalCost")]
    if rng.random() < 0.7:
        tables.append(table_of([Budget("freight", int(rng.integers(0, 2_000)))], "Budget"))
    life = rng.integers(0, 9, len(snapshot.table("Item")))  # what is under way expires, too
    found = _with(found, "Item", {"shelf_life_days": life})
    return Snapshot(1, {**found.tables, **{table.name: table for table in tables}})


def _with(snapshot: Snapshot, name: str, columns: dict[str, Column]) -> Snapshot:
    table = snapshot.table(name).sorted()
    return Snapshot(1, {**snapshot.tables, name: Table(name, {**table.columns, **columns})})
