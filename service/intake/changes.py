"""What a delivery changes of a chain's facts, fact by fact: the same for a dry run and the real."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from graph.fold import BoolColumn, Fold, IntArray, Statements, equal_rows
from graph.state import State
from ontology.columns import Column, cell
from ontology.keys import TEXT
from ontology.terms import field_kinds
from ontology.vocabulary import RECORDS

ADDED, CHANGED, CLOSED, SAME, LATE, WAITS = "added", "changed", "closed", "same", "late", "waits"
OUTCOMES = (ADDED, CHANGED, CLOSED, SAME, LATE, WAITS)
"""`late`: something later, or of a source that counts more, stands; `waits`: true only later."""
ENDLESS = 2**57
"""After every time, in microseconds."""
CHANGES_NAMED = 200
"""So many changes of a class are named; all are counted."""


@dataclass(frozen=True, slots=True)
class FactChange:
    """One fact that is not as before: `fields` has, per field that differs, both values."""

    what: str
    outcome: str
    fields: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True)
class ClassChanges:
    """What becomes of the rows that a delivery states of a class.

    `outcomes` has a word of OUTCOMES per row, `since` from when the row is true (microseconds
    since 1970), `until` to when what stands leaves it so. `changes` tells the first rows that are
    not the same.
    """

    name: str
    keys: Column
    since: IntArray
    until: IntArray
    outcomes: Column
    changes: tuple[FactChange, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many rows have each outcome."""
        return {which: int(np.count_nonzero(self.outcomes == which)) for which in OUTCOMES}

    @property
    def news(self) -> IntArray:
        """The rows that say something new of what was true by now."""
        return np.flatnonzero((self.outcomes != SAME) & (self.outcomes != WAITS))


def changes_of(
    before: State, after: State, stated: Mapping[str, Statements]
) -> tuple[ClassChanges, ...]:
    """What a step from one state to the next makes of the statements that it was told."""
    return tuple(_of_class(name, before, after, rows) for name, rows in sorted(stated.items()))


def _of_class(name: str, before: State, after: State, rows: Statements) -> ClassChanges:
    keys = rows.table.keys
    was, stood = _standing(before, name, keys)
    now, stands = _standing(after, name, keys)
    alike = np.zeros(len(keys), np.bool_)
    both = np.flatnonzero(stood & stands)
    alike[both] = equal_rows(_picked(was, stood, both).table, _picked(now, stands, both).table)
    waits = rows.clocks[:, 0] > after.effective
    agrees = np.zeros(len(keys), np.bool_)
    there = np.flatnonzero(stands & ~rows.closes)
    agrees[there] = equal_rows(rows.table.take(there), _picked(now, stands, there).table)
    words = (WAITS, CLOSED, ADDED, SAME, CHANGED, SAME, LATE)
    which = np.select(
        [waits, rows.closes & stood & ~stands, ~stood & stands & agrees, alike & agrees,
         ~alike & agrees, rows.closes & ~stood],
        [np.int8(at) for at in range(len(words) - 1)], np.int8(len(words) - 1),
    )  # fmt: skip
    outcome = np.array(words, object)[which]
    until = np.full(len(keys), ENDLESS)
    until[stands & (outcome == LATE)] = now.clocks[outcome[stands] == LATE, 0]
    named = np.flatnonzero(outcome != SAME)[:CHANGES_NAMED]
    sides = (before, after)
    changes = tuple(_told(name, keys[row], str(outcome[row]), rows, row, sides)
                    for row in named.tolist())  # fmt: skip
    return ClassChanges(name, keys, rows.clocks[:, 0].copy(), until, outcome, changes)


def _standing(state: State, name: str, keys: Column) -> tuple[Statements, BoolColumn]:
    """What is in force of the keys, and of which there is something."""
    rows, known = state.folds.get(name, Fold()).standing_of(name, keys)
    held = known.copy()
    held[known] = ~rows.closes
    return rows.take(np.flatnonzero(~rows.closes)), held


def _picked(rows: Statements, held: BoolColumn, places: Any) -> Statements:
    """Of rows that stand for the keys that are held, those at some places among the keys."""
    return rows.take((np.cumsum(held) - 1)[places])


def _told(
    name: str, key: str, outcome: str, rows: Statements, row: int, sides: tuple[State, State]
) -> FactChange:
    kinds = field_kinds(RECORDS[name])
    found: list[dict[str, Any]] = []
    for state in sides:
        stands, held = _standing(state, name, np.array([key], TEXT))
        found.append({n: cell(stands.table[n][0], k) for n, k in kinds.items()} if held[0] else {})
    if outcome in (LATE, WAITS):  # against what stands, what was said
        found = [found[1], {n: cell(rows.table[n][row], k) for n, k in kinds.items()}]
    fields = dict(_differing(found[0], found[1])) if all(found) else {}
    return FactChange(f"{name}/{key}", outcome, fields)


def _differing(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in was:
        if was[name] != now[name]:
            yield name, (was[name], now[name])
