"""Tables that fit the screen: dates and numbers stay whole, ids break where they have a hyphen."""

import re
from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\S*")
_PIECE = re.compile(r"[^\s/_-]*[/_-]+|[^\s/_-]+")
GAPS = (3, 2, 1)
"""Spaces between two columns: where every cell fits on a line, where every word does, else."""
NARROWEST, OF_A_DATE = 6, 10
"""What a column of text keeps at least, without and with a date, while a screen allows that."""


class Table:
    """Rows under titles; what is drawn depends on the width that there is.

    A column is as wide as its longest cell where all fit, else the widest give way first: text
    breaks at spaces and behind `-`, `/` and `_`, a date or a cell of a number column never does,
    and only where words alone are wider than the screen they are broken, too. Before that the
    columns in `spare` are left out, and named below the table.
    """

    def __init__(
        self, titles: Sequence[str], numbers: Iterable[str] = (), spare: Iterable[str] = ()
    ) -> None:
        self.titles = tuple(titles)
        self.rows: list[tuple[str, ...]] = []
        self._right = frozenset(numbers)
        self._spare = tuple(spare)

    def add(self, cells: Iterable[str]) -> None:
        """One more row, a cell for each title."""
        self.rows.append(tuple(cells))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines of the table, an empty one before and after."""
        left_out = self._too_many(options.max_width)
        if left_out:
            yield from self._without(left_out).__rich_console__(console, options)
            yield Text(f"left out for want of room: {', '.join(left_out)}", style="dim")
            return
        widths, gap = self._fitted(options.max_width)
        indent = " " * (gap // 2)
        rule = "─" * (sum(widths) + gap * (len(widths) - 1))
        head, *body = self._lines(widths, gap)
        yield Text("")
        for line in head:
            yield Text(indent + line, style="bold", no_wrap=True)
        yield Text(indent + rule, no_wrap=True)
        for line in (line for row in body for line in row):
            yield Text(indent + line, no_wrap=True)
        yield Text("")

    def _too_many(self, width: int) -> list[str]:
        """The spare columns without which every word of the others stays whole."""
        gone: list[str] = []
        for title in self._spare:
            if self._without(gone).least_width() <= width:
                break
            gone.append(title)
        return gone

    def _without(self, gone: Sequence[str]) -> "Table":
        kept = [at for at, title in enumerate(self.titles) if title not in gone]
        found = Table([self.titles[at] for at in kept], self._right)
        found.rows = [tuple(row[at] for at in kept) for row in self.rows]
        return found

    def least_width(self) -> int:
        """The least width that breaks no word."""
        columns = zip(self.titles, self._columns(), strict=True)
        return self._between(GAPS[-1]) + sum(self._least(*column) for column in columns)

    def _fitted(self, width: int) -> tuple[list[int], int]:
        """The width of each column, and of the gaps between them."""
        most = [max(map(cell_len, column)) for column in self._columns()]
        least = [self._least(title, column)
                 for title, column in zip(self.titles, self._columns(), strict=True)]  # fmt: skip
        dated = [any(_DATE.search(cell) for cell in column) for column in self._columns()]
        folded = [
            whole if title in self._right else min(whole, OF_A_DATE if has else NARROWEST)
            for title, whole, has in zip(self.titles, least, dated, strict=True)
        ]
        sizes = zip(GAPS, (most, least, least), strict=True)
        gap = next((gap for gap, size in sizes if sum(size) + self._between(gap) <= width), 1)
        room = width - self._between(gap)
        for floor, top in ((least, most), (folded, least), ([1] * len(most), folded)):
            if sum(floor) <= room:
                return _spread(floor, top, room), gap
        return [1] * len(most), gap

    def _between(self, gap: int) -> int:
        return gap // 2 + gap * (len(self.titles) - 1)

    def _columns(self) -> list[tuple[str, ...]]:
        return list(zip(self.titles, *self.rows, strict=True))

    def _least(self, title: str, column: tuple[str, ...]) -> int:
        """The widest of what must not be broken."""
        whole = title in self._right
        cells = column[1:] if whole else column
        pieces = [*cells] if whole else [piece for cell in cells for piece in _pieces(cell)]
        return max(1, *map(cell_len, (*pieces, *title.split())))

    def _lines(self, widths: list[int], gap: int) -> list[list[str]]:
        """Every row, titles first, as the lines that it takes."""
        found = []
        for row in (self.titles, *self.rows):
            cells = [wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
            height = max(map(len, cells), default=0)
            found.append([self._joined(cells, widths, gap, at) for at in range(height)])
        return found

    def _joined(self, cells: list[list[str]], widths: list[int], gap: int, at: int) -> str:
        parts = []
        for title, lines, width in zip(self.titles, cells, widths, strict=True):
            text = lines[at] if at < len(lines) else ""
            space = " " * (width - cell_len(text))
            parts.append(space + text if title in self._right else text + space)
        return (" " * gap).join(parts).rstrip()


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` columns, broken where it may be, else where it must."""
    lines, line = [], ""
    for piece in _pieces(text):
        if cell_len((line + piece).rstrip()) <= width:
            line += piece
            continue
        if line.strip():
            lines.append(line.rstrip())
        line = piece.lstrip()
        while cell_len(line.rstrip()) > width:
            cut = max(1, next(n for n in range(len(line) + 1) if cell_len(line[: n + 1]) > width))
            lines.append(line[:cut])
            line = line[cut:]
    return [*lines, line.rstrip()]


def _pieces(text: str) -> list[str]:
    """What a text is broken into, in order: words with the space behind, ids in their parts."""
    found: list[str] = []
    for word in text.split(" "):
        whole = _DATE.fullmatch(word) or not any(letter.isalpha() for letter in word)
        parts = [word] if whole else _PIECE.findall(word)
        found += [*parts[:-1], (parts[-1] if parts else "") + " "]
    return [*found[:-1], found[-1][:-1]] if found else []


def _spread(floor: Sequence[int], top: Sequence[int], room: int) -> list[int]:
    """Widths between floor and top that sum to at most `room`: the widest give way first."""

    def at(level: int) -> list[int]:
        return [min(most, max(least, level)) for least, most in zip(floor, top, strict=True)]

    level = next((n for n in range(max(top, default=0), 0, -1) if sum(at(n)) <= room), 0)
    widths = at(level)
    for place, most in enumerate(top):
        widths[place] += max(0, min(most - widths[place], room - sum(widths)))
    return widths
