"""The columnar snapshot of a chain: a fold of its feeds, apart from what the graph projects."""

from collections.abc import Mapping
from datetime import datetime
from threading import Lock

import numpy as np

from graph.artifacts import ArtifactStore
from graph.fold import Statements
from graph.log import Log
from graph.manifests import FeedContents, read_feed
from graph.state import State, as_stated
from ontology.canonical import digest_of
from ontology.columns import Snapshot, Table
from ontology.errors import InputError
from ontology.events import FACTS_DUE, Event, micros_of

LAST = 2**62
"""Clocks after all others."""

KEPT = 3
"""So many states of a chain are kept: they share most of their layers."""


class SnapshotReader:
    """Reads snapshots; keeps the last states of each chain and applies only later feeds to them."""

    def __init__(self, log: Log, store: ArtifactStore) -> None:
        self.log = log
        self.store = store
        self._kept: dict[str, tuple[State, ...]] = {}
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
            state = self._follow(chain, State(effective=micros_of(effective)), at_sequence)
        if state.sequence == 0 and chain not in self.log.chains():
            raise InputError(f"there is no supply chain `{chain}`", code="CHAIN_UNKNOWN",
                             hint="load a feed for it first")  # fmt: skip
        return state.snapshot

    def state(self, chain: str, at_sequence: int | None = None) -> State:
        """The state of which `read` gives the facts, with what waits for its time."""
        with self._lock:
            kept = self._kept.get(chain, ())
        upto = LAST if at_sequence is None else at_sequence
        start = max((one for one in kept if one.sequence <= upto), key=_sequence, default=State())
        state = self._follow(chain, start, at_sequence, by_recording=True)
        with self._lock:
            newest = sorted({one.sequence: one for one in (*kept, state)}.values(), key=_sequence)
            self._kept[chain] = tuple(newest[-KEPT:])
        return state

    def state_digest(self, at_sequence: int | None = None) -> str:
        """One SHA-256 over the folds of all chains: a rebuild from the log gives the same."""
        return digest_of(self.chain_digests(at_sequence))

    def chain_digests(self, at_sequence: int | None = None) -> dict[str, str]:
        """The digest of each chain's fold; a chain without facts is left out."""
        found = {chain: self.read(chain, at_sequence) for chain in self.log.chains()}
        return {chain: snapshot.digest for chain, snapshot in found.items() if snapshot.tables}

    def _follow(
        self, chain: str, state: State, upto: int | None, *, by_recording: bool = False
    ) -> State:
        for event in self.log.steps(chain, after=state.sequence, upto=upto):
            when = micros_of(event.recorded_at) if by_recording else state.effective
            state = state.after(event.sequence, when, stated_by(self.store, event))
        return state


def stated_by(store: ArtifactStore, event: Event) -> dict[str, Statements]:
    """What an event states, by class, each row with its clocks and its address."""
    if event.kind == FACTS_DUE:
        return {}
    feed = read_feed(store, event.artifact)
    return stated_in(feed, event.sequence, micros_of(event.effective_at))


def stated_in(feed: FeedContents, sequence: int, effective: int) -> dict[str, Statements]:
    """What a feed states as event `sequence`; true since `effective` unless its rows say when."""
    found = {}
    for name, table in feed.tables.items():
        count = len(table)
        since = feed.since.get(name, np.full(count, effective, np.int64))
        order = (np.full(count, feed.standing), np.full(count, feed.source_sequence))
        addresses = np.column_stack([np.full(count, sequence), np.arange(count)])
        closes = feed.closes.get(name, np.zeros(count, np.bool_))
        clocks = np.column_stack([since, *order])
        found[name] = Statements(table, clocks, addresses, closes)
    return found


def apply_feed(before: Snapshot, sequence: int, tables: Mapping[str, Table]) -> Snapshot:
    """The snapshot were these tables stated now, by whoever counts most: a question, no event."""
    folds = {name: as_stated(before, name) for name in {*before.tables, *tables}}
    for name, table in tables.items():
        count = len(table)
        rows = np.column_stack([np.full(count, sequence, np.int64), np.arange(count)])
        folds[name] = folds[name].after(
            Statements(
                table, np.tile([LAST, LAST, sequence], (count, 1)), rows, np.zeros(count, np.bool_)
            )
        )
    return State(sequence, LAST, folds).snapshot


def _sequence(state: State) -> int:
    return state.sequence
