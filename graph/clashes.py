"""Statements that nothing puts in order: another value of the same key and the same clocks."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from graph.fold import BoolColumn, Fold, Statements, later, states_the_same
from graph.snapshot import SnapshotReader
from graph.state import State
from graph.stated import SECOND
from ontology.events import Event

Rows = npt.NDArray[np.intp]


def clashes(
    reader: SnapshotReader, chain: str, state: State, stated: Mapping[str, Statements]
) -> dict[str, BoolColumn]:
    """Per class and row, whether any event of the chain stated otherwise at the same clocks.

    What stands is looked at first, and what waits for the row's own time. Where something later
    stands, what it could clash with is in the past. Where it clashes with what
    stands, it may repeat what was said before and a person decided against: that is no news. For
    all such rows those events are read, once, that speak of their classes and times.
    """
    found, behind = dict[str, BoolColumn](), dict[str, Rows]()
    for name, rows in stated.items():
        fold = state.folds.get(name, Fold())
        found[name] = fold.in_conflict(rows)
        standing, known = fold.standing_of(name, rows.table.keys)
        hidden = found[name].copy()
        hidden[np.flatnonzero(known)] |= later(standing.clocks, rows.clocks[known])
        for waits in state.waiting.get(name, ()):  # it holds all that is true after the state
            at, here, _ = _at_equal_clocks(waits, rows)
            hidden[at[here]] = True
        if hidden.any():
            behind[name] = np.flatnonzero(hidden)
    if behind:
        looked_at = {name: stated[name].take(rows) for name, rows in behind.items()}
        for name, clash in _in_the_past(reader, chain, state, looked_at).items():
            found[name][behind[name]] = clash
    return found


def _in_the_past(
    reader: SnapshotReader, chain: str, state: State, rows: Mapping[str, Statements]
) -> dict[str, BoolColumn]:
    """Per row whether another value was stated at its clocks, and the row's own never was."""
    other = {name: np.zeros(len(each), np.bool_) for name, each in rows.items()}
    same = {name: np.zeros(len(each), np.bool_) for name, each in rows.items()}
    spans = {name: (int(each.clocks[:, 0].min()), int(each.clocks[:, 0].max()))
             for name, each in rows.items()}  # fmt: skip
    for event in reader.log.steps(chain, upto=state.sequence):
        wanted = {name for name, span in spans.items() if _speaks_of(event, name, span)}
        for name, told in reader.stated(event, only=wanted).items() if wanted else ():
            at, here, alike = _at_equal_clocks(told, rows[name])
            other[name][at[here & ~alike]] = True
            same[name][at[here & alike]] = True
    return {name: other[name] & ~same[name] for name in rows}


def _speaks_of(event: Event, name: str, span: tuple[int, int]) -> bool:
    """Whether an event may state facts of a class that are true since a time of a span."""
    times = event.payload.get("since_seconds")
    if times is None:
        return True
    first, last = times.get(name, (1, 0))
    return bool(first * SECOND <= span[1] and span[0] <= last * SECOND)


def _at_equal_clocks(told: Statements, rows: Statements) -> tuple[Rows, BoolColumn, BoolColumn]:
    """The rows of whose keys an event speaks; where its clocks are theirs, and it says the same."""
    at = told.table.row_of.find(rows.table.keys)
    both = np.flatnonzero(at >= 0)
    one, mine = told.take(at[both]), rows.take(both)
    equal = np.asarray(np.all(one.clocks == mine.clocks, axis=1), np.bool_)
    return both, equal, states_the_same(one, mine)
