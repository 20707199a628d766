"""Movement rules over columns: which movements each rule closes, and what must stay where."""

from ontology.closures import Closures, IntArray
from ontology.columns import Snapshot, Table
from rules.alike import Ranks, broken_rows
from rules.columns import Columns
from rules.floors import floors_of
from rules.limits import limits_of
from rules.release import Release

MOVEMENT, STOCK_AFTER_MOVES = "Movement", "StockAfterMoves"


def decide(release: Release, snapshot: Snapshot, movements: Table, stock_after: Table) -> Closures:
    """The verdict of every rule that targets Movement or StockAfterMoves.

    The verdict on a movement is the one that pySHACL gives on the same facts as RDF. A result of
    severity Violation closes; Warning and Info leave the movement open and are kept apart. Each
    rule's number of focus nodes is recorded, also where it is 0. Rules on sums of the finished
    plan that a shared capacity can keep are its `limits`. Raises InputError
    RULE_NOT_EVALUATED while any rule of the release, of facts too, cannot be evaluated.
    """
    views = {MOVEMENT: movements, STOCK_AFTER_MOVES: stock_after}
    columns = Columns({**snapshot.tables, **views})
    ranks = Ranks(columns)
    closed: dict[str, dict[str, IntArray]] = {"Violation": {}, "Warning": {}, "Info": {}}
    floors: dict[str, IntArray] = {}
    counts: dict[str, int] = {}
    limits: dict[str, dict[str, int]] = {}
    for compiled in release.compiled:
        iri = compiled.rule.iri
        if compiled.target not in views:
            if bounds := limits_of(compiled):
                limits[iri] = bounds
            continue
        counts[iri] = counts.get(iri, 0) + len(views[compiled.target])
        if compiled.target == STOCK_AFTER_MOVES:
            floor = floors_of(columns, compiled)
            if floor is not None:
                floors[iri] = floor
            continue
        for severity, rows in broken_rows(columns, compiled, ranks):
            closed[severity][iri] = rows
    return Closures(closed["Violation"], floors, counts, closed["Warning"], closed["Info"],
                    limits)  # fmt: skip
