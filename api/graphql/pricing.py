"""Prices of rules and limits as GraphQL types: each one is a plan made without it."""

from typing import Self

import strawberry

from api.graphql.bigint import BigInt
from api.graphql.loaders import Info
from ontology.errors import InputError
from service.decision import PlanRequest
from service.planning import draft_plan, with_reserved
from service.price import LimitPrice, RulePrice, named, prices
from service.price import OrdersPrice as FoundOrders

MOST_NAMES = 5
"""So many plans are made for one question at most; the command line makes more."""


@strawberry.type(description="What serving firm orders comes to with and without something.")
class OrdersPrice:
    """No penalty for an open order is in the cost."""

    orders_with: BigInt
    orders_without: BigInt
    units_with: BigInt
    units_without: BigInt
    cost_cents_with: BigInt
    cost_cents_without: BigInt

    @classmethod
    def of(cls, found: FoundOrders) -> Self:
        """The price as it is shown."""
        return cls(
            orders_with=BigInt(found.orders_with), orders_without=BigInt(found.orders_without),
            units_with=BigInt(found.units_with), units_without=BigInt(found.units_without),
            cost_cents_with=BigInt(found.cost_cents_with),
            cost_cents_without=BigInt(found.cost_cents_without),
        )  # fmt: skip


@strawberry.type(description="What a rule or a limit costs: the plan with it, less that without.")
class Price:
    """In cost units, 1/`costScale` cents of `currency`.

    Where a plan leaves a gap, the best plans differ by `atLeastScaled` to `atMostScaled`. `rule` is
    null for a limit, `facts` are those that state it. `orders` is null where none are firm.
    """

    rule: str | None
    limit: str | None
    facts: list[str]
    difference_scaled: BigInt
    at_least_scaled: BigInt
    at_most_scaled: BigInt
    lines_opened: BigInt
    lines_dropped: BigInt
    orders: OrdersPrice | None
    cost_scale: BigInt
    currency: str

    @classmethod
    def of(cls, found: RulePrice | LimitPrice, scale: int, currency: str) -> Self:
        """The price as it is shown."""
        rule = found.rule if isinstance(found, RulePrice) else None
        limit = found.limit if isinstance(found, LimitPrice) else None
        return cls(
            rule=rule, limit=limit,
            facts=list(found.facts) if isinstance(found, LimitPrice) else [],
            difference_scaled=BigInt(found.difference_scaled),
            at_least_scaled=BigInt(found.at_least_scaled),
            at_most_scaled=BigInt(found.at_most_scaled),
            lines_opened=BigInt(len(found.opened)), lines_dropped=BigInt(len(found.dropped)),
            orders=None if found.orders is None else OrdersPrice.of(found.orders),
            cost_scale=BigInt(scale), currency=currency,
        )  # fmt: skip


async def prices_page(info: Info, chain: str, of: list[str]) -> list[Price]:
    """The prices on a chain's present facts, in the order asked.

    Raises InputError `PRICES` for none or too many, `RULE_UNKNOWN`, `LIMIT_UNKNOWN`.
    """
    if not 1 <= len(of) <= MOST_NAMES:
        raise InputError(f"{len(of)} prices are not 1 to {MOST_NAMES}", code="PRICES",
                         hint="ask for some of them at a time")  # fmt: skip

    def ask() -> list[Price]:
        house = info.context.house
        request = with_reserved(house, PlanRequest(chain))
        snapshot, release = house.facts(chain), house.release_for(chain)
        asked = [named(snapshot, release, name) for name in of]
        draft = draft_plan(snapshot, release, request)
        scale, currency = draft.problem.network.cost_scale, draft.decision["currency"]
        return [Price.of(found, scale, currency)
                for found in prices(draft, snapshot, release, asked, request)]  # fmt: skip

    found: list[Price] = await info.context.plan(ask)
    info.context.count(len(found))
    return found
