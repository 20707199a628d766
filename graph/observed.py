"""What a forecast was learnt from: the rows of the files that its observations stood in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from graph.artifacts import ArtifactStore
from graph.facts import StatedFact
from graph.log import Log
from graph.manifests import OMITS
from ontology.columns import Column, Table
from ontology.events import Event

OBSERVATION = "DemandObservation"
_LEARNT = re.compile(rf"{OBSERVATION} as of event ([0-9]{{1,15}})")
IntArray = npt.NDArray[np.int64]


def learnt_as_of(sequence: int) -> str:
    """What stands for a file where facts were learnt from all observations up to an event."""
    return f"{OBSERVATION} as of event {sequence}"


def learnt_upto(source_file: str) -> int | None:
    """The event up to which such facts were learnt; None of any other file."""
    found = _LEARNT.fullmatch(source_file)
    return None if found is None else int(found[1])


@dataclass(frozen=True, slots=True)
class SourceRows:
    """Rows of one file that stand behind a fact, and the event that loaded them.

    `count` rows lie from `first` to `last` (1 is the file's first line); of a wide table several
    cells share a row, and each of them counts.
    """

    file: str
    digest: str
    event: Event
    count: int
    first: int
    last: int

    def __str__(self) -> str:
        """`90 rows of sales.csv, 3-92`, or between which rows where others stand among them."""
        if self.count == 1:
            return f"{self.file}, row {self.first}"
        whole = self.last - self.first + 1 == self.count
        where = f"{self.first}-{self.last}" if whole else f"between {self.first} and {self.last}"
        return f"{self.count:,} rows of {self.file}, {where}"


@dataclass(frozen=True)
class _Feed:
    """The observations of one feed, findable by item and location."""

    event: Event
    files: list[dict[str, Any]]
    table: Table
    origins: IntArray
    codes: dict[str, dict[str, int]]
    columns: dict[str, IntArray]

    def rows_of(self, item: str, location: str | None) -> IntArray:
        """The rows of an item, at one location or at all."""
        code = self.codes["item"].get(item, -1)
        found = self.columns["item"] == code
        if location is not None:
            found &= self.columns["location"] == self.codes["location"].get(location, -1)
        return np.flatnonzero(found)


@dataclass
class Observed:
    """Finds the rows behind forecasts; feeds that were read once are kept."""

    log: Log
    store: ArtifactStore
    _feeds: dict[tuple[str, int], list[_Feed]] = field(default_factory=dict)

    def rows_behind(self, fact: StatedFact) -> tuple[SourceRows, ...] | None:
        """The rows that a forecast was learnt from, by event and file; None for any other fact.

        As the snapshot of that event had them: a later row counts only if it states something
        else. Raises OutsideError as artifacts do.
        """
        upto = learnt_upto(fact.source_file)
        if upto is None or not hasattr(fact.record, "item"):
            return None
        place = getattr(fact.record, "location", None)
        return self._rows(fact.chain, upto, fact.record.item, place)

    def _rows(
        self, chain: str, upto: int, item: str, location: str | None
    ) -> tuple[SourceRows, ...]:
        feeds = self._feeds_of(chain, upto)
        stands: dict[tuple[str, date], tuple[tuple[int, int], int, int, int]] = {}
        for number, feed in enumerate(feeds):
            rows = feed.rows_of(item, location)
            columns = ("location", "on", "quantity_units", "served_units")
            stated = zip(*(feed.table[name][rows].tolist() for name in columns), strict=True)
            places = feed.origins[rows].tolist()
            for (where, on, units, served), (file, row) in zip(stated, places, strict=True):
                known = stands.get((where, on))
                if known is None or known[0] != (units, served):
                    stands[where, on] = ((units, served), number, file, row)
        found: dict[tuple[int, int], list[int]] = {}
        for _, number, file, row in stands.values():
            found.setdefault((number, file), []).append(row)
        return tuple(
            _source(feeds[number], file, rows) for (number, file), rows in sorted(found.items())
        )

    def _feeds_of(self, chain: str, upto: int) -> list[_Feed]:
        if (chain, upto) not in self._feeds:
            self._feeds[chain, upto] = list(self._read(chain, upto))
        return self._feeds[chain, upto]

    def _read(self, chain: str, upto: int) -> Iterator[_Feed]:
        for event in self.log.feeds(chain, upto=upto):
            manifest = self.store.get_document(event.artifact)
            entry = manifest["tables"].get(OBSERVATION)
            if entry is None or OMITS in event.payload:
                continue
            table = self.store.get_table(entry["artifact"])
            codes = {name: _codes(table[name]) for name in ("item", "location")}
            columns = {
                name: np.array([known[cell] for cell in table[name]], np.int64)
                for name, known in codes.items()
            }
            origins = self.store.get_matrix(entry["origins"])
            yield _Feed(event, manifest["files"], table, origins, codes, columns)


def _codes(column: Column) -> dict[str, int]:
    return {name: code for code, name in enumerate(dict.fromkeys(column.tolist()))}


def _source(feed: _Feed, file: int, rows: list[int]) -> SourceRows:
    """A constant of a mapping (file -1) stands in the mapping itself."""
    stated = feed.files[file] if file >= 0 else feed.event.payload["mapping"]
    return SourceRows(
        stated["name"], stated["digest"], feed.event, len(rows), min(rows), max(rows)
    )  # fmt: skip
