"""The managed local Neo4j: one server for each data folder, started and stopped by any process."""

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import psutil
from neo4j import Driver
from neo4j.exceptions import DatabaseError, DriverError, Neo4jError

from graph.locking import holding
from graph.login import Connection, open_driver
from graph.progress import Progress, silent
from graph.provisioning import locked_jars, provide, version
from graph.server_home import USER, ServerHome
from graph.server_process import (
    end,
    explain,
    find,
    free_port,
    is_alive,
    launch,
    port_taken,
    ports_of,
    record_of,
)
from graph.settings import Settings
from ontology.errors import AccessError, OutsideError

READY_SECONDS = 120.0
LOCK_SECONDS = 300.0
PORT_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What runs for a data folder: process and address (0 and empty when down), store size."""

    running: bool
    version: str
    folder: Path
    pid: int = 0
    uri: str = ""
    bytes_on_disk: int = 0


class ManagedServer:
    """The Neo4j of one data folder, shared by every process that names that folder.

    `cache` receives the jars. `port` 0 picks a free port and remembers it; a port that is named
    must be free. The server listens on loopback alone and outlives the process that started it; one
    that `is_brief` starts sooner and works slower in the long run.
    A new store gets `password`, or one that is generated.
    """

    def __init__(
        self,
        home: Path,
        cache: Path,
        *,
        heap: str = "1g",
        pagecache: str = "128m",
        port: int = 0,
        ready_seconds: float = READY_SECONDS,
        password: str = "",
        is_brief: bool = False,
    ) -> None:
        self._password = password
        self._home = ServerHome(home)
        self._cache = cache
        self._heap = heap
        self._pagecache = pagecache
        self._port = port
        self._ready_seconds = ready_seconds
        self._is_brief = is_brief

    def start(self, progress: Progress = silent) -> Connection:
        """The connection of the running server; starts it when it is down.

        On return it answers, and what a crashed server had committed is there. Of several
        starters one starts, the others wait and get the same connection. Raises OutsideError
        `HOME_NOT_WRITABLE`, `DISK_FULL`, `PORT_TAKEN`, `STORE_LOCKED`, `SERVER_FAILED`,
        `SERVER_START_TIMEOUT` or those of `provide`; StateError `PASSWORD_MISSING`,
        `PASSWORD_WRONG` or `STILL_BUSY`.
        """
        self._home.make()
        with self._alone(progress):
            process = find(self._home)
            if process is not None:
                connection = self._adopt(process, progress)
                if connection is not None:
                    return connection
            folder = provide(self._cache, progress)
            jars = [folder / jar.file_name for jar in locked_jars()]
            self._home.prepare_store(self._password)
            return self._start_down(jars, progress)

    def stop(self, progress: Progress = silent) -> bool:
        """Ends the server; True when one ran. Committed data is safe even if it must be killed.

        Raises AccessError `SERVER_NOT_YOURS`, StateError `STILL_BUSY`.
        """
        if not self._home.lock.exists():
            return False
        with self._alone(progress):
            process = find(self._home)
            if process is not None:
                progress("stopping Neo4j", 0, 0)
                end(process)
            return process is not None

    @property
    def home(self) -> ServerHome:
        """Its files."""
        return self._home

    def take_over(self, other: "ManagedServer", progress: Progress = silent) -> None:
        """Ends both servers and puts the store of the other in place of this one's.

        The old store is kept until `ServerHome.drop_before`. Killed at any point, the next start
        finds the old store or the new one, whole. Raises what `stop` raises.
        """
        other.stop(progress)
        self._home.make()
        with self._alone(progress):
            process = find(self._home)
            if process is not None:
                end(process)
            self._home.take_over(other.home)

    def status(self) -> ServerStatus:
        """What runs now; waits for nobody."""
        process = find(self._home)
        port = max(ports_of(process), default=0) if process is not None else 0
        return ServerStatus(
            running=port > 0,
            version=version(locked_jars()),
            folder=self._home.folder,
            pid=process.pid if process is not None else 0,
            uri=_uri(port) if port else "",
            bytes_on_disk=self._home.bytes_on_disk(),
        )

    def _adopt(self, process: psutil.Process, progress: Progress) -> Connection | None:
        """The connection of a process that runs, or None after ending one whose store has failed.

        Neo4j closes its store after a failed write (a full disk) and needs a new start.
        """
        try:
            return self._ready(process, progress)
        except OutsideError as error:
            if not isinstance(error.__cause__, DatabaseError):
                raise
        progress("restarting Neo4j, whose store has failed", 0, 0)
        end(process)
        return None

    def _start_down(self, jars: list[Path], progress: Progress) -> Connection:
        """Starts the server, on another port when somebody takes the chosen one meanwhile."""
        for attempt in range(1, PORT_ATTEMPTS + 1):
            try:
                return self._start_once(jars, self._choose_port(progress), progress)
            except OutsideError as error:
                if error.code != "PORT_TAKEN" or self._port or attempt == PORT_ATTEMPTS:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _choose_port(self, progress: Progress) -> int:
        if self._port:
            if not free_port(self._port):
                raise port_taken(self._port)
            return self._port
        remembered = self._home.record().port
        chosen = free_port(remembered)
        if not chosen:
            chosen = free_port(0)
            progress(f"port {remembered} is taken, Neo4j moves to port {chosen}", 0, 0)
        return chosen

    def _start_once(self, jars: list[Path], port: int, progress: Progress) -> Connection:
        self._home.write_config(port, self._pagecache)
        process = launch(self._home, jars, self._heap, is_brief=self._is_brief)
        try:
            self._home.write_record(record_of(process, port))
            return self._ready(process, progress)
        except BaseException:
            end(process)
            raise

    def _ready(self, process: psutil.Process, progress: Progress) -> Connection:
        """The connection once the process answers, and the note that its store may be kept."""
        port = self._await_port(process, progress)
        connection = Connection(_uri(port), USER, self._home.password())
        try:
            with open_driver(connection) as driver:
                driver.execute_query("RETURN 1", database_="neo4j")
        except AccessError as error:
            raise self._home.password_wrong() from error
        except (OutsideError, DriverError, Neo4jError) as error:
            raise explain(self._home) from error
        self._home.finish_store()
        return connection

    def _await_port(self, process: psutil.Process, progress: Progress) -> int:
        began = time.monotonic()
        while True:
            port = max(ports_of(process), default=0)
            if port:
                return port
            waited = time.monotonic() - began
            if not is_alive(process):
                raise explain(self._home)
            if waited > self._ready_seconds:
                raise self._too_slow()
            progress("starting Neo4j (s)", int(waited), 0)
            time.sleep(0.1)

    def _too_slow(self) -> OutsideError:
        return OutsideError(
            f"the managed Neo4j did not answer within {self._ready_seconds:.0f} s",
            hint=f"the machine may be busy; its log is `{self._home.logs / 'neo4j.log'}`",
            code="SERVER_START_TIMEOUT",
        )

    def _alone(self, progress: Progress) -> AbstractContextManager[None]:
        waiting = "waiting for another process that starts or stops Neo4j"
        return holding(self._home.lock, LOCK_SECONDS, progress, waiting)


def _uri(port: int) -> str:
    return f"bolt://127.0.0.1:{port}"


def managed_server(settings: Settings) -> ManagedServer:
    """The managed server that the settings describe; nothing is started."""
    return ManagedServer(
        settings.data_folder,
        settings.cache,
        heap=settings.neo4j_heap,
        pagecache=settings.neo4j_pagecache,
        port=settings.neo4j_port,
    )


def connection_for(settings: Settings, progress: Progress = silent) -> Connection:
    """The server at NEO4J_URI where that is set, else the managed one, started when down."""
    if settings.neo4j_uri:
        password = settings.neo4j_password.get_secret_value()
        return Connection(settings.neo4j_uri, settings.neo4j_user, password)
    return managed_server(settings).start(progress)


def open_database(settings: Settings, progress: Progress = silent) -> Driver:
    """A driver that has logged in; the caller closes it.

    Raises what `ManagedServer.start` and `graph.login.open_driver` raise.
    """
    return open_driver(connection_for(settings, progress))
