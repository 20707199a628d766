"""Where a text stands in a folder: in files as they are, and in artifacts that are compressed."""

import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISREG

from graph.progress import Progress, silent

PIECE_BYTES = 2**20
_DEFLATED = b"\x78"


def files_that_say(folder: Path, text: str, progress: Progress = silent) -> Iterator[Path]:
    """The plain files below a folder whose bytes, or unpacked bytes, hold a text in UTF-8.

    Reads every byte once, a piece at a time. A file that is a package in itself (a workbook, a
    table of Parquet) is searched as it lies there.
    """
    wanted = text.encode()
    files = sorted(path for path in folder.rglob("*") if S_ISREG(path.lstat().st_mode))
    for done, path in enumerate(files):
        progress("looking for the name", done, len(files))
        try:
            if _says(path, wanted):
                yield path
        except FileNotFoundError:  # the database deletes files of its own
            continue


def _says(path: Path, wanted: bytes) -> bool:
    with path.open("rb") as file:
        is_packed = file.read(1) == _DEFLATED
    found = _holds(_pieces(path), wanted)
    return found or (is_packed and _holds(_unpacked(path), wanted))


def _holds(pieces: Iterator[bytes], wanted: bytes) -> bool:
    before = b""
    for piece in pieces:
        whole = before + piece
        if wanted in whole:
            return True
        before = whole[-len(wanted) :]
    return False


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
        while piece := file.read(PIECE_BYTES):
            yield piece


def _unpacked(path: Path) -> Iterator[bytes]:
    """What a file holds that is one stream of deflate, as far as it is one."""
    stream = zlib.decompressobj()
    try:
        for piece in _pieces(path):
            yield stream.decompress(piece, PIECE_BYTES)
            while stream.unconsumed_tail:
                yield stream.decompress(stream.unconsumed_tail, PIECE_BYTES)
    except zlib.error:
        return
