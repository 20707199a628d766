"""Events as read: exact and canonical, each with its hash, or the reason why it is refused."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

STEP, DISPOSITION = "BizStep-", "Disp-"
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


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that is not captured, with the code and the reason."""

    index: int
    code: str
    reason: str
