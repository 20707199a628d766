"""Every row of a feed with what it states, and why some of them are set aside."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from feeds.cells import Value
from feeds.mapping import RecordRule
from feeds.refusals import refusal

Key = tuple[Value | None, ...]
Identity = tuple[str, Key]


class Statement(NamedTuple):
    """One record as one row states it; `values` follow the rule's fields, None is not stated."""

    rule: RecordRule
    key: Key
    values: tuple[Value | None, ...]

    @property
    def identity(self) -> Identity:
        """The record that this speaks of: class and key."""
        return self.rule.name, self.key


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a row is set aside, and at which column."""

    code: str
    reason: str
    column: str = ""


@dataclass(slots=True)
class FeedRow:
    """A row of a file: the principal statement stands first.

    `principal` is known even of a refused row, so that nothing else can stand in for it.
    """

    file: int
    number: int
    statements: tuple[Statement, ...] = ()
    principal: Identity | None = None


@dataclass(slots=True)
class Ledger:
    """Rows in file and row order, and the refusals by row; a refusal is final.

    `classes` are those that any row may speak of: what no row speaks of needs no search.
    """

    rows: list[FeedRow] = field(default_factory=list)
    refusals: dict[int, Refusal] = field(default_factory=dict)
    classes: set[str] = field(default_factory=set)

    def standing(self) -> Iterator[tuple[int, FeedRow]]:
        """The rows that are not refused."""
        return ((i, row) for i, row in enumerate(self.rows) if i not in self.refusals)

    def refuse(self, row: int, code: str, reason: str, column: str = "") -> None:
        """Set a row aside with everything that it states; the first reason stays."""
        refusal(code, reason)  # INVARIANT: every code has a hint
        self.refusals.setdefault(row, Refusal(code, reason, column))

    def refused_principals(self) -> set[Identity]:
        """Records whose own rows are all set aside: no other row may define them by the way."""
        refused = {row.principal for i, row in enumerate(self.rows) if i in self.refusals}
        standing = {row.principal for _, row in self.standing()}
        return {identity for identity in refused - standing if identity is not None}


def column_of_field(rule: RecordRule, name: str) -> str:
    """The column that a field of a record comes from, empty for a constant."""
    return next((r.columns[0] for r in rule.fields if r.field == name and r.columns), "")
