"""Amounts as a person reads them: money, units and shares, from exact integers."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ontology.units import Packs

MICRO_UNITS = 1_000_000


def total(scaled: int, scale: int = 1, currency: str = "") -> str:
    """`1,531.00 EUR` from an amount in 1/`scale` cents: to the cent, a half away from zero."""
    cents = (2 * abs(scaled) + scale) // (2 * scale)
    sign = "-" if scaled < 0 and cents else ""
    return f"{sign}{cents // 100:,}.{cents % 100:02}{' ' if currency else ''}{currency}"


def money(scaled: int, scale: int = 1, currency: str = "", places: int = 2) -> str:
    """`0.318067 EUR`: what a unit costs, to the last digit that it has, `places` at least.

    `scale` is a power of ten.
    """
    whole = 100 * scale
    units, rest = divmod(abs(scaled), whole)
    decimals = f"{rest:0{len(str(whole)) - 1}d}".rstrip("0").ljust(places, "0")
    sign = "-" if scaled < 0 else ""
    return f"{sign}{units:,}.{decimals}{' ' if currency else ''}{currency}"


def moneys(amounts: Sequence[int], scale: int = 1) -> list[str]:
    """What units cost, to stand in a column: all with as many decimals as one of them needs."""
    texts = [money(scaled, scale) for scaled in amounts]
    places = max((len(text.rpartition(".")[2]) for text in texts), default=2)
    return [money(scaled, scale, places=places) for scaled in amounts]


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
