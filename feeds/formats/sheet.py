"""A file's rows as the mapping sees them, whatever their format; its header is checked here."""

import io
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from feeds.facts.ledger import Refusal
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
from ontology.terms import field_kinds
from ontology.vocabulary import RECORDS

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
    """Rows that a document was made into: the number by which a person finds each, and its cells.

    They are made when they are asked for, once. `said` tells what stands at a number, and
    `refused` has the rows that cannot be used, by their place among all.
    """

    file: str
    header: tuple[str, ...]
    rows: Iterable[tuple[int, list[str]]]
    said: Callable[[int], str]
    refused: Mapping[int, Refusal] = field(default_factory=dict)


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
        found = blocks_apart(source, form, limits)
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
            f"{_free_fields(rule.principal.name, sheet.header)}; correct the column's name, or map "
            "the fields one by one", unread[0],
        )  # fmt: skip
    return unread


def _free_fields(name: str, header: Collection[str]) -> str:
    """The fields of a class that no column of the header is named like, in words."""
    free = [f"`{field}`" for field in field_kinds(RECORDS[name]) if field not in header]
    return f"it also has {', '.join(free)}" if free else "every field of it has its column"


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
