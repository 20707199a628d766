"""Where the nodes of a risk network stand: pairs by day, lots, lane junctions, offers, sinks."""

from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np

from ontology.columns import MISSING, Column, Snapshot, Table
from solver.movements import Window, lots_on_hand, pairs_of
from solver.names import ABSENT, codes_of
from solver.network import IntArray


@dataclass
class Layout:
    """Nodes in order: (pair, day 0..periods), lots, junctions, offers, one sink per item.

    `starts` holds the first node of each of those five classes, and the number of nodes.
    A junction stands for an item on a lane with a capacity on the first day.
    """

    window: Window
    pairs: list[tuple[str, str]]
    lots: Table
    offers: Table
    lanes: Table
    junctions: list[tuple[str, int]]
    items: list[str] = field(init=False)
    item_of_pair: IntArray = field(init=False)
    place: dict[tuple[str, str], int] = field(init=False)
    starts: list[int] = field(init=False)

    def __post_init__(self) -> None:
        """Numbers the nodes."""
        self.items = sorted({item for item, _ in self.pairs})
        self.item_of_pair = codes_of((item for item, _ in self.pairs), self.items)
        self.place = {pair: row for row, pair in enumerate(self.pairs)}
        counts = (len(self.pairs) * self.days, len(self.lots), len(self.junctions),
                  len(self.offers), len(self.items))  # fmt: skip
        self.starts = [0, *accumulate(counts)]

    @property
    def days(self) -> int:
        """Nodes per pair: one per day, and the end."""
        return self.window.periods + 1

    def pair_rows(self, items: Column, places: Column) -> IntArray:
        """The pair of each item and place."""
        return np.array([self.place.get(p, ABSENT) for p in zip(items, places, strict=True)],
                        np.int64)  # fmt: skip

    def sink(self, items: Column) -> IntArray:
        """The sink node of each item."""
        return self.starts[4] + codes_of(items, self.items)


def layout_of(snapshot: Snapshot, window: Window, movements: Table) -> Layout:
    """The nodes that facts and candidate movements ask for; rules have no say in them."""
    lanes = snapshot.table("Lane").sorted()
    capped = {
        lane for lane, most in zip(lanes["id"], lanes["capacity_units_per_day"], strict=True)
        if most != MISSING
    }  # fmt: skip
    first = np.flatnonzero(
        (movements["departs_on"] == window.first) & (movements["kind"] == "transfer")
    )
    ways = zip(movements["item"][first], movements["lane"][first], strict=True)
    row = {lane: number for number, lane in enumerate(lanes["id"])}
    junctions = sorted({(item, row[lane]) for item, lane in ways if lane in capped})
    offers = snapshot.table("Offer").sorted()
    return Layout(window, pairs_of(snapshot), lots_on_hand(snapshot), offers, lanes, junctions)
