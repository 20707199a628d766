"""Validation of RDF against SHACL shapes, pySHACL being the reference; failures are errors."""

import logging
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pyshacl.errors import ReportableRuntimeError
from pyshacl.graph_abstraction import DataGraph
from pyshacl.validator import Validator
from rdflib import RDF, Graph, Literal, Namespace, URIRef
from rdflib.term import Node

from ontology.errors import EvenkeelError, InputError
from ontology.findings import Finding, Report
from rules.reading import is_true, refuse_remote_queries
from rules.rendering import Labels, path_text

SH = Namespace("http://www.w3.org/ns/shacl#")
XSD_STRING = URIRef("http://www.w3.org/2001/XMLSchema#string")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One validation: the findings, and the same results as documents for `--json`."""

    report: Report
    results: tuple[dict[str, Any], ...]


def validate(data: Graph, shapes: Graph) -> Report:
    """All validation results of the data, sorted, with the focus nodes that each shape had.

    pySHACL's `conforms` is never read: it is false for an Info-only report. Nothing is imported
    or fetched. Raises InputError `SHAPES_UNUSABLE` where a shape is malformed or cannot be
    evaluated, RDF_REMOTE where a query reaches out.
    """
    return outcome_of(data, shapes).report


def result_documents(data: Graph, shapes: Graph) -> list[dict[str, Any]]:
    """The validation results as JSON objects, sorted; errors are those of `validate`.

    Keys: focusNode, resultPath, value, sourceConstraintComponent, resultSeverity, sourceShape,
    resultMessage (null where there is none). IRIs are in full, a literal `value` is its
    characters with `valueDatatype` and `valueLanguage` beside it, a complex path is written as
    in SPARQL, a blank node is a label that depends on the graph alone.
    """
    return list(outcome_of(data, shapes).results)


def outcome_of(data: Graph, shapes: Graph) -> Outcome:
    """Report and documents of one validation; errors are those of `validate`."""
    effective = in_force(shapes)
    found, counts = _run(_plain(data), effective)
    labels = Labels(shapes) if data is shapes else Labels(data, shapes)
    rows = sorted(
        (
            _rendered(found, result, shapes, labels)
            for result in found.objects(_report_node(found), SH.result)
        ),
        key=lambda row: tuple(str(value) for value in row.values()),
    )
    focus_counts = tuple(sorted((labels.text(node), count) for node, count in counts.items()))
    findings = sorted(_finding(row) for row in rows)
    return Outcome(Report(tuple(findings), focus_counts), tuple(rows))


def in_force(shapes: Graph) -> Graph:
    """The shapes without what SHACL says to pass over.

    Raises InputError SHAPES_UNUSABLE for what would be passed over in silence, RDF_REMOTE.
    """
    refuse_remote_queries(shapes)
    _refuse_unsupported(shapes)
    return _without_ignored(shapes)


class _Listener(logging.Logger):
    """pySHACL only logs a constraint that it skips; what is skipped must block (law 7)."""

    def __init__(self) -> None:
        super().__init__("evenkeel.validation", logging.WARNING)
        self.skipped: list[str] = []

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - the library's name
        """Whatever this process has switched off elsewhere: what is skipped is always heard."""
        return level >= logging.WARNING

    def handle(self, record: logging.LogRecord) -> None:
        self.skipped.append(record.getMessage())


class Reference:
    """pySHACL with shapes that it has read once; nothing that it skips or breaks off passes."""

    def __init__(self, shapes: Graph) -> None:
        """`shapes` are those of `in_force`. Raises InputError SHAPES_UNUSABLE."""
        self._listener = _Listener()
        with _blocking(self._listener):
            self._validator = Validator(
                DataGraph.from_rdflib(Graph(bind_namespaces="none")),
                shacl_graph=shapes,
                options={"logger": self._listener, "inplace": True},
            )
            self._shapes = {shape.node: shape for shape in self._validator.shacl_graph.shapes}

    def targets(self, shape: Node, data: Graph) -> set[Node]:
        """The focus nodes that a shape's targets have in the data."""
        with _blocking(self._listener):
            found: set[Node] = self._shapes[shape].focus_nodes(data)
        return found

    def report(self, data: Graph, focus: Mapping[Node, set[Node]]) -> Graph:
        """The validation report on the given focus nodes of shapes.

        Targets play no part: who asks has evaluated them. Raises InputError SHAPES_UNUSABLE.
        """
        results: list[Any] = []
        with _blocking(self._listener):
            executor = self._validator.make_executor()
            asked = DataGraph.from_rdflib(_plain(data))
            for shape, nodes in focus.items():
                if nodes:
                    results += self._shapes[shape].validate(executor, asked, focus=list(nodes))[1]
            report: Graph = self._validator.create_validation_report(
                self._validator.shacl_graph, not results, results
            )[0]
        return report


@contextmanager
def _blocking(listener: _Listener) -> Iterator[None]:
    """Whatever breaks off within, or is skipped, is raised as SHAPES_UNUSABLE (law 7)."""
    try:
        with warnings.catch_warnings():
            # A recursive shape is skipped with a warning; recursion is undefined in SHACL.
            warnings.simplefilter("error", RuntimeWarning)
            warnings.filterwarnings("ignore", "Parsing weird boolean", UserWarning)
            yield
    except ReportableRuntimeError as error:
        raise _unusable(str(error)) from error
    except EvenkeelError:  # our own refusal, such as a limit that was passed
        raise
    except Exception as error:  # any other way in which an evaluation breaks off must block, too
        raise _unusable(f"{type(error).__name__}: {error}") from error
    if listener.skipped:
        raise _unusable(listener.skipped[0])


def report_of(data: Graph, shapes: Graph) -> Graph:
    """The report of pySHACL on all of the data; `shapes` are those of `in_force`."""
    return _run(_plain(data), shapes)[0]


def _run(data: Graph, shapes: Graph) -> tuple[Graph, Counter[Node]]:
    listener = _Listener()
    with _blocking(listener):
        validator = Validator(
            DataGraph.from_rdflib(data),
            shacl_graph=shapes,
            options={"logger": listener, "inplace": True},
        )
        _, found, _ = validator.run()  # type: ignore[no-untyped-call]
        counts = _focus_counts(validator, data)
    return found, counts


def _focus_counts(validator: Validator, data: Graph) -> Counter[Node]:
    counts: Counter[Node] = Counter()
    for shape in validator.shacl_graph.shapes:
        if any(shape.target()[:1]) or any(shape.target()[1:]):
            counts[shape.node] = len(shape.focus_nodes(data))
    return counts


def _unusable(why: str) -> InputError:
    lines = [line.strip() for line in why.splitlines() if line.strip()]
    what = lines[0] if lines else "the shapes cannot be evaluated"
    return InputError(
        f"the shapes cannot be evaluated: {what[:300]}",
        hint="a rule that cannot be evaluated blocks; correct the shape",
        code="SHAPES_UNUSABLE",
    )


def _without_ignored(shapes: Graph) -> Graph:
    idle = set(_ignored(shapes))
    if not idle:
        return _plain(shapes)
    kept = Graph(bind_namespaces="none")
    for triple in shapes:
        if triple not in idle:
            kept.add(triple)
    return kept


def _ignored(shapes: Graph) -> Iterator[tuple[Node, Node, Node]]:
    # `sh:uniqueLang` is in force for the term `true` alone (SHACL 4.4.5), not for "1"^^xsd:boolean.
    yield from (row for row in shapes.triples((None, SH.uniqueLang, None)) if not is_true(row[2]))
    # Counts without a qualified value shape are an incomplete component: no constraint (4.7.3).
    for name in ("qualifiedMinCount", "qualifiedMaxCount", "qualifiedValueShapesDisjoint"):
        for row in shapes.triples((None, SH[name], None)):
            if (row[0], SH.qualifiedValueShape, None) not in shapes:
                yield row


def _refuse_unsupported(shapes: Graph) -> None:
    # pySHACL passes over these words in silence unless its advanced mode is on.
    for name in ("target", "expression", "js", "filterShape"):
        for node in shapes.subjects(SH[name], None):
            raise _unusable(f"`{node}` uses `sh:{name}`, which is not SHACL core or SHACL-SPARQL")


def _plain(graph: Graph) -> Graph:
    # INVARIANT: data and shapes are in the same kind of store (mixed ones gave false results).
    if type(graph) is Graph and type(graph.store).__name__ == "Memory":
        return graph
    copy = Graph(bind_namespaces="none")
    for subject, predicate, value in graph.triples((None, None, None)):
        copy.add((subject, predicate, value))
    return copy


def _report_node(found: Graph) -> Node:
    return next(iter(found.subjects(RDF.type, SH.ValidationReport)))


def _rendered(found: Graph, result: Node, shapes: Graph, labels: Labels) -> dict[str, Any]:
    def one(predicate: URIRef) -> Any:
        return found.value(result, predicate)

    value, path = one(SH.value), one(SH.resultPath)
    literal = value if isinstance(value, Literal) else None
    messages = sorted(str(text) for text in found.objects(result, SH.resultMessage))
    return {
        "focusNode": labels.text(one(SH.focusNode)),
        "resultPath": _path_of(found, shapes, path),
        "value": None if value is None else labels.text(value),
        "valueDatatype": None if literal is None else str(literal.datatype or _text_type(literal)),
        "valueLanguage": literal.language if literal is not None else None,
        "sourceConstraintComponent": labels.text(one(SH.sourceConstraintComponent)),
        "resultSeverity": labels.text(one(SH.resultSeverity)),
        "sourceShape": labels.text(one(SH.sourceShape)) or None,
        "resultMessage": "; ".join(messages) or None,
    }


def _text_type(literal: Literal) -> URIRef:
    return RDF.langString if literal.language else XSD_STRING


def _path_of(found: Graph, shapes: Graph, path: Node | None) -> str | None:
    if path is None:
        return None
    text = path_text(shapes, path) or path_text(found, path)
    return text or None


def _finding(row: dict[str, Any]) -> Finding:
    def short(term: str | None) -> str:
        return (term or "").removeprefix(str(SH))

    return Finding(
        focus_node=row["focusNode"],
        result_path=row["resultPath"] or "",
        value=row["value"] or "",
        component=row["sourceConstraintComponent"],
        severity=short(row["resultSeverity"]),
        source_shape=row["sourceShape"] or "",
        message=row["resultMessage"] or "",
    )
