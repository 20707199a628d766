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
    """One thing that a plan could do: a transfer, a purchase or an assignment.

    Transfers have item, lane, origin, destination and, on the first day, a lot; purchases have
    item, supplier and destination; assignments have order, item, customer and origin.
    """

    KEY: ClassVar = ("kind", "item", "lane", "supplier", "order", "origin", "destination",
                     "departs_on", "lot")  # fmt: skip
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


@dataclass(frozen=True, slots=True)
class StockAfterMoves:
    """What stays of an item at a location when the first day's movements have left.

    `quantity_after_moves_units` is the plan's to choose: a rule that bounds it from below
    becomes a lower bound on the first day's carry, clipped to what is there.
    """

    KEY: ClassVar = ("item", "location")
    item: ItemId
    location: LocationId
    safety_stock_units: int
    quantity_after_moves_units: int | None = None
