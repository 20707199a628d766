"""Facts in columns, asked as triples: what `graph_of` holds of them, made as it is asked for."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import unquote

import numpy as np
from rdflib import RDF, Literal, URIRef
from rdflib.term import Node

from ontology.columns import Table, column_of
from ontology.terms import NAMESPACE, RESOURCE, FieldKind, field_kinds
from ontology.vocabulary import FACTS, RECORDS
from rules.columns import Columns
from rules.graph_of import term_of
from rules.lookups import ANY, About, having, keyed
from rules.neighbourhood import Neighbourhood, everything, stepped_back
from rules.pairs import Pairs
from rules.properties import Entailed, Field, Link, Property, is_class, key_field, properties_of
from rules.shape_paths import Triple
from rules.walks import Walks

_READERS: dict[type, Callable[[str], Any]] = {
    int: int, date: date.fromisoformat, datetime: datetime.fromisoformat,
}  # fmt: skip


class FactTriples:
    """The triples of facts, found by key and by what their columns say; none that are inferred.

    Each answer is kept, so it tells of one moment. A value that is no node and no text is looked
    for among all records of the class.
    """

    def __init__(self, about: About) -> None:
        self._about = about
        self._known: dict[tuple[Node, Node], tuple[Node, ...]] = {}

    def objects(self, subject: Node, predicate: Node | None) -> tuple[Node, ...]:
        """The values of a fact's property; none where either is unknown."""
        if predicate is None:
            return tuple(value for _, value in self.predicate_objects(subject))
        if (subject, predicate) not in self._known:
            self._known[subject, predicate] = tuple(self._values(subject, predicate))
        return self._known[subject, predicate]

    def predicate_objects(self, subject: Node) -> Iterator[tuple[Node, Node]]:
        """Class and properties of a fact, with their values."""
        nodes = nodes_at(subject)
        if nodes is not None:
            for predicate in (RDF.type, *(URIRef(p.iri) for p in _known_of(nodes.name))):
                for value in self.objects(subject, predicate):
                    yield predicate, value

    def subjects(self, predicate: Node, object: Node) -> Iterator[Node]:  # noqa: A002
        """The facts that have a value of a property."""
        for nodes in self._candidates(predicate, object):
            for key in nodes.keys.tolist():
                subject = URIRef(f"{RESOURCE}{nodes.name}/{key}")
                if object in self.objects(subject, predicate):
                    yield subject

    def _values(self, subject: Node, predicate: Node) -> Iterator[Node]:
        nodes = nodes_at(subject)
        if nodes is None:
            return
        near = Neighbourhood(self._about)
        step = _property(nodes.name, predicate)
        near.add(Walks({step: Walks()} if step else {}), nodes)
        columns = Columns(near.tables)
        if predicate == RDF.type and len(columns.table(nodes.name)):
            yield URIRef(NAMESPACE + nodes.name)
        if step is not None:
            key = key_field(nodes.name)
            code = columns.code_of(nodes.name, nodes[key][0] if key else nodes.keys[0])
            at = Pairs(nodes.name, np.zeros(1, np.int64), np.array([code], np.int64))
            for value in columns.follow(at, step).code.tolist() if code >= 0 else ():
                yield term_of(columns, step.space, value)

    def _candidates(self, predicate: Node, value: Node) -> Iterator[Table]:
        """Facts among which are all that have the value, by their keys."""
        if predicate == RDF.type:
            name = str(value).removeprefix(NAMESPACE)
            if name in FACTS:
                yield everything(self._about, name)
            return
        for name in sorted(FACTS):
            step = _property(name, predicate)
            if step is not None:
                yield from self._having(step, value)

    def _having(self, step: Property, value: Node) -> Iterator[Table]:
        if is_class(step.space):
            nodes = nodes_at(value)
            if nodes is not None and nodes.name == step.space:
                yield stepped_back(self._about, step, nodes)
        elif isinstance(value, Literal) and isinstance(step.source, Field) and _is_text(step):
            name = step.source.kind.name
            asked = having(step.subject, name, np.array([str(value)], object))
            yield self._about(step.subject, (name,), asked)
        elif isinstance(value, Literal) and isinstance(step.source, Link):
            link = step.source
            yield keyed(step.subject, self._about(link.link, (), ANY)[link.subject])
        elif isinstance(value, Literal):
            yield everything(self._about, step.subject)


def nodes_at(node: Node) -> Table | None:
    """The node of an IRI by its key; None for what is no fact's IRI."""
    name, _, key = str(node).removeprefix(RESOURCE).partition("/")
    if not isinstance(node, URIRef) or not str(node).startswith(RESOURCE) or name not in FACTS:
        return None
    kinds, fields = field_kinds(RECORDS[name]), RECORDS[name].KEY
    parts = [key] if key_field(name) else key.split("/")
    if len(parts) != len(fields):
        return None
    try:
        cells = {f: column_of([_cell(part, kinds[f])], kinds[f])
                 for f, part in zip(fields, parts, strict=True)}  # fmt: skip
    except ValueError:
        return None
    return Table(name, cells)


def changed_triples(
    before: FactTriples, after: FactTriples, changed: Mapping[str, Table]
) -> list[Triple]:  # fmt: skip
    """The triples that are in one of two worlds only, where some records differ.

    `changed` has, per class, the records as they stand in either world.
    """
    asked: set[tuple[Node, Node]] = set()
    for name, rows in changed.items():
        own = [RDF.type, *(URIRef(step.iri) for step in _known_of(name))]
        asked |= {(URIRef(f"{RESOURCE}{name}/{key}"), p) for key in rows.keys for p in own}
        for step in _linked_by(name):
            assert isinstance(step.source, Link)  # noqa: S101  that is what it was chosen by
            nodes = having(step.subject, key_field(step.subject), rows[step.source.subject])
            subjects = (URIRef(f"{RESOURCE}{step.subject}/{key}") for key in nodes.keys)
            asked |= {(subject, URIRef(step.iri)) for subject in subjects}
    return [
        (subject, predicate, value)
        for subject, predicate in asked
        for value in set(before.objects(subject, predicate))
        ^ set(after.objects(subject, predicate))
    ]


def _known_of(name: str) -> list[Property]:
    return [p for p in properties_of(name).values() if not isinstance(p.source, Entailed)]


def _property(name: str, predicate: Node) -> Property | None:
    """The property of a class; none for what is inferred."""
    known = {URIRef(step.iri): step for step in _known_of(name)}
    return known.get(URIRef(str(predicate)))


def _linked_by(name: str) -> list[Property]:
    """The properties that rows of a link class imply."""
    return [step for subject in sorted(FACTS) for step in _known_of(subject)
            if isinstance(step.source, Link) and step.source.link == name]  # fmt: skip


def _is_text(step: Property) -> bool:
    return isinstance(step.source, Field) and step.space == "string" and not step.source.kind.many


def _cell(part: str, kind: FieldKind) -> Any:
    if part == "":
        return None
    if kind.scalar is str:
        return "" if part == "''" else unquote(part)
    if kind.scalar is bool:
        return part == "True"
    return _READERS[kind.scalar](unquote(part))
