"""A document of EPCIS events from its first byte to graph and snapshot: memory of the service."""

import argparse
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

from benchmarks.databases import database_in
from benchmarks.rows import GIGABYTE, Row
from graph.login import Connection, open_driver
from graph.settings import Settings
from service.house import house_on
from service.intake.deliveries import Delivery
from service.intake.sync import sync

EVENTS = 160_000
"""The most that one document may hold."""
MOST_GIGABYTES = 512 * 2**20 / GIGABYTE
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024
_START = datetime(2026, 3, 2, 8, tzinfo=UTC)
_PLACES = 100
_MAPPING = """format: evenkeel-mapping/1
chain: traced
source: partner
version: 1
known: all
files:
  - {file: events.json, format: epcis}
"""


def main(events: int = EVENTS) -> list[Row]:
    """Print memory before the file and at its peak, and the time; the aim at most events."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        size = _write(folder, events)
        alone = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        with database_in(folder / "home") as connection, alone as pool:
            idle, peak, seconds, own = pool.submit(_sync, connection, folder).result()
    print(f"events: {events:,} of one thing each, {size / 2**20:.0f} MiB: memory {peak:,.0f} MiB "
          f"at most, {idle:,.0f} before the file; {seconds:.1f} s, {own:.1f} its own")  # fmt: skip
    return [Row("memory of a document", f"{events:,} events", "", MOST_GIGABYTES,
                peak * 2**20 / GIGABYTE, "GB")]  # fmt: skip


def _write(folder: Path, events: int) -> int:
    """A document in which each event begins the life of a single thing, and its size in bytes."""
    (folder / "mapping.yaml").write_text(_MAPPING)
    path = folder / "events.json"
    with path.open("w") as file:
        file.write('{"@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"]'
                   ', "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": '
                   '"2026-03-09T09:00:00.000Z", "epcisBody": {"eventList": [')  # fmt: skip
        for number in range(events):
            file.write(",\n" * (number > 0) + _event(number))
        file.write("]}}\n")
    return path.stat().st_size


def _event(number: int) -> str:
    moment = (_START + timedelta(seconds=number)).isoformat(timespec="milliseconds")
    place = f"urn:epc:id:sgln:0614141.{number % _PLACES:05d}.0"
    return (
        f'{{"type": "ObjectEvent", "eventID": "urn:uuid:{number:08x}-0000-4000-8000-{number:012x}",'
        f' "eventTime": "{moment}", "eventTimeZoneOffset": "+00:00", '
        f'"epcList": ["urn:epc:id:sgtin:0614141.107346.{number}"], "action": "ADD", "bizStep": '
        f'"commissioning", "disposition": "active", "readPoint": {{"id": "{place}"}}, '
        f'"bizLocation": {{"id": "{place}"}}}}'
    )


def _sync(connection: Connection, folder: Path) -> tuple[float, float, float, float]:
    """MiB before the file and at the peak; seconds by the clock and of the processor."""
    with open_driver(connection) as driver:
        house = house_on(driver, Settings(home=folder / "data"))
        idle, start, began = _peak(), time.perf_counter(), time.process_time()
        done = sync(house, [folder / "events.json"], folder / "mapping.yaml", Delivery("bench"))
        seconds, own = time.perf_counter() - start, time.process_time() - began
    if done.event is None or done.summary["quarantined_rows"]:
        raise ValueError("an event of a benchmark was set aside")
    return idle, _peak(), seconds, own


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _PEAK_UNIT / 2**20


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    main(parser.parse_args().events)
