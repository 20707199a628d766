"""What a planner asks of single lines: none of it, exactly, at most, or at least so many units."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ontology.canonical import LARGEST_INTEGER
from ontology.errors import InputError

FORBID, PIN, CAP, FORCE = "forbid", "pin", "cap", "force"
EDIT_KINDS = (FORBID, PIN, CAP, FORCE)
FORBIDDEN = "https://w3id.org/evenkeel/edit/forbid"
"""What closes the movements of a line that a planner forbids."""

Way = tuple[str, str, str]
"""Item; lane, or supplier; and the destination of a purchase (empty for a transfer)."""

Bounds = Mapping[Way, tuple[int, int | None]]
"""Least and most units of a way on the first day; None where there is no most."""

NO_BOUNDS: Bounds = MappingProxyType({})


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """One wish of a person about one line of the first day; `units` is 0 where it forbids.

    A transfer is named by its lane, all lots of the item together; a purchase by its supplier and
    destination.
    """

    item: str
    lane: str = ""
    supplier: str = ""
    destination: str = ""
    kind: str = FORBID
    units: int = 0
    reason: str = ""

    @property
    def way(self) -> Way:
        """What the edit speaks of."""
        return (self.item, self.lane or self.supplier, "" if self.lane else self.destination)

    def __str__(self) -> str:
        """The edit as a person reads it."""
        by = self.lane or f"{self.supplier} to {self.destination}"
        units = "" if self.kind == FORBID else f" {self.units}"
        return f"{self.kind}{units} of {self.item} by {by}"


def bounds_of(edits: Iterable[Edit]) -> dict[Way, tuple[int, int | None]]:
    """The bounds that edits set together, the strictest of each way.

    Raises InputError `BAD_EDIT` for an unknown kind, negative units, more than a document can
    state, or no way; `EDITS_CONFLICT` where two edits of one way leave nothing.
    """
    found: dict[Way, tuple[int, int | None]] = {}
    for edit in sorted(edits):
        _refuse_unsound(edit)
        least, most = found.get(edit.way, (0, None))
        if edit.kind in {PIN, FORCE}:
            least = max(least, edit.units)
        if edit.kind != FORCE:
            most = edit.units if most is None else min(most, edit.units)
        if most is not None and least > most:
            raise InputError(
                f"the edits of {edit.item} by {edit.way[1]} ask for at least {least} and at most "
                f"{most} units", code="EDITS_CONFLICT", hint="take one of them back",
            )  # fmt: skip
        found[edit.way] = (least, most)
    return found


def _refuse_unsound(edit: Edit) -> None:
    problem = ""
    if edit.kind not in EDIT_KINDS:
        problem = f"`{edit.kind}` is no kind of edit"
    elif not 0 <= edit.units <= LARGEST_INTEGER or (edit.kind == FORBID and edit.units):
        problem = f"`{edit.units}` units cannot be asked for"
    elif not edit.item or not (edit.lane or (edit.supplier and edit.destination)):
        problem = "an edit names no item, or neither a lane nor a supplier and its destination"
    if problem:
        raise InputError(problem, code="BAD_EDIT", hint=f"kinds: {', '.join(EDIT_KINDS)}; units "
                         f"are whole, from 0 to {LARGEST_INTEGER:,}")  # fmt: skip
