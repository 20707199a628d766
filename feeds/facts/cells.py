"""From the text of a cell to an exact value: no floating point anywhere."""

import re
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property

from feeds.limits import EARLIEST_YEAR, LATEST_YEAR
from feeds.refusals import refusal, shown
from ontology.canonical import LARGEST_INTEGER
from ontology.errors import InputError

Value = str | int | bool | date | tuple[str, ...]
FORMULA_STARTS = "=+-@＝＋－＠"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""What an identity may not hold: two names that differ in it alone look the same, and marks of
direction let one name look like another. Joiners, which some scripts are written with, may stand.
"""
_NOT_FINITE = re.compile(r"[+-]?(nan|inf(inity)?|#n/a|#num!|#div/0!)", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TOKENS = {
    "yyyy": r"(?P<year>[0-9]{4})",
    "yy": r"(?P<short_year>[0-9]{2})",
    "mmm": r"(?P<month_name>[A-Za-z]{3})",
    "mm": r"(?P<month>[0-9]{2})",
    "m": r"(?P<month>[0-9]{1,2})",
    "dd": r"(?P<day>[0-9]{2})",
    "d": r"(?P<day>[0-9]{1,2})",
}
_TOKEN = re.compile("yyyy|yy|mmm|mm|m|dd|d")


@dataclass(frozen=True, slots=True)
class Text:
    """Text as it stands; `case` is `lower`, `upper` or empty. An identity is one line."""

    case: str = ""
    identity: bool = False

    def __call__(self, text: str) -> str:
        """The text; refuses what a spreadsheet would run, and invisible characters.

        Of a text these are control characters, of an identity also marks of direction and width.
        """
        if text.lstrip()[:1] in tuple(FORMULA_STARTS):
            raise refusal("FORMULA_CELL", f"{shown(text)} starts like a spreadsheet formula")
        if (_INVISIBLE if self.identity else _CONTROL).search(text):
            raise refusal("CONTROL_CHARACTER", f"{shown(text)} holds an invisible character")
        if self.case:
            return text.lower() if self.case == "lower" else text.upper()
        return text


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number in plain digits."""

    def __call__(self, text: str) -> int:
        """The number; refuses fractions, exponents, NaN and infinities."""
        if re.fullmatch("[+-]?[0-9]{1,40}", text):
            return in_range(int(text))
        if _NOT_FINITE.fullmatch(text):
            raise refusal("NOT_FINITE", f"{shown(text)} is not a finite number")
        raise refusal("NOT_AN_INTEGER", f"{shown(text)} is not a whole number")


@dataclass(frozen=True)
class Scaled:
    """A decimal times `factor`, which must be whole: `14.3` kg at 10^9 is 14300000000 µg."""

    factor: int
    sign: str = ""
    thousands: str = ""
    mark: str = "."

    def __call__(self, text: str) -> int:
        """The scaled number; refuses what is not exact at this factor."""
        found = self._pattern.fullmatch(text)
        if not found:
            if _NOT_FINITE.fullmatch(text):
                raise refusal("NOT_FINITE", f"{shown(text)} is not a finite number")
            raise refusal("NOT_A_NUMBER", f"{shown(text)} is not a number in the stated form")
        whole = found["whole"].replace(self.thousands, "") if self.thousands else found["whole"]
        fraction = found["fraction"] or ""
        number = int(whole + fraction) * (-self.factor if found["minus"] == "-" else self.factor)
        scaled, rest = divmod(number, 10 ** len(fraction))
        return in_range(self._inexact(number, 10 ** len(fraction), text) if rest else scaled)

    def _inexact(self, _numerator: int, _denominator: int, text: str) -> int:
        raise refusal("NOT_EXACT", f"{shown(text)} times {self.factor} is not a whole number")

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        whole = "[0-9]{1,40}"
        if self.thousands:
            whole = f"(?:[0-9]{{1,3}}(?:{re.escape(self.thousands)}[0-9]{{3}}){{1,12}}|{whole})"
        money = rf"(?:{re.escape(self.sign)}\s?)?" if self.sign else ""
        fraction = rf"(?:{re.escape(self.mark)}(?P<fraction>[0-9]{{1,40}}))?"
        return re.compile(rf"(?P<minus>[+-]?){money}(?P<whole>{whole}){fraction}")


@dataclass(frozen=True)
class Rounded(Scaled):
    """A decimal times `factor`, rounded to the nearest whole number, halves to the even one."""

    def is_exact(self, text: str) -> bool:
        """Whether a number needs no rounding; a text that is no number counts as exact."""
        plain = Scaled(self.factor, self.sign, self.thousands, self.mark)
        try:
            plain(text)
        except InputError as error:
            return error.code != "NOT_EXACT"
        return True

    def _inexact(self, numerator: int, denominator: int, _text: str) -> int:
        return round(Fraction(numerator, denominator))


@dataclass(frozen=True)
class Day:
    """A day as yyyy or yy, m or mm or mmm (English), d or dd and what stands between them.

    Two-digit years from `pivot` on belong to the 1900s, below it to the 2000s.
    """

    form: str = "yyyy-mm-dd"
    pivot: int | None = None

    def __call__(self, text: str) -> date:
        """The day; refuses days that do not exist and years outside the plausible range."""
        found = self._pattern.fullmatch(text)
        if not found:
            raise refusal("NOT_A_DATE", f"{shown(text)} is not a day in the form `{self.form}`")
        parts = found.groupdict()
        year = int(parts.get("year") or self._full_year(int(parts.get("short_year") or 0)))
        if not EARLIEST_YEAR <= year <= LATEST_YEAR:
            between = f"{EARLIEST_YEAR} to {LATEST_YEAR}"
            raise refusal("IMPLAUSIBLE_DATE", f"{shown(text)} is outside the years {between}")
        try:
            month = parts.get("month") or _MONTHS.index(parts["month_name"].lower()) + 1
            return date(year, int(month), int(parts["day"]))
        except ValueError as error:
            raise refusal("NOT_A_DATE", f"{shown(text)} is not a day of the calendar") from error

    def fits(self, text: str) -> bool:
        """Whether a text has this form, whatever day it may name."""
        return self._pattern.fullmatch(text) is not None

    def _full_year(self, short: int) -> int:
        return short + (1900 if short >= (self.pivot or 0) else 2000)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        literals = _TOKEN.split(self.form)
        tokens = [_TOKENS[token] for token in _TOKEN.findall(self.form)]
        parts = [re.escape(literals[0])]
        for token, literal in zip(tokens, literals[1:], strict=True):
            parts += [token, re.escape(literal)]
        return re.compile("".join(parts))


@dataclass(frozen=True)
class Days:
    """A day in the first of several forms that fits."""

    forms: tuple[Day, ...]

    def __call__(self, text: str) -> date:
        """The day; refuses what fits no form, and what `Day` refuses of the form that fits."""
        for form in self.forms:
            if form.fits(text):
                return form(text)
        listed = ", ".join(f"`{form.form}`" for form in self.forms)
        raise refusal("NOT_A_DATE", f"{shown(text)} is not a day in any of the forms {listed}")


def date_parts(form: str) -> list[str]:
    """The first letters of a form's tokens, sorted: a day needs exactly `d`, `m` and `y`."""
    return sorted(token[0] for token in _TOKEN.findall(form))


@dataclass(frozen=True)
class Choice:
    """A translation table; `otherwise` takes what is not in it, or it is refused."""

    values: tuple[tuple[str, Value], ...]
    otherwise: Value | None = None

    def __call__(self, text: str) -> Value:
        """The translated value."""
        value = self._table.get(text, self.otherwise)
        if value is None:
            raise refusal("UNKNOWN_VALUE", f"{shown(text)} is none of the values in the mapping")
        return value

    @cached_property
    def _table(self) -> dict[str, Value]:
        return dict(self.values)


@dataclass(frozen=True, slots=True)
class ListOf:
    """A set of texts in one cell, given back sorted and without repeats."""

    separator: str = "|"

    def __call__(self, text: str) -> tuple[str, ...]:
        """The texts; refuses blank ones."""
        parts = [part.strip() for part in text.split(self.separator)]
        if not all(parts):
            raise refusal("BLANK_CELL", f"the list {shown(text)} has a blank element")
        return tuple(sorted({Text(identity=True)(part) for part in parts}))


Converter = Text | Integer | Scaled | Day | Days | Choice | ListOf
TRUE_OR_FALSE = Choice((("true", True), ("false", False)))


def in_range(number: int) -> int:
    """The number, where every reader of JSON keeps it exactly; raises `NUMBER_RANGE`."""
    if abs(number) > LARGEST_INTEGER:
        raise refusal("NUMBER_RANGE", f"the number is {len(str(abs(number)))} digits long")
    return number
