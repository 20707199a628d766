"""What one changed row costs through every step, beside chains of a hundred times its size."""

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from api.serving import lives_as_long
from benchmarks.databases import database_in
from benchmarks.rows import Row, table_of
from graph.login import open_driver
from graph.settings import Settings
from service.house import House, house_on
from service.intake.deliveries import Delivery
from service.intake.sync import sync

Ints = npt.NDArray[np.int64]
Milliseconds = npt.NDArray[np.float64]
SIZES = (10_000, 100_000, 1_000_000)
PLACES = 1_000
DAYS = 300
"""The facts are of so many days, and movements go on to come as often."""
ROUNDS = 600
WARM = 800
"""Until then the server compiles its queries: medians fall from 29 to 19 ms, p99 from 70 to 38."""
MOST_MILLISECONDS = 50
MOST_GROWTH = 1.5
FIRST_DAY = date(2020, 3, 2)
MAPPING = """
format: evenkeel-mapping/1
chain: bench
source: wms
version: 1
known: [Item, Location]
files:
  - file: {file}
    mode: changes
{effective}
    principal:
      class: {class_name}
      fields: {fields}
    derived:
      - class: Item
        fields: {{id: item}}
      - class: Location
        fields: {{id: location, kind: {{constant: hub}}}}
"""


@dataclass(frozen=True)
class Kind:
    """What one row says: the class, how its fields are read, and what it does to the facts."""

    class_name: str
    fields: str
    outcome: str
    effective: str = ""


COUNT = Kind(
    "StockPosition", "{item: item, location: location, on_hand_units: units, total_units: units, "
    "counted_on: day}", "changed", "    effective: counted_on",
)  # fmt: skip
MOVEMENT = Kind(
    "StockMovement", "{id: id, item: item, location: location, kind: {constant: receipt}, "
    "quantity_units: units, effective_on: day}", "added",
)  # fmt: skip


def main(sizes: tuple[int, ...] = SIZES, rounds: int = ROUNDS) -> list[Row]:
    """Print, per size, milliseconds from a file of one row to the answer."""
    print(f"one_row: a file of one row through `sync`, {rounds} times; milliseconds")
    return [row for kind in (COUNT, MOVEMENT) for row in _of_kind(kind, sizes, rounds)]


def _of_kind(kind: Kind, sizes: tuple[int, ...], rounds: int) -> list[Row]:
    found: dict[int, Milliseconds] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for size in sizes:
            with _loaded(Path(scratch) / str(size), kind, size) as house:
                found[size] = _measure(house, Path(scratch) / str(size), kind, size, rounds)
            median, most = np.percentile(found[size], [50, 99])
            print(f"{kind.class_name} {size:10,}: median {median:6.1f}, p99 {most:6.1f}")
    least, most = (float(np.percentile(found[size], 99)) for size in (min(sizes), max(sizes)))
    work, among = f"one {kind.class_name} {kind.outcome}, p99", f"{max(sizes):,} rows"
    return [
        Row(work, among, "milliseconds", MOST_MILLISECONDS, most, "ms"),
        Row(work, among, f"{min(sizes):,} rows", MOST_GROWTH, most / least),
    ]


@contextmanager
def _loaded(folder: Path, kind: Kind, size: int) -> Iterator[House]:
    """A service over a chain of so many facts of a class, in a database of its own."""
    with database_in(folder / "database") as connection, open_driver(connection) as driver:
        house = house_on(driver, Settings(home=folder / "home"))
        rows = np.arange(size)
        path = _written(folder / "all.csv", rows, np.ones(size, np.int64), rows % DAYS)
        _deliver(house, path, kind, 0)
        lives_as_long()  # as `serve` does
        yield house


def _measure(house: House, folder: Path, kind: Kind, size: int, rounds: int) -> Milliseconds:
    chance = np.random.default_rng(7)
    taken = []
    for number in range(1, WARM + rounds + 1):
        row, day = chance.integers(0, size, 1), DAYS + number
        if kind is MOVEMENT:
            row, day = np.array([size + number]), DAYS + number * DAYS // size
        units = chance.integers(2, 500, 1)
        path = _written(folder / "change.csv", row, units, np.array([day]))
        began = time.perf_counter()
        account = _deliver(house, path, kind, number)
        taken.append((time.perf_counter() - began) * 1_000)
        if account["changes"][kind.class_name][kind.outcome] != 1:
            raise ValueError(f"one row {kind.outcome}, and not so: {account['changes']}")
    return np.array(taken[WARM:])


def _deliver(house: House, path: Path, kind: Kind, number: int) -> dict[str, Any]:
    mapping = path.with_suffix(".yaml")
    mapping.write_text(MAPPING.format(file=path.name, **asdict(kind)))
    return sync(house, [path], mapping, Delivery("benchmark", f"delivery {number}")).summary


def _written(path: Path, rows: Ints, units: Ints, days: Ints) -> Path:
    columns = zip(rows.tolist(), units.tolist(), days.tolist(), strict=True)
    lines = (f"m{row:09},item{row // PLACES:06},store{row % PLACES:04},{count},"
             f"{FIRST_DAY + timedelta(day)}\n" for row, count, day in columns)  # fmt: skip
    with path.open("w") as sink:
        sink.write("id,item,location,units,day\n")
        sink.writelines(lines)
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--positions", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    print(table_of(main(tuple(asked.positions), asked.rounds)))
