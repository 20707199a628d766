"""Random small chains for reasoning, and the same statements and axioms as RDF for a reasoner."""

from random import Random
from typing import Any

from rdflib import OWL, RDF, RDFS, Graph, Namespace, URIRef

from ontology.axioms import (
    AXIOMS,
    INVERSE,
    SUB_CLASS,
    SUB_PROPERTY,
    SYMMETRIC,
    TRANSITIVE,
    TYPE,
    Axiom,
)
from ontology.columns import Table, table_of
from ontology.goods import Item, Substitute
from ontology.partners import Customer, Offer, Supplier
from ontology.places import Location
from ontology.terms import NAMESPACE, RESOURCE
from reasoning.statements import Statement

INV = Namespace(NAMESPACE)
PLACES = ("north", "café", "a/b", "benelux", "europe", "shelf 1")
ITEMS = ("milk", "oat milk", "a/b", "soap")
SUPPLIERS = ("acme", "b & co", "c")
LINKS = {SUB_CLASS: RDFS.subClassOf, SUB_PROPERTY: RDFS.subPropertyOf, INVERSE: OWL.inverseOf}
KINDS = {TRANSITIVE: OWL.TransitiveProperty, SYMMETRIC: OWL.SymmetricProperty}

Records = dict[str, dict[Any, Any]]


def random_records(random: Random) -> Records:
    """Records by class and key: cycles, ghosts and empty texts among them."""
    pick = random.choice
    found: Records = {"Location": {}, "Substitute": {}, "Offer": {}, "Supplier": {}, "Item": {},
                      "Customer": {}}  # fmt: skip
    for _ in range(random.randint(0, 12)):
        change_one(random, found)
    for place in PLACES:
        if random.random() < 0.5:
            found["Location"][(place,)] = Location(place, part_of=pick((None, "", *PLACES)))
    return found


def change_one(random: Random, records: Records) -> None:
    """Add, replace or close one record."""
    pick = random.choice
    name = pick(sorted(records))
    if records[name] and random.random() < 0.35:
        del records[name][pick(sorted(records[name], key=str))]
        return
    made: Any = {
        "Location": lambda: Location(pick(PLACES), part_of=pick((None, "", *PLACES))),
        "Substitute": lambda: Substitute(pick(ITEMS), pick(ITEMS),
                                         approved_by=pick((None, "", "ann", "bob"))),
        "Offer": lambda: Offer(pick(SUPPLIERS), pick(ITEMS), pick(PLACES[:2]), 100),
        "Supplier": lambda: Supplier(pick(SUPPLIERS), status=pick(("approved", "blocked", ""))),
        "Item": lambda: Item(pick(ITEMS)),
        "Customer": lambda: Customer(pick(("c1", "c2"))),
    }[name]()  # fmt: skip
    records[name][tuple(getattr(made, part) for part in type(made).KEY)] = made


def tables_of(records: Records) -> dict[str, Table]:
    """The tables of some records; a class without any has none."""
    return {name: table_of(rows.values(), name).sorted() for name, rows in records.items() if rows}


def rdf_of(statements: Any, axioms: tuple[Axiom, ...] = AXIOMS) -> Graph:
    """Statements and axioms as an RDF graph of assertions."""
    graph = Graph()
    for subject, predicate, value in statements:
        if predicate == TYPE:
            graph.add((URIRef(RESOURCE + subject), RDF.type, INV[value]))
        elif "/" in value:
            graph.add((URIRef(RESOURCE + subject), INV[predicate], URIRef(RESOURCE + value)))
    for axiom in axioms:
        if axiom.kind in KINDS:
            graph.add((INV[axiom.subject], RDF.type, KINDS[axiom.kind]))
        else:
            graph.add((INV[axiom.subject], LINKS[axiom.kind], INV[axiom.object]))
    return graph


def statements_in(graph: Graph) -> set[Statement]:
    """What a graph says of the nodes of a chain with words of the vocabulary."""
    found = set()
    for subject, predicate, value in graph:
        if not str(subject).startswith(RESOURCE):
            continue
        start = str(subject).removeprefix(RESOURCE)
        if predicate == RDF.type and str(value).startswith(NAMESPACE):
            found.add(Statement(start, TYPE, str(value).removeprefix(NAMESPACE)))
        elif str(predicate).startswith(NAMESPACE):
            word = str(predicate).removeprefix(NAMESPACE)
            found.add(Statement(start, word, str(value).removeprefix(RESOURCE)))
    return found
