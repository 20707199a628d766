"""Files on the way to their names: each is its writer's alone, and none outlives it for long."""

import fcntl
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

MARK = ".swept"
"""The file that says that no unfinished file of an older version is left in a store."""
ABANDONED_SECONDS = 86_400.0
_NAME = re.compile(r"\.[0-9a-f]{16}\.part")
_SHARD = re.compile(r"[0-9a-f]{2}")


@contextmanager
def unfinished(folder: Path, mode: int = 0o666) -> Iterator[tuple[Path, BinaryIO]]:
    """A new file that nobody else has, for its writer to rename when it is whole.

    It is locked until the block ends, so that `sweep` leaves it alone; what was not renamed by then
    is deleted. Raises OSError.
    """
    path, handle = _locked(folder, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            yield path, file
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def sweep(folder: Path) -> int:
    """Delete the unfinished files of writers that are gone; gives how many.

    Of a living writer, in this process or another, none is deleted: the system frees a lock when
    its holder ends, not before. A file that cannot be looked at stays.
    """
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if _NAME.fullmatch(entry.name)]
    except OSError:
        return 0
    return sum(_is_deleted(folder / name) for name in names)


def sweep_older(root: Path) -> int:
    """Delete unfinished files that older versions left in the folders of a store; gives how many.

    Those held no lock, so only what nobody has touched for a day goes. Once nothing of the kind is
    left a mark says so, and no folder is looked into again: today's versions leave none there.
    """
    if (root / MARK).exists() or not root.is_dir():
        return 0
    gone, left = 0, 0
    with suppress(OSError):  # what cannot be looked at stays, and is looked at again
        for path in _unfinished_below(root):
            is_old = time.time() - path.lstat().st_mtime > ABANDONED_SECONDS
            gone, left = gone + is_old, left + (not is_old)
            if is_old:
                path.unlink(missing_ok=True)
        if not left:
            (root / MARK).touch()
    return gone


def _unfinished_below(root: Path) -> Iterator[Path]:
    for folder in root.iterdir():
        if _SHARD.fullmatch(folder.name):
            with os.scandir(folder) as entries:
                yield from [folder / one.name for one in entries if _NAME.fullmatch(one.name)]


def _locked(folder: Path, mode: int) -> tuple[Path, int]:
    while True:
        path = folder / f".{secrets.token_hex(8)}.part"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.fstat(handle).st_nlink:  # else it was swept before it was locked
                return path, handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _is_deleted(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)  # by its name: what was renamed meanwhile is not touched
    except OSError:
        return False
    finally:
        os.close(handle)
    return True
