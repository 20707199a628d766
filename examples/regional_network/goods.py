"""Items, their packs, bills of materials and stand-ins."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from examples.regional_network.codes import gtin
from examples.regional_network.families import (
    ANALGESICS,
    DEVICES,
    FAMILIES,
    REAGENTS,
    VACCINES,
    WOUND_CARE,
    Family,
)
from examples.regional_network.places import PEOPLE
from examples.regional_network.sizes import Size
from ontology.goods import Component, Item, Substitute, UnitConversion

CURRENCY = "EUR"
KIT_FAMILIES = (ANALGESICS, DEVICES, WOUND_CARE)
_COMPONENTS = ((1, 2), (3, 1), (5, 4))
"""Of the items that follow a kit in its family: how far behind it, and how many go into it."""
_LITRE_CUBIC_MILLIMETRES = 1_000_000


@dataclass(frozen=True)
class Goods:
    """The items in order; item n is the (n // 10)-th of family n % 10."""

    items: tuple[Item, ...]

    @cached_property
    def ids(self) -> list[str]:
        """The identifiers in order."""
        return [item.id for item in self.items]

    def family_of(self, number: int) -> Family:
        """The family of an item by its number."""
        return FAMILIES[number % len(FAMILIES)]

    def value_micros(self, number: int) -> int:
        """What one unit is worth, in millionths of CURRENCY."""
        return (self.items[number].value_cents or 0) * 10_000

    @cached_property
    def kits(self) -> list[tuple[int, tuple[tuple[int, int], ...]]]:
        """The kits: each with its components and how many of them go into one kit."""
        found = []
        for number in self._every(10, 2, KIT_FAMILIES):
            parts = [(number + after * len(FAMILIES), count) for after, count in _COMPONENTS]
            if parts[-1][0] < len(self.items):
                found.append((number, tuple(parts)))
        return found

    @cached_property
    def stand_ins(self) -> list[tuple[int, int]]:
        """Pairs (item, replacement) of one family; both are sold at the same places."""
        return [
            (number, number + len(FAMILIES))
            for number in self._every(10, 6)
            if number + len(FAMILIES) < len(self.items)
        ]

    def _every(
        self, step: int, start: int, families: tuple[int, ...] = tuple(range(len(FAMILIES)))
    ) -> list[int]:
        """Of each family the items at `start`, `start + step`, ..., in order."""
        count = len(FAMILIES)
        return [
            number for number in range(len(self.items))
            if number // count % step == start and number % count in families
        ]  # fmt: skip


def goods(size: Size) -> Goods:
    """The items of an example of this size."""
    draws = size.draws("items")
    return Goods(tuple(_item(number, draws) for number in range(size.items)))


def _item(number: int, draws: np.random.Generator) -> Item:
    family = FAMILIES[number % len(FAMILIES)]
    rank = number // len(FAMILIES)
    weight = family.weight_grams * float(np.exp(draws.normal(0, 0.4)))
    value = family.value_cents * float(np.exp(draws.normal(0, 0.45)))
    bulk = draws.integers(15, 45)
    hazards = family.hazard_classes
    return Item(
        id=f"{family.name}-{rank + 1:03d}",
        name=f"{family.name.replace('-', ' ').capitalize()} {rank + 1}",
        base_unit=family.base_unit, family=family.name, handling_class=family.handling_class,
        hazard_class=hazards[rank % len(hazards)] if hazards else "",
        customs_class=_customs_class(number, family),
        confidentiality_class="trial" if is_on_trial(number) else "",
        weight_micrograms=round(weight) * 1_000_000,
        volume_cubic_millimetres=round(weight * bulk / 10_000 * _LITRE_CUBIC_MILLIMETRES),
        shelf_life_days=family.shelf_life_days,
        minimum_remaining_life_days=family.minimum_remaining_life_days,
        value_cents=max(50, round(value)), currency=CURRENCY, is_protected=is_protected(number),
    )  # fmt: skip


def _customs_class(number: int, family: Family) -> str:
    if is_narcotic(number):
        return "narcotic"
    rank = number // len(FAMILIES)
    hazards = family.hazard_classes
    is_precursor = family.name == "disinfectants" and hazards[rank % len(hazards)] == "oxidiser"
    return "precursor" if is_precursor else family.customs_class


def is_narcotic(number: int) -> bool:
    """Whether an item is a controlled drug: every tenth analgesic."""
    return _is(number, ANALGESICS, 10, 4)


def is_on_trial(number: int) -> bool:
    """Whether an item is in a clinical trial, and known to cleared suppliers only."""
    return _is(number, REAGENTS, 10, 1) or _is(number, VACCINES, 15, 1)


def is_protected(number: int) -> bool:
    """Whether an item is bought for one place and never leaves it: some devices."""
    return _is(number, DEVICES, 10, 9)


def _is(number: int, family: int, step: int, start: int) -> bool:
    rank, found = divmod(number, len(FAMILIES))
    return found == family and rank % step == start


def one_in(step: int, items: int, start: int = 0) -> list[int]:
    """The numbers of one item in `step`, spread over the families."""
    count = len(FAMILIES)
    return [number for number in range(items) if (number + number // count) % step == start]


def unit_conversions(stock: Goods) -> list[UnitConversion]:
    """A case and a pallet of every item, each with its GTIN."""
    found = []
    for number, item in enumerate(stock.items):
        case = stock.family_of(number).case
        pallet = case * (40, 48, 60)[number // len(FAMILIES) % 3]
        found.append(UnitConversion(item.id, "case", case, gtin=gtin(number, 1)))
        found.append(UnitConversion(item.id, "pallet", pallet, gtin=gtin(number, 2)))
    return found


def components(stock: Goods) -> list[Component]:
    """The bills of materials of the kits."""
    return [
        Component(stock.ids[kit], stock.ids[part], count)
        for kit, parts in stock.kits
        for part, count in parts
    ]


def substitutes(stock: Goods) -> list[Substitute]:
    """Who may stand in for whom, one for one; a third of them nobody has approved."""
    quality = [person.id for person in PEOPLE if "quality" in person.roles]
    return [
        Substitute(
            stock.ids[item], stock.ids[replacement], priority=1,
            approved_by=None if number % 3 == 2 else quality[number % 2],
        )
        for number, (item, replacement) in enumerate(stock.stand_ins)
    ]  # fmt: skip
