"""What a change of triples does to the findings of any SHACL core shapes, from around it alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from rdflib import Graph, Namespace, URIRef
from rdflib.term import Node

from rules.rendering import path_text
from rules.shape_paths import Path, Step, Triple, Triples, reads_of, reverse, walked
from rules.shape_reads import paths_read, places_at, targeted
from rules.validate import Reference, in_force

SH = Namespace("http://www.w3.org/ns/shacl#")


@dataclass(frozen=True, slots=True)
class Result:
    """A validation result by its terms; the path is written as in SPARQL, empty for none.

    What pySHACL says in its own words depends on prefixes, and makes no other result.
    """

    focus: Node
    path: str
    value: Node | None
    component: Node
    severity: Node
    shape: Node
    message: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class GraphDelta:
    """Results that are there only after a change, and only before it.

    `focus` has, per shape with a target, the nodes that were looked at.
    """

    appeared: frozenset[Result]
    gone: frozenset[Result]
    focus: Mapping[Node, frozenset[Node]]


@dataclass(frozen=True, eq=False, slots=True)
class _Ready:
    """A shape with a target: its paths, where it takes each step, and where it gives results.

    `paths` is None where it may read anything.
    """

    paths: tuple[Path, ...] | None
    reads: tuple[tuple[Path, Step], ...]
    places: tuple[tuple[Node, Path], ...]


class ReadyShapes:
    """A shapes graph that was read once; each question then takes time by what it is about."""

    def __init__(self, shapes: Graph, only: Iterable[Node] | None = None) -> None:
        """`only` names the shapes that count, all that have a target where it is left out.

        Raises InputError SHAPES_UNUSABLE or RDF_REMOTE.
        """
        self._graph = in_force(shapes)
        chosen = targeted(self._graph) if only is None else only
        self._ready = _with_sharing({node: _ready(self._graph, node) for node in chosen})
        self._reference = Reference(self._graph)

    def delta(self, before: Triples, after: Triples, changed: Iterable[Triple]) -> GraphDelta:
        """How the results on all of the data differ between two worlds.

        `changed` holds at least the triples that are in one of them only. It equals the
        difference of two full runs. Raises InputError SHAPES_UNUSABLE; ValueError for a shape
        that may read anything where a world is no graph.
        """
        focus = self._led_from(after, list(changed))
        self._add_sharing(before, after, focus)
        was, now = (self._results(world, focus) for world in (before, after))
        looked_at = {node: frozenset(nodes) for node, nodes in focus.items()}
        return GraphDelta(now - was, was - now, looked_at)

    def results_on(self, data: Triples, nodes: set[Node]) -> frozenset[Result]:
        """The results of which the focus node is one of some nodes, as among all of the data."""
        focus: dict[Node, set[Node]] = {}
        for node, ready in self._ready.items():
            for _, way in ready.places:
                found = walked(reverse(way), nodes, data, set())
                focus.setdefault(node, set()).update(found)
        return frozenset(one for one in self._results(data, focus) if one.focus in nodes)

    def results(self, data: Graph) -> tuple[frozenset[Result], dict[Node, int]]:
        """All results, and how many focus nodes each shape has."""
        focus = {node: self._reference.targets(node, data) for node in self._ready}
        counts = {node: len(nodes) for node, nodes in focus.items()}
        return results_in(self._reference.report(data, focus), self._graph), counts

    def _led_from(self, data: Triples, changed: list[Triple]) -> dict[Node, set[Node]]:
        """Per shape, the nodes from which it takes a changed triple as a step.

        All steps before the first changed one are in both worlds, so one of them is enough.
        """
        found: dict[Node, set[Node]] = {}
        for node, ready in self._ready.items():
            if ready.paths is None:
                found[node] = set()
            for way, step in ready.reads:
                at = {t[2] if step.back else t[0] for t in changed
                      if step.predicate in (None, t[1])}  # fmt: skip
                if at:
                    found.setdefault(node, set()).update(walked(reverse(way), at, data, set()))
        return found

    def _add_sharing(
        self, before: Triples, after: Triples, focus: dict[Node, set[Node]]
    ) -> None:  # fmt: skip
        """Add the nodes from which the same result can come: it is gone only with the last."""
        for node, nodes in [(node, set(nodes)) for node, nodes in focus.items()]:
            for shape, way in self._ready[node].places:
                values = {v for world in (before, after) for v in walked(way, nodes, world, set())}
                for other, ready in self._ready.items():
                    for same, path in ready.places:
                        if same == shape:
                            roots = walked(reverse(path), values, after, set())
                            focus.setdefault(other, set()).update(roots)

    def _results(self, data: Triples, focus: Mapping[Node, set[Node]]) -> frozenset[Result]:
        near, judged = Graph(bind_namespaces="none"), {}
        whole = {node: nodes for node, nodes in focus.items() if self._ready[node].paths is None}
        for node, nodes in focus.items():
            met: set[Triple] = set()
            for path in self._ready[node].paths or ():
                walked(path, nodes, data, met)
            for triple in met:
                near.add(triple)
        for node in focus.keys() - whole.keys():
            judged[node] = self._reference.targets(node, near) & focus[node]
        found = results_in(self._reference.report(near, judged), self._graph)
        if whole and not isinstance(data, Graph):
            raise ValueError("a shape that may read anything is asked of a whole graph only")
        if whole and isinstance(data, Graph):
            everything = {node: self._reference.targets(node, data) for node in whole}
            found |= results_in(self._reference.report(data, everything), self._graph)
        return found


def results_in(report: Graph, shapes: Graph) -> frozenset[Result]:
    """The results of a validation report."""
    return frozenset(_result(report, shapes, node) for node in report.objects(None, SH.result))


def _ready(shapes: Graph, node: Node) -> _Ready:
    paths = paths_read(shapes, node)
    if paths is None:
        return _Ready(None, (), tuple(places_at(shapes, node)))
    reads = {read: None for path in paths for read in reads_of(path)}
    distinct = tuple(dict.fromkeys(paths))
    return _Ready(distinct, tuple(reads), tuple(places_at(shapes, node)))


def _with_sharing(ready: dict[Node, _Ready]) -> dict[Node, _Ready]:
    """The shapes, of which those that share a result with one that reads anything do so, too."""
    blind = {shape for one in ready.values() if one.paths is None for shape, _ in one.places}
    shares = {n for n, one in ready.items() if any(shape in blind for shape, _ in one.places)}
    return {n: replace(one, paths=None, reads=()) if n in shares else one
            for n, one in ready.items()}  # fmt: skip


def _result(report: Graph, shapes: Graph, node: Node) -> Result:
    def one(word: URIRef) -> Node:
        found = report.value(node, word)
        assert found is not None  # noqa: S101  the specification demands it of every result
        return found

    path = report.value(node, SH.resultPath)
    messages = sorted(str(text) for text in report.objects(node, SH.resultMessage))
    return Result(
        focus=one(SH.focusNode),
        path=path_text(shapes, path) or path_text(report, path),
        value=report.value(node, SH.value),
        component=one(SH.sourceConstraintComponent),
        severity=one(SH.resultSeverity),
        shape=one(SH.sourceShape),
        message="; ".join(messages),
    )
