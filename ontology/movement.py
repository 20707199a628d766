"""The views that movement rules speak of: derived for each plan, never stored as facts."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from ontology.terms import (
    CustomerId,
    ItemId,
    LaneId,
    LocationId,
    LotId,
    SalesOrderId,
    SupplierId,
)


@dataclass(frozen=True, slots=True)
class Movement:
    """One thing that a plan could do: a transfer, purchase, assignment or substitution.

    Transfers have item, lane, origin, destination and, on the first day, a lot; purchases have
    item, supplier and destination; assignments have order, item, customer and origin;
    substitutions have item, lot, origin = destination and `replaces`, the item stood in for.
    `days_since_received` and `stock_age_days` (since the count) are those of the position that
    units leave on the first day. How well the item's stock at both ends is known stands in the
    last four, on every day: days since its oldest count there, and how many marks are on it.
    """

    KEY: ClassVar = ("kind", "item", "lane", "supplier", "order", "origin", "destination",
                     "departs_on", "lot", "replaces")  # fmt: skip
    kind: str
    item: ItemId
    departs_on: date
    arrives_on: date
    departs_weekday: str
    arrives_weekday: str
    lane: LaneId | None = None
    supplier: SupplierId | None = None
    order: SalesOrderId | None = None
    customer: CustomerId | None = None
    origin: LocationId | None = None
    destination: LocationId | None = None
    lot: LotId | None = None
    remaining_life_days: int | None = None
    replaces: ItemId | None = None
    days_since_received: int | None = None
    stock_age_days: int | None = None
    origin_stock_age_days: int | None = None
    destination_stock_age_days: int | None = None
    origin_mark_count: int | None = None
    destination_mark_count: int | None = None


@dataclass(frozen=True, slots=True)
class StockAfterMoves:
    """What stays of an item at a location when the first day's movements have left.

    `quantity_after_moves_units` is the plan's to choose: a rule that bounds it from below
    becomes a lower bound on the first day's carry, clipped to what is there. So does a bound on
    `kept_percent`, that quantity in percent of `opening_units`, and on `cover_days`, that quantity
    over `mean_per_day_millionths`.
    """

    KEY: ClassVar = ("item", "location")
    item: ItemId
    location: LocationId
    safety_stock_units: int
    quantity_after_moves_units: int | None = None
    opening_units: int | None = None
    mean_per_day_millionths: int | None = None
    kept_percent: int | None = None
    cover_days: int | None = None


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """A line of a finished plan, as rules see it; `value_cents` is units x the item's value."""

    KEY: ClassVar = ("number",)
    number: int
    kind: str
    item: ItemId
    quantity_units: int
    departs_on: date
    arrives_on: date
    origin: LocationId | None = None
    destination: LocationId | None = None
    lane: LaneId | None = None
    supplier: SupplierId | None = None
    lot: LotId | None = None
    value_cents: int | None = None


@dataclass(frozen=True, slots=True)
class LaneLoad:
    """All that a finished plan sends over a lane on its first day."""

    KEY: ClassVar = ("lane",)
    lane: LaneId
    departs_on: date
    quantity_units: int
    hazard_classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LocationLoad:
    """What a finished plan makes a location handle and store.

    `handled_units` leave or are received on the first day. `overfull_units` is by how much the
    stock of all items on any day of the plan passes the storage capacity, `overloaded_units` by
    how much the first day passes the handling capacity; 0 where it does not, or none is stated.
    """

    KEY: ClassVar = ("location",)
    location: LocationId
    handled_units: int
    overloaded_units: int
    overfull_units: int


@dataclass(frozen=True, slots=True)
class CountryHolding:
    """The most units of an item that a finished plan lets a country hold on any of its days.

    `excess_units` is by how much that passes the country's possession limit, 0 where it does not.
    """

    KEY: ClassVar = ("item", "country")
    item: ItemId
    country: str
    quantity_units: int
    excess_units: int
