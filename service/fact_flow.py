"""What a step of a chain's state changed of its facts, one by one, whoever stated them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from graph.facts import kinds_of
from graph.fold import BoolColumn, Fold, Statements, equal_rows
from graph.state import State
from ontology.columns import Column, Table, cell
from ontology.keys import TEXT
from service.intake.changes import ADDED, CHANGED, CLOSED

NOBODY = -1


LINK = "IdentityLink"


@dataclass(frozen=True, slots=True)
class ReferenceStep:
    """A field that names other facts, and names others than before; none before is one more."""

    field: str
    class_name: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FactStep:
    """A fact that is not as before: `fields` are as they are now, of a closed one as they were.

    `since_microseconds` is when what is told is true since, counted from the start of 1970.
    `references` are the relations that began or ended with it. `before` are the fields as they
    were, none of one that was added, and `before_since_microseconds` since when.
    """

    class_name: str
    key: str
    outcome: str
    fields: Mapping[str, Any]
    since_microseconds: int
    references: tuple[ReferenceStep, ...] = ()
    before: Mapping[str, Any] = field(default_factory=dict)
    before_since_microseconds: int = 0

    def seen(self, *, was: bool, is_now: bool) -> "FactStep | None":
        """The step as it is for who sees the fact as it was, as it is now, both, or neither.

        Of what comes into sight nothing was there before; of what leaves it nothing is now.
        """
        if self.outcome != CHANGED or (was and is_now):
            return self if was or is_now else None
        if is_now:
            begun = tuple(reference_steps(self.class_name, {}, self.fields))
            return replace(self, outcome=ADDED, before={}, references=begun)
        if was:
            ended = tuple(reference_steps(self.class_name, self.before, {}))
            return replace(self, outcome=CLOSED, fields=self.before, references=ended,
                           since_microseconds=self.before_since_microseconds)  # fmt: skip
        return None


def fact_steps(
    before: State, after: State, stated: Mapping[str, Statements]
) -> Iterator[FactStep]:  # fmt: skip
    """Each fact that a step added, changed or closed, by class and key: what was said or came due.

    `stated` is what the step said. The same fields from another address are no change.
    """
    for name in sorted({*stated, *before.waiting}):
        told = (*before.waiting.get(name, ()), *((stated[name],) if name in stated else ()))
        keys = sorted({key for part in told for key in part.table.keys.tolist()})
        asked = np.array(keys, TEXT)
        was, stood = _standing(before, name, asked)
        now, stands = _standing(after, name, asked)
        changed = stood | stands
        both = np.flatnonzero(stood & stands)
        old, new = _rows(stood), _rows(stands)
        changed[both] = ~equal_rows(was.table.take(old[both]), now.table.take(new[both]))
        for place in np.flatnonzero(changed).tolist():
            rows, row = (now, new[place]) if stands[place] else (was, old[place])
            outcome = CLOSED if not stands[place] else CHANGED if stood[place] else ADDED
            fields = values_of(rows.table, int(row))
            had = values_of(was.table, int(old[place])) if stood[place] else {}
            has = fields if stands[place] else {}
            since_before = int(was.clocks[old[place], 0]) if stood[place] else 0
            yield FactStep(name, keys[place], outcome, fields, int(rows.clocks[row, 0]),
                           tuple(reference_steps(name, had, has)), had, since_before)  # fmt: skip


def reference_steps(
    class_name: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[ReferenceStep]:  # fmt: skip
    """Which references of a fact are not as before; a fact that is not there has no fields."""
    kinds = {name: kind.refers_to for name, kind in kinds_of(class_name).items() if kind.refers_to}
    if class_name == LINK:  # what it links to is of the class that it names
        kinds["id"] = str((after or before)["class_name"])
    for name, refers_to in kinds.items():
        had, has = _named(before.get(name)), _named(after.get(name))
        if had != has:
            yield ReferenceStep(name, refers_to, had, has)


def _named(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(map(str, value)) if isinstance(value, tuple | list) else (str(value),)


def values_of(table: Table, row: int) -> dict[str, Any]:
    """The fields of a row as the values of its record."""
    return {name: cell(table[name][row], kind) for name, kind in kinds_of(table.name).items()}


def _standing(state: State, name: str, keys: Column) -> tuple[Statements, BoolColumn]:
    """What is in force of the keys, and of which there is something."""
    rows, known = state.folds.get(name, Fold()).standing_of(name, keys)
    held = known.copy()
    held[known] = ~rows.closes
    return rows.take(np.flatnonzero(~rows.closes)), held


def _rows(held: BoolColumn) -> np.ndarray[Any, np.dtype[np.intp]]:
    """Per key, its row among those that are held."""
    return np.where(held, np.cumsum(held) - 1, NOBODY).astype(np.intp)
