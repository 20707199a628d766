"""Law 4 on real servers: a rebuild takes over whole, or the one before it goes on serving."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from neo4j import Session

from graph.recovery.digests import Digests, digests
from graph.recovery.traces import files_that_say
from graph.server import ManagedServer, managed_server, open_database
from graph.settings import Settings
from ontology.edits import Edit
from ontology.errors import StateError
from service.decision import PlanRequest
from service.examples import PROJECT, load_example
from service.house import open_house
from service.persons import acting, erase
from service.planning import make_plan
from service.recovery import backup, rebuild, restore
from tests.service.test_recovery import Fuse

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


@pytest.mark.slow
@pytest.mark.parametrize("deadly", [9, 16, 23])
def test_a_killed_rebuild_of_a_lost_store_begins_anew(home: Settings, deadly: int) -> None:
    """Nothing is served from a store that was not compared with the log; the next rebuild ends."""
    expected = looked_at(home)
    managed_server(home).stop()
    shutil.rmtree(home.data_folder / "neo4j")
    command = [sys.executable, "-m", "tests.service.rebuild_child", str(home.data_folder)]
    done = subprocess.run([*command, str(deadly)], cwd=PROJECT, check=False, timeout=600)
    assert -signal.SIGKILL == done.returncode
    with pytest.raises(StateError) as refused, open_house(home):
        pass
    assert "REBUILD_UNFINISHED" == refused.value.code
    made = rebuild(home)
    assert (None, expected) == (made.before, made.after)
    assert expected == looked_at(home)


@pytest.mark.slow
@pytest.mark.parametrize("commits", [0, 4])
def test_a_killed_restore_begins_its_store_anew(
    home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, commits: int
) -> None:
    """What a killed restore left in a server of its own is no hindrance, though it was changed."""
    expected = looked_at(home)
    with open_house(home) as house:
        backup(house, tmp_path / "backup")
    managed_server(home).stop()
    fuse = Fuse(monkeypatch, (Session, "execute_write"))
    settings = Settings(home=tmp_path / "new")
    try:
        assert fuse.kills(commits, lambda: restore(settings, tmp_path / "backup"))
        with open_database(settings) as driver:
            driver.execute_query("MATCH (n) SET n.sequence = 77, n.name = 'changed'")
        restore(settings, tmp_path / "backup")
        assert expected == looked_at(settings)
    finally:
        managed_server(settings).stop()


@pytest.mark.slow
def test_an_erased_name_is_in_no_file_of_the_database(home: Settings) -> None:
    """Whoever acted and is forgotten: no byte of the name in the whole folder, Neo4j's too."""
    name = "Zephyrine Quill-Møller"
    with open_house(home) as house:
        agent = acting(house, name)
        wish = Edit(item="widget", lane="truck-ns")
        make_plan(house, PlanRequest(CHAIN, agent=agent, edits=(wish,)))
        before = digests(house.projection)
        assert () == erase(house, name, "asked for it", "local").left
        after = digests(house.projection)
    assert (before.states, before.graph, before.plans) == (after.states, after.graph, after.plans)
    managed_server(home).stop()
    assert [] == list(files_that_say(home.data_folder, name))
    assert after == rebuild(home).after
