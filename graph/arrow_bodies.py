"""Whether an Arrow IPC file is as large in memory as on disk: told from its footer, before reading.

The forms are those of Schema.fbs, Message.fbs and File.fbs of Apache Arrow (format 1.0 and later).
"""

import struct
from collections.abc import Iterator
from typing import Any

MAGIC = b"ARROW1"
DICTIONARIES, BATCHES = 2, 3
"""Fields of the footer."""
HEADER, MESSAGE_METADATA, COMPRESSION = 2, 4, 3
"""Fields of a message, and of the record batch that is its header."""
BLOCK = struct.Struct("<qi4xq")
_CONTINUES = b"\xff\xff\xff\xff"


def hold_plain_bodies(file: Any) -> None:
    """Raises ValueError for a file that holds more than its bytes.

    That is one with a compressed batch (a thousand times its size in memory), with one that is
    named twice, or with dictionaries; this program writes none of those. `file` has the methods
    `size`, `seek` and `read`; it may be read from its beginning afterwards.
    """
    try:
        _hold(file)
    except struct.error as error:
        raise ValueError("the footer or a message points beyond its end") from error
    finally:
        file.seek(0)


def _hold(file: Any) -> None:
    size = file.size()
    footer_size, magic = struct.unpack("<i6s", _read(file, size - 10, 10))
    if magic != MAGIC or not 0 < footer_size <= size - 10:
        raise ValueError("it has no footer")
    footer = _read(file, size - 10 - footer_size, footer_size)
    if any(True for _ in _blocks(footer, DICTIONARIES)):
        raise ValueError("it has dictionaries")
    end = 0
    for offset, metadata_length, body_length in _blocks(footer, BATCHES):
        if offset < end or metadata_length < 0 or body_length < 0:
            raise ValueError("two batches share bytes")
        end = offset + metadata_length + body_length
        if end > size:
            raise ValueError("a batch ends beyond the file")
        _hold_message(_read(file, offset, metadata_length))


def _hold_message(data: bytes) -> None:
    message = data[8:] if data.startswith(_CONTINUES) else data[4:]
    root = _root(message)
    header = _field(message, root, HEADER)
    if not header or _field(message, _target(message, header), COMPRESSION):
        raise ValueError("a batch is compressed")
    if _field(message, root, MESSAGE_METADATA):  # where Arrow 0.17 stated a compression
        raise ValueError("a batch has metadata of its own")


def _blocks(footer: bytes, name: int) -> Iterator[tuple[int, int, int]]:
    """Offset, length of metadata and of the body, of each block of a field of the footer."""
    if place := _field(footer, _root(footer), name):
        vector = _target(footer, place)
        (count,) = struct.unpack_from("<I", footer, vector)
        for number in range(count):
            yield BLOCK.unpack_from(footer, vector + 4 + number * BLOCK.size)


def _root(data: bytes) -> int:
    return _target(data, 0)


def _target(data: bytes, place: int) -> int:
    """Where the offset at a place points to."""
    (offset,) = struct.unpack_from("<I", data, place)
    return place + int(offset)


def _field(data: bytes, table: int, number: int) -> int:
    """The place of a field of a flatbuffers table, 0 where it is not stated."""
    (back,) = struct.unpack_from("<i", data, table)
    vtable = table - back
    if vtable < 0:
        raise ValueError("a table points before its beginning")
    (size,) = struct.unpack_from("<H", data, vtable)
    if 4 + 2 * number >= size:
        return 0
    (offset,) = struct.unpack_from("<H", data, vtable + 4 + 2 * number)
    return table + int(offset) if offset else 0


def _read(file: Any, start: int, length: int) -> bytes:
    if start < 0 or length < 0:
        raise ValueError("it is too short")
    file.seek(start)
    return bytes(file.read(length))
