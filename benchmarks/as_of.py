"""Reading the past: a year of daily deliveries, asked as of then by a process that knows nothing.

Peer: the same question without checkpoints, folded from the first event.
"""

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.databases import own_database
from benchmarks.rows import Row
from graph.artifacts import ArtifactStore
from graph.log import Log
from graph.login import Connection, open_driver
from graph.manifests import FeedContents, FeedFile, write_feed
from graph.migrate import migrate
from graph.recovery.checkpoints import Checkpoints
from graph.snapshot import SnapshotReader
from graph.stated import since_seconds_of
from ontology.columns import Table, table_of
from ontology.events import FEED_LOADED, NewEvent, micros_of
from ontology.stock import StockPosition

SIZES = (10_000, 100_000)
DAYS = 365
CHANGED = 1_000
PLACES = 1_000
CHAIN = "year"
START = datetime(2025, 1, 1, 6, tzinfo=UTC)


def main(sizes: tuple[int, ...] = SIZES) -> list[Row] | None:
    """Print, per size, the processor seconds of reading a year, half a year and a day back."""
    print(f"as_of: {DAYS} daily deliveries of {CHANGED:,} changed positions; a fresh process each")
    with own_database() as (scratch, connection):
        for size in sizes:
            _measure(connection, scratch / str(size), size)
    return None


def _measure(connection: Connection, folder: Path, positions: int) -> None:
    with open_driver(connection) as driver:
        driver.execute_query("MATCH (n) DETACH DELETE n")
        migrate(driver)
        _deliver(Log(driver, _clock()), ArtifactStore(folder / "artifacts"), positions)
    made = _alone(connection, folder, positions, None, with_checkpoints=True)
    for name, back in (("a day", 1), ("half a year", DAYS // 2), ("a year", DAYS)):
        asked = START + timedelta(days=DAYS - back, hours=1)
        ours, bare = (
            _alone(connection, folder, positions, asked, with_checkpoints=kept)
            for kept in (True, False)
        )
        print(f"{positions:10,} positions, as of {name:11} ago: {ours:6.2f} s, without "
              f"checkpoints {bare:6.2f} s, ratio {bare / ours:5.1f}")  # fmt: skip
    kept = sum(1 for _ in (folder / "checkpoints").rglob("*.json"))
    size = sum(path.stat().st_size for path in (folder / "artifacts").rglob("*") if path.is_file())
    print(f"{positions:10,} positions: {kept} checkpoints, {size / 1e6:,.0f} MB of artifacts in "
          f"all, {made:.1f} s to make them from nothing")  # fmt: skip


def _alone(
    connection: Connection, folder: Path, positions: int, asked: datetime | None, *,
    with_checkpoints: bool,
) -> float:  # fmt: skip
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        work = pool.submit(_read, connection, folder, positions, asked, with_checkpoints)
        return work.result()


def _read(
    connection: Connection, folder: Path, positions: int, asked: datetime | None, kept: bool
) -> float:  # fmt: skip
    """Processor seconds of one reading: facts true and known at a time."""
    store = ArtifactStore(folder / "artifacts")
    checkpoints = Checkpoints(folder / "checkpoints", store) if kept else None
    with open_driver(connection) as driver:
        log = Log(driver)
        began = time.process_time()
        reader = SnapshotReader(log, store, checkpoints)
        upto = None if asked is None else log.sequence_at(asked)
        found = reader.read(CHAIN, upto, effective=asked)
        seconds = time.process_time() - began
    if len(found.table("StockPosition")) != positions:
        raise ValueError("the reading lost positions")
    return seconds


def _deliver(log: Log, store: ArtifactStore, positions: int) -> None:
    draw = np.random.default_rng(6)
    for day in range(DAYS + 1):
        rows = np.arange(positions) if day == 0 else draw.choice(positions, CHANGED, replace=False)
        counted = START + timedelta(days=day)
        feed = _feed(day, np.sort(rows), draw, counted)
        payload = {
            "chain": CHAIN, "source": feed.source, "feed": feed.feed, "facts": feed.fact_count,
            "since_seconds": since_seconds_of(feed, micros_of(counted)),
        }  # fmt: skip
        log.append(NewEvent(FEED_LOADED, feed.feed, "bench", counted,
                            write_feed(store, feed), payload))  # fmt: skip


def _feed(
    day: int, rows: np.ndarray, draw: np.random.Generator, counted: datetime
) -> FeedContents:  # fmt: skip
    table = _positions(rows, draw)
    since = np.full(len(rows), micros_of(counted), np.int64)
    file = FeedFile("counts.csv", "0" * 64, len(rows))
    return FeedContents(CHAIN, "wms", f"day {day}", "bench", "0" * 64, (file,),
                        {"StockPosition": table}, source_sequence=day,
                        since={"StockPosition": since})  # fmt: skip


def _positions(rows: np.ndarray, draw: np.random.Generator) -> Table:
    one = table_of([StockPosition("x", "y")], "StockPosition")
    columns = {name: np.repeat(column, len(rows)) for name, column in one.columns.items()}
    items = np.array([f"item{number:06}" for number in range(rows.max() // PLACES + 1)], object)
    places = np.array([f"store{number:04}" for number in range(PLACES)], object)
    units = draw.integers(0, 500, len(rows))
    columns |= {"item": items[rows // PLACES], "location": places[rows % PLACES],
                "on_hand_units": units, "total_units": units}  # fmt: skip
    return Table("StockPosition", columns)


def _clock() -> Callable[[], datetime]:
    days = iter(range(DAYS + 1))
    return lambda: START + timedelta(days=next(days), minutes=1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--positions", type=int, nargs="+", default=list(SIZES))
    main(tuple(parser.parse_args().positions))
