"""Rows by what some of their columns say: the distinct values, and which of them each row has."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from ontology.columns import Column, Table
from ontology.vocabulary import RECORDS

Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]
Group = tuple[Hashable, ...]


def codes_of(column: Column) -> tuple[list[Hashable], Ints]:
    """The distinct values of a column, and per row which one it is."""
    if column.dtype.kind == "O":
        values = column.tolist()
        few = dict.fromkeys(values)
        place = dict(zip(few, range(len(few)), strict=True))
        return list(few), np.fromiter(map(place.__getitem__, values), np.int64, len(values))
    numbers, codes = np.unique(column.view(np.int64), return_inverse=True)
    return numbers.tolist(), codes.astype(np.int64)


def groups_of(table: Table, by: Sequence[str]) -> tuple[list[tuple[Hashable, ...]], Ints]:
    """The distinct values of several columns together, and per row which ones it has."""
    keys: list[tuple[Hashable, ...]] = [()]
    groups = np.zeros(len(table), np.int64)
    for name in by:
        values, codes = codes_of(table[name])
        both, groups = np.unique(groups * max(len(values), 1) + codes, return_inverse=True)
        keys = [(*keys[b // len(values)], values[b % len(values)]) for b in both.tolist()]
    return keys if len(table) else [], groups.astype(np.int64)


@dataclass(frozen=True)
class Groups:
    """The rows of a table by the values of some columns: where each group's begin among all."""

    place: Mapping[Group, int]
    ordered: Rows
    starts: Ints

    def rows(self, groups: Sequence[Group]) -> Rows:
        """The rows of some groups, in the order of the table; an unknown group has none."""
        mine = [self.place[group] for group in groups if group in self.place]
        parts = [self.ordered[self.starts[at] : self.starts[at + 1]] for at in mine]
        return np.sort(np.concatenate(parts)) if parts else np.zeros(0, np.intp)


def grouped(table: Table, by: tuple[str, ...]) -> Groups:
    """A table's groups by some columns: one pass over it, and kept with it."""
    found = table.worked_out.get(("groups", by))
    if found is None:
        keys, groups = groups_of(table, by)
        starts = np.concatenate([[0], np.cumsum(np.bincount(groups, minlength=len(keys)))])
        place = {key: at for at, key in enumerate(keys)}
        found = Groups(place, np.argsort(groups, kind="stable"), starts)
        table.worked_out["groups", by] = found
    return cast("Groups", found)


def rows_about(table: Table, by: tuple[str, ...], arriving: Table) -> Rows:
    """The rows of a table that agree with any row of another one in some columns."""
    if by == RECORDS[table.name].KEY and table.name == arriving.name:
        found = table.row_of.find(arriving.keys)
        found = found[found >= 0]
        return np.unique(found) if len(found) > 1 else found
    asked = arriving.worked_out.get(("asked", by))
    if asked is None:  # a fold asks the same of each of its layers
        asked = arriving.worked_out["asked", by] = groups_of(arriving, by)[0]
    return grouped(table, by).rows(asked)
