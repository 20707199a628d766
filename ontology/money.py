"""Money in one currency: dated exchange rates as exact fractions, rounded at one place."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cached_property

from ontology.columns import Snapshot
from ontology.errors import InputError
from ontology.terms import join_key

PRICED = (
    "StockingPolicy",
    "Item",
    "FreightRate",
    "HandlingRate",
    "Lane",
    "Offer",
    "TruckLoad",
    "Budget",
    "DisposalCost",
)
"""The classes whose amounts have a currency, in the order in which they name the reporting one."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What one unit of a currency buys of another: the facts it rests on, and the oldest's day."""

    factor: Fraction
    facts: tuple[str, ...] = ()
    on: date | None = None


@dataclass(frozen=True, slots=True)
class _Leg:
    """A rate in one direction of a pair; `inverse` where a fact states the other direction."""

    factor: Fraction
    fact: str
    on: date
    inverse: bool


@dataclass(frozen=True)
class Rates:
    """The ExchangeRate facts, each pair in the order of days.

    `dated` holds per (base, quote) the days and what one base unit buys of the quoted currency.
    """

    dated: dict[tuple[str, str], list[tuple[date, Fraction]]] = field(default_factory=dict)

    @cached_property
    def _partners(self) -> dict[str, set[str]]:
        partners: dict[str, set[str]] = {}
        for base, quote in self.dated:
            partners.setdefault(base, set()).add(quote)
            partners.setdefault(quote, set()).add(base)
        return partners

    def rate(self, of: str, to: str, on: date) -> Rate:
        """What one unit of currency `of` buys of `to` on a day, exactly.

        The latest rate stated on or before the day; only where none is stated in this direction
        the inverse of the other; only where neither is, the product over one currency in the
        middle: that whose older leg is the latest, then with fewest inverses, then the first by
        its code. Raises InputError `RATE_MISSING`.
        """
        if of == to:
            return Rate(Fraction(1))
        direct = self._leg(of, to, on)
        if direct is not None:
            return Rate(direct.factor, (direct.fact,), direct.on)
        hops = []
        for middle in self._partners.get(of, set()) & self._partners.get(to, set()):
            first, second = self._leg(of, middle, on), self._leg(middle, to, on)
            if first is not None and second is not None:
                age = on - min(first.on, second.on)
                hops.append((age, first.inverse + second.inverse, middle, first, second))
        if not hops:
            raise InputError(
                f"no exchange rate leads from `{of}` to `{to}` on `{on}`",
                hint="load an ExchangeRate row for the pair, dated on or before that day",
                code="RATE_MISSING",
            )
        *_, first, second = min(hops, key=lambda hop: hop[:3])
        oldest = min(first.on, second.on)
        return Rate(first.factor * second.factor, (first.fact, second.fact), oldest)

    def _leg(self, of: str, to: str, on: date) -> _Leg | None:
        for base, quote, inverse in ((of, to, False), (to, of, True)):
            rows = self.dated.get((base, quote), [])
            place = bisect_right(rows, on, key=lambda row: row[0])
            if place:
                day, factor = rows[place - 1]
                fact = f"ExchangeRate/{join_key((base, quote, day))}"
                return _Leg(1 / factor if inverse else factor, fact, day, inverse)
        return None


def rates_of(snapshot: Snapshot) -> Rates:
    """The exchange rates of a snapshot. Raises InputError `BAD_RATE` for one of zero or less."""
    table = snapshot.table("ExchangeRate")
    rows = zip(table["base"], table["quote"], table["on"].tolist(), table["numerator"].tolist(),
               table["denominator"].tolist(), strict=True)  # fmt: skip
    dated: dict[tuple[str, str], list[tuple[date, Fraction]]] = {}
    for base, quote, on, numerator, denominator in rows:
        same = base == quote and numerator != denominator
        if numerator <= 0 or denominator <= 0 or same:
            raise InputError(
                f"`{numerator}/{denominator}` is no rate of `{base}` in `{quote}` on `{on}`",
                hint="state what one unit of the base currency buys as a fraction above zero",
                code="BAD_RATE",
            )
        dated.setdefault((base, quote), []).append((on, Fraction(numerator, denominator)))
    return Rates({pair: sorted(rows) for pair, rows in sorted(dated.items())})


def rounded(amount: Fraction) -> int:
    """The whole amount nearest to an exact one; a half goes up, below zero too."""
    return (2 * amount.numerator + amount.denominator) // (2 * amount.denominator)


def converted(amount: int, rate: Rate) -> int:
    """A whole amount (cents or micros) in the other currency, same scale, rounded once half up."""
    return rounded(amount * rate.factor)


def reporting_currency(snapshot: Snapshot) -> str:
    """The currency that a chain reports in; empty where no fact states one.

    The most frequent of its StockingPolicy rows, else of its Items, else of its prices (the
    classes of `PRICED` in order); of equally frequent ones the first by its code.
    """
    for name in PRICED:
        found = most_frequent(snapshot.table(name)["currency"])
        if found:
            return found
    return ""


def most_frequent(codes: Iterable[str | None]) -> str:
    """The currency code stated most often, the first by its letters among equals; else empty."""
    times = Counter(code for code in codes if code)
    return min(times, key=lambda code: (-times[code], code), default="")
