"""Tables as Arrow IPC files and back: every field a column, missing values null."""

from dataclasses import MISSING as NO_DEFAULT
from dataclasses import fields
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow

from ontology.columns import MISSING, Column, Table, column_of, empty_table
from ontology.errors import OutsideError
from ontology.terms import FieldKind, field_kinds
from ontology.versions import Stored, upcast, vocabulary_version
from ontology.vocabulary import RECORDS

pa: Any = pyarrow  # its stubs do not name what it exports
_FAULTS = (pa.ArrowException, OSError, LookupError, TypeError, ValueError)
"""What Arrow raises for bytes that are not what they say: flipped bits show it in each way."""
_VERSION = b"evenkeel_vocabulary"
_SCALARS = {"string": str, "int64": int, "bool": bool, "date32[day]": date,
            "timestamp[us]": datetime}  # fmt: skip
_OF_DTYPE = {"int64": int, "bool": bool, "datetime64[D]": date, "datetime64[us]": datetime}


def arrow_bytes(table: Table) -> bytes:
    """The Arrow IPC file of a table, uncompressed; the class name stands in the schema.

    The bytes depend on the order of the rows and on the version of Arrow: `Table.digest` is
    the address of the content, SHA-256 of these bytes is the address of the file.
    """
    kinds = field_kinds(RECORDS[table.name])
    arrays = [_to_arrow(table[name], kind) for name, kind in kinds.items()]
    schema = pa.schema(
        [pa.field(name, array.type) for name, array in zip(kinds, arrays, strict=True)],
        metadata={"evenkeel_class": table.name} | _version_told(),
    )
    return _file_of(pa.RecordBatch.from_arrays(arrays, schema=schema))


def table_from(data: bytes) -> Table:
    """The table of an Arrow IPC file that `arrow_bytes` wrote.

    What was renamed, or stated in another unit, since then is put into today's words, and a field
    that was added gets its default. Raises OutsideError `VERSION_UNKNOWN` for the words of a
    later version, `ARTIFACT_UNREADABLE` for anything else.
    """
    try:
        content = pa.ipc.open_file(pa.BufferReader(data)).read_all().combine_chunks()
        content.validate(full=True)  # offsets beyond a buffer would be followed
        told = content.schema.metadata
        name, version = told[b"evenkeel_class"].decode(), int(told.get(_VERSION, b"1"))
        if version != vocabulary_version():
            name, content = _in_todays_words(name, content, version)
        kinds, found = field_kinds(RECORDS[name]), content.column_names
    except _FAULTS as error:
        raise _unreadable("it is not an Arrow file of a known class") from error
    if extra := set(found) - set(kinds):
        raise _unreadable(f"class `{name}` has no field `{min(extra)}`")
    if len(set(found)) < len(found):
        raise _unreadable(f"a column of class `{name}` stands twice")
    return Table(name, {key: _column(content, name, kind) for key, kind in kinds.items()})


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
    arrays = [pa.array(np.ascontiguousarray(matrix[:, i])) for i in range(len(names))]
    return _file_of(pa.RecordBatch.from_arrays(arrays, names=list(names)))


def matrix_from(data: bytes) -> npt.NDArray[np.int64]:
    """The matrix that `matrix_bytes` wrote, shape (rows, columns)."""
    try:
        content = pa.ipc.open_file(pa.BufferReader(data)).read_all()
        content.validate(full=True)
        columns = [column.combine_chunks() for column in content.columns]
        if any(column.type != pa.int64() or column.null_count for column in columns):
            raise _unreadable("it holds something else than whole numbers")
        columns = [_numbers(column, np.int64) for column in columns]
        return np.column_stack(columns).astype(np.int64, copy=False)
    except _FAULTS as error:
        raise _unreadable("it is not an Arrow file") from error


def _file_of(batch: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


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


def _column(content: Any, name: str, kind: FieldKind) -> Column:
    if kind.name not in content.column_names:
        return column_of([_default(name, kind.name)] * len(content), kind)
    array = content.column(kind.name).combine_chunks()
    if array.type != _type_of(kind):
        raise _unreadable(f"column `{kind.name}` is of type `{array.type}`")
    if _lacks(array, kind):
        raise _unreadable(f"column `{kind.name}` has a cell that is not stated")
    if kind.many:
        values = np.empty(len(array), object)
        values[:] = [tuple(cell) for cell in array.to_pylist()]
        return values
    if kind.scalar is str:
        return _texts(array)
    if kind.scalar is bool:
        return _bits(array.buffers()[1], array)
    if kind.scalar is int:
        return np.where(_is_stated(array), _numbers(array, np.int64), MISSING)
    day = kind.scalar is date
    numbers = _numbers(array, np.int32 if day else np.int64).astype(np.int64)
    found = numbers.astype("datetime64[D]" if day else "datetime64[us]")
    found[~_is_stated(array)] = np.datetime64("NaT")
    return found


def _texts(array: Any) -> Column:
    """The texts of an array, each different one made once: most columns name the same few."""
    encoded = array.dictionary_encode()
    words = np.empty(len(encoded.dictionary) + 1, object)
    words[:-1] = encoded.dictionary.to_pylist()
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
