"""Rows of sheets on disk, so that what they were made of is let go of before they are facts."""

import errno
import json
import zlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from tempfile import TemporaryFile
from typing import IO

from feeds.formats.sheet import Sheet
from ontology.errors import OutsideError

_ROWS_AT_ONCE = 2_048
_QUICK = 1
_HASH_DIGITS = 64

Row = tuple[int, list[str]]


@dataclass(frozen=True, slots=True)
class _Part:
    """Where some rows lie in the file."""

    start: int
    size: int


def spooled(sheets: Iterable[Sheet]) -> Generator[Sheet]:
    """The same sheets in the same order, all of whose rows lie in a file when the first is given.

    The file has no name, so nothing of it outlives the process; it is let go of with the last
    sheet, or with this iterator. Its rows are compressed, and few of them in memory.
    Raises OutsideError `DISK_FULL` or `SPOOL_UNWRITABLE`, in the middle of it too.
    """
    with ExitStack() as stack:
        with _writing():
            file = stack.enter_context(TemporaryFile(buffering=0))
        kept, once = list(_written(file, sheets)), dict[str, str]()
        for sheet, parts in kept:
            yield replace(sheet, rows=_rows(file, parts, once))


def _written(file: IO[bytes], sheets: Iterable[Sheet]) -> Iterator[tuple[Sheet, list[_Part]]]:
    """Each sheet without its rows, and where they lie."""
    for sheet in sheets:
        parts, rows = list[_Part](), iter(sheet.rows)
        while some := list(islice(rows, _ROWS_AT_ONCE)):
            data = zlib.compress(json.dumps(some).encode(), _QUICK)
            parts.append(_put(file, data))
            del some
        yield replace(sheet, rows=()), parts
        del sheet, rows  # the next one is made before these names are bound again


def _put(file: IO[bytes], data: bytes) -> _Part:
    """Write bytes at the end: a disk that takes some of them takes the others or says why not."""
    with _writing():
        start, left = file.tell(), memoryview(data)
        while left:
            left = left[file.write(left) :]
    return _Part(start, len(data))


def _rows(file: IO[bytes], parts: Iterable[_Part], once: dict[str, str]) -> Iterator[Row]:
    """The rows of a sheet; the hash of an event, which begins rows of several, is there once."""
    for part in parts:
        with _writing():
            file.seek(part.start)
            data = file.read(part.size)
        for number, cells in json.loads(zlib.decompress(data)):
            if len(cells[0]) == _HASH_DIGITS:
                cells[0] = once.setdefault(cells[0], cells[0])
            yield number, cells


@contextmanager
def _writing() -> Iterator[None]:
    """What the system says of the file, in our words."""
    try:
        yield
    except OSError as error:
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        why = (error.strerror or "unknown reason").lower()
        raise OutsideError(
            f"the rows of a document cannot be kept while they are read: {why}",
            code="DISK_FULL" if is_full else "SPOOL_UNWRITABLE",
            hint="free space in the folder for temporary files, or name another by TMPDIR",
        ) from error  # fmt: skip
