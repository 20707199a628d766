"""Generated stock of two sources: the same truth, told by both, with known faults of the second."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random

import numpy as np

from feeds.reconciliation.differences import Reconciled, reconciled
from feeds.reconciliation.said import Place, Said
from ontology.columns import Table, table_of
from ontology.events import micros_of
from ontology.goods import UnitConversion
from ontology.stock import StockMovement, StockPosition

FIRST = date(2026, 3, 1)
DAYS = 30
AT = datetime(2026, 3, 31, 18, tzinfo=UTC)
WINDOW = timedelta(hours=24)
HOUR = 3_600_000_000
LARGE = 10**6
"""Movements are so large that two of them hardly ever sum to a third by chance."""

Moved = list[tuple[date, int]]


@dataclass
class Told:
    """What a source says: counts (place, day, units, since), and movements of places."""

    counts: list[tuple[Place, date, int, int]] = field(default_factory=list)
    moves: list[tuple[str, Place, date, int, int]] = field(default_factory=list)


@dataclass(frozen=True)
class World:
    """Two sources, what was done to which place, and the packs that are stated."""

    one: Said
    other: Said
    injected: dict[Place, str]
    conversions: Table

    def found(self) -> Reconciled:
        """The two compared."""
        start, at = micros_of(AT - WINDOW), micros_of(AT)
        return reconciled(self.one, self.other, self.conversions, start, at)

    def confusion(self) -> Counter[tuple[str, str]]:
        """How many places of each injected cause (`none`) were taken for each cause (`none`)."""
        told = {each.place: each.cause.name for each in self.found().differences}
        return Counter(
            (self.injected.get(place, "none"), told.get(place, "none"))
            for place in {*self.one.units}
        )


def micros(on: date, hour: int = 12) -> int:
    """An hour of a day in microseconds."""
    return micros_of(datetime(on.year, on.month, on.day, hour, tzinfo=UTC))


def world(seed: int, places: int, faulty_percent: int = 30, *, mode: str = "moves") -> World:
    """A world of so many places, of which some differ for a reason that is known.

    `mode` says what the second source tells: `moves` (a first count and movements, its own names),
    `counts` (a count at the end of each day, no movements). The last day's movements are told by
    both in the hour in which they are made.
    """
    draw = Random(seed)
    one, other = Told(), Told()
    injected: dict[Place, str] = {}
    causes = ["timing", "missing movement", "unknown"]
    for number in range(places):
        item = f"i{number // 3}"
        place = (item, f"l{number % 3}", None if number % 2 else f"lot-{number}")
        opening, moved = draw.randrange(50, 100) * LARGE, _moved(draw)
        in_packs = number // 3 % 10 == 0
        cause = "unit" if in_packs else (
            draw.choice(causes) if draw.randrange(100) < faulty_percent else "")  # fmt: skip
        if cause:
            injected[place] = cause
        moved, known = _faulty(draw, moved, cause)
        _tell(one, "w", place, opening, moved, mode="moves")
        noise = draw.randrange(1, LARGE) if cause == "unknown" else 0
        factor = 12 if cause == "unit" else 1
        _tell(other, "e", place, factor * (opening + noise), [(d, factor * u) for d, u in known],
              mode=mode, late=cause == "timing")  # fmt: skip
    packs = [UnitConversion("i0", "case", 12)]
    return World(_said("wms", one), _said("erp", other), injected,
                 table_of(packs, "UnitConversion"))  # fmt: skip


def _moved(draw: Random) -> Moved:
    """Movements of distinct days: some long ago, at most one on the last day."""
    days = sorted(draw.sample(range(1, DAYS - 2), draw.randrange(2, 9)))
    days += [DAYS] if draw.random() < 0.5 else []
    signs = [draw.choice([-1, 1]) for _ in days]
    return [(FIRST + timedelta(days=day), sign * draw.randrange(1, LARGE))
            for day, sign in zip(days, signs, strict=True)]  # fmt: skip


def _faulty(draw: Random, moved: Moved, cause: str) -> tuple[Moved, Moved]:
    """What was moved, and what the second source knows of it: one of today is made where late."""
    last = FIRST + timedelta(days=DAYS)
    old = [each for each in moved if each[0] != last]
    if cause == "timing":
        return [*old, (last, draw.randrange(1, LARGE))], old
    if cause == "missing movement":
        dropped = draw.choice(old)
        return moved, [each for each in moved if each != dropped]
    return moved, moved


def _tell(
    told: Told, mark: str, place: Place, opening: int, moved: Moved, *, mode: str,
    late: bool = False,
) -> None:  # fmt: skip
    if mode == "moves":
        told.counts.append((place, FIRST, opening, micros(FIRST, 23)))
        for number, (day, units) in enumerate(moved):
            name = f"{mark}-{place[0]}-{place[1]}-{number}"
            told.moves.append((name, place, day, units, micros(day)))
        return
    last = DAYS - 1 if late else DAYS
    for number in range(last + 1):
        day = FIRST + timedelta(days=number)
        units = opening + sum(units for on, units in moved if on <= day)
        told.counts.append((place, day, units, micros(day, 13)))


def _said(source: str, told: Told) -> Said:
    """What stands of all counts, and those that stood within the window."""
    start = micros_of(AT - WINDOW)
    standing: dict[Place, int] = {}
    before: dict[Place, int] = {}
    for row, (place, _, _, since) in enumerate(told.counts):
        standing[place] = row
        if since <= start:
            before[place] = row
    rows = sorted(standing.values())
    kept = sorted({*before.values(), *(r for r, c in enumerate(told.counts) if c[3] > start)})
    told_since = np.array([count[3] for count in told.counts], np.int64)
    moves = table_of((StockMovement(name, place[0], place[1], "issue", units, day, place[2])
                      for name, place, day, units, _ in told.moves), "StockMovement")  # fmt: skip
    return Said(
        source, _counts(told, rows), np.array([[1, row] for row in rows], np.int64).reshape(-1, 2),
        moves, np.array([move[4] for move in told.moves], np.int64),
        _counts(told, kept), told_since[kept], np.zeros(len(kept), np.bool_),
    )  # fmt: skip


def _counts(told: Told, rows: list[int]) -> Table:
    found = (told.counts[row] for row in rows)
    return table_of((StockPosition(*place, units, total_units=units, counted_on=day)
                     for place, day, units, _ in found), "StockPosition")  # fmt: skip
