"""The rows that a delivery set aside, found once more in its files, whole, to be mended later."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from feeds.facts.record_fields import field_specs
from feeds.facts.rows import row_key
from feeds.files import find_files, read_bytes
from feeds.formats.blocks import FORMATS, Block
from feeds.formats.sheet import blocks_of, shape_refusal
from feeds.identity.naming import renaming
from feeds.limits import Limits
from feeds.mapping import FileRule
from feeds.mapping import Mapping as FeedMapping
from feeds.mapping_text import for_header
from feeds.pseudonyms import Pseudonyms, unheard_of, without_names
from feeds.result import FileCounts
from ontology.canonical import digest
from ontology.columns import Table
from ontology.terms import join_key
from ontology.vocabulary import RECORDS

Place = tuple[str, int]
NO_LIMITS_STATED = Limits()


@dataclass(frozen=True)
class KeptRows:
    """The rows that were set aside, with class, key and cells; headers by file."""

    quarantined: Table
    headers: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class _Found:
    """A row of a file as it stands there, and of which fact it is the row."""

    class_name: str
    fact_key: str
    cells: tuple[str, ...]


def kept_rows(
    quarantined: Table, files: Sequence[FileCounts], paths: Sequence[Path], mapping: FeedMapping,
    links: Table | None = None, limits: Limits = NO_LIMITS_STATED,
    pseudonyms: Pseudonyms = unheard_of,
) -> KeptRows:  # fmt: skip
    """The rows that were set aside with their cells, where their file has rows.

    Their facts are named in our identifiers, by the `links` of their source; persons by what
    `pseudonyms` gives.

    The files are read a second time, as far as the last of these rows. A file that is not the
    one that was read (its digest) gives no cells, nor does a document of events.
    """
    wanted: dict[str, set[int]] = {}
    for file, row in zip(quarantined["file"], quarantined["row"].tolist(), strict=True):
        wanted.setdefault(file, set()).add(row)
    found: dict[Place, _Found] = {}
    headers: dict[str, tuple[str, ...]] = {}
    digests = {each.file: each.digest for each in files}
    for each in find_files(paths, mapping, limits) if wanted else ():
        rule = each.rule
        if rule.file not in wanted or rule.format not in FORMATS:
            continue
        data = read_bytes(each.path, limits.file_bytes, each.folders)
        if digest(data) == digests.get(rule.file):
            blocks = without_names(blocks_of(data, rule.form, limits), rule, pseudonyms)
            rows, headers[rule.file] = _rows(blocks, rule, wanted[rule.file], links, limits)
            found |= {(rule.file, number): row for number, row in rows}
    return KeptRows(_with(quarantined, found), headers)


def _rows(
    blocks: Iterable[Block], rule: FileRule, wanted: set[int], links: Table | None, limits: Limits
) -> tuple[list[tuple[int, _Found]], tuple[str, ...]]:
    left = set(wanted)
    header: tuple[str, ...] = ()
    picked: list[tuple[int, list[str]]] = []
    for block in blocks:
        header = block.header
        if left.intersection(block.numbers):
            picked += [(number, cells) for number, cells in
                       zip(block.numbers, block.rows, strict=True) if number in left]  # fmt: skip
            left.difference_update(block.numbers)
        if not left:
            break
    if rule.format != "csv":  # a later line may have widened the table
        picked = [(at, [*cells, *[""] * (len(header) - len(cells))]) for at, cells in picked]
    keys = _keys([cells for _, cells in picked], rule, header, links, limits)
    return [
        (number, _Found(rule.principal.name, key, tuple(cells)))
        for (number, cells), key in zip(picked, keys, strict=True)
    ], header


def _keys(
    rows: list[list[str]], rule: FileRule, header: tuple[str, ...], links: Table | None,
    limits: Limits,
) -> Iterator[str]:  # fmt: skip
    """The natural key of the fact that each row is about; empty where it cannot be read.

    A line of a wide table is about several facts, and about none of them alone.
    """
    if rule.wide is not None:
        yield from ("" for _ in rows)
        return
    spelled = for_header(rule, header).principal
    absent = tuple(sorted(set(spelled.columns()) - set(header)))
    columns = (*header, *absent)
    ours = join_key if links is None else renaming(links, spelled.name)
    specs, parts = field_specs(spelled.name), RECORDS[spelled.name].KEY
    for cells in rows:
        if shape_refusal(cells, len(header)) is not None:
            yield ""
            continue
        key = row_key(spelled, columns, [*cells, *("" for _ in absent)], limits)
        if key is None:
            yield ""
            continue
        values = tuple(specs[name].default if value is None else value
                       for name, value in zip(parts, key, strict=True))  # fmt: skip
        yield ours(values)


def _with(quarantined: Table, found: Mapping[Place, _Found]) -> Table:
    places = list(zip(quarantined["file"], quarantined["row"].tolist(), strict=True))
    nothing = [_Found(str(file).rpartition("#")[2] if "#" in file else "", "", ())
               for file, _ in places]  # fmt: skip
    rows = [found.get(place, none) for place, none in zip(places, nothing, strict=True)]
    columns = dict(quarantined.columns)
    for name in ("class_name", "fact_key", "cells"):
        column = np.empty(len(rows), object)
        column[:] = [getattr(row, name) for row in rows]
        columns[name] = column
    return Table("QuarantinedRow", columns)
