"""Statements of PROV-O as PROV-JSON, JSON-LD or TriG: written as they come, the same triples."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import date, datetime
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from feeds.rdf.kinds import TYPE, XSD
from ontology.terms import NAMESPACE, RESOURCE
from service.audit.prov_terms import ACTIVITY, PROV, Iri, Relation, Statement, Thing, Value

RDFS_LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
PREFIXES = {"prov": PROV, "inv": NAMESPACE, "ekid": RESOURCE, "xsd": XSD,
            "rdfs": "http://www.w3.org/2000/01/rdf-schema#"}  # fmt: skip
SPOOLED_BYTES = 2**20
"""So much of each part of a PROV-JSON document is kept in memory; what is more goes to a file."""

ROLES = {
    "wasDerivedFrom": ("generatedEntity", "usedEntity"),
    "wasInfluencedBy": ("influencee", "influencer"),
    "wasGeneratedBy": ("entity", "activity"), "used": ("activity", "entity"),
    "wasAttributedTo": ("entity", "agent"), "wasAssociatedWith": ("activity", "agent"),
    "hadMember": ("collection", "entity"),
    "specializationOf": ("specificEntity", "generalEntity"),
}  # fmt: skip
"""What PROV-JSON calls the two ends of each relation."""

_SORTS = {"entity": "Entity", "activity": "Activity", "agent": "Agent"}
_BARRED = re.compile(r'[\x00-\x1f"\\\x7f]')


def prov_json(bundle: str, statements: Iterable[Statement]) -> Iterator[str]:
    """A PROV-JSON document (W3C member submission of 2013) with one bundle.

    Its form groups statements by kind, so that they wait in temporary files, one per kind.
    """
    with ExitStack() as stack:
        parts: dict[str, IO[str]] = {}
        for number, statement in enumerate(statements):
            name, text = _json_member(statement, number)
            if name not in parts:
                parts[name] = stack.enter_context(
                    SpooledTemporaryFile(SPOOLED_BYTES, "w+", encoding="utf-8", newline="")
                )
            else:
                text = ",\n" + text
            parts[name].write(text)
        named = json.dumps(_short(bundle))
        about = json.dumps({"prov:type": [_qualified(f"{PROV}Bundle")]})
        yield f'{{"prefix": {json.dumps(_own_prefixes())},\n"entity": {{{named}: {about}}},\n'
        yield f'"bundle": {{{named}: {{'
        for place, (name, part) in enumerate(sorted(parts.items())):
            yield f"{',' if place else ''}\n{json.dumps(name)}: {{\n"
            part.seek(0)
            yield from iter(lambda part=part: part.read(SPOOLED_BYTES), "")  # type: ignore[misc]
            yield "\n}"
        yield "\n}}}\n"


def json_ld(bundle: str, statements: Iterable[Statement]) -> Iterator[str]:
    """A JSON-LD 1.1 document: the bundle as a named graph. Its context stands in it."""
    head = {"@context": PREFIXES, "@id": bundle, "@type": ["prov:Entity", "prov:Bundle"]}
    yield json.dumps(head)[:-1] + ', "@graph": ['
    between = "\n"
    for statement in statements:
        yield between + json.dumps(_node(statement), ensure_ascii=False)
        between = ",\n"
    yield "\n]}\n"


def trig(bundle: str, statements: Iterable[Statement]) -> Iterator[str]:
    """A TriG document: the bundle as a named graph."""
    for name, iri in PREFIXES.items():
        yield f"@prefix {name}: <{iri}> .\n"
    yield f"<{bundle}> a prov:Entity, prov:Bundle .\n<{bundle}> {{\n"
    for statement in statements:
        if isinstance(statement, Relation):
            yield f"<{statement.subject}> prov:{statement.name} <{statement.object}> .\n"
            continue
        said = [f"{_word(name)} {_term(value)}" for name, value in pairs_of(statement)]
        yield f"<{statement.iri}> " + " ;\n    ".join(said) + " .\n"
    yield "}\n"


FORMS: dict[str, Callable[[str, Iterable[Statement]], Iterator[str]]] = {
    "prov-json": prov_json, "json-ld": json_ld, "trig": trig,
}  # fmt: skip


def pairs_of(thing: Thing) -> Iterator[tuple[str, Value]]:
    """All that is said of a thing by itself: properties of RDF and their values."""
    yield TYPE, Iri(PROV + _SORTS[thing.sort])
    for name in thing.classes:
        yield TYPE, Iri(name)
    if thing.label:
        yield RDFS_LABEL, thing.label
    if thing.ended_at is not None:
        yield f"{PROV}endedAtTime", thing.ended_at
    yield from dict.fromkeys(thing.attributes)


def _json_member(statement: Statement, number: int) -> tuple[str, str]:
    """The part of PROV-JSON that a statement stands in, and the member that says it."""
    if isinstance(statement, Relation):
        ends = zip(ROLES[statement.name], (statement.subject, statement.object), strict=True)
        told: dict[str, Any] = {f"prov:{role}": _short(iri) for role, iri in ends}
        return statement.name, f'"_:{number}": {json.dumps(told, ensure_ascii=False)}'
    told = {}
    for name, value in list(pairs_of(statement))[1:]:
        if name == f"{PROV}endedAtTime" and statement.sort == ACTIVITY:
            told["prov:endTime"] = _lexical(value)
        else:
            short = {TYPE: "prov:type", RDFS_LABEL: "prov:label"}.get(name) or _short(name)
            told.setdefault(short, []).append(_json_value(value))
    told = {name: values[0] if isinstance(values, list) and len(values) == 1 else values
            for name, values in told.items()}  # fmt: skip
    member = json.dumps(_short(statement.iri), ensure_ascii=False)
    return statement.sort, f"{member}: {json.dumps(told, ensure_ascii=False)}"


def _own_prefixes() -> dict[str, str]:
    return {name: iri for name, iri in PREFIXES.items() if name in {"inv", "ekid"}}


def _short(iri: str) -> str:
    for name, start in PREFIXES.items():
        if iri.startswith(start):
            return f"{name}:{iri[len(start) :]}"
    raise ValueError(f"{iri} is in no namespace of ours")


def _qualified(iri: str) -> dict[str, str]:
    return {"$": _short(iri), "type": "prov:QUALIFIED_NAME"}


def _json_value(value: Value) -> Any:
    if isinstance(value, Iri):
        return _qualified(value.text)
    datatype = _datatype(value)
    return {"$": _lexical(value), "type": datatype} if datatype else value


def _node(statement: Statement) -> dict[str, Any]:
    if isinstance(statement, Relation):
        return {"@id": statement.subject, f"prov:{statement.name}": {"@id": statement.object}}
    found: dict[str, Any] = {"@id": statement.iri}
    for name, value in pairs_of(statement):
        if name == TYPE:
            found.setdefault("@type", []).append(value.text if isinstance(value, Iri) else value)
        else:
            found.setdefault(_short(name), []).append(_linked_value(value))
    return found


def _linked_value(value: Value) -> Any:
    if isinstance(value, Iri):
        return {"@id": value.text}
    datatype = _datatype(value)
    return {"@value": _lexical(value), "@type": datatype} if datatype else value


def _word(name: str) -> str:
    """A property, or a class of a vocabulary: these are plain words behind a prefix."""
    return "a" if name == TYPE else _short(name)


def _term(value: Value) -> str:
    if isinstance(value, Iri):
        of_ours = value.text.startswith(RESOURCE)
        return f"<{value.text}>" if of_ours else _short(value.text)
    datatype = _datatype(value)
    if datatype:
        return f'"{_lexical(value)}"^^{datatype}'
    return f'"{_BARRED.sub(_escaped, _lexical(value))}"'


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04X}"


def _datatype(value: Value) -> str:
    """The datatype of a value that is no text; empty for a text."""
    if isinstance(value, bool):
        return "xsd:boolean"
    if isinstance(value, int):
        return "xsd:integer"
    if isinstance(value, datetime):
        return "xsd:dateTime"
    return "xsd:date" if isinstance(value, date) else ""


def _lexical(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):  # and a datetime
        return value.isoformat()
    return str(value)
