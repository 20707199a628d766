"""Which item is sold where, and how much of it on a usual day."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from examples.regional_network.families import FAMILIES
from examples.regional_network.geography import CITIES, COUNTRIES
from examples.regional_network.goods import Goods, is_protected
from examples.regional_network.places import HUBS, SELLING
from examples.regional_network.regulation import may_enter
from examples.regional_network.sizes import Size

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
SLOWEST, FASTEST = 0.04, 120.0
SLOW_BELOW = 0.7
"""Pairs that sell less than this a day sell intermittently: nothing on most days."""


@dataclass(frozen=True)
class Selling:
    """The pairs that sell, by item, then place: numbers of both, and mean units a day.

    `places` and `items` index CITIES and the goods; `daily` is the mean at the end of history,
    before promotions, over all days of the week.
    """

    items: IntArray
    places: IntArray
    daily: FloatArray

    def __len__(self) -> int:
        """The number of pairs."""
        return len(self.items)

    @cached_property
    def is_slow(self) -> npt.NDArray[np.bool_]:
        """Per pair, whether it sells intermittently."""
        return np.asarray(self.daily < SLOW_BELOW)

    @cached_property
    def by_item(self) -> list[list[tuple[int, float]]]:
        """Per item, its places and what each sells a day."""
        found: list[list[tuple[int, float]]] = [[] for _ in range(int(self.items[-1]) + 1)]
        rows = zip(self.items.tolist(), self.places.tolist(), self.daily.tolist(), strict=True)
        for item, place, daily in rows:
            found[item].append((place, daily))
        return found

    @cached_property
    def hubs(self) -> list[list[tuple[int, float]]]:
        """Per item, the hubs of the regions that sell it, with what the region sells a day."""
        return [_hubs(places) for places in self.by_item]

    @cached_property
    def item_daily(self) -> list[float]:
        """Per item, what all places together sell a day."""
        return [sum(daily for _, daily in places) for places in self.by_item]


def _hubs(places: list[tuple[int, float]]) -> list[tuple[int, float]]:
    regions: dict[int, float] = {}
    for place, daily in places:
        hub = HUBS[CITIES[place].region]
        regions[hub] = regions.get(hub, 0.0) + daily
    return sorted(regions.items(), key=lambda entry: (-entry[1], entry[0]))


def selling(size: Size, stock: Goods) -> Selling:
    """Who sells what: places are chosen by their size; a stand-in is sold where its item is."""
    draws = size.draws("selling")
    copies = {replacement: item for item, replacement in stock.stand_ins}
    kinds = [_open_to(stock, number) for number in range(len(FAMILIES))]
    chosen: list[IntArray] = []
    for number in range(size.items):
        places, odds = kinds[number % len(FAMILIES)]
        if number in copies:
            chosen.append(chosen[copies[number]])
            continue
        count = min(size.pairs_per_item, len(places))
        chosen.append(np.sort(draws.choice(places, count, replace=False, p=odds)))
    items = np.repeat(np.arange(size.items), [len(places) for places in chosen])
    places = np.concatenate(chosen)
    return Selling(items, places, _daily(draws, items, places))


def _open_to(stock: Goods, family: int) -> tuple[IntArray, FloatArray]:
    """The places that may sell a family, and how likely each is to."""
    name = stock.family_of(family).name
    found = [
        place for place in SELLING
        if may_enter(COUNTRIES[CITIES[place].country].residency_zone, name)
    ]  # fmt: skip
    odds = np.array([CITIES[place].size + 0.6 for place in found])
    return np.array(found, np.int64), odds / odds.sum()


def _daily(draws: np.random.Generator, items: IntArray, places: IntArray) -> FloatArray:
    usual = np.array([family.daily_units for family in FAMILIES])[items % len(FAMILIES)]
    popular = np.exp(draws.normal(0, 0.6, int(items[-1]) + 1))[items]
    local = np.exp(draws.normal(0, 0.35, len(items)))
    sizes = np.array([city.size for city in CITIES])[places]
    daily: FloatArray = np.clip(usual * popular * local * sizes, SLOWEST, FASTEST)
    return daily


def offered_directly(number: int) -> bool:
    """Whether suppliers deliver an item straight to each place that sells it."""
    return is_protected(number)
