"""A file's rows as the mapping sees them, whatever their format; its header is checked here."""

import io
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO, Protocol

from feeds.facts.ledger import Refusal
from feeds.facts.row_texts import SHOWN_CHARACTERS
from feeds.formats import delimited, json_lines
from feeds.formats.apart import PACKED, blocks_apart
from feeds.formats.blocks import (
    LONGEST_CELL,
    Block,
    Form,
    check_columns,
    fault,
    too_large,
)
from feeds.limits import Limits
from feeds.mapping import FileRule
from feeds.refusals import shown

_DELIMITER_NAMES = {",": '","', ";": '";"', "|": '"|"', "\t": "tab"}


class HasHeader(Protocol):
    """What has columns; `header_row` is 0 where the header stands in no row."""

    @property
    def header(self) -> tuple[str, ...]:
        """The names of the columns, trimmed."""

    @property
    def header_row(self) -> int:
        """The row of the header."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file's header (trimmed) and data rows; `numbers[i]` is where a person finds row i.

    Of text, `lines` are all lines of the file, a record's lines all at the first of them, and
    `starts` the numbers of those on which a record starts. Of a wide table, `origins[i]` is the
    column that row i was made from, and `refused` has the rows that stand for a line that is
    blank or ragged. `header_row` is 0 where the header stands in no row.
    """

    file: str
    header: tuple[str, ...]
    rows: list[list[str]]
    numbers: list[int]
    lines: list[str]
    starts: list[int]
    origins: tuple[str, ...] = ()
    refused: Mapping[int, Refusal] = field(default_factory=dict)
    header_row: int = 1

    def text(self, row: int) -> str:
        """What a row says in the file, or its cells where that is no text: 1,000 characters."""
        if not self.lines:
            return cells_text(self.rows[row])[:SHOWN_CHARACTERS]
        after = bisect_right(self.starts, self.numbers[row])
        last = self.starts[after] - 1 if after < len(self.starts) else len(self.lines)
        said = "".join(self.lines[self.numbers[row] - 1 : last])
        return said.rstrip("\r\n")[:SHOWN_CHARACTERS]


def cells_text(cells: Sequence[str]) -> str:
    """Cells as delimited text."""
    return ",".join(map(_quoted, cells))


def _quoted(cell: str) -> str:
    if not any(mark in cell for mark in ',"\r\n'):
        return cell
    return '"{}"'.format(cell.replace('"', '""'))


def blocks_of(source: bytes | BinaryIO, form: Form, limits: Limits) -> Iterator[Block]:
    """The blocks of a file by its format; text is read here, what is packed in another process.

    An open file of text is read a piece at a time, and closed in the end; it must be one that can
    be read from its start again.
    Raises InputError, with the row where there is one: `TOO_MANY_ROWS`, `TOO_MANY_COLUMNS`,
    `CELL_TOO_LONG`, `UNPACKED_TOO_LARGE`, and what the module of the file's format names.
    """
    if form.format in PACKED:
        data = source if isinstance(source, bytes) else source.read(limits.file_bytes + 1)
        found = blocks_apart(data, form, limits)
    else:
        read = json_lines.blocks if form.format == "jsonl" else delimited.blocks
        stream = io.BytesIO(source) if isinstance(source, bytes) else source
        found = read(stream, form, limits)
    rows = characters = 0
    for block in found:
        check_columns(form, limits, len(block.header), block.header_row)
        left = limits.rows_per_file - rows
        rows += len(block.rows)
        if len(block.rows) > left:
            limits.check_rows(form.file, rows, block.numbers[left])
        if form.format != "csv":
            characters += _length(block, form)
            if characters > limits.file_bytes:
                raise too_large(form, f"as text it is larger than {limits.file_bytes} bytes")
        yield block
        del block  # the next one is made before this name is bound again


def read_sheet(data: bytes, rule: FileRule, limits: Limits) -> Sheet:
    """All rows of a file. Raises what `blocks_of` raises."""
    sheet = Sheet(rule.file, (), [], [], [], [])
    widths: list[tuple[int, int]] = []
    header: tuple[str, ...] = ()
    header_row = 0
    for block in blocks_of(data, rule.form, limits):
        header, header_row = block.header, block.header_row
        widths.append((len(sheet.rows), len(header)))
        sheet.rows.extend(block.rows)
        sheet.numbers.extend(block.numbers)
        for number, text in zip(block.numbers, block.texts, strict=len(block.texts) > 0):
            sheet.lines.extend([""] * (number - 1 - len(sheet.lines)))
            sheet.lines.append(text)
    if rule.format != "csv" and len(sheet.rows) * len(header) > limits.file_bytes:
        raise too_large(rule.form, f"{len(header)} columns of {len(sheet.rows)} rows are too many")
    _widen(sheet.rows, widths, len(header))
    return replace(sheet, header=header, starts=sheet.numbers, header_row=header_row)


def _length(block: Block, form: Form) -> int:
    """The characters of a block as delimited text. Raises InputError `CELL_TOO_LONG`."""
    total = len(block.rows) * len(block.header)
    for number, row in zip(block.numbers, block.rows, strict=True):
        lengths = [len(cell) for cell in row]
        total += sum(lengths)
        if lengths and max(lengths) > LONGEST_CELL:
            raise fault(form, number, "CELL_TOO_LONG",
                        f"a cell has over {LONGEST_CELL} characters", "shorten it")  # fmt: skip
    return total


def _widen(rows: list[list[str]], widths: list[tuple[int, int]], width: int) -> None:
    """Blanks for the columns that came up only in a later block."""
    ends = [start for start, _ in widths[1:]] + [len(rows)]
    for (start, had), end in zip(widths, ends, strict=True):
        if had < width:
            for row in rows[start:end]:
                if row:
                    row.extend([""] * (width - len(row)))


def check_header(sheet: HasHeader, rule: FileRule) -> tuple[str, ...]:
    """The columns that nothing reads. Raises `HEADER_MISSING`, `_DUPLICATE` or `_UNKNOWN`."""
    by_header = any(record.by_header for record in rule.records)
    wanted = {column for record in rule.records for column in record.columns()}
    for column in sorted(wanted):
        at_column(sheet, rule, column)
    unread = tuple(column for column in sheet.header if column not in wanted)
    if by_header and unread:
        raise fault(
            rule.form, sheet.header_row, "HEADER_UNKNOWN",
            f"{rule.principal.name} has no such field",
            "correct the column's name, or map the fields one by one", unread[0],
        )  # fmt: skip
    return unread


def absent_columns(header: Sequence[str], rule: FileRule) -> tuple[str, ...]:
    """The columns that no line of JSON Lines names, and that may be blank.

    Who writes JSON often leaves out what is not stated. A column that a record needs stays
    missing, and is refused by `check_header`.
    """
    if rule.format != "jsonl":
        return ()
    parts = [part for record in rule.records for part in record.fields]
    needed = {c for part in parts if part.blank == "refuse" for c in part.columns}
    named = {column for record in rule.records for column in record.columns()}
    return tuple(sorted(named - needed - set(header)))


def at_column(sheet: HasHeader, rule: FileRule, column: str) -> int:
    """Where a column stands. Raises `HEADER_MISSING` or `HEADER_DUPLICATE`."""
    found = sheet.header.count(column)
    if found == 0:
        raise fault(rule.form, sheet.header_row, "HEADER_MISSING", "the file has no such column",
                    _columns_there(sheet, rule, column), column)  # fmt: skip
    if found > 1:
        raise fault(rule.form, sheet.header_row, "HEADER_DUPLICATE",
                    f"the column stands {found} times", "rename or delete the others",
                    column)  # fmt: skip
    return sheet.header.index(column)


def _columns_there(sheet: HasHeader, rule: FileRule, column: str) -> str:
    """The columns that there are, or the delimiter by which the wanted one would be there."""
    header = rule.delimiter.join(sheet.header)
    for mark, name in _DELIMITER_NAMES.items() if rule.format == "csv" else ():
        if mark != rule.delimiter and column in (cell.strip() for cell in header.split(mark)):
            return f"the header is cut by another delimiter: state `delimiter: {name}`"
    return f"the columns are {', '.join(shown(there) for there in sheet.header[:20])}"


def shape_refusal(cells: Sequence[str], width: int) -> Refusal | None:
    """Why a row of a sheet of so many columns cannot be read at all, if so."""
    if not any(cell.strip() for cell in cells):
        return Refusal("BLANK_ROW", "the row is blank")
    if len(cells) != width:
        return Refusal("RAGGED_ROW", f"the row has {len(cells)} cells, the header {width}")
    return None
