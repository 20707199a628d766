"""Law 6: killed at any point, there is all of an event or nothing, and the next start goes on."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from neo4j import Driver

from graph.artifacts import ArtifactStore
from graph.catalog import Catalog
from graph.kept_files import MOST_AT_ONCE
from graph.log import Log
from graph.login import Connection
from graph.projection import open_graph, read_back
from graph.snapshot import SnapshotReader
from tests.graph.conftest import empty_the_graph
from tests.graph.crash_child import LINES, checkpoints_of, segments_of, work
from tests.graph.facts_at_hand import CHAIN

ROOT = Path(__file__).parents[2]
BATCHED = 0
IN_TRANSACTION = 10_000


def run_child(
    connection: Connection, folder: Path, deadly: int, limit: int
) -> subprocess.CompletedProcess[str]:
    arguments = [connection.uri, connection.user, str(folder), str(deadly), str(limit)]
    return subprocess.run(
        [sys.executable, "-m", "tests.graph.crash_child", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "CRASH_CHILD_PASSWORD": connection.password},
    )  # fmt: skip


def check_what_readers_see(driver: Driver, store: ArtifactStore) -> None:
    """All or nothing, before anybody has repaired anything."""
    catalog = Catalog(driver)
    mark = catalog.watermark()
    if mark.projected:
        fold = SnapshotReader(Log(driver), store).read(CHAIN, mark.projected)
        assert fold.digest == read_back(driver, CHAIN, mark.projected).digest
    plans = [entry.plan.digest for entry in catalog.plans(CHAIN).rows]
    assert (1 if mark.projected == 4 else 0) == len(plans)
    for digest in plans:
        lines = catalog.lines([digest])[digest].rows
        assert list(range(1, LINES + 1)) == [line.number for line in lines]
        facts = catalog.line_facts([(digest, line.number) for line in lines])
        assert {2} == {len(found) for found in facts.values()}


def check_point(
    connection: Connection, database: Driver, folder: Path, deadly: int, limit: int
) -> bool:
    """Kill once, look, go on, and compare with what nobody killed; False where it lived."""
    for name in (folder.name, "log", "checkpoints"):
        shutil.rmtree(folder.with_name(name), ignore_errors=True)
    empty_the_graph(database)
    store = ArtifactStore(folder)
    open_graph(database, store)
    done = run_child(connection, folder, deadly, limit)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    check_what_readers_see(database, store)
    kept = segments_of(folder).tail().sequence
    assert Log(database).head().sequence - 1 <= kept <= Log(database).head().sequence
    projection = open_graph(database, store, segments_of(folder), checkpoints_of(folder))
    check_what_readers_see(database, store)
    assert projection.log.head() == projection.log.audit()
    digest = work(projection)
    assert 4 == projection.log.audit().sequence
    files = list(segments_of(folder).read())
    assert projection.log.records() == [record for file in files for record in file.records]
    again = SnapshotReader(projection.log, store, checkpoints_of(folder))
    assert 2 == again.state(CHAIN).sequence
    assert read_back(database, CHAIN, 4).digest == again.read(CHAIN).digest
    assert [digest] == [entry.plan.digest for entry in Catalog(database).plans(CHAIN).rows]
    check_what_readers_see(database, store)
    left = len(list(folder.rglob("*.part")))
    assert left == store.sweep() <= MOST_AT_ONCE  # those of one bundle
    assert not list(folder.rglob("*.part"))
    return done.returncode != 0


@pytest.mark.parametrize("limit", [IN_TRANSACTION, BATCHED])
def test_killed_at_points_along_the_way(
    connection: Connection, database: Driver, tmp_path: Path, limit: int
) -> None:
    """Real kills at every 23rd statement, commit and fsync from feed to saved plan."""
    sweep(connection, database, tmp_path, limit, step=23)


@pytest.mark.slow
@pytest.mark.parametrize("limit", [IN_TRANSACTION, BATCHED])
def test_killed_at_every_point(
    connection: Connection, database: Driver, tmp_path: Path, limit: int
) -> None:
    """Real kills at each statement, commit and fsync from feed to saved plan."""
    sweep(connection, database, tmp_path, limit, step=1)


def sweep(
    connection: Connection, database: Driver, tmp_path: Path, limit: int, *, step: int
) -> None:
    folder = tmp_path / "artifacts"
    deadly, kills = 1, 0
    while check_point(connection, database, folder, deadly, limit):
        kills, deadly = kills + 1, deadly + step
    assert kills >= 60 // step
