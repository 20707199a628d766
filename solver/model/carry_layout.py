"""Where the nodes of a risk network stand: pairs by day, lots, junctions, offers, pools, ages."""

from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate

import numpy as np

from ontology.calendars import arrival_days, calendars_of
from ontology.columns import MISSING, Column, Snapshot, Table
from ontology.edits import NO_BOUNDS, Bounds
from solver.model.movements import Window, lots_on_hand, pairs_of, serves
from solver.model.whole_lines import WholeLines, whole_lines_of
from solver.network.columns import IntArray
from solver.network.names import ABSENT, codes_in, codes_of

_CLASSES = (
    "pairs",
    "lots",
    "junctions",
    "offers",
    "pools",
    "ages",
    "ways",
    "joints",
    "sinks",
    "end",
)


@dataclass
class Layout:
    """Nodes: (pair, day 0..periods), lots, junctions, offers, (item, far day), ages, sinks.

    `first` holds the first node of each of those classes, and the number of nodes as `end`.
    A junction stands for an item on a lane with a capacity, whole lots, or a bound, on the first
    day; `lands`
    is the day on which what a lane carries then is received. Pools are there
    where demand is forecast, offers where it is stated; there is one sink per item. An age stands
    for the units of a lot that are meant to be sold by way of another place: (lot row, pair), for
    lots that expire in the window and serve where they lie; `last_day` is that of each lot.
    Ways and joints are those of demand lines that one item serves whole (`whole_lines`).
    """

    window: Window
    pairs: list[tuple[str, str]]
    lots: Table
    offers: Table
    lanes: Table
    junctions: list[tuple[str, int]]
    lands: IntArray
    last_day: IntArray
    ages: list[tuple[int, int]]
    whole_lines: WholeLines = field(default_factory=WholeLines)
    items: list[str] = field(init=False)
    item_of_pair: IntArray = field(init=False)
    place: dict[tuple[str, str], int] = field(init=False)
    first: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        """Numbers the nodes."""
        self.items = sorted({item for item, _ in self.pairs})
        self.item_of_pair = codes_of((item for item, _ in self.pairs), self.items)
        self.place = {pair: row for row, pair in enumerate(self.pairs)}
        pools = len(self.items) * self.far_days
        counts = (len(self.pairs) * self.days, len(self.lots), len(self.junctions),
                  len(self.offers), pools, len(self.ages), len(self.whole_lines.ways),
                  len(self.whole_lines.joints), len(self.items))  # fmt: skip
        self.first = dict(zip(_CLASSES, accumulate(counts, initial=0), strict=True))

    @property
    def days(self) -> int:
        """Nodes per pair: one per day, and the end."""
        return self.window.periods + 1

    @property
    def far_days(self) -> int:
        """Nodes per pool: one per far day, and the end; none where nothing is forecast."""
        return self.window.far_periods + 1 if self.window.is_forecast else 0

    @cached_property
    def ageing(self) -> IntArray:
        """The rows of lots that expire in the window and serve where they lie."""
        found: IntArray = np.flatnonzero((self.last_day != ABSENT) & serves(self.lots, self.window))
        return found

    def pair_rows(self, items: Column, places: Column) -> IntArray:
        """The pair of each item and place."""
        return codes_in(self.place, items, places)

    def nodes(self, name: str) -> IntArray:
        """The nodes of a class."""
        following = _CLASSES[_CLASSES.index(name) + 1]
        return np.arange(self.first[name], self.first[following])

    def sink(self, items: Column) -> IntArray:
        """The sink node of each item."""
        return self.first["sinks"] + codes_of(items, self.items)

    def pool(self, item: IntArray, far_day: IntArray | int) -> IntArray:
        """The pool node of each item code on a far day."""
        return self.first["pools"] + item * self.far_days + far_day

    def item_of_node(self) -> IntArray:
        """The item code of every node but the sinks."""
        return np.concatenate([
            np.repeat(self.item_of_pair, self.days), codes_of(self.lots["item"], self.items),
            codes_of((item for item, _ in self.junctions), self.items),
            codes_of(self.offers["item"], self.items),
            np.repeat(np.arange(len(self.items)), self.far_days),
            self.item_of_pair[np.array([pair for _, pair in self.ages], np.int64)],
            codes_of((item for item, _, _ in self.whole_lines.ways), self.items),
            codes_of((item for _, item, _, _ in self.whole_lines.joints), self.items),
        ])  # fmt: skip


def layout_of(
    snapshot: Snapshot, window: Window, movements: Table, bounds: Bounds = NO_BOUNDS
) -> Layout:
    """The nodes that facts, candidate movements and bounds ask for; rules have no say in them."""
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
    in_lots = set(snapshot.table("TransferLot")["item"])
    junctions = sorted({
        (item, row[lane]) for item, lane in ways
        if lane in capped or item in in_lots or (item, lane, "") in bounds
    })  # fmt: skip
    offers = snapshot.table("Offer").sorted()
    if window.is_forecast:
        offers = offers.take(np.zeros(0, np.intp))
    arrives = arrival_days(
        calendars_of(snapshot), lanes, np.arange(len(lanes)), np.repeat(window.first, len(lanes))
    )
    pairs, lots = pairs_of(snapshot), lots_on_hand(snapshot)
    last_day = last_days(lots, window)
    ages = _ages(pairs, lots, movements.take(first), last_day, window)
    return Layout(window, pairs, lots, offers, lanes, junctions, window.day_of(arrives), last_day,
                  ages, whole_lines_of(snapshot, movements))  # fmt: skip


def last_days(lots: Table, window: Window) -> IntArray:
    """Per lot the last day on which it may be sold, where that is in the window; else ABSENT."""
    ends = lots["expires_on"]
    last = np.full(len(lots), ABSENT, np.int64)
    stated = np.flatnonzero(~np.isnat(ends))
    day = window.day_of(ends[stated])
    inside = (day >= 0) & (day < window.periods + window.far_periods)
    last[stated[inside]] = day[inside]
    return last


def _ages(
    pairs: list[tuple[str, str]], lots: Table, moved: Table, last_day: IntArray, window: Window
) -> list[tuple[int, int]]:
    """(lot row, destination pair) of all ways by which lots that expire can be sent; sorted."""
    if not (last_day != ABSENT).any():
        return []
    names = (lots[name] for name in ("item", "location", "lot"))
    row = {key: number for number, key in enumerate(zip(*names, strict=True))}
    place = {pair: number for number, pair in enumerate(pairs)}
    ageing = ((last_day != ABSENT) & serves(lots, window)).tolist()
    columns = (moved[name] for name in ("item", "origin", "lot", "destination"))
    lands = window.day_of(moved["arrives_on"]).tolist()
    return sorted({
        (row[item, origin, lot], place[item, destination])
        for item, origin, lot, destination, day in zip(*columns, lands, strict=True)
        if ageing[row[item, origin, lot]] and day <= last_day[row[item, origin, lot]]
    })  # fmt: skip
