"""A migrated, empty graph beside an empty artifact folder, for the tests of the graph."""

from pathlib import Path

import pytest
from neo4j import Driver

from graph.artifacts import ArtifactStore
from graph.projection import Projection, open_graph
from graph.snapshot import SnapshotReader


def empty_the_graph(driver: Driver) -> None:
    """Deletes all nodes and lets the migrations of data run again; constraints stay."""
    with driver.session() as session:
        session.run(
            "MATCH (n) WHERE NOT n:Migration "
            "CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS"
        ).consume()
        session.run("MATCH (m:Migration {name: '0002_head.cypher'}) DELETE m").consume()


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    """An empty artifact folder."""
    return ArtifactStore(tmp_path / "artifacts")


@pytest.fixture
def projection(database: Driver, store: ArtifactStore) -> Projection:
    """An empty log and graph."""
    empty_the_graph(database)
    return open_graph(database, store)


@pytest.fixture
def reader(projection: Projection) -> SnapshotReader:
    """The reader of snapshots of the same log."""
    return SnapshotReader(projection.log, projection.store)
