"""Back-tests that are kept, and what rules cost in a plan, as GraphQL types: nothing is decided."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Self

import strawberry

from api.graphql.bigint import BigInt
from api.graphql.described import described
from api.graphql.loaders import Info
from api.graphql.plans import plan_by_digest
from graph.rule_cost_nodes import (
    InteractionEdge,
    RuleCostEdge,
    interactions_of,
    rule_costs_of,
)
from ontology.errors import InputError
from service.backtest.ledgered import newest_backtest, reviews_kept
from service.backtest.reviews import unreviewed
from service.backtest.run import Backtested
from service.house import House

Row = Mapping[str, Any]


@strawberry.type(description="Verdicts that changed one way, by the rules that denied.")
class ChangedVerdicts:
    """`kind` is `movement`, `finished plan`, `floor` or `limit`.

    `used` of the `count` are used by the plan that may use them, which moves `units` of them.
    """

    kind: str
    rules: list[str]
    plans: BigInt
    count: BigInt
    used: BigInt
    units: BigInt

    @classmethod
    def of(cls, found: Row) -> Self:
        """The group as it is shown."""
        counts = {name: BigInt(found[name]) for name in ("plans", "count", "used", "units")}
        return cls(kind=found["kind"], rules=list(found["rules"]), **counts)


@strawberry.type(description="What decisions come to under both releases, in one currency.")
class BacktestTotal:
    """Cents and millionths of units; `Before` is under their own releases."""

    currency: str
    plans: BigInt
    cost_cents_before: BigInt
    cost_cents_after: BigInt
    fill_per_million_before: BigInt
    fill_per_million_after: BigInt
    short_millionths_before: BigInt
    short_millionths_after: BigInt

    @classmethod
    def of(cls, found: Row) -> Self:
        """The total as it is shown."""
        amounts = {f"{name}_{side}": BigInt(found[side][name])
                   for name in ("cost_cents", "fill_per_million", "short_millionths")
                   for side in ("before", "after")}  # fmt: skip
        return cls(currency=found["currency"], plans=BigInt(found["plans"]), **amounts)


@strawberry.type(description="What one part of a release did, after those before it.")
class BacktestPart:
    """`part` is a file of rules, or `knobs`; amounts are after less before, over all plans."""

    part: str
    rules: list[str]
    currency: str
    plans: BigInt
    lines_changed: BigInt
    cost_cents: BigInt
    short_millionths: BigInt

    @classmethod
    def of(cls, found: Row) -> Self:
        """The part as it is shown."""
        return cls(part=found["part"], rules=list(found["rules"]), currency=found["currency"],
                   plans=BigInt(found["plans"]), lines_changed=BigInt(found["lines_changed"]),
                   cost_cents=BigInt(found["difference"]["cost_cents"]),
                   short_millionths=BigInt(found["difference"]["short_millionths"])
                   )  # fmt: skip


@strawberry.type(description="A recorded decision, decided again under another release.")
class DecisionTested:
    """`own` is whether it was made again to the same bytes, `status` whether the other decides."""

    plan: str
    chain: str
    own: str
    status: str
    new_digest: str
    lines_changed: BigInt
    opened: list[ChangedVerdicts]
    closed: list[ChangedVerdicts]
    reasons: list[str]

    @classmethod
    def of(cls, found: Row) -> Self:
        """The decision as it is shown."""
        return cls(plan=found["plan"], chain=found["chain"], own=found["own"],
                   status=found["new"], new_digest=found["new_digest"],
                   lines_changed=BigInt(found["lines_changed"]),
                   opened=_groups(found["opened"]), closed=_groups(found["closed"]),
                   reasons=list(found["reasons"]))  # fmt: skip


@strawberry.type(description="What a release would have done to recorded decisions.")
class Backtest:
    """`digest` is the artifact of the whole document. `waiting`: rules that nobody answered for."""

    kept: strawberry.Private[Row]
    digest: str
    release: str
    decisions_count: BigInt
    same_bytes: BigInt
    undecided: BigInt
    opened: list[ChangedVerdicts]
    closed: list[ChangedVerdicts]
    waiting: list[str]
    totals: list[BacktestTotal]
    parts: list[BacktestPart]

    @described
    def decisions(self, changed: bool = False, first: int = 50) -> list[DecisionTested]:
        """Its decisions in the order of the log, `first` of them; all, or those that change."""
        rows = [one for one in self.kept["decisions"]
                if not changed or one["lines_changed"] or one["opened"] or one["closed"]
                ]  # fmt: skip
        return [DecisionTested.of(one) for one in rows[: _size(first)]]

    @classmethod
    def of(cls, found: Backtested, waiting: Sequence[str]) -> Self:
        """The back-test as it is shown."""
        kept, counts = found.result, found.result["counts"]
        return cls(
            kept=kept, digest=found.digest, release=kept["release"]["digest"],
            decisions_count=BigInt(counts["decisions"]), same_bytes=BigInt(counts["same_bytes"]),
            undecided=BigInt(counts["undecided"]), opened=_groups(kept["opened"]),
            closed=_groups(kept["closed"]), waiting=list(waiting),
            totals=[BacktestTotal.of(one) for one in kept["totals"]],
            parts=[BacktestPart.of(one) for one in kept["by_rule"]],
        )  # fmt: skip


@strawberry.type(description="What a rule costs in a plan: it, less a certified one without it.")
class RuleCost:
    """In cost units of the plan; where a plan leaves a gap, between `atLeast` and `atMost`.

    `counterfactual` is the digest of the plan without the rule, `artifact` its document.
    """

    rule: str
    plan: str
    difference_scaled: BigInt
    at_least_scaled: BigInt
    at_most_scaled: BigInt
    difference_cents: BigInt
    served_millionths: BigInt
    counterfactual: str
    artifact: str
    event: BigInt

    @classmethod
    def of(cls, found: RuleCostEdge) -> Self:
        """The cost as it is shown."""
        return cls(**_shown(found, "release"))


@strawberry.type(description="What two rules cost together, less what each costs alone.")
class RuleInteraction:
    """In cost units of the plan."""

    rules: list[str]
    plan: str
    difference_scaled: BigInt
    at_least_scaled: BigInt
    at_most_scaled: BigInt
    counterfactual: str
    artifact: str

    @classmethod
    def of(cls, found: InteractionEdge) -> Self:
        """The interaction as it is shown."""
        return cls(rules=list(found.rules), **_shown(found, "event", "rules"))


@strawberry.type
class BacktestQueries:
    """What was found before, by whoever back-tested or priced."""

    @described
    async def backtest(self, info: Info, release: str) -> Backtest | None:
        """The newest back-test of a proposed release, by its digest."""
        found = await info.context.read(_newest, info.context.house, release)
        if found is not None:
            info.context.count(len(found.kept["decisions"]))
        return found

    @described
    async def rule_costs(self, info: Info, plan: str) -> list[RuleCost]:
        """What the rules of a plan cost in it, as far as they were priced, by IRI."""
        await _known(info, plan)
        found = await info.context.read(rule_costs_of, info.context.house.driver, plan)
        info.context.count(len(found))
        return [RuleCost.of(one) for one in found]

    @described
    async def rule_interactions(self, info: Info, plan: str) -> list[RuleInteraction]:
        """How pairs of rules interact in a plan, as far as they were priced, by IRIs."""
        await _known(info, plan)
        found = await info.context.read(interactions_of, info.context.house.driver, plan)
        info.context.count(len(found))
        return [RuleInteraction.of(one) for one in found]


MOST_DECISIONS = 1_000


def _newest(house: House, release: str) -> Backtest | None:
    found = newest_backtest(house, release)
    if found is None:
        return None
    waiting = unreviewed(found.result, reviews_kept(house, found))
    return Backtest.of(found, sorted({rule for one in waiting for rule in one.waiting}))


def _groups(found: Sequence[Row]) -> list[ChangedVerdicts]:
    return [ChangedVerdicts.of({"plans": 1, **one}) for one in found]


def _shown(found: RuleCostEdge | InteractionEdge, *but: str) -> dict[str, Any]:
    """The fields of an edge, whole numbers as GraphQL has them."""
    return {name: BigInt(value) if isinstance(value, int) else value
            for name, value in asdict(found).items() if name not in but}  # fmt: skip


def _size(first: int) -> int:
    if not 1 <= first <= MOST_DECISIONS:
        raise InputError(f"a list of {first} is not between 1 and {MOST_DECISIONS}",
                         code="PAGE_SIZE", hint="ask for a smaller one")  # fmt: skip
    return first


async def _known(info: Info, digest: str) -> None:
    if await plan_by_digest(info, digest) is None:
        raise InputError(f"there is no plan `{digest[:100]}`", code="PLAN_UNKNOWN",
                         hint="give the whole digest")  # fmt: skip
