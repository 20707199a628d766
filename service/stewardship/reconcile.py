"""Two sources' words on the same stock: where they differ and why; who settles it, and how."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from feeds.reconciliation.causes import TIMING
from feeds.reconciliation.differences import Difference, Reconciled, reconciled
from feeds.reconciliation.said import END, IntArray, Said
from graph.fold import Fold, Statements, concatenated
from graph.snapshot import SnapshotReader
from graph.state import State
from ontology.columns import Snapshot, empty_table
from ontology.errors import InputError
from ontology.events import Event, micros_of
from ontology.stock_now import with_movements
from ontology.terms import join_key
from ontology.time_zones import zones_of
from service.house import AsOf, House, now_after

WINDOW_HOURS = 24
MOST_WINDOW_HOURS = 24 * 366
CLASSES = ("StockPosition", "StockMovement")


@dataclass(frozen=True)
class Comparison:
    """Two sources compared at an instant: what differs, and what of it was settled before.

    `present` are all facts of the chain then.
    """

    chain: str
    said: tuple[Said, Said]
    at: datetime
    window_hours: int
    found: Reconciled
    settled: tuple[Difference, ...]
    present: Snapshot
    counts_at: str = END

    @property
    def sources(self) -> tuple[str, str]:
        """Their names, in the order in which they were asked for."""
        return self.said[0].source, self.said[1].source

    @property
    def open(self) -> tuple[Difference, ...]:
        """What nobody has settled yet, and does not settle itself."""
        return tuple(d for d in self.found.differences if d.cause.name != TIMING)


def compare_sources(
    house: House, chain: str, sources: tuple[str, str], *, window_hours: int = WINDOW_HOURS,
    at: datetime | None = None, counts_at: str = END,
) -> Comparison:  # fmt: skip
    """What two sources say of the same stock at an instant (now), each by its own deliveries alone.

    A difference that explains itself within the window is one of timing. Counts speak of the END
    of their day or of its START, where their moment is not known. What was settled by a
    person or a rule stays so while the sources differ by as much, and the chain has the stock of
    the one that was chosen. Raises InputError
    `CHAIN_UNKNOWN`, `SOURCE_UNKNOWN`, `SAME_SOURCE`, `BAD_TIME`.
    """
    if not 0 <= window_hours <= MOST_WINDOW_HOURS:
        raise InputError(f"{window_hours} hours are no window of 0 to {MOST_WINDOW_HOURS}",
                         code="BAD_TIME", hint="leave it out, or name fewer hours")  # fmt: skip
    present = house.facts(chain, AsOf() if at is None else AsOf(effective=at))
    when = at or now_after(house.state(chain))
    start, end = micros_of(when - timedelta(hours=window_hours)), micros_of(when)
    if sources[0] == sources[1]:
        raise InputError(f"`{sources[0]}` is compared with itself", code="SAME_SOURCE",
                         hint="name two sources")  # fmt: skip
    feeds = house.projection.log.feeds(chain, upto=present.sequence)
    zones = zones_of(present)
    one, other = (
        replace(said_by(house.reader, feeds, source, start, end), counts_at=counts_at, zones=zones)
        for source in sources
    )
    found = reconciled(one, other, present.table("UnitConversion"), start, end)
    known = _settled(present, sources, found.differences)
    left = replace(found, differences=tuple(d for d in found.differences if d.key not in known))
    done = tuple(d for d in found.differences if d.key in known)
    return Comparison(chain, (one, other), when, window_hours, left, done, present, counts_at)


def said_by(
    reader: SnapshotReader, feeds: Sequence[Event], source: str, start: int, at: int
) -> Said:
    """What a source says of stock at an instant: the fold of its own deliveries, by their clocks.

    Raises InputError `SOURCE_UNKNOWN` where it never said anything of stock.
    """
    before, now = State(effective=start), State(effective=at)
    between: list[Statements] = []
    for event in feeds:
        if event.payload["source"] != source:
            continue
        told = reader.stated(event, only=CLASSES, by=at)
        before = before.after(event.sequence, start, told)
        now = now.after(event.sequence, at, told)
        between += [told["StockPosition"].since(start)] if "StockPosition" in told else []
    if not now.folds:
        names = ", ".join(sources_of_stock(reader, feeds, at)) or "none does yet"
        raise InputError(f"source `{source}` says nothing of stock", code="SOURCE_UNKNOWN",
                         hint=f"those that do: {names}")  # fmt: skip
    counts, moves = (_standing(now, name) for name in CLASSES)
    earlier = _in_order([_standing(before, "StockPosition"), *between])
    return Said(source, counts.table, counts.addresses, moves.table, moves.clocks[:, 0],
                earlier.table, earlier.clocks[:, 0], earlier.closes,
                counts_since=counts.clocks[:, 0])  # fmt: skip


def sources_of_stock(reader: SnapshotReader, feeds: Iterable[Event], at: int) -> list[str]:
    """The sources that have told any stock by a time, in the order of their names."""
    found: set[str] = set()
    for event in feeds:
        name = str(event.payload["source"])
        if name not in found and reader.stated(event, only=CLASSES, by=at):
            found.add(name)
    return sorted(found)


def _standing(state: State, name: str) -> Statements:
    found = state.folds.get(name, Fold()).in_force
    if found is not None:
        return found
    none = np.zeros((0, 3), np.int64)
    return Statements(empty_table(name), none, none[:, :2], none[:, 0].astype(np.bool_))


def _in_order(parts: list[Statements]) -> Statements:
    """All of them in the order in which they stand: by source, by time, by the source's order."""
    whole = concatenated(parts)
    clocks: IntArray = whole.clocks
    return whole.take(np.lexsort((clocks[:, 2], clocks[:, 0], clocks[:, 1])))


def _settled(present: Snapshot, sources: tuple[str, str], found: Iterable[Difference]) -> set[str]:
    """The keys of differences that were settled and are the same, while the chain says so, too."""
    table = present.table("Resolution")
    if not len(table):
        return set()
    stands, settled = with_movements(present).table("StockPosition"), set()
    for each in found:
        row = table.row_of.get(join_key(("StockPosition", each.key)))
        if row is None or {table["source"][row], table["other_source"][row]} != {*sources}:
            continue
        ours = sources.index(table["source"][row])
        then = int(table["source_units"][row]) - int(table["other_units"][row])
        at = stands.row_of.get(each.key)
        now = 0 if at is None else int(stands["total_units"][at])
        same = then == each.units[ours] - each.units[1 - ours]
        settled |= {each.key} if same and now == max(0, each.units[ours]) else set()
    return settled
