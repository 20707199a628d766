"""How far a plan can be trusted, over GraphQL."""

import strawberry

from api.graphql.loaders import Info
from service.governing.confidence import Confidence, confidence_of


@strawberry.type(description="One part of a plan's confidence; null where it says nothing of it.")
class ConfidencePart:
    """docs/governing.md has the formulas."""

    name: str
    per_mille: int | None
    says: str


@strawberry.type(description="How far a decision can be trusted: the least of its parts.")
class PlanConfidence:
    """`label` is low (a person decides), fair or high."""

    per_mille: int
    label: str
    parts: list[ConfidencePart]

    @staticmethod
    def of(found: Confidence) -> "PlanConfidence":
        """The confidence of the service."""
        return PlanConfidence(
            per_mille=found.per_mille, label=found.label,
            parts=[ConfidencePart(name=one.name, per_mille=one.per_mille, says=one.says)
                   for one in found.parts],
        )  # fmt: skip


async def confidence_page(info: Info, artifact: str) -> PlanConfidence:
    """The confidence of a plan as it was made."""
    house = info.context.house
    document = await info.context.read(house.store.get_document, artifact)
    return PlanConfidence.of(await info.context.work_out(confidence_of, house, document))
