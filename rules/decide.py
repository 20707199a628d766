"""Movement rules over columns: which movements each rule closes, and what must stay where."""

from dataclasses import replace

import numpy as np

from ontology.closures import Closures, IntArray, together
from ontology.columns import Snapshot, Table
from rules.alike import Ranks, broken_rows
from rules.columns import Columns
from rules.floors import floors_of
from rules.limits import limits_of
from rules.parts import PLACES, MaskArray, judges_of
from rules.release import Release

MOVEMENT, STOCK_AFTER_MOVES = "Movement", "StockAfterMoves"


def decide(release: Release, snapshot: Snapshot, movements: Table, stock_after: Table) -> Closures:
    """The verdict of every rule that targets Movement or StockAfterMoves.

    The verdict on a movement is the one that pySHACL gives on the same facts as RDF. A result of
    severity Violation closes; Warning and Info leave the movement open and are kept apart. Each
    rule's number of focus nodes is recorded, also where it is 0. Rules on sums of the finished
    plan that a shared capacity can keep are its `limits`. Of a release with parts each judges
    what is its own (`rules.parts.judges_of`), and limits are those of the whole. Raises InputError
    RULE_NOT_EVALUATED while any rule of the release, of facts too, cannot be evaluated.
    """
    views = {MOVEMENT: movements, STOCK_AFTER_MOVES: stock_after}
    columns = Columns({**snapshot.tables, **views})
    ranks = Ranks(columns)
    if not release.parts:
        return _verdict(release, columns, ranks)
    moved = judges_of(release, snapshot, movements, PLACES[MOVEMENT])
    kept = judges_of(release, snapshot, stock_after, PLACES[STOCK_AFTER_MOVES])
    verdicts = [
        _within(_verdict(judge, columns, ranks), judge, (moving, staying))
        for (judge, moving), (_, staying) in zip(moved, kept, strict=True)
    ]
    return replace(together(verdicts), limits=verdicts[0].limits)


def _verdict(release: Release, columns: Columns, ranks: Ranks) -> Closures:
    """The verdict of one release on all rows."""
    closed: dict[str, dict[str, IntArray]] = {"Violation": {}, "Warning": {}, "Info": {}}
    floors: dict[str, IntArray] = {}
    counts: dict[str, int] = {}
    limits: dict[str, dict[str, int]] = {}
    for compiled in release.compiled:
        iri = compiled.rule.iri
        if compiled.target not in (MOVEMENT, STOCK_AFTER_MOVES):
            if bounds := limits_of(compiled):
                limits[iri] = bounds
            continue
        counts[iri] = counts.get(iri, 0) + len(columns.table(compiled.target))
        if compiled.target == STOCK_AFTER_MOVES:
            floor = floors_of(columns, compiled)
            if floor is not None:
                floors[iri] = floor
            continue
        for severity, rows in broken_rows(columns, compiled, ranks):
            closed[severity][iri] = rows
    return Closures(closed["Violation"], floors, counts, closed["Warning"], closed["Info"],
                    limits)  # fmt: skip


def _within(verdict: Closures, judge: Release, own: tuple[MaskArray, MaskArray]) -> Closures:
    """A verdict on the movements and the stock that are a judge's own."""
    moving, staying = own
    sizes = {MOVEMENT: int(moving.sum()), STOCK_AFTER_MOVES: int(staying.sum())}
    counts: dict[str, int] = {}
    for compiled in judge.compiled:
        if compiled.target in sizes:
            iri = compiled.rule.iri
            counts[iri] = counts.get(iri, 0) + sizes[compiled.target]
    rows = {name: {iri: found[moving[found]] for iri, found in getattr(verdict, name).items()}
            for name in ("closed", "warned", "recorded")}  # fmt: skip
    floors = {iri: np.where(staying, floor, 0) for iri, floor in verdict.floors.items()}
    return replace(verdict, **rows, floors=floors, focus_counts=counts)
