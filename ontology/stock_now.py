"""Stock as it stands: what was counted, and what moved on the days after the count."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ontology.columns import Snapshot, Table, record_at, table_of
from ontology.stock import StockPosition
from ontology.terms import join_key

MOVED = "counted and moved"
ONLY_MOVED = "moved"
"""What a position says of itself where movements changed a count, or where there was none."""

Moves = Mapping[str, list[int]]


def with_movements(snapshot: Snapshot) -> Snapshot:
    """The same facts with each stock position as it is after the movements since its count.

    A movement counts where its day is after that of the count: a count speaks of the end of its
    day, so a movement that comes late and is older changes nothing. Where nothing was counted all
    movements make up the position; less than nothing is nothing. On hand and total move alike.
    Addresses and clocks stay those of what was counted.
    """
    moves = moves_since_count(snapshot)
    if not moves:
        return snapshot
    counted, moved = snapshot.table("StockPosition"), snapshot.table("StockMovement")
    columns = {name: column.copy() for name, column in counted.columns.items()}
    added = []
    for key, rows in moves.items():
        units = sum(moved["quantity_units"][rows].tolist())
        at = counted.row_of.get(key)
        if at is None:
            added.append(_position(snapshot, moved, rows, units))
            continue
        for name in ("on_hand_units", "total_units"):
            columns[name][at] = max(0, int(columns[name][at]) + units)
        columns["basis"][at] = MOVED
    more = table_of(added, "StockPosition")
    both = {name: np.concatenate([columns[name], more[name]]) for name in columns}
    table = Table("StockPosition", both).sorted()
    return replace(snapshot, tables={**snapshot.tables, "StockPosition": table})


def moves_since_count(snapshot: Snapshot) -> Moves:
    """The rows of StockMovement that a position has on top of its count, by the position's key."""
    moved = snapshot.table("StockMovement")
    if not len(moved):
        return {}
    counted = snapshot.table("StockPosition")
    names = zip(moved["item"].tolist(), moved["location"].tolist(), moved["lot"].tolist(),
                strict=True)  # fmt: skip
    days, known = moved["effective_on"], counted.row_of
    found: dict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(names):
        key = join_key(name)
        at = known.get(key)
        if at is None or _is_after(days[row], counted["counted_on"][at]):
            found[key].append(row)
    return dict(found)


def _is_after(day: np.datetime64, count: np.datetime64) -> bool:
    """Whether a movement of a day came after a count; one that states no day knows of all."""
    return not np.isnat(count) and bool(day > count)


def _position(snapshot: Snapshot, moved: Table, rows: list[int], units: int) -> StockPosition:
    first = record_at(moved, rows[0])
    items = snapshot.table("Item")
    at = items.row_of.get(join_key((first.item,)))
    unit = "each" if at is None else str(items["base_unit"][at])
    last = moved["effective_on"][rows].max().astype(object)
    stands = max(0, units)
    return StockPosition(first.item, first.location, first.lot, on_hand_units=stands,
                         total_units=stands, unit=unit, counted_on=last,
                         basis=ONLY_MOVED)  # fmt: skip
