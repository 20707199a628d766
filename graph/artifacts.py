"""Content-addressed artifacts: bytes under their SHA-256, in a folder or an object store."""

import errno
import io
import stat
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import orjson
from fsspec import core

from graph.arrow import ROWS_AT_ONCE, matrix_from, table_from, write_matrix, write_table
from graph.kept_files import put_files
from graph.streamed_files import Writer, digest_of_file, keep_written
from graph.unfinished import sweep, sweep_older
from ontology.canonical import canonical, digest
from ontology.columns import Column, Table
from ontology.errors import InputError, OutsideError

_open_system: Any = core.url_to_fs
_DIGITS = frozenset("0123456789abcdef")
_TABLES: WeakValueDictionary[str, Table] = WeakValueDictionary()
"""The tables that somebody has, by the SHA-256 of their file: none is in memory twice."""
SMALL_BYTES = 2**20
"""A file of so many bytes is read at once."""
LARGE_BYTES = 2**20
"""So many bytes are not held back until others join them."""


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

    @property
    def place(self) -> tuple[Any, str, bool]:
        """The file system, the folder in it, and whether that is a local one."""
        return self._system, self._root, self._is_local

    def put(self, data: bytes) -> str:
        """Keep bytes; gives their SHA-256. Keeping them again changes nothing.

        Raises OutsideError `DISK_FULL` or `ARTIFACT_NOT_WRITTEN`; no half file stays.
        """
        name = digest(data)
        self.put_all({name: data})
        return name

    def put_all(self, parts: Mapping[str, bytes]) -> None:
        """Keep bytes under their SHA-256. Raises as `put` does; then some of them may be kept."""
        if self._is_local and parts:
            _files(Path(self._root), {Path(self._path(n)): data for n, data in parts.items()})
            return
        for name, data in parts.items():
            if not self.has(name):
                self._system.pipe_file(self._path(name), data)

    def together(self) -> "Bundle":
        """A store to put into what belongs together: `with store.together() as bundle:`."""
        return Bundle(self)

    def get(self, name: str) -> bytes:
        """The bytes of a SHA-256.

        Raises OutsideError `ARTIFACT_MISSING`, or `ARTIFACT_CORRUPT` if the hash is another.
        """
        try:
            data = self._bytes(self._path(name))
        except FileNotFoundError as error:
            raise OutsideError(
                f"artifact `{name}` is missing", code="ARTIFACT_MISSING",
                hint="`evenkeel restore FOLDER --missing` puts it back from a backup",
            ) from error  # fmt: skip
        if digest(data) != name:  # INVARIANT: bytes are what their name says
            raise _corrupt(name, f"its content has the digest `{digest(data)}`")
        return data

    def _bytes(self, path: str) -> bytes:
        if not self._is_local:
            return bytes(self._system.cat_file(path))
        _hold_file(Path(path))
        return Path(path).read_bytes()

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
        return sorted(filter(is_name, names))

    def sweep(self) -> int:
        """Delete what killed writers left; gives how many. What is being written now stays."""
        if not self._is_local:
            return 0
        return sweep(Path(self._root)) + sweep_older(Path(self._root))

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
        name = self._put_written(len(table), partial(write_table, table))
        _TABLES[name] = table
        return name

    def get_table(self, name: str) -> Table:
        """A table that was kept as an Arrow IPC file; one object for as long as anybody has it."""
        source = self._source(name)
        found = _TABLES.get(name)
        if found is None:
            found = _TABLES[name] = table_from(source)
        return found

    def put_matrix(self, matrix: Column, names: tuple[str, ...]) -> str:
        """Keep a matrix of int64, one named column per column."""
        return self._put_written(len(matrix), partial(write_matrix, matrix, names))

    def get_matrix(self, name: str) -> Column:
        """A matrix of int64 that was kept by `put_matrix`."""
        return matrix_from(self._source(name))

    def _put_written(self, rows: int, write: Writer) -> str:
        """Keep what is written, as `put` does; of many rows a local file is never in memory."""
        if not self._is_local or rows <= ROWS_AT_ONCE:
            sink = io.BytesIO()
            write(sink)
            return self.put(sink.getvalue())
        try:
            return keep_written(Path(self._root), write, lambda name: Path(self._path(name)))
        except OSError as error:
            raise _not_written("a large artifact", error) from error

    def _source(self, name: str) -> bytes | Path:
        """What a SHA-256 stands for, verified: the path of a large local file. Raises as `get`."""
        path = Path(self._path(name))
        try:
            if not self._is_local or path.stat().st_size <= SMALL_BYTES:
                return self.get(name)
            _hold_file(path)
            if (found := digest_of_file(path)) == name:  # INVARIANT: bytes are what their name says
                return path
        except FileNotFoundError:
            return self.get(name)  # it tells that it is missing
        raise _corrupt(name, f"its content has the digest `{found}`")

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
        if not is_name(name):
            raise InputError(
                f"`{name[:80]}` is not a SHA-256", code="BAD_DIGEST",
                hint="give 64 lower-case hexadecimal digits",
            )  # fmt: skip
        return f"{self._root}/{name[:2]}/{name[2:]}"


class Bundle(ArtifactStore):
    """A store whose `put` is kept when its block ends: together, which is many times as fast.

    Nothing of it is kept where the block ends by an error.
    """

    def __init__(self, store: ArtifactStore) -> None:
        self._system, self._root, self._is_local = store.place
        self._whole = store
        self._waits: dict[str, bytes] = {}

    def put(self, data: bytes) -> str:
        """Remember bytes until the block ends (many are kept at once); gives their SHA-256."""
        if len(data) > LARGE_BYTES:
            return self._whole.put(data)
        name = digest(data)
        self._waits[name] = data
        return name

    def __enter__(self) -> "Bundle":
        """The store to put into."""
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        """Keep all that was put. Raises as `ArtifactStore.put` does."""
        if error is None:
            self._whole.put_all(self._waits)


def is_name(text: str) -> bool:
    """Whether a text can name an artifact: 64 lower-case hexadecimal digits."""
    return len(text) == 64 and _DIGITS.issuperset(text)


def _files(root: Path, parts: Mapping[Path, bytes]) -> None:
    try:
        put_files(root, parts)
    except OSError as error:
        what = f"an artifact of {max(map(len, parts.values()))} bytes"
        raise _not_written(what, error) from error


def _hold_file(path: Path) -> None:
    """Raises OutsideError unless a path is that of a plain file: others may have no end."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        raise _corrupt("".join(path.parts[-2:]), "it is no plain file")


def _corrupt(name: str, why: str) -> OutsideError:
    return OutsideError(
        f"artifact `{name}` is corrupt: {why}", code="ARTIFACT_CORRUPT",
        hint="`evenkeel restore FOLDER --missing` puts it back from a backup",
    )  # fmt: skip


def _not_written(what: str, error: OSError) -> OutsideError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return OutsideError(
        f"{what} cannot be written: {error.strerror}",
        code="DISK_FULL" if full else "ARTIFACT_NOT_WRITTEN",
        hint="free some space" if full else "check the artifact folder and its permissions",
    )
