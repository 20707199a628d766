"""The managed server on the real Neo4j: every way in which starting and stopping can go."""

import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest
from neo4j import Driver
from neo4j.exceptions import DriverError, Neo4jError

from graph.login import Connection, open_driver
from graph.server import ManagedServer, managed_server, open_database
from graph.settings import Settings
from ontology.errors import EvenkeelError
from tests.limits import largest_file

START_ELSEWHERE = """
import sys
from pathlib import Path
from graph.server import ManagedServer
told = []
def tell(what, done, total):
    if what not in told:
        told.append(what)
        print(what, flush=True)
        if what.startswith("starting"):
            input()
connection = ManagedServer(Path(sys.argv[1]), Path(sys.argv[2])).start(tell)
print(connection.uri, connection.password)
"""
DIE_WHILE_STARTING = """
import os, sys
from pathlib import Path
from graph.server import ManagedServer
def die(what, done, total):
    if what.startswith("starting"):
        os._exit(9)
ManagedServer(Path(sys.argv[1]), Path(sys.argv[2])).start(die)
"""

PIPED = partial(subprocess.Popen, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def home(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    """A data folder whose server is down again when the test ends."""
    folder = tmp_path / "home"
    yield folder
    ManagedServer(folder, settings.cache).stop()


@pytest.fixture(scope="module")
def shared(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ManagedServer]:
    """A server for the tests that leave it running."""
    server = ManagedServer(tmp_path_factory.mktemp("shared"), settings.cache)
    server.start()
    yield server
    server.stop()


def write(connection: Connection, number: int) -> None:
    with open_driver(connection) as driver:
        driver.execute_query("CREATE (:Mark {number: $number})", number=number)


def marks(connection: Connection) -> list[int]:
    with open_driver(connection) as driver:
        query = "MATCH (mark:Mark) RETURN mark.number AS number ORDER BY number"
        return [row["number"] for row in driver.execute_query(query).records]


def code_of(error: pytest.ExceptionInfo[EvenkeelError]) -> str:
    """The code, after checking that the error reads as one line with a hint."""
    assert "\n" not in error.value.what
    assert error.value.hint
    return error.value.code


def test_a_running_server_is_shared(shared: ManagedServer) -> None:
    """Starting what runs gives the same connection, and the status tells the truth."""
    first = shared.start()
    assert first == shared.start()
    status = shared.status()
    assert (True, first.uri) == (status.running, status.uri)
    assert status.bytes_on_disk < 50_000_000


def test_only_loopback_listens(shared: ManagedServer) -> None:
    """The server has one port, Bolt, and it is bound to loopback."""
    process = psutil.Process(shared.status().pid)
    ports = [link.laddr for link in process.net_connections() if link.status == psutil.CONN_LISTEN]
    assert [_port(shared.start())] == [port for _, port in ports]
    assert {"127.0.0.1"} == {address.removeprefix("::ffff:") for address, _ in ports}


def test_nothing_reaches_out(shared: ManagedServer, tmp_path: Path) -> None:
    """Cypher reads no file and opens no connection."""
    rows = tmp_path / "rows.csv"
    rows.write_text("a\n1\n")
    with open_driver(shared.start()) as driver:
        for place in (rows.as_uri(), "http://127.0.0.1:1/rows.csv"):
            with pytest.raises(Neo4jError, match=r"allow_csv_import|is blocked"):
                driver.execute_query("LOAD CSV FROM $place AS row RETURN row", place=place)


def test_password_is_kept_from_others(shared: ManagedServer) -> None:
    """The password file is its owner's alone, and `repr` does not show what is in it."""
    file = shared.status().folder / "password"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    connection = shared.start()
    assert file.read_text() == connection.password
    assert connection.password not in repr(connection)
    assert all(connection.password not in part for part in _command(shared))


def _command(server: ManagedServer) -> list[str]:
    return psutil.Process(server.status().pid).cmdline()


def test_stopped_server_keeps_data_and_address(shared: ManagedServer) -> None:
    """What was committed is there after stop and start, at the same address; stop twice is no."""
    first = shared.start()
    write(first, 1)
    assert shared.stop()
    assert not shared.stop()
    assert not shared.status().running
    assert first == shared.start()
    assert marks(first) == [1]


def test_killed_server_recovers(shared: ManagedServer) -> None:
    """After kill -9 the next start finds the dead process out and gives back what was committed."""
    write(shared.start(), 7)
    process = psutil.Process(shared.status().pid)
    process.kill()
    process.wait()
    assert not shared.status().running
    assert 7 in marks(shared.start())


def test_two_starters_get_one_server(shared: ManagedServer, settings: Settings) -> None:
    """Of two processes that start one folder at once one waits; both get one connection."""
    shared.stop()
    home = shared.status().folder.parent
    command = [sys.executable, "-c", START_ELSEWHERE, str(home), str(settings.cache)]
    first, second = PIPED(command), None
    try:
        assert first.stdout.readline().startswith("starting")
        second = PIPED(command)
        assert second.stdout.readline().startswith("waiting for another process that starts")
        told = [first.communicate("\n", timeout=120)[0], second.communicate(timeout=120)[0]]
    finally:
        for starter in (first, second):
            if starter is not None:
                starter.kill()
                starter.communicate()
    assert told[0] == told[1]
    uri, password = told[0].split()
    write(Connection(uri, "neo4j", password), 3)
    assert shared.start() == Connection(uri, "neo4j", password)


def test_starter_that_dies_leaves_a_server_to_adopt(home: Path, settings: Settings) -> None:
    """A server whose starter died meanwhile is waited for and kept, never started twice."""
    command = [sys.executable, "-c", DIE_WHILE_STARTING, str(home), str(settings.cache)]
    assert subprocess.run(command, check=False).returncode == 9
    server = ManagedServer(home, settings.cache)
    pid = server.status().pid
    write(server.start(), 2)
    assert pid == server.status().pid
    assert not (home / "neo4j" / "first-start-unfinished").exists()


def test_recycled_pid_is_never_touched(tmp_path: Path, settings: Settings) -> None:
    """A record that names somebody else's process is ignored: it is neither used nor ended."""
    server = ManagedServer(tmp_path, settings.cache)
    folder = tmp_path / "neo4j"
    folder.mkdir()
    (folder / "starting.lock").write_text("left by a dead starter")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        born = psutil.Process(stranger.pid).create_time()
        record = {"pid": stranger.pid, "started_at": born, "port": 0}
        (folder / "server.json").write_text(json.dumps(record))
        assert server.status().pid == 0
        assert not server.stop()
        assert stranger.poll() is None
        stranger.communicate(b"\n")


def test_taken_port_moves_the_server(shared: ManagedServer) -> None:
    """When somebody took the remembered port the server moves, says so, and keeps the new port."""
    told: list[str] = []
    port = _port(shared.start())
    shared.stop()
    with socket.socket() as occupier:
        occupier.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        occupier.bind(("127.0.0.1", port))
        occupier.listen()
        moved = _port(shared.start(lambda what, done, total: told.append(what)))
    assert moved != port
    assert f"port {port} is taken, Neo4j moves to port {moved}" in told


def _port(connection: Connection) -> int:
    return int(connection.uri.rsplit(":")[-1])


def test_lost_record_finds_the_server(shared: ManagedServer) -> None:
    """A server whose record is lost or garbled is found by its command line, not started twice."""
    before = shared.start()
    pid = shared.status().pid
    record = shared.status().folder / "server.json"
    kept = record.read_bytes()
    record.write_text("{not json")
    assert before == shared.start()
    record.unlink()
    assert pid == shared.status().pid
    record.write_bytes(kept)


def test_named_port_that_is_taken_is_refused(tmp_path: Path, settings: Settings) -> None:
    """A port that the operator named is never swapped: the error says who holds it."""
    with socket.socket() as occupier:
        occupier.bind(("127.0.0.1", 0))
        occupier.listen()
        server = ManagedServer(tmp_path, settings.cache, port=occupier.getsockname()[1])
        with pytest.raises(EvenkeelError) as refused:
            server.start()
    assert code_of(refused) == "PORT_TAKEN"
    assert f"(pid {os.getpid()})" in refused.value.what


def test_full_disk_on_the_first_start(home: Path, settings: Settings) -> None:
    """A first start without room says so; with room the next one trusts nothing half made."""
    server = ManagedServer(home, settings.cache)
    with largest_file(20_000), pytest.raises(EvenkeelError) as refused:
        server.start()
    assert code_of(refused) == "DISK_FULL"
    assert not server.status().running
    half = home / "neo4j" / "data" / "databases" / "system" / "neostore"
    half.parent.mkdir(parents=True, exist_ok=True)
    half.write_bytes(b"half")
    assert marks(server.start()) == []


def test_disk_that_fills_while_running(shared: ManagedServer) -> None:
    """A full disk costs the refused write alone; `start` restarts the failed store by itself."""
    connection = shared.start()
    write(connection, 11)
    process = psutil.Process(shared.status().pid)
    process.rlimit(psutil.RLIMIT_FSIZE, (400_000, 400_000))
    with open_driver(connection) as driver, pytest.raises((Neo4jError, DriverError)):
        _fill(driver)
    assert 11 in marks(shared.start())


def _fill(driver: Driver) -> None:
    for _ in range(20):
        with driver.session() as session, session.begin_transaction() as transaction:
            transaction.run("UNWIND range(1, 5000) AS n CREATE (:Bulk {text: 'x' + toString(n)})")
            transaction.commit()


def test_slow_start_is_bounded(home: Path, settings: Settings) -> None:
    """A server that is not ready in time is ended, and the error names its log."""
    server = ManagedServer(home, settings.cache, ready_seconds=0)
    with pytest.raises(EvenkeelError) as refused:
        server.start()
    assert code_of(refused) == "SERVER_START_TIMEOUT"
    assert not server.status().running


def test_home_that_cannot_be_written(tmp_path: Path, settings: Settings) -> None:
    """A data folder beneath a file, or one that the system keeps, is refused by name."""
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file" / "home", Path("/proc/evenkeel")):
        with pytest.raises(EvenkeelError) as refused:
            ManagedServer(folder, settings.cache).start()
        assert code_of(refused) == "HOME_NOT_WRITABLE"
        assert str(folder) in refused.value.what


def test_wrong_password_file_is_told(shared: ManagedServer) -> None:
    """A password file that does not fit the store is an error that leaves the server running."""
    pid = shared.status().pid
    file = shared.status().folder / "password"
    right = file.read_text()
    file.write_text("another")
    with pytest.raises(EvenkeelError) as refused:
        shared.start()
    assert code_of(refused) == "PASSWORD_WRONG"
    file.write_text(right)
    assert shared.start().password == right
    assert pid == shared.status().pid


def test_lost_password_file_is_told(tmp_path: Path, settings: Settings) -> None:
    """A store without its password file is refused before anything starts, and left as it is."""
    (tmp_path / "neo4j" / "data" / "databases").mkdir(parents=True)
    server = ManagedServer(tmp_path, settings.cache)
    with pytest.raises(EvenkeelError) as refused:
        server.start()
    assert code_of(refused) == "PASSWORD_MISSING"
    assert (tmp_path / "neo4j" / "data" / "databases").exists()
    assert not server.status().running


def test_store_that_another_server_has_open(
    shared: ManagedServer, home: Path, settings: Settings
) -> None:
    """A store that is also linked under another folder is refused while it is open there."""
    shared.start()
    open_one = shared.status().folder
    (home / "neo4j").mkdir(parents=True)
    (home / "neo4j" / "data").symlink_to(open_one / "data")
    (home / "neo4j" / "password").write_text((open_one / "password").read_text())
    with pytest.raises(EvenkeelError) as refused:
        ManagedServer(home, settings.cache).start()
    assert code_of(refused) == "STORE_LOCKED"


def test_settings_choose_the_database(shared: ManagedServer, settings: Settings) -> None:
    """NEO4J_URI is used where it is set; else the managed server of the data folder is."""
    running = shared.start()
    by_address = Settings(
        neo4j_uri=running.uri, neo4j_user=running.user, neo4j_password=running.password
    )
    by_folder = Settings(home=shared.status().folder.parent, xdg_cache=settings.xdg_cache)
    for chosen in (by_address, by_folder):
        with open_database(chosen) as driver:
            assert driver.execute_query("RETURN 1 AS one").records[0]["one"] == 1
    assert running == managed_server(by_folder).start()


@pytest.mark.parametrize(
    ("uri", "password", "expected"),
    [
        ("bolt://127.0.0.1:1", "x", "DATABASE_UNREACHABLE"),
        ("neo4j://127.0.0.1:1", "x", "DATABASE_UNREACHABLE"),
        ("bolt://nowhere.invalid:7687", "x", "DATABASE_UNREACHABLE"),
        ("localhost:7687", "x", "DATABASE_ADDRESS"),
        ("http://localhost:7474", "x", "DATABASE_ADDRESS"),
        ("bolt://[", "x", "DATABASE_ADDRESS"),
        ("", "wrong", "DATABASE_LOGIN_REFUSED"),
    ],
)
def test_other_server_that_cannot_be_used(
    shared: ManagedServer, uri: str, password: str, expected: str
) -> None:
    """An address, a login or a server that does not work each has its own code."""
    chosen = Settings(neo4j_uri=uri or shared.start().uri, neo4j_password=password)
    with pytest.raises(EvenkeelError) as refused:
        open_database(chosen)
    assert expected == code_of(refused)
    assert chosen.neo4j_uri in refused.value.what
