"""The files of a delivery as they came, kept beside its facts, so that they can be read anew."""

import zlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO

from feeds.files import find_files, open_file
from feeds.limits import Limits
from feeds.mapping import Mapping
from feeds.result import FeedResult
from service.house import House

_FAST = 1
_PIECE_BYTES = 2**18


def packed_originals(
    house: House, mapping: Mapping, result: FeedResult, paths: Sequence[Path]
) -> dict[str, bytes]:
    """A delivery's files, compressed, by name; none where they are too large.

    The setting bounds them together. A file that is no longer the one that was read is not kept,
    nor is one that names persons.
    """
    most = house.settings.keep_file_bytes
    found = find_files(paths, mapping, Limits())
    if sum(_size(each.path) for each in found) > most:
        return {}
    read = {original(each.file): each.digest for each in result.files}
    packed = {}
    for each in found:
        if each.rule.pseudonyms:  # INVARIANT: nothing that is kept names a person
            continue
        with open_file(each.path, most, each.folders) as stream:
            data = _packed(stream)
            if stream.finish()[0] == read.get(each.rule.file):
                packed[each.rule.file] = data
    return packed


def _packed(stream: BinaryIO) -> bytes:
    """All that a stream holds, compressed; no more of it is in memory than a piece."""
    packer = zlib.compressobj(_FAST)
    pieces = iter(partial(stream.read, _PIECE_BYTES), b"")
    return b"".join([*map(packer.compress, pieces), packer.flush()])


def original(file: str) -> str:
    """The file that a sheet of the account came from: `facts.ttl#Item` from `facts.ttl`."""
    return file.partition("#")[0]


def unpacked(house: House, name: str, most: int) -> bytes:
    """The bytes of a kept file, at most so many. Raises OutsideError as the store does."""
    return zlib.decompressobj().decompress(house.store.get(name), most)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
