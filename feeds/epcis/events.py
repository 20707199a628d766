"""Events as read: exact and canonical, each with its hash, or the reason why it is refused."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from urllib.parse import quote

STEP, DISPOSITION = "BizStep-", "Disp-"
_CHARACTERS, _SHORT = 256, 64
AMOUNT = " amount"
"""How the role of a quantity of a kind of thing ends in a TraceObject."""


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """A thing (`amount` empty), or an amount of a kind of thing in a unit (empty for pieces).

    `thing` is the canonical link of a GS1 key, or another address as it stands. `role` is
    `thing`, `child`, `input` or `output`.
    """

    role: str
    thing: str
    amount: str = ""
    unit: str = ""
    is_amount: bool = False

    @property
    def quantity(self) -> Fraction | None:
        """The amount as an exact number; None where it is not stated."""
        return Fraction(self.amount) if self.amount else None


@dataclass(frozen=True, slots=True)
class Declaration:
    """That an event was told in error: when it was declared, why, and what tells it right."""

    at_microseconds: int
    reason: str = ""
    corrected_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One event in canonical form; words of the standard are bare, places canonical links.

    `digest` is the hex of the standard's hash; `index` its place in its document, from 1, and 0
    where it comes from the facts so far. `at_microseconds` counts from 1970 in UTC.
    """

    digest: str
    index: int
    kind: str
    at_microseconds: int
    on: date
    action: str = ""
    step: str = ""
    disposition: str = ""
    read_point: str = ""
    business_location: str = ""
    parent: str = ""
    name: str = ""
    lines: tuple[Line, ...] = ()
    declaration: Declaration | None = None

    @property
    def place(self) -> str:
        """Where the things are after the event, else where it was seen."""
        return self.business_location or self.read_point


def weight_of(event: Event) -> int:
    """What an event takes until it is a fact: itself and each of its things, long names as several.

    256 characters of names, quoted as in an IRI, come with each for nothing.
    """
    told = event.declaration
    own = (event.name, event.parent, event.read_point, event.business_location, event.step,
           event.disposition, *((told.reason, *told.corrected_by) if told else ()))  # fmt: skip
    things = sum(_pieces((line.thing, line.amount, line.unit)) for line in event.lines)
    return _pieces(own) + things


def _pieces(texts: Iterable[str]) -> int:
    """How many pieces of 256 characters some texts make together, one at least."""
    return 1 + sum(map(_quoted_length, texts)) // _CHARACTERS


def _quoted_length(text: str) -> int:
    return len(text) if len(text) < _SHORT else len(quote(text, safe=":+@", errors="replace"))


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that is not captured, with the code and the reason."""

    index: int
    code: str
    reason: str
