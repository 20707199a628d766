"""A release that decides for a part, and what its guards have seen, over GraphQL."""

from datetime import datetime

import strawberry

from api.graphql.scopes import PolicyScope
from governance.canaries import Canary


@strawberry.type(description="What a guard of a canary has seen.")
class CanaryGuard:
    """Of `pairs` plans `worse` were worse by more than `mostPercent`; broken ends the canary."""

    metric: str
    most_percent: int
    pairs: int
    worse: int
    is_broken: bool


@strawberry.type(description="So many plans that are no sample of what a canary decides.")
class CanaryLeftOut:
    """`why`: edited, what-if, elsewhere (a tie without a line in its part) or an error's code."""

    why: str
    plans: int


@strawberry.type(description="A release that decides for a part, beside what is in force.")
class PolicyCanary:
    """It ends by itself; `leastPairs` plans are compared before it may be put in force."""

    scope: PolicyScope
    share_percent: int
    salt: str
    begins: datetime
    ends: datetime
    least_pairs: int
    guards: list[CanaryGuard]
    left_out: list[CanaryLeftOut]

    @staticmethod
    def of(found: Canary) -> "PolicyCanary":
        """The canary of the ledger."""
        return PolicyCanary(
            scope=PolicyScope.of(found.scope), share_percent=found.share_percent, salt=found.salt,
            begins=found.begins, ends=found.ends, least_pairs=found.least_pairs,
            guards=[CanaryGuard(metric=one.guard.metric, most_percent=one.guard.most_percent,
                                pairs=one.pairs, worse=one.worse, is_broken=one.is_broken)
                    for one in found.told()],
            left_out=[CanaryLeftOut(why=why, plans=plans)
                      for why, plans in found.left_out_by_reason().items()],
        )  # fmt: skip
