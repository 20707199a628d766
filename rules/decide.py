"""Movement rules over columns: which movements each rule closes, and what must stay where."""

from collections.abc import Iterator

import numpy as np

from ontology.closures import Closures
from ontology.columns import MISSING, Snapshot, Table
from rules.columns import Columns, IntArray, Pairs
from rules.evaluate import Focus, results
from rules.floors import floors_of
from rules.properties import Property, is_single
from rules.release import Release
from rules.shapes import CompiledRule, Logic, Nested, Pairing, Shape

MOVEMENT, STOCK_AFTER_MOVES = "Movement", "StockAfterMoves"


def decide(release: Release, snapshot: Snapshot, movements: Table, stock_after: Table) -> Closures:
    """The verdict of every rule that targets Movement or StockAfterMoves.

    The verdict on a movement is the one that pySHACL gives on the same facts as RDF. A result of
    severity Violation closes; Warning and Info leave the movement open and are kept apart. Each
    rule's number of focus nodes is recorded, also where it is 0. Raises StateError
    RULE_NOT_EVALUATED while any rule of the release, of facts too, cannot be evaluated.
    """
    views = {MOVEMENT: movements, STOCK_AFTER_MOVES: stock_after}
    columns = Columns({**snapshot.tables, **views})
    ranks = _Ranks(columns)
    closed: dict[str, dict[str, IntArray]] = {"Violation": {}, "Warning": {}, "Info": {}}
    floors: dict[str, IntArray] = {}
    counts: dict[str, int] = {}
    for compiled in release.compiled:
        iri = compiled.rule.iri
        if compiled.target not in views:
            continue
        counts[iri] = counts.get(iri, 0) + len(views[compiled.target])
        if compiled.target == STOCK_AFTER_MOVES:
            floor = floors_of(columns, compiled)
            if floor is not None:
                floors[iri] = floor
            continue
        for severity, rows in _broken(columns, compiled, ranks):
            closed[severity][iri] = rows
    return Closures(closed["Violation"], floors, counts, closed["Warning"], closed["Info"])


class _Ranks:
    """Single-valued properties of movements as small integers, each ranked once."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._ranks: dict[str, IntArray] = {}

    def of(self, step: Property) -> IntArray:
        """Rows with equal values, or without a value, have equal ranks."""
        if step.name not in self._ranks:
            rows = self._columns.instances(step.subject)
            pairs = self._columns.follow(Pairs(step.subject, rows, rows), step)
            code = np.full(len(rows), MISSING, np.int64)
            code[pairs.owner] = pairs.code
            self._ranks[step.name] = np.unique(code, return_inverse=True)[1].astype(np.int64)
        return self._ranks[step.name]


def _broken(
    columns: Columns, compiled: CompiledRule, ranks: _Ranks
) -> Iterator[tuple[str, IntArray]]:
    """Per severity, the ascending rows of movements with a result of it."""
    rows, alike = _representatives(columns, compiled.shape, ranks)
    broken: dict[str, IntArray] = {}
    for batch in results(columns, compiled.shape, Focus(MOVEMENT, rows, np.arange(len(rows)))):
        mask = broken.setdefault(batch.shape.severity, np.zeros(len(rows), np.int64))
        mask[batch.root] = 1
    for severity, mask in broken.items():
        yield severity, np.flatnonzero(mask[alike]).astype(np.int64)


def _representatives(columns: Columns, shape: Shape, ranks: _Ranks) -> tuple[IntArray, IntArray]:
    """One movement for each combination of values that the shape reads, and whose it is.

    A rule cannot tell movements with equal values apart, and there are far fewer combinations
    (plant, item) than movements; a path may then fan out without filling the memory.
    """
    rows = columns.instances(MOVEMENT)
    read = _read_by(shape)
    if read is None or not len(rows):
        return rows, rows
    combination = np.zeros(len(rows), np.int64)
    for step in sorted(read, key=lambda step: step.name):
        rank = ranks.of(step)
        span = int(rank.max()) + 1
        if (int(combination.max()) + 1) * span >= 2**62:
            combination = np.unique(combination, return_inverse=True)[1].astype(np.int64)
        combination = combination * span + rank
    _, first, alike = np.unique(combination, return_index=True, return_inverse=True)
    return first.astype(np.int64), alike.astype(np.int64)


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
    return read if all(map(is_single, read)) else None
