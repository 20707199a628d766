"""Files of tables read back as the same rows, by readers that do not know how they were written."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feeds.formats.apart import blocks_apart
from feeds.formats.blocks import Form
from feeds.limits import Limits
from ontology.errors import InputError
from service.asking.files import EXCEL_ROWS, MEDIA_TYPES, ROWS_AT_ONCE, written
from service.asking.sheets import Sheet

FORMULAS = ["=1+1", "+1", "-1", "@x", "\tx", "plain", "a=b", ""]
ROWS = {
    "key": pa.array([f"k{at}" for at in range(len(FORMULAS))]),
    "name": pa.array(FORMULAS),
    "units": pa.array([0, -1, None, 2**53 - 1, 2**53 + 1, -(2**63), 7, 8]),
    "is_open": pa.array([True, False, None] + [True] * 5),
    "day": pa.array([date(2026, 3, 1), None, date(1999, 12, 31)] + [date(2026, 2, 28)] * 5),
    "at": pa.array([datetime(2026, 3, 1, 6, tzinfo=UTC), None]
                   + [datetime(1999, 1, 1, tzinfo=UTC)] * 6,
                   pa.timestamp("us")),
    "tags": pa.array([["a", "b"], [], ["=x"]] + [["c"]] * 5, pa.list_(pa.string())),
}  # fmt: skip
SHEET = Sheet("a table", pa.table(ROWS))


def file_of(sheet: Sheet, form: str, skip: int = 0) -> bytes:
    return b"".join(written(sheet, form, skip=skip))


def arrow(data: bytes) -> Any:
    return pa.ipc.open_stream(data).read_all()


READERS: dict[str, Callable[[bytes], Any]] = {
    "arrow": arrow, "parquet": lambda data: pq.read_table(io.BytesIO(data)),
}  # fmt: skip


@pytest.mark.parametrize("form", READERS)
@pytest.mark.parametrize("skip", [0, 3, len(FORMULAS), 99])
def test_typed_files_hold_the_same(form: str, skip: int) -> None:
    """Types, order and what is not stated; and the rest of the rows alone."""
    assert SHEET.table.slice(skip).equals(READERS[form](file_of(SHEET, form, skip)))


def test_csv_holds_the_same_and_no_formula() -> None:
    """Texts that begin a formula have an apostrophe before them; numbers stay numbers."""
    header, *lines = csv.reader(io.StringIO(file_of(SHEET, "csv").decode(), newline=""))
    assert list(SHEET.columns) == header
    assert ["'=1+1", "'+1", "'-1", "'@x", "'\tx", "plain", "a=b", ""] == [row[1] for row in lines]
    assert ["0", "-1", "", str(2**53 - 1), str(2**53 + 1), str(-(2**63)), "7", "8"] == [
        row[2] for row in lines
    ]
    assert ["2026-03-01", "", "1999-12-31"] == [row[4] for row in lines[:3]]
    assert ["2026-03-01T06:00:00.000000Z", ""] == [row[5] for row in lines[:2]]
    assert ["a;b", "", "'=x"] == [row[6] for row in lines[:3]]


def test_a_worksheet_holds_the_same_and_no_formula() -> None:
    """Read by the product's own reader of Excel files: texts are texts, days are days."""
    data = file_of(SHEET, "xlsx")
    limits = Limits()
    blocks = list(blocks_apart(io.BytesIO(data), Form("x.xlsx", "xlsx"), limits))
    rows = [row for block in blocks for row in rows_of(block)]
    assert FORMULAS == [row["name"] for row in rows]
    assert str(2**53 + 1) == rows[4]["units"]
    assert ["2026-03-01", "", "1999-12-31"] == [row["day"] for row in rows[:3]]
    assert data == file_of(SHEET, "xlsx")


def rows_of(block: Any) -> list[dict[str, Any]]:
    filled = [[*cells, *[""] * len(block.header)] for cells in block.rows]
    return [dict(zip(block.header, cells, strict=False)) for cells in filled]


def test_files_are_made_as_they_are_taken() -> None:
    """A part for each of so many rows: a large table is never a large text."""
    count = 3 * ROWS_AT_ONCE + 1
    large = Sheet("large", pa.table({"n": pa.array(range(count))}))
    for form in ("arrow", "csv"):
        parts = list(written(large, form))
        assert 4 <= len([part for part in parts if part])
        assert max(map(len, parts)) < sum(map(len, parts)) / 2
    assert count == arrow(file_of(large, "arrow")).num_rows


def test_what_cannot_be_a_file_is_told() -> None:
    """Before anything is sent."""
    for sheet, form, code in (
        (SHEET, "pdf", "UNKNOWN_FORMAT"),
        (Sheet("large", pa.table({"n": pa.array(range(EXCEL_ROWS + 1))})), "xlsx",
         "EXPORT_TOO_LARGE"),
    ):  # fmt: skip
        with pytest.raises(InputError) as refused:
            written(sheet, form)
        assert code == refused.value.code


def test_a_worksheet_cuts_nothing() -> None:
    """A text that is longer than a cell is told; a day before Excel's own is text."""
    for long in (["x" * 32_768], [["x" * 20_000, "y" * 20_000]]):
        with pytest.raises(InputError) as refused:
            written(Sheet("long", pa.table({"a": pa.array(long)})), "xlsx")
        assert "EXPORT_TOO_LARGE" == refused.value.code
    data = file_of(Sheet("old", pa.table({"day": pa.array([date(1899, 1, 1)])})), "xlsx")
    (block,) = blocks_apart(io.BytesIO(data), Form("x.xlsx", "xlsx"), Limits())
    assert [["1899-01-01"]] == block.rows


def test_no_header_is_a_formula() -> None:
    """Nor a text that begins with a line's end or a wide sign."""
    found = file_of(Sheet("a table", pa.table({"=1+1": pa.array(["\n=1", "＝1"])})), "csv").decode()
    assert ["'=1+1", "'\n=1", "'＝1"] == [
        row[0] for row in csv.reader(io.StringIO(found, newline=""))
    ]


def test_every_form_has_its_media_type() -> None:
    """And an empty table is a file, too."""
    empty = Sheet("empty", SHEET.table.slice(99))
    for form in MEDIA_TYPES:
        assert file_of(empty, form)
