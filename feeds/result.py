"""What one reading of a feed brought: tables, where each fact stood, and what was set aside."""

from collections import Counter
from collections.abc import Mapping as Lookup
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from feeds.refusals import HINTS, LEANS, shown
from ontology.columns import Table
from ontology.errors import Place


@dataclass(frozen=True, slots=True)
class FileCounts:
    """One file's account: `rows` = `loaded` + `duplicates` + `quarantined`.

    `digest` is the SHA-256 of the file's bytes; `columns` are all that it has, and
    `unread_columns` those that the mapping leaves.
    Facts that were derived have a file of no rows, whose name says from what.
    """

    file: str
    digest: str
    rows: int = 0
    loaded: int = 0
    duplicates: int = 0
    quarantined: int = 0
    unread_columns: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


ColumnOf = Lookup[tuple[str, str], str]
"""By class and field, the column of a file that it is read from."""


@dataclass(frozen=True)
class FeedResult:
    """The facts of a feed, in tables sorted by key.

    `sources` holds, per class, an int64 array of shape (rows, 2): index of the file in `files`
    and the line on which the row starts; index -1 is the mapping itself. `digest` names the
    delivery: mapping and files, byte for byte. The tables' own digests ignore row order.
    `counts` says in words what was linked, rounded, derived or left out, and how often. `ended` has
    the keys, by class, of facts that the files say are no more. `read_from` has, per file, the
    column that each field of a class was read from, where the mapping names it otherwise.
    """

    chain: str
    source: str
    mapping: str
    mapping_digest: str
    digest: str
    tables: Lookup[str, Table]
    sources: Lookup[str, npt.NDArray[np.int64]]
    files: tuple[FileCounts, ...]
    quarantined: Table
    counts: Lookup[str, int] = field(default_factory=dict)
    ended: Lookup[str, tuple[str, ...]] = field(default_factory=dict)
    read_from: Lookup[str, ColumnOf] = field(default_factory=dict)

    def source_of(self, name: str, row: int) -> Place:
        """Where the record in a row of a class's table was read."""
        index, number = self.sources[name][row].tolist()
        return Place(self.mapping if index < 0 else self.files[index].file, number)

    def told_of(self, name: str, row: int, field_name: str, reason: str) -> tuple[str, str]:
        """The column of its file that a field of a record was read from, and a reason with both.

        A field that no column of another name states keeps its own name, the reason its words.
        """
        file = self.source_of(name, row).file
        column = self.read_from.get(file, {}).get((name, field_name), field_name)
        if column == field_name:
            return field_name, reason
        return column, f"{reason} (column {shown(column)} is the field `{field_name}` of {name})"

    def lines(self) -> list[tuple[str, str]]:
        """Every quarantined row as the line and the hint with its code that a person reads."""
        table = self.quarantined
        places = map(Place, table["file"], table["row"].tolist(), table["column"])
        return [
            (f"{place}: {reason}", f"{HINTS[code]} [{code}]")
            for place, reason, code in zip(places, table["reason"], table["code"], strict=True)
        ]

    def summary(self, most: int = 20) -> dict[str, Any]:
        """The account as plain data for display, with the first `most` quarantined rows.

        Rows that were set aside only for leaning on another such row come after all others.
        """
        table = self.quarantined
        lines, codes, reasons = self.lines(), table["code"].tolist(), table["reason"].tolist()
        order = sorted(range(len(lines)), key=lambda row: reasons[row].endswith(LEANS))
        return {
            "chain": self.chain,
            "source": self.source,
            "mapping": self.mapping,
            "mapping_digest": self.mapping_digest,
            "digest": self.digest,
            "files": [_account_of(file) for file in self.files],
            "records": {name: len(table) for name, table in self.tables.items()},
            "reasons": dict(sorted(Counter(codes).items())),
            "quarantined": [
                {"line": lines[row][0], "hint": HINTS[codes[row]], "code": codes[row]}
                for row in order[:most]
            ],
            "quarantined_rows": len(table),
            "counts": dict(sorted(self.counts.items())),
        }


def in_file_order(quarantined: Table) -> Table:
    """Rows that were set aside, file by file and in each by the number of the row."""
    table = quarantined.sorted()
    places = list(zip(table["file"].tolist(), table["row"].tolist(), strict=True))
    order = sorted(range(len(places)), key=places.__getitem__)
    return table.take(np.array(order, np.intp))


def _account_of(file: FileCounts) -> dict[str, Any]:
    plain = asdict(file) | {"unread_columns": list(file.unread_columns)}
    del plain["columns"]
    return plain
