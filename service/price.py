"""What one rule costs: the certified plan as it is, beside the one without that rule."""

from dataclasses import dataclass
from typing import Any

from ontology.columns import Snapshot
from rules.release import Release
from service.decision import Draft, PlanRequest, ask
from service.planning import answer


@dataclass(frozen=True)
class RulePrice:
    """The difference of two certified plans; costs in the plan's cost units.

    `limited` counts the shared capacities of the rule that are full or have a price.

    `closed` movements carried the rule's IRI; `floor_units` is what it wants kept, summed over
    items and places (0 where it sets no floor, or one of 0); `opened` are the lines that only the
    plan without the rule has, `dropped` those that it no longer needs.
    """

    rule: str
    title: str
    closed: int
    cost_scaled_with: int
    cost_scaled_without: int
    opened: list[dict[str, Any]]
    dropped: list[dict[str, Any]]
    comparison_without: dict[str, Any]
    floor_units: int = 0
    limited: int = 0

    @property
    def difference_scaled(self) -> int:
        """What the rule costs: above zero or none, but for what closing by measure missed."""
        return self.cost_scaled_with - self.cost_scaled_without


def price_of_rule(
    draft: Draft, snapshot: Snapshot, release: Release, rule: str, request: PlanRequest
) -> RulePrice:
    """Plan again without one rule. Raises InputError `RULE_UNKNOWN`.

    Knobs and limits are no rules: they have no price.
    """
    found = release.rule(rule)
    other = answer(ask(snapshot, release, request, without_rule=rule))
    with_rule, without = (_by_content(d.decision["lines"]) for d in (draft, other))
    suppressed = draft.decision["suppressed"]
    return RulePrice(
        rule, found.title, suppressed["by_rule"].get(rule, 0),
        draft.claims.cost, other.claims.cost,
        [line for key, line in without.items() if key not in with_rule],
        [line for key, line in with_rule.items() if key not in without],
        other.decision["comparison"], suppressed["floors"].get(rule, 0),
        suppressed["limited"].get(rule, 0),
    )  # fmt: skip


def rules_that_act(draft: Draft, release: Release) -> list[str]:
    """The IRIs of the rules that closed, kept back or limited something in a plan, ascending.

    Knobs and limits also close movements, and are left out: no release has a rule for them.
    """
    suppressed = draft.decision["suppressed"]
    acted = {*suppressed["by_rule"], *suppressed["floors"], *suppressed["limited"]}
    return sorted(acted & {rule.iri for rule in release.rules})


def _by_content(lines: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    outside = {"number", "because"}
    return {
        repr(sorted((k, v) for k, v in line.items() if k not in outside)): line for line in lines
    }
