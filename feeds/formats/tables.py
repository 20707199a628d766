"""Parquet and Arrow IPC, a batch of rows at a time; what a file says of itself is not believed."""

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow
import pyarrow.parquet

from feeds.formats.blocks import Block, Form, check_columns, damaged, empty, fault, rows_at_once
from feeds.formats.cell_texts import flat, texts
from feeds.limits import Limits
from ontology.errors import InputError

pa: Any = pyarrow  # its stubs do not name what it exports
_FAULTS = (pa.ArrowException, OSError, LookupError, TypeError, ValueError, OverflowError)
_PARQUET, _PARQUET_SEALED, _ARROW_FILE = b"PAR1", b"PARE", b"ARROW1"
_ARROW_STREAM = b"\xff\xff\xff\xff"
_NAMES_BYTES = 16 * 2**20
_PARTS = 100_000


def get_ready() -> None:
    """Load what is loaded on first use, and start no threads: nothing can be opened later."""
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    table = pa.table({
        "number": pa.array(["1.5"]).cast(pa.decimal128(4, 2)),
        "instant": pa.array([0], pa.timestamp("ns")), "list": [[1]],
        "outer": [{"inner": b"0"}], "word": pa.array(["a"]).dictionary_encode(),
    })  # fmt: skip
    sink = io.BytesIO()
    pa.parquet.write_table(table, sink)
    for _ in parquet_blocks(sink, Form("", "parquet"), Limits()):
        pass


def parquet_blocks(stream: BinaryIO, form: Form, limits: Limits) -> Iterator[Block]:
    """The rows of a Parquet file, page by page; a row's number is its place from 1.

    Raises InputError `FILE_EMPTY`, `WRONG_FORMAT`, `FILE_ENCRYPTED`, `FILE_DAMAGED`,
    `TOO_MANY_ROWS`, `TOO_MANY_COLUMNS` or `COLUMN_TOO_DEEP`.
    """
    if _first(stream, form) == _PARQUET_SEALED:
        raise _encrypted(form)
    if _first(stream, form) != _PARQUET:
        raise _wrong(form, "Parquet")
    try:
        file = pa.parquet.ParquetFile(
            stream, buffer_size=2**20, pre_buffer=False, page_checksum_verification=True,
            thrift_string_size_limit=_NAMES_BYTES, thrift_container_size_limit=_PARTS,
        )  # fmt: skip
        stated = file.metadata.num_rows
        limits.check_rows(form.file, stated, limits.rows_per_file + 1)
        check_columns(form, limits, file.metadata.num_columns, 0)
        size = rows_at_once(file.metadata.num_columns)
        found = 0
        for block in _blocks(
            file.schema_arrow, file.iter_batches(size, use_threads=False), form, limits
        ):
            found += len(block.rows)
            yield block
    except MemoryError:
        raise
    except _FAULTS as error:
        if "crypt" in str(error):
            raise _encrypted(form) from error
        raise damaged(form, "the file is cut off, or is no sound Parquet") from error
    if found != stated:
        raise damaged(form, f"the file states {stated} rows and has {found}")


def arrow_blocks(stream: BinaryIO, form: Form, limits: Limits) -> Iterator[Block]:
    """The rows of an Arrow IPC file or stream, batch by batch, each one checked whole before use.

    Raises InputError `FILE_EMPTY`, `WRONG_FORMAT`, `FILE_DAMAGED`, `TOO_MANY_COLUMNS` or
    `COLUMN_TOO_DEEP`.
    """
    start = _first(stream, form, len(_ARROW_FILE))
    if start != _ARROW_FILE and start[:4] != _ARROW_STREAM:
        raise _wrong(form, "Arrow IPC")
    try:
        if start == _ARROW_FILE:
            file = pa.ipc.open_file(stream)
            schema = file.schema
            batches = (file.get_batch(at) for at in range(file.num_record_batches))
        else:
            reader = pa.ipc.open_stream(stream)
            schema, batches = reader.schema, iter(reader)
        yield from _blocks(schema, batches, form, limits)
    except MemoryError:
        raise
    except _FAULTS as error:
        raise damaged(form, "the file is cut off, or is no sound Arrow IPC") from error


def _blocks(schema: Any, batches: Iterator[Any], form: Form, limits: Limits) -> Iterator[Block]:
    nothing = pa.RecordBatch.from_pylist([], schema=schema)
    header = tuple(name for name, _ in _columns(nothing, form, limits))
    if not header:
        raise empty(form)
    check_columns(form, limits, len(header), 0)
    yield Block(header, [], [])
    size = rows_at_once(len(header))
    found = 0
    for batch in batches:
        batch.validate(full=True)
        for start in range(0, batch.num_rows, size):
            part = batch.slice(start, size)
            columns = [texts(c, limits.nesting) for _, c in _columns(part, form, limits)]
            rows = list(map(list, zip(*columns, strict=True)))
            yield Block(header, rows, list(range(found + 1, found + 1 + len(rows))))
            found += len(rows)


def _columns(batch: Any, form: Form, limits: Limits) -> list[tuple[str, Any]]:
    try:
        return [
            one
            for name, column in zip(batch.schema.names, batch.columns, strict=True)
            for one in flat(name, column, limits.nesting)
        ]
    except RecursionError as error:
        raise fault(form, 0, "COLUMN_TOO_DEEP", f"more than {limits.nesting} levels deep",
                    "write flat columns") from error  # fmt: skip


def _first(stream: BinaryIO, form: Form, size: int = 4) -> bytes:
    stream.seek(0)
    start = stream.read(size)
    stream.seek(0)
    if not start:
        raise empty(form)
    return start


def _wrong(form: Form, name: str) -> InputError:
    return fault(form, 0, "WRONG_FORMAT", f"the file is not {name}",
                 "state its `format` in the mapping, or export it again")  # fmt: skip


def _encrypted(form: Form) -> InputError:
    return fault(form, 0, "FILE_ENCRYPTED", "the file is encrypted", "export it without a key")
