"""The vocabulary as a set of plain statements, read from the Turtle and from the dataclasses."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from rdflib import OWL, RDF, RDFS, XSD, BNode, Graph, Namespace, URIRef
from rdflib.collection import Collection

from ontology.terms import NAMESPACE, FieldKind, field_kinds, local_name
from ontology.vocabulary import Shortcut

INV = Namespace(NAMESPACE)
SCHEMA = Namespace("https://schema.org/")
DATATYPES = {
    str: XSD.string,
    int: XSD.integer,
    bool: XSD.boolean,
    date: XSD.date,
    datetime: XSD.dateTime,
}
HOW_MANY = {OWL.cardinality: "1", OWL.maxCardinality: "0..1", OWL.minCardinality: "0..*"}
Statements = set[tuple[str, ...]]


def local(node: Any) -> str:
    """A word of the vocabulary without its namespace; another IRI whole."""
    return str(node).removeprefix(NAMESPACE)


def properties_of(graph: Graph) -> set[Any]:
    """Every property that the Turtle declares for data."""
    return {*graph.subjects(RDF.type, OWL.DatatypeProperty),
            *graph.subjects(RDF.type, OWL.ObjectProperty)}  # fmt: skip


def is_inferred(graph: Graph, word: Any) -> bool:
    """Whether nothing is ever loaded under a word: its statements follow from others."""
    return "inferred" in map(str, graph.objects(word, INV.standing))


def said_by_turtle(graph: Graph) -> Statements:
    """What the Turtle says of classes, keys, fields, ranges, standings and shortcuts."""
    said: Statements = set()
    for word in graph.subjects(RDF.type, OWL.Class):
        if isinstance(word, URIRef) and not is_inferred(graph, word):
            said |= _class_said(graph, word)
    for word in properties_of(graph):
        if is_inferred(graph, word):
            continue
        shortcut = graph.value(word, INV.linkClass)
        said |= _shortcut_said(graph, word) if shortcut else _property_said(graph, word)
    return said


def _class_said(graph: Graph, word: URIRef) -> Statements:
    name = local(word)
    keys = [Collection(graph, head) for head in graph.objects(word, INV.keyField)]
    said: Statements = {("class", name)}
    said |= {("key", name, " ".join(map(local, key))) for key in keys}
    said |= {("standing", name, str(value)) for value in graph.objects(word, INV.standing)}
    for rule in graph.objects(word, RDFS.subClassOf):
        if not isinstance(rule, BNode):
            continue
        field = local(graph.value(rule, OWL.onProperty))
        said |= {
            ("field", name, field, HOW_MANY[facet], str(bound))
            for facet in HOW_MANY
            for bound in graph.objects(rule, facet)
        }
    return said


def _property_said(graph: Graph, word: Any) -> Statements:
    name = local(word)
    said: Statements = {("property", name)}
    said |= {("range", name, local(value)) for value in graph.objects(word, RDFS.range)}
    said |= {("standing", name, str(value)) for value in graph.objects(word, INV.standing)}
    for link in (RDFS.domain, SCHEMA.domainIncludes):
        said |= {("domain", name, local(value), local(link)) for value in graph.objects(word, link)}
    kinds = set(graph.objects(word, RDF.type))
    return said | {("form", name, local(kind)) for kind in kinds}


def _shortcut_said(graph: Graph, word: Any) -> Statements:
    links = (INV.linkClass, INV.linkSubject, INV.linkObject, RDFS.domain, RDFS.range)
    return {("shortcut", local(word), *(local(graph.value(word, link)) for link in links))}


def said_by_records(
    records: Mapping[str, Any], standings: Mapping[str, str], shortcuts: Mapping[str, Shortcut]
) -> Statements:
    """What the dataclasses say of the same."""
    said: Statements = set()
    classes_of: dict[str, list[str]] = {}
    for name, record in records.items():
        key = " ".join(map(local_name, record.KEY))
        said |= {("class", name), ("key", name, key), ("standing", name, standings[name])}
        for kind in field_kinds(record).values():
            classes_of.setdefault(local_name(kind.name), []).append(name)
            said |= _field_said(name, kind, standings[name])
    for field, classes in classes_of.items():
        link = RDFS.domain if len(classes) == 1 else SCHEMA.domainIncludes
        said |= {("domain", field, name, str(link)) for name in classes}
    for name, shortcut in shortcuts.items():
        kinds = field_kinds(records[shortcut.link])
        ends = (kinds[shortcut.subject], kinds[shortcut.object])
        names = (local_name(end.name) for end in ends)
        said |= {("shortcut", name, shortcut.link, *names, *(end.refers_to for end in ends))}
    return said


def _field_said(name: str, kind: FieldKind, standing: str) -> Statements:
    field = local_name(kind.name)
    form = OWL.ObjectProperty if kind.refers_to else OWL.DatatypeProperty
    how_many = ("0..*", "0") if kind.many else ("0..1", "1") if kind.optional else ("1", "1")
    return {
        ("property", field),
        ("form", field, str(form)),
        ("range", field, kind.refers_to or str(DATATYPES[kind.scalar])),
        ("standing", field, standing),
        ("field", name, field, *how_many),
    }
