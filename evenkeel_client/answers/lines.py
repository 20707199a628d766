"""Questions of `lines.graphql`, written by `evenkeel_client.generating`: do not edit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from evenkeel_client.asking import PAGE_ROWS, Asking


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    """A movement that a plan decides for its first day."""

    typename: str
    number: int
    item_id: str
    quantity_units: int
    departs_on: date
    cost_scaled: int
    attention: tuple[str, ...]
    derived_from: tuple[PlanLineDerivedFrom, ...]

    @staticmethod
    def of(told: Any) -> PlanLine:
        """Read from JSON."""
        if told["__typename"] == "Transfer":
            return PlanLineTransfer.of(told)
        if told["__typename"] == "Purchase":
            return PlanLinePurchase.of(told)
        if told["__typename"] == "Assignment":
            return PlanLineAssignment.of(told)
        if told["__typename"] == "Substitution":
            return PlanLineSubstitution.of(told)
        return PlanLine(
            typename=told["__typename"],
            number=told["number"],
            item_id=told["itemId"],
            quantity_units=told["quantityUnits"],
            departs_on=date.fromisoformat(told["departsOn"]),
            cost_scaled=told["costScaled"],
            attention=tuple(told["attention"]),
            derived_from=tuple(PlanLineDerivedFrom.of(one) for one in told["derivedFrom"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLineTransfer(PlanLine):
    """Units that leave one location for another."""

    origin_id: str
    destination_id: str
    lane_id: str
    lot_id: str | None
    arrives_on: date

    @staticmethod
    def of(told: Any) -> PlanLineTransfer:
        """Read from JSON."""
        return PlanLineTransfer(
            typename=told["__typename"],
            number=told["number"],
            item_id=told["itemId"],
            quantity_units=told["quantityUnits"],
            departs_on=date.fromisoformat(told["departsOn"]),
            cost_scaled=told["costScaled"],
            attention=tuple(told["attention"]),
            derived_from=tuple(PlanLineDerivedFrom.of(one) for one in told["derivedFrom"]),
            origin_id=told["originId"],
            destination_id=told["destinationId"],
            lane_id=told["laneId"],
            lot_id=told["lotId"],
            arrives_on=date.fromisoformat(told["arrivesOn"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLinePurchase(PlanLine):
    """Units to buy."""

    supplier_id: str
    destination_id: str
    arrives_on: date
    paid_scaled: int | None

    @staticmethod
    def of(told: Any) -> PlanLinePurchase:
        """Read from JSON."""
        return PlanLinePurchase(
            typename=told["__typename"],
            number=told["number"],
            item_id=told["itemId"],
            quantity_units=told["quantityUnits"],
            departs_on=date.fromisoformat(told["departsOn"]),
            cost_scaled=told["costScaled"],
            attention=tuple(told["attention"]),
            derived_from=tuple(PlanLineDerivedFrom.of(one) for one in told["derivedFrom"]),
            supplier_id=told["supplierId"],
            destination_id=told["destinationId"],
            arrives_on=date.fromisoformat(told["arrivesOn"]),
            paid_scaled=told["paidScaled"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLineAssignment(PlanLine):
    """An order served from a location."""

    order_id: str
    customer_id: str
    origin_id: str
    carrier_id: str | None

    @staticmethod
    def of(told: Any) -> PlanLineAssignment:
        """Read from JSON."""
        return PlanLineAssignment(
            typename=told["__typename"],
            number=told["number"],
            item_id=told["itemId"],
            quantity_units=told["quantityUnits"],
            departs_on=date.fromisoformat(told["departsOn"]),
            cost_scaled=told["costScaled"],
            attention=tuple(told["attention"]),
            derived_from=tuple(PlanLineDerivedFrom.of(one) for one in told["derivedFrom"]),
            order_id=told["orderId"],
            customer_id=told["customerId"],
            origin_id=told["originId"],
            carrier_id=told["carrierId"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLineSubstitution(PlanLine):
    """Units that stand in for another item."""

    replaces_id: str
    origin_id: str
    lot_id: str | None

    @staticmethod
    def of(told: Any) -> PlanLineSubstitution:
        """Read from JSON."""
        return PlanLineSubstitution(
            typename=told["__typename"],
            number=told["number"],
            item_id=told["itemId"],
            quantity_units=told["quantityUnits"],
            departs_on=date.fromisoformat(told["departsOn"]),
            cost_scaled=told["costScaled"],
            attention=tuple(told["attention"]),
            derived_from=tuple(PlanLineDerivedFrom.of(one) for one in told["derivedFrom"]),
            replaces_id=told["replacesId"],
            origin_id=told["originId"],
            lot_id=told["lotId"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLineDerivedFrom:
    """A statement of a source about the world, in one version."""

    uri: str
    source: PlanLineDerivedFromSource

    @staticmethod
    def of(told: Any) -> PlanLineDerivedFrom:
        """Read from JSON."""
        return PlanLineDerivedFrom(
            uri=told["uri"],
            source=PlanLineDerivedFromSource.of(told["source"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLineDerivedFromSource:
    """Where a fact was stated."""

    file: str
    row: int
    event_sequence: int

    @staticmethod
    def of(told: Any) -> PlanLineDerivedFromSource:
        """Read from JSON."""
        return PlanLineDerivedFromSource(
            file=told["file"],
            row=told["row"],
            event_sequence=told["eventSequence"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfalls:
    """Demand that a plan leaves open, and why."""

    number: int
    kind: str
    item_id: str
    quantity_units: int
    expected_short_millionths: int | None
    on: date | None
    reason: str
    rule: str
    location_id: str | None
    order_id: str | None

    @staticmethod
    def of(told: Any) -> Shortfalls:
        """Read from JSON."""
        return Shortfalls(
            number=told["number"],
            kind=told["kind"],
            item_id=told["itemId"],
            quantity_units=told["quantityUnits"],
            expected_short_millionths=told["expectedShortMillionths"],
            on=None if told["on"] is None else date.fromisoformat(told["on"]),
            reason=told["reason"],
            rule=told["rule"],
            location_id=told["locationId"],
            order_id=told["orderId"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedFrom:
    """Something that a plan decides, with the facts it rests on."""

    typename: str
    number: int
    item_id: str
    quantity_units: int
    plan_digest: str

    @staticmethod
    def of(told: Any) -> DecidedFrom:
        """Read from JSON."""
        return DecidedFrom(
            typename=told["__typename"],
            number=told["number"],
            item_id=told["itemId"],
            quantity_units=told["quantityUnits"],
            plan_digest=told["planDigest"],
        )


PLAN_LINES = """
query PlanLines($plan: String!, $first: Int, $after: String) {
  plan(digest: $plan) {
    lines(first: $first, after: $after) {
      edges {
        node {
          ...PlanLine
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}

fragment PlanLine on Line {
  __typename
  number
  itemId
  quantityUnits
  departsOn
  costScaled
  attention
  derivedFrom {
    uri
    source {
      file
      row
      eventSequence
    }
  }
  ... on Transfer {
    originId
    destinationId
    laneId
    lotId
    arrivesOn
  }
  ... on Purchase {
    supplierId
    destinationId
    arrivesOn
    paidScaled
  }
  ... on Assignment {
    orderId
    customerId
    originId
    carrierId
  }
  ... on Substitution {
    replacesId
    originId
    lotId
  }
}
"""

SHORTFALLS = """
query Shortfalls($plan: String!, $first: Int, $after: String) {
  plan(digest: $plan) {
    shortfalls(first: $first, after: $after) {
      edges {
        node {
          number
          kind
          itemId
          quantityUnits
          expectedShortMillionths
          on
          reason
          rule
          locationId
          orderId
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
"""

DECIDED_FROM = """
query DecidedFrom($uri: String!, $first: Int, $after: String) {
  decidedFrom(uri: $uri, first: $first, after: $after) {
    edges {
      node {
        __typename
        number
        itemId
        quantityUnits
        planDigest
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
"""


class LinesQuestions(Asking):
    """What `lines.graphql` asks, a method for each of its operations."""

    def plan_lines(self, plan: str, *, page_rows: int = PAGE_ROWS) -> Iterator[PlanLine]:
        """One plan by its digest."""
        return self.paged(
            PLAN_LINES,
            {"plan": plan},
            (
                "plan",
                "lines",
            ),
            PlanLine.of,
            page_rows,
        )

    def shortfalls(self, plan: str, *, page_rows: int = PAGE_ROWS) -> Iterator[Shortfalls]:
        """One plan by its digest."""
        return self.paged(
            SHORTFALLS,
            {"plan": plan},
            (
                "plan",
                "shortfalls",
            ),
            Shortfalls.of,
            page_rows,
        )

    def decided_from(self, uri: str, *, page_rows: int = PAGE_ROWS) -> Iterator[DecidedFrom]:
        """From a fact up to the lines and shortfalls that rest on it."""
        return self.paged(DECIDED_FROM, {"uri": uri}, ("decidedFrom",), DecidedFrom.of, page_rows)
