"""Which labels of confidentiality and residency a chain ever stated, and of whom that counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple

from graph.snapshot import SnapshotReader
from ontology.columns import Snapshot, Table
from service.permits.row_rules import LABELS


class Stated(NamedTuple):
    """A label with the clearance that it needs: `classes` or `zones`."""

    clearance: str
    name: str


Labels = frozenset[Stated]
OfKeys = Mapping[str, Mapping[str, Labels]]
"""By class and natural key."""


@dataclass
class _Chain:
    sequence: int = 0
    every: set[Stated] = field(default_factory=set)
    of_keys: dict[str, dict[str, Labels]] = field(
        default_factory=lambda: {name: {} for name in LABELS}
    )


class StatedLabels:
    """All labels that the feeds of each chain ever stated; follows the log.

    A fact that is no more, and what was said of it, stays known: what still names it is judged by
    that. Any number of threads may ask. With `upto` it knows no more than was known at an event.
    """

    def __init__(self, reader: SnapshotReader, upto: int | None = None) -> None:
        self._reader = reader
        self._upto = upto
        self._chains: dict[str, _Chain] = {}
        self._lock = Lock()

    def every(self, chain: str) -> Labels:
        """Every label that was ever stated, up to the end of the log."""
        with self._lock:
            return frozenset(self._followed(chain).every)

    def beside(self, chain: str, present: Snapshot) -> OfKeys:
        """By class and key the labels that count beside those of the row that is looked at.

        Of a fact in force those that it states now; of one that is no more all that it ever had.
        """
        with self._lock:
            known = self._followed(chain).of_keys
            told = {name: dict(of_keys) for name, of_keys in known.items()}
        return {name: _standing(present.table(name), of_keys) for name, of_keys in told.items()}

    def _followed(self, chain: str) -> _Chain:
        found = self._chains.get(chain) or _Chain()
        for event in self._reader.log.feeds(chain, after=found.sequence, upto=self._upto):
            for name, rows in self._reader.stated(event, only=set(LABELS)).items():
                for key, label in _labelled(rows.table):
                    found.every.add(label)
                    before = found.of_keys[name].get(key, frozenset())
                    found.of_keys[name][key] = before | {label}
            found.sequence = event.sequence
            self._chains[chain] = found  # nothing is kept of a name that no feed has given
        return found


def _labelled(table: Table) -> list[tuple[str, Stated]]:
    """The keys of the rows that state a label, with it."""
    label = LABELS[table.name]
    column = table[label.field]
    rows = [row for row, name in enumerate(column.tolist()) if name]
    keys = table.keys
    return [(str(keys[row]), Stated(label.clearance, column[row])) for row in rows]


def _standing(table: Table, ever: Mapping[str, Labels]) -> dict[str, Labels]:
    if not ever:
        return {}
    label, row_of = LABELS[table.name], table.row_of
    column = table[label.field]
    found = {}
    for key, labels in ever.items():
        row = row_of.get(key)
        if row is None:
            found[key] = labels
        elif column[row]:
            found[key] = frozenset({Stated(label.clearance, column[row])})
    return found
