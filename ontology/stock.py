"""What is where, what is promised, and how stock is meant to be kept."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from ontology.terms import ItemId, LocationId, LotId


@dataclass(frozen=True, slots=True)
class StockPosition:
    """Units of an item at a location, per lot, in disjoint buckets that sum to the total.

    `on_hand_units` is what is there and free to move; the total is derived where a source
    states none. On order is a promise and stands outside the sum. `received_on` is the day of the
    latest receipt by transfer; `basis` is `counted`, or says what the units were derived from.
    """

    KEY: ClassVar = ("item", "location", "lot")
    item: ItemId
    location: LocationId
    lot: LotId | None = None
    on_hand_units: int = 0
    allocated_units: int = 0
    reserved_units: int = 0
    on_hold_units: int = 0
    in_transit_units: int = 0
    total_units: int = 0
    unit: str = "each"
    counted_on: date | None = None
    received_on: date | None = None
    basis: str = "counted"


@dataclass(frozen=True, slots=True)
class StockMovement:
    """Units that appeared, vanished or changed bucket: the only way that stock changes.

    `effective_at_microseconds` is the moment since 1970 (UTC), where the source knows it.
    """

    KEY: ClassVar = ("id",)
    id: str
    item: ItemId
    location: LocationId
    kind: str
    quantity_units: int
    effective_on: date
    lot: LotId | None = None
    effective_at_microseconds: int | None = None


@dataclass(frozen=True, slots=True)
class Reservation:
    """Units promised to a plan or an order; no unit is promised twice."""

    KEY: ClassVar = ("id",)
    id: str
    item: ItemId
    location: LocationId
    quantity_units: int
    reserved_for: str
    lot: LotId | None = None
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class StockingPolicy:
    """How an item is kept at a location. Costs are per base unit and day."""

    KEY: ClassVar = ("item", "location")
    item: ItemId
    location: LocationId
    service_level_percent: int | None = None
    safety_stock_units: int | None = None
    reorder_point_units: int | None = None
    order_up_to_units: int | None = None
    review_period_days: int | None = None
    holding_cost_per_day_micros: int = 0
    shortage_cost_per_day_micros: int = 0
    currency: str = ""
