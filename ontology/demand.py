"""What is asked for: observed, forecast and ordered."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from ontology.terms import (
    CarrierId,
    CustomerId,
    ItemId,
    LocationId,
    PortId,
    SalesOrderId,
    SupplierId,
)


@dataclass(frozen=True, slots=True)
class DemandObservation:
    """Units asked for at a location on a day, served or not."""

    KEY: ClassVar = ("item", "location", "on")
    item: ItemId
    location: LocationId
    on: date
    quantity_units: int
    served_units: int | None = None


@dataclass(frozen=True, slots=True)
class DemandOutcome:
    """One value of a day's demand; its probability is weight / sum of the day's weights.

    Days and locations are independent of each other in a stated distribution.
    """

    KEY: ClassVar = ("item", "location", "on", "quantity_units")
    item: ItemId
    location: LocationId
    on: date
    quantity_units: int
    weight: int
    model: str = "stated"


@dataclass(frozen=True, slots=True)
class DemandQuantile:
    """A quantile of cumulative demand from `starts_on` to `on`, by a versioned model."""

    KEY: ClassVar = ("item", "location", "starts_on", "on", "probability_per_million")
    item: ItemId
    location: LocationId
    starts_on: date
    on: date
    probability_per_million: int
    quantity_units: int
    model: str


@dataclass(frozen=True, slots=True)
class PooledDemandQuantile:
    """A quantile of the whole chain's cumulative demand for an item from `starts_on` to `on`."""

    KEY: ClassVar = ("item", "starts_on", "on", "probability_per_million")
    item: ItemId
    starts_on: date
    on: date
    probability_per_million: int
    quantity_units: int
    model: str


@dataclass(frozen=True, slots=True)
class DemandForecast:
    """What a versioned model says of an item's demand at a location from `starts_on` on.

    `uncertainty_percent` is half the width of the central 80 % interval of demand over the days
    forecast for the location, in percent of its mean (of one unit where the mean is below one).
    """

    KEY: ClassVar = ("item", "location")
    item: ItemId
    location: LocationId
    model: str
    starts_on: date
    fitted_from: date
    fitted_to: date
    mean_per_day_millionths: int
    uncertainty_percent: int
    is_intermittent: bool = False


@dataclass(frozen=True, slots=True)
class Backlog:
    """Units owed to customers of a location since an earlier day."""

    KEY: ClassVar = ("item", "location")
    item: ItemId
    location: LocationId
    quantity_units: int
    since: date | None = None


@dataclass(frozen=True, slots=True)
class SalesOrder:
    """A firm order of a customer, served whole from one location or not at all."""

    KEY: ClassVar = ("id",)
    id: str
    item: ItemId
    customer: CustomerId
    quantity_units: int
    ordered_on: date
    destination_port: PortId | None = None
    destination: LocationId | None = None
    weight_micrograms: int | None = None
    service: str = ""
    freight_payer: str = "shipper"
    due_on: date | None = None
    days_early: int | None = None
    days_late: int | None = None


@dataclass(frozen=True, slots=True)
class DemandLine:
    """One customer's line, within what is asked for of an item at a location.

    One item serves all of it: its own, or one that stands in for it, never both. It adds no
    demand. Where an item has such lines at a location, nothing stands in for it but for a whole
    one.
    """

    KEY: ClassVar = ("id",)
    id: str
    item: ItemId
    location: LocationId
    quantity_units: int
    customer: CustomerId | None = None


@dataclass(frozen=True, slots=True)
class OrderFulfilment:
    """How an order was in fact served: a baseline to compare with, never a constraint."""

    KEY: ClassVar = ("order",)
    order: SalesOrderId
    location: LocationId
    origin_port: PortId | None = None
    carrier: CarrierId | None = None
    transit_days: int | None = None


@dataclass(frozen=True, slots=True)
class PurchaseOrder:
    """Units bought from a supplier and not yet received."""

    KEY: ClassVar = ("id",)
    id: str
    supplier: SupplierId
    item: ItemId
    location: LocationId
    quantity_units: int
    ordered_on: date
    due_on: date | None = None
    status: str = "open"


@dataclass(frozen=True, slots=True)
class TransferOrder:
    """Units ordered to move between two of our locations and not yet shipped."""

    KEY: ClassVar = ("id",)
    id: str
    item: ItemId
    origin: LocationId
    destination: LocationId
    quantity_units: int
    ordered_on: date
    due_on: date | None = None
    status: str = "open"
