"""One table written in every format by means of its own, to be read by the product."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pyarrow
import pyarrow.parquet

pa: Any = pyarrow
Cell = str | int | bool | date | Decimal | None
Rows = Sequence[Sequence[Cell]]
DECIMALS = pa.decimal128(30, 4)
FORMATS = ("csv", "jsonl", "parquet", "arrow", "xlsx")
PACKED = ("parquet", "arrow", "xlsx")
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts count="1"><numFmt numFmtId="164" '
    'formatCode="dd\\.mm\\.yyyy;@"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="21"/></cellXfs></styleSheet>'
)
"""Style 1 shows a day, style 2 a time; the first list of styles is not the one that cells use."""
_NOT_XML = re.compile(
    "[^\\t\\n\\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|_(?=x[0-9A-Fa-f]{4}_)"
)


def written(form: str, header: Sequence[str], rows: Rows) -> bytes:
    """The table in a format: typed cells where it has types, else their plain text."""
    return {
        "csv": csv_bytes, "jsonl": jsonl_bytes, "parquet": parquet_bytes, "arrow": arrow_bytes,
        "xlsx": xlsx_bytes,
    }[form](header, rows)  # fmt: skip


def plain(cell: Cell) -> str:
    """The text of a cell in a CSV file."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    return f"{cell:f}" if isinstance(cell, Decimal) else str(cell)


def csv_bytes(header: Sequence[str], rows: Rows) -> bytes:
    """Delimited text in UTF-8; each cell quoted, so that blank ones are not blank lines."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(header)
    writer.writerows([[plain(cell) for cell in row] for row in rows])
    return stream.getvalue().encode()


def jsonl_bytes(header: Sequence[str], rows: Rows) -> bytes:
    """An object per line; numbers as literals, null where nothing is stated."""
    lines = []
    for row in rows:
        parts = [
            f"{json.dumps(name)}: {plain(cell) if _is_bare(cell) else json.dumps(plain(cell))}"
            for name, cell in zip(header, row, strict=True)
            if cell is not None or name == header[0]
        ]
        lines.append("{" + ", ".join(parts) + "}\n")
    return "".join(lines).encode()


def _is_bare(cell: Cell) -> bool:
    return isinstance(cell, bool | int | Decimal)


def table(header: Sequence[str], rows: Rows) -> Any:
    """An Arrow table, each column of the type that its cells have."""
    columns: list[Sequence[Cell]] = list(zip(*rows, strict=True)) or [()] * len(header)
    return pa.table([_column(cells) for cells in columns], names=list(header))


def _column(cells: Sequence[Cell]) -> Any:
    kinds = {type(cell) for cell in cells} - {type(None)}
    if kinds == {Decimal}:
        return pa.array(cells, DECIMALS)
    if len(kinds) == 1:
        return pa.array(cells)
    return pa.array([None if cell is None else plain(cell) for cell in cells], pa.string())


def parquet_bytes(header: Sequence[str], rows: Rows) -> bytes:
    """A Parquet file in row groups of 7 rows."""
    sink = io.BytesIO()
    pa.parquet.write_table(table(header, rows), sink, row_group_size=7)
    return sink.getvalue()


def arrow_bytes(header: Sequence[str], rows: Rows, *, as_stream: bool = False) -> bytes:
    """An Arrow IPC file, or stream, in batches of 5 rows."""
    sink = io.BytesIO()
    made = table(header, rows)
    with (pa.ipc.new_stream if as_stream else pa.ipc.new_file)(sink, made.schema) as writer:
        writer.write_table(made, max_chunksize=5)
    return sink.getvalue()


def xlsx_bytes(header: Sequence[str], rows: Rows) -> bytes:
    """A workbook: texts shared or inline, numbers as numbers, days as serial numbers."""
    shared: dict[str, int] = {}
    lines = [
        f'<row r="{number}">{_row(number, row, shared)}</row>'
        for number, row in enumerate([header, *rows], 1)
    ]
    return workbook(sheet("".join(lines)), texts=list(shared))


def _row(number: int, row: Sequence[Cell], shared: dict[str, int]) -> str:
    return "".join(xlsx_cell(f"{letters(at)}{number}", cell, shared) for at, cell in enumerate(row))


def letters(at: int) -> str:
    """The letters of a column, the first being 0."""
    return (letters(at // 26 - 1) if at >= 26 else "") + chr(65 + at % 26)


def xlsx_cell(place: str, cell: Cell, shared: dict[str, int]) -> str:
    """One cell as a workbook has it."""
    if cell is None:
        return f'<c r="{place}" s="1"/>'
    if isinstance(cell, bool):
        return f'<c r="{place}" t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, date) and cell.year >= 1900:
        days = (cell - date(1899, 12, 30)).days
        return f'<c r="{place}" s="1"><v>{days - (days < 61)}</v></c>'
    if isinstance(cell, str | date):
        cell = str(cell)
        if len(cell) % 2:
            return (
                f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{xml(cell)}</t></is></c>'
            )
        return f'<c r="{place}" t="s"><v>{shared.setdefault(cell, len(shared))}</v></c>'
    return f'<c r="{place}"><v>{plain(cell)}</v></c>'


def xml(text: str) -> str:
    """A text as XML; what XML has no place for as `_x0001_`."""
    return escape(_NOT_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", text))


def sheet(rows: str) -> str:
    """A sheet with these rows of XML."""
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def workbook(
    *sheets: str,
    names: Sequence[str] = ("Stock", "Notes", "More"),
    texts: Sequence[str] = (),
    more: dict[str, str | bytes] | None = None,
    properties: str = "",
) -> bytes:
    """A workbook of sheets; `more` adds parts or replaces them."""
    numbers = range(1, len(sheets) + 1)
    entries = "".join(
        f'<sheet name={quoteattr(names[n - 1])} sheetId="{n}" r:id="s{n}"/>' for n in numbers
    )
    links = "".join(
        f'<Relationship Id="s{n}" Type="{LINKS}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in numbers
    )
    links += f'<Relationship Id="t" Type="{LINKS}/sharedStrings" Target="/xl/sharedStrings.xml"/>'
    links += f'<Relationship Id="y" Type="{LINKS}/styles" Target="styles.xml"/>'
    items = "".join(f'<si><t xml:space="preserve">{xml(text)}</t></si>' for text in texts)
    parts: dict[str, str | bytes] = {
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="w" '
        f'Type="{LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{LINKS}">{properties}'
        f"<sheets>{entries}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">{links}</Relationships>',
        "xl/styles.xml": STYLES,
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{items}</sst>',
        **{f"xl/worksheets/sheet{n}.xml": text for n, text in zip(numbers, sheets, strict=True)},
        **(more or {}),
    }
    return zipped(parts)


def zipped(parts: dict[str, str | bytes]) -> bytes:
    """A zip of parts."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return sink.getvalue()
