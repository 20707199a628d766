"""The frontier as GraphQL types: certified plans from one objective to the other."""

from enum import Enum
from typing import Self

import strawberry

from api.graphql.bigint import BigInt
from api.graphql.loaders import Info
from ontology import objectives
from ontology.objectives import Weights
from service.decision import PlanRequest
from service.frontier import Frontier as FoundFrontier
from service.frontier import Point, frontier
from service.planning import with_reserved

MOST_POINTS = 15
"""So many plans are made for one question at most; the command line gives more."""


@strawberry.enum(description="A part of the cost that a plan weighs.")
class Objective(Enum):
    """Demand that waits, moving and buying, stock that lies, CO2 equivalent."""

    SERVICE = objectives.SERVICE
    LANDED = objectives.LANDED
    TURNOVER = objectives.TURNOVER
    CARBON = objectives.CARBON


@strawberry.type(description="A certified plan of a frontier; amounts are at plain rates.")
class FrontierPoint:
    """`cost` and `bound` are of the weighted cost, in cost units; `plan` is its digest."""

    service_per_mille: BigInt
    landed_per_mille: BigInt
    turnover_per_mille: BigInt
    carbon_per_mille: BigInt
    service_micros: BigInt
    landed_micros: BigInt
    turnover_micros: BigInt
    carbon_grams: BigInt | None
    cost: BigInt
    bound: BigInt
    label: str
    plan: str
    lines: BigInt

    @classmethod
    def of(cls, point: Point) -> Self:
        """The point as it is shown."""
        parts, weights = point.parts.stated(), point.weights
        grams = parts["carbon_grams"]
        return cls(
            service_per_mille=BigInt(weights.service_per_mille),
            landed_per_mille=BigInt(weights.landed_per_mille),
            turnover_per_mille=BigInt(weights.turnover_per_mille),
            carbon_per_mille=BigInt(weights.carbon_per_mille),
            service_micros=BigInt(parts["service_micros"] or 0),
            landed_micros=BigInt(parts["landed_micros"] or 0),
            turnover_micros=BigInt(parts["turnover_micros"] or 0),
            carbon_grams=None if grams is None else BigInt(grams),
            cost=BigInt(point.cost_scaled), bound=BigInt(point.bound_scaled),
            label=point.label, plan=point.plan, lines=BigInt(point.lines),
        )  # fmt: skip


@strawberry.type(description="What one objective costs in terms of another.")
class Frontier:
    """The plans that no other beats; how many were beaten, and how many said the same again."""

    points: list[FrontierPoint]
    dominated: BigInt
    repeated: BigInt
    currency: str


async def frontier_page(
    info: Info, chain: str, between: tuple[Objective, Objective], points: int, carbon_price: int
) -> Frontier:
    """The frontier on a chain's present facts."""
    weights = Weights(carbon_price_cents_per_tonne=carbon_price)

    def ask() -> FoundFrontier:
        house = info.context.house
        snapshot = house.facts(chain)
        names = (between[0].value, between[1].value)
        request = with_reserved(house, PlanRequest(chain, weights=weights))
        return frontier(snapshot, house.release_for(chain), request, names,
                        min(points, MOST_POINTS))  # fmt: skip

    found = await info.context.plan(ask)
    info.context.count(len(found.points))
    return Frontier(
        points=[FrontierPoint.of(point) for point in found.points],
        dominated=BigInt(found.dominated), repeated=BigInt(found.repeated),
        currency=found.currency,
    )  # fmt: skip
