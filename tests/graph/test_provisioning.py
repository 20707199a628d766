"""Fetching the locked jars over real HTTP, from a Maven repository on loopback."""

import hashlib
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from rich.console import Console

from graph import progress
from graph.provisioning import ROOTS, Jar, locked_jars, provide, version
from graph.server import ManagedServer
from graph.settings import BESIDE_THE_CODE, Settings, settings_from_environment
from ontology.errors import EvenkeelError
from tests.limits import largest_file

NAMES = ("neo4j", "neo4j-bolt", "neo4j-kernel")
PROVIDE_ELSEWHERE = """
import os, sys
from pathlib import Path
from graph.provisioning import provide
told = []
def watch(what, done, total):
    if what.startswith("waiting") and not told:
        told.append(print(what, flush=True))
    if len(sys.argv) > 3 and done >= int(sys.argv[3]):
        os._exit(9)
print(provide(Path(sys.argv[1]), watch, lock=Path(sys.argv[2])))
"""


class Repository(ThreadingHTTPServer):
    """A Maven repository that serves files by their last name and counts what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.files: dict[str, bytes] = {}
        self.asked: Counter[str] = Counter()
        self.held = ""
        self.reached = threading.Event()
        self.let_go = threading.Event()


class Answer(BaseHTTPRequestHandler):
    """One answer of the repository; the held file waits until the test lets it go."""

    server: Repository

    def do_GET(self) -> None:
        name = self.path.rsplit("/", 1)[-1]
        self.server.asked[name] += 1
        content = self.server.files.get(name)
        if name == self.server.held:
            self.server.reached.set()
            self.server.let_go.wait(30)
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        with suppress(BrokenPipeError):  # who asked was killed
            self.wfile.write(content or b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: the tests count instead."""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    """A repository that the user's jgo.conf names as mirror of the central one."""
    with Repository() as server:
        for name in NAMES:
            server.files[f"{name}-5.26.0.jar"] = name.encode() * 1000
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        point_jgo_to(f"http://127.0.0.1:{server.server_port}", tmp_path, monkeypatch)
        yield server
        server.let_go.set()
        server.shutdown()
        thread.join()


def point_jgo_to(address: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes the jgo.conf of a user whose machine has its own mirror."""
    (folder / "jgo.conf").write_text(f"[repositories]\ncentral = {address}\n")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(folder / "jgo.conf"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock of three small jars."""
    file = tmp_path / "neo4j.lock"
    jars = []
    for name in NAMES:
        content = name.encode() * 1000
        digest = hashlib.sha256(content).hexdigest()
        jars.append(Jar(f"org.neo4j:{name}:5.26.0", digest, len(content)))
    file.write_text("".join(jar.line() for jar in jars))
    return file


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def files_in(cache: Path) -> set[str]:
    """Every file that the cache holds apart from its lock."""
    return {each.name for each in cache.rglob("*") if each.is_file()} - {"fetching.lock"}


def test_the_lock_names_neo4j_and_its_jars() -> None:
    """The shipped lock is sorted, free of clashes, and holds the three roots at one version."""
    jars = locked_jars()
    coordinates = [jar.coordinate for jar in jars]
    assert sorted(coordinates) == coordinates
    assert len(jars) == len({jar.file_name for jar in jars})
    assert set(coordinates) >= {f"{root}:{version(jars)}" for root in ROOTS}
    assert version(jars).startswith("5.26.")


def test_each_jar_is_fetched_once(repository: Repository, cache: Path, lock: Path) -> None:
    """The first call fetches every jar and shows how far it is; the second asks for nothing."""
    told: list[tuple[str, int, int]] = []
    folder = provide(cache, lambda *step: told.append(step), lock=lock)
    assert repository.files == {file.name: file.read_bytes() for file in folder.iterdir()}
    assert told[-1] == ("fetching Neo4j (kB)", 26, 26)
    asked = repository.asked.total()
    assert folder == provide(cache, lock=lock)
    assert asked == repository.asked.total()


def test_altered_jar_is_refused_and_deleted(
    repository: Repository, cache: Path, lock: Path
) -> None:
    """Bytes that the lock does not name stay nowhere, and the error names both hashes."""
    repository.files["neo4j-bolt-5.26.0.jar"] = b"altered"
    with pytest.raises(EvenkeelError) as refused:
        provide(cache, lock=lock)
    assert refused.value.code == "JAR_REFUSED"
    assert hashlib.sha256(b"altered").hexdigest() in refused.value.what
    assert "neo4j-bolt-5.26.0.jar" not in files_in(cache)
    assert b"altered" not in {file.read_bytes() for file in cache.rglob("*") if file.is_file()}


def test_damaged_jar_in_the_cache_is_fetched_again(
    repository: Repository, cache: Path, lock: Path
) -> None:
    """A jar of the right size and wrong bytes is replaced; the intact ones are kept."""
    folder = provide(cache, lock=lock)
    repository.asked.clear()
    damaged = folder / "neo4j-kernel-5.26.0.jar"
    damaged.write_bytes(b"x" * damaged.stat().st_size)
    provide(cache, lock=lock)
    assert repository.files[damaged.name] == damaged.read_bytes()
    assert {damaged.name} == {name for name in repository.asked if name.endswith(".jar")}


def test_interrupted_fetch_is_taken_up_again(
    repository: Repository, cache: Path, lock: Path
) -> None:
    """What a killed process had fetched is kept, its half files go, and only the rest is asked."""
    repository.held = "neo4j-kernel-5.26.0.jar"
    command = [sys.executable, "-c", PROVIDE_ELSEWHERE, str(cache), str(lock), "14"]
    assert subprocess.run(command, check=False).returncode == 9
    assert list(cache.glob("fetching-*/"))
    repository.let_go.set()
    repository.asked.clear()
    folder = provide(cache, lock=lock)
    assert {repository.held} == {name for name in repository.asked if name.endswith(".jar")}
    assert set(repository.files) == files_in(cache)
    assert len(list(folder.iterdir())) == 3


def test_two_processes_fetch_once(repository: Repository, cache: Path, lock: Path) -> None:
    """Of two processes that fill one cache at once, one fetches; both get the whole folder."""
    repository.held = "neo4j-kernel-5.26.0.jar"
    command = [sys.executable, "-c", PROVIDE_ELSEWHERE, str(cache), str(lock)]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert repository.reached.wait(60)
    second = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert second.stdout
    assert second.stdout.readline().startswith("waiting for another process")
    repository.let_go.set()
    told = {each.communicate(timeout=60)[0].strip() for each in (first, second)}
    assert {str(cache / "neo4j-5.26.0")} == told
    assert {1} == {repository.asked[name] for name in repository.files}


def test_offline_is_told(
    cache: Path, lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a network the error names the jar and says what to do."""
    point_jgo_to("http://127.0.0.1:1", tmp_path, monkeypatch)
    with pytest.raises(EvenkeelError) as refused:
        provide(cache, lock=lock)
    assert refused.value.code == "FETCH_FAILED"
    assert "no answer" in refused.value.what
    assert "NEO4J_URI" in refused.value.hint


def test_missing_jar_is_told(repository: Repository, cache: Path, lock: Path) -> None:
    """A repository that lacks a jar is told apart from one that does not answer."""
    del repository.files["neo4j-bolt-5.26.0.jar"]
    with pytest.raises(EvenkeelError) as refused:
        provide(cache, lock=lock)
    assert refused.value.code == "FETCH_FAILED"
    assert "`org.neo4j:neo4j-bolt:5.26.0`" in refused.value.what
    assert "no repository has it" in refused.value.what


@pytest.mark.usefixtures("repository")
def test_full_disk_is_told(cache: Path, lock: Path) -> None:
    """A cache without room is a clear error; with room the same call completes."""
    with largest_file(6000), pytest.raises(EvenkeelError) as refused:
        provide(cache, lock=lock)
    assert refused.value.code == "DISK_FULL"
    assert {"neo4j-5.26.0.jar"} >= files_in(cache)
    assert len(list(provide(cache, lock=lock).iterdir())) == 3


def test_cache_that_cannot_be_written(tmp_path: Path, lock: Path) -> None:
    """A cache folder beneath a file is refused by name."""
    (tmp_path / "file").write_text("")
    with pytest.raises(EvenkeelError) as refused:
        provide(tmp_path / "file" / "cache", lock=lock)
    assert refused.value.code == "CACHE_NOT_WRITABLE"


def test_unreadable_lock_is_told(tmp_path: Path, cache: Path) -> None:
    """A lock line that does not parse is named by its number."""
    bad = tmp_path / "bad.lock"
    bad.write_text("0" * 64 + " 7 org.neo4j:neo4j:5.26.0\nnothing\n")
    with pytest.raises(EvenkeelError, match="line 2") as refused:
        provide(cache, lock=bad)
    assert refused.value.code == "LOCK_UNREADABLE"


def test_server_does_not_run_an_altered_jar(
    repository: Repository, cache: Path, tmp_path: Path, settings: Settings
) -> None:
    """With one jar of the real server altered, and only altered bytes to be had, nothing starts."""
    intact = provide(settings.cache)
    folder = cache / intact.name
    folder.mkdir(parents=True)
    for jar in intact.iterdir():
        (folder / jar.name).symlink_to(jar)
    name = next(jar.file_name for jar in locked_jars() if ":neo4j-bolt:" in jar.coordinate)
    repository.files[name] = (intact / name).read_bytes() + b"altered"
    (folder / name).unlink()
    (folder / name).write_bytes(repository.files[name])
    server = ManagedServer(tmp_path / "home", cache)
    with pytest.raises(EvenkeelError) as refused:
        server.start()
    assert refused.value.code == "JAR_REFUSED"
    assert not server.status().running
    assert not (folder / name).exists()


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each variable reaches its setting; the password is kept out of `repr`."""
    for name in list(os.environ):
        if name.startswith(("NEO4J_", "EVENKEEL_", "XDG_CACHE")):
            monkeypatch.delenv(name)
    assert settings_from_environment().data_folder == BESIDE_THE_CODE
    monkeypatch.setenv("EVENKEEL_HOME", "~/stock")
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache")
    monkeypatch.setenv("NEO4J_URI", "bolt://db:7687")
    monkeypatch.setenv("NEO4J_USERNAME", "keeper")
    monkeypatch.setenv("NEO4J_PASSWORD", "secret word")
    found = settings_from_environment()
    assert Path.home() / "stock" == found.data_folder
    assert Path("/var/cache/evenkeel") == found.cache
    assert (found.neo4j_uri, found.neo4j_user) == ("bolt://db:7687", "keeper")
    assert found.neo4j_password.get_secret_value() == "secret word"
    assert "secret word" not in repr(found)


def test_bad_setting_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that cannot be used is named as the variable that holds it."""
    monkeypatch.setenv("EVENKEEL_NEO4J_HEAP", "plenty")
    with pytest.raises(EvenkeelError, match="`EVENKEEL_NEO4J_HEAP`") as refused:
        settings_from_environment()
    assert refused.value.code == "BAD_SETTING"


def test_progress_is_drawn() -> None:
    """Each piece of work has a bar, with a total where one is known."""
    console = Console(record=True, force_terminal=True, width=100)
    with progress.drawn(console) as report:
        report("fetching", 3, 7)
        report("starting", 1, 0)
    drawn = console.export_text()
    assert "fetching" in drawn
    assert "3/7" in drawn
    assert "starting" in drawn
