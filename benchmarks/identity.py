"""How many pairs the search for identity candidates compares on real data, and what it finds."""

from collections.abc import Mapping

import numpy as np

from benchmarks.real_deliveries import real_tables
from feeds.identity.candidates import propose
from ontology.columns import Snapshot, Table

CLASSES = {
    "scms": ("Supplier", "Location", "Item"),
    "supplygraph": ("Item", "Location"),
    "brunel": ("Item", "Customer", "Location"),
}


def main() -> None:
    """Print, per set and class, doubles within the set, and how a retyped copy is found again."""
    print("identity: candidates among a set's own records, and for its records retyped")
    for name, tables in real_tables(CLASSES).items():
        for of_class in CLASSES[name]:
            print(_line(name, of_class, tables))


def _line(name: str, of_class: str, tables: Mapping[str, Table]) -> str:
    ours = Snapshot(1, tables)
    count = len(tables[of_class])
    own = propose(of_class, tables, ours)
    copy = propose(of_class, {of_class: _retyped(tables[of_class])}, ours, most=1)
    right = sum(_typed(found.own_id) == found.external_id for found in copy.candidates)
    return (
        f"{name:12} {of_class:9} {count:5} records, {count * (count - 1) // 2:9,} pairs, "
        f"{own.compared_pairs:6,} compared, {len(own.candidates):4} candidates; retyped: "
        f"{copy.compared_pairs:6,} compared, {right} of {count} first"
    )


def _typed(name: str) -> str:
    """A name as another system might have it: small letters, dots, and a blank at the end."""
    return name.lower().replace(",", ".") + " "


def _retyped(table: Table) -> Table:
    ids = np.array([_typed(key) for key in table["id"].tolist()], object)
    return Table(table.name, dict(table.columns) | {"id": ids})


if __name__ == "__main__":
    main()
