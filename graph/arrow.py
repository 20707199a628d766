"""Tables as Arrow IPC files and back: every field a column, missing values null."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import MISSING as NO_DEFAULT
from dataclasses import fields
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow

from graph.arrow_bodies import hold_plain_bodies
from graph.no_frames import without
from ontology.columns import MISSING, Column, Table, column_of, empty_table, joined
from ontology.errors import OutsideError
from ontology.terms import FieldKind, field_kinds
from ontology.versions import Stored, upcast, vocabulary_version
from ontology.vocabulary import RECORDS

pa: Any = pyarrow  # its stubs do not name what it exports
with without():
    pa.array(np.zeros(1))  # Arrow looks for pandas once, with its first array
_FAULTS = (pa.ArrowException, OSError, LookupError, TypeError, ValueError)
"""What Arrow raises for bytes that are not what they say: flipped bits show it in each way."""
_VERSION = b"evenkeel_vocabulary"
ROWS_AT_ONCE = 2**16
"""So many rows are in a batch of a file."""
LONG = 1_000
"""So many rows of one value are kept as that value."""
_SCALARS = {"string": str, "int64": int, "bool": bool, "date32[day]": date,
            "timestamp[us]": datetime}  # fmt: skip
_OF_DTYPE = {"int64": int, "bool": bool, "datetime64[D]": date, "datetime64[us]": datetime}


def arrow_bytes(table: Table) -> bytes:
    """The Arrow IPC file of a table, uncompressed; the class name stands in the schema.

    The bytes depend on the order of the rows and on the version of Arrow: `Table.digest` is
    the address of the content, SHA-256 of these bytes is the address of the file.
    """
    sink = io.BytesIO()
    write_table(table, sink)
    return sink.getvalue()


def write_table(table: Table, sink: BinaryIO) -> None:
    """Write the bytes of `arrow_bytes`, some rows at a time."""
    kinds = field_kinds(RECORDS[table.name])

    def arrays(rows: slice) -> list[Any]:
        return [_to_arrow(table[name][rows], kind) for name, kind in kinds.items()]

    _write(sink, _schema(table.name, vocabulary_version()), len(table), arrays)


@cache
def _schema(name: str, _version: int) -> Any:
    """The columns of a class's file, in the words of a version."""
    return pa.schema(
        [pa.field(key, _type_of(kind)) for key, kind in field_kinds(RECORDS[name]).items()],
        metadata={"evenkeel_class": name} | _version_told(),
    )


def arrow_table(table: Table) -> Any:
    """A table as a `pyarrow.Table`, its columns in the order of the record's fields."""
    kinds = field_kinds(RECORDS[table.name])
    return pa.table([_to_arrow(table[name], kind) for name, kind in kinds.items()], names=[*kinds])


def table_from(source: bytes | Path) -> Table:
    """The table of an Arrow IPC file that `arrow_bytes` wrote, read some rows at a time.

    What was renamed, or stated in another unit, since then is put into today's words, and a field
    that was added gets its default. Raises OutsideError `VERSION_UNKNOWN` for the words of a
    later version, `ARTIFACT_UNREADABLE` for anything else.
    """
    try:
        with _opened(source) as file:
            reader = pa.ipc.open_file(file)
            told = reader.schema.metadata
            name, version = told[b"evenkeel_class"].decode(), int(told.get(_VERSION, b"1"))
            contents = _batches(reader)
            least = LONG if reader.num_record_batches <= 1 else 1
            if version != vocabulary_version():
                name, content = _in_todays_words(name, _whole(reader, contents), version)
                contents = iter([content])
            return _table(name, contents, least)
    except _FAULTS as error:
        raise _unreadable("it is not an Arrow file of a known class") from error


def _table(name: str, contents: Iterator[Any], least: int) -> Table:
    """All batches as one table; `least` rows of one value are kept as that value."""
    kinds = field_kinds(RECORDS[name])
    parts: dict[str, list[Column]] = {key: [] for key in kinds}
    words: dict[str, dict[str, str]] = {key: {} for key in kinds}
    for content in contents:
        found = content.schema.names
        if extra := set(found) - set(kinds):
            raise _unreadable(f"class `{name}` has no field `{min(extra)}`")
        if len(set(found)) < len(found):
            raise _unreadable(f"a column of class `{name}` stands twice")
        for key, kind in kinds.items():
            column = _column(content, name, kind, words[key])
            parts[key].append(_one_for_all(column, kind, least))
    return Table(name, {key: joined(parts.pop(key)) for key in kinds})


def _batches(reader: Any) -> Iterator[Any]:
    """The batches of a file; one without rows where it has none."""
    for at in range(reader.num_record_batches):
        batch = reader.get_batch(at)
        batch.validate(full=True)  # offsets beyond a buffer would be followed
        yield batch
    if not reader.num_record_batches:
        yield pa.RecordBatch.from_pylist([], schema=reader.schema)


def _whole(reader: Any, batches: Iterator[Any]) -> Any:
    return pa.Table.from_batches(list(batches), reader.schema).combine_chunks()


@contextmanager
def _opened(source: bytes | Path) -> Iterator[Any]:
    with pa.BufferReader(source) if isinstance(source, bytes) else pa.OSFile(str(source)) as file:
        hold_plain_bodies(file)
        yield file


def _one_for_all(column: Column, kind: FieldKind, least: int) -> Column:
    """A column of so many rows of a single value as one value that stands for all of them."""
    if len(column) < least or kind.many:
        return column
    plain = column.view(np.int64) if column.dtype.kind == "M" else column
    return np.broadcast_to(column[:1].copy(), len(column)) if (plain == plain[0]).all() else column


def _version_told() -> dict[str, str]:
    """What a table says of its version: the first says nothing, as when there was no other."""
    version = vocabulary_version()
    return {_VERSION.decode(): str(version)} if version > 1 else {}


def _in_todays_words(name: str, content: Any, version: int) -> tuple[str, Any]:
    columns = {key: _stored_kind(key, content.schema.field(key)) for key in content.column_names}
    stored = Stored(name, {key: _column(content, name, kind) for key, kind in columns.items()})
    now = upcast(stored, version)
    if not content.num_rows:
        nothing = empty_table(now.name)
        return now.name, pa.ipc.open_file(pa.BufferReader(arrow_bytes(nothing))).read_all()
    arrays = [_to_arrow(column, _kind_of(key, column)) for key, column in now.columns.items()]
    return now.name, pa.table(arrays, names=list(now.columns))


def _stored_kind(name: str, field: Any) -> FieldKind:
    """The kind of a stored column, by its type alone. Raises KeyError for a type of no field."""
    many = pa.types.is_list(field.type)
    scalar = str if many else _SCALARS[str(field.type)]
    return FieldKind(name, scalar, many, optional=True, refers_to="")


def _kind_of(name: str, column: Column) -> FieldKind:
    scalar = _OF_DTYPE.get(str(column.dtype), str)
    many = scalar is str and any(isinstance(cell, tuple) for cell in column)
    return FieldKind(name, scalar, many, optional=True, refers_to="")


def matrix_bytes(matrix: npt.NDArray[np.int64], names: tuple[str, ...]) -> bytes:
    """The Arrow IPC file of a matrix of integers with named columns."""
    sink = io.BytesIO()
    write_matrix(matrix, names, sink)
    return sink.getvalue()


def write_matrix(
    matrix: npt.NDArray[np.int64], names: tuple[str, ...], sink: BinaryIO
) -> None:  # fmt: skip
    """Write the bytes of `matrix_bytes`, some rows at a time."""
    schema = pa.schema([pa.field(name, pa.int64()) for name in names])

    def arrays(rows: slice) -> list[Any]:
        return [pa.array(np.ascontiguousarray(matrix[rows, at])) for at in range(len(names))]

    _write(sink, schema, len(matrix), arrays)


def matrix_from(source: bytes | Path) -> npt.NDArray[np.int64]:
    """The matrix that `matrix_bytes` wrote, shape (rows, columns)."""
    try:
        with _opened(source) as file:
            parts = [_matrix(batch) for batch in _batches(pa.ipc.open_file(file))]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)
    except _FAULTS as error:
        raise _unreadable("it is not an Arrow file") from error


def _matrix(batch: Any) -> npt.NDArray[np.int64]:
    if any(column.type != pa.int64() or column.null_count for column in batch.columns):
        raise _unreadable("it holds something else than whole numbers")
    columns = [_numbers(column, np.int64) for column in batch.columns]
    return np.column_stack(columns).astype(np.int64, copy=False)


def _write(sink: BinaryIO, schema: Any, count: int, arrays: Callable[[slice], list[Any]]) -> None:
    """One batch where there are few rows, as it always was; else one for so many rows each."""
    with pa.ipc.new_file(sink, schema) as writer:
        for start in range(0, max(count, 1), ROWS_AT_ONCE):
            part = arrays(slice(start, min(start + ROWS_AT_ONCE, count)))
            writer.write_batch(pa.RecordBatch.from_arrays(part, schema=schema))
            del part  # it is as large as the next one, which is made before the name is bound again
    if count > ROWS_AT_ONCE:
        pa.default_memory_pool().release_unused()


def _to_arrow(column: Column, kind: FieldKind) -> Any:
    if kind.many:
        return pa.array(column.tolist(), pa.list_(pa.string()))
    if kind.scalar is str:
        return pa.array(column, pa.string())
    if kind.scalar is int:
        return pa.array(column, pa.int64(), mask=column == MISSING)
    if kind.scalar is bool:
        return pa.array(column, pa.bool_())
    return pa.array(column, _type_of(kind))


def _column(
    content: Any, name: str, kind: FieldKind, words: dict[str, str] | None = None
) -> Column:  # fmt: skip
    if kind.name not in content.column_names:
        return column_of([_default(name, kind.name)] * content.num_rows, kind)
    array = content.column(kind.name)
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    if array.type != _type_of(kind):
        raise _unreadable(f"column `{kind.name}` is of type `{array.type}`")
    if _lacks(array, kind):
        raise _unreadable(f"column `{kind.name}` has a cell that is not stated")
    if kind.many:
        values = np.empty(len(array), object)
        values[:] = [tuple(cell) for cell in array.to_pylist()]
        return values
    if kind.scalar is str:
        return _texts(array, {} if words is None else words)
    if kind.scalar is bool:
        return _bits(array.buffers()[1], array)
    if kind.scalar is int:
        return np.where(_is_stated(array), _numbers(array, np.int64), MISSING)
    day = kind.scalar is date
    numbers = _numbers(array, np.int32 if day else np.int64).astype(np.int64)
    found = numbers.astype("datetime64[D]" if day else "datetime64[us]")
    found[~_is_stated(array)] = np.datetime64("NaT")
    return found


def _texts(array: Any, known: dict[str, str]) -> Column:
    """The texts of an array, each different one made once: most columns name the same few."""
    encoded = array.dictionary_encode()
    words = np.empty(len(encoded.dictionary) + 1, object)
    words[:-1] = [known.setdefault(text, text) for text in encoded.dictionary.to_pylist()]
    words[-1] = None
    return words[np.where(_is_stated(encoded.indices), _numbers(encoded.indices, np.int32), -1)]


def _lacks(array: Any, kind: FieldKind) -> bool:
    """Whether a cell is missing where none can be: a truth value, several texts or one of them."""
    if kind.many:
        return bool(array.null_count or array.flatten().null_count)
    return bool(kind.scalar is bool and array.null_count)


def _type_of(kind: FieldKind) -> Any:
    if kind.many:
        return pa.list_(pa.string())
    return {str: pa.string(), int: pa.int64(), bool: pa.bool_(), date: pa.date32(),
            datetime: pa.timestamp("us")}[kind.scalar]  # fmt: skip


def _numbers(array: Any, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """The values of an array as they lie in its buffer: `to_numpy` would load pandas first."""
    if not len(array):
        return np.zeros(0, dtype)
    start = array.offset * np.dtype(dtype).itemsize
    return np.frombuffer(array.buffers()[1], dtype, len(array), start)


def _is_stated(array: Any) -> npt.NDArray[np.bool_]:
    return _bits(array.buffers()[0] if array.null_count else None, array)


def _bits(buffer: Any, array: Any) -> npt.NDArray[np.bool_]:
    """The bits of an array's buffer, all of them set where there is none."""
    if buffer is None or not len(array):
        return np.ones(len(array), np.bool_)
    bits = np.unpackbits(np.frombuffer(buffer, np.uint8), bitorder="little")
    return bits[array.offset : array.offset + len(array)].astype(np.bool_)


def _default(name: str, field_name: str) -> Any:
    default = next(f.default for f in fields(RECORDS[name]) if f.name == field_name)
    if default is NO_DEFAULT:
        raise _unreadable(f"it has no column `{field_name}`, which class `{name}` needs")
    return default


def _unreadable(why: str) -> OutsideError:
    return OutsideError(
        f"a stored table cannot be read: {why}", code="ARTIFACT_UNREADABLE",
        hint="use the version of the program that wrote it, or restore the artifacts",
    )  # fmt: skip
