"""Edits and shared capacities as GraphQL types: what persons ask for, and what items share."""

from enum import Enum
from typing import Any, Self

import strawberry

from api.graphql.bigint import BigInt
from ontology import edits


@strawberry.enum(description="What an edit asks for.")
class EditKind(Enum):
    """None, exactly, at most or at least so many units."""

    FORBID = edits.FORBID
    PIN = edits.PIN
    CAP = edits.CAP
    FORCE = edits.FORCE


@strawberry.input(description="A wish for one line of the first day.")
class EditInput:
    """A transfer is named by its lane, a purchase by its supplier and destination."""

    kind: EditKind
    item: str
    lane: str = ""
    supplier: str = ""
    destination: str = ""
    units: BigInt = BigInt(0)
    reason: str = ""

    def asked(self) -> edits.Edit:
        """The edit as the service knows it."""
        return edits.Edit(
            self.item, self.lane, self.supplier, self.destination, self.kind.value,
            int(self.units), self.reason,
        )  # fmt: skip


@strawberry.type(description="A wish that a plan was made with.")
class PlanEdit:
    """What a person asked of one line of the first day."""

    kind: EditKind
    item: str
    lane: str
    supplier: str
    destination: str
    units: BigInt
    reason: str

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        """The edit that a decision states."""
        return cls(**{**row, "kind": EditKind(row["kind"])})


@strawberry.type(description="A shared capacity that is full or has a price.")
class SharedCapacity:
    """`limit` is the IRI of its kind, or of the rule behind it; `day` the day it is of."""

    limit: str
    kind: str
    subject: str
    item: str
    measure: str
    day: str
    capacity: BigInt
    used: BigInt
    price_scaled: BigInt
