"""What the law of the places asks: residency of stock, trade, and possession."""

from dataclasses import dataclass
from typing import ClassVar

from ontology.terms import ItemId


@dataclass(frozen=True, slots=True)
class ResidencyPermission:
    """Stock may leave one residency zone for another; one family of items where that is named."""

    KEY: ClassVar = ("origin_zone", "destination_zone", "family")
    origin_zone: str
    destination_zone: str
    family: str = ""


@dataclass(frozen=True, slots=True)
class TradeRestriction:
    """Goods of a customs class must not go from one country to another."""

    KEY: ClassVar = ("origin_country", "destination_country", "customs_class")
    origin_country: str
    destination_country: str
    customs_class: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PossessionLimit:
    """The most units of an item that a country lets us hold in all its places together."""

    KEY: ClassVar = ("item", "country")
    item: ItemId
    country: str
    most_units: int
