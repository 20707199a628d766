"""Packs and units of an item: exact conversion, and quantities as a person counts them."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from ontology.columns import Snapshot
from ontology.errors import InputError

METRIC: tuple[dict[str, Fraction], ...] = (
    {"gram": Fraction(1), "kilogram": Fraction(1_000), "tonne": Fraction(1_000_000)},
    {"millilitre": Fraction(1), "litre": Fraction(1_000), "cubic metre": Fraction(1_000_000)},
)
"""Units of mass and of volume, each by its ratio to the smallest of its family."""

SYMBOLS = {
    "g": "gram", "kg": "kilogram", "t": "tonne",
    "ml": "millilitre", "l": "litre", "m3": "cubic metre",
}  # fmt: skip
"""Short names of the metric units; they hold for an item whose base unit is metric."""

_UNCOUNTED = frozenset({"each", *SYMBOLS})


@dataclass(frozen=True)
class Packs:
    """The units of one item: base units to one of each unit, exactly.

    `stated` holds what facts say of it. Units of the base unit's metric family follow unsaid.
    Raises InputError `BAD_CONVERSION` for a ratio of zero or less, and `UNIT_CONFLICT` where a
    stated ratio contradicts the base unit or the metric family.
    """

    item: str
    base: str
    stated: Mapping[str, Fraction]

    def __post_init__(self) -> None:
        """Refuse ratios that cannot be."""
        for unit, ratio in sorted(self.stated.items()):
            if ratio <= 0:
                raise InputError(
                    f"a `{unit}` of item `{self.item}` holds `{ratio}` {self.base}",
                    hint="state a numerator and a denominator of at least 1",
                    code="BAD_CONVERSION",
                )
            known = self._given.get(unit, ratio)
            if known != ratio:
                raise InputError(
                    f"a `{unit}` of item `{self.item}` is stated as `{ratio}` {self.base}, "
                    f"it is `{known}`",
                    hint="correct the UnitConversion, or give the pack a name of its own",
                    code="UNIT_CONFLICT",
                )

    @cached_property
    def _given(self) -> dict[str, Fraction]:
        """The base unit, and its metric family with symbols."""
        name = SYMBOLS.get(self.base, self.base)
        family = next((units for units in METRIC if name in units), {})
        known = {unit: ratio / family[name] for unit, ratio in family.items()}
        symbols = {s: known[unit] for s, unit in SYMBOLS.items() if unit in known}
        return {**known, **symbols, self.base: Fraction(1)}

    @cached_property
    def ratios(self) -> dict[str, Fraction]:
        """Base units to one of every unit that the item can be counted in."""
        return {**self.stated, **self._given}

    def ratio(self, unit: str) -> Fraction:
        """Base units to one `unit`. Raises InputError `UNIT_UNKNOWN`."""
        found = self.ratios.get(unit)
        if found is None:
            raise InputError(
                f"item `{self.item}` has no unit `{unit}`",
                hint=f"it is counted in: {', '.join(sorted(self.ratios))}; others need a "
                "UnitConversion",
                code="UNIT_UNKNOWN",
            )
        return found

    def convert(self, quantity: int | Fraction, of: str, to: str) -> Fraction:
        """`quantity` of one unit in another, exactly. Raises InputError `UNIT_UNKNOWN`."""
        return Fraction(quantity) * self.ratio(of) / self.ratio(to)

    def whole(self, quantity: int | Fraction, of: str) -> int:
        """`quantity` of a unit in whole base units.

        Raises InputError `UNIT_UNKNOWN`, and `NOT_WHOLE_UNITS` for part of a base unit.
        """
        units = self.convert(quantity, of, self.base)
        if units.denominator != 1:
            raise InputError(
                f"`{quantity}` {of} of item `{self.item}` is no whole number of {self.base}",
                hint="correct the quantity or the UnitConversion",
                code="NOT_WHOLE_UNITS",
            )
        return units.numerator

    @cached_property
    def _ladder(self) -> list[tuple[int, str]]:
        """Packs of several whole base units, the largest first; then the base unit."""
        symbols = SYMBOLS.keys() - self.stated.keys()
        packs = [
            (-ratio.numerator, unit)
            for unit, ratio in self.ratios.items()
            if ratio.denominator == 1 and ratio > 1 and "+" not in unit and unit not in symbols
        ]
        drawn = [] if "+" in self.base else sorted(packs)  # `+` joins the parts of a text
        return [(-size, unit) for size, unit in drawn] + [(1, self.base)]

    @cached_property
    def _plurals(self) -> dict[str, str]:
        """The plural of each drawn unit, where it cannot be taken for another unit."""
        plurals = {unit: _plural(unit) for _, unit in self._ladder}
        times = Counter(plurals.values())
        return {
            unit: unit if word in self.ratios or times[word] > 1 else word
            for unit, word in plurals.items()
        }

    def text(self, units: int) -> str:
        """Base units as packs, the largest first: `3 pallets + 2 cases + 5 each`.

        Only packs of whole base units are used. `units_in` reads it back.
        """
        left, parts = abs(units), []
        for size, unit in self._ladder:
            count, left = divmod(left, size)
            if count:
                parts.append(f"{count:,} {unit if count == 1 else self._plurals[unit]}")
        drawn = " + ".join(parts) or f"0 {self._plurals[self.base]}"
        if units >= 0:
            return drawn
        return f"-({drawn})" if len(parts) > 1 else f"-{drawn}"

    def units_in(self, text: str) -> int:
        """Whole base units in a text as `text` writes it, in any order of units.

        Raises InputError `QUANTITY_UNREADABLE`, `UNIT_UNKNOWN` or `NOT_WHOLE_UNITS`.
        """
        sign = -1 if text.startswith("-") else 1
        inner = text.removeprefix("-").strip()
        if inner.startswith("(") and inner.endswith(")"):
            inner = inner[1:-1]
        singular = {word: unit for unit, word in self._plurals.items()}
        total = Fraction(0)
        for part in [inner] if "+" in self.base else re.split(r"\s*\+\s*", inner.strip()):
            found = _PART.fullmatch(part)
            if found is None:
                raise InputError(
                    f"`{text}` is no quantity",
                    hint=f"write it as `2 {self.base}`, parts joined by ` + `",
                    code="QUANTITY_UNREADABLE",
                )
            unit = found["unit"]
            named = unit if unit in self.ratios else singular.get(unit, unit)
            total += int(found["count"].replace(",", "")) * self.ratio(named)
        return sign * self.whole(total, self.base)


_PART = re.compile(r"(?P<count>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,30})\s+(?P<unit>\S.*)", re.DOTALL)


def _plural(unit: str) -> str:
    if unit in _UNCOUNTED or not re.fullmatch("[a-z ]*[a-z]", unit) or unit.endswith("s"):
        return unit
    return f"{unit}es" if unit.endswith(("x", "ch", "sh")) else f"{unit}s"


def packs_of(snapshot: Snapshot, items: Iterable[str]) -> dict[str, Packs]:
    """The units of each item, from its base unit and its UnitConversion rows.

    An item without a record is counted in `each`. Raises InputError as `Packs` does, and
    `BAD_CONVERSION` for a denominator of zero.
    """
    known, conversions = snapshot.table("Item"), snapshot.table("UnitConversion")
    bases = dict(zip(known["id"], known["base_unit"], strict=True))
    stated: dict[str, dict[str, Fraction]] = {item: {} for item in items}
    rows = zip(conversions["item"], conversions["unit"], conversions["numerator"].tolist(),
               conversions["denominator"].tolist(), strict=True)  # fmt: skip
    for item, unit, numerator, denominator in rows:
        if item in stated:
            # a denominator of zero or less is refused with the ratio that it cannot make
            exact = Fraction(numerator, denominator) if denominator > 0 else Fraction(0)
            stated[item][unit] = exact
    return {item: Packs(item, bases.get(item, "each"), ratios) for item, ratios in stated.items()}
