"""A chain of two items and two places, told by small files: quick to load, and easy to follow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from graph.catalog import SetAside
from service.house import House
from service.intake.deliveries import Delivery
from service.intake.sync import Synced, sync
from tests.counted import BY_DAY, HEADER, mapping_text

CHAIN = "small"
DAY = date(2026, 3, 2)
FILES = """  - file: items.csv
    optional: true
    principal: {class: Item, fields: {id: id}}
  - file: locations.csv
    optional: true
    principal: {class: Location, fields: by_header}
  - file: sources.csv
    optional: true
    principal: {class: Source, fields: by_header}
"""


def day(number: int) -> date:
    """A day of the small world."""
    return DAY + timedelta(number)


@dataclass
class SmallStock:
    """The chain in a house, and a folder for its files."""

    house: House
    folder: Path
    sent: int = 0
    chain: str = CHAIN

    def opened(self) -> "SmallStock":
        """The same with its items and places told; it has a zone of its own, north is ahead."""
        self.send({"items.csv": ("id", "widget", "gadget"),
                   "locations.csv": ("id,time_zone", "north,Asia/Tokyo", "south,")})  # fmt: skip
        return self

    def send(
        self, files: Mapping[str, Sequence[str]], delivery: Delivery | None = None, *,
        mode: str = BY_DAY, source: str = "wms", dry_run: bool = False,
    ) -> Synced:  # fmt: skip
        """Sync files of given lines, as a delivery of a source."""
        self.sent += 1
        folder = self.folder / str(self.sent)
        folder.mkdir()
        for name, lines in files.items():
            (folder / name).write_text("\n".join(lines) + "\n")
        mapping = self.folder / f"mapping{self.sent}.yaml"
        mapping.write_text(mapping_text(self.chain, source, mode, files=FILES))
        said = delivery or Delivery("ann", stop_share_percent=100)
        return sync(self.house, [folder], mapping, said, dry_run=dry_run)

    def stock(
        self, *lines: str, name: str = "", at: datetime | None = None, number: int | None = None,
        mode: str = BY_DAY, source: str = "wms", close_all: bool = False, dry_run: bool = False,
    ) -> Synced:  # fmt: skip
        """Sync lines of a file of stock."""
        said = Delivery("ann", name, at, number, close_all=close_all, stop_share_percent=100)
        return self.send({"stock.csv": (HEADER, *lines)}, said, mode=mode, source=source,
                         dry_run=dry_run)  # fmt: skip

    def units(self, on: datetime | None = None) -> dict[str, int]:
        """Units by key, now or as of a time."""
        reader = self.house.reader
        facts = reader.read(CHAIN, effective=on) if on else self.house.facts(CHAIN)
        table = facts.table("StockPosition")
        return dict(zip(table.keys.tolist(), table["on_hand_units"].tolist(), strict=True))

    def aside(self, synced: Synced) -> list[SetAside]:
        """The rows that a delivery set aside."""
        return list(self.house.catalog.set_aside_of(event_of(synced)).rows)


def event_of(synced: Synced) -> int:
    """The event of a delivery."""
    assert synced.event is not None
    return synced.event.sequence
