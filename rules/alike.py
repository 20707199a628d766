"""Rows of a view that break a rule; rows that the rule cannot tell apart are judged once."""

from collections.abc import Iterator

import numpy as np

from ontology.columns import MISSING
from rules.columns import Columns
from rules.evaluate import Focus, results
from rules.pairs import IntArray, Pairs
from rules.properties import Property, decisive
from rules.shapes import CompiledRule, Logic, Nested, Pairing, Shape

Rank = tuple[IntArray, int]
"""Per row a number from 0 on, equal where the value is, and the number of numbers."""


class Ranks:
    """Single-valued properties of a view's rows as small integers, each ranked once."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._ranks: dict[tuple[str, str], Rank] = {}

    def of(self, step: Property) -> Rank:
        """Rows with equal values, or without a value, have equal ranks."""
        address = (step.subject, step.name)
        if address not in self._ranks:
            rows = self._columns.instances(step.subject)
            pairs = self._columns.follow(Pairs(step.subject, rows, rows), step)
            self._ranks[address] = _ranked(pairs, len(rows))
        return self._ranks[address]


def _ranked(pairs: Pairs, count: int) -> Rank:
    least = int(pairs.code.min()) if len(pairs) else 0
    span = int(pairs.code.max()) - least + 2 if len(pairs) else 1
    if span > 2 * count + 1000:
        code = np.full(count, MISSING, np.int64)
        code[pairs.owner] = pairs.code
        values, rank = np.unique(code, return_inverse=True)
        return rank.astype(np.int64), len(values)
    rank = np.zeros(count, np.int64)
    rank[pairs.owner] = pairs.code - (least - 1)
    return rank, span


def _first_of_each(rank: IntArray, span: int) -> tuple[IntArray, IntArray]:
    """The first row of each rank, and per row which of these is alike."""
    if span > 8 * len(rank) + 1000:
        _, first, alike = np.unique(rank, return_index=True, return_inverse=True)
        return first.astype(np.int64), alike.astype(np.int64)
    first_at = np.full(span, -1, np.int64)
    first_at[rank[::-1]] = np.arange(len(rank) - 1, -1, -1)
    there = np.flatnonzero(first_at >= 0)
    place = np.zeros(span, np.int64)
    place[there] = np.arange(len(there))
    return first_at[there], place[rank]


def broken_rows(
    columns: Columns, compiled: CompiledRule, ranks: Ranks
) -> Iterator[tuple[str, IntArray]]:
    """Per severity, the ascending rows of the rule's target with a result of it."""
    rows, alike = _representatives(columns, compiled, ranks)
    broken: dict[str, IntArray] = {}
    focus = Focus(compiled.target, rows, np.arange(len(rows)))
    for batch in results(columns, compiled.shape, focus):
        mask = broken.setdefault(batch.shape.severity, np.zeros(len(rows), np.int64))
        mask[batch.root] = 1
    for severity, mask in broken.items():
        yield severity, np.flatnonzero(mask[alike]).astype(np.int64)


def _representatives(
    columns: Columns, compiled: CompiledRule, ranks: Ranks
) -> tuple[IntArray, IntArray]:
    """One row for each combination of values that the shape reads, and whose it is.

    A rule cannot tell rows with equal values apart, and there are far fewer combinations
    (plant, item) than movements; a path may then fan out without filling the memory.
    """
    rows = columns.instances(compiled.target)
    read = _read_by(compiled.shape)
    if read is None or not len(rows):
        return rows, rows
    combination, size = np.zeros(len(rows), np.int64), 1
    for step in sorted(read, key=lambda step: step.name):
        rank, span = ranks.of(step)
        if size * span >= 2**62:
            combination = np.unique(combination, return_inverse=True)[1].astype(np.int64)
            size = int(combination.max()) + 1
        combination = combination * span + rank
        size *= span
    return _first_of_each(combination, size)


def _read_by(shape: Shape) -> set[Property] | None:
    """The properties of the focus node that decide about it; None where it matters itself."""
    read = {shape.path[0]} if shape.path else set()
    for constraint in shape.constraints:
        if isinstance(constraint, Pairing):
            read.add(constraint.other)
        elif shape.path is None:
            if not isinstance(constraint, Logic | Nested):
                return None
            parts = (constraint.shape,) if isinstance(constraint, Nested) else constraint.shapes
            for part in parts:
                inner = _read_by(part)
                if inner is None:
                    return None
                read |= inner
    deciding = [decisive(step) for step in read]
    if any(steps is None for steps in deciding):
        return None
    return {step for steps in deciding for step in steps or ()}
