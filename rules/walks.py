"""Which ways a shape walks from its focus nodes, and what it reads at the end of each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

from rules.properties import Keyed, Property, Through, Walk, properties_of
from rules.shapes import Logic, Members, Nested, OfClass, Pairing, Shape

Path = tuple[Property, ...]


@dataclass(slots=True)
class Walks:
    """Per property that is walked from nodes of a class, what is walked on from its values.

    `needs_record` says whether a result depends on these nodes having a record at all.
    """

    onward: dict[Property, "Walks"] = field(default_factory=dict)
    needs_record: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A shape that gives results of its own, and the path from the rule's focus nodes to its."""

    shape: str
    space: str
    path: Path


def walks_of(shapes: Iterable[Shape]) -> Walks:
    """All that shapes walk from focus nodes of one class, each way once.

    A property that is read off another record, or found by several fields, is walked as the
    properties that it consists of, so every step reads one record or the rows of one link.
    """
    found = Walks()
    for shape in shapes:
        for path, needs_record in _of_shape(shape, ()):
            _add(found, stepwise(path), needs_record=needs_record)
            for aside in _beside(path):
                _add(found, aside, needs_record=False)
    return found


@cache
def places_of(shape: Shape) -> tuple[Place, ...]:
    """Where a shape, and those nested in it, have their focus nodes."""
    return tuple(_places(shape, ()))


@cache
def stepwise(path: Path) -> Path:
    """The path with both steps of each property that is read off another record."""
    found: list[Property] = []
    for step in path:
        if isinstance(step.source, Through):
            found += _walked(step.subject, (step.source.reference, step.source.value))
        else:
            found.append(step)
    return tuple(found)


def _places(shape: Shape, before: Path) -> Iterator[Place]:
    yield Place(shape.name, shape.space, stepwise(before))
    path = before + (shape.path or ())
    for constraint in shape.constraints:
        if isinstance(constraint, Nested):
            yield from _places(constraint.shape, path)


def _of_shape(shape: Shape, before: Path) -> Iterator[tuple[Path, bool]]:
    path = before + (shape.path or ())
    yield path, any(isinstance(one, OfClass | Members) for one in shape.constraints)
    for constraint in shape.constraints:
        if isinstance(constraint, Pairing):
            yield (*before, constraint.other), False
        elif isinstance(constraint, Nested):
            yield from _of_shape(constraint.shape, path)
        elif isinstance(constraint, Logic):
            for inner in constraint.shapes:
                yield from _of_shape(inner, path)


def _beside(path: Path) -> Iterator[Path]:
    """What is read to find records by several fields: ways from the node, ways from the records."""
    for number, step in enumerate(path):
        if isinstance(step.source, Keyed):
            before = stepwise(path[:number])
            for match in step.source.matches:
                yield (*before, step, *_walked(step.space, match.field))
                for walk in match.of:
                    yield (*before, *_walked(step.subject, walk))


def _walked(subject: str, walk: Walk) -> Path:
    found: list[Property] = []
    for name in walk:
        found.append(properties_of(subject)[name])
        subject = found[-1].space
    return stepwise(tuple(found))


def _add(walks: Walks, path: Path, *, needs_record: bool) -> None:
    for step in path:
        walks = walks.onward.setdefault(step, Walks())
    walks.needs_record |= needs_record
