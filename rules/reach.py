"""What a shape looks at beside the records that it judges, by class."""

from collections.abc import Iterator
from functools import cache

from ontology.axioms import INFERRED_CLASSES
from reasoning.inferences import ENTAILMENT
from reasoning.stated import classes_read
from rules.properties import (
    Entailed,
    Field,
    Keyed,
    Link,
    Property,
    Sum,
    Through,
    Walk,
    is_class,
    properties_of,
)
from rules.shapes import Logic, Members, Nested, OfClass, Pairing, Shape


@cache
def reads(shape: Shape, *, of_focus: bool = True) -> frozenset[str]:
    """The classes whose records can change a result, apart from the focus node's own record.

    `of_focus` says whether the shape's focus nodes are those of the question.
    """
    return frozenset(_reads(shape, of_focus=of_focus))


@cache
def judges(shape: Shape) -> frozenset[str]:
    """The classes of which a result of the shape can have its focus node."""
    found = {shape.space}
    for constraint in shape.constraints:
        if isinstance(constraint, Nested):
            found |= judges(constraint.shape)
    return frozenset(found)


def read_for(class_name: str) -> frozenset[str]:
    """The classes whose records decide who is of a class."""
    if class_name in INFERRED_CLASSES:
        return classes_read({class_name}, ENTAILMENT)
    return frozenset({class_name})


def _reads(shape: Shape, *, of_focus: bool) -> Iterator[str]:
    own = of_focus
    for step in shape.path or ():
        yield from _of_step(step, own=own)
        own = False
    for constraint in shape.constraints:
        if isinstance(constraint, Pairing):
            yield from _of_step(constraint.other, own=of_focus)
        elif isinstance(constraint, OfClass):
            yield from read_for(constraint.name)
        elif isinstance(constraint, Members) and is_class(shape.values):
            yield shape.values
        elif isinstance(constraint, Nested):
            yield from reads(constraint.shape, of_focus=own)
        elif isinstance(constraint, Logic):
            for inner in constraint.shapes:
                yield from reads(inner, of_focus=own)


def _of_step(step: Property, *, own: bool) -> Iterator[str]:
    source = step.source
    if not own and isinstance(source, Field | Sum | Through):
        yield step.subject
    if isinstance(source, Link):
        yield source.link
    elif isinstance(source, Entailed):
        yield from source.reads
    elif isinstance(source, Through):
        yield from _of_walk(step.subject, (source.reference, source.value), own=own)
    elif isinstance(source, Keyed):
        yield step.space
        for match in source.matches:
            yield from _of_walk(step.space, match.field, own=False)
            for walk in match.of:
                yield from _of_walk(step.subject, walk, own=own)


def _of_walk(subject: str, walk: Walk, *, own: bool) -> Iterator[str]:
    for name in walk:
        step = properties_of(subject)[name]
        yield from _of_step(step, own=own)
        subject, own = step.space, False
