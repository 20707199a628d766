"""Scripted sources that count stock, and a model of what must stand after each delivery."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from graph.manifests import OMITS
from ontology.columns import Snapshot
from service.house import House
from service.intake.deliveries import Delivery
from service.intake.sync import Synced, sync
from tests.counted import BY_DAY, FULL, mapping_text, write_counts

CHAIN = "counted"
LOTS = {
    f"{item[0]}{place[0]}{number}".upper(): f"{item},{place}"
    for item in ("widget", "gadget") for place in ("north", "south") for number in (1, 2)
}  # fmt: skip
SOURCES = ("wms", "erp")
DAY = date(2026, 3, 2)
SPOILT_LOT, SPOILT_DAY = "Z9", DAY
"""Of what a spoilt row would tell the units."""
DERIVED = """    derived:
      - class: Item
        fields: {id: item}
      - class: Location
        fields: {id: location, kind: {constant: hub}}
"""
Row = tuple[str, int, date]
Clock = tuple[datetime, int]


@dataclass(frozen=True)
class Sent:
    """One delivery: counts of lots on days, as changes or as all that its source has.

    It was made at noon of the day `made`. `spoilt` adds a row that cannot be read, and so must
    be set aside.
    """

    name: str
    source: str
    order: int
    made: date
    rows: tuple[Row, ...]
    full: bool = False
    spoilt: bool = False

    @property
    def moment(self) -> datetime:
        """When it was made: what it leaves out ends then, or with the last of its counts."""
        return datetime.combine(self.made, time(12), UTC)

    @property
    def full_file(self) -> "FullFile | None":
        """What it says of all its lots; a file with a spoilt row says nothing of the others."""
        if not self.full or self.spoilt:
            return None
        last = max(self.moment, *(begin(day) for _, _, day in self.rows))
        return FullFile((last, self.order), self.source, frozenset(r[0] for r in self.rows))

    def write(self, folder: Path, chain: str) -> tuple[list[Path], Path]:
        """The delivery as a file and a mapping in a folder."""
        lines = [f"{LOTS[lot]},{lot},{units},{day}" for lot, units, day in self.rows]
        lines += [f"widget,north,{SPOILT_LOT},many,{SPOILT_DAY}"] * self.spoilt
        mode = FULL if self.full else f"{BY_DAY}\n    mode: changes"
        return write_counts(folder, lines, mapping_text(chain, self.source, mode, derived=DERIVED))

    def send(
        self, house: House, folder: Path, chain: str = CHAIN, *, dry_run: bool = False
    ) -> Synced:
        """Sync it."""
        files, mapping = self.write(folder, chain)
        said = Delivery("ann", self.name, self.moment, self.order, close_all=True)
        return sync(house, files, mapping, said, dry_run=dry_run)


@dataclass(frozen=True)
class Said:
    """What was said of a lot: its clock, its units (None where it ends), and by whom."""

    clock: Clock
    units: int | None
    source: str

    def says_as(self, other: "Said") -> bool:
        """Whether both count the same on the same day, or both end it."""
        same_day = self.units is None or self.clock[0] == other.clock[0]
        return self.units == other.units and same_day


@dataclass(frozen=True)
class FullFile:
    """All that a source had at one time."""

    clock: Clock
    source: str
    lots: frozenset[str]


@dataclass
class Model:
    """The law in a few lists: of each lot the word with the last clock stands.

    A full file ends what its source had said as of the file's own time; what the source says of an
    earlier time, and comes later, ends by the first full file after it that does not hold it.
    """

    said: dict[str, list[Said]] = field(default_factory=dict)
    files: list[FullFile] = field(default_factory=list)

    def take(self, sent: Sent) -> None:
        """Let a delivery count: its rows, then what it ends."""
        file = sent.full_file
        for lot, units, day in sent.rows:
            row = Said((begin(day), sent.order), units, sent.source)
            self._end_by_later_file(lot, row, file)
            self._say(lot, row)
        if file:
            for lot in sorted(self.said.keys() - file.lots):
                stands = self._stands(lot, file.clock)
                if stands and stands.source == sent.source and stands.units is not None:
                    self._say(lot, Said(file.clock, None, sent.source))
            self.files.append(file)

    def units(self) -> dict[str, int]:
        """Units by lot, of those that stand."""
        found = {lot: self._stands(lot) for lot in self.said}
        return {lot: one.units for lot, one in found.items() if one and one.units is not None}

    def _say(self, lot: str, said: Said) -> None:
        self.said.setdefault(lot, []).append(said)

    def _end_by_later_file(self, lot: str, row: Said, own: FullFile | None) -> None:
        after = own.clock if own else row.clock
        later = [f for f in self.files
                 if f.source == row.source and f.clock > after and lot not in f.lots]  # fmt: skip
        if later:
            first = min(later, key=lambda file: file.clock)
            stands = self._stands(lot, first.clock)
            if stands is None or stands.clock < row.clock:
                self._say(lot, Said(first.clock, None, row.source))

    def _stands(self, lot: str, at: Clock | None = None) -> Said | None:
        """What stands of a lot, as of a moment; who said it first keeps what is said again."""
        found: Said | None = None
        for said in self.said.get(lot, []):
            if at and said.clock[0] > at[0]:
                continue
            if found is None or found.clock < said.clock:
                again = found is not None and found.says_as(said)
                found = replace(said, source=found.source) if found and again else said
        return found


def script(seed: int, count: int) -> list[Sent]:
    """Deliveries of two sources: new, late, repeated, full and spoilt ones, in no order of time."""
    draw = random.Random(seed)
    sent: list[Sent] = []
    for number in range(count):
        if sent and draw.random() < 0.15:
            sent.append(draw.choice(sent))
            continue
        lots = draw.sample(sorted(LOTS), draw.randrange(1, 5))
        rows = tuple((lot, draw.randrange(40, 60), some_day(draw)) for lot in lots)
        sent.append(Sent(
            f"d{number}", draw.choice(SOURCES), number, some_day(draw), rows,
            full=draw.random() < 0.3, spoilt=draw.random() < 0.2,
        ))  # fmt: skip
    return sent


def begin(day: date) -> datetime:
    """When a day begins: at each of the places before noon in UTC, and after noon of the last."""
    return datetime.combine(day, time(), UTC)


def some_day(draw: random.Random) -> date:
    """One of a week's days."""
    return DAY + timedelta(draw.randrange(7))


def units_of(house: House, chain: str = CHAIN) -> dict[str, int]:
    """Units by lot, as the house has them; none where nothing was delivered yet."""
    if chain not in house.projection.log.chains():
        return {}
    return units_in(house.facts(chain))


def units_in(facts: Snapshot) -> dict[str, int]:
    """Units by lot."""
    table = facts.table("StockPosition")
    return dict(zip(table["lot"], table["on_hand_units"].tolist(), strict=True))


def delivered(house: House, chain: str = CHAIN) -> list[str]:
    """The names of the deliveries that count; what full files left out of them is not one."""
    feeds = house.projection.log.feeds(chain)
    return sorted(each.payload["feed"] for each in feeds if OMITS not in each.payload)


def expected_of(deliveries: Sequence[Sent]) -> dict[str, int]:
    """What stands after deliveries, each of them counted once."""
    model, seen = Model(), set[str]()
    for sent in deliveries:
        if sent.name not in seen:
            model.take(sent)
            seen.add(sent.name)
    return model.units()
