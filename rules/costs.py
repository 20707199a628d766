"""What a rule may cost without end: repeated paths, queries, bad patterns, whole classes."""

from collections.abc import Iterator

from rdflib import Graph, URIRef
from rdflib.term import Node

from ontology.vocabulary import MEASUREMENTS
from rules.patterns import can_blow_up
from rules.reach import reads
from rules.shapes import SH, CompiledRule, Logic, Nested, Pattern, Shape

_ENDLESS = {"zeroOrMorePath": "*", "oneOrMorePath": "+"}
_QUERIES = ("sparql", "select", "ask")
MOST_NODES = 10_000


def costs_as_written(graph: Graph, node: Node) -> Iterator[str]:
    """What costs without a bound in a shape as it was written, also where it does not compile."""
    waiting, seen = [node], {node}
    while waiting and len(seen) < MOST_NODES:
        for predicate, value in sorted(graph.predicate_objects(waiting.pop()), key=str):
            word = str(predicate).removeprefix(SH)
            if word in _ENDLESS:
                yield f"a path repeats with `{_ENDLESS[word]}`: its length depends on the facts"
            if word in _QUERIES:
                yield f"`sh:{word}` is a query: it is asked of the whole graph for every record"
            is_part = word != str(predicate) and not isinstance(value, URIRef)
            named = isinstance(value, URIRef) and word in ("property", "node", "not")
            if (is_part or named or predicate in _LIST) and value not in seen:
                seen.add(value)
                waiting.append(value)


_LIST = tuple(URIRef("http://www.w3.org/1999/02/22-rdf-syntax-ns#" + name)
              for name in ("first", "rest"))  # fmt: skip


def costs_of(compiled: CompiledRule) -> Iterator[str]:
    """What costs without a bound in a rule that compiles."""
    for pattern in _patterns(compiled.shape):
        if can_blow_up(pattern.regex):
            text = f"`sh:pattern {pattern.regex.pattern}`"
            yield f"{text} repeats what repeats: one text may take hours"
    if compiled.target in MEASUREMENTS and compiled.target in reads(compiled.shape):
        yield f"each `{compiled.target}` is compared with all others, and there are millions"


def _patterns(shape: Shape) -> Iterator[Pattern]:
    for constraint in shape.constraints:
        if isinstance(constraint, Pattern):
            yield constraint
        elif isinstance(constraint, Nested):
            yield from _patterns(constraint.shape)
        elif isinstance(constraint, Logic):
            for inner in constraint.shapes:
                yield from _patterns(inner)
