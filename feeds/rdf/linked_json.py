"""JSON-LD with frozen contexts: a context is the document's own, or one that the product holds."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from rdflib import BNode, Literal, URIRef
from rdflib.plugins.parsers.jsonld import Parser
from rdflib.plugins.shared.jsonld.context import Context

from feeds.json_depth import is_deeper
from feeds.rdf.kinds import BLANK, IRI, STRING, UNNAMED, XSD
from feeds.rdf.turtle import Triple

CONTEXT = "https://w3id.org/evenkeel/context/1"
"""The IRI of the newest frozen context. What it says never changes."""
_FILES = {CONTEXT: "1.jsonld"}
_FOLDER = Path(__file__).parent / "contexts"
_DIGITS, _EXPONENT = 40, 40


class LinkedJsonError(ValueError):
    """What is wrong: a code, the reason and the cure, and the line where it is known."""

    def __init__(self, code: str, why: str, hint: str, line: int = 0) -> None:
        super().__init__(why)
        self.code = code
        self.why = why
        self.hint = hint
        self.line = line


@cache
def frozen_contexts() -> dict[str, Any]:
    """Every frozen context by its IRI."""
    return {
        iri: json.loads((_FOLDER / file).read_text("utf-8"))["@context"]
        for iri, file in _FILES.items()
    }


def linked_json_triples(text: str, base: str, nesting: int) -> Iterator[Triple]:
    """The triples of a JSON-LD 1.1 document, named graphs as one, in the order in which it stands.

    Relative IRIs are of `base`. Raises LinkedJsonError: `JSON_BROKEN`, `JSON_TOO_DEEP`,
    `RDF_REMOTE` for a context from elsewhere, and `RDF_SYNTAX` where it is no JSON-LD.
    """
    if is_deeper(text, nesting):
        raise LinkedJsonError("JSON_TOO_DEEP", f"more than {nesting} levels deep",
                              "write flat objects under `@graph`")  # fmt: skip
    yield from document_triples(_parsed(text), base, Labels())


def document_triples(parsed: Any, base: str, labels: "Labels") -> Iterator[Triple]:
    """As `linked_json_triples`, of a document that is parsed; blank nodes go on from `labels`."""
    document = with_frozen(parsed)
    sink: Any = _Sink(labels)  # all that the parser asks of a graph is to take triples
    context = Context(base=base, version=1.1)
    context.load({"@vocab": UNNAMED})
    try:
        _Parser(labels).parse(document, context, sink)
    except (RecursionError, MemoryError, LinkedJsonError):
        raise
    except Exception as error:
        # The parser takes the right form for granted, and fails in its own ways on any other.
        raise LinkedJsonError(
            "RDF_SYNTAX", f"this is no JSON-LD: {_said(error)}", "correct the document"
        ) from error
    yield from sink.triples()
    labels.forget()


def _said(error: Exception) -> str:
    return str(error).splitlines()[0][:100] if str(error) else type(error).__name__


class Labels:
    """The blank nodes of a document so far, counted in their order.

    Those without a name are forgotten where nothing that comes can speak of them.
    """

    def __init__(self) -> None:
        self._named: dict[str, str] = {}
        self._nameless: dict[str, str] = {}
        self._count = 0

    def name(self, node: str) -> None:
        """The document itself calls a blank node so."""
        self._named.setdefault(node, "")

    def of(self, node: str) -> str:
        """The label of a blank node."""
        known = self._named if node in self._named else self._nameless
        if not known.get(node):
            self._count += 1
            known[node] = f"_:b{self._count}"
        return known[node]

    def forget(self) -> None:
        """Let go of the blank nodes without a name."""
        self._nameless.clear()


class _Parser(Parser):
    """Refuses names that it would drop unseen; tells which blank nodes have a name."""

    def __init__(self, labels: Labels) -> None:
        super().__init__()
        self._labels = labels

    def _to_rdf_id(self, context: Context, id_val: str) -> Any:
        found = super()._to_rdf_id(context, id_val) if id_val and " " not in id_val else None
        if found is None:
            raise LinkedJsonError(
                "RDF_IRI", f"`{id_val[:200]}` is no IRI" if id_val else "a name holds a blank",
                "write a blank as `%20`",
            )  # fmt: skip
        if isinstance(found, BNode):
            self._labels.name(str(found))
        return found


class _Sink:
    """Takes triples as a graph would; blank nodes are counted in order."""

    context_aware = False

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self.found: list[Any] = []

    def add(self, triple: Any) -> None:
        self.found.append(triple)

    def bind(self, *_: Any) -> None:
        """A prefix says nothing of a fact."""

    def triples(self) -> Iterator[Triple]:
        """The triples as texts."""
        labels = self._labels
        for subject, predicate, value in self.found:
            about, _ = _term(subject, labels)
            yield (about, str(predicate), *_term(value, labels))


def _term(node: Any, labels: Labels) -> tuple[str, str]:
    if isinstance(node, Literal):
        kind = f"@{node.language}" if node.language else str(node.datatype or STRING)
        return str(node), kind
    if isinstance(node, BNode):
        return labels.of(str(node)), BLANK
    if not isinstance(node, URIRef):
        raise LinkedJsonError("RDF_SYNTAX", "a value is no node", "correct the document")
    return str(node), IRI


def _parsed(text: str) -> Any:
    try:
        return DECODER.decode(text)
    except json.JSONDecodeError as error:
        why = f"this is not JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        raise LinkedJsonError("JSON_BROKEN", why, "export the file again", error.lineno) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        times = Counter(name for name, _ in pairs)
        twice = next(name for name in times if times[name] > 1)
        raise LinkedJsonError("JSON_BROKEN", f"a field stands twice: `{twice[:60]}`",
                              "keep one of them")  # fmt: skip
    return made


def _integer(text: str) -> int:
    return int(_limited(text))


def _fraction(text: str) -> Any:
    """A number with a fraction or an exponent: an integer where it is whole, as JSON-LD has it."""
    number = Decimal(_limited(text))
    whole = number == number.to_integral_value()
    return int(number) if whole else Literal(text, datatype=f"{XSD}decimal")


def _limited(text: str) -> str:
    exponent = re.search("[eE]([+-]?[0-9]+)", text)
    if len(text) > _DIGITS or (exponent and abs(int(exponent[1])) > _EXPONENT):
        raise LinkedJsonError("JSON_BROKEN", f"the number `{text[:40]}` is beyond any quantity",
                              "correct the number")  # fmt: skip
    return text


def _constant(text: str) -> Any:
    raise LinkedJsonError("JSON_BROKEN", f"`{text}` is no number of JSON", "leave the field out")


def with_frozen(part: Any) -> Any:
    """A value with each context that is named replaced by what the product holds under the name.

    Raises LinkedJsonError `RDF_REMOTE`, and `RDF_SYNTAX` for what the parser would misread.
    """
    if isinstance(part, list):
        return [with_frozen(one) for one in part]
    if not isinstance(part, dict):
        return part
    if "@import" in part:
        raise _remote(str(part["@import"]))
    if isinstance(part.get("@value"), dict | list):
        raise LinkedJsonError("RDF_SYNTAX", "a value of `@value` is an object or a list",
                              "write one text, number or truth")  # fmt: skip
    return {
        key: _context(value) if key == "@context" else with_frozen(value)
        for key, value in part.items()
    }


def _context(stated: Any) -> Any:
    if isinstance(stated, list):
        return [_context(one) for one in stated]
    if not isinstance(stated, str):
        return with_frozen(stated)
    if stated not in frozen_contexts():
        raise _remote(stated)
    return frozen_contexts()[stated]


def _remote(name: str) -> LinkedJsonError:
    return LinkedJsonError(
        "RDF_REMOTE", f"the context `{name[:200]}` stands in another place, and none is fetched",
        f"write the context into the document, or name `{CONTEXT}`",
    )  # fmt: skip


DECODER = json.JSONDecoder(
    parse_float=_fraction, parse_int=_integer, parse_constant=_constant, object_pairs_hook=_once
)
"""Reads JSON as JSON-LD means it: exact numbers, no field twice. Raises LinkedJsonError."""
