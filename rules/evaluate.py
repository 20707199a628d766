"""Evaluation of compiled shapes over columns: the results that SHACL defines, as arrays."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rules.columns import Columns
from rules.pairs import IntArray, Pairs, within
from rules.properties import Property
from rules.shapes import (
    Bound,
    Constraint,
    Count,
    Fixed,
    Logic,
    Members,
    Nested,
    OfClass,
    Pairing,
    Pattern,
    Shape,
    component_of,
)

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Focus:
    """Focus nodes of one space; `root[i]` says from which node of the question entry i came."""

    space: str
    code: IntArray
    root: IntArray


@dataclass(frozen=True, slots=True)
class Batch:
    """Validation results of one constraint of one shape, one per entry, none of them doubled.

    `focus` is a code in the shape's space, `value` in its space of values; a component that
    reports no value has None.
    """

    shape: Shape
    component: str
    root: IntArray
    focus: IntArray
    value: IntArray | None


def results(columns: Columns, shape: Shape, focus: Focus) -> Iterator[Batch]:
    """All validation results of a shape for the focus nodes (SHACL 3.4), as batches."""
    if not shape.constraints or not len(focus.code):
        return
    if shape.path and all(c.word == "disjoint" for c in shape.constraints):
        yield from _meetings(columns, shape, focus)
        return
    values = _values(columns, shape, focus)
    for constraint in shape.constraints:
        if isinstance(constraint, Nested):
            inner = Focus(values.space, values.code, focus.root[values.owner])
            yield from results(columns, constraint.shape, inner)
            continue
        entries, found = _failing(columns, constraint, focus, values)
        if len(entries):
            yield Batch(
                shape,
                component_of(constraint.word),
                focus.root[entries],
                focus.code[entries],
                found,
            )


def conforms(columns: Columns, shape: Shape, space: str, code: IntArray) -> Mask:
    """Per node, whether the shape has no result for it, of whatever severity."""
    nodes, back = np.unique(code, return_inverse=True)
    mask = np.ones(len(nodes), np.bool_)
    for batch in results(columns, shape, Focus(space, nodes, np.arange(len(nodes)))):
        mask[batch.root] = False
    return mask[back]


def _values(columns: Columns, shape: Shape, focus: Focus) -> Pairs:
    return _walked(columns, focus, shape.path or ())


def _walked(columns: Columns, focus: Focus, path: tuple[Property, ...]) -> Pairs:
    pairs = Pairs(focus.space, np.arange(len(focus.code)), focus.code)
    for step in path:
        pairs = columns.follow(pairs, step)
    return pairs


def _meetings(columns: Columns, shape: Shape, focus: Focus) -> Iterator[Batch]:
    path = shape.path or ()
    reached = _walked(columns, focus, path[:-1])
    for constraint in shape.constraints:
        if isinstance(constraint, Pairing):
            others = _walked(columns, focus, (constraint.other,))
            wrong = columns.joined(reached, others, path[-1])
            if len(wrong):
                component = component_of(constraint.word)
                root, code = focus.root[wrong.owner], focus.code[wrong.owner]
                yield Batch(shape, component, root, code, wrong.code)


def _failing(
    columns: Columns, constraint: Constraint, focus: Focus, values: Pairs
) -> tuple[IntArray, IntArray | None]:
    if isinstance(constraint, Count):
        return _miscounted(constraint, np.bincount(values.owner, minlength=len(focus.code))), None
    if isinstance(constraint, Members) and constraint.word == "hasValue":
        wanted = columns.code_of(values.space, constraint.values[0])
        has = np.zeros(len(focus.code), np.bool_)
        has[values.owner[values.code == wanted]] = True
        return np.flatnonzero(~has), None
    if isinstance(constraint, Pairing):
        own = Pairs(focus.space, np.arange(len(focus.code)), focus.code)
        wrong = _unpaired(constraint.word, values, columns.follow(own, constraint.other))
    else:
        wrong = values.take(~_good(columns, constraint, values))
    return wrong.owner, wrong.code


def _miscounted(constraint: Count, counts: IntArray) -> IntArray:
    if constraint.word == "minCount":
        return np.flatnonzero(counts < constraint.count)
    return np.flatnonzero(counts > constraint.count)


def _good(columns: Columns, constraint: Constraint, values: Pairs) -> Mask:
    """Per value, whether it satisfies a constraint that looks at each value alone."""
    if isinstance(constraint, Members):
        allowed = [columns.code_of(values.space, value) for value in constraint.values]
        return np.isin(values.code, np.array(allowed, np.int64))
    if isinstance(constraint, Bound):
        return _inside(
            constraint.word, values.code, columns.code_of(values.space, constraint.value)
        )
    if isinstance(constraint, Fixed):
        return np.full(len(values), constraint.holds)
    if isinstance(constraint, OfClass):
        return np.isin(values.code, columns.members(constraint.name, values.space))
    if isinstance(constraint, Pattern):
        codes, back = np.unique(values.code, return_inverse=True)
        texts = (columns.text_of(values.space, int(code)) for code in codes)
        return np.array([bool(constraint.regex.search(t)) for t in texts], np.bool_)[back]
    if isinstance(constraint, Logic):
        return _logical(columns, constraint, values)
    raise TypeError(f"{constraint} has no rule of evaluation")


def _inside(word: str, code: IntArray, limit: int) -> Mask:
    bound = np.int64(limit)
    if word == "minInclusive":
        return code >= bound
    if word == "maxInclusive":
        return code <= bound
    return code > bound if word == "minExclusive" else code < bound


def _logical(columns: Columns, constraint: Logic, values: Pairs) -> Mask:
    holding = np.zeros(len(values), np.int64)
    for shape in constraint.shapes:
        holding += conforms(columns, shape, values.space, values.code)
    if constraint.word == "or":
        return holding > np.int64(0)
    wanted = {"not": 0, "xone": 1}.get(constraint.word, len(constraint.shapes))
    held: Mask = holding == np.int64(wanted)
    return held


def _unpaired(word: str, values: Pairs, others: Pairs) -> Pairs:
    if word == "disjoint":
        return values.take(within(values, others))
    if word == "equals":
        missing = values.take(~within(values, others))
        extra = others.take(~within(others, values))
        return Pairs(
            values.space,
            np.concatenate([missing.owner, extra.owner]),
            np.concatenate([missing.code, extra.code]),
        )
    # Every pair must hold, so a value fails exactly if it fails against the least other value;
    # pairs ascend, so that is the first of its owner.
    at = np.searchsorted(others.owner, values.owner)
    there = at < len(others)
    there[there] = others.owner[at[there]] == values.owner[there]
    least = others.code[at[there]]
    mine = values.code[there]
    wrong = np.zeros(len(values), np.bool_)
    wrong[there] = mine >= least if word == "lessThan" else mine > least
    return values.take(wrong)
