"""What one changed row costs through every step, beside chains of a hundred times its size."""

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.rows import Row, table_of
from graph.login import open_driver
from graph.server import ManagedServer
from graph.settings import Settings, settings_from_environment
from service.house import House, house_on
from service.intake.deliveries import Delivery
from service.intake.sync import sync

Ints = npt.NDArray[np.int64]
Milliseconds = npt.NDArray[np.float64]
SIZES = (10_000, 100_000, 1_000_000)
PLACES = 1_000
ROUNDS = 300
WARM = 20
MOST_MILLISECONDS = 50
MOST_GROWTH = 1.5
COUNTED = date(2020, 3, 2)
MAPPING = """
format: evenkeel-mapping/1
chain: bench
source: wms
version: 1
known: [Item, Location]
files:
  - file: {file}
    mode: changes
    effective: counted_on
    principal:
      class: StockPosition
      fields: {{item: item, location: location, on_hand_units: units, total_units: units,
               counted_on: counted}}
    derived:
      - class: Item
        fields: {{id: item}}
      - class: Location
        fields: {{id: location, kind: {{constant: hub}}}}
"""


def main(sizes: tuple[int, ...] = SIZES, rounds: int = ROUNDS) -> list[Row]:
    """Print, per size, milliseconds from a file of one changed row to the answer."""
    print(f"one_row: one changed count of stock through `sync`, {rounds} times; milliseconds")
    found: dict[int, Milliseconds] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for size in sizes:
            with _loaded(Path(scratch) / str(size), size) as house:
                found[size] = _measure(house, Path(scratch) / str(size), size, rounds)
            median, most = np.percentile(found[size], [50, 99])
            print(f"{size:10,} positions: median {median:6.1f}, p99 {most:6.1f}")
    least, most = (float(np.percentile(found[size], 99)) for size in (min(sizes), max(sizes)))
    return [
        Row("one changed row, p99", f"{max(sizes):,} positions", "milliseconds",
            MOST_MILLISECONDS, most, "ms"),
        Row("one changed row, p99", f"{max(sizes):,} positions", f"{min(sizes):,} positions",
            MOST_GROWTH, most / least),
    ]  # fmt: skip


@contextmanager
def _loaded(folder: Path, positions: int) -> Iterator[House]:
    """A service over a chain of so many counted positions, in a database of its own."""
    server = ManagedServer(folder / "database", settings_from_environment().cache)
    try:
        with open_driver(server.start()) as driver:
            house = house_on(driver, Settings(home=folder / "home"))
            path = _written(folder / "all.csv", np.arange(positions), np.zeros(positions, int))
            _deliver(house, path, 0)
            yield house
    finally:
        server.stop()


def _measure(house: House, folder: Path, positions: int, rounds: int) -> Milliseconds:
    chance = np.random.default_rng(7)
    taken = []
    for number in range(1, WARM + rounds + 1):
        row, units = chance.integers(0, positions, 1), chance.integers(1, 500, 1)
        path = _written(folder / "change.csv", row, units, number)
        began = time.perf_counter()
        account = _deliver(house, path, number)
        taken.append((time.perf_counter() - began) * 1_000)
        if account["changes"]["StockPosition"]["changed"] != 1:
            raise ValueError(f"one row changed, and not so: {account['changes']}")
    return np.array(taken[WARM:])


def _deliver(house: House, path: Path, number: int) -> dict[str, Any]:
    mapping = path.with_suffix(".yaml")
    mapping.write_text(MAPPING.format(file=path.name))
    return sync(house, [path], mapping, Delivery("benchmark", f"delivery {number}")).summary


def _written(path: Path, rows: Ints, units: Ints, day: int = 0) -> Path:
    counted = COUNTED + timedelta(days=day)
    lines = (f"item{row // PLACES:06},store{row % PLACES:04},{count},{counted}\n"
             for row, count in zip(rows.tolist(), units.tolist(), strict=True))  # fmt: skip
    with path.open("w") as sink:
        sink.write("item,location,units,counted\n")
        sink.writelines(lines)
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--positions", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    print(table_of(main(tuple(asked.positions), asked.rounds)))
