"""The example `two_hubs` as a snapshot and closures, without feeds, rules or a database."""

import csv
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from ontology.closures import Closures
from ontology.columns import Snapshot, Table, table_of
from ontology.terms import FieldKind, field_kinds
from ontology.vocabulary import FACTS, RECORDS

FOLDER = Path(__file__).parents[2] / "examples" / "two_hubs"
COLD, FRESH, OPEN, FLOOR, APPROVED = (
    f"https://w3id.org/evenkeel/rule/{name}"
    for name in ("cold-chain", "fresh-lot", "open-lane", "safety-floor", "approved-supplier")
)


def snapshot() -> Snapshot:
    """The facts of the CSV files; a file is named after its class in the plural."""
    tables = {}
    for name in sorted(FACTS):
        path = FOLDER / f"{_plural(name)}.csv"
        if path.exists():
            tables[name] = table_of(_records(path, name), name).sorted()
    return Snapshot(1, tables)


def closures(movements: Table, stock_after: Table) -> Closures:
    """What the five movement rules say, written out for this example alone."""
    cold = (movements["item"] == "vaccine") & (movements["lane"] != "reefer-ns")
    cold &= movements["kind"] == "transfer"
    stale = (movements["lot"] == "V-OLD") & (movements["remaining_life_days"] < 2)
    shut = (movements["lane"] == "truck-sn") & (movements["departs_weekday"] == "monday")
    blocked = movements["supplier"] == "shady"
    masks = {APPROVED: blocked, COLD: cold, FRESH: stale, OPEN: shut}
    return Closures(
        {rule: np.flatnonzero(mask) for rule, mask in masks.items()},
        {FLOOR: stock_after["safety_stock_units"]},
    )


def _plural(name: str) -> str:
    snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in name).strip("_")
    return snake[:-1] + "ies" if snake.endswith("y") else snake + "s"


def _records(path: Path, name: str) -> list[Any]:
    kinds = field_kinds(RECORDS[name])
    with path.open(encoding="utf-8", newline="") as file:
        return [
            RECORDS[name](**{k: _cell(v, kinds[k]) for k, v in row.items() if v != ""})
            for row in csv.DictReader(file)
        ]


def _cell(text: str, kind: FieldKind) -> Any:
    if kind.many:
        return tuple(text.split("|"))
    if kind.scalar is int:
        return int(text)
    return date.fromisoformat(text) if kind.scalar is date else text
