"""How well the stock at both ends of a movement is known: for rules that ask, and only then."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ontology.columns import MISSING, Snapshot, Table
from solver.model.movements import IntArray, Window

Pair = tuple[str, str]
AGES = ("origin_stock_age_days", "destination_stock_age_days")
MARKS = ("origin_mark_count", "destination_mark_count")
FIELDS = (*AGES, *MARKS)
"""The fields of a Movement that are blank until they are asked for."""


@dataclass(frozen=True, slots=True)
class Known:
    """Of an item at a location: days since its oldest count, MISSING if none, and its marks."""

    age_days: int = MISSING
    marks: int = 0


def with_known_stock(movements: Table, snapshot: Snapshot, window: Window) -> Table:
    """The movements with the age of the counts at both ends and the marks on them.

    The age is that of the oldest count of the item there, over the lots that have units where any
    has, in whole days before the plan's first day, at least 0. Marks are those on its positions.
    An end that the movement does not have, or where no count states its day, has no age.
    """
    known = _known(snapshot, window)
    columns = dict(movements.columns)
    for end, age, marks in zip(("origin", "destination"), AGES, MARKS, strict=True):
        pairs = zip(movements["item"].tolist(), movements[end].tolist(), strict=True)
        ends = movements[end].tolist()
        found = [known.get(pair, _NOTHING) for pair in pairs]
        columns[age] = _numbers(one.age_days for one in found)
        columns[marks] = _numbers(
            MISSING if place is None else one.marks
            for place, one in zip(ends, found, strict=True)
        )  # fmt: skip
    return Table(movements.name, columns)


_NOTHING = Known()


def _known(snapshot: Snapshot, window: Window) -> Mapping[Pair, Known]:
    """What is known of each item at each location that has a position."""
    table, marks = snapshot.table("StockPosition"), snapshot.table("Mark")
    about = marks["fact_key"][marks["class_name"] == "StockPosition"].tolist()
    marked = Counter(about)
    days = table["counted_on"]
    ages = np.where(np.isnat(days), MISSING, np.maximum(0, -window.day_of(days)))
    keys = table.keys.tolist() if marked else [""] * len(table)
    rows = zip(table["item"].tolist(), table["location"].tolist(), ages.tolist(),
               (table["total_units"] > 0).tolist(), keys, strict=True)  # fmt: skip
    oldest: dict[Pair, dict[bool, int]] = {}
    counts: Counter[Pair] = Counter()
    for item, location, age, holds, key in rows:
        pair = item, location
        by_holding = oldest.setdefault(pair, {})
        by_holding[holds] = max(by_holding.get(holds, MISSING), age)
        counts[pair] += marked[key]
    return {pair: Known(ages.get(True, ages.get(False, MISSING)), counts[pair])
            for pair, ages in oldest.items()}  # fmt: skip


def _numbers(values: Iterable[int]) -> IntArray:
    return np.fromiter(values, np.int64)
