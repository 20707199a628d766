"""Law 4 on real servers: a rebuild takes over whole, or the one before it goes on serving."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from graph.recovery.digests import Digests, digests
from graph.server import ManagedServer, managed_server
from graph.settings import Settings
from ontology.errors import StateError
from service.decision import PlanRequest
from service.examples import PROJECT, load_example
from service.house import open_house
from service.planning import make_plan
from service.recovery import rebuild

CHAIN = "two_hubs"
KILLS = 12


@pytest.fixture
def home(tmp_path: Path, settings: Settings) -> Iterator[Settings]:
    """A data folder with a server of its own, two_hubs planned in it."""
    found = Settings(home=tmp_path / "home")
    with open_house(found) as house:
        load_example(house, CHAIN)
        make_plan(house, PlanRequest(CHAIN))
    yield found
    managed_server(found).stop()
    ManagedServer(found.data_folder / "rebuilding", settings.cache).stop()


def looked_at(home: Settings) -> Digests:
    with open_house(home) as house:
        return digests(house.projection)


@pytest.mark.slow
def test_a_rebuild_takes_over(home: Settings) -> None:
    """With the old database and without it: the same digests, one store, nothing left behind."""
    expected = looked_at(home)
    password = managed_server(home).home.password()
    made = rebuild(home)
    assert (expected, expected) == (made.before, made.after)
    assert password == managed_server(home).home.password()  # a running service finds it again
    managed_server(home).stop()
    shutil.rmtree(home.data_folder / "neo4j")
    with pytest.raises(StateError) as refused, open_house(home):
        pass
    assert "LOG_BEHIND" == refused.value.code
    assert rebuild(home).before is None
    assert expected == looked_at(home)
    names = {path.name for path in home.data_folder.iterdir()}
    assert not {"rebuilding", "neo4j.next", "neo4j.before"} & names


@pytest.mark.slow
def test_a_killed_rebuild_leaves_one_that_serves(home: Settings) -> None:
    """Real kills at commits, fsyncs and renames: the next start shows the same; then it ends."""
    expected, deadly, killed = looked_at(home), 1, 0
    while killed < KILLS:
        command = [sys.executable, "-m", "tests.service.rebuild_child"]
        done = subprocess.run(
            [*command, str(home.data_folder), str(deadly)],
            cwd=PROJECT, capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        assert expected == looked_at(home)
        if done.returncode == 0:
            break
        killed, deadly = killed + 1, deadly + 7
    assert killed > 3
    assert expected == rebuild(home).after
