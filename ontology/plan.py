"""What a plan says, as rows that a person reads; built from columns by the solver's decoding."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from ontology.terms import (
    CarrierId,
    CustomerId,
    ItemId,
    LaneId,
    LocationId,
    LotId,
    PortId,
    SalesOrderId,
    SupplierId,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """A certified plan: an immutable entity known by its digest."""

    KEY: ClassVar = ("digest",)
    digest: str
    chain: str
    snapshot: str
    release: str
    regime: str
    label: str
    cost_scaled: int
    bound_scaled: int
    gap_scaled: int
    cost_scale: int
    line_count: int
    shortfall_count: int


@dataclass(frozen=True, slots=True)
class Transfer:
    """Units of an item that leave one location for another on the first day.

    `attention` names the rules of severity Warning that send the line to a person.
    """

    KEY: ClassVar = ("plan", "number")
    plan: str
    number: int
    item: ItemId
    lane: LaneId
    origin: LocationId
    destination: LocationId
    quantity_units: int
    departs_on: date
    arrives_on: date
    cost_scaled: int
    lot: LotId | None = None
    line_cost_scaled: int = 0
    attention: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Purchase:
    """Units of an item to buy on the first day.

    `cost_scaled` is net of what stays in stock, `paid_scaled` is units x price, unknown for
    plans that were made before it was stated.
    """

    KEY: ClassVar = ("plan", "number")
    plan: str
    number: int
    item: ItemId
    supplier: SupplierId
    destination: LocationId
    quantity_units: int
    departs_on: date
    arrives_on: date
    cost_scaled: int
    paid_scaled: int | None = None
    attention: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Substitution:
    """Units of an item set aside at a location to stand in for another item."""

    KEY: ClassVar = ("plan", "number")
    plan: str
    number: int
    item: ItemId
    replaces: ItemId
    origin: LocationId
    quantity_units: int
    departs_on: date
    cost_scaled: int
    lot: LotId | None = None
    attention: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assignment:
    """An order served from a location, through a port by a carrier."""

    KEY: ClassVar = ("plan", "number")
    plan: str
    number: int
    order: SalesOrderId
    item: ItemId
    customer: CustomerId
    origin: LocationId
    quantity_units: int
    departs_on: date
    handling_cost_scaled: int
    freight_cost_scaled: int
    cost_scaled: int
    origin_port: PortId | None = None
    carrier: CarrierId | None = None
    attention: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Demand that the plan leaves open, and why.

    `kind` is `cannot`, `not worth it`, `rule`, `shared resource` or `whole units`.
    """

    KEY: ClassVar = ("plan", "number")
    plan: str
    number: int
    kind: str
    item: ItemId
    quantity_units: int
    reason: str
    location: LocationId | None = None
    order: SalesOrderId | None = None
    on: date | None = None
    rule: str = ""


@dataclass(frozen=True, slots=True)
class SuppressedMovement:
    """A movement that a rule closed, kept so that `why not` has an answer."""

    KEY: ClassVar = ("plan", "number", "rule")
    plan: str
    number: int
    movement: str
    rule: str
