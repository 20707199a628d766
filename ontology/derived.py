"""What follows from the record classes: the JSON-LD context and the uniqueness of natural keys."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from ontology.terms import NAMESPACE, RESOURCE, FieldKind, field_kinds, join_key, local_name
from ontology.vocabulary import RECORDS, SHORTCUTS

PROV = "http://www.w3.org/ns/prov#"
XSD = "http://www.w3.org/2001/XMLSchema#"
PROVENANCE_LINKS = (
    "used", "wasGeneratedBy", "wasDerivedFrom", "wasAttributedTo", "wasAssociatedWith",
)  # fmt: skip
"""The links of PROV-O that lead from a decision to what it rests on."""
_DATATYPES = {str: "string", int: "integer", bool: "boolean", date: "date", datetime: "dateTime"}


def jsonld_context() -> dict[str, Any]:
    """The JSON-LD 1.1 context under which a record's fields, by local name, become triples.

    `{"@type": "Lane", "origin": "Location/north"}` means the IRI of that location once `@base`
    is set to `chain_iri(chain)`: a reference is written as class and natural key. Every value
    gets the datatype that the vocabulary states; several values are a set.
    """
    terms: dict[str, Any] = {"@version": 1.1, "inv": NAMESPACE, "prov": PROV, "xsd": XSD}
    terms |= {name: f"inv:{name}" for name in RECORDS}
    for record in RECORDS.values():
        terms |= {local_name(kind.name): _term(kind) for kind in field_kinds(record).values()}
    terms |= {name: {"@id": f"inv:{name}", "@type": "@id"} for name in SHORTCUTS}
    terms |= {name: {"@id": f"prov:{name}", "@type": "@id"} for name in PROVENANCE_LINKS}
    return {"@context": terms}


def _term(kind: FieldKind) -> dict[str, str]:
    meaning = {
        "@id": f"inv:{local_name(kind.name)}",
        "@type": "@id" if kind.refers_to else f"xsd:{_DATATYPES[kind.scalar]}",
    }
    return meaning | ({"@container": "@set"} if kind.many else {})


def chain_iri(chain: str) -> str:
    """The IRI that `Class/natural key` of a chain is relative to."""
    return f"{RESOURCE}{join_key((chain,))}/"


def unique_keys() -> Mapping[str, tuple[str, ...]]:
    """Per class, the fields (Python names, in order) that no two instances of a chain share."""
    return {name: tuple(record.KEY) for name, record in RECORDS.items()}
