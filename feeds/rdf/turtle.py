"""Turtle, and N-Triples as the part of it that it is, a statement at a time."""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from rdflib import BNode, URIRef
from rdflib.plugins.parsers.notation3 import BadSyntax, RDFSink, SinkParser

from feeds.rdf.kinds import BLANK, IRI, STRING, XSD
from ontology.errors import InputError

Triple = tuple[str, str, str, str]
"""Subject, predicate, object, and what the object is."""
_LINE = re.compile("\r\n|\r|\n")


class TurtleError(ValueError):
    """What is wrong, and the line on which the statement begins."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line
        self.why = why


class _Quoted:
    """A literal as it is written: no value is made of it."""

    __slots__ = ("kind", "text")

    def __init__(self, text: str, kind: str) -> None:
        self.text = text
        self.kind = kind


class _Sink(RDFSink):
    """Takes the triples of a statement as texts; blank nodes are counted in order."""

    def __init__(self) -> None:
        self.rootFormula = None
        self.counter = 0
        self.triples: list[Triple] = []

    def newSymbol(self, *args: str) -> URIRef:  # noqa: N802
        return URIRef(args[0])

    def newBlankNode(self, *_: Any, **__: Any) -> BNode:  # noqa: N802
        self.counter += 1
        return BNode(f"b{self.counter}")

    def newLiteral(self, s: str, dt: Any = None, lang: str | None = None) -> Any:  # noqa: N802
        return _Quoted(s, f"@{lang}" if lang else str(dt or STRING))

    def makeStatement(self, quadruple: Any, why: Any = None) -> None:  # noqa: N802
        _, predicate, subject, value = quadruple
        (about, is_such), (word, is_word) = _term(subject), _term(predicate)
        if is_such not in {IRI, BLANK} or is_word != IRI:
            raise ValueError("a literal is neither a subject nor a property")
        self.triples.append((about, word, *_term(value)))


class _Parser(SinkParser):
    """Turtle alone: the paths of N3 are no part of it."""

    def __init__(self, sink: _Sink, base: str) -> None:
        super().__init__(sink, baseURI=base, turtle=True)
        self._sink = sink

    def after(self, text: str, at: int) -> int:
        """Where the statement that begins here ends. Raises ValueError where none does."""
        end = self.directiveOrStatement(text, at)
        if end < 0:
            raise ValueError("a statement is expected")
        return end

    def state(self) -> tuple[int, int, str | None]:
        """What a statement may change: blank nodes so far, named ones among them, the base."""
        return self._sink.counter, len(self._anonymousNodes), self._baseURI

    def back_to(self, state: tuple[int, int, str | None]) -> None:
        """Forget what a statement did whose end was not there yet."""
        self._sink.counter, named, self._baseURI = state
        self._sink.triples = []
        while len(self._anonymousNodes) > named:
            self._anonymousNodes.popitem()

    def path(self, argstr: str, i: int, res: Any) -> int:
        return self.nodeOrLiteral(argstr, i, res)


def turtle_triples(pieces: Iterable[str], base: str) -> Iterator[tuple[int, list[Triple]]]:
    """The triples of each statement with the line on which it begins, the first being 1.

    The text comes in pieces of whole lines; no more of it is in memory than a piece, and the
    statement that goes on beyond it. Relative IRIs are of `base`. Raises TurtleError, what reading
    the pieces raises, and RecursionError where brackets are nested deeper than the interpreter
    follows.
    """
    sink, rest = _Sink(), iter(pieces)
    parser = _Parser(sink, base)
    text, at, line, counted = "", 0, 1, 0
    try:
        while True:
            start = parser.skipSpace(text, at)
            line += _lines(text, counted, len(text) if start < 0 else start)
            if start < 0:
                text, at, counted = next(rest, ""), 0, 0
                if not text:
                    return
                continue
            counted, before = start, parser.state()
            try:
                at = parser.after(text, start)
            except (RecursionError, MemoryError):
                raise
            except Exception:
                more = _more(rest, len(text) - start)
                if not more:
                    raise
                parser.back_to(before)
                text, at, counted = text[start:] + more, 0, 0
                continue
            if sink.triples:
                yield line, sink.triples
                sink.triples = []
    except (RecursionError, MemoryError, InputError):
        raise
    except Exception as error:
        # The parser raises whatever its steps raise; all of it means that this is no Turtle.
        raise TurtleError(line, _reason(error)) from error


def _more(rest: Iterator[str], characters: int) -> str:
    """The next pieces, of at least so many characters as far as there are."""
    found: list[str] = []
    while sum(map(len, found)) < characters and (piece := next(rest, "")):
        found.append(piece)
    return "".join(found)


def _lines(text: str, start: int, end: int) -> int:
    return sum(1 for _ in _LINE.finditer(text, start, end))


def _reason(error: Exception) -> str:
    if isinstance(error, BadSyntax):
        return str(getattr(error, "_why", "")) or "bad syntax"
    if isinstance(error, IndexError | AssertionError):
        return "the statement does not end"
    return str(error).partition(";")[0] if isinstance(error, ValueError) else "bad syntax"


def _term(node: Any) -> tuple[str, str]:
    """A node as text, and what it is."""
    if isinstance(node, tuple):  # the parser's own words, such as `a`
        return str(node[1]), IRI
    if isinstance(node, _Quoted):
        return node.text, node.kind
    if isinstance(node, BNode):
        return f"_:{node}", BLANK
    if isinstance(node, bool):
        return str(node).lower(), f"{XSD}boolean"
    if isinstance(node, int):
        return str(node), f"{XSD}integer"
    if isinstance(node, Decimal):
        return str(node), f"{XSD}decimal"
    if isinstance(node, URIRef):
        return str(node), IRI
    if isinstance(node, str):  # a number with an exponent, as written
        return str(node), f"{XSD}double"
    raise ValueError("a formula is no part of Turtle")
