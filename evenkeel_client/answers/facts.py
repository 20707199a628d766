"""Questions of `facts.graphql`, written by `evenkeel_client.generating`: do not edit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from evenkeel_client.answers.inputs import AsOf
from evenkeel_client.asking import PAGE_ROWS, Asking


@dataclass(frozen=True, slots=True, kw_only=True)
class Chains:
    """A supply chain: a closed world of facts."""

    name: str
    feeds: int
    last_feed: int

    @staticmethod
    def of(told: Any) -> Chains:
        """Read from JSON."""
        return Chains(
            name=told["name"],
            feeds=told["feeds"],
            last_feed=told["lastFeed"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """Units of an item at a location, per lot, in disjoint buckets."""

    uri: str
    item_id: str
    location_id: str
    lot_id: str | None
    on_hand_units: int
    allocated_units: int
    reserved_units: int
    on_hold_units: int
    in_transit_units: int
    total_units: int
    unit: str
    counted_on: date | None

    @staticmethod
    def of(told: Any) -> Stock:
        """Read from JSON."""
        return Stock(
            uri=told["uri"],
            item_id=told["itemId"],
            location_id=told["locationId"],
            lot_id=told["lotId"],
            on_hand_units=told["onHandUnits"],
            allocated_units=told["allocatedUnits"],
            reserved_units=told["reservedUnits"],
            on_hold_units=told["onHoldUnits"],
            in_transit_units=told["inTransitUnits"],
            total_units=told["totalUnits"],
            unit=told["unit"],
            counted_on=None if told["countedOn"] is None else date.fromisoformat(told["countedOn"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A good that is stocked."""

    uri: str
    key: str
    name: str
    base_unit: str
    family: str
    handling_class: str
    value_cents: int | None
    currency: str
    shelf_life_days: int | None

    @staticmethod
    def of(told: Any) -> Items:
        """Read from JSON."""
        return Items(
            uri=told["uri"],
            key=told["key"],
            name=told["name"],
            base_unit=told["baseUnit"],
            family=told["family"],
            handling_class=told["handlingClass"],
            value_cents=told["valueCents"],
            currency=told["currency"],
            shelf_life_days=told["shelfLifeDays"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Locations:
    """A place that holds or serves stock, or a region of such places."""

    uri: str
    key: str
    name: str
    kind: str
    part_of_id: str | None
    region: str
    country: str
    time_zone: str
    status: str

    @staticmethod
    def of(told: Any) -> Locations:
        """Read from JSON."""
        return Locations(
            uri=told["uri"],
            key=told["key"],
            name=told["name"],
            kind=told["kind"],
            part_of_id=told["partOfId"],
            region=told["region"],
            country=told["country"],
            time_zone=told["timeZone"],
            status=told["status"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """A way from one location to another by one mode."""

    uri: str
    key: str
    origin_id: str
    destination_id: str
    mode: str
    carrier_id: str | None
    lead_time_days: int
    cost_per_unit_micros: int
    currency: str
    capacity_units_per_day: int | None
    allowed_handling_classes: tuple[str, ...]
    status: str

    @staticmethod
    def of(told: Any) -> Lanes:
        """Read from JSON."""
        return Lanes(
            uri=told["uri"],
            key=told["key"],
            origin_id=told["originId"],
            destination_id=told["destinationId"],
            mode=told["mode"],
            carrier_id=told["carrierId"],
            lead_time_days=told["leadTimeDays"],
            cost_per_unit_micros=told["costPerUnitMicros"],
            currency=told["currency"],
            capacity_units_per_day=told["capacityUnitsPerDay"],
            allowed_handling_classes=tuple(told["allowedHandlingClasses"]),
            status=told["status"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """A supplier sells an item to a location."""

    uri: str
    supplier_id: str
    item_id: str
    location_id: str
    price_micros: int
    currency: str
    minimum_order_units: int
    lot_multiple_units: int
    lead_time_days: int

    @staticmethod
    def of(told: Any) -> Offers:
        """Read from JSON."""
        return Offers(
            uri=told["uri"],
            supplier_id=told["supplierId"],
            item_id=told["itemId"],
            location_id=told["locationId"],
            price_micros=told["priceMicros"],
            currency=told["currency"],
            minimum_order_units=told["minimumOrderUnits"],
            lot_multiple_units=told["lotMultipleUnits"],
            lead_time_days=told["leadTimeDays"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """A firm order of a customer."""

    uri: str
    key: str
    item_id: str
    customer_id: str
    quantity_units: int
    ordered_on: date
    due_on: date | None
    destination_id: str | None

    @staticmethod
    def of(told: Any) -> Orders:
        """Read from JSON."""
        return Orders(
            uri=told["uri"],
            key=told["key"],
            item_id=told["itemId"],
            customer_id=told["customerId"],
            quantity_units=told["quantityUnits"],
            ordered_on=date.fromisoformat(told["orderedOn"]),
            due_on=None if told["dueOn"] is None else date.fromisoformat(told["dueOn"]),
            destination_id=told["destinationId"],
        )


CHAINS = """
query Chains {
  chains {
    name
    feeds
    lastFeed
  }
}
"""

STOCK = """
query Stock($chain: String!, $asOf: AsOf, $first: Int, $after: String) {
  stock(chain: $chain, asOf: $asOf, first: $first, after: $after) {
    edges {
      node {
        uri
        itemId
        locationId
        lotId
        onHandUnits
        allocatedUnits
        reservedUnits
        onHoldUnits
        inTransitUnits
        totalUnits
        unit
        countedOn
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
"""

ITEMS = """
query Items($chain: String!, $asOf: AsOf, $first: Int, $after: String) {
  items(chain: $chain, asOf: $asOf, first: $first, after: $after) {
    edges {
      node {
        uri
        key
        name
        baseUnit
        family
        handlingClass
        valueCents
        currency
        shelfLifeDays
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
"""

LOCATIONS = """
query Locations($chain: String!, $asOf: AsOf, $first: Int, $after: String) {
  locations(chain: $chain, asOf: $asOf, first: $first, after: $after) {
    edges {
      node {
        uri
        key
        name
        kind
        partOfId
        region
        country
        timeZone
        status
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
"""

LANES = """
query Lanes($chain: String!, $asOf: AsOf, $first: Int, $after: String) {
  lanes(chain: $chain, asOf: $asOf, first: $first, after: $after) {
    edges {
      node {
        uri
        key
        originId
        destinationId
        mode
        carrierId
        leadTimeDays
        costPerUnitMicros
        currency
        capacityUnitsPerDay
        allowedHandlingClasses
        status
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
"""

OFFERS = """
query Offers($chain: String!, $asOf: AsOf, $first: Int, $after: String) {
  offers(chain: $chain, asOf: $asOf, first: $first, after: $after) {
    edges {
      node {
        uri
        supplierId
        itemId
        locationId
        priceMicros
        currency
        minimumOrderUnits
        lotMultipleUnits
        leadTimeDays
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
"""

ORDERS = """
query Orders($chain: String!, $asOf: AsOf, $first: Int, $after: String) {
  orders(chain: $chain, asOf: $asOf, first: $first, after: $after) {
    edges {
      node {
        uri
        key
        itemId
        customerId
        quantityUnits
        orderedOn
        dueOn
        destinationId
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
"""


class FactsQuestions(Asking):
    """What `facts.graphql` asks, a method for each of its operations."""

    def chains(self) -> tuple[Chains, ...]:
        """All supply chains, by name."""
        return self.asked(
            CHAINS, {}, ("chains",), lambda told: tuple(Chains.of(one) for one in told)
        )

    def stock(
        self, chain: str, *, as_of: AsOf | None = None, page_rows: int = PAGE_ROWS
    ) -> Iterator[Stock]:
        """Stock positions by key."""
        return self.paged(STOCK, {"chain": chain, "asOf": as_of}, ("stock",), Stock.of, page_rows)

    def items(
        self, chain: str, *, as_of: AsOf | None = None, page_rows: int = PAGE_ROWS
    ) -> Iterator[Items]:
        """Items by key."""
        return self.paged(ITEMS, {"chain": chain, "asOf": as_of}, ("items",), Items.of, page_rows)

    def locations(
        self, chain: str, *, as_of: AsOf | None = None, page_rows: int = PAGE_ROWS
    ) -> Iterator[Locations]:
        """Locations by key."""
        return self.paged(
            LOCATIONS, {"chain": chain, "asOf": as_of}, ("locations",), Locations.of, page_rows
        )

    def lanes(
        self, chain: str, *, as_of: AsOf | None = None, page_rows: int = PAGE_ROWS
    ) -> Iterator[Lanes]:
        """Lanes by key."""
        return self.paged(LANES, {"chain": chain, "asOf": as_of}, ("lanes",), Lanes.of, page_rows)

    def offers(
        self, chain: str, *, as_of: AsOf | None = None, page_rows: int = PAGE_ROWS
    ) -> Iterator[Offers]:
        """Offers by key."""
        return self.paged(
            OFFERS, {"chain": chain, "asOf": as_of}, ("offers",), Offers.of, page_rows
        )

    def orders(
        self, chain: str, *, as_of: AsOf | None = None, page_rows: int = PAGE_ROWS
    ) -> Iterator[Orders]:
        """Sales orders by key."""
        return self.paged(
            ORDERS, {"chain": chain, "asOf": as_of}, ("orders",), Orders.of, page_rows
        )
