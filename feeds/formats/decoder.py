"""The process that decodes one packed file: it reads what it was given and can open no more."""

import contextlib
import encodings.cp437  # noqa: F401  names in a zip; nothing can be loaded later
import io
import logging
import os
import signal
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from feeds.formats.blocks import Block, Form, damaged, too_large
from feeds.limits import Limits
from ontology.errors import InputError

BLOCK, FAULT, END = b"B", b"F", b"E"
HEAD = struct.Struct("<cI")
_STANDARD_STREAMS = 3
_CHARACTERS = 2**25
_SPARE_BYTES = 2**22
"""Held back, so that there is memory left to say that there is none."""
_PAGES = Path("/proc/self/statm")

Decode = Callable[[BinaryIO, Form, Limits], Iterator[Block]]


class _NoDataFrames:
    """Hides pandas, which Arrow loads on its first array where it finds it: half a second."""

    @staticmethod
    def find_spec(name: str, _path: object = None, _target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)


def main(stated: str) -> None:
    """Decode standard input into frames on standard output: blocks, then a fault or the end.

    `stated` is the JSON text of form and limits. The libraries are loaded before the process
    gives up the right to open anything.
    """
    given = orjson.loads(stated)
    form, limits = Form(**given["form"]), Limits(**given["limits"])
    decode = _decode(form.format)
    confine(limits.decoder_bytes, limits.decoder_seconds)
    spare = [bytes(_SPARE_BYTES)]
    source = io.FileIO(0, "rb", closefd=False)
    sink = io.FileIO(1, "wb", closefd=False)
    try:
        for block in decode(source, form, limits):
            for piece in _pieces(block):
                said = (piece.header, piece.rows, piece.numbers, piece.header_row)
                _send(sink, BLOCK, orjson.dumps(said))
    except InputError as error:
        _send_fault(sink, error)
    except MemoryError:
        spare.clear()
        what = f"decoding it takes over {limits.decoder_bytes} bytes of memory"
        _send_fault(sink, too_large(form, what))
    except (RecursionError, UnicodeError, orjson.JSONEncodeError):
        _send_fault(sink, damaged(form, "the file holds what is no text"))
    else:
        _send(sink, END, b"")


def _decode(name: str) -> Decode:
    if name == "xlsx":
        from feeds.formats.worksheet import xlsx_blocks

        return xlsx_blocks
    if name in {"turtle", "jsonld"}:
        from feeds.rdf import decoding

        logging.disable(logging.CRITICAL)  # of this process: rdflib tells of literals
        decoding.get_ready()
        return decoding.rdf_blocks
    sys.meta_path.insert(0, _NoDataFrames())
    from feeds.formats.tables import arrow_blocks, get_ready, parquet_blocks

    get_ready()
    return parquet_blocks if name == "parquet" else arrow_blocks


def confine(memory_bytes: int, seconds: int) -> None:
    """Give up for good: more memory than so much, more time, every further file and connection.

    A descriptor is needed to open a file, to connect and to start a process; there is none left
    but the three that are open. Where the system has no such limits this does nothing.
    """
    try:
        import resource
    except ImportError:
        return
    memory = _size() + memory_bytes
    for limit, most in (
        (resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, _STANDARD_STREAMS),
    ):  # fmt: skip
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (most, most))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def _size() -> int:
    """The address space in use; where the system does not tell, what the libraries take."""
    try:
        return int(_PAGES.read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 2**30


def _pieces(block: Block) -> Iterator[Block]:
    """The block in halves of halves, until each has at most 2^25 characters or is one row."""
    if len(block.rows) < 2 or sum(len(cell) for row in block.rows for cell in row) <= _CHARACTERS:
        yield block
        return
    half = len(block.rows) // 2
    for part in (slice(half), slice(half, None)):
        rows, numbers = block.rows[part], block.numbers[part]
        yield from _pieces(replace(block, rows=rows, numbers=numbers))


def _send_fault(sink: io.FileIO, error: InputError) -> None:
    said: dict[str, Any] = {
        "code": error.code, "what": error.what, "hint": error.hint,
        "row": error.place.row, "column": error.place.column,
    }  # fmt: skip
    _send(sink, FAULT, orjson.dumps(said))


def _send(sink: io.FileIO, kind: bytes, payload: bytes) -> None:
    for part in (HEAD.pack(kind, len(payload)), payload):
        left = memoryview(part)
        while left:
            left = left[sink.write(left) or 0 :]


if __name__ == "__main__":
    main(sys.argv[1])
