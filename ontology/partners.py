"""Who supplies, carries, buys and decides."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from ontology.terms import (
    ContractId,
    CustomerId,
    ItemId,
    LocationId,
    SupplierId,
)


@dataclass(frozen=True, slots=True)
class Supplier:
    """Sells items; tier 1 sells to us, tier 2 to tier 1."""

    KEY: ClassVar = ("id",)
    id: str
    name: str = ""
    tier: int | None = None
    country: str = ""
    reliability_percent: int | None = None
    confidentiality_class: str = ""
    status: str = "approved"


@dataclass(frozen=True, slots=True)
class Contract:
    """Terms agreed with a supplier for a time."""

    KEY: ClassVar = ("id",)
    id: str
    supplier: SupplierId
    starts_on: date | None = None
    ends_on: date | None = None
    committed_units: int | None = None
    ordered_units: int | None = None
    terms: str = ""
    confidentiality_class: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A supplier sells an item to a location at a price, in lots, after a lead time."""

    KEY: ClassVar = ("supplier", "item", "location")
    supplier: SupplierId
    item: ItemId
    location: LocationId
    price_micros: int
    currency: str = ""
    minimum_order_units: int = 1
    lot_multiple_units: int = 1
    lead_time_days: int = 0
    capacity_units: int | None = None
    contract: ContractId | None = None
    confidentiality_class: str = ""


@dataclass(frozen=True, slots=True)
class UpstreamSupply:
    """A supplier of the tier above sells an item, or a component of it, to a supplier."""

    KEY: ClassVar = ("supplier", "upstream", "item")
    supplier: SupplierId
    upstream: SupplierId
    item: ItemId


@dataclass(frozen=True, slots=True)
class CustomerClass:
    """Customers who ask for the same: how much life goods must have left when they arrive."""

    KEY: ClassVar = ("id",)
    id: str
    name: str = ""
    minimum_remaining_life_days: int | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """Buys; its class decides how fresh goods must be for it."""

    KEY: ClassVar = ("id",)
    id: str
    name: str = ""
    customer_class: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class VendorManagedLink:
    """A location is kept, under vendor-managed inventory, for a customer."""

    KEY: ClassVar = ("location", "customer")
    location: LocationId
    customer: CustomerId


@dataclass(frozen=True, slots=True)
class Carrier:
    """Moves goods for us."""

    KEY: ClassVar = ("id",)
    id: str
    name: str = ""
    carrier_type: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """A human being who decides; several logins are still one person."""

    KEY: ClassVar = ("id",)
    id: str
    name: str = ""
    logins: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
