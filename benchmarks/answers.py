"""Answers over GraphQL and as exports, against raw graphql-core and a bare driver's read."""

import asyncio
import gc
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import httpx
import numpy as np
from graphql import ExecutionResult, build_schema, execute, parse
from neo4j import Driver
from uvicorn import Config, Server

from api.app import create_app
from api.doors.readers import Readers
from api.graphql.connections import Cursors
from api.graphql.loaders import Hops, Request
from api.graphql.schema import build_schema as our_schema
from api.serving import listening
from benchmarks.databases import own_database
from benchmarks.provenance import NOW, PLACES, RELEASE, lines_of, saved, tables_of
from benchmarks.rows import Row
from evenkeel_client.answers.inputs import FactsInput, RowsInput
from evenkeel_client.client import Client
from graph.catalog import Catalog
from graph.login import open_driver
from graph.manifests import FeedContents, FeedFile
from graph.plans import activate_release
from graph.projection import Projection, load_feed
from graph.settings import Settings
from service.access import OWNER, Access
from service.asking.questions import Questions
from service.budgets import Budgets, CallerBounds
from service.doors.door_bounds import DoorBounds
from service.doors.inbox import Inbox
from service.house import House, house_on

CHAIN = "many"
TOKEN = "t" * 43
ITEMS = 2_500
"""Times so many places: stock positions, and as many stocking policies."""
LARGER_ITEMS = 25_000
PLANS, LINES = 10, 100
ROUNDS = 15
OBJECTS, PAGE, TABLE_PAGE = 10_000, 100, 1_000
LINE_FIELDS = "number itemId quantityUnits departsOn costScaled ... on Transfer { arrivesOn }"
NESTED = """{ plans(chain: "many", first: 10) { edges { node {
    lines(first: 100) { edges { node { __typename FIELDS } } } } } } }"""
DOCUMENTS = {
    "1,000 lines x 6 fields": NESTED.replace("FIELDS", LINE_FIELDS),
    "the same and each line's item": NESTED.replace("FIELDS", LINE_FIELDS + " item { name key }"),
}
AIM_OVERHEAD, AIM_SECONDS, AIM_RATE = 1.1, 0.5, 0.7


def main() -> list[Row]:
    """Print and give what answers cost, at some 50,000 stock positions."""
    return measured(ITEMS)


def larger() -> list[Row]:
    """The same at some 500,000 stock positions, 1,000,000 facts and more."""
    return measured(LARGER_ITEMS)


def measured(items: int) -> list[Row]:
    """The rows of all three parts on one database."""
    print(f"answers: {items * PLACES:,} stock positions, {PLANS} plans x {LINES} lines")
    with own_database() as (scratch, connection), open_driver(connection) as driver:
        house = house_on(driver, Settings(home=scratch / "home"))
        _fill(house.projection, items)
        found = _documents(house)
        with _served(house) as client:
            return [*found, *_over_http(client), *_paged(client), *_rates(client, driver)]


def _fill(projection: Projection, items: int) -> None:
    start = time.perf_counter()
    rng = np.random.default_rng(1)
    tables = tables_of(items, rng)
    rows = {name: np.column_stack([np.zeros(len(t), np.int64),
                                   np.arange(len(t), dtype=np.int64) + 2])
            for name, t in tables.items()}  # fmt: skip
    load_feed(projection, FeedContents(CHAIN, "erp", "all", "none", "m" * 64,
                                       (FeedFile("all.csv", "f" * 64, 10**6),), tables, rows),
              agent="benchmark", effective_at=NOW)  # fmt: skip
    activate_release(projection, RELEASE, b"# none\n", agent="benchmark", effective_at=NOW)
    snapshot = projection.reader.read(CHAIN)
    for number in range(PLANS):
        saved(projection, snapshot, list(lines_of(LINES, items, rng)), number)
    print(f"  filled in {time.perf_counter() - start:.0f} s")


class Remembered:
    """A catalog that has read everything once: its answers are in memory."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog, self._kept = catalog, dict[Any, Any]()

    def __getattr__(self, name: str) -> Any:
        """A method that remembers what it found."""
        work = getattr(self._catalog, name)

        def remembered(*given: Any, **named: Any) -> Any:
            key = (name, *map(_known, given), *map(_known, named.values()))
            if key not in self._kept:
                self._kept[key] = work(*given, **named)
            return self._kept[key]

        return remembered


def _known(value: Any) -> Any:
    """What tells one argument from another; whatever is no plain value lives as long as we do."""
    if isinstance(value, list | tuple):
        return tuple(value)
    return value if isinstance(value, str | int | None) else id(value)


def _documents(house: House) -> list[Row]:
    """Our schema on a catalog in memory, against graphql-core on the answer itself."""
    schema = our_schema(development=True)
    raw = build_schema(schema.as_str())
    remembered: Any = Remembered(house.catalog)
    inbox = Inbox(house.settings.data_folder, DoorBounds())
    held = House(house.settings, house.driver, house.projection, house.store, house.reader,
                 remembered, house.shipped, house.ledger)  # fmt: skip
    cursors, hops, questions = Cursors.under(TOKEN), Hops(), Questions(house)
    readers, sight = Readers(DoorBounds(), Budgets(CallerBounds())), Access(held).sight(OWNER)
    rows = []
    for name, document in DOCUMENTS.items():

        async def ours(document: str = document) -> Any:
            return await schema.execute(
                document, None, Request(held, cursors, hops, inbox, questions, readers, sight)
            )

        with asyncio.Runner() as runner:
            data = runner.run(ours()).data
            node = parse(document, no_location=True)

            def theirs(node: Any = node, data: Any = data) -> Any:
                return execute(raw, node, data)

            found = theirs()
            assert isinstance(found, ExecutionResult)
            assert found.data == data
            mine, bare = _in_turns(lambda: runner.run(ours()), theirs)
        print(f"  {name}: {mine * 1e3:.1f} ms, raw graphql-core {bare * 1e3:.1f} ms")
        aim = AIM_OVERHEAD if "item" not in name else 0.0
        if aim:
            rows.append(Row(f"GraphQL: {name}, 3 levels", "in memory", "raw graphql-core", aim,
                            mine / bare))  # fmt: skip
    inbox.close()
    return rows


def _in_turns(one: Callable[[], Any], other: Callable[[], Any]) -> tuple[float, float]:
    """The median processor seconds of two works, done in turns, without the collector's pauses."""
    times: tuple[list[float], list[float]] = ([], [])
    for work in (one, other):
        work()
    for _ in range(ROUNDS):
        for found, work in zip(times, (one, other), strict=True):
            gc.collect()
            start = time.process_time()
            work()
            found.append(time.process_time() - start)
    return statistics.median(times[0]), statistics.median(times[1])


@contextmanager
def _served(house: House) -> Iterator[Client]:
    """A client of the service on a socket, in a thread of this process."""
    ending = Event()
    config = Config(create_app(house, TOKEN, ending=ending), port=0, log_level="warning")
    with listening(config) as found:
        server = Server(config)
        thread = Thread(target=server.run, kwargs={"sockets": [found]})
        thread.start()
        try:
            address = f"http://127.0.0.1:{found.getsockname()[1]}"
            with Client(address, TOKEN, http=httpx.Client(timeout=600.0)) as client:
                yield client
        finally:
            ending.set()
            server.should_exit = True
            thread.join(timeout=30)


def _over_http(client: Client) -> list[Row]:
    for name, document in DOCUMENTS.items():
        times = [_seconds(lambda: client.query(document)) for _ in range(ROUNDS)]  # noqa: B023
        print(f"  {name}, over HTTP and from Neo4j: median {statistics.median(times) * 1e3:.0f} ms")
    return []


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


STOCK = FactsInput(chain=CHAIN, class_name="StockPosition")
COLUMNS = ["item", "location", "lot", "onHandUnits", "totalUnits", "unit"]


def _paged(client: Client) -> list[Row]:
    """10,000 objects in pages, typed and as rows, and as an export; near and far pages."""
    found = []
    asked = RowsInput(facts=STOCK, columns=COLUMNS)
    ways: dict[str, tuple[int, Callable[[], Iterator[Any]]]] = {
        "rows of a table": (TABLE_PAGE, lambda: client.rows(asked)),
        "typed nodes": (PAGE, lambda: client.stock(CHAIN)),
    }
    first = _seconds(lambda: next(iter(client.rows(asked))))
    print(f"  the first page of rows in this process: {first * 1e3:.0f} ms")
    for name, (size, way) in ways.items():
        seconds, pages = _page_times(way(), size)
        some_pages = max(len(pages) // 8, 1)
        here, there = map(statistics.median, (pages[:some_pages], pages[-some_pages:]))
        print(f"  {OBJECTS:,} {name} in pages of {size}: {seconds:.2f} s; the first "
              f"{some_pages} {here * 1e3:.2f} ms, the last {there * 1e3:.2f} ms each")  # fmt: skip
        found += [
            Row(f"GraphQL: {OBJECTS:,} {name} in pages of {size}", "over HTTP", "clock",
                AIM_SECONDS * 1e3, seconds * 1e3, "ms"),
            Row(f"GraphQL: page {len(pages)} of {name}", f"pages of {size}", "the first pages",
                1.1, there / here),
        ]  # fmt: skip
    some = RowsInput(facts=STOCK, columns=COLUMNS, where=None)
    seconds = statistics.median(_seconds(lambda: client.table(some)) for _ in range(3))
    print(f"  all of them as an Arrow export: {seconds:.2f} s")
    found.append(Row("export: Arrow, all positions at once", "over HTTP", "clock",
                     AIM_SECONDS * 1e3, seconds * 1e3, "ms"))  # fmt: skip
    return found


def _page_times(nodes: Iterator[Any], size: int) -> tuple[float, list[float]]:
    """Seconds of the first 10,000 nodes, and of each of all pages."""
    pages: list[float] = []
    whole = 0.0
    count = 0
    start = time.perf_counter()
    for count, _ in enumerate(nodes, 1):
        if count % size == 0:
            now = time.perf_counter()
            pages.append(now - start)
            start = now
            whole += pages[-1] if count <= OBJECTS else 0.0
    return whole, pages


def _rates(client: Client, driver: Driver) -> list[Row]:
    """Rows a second of an export over HTTP, and of the driver reading the same columns."""
    names = ["item", "location", "lot", "on_hand_units", "total_units", "unit"]
    asked = ", ".join(f"f.{name}" for name in names)

    def bare() -> int:
        with driver.session(database="neo4j") as session:
            read = session.run(f"MATCH (f:StockPosition) RETURN f.key, {asked}")
            return sum(1 for _ in read.values())

    rows = bare()
    mine, theirs = [], []
    for _ in range(3):
        theirs.append(rows / _seconds(bare))
        mine.append(rows / _seconds(lambda: client.table(RowsInput(facts=STOCK))))
    assert rows == client.table(RowsInput(facts=STOCK)).num_rows
    ours, peer = statistics.median(mine), statistics.median(theirs)
    print(f"  export {ours:,.0f} rows a second with all {_columns(client)} columns, the driver "
          f"alone {peer:,.0f} with {len(names) + 1}")  # fmt: skip
    return [Row("export: time of a row over HTTP as Arrow", f"{rows:,} facts",
                "a bare driver's read", 1 / AIM_RATE, peer / ours)]  # fmt: skip


def _columns(client: Client) -> int:
    return len(client.batches(RowsInput(facts=STOCK)).read_all().column_names)


if __name__ == "__main__":
    import sys

    chosen = int(sys.argv[1]) if len(sys.argv) > 1 else ITEMS
    for row in measured(chosen):
        print(row, row.verdict)
