"""What is derived from the record classes agrees with the vocabulary when RDF tools read it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdflib import OWL, RDF, RDFS, XSD, Graph, Literal, URIRef

from ontology.derived import PROVENANCE_LINKS, chain_iri, jsonld_context, unique_keys
from ontology.goods import Item
from ontology.stock import StockPosition
from ontology.terms import NAMESPACE, key_of, local_name
from ontology.transport import Lane
from ontology.vocabulary import RECORDS
from tests.ontology.statements import INV, is_inferred, local, properties_of
from tests.ontology.test_vocabulary import vocabulary

CONTEXT = jsonld_context()["@context"]


def read(document: dict[str, Any], chain: str) -> Graph:
    context = [jsonld_context()["@context"], {"@base": chain_iri(chain)}]
    text = json.dumps({"@context": context, **document})
    return Graph().parse(data=text, format="json-ld")


def test_context_has_every_word_and_no_other() -> None:
    """Classes and properties that are loaded, the links of PROV-O, and nothing else."""
    graph = vocabulary()
    classes = {local(word) for word in graph.subjects(RDF.type, OWL.Class)}
    words = classes & set(RECORDS) | {
        local(word) for word in properties_of(graph) if not is_inferred(graph, word)
    }
    assert words | {*PROVENANCE_LINKS, "@version", "inv", "prov", "xsd"} == set(CONTEXT)


@pytest.mark.parametrize("term", sorted(name for name in CONTEXT if name[0].islower()))
def test_context_gives_the_range_of_the_vocabulary(term: str) -> None:
    """A property's values get the datatype, or the IRI, that its range asks for."""
    if term in {*PROVENANCE_LINKS, "inv", "prov", "xsd"}:
        return
    wanted = vocabulary().value(INV[term], RDFS.range)
    given_type = CONTEXT[term]["@type"].replace("xsd:", str(XSD))
    assert given_type == ("@id" if str(wanted).startswith(NAMESPACE) else str(wanted))


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph:DeprecationWarning")
def test_a_record_becomes_triples() -> None:
    """A lane as JSON-LD: its IRI, its class, its references by IRI, its numbers as integers."""
    lane = Lane("l1", "north", "south", lead_time_days=2, allowed_handling_classes=("cold", "dry"))
    document = {
        "@id": f"Lane/{key_of(lane)}",
        "@type": "Lane",
        "origin": f"Location/{lane.origin}",
        "leadTimeDays": lane.lead_time_days,
        "allowedHandlingClasses": list(lane.allowed_handling_classes),
    }
    base = "https://w3id.org/evenkeel/id/two_hubs/"
    subject = URIRef(f"{base}Lane/l1")
    expected = {
        (subject, RDF.type, INV.Lane),
        (subject, INV.origin, URIRef(f"{base}Location/north")),
        (subject, INV.leadTimeDays, Literal(2)),
        (subject, INV.allowedHandlingClasses, Literal("cold", datatype=XSD.string)),
        (subject, INV.allowedHandlingClasses, Literal("dry", datatype=XSD.string)),
    }
    assert expected == set(read(document, "two_hubs"))
    assert CONTEXT["allowedHandlingClasses"]["@container"] == "@set"


@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=4))
def test_any_identifier_makes_a_valid_iri(name: str) -> None:
    """Whatever an identifier holds, its fact has an IRI that Turtle can carry and read back."""
    key = key_of(StockPosition(name, "north"))
    graph = Graph()
    triple = (URIRef(f"{chain_iri(name)}StockPosition/{key}"), RDF.type, INV.StockPosition)
    graph.add(triple)
    assert {triple} == set(Graph().parse(data=graph.serialize(format="turtle"), format="turtle"))


def test_provenance_links_are_those_of_the_vocabulary() -> None:
    """The header of the vocabulary names the same links of PROV-O."""
    named = vocabulary().objects(URIRef(NAMESPACE.removesuffix("#")), INV.provenanceLink)
    assert set(PROVENANCE_LINKS) == {str(link).rpartition("#")[2] for link in named}


def test_unique_keys_are_the_natural_keys() -> None:
    """Every class has a key of its own fields, without repetition."""
    keys = unique_keys()
    assert set(RECORDS) == set(keys)
    assert keys["StockPosition"] == ("item", "location", "lot")
    for name, key in keys.items():
        assert key
        assert len(set(key)) == len(key)
        assert set(key) <= set(RECORDS[name].__dataclass_fields__), name


def test_local_names_do_not_collide() -> None:
    """No two fields share a local name, and no property has the name of a class."""
    fields = {field for record in RECORDS.values() for field in record.__dataclass_fields__}
    names = {local_name(field) for field in fields}
    assert len(fields) == len(names)
    assert set() == names & set(RECORDS)
    assert Item.__name__ in RECORDS
