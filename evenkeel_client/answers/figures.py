"""Questions of `figures.graphql`, written by `evenkeel_client.generating`: do not edit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from evenkeel_client.answers.inputs import AsOf, Failure
from evenkeel_client.asking import PAGE_ROWS, Asking


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpis:
    """A key figure under its versioned definition."""

    id: str
    version: str
    title: str
    formula: str
    unit: str
    value: str | None
    numerator: str | None
    denominator: str | None
    reason: str | None
    row_count: int
    left_out: int

    @staticmethod
    def of(told: Any) -> Kpis:
        """Read from JSON."""
        return Kpis(
            id=told["id"],
            version=told["version"],
            title=told["title"],
            formula=told["formula"],
            unit=told["unit"],
            value=told["value"],
            numerator=told["numerator"],
            denominator=told["denominator"],
            reason=told["reason"],
            row_count=told["rowCount"],
            left_out=told["leftOut"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What happens when all the failures come at once."""

    failures: tuple[str, ...]
    starts_on: date
    currency: str
    totals: tuple[ImpactTotals, ...]

    @staticmethod
    def of(told: Any) -> Impact:
        """Read from JSON."""
        return Impact(
            failures=tuple(told["failures"]),
            starts_on=date.fromisoformat(told["startsOn"]),
            currency=told["currency"],
            totals=tuple(ImpactTotals.of(one) for one in told["totals"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactTotals:
    """All affected pairs of one state."""

    state: str
    pairs: int
    items: int
    locations: int
    per_day_millionths: int
    value_per_day_micros: int
    days_until_short: int | None

    @staticmethod
    def of(told: Any) -> ImpactTotals:
        """Read from JSON."""
        return ImpactTotals(
            state=told["state"],
            pairs=told["pairs"],
            items=told["items"],
            locations=told["locations"],
            per_day_millionths=told["perDayMillionths"],
            value_per_day_micros=told["valuePerDayMicros"],
            days_until_short=told["daysUntilShort"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SinglePoints:
    """A failure that leaves demand without any source."""

    subject: str
    pairs: int
    items: int
    locations: int
    per_day_millionths: int
    value_per_day_micros: int
    days_until_short: int

    @staticmethod
    def of(told: Any) -> SinglePoints:
        """Read from JSON."""
        return SinglePoints(
            subject=told["subject"],
            pairs=told["pairs"],
            items=told["items"],
            locations=told["locations"],
            per_day_millionths=told["perDayMillionths"],
            value_per_day_micros=told["valuePerDayMicros"],
            days_until_short=told["daysUntilShort"],
        )


KPIS = """
query Kpis($chain: String!, $plan: String, $ids: [String!], $asOf: AsOf) {
  kpis(chain: $chain, plan: $plan, ids: $ids, asOf: $asOf) {
    id
    version
    title
    formula
    unit
    value
    numerator
    denominator
    reason
    rowCount
    leftOut
  }
}
"""

IMPACT = """
query Impact($chain: String!, $failures: [Failure!]!, $startsOn: Date) {
  impact(chain: $chain, failures: $failures, startsOn: $startsOn) {
    failures
    startsOn
    currency
    totals {
      state
      pairs
      items
      locations
      perDayMillionths
      valuePerDayMicros
      daysUntilShort
    }
  }
}
"""

SINGLE_POINTS = """
query SinglePoints($chain: String!, $startsOn: Date, $first: Int, $after: String) {
  singlePointsOfFailure(
    chain: $chain
    startsOn: $startsOn
    first: $first
    after: $after
  ) {
    edges {
      node {
        subject
        pairs
        items
        locations
        perDayMillionths
        valuePerDayMicros
        daysUntilShort
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
"""


class FiguresQuestions(Asking):
    """What `figures.graphql` asks, a method for each of its operations."""

    def kpis(
        self,
        chain: str,
        *,
        plan: str | None = None,
        ids: Sequence[str] | None = None,
        as_of: AsOf | None = None,
    ) -> tuple[Kpis, ...]:
        """Key figures of a chain's facts, or of a plan of it by its digest; all, or some.
        To page through the rows of one, ask for that one alone.
        """
        return self.asked(
            KPIS,
            {"chain": chain, "plan": plan, "ids": ids, "asOf": as_of},
            ("kpis",),
            lambda told: tuple(Kpis.of(one) for one in told),
        )

    def impact(
        self, chain: str, failures: Sequence[Failure], *, starts_on: date | None = None
    ) -> Impact:
        """What depends on one or more subjects that go down at once."""
        return self.asked(
            IMPACT,
            {"chain": chain, "failures": failures, "startsOn": starts_on},
            ("impact",),
            lambda told: Impact.of(told),
        )

    def single_points(
        self, chain: str, *, starts_on: date | None = None, page_rows: int = PAGE_ROWS
    ) -> Iterator[SinglePoints]:
        """What leaves demand without any source when it alone goes down, most value first."""
        return self.paged(
            SINGLE_POINTS,
            {"chain": chain, "startsOn": starts_on},
            ("singlePointsOfFailure",),
            SinglePoints.of,
            page_rows,
        )
