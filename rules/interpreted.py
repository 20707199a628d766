"""Rules on facts that do not compile: pySHACL on what they read around the facts in question."""

from collections.abc import Iterable, Mapping

from rdflib import Graph, URIRef
from rdflib.term import Node

from ontology.axioms import INFERRED_CLASSES, INFERRED_PROPERTIES
from ontology.columns import Table
from ontology.errors import InputError
from ontology.findings import Finding
from ontology.terms import NAMESPACE, RESOURCE
from ontology.vocabulary import FACTS, RECORDS
from rules.compile import message_of
from rules.fact_triples import FactTriples, changed_triples
from rules.graph_delta import ReadyShapes, Result
from rules.graph_of import graph_of
from rules.lookups import About
from rules.properties import properties_of
from rules.rendering import Labels
from rules.shape_paths import reads_of
from rules.shape_reads import paths_read, places_at
from rules.shapes import SH, OutsideFragmentError, Rule

Difference = tuple[set[Finding], set[Finding], set[str]]
"""Findings that appeared, findings that are gone, and the IRIs that were looked at."""


class Interpreted:
    """Rules of a release that pySHACL evaluates, ready to be asked."""

    def __init__(self, rules: Iterable[Rule], graph: Graph, labels: Labels) -> None:
        self.rules = tuple(rules)
        self._graph, self._labels = graph, labels
        self._shapes = ReadyShapes(graph, [URIRef(rule.iri) for rule in self.rules])

    @property
    def places(self) -> set[str]:
        """The names of the shapes that give results of their own."""
        nodes = (URIRef(rule.iri) for rule in self.rules)
        return {self._labels.text(shape) for node in nodes
                for shape, _ in places_at(self._graph, node)}  # fmt: skip

    def difference(self, before: About, after: About, changed: Mapping[str, Table]) -> Difference:
        """How their findings differ between two worlds.

        `changed` has, per class, the records as they stand in either world.
        """
        worlds = FactTriples(before), FactTriples(after)
        found = self._shapes.delta(*worlds, changed_triples(*worlds, changed))
        looked_at = {str(node) for nodes in found.focus.values() for node in nodes}
        return self._findings(found.appeared), self._findings(found.gone), looked_at

    def on(self, about: About, changed: Mapping[str, Table]) -> set[Finding]:
        """What they find on some records (their keys by class)."""
        nodes: set[Node] = {
            URIRef(f"{RESOURCE}{name}/{key}") for name, rows in changed.items() for key in rows.keys
        }
        return self._findings(self._shapes.results_on(FactTriples(about), nodes))

    def all(self, tables: Mapping[str, Table]) -> tuple[set[Finding], dict[str, int]]:
        """What they find on all facts, and how many focus nodes each of them has."""
        results, counts = self._shapes.results(graph_of(tables))
        return self._findings(results), {str(node): count for node, count in counts.items()}

    def _findings(self, results: Iterable[Result]) -> set[Finding]:
        return {
            Finding(
                focus_node=str(one.focus),
                result_path=one.path,
                value="" if one.value is None else self._labels.text(one.value),
                component=str(one.component),
                severity=str(one.severity).removeprefix(SH),
                source_shape=self._labels.text(one.shape),
                message=message_of(self._graph, one.shape),
            )
            for one in results
        }


def can_be_interpreted(graph: Graph, rule: Rule, refusal: InputError) -> bool:
    """Whether a rule that does not compile can be asked of pySHACL, and of nothing else.

    Its words are those of SHACL core but `sh:closed`, the names in it are of the vocabulary and
    of nothing that is inferred, and it targets classes of facts.
    """
    targets = {target.removeprefix(NAMESPACE) for target in rule.targets}
    if not isinstance(refusal, OutsideFragmentError) or not targets or not targets <= FACTS:
        return False
    paths = paths_read(graph, URIRef(rule.iri))
    if paths is None or any(s.predicate is None for path in paths for _, s in reads_of(path)):
        return False
    return not _unknown(graph, rule)


def _unknown(graph: Graph, rule: Rule) -> set[str]:
    """Names in the vocabulary's namespace that a rule uses and that no fact states."""
    words = {word for name in RECORDS for word in properties_of(name)}
    known = {*RECORDS, "owner", *words} - {*INFERRED_PROPERTIES, *INFERRED_CLASSES}
    waiting: list[Node] = [URIRef(rule.iri)]
    met: set[Node] = set()
    while waiting:
        node = waiting.pop()
        if node not in met:
            met.add(node)
            waiting += graph.objects(node)
    names = {str(node).removeprefix(NAMESPACE) for node in met if str(node).startswith(NAMESPACE)}
    return names - known
