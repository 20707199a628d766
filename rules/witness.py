"""A world that a search found, told in records and judged again by the column checks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np

from ontology.columns import Table
from rules.columns import Columns
from rules.evaluate import Focus, results
from rules.realise import realised
from rules.seeking import Seeking, TooLargeError, Wish, wish_of
from rules.shapes import CompiledRule

MOST_TRIES = 200
"""Worlds that are told in records before a search gives up on telling one that holds."""


@dataclass(frozen=True)
class Witness:
    """A record, by class and natural key, with all the facts that matter."""

    target: str
    key: str
    tables: Mapping[str, Table]

    def breaks(self, rule: CompiledRule, severity: str = "") -> bool:
        """Whether a rule has a result because of the record: of a severity, or of any."""
        return not self.fulfils(wish_of(rule, is_kept=True, severity=severity))

    def fulfils(self, wish: Wish) -> bool:
        """Whether a wish comes true for the record."""
        columns = Columns(self.tables)
        row = self.tables[self.target].row_of[self.key]
        code = columns.instances(self.target)[row : row + 1]
        focus = Focus(self.target, code, np.zeros(1, np.int64))
        if wish.only and code[0] not in columns.members(wish.only, self.target):
            return wish.is_kept
        found = (batch.shape.severity for batch in results(columns, wish.shape, focus))
        return any(wish.severity in ("", each) for each in found) != wish.is_kept


@dataclass
class Search:
    """A search for witnesses of some wishes; `why` says, when it ends, what it leaves open.

    That it ends without a witness and with an empty `why` proves that there is none.
    """

    target: str
    wishes: tuple[Wish, ...]
    most_steps: int
    why: str = ""

    def __post_init__(self) -> None:
        """Nothing has been looked for yet."""
        self._seeking = Seeking(self.target, self.wishes, self.most_steps)

    @property
    def steps(self) -> int:
        """The steps that were taken so far."""
        return self._seeking.steps

    def witnesses(self) -> Iterator[Witness]:
        """Each witness: found, told in records, and judged again; the first in few steps."""
        seeking, untold = self._seeking, False
        try:
            for world in islice(seeking.worlds(), MOST_TRIES):
                tables, key = realised(self.target, seeking.node, world)
                found = Witness(self.target, key, tables)
                if all(map(found.fulfils, self.wishes)):
                    yield found
                else:
                    untold = True
        except TooLargeError:
            self.why = f"the search did not end within {self.most_steps:,} steps"
            return
        if untold:
            self.why = "what the search found could not be told in records"
        elif seeking.regions.open:
            self.why = f"it reads {', '.join(seeking.regions.open)}"


def is_there(target: str, wishes: tuple[Wish, ...], most_steps: int) -> bool | None:
    """Whether some record fulfils the wishes: shown or refuted; None where neither was done."""
    search = Search(target, wishes, most_steps)
    if next(search.witnesses(), None) is not None:
        return True
    return None if search.why else False
