"""The real data sets as what they once were: one delivery after the other."""

import csv
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import numpy as np

from feeds.gates.past import Delivery, Past
from feeds.gates.series import Ints
from feeds.mapping_text import load_mapping
from feeds.reading import read
from ontology.columns import Snapshot, Table, table_of
from ontology.demand import DemandObservation
from service.examples import examples, shared_folder

Histories = dict[str, list[tuple[dict[str, Table], Past]]]


def real_histories() -> Histories:
    """Per data set at hand every delivery after the first few, with the past it comes after.

    SupplyGraph comes by weeks (the first 12 are past), SCMS by quarters (8), car parts by months
    (24), Brunel's orders of one day in ten batches (2).
    """
    known = examples()
    found: Histories = {}
    if "supplygraph" in known:
        tables = _read("supplygraph")
        moves = tables["StockMovement"]
        days = {
            "DemandObservation": tables["DemandObservation"]["on"].view(np.int64) // 7,
            "StockMovement": moves["effective_on"].view(np.int64) // 7,
        }
        opening = np.array([kind == "opening" for kind in moves["kind"]], np.bool_)
        days["StockMovement"][opening] = days["StockMovement"].min()
        found["SupplyGraph"] = list(_in_turn(tables, days, 12))
    if "scms" in known:
        tables = _read("scms")
        delivered = tables["DeliveryLine"]["delivered_on"]
        quarter = delivered.astype("datetime64[M]").astype(np.int64) // 3
        found["SCMS"] = list(_in_turn(tables, {"DeliveryLine": quarter}, 8))
    parts = shared_folder() / "data" / "demand" / "carparts.csv"
    if parts.is_file():
        table = _car_parts(parts)
        month = table["on"].astype("datetime64[M]").astype(np.int64)
        found["car parts"] = list(_in_turn({table.name: table}, {table.name: month}, 24))
    if "brunel" in known:
        tables = _read("brunel")
        orders = len(tables["SalesOrder"])
        found["Brunel"] = list(
            _in_turn(tables, {"SalesOrder": np.arange(orders) * 10 // orders}, 2)
        )
    return found


def real_tables(names: Iterable[str]) -> dict[str, dict[str, Table]]:
    """The facts of those of the named sets that are at hand."""
    known = examples()
    return {name: _read(name) for name in names if name in known}


def _read(name: str) -> dict[str, Table]:
    example = examples()[name]
    return dict(read([example.folder], load_mapping(example.mapping)).tables)


def _car_parts(path: Path) -> Table:
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    months = [date(1998 + at // 12, at % 12 + 1, 1) for at in range(len(header) - 1)]
    return table_of(
        (DemandObservation(row[0], "parts", month, int(cell))
         for row in rows for month, cell in zip(months, row[1:], strict=True) if cell),
        "DemandObservation",
    )  # fmt: skip


def _in_turn(
    tables: dict[str, Table], turns: dict[str, Ints], warm_up: int
) -> Iterator[tuple[dict[str, Table], Past]]:
    numbers = np.unique(np.concatenate(list(turns.values())))
    masters = {name: table for name, table in tables.items() if name not in turns}
    deliveries: list[Delivery] = []
    for number in numbers.tolist():
        now = {name: tables[name].take(np.flatnonzero(turn == number))
               for name, turn in turns.items()}  # fmt: skip
        if len(deliveries) >= warm_up:
            before = {name: tables[name].take(np.flatnonzero(turn < number))
                      for name, turn in turns.items()}  # fmt: skip
            yield now, Past(Snapshot(1, masters | before), tuple(deliveries))
        deliveries.append(Delivery(now))
