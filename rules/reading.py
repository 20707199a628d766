"""RDF from a file or a text into one in-memory graph; nothing is fetched, everything is bounded."""

import json
import logging
import re
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax import SAXParseException

import rdflib
from rdflib import Dataset, Graph, Literal, URIRef
from rdflib.exceptions import ParserError
from rdflib.plugins.parsers.notation3 import BadSyntax

from ontology.errors import EvenkeelError, InputError, Place

FORMATS = {
    ".ttl": "turtle",
    ".nt": "nt",
    ".jsonld": "json-ld",
    ".rdf": "xml",
    ".owl": "xml",
    ".xml": "xml",
    ".trig": "trig",
}
"""Format by the suffix of a file's name."""

LARGEST_FILE_BYTES = 256 * 1024 * 1024
LARGEST_GRAPH_TRIPLES = 5_000_000

SH = "http://www.w3.org/ns/shacl#"
_QUERIES = tuple(URIRef(SH + name) for name in ("select", "ask", "construct"))
_BLIND = re.compile(
    r"<[^<>\"{}|^`\\\s]*>"
    r"|'''.*?'''|\"\"\".*?\"\"\"|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'"
    r"|#[^\n]*",
    re.DOTALL,
)
_REACHES_OUT = re.compile(r"(?<![?$:\w.-])(FROM|SERVICE|LOAD)(?![\w:-])", re.IGNORECASE)
_LITERALS_AS_WRITTEN = threading.Lock()
# An ill-formed literal is a finding of sh:datatype; rdflib would also print a traceback for it.
logging.getLogger("rdflib.term").setLevel(logging.ERROR)

_ENTITY = re.compile(r"<!ENTITY\s+([^>]*)")
_PLAIN_ENTITY = re.compile(r"""\S+\s+(["'])[^&%"']{0,1000}\1\s*""")


def read_graph(path: Path, *, largest_bytes: int = LARGEST_FILE_BYTES) -> Graph:
    """The triples of a Turtle, N-Triples, JSON-LD, RDF/XML or TriG file, told by its suffix.

    Quoted literals keep the characters that the file has; the named graphs of TriG become one.
    Raises InputError: RDF_MISSING, RDF_FORMAT, RDF_SIZE, RDF_ENCODING, RDF_SYNTAX, RDF_DEPTH or
    RDF_REMOTE, with file and row where they are known.
    """
    name = str(path)
    form = FORMATS.get(path.suffix.lower())
    if form is None:
        raise InputError(
            f"cannot tell the RDF format of `{path.name}`",
            hint=f"name it {', '.join(FORMATS)}",
            code="RDF_FORMAT",
            place=Place(name),
        )
    try:
        with path.open("rb") as file:
            data = file.read(largest_bytes + 1)
    except OSError as error:
        why = error.strerror or str(error)
        raise InputError(
            f"cannot read `{name}`: {why.lower()}", code="RDF_MISSING", place=Place(name)
        ) from error
    if len(data) > largest_bytes:
        raise InputError(
            f"`{path.name}` is larger than {largest_bytes} bytes",
            hint="split the file, or validate the part that changed",
            code="RDF_SIZE",
            place=Place(name),
        )
    return parse_graph(data, form, name, path.absolute().as_uri())


def parse_graph(data: bytes, form: str, name: str, location: str = "urn:evenkeel:text:") -> Graph:
    """The triples of a document in one of the values of FORMATS; `name` is for messages.

    Relative IRIs are resolved against `location`. Errors are those of `read_graph`.
    """
    text = _decoded(data, name)
    if form == "json-ld":
        _refuse_remote_contexts(text, name)
    if form == "xml":
        _refuse_growing_entities(text, name)
    source = Dataset(default_union=True) if form == "trig" else Graph(bind_namespaces="core")
    with _LITERALS_AS_WRITTEN:
        normalize = rdflib.NORMALIZE_LITERALS
        rdflib.NORMALIZE_LITERALS = False
        try:
            # Five parsers raise errors of many unrelated types; all of them mean the same here.
            with warnings.catch_warnings():
                # rdflib warns of its own use of Dataset, which no caller can change.
                warnings.simplefilter("ignore", DeprecationWarning)
                source.parse(data=text, format=form, publicID=location)
        except EvenkeelError:
            raise
        except RecursionError as error:
            raise InputError(
                "the document is nested too deeply", code="RDF_DEPTH", place=Place(name)
            ) from error
        except Exception as error:
            raise _syntax_error(error, text, name) from error
        finally:
            rdflib.NORMALIZE_LITERALS = normalize
    graph = _merged(source)
    if len(graph) > LARGEST_GRAPH_TRIPLES:
        raise InputError(
            f"`{name}` has more than {LARGEST_GRAPH_TRIPLES} triples",
            hint="validate the part that changed",
            code="RDF_SIZE",
            place=Place(name),
        )
    return graph


def _refuse_growing_entities(text: str, name: str) -> None:
    """Entities may shorten IRIs, as editors write them; none may nest, grow or reach out."""
    for declared in _ENTITY.finditer(text):
        if not _PLAIN_ENTITY.fullmatch(declared.group(1)):
            row = text.count("\n", 0, declared.start()) + 1
            raise InputError(
                "an XML entity is external, refers to others or is longer than 1,000 characters",
                hint="write the text out", code="RDF_ENTITY", place=Place(name, row),
            )  # fmt: skip


def refuse_remote_queries(shapes: Graph) -> None:
    """Refuse shapes whose SPARQL would read another graph than the data: RDF_REMOTE."""
    for predicate in _QUERIES:
        for node, query in shapes.subject_objects(predicate):
            found = _REACHES_OUT.search(_BLIND.sub(" ", str(query)))
            if found:
                raise InputError(
                    f"the query of `{node}` reaches out with `{found.group(1).upper()}`",
                    hint="query the data alone: nothing is fetched during validation",
                    code="RDF_REMOTE",
                )


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            "the file is not UTF-8",
            hint="save it as UTF-8",
            code="RDF_ENCODING",
            place=Place(name, row),
        ) from error


def _refuse_remote_contexts(text: str, name: str) -> None:
    try:
        document = json.loads(text)
    except RecursionError as error:
        raise InputError(
            "the document is nested too deeply", code="RDF_DEPTH", place=Place(name)
        ) from error
    except ValueError as error:
        raise _syntax_error(error, text, name) from error
    for context in _contexts(document):
        if isinstance(context, str):
            raise InputError(
                f"the context `{context}` stands in another place",
                hint="write the context into the document: nothing is fetched",
                code="RDF_REMOTE",
                place=Place(name),
            )


def _contexts(document: Any) -> Iterator[Any]:
    waiting = [document]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting.extend(part)
        elif isinstance(part, dict):
            waiting.extend(part.values())
            for key in ("@context", "@import"):
                value = part.get(key)
                yield from value if isinstance(value, list) else [value]


def _syntax_error(error: Exception, text: str, name: str) -> InputError:
    row, why = 0, str(error).strip().splitlines()
    if isinstance(error, BadSyntax):
        # The parser counts from 0; its own message repeats the text around the error.
        row, why = error.lines + 1, [getattr(error, "_why", "bad syntax")]
    elif isinstance(error, json.JSONDecodeError):
        row = error.lineno
    elif isinstance(error, SAXParseException):
        row, why = error.getLineNumber() or 0, [error.getMessage()]
    elif isinstance(error, ParserError):
        row = _row_of_line(str(error), text)
    reason = why[-1] if why else type(error).__name__
    return InputError(
        f"not readable as RDF: {reason[:200].lower()}",
        hint="check the syntax against the suffix of the file",
        code="RDF_SYNTAX",
        place=Place(name, row),
    )


def _row_of_line(message: str, text: str) -> int:
    rest = message.partition(":")[2].strip()
    for row, line in enumerate(text.splitlines(), 1):
        if rest and line.strip().endswith(rest):
            return row
    return 0


def _merged(source: Graph) -> Graph:
    if not isinstance(source, Dataset):
        return source
    graph = Graph(bind_namespaces="core")
    for subject, predicate, value, _ in source.quads():
        graph.add((subject, predicate, value))
    return graph


def is_true(literal: Any) -> bool:
    """Whether a term is the boolean literal `true` as written (SHACL knows no other true)."""
    return isinstance(literal, Literal) and str(literal) == "true"
