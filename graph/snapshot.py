"""The columnar snapshot of a chain: a fold of its feeds, apart from what the graph projects."""

from collections.abc import Mapping
from threading import Lock

import numpy as np
import numpy.typing as npt

from graph.artifacts import ArtifactStore
from graph.log import Log
from graph.manifests import read_feed_tables
from ontology.canonical import digest_of
from ontology.columns import Snapshot, Table
from ontology.errors import InputError

BoolColumn = npt.NDArray[np.bool_]


class SnapshotReader:
    """Reads snapshots; keeps the last one of each chain and applies only later feeds to it."""

    def __init__(self, log: Log, store: ArtifactStore) -> None:
        self._log = log
        self._store = store
        self._latest: dict[str, Snapshot] = {}
        self._lock = Lock()

    def read(self, chain: str, at_sequence: int | None = None) -> Snapshot:
        """All facts of a chain in force after `at_sequence` events (now, if not given).

        Its `sequence` is that of the last feed that it holds, so that events of other kinds and
        chains leave it the same. Raises InputError `CHAIN_UNKNOWN`; OutsideError
        `ARTIFACT_MISSING` or `ARTIFACT_CORRUPT`.
        """
        with self._lock:
            start = self._latest.get(chain, Snapshot(0, {}))
        if at_sequence is not None and start.sequence > at_sequence:
            start = Snapshot(0, {})
        snapshot = start
        for event in self._log.feeds(chain, after=start.sequence, upto=at_sequence):
            tables = read_feed_tables(self._store, event.artifact)
            snapshot = apply_feed(snapshot, event.sequence, tables)
        if snapshot.sequence == 0 and chain not in self._log.chains():
            raise InputError(f"there is no supply chain `{chain}`", code="CHAIN_UNKNOWN",
                             hint="load a feed for it first")  # fmt: skip
        with self._lock:
            if snapshot.sequence > self._latest.get(chain, Snapshot(0, {})).sequence:
                self._latest[chain] = snapshot
        return snapshot

    def state_digest(self, at_sequence: int | None = None) -> str:
        """One SHA-256 over the folds of all chains: a rebuild from the log gives the same."""
        return digest_of(self.chain_digests(at_sequence))

    def chain_digests(self, at_sequence: int | None = None) -> dict[str, str]:
        """The digest of each chain's fold; a chain without facts is left out."""
        found = {chain: self.read(chain, at_sequence) for chain in self._log.chains()}
        return {chain: snapshot.digest for chain, snapshot in found.items() if snapshot.tables}


def apply_feed(before: Snapshot, sequence: int, tables: Mapping[str, Table]) -> Snapshot:
    """The snapshot after a feed. A pure function: law 4 rests on it.

    A row of the feed replaces the fact of the same key if it states something else; an equal
    row leaves the fact and its address as they are. A feed never removes a fact.
    """
    merged, addresses = dict(before.tables), dict(before.addresses)
    for name, table in tables.items():
        if len(table):
            fresh = np.column_stack([
                np.full(len(table), sequence, np.int64), np.arange(len(table), dtype=np.int64)
            ])  # fmt: skip
            old = before.table(name)
            known = addresses.get(name, np.zeros((0, 2), np.int64))
            merged[name], addresses[name] = _merge(old, known, table, fresh)
    return Snapshot(sequence, merged, addresses)


def _merge(
    old: Table, known: npt.NDArray[np.int64], new: Table, fresh: npt.NDArray[np.int64]
) -> tuple[Table, npt.NDArray[np.int64]]:
    place = np.array([old.row_of.get(key, -1) for key in new.keys], np.intp)
    changes = place < 0
    both = np.flatnonzero(place >= 0)
    changes[both] = ~equal_rows(old.take(place[both]), new.take(both))
    stays = np.ones(len(old), np.bool_)
    stays[place[both][changes[both]]] = False
    left, right = np.flatnonzero(stays), np.flatnonzero(changes)
    columns = {
        name: np.concatenate([column[left], new[name][right]])
        for name, column in old.columns.items()
    }
    joined = Table(old.name, columns)
    order = np.array(sorted(range(len(joined)), key=joined.keys.__getitem__), np.intp)
    return joined.take(order), np.concatenate([known[left], fresh[right]])[order]


def equal_rows(one: Table, other: Table) -> BoolColumn:
    """Per row, whether two equally long tables of a class state the same."""
    equal = np.ones(len(one), np.bool_)
    for name, column in one.columns.items():
        left, right = column, other[name]
        if left.dtype.kind == "M":  # not a time equals not a time here
            left, right = left.astype(np.int64), right.astype(np.int64)
        equal &= np.asarray(left == right, np.bool_)
    return equal
