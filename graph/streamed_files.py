"""Files under the SHA-256 of what is written into them, none of them in memory as a whole."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

from graph.disk import sync_folder
from graph.unfinished import unfinished

Writer = Callable[[BinaryIO], None]


def keep_written(root: Path, write: Writer, path_of: Callable[[str], Path]) -> str:
    """Keep what is written under the path of its SHA-256, which is given; on return it is durable.

    No half file has that path. Raises OSError; then nothing stays.
    """
    root.mkdir(parents=True, exist_ok=True)
    with unfinished(root) as (temporary, file):
        name = _write_through(file, write)
        path = path_of(name)
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            sync_folder(root)
            sync_folder(root.parent)
        temporary.replace(path)
    sync_folder(path.parent)
    return name


def digest_of_file(path: Path) -> str:
    """The SHA-256 of a file. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Digesting:
    """Passes on what is written, and digests it."""

    closed = False

    def __init__(self, file: BinaryIO) -> None:
        self.state = hashlib.sha256()
        self._file = file

    def write(self, data: bytes) -> int:
        """Write and digest bytes."""
        self.state.update(data)
        return self._file.write(data)

    def flush(self) -> None:
        """Hand on all that was written."""
        self._file.flush()


def _write_through(file: BinaryIO, write: Writer) -> str:
    sink = _Digesting(file)
    write(cast("BinaryIO", sink))
    file.flush()
    os.fsync(file.fileno())
    return sink.state.hexdigest()
