"""Items and what they are made of, packed in and tracked by."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from ontology.terms import ItemId, LocationId, LotId, PersonId, SupplierId


@dataclass(frozen=True, slots=True)
class Item:
    """A good that is stocked; quantities of it are whole numbers of its base unit.

    A protected item never leaves the location that it is kept at.
    """

    KEY: ClassVar = ("id",)
    id: str
    name: str = ""
    base_unit: str = "each"
    family: str = ""
    handling_class: str = ""
    hazard_class: str = ""
    customs_class: str = ""
    confidentiality_class: str = ""
    weight_micrograms: int | None = None
    volume_cubic_millimetres: int | None = None
    shelf_life_days: int | None = None
    minimum_remaining_life_days: int | None = None
    value_cents: int | None = None
    currency: str = ""
    is_protected: bool = False


@dataclass(frozen=True, slots=True)
class UnitConversion:
    """One pack of an item: `numerator / denominator` base units to one of `unit`, exactly."""

    KEY: ClassVar = ("item", "unit")
    item: ItemId
    unit: str
    numerator: int
    denominator: int = 1
    gtin: str = ""


@dataclass(frozen=True, slots=True)
class Lot:
    """A batch of an item with one origin, one expiry and one status.

    `status` is `released`, `quarantined` or `blocked`.
    """

    KEY: ClassVar = ("id",)
    id: str
    item: ItemId
    expires_on: date | None = None
    produced_on: date | None = None
    origin_country: str = ""
    supplier: SupplierId | None = None
    status: str = "released"


@dataclass(frozen=True, slots=True)
class SerialUnit:
    """One single unit of an item, known by its serial number."""

    KEY: ClassVar = ("item", "serial")
    item: ItemId
    serial: str
    lot: LotId | None = None
    location: LocationId | None = None


@dataclass(frozen=True, slots=True)
class HandlingUnit:
    """A pallet, case or container moved as one, known by its SSCC."""

    KEY: ClassVar = ("sscc",)
    sscc: str
    location: LocationId | None = None
    parent_sscc: str = ""


@dataclass(frozen=True, slots=True)
class Substitute:
    """An item that may stand in for another: `numerator / denominator` of it for one unit."""

    KEY: ClassVar = ("item", "replacement")
    item: ItemId
    replacement: ItemId
    numerator: int = 1
    denominator: int = 1
    priority: int = 0
    approved_by: PersonId | None = None


@dataclass(frozen=True, slots=True)
class Component:
    """A line of a bill of materials: base units of a component in one unit of an item."""

    KEY: ClassVar = ("item", "component")
    item: ItemId
    component: ItemId
    numerator: int
    denominator: int = 1


@dataclass(frozen=True, slots=True)
class Production:
    """A location is able to make, pack or ship out an item."""

    KEY: ClassVar = ("location", "item")
    location: LocationId
    item: ItemId
