"""What a plan made before it asks of the next one: its lines, and how many may change."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ontology.edits import Way

LineKey = tuple[str, str, str, str, str]
"""Item, lane, supplier, destination and day, as `LineBefore` names them."""


@dataclass(frozen=True, slots=True, order=True)
class LineBefore:
    """Units that the plan before sends, all lots of the item together.

    A transfer is named by its lane, a purchase by its supplier and destination; `departs_on` is
    an ISO day.
    """

    item: str
    lane: str
    supplier: str
    destination: str
    departs_on: str
    units: int

    @property
    def way(self) -> Way:
        """The way as edits name it."""
        return (self.item, self.lane or self.supplier, "" if self.lane else self.destination)


@dataclass(frozen=True, slots=True)
class Steady:
    """Wishes that a plan changes as few units as it can against the lines of the plan before.

    It may cost `band_per_million` of the best plan's cost more than that one. Lines that leave
    within `frozen_days` of the first day change only where they must. `most_lines`, `most_units`:
    so many lines, or units, may change at most, whatever that costs; None for no limit.
    """

    lines: tuple[LineBefore, ...]
    band_per_million: int
    frozen_days: int = 0
    most_lines: int | None = None
    most_units: int | None = None


def lines_of(decision: Mapping[str, Any]) -> tuple[LineBefore, ...]:
    """The transfers and purchases of a plan, all lots of one way together."""
    units: dict[LineKey, int] = {}
    for line in decision["lines"]:
        if line["kind"] in {"transfer", "purchase"}:
            by_lane = line["kind"] == "transfer"
            key = (line["item"], line["lane"] if by_lane else "",
                   "" if by_lane else line["supplier"], line["destination"],
                   line["departs_on"])  # fmt: skip
            units[key] = units.get(key, 0) + line["quantity_units"]
    return tuple(sorted(LineBefore(*key, count) for key, count in units.items()))
