"""How fast a feed becomes nodes, against bare UNWINDs of the same statements and rows."""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from neo4j import Driver, ManagedTransaction

from benchmarks.databases import own_database
from examples.regional_network import generate
from graph.artifacts import ArtifactStore
from graph.feed_nodes import FeedNodes
from graph.login import open_driver
from graph.manifests import FeedContents, FeedFile, write_feed
from graph.projection import IN_TRANSACTION_ROWS, Projection, load_feed, open_graph
from graph.steps import Step
from ontology.columns import Table
from ontology.events import Event

SIZES = (300, 1_000)
TURNS = 3
"""Both take turns and the best of each counts: a server's first large statements are slow."""

CLASSES = ("Item", "UnitConversion", "Lot", "StockPosition", "StockingPolicy", "Offer")


def main() -> None:
    """Print, per size, facts per second of a sync into Neo4j and of its statements alone."""
    print("sync_rate: facts/s into an empty managed Neo4j; peer: the same UNWINDs, rows prepared")
    with own_database() as (scratch, connection), open_driver(connection) as driver:
        for items in SIZES:
            print(_measure(driver, items, scratch / str(items)))


def _measure(driver: Driver, items: int, folder: Path) -> str:
    feed = _feed(items)
    turns = [(_ours(driver, feed, folder / f"ours{turn}"),
              _bare(driver, feed, folder / f"bare{turn}")) for turn in range(TURNS)]  # fmt: skip
    ours, bare = (min(seconds) for seconds in zip(*turns, strict=True))
    facts = feed.fact_count
    return (f"{items:6,} items {facts:8,} facts: sync {facts / ours:8,.0f}/s, bare UNWIND "
            f"{facts / bare:8,.0f}/s, ratio {bare / ours:.2f} (best of {TURNS})")  # fmt: skip


def _ours(driver: Driver, feed: FeedContents, folder: Path) -> float:
    _empty(driver)
    projection = _projection(driver, folder)
    start = time.perf_counter()
    load_feed(projection, feed, agent="benchmark", effective_at=datetime.now(UTC))
    return time.perf_counter() - start


def _bare(driver: Driver, feed: FeedContents, folder: Path) -> float:
    _empty(driver)
    projection = _projection(driver, folder)
    artifact = write_feed(projection.store, feed)
    steps = list(_prepared(projection, _bare_event(driver, artifact)))
    start = time.perf_counter()
    with driver.session() as session:
        for step in steps:
            session.execute_write(step)
    return time.perf_counter() - start


def _projection(driver: Driver, folder: Path) -> Projection:
    folder.mkdir(parents=True)
    return open_graph(driver, ArtifactStore(folder))


def _feed(items: int) -> FeedContents:
    tables: dict[str, Table] = {
        name: table for name, table in generate(items=items, days=56).items() if name in CLASSES
    }
    origins = {
        name: np.stack([np.zeros(len(table), np.int64), np.arange(len(table))], axis=1)
        for name, table in tables.items()
    }
    files = (FeedFile("benchmark.csv", "0" * 64, sum(map(len, tables.values()))),)
    return FeedContents("bench", "benchmark", "one", "benchmark", "0" * 64, files, tables, origins)


def _prepared(projection: Projection, event: Event) -> Iterator[Step]:
    """The steps of a projection; their rows are lists already, so only the server works."""
    nodes = FeedNodes.read(projection.reader, event.artifact, event.payload)
    yield from nodes.steps(event, IN_TRANSACTION_ROWS)


def _bare_event(driver: Driver, artifact: str) -> Event:
    now = datetime.now(UTC)
    driver.execute_query("MERGE (e:Event {sequence: 1})")
    payload = {"chain": "bench", "facts": 0}
    return Event(1, "feed.loaded", "key", "benchmark", now, now, artifact, payload, "", "")


def _empty(driver: Driver) -> None:
    def wipe(tx: ManagedTransaction) -> Sequence[object]:
        return tx.run("MATCH (n) WITH n LIMIT 20000 DETACH DELETE n RETURN count(n) AS c").data()

    with driver.session() as session:
        while session.execute_write(wipe)[0]["c"]:  # type: ignore[index]
            pass


if __name__ == "__main__":
    main()
