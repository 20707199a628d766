"""What an event means for stock: business step and action to effect, as data."""

from dataclasses import dataclass, replace
from enum import StrEnum

ANY = "*"


class Effect(StrEnum):
    """What happens to things, and to stock."""

    CREATE = "appears"
    ARRIVE = "is put here"
    DEPART = "leaves"
    REMOVE = "is gone"
    COUNT = "is counted"
    LOCATE = "is seen here"
    NONE = "nothing"


@dataclass(frozen=True, slots=True)
class Meaning:
    """The effect of a step (`*`: any) with an action, the kind of its movements, and why."""

    step: str
    action: str
    effect: Effect
    kind: str
    why: str


def _rows(steps: str, action: str, effect: Effect, kind: str, why: str) -> list[Meaning]:
    return [Meaning(step, action, effect, kind, why) for step in steps.split()]


MEANINGS: tuple[Meaning, ...] = (
    *_rows("receiving arriving accepting", "ADD", Effect.ARRIVE, "receipt",
           "told of for the first time as it comes in"),
    *_rows("*", "ADD", Effect.CREATE, "commissioning", "ADD begins the life of a thing"),
    *_rows("retail_selling dispensing", "DELETE", Effect.REMOVE, "sale", "goes to a consumer"),
    *_rows("*", "DELETE", Effect.REMOVE, "scrap", "DELETE ends the life of a thing"),
    *_rows("receiving arriving accepting", "OBSERVE", Effect.ARRIVE, "receipt",
           "joins the stock of the place; the three exclude each other"),
    *_rows("shipping departing consigning", "OBSERVE", Effect.DEPART, "shipment",
           "is under way from here on; the three exclude each other"),
    *_rows("void_shipping", "OBSERVE", Effect.ARRIVE, "void shipment",
           "did not leave, as an earlier event had said"),
    *_rows("retail_selling dispensing", "OBSERVE", Effect.REMOVE, "sale", "goes to a consumer"),
    *_rows("destroying decommissioning", "OBSERVE", Effect.REMOVE, "scrap", "ends to exist"),
    *_rows("sampling", "OBSERVE", Effect.REMOVE, "scrap", "what is sampled is no longer viable"),
    *_rows("cycle_counting stock_taking", "OBSERVE", Effect.COUNT, "count",
           "says what is there, whatever moved before"),
    *_rows("encoding", ANY, Effect.NONE, "", "a tag is written, before any thing has it"),
    *_rows("reserving", ANY, Effect.NONE, "", "numbers are set aside, no things"),
    *_rows("killing", ANY, Effect.NONE, "", "a tag ends, its thing lives on"),
    *_rows("sensor_reporting", ANY, Effect.NONE, "", "a measurement moves nothing"),
    *_rows("transporting", "OBSERVE", Effect.NONE, "", "it is under way already"),
    *_rows("*", "OBSERVE", Effect.LOCATE, "relocation",
           "only a thing that was known elsewhere is brought here"),
)  # fmt: skip
"""The first row that fits counts, but for the steps that never move anything.

The words are those of the Core Business Vocabulary 2.0, by its definitions: a step that only
describes work within a place moves nothing by itself; a *quantity* moves by the rows that move,
a *single thing* from where it is known to be, so that telling the same twice moves it once.
"""

DISPOSITIONS: tuple[tuple[str, Effect, Meaning], ...] = (
    ("in_transit", Effect.LOCATE, Meaning(ANY, ANY, Effect.NONE, "", "it is under way")),
    ("destroyed", Effect.LOCATE, Meaning(ANY, ANY, Effect.REMOVE, "scrap", "ends to exist")),
    ("disposed", Effect.LOCATE, Meaning(ANY, ANY, Effect.REMOVE, "scrap", "ends to exist")),
    ("stolen", Effect.LOCATE, Meaning(ANY, ANY, Effect.REMOVE, "loss", "is out of reach")),
    ("retail_sold", Effect.LOCATE, Meaning(ANY, ANY, Effect.REMOVE, "sale", "is sold")),
    ("dispensed", Effect.LOCATE, Meaning(ANY, ANY, Effect.REMOVE, "sale", "is handed out")),
    ("partially_dispensed", Effect.REMOVE,
     Meaning(ANY, ANY, Effect.NONE, "", "a part of it stays, and how much is not told")),
)  # fmt: skip
"""Where the disposition says more than the step: it replaces the effect in the second place."""

_NEVER = {row.step: row for row in MEANINGS if row.action == ANY}


def meaning(step: str, action: str, disposition: str) -> Meaning:
    """What a step means with an action, or what the disposition makes of it."""
    found = _NEVER.get(step) or next(
        row for row in MEANINGS if row.step in (step, ANY) and row.action == action
    )
    for word, instead_of, other in DISPOSITIONS:
        if word == disposition and instead_of == found.effect:
            return replace(other, step=step, action=action)
    return found


RANKS = {
    Effect.CREATE: 0, Effect.ARRIVE: 1, Effect.LOCATE: 3, Effect.NONE: 3, Effect.COUNT: 4,
    Effect.DEPART: 5, Effect.REMOVE: 6,
}  # fmt: skip
"""The order of events of one moment: what comes to be, arrives and is packed goes before leaving.

Unpacking stands at 2, packing at 3.
"""
