"""What partners' events told: what happened to which things, where and when, and what not."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """An event that was captured, under the hex digits of its standard hash.

    `kind` is `object`, `aggregation`, `transaction`, `transformation` or `association`. Places
    and the parent are canonical addresses; `name` is the id that the sender gave it.
    """

    KEY: ClassVar = ("id",)
    id: str
    kind: str
    occurred_at_microseconds: int
    occurred_on: date
    action: str = ""
    step: str = ""
    disposition: str = ""
    read_point: str = ""
    business_location: str = ""
    parent: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class TraceObject:
    """A thing, or a quantity of a kind of thing, that an event speaks of.

    `role` is `thing`, `child`, `input` or `output`, with ` amount` behind it for a quantity.
    `stated_quantity` is the decimal as it was written, empty where the event states none; `unit`
    is its unit code, empty for pieces.
    """

    KEY: ClassVar = ("event", "role", "thing", "unit")
    event: str
    role: str
    thing: str
    unit: str = ""
    stated_quantity: str = ""


@dataclass(frozen=True, slots=True)
class TraceWithdrawal:
    """A declaration that an event was told in error: by its hash, or by its name and moment."""

    KEY: ClassVar = ("id",)
    id: str
    event: str
    occurred_at_microseconds: int
    declared_at_microseconds: int
    event_name: str = ""
    reason: str = ""
    corrected_by: tuple[str, ...] = ()
