"""Tables as Arrow IPC files and back: every field a column, missing values null."""

from dataclasses import MISSING as NO_DEFAULT
from dataclasses import fields
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow

from ontology.columns import MISSING, Column, Table, column_of
from ontology.errors import OutsideError
from ontology.terms import FieldKind, field_kinds
from ontology.vocabulary import RECORDS

pa: Any = pyarrow  # its stubs do not name what it exports


def arrow_bytes(table: Table) -> bytes:
    """The Arrow IPC file of a table, uncompressed; the class name stands in the schema.

    The bytes depend on the order of the rows and on the version of Arrow: `Table.digest` is
    the address of the content, SHA-256 of these bytes is the address of the file.
    """
    kinds = field_kinds(RECORDS[table.name])
    arrays = [_to_arrow(table[name], kind) for name, kind in kinds.items()]
    schema = pa.schema(
        [pa.field(name, array.type) for name, array in zip(kinds, arrays, strict=True)],
        metadata={"evenkeel_class": table.name},
    )
    return _file_of(pa.RecordBatch.from_arrays(arrays, schema=schema))


def table_from(data: bytes) -> Table:
    """The table of an Arrow IPC file that `arrow_bytes` wrote.

    A field that was added to the class since then gets its default. Raises OutsideError
    `ARTIFACT_UNREADABLE` for anything else.
    """
    try:
        content = pa.ipc.open_file(pa.BufferReader(data)).read_all().combine_chunks()
        name = content.schema.metadata[b"evenkeel_class"].decode()
        kinds = field_kinds(RECORDS[name])
        extra = set(content.column_names) - set(kinds)
    except (pa.ArrowInvalid, KeyError, TypeError) as error:
        raise _unreadable("it is not an Arrow file of a known class") from error
    if extra:
        raise _unreadable(f"class `{name}` has no field `{min(extra)}`")
    return Table(name, {key: _column(content, name, kind) for key, kind in kinds.items()})


def matrix_bytes(matrix: npt.NDArray[np.int64], names: tuple[str, ...]) -> bytes:
    """The Arrow IPC file of a matrix of integers with named columns."""
    arrays = [pa.array(np.ascontiguousarray(matrix[:, i])) for i in range(len(names))]
    return _file_of(pa.RecordBatch.from_arrays(arrays, names=list(names)))


def matrix_from(data: bytes) -> npt.NDArray[np.int64]:
    """The matrix that `matrix_bytes` wrote, shape (rows, columns)."""
    try:
        content = pa.ipc.open_file(pa.BufferReader(data)).read_all()
        columns = [column.to_numpy() for column in content.columns]
    except pa.ArrowInvalid as error:
        raise _unreadable("it is not an Arrow file") from error
    return np.column_stack(columns).astype(np.int64, copy=False)


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
    return pa.array(column, pa.date32() if kind.scalar is date else pa.timestamp("us"))


def _column(content: Any, name: str, kind: FieldKind) -> Column:
    if kind.name not in content.column_names:
        return column_of([_default(name, kind.name)] * len(content), kind)
    array = content.column(kind.name)
    if kind.many:
        values = np.empty(len(array), object)
        values[:] = [None if cell is None else tuple(cell) for cell in array.to_pylist()]
        return values
    if kind.scalar is int:
        return np.asarray(array.fill_null(MISSING).to_numpy(), np.int64)
    if kind.scalar in (str, bool):
        dtype = object if kind.scalar is str else np.bool_
        return np.asarray(array.to_numpy(zero_copy_only=False), dtype)
    unit = "D" if kind.scalar is date else "us"
    return np.asarray(array.to_numpy(zero_copy_only=False), f"datetime64[{unit}]")


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
