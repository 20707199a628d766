"""SHACL property paths as trees: walked over triples either way, and taken apart into reads."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from rdflib import RDF, RDFS, Graph, URIRef
from rdflib.term import Node

from ontology.errors import InputError
from rules.rendering import DEEPEST, list_members

SH = "http://www.w3.org/ns/shacl#"
Triple = tuple[Node, Node, Node]


class Triples(Protocol):
    """What can be asked of data: an rdflib graph can, and so can facts in columns."""

    def objects(self, subject: Node, predicate: Node | None) -> Iterable[Node]:
        """The values of a node's property."""

    def subjects(self, predicate: Node, object: Node) -> Iterable[Node]:  # noqa: A002
        """The nodes that have a value of a property."""

    def predicate_objects(self, subject: Node) -> Iterable[tuple[Node, Node]]:
        """All properties of a node, with their values."""


@dataclass(frozen=True, slots=True)
class Step:
    """One predicate, walked forward or `back`; `predicate` None stands for any one."""

    predicate: URIRef | None
    back: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    """One path after the other; of none, the node itself."""

    parts: tuple["Path", ...] = ()


@dataclass(frozen=True, slots=True)
class Either:
    """Any of several paths."""

    parts: tuple["Path", ...]


@dataclass(frozen=True, slots=True)
class Repeated:
    """A path any number of times, none included."""

    part: "Path"


Path = Step | Sequence | Either | Repeated
HERE = Sequence()
TYPES = Sequence((Step(RDF.type), Repeated(Step(RDFS.subClassOf))))
"""From a node to all classes that it is an instance of."""


def then(first: Path, second: Path) -> Path:
    """One path after another."""
    parts = (*_parts(first), *_parts(second))
    return parts[0] if len(parts) == 1 else Sequence(parts)


def reverse(path: Path) -> Path:
    """The same path from its end to its start."""
    if isinstance(path, Step):
        return Step(path.predicate, not path.back)
    if isinstance(path, Sequence):
        return Sequence(tuple(reverse(part) for part in reversed(path.parts)))
    if isinstance(path, Either):
        return Either(tuple(reverse(part) for part in path.parts))
    return Repeated(reverse(path.part))


def path_at(shapes: Graph, node: Node, depth: int = 0) -> Path:
    """The path that stands at a node of a shapes graph. Raises InputError SHAPES_UNUSABLE."""
    if isinstance(node, URIRef):
        return Step(node)
    members = list_members(shapes, node) if (node, RDF.first, None) in shapes else None
    if depth > DEEPEST:
        raise _unusable("a path is nested too deeply")
    if members:
        return Sequence(tuple(path_at(shapes, member, depth + 1) for member in members))
    for word, value in shapes.predicate_objects(node):
        kind = str(word).removeprefix(SH)
        if kind == "alternativePath":
            parts = list_members(shapes, value) or []
            return Either(tuple(path_at(shapes, part, depth + 1) for part in parts))
        if kind in _KINDS:
            inner = path_at(shapes, value, depth + 1)
            return _made(kind, inner)
    raise _unusable("a path is none of SHACL's")


def walked(path: Path, nodes: Iterable[Node], data: Triples, met: set[Triple]) -> set[Node]:
    """The nodes that a path leads to; every triple on the way is added to `met`."""
    found = set(nodes)
    if isinstance(path, Step):
        return set(_stepped(path, found, data, met))
    if isinstance(path, Sequence):
        for part in path.parts:
            found = walked(part, found, data, met)
        return found
    if isinstance(path, Either):
        return {node for part in path.parts for node in walked(part, found, data, met)}
    fresh = set(found)
    while fresh:
        fresh = walked(path.part, fresh, data, met) - found
        found |= fresh
    return found


def reads_of(path: Path, before: Path = HERE) -> Iterator[tuple[Path, Step]]:
    """Every single step of a path, with the way from the start to where it is taken."""
    if isinstance(path, Step):
        yield before, path
    elif isinstance(path, Sequence):
        for part in path.parts:
            yield from reads_of(part, before)
            before = then(before, part)
    elif isinstance(path, Either):
        for part in path.parts:
            yield from reads_of(part, before)
    else:
        yield from reads_of(path.part, then(before, path))


_KINDS = ("inversePath", "zeroOrMorePath", "oneOrMorePath", "zeroOrOnePath")


def _made(kind: str, inner: Path) -> Path:
    if kind == "inversePath":
        return reverse(inner)
    if kind == "zeroOrOnePath":
        return Either((HERE, inner))
    return Repeated(inner) if kind == "zeroOrMorePath" else then(inner, Repeated(inner))


def _parts(path: Path) -> tuple[Path, ...]:
    return path.parts if isinstance(path, Sequence) else (path,)


def _stepped(step: Step, nodes: set[Node], data: Triples, met: set[Triple]) -> Iterator[Node]:
    for node in nodes:
        if step.predicate is None:
            for predicate, value in data.predicate_objects(node):
                met.add((node, predicate, value))
                yield value
        elif step.back:
            for subject in data.subjects(step.predicate, node):
                met.add((subject, step.predicate, node))
                yield subject
        else:
            for value in data.objects(node, step.predicate):
                met.add((node, step.predicate, value))
                yield value


def _unusable(what: str) -> InputError:
    return InputError(what, hint="correct the path", code="SHAPES_UNUSABLE")
