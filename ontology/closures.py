"""What a release's movement rules decide: closed movements and lower bounds, by rule."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Closures:
    """The verdict of the rules on a table of movements and a table of stock after moves.

    `closed`: rule IRI -> ascending rows of the Movement table that the rule closes.
    `floors`: rule IRI -> least units that must stay, per row of the StockAfterMoves table.
    `focus_counts`: rule IRI -> how many movements or positions the rule looked at.
    `warned`, `recorded`: rule IRI -> ascending rows of the Movement table that stay open but go
    to a person (severity Warning) or are only noted (Info).
    `limits`: rule IRI -> the most that a limited quantity of a finished plan may be, by its name:
    what a capacity that all items share can keep.
    """

    closed: Mapping[str, IntArray] = field(default_factory=dict)
    floors: Mapping[str, IntArray] = field(default_factory=dict)
    focus_counts: Mapping[str, int] = field(default_factory=dict)
    warned: Mapping[str, IntArray] = field(default_factory=dict)
    recorded: Mapping[str, IntArray] = field(default_factory=dict)
    limits: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def is_open(self, movement_count: int) -> npt.NDArray[np.bool_]:
        """Per movement, whether no rule closes it."""
        mask = np.ones(movement_count, np.bool_)
        for rows in self.closed.values():
            mask[rows] = False
        return mask

    def rules_of(self, movement: int) -> tuple[str, ...]:
        """The rules that close one movement, in IRI order."""
        return tuple(sorted(rule for rule, rows in self.closed.items() if movement in rows))

    def joined(self, more: Mapping[str, IntArray]) -> "Closures":
        """The same verdict with more movements closed, each under the name of what closes it."""
        closed = dict(self.closed)
        for name, rows in more.items():
            closed[name] = np.union1d(closed.get(name, rows), rows).astype(np.int64)
        return replace(self, closed=closed)

    def without(self, rule: str) -> "Closures":
        """The same verdict as if one rule were not there."""
        names = ("closed", "floors", "warned", "recorded", "limits")
        kept = {name: {k: v for k, v in getattr(self, name).items() if k != rule} for name in names}
        return replace(self, **kept)


def together(verdicts: Iterable[Closures]) -> Closures:
    """Verdicts on different rows of the same tables as one: rows united, the highest floor.

    Counts add up; limits are left to the caller.
    """
    rows: dict[str, dict[str, IntArray]] = {"closed": {}, "warned": {}, "recorded": {}}
    floors: dict[str, IntArray] = {}
    counts: dict[str, int] = {}
    for verdict in verdicts:
        for name, found in rows.items():
            for rule, more in getattr(verdict, name).items():
                found[rule] = np.union1d(found.get(rule, more), more).astype(np.int64)
        for rule, floor in verdict.floors.items():
            floors[rule] = np.maximum(floors.get(rule, floor), floor)
        for rule, count in verdict.focus_counts.items():
            counts[rule] = counts.get(rule, 0) + count
    return Closures(rows["closed"], floors, counts, rows["warned"], rows["recorded"])
