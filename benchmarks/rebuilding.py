"""Making the database anew from the log, against the first load of the same files by `sync`."""

import argparse
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.rows import Row
from examples.regional_network import Size, make
from examples.regional_network.files import MAPPING
from graph.recovery.digests import digests
from graph.server import ManagedServer, managed_server
from graph.server_process import find
from graph.settings import Settings, settings_from_environment
from service.house import open_house
from service.intake.deliveries import Delivery
from service.intake.sync import sync
from service.recovery import rebuild

ITEMS = 1_000
DAYS = 56


def main(items: int = ITEMS) -> list[Row] | None:
    """Load the regional network, lose the database, rebuild it; one row: the ratio, aim 1.

    Both begin without a server and end with one that serves; the files are made before.
    """
    print("rebuilding: the regional network, from no server to one that serves; wall seconds")
    with tempfile.TemporaryDirectory() as scratch, _home(Path(scratch) / "home") as settings:
        files = Path(scratch) / "files"
        make(files, Size(items=items, days=DAYS))
        started, began = time.perf_counter(), time.process_time()
        facts = _loaded(settings, files)
        load_seconds = time.perf_counter() - started
        load_work = time.process_time() - began + _servers_work(settings)
        with open_house(settings) as house:
            before = digests(house.projection)
        managed_server(settings).stop()
        shutil.rmtree(settings.data_folder / "neo4j")
        started, began = time.perf_counter(), time.process_time()
        made = rebuild(settings)
        rebuild_seconds = time.perf_counter() - started
        rebuild_work = time.process_time() - began + _servers_work(settings)
    if made.after != before:
        raise AssertionError("what was rebuilt is not what was loaded")
    size = f"{items:,} items, {facts:,} facts"
    print(
        f"{size}: first load {load_seconds:.1f} s, rebuild {rebuild_seconds:.1f} s, comparing all "
        f"that it made with the log; processor seconds of both processes, which other work on the "
        f"machine changes less: {load_work:.1f} and {rebuild_work:.1f}, "
        f"ratio {rebuild_work / load_work:.2f}"
    )
    return [Row("rebuild after the loss of the database", size, "first load by sync", 1.0,
                rebuild_seconds / load_seconds)]  # fmt: skip


def _servers_work(settings: Settings) -> float:
    """Processor seconds of the server that runs, from its start on."""
    process = find(managed_server(settings).home)
    if process is None:
        raise AssertionError("no server runs")
    times = process.cpu_times()
    return float(times.user + times.system)


def _loaded(settings: Settings, files: Path) -> int:
    """Start a server and load the files; how many facts."""
    with open_house(settings) as house:
        synced = sync(house, [files], MAPPING, Delivery("benchmark"))
        return sum(synced.summary["records"].values())


@contextmanager
def _home(folder: Path) -> Iterator[Settings]:
    settings = Settings(home=folder)
    try:
        yield settings
    finally:
        managed_server(settings).stop()
        cache = settings_from_environment().cache
        ManagedServer(folder / "rebuilding", cache).stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=ITEMS)
    main(parser.parse_args().items)
