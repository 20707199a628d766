"""What a shape of any kind reads from its focus nodes, taken from the shapes graph itself."""

from collections.abc import Iterator

from rdflib import RDF, RDFS, Graph, URIRef
from rdflib.term import Node

from rules.reading import is_true
from rules.rendering import list_members
from rules.shape_paths import HERE, SH, TYPES, Path, Step, path_at, then

TARGETS = ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf")
_PAIRS = ("equals", "disjoint", "lessThan", "lessThanOrEquals")
_SHAPES = ("node", "not", "property", "qualifiedValueShape")
_LISTS = ("and", "or", "xone")
_ON_VALUES = (
    *TARGETS, "path", "minCount", "maxCount", "datatype", "nodeKind", "minExclusive",
    "minInclusive", "maxExclusive", "maxInclusive", "minLength", "maxLength", "pattern", "flags",
    "languageIn", "uniqueLang", "hasValue", "in", "class", "closed", "ignoredProperties",
    "qualifiedMinCount", "qualifiedMaxCount", "qualifiedValueShapesDisjoint", "severity",
    "message", "deactivated", "name", "description", "order", "group", "defaultValue",
)  # fmt: skip
_MORE: dict[str, Path] = {"class": TYPES, "closed": Step(None)}
_KNOWN = {*_PAIRS, *_SHAPES, *_LISTS, *_ON_VALUES}


def targeted(shapes: Graph) -> list[Node]:
    """The shapes that have a target, implicit class targets included."""
    found = {node for word in TARGETS for node in shapes.subjects(URIRef(SH + word), None)}
    for kind in ("NodeShape", "PropertyShape"):
        for node in shapes.subjects(RDF.type, URIRef(SH + kind)):
            if (node, RDF.type, RDFS.Class) in shapes:
                found.add(node)
    return sorted(found, key=str)


def paths_read(shapes: Graph, node: Node) -> list[Path] | None:
    """All paths that a shape with a target walks from its focus nodes, those of targets included.

    None where it may read anything: a query, or a constraint component of its own. Raises
    InputError SHAPES_UNUSABLE for a path that is none.
    """
    if (None, URIRef(SH + "parameter"), None) in shapes:
        return None
    found = [*_of_targets(shapes, node), *_of_shape(shapes, node, HERE, ())]
    return None if None in found else [path for path in found if path is not None]


def places_at(shapes: Graph, node: Node) -> list[tuple[Node, Path]]:
    """The shapes that give results of their own for a shape: itself, and those nested in it.

    Each with the path from the focus nodes of the shape to its own.
    """
    return list(_places(shapes, node, HERE, ()))


def _places(
    shapes: Graph, node: Node, before: Path, above: tuple[Node, ...]
) -> Iterator[tuple[Node, Path]]:
    if node in above:
        return
    yield node, before
    path = _onward(shapes, node, before)
    for nested in shapes.objects(node, URIRef(SH + "property")):
        yield from _places(shapes, nested, path, (*above, node))


def _of_targets(shapes: Graph, node: Node) -> Iterator[Path]:
    if (node, URIRef(SH + "targetClass"), None) in shapes or (node, RDF.type, None) in shapes:
        yield TYPES
    for predicate in shapes.objects(node, URIRef(SH + "targetSubjectsOf")):
        yield Step(URIRef(str(predicate)))
    for predicate in shapes.objects(node, URIRef(SH + "targetObjectsOf")):
        yield Step(URIRef(str(predicate)), back=True)


def _of_shape(
    shapes: Graph, node: Node, before: Path, above: tuple[Node, ...]
) -> Iterator[Path | None]:
    if node in above:
        yield None  # a shape that refers to itself: what evaluates it says what is wrong
        return
    path = _onward(shapes, node, before)
    yield path
    for predicate, value in shapes.predicate_objects(node):
        word = str(predicate).removeprefix(SH)
        if not str(predicate).startswith(SH):
            continue
        if word not in _KNOWN:
            yield None
        elif word in _PAIRS:
            yield then(before, Step(URIRef(str(value))))
        elif word in _MORE:
            yield then(path, _MORE[word])
        else:
            for inner in _inner(shapes, node, word, value):
                yield from _of_shape(shapes, inner, path, (*above, node))


def _onward(shapes: Graph, node: Node, before: Path) -> Path:
    own = shapes.value(node, URIRef(SH + "path"))
    return before if own is None else then(before, path_at(shapes, own))


def _inner(shapes: Graph, node: Node, word: str, value: Node) -> Iterator[Node]:
    """The shapes that a word of a shape has its values held to."""
    if word in _SHAPES:
        yield value
    elif word in _LISTS:
        yield from list_members(shapes, value) or ()
    elif word == "qualifiedValueShapesDisjoint" and is_true(value):
        yield from _siblings(shapes, node)


def _siblings(shapes: Graph, node: Node) -> Iterator[Node]:
    """The value shapes of the other property shapes beside one."""
    for parent in shapes.subjects(URIRef(SH + "property"), node):
        for other in shapes.objects(parent, URIRef(SH + "property")):
            yield from shapes.objects(other, URIRef(SH + "qualifiedValueShape"))
