"""Content-addressed artifacts: bytes under their SHA-256, in a folder or an object store."""

import errno
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
from fsspec import core

from graph.arrow import arrow_bytes, matrix_bytes, matrix_from, table_from
from ontology.canonical import canonical, digest
from ontology.columns import Column, Table
from ontology.errors import InputError, OutsideError

_open_system: Any = core.url_to_fs
_DIGITS = frozenset("0123456789abcdef")


class ArtifactStore:
    """Artifacts in a folder (`ab/cdef...`) or under any URL that fsspec knows.

    What `put` has returned survives a crash: temporary name, fsync, rename, fsync of the folder.
    What `get` returns has the hash that was asked for. Both may be called from any number of
    threads and processes at once.
    """

    def __init__(self, place: Path | str, **options: Any) -> None:
        self._system, self._root = _open_system(str(place), **options)
        protocol = self._system.protocol
        self._is_local = "file" in ((protocol,) if isinstance(protocol, str) else protocol)

    def put(self, data: bytes) -> str:
        """Keep bytes; gives their SHA-256. Keeping them again changes nothing.

        Raises OutsideError `DISK_FULL` or `ARTIFACT_NOT_WRITTEN`; no half file stays.
        """
        name = digest(data)
        if self._is_local:
            _put_file(Path(self._path(name)), data)
        elif not self.has(name):
            self._system.pipe_file(self._path(name), data)
        return name

    def get(self, name: str) -> bytes:
        """The bytes of a SHA-256.

        Raises OutsideError `ARTIFACT_MISSING`, or `ARTIFACT_CORRUPT` if the hash is another.
        """
        try:
            data = bytes(self._system.cat_file(self._path(name)))
        except FileNotFoundError as error:
            raise OutsideError(
                f"artifact `{name}` is missing", code="ARTIFACT_MISSING",
                hint="`evenkeel restore FOLDER --missing` puts it back from a backup",
            ) from error  # fmt: skip
        if digest(data) != name:  # INVARIANT: bytes are what their name says
            raise OutsideError(
                f"artifact `{name}` is corrupt: its content has the digest `{digest(data)}`",
                code="ARTIFACT_CORRUPT",
                hint="`evenkeel restore FOLDER --missing` puts it back from a backup",
            )  # fmt: skip
        return data

    def has(self, name: str) -> bool:
        """Whether there is a file for this SHA-256 (its content is checked only by `get`)."""
        return bool(self._system.exists(self._path(name)))

    def size(self, name: str) -> int:
        """The bytes of the file for this SHA-256, which must be there."""
        return int(self._system.size(self._path(name)))

    def names(self) -> list[str]:
        """The SHA-256 of every artifact that is here, in order."""
        root = str(self._root)
        found = self._system.find(root) if self._system.exists(root) else []
        names = ("".join(str(path).split("/")[-2:]) for path in found)
        return sorted(name for name in names if len(name) == 64 and _DIGITS.issuperset(name))

    def put_document(self, document: Any) -> str:
        """Keep a document as canonical JSON."""
        return self.put(canonical(document))

    def get_document(self, name: str) -> Any:
        """A document that was kept as canonical JSON."""
        try:
            return orjson.loads(self.get(name))
        except orjson.JSONDecodeError as error:
            raise OutsideError(
                f"artifact `{name}` is not a JSON document", code="ARTIFACT_UNREADABLE",
                hint="check which artifact the log names here",
            ) from error  # fmt: skip

    def put_table(self, table: Table) -> str:
        """Keep a table as an Arrow IPC file, rows in the given order."""
        return self.put(arrow_bytes(table))

    def get_table(self, name: str) -> Table:
        """A table that was kept as an Arrow IPC file."""
        return table_from(self.get(name))

    def put_matrix(self, matrix: Column, names: tuple[str, ...]) -> str:
        """Keep a matrix of int64, one named column per column."""
        return self.put(matrix_bytes(matrix, names))

    def get_matrix(self, name: str) -> Column:
        """A matrix of int64 that was kept by `put_matrix`."""
        return matrix_from(self.get(name))

    def export(self, names: Iterable[str], folder: Path) -> int:
        """Copy artifacts, each verified, into a folder that is itself a store; gives how many.

        For everything that a manifest names, pass `graph.manifests.closure`.
        """
        target = ArtifactStore(folder)
        chosen = sorted(set(names))
        for name in chosen:
            target.put(self.get(name))
        return len(chosen)

    def _path(self, name: str) -> str:
        if len(name) != 64 or not _DIGITS.issuperset(name):
            raise InputError(
                f"`{name[:80]}` is not a SHA-256", code="BAD_DIGEST",
                hint="give 64 lower-case hexadecimal digits",
            )  # fmt: skip
        return f"{self._root}/{name[:2]}/{name[2:]}"


def _put_file(path: Path, data: bytes) -> None:
    temporary = path.parent / f".{secrets.token_hex(8)}.part"
    try:
        if _holds(path, data):
            _sync_folder(path.parent)  # the one who wrote it may have died before this
            return
        _make_folder(path.parent)
        try:
            _write_through(temporary, data)
            temporary.replace(path)
        except OSError:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        raise OutsideError(
            f"an artifact of {len(data)} bytes cannot be written: {error.strerror}",
            code="DISK_FULL" if full else "ARTIFACT_NOT_WRITTEN",
            hint="free some space" if full else "check the artifact folder and its permissions",
        ) from error


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes() == data
    except FileNotFoundError:
        return False


def _write_through(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    for parent in (folder.parent, folder.parent.parent):
        _sync_folder(parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
