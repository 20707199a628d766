"""Facts as documents in the words of the vocabulary, which read back as the same facts."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from feeds.rdf.kinds import XSD
from feeds.rdf.linked_json import CONTEXT, frozen_contexts
from feeds.rdf.words import fact_iri
from ontology.columns import Table, cell
from ontology.derived import jsonld_context
from ontology.terms import NAMESPACE, FieldKind, field_kinds, join_key, local_name
from ontology.vocabulary import RECORDS

FORMS = ("turtle", "jsonld")
_BARRED = re.compile(r'[\x00-\x1f"\\\x7f]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_anchor = lru_cache(maxsize=1 << 16)(fact_iri)  # many rows refer to the same few


def written(tables: Mapping[str, Table], chain: str, form: str) -> Iterator[str]:
    """The text of a document with every fact of the tables, class by class in the order of keys.

    `form` is one of FORMS. What is not stated, and a blank text, has no triple. A fact's IRI is
    that of its chain, class and natural key.
    """
    ordered = [tables[name].sorted() for name in sorted(tables) if len(tables[name])]
    return _turtle(ordered, chain) if form == "turtle" else _linked_json(ordered, chain)


Stated = tuple[str, str, list[tuple[FieldKind, Any]]]


def _facts(table: Table, chain: str) -> Iterator[Stated]:
    """IRI, class and stated values of each fact; a reference is the IRI of what it refers to."""
    kinds = field_kinds(RECORDS[table.name])
    for row, key in enumerate(table.keys.tolist()):
        stated = []
        for field, kind in kinds.items():
            value = cell(table[field][row], kind)
            if value is None or value in {"", ()}:
                continue
            if kind.refers_to:
                value = _referred(chain, kind, value)
            stated.append((kind, value))
        yield fact_iri(chain, table.name, key), table.name, stated


def _referred(chain: str, kind: FieldKind, value: Any) -> Any:
    if kind.many:
        return tuple(_anchor(chain, kind.refers_to, join_key((one,))) for one in value)
    return _anchor(chain, kind.refers_to, join_key((value,)))


def _turtle(tables: list[Table], chain: str) -> Iterator[str]:
    yield f"@prefix inv: <{NAMESPACE}> .\n@prefix xsd: <{XSD}> .\n"
    for table in tables:
        for iri, name, stated in _facts(table, chain):
            said = [
                f"inv:{local_name(kind.name)} {', '.join(_terms(kind, value))}"
                for kind, value in stated
            ]
            yield f"\n<{iri}> " + " ;\n    ".join([f"a inv:{name}", *said]) + " .\n"


def _terms(kind: FieldKind, value: Any) -> list[str]:
    if kind.many:
        return [_term(kind, one) for one in value]
    return [_term(kind, value)]


def _term(kind: FieldKind, value: Any) -> str:
    if kind.refers_to:
        return f"<{value}>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime | date):
        return f'"{value.isoformat()}"^^xsd:{"dateTime" if isinstance(value, datetime) else "date"}'
    return f'"{_BARRED.sub(_escaped, value)}"'


def _escaped(found: re.Match[str]) -> str:
    return _SHORT.get(found[0]) or f"\\u{ord(found[0]):04X}"


def _linked_json(tables: list[Table], chain: str) -> Iterator[str]:
    context = json.dumps(_context(tables), ensure_ascii=False)
    yield f'{{"@context": {context}, "@graph": ['
    between = "\n"
    for table in tables:
        for iri, name, stated in _facts(table, chain):
            fact = {"@id": iri, "@type": name} | {
                local_name(kind.name): _plain(value) for kind, value in stated
            }
            yield between + json.dumps(fact, ensure_ascii=False)
            between = ",\n"
    yield "\n]}\n"


def _context(tables: list[Table]) -> Any:
    """The frozen context, and the words that the vocabulary has gained since it was frozen."""
    words = {name for table in tables for name in (table.name, *map(local_name, table.columns))}
    now, frozen = jsonld_context()["@context"], frozen_contexts()[CONTEXT]
    gained = {word: now[word] for word in sorted(words - frozen.keys())}
    return [CONTEXT, gained] if gained else CONTEXT


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return value.isoformat() if isinstance(value, datetime | date) else value
