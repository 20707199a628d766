"""Laws of recovery: what was acknowledged outlives its database, and what is lost is named."""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from neo4j import Driver, Session

from graph.log import Log
from graph.login import Connection
from graph.migrate import migrate
from graph.projection import Projection
from graph.recovery.backups import MANIFEST, read_backup, verified_log
from graph.recovery.digests import Digests, digests, replay
from graph.recovery.segments import Segments
from graph.settings import Settings
from ontology.errors import EvenkeelError, InputError
from service.decision import PlanRequest
from service.examples import load_example
from service.house import House, artifacts_folder, house_on, log_folder
from service.intake.deliveries import Delivery
from service.intake.sync import sync
from service.planning import make_plan
from service.recovery import backup, inspect, rebuild, refill, restore
from tests.graph.conftest import empty_the_graph
from tests.limits import largest_file
from tests.service.planned import TWO_HUBS

CHAIN = "two_hubs"


@dataclass(frozen=True)
class World:
    """A data folder with two_hubs planned, its backup, and what both come to."""

    home: Path
    backup: Path
    found: Digests


class Killed(BaseException):
    """What nobody catches: the end of a process."""


class Fuse:
    """Ends the work at a given point: one of some calls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *points: tuple[Any, str]) -> None:
        self.left = 10**9
        for owner, name in points:
            monkeypatch.setattr(owner, name, self._watched(getattr(owner, name)))

    def _watched(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any, **more: Any) -> Any:
            self.left -= 1
            if self.left < 0:
                raise Killed
            return real(*arguments, **more)

        return watched

    def kills(self, left: int, work: Callable[[], object]) -> bool:
        """Whether the work was ended; it may pass so many points."""
        self.left = left
        try:
            work()
        except Killed:
            return True
        finally:
            self.left = 10**9
        return False


@pytest.fixture
def fuse(monkeypatch: pytest.MonkeyPatch) -> Fuse:
    """At fsyncs and renames."""
    return Fuse(monkeypatch, (os, "fsync"), (Path, "replace"))


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> Fuse:
    """At transactions that write, and where folders are deleted."""
    return Fuse(monkeypatch, (Session, "execute_write"), (shutil, "rmtree"))


@pytest.fixture(scope="module")
def world(database: Driver, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Loaded, planned and backed up once: six events or so."""
    folder = tmp_path_factory.mktemp("recovery")
    empty_the_graph(database)
    house = house_on(database, Settings(home=folder / "home"))
    load_example(house, CHAIN)
    make_plan(house, PlanRequest(CHAIN))
    (folder / "home" / "mappings").mkdir()
    shutil.copy(TWO_HUBS / "mapping.yaml", folder / "home" / "mappings" / "two-hubs-example.yaml")
    backup(house, folder / "backup")
    return World(folder / "home", folder / "backup", digests(house.projection))


@pytest.fixture
def house(world: World, database: Driver, tmp_path: Path) -> House:
    """A copy of that data folder; its database was lost and is made anew from the files."""
    settings = Settings(home=tmp_path / "home")
    shutil.copytree(world.home, settings.data_folder)
    empty_the_graph(database)
    with pytest.raises(EvenkeelError) as refused:
        house_on(database, settings)
    assert "LOG_BEHIND" == refused.value.code
    assert 0 == Log(database).head().sequence
    projection = Projection(Log(database), house_store(settings))
    replay(projection, Segments(log_folder(settings)).read())
    return house_on(database, settings)


def house_store(settings: Settings) -> Any:
    from graph.artifacts import ArtifactStore

    return ArtifactStore(artifacts_folder(settings))


def elsewhere(connection: Connection, home: Path) -> Settings:
    """A data folder on the database of the tests."""
    return Settings(home=home, neo4j_uri=connection.uri, neo4j_user=connection.user,
                    neo4j_password=connection.password)  # fmt: skip


def code_of(work: Callable[[], object]) -> str:
    with pytest.raises(EvenkeelError) as refused:
        work()
    assert refused.value.hint
    return refused.value.code


def stock(house: House, tmp_path: Path) -> None:
    """One more delivery: an item that was not there."""
    copy = tmp_path / "more"
    shutil.copytree(TWO_HUBS, copy)
    with (copy / "items.csv").open("a") as file:
        file.write("late,Late,each,hardware,ambient,,500,EUR\n")
    assert not sync(house, [copy], copy / "mapping.yaml", Delivery("ann", "late")).replayed


def test_a_lost_database_is_made_again(world: World, house: House) -> None:
    """Law 4: from segments and artifacts alone come the same root, states, graph and answers."""
    assert world.found == digests(house.projection)
    assert inspect(house)["sound"]
    assert load_example(house, CHAIN).replayed
    assert make_plan(house, PlanRequest(CHAIN)).saved.replayed


def test_a_restored_backup_is_the_same_log(
    world: World, database: Driver, connection: Connection, tmp_path: Path
) -> None:
    """Into an empty data folder and database: equal digests, and nothing acts twice there."""
    empty_the_graph(database)
    settings = elsewhere(connection, tmp_path / "new")
    told = restore(settings, world.backup)
    assert (world.found.sequence, world.found.root) == (told["sequence"], told["root"])
    again = house_on(database, settings)
    assert world.found == digests(again.projection)
    assert load_example(again, CHAIN).replayed
    mapping = settings.data_folder / "mappings" / "two-hubs-example.yaml"
    assert (TWO_HUBS / "mapping.yaml").read_bytes() == mapping.read_bytes()
    assert "HOME_NOT_EMPTY" == code_of(lambda: restore(settings, world.backup))


def test_a_backup_copies_what_is_new(world: World, house: House, tmp_path: Path) -> None:
    """The second one copies nothing, the next only what came; a foreign folder is refused."""
    folder = tmp_path / "backup"
    shutil.copytree(world.backup, folder)
    assert (0, world.found.sequence) == (
        (again := backup(house, folder))["copied"], again["sequence"])  # fmt: skip
    stock(house, tmp_path)
    later = backup(house, folder)
    assert 0 < later["copied"] < later["artifacts"] // 2
    assert later["sequence"] == read_backup(folder).sequence > world.found.sequence
    empty_the_graph(house.driver)
    other = house_on(house.driver, Settings(home=tmp_path / "other"))
    assert "BACKUP_OTHER" == code_of(lambda: backup(other, folder))


@pytest.mark.parametrize("place", [".", "backup", "artifacts", "log/deep"])
def test_no_backup_is_made_in_a_data_folder(world: World, house: House, place: str) -> None:
    """Of this log or another: it would be lost with it, and took the file of names away."""
    house.persons.pseudonym_of("Ada Example")
    before = sorted(house.settings.data_folder.rglob("*"))
    assert "BACKUP_PLACE" == code_of(lambda: backup(house, house.settings.data_folder / place))
    assert before == sorted(house.settings.data_folder.rglob("*"))
    assert ["Ada Example"] == [one.name for one in house.persons.known()]
    assert "BACKUP_PLACE" == code_of(lambda: backup(house, world.home))


@pytest.mark.parametrize("most", [10, 1_500, 4_000])
def test_a_restore_that_finds_no_room_says_so(
    world: World, connection: Connection, tmp_path: Path, most: int
) -> None:
    """At the mark, an artifact or the log: one line, and what is there is known as unfinished."""
    settings = elsewhere(connection, tmp_path / "new")
    with largest_file(most):
        assert "DISK_FULL" == code_of(lambda: restore(settings, world.backup))
    nowhere = elsewhere(connection, world.home / "mappings" / "two-hubs-example.yaml" / "home")
    assert "HOME_NOT_WRITABLE" == code_of(lambda: restore(nowhere, world.backup))


def test_a_backup_keeps_what_was_lost_since(world: World, house: House, tmp_path: Path) -> None:
    """The next one holds it still, and brings it back."""
    folder = tmp_path / "backup"
    shutil.copytree(world.backup, folder)
    plan = house.catalog.plans(CHAIN).rows[0].artifact
    path = artifacts_folder(house.settings) / plan[:2] / plan[2:]
    path.unlink()
    backup(house, folder)
    assert [] == refill(house.settings, folder)["lost"]
    assert path.exists()


def test_a_killed_backup_leaves_the_last_one(
    world: World, house: House, tmp_path: Path, fuse: Fuse
) -> None:
    """At every fsync and rename: the folder holds the backup before it or the new one, whole."""
    folder = tmp_path / "backup"
    shutil.copytree(world.backup, folder)
    stock(house, tmp_path)
    before, killed = read_backup(folder), 0
    while fuse.kills(killed, lambda: backup(house, folder)):
        killed += 1
        assert before == read_backup(folder) or read_backup(folder).sequence > before.sequence
        assert verified_log(folder, read_backup(folder))
    assert killed > 5
    assert read_backup(folder).sequence > before.sequence


@pytest.mark.parametrize("left", [1, 7, 40, -1])
def test_a_killed_restore_goes_on(
    world: World, database: Driver, connection: Connection, tmp_path: Path, fuse: Fuse, left: int
) -> None:
    """Nothing starts on half a restore; the same one again finishes it, another is refused."""
    empty_the_graph(database)
    settings = elsewhere(connection, tmp_path / "new")
    points = 3 * len(read_backup(world.backup).artifacts) if left < 0 else 0
    if not fuse.kills(max(0, points + left), lambda: restore(settings, world.backup)):
        return
    if (settings.data_folder / "restoring").exists():
        assert "RESTORE_UNFINISHED" == code_of(lambda: house_on(database, settings))
        changed = settings.data_folder / "restoring"
        mine = changed.read_bytes()
        changed.write_bytes(b"another")
        assert "HOME_NOT_EMPTY" == code_of(lambda: restore(settings, world.backup))
        changed.write_bytes(mine)
    restore(settings, world.backup)
    assert world.found == digests(house_on(database, settings).projection)


@pytest.mark.parametrize("left", [0, 1, 3])
def test_a_restore_killed_while_it_appends_goes_on(
    world: World, database: Driver, connection: Connection, tmp_path: Path, commits: Fuse, left: int
) -> None:
    """Law 4: killed between transactions, twice, with what was written torn: it ends the same."""
    empty_the_graph(database)
    settings = elsewhere(connection, tmp_path / "new")
    for points in (left, 1):
        assert commits.kills(points, lambda: restore(settings, world.backup))
        for path in Segments(log_folder(settings)).files():
            path.write_bytes(path.read_bytes()[:700] + b"torn")
        assert "RESTORE_UNFINISHED" == code_of(lambda: rebuild(settings))
    restore(settings, world.backup)
    assert world.found == digests(house_on(database, settings).projection)


def test_one_restore_at_a_time(
    world: World, database: Driver, connection: Connection, tmp_path: Path
) -> None:
    """Of four that race one restores, the others say why not; what stands is whole."""
    empty_the_graph(database)
    settings = elsewhere(connection, tmp_path / "new")

    def work(_: int) -> str:
        try:
            return str(restore(settings, world.backup)["root"])
        except EvenkeelError as error:
            return error.code

    with ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(work, range(4)))
    assert 1 == ends.count(world.found.root)
    assert {world.found.root} < {*ends} <= {world.found.root, "STILL_BUSY", "HOME_NOT_EMPTY"}
    assert world.found == digests(house_on(database, settings).projection)


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


def linked_folder(path: Path) -> None:
    if path.name == MANIFEST:
        link(path)
    else:
        outside = path.parent.parent.parent / "outside"
        path.parent.rename(outside)
        path.parent.symlink_to(outside)


@pytest.mark.parametrize("harm", [pipe, link, linked_folder])
def test_what_is_no_plain_file_is_never_opened(
    world: World, house: House, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    """Law 9: a link, or a pipe that nobody writes into: named at once, by whoever would read."""
    artifact = read_backup(world.backup).artifacts[3]
    for place in (Path(MANIFEST), Path(artifact[:2]) / artifact[2:]):
        folder = tmp_path / f"backup{len(place.parts)}"
        shutil.copytree(world.backup, folder / "it")
        harm(folder / "it" / place)
        for work in (
            partial(restore, Settings(home=tmp_path / "new"), folder / "it"),
            partial(refill, house.settings, folder / "it"),
            partial(backup, house, folder / "it"),
        ):
            with pytest.raises(InputError) as refused:
                work()
            assert "BACKUP_STRANGE" == refused.value.code
            assert f"`{place.parts[0]}" in refused.value.what
    assert not (tmp_path / "new").exists()


def harmed(folder: Path) -> Iterator[str]:
    """The files of a backup, each with one byte changed, and one of each kind taken away."""
    kept = read_backup(folder)
    manifest = folder / MANIFEST
    names = [
        kept.artifacts[0],
        kept.artifacts[-1],
        *(sha for _, sha in (*kept.segments, *kept.files)),
    ]
    for path in (manifest, *(folder / name[:2] / name[2:] for name in names)):
        data = path.read_bytes()
        path.write_bytes(data[:50] + bytes([data[50] ^ 1]) + data[51:])
        yield f"changed {path.name}"
        path.unlink()
        if path != manifest:
            yield f"took away {path.name}"
        path.write_bytes(data)


def test_a_damaged_backup_is_refused_before_a_byte_is_written(
    world: World, connection: Connection, tmp_path: Path
) -> None:
    """Whatever file of it was changed or is missing."""
    folder, settings = tmp_path / "backup", elsewhere(connection, tmp_path / "new")
    shutil.copytree(world.backup, folder)
    for harm in harmed(folder):
        assert "BACKUP_CORRUPT" == code_of(lambda: restore(settings, folder)), harm
        assert not settings.data_folder.exists(), harm
    assert "NO_BACKUP" == code_of(lambda: restore(settings, tmp_path / "nothing"))


def test_lost_artifacts_are_named_and_come_back(world: World, house: House, tmp_path: Path) -> None:
    """Deliveries and plans by name; a backup brings back its own, the rest stays named."""
    stock(house, tmp_path)
    shutil.rmtree(artifacts_folder(house.settings))
    opened = house_on(house.driver, house.settings)
    told = inspect(opened)
    assert not told["sound"]
    lost = {one["event"]: one["name"] for one in told["lost"]}
    assert any(name.startswith("plan `") for name in lost.values())
    assert "delivery `late` of `two-hubs-example`" in lost.values()
    assert "LOG_INCOMPLETE" == code_of(lambda: backup(opened, tmp_path / "backup"))
    back = refill(opened.settings, world.backup)
    assert ["delivery `late` of `two-hubs-example`"] == [one["name"] for one in back["lost"]]
    assert world.found.sequence + 1 == back["lost"][0]["event"]
    snapshot = opened.reader.read(CHAIN, world.found.sequence)
    assert world.found.states[CHAIN] == snapshot.digest


def test_damaged_segments_come_back(world: World, house: House, tmp_path: Path) -> None:
    """With what is newer than the backup; the files of another log are refused."""
    stock(house, tmp_path)
    segments = Segments(log_folder(house.settings))
    sound = [path.read_bytes() for path in segments.files()]
    changed = sound[0][:99] + b"?" + sound[0][100:]
    for harmed, is_mended_whole in ((changed, True), (b"", False), (b"x" * 9_999, False)):
        segments.files()[0].write_bytes(harmed)
        told = refill(house.settings, world.backup)
        assert (["000000000001.jsonl"], 0) == (told["segments"], told["artifacts"])
        assert is_mended_whole == (sound == [path.read_bytes() for path in segments.files()])
        assert inspect(house_on(house.driver, house.settings))["sound"]
    segments.files()[0].write_bytes(sound[0][:-99] + b"?" + sound[0][-98:] + sound[0])
    assert "BACKUP_OTHER" == code_of(lambda: refill(house.settings, world.backup))
    empty_the_graph(house.driver)
    other = house_on(house.driver, Settings(home=tmp_path / "other"))
    assert "BACKUP_OTHER" == code_of(lambda: refill(other.settings, world.backup))


def test_the_segments_alone_are_lost(house: House) -> None:
    """The database gives them back when the service opens."""
    shutil.rmtree(log_folder(house.settings))
    again = house_on(house.driver, house.settings)
    assert inspect(again)["sound"]


def test_a_changed_graph_is_found(house: House) -> None:
    """A fact or a plan that was changed behind the log's back: the digests differ."""
    assert digests(house.projection).agree
    for change in (
        "MATCH (l:PlanLine) WITH l LIMIT 1 DETACH DELETE l",
        "MATCH (f:Fact {class: 'StockPosition'}) WITH f LIMIT 1 SET f.on_hand_units = 77",
    ):
        house.driver.execute_query(change)
        found = inspect(house)
        assert (False, False) == (found["agree"], found["sound"])


def test_a_database_elsewhere_gets_what_it_lacks(
    world: World, house: House, connection: Connection
) -> None:
    """Empty, or a beginning of the log: it is filled; what it holds of another log is refused."""
    home = house.settings.data_folder
    first = next(iter(Segments(log_folder(house.settings)).read())).records[0]
    for begun in (False, True):
        empty_the_graph(house.driver)
        migrate(house.driver)
        if begun:
            Projection(Log(house.driver), house.store).append_again(first)
        made = rebuild(elsewhere(connection, home))
        assert (world.found, None) == (made.after, made.before)
    empty_the_graph(house.driver)
    house_on(house.driver, Settings(home=home.with_name("other")))
    assert "LOG_DIVERGED" == code_of(lambda: rebuild(elsewhere(connection, home)))


def test_nothing_comes_from_nothing(connection: Connection, tmp_path: Path) -> None:
    """An empty folder has nothing to rebuild, and starts no server to find that out."""
    for settings in (Settings(home=tmp_path / "new"), elsewhere(connection, tmp_path / "new")):
        assert "NOTHING_TO_REBUILD" == code_of(partial(rebuild, settings))
    assert not (tmp_path / "new" / "neo4j").exists()


def test_a_migrated_database_alone_is_no_log_of_ours(database: Driver, tmp_path: Path) -> None:
    """A new data folder on an empty database begins a log of its own, with segments."""
    empty_the_graph(database)
    migrate(database)
    house = house_on(database, Settings(home=tmp_path / "home"))
    assert house.projection.log.head().tree == Segments(log_folder(house.settings)).tail().tree
