"""A sheet as columns of codes: blocks of text are read, encoded and dropped."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np

from feeds.facts.ledger import Refusal
from feeds.facts.pools import Codes, Pool, combinations
from feeds.facts.record_fields import field_specs
from feeds.facts.row_texts import RowTexts
from feeds.formats.blocks import Block, too_large
from feeds.formats.sheet import Sheet, cells_text, shape_refusal
from feeds.limits import Limits
from feeds.mapping import FileRule

_ROWS_AT_ONCE = 8_192


@dataclass(frozen=True, slots=True)
class TextColumn:
    """The distinct texts of a column, and which of them stands in each row."""

    texts: list[str]
    codes: Codes


@dataclass(frozen=True, slots=True)
class Encoded:
    """A sheet's header and rows in codes; it has the columns that its rule may want.

    `numbers[i]` is where a person finds row i, and `said(i)` what stands there. `refused` has the
    rows that are blank, ragged or refused by who made the sheet. Of a wide table, `origins[i]` is
    the column that row i was made from. `header_row` is 0 where the header stands in no row.
    """

    file: str
    header: tuple[str, ...]
    numbers: Codes
    columns: dict[str, TextColumn] = field(default_factory=dict)
    refused: dict[int, Refusal] = field(default_factory=dict)
    said: Callable[[int], str] = str
    origins: tuple[str, ...] = ()
    header_row: int = 0

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.numbers)

    def distinct(self, columns: Sequence[str]) -> tuple[Codes, list[tuple[str, ...]]]:
        """Which of the distinct combinations of texts stands in each row, and what they are."""
        if len(columns) == 1:
            only = self.columns[columns[0]]
            return only.codes, [(text,) for text in only.texts]
        found = [self.columns[column] for column in columns]
        sizes = [len(one.texts) for one in found]
        first, where = combinations([one.codes for one in found], sizes)
        parts = [[one.texts[code] for code in one.codes[first].tolist()] for one in found]
        return where, list(zip(*parts, strict=True))


def encoded(blocks: Iterable[Block], rule: FileRule, limits: Limits) -> Encoded:
    """The rows of a file in codes. What a row says is kept packed, some bytes a row.

    Raises what reading the blocks raises, and `UNPACKED_TOO_LARGE` for too many cells.
    """
    encoder, texts = Encoder(wanted_columns(rule)), RowTexts()
    for block in blocks:
        encoder.add(block)
        texts.add(block.texts or [cells_text(row) for row in block.rows])
        del block  # the next block is read before this name is bound again
    check_cells(rule, encoder.rows, len(encoder.header), limits)
    return encoder.done(rule.file, texts)


def check_cells(rule: FileRule, rows: int, columns: int, limits: Limits) -> None:
    """Raises InputError `UNPACKED_TOO_LARGE` where most cells are not even written in the file."""
    if rule.format != "csv" and rows * columns > limits.file_bytes:
        raise too_large(rule.form, f"{columns} columns of {rows} rows are too many")


def encoded_sheet(sheet: Sheet, rule: FileRule) -> Encoded:
    """The rows of a document in codes; they are made and dropped some thousands at a time."""
    encoder, rows = Encoder(wanted_columns(rule)), iter(sheet.rows)
    encoder.add(Block(sheet.header, [], []))
    while part := list(islice(rows, _ROWS_AT_ONCE)):
        cells = [cells for _, cells in part]
        encoder.add(Block(sheet.header, cells, [number for number, _ in part]))
        del part, cells
    encoder.refused |= sheet.refused
    found = encoder.done(sheet.file, str)
    numbers, said = found.numbers, sheet.said
    return replace(found, said=lambda row: said(int(numbers[row])))


def with_blank(sheet: Encoded, names: Sequence[str]) -> Encoded:
    """A sheet with more columns, in which every cell is blank."""
    nothing = np.broadcast_to(np.int32(0), len(sheet))
    columns = {name: TextColumn([""], nothing) for name in names}
    return Encoded(
        sheet.file, (*sheet.header, *names), sheet.numbers, sheet.columns | columns,
        sheet.refused, sheet.said, sheet.origins, sheet.header_row,
    )  # fmt: skip


def wanted_columns(rule: FileRule) -> set[str]:
    """The columns that a rule may read, whatever the header says."""
    found: set[str] = set()
    for record in rule.records:
        found |= set(field_specs(record.name)) if record.by_header else set(record.columns())
    return found


class Encoder:
    """Columns of codes that grow block by block."""

    def __init__(self, wanted: set[str]) -> None:
        self.wanted = wanted
        self.header: tuple[str, ...] = ()
        self.header_row = 0
        self.rows = 0
        self.numbers: list[Codes] = []
        self.refused: dict[int, Refusal] = {}
        self.pools: dict[str, Pool] = {}
        self.chunks: dict[str, list[Codes]] = {}

    def add(self, block: Block) -> None:
        """Encode the rows of the next block; the columns that are new were blank before."""
        self.header, self.header_row = block.header, block.header_row
        columns = list(zip(*self._whole(block.rows), strict=True))
        for name, texts in zip(block.header, columns or [()] * len(block.header), strict=True):
            if name in self.wanted:
                if name not in self.pools:
                    self.pools[name] = Pool()
                    blank = self.pools[name].code("")
                    self.chunks[name] = [np.full(self.rows, blank, np.int32)]
                self.chunks[name].append(self.pools[name].codes(texts))
        self.numbers.append(np.array(block.numbers, np.int32))
        self.rows += len(block.rows)

    def _whole(self, rows: list[list[str]]) -> list[list[str]]:
        """The rows with a cell per column; those that are blank or ragged are noted."""
        width = len(self.header)
        odd = [
            at for at, row in enumerate(rows) if len(row) != width or not any(map(str.strip, row))
        ]
        if not odd:
            return rows
        done = list(rows)
        for at in odd:
            refusal = shape_refusal(rows[at], width)
            if refusal is not None:
                self.refused[self.rows + at] = refusal
            done[at] = [*rows[at][:width], *[""] * (width - len(rows[at]))]
        return done

    def done(self, file: str, said: Callable[[int], str], origins: tuple[str, ...] = ()) -> Encoded:
        """All rows so far."""
        columns = {
            name: TextColumn(pool.values, np.concatenate(self.chunks.pop(name)))
            for name, pool in self.pools.items()
        }
        numbers = np.concatenate([np.empty(0, np.int32), *self.numbers])
        return Encoded(
            file, self.header, numbers, columns, self.refused, said, origins, self.header_row
        )
