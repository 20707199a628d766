"""What some plans state beside their lines: loads, losses, remarks, and how steady they are."""

from typing import Any, Self

import strawberry

from api.graphql.bigint import BigInt


@strawberry.type(description="Loads of one lane and day that a plan begins and pays for in full.")
class BegunLoads:
    """`capacity` is what one load takes of the measure, `used` what all of them carry."""

    limit: str
    kind: str
    subject: str
    item: str
    measure: str
    day: str
    loads: BigInt
    capacity: BigInt
    used: BigInt
    step_cost_scaled: BigInt
    cost_scaled: BigInt

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        """The loads that a certificate states."""
        return cls(**{"step_cost_scaled": 0, **row})


@strawberry.type(description="What a plan expects to lose of lots that expire in its window.")
class ExpectedWaste:
    """Of `quantityUnits` in these lots so many millionths of a unit are expected to be left."""

    number: int
    item: str
    location: str
    expires_on: str
    lots: list[str]
    quantity_units: BigInt
    expected_waste_millionths: BigInt
    cost_scaled: BigInt
    because: list[str]

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        """The loss that a decision states."""
        return cls(**row)


@strawberry.type(description="What a reader should know that the plan could not consider.")
class PlanRemark:
    """A code, the remark in words, and what cures it."""

    code: str
    what: str
    hint: str

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        """The remark that a decision states."""
        return cls(code=row["code"], what=row["what"], hint=row["hint"])


@strawberry.type(description="How far a plan keeps to the lines of the one before it.")
class Stability:
    """What was asked, and by how many lines, units and purchases the plan differs."""

    band_per_million: BigInt
    frozen_days: int
    kept_lines: int
    changed_lines: int
    changed_units: BigInt
    changed_purchases: int

    @classmethod
    def of(cls, stated: dict[str, Any]) -> Self:
        """What a decision states of it."""
        counts = ("band_per_million", "frozen_days", "changed_lines", "changed_units",
                  "changed_purchases")  # fmt: skip
        own = {name: stated[name] for name in counts}
        return cls(**own, kept_lines=len(stated["lines"]))
