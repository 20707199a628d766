"""A file of stock from its first byte to graph and snapshot, by a process of its own.

Peer: bare UNWINDs of the same nodes and relationships in the same batches, rows made beforehand.
"""

import argparse
import gc
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from benchmarks.databases import database_in
from benchmarks.rows import GIGABYTE, Row
from graph.artifacts import ArtifactStore
from graph.feed_nodes import FeedNodes
from graph.login import Connection, open_driver
from graph.manifests import closure
from graph.projection import IN_TRANSACTION_ROWS
from graph.settings import Settings
from ontology.events import FEED_LOADED, Event
from service.house import House, artifacts_folder, house_on
from service.intake.deliveries import Delivery
from service.intake.sync import sync

Answer = TypeVar("Answer")
SIZES = (100_000, 1_000_000)
AIMED = 1_000_000
"""The size whose rate and memory have an aim."""
PLACES = 1_000
LEAST_RATIO = 0.5
MOST_GIGABYTES = 512 * 2**20 / GIGABYTE
CHAIN = "bench"
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024
_HEAD = """format: evenkeel-mapping/1
chain: {chain}
source: {source}
version: 1
known: [Item, Location]
files:
"""
MASTER = (
    _HEAD.format(chain=CHAIN, source="erp")
    + """
  - {file: items.csv, principal: {class: Item, fields: by_header}}
  - {file: locations.csv, principal: {class: Location, fields: by_header}}
"""
)
STOCK = (
    _HEAD.format(chain=CHAIN, source="wms")
    + """
  - file: stock.csv
    principal:
      class: StockPosition
      fields: {item: item, location: location, on_hand_units: on_hand, counted_on: counted}
"""
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a sync took: seconds by the clock and of its process's own work, and its memory."""

    seconds: float
    own_seconds: float
    idle_bytes: int
    peak_bytes: int
    artifact: str


def main(sizes: tuple[int, ...] = SIZES) -> list[Row]:
    """Print, per size, rows per second of both, and the memory of the process that syncs."""
    print(f"end_to_end: stock rows of 4 columns, {PLACES:,} locations, items and locations known")
    found: list[Row] = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            _write(folder, size)
            with database_in(folder / "ours") as connection:
                ours = _apart(_ours, connection, folder)
            with database_in(folder / "peer") as connection:
                bare = _apart(_bare, connection, folder, ours.artifact)
        ratio = bare / ours.seconds
        print(
            f"{size:10,} rows: {size / ours.seconds:8,.0f} rows/s, bare UNWIND "
            f"{size / bare:8,.0f} rows/s, ratio {ratio:.2f}; own work {ours.own_seconds:.1f} of "
            f"{ours.seconds:.1f} s; memory {ours.peak_bytes / 2**20:,.0f} MiB at most, "
            f"{ours.idle_bytes / 2**20:,.0f} MiB before the file"
        )
        if size == AIMED:
            words = f"{size:,} stock rows"
            found = [
                Row("sync end to end", words, "a bare UNWIND", 1 / LEAST_RATIO, 1 / ratio),
                Row("memory of a sync", words, "", MOST_GIGABYTES, ours.peak_bytes / GIGABYTE,
                    "GB"),
            ]  # fmt: skip
    return found


def _write(folder: Path, rows: int) -> None:
    """The files of a chain of so many positions, rows in no order, and two mappings."""
    chance = np.random.default_rng(6)
    items = -(-rows // PLACES)
    (folder / "master.yaml").write_text(MASTER)
    (folder / "stock.yaml").write_text(STOCK)
    _write_lines(folder / "items.csv", "id,name", (f"item-{n:05d},Item {n}" for n in range(items)))
    sites = (f"site-{n:04d},store" for n in range(PLACES))
    _write_lines(folder / "locations.csv", "id,kind", sites)
    columns = (chance.permutation(rows), chance.integers(0, 5_000, rows),
               chance.integers(1, 29, rows))  # fmt: skip
    _write_lines(folder / "stock.csv", "item,location,on_hand,counted", (
        f"item-{one // PLACES:05d},site-{one % PLACES:04d},{units},2026-03-{day:02d}"
        for one, units, day in zip(*(column.tolist() for column in columns), strict=True)
    ))  # fmt: skip


def _write_lines(path: Path, header: str, lines: Iterator[str]) -> None:
    with path.open("w") as file:
        file.write(f"{header}\n")
        file.writelines(f"{line}\n" for line in lines)


def _apart(work: Callable[..., Answer], *given: Any) -> Answer:
    """The answer of a fresh process, so that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *given).result()


def _ours(connection: Connection, folder: Path) -> Loaded:
    with open_driver(connection) as driver:
        house = house_on(driver, Settings(home=folder / "data"))
        _sync(house, folder, "master", "items.csv", "locations.csv")
        idle, start, began = _peak(), time.perf_counter(), time.process_time()
        done = _sync(house, folder, "stock", "stock.csv")
        seconds, own = time.perf_counter() - start, time.process_time() - began
    return Loaded(seconds, own, idle, _peak(), done.artifact)


def _sync(house: House, folder: Path, name: str, *files: str) -> Event:
    paths = [folder / file for file in files]
    done = sync(house, paths, folder / f"{name}.yaml", Delivery("bench", feed=name))
    if done.event is None or done.summary["quarantined_rows"]:
        raise ValueError("a row of a benchmark was set aside")
    return done.event


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _PEAK_UNIT


def _bare(connection: Connection, folder: Path, artifact: str) -> float:
    """Seconds that the server takes for the same statements; every batch is ready before."""
    gc.disable()  # it would walk all batches again and again
    with open_driver(connection) as driver:
        house = house_on(driver, Settings(home=folder / "of the peer"))
        _sync(house, folder, "master", "items.csv", "locations.csv")
        kept = ArtifactStore(artifacts_folder(Settings(home=folder / "data")))
        kept.export(closure(kept, artifact), artifacts_folder(house.settings))
        nodes = FeedNodes.read(house.reader, artifact, {"chain": CHAIN, "facts": 0})
        before, now = house.projection.log.head().sequence, datetime.now(UTC)
        event = Event(before + 1, FEED_LOADED, "peer", "bench", now, now, artifact, {}, "", "")
        driver.execute_query("CREATE (:Event {sequence: $at})", at=event.sequence)
        steps = list(nodes.steps(event, IN_TRANSACTION_ROWS))
        start = time.perf_counter()
        with driver.session() as session:
            for step in steps:
                session.execute_write(step)
        return time.perf_counter() - start


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=list(SIZES))
    main(tuple(parser.parse_args().rows))
