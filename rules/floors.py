"""Rules about the stock that stays: lower bounds on what a plan has not chosen yet."""

import numpy as np

from rules.columns import Columns, IntArray, Pairs
from rules.shapes import (
    COMPARISONS,
    Bound,
    CompiledRule,
    Nested,
    Pairing,
    Shape,
    component_of,
    not_evaluated,
)

CHOSEN = "quantityAfterMovesUnits"


def floors_of(columns: Columns, compiled: CompiledRule) -> IntArray | None:
    """Least units that must stay, per row of StockAfterMoves; None where no bound blocks.

    The rule says `quantityAfterMovesUnits` is at least a constant, or that another integer is at
    most `quantityAfterMovesUnits`; several bounds mean the largest, a missing value means none.
    Raises StateError RULE_NOT_EVALUATED for anything else: it could not be kept by a bound.
    """
    floor = np.zeros(len(columns.instances(compiled.target)), np.int64)
    blocking = [
        _raise_floor(columns, compiled, shape, floor) for shape in _bounding(compiled.shape)
    ]
    return floor if any(blocking) else None


def _bounding(shape: Shape) -> list[Shape]:
    inner = [c.shape for c in shape.constraints if isinstance(c, Nested)]
    own = [shape] if len(inner) < len(shape.constraints) else []
    return own + [part for each in inner for part in _bounding(each)]


def check_floor(compiled: CompiledRule) -> None:
    """Raise RULE_NOT_EVALUATED where a rule about StockAfterMoves is no lower bound."""
    for shape in _bounding(compiled.shape):
        for constraint in shape.constraints:
            if not isinstance(constraint, Nested) and _kind(shape, constraint) is None:
                raise not_evaluated(
                    compiled.rule.iri,
                    f"`{component_of(constraint.word)}` of `{shape.name}`",
                    f"is no lower bound on inv:{CHOSEN}",
                )


def _kind(shape: Shape, constraint: object) -> str | None:
    names = [step.name for step in shape.path or ()]
    if isinstance(constraint, Bound) and names == [CHOSEN]:
        return "constant" if constraint.word in {"minInclusive", "minExclusive"} else None
    if isinstance(constraint, Pairing) and constraint.word in COMPARISONS and CHOSEN not in names:
        # The other side is read off the focus node: behind a nested shape that is another node.
        on_focus = constraint.other.name == CHOSEN and shape.space == "StockAfterMoves"
        return "property" if on_focus else None
    return None


def _raise_floor(columns: Columns, compiled: CompiledRule, shape: Shape, floor: IntArray) -> bool:
    if shape.severity != "Violation":
        return False
    for constraint in shape.constraints:
        if isinstance(constraint, Bound):
            strict = constraint.word == "minExclusive"
            np.maximum(floor, int(constraint.value) + strict, out=floor)
        elif isinstance(constraint, Pairing):
            rows = columns.instances(compiled.target)
            pairs = Pairs(compiled.target, rows, rows)
            for step in shape.path or ():
                pairs = columns.follow(pairs, step)
            np.maximum.at(floor, pairs.owner, pairs.code + (constraint.word == "lessThan"))
    return True
