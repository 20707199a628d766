"""How stock should be kept, and what is there on the first day: out of balance, lot by lot."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from math import ceil, sqrt

import numpy as np

from examples.regional_network.families import DELAYED, FAMILIES, PROMOTED
from examples.regional_network.geography import CITIES
from examples.regional_network.goods import CURRENCY, Goods
from examples.regional_network.selling import Selling
from examples.regional_network.sizes import FIRST_DAY, LAST_DAY, Size
from examples.regional_network.suppliers import Deal, Sources
from ontology.goods import Lot
from ontology.stock import StockingPolicy, StockPosition

_SERVICE_PERCENT = {"hospital": 98, "pharmacy": 96, "retail": 92, "": 95}
_SAFETY_FACTOR = {98: 2.05, 96: 1.75, 95: 1.65, 92: 1.41}
"""The normal quantile of each service level."""
_HOLDING_PER_10000 = {"hub": 6, "distribution centre": 8, "store": 10}
"""Cost of holding a unit for a day, in parts of ten thousand of its value."""
_SHORTAGE_PERCENT = {"hospital": 20, "pharmacy": 14, "retail": 10, "": 0}
"""Cost of a unit that is owed for a day, in percent of its value; hubs owe nobody."""
_COVER_DAYS, _HUB_COVER_DAYS = 9.0, 12.0
_AGES = (0.12, 0.45, 0.8)
"""How much of their shelf life the three lots of an item have behind them."""


@dataclass
class Shelf:
    """Units of one lot of an item at one place, by bucket; it grows while stock is laid out."""

    on_hand: int = 0
    allocated: int = 0
    reserved: int = 0
    on_hold: int = 0
    in_transit: int = 0
    counted_on: date = LAST_DAY
    received_on: date | None = None

    @property
    def total(self) -> int:
        """All units, those on the way included."""
        return self.on_hand + self.allocated + self.reserved + self.on_hold + self.in_transit


@dataclass
class Holdings:
    """What is where: shelves by item number, row of the place in CITIES, and lot."""

    lots: list[Lot] = field(default_factory=list)
    shelves: dict[tuple[int, int, str], Shelf] = field(default_factory=dict)
    lots_of: list[list[str]] = field(default_factory=list)

    def shelf(self, item: int, place: int, lot: str) -> Shelf:
        """The shelf of a lot, empty where there was none."""
        return self.shelves.setdefault((item, place, lot), Shelf())


def policies(stock: Goods, sold: Selling) -> list[StockingPolicy]:
    """One policy for each item and place that keeps it: all that sell it, and their hubs."""
    found = []
    for number in range(len(stock.items)):
        for place, daily in [*sold.by_item[number], *sold.hubs[number]]:
            found.append(_policy(stock, number, place, daily))
    return found


def _policy(stock: Goods, number: int, place: int, daily: float) -> StockingPolicy:
    city, item = CITIES[place], stock.items[number]
    is_hub = city.kind == "hub"
    review, lead = (5, 3) if is_hub else (3, 2)
    percent = _SERVICE_PERCENT[city.serves]
    safety = ceil(_SAFETY_FACTOR[percent] * sqrt(daily * (review + lead) * (1 + daily / 9)))
    safety = safety // 2 if is_hub else safety
    reorder = safety + ceil(daily * (review + lead))
    value = stock.value_micros(number)
    return StockingPolicy(
        item=item.id, location=city.id, service_level_percent=percent,
        safety_stock_units=safety, reorder_point_units=reorder,
        order_up_to_units=reorder + ceil(daily * (10 if is_hub else 5)),
        review_period_days=review,
        holding_cost_per_day_micros=value * _HOLDING_PER_10000[city.kind] // 10_000,
        shortage_cost_per_day_micros=value * _SHORTAGE_PERCENT[city.serves] // 100,
        currency=CURRENCY,
    )  # fmt: skip


def holdings(
    size: Size, stock: Goods, sold: Selling, known: Sources, agreed: list[Deal]
) -> Holdings:
    """The opening stock. The north has too much of PROMOTED, the south too little of DELAYED."""
    draws = size.draws("stock")
    found = Holdings()
    main: dict[int, int] = {}
    for deal in agreed:
        main.setdefault(deal.item, deal.supplier)
    for number in range(size.items):
        supplier = known.suppliers[main[number]]
        lots = _lots(stock, number, supplier.id, supplier.country, draws)
        found.lots += lots
        found.lots_of.append([lot.id for lot in lots])
        for place, daily in [*sold.by_item[number], *sold.hubs[number]]:
            units = _opening(number, place, daily, draws)
            _lay_out(found, number, place, units, draws)
        _set_apart(found, number, lots, sold.hubs[number][0], draws)
    return found


def _lots(
    stock: Goods, number: int, supplier: str, country: str, draws: np.random.Generator
) -> list[Lot]:
    """The lots of an item, the newest first; one in eight items has one that soon expires.

    One item in thirty has a lot in quarantine, one in a hundred a blocked one.
    """
    item = stock.items[number]
    life = item.shelf_life_days
    ages = _AGES if life else _AGES[:1]
    made = [int((life or 400) * (age + draws.uniform(-0.08, 0.08))) for age in ages]
    status = ["released"] * len(made)
    if life and number // len(FAMILIES) % 8 == 5:
        made[-1] = life - int(draws.integers(4, 15))
    for step, start, word in ((30, 17, "quarantined"), (100, 55, "blocked")):
        if (number + number // len(FAMILIES)) % step == start:
            made.append(int((life or 400) * 0.3))
            status.append(word)
    return [
        Lot(
            id=f"{item.id}-L{row + 1}", item=item.id,
            expires_on=LAST_DAY + timedelta(days=life - age) if life else None,
            produced_on=LAST_DAY - timedelta(days=age), origin_country=country,
            supplier=supplier, status=status[row],
        )
        for row, age in enumerate(made)
    ]  # fmt: skip


def _opening(number: int, place: int, daily: float, draws: np.random.Generator) -> int:
    """Units of an item at a place: days of cover by the story, and luck."""
    city, family = CITIES[place], number % len(FAMILIES)
    is_hub = city.kind == "hub"
    luck, spread = draws.random(), float(np.exp(draws.normal(0, 0.45)))
    cover = (_HUB_COVER_DAYS if is_hub else _COVER_DAYS) * spread
    if city.region == "north" and family in PROMOTED:
        cover = max(cover * 3.5, 24.0)
    elif city.region == "south" and family in DELAYED:
        cover = draws.uniform(0, 2)
    elif luck < 0.06:
        cover *= 0.1
    elif luck > 0.94:
        cover = max(cover * 3, 28.0)
    spare = int(draws.integers(0, 3)) if daily < 1 and cover > 2 else 0
    return round(daily * cover) + spare


def _lay_out(
    found: Holdings, number: int, place: int, units: int, draws: np.random.Generator
) -> None:
    """Units over the lots: hubs keep the newer ones, the others the older ones."""
    lots = found.lots_of[number][:3]
    if CITIES[place].kind != "hub":
        lots = lots[-2:]
    cut = round(units * float(draws.uniform(0.3, 0.8))) if len(lots) > 1 else units
    first_new = lots[0] if CITIES[place].kind == "hub" else lots[-1]
    others = [lot for lot in lots if lot != first_new]
    for lot, part in [(first_new, cut), *((lot, units - cut) for lot in others[:1])]:
        if not part:
            continue
        shelf = found.shelf(number, place, lot)
        shelf.on_hand = part
        shelf.counted_on = _counted_on(draws)
        if draws.random() < 0.04 and part >= 20:
            shelf.reserved = part // 10
            shelf.on_hand -= shelf.reserved
        if CITIES[place].kind != "hub" and draws.random() < 0.08:
            shelf.received_on = FIRST_DAY - timedelta(days=int(draws.integers(1, 5)))


def _counted_on(draws: np.random.Generator) -> date:
    """Mostly yesterday; a few a week ago, and a few so long ago that they should not be used."""
    luck = draws.random()
    if luck < 0.03:
        return LAST_DAY - timedelta(days=int(draws.integers(35, 76)))
    return LAST_DAY - timedelta(days=int(draws.integers(2, 8)) if luck < 0.1 else 0)


def _set_apart(
    found: Holdings, number: int, lots: list[Lot], hub: tuple[int, float],
    draws: np.random.Generator,
) -> None:  # fmt: skip
    """Lots in quarantine stand at the hub with the rest; blocked ones are on hold there."""
    place, daily = hub
    for lot in lots:
        if lot.status == "released":
            continue
        units = 2 + round(daily * float(draws.uniform(2, 4)))
        shelf = found.shelf(number, place, lot.id)
        if lot.status == "quarantined":
            shelf.on_hand = units
        else:
            shelf.on_hold = units


def stock_positions(stock: Goods, found: Holdings) -> list[StockPosition]:
    """The shelves as facts: disjoint buckets that sum to the total, in the item's own unit."""
    return [
        StockPosition(
            item=stock.ids[item], location=CITIES[place].id, lot=lot,
            on_hand_units=shelf.on_hand, allocated_units=shelf.allocated,
            reserved_units=shelf.reserved, on_hold_units=shelf.on_hold,
            in_transit_units=shelf.in_transit, total_units=shelf.total,
            unit=stock.items[item].base_unit, counted_on=shelf.counted_on,
            received_on=shelf.received_on,
        )
        for (item, place, lot), shelf in sorted(found.shelves.items())
    ]  # fmt: skip
