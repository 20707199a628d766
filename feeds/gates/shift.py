"""Columns whose distribution is not that of the source's last deliveries."""

import numpy as np
import numpy.typing as npt

from feeds.gates.findings import NO_ROW, GateFinding
from feeds.gates.past import Past
from feeds.gates.series import Floats, Ints
from feeds.gates.thresholds import Thresholds
from ontology.columns import Column, Table
from ontology.grouping import codes_of
from ontology.terms import field_kinds
from ontology.vocabulary import RECORDS

MOST_BINS = 256
"""Numbers are compared at so many of their quantiles, texts by so many of the most frequent."""


def shifts(tables: dict[str, Table], past: Past, limits: Thresholds) -> list[GateFinding]:
    """Columns that are farther from the last deliveries than those ever were from each other.

    Distance of numbers: Kolmogorov and Smirnov's, the largest difference of two cumulative
    shares; of texts and truths: total variation, half the sum of differences of shares. Both lie
    between 0 and 1, and rows that state nothing count as a value. A column is told of where its
    distance is at least `shift_distance_percent`; passes what chance gives once in 10,000 draws,
    2.23 sqrt(1/n + 1/m) and more for many texts; and passes that of each earlier delivery to the
    others by `shift_beyond_percent`: real deliveries differ by more than chance.
    """
    found: list[GateFinding] = []
    for name, table in sorted(tables.items()):
        if len(table) < limits.shift_least_rows:
            continue
        told = [t for t in past.told(name) if len(t) >= limits.shift_least_rows]
        told = told[-limits.shift_most_deliveries :]
        if len(told) >= limits.shift_least_deliveries:
            found += _of_class(table, told, limits)
    return found


def _of_class(table: Table, told: list[Table], limits: Thresholds) -> list[GateFinding]:
    found = []
    sizes = np.array([len(t) for t in (*told, table)], np.int64)
    for column in _compared(table.name):
        distance, usual, chance = _distances([t[column] for t in (*told, table)], sizes)
        least = max(chance, limits.shift_distance_percent / 100,
                    usual + limits.shift_beyond_percent / 100)  # fmt: skip
        if distance >= least:
            text = (
                f"`{column}` of {len(table)} rows of {table.name} is {round(100 * distance)} % "
                f"away from the last {len(told)} deliveries; they were at most "
                f"{round(100 * usual)} % from each other"
            )
            found.append(GateFinding(table.name, NO_ROW, "DISTRIBUTION_SHIFT", "", column,
                                     "Warning", text))  # fmt: skip
    return found


def _compared(class_name: str) -> list[str]:
    """Columns of numbers, truths and texts; days move on by themselves, and sets are left out."""
    kinds = field_kinds(RECORDS[class_name]).values()
    key = RECORDS[class_name].KEY
    alone = key if len(key) == 1 else ()
    plain = [kind.name for kind in kinds if kind.scalar in (int, bool, str) and not kind.many]
    return [name for name in plain if name not in alone]


def _distances(columns: list[Column], sizes: Ints) -> tuple[float, float, float]:
    """Distance of the last column to the others, the largest of these to their rest, and chance.

    Chance is what 10,000 pairs of samples of one distribution pass about once. Total variation is
    of many small differences that do not cancel: half the sum of their means comes on top.
    """
    values = np.concatenate(columns)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    counts = _counts(values, owner, len(sizes))
    total = counts[:-1].sum(axis=0)
    is_number = values.dtype == np.int64
    usual = max(_distance(row, total - row, is_number) for row in counts[:-1])
    variance = 1 / sizes[-1] + 1 / sizes[:-1].sum()
    chance = 2.23 * np.sqrt(variance)
    if not is_number:
        share = counts.sum(axis=0) / sizes.sum()
        chance += np.sqrt(2 / np.pi * variance * share * (1 - share)).sum() / 2
    return _distance(counts[-1], total, is_number), usual, float(chance)


def _distance(one: Ints, other: Ints, is_number: bool) -> float:
    difference: Floats = one / max(one.sum(), 1) - other / max(other.sum(), 1)
    if is_number:
        return float(np.abs(np.cumsum(difference)).max())
    return float(np.abs(difference).sum() / 2)


def _counts(values: Column, owner: npt.NDArray[np.intp], owners: int) -> Ints:
    """How often each delivery has each value, or a value of each bin; shape (owners, bins)."""
    if values.dtype == np.int64:
        known, bins = np.unique(values, return_inverse=True)
        if len(known) > MOST_BINS:
            at = np.linspace(0, len(values) - 1, MOST_BINS).astype(np.int64)
            edges = np.unique(np.sort(values)[at])
            bins = np.searchsorted(edges, values)
    else:
        _, codes = codes_of(values if values.dtype.kind == "O" else values.astype(np.int64))
        often = np.argsort(-np.bincount(codes), kind="stable")
        rank = np.empty(len(often), np.int64)
        rank[often] = np.arange(len(often))
        bins = np.minimum(rank, MOST_BINS)[codes]
    width = int(bins.max()) + 1
    table: Ints = np.bincount(owner * width + bins, minlength=owners * width)
    return table.reshape(owners, width)
