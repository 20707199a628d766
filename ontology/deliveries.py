"""What a history of deliveries says, line by line, and how late deliveries were."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar

from ontology.terms import ItemId, LocationId, Refers, SupplierId

DeliveryLineId = Annotated[str, Refers("DeliveryLine")]


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One line of a delivery as its record has it; quantities are packs of the item.

    A status or basis says what stands behind a date, a number or a place: `stated`, or the
    reason why there is none. `weight_line` and `freight_line` name the line of the same
    shipment that carries the number for both, so that sums over lines count it once.
    """

    KEY: ClassVar = ("id",)
    id: str
    item: ItemId
    supplier: SupplierId
    country: str
    quantity_units: int
    project: str = ""
    quote_number: str = ""
    order_number: str = ""
    shipment_number: str = ""
    managed_by: str = ""
    fulfilled_via: str = ""
    incoterm: str = ""
    mode: str = ""
    manufacturing_site: LocationId | None = None
    site_status: str = "stated"
    units_per_pack: int | None = None
    unit_price_cents: int | None = None
    pack_price_cents: int | None = None
    line_value_cents: int | None = None
    currency: str = ""
    quoted_on: date | None = None
    quoted_status: str = "stated"
    ordered_on: date | None = None
    ordered_status: str = "stated"
    scheduled_on: date | None = None
    delivered_on: date | None = None
    recorded_on: date | None = None
    weight_micrograms: int | None = None
    weight_basis: str = "stated"
    weight_line: DeliveryLineId | None = None
    freight_cents: int | None = None
    freight_basis: str = "stated"
    freight_line: DeliveryLineId | None = None
    insurance_cents: int | None = None
    is_first_line: bool = False


@dataclass(frozen=True, slots=True)
class LatenessOutcome:
    """One value of how late deliveries were, early being negative.

    Its probability is weight / sum of the weights of its subject.
    """

    KEY: ClassVar = ("subject", "days_late")
    subject: str
    days_late: int
    weight: int
    sample_size: int | None = None


@dataclass(frozen=True, slots=True)
class StorageAssignment:
    """A plant keeps an item in a storage location; none where the source names none."""

    KEY: ClassVar = ("item", "plant", "storage")
    item: ItemId
    plant: LocationId
    storage: LocationId | None = None
