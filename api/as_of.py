"""The two clocks as options of a command: since when facts are true, and when they were known."""

from typing import TYPE_CHECKING, Annotated

import typer

from api.output import time_of

if TYPE_CHECKING:
    from service.house import AsOf

MOST_DIGITS = 15
"""No log has an event whose number is longer."""

Effective = Annotated[
    str, typer.Option("--effective", help="Facts true at this time: 2026-03-01T06:00:00Z.")
]
Recorded = Annotated[
    str, typer.Option("--recorded", help="As they were known then: a time, or an event's number.")
]


def as_of(effective: str, recorded: str) -> "AsOf":
    """What two options ask for. Raises InputError `BAD_TIME`."""
    from service.house import AsOf

    known = None
    if recorded:
        is_number = recorded.isdecimal() and len(recorded) <= MOST_DIGITS
        known = int(recorded) if is_number else time_of(recorded, "--recorded")
    return AsOf(time_of(effective, "--effective") if effective else None, known)


def told(effective: str, recorded: str) -> str:
    """The same in words, for the title of an answer."""
    parts = [f"true at {effective}"] if effective else []
    if recorded:
        parts.append(f"known at {'event ' if recorded.isdecimal() else ''}{recorded}")
    return ", ".join(parts)
