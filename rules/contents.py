"""What a shape says as triples, whether it compiles or not, without the names of blank nodes."""

from rdflib import BNode, URIRef
from rdflib.term import Node

from rules.release import Release

MOST_NODES = 10_000


def content_of(release: Release, node: URIRef) -> frozenset[tuple[str, str, str]]:
    """The triples of a shape and of all its parts, blank nodes by what surrounds them."""
    found: set[tuple[str, str, str]] = set()
    waiting: list[Node] = [node]
    seen: set[Node] = {node}
    while waiting and len(seen) < MOST_NODES:
        subject = waiting.pop()
        for predicate, value in release.graph.predicate_objects(subject):
            kind = "" if isinstance(value, (BNode, URIRef)) else f" {value.n3()}"
            text = release.labels.text(value) + kind
            found.add((release.labels.text(subject), str(predicate), text))
            if value not in seen and (value, None, None) in release.graph:
                seen.add(value)
                waiting.append(value)
    return frozenset(found)
