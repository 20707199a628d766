"""Which item, lot, units and location an event's keys mean, by the facts so far."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from feeds.epcis.events import Line
from feeds.facts.cells import in_range
from feeds.refusals import refusal, shown
from ontology.columns import TWIN, Snapshot
from ontology.errors import InputError
from ontology.gs1 import gln, gtin, identifier_form

PIECES = "each"
_MEASURES = {
    "": (PIECES, Fraction(1)), "EA": (PIECES, Fraction(1)), "H87": (PIECES, Fraction(1)),
    "C62": (PIECES, Fraction(1)), "DZN": (PIECES, Fraction(12)),
    "GRM": ("GRM", Fraction(1)), "MGM": ("GRM", Fraction(1, 1000)),
    "KGM": ("GRM", Fraction(1000)), "TNE": ("GRM", Fraction(10**6)),
    "LBR": ("GRM", Fraction("453.59237")), "ONZ": ("GRM", Fraction("28.349523125")),
    "MLT": ("MLT", Fraction(1)), "CMQ": ("MLT", Fraction(1)), "LTR": ("MLT", Fraction(1000)),
    "MTQ": ("MLT", Fraction(10**6)),
    "MMT": ("MMT", Fraction(1)), "CMT": ("MMT", Fraction(10)), "MTR": ("MMT", Fraction(1000)),
}  # fmt: skip
"""Unit codes of UN/ECE Recommendation 20: what they measure, and in how many base units."""
_PLAIN_NAMES = {
    "each": "EA", "ea": "EA", "piece": "EA", "pieces": "EA", "g": "GRM", "kg": "KGM",
    "t": "TNE", "lb": "LBR", "oz": "ONZ", "ml": "MLT", "l": "LTR", "m3": "MTQ", "m": "MTR",
    "mm": "MMT", "cm": "CMT", "gram": "GRM", "kilogram": "KGM", "tonne": "TNE",
    "millilitre": "MLT", "litre": "LTR", "cubic metre": "MTQ", "metre": "MTR",
    "millimetre": "MMT",
}  # fmt: skip
_WORD_OF = {"GRM": "gram", "MLT": "millilitre", "MMT": "millimetre"}
"""How the base unit of an item that is added is written, where it is not counted in pieces."""

Stock = tuple[str, str]
"""An item and a lot of it; the lot is empty where none is stated."""
Ours = Callable[[str, str], str]
"""From a class and an identifier of the source to ours, which is another where it is linked."""


def as_named(_class: str, name: str) -> str:
    """Where nothing is linked, names are ours."""
    return name


@dataclass(frozen=True, slots=True)
class Goods:
    """What a line means for stock: units of an item and lot; None units where none are stated.

    `is_pack` tells a single thing whose units are those of what is packed in it.
    """

    stock: Stock
    units: int | None
    is_pack: bool = False


class Catalogue:
    """Items, packs and locations of the facts so far, and those that events add to them.

    An item is known by a `UnitConversion` with its GTIN, else by an id that is its GTIN; a
    location by its `gln`, else by its id. What is unknown is added: a location under its GLN, an
    item under its GTIN of 14 digits for pieces, under `GTIN.GRM` (`.MLT`, `.MMT`) for what is
    weighed or measured, a lot under `item.lot`. An item with a name is master data: what does
    not fit its unit is refused, and never another item.
    """

    def __init__(self, present: Snapshot | None, ours: Ours = as_named) -> None:
        """Take what the facts so far know of items, packs, lots and locations.

        A key that a person linked to an id of `ours` is called by itself: it is read by its link
        afterwards, and by itself again where the link is taken back.
        """
        facts = present or Snapshot(0, {})
        items = facts.table("Item")
        self.base_units: dict[str, str] = dict(
            zip(items["id"].tolist(), items["base_unit"].tolist(), strict=True)
        )
        self._named = {
            item for item, name in zip(items["id"].tolist(), items["name"].tolist(), strict=True)
            if name
        }  # fmt: skip
        packs = facts.table("UnitConversion")
        names = ("item", "unit", "numerator", "denominator", "gtin")
        rows = list(zip(*(packs[name].tolist() for name in names), strict=True))
        self._factors = {(item, unit): Fraction(n, d) for item, unit, n, d, _ in rows}
        self._packs = {
            key: (item, Fraction(n, d))
            for item, _, n, d, text in sorted(rows)
            if text and (key := _gtin_or_none(text))
        }
        self._by_gtin = {key: item for item in _ours_last(facts, "Item")
                         if (key := _gtin_or_none(item))}  # fmt: skip
        places = facts.table("Location")
        self._places: set[str] = set(places["id"].tolist())
        glns = dict(zip(places["id"].tolist(), places["gln"].tolist(), strict=True))
        self._by_gln = {
            key: place for place in _ours_last(facts, "Location", is_reversed=True)
            if (text := glns[place]) and (key := _gln_or_none(text))
        }  # fmt: skip
        self._by_gtin |= {key: item for item in self.base_units if item != ours("Item", item)
                          and (key := _gtin_or_none(item))}  # fmt: skip
        self._by_gln |= {key: place for place in self._places if place != ours("Location", place)
                         and (key := _gln_or_none(place))}  # fmt: skip
        self._lots: set[str] = set(facts.table("Lot")["id"].tolist())
        self._goods: dict[Goods, Goods] = {}
        self._together: dict[tuple[Goods | None, ...], tuple[Goods | None, ...]] = {}
        self.added_items: dict[str, tuple[str, int]] = {}
        self.added_lots: dict[str, tuple[str, int]] = {}
        self.added_places: dict[str, int] = {}

    def location(self, address: str, index: int) -> str | None:
        """The location at an address: a GLN (any extension is a spot within it) or a known id."""
        key = identifier_form(address) if address else None
        if key is not None and key.ai == "414":
            place: str = self._by_gln.get(key.key, key.key)
            if place not in self._places:
                self.added_places.setdefault(place, index)
            return place
        return address if address in self._places else None

    def goods(self, line: Line, index: int) -> Goods | None:
        """What a line means for stock; None for what is no trade item (a pallet, an asset).

        Raises InputError `MIXED_UNITS`, `NOT_WHOLE_UNITS` or `NUMBER_RANGE`.
        """
        key = identifier_form(line.thing)
        if key is None or key.ai != "01":
            return None
        measure = _measure(line.unit)[0]
        pack = self._packs.get(key.key) if measure == PIECES else None
        item = pack[0] if pack else self._item(key.key, line, index)
        lot = self._lot(item, key.value, index) if key.qualifier == "10" else ""
        if line.is_amount and not line.amount:
            return self._once(Goods((item, lot), None))
        amount = (line.quantity or Fraction(0)) if line.is_amount else Fraction(1)
        factor = pack[1] if pack else self._factor(item, line.unit)
        units = _whole(amount * factor, line, item)
        is_pack = not line.is_amount and factor != 1 and pack is not None
        return self._once(Goods((item, lot), units, is_pack))

    def all_goods(self, lines: Iterable[Line], index: int) -> tuple[Goods | None, ...]:
        """What each line of an event means for stock; the same of many events is there once.

        Raises InputError as `goods` does.
        """
        found = tuple(self.goods(line, index) for line in lines)
        return self._together.setdefault(found, found)

    def _once(self, goods: Goods) -> Goods:
        """The same goods of many lines are in memory once."""
        return self._goods.setdefault(goods, goods)

    def forget(self, index: int) -> None:
        """Take back what the event at this place added: it was refused."""
        for item in [item for item, (_, at) in self.added_items.items() if at == index]:
            del self.added_items[item], self.base_units[item]
            self._by_gtin.pop(item, None)
        for lot in [lot for lot, (_, at) in self.added_lots.items() if at == index]:
            del self.added_lots[lot]
        for place in [place for place, at in self.added_places.items() if at == index]:
            del self.added_places[place]

    def _item(self, key: str, line: Line, index: int) -> str:
        """The item of a GTIN: by its id; what is measured otherwise, and nameless, is another."""
        measure = _measure(line.unit)[0]
        by_pack = self._packs.get(key)
        item = by_pack[0] if by_pack else self._by_gtin.get(key)
        if item is not None and (item in self._named or self._fits(item, line.unit)):
            return item
        item = key if measure == PIECES else f"{key}.{measure}"
        if item not in self.base_units:
            self.base_units[item] = _WORD_OF.get(measure, measure)
            self.added_items[item] = (self.base_units[item], index)
            if measure == PIECES:
                self._by_gtin[key] = item
        return item

    def _lot(self, item: str, value: str, index: int) -> str:
        lot = f"{item}.{value}"
        if lot not in self._lots:
            self.added_lots.setdefault(lot, (item, index))
        return lot

    def _fits(self, item: str, unit: str) -> bool:
        return (item, unit) in self._factors or _measure(unit)[0] == self._of_own_unit(item)[0]

    def _of_own_unit(self, item: str) -> tuple[str, Fraction]:
        base_unit = self.base_units.get(item, PIECES)
        return _measure(_PLAIN_NAMES.get(base_unit.lower(), base_unit))

    def _factor(self, item: str, unit: str) -> Fraction:
        """Base units of an item in one of a unit."""
        stated = self._factors.get((item, unit))
        if stated is not None:
            return stated
        if not self._fits(item, unit):
            raise refusal(
                "MIXED_UNITS",
                f"{shown(unit or PIECES)} is no unit of {shown(item)}, which is kept in "
                f"{shown(self.base_units.get(item, PIECES))}",
            )
        return _measure(unit)[1] / self._of_own_unit(item)[1]


def _measure(unit: str) -> tuple[str, Fraction]:
    return _MEASURES.get(unit, (unit, Fraction(1)))


def _whole(units: Fraction, line: Line, item: str) -> int:
    if units.denominator != 1:
        raise refusal("NOT_WHOLE_UNITS", f"{line.amount} {line.unit or PIECES} of {shown(item)} "
                      "are no whole number of its units")  # fmt: skip
    return in_range(int(units))


def _ours_last(facts: Snapshot, name: str, *, is_reversed: bool = False) -> list[str]:
    """The ids of a class in order, those by which only a source names them before our own."""
    ids = facts.table(name)["id"].tolist()
    stated = facts.addresses.get(name)
    events = [0] * len(ids) if stated is None else stated[:, 0].tolist()
    ours = {each for each, event in zip(ids, events, strict=True) if event != TWIN}
    return sorted(sorted(ids, reverse=is_reversed), key=ours.__contains__)


def _gtin_or_none(text: str) -> str | None:
    try:
        return gtin(text)
    except InputError:
        return None


def _gln_or_none(text: str) -> str | None:
    try:
        return gln(text)
    except InputError:
        return None


def followed(lines: Iterable[Line], parent: str) -> set[str]:
    """The single things of an event."""
    found = {line.thing for line in lines if not line.is_amount}
    return found | {parent} if parent else found
