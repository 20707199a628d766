"""Small facts, feeds, plans and releases that the tests of the graph share."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from graph.manifests import FeedContents, FeedFile
from graph.projection import Projection
from ontology.canonical import digest_of
from ontology.columns import Snapshot, Table, table_of
from ontology.goods import Item
from ontology.governance import PolicyRelease, QuarantinedRow
from ontology.places import Calendar, Location
from ontology.plan import Plan
from ontology.stock import StockPosition
from ontology.transport import Lane

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
RELEASE = PolicyRelease("r" * 64, "house rules", "1", 5)
CHAIN = "two_hubs"


def after_noon(projection: Projection) -> datetime:
    """A minute later for every event that there is: what is stated later is true later."""
    return NOON + timedelta(minutes=projection.log.head().sequence)


def stock(item: str, location: str, units: int, **more: Any) -> StockPosition:
    return StockPosition(item, location, on_hand_units=units, total_units=units, **more)


def two_hubs(north: int = 10, south: int = 2) -> dict[str, Table]:
    """Every kind of column: text, missing text, integers, booleans, dates and lists."""
    lane = Lane("N-S", "north", "south", lead_time_days=1, allowed_handling_classes=("dry", "ü"))
    return tables_of([
        Item("widget", name="Widget", weight_micrograms=1_000),
        Location("north", latitude_microdegrees=None), Location("south", calendar="work"),
        Calendar("work", ("monday", "tuesday")),
        stock("widget", "north", north, lot="L1", counted_on=date(2026, 1, 30)),
        stock("widget", "south", south), lane,
    ])  # fmt: skip


def tables_of(records: Sequence[Any]) -> dict[str, Table]:
    names = dict.fromkeys(type(record).__name__ for record in records)
    return {
        name: table_of([r for r in records if type(r).__name__ == name], name) for name in names
    }


def feed_of(
    tables: Mapping[str, Table],
    *,
    chain: str = CHAIN,
    feed: str = "monday",
    quarantine: Sequence[QuarantinedRow] = (),
) -> FeedContents:
    """A feed of one file in which row i + 2 states fact i of each table."""
    origins = {
        name: np.column_stack([np.zeros(len(t), np.int64), np.arange(len(t)) + 2]).astype(np.int64)
        for name, t in tables.items()
    }
    return FeedContents(
        chain, "erp", feed, "two_hubs", "m" * 64, (FeedFile("all.csv", "f" * 64, 9),),
        tables, origins, table_of(quarantine, "QuarantinedRow"), {"loaded": 7},
    )  # fmt: skip


def release_document() -> bytes:
    return b"# no shapes\n"


def plan_document(
    snapshot: Snapshot,
    lines: int = 2,
    *,
    chain: str = CHAIN,
    made_at: str = "2026-01-31T12:00:00+00:00",
    agent: str = "ada",
) -> dict[str, Any]:
    """A sealed plan that moves units from north to south, and one shortfall."""
    positions = snapshot.table("StockPosition").keys.tolist()
    because = [f"StockPosition/{positions[0]}", "Lane/N-S", "Lane/N-S"]
    decision = {
        "chain": chain, "snapshot": snapshot.digest, "release": RELEASE.digest, "previous": None,
        "work_limit": 1, "regime": "risk", "starts_on": "2026-02-01", "cost_parts": [],
        "lines": [
            {"number": n, "kind": "transfer", "item": "widget", "lane": "N-S", "origin": "north",
             "destination": "south", "quantity_units": n, "departs_on": "2026-02-01",
             "arrives_on": "2026-02-02", "cost_scaled": 5, "because": because}
            for n in range(1, lines + 1)
        ],
        "shortfalls": [
            {"number": 1, "kind": "cannot", "item": "widget", "location": "south",
             "quantity_units": 3, "reason": "one of 3", "on": "2026-02-03",
             "because": [f"StockPosition/{positions[-1]}"]},
        ],
    }  # fmt: skip
    document = {
        "format": "evenkeel-plan/1", "decision": decision, "plan_digest": digest_of(decision),
        "about": {"sequence": snapshot.sequence, "made_at": made_at, "agent": agent,
                  "versions": {"evenkeel": "0.1.0"}},
    }  # fmt: skip
    return {**document, "seal": digest_of(document)}


def summary_of(document: Mapping[str, Any]) -> Plan:
    decision = document["decision"]
    return Plan(
        document["plan_digest"], decision["chain"], decision["snapshot"], decision["release"],
        decision["regime"], "optimal", 10, 10, 0, 10_000, len(decision["lines"]),
        len(decision["shortfalls"]),
    )  # fmt: skip


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
