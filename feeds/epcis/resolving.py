"""Events in the words of the facts: what each moves, where, or why it cannot be used."""

from dataclasses import dataclass

from feeds.epcis.events import Event, Line, Refused
from feeds.epcis.goods import Catalogue, Goods
from feeds.epcis.meanings import RANKS, Effect, Meaning, meaning
from feeds.refusals import refusal, shown
from ontology.errors import InputError
from ontology.gs1 import identifier_form

_NEEDS_PLACE = frozenset({Effect.CREATE, Effect.ARRIVE, Effect.COUNT})
_UNPACK, _PACK = 2, 3


@dataclass(frozen=True, slots=True)
class Resolved:
    """An event with its meaning, its locations, and what each of its lines means for stock.

    `stays_at` is the location of its `bizLocation`, `seen_at` that of its `readPoint`.
    """

    event: Event
    means: Meaning
    stays_at: str | None
    seen_at: str | None
    goods: tuple[Goods | None, ...]

    @property
    def lines(self) -> tuple[tuple[Line, Goods | None], ...]:
        """Each line of the event with what it means for stock."""
        return tuple(zip(self.event.lines, self.goods, strict=True))

    @property
    def order(self) -> tuple[int, int, str]:
        """Where the event stands in time; at one moment, what comes goes before what leaves."""
        rank = RANKS[self.means.effect]
        if self.event.kind in ("aggregation", "association"):
            by_action = {"DELETE": _UNPACK, "ADD": _PACK}
            rank = by_action.get(self.event.action, rank)
        if self.event.kind == "transformation":
            rank = RANKS[Effect.CREATE]
        return self.event.at_microseconds, rank, self.event.digest

    @property
    def place(self) -> str | None:
        """Where the things are after the event, as far as it tells."""
        return self.stays_at or self.seen_at

    @property
    def origin(self) -> str | None:
        """Where things left from that were not followed so far."""
        return self.seen_at or self.stays_at

    @property
    def is_of_a_place(self) -> bool:
        """Whether something becomes a fixed part of a location, which holds no stock."""
        key = identifier_form(self.event.parent) if self.event.parent else None
        return self.event.kind == "association" and key is not None and key.ai == "414"


def resolved(event: Event, catalogue: Catalogue) -> Resolved | Refused:
    """The event in the words of the facts, or why it is refused; then it adds no words either."""
    try:
        found = Resolved(
            event,
            _meaning_of(event),
            catalogue.location(event.business_location, event.index),
            catalogue.location(event.read_point, event.index),
            catalogue.all_goods(event.lines, event.index),
        )
        _check_place(found)
    except InputError as error:
        catalogue.forget(event.index)
        return Refused(event.index, error.code, error.what)
    return found


def _meaning_of(event: Event) -> Meaning:
    """Containers and documents only observe: what they add is a link, not a thing."""
    action = event.action if event.kind == "object" else "OBSERVE"
    return meaning(event.step, action, event.disposition)


def _check_place(found: Resolved) -> None:
    """Refuse what would move stock nowhere."""
    event, effect = found.event, found.means.effect
    if found.place is not None or not found.lines:
        return
    amounts = any(line.is_amount and goods and goods.units for line, goods in found.lines)
    moves = effect not in (Effect.LOCATE, Effect.NONE)
    creates = event.kind == "object" and effect in _NEEDS_PLACE
    if creates or (event.kind == "object" and moves and amounts) or (
        event.kind == "transformation" and any(goods for _, goods in found.lines)
    ):  # fmt: skip
        said = f"{shown(event.place)} is no GLN and no known location" if event.place else ""
        raise refusal("EVENT_PLACE", said or "stock moves, and no place is stated")
