"""What a shape has to be told: the fields of records that its paths read."""

from collections.abc import Iterator
from functools import cache

from rules.properties import Field, Keyed, Link, Property, Sum, Through, Walk, properties_of
from rules.shapes import Logic, Nested, OfClass, Pairing, Shape

Need = tuple[str, str]
"""A class and one of its fields; of an empty field, any record of the class."""


@cache
def needs(shape: Shape) -> frozenset[Need]:
    """The fields that can change a result of the shape, those of the focus nodes among them."""
    return frozenset(_needs(shape))


def _needs(shape: Shape) -> Iterator[Need]:
    for step in shape.path or ():
        yield from _of_step(step)
    for constraint in shape.constraints:
        if isinstance(constraint, Pairing):
            yield from _of_step(constraint.other)
        elif isinstance(constraint, OfClass):
            yield constraint.name, ""
        elif isinstance(constraint, Nested):
            yield from needs(constraint.shape)
        elif isinstance(constraint, Logic):
            for inner in constraint.shapes:
                yield from needs(inner)


def _of_step(step: Property) -> Iterator[Need]:
    source = step.source
    if isinstance(source, Field):
        yield step.subject, source.kind.name
    elif isinstance(source, Sum):
        yield from ((step.subject, name) for name in (*source.fields, *source.minus))
    elif isinstance(source, Link):
        yield source.link, source.value
    elif isinstance(source, Through):
        yield from _of_walk(step.subject, (source.reference, source.value))
    elif isinstance(source, Keyed):
        for match in source.matches:
            yield from _of_walk(step.space, match.field)
            for walk in match.of:
                yield from _of_walk(step.subject, walk)


def _of_walk(subject: str, walk: Walk) -> Iterator[Need]:
    for name in walk:
        step = properties_of(subject)[name]
        yield from _of_step(step)
        subject = step.space
