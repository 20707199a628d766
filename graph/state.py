"""The state of a chain: what its feeds state up to an event, and which of it is true by a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, reduce

import numpy as np

from graph.fold import Fold, IntMatrix, Statements
from ontology.columns import Column, Snapshot, Table, empty_table
from ontology.keys import TEXT, are_ascending
from ontology.on_demand import OnDemand

ALWAYS = -(2**63) + 1
"""Before every time, in microseconds."""

EVENT_ROWS = 100
"""To read an event takes about as long as to fold so many of its rows."""


@dataclass(frozen=True)
class State:
    """All that was stated up to event `sequence`, in force as far as it is true by `effective`.

    What is true only later waits in `waiting`; `ahead` names the classes of which anything ever
    waited. `cost_rows` is what it took to come here from the last state that is kept on disk
    (`graph.recovery.checkpoints`). A pure fold: law 4 rests on it.
    """

    sequence: int = 0
    effective: int = ALWAYS
    folds: Mapping[str, Fold] = field(default_factory=dict)
    waiting: Mapping[str, tuple[Statements, ...]] = field(default_factory=dict)
    ahead: frozenset[str] = frozenset()
    cost_rows: int = 0

    def after(self, sequence: int, effective: int, stated: Mapping[str, Statements]) -> "State":
        """The state with the statements of an event, at a time that is not before this one's."""
        if effective < self.effective:
            raise ValueError("a state cannot go back in time")
        folds, waiting = dict(self.folds), {}
        for name in sorted({*stated, *self.waiting}):
            told = (*self.waiting.get(name, ()), *((stated[name],) if name in stated else ()))
            parts = [part.parted(effective) for part in told]
            folds[name] = reduce(Fold.after, (due for due, _ in parts), folds.get(name, Fold()))
            waiting[name] = tuple(later for _, later in parts if later is not None)
        still = {name: rows for name, rows in waiting.items() if rows}
        cost = self.cost_rows + EVENT_ROWS + sum(map(len, stated.values()))
        return State(sequence, effective, folds, still, self.ahead | still.keys(), cost)

    def at(self, effective: int) -> "State":
        """The same statements at a later time."""
        return self.after(self.sequence, effective, {})

    def about(self, name: str, by: tuple[str, ...], arriving: Table) -> Table:
        """The facts of a class in force that agree with any row of a table in some columns."""
        fold = self.folds.get(name)
        return empty_table(name) if fold is None else fold.about(by, arriving).table

    def keys_between(self, name: str, low: str, high: str) -> list[str]:
        """The keys of a class in force from one up to before another, in order."""
        return self.folds.get(name, Fold()).keys_between(low, high)

    @property
    def standing_rows(self) -> int:
        """About how many statements stand."""
        return sum(len(layer) for fold in self.folds.values() for layer in fold.layers)

    def due(self, now: int) -> tuple[int, int] | None:
        """How many waiting facts are true by now, and since when the latest; None without any."""
        times = [part.clocks[:, 0] for parts in self.waiting.values() for part in parts]
        reached = [int(time) for one in times for time in one[one <= now]]
        return (len(reached), max(reached)) if reached else None

    @cached_property
    def snapshot(self) -> Snapshot:
        """All facts in force, with their addresses and clocks; a class is joined when asked for."""
        stands = {name: fold for name, fold in sorted(self.folds.items()) if not fold.is_empty}
        return Snapshot(
            self.sequence,
            OnDemand(stands, lambda name: _rows(stands[name]).table),
            OnDemand(stands, lambda name: _rows(stands[name]).addresses),
            OnDemand(stands, lambda name: _rows(stands[name]).clocks),
        )


def _rows(fold: Fold) -> Statements:
    rows = fold.in_force
    assert rows is not None  # noqa: S101  such folds are empty, and left out
    return rows


@dataclass(frozen=True)
class Change:
    """What a step changed of one class: the rows that came in force, and the addresses that ended.

    `came` is in the order of addresses; `ended` is int64 of shape (rows, 2).
    """

    came: Statements
    ended: IntMatrix


def change_of(
    name: str, before: State, after: State, stated: Mapping[str, Statements]
) -> Change | None:  # fmt: skip
    """What the step from one state to the next changed of a class; None where nothing was said.

    Takes time by what was said and what came due, not by what stands.
    """
    told = (*before.waiting.get(name, ()), *((stated[name],) if name in stated else ()))
    keys = _keys_of(told)
    if not len(keys):
        return None
    was, now = (
        state.folds.get(name, Fold()).standing_of(name, keys)[0] for state in (before, after)
    )
    was, now = (rows.take(np.flatnonzero(~rows.closes)) for rows in (was, now))
    old, new = _places(was.addresses), _places(now.addresses)
    ended = was.addresses[~np.isin(old, new)]
    came = np.flatnonzero(~np.isin(new, old))
    by_place = came[np.lexsort((now.addresses[came, 1], now.addresses[came, 0]))]
    return Change(now.take(by_place), ended[np.lexsort((ended[:, 1], ended[:, 0]))])


def _keys_of(told: tuple[Statements, ...]) -> Column:
    """The keys of all statements, each once, in their order."""
    parts = [part.table.keys for part in told]
    keys = np.concatenate(parts) if len(parts) > 1 else parts[0] if parts else np.empty(0, TEXT)
    if are_ascending(keys):
        return keys
    keys = np.sort(keys, kind="stable")
    is_first = np.ones(len(keys), np.bool_)
    is_first[1:] = keys[1:] != keys[:-1]
    return keys[is_first]


def _places(addresses: IntMatrix) -> IntMatrix:
    """One number per address: events are fewer than 2^31, and rows of one are too."""
    places: IntMatrix = (addresses[:, 0] << 32) + addresses[:, 1]
    return places


def as_stated(snapshot: Snapshot, name: str) -> Fold:
    """What a snapshot holds of a class, as a fold to add to; without clocks all others win."""
    table = snapshot.tables.get(name)
    if table is None or not len(table):
        return Fold()
    zeros = np.zeros((len(table), 3), np.int64)
    addresses = snapshot.addresses.get(name, zeros[:, :2])
    clocks = snapshot.clocks.get(name, zeros)
    return Fold((Statements(table, clocks, addresses, zeros[:, 0].astype(np.bool_)),))
