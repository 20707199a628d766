"""A table as a file, a part at a time: Arrow, Parquet, CSV, Excel."""

import io
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, BinaryIO

import pyarrow
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet

from ontology.canonical import LARGEST_INTEGER
from ontology.errors import InputError
from service.asking.sheets import Sheet

pa: Any = pyarrow
pc: Any = pyarrow.compute
csv: Any = pyarrow.csv
parquet: Any = pyarrow.parquet
ROWS_AT_ONCE = 2**16
EXCEL_ROWS = 2**20 - 1
"""The rows of a worksheet below its header."""
EXCEL_TEXT = 32_767
EXCEL_FIRST_DAY = date(1900, 3, 1)
"""Days before count otherwise in Excel than in any calendar, or not at all."""
PART_BYTES = 2**20
_BEGINS_A_FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"
MEDIA_TYPES: Mapping[str, str] = {
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def written(sheet: Sheet, form: str, *, skip: int = 0) -> Iterator[bytes]:
    """The bytes of a file with the rows after the first `skip`, made as they are taken.

    `form` is one of MEDIA_TYPES. In CSV several texts of a cell stand between `;`, and a text that
    a spreadsheet would take for a formula begins with an apostrophe; in Excel all texts are texts,
    and numbers beyond 2^53 are text. Raises InputError `UNKNOWN_FORMAT`, `EXPORT_TOO_LARGE`.
    """
    check_form(form)
    if form == "xlsx":
        _check_worksheet(sheet.table.slice(skip))
    return _WRITERS[form](sheet.table.slice(skip))


def check_form(form: str) -> str:
    """The form, if it is one. Raises InputError `UNKNOWN_FORMAT`."""
    if form not in MEDIA_TYPES:
        raise InputError(f"there is no format `{form[:40]}`", code="UNKNOWN_FORMAT",
                         hint=f"use one of: {', '.join(MEDIA_TYPES)}")  # fmt: skip
    return form


def _check_worksheet(table: Any) -> None:
    texts = (_as_text(column) for column in table.columns)
    longest = max(
        (pc.max(pc.utf8_length(text)).as_py() or 0 for text in texts if text is not None), default=0
    )
    if table.num_rows > EXCEL_ROWS or longest > EXCEL_TEXT:
        raise InputError(
            f"a worksheet holds {EXCEL_ROWS:,} rows and {EXCEL_TEXT:,} characters a cell, and "
            f"these are {table.num_rows:,} and {longest:,}", code="EXPORT_TOO_LARGE",
            hint="ask for fewer, or for csv",
        )  # fmt: skip


def _as_text(column: Any) -> Any:
    """A column of texts, or of several joined; None for any other."""
    if pa.types.is_list(column.type):
        return pc.binary_join(column, ";")
    return column if pa.types.is_string(column.type) else None


class _Sink(io.RawIOBase):
    """Holds what a writer wrote until it is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._size

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._size += len(part)
        return len(part)

    def taken(self) -> bytes:
        """What was written since, which is forgotten."""
        found, self._parts = b"".join(self._parts), []
        return found


def _arrow(table: Any) -> Iterator[bytes]:
    return _by_batches(table, lambda sink: pa.ipc.new_stream(sink, table.schema))


def _parquet(table: Any) -> Iterator[bytes]:
    return _by_batches(table, lambda sink: parquet.ParquetWriter(sink, table.schema))


def _csv(table: Any) -> Iterator[bytes]:
    plain = _in_cells(table)
    return _by_batches(plain, lambda sink: csv.CSVWriter(sink, plain.schema))


def _by_batches(table: Any, opened: Callable[[Any], Any]) -> Iterator[bytes]:
    sink = _Sink()
    with opened(sink) as writer:
        for begin in range(0, table.num_rows, ROWS_AT_ONCE):
            writer.write_table(table.slice(begin, ROWS_AT_ONCE))
            yield sink.taken()
    yield sink.taken()


def _in_cells(table: Any) -> Any:
    """Every column as a spreadsheet can hold it."""
    columns = []
    for column in table.columns:
        text = _as_text(column)
        plain = column if text is None else text
        if pa.types.is_timestamp(column.type):
            plain = pc.strftime(column, format="%Y-%m-%dT%H:%M:%SZ")
        if pa.types.is_string(plain.type):
            plain = pc.replace_substring_regex(plain, _BEGINS_A_FORMULA, r"'\0")
        columns.append(plain)
    names = pc.replace_substring_regex(pa.array(table.column_names), _BEGINS_A_FORMULA, r"'\0")
    return pa.table(columns, names=names.to_pylist())


def _xlsx(table: Any) -> Iterator[bytes]:
    with tempfile.TemporaryFile() as file:
        _write_workbook(table, file)
        file.seek(0)
        while part := file.read(PART_BYTES):
            yield part


def _write_workbook(table: Any, file: BinaryIO) -> None:
    from xlsxwriter import Workbook

    made = datetime(1980, 1, 1, tzinfo=UTC).replace(tzinfo=None)  # the same bytes each time
    with Workbook(file, {"constant_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"created": made})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        page = book.add_worksheet()
        for at, name in enumerate(table.column_names):
            page.write_string(0, at, name)
        for begin in range(0, table.num_rows, ROWS_AT_ONCE):
            columns = [column.to_pylist() for column in table.slice(begin, ROWS_AT_ONCE).columns]
            for row, cells in enumerate(zip(*columns, strict=True), begin + 1):
                for at, cell in enumerate(cells):
                    _write_cell(page, row, at, cell, day)


def _write_cell(page: Any, row: int, at: int, cell: Any, day: Any) -> None:
    if cell is None:
        return
    if isinstance(cell, bool):
        page.write_boolean(row, at, cell)
    elif isinstance(cell, datetime):
        page.write_string(row, at, cell.replace(tzinfo=None).isoformat() + "Z")
    elif isinstance(cell, date) and cell >= EXCEL_FIRST_DAY:
        page.write_datetime(row, at, cell, day)
    elif isinstance(cell, int | float) and abs(cell) <= LARGEST_INTEGER:
        page.write_number(row, at, cell)
    else:
        page.write_string(row, at, ";".join(cell) if isinstance(cell, list) else str(cell))


_WRITERS: Mapping[str, Callable[[Any], Iterator[bytes]]] = {
    "arrow": _arrow, "parquet": _parquet, "csv": _csv, "xlsx": _xlsx,
}  # fmt: skip
