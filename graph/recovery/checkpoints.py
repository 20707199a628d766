"""Checkpoints: states of a chain that are kept, so that a past one is not folded from nothing."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from graph.artifacts import ArtifactStore
from graph.disk import write_durably
from graph.fold import Fold, Statements
from graph.state import State
from ontology.errors import EvenkeelError

CHECKPOINT_FORMAT = "evenkeel-checkpoint/1"
SHARE = 32
"""A state is kept when to come to it has cost so small a part of what stands. Layers that were
kept before are only named, so a checkpoint costs what is new, not what stands."""

LEAST_ROWS = 10_000
"""What is folded faster than a checkpoint is read."""

Entry = Mapping[str, Any]
"""The artifacts of some statements: their table, and their clocks with addresses."""

_COLUMNS = ("since", "standing", "order", "event", "row", "closes")
_UNREADABLE = (EvenkeelError, OSError, ValueError, LookupError, TypeError, AttributeError)
_log = logging.getLogger("evenkeel.checkpoints")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A kept state: of which log (the leaf of its last event), and the state itself."""

    leaf: str
    state: State


class Checkpoints:
    """The checkpoints of one data folder. They can all be deleted at any time: the log is enough.

    Each is an artifact, found by a small file `chain-<chain>/<sequence>-<effective>.json`.
    """

    def __init__(self, folder: Path, store: ArtifactStore, least_rows: int = LEAST_ROWS) -> None:
        self._folder = folder
        self._store = store
        self._least_rows = least_rows
        self._layers: dict[str, list[tuple[Statements, Entry]]] = {}

    def is_worth(self, state: State) -> bool:
        """Whether a state is so far from the last that was kept that it should be kept, too."""
        return state.cost_rows >= max(self._least_rows, state.standing_rows // SHARE)

    def keep(self, chain: str, state: State, leaf: str) -> None:
        """Keep a state at the event of this leaf. A disk that refuses is told, and no error."""
        path = self._path(chain, state)
        try:
            if path.exists():
                return
            artifact = self._store.put_document(self._document(chain, state, leaf))
            path.parent.mkdir(parents=True, exist_ok=True)
            write_durably(path, orjson.dumps({"artifact": artifact}))
        except (EvenkeelError, OSError) as error:
            _log.warning("a checkpoint of `%s` cannot be kept: %s", chain, error)

    def nearest(
        self, chain: str, upto: int, effective: int | None = None
    ) -> Iterator[Checkpoint]:  # fmt: skip
        """Kept states up to an event (and a time), the latest first; unreadable ones are told."""
        for sequence, time, path in sorted(self._entries(chain), reverse=True):
            if sequence <= upto and (effective is None or time <= effective):
                try:
                    found = self._read(path, chain, sequence, time)
                except _UNREADABLE as error:
                    pass_over(chain, sequence, str(error))
                else:
                    yield found

    def _entries(self, chain: str) -> Iterator[tuple[int, int, Path]]:
        try:
            paths = list(self._of(chain).glob("*.json"))
        except OSError:  # no folder can be named so: whoever asks may name a chain as they like
            return
        for path in paths:
            sequence, _, time = path.stem.partition("-")
            if sequence.isdigit() and time.isdigit():
                yield int(sequence), int(time), path

    def _path(self, chain: str, state: State) -> Path:
        return self._of(chain) / f"{state.sequence}-{state.effective}.json"

    def _of(self, chain: str) -> Path:
        return self._folder / f"chain-{chain}"  # a chain may be named `..`

    def _document(self, chain: str, state: State, leaf: str) -> dict[str, Any]:
        before = self._layers.get(chain, [])  # held, so that no other layer gets an id of theirs
        known = {id(layer): entry for layer, entry in before}
        kept: list[tuple[Statements, Entry]] = []
        stands: dict[str, list[Entry]] = {}
        for name, fold in sorted(state.folds.items()):
            for layer in fold.layers:
                entry = known.get(id(layer)) or _entry(self._store, layer)
                kept.append((layer, entry))
                stands.setdefault(name, []).append(entry)
        self._layers[chain] = kept
        return {
            "format": CHECKPOINT_FORMAT, "chain": chain, "sequence": state.sequence,
            "effective": state.effective, "leaf": leaf, "ahead": sorted(state.ahead),
            "stands": stands, "waits": {
                name: [_entry(self._store, part) for part in parts]
                for name, parts in sorted(state.waiting.items())
            },
        }  # fmt: skip

    def _read(self, path: Path, chain: str, sequence: int, time: int) -> Checkpoint:
        document = self._store.get_document(orjson.loads(path.read_bytes())["artifact"])
        named = tuple(document[name] for name in ("format", "chain", "sequence", "effective"))
        if named != (CHECKPOINT_FORMAT, chain, sequence, time):
            raise ValueError("it is not the one that its name says")
        layers = {name: [(_rows(self._store, one), one) for one in entries]
                  for name, entries in document["stands"].items()}  # fmt: skip
        waits = {name: tuple(_rows(self._store, one) for one in parts)
                 for name, parts in document["waits"].items()}  # fmt: skip
        folds = {name: Fold(tuple(rows for rows, _ in kept)) for name, kept in layers.items()}
        self._layers[chain] = [one for kept in layers.values() for one in kept]
        state = State(sequence, time, folds, waits, frozenset(document["ahead"]))
        return Checkpoint(document["leaf"], state)


def pass_over(chain: str, sequence: int, why: str) -> None:
    """Tell that a checkpoint cannot be used: more of the log is read instead."""
    _log.warning("the checkpoint of `%s` at event %d is passed over: %s", chain, sequence, why)


def _entry(store: ArtifactStore, rows: Statements) -> Entry:
    matrix = np.column_stack([rows.clocks, rows.addresses, rows.closes.astype(np.int64)])
    kept = {"artifact": store.put_table(rows.table), "clocks": store.put_matrix(matrix, _COLUMNS)}
    said = {"forced": rows.forced, "decide": rows.decide}
    return kept | {name: True for name, is_so in said.items() if is_so}


def _rows(store: ArtifactStore, entry: Entry) -> Statements:
    table, matrix = store.get_table(entry["artifact"]), store.get_matrix(entry["clocks"])
    if matrix.shape != (len(table), len(_COLUMNS)):
        raise ValueError("its clocks are not those of its table")
    return Statements(table, matrix[:, :3], matrix[:, 3:5], matrix[:, 5] == 1,
                      "forced" in entry, "decide" in entry)  # fmt: skip
