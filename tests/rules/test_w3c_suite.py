"""The W3C SHACL test suite through our own reading, validation and rendering."""

import os
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from rdflib import RDF, BNode, Graph, Literal, Namespace
from rdflib.term import Node

from ontology.errors import InputError
from rules.reading import read_graph
from rules.rendering import path_text
from rules.validate import result_documents

SH = Namespace("http://www.w3.org/ns/shacl#")
SHT = Namespace("http://www.w3.org/ns/shacl-test#")
MF = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")

_BESIDE = Path(__file__).resolve().parents[2].parent / "shared"
SUITE = Path(os.environ.get("EVENKEEL_SHARED", _BESIDE)) / "data" / "shacl_testsuite"

pytestmark = pytest.mark.skipif(not SUITE.is_dir(), reason=f"no W3C SHACL suite at {SUITE}")

DIFFERENCES = {
    "sparql/pre-binding/shapesGraph-001": "$shapesGraph is an optional feature of SHACL-SPARQL"
    " (5.3.1); pySHACL does not bind it, so the shape is refused instead of half evaluated",
}
"""Every test whose result is not the expected one, and why."""

PYSHACL_SCORES = {"core": 97, "sparql": 15}
SIZES = {"core": 98, "sparql": 23}


@dataclass(frozen=True)
class Case:
    """One entry of a manifest."""

    name: str
    data: Path
    shapes: Path
    manifest: Graph
    expected: Node


def cases(part: str) -> list[Case]:
    found = []
    for path in sorted((SUITE / part).rglob("*.ttl")):
        manifest = read_graph(path)
        for entry in sorted(manifest.subjects(RDF.type, SHT.Validate)):
            action = manifest.value(entry, MF.action)
            data, shapes = (
                path.parent / Path(str(manifest.value(action, role))).name
                for role in (SHT.dataGraph, SHT.shapesGraph)
            )
            name = f"{path.relative_to(SUITE).parent}/{str(entry).rsplit('/', 1)[-1]}"
            found.append(Case(name, data, shapes, manifest, manifest.value(entry, MF.result)))
    return found


def expected_rows(case: Case) -> Counter[tuple[str, ...]] | None:
    """The expected report as rows, blank nodes all alike; None for an expected failure."""
    if case.expected == SHT.Failure:
        return None
    graph, rows = case.manifest, Counter()
    for result in graph.objects(case.expected, SH.result):
        values = [graph.value(result, SH[name]) for name in ("focusNode", "value")]
        names = ("sourceConstraintComponent", "resultSeverity", "sourceShape")
        path = path_text(graph, graph.value(result, SH.resultPath))
        others = [graph.value(result, SH[name]) for name in names]
        literal = values[1] if isinstance(values[1], Literal) else None
        kind = "" if literal is None else f"{literal.datatype or ''}{literal.language or ''}"
        rows[(*map(_alike, values), kind, path, *map(_alike, others))] += 1
    return rows


def found_rows(case: Case) -> Counter[tuple[str, ...]] | None:
    """What validation gives for a case, in the same form; None where it refuses."""
    data = read_graph(case.data)
    try:
        documents = result_documents(
            data, data if case.data == case.shapes else read_graph(case.shapes)
        )
    except InputError as refusal:
        assert refusal.code in {"SHAPES_UNUSABLE", "RDF_REMOTE"}  # noqa: PT017
        return None
    plain = ("http://www.w3.org/2001/XMLSchema#string", str(RDF.langString))
    rows: Counter[tuple[str, ...]] = Counter()
    for row in documents:
        kind = "" if row["valueDatatype"] in plain else row["valueDatatype"] or ""
        rows[
            (
                _unlabelled(row["focusNode"]),
                _unlabelled(row["value"]),
                kind + (row["valueLanguage"] or ""),
                row["resultPath"] or "",
                row["sourceConstraintComponent"],
                row["resultSeverity"],
                _unlabelled(row["sourceShape"]),
            )
        ] += 1
    return rows


def _alike(node: Node | None) -> str:
    return "" if node is None else "_:" if isinstance(node, BNode) else str(node)


def _unlabelled(text: str | None) -> str:
    return "_:" if (text or "").startswith("_:") else text or ""


@cache
def differing(part: str) -> tuple[tuple[str, ...], int]:
    """The names of the tests of a part that do not come out as expected, and how many ran."""
    every = cases(part)
    return tuple(c.name for c in every if expected_rows(c) != found_rows(c)), len(every)


@pytest.mark.parametrize("part", ["core", "sparql"])
def test_the_differences_are_exactly_the_explained_ones(part: str) -> None:
    """Every result equals the expected report, but for the differences that are explained."""
    explained = tuple(sorted(name for name in DIFFERENCES if name.startswith(part)))
    assert explained == tuple(sorted(differing(part)[0]))


@pytest.mark.parametrize("part", ["core", "sparql"])
def test_the_score_is_at_least_that_of_the_reference(part: str) -> None:
    """No fewer tests come out right than with pySHACL alone, out of the whole suite."""
    names, count = differing(part)
    assert SIZES[part] == count
    assert count - len(names) >= PYSHACL_SCORES[part]
