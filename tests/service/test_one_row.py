"""What a delivery of one changed row costs: a bound, and no more where its chain is larger."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from neo4j import Driver, ManagedTransaction, Session

from graph.artifacts import ArtifactStore
from graph.settings import Settings
from graph.snapshot import SnapshotReader
from service.house import House, house_on
from service.intake.deliveries import Delivery
from service.intake.sync import sync

MAPPING = """
format: evenkeel-mapping/1
chain: counted
source: wms
version: 1
known: [Item, Location]
files:
  - file: stock.csv
    effective: counted_on
    principal:
      class: StockPosition
      fields: {item: item, location: location, on_hand_units: units, total_units: units,
               counted_on: counted}
    derived:
      - class: Item
        fields: {id: item}
      - class: Location
        fields: {id: location, kind: {constant: hub}}
"""
HEADER = "item,location,units,counted\n"
MOST_CALLS = 40_000
"""Functions that may be called for one changed row, in Python and in C."""
MOST_STATEMENTS = 14
"""Questions to the database, those of its transaction included."""


@pytest.fixture
def house(empty_database: Driver, tmp_path: Path) -> Iterator[House]:
    return house_on(empty_database, Settings(home=tmp_path / "home"))


def deliver(house: House, folder: Path, rows: list[str]) -> dict[str, dict[str, int]]:
    folder.mkdir(exist_ok=True)
    (folder / "stock.csv").write_text(HEADER + "".join(f"{row}\n" for row in rows))
    (folder / "mapping.yaml").write_text(MAPPING)
    summary = sync(house, [folder / "stock.csv"], folder / "mapping.yaml", Delivery("ann")).summary
    return dict(summary["changes"])


def test_one_changed_row_joins_nothing(house: House, tmp_path: Path) -> None:
    """Rules, gates, changes and nodes look at the row: the facts beside it are never joined."""
    places = [f"p{number}" for number in range(40)]
    deliver(house, tmp_path, [f"x,{place},5,2026-03-02" for place in places])
    counts = deliver(house, tmp_path, ["x,p7,6,2026-03-03"])
    assert {"changed": 1} == {word: n for word, n in counts["StockPosition"].items() if n}
    state = house.reader.state("counted")
    assert 2 == len(state.folds["StockPosition"].layers)
    assert "in_force" not in vars(state.folds["StockPosition"])
    stock = state.snapshot.table("StockPosition")
    found = dict(zip(stock["location"].tolist(), stock["on_hand_units"].tolist(), strict=True))
    assert dict.fromkeys(places, 5) | {"p7": 6} == found


def test_the_last_deliveries_are_at_hand(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that follows gives the feeds of a chain as the log does, and asks it for none."""
    for day in range(2, 8):
        deliver(house, tmp_path, [f"x,p,{day},2026-03-0{day}"])
    log = house.projection.log
    expected = [event.sequence for event in log.newest_feeds("counted")]
    fresh = SnapshotReader(log, house.store)
    assert expected == [event.sequence for event in fresh.newest_feeds("counted")]
    fresh.state("counted", expected[2])
    fresh.state("counted")
    monkeypatch.setattr(type(log), "newest_feeds", lambda *_arguments, **_more: iter(()))
    assert expected == [event.sequence for event in fresh.newest_feeds("counted")]


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """Counts calls of functions in this thread, statements to the database and artifacts read."""
    found: Counter[str] = Counter()

    def note(_frame: FrameType, event: str, _argument: Any) -> None:
        found["calls"] += event in {"call", "c_call"}

    def counting(owner: type, name: str, what: str) -> None:
        real = getattr(owner, name)

        def called(self: Any, *arguments: Any, **more: Any) -> Any:
            found[what] += 1
            return real(self, *arguments, **more)

        monkeypatch.setattr(owner, name, called)

    counting(Session, "run", "statements")
    counting(ManagedTransaction, "run", "statements")
    counting(ArtifactStore, "get", "artifacts")
    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(None)
        monkeypatch.undo()


def test_one_row_costs_what_is_stated(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that was just written is read, and the bounds hold for the thousandth place, too.

    Of artifacts only two are read, by the gates: manifest and counts of the delivery before.
    """
    places = [f"p{number:04}" for number in range(1_000)]
    deliver(house, tmp_path, [f"x{place[-1]},{place},5,2026-03-02" for place in places])
    for day in range(3, 9):
        deliver(house, tmp_path, [f"x7,p0007,{day},2026-03-0{day}"])
    with counted(monkeypatch) as found:
        deliver(house, tmp_path, ["x3,p0123,6,2026-03-09"])
    assert 2 == found["artifacts"], found
    assert MOST_STATEMENTS >= found["statements"], found
    assert MOST_CALLS >= found["calls"], found


def test_what_is_known_ahead_is_what_the_log_says(house: House, tmp_path: Path) -> None:
    """A state that the writer worked out is the one that is read; what is taken back is forgotten.

    Also where facts are closed, come late, or wait for their time.
    """
    for day in (2, 5, 3, 4):
        deliver(house, tmp_path, [f"x,p{n},{day},2026-03-0{day}" for n in range(day)])
        rehearsed = house.rehearsing()
        deliver(rehearsed, tmp_path, ["x,p0,99,2026-03-30"])
        mine, fresh = house.reader.state("counted"), SnapshotReader(
            house.projection.log, house.store).state("counted")  # fmt: skip
        assert (fresh.sequence, fresh.effective) == (mine.sequence, mine.effective)
        assert fresh.snapshot.digest == mine.snapshot.digest
        for name in fresh.snapshot.tables:
            for what in ("addresses", "clocks"):
                assert (getattr(fresh.snapshot, what)[name].tolist()
                        == getattr(mine.snapshot, what)[name].tolist())  # fmt: skip
