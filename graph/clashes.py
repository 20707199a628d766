"""Statements that nothing puts in order: another value of the same key and the same clocks."""

from collections.abc import Mapping

import numpy as np

from graph.fold import BoolColumn, Fold, Statements, later, states_the_same
from graph.snapshot import SnapshotReader, stated_by
from graph.state import State


def clashes(
    reader: SnapshotReader, chain: str, state: State, stated: Mapping[str, Statements]
) -> dict[str, BoolColumn]:
    """Per class and row, whether any event of the chain stated otherwise at the same clocks.

    What stands is looked at first. Where something later stands, or the row is true only after
    the state, what it could clash with is in the past or still waits: then the chain's events are
    read, once for all such rows.
    """
    found, behind = {}, {}
    for name, rows in stated.items():
        fold = state.folds.get(name, Fold())
        found[name] = fold.in_conflict(rows)
        standing, known = fold.standing_of(name, rows.table.keys.tolist())
        hidden = rows.clocks[:, 0] > state.effective
        hidden[np.flatnonzero(known)] |= later(standing.clocks, rows.clocks[known])
        if hidden.any():
            behind[name] = np.flatnonzero(hidden)
    if behind:
        for event in reader.log.steps(chain, upto=state.sequence):
            told = stated_by(reader.store, event)
            for name in told.keys() & behind.keys():
                looked_at = behind[name]
                clash = _clash(told[name], stated[name].take(looked_at))
                found[name][looked_at] |= clash
    return found


def _clash(told: Statements, rows: Statements) -> BoolColumn:
    place = told.table.row_of
    at = np.array([place.get(key, -1) for key in rows.table.keys.tolist()], np.int64)
    both = np.flatnonzero(at >= 0)
    one, other = told.take(at[both]), rows.take(both)
    same_clocks = np.all(one.clocks == other.clocks, axis=1)
    found = np.zeros(len(rows), np.bool_)
    found[both] = same_clocks & ~states_the_same(one, other)
    return found
