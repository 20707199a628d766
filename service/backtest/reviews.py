"""Who has looked at what a release opens: a back-test does not pass before somebody has."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ontology.errors import InputError


@dataclass(frozen=True, slots=True)
class Review:
    """A person's word on what a release (by digest) opens: on one rule's account, or in one plan.

    Exactly one of `rule` (an IRI) and `plan` (a digest) is given. Raises InputError `BAD_REVIEW`.
    """

    release: str
    person: str
    reason: str
    rule: str = ""
    plan: str = ""

    def __post_init__(self) -> None:
        """Refuse a review by nobody, without a reason, of nothing or of two things."""
        if not (self.person.strip() and self.reason.strip()):
            raise InputError("a review has a person and a reason", code="BAD_REVIEW",
                             hint="give both --reviewed-by and --reason")  # fmt: skip
        if bool(self.rule) == bool(self.plan):
            raise InputError("a review is of one rule or of one plan", code="BAD_REVIEW",
                             hint="give --rule or --plan")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unreviewed:
    """What opens in a plan (DENY -> ALLOW) and nobody has looked at.

    `rules` denied it, all of them; `waiting` are those of them without a review.
    """

    plan: str
    kind: str
    rules: tuple[str, ...]
    waiting: tuple[str, ...]
    count: int
    used: int


def unreviewed(
    result: Mapping[str, Any], reviews: Iterable[Review]
) -> tuple[Unreviewed, ...]:  # fmt: skip
    """What a back-test's release opens without a named reviewer, in the order of the decisions.

    What several rules denied is reviewed where each of them is, or its plan. A review of another
    release says nothing of this one: a release is its digest.
    """
    digest = result["release"]["digest"]
    meant = [review for review in reviews if review.release == digest]
    rules = {review.rule for review in meant if review.rule}
    plans = {review.plan for review in meant if review.plan}
    return tuple(
        Unreviewed(decision["plan"], group["kind"], tuple(group["rules"]), waiting,
                   group["count"], group["used"])
        for decision in result["decisions"] if decision["plan"] not in plans
        for group in decision["opened"]
        if (waiting := tuple(rule for rule in group["rules"] if rule not in rules))
    )  # fmt: skip


def reviews_of(
    result: Mapping[str, Any], person: str, reason: str, rules: Iterable[str] = (),
    plans: Iterable[str] = (),
) -> list[Review]:  # fmt: skip
    """The reviews that a person means: of these rules and plans, or of every rule that opens.

    A rule may be named by the last part of its IRI, a plan by how its digest begins. Raises
    InputError `REVIEW_UNKNOWN` for one that opens nothing in this back-test, `BAD_REVIEW`.
    """
    digest = result["release"]["digest"]
    openers = sorted({rule for group in result["opened"] for rule in group["rules"]})
    opening = [decision["plan"] for decision in result["decisions"] if decision["opened"]]
    named_rules = [_only(rule, [r for r in openers if rule in (r, r.rpartition("/")[2])])
                   for rule in rules]  # fmt: skip
    named_plans = [_only(plan, [p for p in opening if plan and p.startswith(plan)])
                   for plan in plans]  # fmt: skip
    if not named_rules and not named_plans:
        named_rules = openers
    return [Review(digest, person, reason, rule=rule) for rule in named_rules] + [
        Review(digest, person, reason, plan=plan) for plan in named_plans
    ]


def _only(name: str, found: list[str]) -> str:
    if len(found) != 1:
        raise InputError(f"`{name}` opens nothing in this back-test", code="REVIEW_UNKNOWN",
                         hint="name a rule or a plan that it lists as DENY -> ALLOW")  # fmt: skip
    return found[0]
