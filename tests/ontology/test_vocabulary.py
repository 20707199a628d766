"""The Turtle and the dataclasses say the same, in both directions, and every word is explained."""

import os
from copy import deepcopy
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import pytest
from rdflib import OWL, RDF, RDFS, SKOS, XSD, Graph, Literal, Namespace, URIRef

from ontology.axioms import (
    AXIOMS,
    INFERRED_CLASSES,
    INFERRED_PROPERTIES,
    INVERSE,
    SUB_CLASS,
    SUB_PROPERTY,
    SYMMETRIC,
    TRANSITIVE,
    Axiom,
)
from ontology.events import Event as LoggedEvent
from ontology.history import Event
from ontology.terms import NAMESPACE, CarrierId, local_name
from ontology.vocabulary import FACTS, RECORDS, SHORTCUTS, STANDINGS
from tests.ontology.statements import INV, local, properties_of, said_by_records, said_by_turtle

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("EVENKEEL_SHARED") or ROOT.parent / "shared")
VOCABULARIES = SHARED / "data" / "vocabularies"
EPCIS = SHARED / "data" / "epcis2" / "ontology"
UNIT = Namespace("http://qudt.org/vocab/unit/")
UNIT_OF_WORD = {
    "days": UNIT.DAY,
    "hours": UNIT.HR,
    "cents": INV.CurrencyCent,
    "micros": INV.CurrencyMicro,
    "microseconds": UNIT.MicroSEC,
    "units": INV.BaseUnit,
    "percent": UNIT.PERCENT,
    "million": UNIT.PPM,
    "micrograms": UNIT.MicroGM,
    "grams": UNIT.GM,
    "kilometres": UNIT.KiloM,
    "millimetres": UNIT.MilliM3,
    "microdegrees": INV.MicroDegree,
    "scaled": INV.ScaledCost,
    "rows": UNIT.NUM,
    "count": UNIT.NUM,
}
PER_WORD = {
    "per_day": UNIT.DAY,
    "per_unit": INV.BaseUnit,
    "per_kilogram": UNIT.KiloGM,
    "per_tonne": UNIT.TONNE,
    "tonne_kilometre": UNIT.KiloM,
    "per_cubic_metre": UNIT.M3,
    "per_shipment": INV.OneShipment,
}
FIELDS = sorted({part.name for record in RECORDS.values() for part in fields(record)})


@cache
def vocabulary() -> Graph:
    """The vocabulary as it is on disk; a test that changes it takes a copy."""
    return Graph().parse(ROOT / "ontology" / "inventory.ttl", format="turtle")


def copied() -> Graph:
    graph = Graph()
    for triple in vocabulary():
        graph.add(triple)
    return graph


def differences(graph: Graph, records: dict[str, Any]) -> set[tuple[str, ...]]:
    standings = {name: STANDINGS.get(name, "fact") for name in records}
    return said_by_turtle(graph) ^ said_by_records(records, standings, SHORTCUTS)


def test_turtle_and_dataclasses_say_the_same() -> None:
    """No class, field, key, range, cardinality, standing or shortcut stands on one side alone."""
    assert set() == differences(vocabulary(), RECORDS)


AXIOM_KINDS = {SUB_CLASS: RDFS.subClassOf, SUB_PROPERTY: RDFS.subPropertyOf,
               INVERSE: OWL.inverseOf}  # fmt: skip
KINDS_OF_PROPERTIES = {TRANSITIVE: OWL.TransitiveProperty, SYMMETRIC: OWL.SymmetricProperty}


def axioms_in(graph: Graph) -> set[Axiom]:
    """The axioms of the Turtle about words of its own."""
    found = {
        Axiom(kind, local(subject), local(value))
        for kind, link in AXIOM_KINDS.items()
        for subject, value in graph.subject_objects(link)
        if str(value).startswith(NAMESPACE)
    }
    return found | {Axiom(kind, local(word)) for kind, form in KINDS_OF_PROPERTIES.items()
                    for word in graph.subjects(RDF.type, form)}  # fmt: skip


def inferred_in(graph: Graph) -> set[tuple[str, ...]]:
    """The words that are inferred, properties with their ends."""
    words_in = set(graph.subjects(INV.standing, Literal("inferred")))
    return {
        (local(word), *(local(end) for link in (RDFS.domain, RDFS.range)
                        for end in graph.objects(word, link)))
        for word in words_in
    }  # fmt: skip


def test_axioms_and_inferred_words_are_the_same() -> None:
    """Those of the Turtle are those that the reasoner follows; a planted one is seen."""
    graph = copied()
    expected = {(name,) for name in INFERRED_CLASSES}
    expected |= {(n, e.subject, e.object) for n, e in INFERRED_PROPERTIES.items()}
    assert set(AXIOMS) == axioms_in(graph)
    assert expected == inferred_in(graph)
    graph.add((INV.Lane, RDFS.subClassOf, INV.Party))
    assert set(AXIOMS) != axioms_in(graph)


def test_what_requires_a_property_names_one_of_its_link_class() -> None:
    """An inferred property with a link class says by which of its fields."""
    graph = vocabulary()
    (word,) = graph.subjects(INV.linkRequires)
    named = [local(graph.value(word, link)) for link in
             (INV.linkClass, INV.linkSubject, INV.linkObject, INV.linkRequires)]  # fmt: skip
    assert ["approvedReplacement", "Substitute", "item", "replacement", "approvedBy"] == [
        local(word), *named
    ]  # fmt: skip


def restriction(graph: Graph, class_name: str, field: str) -> Any:
    return next(
        rule
        for rule in graph.objects(INV[class_name], RDFS.subClassOf)
        if graph.value(rule, OWL.onProperty) == INV[field]
    )


TURTLE_BUGS = {
    "class left out": lambda g: g.remove((INV.Lane, None, None)),
    "class nobody mirrors": lambda g: g.add((INV.Airship, RDF.type, OWL.Class)),
    "property left out": lambda g: g.remove((INV.gln, None, None)),
    "property nobody mirrors": lambda g: g.add((INV.colour, RDF.type, OWL.DatatypeProperty)),
    "field left out of its class": lambda g: g.remove((restriction(g, "Lot", "item"), None, None)),
    "key left out": lambda g: g.remove((INV.Offer, INV.keyField, None)),
    "another range": lambda g: g.set((INV.item, RDFS.range, INV.Lot)),
    "a second range": lambda g: g.add((INV.gln, RDFS.range, XSD.integer)),
    "another domain": lambda g: g.add((INV.gln, RDFS.domain, INV.Port)),
    "another standing": lambda g: g.set((INV.Movement, INV.standing, Literal("fact"))),
    "another cardinality": lambda g: g.set(
        (restriction(g, "Lane", "carrier"), OWL.cardinality, Literal("1"))
    ),
    "reference as plain text": lambda g: g.set((INV.lane, RDF.type, OWL.DatatypeProperty)),
    "shortcut left out": lambda g: g.remove((INV.makes, None, None)),
    "shortcut through another link": lambda g: g.set((INV.makes, INV.linkClass, INV.Offer)),
}


@pytest.mark.parametrize("bug", TURTLE_BUGS)
def test_a_fault_in_the_turtle_is_seen(bug: str) -> None:
    """Each kind of difference planted in the Turtle is reported."""
    graph = copied()
    TURTLE_BUGS[bug](graph)
    assert differences(graph, RECORDS)


@dataclass(frozen=True, slots=True)
class Carrier:
    """The carrier with a key, a field and a cardinality that the Turtle does not have."""

    KEY: ClassVar = ("id", "name")
    id: str
    carrier_type: str
    name: str | None = None
    fleet_size: int = 0
    subcontractor: CarrierId | None = None


def test_a_fault_in_the_dataclasses_is_seen() -> None:
    """A class, field, key or cardinality changed in the dataclasses alone is reported."""
    missing = {name: record for name, record in RECORDS.items() if name != "Backlog"}
    changed = deepcopy(RECORDS) | {"Carrier": Carrier}
    added = RECORDS | {"Airship": Carrier}
    assert ("class", "Backlog") in differences(vocabulary(), missing)
    assert ("class", "Airship") in differences(vocabulary(), added)
    assert {
        ("key", "Carrier", "id name"),
        ("field", "Carrier", "name", "0..1", "1"),
        ("field", "Carrier", "fleetSize", "1", "1"),
        ("range", "fleetSize", str(XSD.integer)),
        ("range", "subcontractor", "Carrier"),
    } <= differences(vocabulary(), changed)


def words(graph: Graph) -> set[Any]:
    return {s for s in graph.subjects(RDF.type) if str(s).startswith(NAMESPACE)}


def test_every_word_is_explained() -> None:
    """Every class, property, unit and annotation has one English label and one sentence or more."""
    graph = vocabulary()
    english = ["en"]
    for word in words(graph):
        labels = [label for label in graph.objects(word, RDFS.label) if str(label).strip()]
        comments = list(graph.objects(word, RDFS.comment))
        assert english == [label.language for label in labels], word
        assert english == [comment.language for comment in comments], word
        assert str(comments[0]).endswith("."), word


def test_words_used_are_declared() -> None:
    """Every word of the own namespace that stands anywhere in the Turtle is declared in it."""
    graph = vocabulary()
    used = {node for triple in graph for node in triple if str(node).startswith(NAMESPACE)}
    assert set() == used - words(graph)


def expected_units(field: str) -> tuple[set[URIRef], set[URIRef]]:
    per = {unit for words_in, unit in PER_WORD.items() if f"_{words_in}" in field}
    unit = {unit for word, unit in UNIT_OF_WORD.items() if word in field.split("_")}
    return unit, per


@pytest.mark.parametrize("field", FIELDS)
def test_units_in_names_are_annotated(field: str) -> None:
    """A unit in a field's name is the unit of its property, and a unit stands on integers only."""
    word = INV[local_name(field)]
    unit, per = expected_units(field)
    annotated = set(vocabulary().objects(word, INV.inUnit))
    assert unit <= annotated
    assert per <= set(vocabulary().objects(word, INV.perUnit))
    assert len(annotated) <= 1
    if annotated:
        assert XSD.integer == vocabulary().value(word, RDFS.range)
        assert unit or field in {"capacity_per_day", "sample_size"}


def test_header_names_the_version() -> None:
    """The ontology has a version IRI that ends in its version."""
    ontology = URIRef(NAMESPACE.removesuffix("#"))
    version = str(vocabulary().value(ontology, OWL.versionInfo))
    assert URIRef(f"{ontology}/{version}") == vocabulary().value(ontology, OWL.versionIRI)


def test_references_lead_to_classes() -> None:
    """Every reference leads to a class whose natural key is one field."""
    ranges = {vocabulary().value(word, RDFS.range) for word in properties_of(vocabulary())}
    referred = {local(node) for node in ranges if str(node).startswith(NAMESPACE)}
    expected = dict.fromkeys(referred, 1)
    assert expected == {name: len(RECORDS[name].KEY) for name in referred}


def test_standings_cover_the_classes() -> None:
    """Every class is a fact, a plan, a view or history, and the facts are those of FACTS."""
    assert set(RECORDS) == set(STANDINGS)
    assert {name for name, standing in STANDINGS.items() if standing == "fact"} == FACTS
    views = {"Movement", "StockAfterMoves", "PlannedLine", "LaneLoad", "LocationLoad",
             "CountryHolding"}  # fmt: skip
    assert views == {n for n, s in STANDINGS.items() if s == "view"}


def test_event_row_is_part_of_the_logged_event() -> None:
    """The row of an event has only fields that the whole entry has, with the same types."""
    whole = {part.name: part.type for part in fields(LoggedEvent)}
    row = {part.name: part.type for part in fields(Event)}
    assert row == {name: whole[name] for name in row}


def aligned(graph: Graph) -> set[Any]:
    links = (SKOS.closeMatch, SKOS.relatedMatch, SKOS.broader, OWL.equivalentClass, RDFS.subClassOf,
             RDFS.subPropertyOf, INV.inUnit, INV.perUnit, INV.provenanceLink)  # fmt: skip
    found = {node for link in links for node in graph.objects(None, link)}
    return {n for n in found if isinstance(n, URIRef) and not str(n).startswith(NAMESPACE)}


@pytest.mark.skipif(
    not VOCABULARIES.is_dir() or not EPCIS.is_dir(),
    reason="the published vocabularies are not here; EVENKEEL_SHARED names their folder",
)
@pytest.mark.filterwarnings("ignore")
def test_aligned_words_exist() -> None:
    """Every IRI of PROV-O, GS1, EPCIS, CBV, IOF, OWL-Time and QUDT in use is defined there."""
    published = Graph()
    for path in [*VOCABULARIES.glob("*.ttl"), EPCIS / "EPCIS.ttl", EPCIS / "CBV.ttl"]:
        published.parse(path, format="turtle")
    for path in VOCABULARIES.glob("*.rdf"):
        published.parse(path, format="xml")
    defined = set(published.subjects(RDF.type))
    assert aligned(vocabulary())
    assert set() == aligned(vocabulary()) - defined
    assert URIRef("http://www.w3.org/ns/prov#wasInventedBy") not in defined
