"""The kinds of stock movements: which way units go by each, and what it says."""

from collections.abc import Mapping
from dataclasses import dataclass

IN, OUT, EITHER = 1, -1, 0
"""The sign that units of a kind have: they come in, they leave, or both happens."""


@dataclass(frozen=True, slots=True)
class MovementKind:
    """What a kind of movement says; `direction` is IN, OUT or EITHER."""

    direction: int
    meaning: str


MOVEMENT_KINDS: Mapping[str, MovementKind] = {
    "opening": MovementKind(IN, "what was there before the first movement that is told"),
    "receipt": MovementKind(IN, "came in from a supplier or from another place"),
    "production": MovementKind(IN, "was made here"),
    "commissioning": MovementKind(IN, "began its life here (EPCIS)"),
    "return": MovementKind(IN, "a customer sent it back"),
    "void shipment": MovementKind(IN, "did not leave, as was told before (EPCIS)"),
    "issue": MovementKind(OUT, "was handed out, to whomever"),
    "sale": MovementKind(OUT, "went to a consumer"),
    "shipment": MovementKind(OUT, "left for another place or a customer"),
    "consumption": MovementKind(OUT, "was used up in making something else"),
    "scrap": MovementKind(OUT, "was thrown away"),
    "loss": MovementKind(OUT, "was stolen or is missing"),
    "supplier return": MovementKind(OUT, "went back to its supplier"),
    "packing": MovementKind(EITHER, "became or stopped being the content of another pack (EPCIS)"),
    "relocation": MovementKind(EITHER, "is elsewhere than was known: out of there, into here"),
    "transfer": MovementKind(EITHER, "went from one place of the same owner to another"),
    "count": MovementKind(EITHER, "what a count found more or less"),
    "adjustment": MovementKind(EITHER, "was corrected by hand, a reversal included"),
}  # fmt: skip
"""Every kind there is. A later issue may add some; none is ever renamed or redefined."""
