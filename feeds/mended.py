"""Rows that were set aside, read again by the mapping that they came with."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from feeds.by_class import in_any_format
from feeds.mapping import Mapping as FeedMapping
from feeds.reading import read
from feeds.refusals import shown
from feeds.result import FeedResult
from ontology.columns import Snapshot, Table
from ontology.errors import InputError, Place

Rows = Mapping[tuple[str, int], tuple[str, ...]]
"""The cells of rows by file and row."""


@dataclass(frozen=True)
class Delivered:
    """What the delivery of the rows kept: its mapping, headers and digests by file."""

    mapping: FeedMapping
    headers: Mapping[str, tuple[str, ...]]
    digests: Mapping[str, str]


def narrowed(mapping: FeedMapping, files: Sequence[str]) -> FeedMapping:
    """The mapping for some rows of some of its files.

    A few rows are no full file, so nothing ends that is not among them; and nothing is derived
    from them that is derived from a whole delivery. Their cells hold pseudonyms already.
    """
    rules = in_any_format(mapping.files) if mapping.by_class else mapping.files
    chosen = tuple(
        replace(rule, format="jsonl", encoding="utf-8", delimiter=",", sheet="", optional=False,
                full=False, pseudonyms=())
        for rule in rules if rule.file in files
    )  # fmt: skip
    return replace(mapping, files=chosen, derive=(), by_class=False)


def read_again(
    rows: Rows, delivered: Delivered, present: Snapshot, read_on: date
) -> FeedResult:  # fmt: skip
    """The rows through their mapping; what they state stands at their own files and rows.

    Raises InputError where the mapping cannot be used any more.
    """
    numbers: dict[str, list[int]] = {}
    for file, row in sorted(rows):
        numbers.setdefault(file, []).append(row)
    mapping = narrowed(delivered.mapping, list(numbers))
    with TemporaryDirectory(prefix="evenkeel-") as place:
        for file, lines in numbers.items():
            path = Path(place) / file
            path.parent.mkdir(parents=True, exist_ok=True)
            header = delivered.headers[file]
            texts = [_line(header, rows[file, line]) for line in lines]
            path.write_text("\n".join(texts), encoding="utf-8")
        found = read([Path(place)], mapping, present=present, read_on=read_on)
    return _at_their_rows(found, numbers, delivered)


def _line(header: Sequence[str], cells: Sequence[str]) -> str:
    """A row as a line of JSON; one without a cell per column keeps only those that it has."""
    return json.dumps(dict(zip(header, cells, strict=False)), ensure_ascii=False)


def _at_their_rows(
    found: FeedResult, numbers: Mapping[str, list[int]], delivered: Delivered
) -> FeedResult:
    sources = {}
    for name, places in found.sources.items():
        moved = places.copy()
        for index, file in enumerate(found.files):
            mine = places[:, 0] == index
            moved[mine, 1] = np.array(numbers[file.file], np.int64)[places[mine, 1] - 1]
        sources[name] = moved
    table = found.quarantined
    rows = [numbers[file][line - 1] for file, line in
            zip(table["file"], table["row"].tolist(), strict=True)]  # fmt: skip
    files = tuple(
        replace(file, digest=delivered.digests.get(file.file, file.digest)) for file in found.files
    )
    return replace(
        found, sources=sources, files=files, mapping_digest=delivered.mapping.digest,
        quarantined=Table(table.name, {**table.columns, "row": np.array(rows, np.int64)}),
    )  # fmt: skip


def changed(
    header: Sequence[str], cells: Sequence[str], changes: Mapping[str, str], place: Place
) -> tuple[str, ...]:
    """The cells of a row with some of them changed.

    Raises InputError `COLUMN_UNKNOWN`, and `ROW_RAGGED` where the row has not a cell per column
    and not all columns are stated.
    """
    for column in changes:
        if column not in header:
            raise InputError(
                f"the file has no column {shown(column)}", code="COLUMN_UNKNOWN", place=place,
                hint=f"its columns are {', '.join(map(shown, header[:20]))}",
            )  # fmt: skip
    if len(cells) != len(header) and len(changes) < len(set(header)):
        raise InputError(
            f"the row has {len(cells)} cells, the header {len(header)}: which is which is not "
            "known", code="ROW_RAGGED", place=place,
            hint="state every column: " + " ".join(f"{column}=..." for column in header[:20]),
        )  # fmt: skip
    had = cells if len(cells) == len(header) else [""] * len(header)
    return tuple(changes.get(column, cell) for column, cell in zip(header, had, strict=True))
