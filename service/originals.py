"""The files of a delivery as they came, kept beside its facts, so that they can be read anew."""

import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from feeds.files import find_files, read_bytes
from feeds.limits import Limits
from ontology.canonical import digest
from service.house import House

if TYPE_CHECKING:
    from service.sync import Prepared

_FAST = 1


def with_originals(house: House, ready: "Prepared", paths: Sequence[Path]) -> "Prepared":
    """The delivery with its files, compressed, where together they are no larger than the setting.

    A file that is no longer the one that was read is not kept.
    """
    most = house.settings.keep_file_bytes
    found = find_files(paths, ready.reading.mapping, Limits())
    if sum(_size(each.path) for each in found) > most:
        return ready
    read = {original(each.file): each.digest for each in ready.result.files}
    kept = {}
    for each in found:
        data = read_bytes(each.path, most, each.folders)
        if digest(data) == read.get(each.rule.file):
            kept[each.rule.file] = house.store.put(zlib.compress(data, _FAST))
    return replace(ready, contents=replace(ready.contents, originals=kept))


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
