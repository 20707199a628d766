"""What is inferred and what a rule reads of it when it looks at a row."""

from collections.abc import Iterator

import numpy as np

from ontology.axioms import INFERRED_CLASSES, TYPE
from ontology.terms import RESOURCE
from reasoning.statements import Statement
from rules.columns import Columns
from rules.pairs import IntArray, Pairs
from rules.properties import Entailed, Property, is_class
from rules.shapes import CompiledRule, Logic, Nested, OfClass, Pairing, Shape


def reads_inferred(shape: Shape) -> bool:
    """Whether any part of a shape names a word that is inferred."""
    if any(isinstance(step.source, Entailed) for step in shape.path or ()):
        return True
    return any(_names_inferred(constraint) for constraint in shape.constraints)


def statements_read(columns: Columns, compiled: CompiledRule, row: int) -> list[Statement]:
    """The inferred statements on the paths of a rule from one row of its view, sorted.

    Those that are there to be read, whether or not the verdict hangs on them.
    """
    codes = columns.instances(compiled.target)[row : row + 1]
    return sorted(set(_read(columns, compiled.shape, compiled.target, codes)))


def _names_inferred(constraint: object) -> bool:
    if isinstance(constraint, Pairing):
        return isinstance(constraint.other.source, Entailed)
    if isinstance(constraint, OfClass):
        return constraint.name in INFERRED_CLASSES
    if isinstance(constraint, Nested):
        return reads_inferred(constraint.shape)
    return isinstance(constraint, Logic) and any(map(reads_inferred, constraint.shapes))


def _read(columns: Columns, shape: Shape, space: str, codes: IntArray) -> Iterator[Statement]:
    values = codes
    for step in shape.path or ():
        pairs = columns.follow(Pairs(step.subject, values, values), step)
        yield from _stated(columns, pairs, step)
        values, space = np.unique(pairs.code), step.space
    for constraint in shape.constraints:
        if isinstance(constraint, Pairing):
            own = Pairs(constraint.other.subject, codes, codes)
            yield from _stated(columns, columns.follow(own, constraint.other), constraint.other)
        elif isinstance(constraint, OfClass):
            yield from _members(columns, constraint.name, space, values)
        elif isinstance(constraint, Nested):
            yield from _read(columns, constraint.shape, space, values)
        elif isinstance(constraint, Logic):
            for inner in constraint.shapes:
                yield from _read(columns, inner, space, values)


def _stated(columns: Columns, pairs: Pairs, step: Property) -> Iterator[Statement]:
    if isinstance(step.source, Entailed):
        for subject, value in zip(pairs.owner.tolist(), pairs.code.tolist(), strict=True):
            yield Statement(_named(columns, step.subject, subject), step.name,
                            _named(columns, step.space, value))  # fmt: skip


def _members(
    columns: Columns, name: str, space: str, codes: IntArray
) -> Iterator[Statement]:  # fmt: skip
    if name in INFERRED_CLASSES and is_class(space):
        for code in codes[np.isin(codes, columns.members(name, space))].tolist():
            yield Statement(_named(columns, space, code), TYPE, name)


def _named(columns: Columns, space: str, code: int) -> str:
    return columns.text_of(space, code).removeprefix(RESOURCE)
