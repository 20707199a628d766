"""Amounts as a person reads them: money, units and shares, from exact integers."""

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ontology.units import Packs

MICRO_UNITS = 1_000_000


def money(scaled: int, scale: int = 1, currency: str = "") -> str:
    """`1,531.00 EUR` from an amount in 1/`scale` cents; what is finer than a cent stays visible."""
    whole = 100 * scale
    units, rest = divmod(abs(scaled), whole)
    places = len(str(whole)) - 1
    decimals = f"{rest:0{places}d}".rstrip("0").ljust(2, "0")
    sign = "-" if scaled < 0 else ""
    return f"{sign}{units:,}.{decimals}{' ' if currency else ''}{currency}"


def millionths(count: int, places: int = 2) -> str:
    """Millionths of a unit as units: `15.5`, with as many decimals as needed up to `places`."""
    text = f"{count / MICRO_UNITS:,.{places}f}"
    return text.rstrip("0").rstrip(".")


def share(per_million: int) -> str:
    """A share in millionths as per cent: `91.2 %`."""
    return f"{per_million / 10_000:.1f} %"


def count(number: int, one: str, many: str = "") -> str:
    """`1 line`, `2 lines`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def exact(value: Fraction) -> str:
    """A fraction as a decimal where one ends within 12 places, else as it is: `1.25`, `10/11`."""
    places = next((n for n in range(13) if 10**n % value.denominator == 0), None)
    if places is None:
        return f"{value.numerator:,}/{value.denominator:,}"
    whole, rest = divmod(abs(value.numerator) * 10**places // value.denominator, 10**places)
    sign = "-" if value < 0 else ""
    return f"{sign}{whole:,}.{rest:0{places}d}" if places else f"{sign}{whole:,}"


def in_packs(units: int, item: str, packs: "Mapping[str, Packs]") -> str:
    """Units of an item in its packs, `3 pallets + 5 each`; empty for an item without packs."""
    found = packs.get(item)
    return "" if found is None else found.text(units)
