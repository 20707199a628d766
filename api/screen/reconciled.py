"""Differences of two sources as tables: by cause, and position by position."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from api.screen import drawing
from api.screen.tables import Table

if TYPE_CHECKING:
    from feeds.reconciliation.differences import Difference

_NEXT = {
    "timing": "nothing: it settles itself",
    "missing movement": "send the movement, or a person accepts",
    "unit": "correct the unit at the source",
    "unknown": "a person looks and accepts one",
}


def totals_table(totals: Mapping[str, tuple[int, int]]) -> Table:
    """How many positions differ by each cause, by how many units in all, and what is next."""
    made = drawing.table("cause", "positions", "units", "what next", numbers=["positions", "units"])
    for cause, (positions, units) in totals.items():
        drawing.add(made, cause, f"{positions:,}", f"{units:,}", _NEXT[cause])
    return made


def differences_table(found: "Sequence[Difference]", sources: tuple[str, str]) -> Table:
    """Each position with what both say, by how much, why, and the evidence."""
    numbers = [*sources, "differ by"]
    made = drawing.table("position", *sources, "differ by", "cause", "because",
                         numbers=numbers)  # fmt: skip
    for each in found:
        safe = "; --resolve states it in our units" if each.is_safe and not each.by_lots else ""
        drawing.add(made, each.key, *(f"{units:,}" for units in each.units),
                    f"{each.difference:+,}", each.cause.name,
                    each.cause.evidence + safe)  # fmt: skip
    return made
