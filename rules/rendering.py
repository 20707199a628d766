"""Terms as text: IRIs in full, paths as SPARQL writes them, blank nodes by what surrounds them."""

import hashlib
from collections.abc import Iterator

from rdflib import RDF, BNode, Graph, Literal, URIRef
from rdflib.term import Node

from ontology.errors import InputError

SH = "http://www.w3.org/ns/shacl#"
XSD_STRING = "http://www.w3.org/2001/XMLSchema#string"
DEEPEST = 60
"""Nesting beyond which a blank node's surroundings, or a path, are not followed."""
MOST_STEPS = 20_000
"""Steps that one label may take: a graph made to branch without end costs no more."""

_INVERSE = URIRef(SH + "inversePath")
_ALTERNATIVE = URIRef(SH + "alternativePath")
_REPEATED: dict[Node, str] = {
    URIRef(SH + "zeroOrMorePath"): "*",
    URIRef(SH + "oneOrMorePath"): "+",
    URIRef(SH + "zeroOrOnePath"): "?",
}


class Labels:
    """Stable labels for the blank nodes of one or more graphs.

    A label is a hash of what hangs below the node and of the ways that lead to it, so it does not
    depend on the parser, the order of the file or the process. Nodes that nothing tells apart are
    numbered `-2`, `-3`, ...
    """

    def __init__(self, *graphs: Graph) -> None:
        self._graphs = graphs
        self._labels: dict[BNode, str] = {}
        self._taken: set[str] = set()

    def text(self, node: Node | None) -> str:
        """An IRI in full, a literal's characters, a blank node's label; empty for no node."""
        if node is None:
            return ""
        return self._label(node) if isinstance(node, BNode) else str(node)

    def _label(self, node: BNode) -> str:
        if node not in self._labels:
            left = iter(range(MOST_STEPS))
            parts = [
                part
                for graph in self._graphs
                if (node, None, None) in graph or (None, None, node) in graph
                for part in (_below(graph, node, (), left), *_ways_to(graph, node, 0, left))
            ]
            stem = "_:" + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
            label, number = stem, 1
            while label in self._taken:
                number += 1
                label = f"{stem}-{number}"
            self._taken.add(label)
            self._labels[node] = label
        return self._labels[node]


def path_text(graph: Graph, path: Node | None) -> str:
    """A predicate path as its bare IRI, any other path as SPARQL 1.1 writes it, empty for none."""
    if path is None:
        return ""
    return str(path) if isinstance(path, URIRef) else _path(graph, path, 0)


def list_members(graph: Graph, head: Node) -> list[Node] | None:
    """The members of a well-formed RDF list, or None where it is not one."""
    members: list[Node] = []
    seen: set[Node] = set()
    while head != RDF.nil:
        first, rest = list(graph.objects(head, RDF.first)), list(graph.objects(head, RDF.rest))
        if len(first) != 1 or len(rest) != 1 or head in seen:
            return None
        seen.add(head)
        members.append(first[0])
        head = rest[0]
    return members


def _path(graph: Graph, path: Node, depth: int) -> str:
    if isinstance(path, URIRef):
        return f"<{path}>"
    if depth > DEEPEST:
        raise InputError("a path of the shapes is nested too deeply", code="RDF_DEPTH")
    if (path, RDF.first, None) in graph:
        return "/".join(_step(graph, member, depth) for member in list_members(graph, path) or ())
    for predicate, value in graph.predicate_objects(path):
        if predicate == _INVERSE:
            return "^" + _step(graph, value, depth)
        if predicate == _ALTERNATIVE:
            members = list_members(graph, value) or ()
            return "|".join(_step(graph, member, depth) for member in members)
        if predicate in _REPEATED:
            return _step(graph, value, depth) + _REPEATED[predicate]
    return ""


def _step(graph: Graph, path: Node, depth: int) -> str:
    text = _path(graph, path, depth + 1)
    return text if isinstance(path, URIRef) else f"({text})"


def _below(graph: Graph, node: Node, above: tuple[Node, ...], left: Iterator[int]) -> str:
    if isinstance(node, Literal):
        return f'"{node}"@{node.language}^^{node.datatype}'
    if isinstance(node, URIRef):
        return f"<{node}>"
    if node in above:
        return f"*{len(above) - above.index(node)}"
    if len(above) > DEEPEST or next(left, None) is None:
        return "..."
    inner = (*above, node)
    if (node, RDF.first, None) in graph:
        members = list_members(graph, node)
        if members is not None:
            return "(" + " ".join(_below(graph, member, inner, left) for member in members) + ")"
    pairs = sorted(
        f"<{predicate}> {_below(graph, value, inner, left)}"
        for predicate, value in graph.predicate_objects(node)
    )
    return "[" + ";".join(pairs) + "]"


def _ways_to(graph: Graph, node: Node, depth: int, left: Iterator[int]) -> Iterator[str]:
    ways = []
    for subject, predicate in graph.subject_predicates(node):
        if not isinstance(subject, BNode):
            ways.append(f"<{subject}> <{predicate}>")
        elif depth < DEEPEST and next(left, None) is not None:
            above = _ways_to(graph, subject, depth + 1, left)
            ways.extend(f"{way} <{predicate}>" for way in above)
    yield from sorted(ways)
