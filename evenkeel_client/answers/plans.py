"""Questions of `plans.graphql`, written by `evenkeel_client.generating`: do not edit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from evenkeel_client.asking import PAGE_ROWS, Asking


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSummary:
    """A certified plan: immutable, known by its digest."""

    digest: str
    chain: str
    label: str
    regime: str
    snapshot: str
    release: str
    cost_scaled: int
    bound_scaled: int
    gap_scaled: int
    cost_scale: int
    line_count: int
    shortfall_count: int
    event_sequence: int
    agent: str
    made_at: datetime

    @staticmethod
    def of(told: Any) -> PlanSummary:
        """Read from JSON."""
        return PlanSummary(
            digest=told["digest"],
            chain=told["chain"],
            label=told["label"],
            regime=told["regime"],
            snapshot=told["snapshot"],
            release=told["release"],
            cost_scaled=told["costScaled"],
            bound_scaled=told["boundScaled"],
            gap_scaled=told["gapScaled"],
            cost_scale=told["costScale"],
            line_count=told["lineCount"],
            shortfall_count=told["shortfallCount"],
            event_sequence=told["eventSequence"],
            agent=told["agent"],
            made_at=datetime.fromisoformat(told["madeAt"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A certified plan: immutable, known by its digest."""

    digest: str
    chain: str
    label: str
    regime: str
    snapshot: str
    release: str
    cost_scaled: int
    bound_scaled: int
    gap_scaled: int
    cost_scale: int
    line_count: int
    shortfall_count: int
    event_sequence: int
    agent: str
    made_at: datetime
    previous: str | None
    comparison: Any
    certificate: PlanCertificate
    rule_results: tuple[PlanRuleResults, ...]
    remarks: tuple[PlanRemarks, ...]

    @staticmethod
    def of(told: Any) -> Plan:
        """Read from JSON."""
        return Plan(
            digest=told["digest"],
            chain=told["chain"],
            label=told["label"],
            regime=told["regime"],
            snapshot=told["snapshot"],
            release=told["release"],
            cost_scaled=told["costScaled"],
            bound_scaled=told["boundScaled"],
            gap_scaled=told["gapScaled"],
            cost_scale=told["costScale"],
            line_count=told["lineCount"],
            shortfall_count=told["shortfallCount"],
            event_sequence=told["eventSequence"],
            agent=told["agent"],
            made_at=datetime.fromisoformat(told["madeAt"]),
            previous=told["previous"],
            comparison=told["comparison"],
            certificate=PlanCertificate.of(told["certificate"]),
            rule_results=tuple(PlanRuleResults.of(one) for one in told["ruleResults"]),
            remarks=tuple(PlanRemarks.of(one) for one in told["remarks"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCertificate:
    """What proves a plan, in cost units: 1/costScale of a cent."""

    label: str
    cost: int
    bound: int
    gap: int
    gap_percent: float
    gap_of_gain: float | None
    do_nothing: int | None
    cost_scale: int

    @staticmethod
    def of(told: Any) -> PlanCertificate:
        """Read from JSON."""
        return PlanCertificate(
            label=told["label"],
            cost=told["cost"],
            bound=told["bound"],
            gap=told["gap"],
            gap_percent=told["gapPercent"],
            gap_of_gain=told["gapOfGain"],
            do_nothing=told["doNothing"],
            cost_scale=told["costScale"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRuleResults:
    """What one rule did to the movements of a plan."""

    rule: str
    title: str
    looked_at: int
    closed: int
    warned: int

    @staticmethod
    def of(told: Any) -> PlanRuleResults:
        """Read from JSON."""
        return PlanRuleResults(
            rule=told["rule"],
            title=told["title"],
            looked_at=told["lookedAt"],
            closed=told["closed"],
            warned=told["warned"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRemarks:
    """What a reader should know that the plan could not consider."""

    code: str
    what: str
    hint: str

    @staticmethod
    def of(told: Any) -> PlanRemarks:
        """Read from JSON."""
        return PlanRemarks(
            code=told["code"],
            what=told["what"],
            hint=told["hint"],
        )


PLANS = """
query Plans($chain: String!, $first: Int, $after: String) {
  plans(chain: $chain, first: $first, after: $after) {
    edges {
      node {
        ...PlanSummary
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}

fragment PlanSummary on Plan {
  digest
  chain
  label
  regime
  snapshot
  release
  costScaled
  boundScaled
  gapScaled
  costScale
  lineCount
  shortfallCount
  eventSequence
  agent
  madeAt
}
"""

PLAN = """
query Plan($digest: String!) {
  plan(digest: $digest) {
    ...PlanSummary
    previous
    comparison
    certificate {
      label
      cost
      bound
      gap
      gapPercent
      gapOfGain
      doNothing
      costScale
    }
    ruleResults {
      rule
      title
      lookedAt
      closed
      warned
    }
    remarks {
      code
      what
      hint
    }
  }
}

fragment PlanSummary on Plan {
  digest
  chain
  label
  regime
  snapshot
  release
  costScaled
  boundScaled
  gapScaled
  costScale
  lineCount
  shortfallCount
  eventSequence
  agent
  madeAt
}
"""


class PlansQuestions(Asking):
    """What `plans.graphql` asks, a method for each of its operations."""

    def plans(self, chain: str, *, page_rows: int = PAGE_ROWS) -> Iterator[PlanSummary]:
        """Plans of a chain, the latest first."""
        return self.paged(PLANS, {"chain": chain}, ("plans",), PlanSummary.of, page_rows)

    def plan(self, digest: str) -> Plan | None:
        """One plan by its digest."""
        return self.asked(
            PLAN,
            {"digest": digest},
            ("plan",),
            lambda told: None if told is None else Plan.of(told),
        )
