"""Where a text stands in a folder: in files as they are, and in artifacts that are compressed."""

import json
import os
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from stat import S_ISREG
from unicodedata import normalize

from graph.progress import Progress, silent
from ontology.terms import join_key

PIECE_BYTES = 2**20
_DEFLATED = b"\x78"


def files_that_say(folder: Path, text: str, progress: Progress = silent) -> Iterator[Path]:
    """The plain files below a folder whose bytes, or unpacked bytes, hold a text in UTF-8.

    As it is, with accents composed or apart, within JSON (and JSON within that), or in a key. Reads
    every byte once, a piece at a time. A file that is a package in itself (a workbook, a table of
    Parquet) is searched as it lies there.
    """
    wanted = forms_of(text)
    files = sorted(Path(place, name) for place, _, names in os.walk(folder) for name in names)
    for done, path in enumerate(files):
        progress("looking for the name", done, len(files))
        try:
            if S_ISREG(path.lstat().st_mode) and _says(path, wanted):
                yield path
        except FileNotFoundError:  # the database deletes files of its own
            continue


def forms_of(text: str) -> frozenset[bytes]:
    """The bytes that a text can be in a file of ours: a payload is JSON within a line of JSON."""
    plain = {normalize(form, text) for form in ("NFC", "NFD")} | {text}
    once = {_in_json(one) for one in plain}
    quoted = {join_key((one,)) for one in plain}
    return frozenset(one.encode() for one in (*plain, *once, *map(_in_json, once), *quoted))


def _in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _says(path: Path, wanted: Collection[bytes]) -> bool:
    with path.open("rb") as file:
        is_packed = file.read(1) == _DEFLATED
    found = _holds(_pieces(path), wanted)
    return found or (is_packed and _holds(_unpacked(path), wanted))


def _holds(pieces: Iterator[bytes], wanted: Collection[bytes]) -> bool:
    before, longest = b"", max(map(len, wanted))
    for piece in pieces:
        whole = before + piece
        if any(one in whole for one in wanted):
            return True
        before = whole[-longest:]
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
