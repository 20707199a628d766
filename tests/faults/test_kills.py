"""Law 6: senders killed at any point of any delivery, sent again: as if nobody had been killed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from neo4j import Driver

from graph.login import Connection
from graph.projection import read_back
from graph.settings import Settings
from service.house import house_on
from tests.faults.source import delivered, expected_of, script, units_of
from tests.graph.conftest import empty_the_graph

ROOT = Path(__file__).parents[2]
DELIVERIES = 8
BATCHED, IN_TRANSACTION = 0, 10_000
LEAST_POINTS = 2_000
NEVER = 10**9
Killed = Callable[..., dict[str, Any]]


@pytest.fixture
def killed(connection: Connection) -> Iterator[Killed]:
    """Lets a sender run that dies at a point; says how it ended and what was acknowledged."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.kill_server", connection.uri, connection.user],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "CRASH_CHILD_PASSWORD": connection.password},
    )  # fmt: skip
    assert server.stdin
    assert server.stdout

    def send(**order: Any) -> dict[str, Any]:
        assert server.stdin
        assert server.stdout
        server.stdin.write(json.dumps(order) + "\n")
        server.stdin.flush()
        answer: dict[str, Any] = json.loads(server.stdout.readline())
        return answer

    yield send
    server.stdin.close()
    server.wait(timeout=60)
    server.stdout.close()


def test_killed_along_the_way(killed: Killed, database: Driver, tmp_path: Path) -> None:
    """Every 41st statement, commit and flush of two scripts, in one transaction and in batches."""
    empty_the_graph(database)
    for limit in (IN_TRANSACTION, BATCHED):
        assert sweep(killed, database, tmp_path, seed=limit, limit=limit, step=41) >= 4


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_killed_at_every_point(killed: Killed, database: Driver, tmp_path: Path) -> None:
    """Every statement, commit and flush of scripts until two thousand senders were killed."""
    kills = 0
    for seed in count():
        if kills >= LEAST_POINTS:
            break
        empty_the_graph(database)
        for limit in (IN_TRANSACTION, BATCHED):
            kills += sweep(killed, database, tmp_path / str(seed), seed=seed, limit=limit, step=1)
    print(f"{kills:,} senders killed")


def sweep(
    killed: Killed, database: Driver, folder: Path, *, seed: int, limit: int, step: int
) -> int:
    """Kill a sender of a script at every `step`th point, each on a chain of its own."""
    deadly = 1
    while check_point(killed, database, folder / "home", seed, limit, deadly):
        deadly += step
    house = house_on(database, Settings(home=folder / "home"))
    assert house.projection.log.head() == house.projection.log.audit()
    return deadly // step


def check_point(
    killed: Killed, database: Driver, home: Path, seed: int, limit: int, deadly: int
) -> bool:
    """One kill: what was acknowledged is there, sent again all is there once; False if it lived."""
    chain, sent = f"k{seed}_{limit}_{deadly}", script(seed, DELIVERIES)
    order = {"home": str(home), "chain": chain, "seed": seed, "count": DELIVERIES}
    ended = killed(**order, limit=limit, deadly=deadly)
    assert ended["status"] in (0, -signal.SIGKILL)
    lived = ended["status"] == 0
    acknowledged = ended["said"][:-1] if lived else ended["said"]
    house = house_on(database, Settings(home=home))
    known = delivered(house, chain)
    assert set(acknowledged) <= set(known) <= {one.name for one in sent}
    assert len(known) - len(set(acknowledged)) in (0, 1)
    assert expected_of([one for one in sent if one.name in known]) == units_of(house, chain)
    for one in sent:
        assert (one.name in known) <= one.send(house, home / "sent", chain).replayed
    assert sorted({one.name for one in sent}) == delivered(house, chain)
    assert expected_of(sent) == units_of(house, chain)
    head = house.projection.log.head().sequence
    assert house.facts(chain).digest == read_back(database, chain, head).digest
    return not lived
