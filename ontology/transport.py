"""Lanes, freight and what is on the way."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from ontology.terms import CalendarId, CarrierId, ItemId, LaneId, LocationId, LotId, PortId


@dataclass(frozen=True, slots=True)
class Lane:
    """A way from one location to another by one mode; costs are per base unit unless named.

    `cost_per_line_cents` is paid once for each item and day that goes this way (picking, papers),
    `cost_per_shipment_cents` once for each day on which anything does.
    """

    KEY: ClassVar = ("id",)
    id: str
    origin: LocationId
    destination: LocationId
    mode: str = ""
    carrier: CarrierId | None = None
    lead_time_days: int = 0
    cost_per_unit_micros: int = 0
    cost_per_kilogram_micros: int = 0
    cost_per_cubic_metre_micros: int = 0
    cost_per_shipment_cents: int = 0
    cost_per_line_cents: int = 0
    duty_percent: int = 0
    currency: str = ""
    capacity_units_per_day: int | None = None
    calendar: CalendarId | None = None
    allowed_handling_classes: tuple[str, ...] = ()
    status: str = "open"


@dataclass(frozen=True, slots=True)
class LaneCapacity:
    """What all items together may take of a lane in a day, counted in `measure`."""

    KEY: ClassVar = ("lane", "measure")
    lane: LaneId
    measure: str
    capacity_per_day: int


@dataclass(frozen=True, slots=True)
class TruckLoad:
    """What one load of a lane takes of all items together, counted in `measure`, and costs.

    Every load that is begun on a day is paid for in full.
    """

    KEY: ClassVar = ("lane",)
    lane: LaneId
    measure: str
    capacity_per_load: int
    cost_per_load_cents: int
    most_loads_per_day: int | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that freight and duty of transfers may come to, all items together.

    It counts all that leaves within the days of a plan, from the locations of `region` where one
    is named; what a lane charges per line, load or shipment is not in it.
    """

    KEY: ClassVar = ("id",)
    id: str
    amount_cents: int
    region: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class TransferLot:
    """An item goes in whole lots: by every lane of its own, or by `lane` where one is named.

    What leaves on a day is nothing, or a multiple that is at least `minimum_units`.
    """

    KEY: ClassVar = ("item", "lane")
    item: ItemId
    lane: LaneId | None = None
    lot_multiple_units: int = 1
    minimum_units: int = 0


@dataclass(frozen=True, slots=True)
class CarrierCapacity:
    """What all items together may take of a carrier in a day, over all its lanes."""

    KEY: ClassVar = ("carrier", "measure")
    carrier: CarrierId
    measure: str
    capacity_per_day: int


@dataclass(frozen=True, slots=True)
class LeadTimeOutcome:
    """One value of a lead time's distribution; its probability is weight / sum of weights."""

    KEY: ClassVar = ("subject", "lead_time_days")
    subject: str
    lead_time_days: int
    weight: int
    sample_size: int | None = None


@dataclass(frozen=True, slots=True)
class FreightRate:
    """A carrier's price between two ports for a closed band of weight."""

    KEY: ClassVar = (
        "carrier", "origin_port", "destination_port", "service", "mode",
        "minimum_weight_micrograms", "maximum_weight_micrograms",
        "minimum_charge_cents", "rate_per_kilogram_micros", "transit_days", "carrier_type",
    )  # fmt: skip
    carrier: CarrierId
    origin_port: PortId
    destination_port: PortId
    service: str
    mode: str
    minimum_weight_micrograms: int
    maximum_weight_micrograms: int
    minimum_charge_cents: int
    rate_per_kilogram_micros: int
    transit_days: int = 0
    carrier_type: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Shipment:
    """Units of an item on the way; counted at `destination` as in transit until they arrive."""

    KEY: ClassVar = ("id",)
    id: str
    item: ItemId
    destination: LocationId
    quantity_units: int
    arrives_on: date
    origin: LocationId | None = None
    lane: LaneId | None = None
    lot: LotId | None = None
    shipped_on: date | None = None
    status: str = "under way"
