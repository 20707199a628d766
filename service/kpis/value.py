"""A key figure: its exact value, and the rows that it was counted from."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from ontology.columns import Table
from ontology.governance import KpiDefinition
from ontology.kpis import DECIMALS, MONEY, MONEY_A_DAY, MONEY_A_UNIT, SHARE

Rows = npt.NDArray[np.int64]
MOST_ROWS = 100


@dataclass(frozen=True)
class Used:
    """Rows that a figure counts: of a table of facts, or numbers of a plan's lines.

    `name` is the class of the facts, or `line` or `shortfall`, whose `rows` are then numbers.
    """

    name: str
    rows: Rows
    table: Table | None = None

    def keys(self, start: int, stop: int) -> list[str]:
        """`Class/key` of some of the rows, or `line/3`."""
        chosen = self.rows[start:stop]
        if self.table is None:
            return [f"{self.name}/{number}" for number in chosen.tolist()]
        return [f"{self.name}/{key}" for key in self.table.take(chosen).keys]


@dataclass(frozen=True)
class Counted:
    """Numerator and denominator (above zero), what they were counted from, what was left out."""

    numerator: Fraction
    denominator: Fraction
    used: tuple[Used, ...]
    left_out: int = 0
    currency: str = ""


@dataclass(frozen=True)
class Lacking:
    """A figure that cannot be computed, and why: never a zero."""

    reason: str


Figure = Counted | Lacking


@dataclass(frozen=True)
class Kpi:
    """A figure under its definition. Amounts are in whole money, not cents; shares in per cent."""

    definition: KpiDefinition
    figure: Figure

    @property
    def value(self) -> Fraction | None:
        """The exact value in the unit; None where it cannot be computed."""
        if isinstance(self.figure, Lacking):
            return None
        factor = 100 if self.definition.unit == SHARE else 1
        return factor * self.figure.numerator / self.figure.denominator

    @property
    def text(self) -> str:
        """The value with the decimals of its unit, a half rounded away from zero; else empty."""
        value = self.value
        return "" if value is None else decimal(value, DECIMALS[self.definition.unit])

    @property
    def unit(self) -> str:
        """The unit, with the currency that the facts state in place of `money`."""
        unit = self.definition.unit
        if isinstance(self.figure, Counted) and unit in (MONEY, MONEY_A_DAY, MONEY_A_UNIT):
            return unit.replace("money", self.figure.currency or "money")
        return unit

    @property
    def reason(self) -> str:
        """Why there is no value; empty where there is one."""
        return self.figure.reason if isinstance(self.figure, Lacking) else ""

    @property
    def used(self) -> tuple[Used, ...]:
        """What was counted, class by class."""
        return () if isinstance(self.figure, Lacking) else self.figure.used

    @property
    def row_count(self) -> int:
        """How many rows were counted."""
        return sum(len(part.rows) for part in self.used)


def rows_of(kpi: Kpi, after: int = 0, first: int = MOST_ROWS) -> list[str]:
    """The rows behind a figure, `Class/key` of facts or `line/3` of its plan.

    In a fixed order, from place `after` on, at most `first` of them; fewer mean the end.
    """
    found: list[str] = []
    for part in kpi.used:
        size = len(part.rows)
        if after < size and len(found) < first:
            found += part.keys(after, after + first - len(found))
        after = max(0, after - size)
    return found


def decimal(value: Fraction, places: int) -> str:
    """An exact fraction as decimals, rounded once, a half away from zero: `-1.50`."""
    scale = 10**places
    scaled = (2 * abs(value.numerator) * scale + value.denominator) // (2 * value.denominator)
    whole, rest = divmod(scaled, scale)
    sign = "-" if value < 0 and scaled else ""
    return f"{sign}{whole}.{rest:0{places}d}" if places else f"{sign}{whole}"


def counted(
    numerator: Fraction | int,
    denominator: Fraction | int,
    *used: Used,
    nothing: str,
    left_out: int = 0,
    currency: str = "",
) -> Figure:
    """The figure, or Lacking with the reason `nothing` where the denominator is not positive."""
    if denominator <= 0:
        return Lacking(nothing)
    kept = tuple(part for part in used if len(part.rows))
    return Counted(Fraction(numerator), Fraction(denominator), kept, left_out, currency)
