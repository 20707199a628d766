"""A past small enough to read: a few weeks of one item, and what a delivery adds to it."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from feeds.gates.findings import GateFinding
from feeds.gates.past import Delivery, Past
from ontology.columns import Snapshot, Table, table_of
from ontology.demand import DemandObservation
from ontology.stock import StockMovement

START = date(2024, 1, 1)


def day(number: int) -> date:
    """A day by its number, 0 being the first."""
    return START + timedelta(days=number)


def tables(*records: Any) -> dict[str, Table]:
    """Records of any classes as tables by class, in the order given."""
    names = dict.fromkeys(type(record).__name__ for record in records)
    return {name: table_of((r for r in records if type(r).__name__ == name), name)
            for name in names}  # fmt: skip


def past(*records: Any, deliveries: Iterable[dict[str, Table]] = ()) -> Past:
    """A chain in which these records stand, after these deliveries."""
    return Past(Snapshot(1, tables(*records)), tuple(map(Delivery, deliveries)))


def demand(
    *units: int, item: str = "widget", location: str = "north", first: int = 0
) -> list[DemandObservation]:
    """One observation a day."""
    return [DemandObservation(item, location, day(first + at), many)
            for at, many in enumerate(units)]  # fmt: skip


def move(
    name: str, kind: str, units: int, on: int, lot: str | None = None, item: str = "widget"
) -> StockMovement:
    """A movement in the north."""
    return StockMovement(name, item, "north", kind, units, day(on), lot)


def told(findings: Iterable[GateFinding]) -> list[tuple[int, str, str]]:
    """Row, code and severity of findings, in order."""
    return sorted((finding.row, finding.code, finding.severity) for finding in findings)
