"""The names that RDF gives to facts and to their properties."""

import re
from functools import cache
from urllib.parse import unquote

from ontology.terms import NAMESPACE, RESOURCE, FieldKind, field_kinds, join_key, local_name
from ontology.vocabulary import RECORDS

_ONLY_DOTS = re.compile(r"\.{1,2}")


@cache
def fields_by_property(name: str) -> dict[str, FieldKind]:
    """The fields of a class by the IRI of their property."""
    return {NAMESPACE + local_name(kind.name): kind for kind in field_kinds(RECORDS[name]).values()}


def fact_iri(chain: str, name: str, key: str) -> str:
    """The IRI of a fact by its class and natural key; a part of dots alone is no step in a path."""
    parts = (quote_dots(part) for part in key.split("/"))
    return f"{RESOURCE}{join_key((chain,))}/{name}/{'/'.join(parts)}"


def quote_dots(part: str) -> str:
    """A part of a path as it is, but for one that would be taken for a step up."""
    return part.replace(".", "%2E") if _ONLY_DOTS.fullmatch(part) else part


def named_fact(iri: str) -> tuple[str, str, tuple[str | None, ...]] | None:
    """Chain (empty where it is not named), class and parts of the key that an IRI of ours names.

    None for any other IRI. A part that is not stated is None.
    """
    if not iri.startswith(RESOURCE):
        return None
    chain, parts = "", iri[len(RESOURCE) :].split("/")
    if parts[0] not in RECORDS:
        chain, parts = unquote(parts[0]), parts[1:]
    if len(parts) < 2 or parts[0] not in RECORDS:
        return None
    return chain, parts[0], tuple(map(_unquoted, parts[1:]))


def _unquoted(part: str) -> str | None:
    if not part:
        return None
    return "" if part == "''" else unquote(part)
