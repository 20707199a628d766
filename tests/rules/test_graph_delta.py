"""A change of triples under any SHACL core shapes: what appears and goes, as two full runs say."""

from collections.abc import Iterable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdflib import RDF, Graph, URIRef
from rdflib.term import Node

from ontology.errors import InputError
from rules.graph_delta import ReadyShapes, Result, results_in
from rules.graph_of import graph_of
from rules.reading import parse_graph, read_graph
from rules.release import Release
from rules.shape_paths import Triple
from rules.validate import in_force, report_of
from tests.rules.changed_worlds import changed_world, random_world
from tests.rules.test_parity import FEW, SEEDS
from tests.rules.test_w3c_suite import MF, SH, SHT, SUITE, Case, cases, expected_rows
from tests.rules.worlds import RandomShape

Pair = tuple[frozenset[Result], frozenset[Result]]


def by_full_runs(shapes: Graph, before: Graph, after: Graph) -> Pair:
    """The difference of pySHACL's reports on all of both worlds, targets and all."""
    ready = in_force(shapes)
    was, now = (results_in(report_of(world, ready), ready) for world in (before, after))
    return now - was, was - now


def without(data: Graph, gone: Iterable[Triple]) -> Graph:
    found = Graph(bind_namespaces="none")
    left_out = set(gone)
    for triple in data:
        if triple not in left_out:
            found.add(triple)
    return found


def drawn(random: Random, data: Graph) -> list[Triple]:
    """Up to three triples that are not part of a shape or of the test's own story."""
    told = (str(SH), str(SHT), str(MF), str(RDF) + "first", str(RDF) + "rest")
    rows = sorted(triple for triple in data if not str(triple[1]).startswith(told))
    return random.sample(rows, min(len(rows), random.randint(1, 3)))


@pytest.mark.skipif(not SUITE.is_dir(), reason=f"no W3C SHACL suite at {SUITE}")
@pytest.mark.parametrize("part", ["core", "sparql"])
def test_the_difference_is_that_of_two_full_runs_on_the_suite(part: str) -> None:
    """Every case of the W3C suite, with triples taken from its data and given back."""
    compared = 0
    for number, case in enumerate(cases(part)):
        compared += expected_rows(case) is not None and differs_alike(case, Random(number))
    assert compared >= {"core": 20, "sparql": 3}[part]


def differs_alike(case: Case, random: Random) -> bool:
    """Hold a change of a case's data to two full runs; whether it made a difference."""
    whole, shapes = read_graph(case.data), read_graph(case.shapes)
    gone = drawn(random, whole)
    less = without(whole, gone)
    try:
        ready = ReadyShapes(shapes)
        expected = by_full_runs(shapes, whole, less)
        delta, back = ready.delta(whole, less, gone), ready.delta(less, whole, gone)
    except InputError as refusal:
        assert refusal.code in {"SHAPES_UNUSABLE", "RDF_REMOTE"}, case.name  # noqa: PT017
        return False
    assert expected == (delta.appeared, delta.gone), (case.name, gone)
    assert expected == (back.gone, back.appeared), (case.name, gone)
    return expected != (frozenset(), frozenset())


@FEW
@given(SEEDS, st.sampled_from(["Item", "StockPosition", "Location", "Lane"]))
def test_facts_as_triples_give_the_same(seed: int, target: str) -> None:
    """Random shapes and changes of facts: on the triples that differ, as on all."""
    random = Random(seed)
    world = random_world(random)
    text = RandomShape(random).rule("random", target)
    release = Release("random", "1", {"random.ttl": text}, {})
    after, _ = changed_world(random, world, release.compiled)
    before, now = graph_of(world), graph_of(after)
    changed = [*(before - now), *(now - before)]
    delta = ReadyShapes(release.graph).delta(before, now, changed)
    assert by_full_runs(release.graph, before, now) == (delta.appeared, delta.gone)
    assert all(isinstance(node, Node) for nodes in delta.focus.values() for node in nodes)


def test_a_result_that_two_ways_lead_to_goes_with_the_last() -> None:
    """A shape nested at a shared node gives one result: it stays while any way leads there."""
    prefixes = "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix x: <urn:x:> .\n"
    shapes = parse_graph(
        (f"{prefixes} x:Shape sh:targetClass x:Box ; sh:property [ sh:path x:in ; "
         "sh:property [ sh:path x:name ; sh:minCount 1 ] ] .").encode(), "turtle", "shapes"
    )  # fmt: skip
    data = parse_graph(
        f"{prefixes} x:a a x:Box ; x:in x:hall . x:b a x:Box ; x:in x:hall .".encode(),
        "turtle", "data",
    )  # fmt: skip
    one = [t for t in data if t[0] == URIRef("urn:x:b")]
    delta = ReadyShapes(shapes).delta(data, without(data, one), one)
    assert (frozenset(), frozenset()) == (delta.appeared, delta.gone)
    both = list(data)
    gone = ReadyShapes(shapes).delta(data, without(data, both), both).gone
    assert [URIRef("urn:x:hall")] == [result.focus for result in gone]
