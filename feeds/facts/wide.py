"""Tables with a column per thing, read as a row per cell, a block of lines at a time."""

from array import array
from collections.abc import Iterator
from typing import BinaryIO

from feeds.facts.encoded import Encoded, Encoder, check_cells, wanted_columns
from feeds.facts.ledger import Refusal
from feeds.facts.row_texts import RowTexts
from feeds.formats.apart import PACKED
from feeds.formats.blocks import BLOCK_ROWS, Block
from feeds.formats.sheet import HasHeader, at_column, blocks_of, cells_text, shape_refusal
from feeds.limits import Limits
from feeds.mapping import FileRule, Wide


def unpivoted(stream: BinaryIO, rule: FileRule, wide: Wide, limits: Limits) -> tuple[Encoded, int]:
    """A row per cell of the columns that `wide` does not keep, and the cells left out.

    The rows of one line have its number; a line that is blank or ragged stays one row, which is
    refused. Raises InputError `HEADER_MISSING`, `HEADER_DUPLICATE`, `TOO_MANY_ROWS`,
    `UNPACKED_TOO_LARGE`, and what reading the blocks raises.
    """
    blocks = _blocks(stream, rule, limits)
    first = next(blocks)  # a file without a header is refused there
    found = _Rows(rule, wide, first)
    found.add(first, limits)
    del first
    for block in blocks:
        found.add(block, limits)
        del block  # the next one is read before this name is bound again
    return found.done()


def _blocks(stream: BinaryIO, rule: FileRule, limits: Limits) -> Iterator[Block]:
    """The blocks of a file, each with its last header: lines of JSON may name a field late."""
    if rule.format != "jsonl":
        yield from blocks_of(stream, rule.form, limits)
        return
    header: tuple[str, ...] = ()
    for block in blocks_of(stream, rule.form, limits):
        header = block.header
        del block
    stream.seek(0)
    for block in blocks_of(stream, rule.form, limits):
        missing = [""] * (len(header) - len(block.header))
        rows = [[*row, *missing] if row else row for row in block.rows]
        yield Block(header, rows, block.numbers, block.texts, block.header_row)
        del block, rows


class _Rows:
    """The rows that lines were made into so far, in codes; some thousands wait to be encoded."""

    def __init__(self, rule: FileRule, wide: Wide, sheet: HasHeader) -> None:
        self._rule, self._wide = rule, wide
        self._header, self._header_row = sheet.header, sheet.header_row
        self._kept = [at_column(sheet, rule, column) for column in wide.keep]
        left = {at_column(sheet, rule, column) for column in wide.leave}
        self._spread = [at for at in range(len(sheet.header)) if at not in {*self._kept, *left}]
        for at in self._spread:
            at_column(sheet, rule, sheet.header[at])
        self._encoder, self._texts = Encoder(wanted_columns(rule)), RowTexts()
        self._rows: list[list[str]] = []
        self._numbers: list[int] = []
        self._origins: list[str] = []
        self._refused: dict[int, Refusal] = {}
        self._lines, self._line_of = 0, array("i")
        self._nothing = 0

    def add(self, block: Block, limits: Limits) -> None:
        """The rows of the next lines."""
        self._texts.add(block.texts)
        for number, cells in zip(block.numbers, block.rows, strict=True):
            made = self._take(cells)
            self._numbers += [number] * made
            self._line_of.extend([self._lines] * made)
            self._lines += 1
            limits.check_rows(self._rule.file, len(self._origins), number)
            if len(self._rows) >= BLOCK_ROWS:
                self._encode()
        check_cells(self._rule, self._lines, len(self._header), limits)

    def done(self) -> tuple[Encoded, int]:
        """All rows, and how many cells state nothing."""
        self._encode()
        self._encoder.refused |= self._refused
        texts, line_of = self._texts, self._line_of
        said = texts if self._is_packed else lambda row: texts(line_of[row])
        return self._encoder.done(self._rule.file, said, tuple(self._origins)), self._nothing

    @property
    def _is_packed(self) -> bool:
        """Whether the file is no text: then the cells of a row are what it says."""
        return self._rule.format in PACKED

    def _take(self, cells: list[str]) -> int:
        """The rows of a line; how many they are."""
        fault = shape_refusal(cells, len(self._header))
        if fault:
            self._refused[len(self._origins)] = fault
            self._rows.append([""])
            self._origins.append("")
            return 1
        chosen = [at for at in self._spread if cells[at].strip() not in self._wide.nothing]
        head = [cells[at] for at in self._kept]
        self._rows += [[*head, self._header[at], cells[at]] for at in chosen]
        self._origins += [self._header[at] for at in chosen]
        self._nothing += len(self._spread) - len(chosen)
        return len(chosen)

    def _encode(self) -> None:
        wide, rows = self._wide, self._rows
        header = (*wide.keep, wide.name, wide.value)
        if self._is_packed:
            self._texts.add([cells_text(row) for row in rows])
        self._encoder.add(Block(header, rows, self._numbers, header_row=self._header_row))
        self._rows, self._numbers = [], []
