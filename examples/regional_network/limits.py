"""What places can store and handle, and what a country lets us hold: near what there is."""

from dataclasses import replace

from examples.regional_network.geography import CITIES
from examples.regional_network.goods import Goods, is_narcotic
from examples.regional_network.holdings import Holdings
from examples.regional_network.selling import Selling
from ontology.places import Location
from ontology.regulation import PossessionLimit

_ROOM_PERCENT = {"store-berlin": 103, "hub-hamburg": 106}
_ROOMY_PERCENT = 160
"""How much a place can store, in percent of what it has and of what is on order for it."""
_HANDS_PERCENT = {"hub-hamburg": 250, "hub-warsaw": 150}
_MANY_HANDS_PERCENT = 400
"""How much a place can handle a day, in percent of a usual day's demand of all that it serves."""
OnOrder = list[tuple[str, int]]
"""Units that are due at a location, by its identifier."""


def with_capacities(
    places: list[Location], sold: Selling, held: Holdings, on_order: OnOrder
) -> list[Location]:
    """The locations with the room and the hands that they have; regions have neither."""
    row = {city.id: number for number, city in enumerate(CITIES)}
    daily, units = [0.0] * len(CITIES), [0] * len(CITIES)
    for item, hubs in enumerate(sold.hubs):
        for place, usual in [*sold.by_item[item], *hubs]:
            daily[place] += usual
    for (_, place, _), shelf in held.shelves.items():
        units[place] += shelf.total
    for name, due in on_order:
        units[row[name]] += due
    return [
        place if place.kind == "region" else replace(
            place,
            storage_capacity_units=_tens(
                units[row[place.id]], _ROOM_PERCENT.get(place.id, _ROOMY_PERCENT)),
            handling_capacity_units_per_day=_tens(
                daily[row[place.id]], _HANDS_PERCENT.get(place.id, _MANY_HANDS_PERCENT)),
        )
        for place in places
    ]  # fmt: skip


def _tens(amount: float, percent: int) -> int:
    """Percent of an amount, in whole tens, at least one."""
    return max(10, round(amount * percent / 1_000) * 10)


def possession_limits(stock: Goods, held: Holdings) -> list[PossessionLimit]:
    """Controlled drugs: every second country leaves room for a tenth more, the others for half."""
    present: dict[tuple[int, str], int] = {}
    for (item, place, _), shelf in held.shelves.items():
        if is_narcotic(item):
            key = item, CITIES[place].country
            present[key] = present.get(key, 0) + shelf.total
    return [
        PossessionLimit(stock.ids[item], country, units + max(2, units // (10, 2)[row % 2]))
        for row, ((item, country), units) in enumerate(sorted(present.items()))
    ]
