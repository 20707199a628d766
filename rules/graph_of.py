"""Records as RDF: what the columns say, in triples, so that pySHACL can be asked the same."""

from collections.abc import Mapping

import numpy as np
from rdflib import RDF, Graph, Literal, URIRef

from ontology.axioms import INFERRED_CLASSES
from ontology.columns import Table
from ontology.terms import NAMESPACE
from ontology.vocabulary import RECORDS
from rules.columns import Columns
from rules.pairs import IntArray, Pairs
from rules.properties import XSD, is_class, properties_of

NOTHING = np.zeros(0, np.int64)


def graph_of(tables: Mapping[str, Table]) -> Graph:
    """All records of the tables: their classes, fields, shortcuts, derived and inferred properties.

    IRIs are RESOURCE + class + natural key. What is not stated, or an empty text, has no triple.
    """
    graph = _empty_graph()
    columns = Columns(tables)
    for name in sorted(RECORDS):
        # A link may say something of a node that has no record: meet all links before describing.
        for step in properties_of(name).values():
            columns.follow(Pairs(name, NOTHING, NOTHING), step)
    for name in sorted(RECORDS):
        _describe(graph, columns, name, columns.nodes(name))
    return graph


def graph_around(tables: Mapping[str, Table], name: str, rows: list[int]) -> Graph:
    """The given records of one class and everything that a path can reach from them."""
    graph = _empty_graph()
    columns = Columns(tables)
    waiting = {name: {int(code) for code in columns.instances(name)[rows]}}
    done: dict[str, set[int]] = {}
    while waiting:
        current, codes = waiting.popitem()
        fresh = codes - done.setdefault(current, set())
        done[current] |= fresh
        for space, found in _describe(graph, columns, current, np.array(sorted(fresh), np.int64)):
            waiting.setdefault(space, set()).update(found)
    return graph


def term_of(columns: Columns, space: str, code: int) -> URIRef | Literal:
    """A code as an RDF term: an IRI, or a literal of the space's datatype."""
    text = columns.text_of(space, code)
    if is_class(space):
        return URIRef(text)
    if space == "string":
        return Literal(text)
    return Literal(text, datatype=URIRef(XSD + space), normalize=False)


def _describe(
    graph: Graph, columns: Columns, name: str, codes: IntArray
) -> list[tuple[str, set[int]]]:
    """Add the triples of some nodes; give the nodes that they refer to, by class."""
    reached = []
    for class_name in (name, *INFERRED_CLASSES):
        of_class = URIRef(NAMESPACE + class_name)
        for code in codes[np.isin(codes, columns.members(class_name, name))].tolist():
            graph.add((URIRef(columns.text_of(name, code)), RDF.type, of_class))
    for step in properties_of(name).values():
        pairs = columns.follow(Pairs(name, codes, codes), step)
        for subject, value in zip(pairs.owner.tolist(), pairs.code.tolist(), strict=True):
            node = URIRef(columns.text_of(name, subject))
            graph.add((node, URIRef(step.iri), term_of(columns, step.space, value)))
        if is_class(step.space) and len(pairs):
            reached.append((step.space, set(pairs.code.tolist())))
    return reached


def _empty_graph() -> Graph:
    graph = Graph(bind_namespaces="none")
    graph.bind("inv", NAMESPACE)
    return graph
