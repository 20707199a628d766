"""Questions of `comparisons.graphql`, written by `evenkeel_client.generating`: do not edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evenkeel_client.asking import Asking


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDifference:
    """Plan against plan; over all groups the costs sum exactly."""

    before: str
    after: str
    cost_cents_before: int
    cost_cents_after: int
    groups: tuple[PlanDifferenceGroups, ...]
    lines: tuple[PlanDifferenceLines, ...]

    @staticmethod
    def of(told: Any) -> PlanDifference:
        """Read from JSON."""
        return PlanDifference(
            before=told["before"],
            after=told["after"],
            cost_cents_before=told["costCentsBefore"],
            cost_cents_after=told["costCentsAfter"],
            groups=tuple(PlanDifferenceGroups.of(one) for one in told["groups"]),
            lines=tuple(PlanDifferenceLines.of(one) for one in told["lines"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDifferenceGroups:
    """Changes that were made together, and what they did to the cost."""

    name: str
    cost_scaled: int
    cost_cents: int
    count: int
    changes: tuple[Any, ...]

    @staticmethod
    def of(told: Any) -> PlanDifferenceGroups:
        """Read from JSON."""
        return PlanDifferenceGroups(
            name=told["name"],
            cost_scaled=told["costScaled"],
            cost_cents=told["costCents"],
            count=told["count"],
            changes=tuple(told["changes"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDifferenceLines:
    """A line whose units differ, and by which groups of changes."""

    line: Any
    units_before: int
    units_after: int
    by: Any
    rests_on: tuple[str, ...]

    @staticmethod
    def of(told: Any) -> PlanDifferenceLines:
        """Read from JSON."""
        return PlanDifferenceLines(
            line=told["line"],
            units_before=told["unitsBefore"],
            units_after=told["unitsAfter"],
            by=told["by"],
            rests_on=tuple(told["restsOn"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDrift:
    """Whether a plan still holds on the present facts."""

    holds: bool
    same_facts: bool
    cost_scaled: int | None
    cost_scaled_then: int
    bound_scaled: int | None
    gap_scaled: int | None
    gap_scaled_then: int
    allowed_scaled: int
    affected: tuple[PlanDriftAffected, ...]

    @staticmethod
    def of(told: Any) -> PlanDrift:
        """Read from JSON."""
        return PlanDrift(
            holds=told["holds"],
            same_facts=told["sameFacts"],
            cost_scaled=told["costScaled"],
            cost_scaled_then=told["costScaledThen"],
            bound_scaled=told["boundScaled"],
            gap_scaled=told["gapScaled"],
            gap_scaled_then=told["gapScaledThen"],
            allowed_scaled=told["allowedScaled"],
            affected=tuple(PlanDriftAffected.of(one) for one in told["affected"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDriftAffected:
    """A group of items, and how a plan of it stands on other facts."""

    items: tuple[str, ...]
    why: str
    gap_scaled: int | None
    gap_scaled_then: int

    @staticmethod
    def of(told: Any) -> PlanDriftAffected:
        """Read from JSON."""
        return PlanDriftAffected(
            items=tuple(told["items"]),
            why=told["why"],
            gap_scaled=told["gapScaled"],
            gap_scaled_then=told["gapScaledThen"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What a rule or a limit costs: the plan with it, less that without."""

    rule: str | None
    limit: str | None
    facts: tuple[str, ...]
    difference_scaled: int
    at_least_scaled: int
    at_most_scaled: int
    lines_opened: int
    lines_dropped: int
    cost_scale: int
    currency: str

    @staticmethod
    def of(told: Any) -> Prices:
        """Read from JSON."""
        return Prices(
            rule=told["rule"],
            limit=told["limit"],
            facts=tuple(told["facts"]),
            difference_scaled=told["differenceScaled"],
            at_least_scaled=told["atLeastScaled"],
            at_most_scaled=told["atMostScaled"],
            lines_opened=told["linesOpened"],
            lines_dropped=told["linesDropped"],
            cost_scale=told["costScale"],
            currency=told["currency"],
        )


PLAN_DIFFERENCE = """
query PlanDifference($before: String!, $after: String!) {
  planDifference(before: $before, after: $after) {
    before
    after
    costCentsBefore
    costCentsAfter
    groups {
      name
      costScaled
      costCents
      count
      changes
    }
    lines {
      line
      unitsBefore
      unitsAfter
      by
      restsOn
    }
  }
}
"""

PLAN_DRIFT = """
query PlanDrift($plan: String!) {
  planDrift(plan: $plan) {
    holds
    sameFacts
    costScaled
    costScaledThen
    boundScaled
    gapScaled
    gapScaledThen
    allowedScaled
    affected {
      items
      why
      gapScaled
      gapScaledThen
    }
  }
}
"""

PRICES = """
query Prices($chain: String!, $of: [String!]!) {
  prices(chain: $chain, of: $of) {
    rule
    limit
    facts
    differenceScaled
    atLeastScaled
    atMostScaled
    linesOpened
    linesDropped
    costScale
    currency
  }
}
"""


class ComparisonsQuestions(Asking):
    """What `comparisons.graphql` asks, a method for each of its operations."""

    def plan_difference(self, before: str, after: str) -> PlanDifference:
        """What is different between two plans of a chain, and which changes made it so."""
        return self.asked(
            PLAN_DIFFERENCE,
            {"before": before, "after": after},
            ("planDifference",),
            lambda told: PlanDifference.of(told),
        )

    def plan_drift(self, plan: str) -> PlanDrift:
        """Whether a plan still holds on the present facts, and what has to be planned
        again.
        """
        return self.asked(
            PLAN_DRIFT, {"plan": plan}, ("planDrift",), lambda told: PlanDrift.of(told)
        )

    def prices(self, chain: str, of: Sequence[str]) -> tuple[Prices, ...]:
        """What rules and limits cost (`cold-chain`, `budget:freight`): a plan without each."""
        return self.asked(
            PRICES,
            {"chain": chain, "of": of},
            ("prices",),
            lambda told: tuple(Prices.of(one) for one in told),
        )
