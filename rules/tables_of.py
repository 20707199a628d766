"""Records read back from RDF: the inverse of `graph_of`, for example data written in Turtle."""

from collections.abc import Callable
from dataclasses import MISSING, fields
from datetime import date, datetime
from typing import Any
from urllib.parse import unquote

from rdflib import RDF, Graph, URIRef
from rdflib.term import Node

from ontology.columns import Table, table_of
from ontology.errors import InputError
from ontology.terms import NAMESPACE, RESOURCE, FieldKind, field_kinds, local_name
from ontology.vocabulary import RECORDS

_READERS: dict[type, Callable[[str], Any]] = {
    str: str,
    int: int,
    bool: {"true": True, "false": False}.__getitem__,
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
}


def tables_of(graph: Graph) -> dict[str, Table]:
    """The records of every class that the graph has instances of, sorted by natural key.

    Derived properties and shortcuts are passed over: they follow from the records. A subject may
    have any IRI or none, its key is in its fields. Raises InputError RDF_RECORD for a value of
    another type, several values of one, or a required field that is not stated.
    """
    found = {}
    for name, record in RECORDS.items():
        nodes = sorted(graph.subjects(RDF.type, URIRef(NAMESPACE + name)), key=str)
        if nodes:
            found[name] = table_of((_record(graph, record, node) for node in nodes), name).sorted()
    return found


def _record(graph: Graph, record: Any, node: Node) -> Any:
    kinds = field_kinds(record)
    stated = {}
    for part in fields(record):
        values = sorted(graph.objects(node, URIRef(NAMESPACE + local_name(part.name))), key=str)
        if values:
            stated[part.name] = _value(kinds[part.name], values, node)
        elif part.default is MISSING:
            raise _unusable(node, f"`{local_name(part.name)}` is not stated")
    return record(**stated)


def _value(kind: FieldKind, values: list[Node], node: Node) -> Any:
    if kind.many:
        return tuple(_scalar(kind, value, node) for value in values)
    if len(values) > 1:
        raise _unusable(node, f"`{local_name(kind.name)}` has {len(values)} values")
    return _scalar(kind, values[0], node)


def _scalar(kind: FieldKind, value: Node, node: Node) -> Any:
    text = str(value)
    if kind.refers_to:
        stem = f"{RESOURCE}{kind.refers_to}/"
        if not isinstance(value, URIRef) or not text.startswith(stem):
            raise _unusable(node, f"`{value}` is not the IRI of a `{kind.refers_to}`")
        return unquote(text[len(stem) :])
    try:
        return _READERS[kind.scalar](text)
    except (ValueError, KeyError) as error:
        raise _unusable(node, f"`{text}` is not of type {kind.scalar.__name__}") from error


def _unusable(node: Node, why: str) -> InputError:
    return InputError(f"the record `{node}` is not usable: {why}", code="RDF_RECORD")
