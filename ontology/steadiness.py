"""What a plan made before it asks of the next one: its lines, and how many may change."""

from dataclasses import dataclass

from ontology.edits import Way


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

    `most_lines`, `most_units`: so many lines, or units, may change at most; None for no limit.
    """

    lines: tuple[LineBefore, ...]
    most_lines: int | None = None
    most_units: int | None = None
