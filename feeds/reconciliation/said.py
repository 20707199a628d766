"""What one source says of stock: counts and movements, now and within a window before."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ontology.columns import MISSING, Table
from ontology.events import micros_of
from ontology.time_zones import UNSTATED, day_interval

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Place = tuple[str, str, str | None]
"""Item, location and lot."""
NEVER = int(np.iinfo(np.int64).min)
"""The day of a count that states none: it knows of all movements."""
UNCOUNTED = NEVER + 1
END, START = "end", "start"
"""What of its day a count speaks of, where no moment is known: its end, as plans take it."""


@dataclass(frozen=True, slots=True)
class Count:
    """A count that stands from a time on; `day` is the one that it speaks of, NEVER if unstated."""

    since: int
    day: int
    units: int
    ended: bool


@dataclass(frozen=True, slots=True)
class Move:
    """A movement as a source tells it, true since a time; `day` counts from 1970.

    `at` is the moment of it, where the source knows it.
    """

    id: str
    day: int
    units: int
    since: int
    at: int | None = None


@dataclass(frozen=True)
class Said:
    """The word of one source at an instant, folded from its own deliveries alone.

    `counts` (StockPosition) and `moves` (StockMovement) stand at the instant; `counts_since` is
    since when each is true (microseconds since 1970), `addresses` the event and row of each count.
    `earlier` are counts that stood when the window began or were said within it, in the order in
    which they stand, with their own `earlier_since`; one that `earlier_ended` says that there is
    none from then on. Units are those of `total_units`. `counts_at` says whether a count speaks of
    the END or the START of its day; `counts_since` and the `zones` of locations tell its moment.
    """

    source: str
    counts: Table
    addresses: IntArray
    moves: Table
    moves_since: IntArray
    earlier: Table
    earlier_since: IntArray
    earlier_ended: BoolArray
    counts_at: str = END
    counts_since: IntArray | None = None
    zones: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def places(self) -> list[Place]:
        """Every item, location and lot that the source counts or moves now, each once."""
        return list(dict.fromkeys([*places_in(self.counts), *self._moved]))

    @cached_property
    def units(self) -> dict[Place, int]:
        """Units per place: what was counted, and what moved on the days after the count."""
        row_of = {place: row for row, place in enumerate(places_in(self.counts))}
        number = {place: row for row, place in enumerate(self.places)}
        units, day = np.zeros(len(number), np.int64), np.full(len(number), UNCOUNTED)
        at = np.array(list(map(number.__getitem__, row_of)), np.int64)
        units[at], day[at] = self.counts["total_units"], days_of(self.counts["counted_on"])
        moved = np.array(list(map(number.__getitem__, places_in(self.moves))), np.int64)
        counts = self.adds(days_of(self.moves["effective_on"]), day[moved])
        np.add.at(units, moved[counts], self.moves["quantity_units"][counts])
        return dict(zip(self.places, units.tolist(), strict=True))

    @cached_property
    def counted(self) -> dict[Place, int]:
        """The row of the count of each place that has one."""
        return {place: row for row, place in enumerate(places_in(self.counts))}

    def moves_of(self, place: Place) -> list[Move]:
        """The movements of a place, by day and name."""
        rows = self._moved.get(place, [])
        columns = (self.moves["id"][rows].tolist(), days_of(self.moves["effective_on"][rows]),
                   self.moves["quantity_units"][rows], self.moves_since[rows],
                   self.moves["effective_at_microseconds"][rows])  # fmt: skip
        names, *numbers = columns
        found = [Move(name, day, units, since, None if at == MISSING else at)
                 for name, (day, units, since, at) in
                 zip(names, np.column_stack(numbers).tolist(), strict=True)]  # fmt: skip
        return sorted(found, key=lambda move: (move.day, move.id))

    def counts_of(self, place: Place) -> list[Count]:
        """The counts of a place that stood at some time in the window, in that order."""
        rows = self._counted_before.get(place, [])
        columns = (self.earlier_since[rows].tolist(), days_of(self.earlier["counted_on"][rows]),
                   self.earlier["total_units"][rows], self.earlier_ended[rows])  # fmt: skip
        return [Count(since, int(day), int(units), bool(ended))
                for since, day, units, ended in zip(*columns, strict=True)]  # fmt: skip

    @cached_property
    def _moved(self) -> dict[Place, list[int]]:
        return _rows_by_place(self.moves)

    @cached_property
    def _counted_before(self) -> dict[Place, list[int]]:
        return _rows_by_place(self.earlier)

    def day_of(self, place: Place) -> int | None:
        """The day that the count of a place speaks of; None where it was never counted."""
        row = self.counted.get(place)
        return None if row is None else int(days_of(self.counts["counted_on"][[row]])[0])

    def counted_at(self, place: Place) -> int | None:
        """The moment of a place's count: since when it is true, where that is within its own day.

        None where it was never counted, or nothing but the day is known.
        """
        row, day = self.counted.get(place), self.day_of(place)
        if row is None or day in (None, NEVER) or self.counts_since is None:
            return None
        zone, since = self.zones.get(place[1], UNSTATED), int(self.counts_since[row])
        begin, end = day_interval(zone, date(1970, 1, 1) + timedelta(days=day or 0))
        return since if micros_of(begin) < since < micros_of(end) else None

    def adds(self, moved_on: IntArray, counted_on: IntArray) -> BoolArray:
        """By days alone: which movements come on top of the count of their place, or of none."""
        later = moved_on > counted_on if self.counts_at == END else moved_on >= counted_on
        return np.asarray((counted_on == UNCOUNTED) | ((counted_on != NEVER) & later))


def _rows_by_place(table: Table) -> dict[Place, list[int]]:
    found: dict[Place, list[int]] = defaultdict(list)
    for row, place in enumerate(places_in(table)):
        found[place].append(row)
    return found


def places_in(table: Table) -> Iterator[Place]:
    """Item, location and lot of each row."""
    yield from zip(table["item"].tolist(), table["location"].tolist(), table["lot"].tolist(),
                   strict=True)  # fmt: skip


def days_of(column: npt.NDArray[np.generic]) -> IntArray:
    """Days since 1970; NEVER where none is stated."""
    found: IntArray = column.astype("datetime64[D]").astype(np.int64)
    return found


def timeline(said: Said, places: Iterable[Place], start: int, at: int) -> list[tuple[int, int]]:
    """What a source says of some places together from `start` to `at`: (since, units), in order.

    One entry for the start and one for each later time at which it said something else.
    """
    counts = [said.counts_of(place) for place in places]
    moves = [said.moves_of(place) for place in places]
    told = {count.since for group in counts for count in group}
    told |= {move.since for group in moves for move in group}
    found: list[tuple[int, int]] = []
    for moment in [start, *sorted(time for time in told if start < time <= at)]:
        pairs = zip(counts, moves, strict=True)
        units = sum(_units_at(said, group, moved, moment) for group, moved in pairs)
        if not found or found[-1][1] != units:
            found.append((moment, units))
    return found


def _units_at(said: Said, counts: list[Count], moves: list[Move], moment: int) -> int:
    stands = [count for count in counts if count.since <= moment]
    last = stands[-1] if stands else None
    if last is None or last.ended:
        return sum(move.units for move in moves if move.since <= moment)
    if last.day == NEVER:
        return last.units
    later = last.day if said.counts_at == END else last.day - 1
    return last.units + sum(m.units for m in moves if m.since <= moment and m.day > later)
