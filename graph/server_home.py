"""What the managed server keeps on disk: password, port, settings, and which process it is."""

import hashlib
import json
import secrets
import shutil
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from graph.disk import sync_folder, write_durably, writing
from ontology.errors import StateError

USER = "neo4j"
HASH_ROUNDS = 1024


@dataclass(frozen=True, slots=True)
class Record:
    """The process that was started last and its port; `pid` 0 when it was stopped."""

    pid: int = 0
    started_at: float = 0.0
    port: int = 0


class ServerHome:
    """The folder `neo4j` inside a data folder; every path and file of the managed server."""

    def __init__(self, home: Path) -> None:
        self.folder = home.expanduser().resolve() / "neo4j"
        self.data = self.folder / "data"
        self.config = self.folder / "conf"
        self.logs = self.folder / "logs"
        self.console = self.logs / "console.log"
        self.lock = self.folder / "starting.lock"
        self._record = self.folder / "server.json"
        self._password = self.folder / "password"
        self._unfinished = self.folder / "first-start-unfinished"
        self._next = self.folder.with_name("neo4j.next")
        self._before = self.folder.with_name("neo4j.before")

    @property
    def is_lost(self) -> bool:
        """Whether nothing is left of a store, nor the password by which a process could know it."""
        return not any(path.exists() for path in (self.data, self._password, self._next))

    def make(self) -> None:
        """Makes the folders, open to their owner alone.

        Raises OutsideError `HOME_NOT_WRITABLE` or `DISK_FULL`.
        """
        with self._writing():
            self._finish_take_over()
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.config.mkdir(exist_ok=True)
            self.logs.mkdir(exist_ok=True)
            self.lock.touch(mode=0o600)

    def prepare_store(self, password: str = "") -> None:
        """Makes a new store ready for its first start, after wiping one that never became ready.

        A store that once answered, or that somebody copied here, is never touched. Raises
        StateError `PASSWORD_MISSING` where such a store has lost its password file.
        """
        with self._writing():
            if self._unfinished.exists():
                shutil.rmtree(self.data, ignore_errors=True)
            if self.data.exists():
                self.password()
                return
            write_durably(self._unfinished, b"")
            password = password or secrets.token_urlsafe(24)
            write_durably(self._password, password.encode())
            (self.data / "dbms").mkdir(parents=True)
            write_durably(self.data / "dbms" / "auth.ini", _initial_login(password).encode())

    def take_over(self, other: "ServerHome") -> None:
        """Puts the store of another home in place of this one, which is kept until `drop_before`.

        Both servers are down. Killed at any point, this home has the old store or the new one,
        whole; a running service finds the new one at the old port.
        """
        with self._writing():
            for left in (self._next, self._before):
                shutil.rmtree(left, ignore_errors=True)
            other.write_record(Record(port=self.record().port))
            other.folder.replace(self._next)
            sync_folder(self.folder.parent)
            if self.folder.exists():
                self.folder.replace(self._before)
            self._finish_take_over()

    def drop_before(self) -> None:
        """Deletes the store that `take_over` kept."""
        shutil.rmtree(self._before, ignore_errors=True)

    def _finish_take_over(self) -> None:
        """The second half of a take-over, also of one that was killed between its halves."""
        if self._next.exists() and not self.data.exists():
            shutil.rmtree(self.folder, ignore_errors=True)  # what a starter made in between
            with suppress(FileNotFoundError):  # another starter has done it
                self._next.replace(self.folder)
                sync_folder(self.folder.parent)

    def finish_store(self) -> None:
        """Notes that the store has answered once: from here on it is never wiped."""
        with self._writing():
            self._unfinished.unlink(missing_ok=True)
            sync_folder(self.folder)

    def password(self) -> str:
        """The generated password; raises StateError `PASSWORD_MISSING`."""
        try:
            return self._password.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            raise StateError(
                f"`{self._password}` is gone, and the store cannot be opened without it",
                hint="put it back from a backup, or move the folder `neo4j` away to begin anew",
                code="PASSWORD_MISSING",
            ) from None

    def password_wrong(self) -> StateError:
        """The error for a password file that the store does not know."""
        return StateError(
            f"the password in `{self._password}` does not open the store",
            hint="put the file that belongs to this store back from a backup",
            code="PASSWORD_WRONG",
        )

    def record(self) -> Record:
        """What the last start wrote; an unreadable file counts as none."""
        try:
            written = json.loads(self._record.read_text(encoding="utf-8"))
            return Record(int(written["pid"]), float(written["started_at"]), int(written["port"]))
        except (OSError, ValueError, KeyError, TypeError):
            return Record()

    def write_record(self, record: Record) -> None:
        """Replaces the record at once or not at all."""
        with self._writing():
            write_durably(self._record, json.dumps(asdict(record)).encode())

    def write_config(self, port: int, pagecache: str) -> None:
        """Writes Neo4j's settings anew: loopback, Bolt alone, nothing that reaches out."""
        lines = [f"{name}={value}" for name, value in _config(port, pagecache).items()]
        with self._writing():
            write_durably(self.config / "neo4j.conf", ("\n".join(lines) + "\n").encode())

    def _writing(self) -> AbstractContextManager[None]:
        hint = "set EVENKEEL_HOME to a folder that you may write"
        return writing(self.folder, refused="HOME_NOT_WRITABLE", hint=hint)

    def write_class_path(self, jars: list[Path]) -> Path:
        """Writes the class path as an argument file of Java, so that only these jars are loaded."""
        file = self.config / "class-path.args"
        quoted = ":".join(map(str, jars)).replace("\\", "\\\\").replace('"', '\\"')
        with self._writing():
            write_durably(file, f'-cp "{quoted}"\n'.encode())
        return file

    def bytes_on_disk(self) -> int:
        """The size of the store with its transaction logs."""
        return sum(file.stat().st_size for file in self.data.rglob("*") if file.is_file())


def _config(port: int, pagecache: str) -> dict[str, str]:
    return {
        "server.default_listen_address": "127.0.0.1",
        "server.bolt.listen_address": f"127.0.0.1:{port}",
        "server.bolt.advertised_address": f"127.0.0.1:{port}",
        "server.http.enabled": "false",
        "server.https.enabled": "false",
        "server.memory.pagecache.size": pagecache,
        "db.tx_log.preallocate": "false",
        "db.tx_log.rotation.retention_policy": "keep_none",
        "db.logs.query.enabled": "OFF",
        "dbms.usage_report.enabled": "false",
        "dbms.security.allow_csv_import_from_file_urls": "false",
        "internal.dbms.cypher_ip_blocklist": "0.0.0.0/0,::/0",
        "internal.server.bolt.thread_pool_shutdown_wait_time": "200ms",
    }


def _initial_login(password: str) -> str:
    """The line that `neo4j-admin dbms set-initial-password` writes, without starting a JVM."""
    salt = secrets.token_bytes(32)
    hashed = salt + password.encode()
    for _ in range(HASH_ROUNDS):
        hashed = hashlib.sha256(hashed).digest()
    return f"{USER}:SHA-256,{hashed.hex()},{salt.hex()},{HASH_ROUNDS}:\n"
