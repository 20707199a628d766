"""One measured aim: what was done, at which size, against which peer, and whether it held."""

from collections.abc import Iterable
from dataclasses import dataclass

GIGABYTE = 10**9


@dataclass(frozen=True, slots=True)
class Row:
    """An aim is a most: `measured` meets it where it is no greater.

    `unit` says what both are: `x` of what the peer took, `%` of the cost, `GB` of memory, or `ms`
    of the clock. A row without a number was not measured, and says why in `size`.
    """

    work: str
    size: str
    against: str
    aim: float
    measured: float | None
    unit: str = "x"

    @property
    def verdict(self) -> str:
        """`met`, `missed` or `not measured`."""
        if self.measured is None:
            return "not measured"
        return "met" if self.measured <= self.aim else "missed"


def skipped(work: str, why: str) -> list[Row]:
    """The one row of a benchmark that could not run."""
    return [Row(work, why, "", 0.0, None, "")]


def shown(value: float, unit: str) -> str:
    """A number with its unit; a small ratio as one part in so many."""
    if unit == "x":
        return f"1/{1 / value:,.1f}" if 0 < value < 0.25 else f"{value:.2f}x"
    return f"{value:.3f} %" if unit == "%" else f"{value:.1f} {unit}"


def table_of(rows: Iterable[Row]) -> str:
    """All rows as one table of text, in the order given."""
    heads = ("work", "size", "against", "aim", "measured", "verdict")
    cells = [
        (row.work, row.size, row.against, shown(row.aim, row.unit) if row.unit else "",
         "" if row.measured is None else shown(row.measured, row.unit), row.verdict)
        for row in rows
    ]  # fmt: skip
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    lines = ("  ".join(map(str.ljust, line, widths)).rstrip() for line in (heads, *cells))
    return "\n".join(lines)
