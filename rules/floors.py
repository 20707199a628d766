"""Rules about the stock that stays: lower bounds on what a plan has not chosen yet."""

from dataclasses import dataclass, replace

import numpy as np

from ontology.columns import MISSING
from rules.columns import Columns
from rules.evaluate import conforms
from rules.pairs import IntArray, Pairs
from rules.shapes import (
    COMPARISONS,
    Bound,
    CompiledRule,
    Constraint,
    Logic,
    Nested,
    Pairing,
    Shape,
    component_of,
    not_evaluated,
)


@dataclass(frozen=True, slots=True)
class _Measure:
    """A quantity of the plan's choice: floor(units after moves x `divisor` / `basis`)."""

    basis: str
    divisor: int


CHOSEN = {
    "quantityAfterMovesUnits": _Measure("", 1),
    "keptPercent": _Measure("opening_units", 100),
    "coverDays": _Measure("mean_per_day_millionths", 1_000_000),
}
"""What a rule may bound from below; a row without the basis, or with none of it, has no floor."""
MOST_UNITS = 2**62


def floors_of(columns: Columns, compiled: CompiledRule) -> IntArray | None:
    """Least units that must stay, per row of StockAfterMoves; None where no bound blocks.

    The rule says that one of CHOSEN is at least a constant, or that another integer is at most
    that; several bounds mean the largest, a missing value means none. An `sh:or` of one such
    bound and of other shapes asks nothing of the rows that conform to one of the others.
    Raises InputError RULE_NOT_EVALUATED for anything else: it could not be kept by a bound.
    """
    floor = np.zeros(len(columns.instances(compiled.target)), np.int64)
    found = _raised(columns, compiled, compiled.shape, floor)
    return floor if found else None


def check_floor(compiled: CompiledRule) -> None:
    """Raise RULE_NOT_EVALUATED where a rule about StockAfterMoves is no lower bound."""
    _check(compiled, compiled.shape)


def _check(compiled: CompiledRule, shape: Shape) -> None:
    for constraint in shape.constraints:
        if isinstance(constraint, Nested):
            _check(compiled, constraint.shape)
        elif isinstance(constraint, Logic) and constraint.word == "or" and not shape.path:
            _check_or(compiled, shape, constraint)
        elif not _bounded(shape, constraint):
            raise _no_bound(compiled, shape, constraint)


def _check_or(compiled: CompiledRule, shape: Shape, either: Logic) -> None:
    bounding = [member for member in either.shapes if _speaks_of(member)]
    if len(bounding) != 1 or shape.space != "StockAfterMoves":
        raise _no_bound(compiled, shape, either)
    # INVARIANT: a condition must be known before the plan is; the quantity is not.
    _check(compiled, bounding[0])


def _no_bound(compiled: CompiledRule, shape: Shape, constraint: Constraint) -> Exception:
    return not_evaluated(
        compiled.rule.iri,
        f"`{component_of(constraint.word)}` of `{shape.name}`",
        f"is no lower bound on one of {', '.join('inv:' + name for name in CHOSEN)}",
    )


def _speaks_of(shape: Shape) -> bool:
    """Whether a shape looks at a quantity of the plan's choice, at any depth."""
    if any(step.name in CHOSEN for step in shape.path or ()):
        return True
    for constraint in shape.constraints:
        if isinstance(constraint, Pairing) and constraint.other.name in CHOSEN:
            return True
        inner = constraint.shapes if isinstance(constraint, Logic) else ()
        inner = (constraint.shape,) if isinstance(constraint, Nested) else inner
        if any(map(_speaks_of, inner)):
            return True
    return False


def _bounded(shape: Shape, constraint: Constraint) -> str | None:
    """The chosen quantity that a constraint bounds from below, if it does."""
    names = [step.name for step in shape.path or ()]
    if isinstance(constraint, Bound) and len(names) == 1 and names[0] in CHOSEN:
        return names[0] if constraint.word in {"minInclusive", "minExclusive"} else None
    if isinstance(constraint, Pairing) and constraint.word in COMPARISONS:
        # The other side is read off the focus node: behind a nested shape that is another node.
        on_focus = constraint.other.name in CHOSEN and shape.space == "StockAfterMoves"
        return constraint.other.name if on_focus and not CHOSEN.keys() & set(names) else None
    return None


def _raised(columns: Columns, compiled: CompiledRule, shape: Shape, floor: IntArray) -> bool:
    """Raise the floor by every bound of a shape; whether one of them blocks."""
    found = False
    for constraint in shape.constraints:
        if isinstance(constraint, Nested):
            found |= _raised(columns, compiled, constraint.shape, floor)
        elif shape.severity != "Violation":
            continue
        elif isinstance(constraint, Logic):
            found |= _raised_unless(columns, compiled, constraint, floor)
        else:
            np.maximum(floor, _units(columns, compiled, shape, constraint), out=floor)
            found = True
    return found


def _raised_unless(
    columns: Columns, compiled: CompiledRule, either: Logic, floor: IntArray
) -> bool:
    rows = columns.instances(compiled.target)
    exempt = np.zeros(len(rows), np.bool_)
    wanted = np.zeros(len(rows), np.int64)
    for member in either.shapes:
        if _speaks_of(member):
            _raised(columns, compiled, _as_violation(member), wanted)
        else:
            exempt |= conforms(columns, member, compiled.target, rows)
    np.maximum(floor, np.where(exempt, 0, wanted), out=floor)
    return True


def _as_violation(member: Shape) -> Shape:
    """An alternative counts whatever its own severity: that of the whole decides."""
    constraints = tuple(
        replace(c, shape=_as_violation(c.shape)) if isinstance(c, Nested) else c
        for c in member.constraints
    )
    return replace(member, severity="Violation", constraints=constraints)


def _units(
    columns: Columns, compiled: CompiledRule, shape: Shape, constraint: Constraint
) -> IntArray:
    """Per row the units that a bound asks for; 0 where it asks for none."""
    rows = columns.instances(compiled.target)
    measure = CHOSEN[_bounded(shape, constraint) or ""]
    strict = constraint.word in {"minExclusive", "lessThan"}
    if isinstance(constraint, Bound):
        least = [int(constraint.value) + strict] * len(rows)
    else:
        pairs = Pairs(compiled.target, rows, rows)
        for step in shape.path or ():
            pairs = columns.follow(pairs, step)
        highest = np.full(len(rows), MISSING, np.int64)
        np.maximum.at(highest, pairs.owner, pairs.code)
        least = [0 if value == MISSING else value + strict for value in highest.tolist()]
    if measure.basis:
        basis = columns.table(compiled.target)[measure.basis].tolist()
        # INVARIANT: rounded up, for the quantity itself is rounded down; in Python's integers.
        least = [_share(n, part, measure.divisor) for n, part in zip(least, basis, strict=True)]
    return np.array([min(max(n, 0), MOST_UNITS) for n in least], np.int64)


def _share(least: int, basis: int, divisor: int) -> int:
    return -(-max(least, 0) * basis // divisor) if basis > 0 else 0
