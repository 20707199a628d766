"""Where a delivery lies while it comes in: private, bounded, and gone afterwards."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import BinaryIO

from feeds.by_class import in_any_format
from feeds.files import found_as
from feeds.limits import Limits
from feeds.mapping import FileRule
from feeds.mapping import Mapping as FeedMapping
from graph.disk import writing
from graph.locking import holding
from graph.progress import silent
from ontology.errors import InputError, Place

CHUNK_BYTES = 2**20
MOST_BYTES = Limits().file_bytes
"""No more of a file is taken in than can be read."""
_LOCK, _LONGEST_WAIT_SECONDS = "lock", 60


@contextmanager
def spool(home: Path) -> Iterator[Path]:
    """A folder below the data folder that this process alone has, deleted when the block ends.

    What a killed process left is deleted first. Raises OutsideError `SPOOL_UNWRITABLE` or
    `DISK_FULL`.
    """
    place = home / "spool"
    with _writing(place):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(place):
            _sweep(place)
            folder = Path(mkdtemp(dir=place))
            handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def clear_left(home: Path) -> None:
    """Delete what killed processes left of what they received; a living one's stays.

    Raises OutsideError `SPOOL_UNWRITABLE`.
    """
    place = home / "spool"
    if not place.is_dir():
        return
    with _writing(place), _alone(place):
        _sweep(place)


def _writing(place: Path) -> AbstractContextManager[None]:
    return writing(place, refused="SPOOL_UNWRITABLE", hint="check the data folder")


def _alone(place: Path) -> AbstractContextManager[None]:
    waiting = "waiting for another process that begins to receive"
    return holding(place / _LOCK, _LONGEST_WAIT_SECONDS, silent, waiting)


def place_for(folder: Path, file: str) -> Path:
    """Where a file of a mapping is written in a spool: below a folder of its own.

    Raises OutsideError `SPOOL_UNWRITABLE`, `DISK_FULL`.
    """
    with _writing(folder):
        path = Path(mkdtemp(dir=folder)) / file
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def append(path: Path, data: bytes) -> None:
    """Write more of a file that comes in. Raises OutsideError `SPOOL_UNWRITABLE`, `DISK_FULL`."""
    with _writing(path.parent), path.open("ab") as out:
        out.write(data)


def discard(folder: Path, path: Path) -> None:
    """Delete what `place_for` gave, however far it was written."""
    shutil.rmtree(folder / path.relative_to(folder).parts[0], ignore_errors=True)


def receive(
    stream: BinaryIO, folder: Path, file: str, most_bytes: int = MOST_BYTES
) -> Path:  # fmt: skip
    """All bytes of a stream as a file in a spool, read no further than a file may go.

    Raises InputError `FILE_TOO_LARGE`; OutsideError `SPOOL_UNWRITABLE`, `DISK_FULL`.
    """
    left = most_bytes
    with _writing(folder):
        path = place_for(folder, file)
        with path.open("xb") as out:
            while chunk := stream.read(CHUNK_BYTES):
                left -= len(chunk)
                if left < 0:
                    raise too_large(file, most_bytes)
                out.write(chunk)
    return path


def too_large(file: str, limit: int) -> InputError:
    """The error for what is larger than one file may be."""
    return InputError(f"this is larger than {limit} bytes", code="FILE_TOO_LARGE",
                      place=Place(file), hint="split it")  # fmt: skip


def rule_meant(mapping: FeedMapping, name: str, forms: tuple[str, ...] = ()) -> FileRule:
    """The file of a mapping that a delivery without folder is: by its name, else the only one.

    `forms` are the formats that it may have, where the sender says it. Raises InputError
    `FILE_NOT_MAPPED` or `FILE_NAME_MISSING`.
    """
    rules = in_any_format(mapping.files) if mapping.by_class else mapping.files
    names = ", ".join(rule.file for rule in mapping.files)
    fits = [rule for rule in rules if _fits(rule, name, forms)]
    if len(fits) == 1:
        return fits[0]
    if name:
        of = f" of the format `{'` or `'.join(forms)}`" if forms else ""
        raise InputError(f"the mapping `{mapping.name}` names no such file{of}",
                         code="FILE_NOT_MAPPED", place=Place(name),
                         hint=f"it names: {names}")  # fmt: skip
    raise InputError(f"the mapping `{mapping.name}` names {len(rules)} files, and it is not said "
                     "which one this is", code="FILE_NAME_MISSING",
                     hint=f"name one of: {names}")  # fmt: skip


def _fits(rule: FileRule, name: str, forms: tuple[str, ...]) -> bool:
    is_named = not name or found_as(name) == found_as(rule.file)
    return is_named and (not forms or rule.format in forms)


def _sweep(place: Path) -> None:
    """Delete the folders whose process is gone: the system has freed their locks."""
    for folder in place.iterdir():
        if not folder.is_dir():
            continue
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(handle)
