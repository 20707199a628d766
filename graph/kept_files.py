"""Files that survive a crash: temporary name, fsync, rename, fsync of the folder."""

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import Any

from graph.unfinished import unfinished

MOST_AT_ONCE = 16
"""So many files are flushed at once: a journal commits them together, one by one it cannot."""


def put_files(root: Path, parts: Mapping[Path, bytes]) -> None:
    """Keep files; when this returns all of them survive a crash, before it each is whole or absent.

    A file that has this content stays. Until they are whole they are unfinished ones of `root`, on
    the same file system. Raises OSError; no half file stays, whole ones may.
    """
    lacking = {path: data for path, data in parts.items() if not _holds(path, data)}
    made = [parent for path in lacking for parent in _with_folder(path.parent)]
    with ExitStack() as opened:
        temporary, handles = {}, []
        for path, data in lacking.items():
            temporary[path], file = opened.enter_context(unfinished(root))
            file.write(data)
            file.flush()
            handles.append(file.fileno())
        _at_once(os.fsync, handles)
        for path, name in temporary.items():
            name.replace(path)
    # of those that were there, too: who wrote them may have died before this
    _at_once(_sync_folder, {*made, *(path.parent for path in parts)})


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except FileNotFoundError:
        return False


def _with_folder(folder: Path) -> Iterable[Path]:
    """Makes a folder; gives those that gained one by it."""
    if folder.is_dir():
        return ()
    folder.mkdir(parents=True, exist_ok=True)
    return folder.parent, folder.parent.parent


def _at_once(work: Callable[[Any], object], on: Collection[Any]) -> None:
    if len(on) < 2:
        for each in on:
            work(each)
        return
    list(_flushers(os.getpid()).map(work, on))


@lru_cache(maxsize=1)
def _flushers(_process: int) -> ThreadPoolExecutor:
    """The threads of a process that wait for the disk: a child that was forked has none of them."""
    return ThreadPoolExecutor(MOST_AT_ONCE, "flush")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
