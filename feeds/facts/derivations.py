"""Derived facts beside the loaded ones, under a source that says what they were derived from."""

from collections import Counter
from collections.abc import Mapping as Lookup

import numpy as np
import numpy.typing as npt

from feeds.facts.derived import Derived, derive
from feeds.mapping import DeriveRule, Mapping
from feeds.result import FileCounts
from ontology.canonical import digest_of
from ontology.columns import Table
from ontology.errors import InputError, Place

IntArray = npt.NDArray[np.int64]


def with_derived(
    mapping: Mapping, tables: dict[str, Table], sources: dict[str, IntArray],
    files: tuple[FileCounts, ...],
) -> tuple[tuple[FileCounts, ...], Counter[str]]:  # fmt: skip
    """Add what the mapping derives to `tables` and `sources`; the files with one per derivation.

    Such a file holds no row: its facts stand at row 0 of it. Raises InputError
    `DERIVED_TWICE` where a row states what is also derived.
    """
    counts: Counter[str] = Counter()
    loaded = dict(tables), dict(sources)
    for rule in mapping.derive:
        table = loaded[0].get(rule.of)
        if table is None:
            continue
        made = derive(rule, table)
        counts += made.counts
        files = (*files, _file(rule, loaded[1][rule.of], files))
        _add(mapping, made, tables, sources, len(files) - 1)
    return files, counts


def _file(rule: DeriveRule, places: IntArray, files: tuple[FileCounts, ...]) -> FileCounts:
    used = [files[index] for index in np.unique(places[:, 0]).tolist() if index >= 0]
    name = f"{rule.kind.replace('_', ' ')} derived from {', '.join(file.file for file in used)}"
    return FileCounts(name, digest_of([rule.kind, [file.digest for file in used]]))


def _add(
    mapping: Mapping, made: Derived, tables: dict[str, Table],
    sources: dict[str, IntArray], index: int,
) -> None:  # fmt: skip
    for name, more in made.tables.items():
        places = np.tile(np.array([[index, 0]], np.int64), (len(more), 1))
        if name in tables:
            tables[name], sources[name] = _joined(
                mapping, tables[name], more, sources[name], places
            )
        elif len(more):
            tables[name], sources[name] = more, places


def _joined(
    mapping: Mapping, table: Table, more: Table, places: IntArray, added: IntArray
) -> tuple[Table, IntArray]:
    both = sorted(set(table.row_of) & set(more.row_of))
    if both:
        raise InputError(
            f"{table.name} `{both[0]}` is stated in a row and derived, too", code="DERIVED_TWICE",
            hint="take the rows or the derivation out of the mapping", place=Place(mapping.name),
        )  # fmt: skip
    columns: Lookup[str, npt.NDArray[np.generic]] = {
        name: np.concatenate([table[name], more[name]]) for name in table.columns
    }
    whole, where = Table(table.name, columns), np.concatenate([places, added])
    keys = whole.keys.tolist()
    order = np.array(sorted(range(len(keys)), key=keys.__getitem__), np.intp)
    return whole.take(order), where[order]
