"""The columnar snapshot of a chain: a fold of its feeds, apart from what the graph projects."""

from collections import OrderedDict, deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from threading import Lock

import numpy as np

from graph.artifacts import ArtifactStore
from graph.fold import Fold, Statements
from graph.log import LAST_EVENT, Log
from graph.recent import Recent
from graph.recovery.checkpoints import Checkpoints, pass_over
from graph.state import State, as_stated
from graph.stated import Said
from ontology.canonical import digest_of
from ontology.columns import Column, Snapshot, Table
from ontology.errors import InputError
from ontology.events import FACTS_DUE, Event, micros_of
from ontology.on_demand import OnDemand

LAST = 2**62
"""Clocks after all others."""

KEPT = 3
"""So many states of a chain are kept: they share most of their layers."""

AHEAD = 16
"""So many states are kept of events that this process appended and did not read yet."""

NEWEST = 64
"""So many of a chain's last feeds are kept at hand."""

FULL = "full_at"
"""How the log names the classes of which a feed holds all that its source has."""


class SnapshotReader:
    """Reads snapshots; keeps the last states of each chain and applies only later feeds to them.

    What is not at hand starts at the nearest of `checkpoints`, which it also makes; without any
    it is folded from the first event, and is the same.
    """

    def __init__(
        self, log: Log, store: ArtifactStore, checkpoints: Checkpoints | None = None
    ) -> None:
        self.log = log
        self.store = store
        self.checkpoints = checkpoints
        self.recent = Recent(store)
        self._said = Said(store)
        self._kept: dict[str, tuple[State, ...]] = {}
        self._fed: dict[str, deque[Event]] = {}
        self._full: dict[str, list[Event]] = {}
        self._followed: dict[str, int] = {}
        self._same: dict[str, tuple[int, int]] = {}
        self._ahead: OrderedDict[str, tuple[int, State]] = OrderedDict()
        self._lock = Lock()

    def read(
        self, chain: str, at_sequence: int | None = None, *, effective: datetime | None = None
    ) -> Snapshot:
        """All facts of a chain as known after `at_sequence` events (now, if not given).

        Those that were true at `effective`, by default when the last of these feeds was recorded.
        Its `sequence` is that of the last feed that it holds, so that events of other kinds and
        chains leave it the same. Raises InputError `CHAIN_UNKNOWN`; OutsideError
        `ARTIFACT_MISSING` or `ARTIFACT_CORRUPT`.
        """
        if effective is None:
            state = self.state(chain, at_sequence)
        else:
            state = self._as_of(chain, micros_of(effective), _upto(at_sequence))
        if state.sequence == 0 and chain not in self.log.chains():
            raise InputError(f"there is no supply chain `{chain}`", code="CHAIN_UNKNOWN",
                             hint="load a feed for it first")  # fmt: skip
        return state.snapshot

    def state(self, chain: str, at_sequence: int | None = None) -> State:
        """The state of which `read` gives the facts, with what waits for its time."""
        with self._lock:
            kept = self._kept.get(chain, ())
        upto = _upto(at_sequence)
        start = max((one for one in kept if one.sequence <= upto), key=_sequence, default=None)
        if start is not None and (start.sequence, upto) == self._same.get(chain):
            return start
        state = self._follow(chain, start or self._nearest(chain, upto), upto)
        if state.sequence == 0:  # INVARIANT: nothing is kept of a name that no feed has given
            return state
        with self._lock:
            self._leap(chain, state.sequence)
            newest = sorted({one.sequence: one for one in (*kept, state)}.values(), key=_sequence)
            self._kept[chain] = tuple(newest[-KEPT:])
        return state

    def is_same(self, chain: str, after: int, upto: int) -> None:
        """Told by who holds the log's lock: no step changed a chain between two events."""
        with self._lock:
            self._same[chain] = after, upto

    def ahead(self, before: State, event: Event, stated: Mapping[str, Statements]) -> State:
        """The state after an event, told by who appends it: the last of its chain, what it states.

        It is kept by the event's leaf until it is read from the log, if it ever comes to stand
        there: nothing has to be read and worked out again then.
        """
        after = before.after(event.sequence, micros_of(event.recorded_at), stated)
        self._said.keep(event, stated)
        with self._lock:
            self._ahead[event.leaf] = before.sequence, after
            while len(self._ahead) > AHEAD:
                self._ahead.popitem(last=False)
        return after

    def newest_feeds(self, chain: str) -> Iterator[Event]:
        """The feeds of a chain up to the last state that was read, the newest first.

        As far as they were followed they are at hand, else read as they are asked for.
        """
        with self._lock:
            near = tuple(self._fed.get(chain, ()))
        yield from reversed(near)
        yield from self.log.newest_feeds(chain, before=near[0].sequence if near else LAST_EVENT)

    def full_files(self, chain: str) -> tuple[Event, ...]:
        """The feeds, up to the last state that was read, that hold all of their source's facts."""
        with self._lock:
            upto, known = self._followed.get(chain, 0), self._full.get(chain)
            if known is not None:
                return tuple(known)
        found = [e for e in self.log.full_feeds(chain) if e.sequence <= upto]
        with self._lock:
            if self._followed.get(chain) == upto:
                self._full[chain] = found
        return tuple(found)

    def as_of(self, chain: str, effective: int, at_sequence: int | None = None) -> State:
        """The state of what was true by a time (microseconds), as known after some events."""
        return self._as_of(chain, effective, _upto(at_sequence))

    def fold_then(
        self, chain: str, name: str, keys: Column, effective: int, at_sequence: int
    ) -> Fold:  # fmt: skip
        """A fold that has, of these keys of a class, what was true by a time, as known then.

        It equals that of `as_of` in them, and reads no more than what was said of the class.
        """
        start = self._nearest(chain, at_sequence, effective)
        is_ahead = name in start.ahead
        fold = Fold() if is_ahead else start.folds.get(name, Fold())
        for event in self.log.steps(
            chain, after=0 if is_ahead else start.sequence, upto=at_sequence
        ):
            told = self.stated(event, only={name}, by=effective).get(name)
            if told is not None:
                rows = told.table.row_of.find(keys)
                fold = fold.after(told.take(rows[rows >= 0]))
        return fold

    def stated(
        self, event: Event, *, only: Collection[str] | None = None, by: int | None = None
    ) -> dict[str, Statements]:
        """As `stated_by`; what a small event states is read once, and kept for a while."""
        return self._said.stated(event, only=only, by=by)

    def state_digest(self, at_sequence: int | None = None) -> str:
        """One SHA-256 over the folds of all chains: a rebuild from the log gives the same."""
        return digest_of(self.chain_digests(at_sequence))

    def chain_digests(self, at_sequence: int | None = None) -> dict[str, str]:
        """The digest of each chain's fold; a chain without facts is left out."""
        found = {chain: self.read(chain, at_sequence) for chain in self.log.chains()}
        return {chain: snapshot.digest for chain, snapshot in found.items() if snapshot.tables}

    def _follow(self, chain: str, state: State, upto: int) -> State:
        for event in self.log.steps(chain, after=state.sequence, upto=upto):
            self._remember(chain, event, state.sequence)
            state = self._after(state, event)
            if self.checkpoints is not None and self.checkpoints.is_worth(state):
                self.checkpoints.keep(chain, state, event.leaf)
                state = replace(state, cost_rows=0)
        return state

    def _after(self, before: State, event: Event) -> State:
        """The state after an event of the log."""
        with self._lock:
            sequence, state = self._ahead.pop(event.leaf, (-1, before))
        if sequence == before.sequence:
            return state
        return before.after(event.sequence, micros_of(event.recorded_at), self.stated(event))

    def _remember(self, chain: str, event: Event, after: int) -> None:
        """Keep a step that follows the one `after`; what is kept of a chain has no gaps."""
        with self._lock:
            self._leap(chain, after)
            if event.sequence <= self._followed[chain]:
                return
            self._followed[chain] = event.sequence
            if event.kind != FACTS_DUE:
                self._fed[chain].append(event)
            if chain in self._full and FULL in event.payload:
                self._full[chain].append(event)

    def _leap(self, chain: str, sequence: int) -> None:
        """Forget what was followed of a chain where a state is reached without its steps."""
        if sequence > self._followed.get(chain, -1):
            self._fed[chain] = deque(maxlen=NEWEST)
            self._full.pop(chain, None)
            self._followed[chain] = sequence

    def _as_of(self, chain: str, effective: int, upto: int) -> State:
        """What was true by a time, as known after some events: what is true later is left out.

        A class that stated anything ahead of its time is folded from its first event: what
        waited would come in another order, and with another address.
        """
        start = self._nearest(chain, upto, effective)
        folds = {name: fold for name, fold in start.folds.items() if name not in start.ahead}
        state = State(start.sequence, effective, folds)
        first = 0 if start.ahead else start.sequence
        for event in self.log.steps(chain, after=first, upto=upto):
            only = start.ahead if event.sequence <= start.sequence else None
            told = self.stated(event, only=only, by=effective)
            state = state.after(event.sequence, effective, told)
        return state

    def _nearest(self, chain: str, upto: int, effective: int | None = None) -> State:
        """The state of the nearest checkpoint of this very log; the empty one where none is."""
        if self.checkpoints is None:
            return State()
        for found in self.checkpoints.nearest(chain, upto, effective):
            sequence = found.state.sequence
            if [found.leaf] == [one.leaf for one in self.log.read(after=sequence - 1, limit=1)]:
                return found.state
            pass_over(chain, sequence, "it is of another log")
        return State()


def apply_feed(before: Snapshot, sequence: int, tables: Mapping[str, Table]) -> Snapshot:
    """The snapshot were these tables stated now, by whoever counts most: a question, no event."""

    def stands(name: str) -> Statements:
        fold = as_stated(before, name)
        if name in tables:
            fold = fold.after(_last_of_all(tables[name], sequence))
        assert fold.in_force is not None  # noqa: S101  empty classes are not among the names
        return fold.in_force

    names = sorted({*before.tables, *(name for name, table in tables.items() if len(table))})
    rows = OnDemand(names, stands)
    return Snapshot(
        sequence, OnDemand(names, lambda name: rows[name].table),
        OnDemand(names, lambda name: rows[name].addresses),
        OnDemand(names, lambda name: rows[name].clocks),
    )  # fmt: skip


def _last_of_all(table: Table, sequence: int) -> Statements:
    count = len(table)
    clocks = np.tile([LAST, LAST, sequence], (count, 1))
    addresses = np.column_stack([np.full(count, sequence, np.int64), np.arange(count)])
    return Statements(table, clocks, addresses, np.zeros(count, np.bool_))


def _upto(at_sequence: int | None) -> int:
    return LAST if at_sequence is None else at_sequence


def _sequence(state: State) -> int:
    return state.sequence
