"""Suppliers in three tiers: what they offer to us, under which contracts, and what they rest on."""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from examples.regional_network.families import DELAYED, FAMILIES, INSULIN, WOUND_CARE
from examples.regional_network.geography import CITIES
from examples.regional_network.goods import Goods, is_on_trial
from examples.regional_network.money import MONEY, in_currency
from examples.regional_network.places import HUBS
from examples.regional_network.selling import Selling, offered_directly
from examples.regional_network.sizes import Size
from ontology.partners import Contract, Offer, Supplier, UpstreamSupply

LATE = WOUND_CARE
"""The supplier (by its number) that the south waits for: it sells wound care and nutrition."""
_COUNTRIES = ("DE", "FR", "GB", "IT", "NL", "CH", "PL", "SE", "ES", "BE", "DK", "AT", "CZ")
_FAR = ("IN", "US", "CN", "TR", "IE", "HU")
_FIRST_WORDS = ("Aurel", "Borea", "Cassel", "Delmar", "Elbe", "Fjord", "Gallia", "Helvet",
                "Istra", "Jura", "Kontor", "Lario", "Meridian")  # fmt: skip
_LAST_WORDS = ("Pharma", "Medical", "Labs", "Health", "Biotech", "Supply", "Chemie")
_SHARE_OF_TIER_1, _SHARE_OF_TIER_2 = 0.6, 0.25
CONTRACT_STARTS_ON, CONTRACT_ENDS_ON = date(2025, 7, 1), date(2026, 6, 30)


@dataclass(frozen=True)
class Sources:
    """Who sells what: the suppliers, numbers of those of each tier, and of each family."""

    suppliers: tuple[Supplier, ...]
    first_tier: int
    second_tier: int

    def of_family(self, family: int) -> list[int]:
        """The numbers of those that sell a family to us; the main one comes first.

        The first suppliers sell two families, the next one's too: so the one that is late has
        both families that the south is short of.
        """
        own = list(range(family, self.first_tier, len(FAMILIES)))
        return [LATE, *own] if family in DELAYED and family != LATE else own

    @property
    def not_approved(self) -> int:
        """The number of the cheapest one, which is blocked."""
        last = self.first_tier - 1
        return last - (last - INSULIN) % len(FAMILIES)


def sources(size: Size, stock: Goods) -> Sources:
    """The suppliers of an example of this size."""
    draws = size.draws("suppliers")
    first = round(size.suppliers * _SHARE_OF_TIER_1)
    second = round(size.suppliers * _SHARE_OF_TIER_2)
    plain = tuple(_supplier(number, first, second, draws) for number in range(size.suppliers))
    found = Sources(plain, first, second)
    blocked = found.not_approved
    cleared = {
        found.of_family(number % len(FAMILIES))[0]
        for number in range(len(stock.items))
        if is_on_trial(number)
    }
    suppliers = [
        replace(
            supplier, status="blocked" if number == blocked else "approved",
            confidentiality_class="trial" if number in cleared else "",
        )
        for number, supplier in enumerate(plain)
    ]  # fmt: skip
    return Sources(tuple(suppliers), first, second)


def _supplier(number: int, first: int, second: int, draws: np.random.Generator) -> Supplier:
    tier = 1 if number < first else 2 if number < first + second else 3
    near = _COUNTRIES[number % len(_COUNTRIES)]
    word = _FIRST_WORDS[number % len(_FIRST_WORDS)]
    trade = _LAST_WORDS[number % len(_LAST_WORDS)]
    again = number // (len(_FIRST_WORDS) * len(_LAST_WORDS))
    return Supplier(
        id=f"S-{number + 1:02d}", name=f"{word} {trade}" + (f" {again + 1}" if again else ""),
        tier=tier, country=near if tier == 1 else _FAR[number % len(_FAR)],
        reliability_percent=71 if number == LATE else int(draws.integers(88, 100)),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Deal:
    """A supplier (by number) that sells an item (by number) to a place."""

    supplier: int
    item: int
    place: int


def deals(size: Size, stock: Goods, sold: Selling, known: Sources) -> list[Deal]:
    """Who sells what to which hub. Two items in ten have a single source.

    The main supplier delivers to the two hubs that need most, a second one to the first of them;
    the blocked one offers its family, too. What must not travel is delivered to each place.
    """
    draws = size.draws("offers")
    single = draws.random(size.items) < 0.2
    found: list[Deal] = []
    for number in range(size.items):
        names = known.of_family(number % len(FAMILIES))
        approved = [name for name in names if name != known.not_approved]
        pick = number // len(FAMILIES)
        main = approved[0] if _is_delayed(number) or is_on_trial(number) else None
        first = approved[pick % len(approved)] if main is None else main
        places = _delivered_to(number, sold)
        found += [Deal(first, number, place) for place in places]
        others = [name for name in approved if name != first]
        if others and not single[number]:
            second = others[pick % len(others)]
            found += [Deal(second, number, places[0])]
        if known.not_approved in names and pick % 3 == 0:
            found.append(Deal(known.not_approved, number, places[0]))
    return found


def _is_delayed(number: int) -> bool:
    return number % len(FAMILIES) in DELAYED


def _delivered_to(number: int, sold: Selling) -> list[int]:
    if offered_directly(number):
        return [place for place, _ in sold.by_item[number]]
    hubs = [hub for hub, _ in sold.hubs[number]]
    south = HUBS["south"]
    if _is_delayed(number) and south in hubs:
        return sorted(hubs, key=lambda hub: hub != south)[:2]
    return hubs[:2]


def offers(
    size: Size, stock: Goods, sold: Selling, known: Sources, agreed: list[Deal]
) -> list[Offer]:
    """Prices near what the goods are worth, in the supplier's money, by case or by the unit."""
    draws = size.draws("prices")
    contracted = set(contract_holders(known))
    found = []
    for deal in agreed:
        supplier, item = known.suppliers[deal.supplier], stock.items[deal.item]
        currency = MONEY.get(supplier.country, "EUR")
        blocked = deal.supplier == known.not_approved
        percent = 92 if blocked else int(draws.integers(96, 106))
        daily = sold.item_daily[deal.item]
        case = stock.family_of(deal.item).case
        lot = case if daily * 3 > case else 1
        capacity = max(lot, round(daily * 30)) if draws.random() < 0.1 else None
        found.append(Offer(
            supplier=supplier.id, item=item.id, location=CITIES[deal.place].id,
            price_micros=in_currency(stock.value_micros(deal.item) * percent // 100, currency),
            currency=currency, minimum_order_units=lot * int(draws.integers(1, 3)),
            lot_multiple_units=lot, lead_time_days=_lead_time(deal.supplier),
            capacity_units=capacity,
            contract=_contract(deal.supplier) if deal.supplier in contracted else None,
        ))  # fmt: skip
    return found


def _lead_time(supplier: int) -> int:
    return 12 if supplier == LATE else 7 + supplier * 5 % 8


def lead_time_days(deal: Deal) -> int:
    """How long a supplier takes, in days: 7 to 14."""
    return _lead_time(deal.supplier)


def contract_holders(known: Sources) -> list[int]:
    """The suppliers under contract: every second one that may be bought from."""
    return [n for n in range(0, known.first_tier, 2) if n != known.not_approved]


def _contract(supplier: int) -> str:
    return f"C-{supplier + 1:02d}"


def contracts(size: Size, sold: Selling, known: Sources, agreed: list[Deal]) -> list[Contract]:
    """A year's terms each; half of the commitments are not met yet with four months to go."""
    draws = size.draws("contracts")
    yearly = dict.fromkeys(range(known.first_tier), 0.0)
    for supplier, item in sorted({(deal.supplier, deal.item) for deal in agreed}):
        yearly[supplier] += sold.item_daily[item] * 365
    found = []
    for number, supplier in enumerate(contract_holders(known)):
        committed = max(100, round(yearly[supplier] * 0.4 / 100) * 100)
        share = draws.uniform(1.0, 1.2) if number % 2 else draws.uniform(0.5, 0.8)
        found.append(Contract(
            id=_contract(supplier), supplier=known.suppliers[supplier].id,
            starts_on=CONTRACT_STARTS_ON, ends_on=CONTRACT_ENDS_ON, committed_units=committed,
            ordered_units=round(committed * float(share)), terms="net 30 days",
        ))  # fmt: skip
    return found


def upstream_supplies(
    size: Size, stock: Goods, known: Sources, agreed: list[Deal]
) -> list[UpstreamSupply]:
    """What suppliers rest on: tier 2 for most items, tier 3 for some, components for kits.

    Most of a family comes through one supplier of tier 2, so a second source with us is often
    none further up.
    """
    draws = size.draws("tiers")
    seconds = range(known.first_tier, known.first_tier + known.second_tier)
    thirds = range(known.first_tier + known.second_tier, len(known.suppliers))
    main: dict[int, int] = {}
    found: dict[tuple[int, int, int], None] = {}
    for deal in agreed:
        main.setdefault(deal.item, deal.supplier)
        if draws.random() < 0.75:
            usual = draws.random() < 0.7
            far = seconds[(deal.item % len(FAMILIES) if usual else deal.supplier) % len(seconds)]
            found[deal.supplier, far, deal.item] = None
            if draws.random() < 0.4:
                found[far, thirds[(far + deal.item % 2) % len(thirds)], deal.item] = None
    for kit, parts in stock.kits:
        for part, _ in parts:
            if main[kit] != main[part]:
                found[main[kit], main[part], part] = None
    names = [supplier.id for supplier in known.suppliers]
    return [
        UpstreamSupply(names[supplier], names[far], stock.ids[item])
        for supplier, far, item in found
    ]
