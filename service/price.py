"""What one rule or limit costs: the certified plan as it is, beside the one without it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ontology.columns import Snapshot
from ontology.errors import InputError
from rules.release import Release
from service.decision import Draft, PlanRequest, ask
from service.limits import Limit, is_limit, limit_named, without_limit
from service.planning import answer

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OrdersPrice:
    """What serving firm orders comes to with and without something: no penalty is in the cost.

    A plan serves the most orders first: without a rule it may cost more, for serving more.
    """

    orders_with: int
    orders_without: int
    units_with: int
    units_without: int
    cost_cents_with: int
    cost_cents_without: int


@dataclass(frozen=True, kw_only=True)
class Price:
    """The difference of two certified plans; costs in the plan's cost units.

    Each bound is at most the cost of any plan of its network: what the best plans differ by lies
    from `at_least_scaled` to `at_most_scaled`, and is exact where neither plan leaves a gap.
    `opened` are the lines that only the plan without has, `dropped` those that it no longer needs.
    Of firm orders the difference weighs penalties of open ones: `orders` says it apart.
    """

    cost_scaled_with: int
    cost_scaled_without: int
    bound_scaled_with: int
    bound_scaled_without: int
    opened: list[dict[str, Any]]
    dropped: list[dict[str, Any]]
    comparison_without: dict[str, Any]
    orders: OrdersPrice | None = None

    @property
    def difference_scaled(self) -> int:
        """What it costs: above zero or none, but for what a gap or closing by measure left."""
        return self.cost_scaled_with - self.cost_scaled_without

    @property
    def at_least_scaled(self) -> int:
        """No two best plans differ by less."""
        return self.bound_scaled_with - self.cost_scaled_without

    @property
    def at_most_scaled(self) -> int:
        """No two best plans differ by more."""
        return self.cost_scaled_with - self.bound_scaled_without

    def stated(self) -> dict[str, Any]:
        """The price as a document."""
        names = ("difference_scaled", "at_least_scaled", "at_most_scaled")
        return asdict(self) | {name: getattr(self, name) for name in names}


@dataclass(frozen=True, kw_only=True)
class RulePrice(Price):
    """What a rule costs.

    `closed` movements carried the rule's IRI; `floor_units` is what it wants kept, summed over
    items and places (0 where it sets no floor, or one of 0); `limited` counts the shared
    capacities of the rule that are full or have a price.
    """

    rule: str
    title: str
    closed: int
    floor_units: int = 0
    limited: int = 0


@dataclass(frozen=True, kw_only=True)
class LimitPrice(Price):
    """What a limit costs that facts state; `facts` are those that the second plan goes without."""

    limit: str
    facts: tuple[str, ...]


def price_of_rule(
    draft: Draft, snapshot: Snapshot, release: Release, rule: str, request: PlanRequest
) -> RulePrice:
    """Plan again without one rule. Raises InputError `RULE_UNKNOWN`.

    Knobs are no rules: they have no price.
    """
    found = release.rule(rule)
    other = answer(ask(snapshot, release, request, without_rule=rule))
    suppressed = draft.decision["suppressed"]
    return RulePrice(
        rule=rule, title=found.title, closed=suppressed["by_rule"].get(rule, 0),
        floor_units=suppressed["floors"].get(rule, 0),
        limited=suppressed["limited"].get(rule, 0), **_between(draft, other),
    )  # fmt: skip


def price_of_limit(
    draft: Draft, snapshot: Snapshot, release: Release, limit: Limit, request: PlanRequest
) -> LimitPrice:
    """Plan again on the same facts without one limit."""
    other = answer(ask(without_limit(snapshot, limit), release, request))
    return LimitPrice(limit=str(limit), facts=limit.facts, **_between(draft, other))


def prices(
    draft: Draft, snapshot: Snapshot, release: Release, asked: Sequence[str | Limit],
    request: PlanRequest,
) -> list[RulePrice | LimitPrice]:  # fmt: skip
    """The price of each rule (by its IRI) and each limit that is asked for, in that order."""
    return [
        price_of_limit(draft, snapshot, release, each, request) if isinstance(each, Limit)
        else price_of_rule(draft, snapshot, release, each, request)
        for each in asked
    ]  # fmt: skip


def named(snapshot: Snapshot, release: Release, text: str) -> str | Limit:
    """The rule's IRI or the limit that a person means: a rule also by the last part of its IRI.

    Raises InputError `RULE_UNKNOWN`, `LIMIT_UNKNOWN`.
    """
    if is_limit(text):
        return limit_named(snapshot, text)
    found = [rule.iri for rule in release.rules if text in (rule.iri, rule.iri.rpartition("/")[2])]
    if len(found) != 1:
        raise InputError(f"there is no rule `{text}`", code="RULE_UNKNOWN",
                         hint="`evenkeel rules` lists them; a limit is named like `lane:NAME`"
                         )  # fmt: skip
    return found[0]


def rules_that_act(draft: Draft, release: Release) -> list[str]:
    """The IRIs of the rules that closed, kept back or limited something in a plan, ascending.

    Knobs and limits also close movements, and are left out: no release has a rule for them.
    """
    suppressed = draft.decision["suppressed"]
    acted = {*suppressed["by_rule"], *suppressed["floors"], *suppressed["limited"]}
    return sorted(acted & {rule.iri for rule in release.rules})


def _between(draft: Draft, other: Draft) -> dict[str, Any]:
    here, there = (_by_content(d.decision["lines"]) for d in (draft, other))
    compared = other.decision["comparison"]
    return {
        "cost_scaled_with": draft.claims.cost,
        "cost_scaled_without": other.claims.cost,
        "bound_scaled_with": draft.claims.bound,
        "bound_scaled_without": other.claims.bound,
        "opened": [line for key, line in there.items() if key not in here],
        "dropped": [line for key, line in here.items() if key not in there],
        "comparison_without": compared,
        "orders": _orders(draft.decision["comparison"]["plan"], compared["plan"]),
    }


def _orders(here: Row, there: Row) -> OrdersPrice | None:
    if "orders_served" not in here:
        return None
    return OrdersPrice(
        here["orders_served"], there["orders_served"], here["units_served"], there["units_served"],
        here["cost_cents"], there["cost_cents"],
    )  # fmt: skip


def _by_content(lines: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    outside = {"number", "because"}
    return {
        repr(sorted((k, v) for k, v in line.items() if k not in outside)): line for line in lines
    }
