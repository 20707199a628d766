"""Packed files are decoded in a process of their own, whose every word is checked."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, BinaryIO, cast

import orjson

from feeds.digested import DigestedFile
from feeds.formats.blocks import Block, Form, damaged, fault, too_large
from feeds.formats.decoder import BLOCK, END, FAULT, HEAD
from feeds.limits import Limits
from ontology.errors import InputError, Place

PACKED = ("parquet", "arrow", "xlsx")
_LARGEST_FRAME = 2**28
_ROOT = Path(__file__).parents[2]
_QUIET = {
    "ARROW_DEFAULT_MEMORY_POOL": "system", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8",
}  # fmt: skip
"""A memory pool that does not reserve ahead, and no threads: the limit counts what is reserved."""


def blocks_apart(source: bytes | BinaryIO, form: Form, limits: Limits) -> Iterator[Block]:
    """The blocks of a packed file, one decoded ahead of the reader at most.

    The process has the file as its standard input, and no other descriptor but its two outputs.
    An open file of a feed is handed over itself, so that it need not be in memory.
    Raises the decoder's InputError, `UNPACKED_TOO_LARGE` where it dies for want of memory,
    `DECODING_TOO_LONG` where its time is up, and `FILE_DAMAGED` where it dies otherwise.
    """
    with _handed_over(source) as handle, _decoder(handle, form, limits) as process:
        while True:
            kind, payload = _frame(process, form, limits)
            if kind == END:
                return
            try:
                said = orjson.loads(payload)
                if kind == FAULT:
                    raise _fault(said, form)
                yield _block(said)
            except (ValueError, TypeError, KeyError) as error:
                raise damaged(form, "the decoder does not say what a decoder says") from error


def _block(said: Any) -> Block:
    header, rows, numbers, header_row = said
    texts = {str}
    if not (
        type(header_row) is int
        and {list} >= set(map(type, (header, rows, numbers, *rows)))
        and {int} >= set(map(type, numbers))
        and texts >= set(map(type, header))
        and all(texts >= set(map(type, row)) for row in rows)
        and len(rows) == len(numbers)
    ):
        raise ValueError
    return Block(tuple(header), rows, numbers, header_row=header_row)


def _fault(said: dict[str, Any], form: Form) -> InputError:
    place = Place(form.file, int(said["row"]), str(said["column"]))
    what, hint, code = (str(said[key]) for key in ("what", "hint", "code"))
    return InputError(what, code=code, hint=hint, place=place)


@contextmanager
def _handed_over(source: bytes | BinaryIO) -> Iterator[int]:
    """The descriptor of a file; of bytes, one without a name, in memory where the system can."""
    if isinstance(source, DigestedFile):
        yield source.hand_over()
        return
    data = source if isinstance(source, bytes) else source.read()
    in_memory = hasattr(os, "memfd_create")
    with os.fdopen(os.memfd_create("feed"), "w+b") if in_memory else TemporaryFile() as stream:
        stream.write(data)
        stream.flush()
        stream.seek(0)
        yield stream.fileno()


@contextmanager
def _decoder(source: int, form: Form, limits: Limits) -> Iterator[subprocess.Popen[bytes]]:
    """The running process; it is gone afterwards, whatever happened."""
    counted = asdict(limits)
    del counted["last_day"]
    stated = orjson.dumps({"form": asdict(form), "limits": counted}).decode()
    paths = [str(_ROOT), *(str(Path(path).resolve()) for path in sys.path if path)]
    process = subprocess.Popen(
        [sys.executable, "-P", "-s", "-S", "-m", "feeds.formats.decoder", stated],
        stdin=source, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, close_fds=True,
        env=_QUIET | {"PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))},
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        cast("IO[bytes]", process.stdout).close()


def _frame(process: subprocess.Popen[bytes], form: Form, limits: Limits) -> tuple[bytes, bytes]:
    """The next frame. Raises InputError where the process died or was silent for too long."""
    # Its processor time is limited by the system; the clock is for one that waits for ever.
    clock = threading.Timer(2 * limits.decoder_seconds, process.kill)
    clock.start()
    pipe = cast("IO[bytes]", process.stdout)
    try:
        head = pipe.read(HEAD.size)
        if len(head) == HEAD.size:
            kind, size = HEAD.unpack(head)
            if size > _LARGEST_FRAME:
                raise too_large(form, f"{size} bytes of one block of rows are too many")
            payload = pipe.read(size)
            if len(payload) == size and kind in {BLOCK, FAULT, END}:
                return kind, payload
    finally:
        clock.cancel()
    raise _death(process, form, limits)


def _death(process: subprocess.Popen[bytes], form: Form, limits: Limits) -> InputError:
    status = process.wait()
    if status in {-signal.SIGXCPU, -signal.SIGKILL}:
        return fault(form, 0, "DECODING_TOO_LONG",
                     f"decoding it takes over {limits.decoder_seconds} seconds",
                     "split the file")  # fmt: skip
    if status == -signal.SIGABRT:
        return too_large(form, f"decoding it takes over {limits.decoder_bytes} bytes of memory")
    return damaged(form, "the file cannot be decoded: it is damaged, or made to do harm")
