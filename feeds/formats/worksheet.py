"""The rows of an Excel sheet, a few at a time: what saving it as text would say, but exact."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import chain, product
from string import ascii_uppercase, digits
from typing import BinaryIO

from feeds.formats.blocks import (
    Block,
    Form,
    check_columns,
    damaged,
    empty,
    fault,
    rows_at_once,
)
from feeds.formats.numbers import number_text
from feeds.formats.package import Package, Words
from feeds.formats.workbook import Book, opened, unescaped
from feeds.limits import Limits
from ontology.errors import InputError

_LAST_ROW = 2**20
_COLUMNS = {
    "".join(letters): at
    for at, letters in enumerate(chain.from_iterable(
        product(ascii_uppercase, repeat=length) for length in (1, 2, 3)
    ))
}  # fmt: skip
"""The place of a column by its letters; a workbook ends at XFD."""
_NUMBER = re.compile(r"[+-]?(?P<digits>[0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_EXACT_DIGITS = 15
_MILLISECONDS = 86_400_000
_LEAP_1900 = 60
_MOST_DAYS = 2_958_465


def xlsx_blocks(stream: BinaryIO, form: Form, limits: Limits) -> Iterator[Block]:
    """The rows of one sheet, each with its number there; the first that is not blank is the header.

    Of a formula the value counts that was saved with it. A number shown as a day or time is one.
    Rows behind the last that says anything are none. Raises InputError `FORMULA_NO_VALUE`,
    `TOO_MANY_COLUMNS`, `CELL_TOO_LONG`, and what `Package` and `workbook.opened` raise.
    """
    package = Package(stream, form, limits)
    book = opened(package, form, limits)
    sheet = _Rows(book, form, limits)
    header: tuple[str, ...] = ()
    block = Block(header, [], [])
    for number, cells in _rows(package, sheet, book.part):
        if not header:
            header = tuple(cell.strip() for cell in cells)
            block = Block(header, [], [], header_row=number)
            continue
        if len(block.rows) == rows_at_once(len(header)):
            yield block
            block = replace(block, rows=[], numbers=[])
        if cells and len(cells) < len(header):
            cells.extend([""] * (len(header) - len(cells)))
        block.rows.append(cells)
        block.numbers.append(number)
    if not header:
        raise empty(form)
    yield block


def _rows(package: Package, sheet: "_Rows", part: str) -> Iterator[tuple[int, list[str]]]:
    """The rows from the first that says something to the last, blank ones between them."""
    last = 0
    for _ in package.steps(part, sheet.started, sheet.ended, sheet.words.hear):
        for number, cells in sheet.taken():
            for blank in range(last + 1 if last else number, number):
                yield blank, []
            yield number, cells
            last = number


class _Rows:
    """Hears the elements of a sheet and keeps the rows that are not blank."""

    def __init__(self, book: Book, form: Form, limits: Limits) -> None:
        self._book, self._form, self._limits = book, form, limits
        self._rows: list[tuple[int, list[str]]] = []
        self._row, self._column = 0, -1
        self._cells: list[str] | None = None
        self._kind, self._style = "", 0
        self._has_formula = self._has_value = False
        self._is_spoken = True
        self.words = Words(form)

    def taken(self) -> list[tuple[int, list[str]]]:
        """The rows since the last time."""
        rows, self._rows = self._rows, []
        return rows

    def started(self, tag: str, has: dict[str, str]) -> None:
        """A row, a cell, or a part of a cell begins."""
        if tag == "row":
            self._start_row(has.get("r", ""))
        elif self._cells is None:
            return
        elif tag == "c":
            self._start_cell(has)
        elif tag in {"v", "t"}:
            self._has_value = True
            self.words.listening = self._is_spoken
        elif tag == "f":
            self._has_formula = True
        elif tag == "rPh":
            self._is_spoken = False

    def ended(self, tag: str) -> None:
        """It ends."""
        self.words.listening = False
        if self._cells is None:
            return
        if tag == "c":
            self._end_cell(self._cells)
        elif tag == "rPh":
            self._is_spoken = True
        elif tag == "row":
            if self._cells:
                self._rows.append((self._row, self._cells))
            self._cells = None

    def _start_row(self, stated: str) -> None:
        number = int(stated) if stated.isdecimal() and len(stated) < 8 else self._row + 1
        if not self._row < number <= _LAST_ROW:
            raise damaged(self._form, "the rows of the sheet are out of order", self._row)
        self._row, self._column, self._cells = number, -1, []

    def _start_cell(self, has: dict[str, str]) -> None:
        place = has.get("r")
        column = _COLUMNS.get(place.rstrip(digits), -1) if place else self._column + 1
        if column <= self._column:
            raise damaged(self._form, "the cells of the row are out of order", self._row)
        self._column = column
        self._kind = has.get("t", "n")
        style = has.get("s", "0")
        self._style = int(style) if style.isdecimal() and len(style) < 8 else 0
        self._has_formula = self._has_value = False
        self.words.start()

    def _end_cell(self, cells: list[str]) -> None:
        if self._has_formula and not self._has_value:
            raise fault(
                self._form, self._row, "FORMULA_NO_VALUE", "a formula was saved without its value",
                "open the workbook in Excel and save it",
            )  # fmt: skip
        text = self._text(self.words.text())
        if text:
            check_columns(self._form, self._limits, self._column + 1, self._row)
            cells.extend([""] * (self._column - len(cells)))
            cells.append(text)

    def _text(self, said: str) -> str:
        if self._kind == "s":
            at = int(said) if said.isdecimal() and len(said) < 10 else len(self._book.texts)
            if at >= len(self._book.texts):
                raise self._unsound(f"text {said[:20]} of the workbook")
            return self._book.texts[at]
        if self._kind in {"inlineStr", "str"}:
            return unescaped(said)
        if self._kind == "b":
            return {"0": "false", "1": "true"}.get(said, said)
        if self._kind == "d":
            return said.removesuffix("T00:00:00")
        days = self._book.days
        if said and self._style < len(days) and days[self._style]:
            return day_text(said, from_1904=self._book.from_1904)
        return plain_number(said)

    def _unsound(self, what: str) -> InputError:
        return damaged(self._form, f"a cell refers to {what}, which is not there", self._row)


def plain_number(said: str) -> str:
    """A number of a sheet in plain digits: as written up to 15 digits, else as short as exact.

    A workbook keeps 64-bit floats and writes 1.1 as 1.1000000000000001; whole numbers stay.
    """
    if said.isdecimal() and said.isascii():
        return said
    found = _NUMBER.fullmatch(said)
    if not found:
        return said
    figures = found["digits"].replace(".", "").lstrip("0")
    if len(figures) > _EXACT_DIGITS and not said.lstrip("+-").isdecimal():
        said = repr(float(said))
    plain = number_text(said)
    if "." not in plain or "e" in plain.lower():
        return plain
    return format(Decimal(plain), "f").rstrip("0").rstrip(".")


@lru_cache(maxsize=4_096)
def day_text(said: str, *, from_1904: bool) -> str:
    """The day `yyyy-mm-dd` of a serial number, with `Thh:mm:ss` behind it where it is not midnight.

    Numbers below 1 are times of a day; those that are no day of a workbook stay numbers. Serial
    60 is 29 February 1900, which never was and which workbooks have all the same.
    """
    if not _NUMBER.fullmatch(said):
        return said
    milliseconds = round(Decimal(said) * _MILLISECONDS)
    days, rest = divmod(milliseconds, _MILLISECONDS)
    time = _time(rest)
    if not 0 <= days <= _MOST_DAYS:
        return plain_number(said)
    if from_1904:
        day = (date(1904, 1, 1) + timedelta(days)).isoformat() if days or not rest else ""
    elif days == _LEAP_1900:
        day = "1900-02-29"
    else:
        start = date(1899, 12, 31) if days < _LEAP_1900 else date(1899, 12, 30)
        day = (start + timedelta(days)).isoformat() if days else ""
    if not day:
        return time
    return f"{day}T{time}" if rest else day


def _time(milliseconds: int) -> str:
    seconds, part = divmod(milliseconds, 1000)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{part:03}".rstrip("0") if part else text
