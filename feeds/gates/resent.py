"""Rows that say under a new id what an older row said: a delivery that was sent again."""

import hashlib
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from feeds.gates.findings import GateFinding
from feeds.gates.past import Past
from feeds.gates.series import Ints
from feeds.gates.thresholds import Thresholds
from feeds.refusals import shown
from ontology.columns import Table
from ontology.grouping import codes_of
from ontology.terms import field_kinds
from ontology.vocabulary import RECORDS

Hashes = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.intp]
_ODD = np.uint64(0x9E3779B97F4A7C15)


def likely_resends(tables: dict[str, Table], past: Past, limits: Thresholds) -> list[GateFinding]:
    """Rows that tell how many and when, and equal an older row in everything but their id.

    One such row is marked: two customers do order the same on one day. Where they are at least
    `resend_least_rows` and `resend_share_percent` of the class's new rows, all are quarantined.
    Among older rows of the same item and days they are found by a hash of their content, and
    compared cell by cell before they are told of.
    """
    found: list[GateFinding] = []
    for name, table in sorted(tables.items()):
        if _tells(name) and len(table):
            old = set(past.near(name, RECORDS[name].KEY, table)["id"].tolist())
            new = np.flatnonzero([key not in old for key in table["id"].tolist()])
            known = past.near(name, _about(name), table.take(new))
            if len(known):
                found += _of_class(table, new, known, limits)
    return found


def _about(name: str) -> tuple[str, ...]:
    """The columns of a class that say when, and of which item."""
    kinds = field_kinds(RECORDS[name]).values()
    return tuple(kind.name for kind in kinds if kind.scalar is date or kind.name == "item")


def _tells(name: str) -> bool:
    """Whether records of a class tell how many and when: two bare items say nothing twice."""
    kinds = field_kinds(RECORDS[name]).values()
    dated = any(kind.scalar is date for kind in kinds)
    return RECORDS[name].KEY == ("id",) and dated and any("quantity" in k.name for k in kinds)


@dataclass(frozen=True, slots=True)
class _Said:
    """The hashes of a table's rows in order, with the row of each."""

    hashes: Hashes
    rows: Rows


def _said(known: Table) -> _Said:
    hashes = content_hashes(known)
    order = np.argsort(hashes, kind="stable")
    return _Said(hashes[order], order)


def _of_class(table: Table, new: Rows, known: Table, limits: Thresholds) -> list[GateFinding]:
    said, hashes = _said(known), content_hashes(table.take(new))
    at = np.minimum(np.searchsorted(said.hashes, hashes), len(known) - 1)
    same = np.flatnonzero(said.hashes[at] == hashes)
    twins = zip(new[same].tolist(), said.rows[at[same]].tolist(), strict=True)
    pairs = [(row, twin) for row, twin in twins if _says_the_same(table, row, known, twin)]
    many = len(pairs) >= limits.resend_least_rows
    grave = many and 100 * len(pairs) >= limits.resend_share_percent * len(new)
    keys = table.take(np.array([row for row, _ in pairs], np.intp)).keys.tolist()
    found = []
    for (row, twin), key in zip(pairs, keys, strict=True):
        text = f"says what {shown(str(known['id'][twin]))} said before"
        text += f", as {len(pairs)} of {len(new)} new rows do" if grave else ""
        found.append(GateFinding(table.name, row, "LIKELY_RESEND", key, "id",
                                 "Violation" if grave else "Warning", text))  # fmt: skip
    return found


def content_hashes(table: Table) -> Hashes:
    """64 bits of each row's content without its id: equal content, equal hash."""
    result = np.zeros(len(table), np.uint64)
    for name in sorted(table.columns):
        if name == "id":
            continue
        column = table[name]
        if column.dtype.kind == "O":
            values, codes = codes_of(column)
            cells = np.array([_hash(value) for value in values], np.uint64)[codes]
        else:
            cells = _mixed(column.astype(np.int64).view(np.uint64))
        result = _mixed(result * _ODD + cells)
    return result


def _hash(value: Hashable) -> int:
    return int.from_bytes(hashlib.blake2b(repr(value).encode(), digest_size=8).digest(), "little")


def _mixed(cells: Hashes) -> Hashes:
    """The finaliser of splitmix64 (Steele, Lea and Flood, 2014): every bit moves every other."""
    cells = (cells ^ (cells >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    cells = (cells ^ (cells >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return cells ^ (cells >> np.uint64(31))


def _says_the_same(table: Table, row: int, known: Table, twin: int) -> bool:
    cells: list[tuple[Ints, Ints]] = [
        (table[name][row : row + 1], known[name][twin : twin + 1])
        for name in table.columns if name != "id"
    ]  # fmt: skip
    return all(one.tolist() == other.tolist() for one, other in cells)
