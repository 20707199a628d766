"""Delimited text (RFC 4180) as rows that know their line; a file that cannot be read is refused."""

import csv
import io
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from feeds.ledger import Refusal
from feeds.limits import Limits
from feeds.mapping import FileRule
from feeds.refusals import shown
from ontology.errors import InputError, Place

_LINE_END = re.compile("\r\n|\r|\n")
_OTHER_MARKS = (b"\xff\xfe", b"\xfe\xff")
_SHOWN_CHARACTERS = 1_000
_DELIMITER_NAMES = {",": '","', ";": '";"', "|": '"|"', "\t": "tab"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file's header (trimmed) and data rows; `numbers[i]` is the line on which row i starts.

    `lines` are all lines of the file, `starts` the numbers of those on which a record starts.
    Of a wide table, `origins[i]` is the column that row i was made from, and `refused` has the
    rows that stand for a line that is blank or ragged.
    """

    file: str
    header: tuple[str, ...]
    rows: list[list[str]]
    numbers: list[int]
    lines: list[str]
    starts: list[int]
    origins: tuple[str, ...] = ()
    refused: Mapping[int, Refusal] = field(default_factory=dict)

    def text(self, row: int) -> str:
        """What a row says in the file, at most 1,000 characters."""
        after = bisect_right(self.starts, self.numbers[row])
        last = self.starts[after] - 1 if after < len(self.starts) else len(self.lines)
        said = "".join(self.lines[self.numbers[row] - 1 : last])
        return said.rstrip("\r\n")[:_SHOWN_CHARACTERS]


def read_sheet(data: bytes, rule: FileRule, limits: Limits) -> Sheet:
    """The rows of a file. Rows are counted by physical lines, quoted line breaks included.

    Raises InputError, with the row where there is one: `FILE_EMPTY`, `WRONG_ENCODING`,
    `NUL_BYTE`, `LINE_TOO_LONG`, `TOO_MANY_ROWS`, `TOO_MANY_COLUMNS`, `BROKEN_QUOTES`,
    `CELL_TOO_LONG`, `HEADER_MISSING` or `HEADER_DUPLICATE`.
    """
    text = _decoded(data, rule)
    if not text.strip():
        raise _fault(rule, 0, "FILE_EMPTY", "the file is empty", "give a file with a header row")
    _check_nul(text, rule)
    lines = list(_lines(text, rule, limits))
    header: list[str] = []
    rows: list[list[str]] = []
    numbers: list[int] = []
    for number, cells in _records(lines, rule):
        if not header:
            header = [cell.strip() for cell in cells] or [""]
            continue
        limits.check_rows(rule.file, len(rows) + 1, number)
        rows.append(cells)
        numbers.append(number)
    if len(header) > limits.columns:
        raise _fault(rule, 1, "TOO_MANY_COLUMNS", f"{len(header)} columns are more than "
                     f"{limits.columns}", "check the delimiter")  # fmt: skip
    return Sheet(rule.file, tuple(header), rows, numbers, lines, numbers)


def _decoded(data: bytes, rule: FileRule) -> str:
    if data.startswith(_OTHER_MARKS):
        raise _fault(rule, 1, "WRONG_ENCODING", f"the file is UTF-16, not {rule.encoding}",
                     "save the file as UTF-8")  # fmt: skip
    # A mark in front of UTF-8 says nothing else and is dropped; in latin-1 it would be letters.
    codec = "utf-8-sig" if rule.encoding == "utf-8" else rule.encoding
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        shift = 3 if codec == "utf-8-sig" and data.startswith(b"\xef\xbb\xbf") else 0
        start = error.start + shift
        row = len(_LINE_END.findall(data[:start].decode("latin-1"))) + 1
        raise _fault(
            rule, row, "WRONG_ENCODING",
            f"byte {start} (0x{data[start]:02x}) is not {rule.encoding}",
            "save the file as UTF-8, or state `encoding` in the mapping",
        ) from error  # fmt: skip


def _check_nul(text: str, rule: FileRule) -> None:
    position = text.find("\0")
    if position >= 0:
        row = len(_LINE_END.findall(text[:position])) + 1
        raise _fault(rule, row, "NUL_BYTE", "the row holds a NUL character",
                     "export the file again: it is damaged or not text")  # fmt: skip


def _lines(text: str, rule: FileRule, limits: Limits) -> Iterator[str]:
    for number, line in enumerate(io.StringIO(text, newline=""), 1):
        if len(line) > limits.line_characters:
            raise _fault(
                rule, number, "LINE_TOO_LONG",
                f"the line is longer than {limits.line_characters} characters",
                "check for missing line ends",
            )  # fmt: skip
        yield line


def _records(lines: list[str], rule: FileRule) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(iter(lines), delimiter=rule.delimiter, strict=True)
    number = 1
    try:
        for cells in reader:
            yield number, cells
            number = reader.line_num + 1
    except csv.Error as error:
        if "field limit" in str(error):
            raise _fault(
                rule, number, "CELL_TOO_LONG",
                f"a cell has over {csv.field_size_limit()} characters",
                "check for a quote that is never closed",
            ) from error  # fmt: skip
        raise _fault(
            rule, number, "BROKEN_QUOTES", f"the quotes of this row do not match: {error}",
            'close every quote, and double a quote inside quotes: ""',
        ) from error  # fmt: skip


def check_header(sheet: Sheet, rule: FileRule) -> tuple[str, ...]:
    """The columns that nothing reads. Raises `HEADER_MISSING`, `_DUPLICATE` or `_UNKNOWN`."""
    by_header = any(record.by_header for record in rule.records)
    wanted = {column for record in rule.records for column in record.columns()}
    for column in sorted(wanted):
        at_column(sheet, rule, column)
    unread = tuple(column for column in sheet.header if column not in wanted)
    if by_header and unread:
        raise _fault(
            rule, 1, "HEADER_UNKNOWN", f"{rule.principal.name} has no such field",
            "correct the column's name, or map the fields one by one", unread[0],
        )  # fmt: skip
    return unread


def at_column(sheet: Sheet, rule: FileRule, column: str) -> int:
    """Where a column stands. Raises `HEADER_MISSING` or `HEADER_DUPLICATE`."""
    found = sheet.header.count(column)
    if found == 0:
        raise _fault(rule, 1, "HEADER_MISSING", "the file has no such column",
                     _columns_there(sheet, rule, column), column)  # fmt: skip
    if found > 1:
        raise _fault(rule, 1, "HEADER_DUPLICATE", f"the column stands {found} times",
                     "rename or delete the others", column)  # fmt: skip
    return sheet.header.index(column)


def _columns_there(sheet: Sheet, rule: FileRule, column: str) -> str:
    """The columns that there are, or the delimiter by which the wanted one would be there."""
    header = rule.delimiter.join(sheet.header)
    for mark, name in _DELIMITER_NAMES.items():
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


def _fault(
    rule: FileRule, row: int, code: str, what: str, hint: str, column: str = ""
) -> InputError:
    return InputError(what, code=code, hint=hint, place=Place(rule.file, row, column))
