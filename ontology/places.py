"""Locations, their calendars, their ports and what they can handle."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from ontology.terms import CalendarId, CustomerClassId, LocationId, PortId


@dataclass(frozen=True, slots=True)
class Location:
    """A place that holds or serves stock, or a region of such places (`part_of`, no cycles).

    `kind` is `plant`, `hub`, `distribution centre`, `store`, `zone`, `shelf` or `region`; zones
    and shelves are part of the location that they stand in. Stock crosses the border of a
    `residency_zone` only by permission; `serves_class` is the class of the customers served here.
    """

    KEY: ClassVar = ("id",)
    id: str
    name: str = ""
    kind: str = "hub"
    part_of: LocationId | None = None
    region: str = ""
    country: str = ""
    time_zone: str = ""
    latitude_microdegrees: int | None = None
    longitude_microdegrees: int | None = None
    calendar: CalendarId | None = None
    gln: str = ""
    status: str = "open"
    storage_capacity_units: int | None = None
    storage_capacity_cubic_millimetres: int | None = None
    handling_capacity_units_per_day: int | None = None
    residency_zone: str = ""
    serves_class: CustomerClassId | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """On which weekdays (`monday` ... `sunday`) something works."""

    KEY: ClassVar = ("id",)
    id: str
    open_weekdays: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CalendarException:
    """A day on which a calendar says otherwise."""

    KEY: ClassVar = ("calendar", "on")
    calendar: CalendarId
    on: date
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Port:
    """A sea, air or land port that freight rates are quoted between."""

    KEY: ClassVar = ("id",)
    id: str
    name: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class PortAccess:
    """A location can ship through a port."""

    KEY: ClassVar = ("location", "port")
    location: LocationId
    port: PortId


@dataclass(frozen=True, slots=True)
class SharedResource:
    """What all items together may take of a location in a day: what leaves it and what comes in.

    `measure`: `orders` (of firm orders), `units`, `grams` or `cubic centimetres`.
    """

    KEY: ClassVar = ("location", "measure")
    location: LocationId
    measure: str
    capacity_per_day: int


@dataclass(frozen=True, slots=True)
class HandlingRate:
    """What a location charges to handle one base unit."""

    KEY: ClassVar = ("location",)
    location: LocationId
    cost_per_unit_micros: int
    currency: str = ""
