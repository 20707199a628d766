"""What it costs that goods go bad."""

from dataclasses import dataclass
from typing import ClassVar

from ontology.terms import ItemId


@dataclass(frozen=True, slots=True)
class DisposalCost:
    """What it costs to be rid of a unit that has expired, beside its value."""

    KEY: ClassVar = ("item",)
    item: ItemId
    cost_per_unit_micros: int
    currency: str = ""
