"""Delimited text (RFC 4180), line by line; rows are counted by physical lines."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from typing import BinaryIO

from feeds.formats.blocks import Block, Form, empty, fault, refuse_packed, rows_at_once
from feeds.limits import Limits

_LINE_END = re.compile(b"\r\n|\r|\n")
_OTHER_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CHUNK_BYTES = 2**20


def blocks(stream: BinaryIO, form: Form, limits: Limits) -> Iterator[Block]:
    """The rows of a file, a row's number being the line on which it starts. Closes the stream.

    Raises InputError `FILE_EMPTY`, `WRONG_ENCODING`, `NUL_BYTE`, `LINE_TOO_LONG`,
    `BROKEN_QUOTES` or `CELL_TOO_LONG`, at the first row that has a fault.
    """
    header: tuple[str, ...] = ()
    block = Block(header, [], [], [], 1)
    is_blank, most = True, 1
    for number, cells, text in _records(stream, form, limits):
        is_blank = is_blank and not text.strip()
        if not header:
            header = tuple(cell.strip() for cell in cells) or ("",)
            block = Block(header, [], [], [], 1)
            most = rows_at_once(len(header))
            continue
        if len(block.rows) == most:
            yield block
            block = Block(header, [], [], [], 1)
        block.rows.append(cells)
        block.numbers.append(number)
        block.texts.append(text)
    if is_blank:
        raise empty(form)
    yield block


def _records(stream: BinaryIO, form: Form, limits: Limits) -> Iterator[tuple[int, list[str], str]]:
    """Each record with the line on which it starts, and what the lines of it say."""
    said: list[str] = []

    def lines() -> Iterator[str]:
        for line in _lines(stream, form, limits):
            said.append(line)
            yield line

    reader = csv.reader(lines(), delimiter=form.delimiter, strict=True)
    number = 1
    try:
        for cells in reader:
            yield number, cells, "".join(said)
            said.clear()
            number = reader.line_num + 1
    except csv.Error as error:
        if "field limit" in str(error):
            raise fault(
                form, number, "CELL_TOO_LONG",
                f"a cell has over {csv.field_size_limit()} characters",
                "check for a quote that is never closed",
            ) from error  # fmt: skip
        raise fault(
            form, number, "BROKEN_QUOTES", f"the quotes of this row do not match: {error}",
            'close every quote, and double a quote inside quotes: ""',
        ) from error  # fmt: skip


def _lines(stream: BinaryIO, form: Form, limits: Limits) -> Iterator[str]:
    start = stream.read(4)
    if start[:2] in _OTHER_MARKS:
        raise fault(form, 1, "WRONG_ENCODING", f"the file is UTF-16, not {form.encoding}",
                    "save the file as UTF-8")  # fmt: skip
    refuse_packed(start, form)
    stream.seek(0)
    # A mark in front of UTF-8 says nothing else and is dropped; in latin-1 it would be letters.
    codec = "utf-8-sig" if form.encoding == "utf-8" else form.encoding
    text = io.TextIOWrapper(stream, codec, newline="")
    number = 0
    try:
        while line := text.readline(limits.line_characters + 1):
            number += 1
            if len(line) > limits.line_characters:
                raise fault(
                    form, number, "LINE_TOO_LONG",
                    f"the line is longer than {limits.line_characters} characters",
                    "check for missing line ends",
                )  # fmt: skip
            if "\0" in line:
                raise fault(form, number, "NUL_BYTE", "the row holds a NUL character",
                            "export the file again: it is damaged or not text")  # fmt: skip
            yield line
    except UnicodeDecodeError as error:
        position = _wrong_byte(stream, form.encoding)
        row, byte = _row_and_byte(stream, position)
        raise fault(
            form, row, "WRONG_ENCODING", f"byte {position} (0x{byte:02x}) is not {form.encoding}",
            "save the file as UTF-8, or state `encoding` in the mapping",
        ) from error  # fmt: skip


def _wrong_byte(stream: BinaryIO, encoding: str) -> int:
    """Where the first byte stands that is none of the encoding's, counted from 0."""
    stream.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    read = 0
    while True:
        chunk = stream.read(_CHUNK_BYTES)
        read += len(chunk)
        try:
            decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            return read - len(error.object) + error.start
        if not chunk:
            return read


def _row_and_byte(stream: BinaryIO, position: int) -> tuple[int, int]:
    """The line that a byte stands on, and the byte."""
    stream.seek(0)
    row, left, last = 1, position, b""
    while left:
        chunk = stream.read(min(left, _CHUNK_BYTES))
        left -= len(chunk)
        row += len(_LINE_END.findall(chunk)) - (last == b"\r" and chunk[:1] == b"\n")
        last = chunk[-1:]
    return row, stream.read(1)[0]
