"""Questions of `actions.graphql`, written by `evenkeel_client.generating`: do not edit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evenkeel_client.answers.inputs import PlanInput, SyncFeedInput
from evenkeel_client.asking import Asking


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanMade:
    """The plan that was made, or that already stood."""

    typename: str
    replayed: bool
    overtaken: bool
    plan: PlanMadePlan

    @staticmethod
    def of(told: Any) -> PlanMade:
        """Read from JSON."""
        return PlanMade(
            typename=told["__typename"],
            replayed=told["replayed"],
            overtaken=told["overtaken"],
            plan=PlanMadePlan.of(told["plan"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanMadePlan:
    """A certified plan: immutable, known by its digest."""

    digest: str
    label: str
    cost_scaled: int
    bound_scaled: int
    gap_scaled: int
    cost_scale: int
    line_count: int
    shortfall_count: int

    @staticmethod
    def of(told: Any) -> PlanMadePlan:
        """Read from JSON."""
        return PlanMadePlan(
            digest=told["digest"],
            label=told["label"],
            cost_scaled=told["costScaled"],
            bound_scaled=told["boundScaled"],
            gap_scaled=told["gapScaled"],
            cost_scale=told["costScale"],
            line_count=told["lineCount"],
            shortfall_count=told["shortfallCount"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDrafted:
    """The plan that would be made: nothing is saved."""

    typename: str
    digest: str
    replayed: bool
    label: str
    currency: str
    cost_scaled: int
    bound_scaled: int
    gap_scaled: int
    cost_scale: int
    lines: tuple[Any, ...]
    shortfalls: tuple[Any, ...]

    @staticmethod
    def of(told: Any) -> PlanDrafted:
        """Read from JSON."""
        return PlanDrafted(
            typename=told["__typename"],
            digest=told["digest"],
            replayed=told["replayed"],
            label=told["label"],
            currency=told["currency"],
            cost_scaled=told["costScaled"],
            bound_scaled=told["boundScaled"],
            gap_scaled=told["gapScaled"],
            cost_scale=told["costScale"],
            lines=tuple(told["lines"]),
            shortfalls=tuple(told["shortfalls"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSynced:
    """The account of a delivery, or of what it would do."""

    typename: str
    source: str
    feed: str
    event: int | None
    replayed: bool
    dry_run: bool
    quarantined_rows: int
    notices: tuple[str, ...]
    account: Any
    outcomes: tuple[FeedSyncedOutcomes, ...]
    quarantined: tuple[FeedSyncedQuarantined, ...]

    @staticmethod
    def of(told: Any) -> FeedSynced:
        """Read from JSON."""
        return FeedSynced(
            typename=told["__typename"],
            source=told["source"],
            feed=told["feed"],
            event=told["event"],
            replayed=told["replayed"],
            dry_run=told["dryRun"],
            quarantined_rows=told["quarantinedRows"],
            notices=tuple(told["notices"]),
            account=told["account"],
            outcomes=tuple(FeedSyncedOutcomes.of(one) for one in told["outcomes"]),
            quarantined=tuple(FeedSyncedQuarantined.of(one) for one in told["quarantined"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSyncedOutcomes:
    """What becomes of the rows that a delivery states of one class."""

    class_name: str
    added: int
    changed: int
    closed: int
    same: int
    late: int
    waits: int

    @staticmethod
    def of(told: Any) -> FeedSyncedOutcomes:
        """Read from JSON."""
        return FeedSyncedOutcomes(
            class_name=told["className"],
            added=told["added"],
            changed=told["changed"],
            closed=told["closed"],
            same=told["same"],
            late=told["late"],
            waits=told["waits"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSyncedQuarantined:
    """A row that was set aside, with its cure."""

    line: str
    hint: str
    code: str

    @staticmethod
    def of(told: Any) -> FeedSyncedQuarantined:
        """Read from JSON."""
        return FeedSyncedQuarantined(
            line=told["line"],
            hint=told["hint"],
            code=told["code"],
        )


MAKE_PLAN = """
mutation MakePlan($input: PlanInput!) {
  makePlan(input: $input) {
    __typename
    ... on PlanMade {
      replayed
      overtaken
      plan {
        digest
        label
        costScaled
        boundScaled
        gapScaled
        costScale
        lineCount
        shortfallCount
      }
    }
    ... on Refused {
      code
      message
      hint
    }
    ... on Conflict {
      code
      message
      hint
    }
  }
}
"""

DRAFT_PLAN = """
mutation DraftPlan($input: PlanInput!) {
  makePlan(input: $input) {
    __typename
    ... on PlanDrafted {
      digest
      replayed
      label
      currency
      costScaled
      boundScaled
      gapScaled
      costScale
      lines
      shortfalls
    }
    ... on Refused {
      code
      message
      hint
    }
    ... on Conflict {
      code
      message
      hint
    }
  }
}
"""

SYNC_FEED = """
mutation SyncFeed($input: SyncFeedInput!) {
  syncFeed(input: $input) {
    __typename
    ... on FeedSynced {
      source
      feed
      event
      replayed
      dryRun
      quarantinedRows
      notices
      account
      outcomes {
        className
        added
        changed
        closed
        same
        late
        waits
      }
      quarantined {
        line
        hint
        code
      }
    }
    ... on Refused {
      code
      message
      hint
    }
    ... on Conflict {
      code
      message
      hint
    }
  }
}
"""


class ActionsQuestions(Asking):
    """What `actions.graphql` asks, a method for each of its operations."""

    def make_plan(self, input: PlanInput) -> PlanMade:
        """Plan a chain on its present facts, and save the plan."""
        return self.done(MAKE_PLAN, {"input": input}, ("makePlan",), lambda told: PlanMade.of(told))

    def draft_plan(self, input: PlanInput) -> PlanDrafted:
        """Plan a chain on its present facts, and save the plan."""
        return self.done(
            DRAFT_PLAN, {"input": input}, ("makePlan",), lambda told: PlanDrafted.of(told)
        )

    def sync_feed(self, input: SyncFeedInput) -> FeedSynced:
        """Load the text of a file by the mapping of its source, or tell what that would
        change.
        """
        return self.done(
            SYNC_FEED, {"input": input}, ("syncFeed",), lambda told: FeedSynced.of(told)
        )
