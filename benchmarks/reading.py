"""What reading a file of stock costs by its rows, against a loader that makes a record per row."""

import csv
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.rows import GIGABYTE, Row
from feeds.limits import Limits
from feeds.mapping_text import parse_mapping
from feeds.reading import read
from ontology.stock import StockPosition

SIZES = (100_000, 1_000_000, 3_000_000)
AIMED = 1_000_000
"""The size whose rate and memory have an aim."""
MOST_GIGABYTES = 0.35
PLACES = 100
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024
MAPPING = b"""
format: evenkeel-mapping/1
chain: bench
source: wms
version: 1
known: [Item, Location]
files:
  - file: stock.csv
    principal:
      class: StockPosition
      fields: {item: item, location: location, on_hand_units: on_hand, counted_on: counted}
    derived:
      - class: Item
        fields: {id: item}
      - class: Location
        fields: {id: location, kind: {constant: hub}}
"""


def main() -> list[Row]:
    """Print, per size, microseconds of processor a row and peak memory; the aims at a million."""
    print("reading: processor time of feeds.reading.read over stock rows of 4 columns, which state")
    print("item and location, too; peer: csv.DictReader and a StockPosition per row, in one run")
    found: list[Row] = []
    with tempfile.TemporaryDirectory() as scratch:
        for rows in SIZES:
            path = Path(scratch) / f"{rows}" / "stock.csv"
            _write(path, rows)
            ours, memory = _apart(_read, path)
            peer, peer_memory = _apart(_records, path)
            print(f"{rows:10,} rows: {_told(ours, rows, memory)}; "
                  f"peer {_told(peer, rows, peer_memory)}; ratio {peer / ours:.2f}")  # fmt: skip
            if rows == AIMED:
                size = f"{rows:,} stock rows"
                found = [
                    Row("read a file", size, "a record per row", 1.0, ours / peer),
                    Row("memory of reading", size, "", MOST_GIGABYTES, memory * 1e6 / GIGABYTE,
                        "GB"),
                ]  # fmt: skip
            path.unlink()
    return found


def _told(seconds: float, rows: int, memory: float) -> str:
    return f"{seconds / rows * 1e6:5.2f} us a row, peak {memory:,.0f} MB"


def _write(path: Path, rows: int) -> None:
    """So many rows in no order, a hundred places for each item."""
    chance = np.random.default_rng(1)
    columns = (chance.permutation(rows), chance.integers(0, 5_000, rows),
               chance.integers(1, 29, rows))  # fmt: skip
    path.parent.mkdir()
    with path.open("w") as file:
        file.write("item,location,on_hand,counted\n")
        for one, units, day in zip(*(column.tolist() for column in columns), strict=True):
            item, place = divmod(one, PLACES)
            file.write(f"item-{item:06d},site-{place:03d},{units},2026-03-{day:02d}\n")


def _apart(work: Callable[[Path], float], path: Path) -> tuple[float, float]:
    """Seconds and peak megabytes of some work in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, path).result(), pool.submit(_peak).result()


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _PEAK_UNIT / 1e6


def _read(path: Path) -> float:
    mapping = parse_mapping(MAPPING, "stock.yaml")
    start = time.process_time()
    read([path], mapping, limits=Limits(rows_per_file=max(SIZES)))
    return time.process_time() - start


def _records(path: Path) -> float:
    start = time.process_time()
    with path.open(newline="") as file:
        _found = [
            StockPosition(
                row["item"], row["location"], on_hand_units=int(row["on_hand"]),
                counted_on=date.fromisoformat(row["counted"]),
            )
            for row in csv.DictReader(file)
        ]  # fmt: skip
    return time.process_time() - start


if __name__ == "__main__":
    main()
