"""Rules on facts that do not compile: pySHACL on what they read, near a change as on all."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdflib import RDF, Graph, URIRef

from ontology.axioms import INFERRED_CLASSES, INFERRED_PROPERTIES
from ontology.columns import joined_tables, table_of
from ontology.errors import InputError
from ontology.findings import Report
from ontology.goods import Item
from ontology.terms import NAMESPACE, RESOURCE
from ontology.vocabulary import FACTS
from rules.check import check_facts, findings_on
from rules.delta import delta, findings_near
from rules.fact_triples import FactTriples, changed_triples
from rules.graph_of import graph_of
from rules.lookups import about_tables
from rules.properties import Entailed, Field, Link, Sum, properties_of
from rules.release import Release
from rules.validate import validate
from tests.rules.changed_worlds import Tables, changed_world, random_world
from tests.rules.test_parity import FEW, SEEDS, rows_of
from tests.rules.worlds import PREFIXES, RandomShape

OUTSIDE = (
    ("Item", "sh:path inv:name ; sh:maxLength 3"),
    ("Item", "sh:path [ sh:inversePath inv:item ] ; sh:maxCount 2"),
    ("Item", "sh:path ( [ sh:inversePath inv:item ] inv:location ) ; sh:maxCount 2"),
    ("Location", "sh:path [ sh:inversePath inv:origin ] ; sh:minCount 1 ; sh:class inv:Lane"),
    ("Location", "sh:property [ sh:path [ sh:inversePath inv:location ] ; sh:property rule:unit ]"),
    ("StockPosition", "sh:path [ sh:alternativePath ( inv:unit inv:basis ) ] ; sh:maxCount 1"),
    ("StockPosition", "sh:path ( inv:item [ sh:zeroOrOnePath inv:packUnit ] ) ; sh:maxCount 2"),
    ("StockPosition", "sh:path inv:lot ; sh:qualifiedValueShape rule:ok ; sh:qualifiedMinCount 1"),
    ("Calendar", "sh:path inv:openWeekdays ; sh:minLength 7"),
    ("Lane", "sh:property rule:sized"),
)  # fmt: skip
NESTED = """
rule:sized sh:path inv:calendar ; sh:property [ sh:path inv:id ; sh:maxLength 4 ] .
rule:unit sh:path inv:unit ; sh:minLength 4 .
rule:ok sh:path inv:status ; sh:hasValue "released" .
"""


def release_of(number: int, more: str = "") -> Release:
    target, body = OUTSIDE[number]
    text = f"{PREFIXES}rule:outside sh:targetClass inv:{target} ; {body} .\n{NESTED}"
    return Release("outside", "1", {"outside.ttl": text} | ({"more.ttl": more} if more else {}), {})


def difference(release: Release, before: Tables, after: Tables) -> tuple[set[object], set[object]]:
    was, now = (rows_of(validate(graph_of(world), release.graph)) for world in (before, after))
    return now - was, was - now


@FEW
@given(SEEDS, st.sampled_from(range(len(OUTSIDE))))
def test_a_change_of_facts_is_judged_as_by_two_full_runs(seed: int, number: int) -> None:
    """Shapes outside the fragment beside one inside it: the difference is that of the reference."""
    random = Random(seed)
    more = RandomShape(random).rule("inside", random.choice(("Item", "StockPosition")))
    release = release_of(number, more)
    before = {name: rows for name, rows in random_world(random).items() if name in FACTS}
    after, changed = changed_world(random, before, release.compiled)
    found = delta(release.watch, about_tables(before), about_tables(after), changed)
    told = rows_of(Report(found.appeared)), rows_of(Report(found.gone))
    assert difference(release, before, after) == told


@FEW
@given(SEEDS, st.sampled_from(range(len(OUTSIDE))))
def test_all_and_near_and_in_bulk_agree(seed: int, number: int) -> None:
    """All facts by one run of the reference, some of them near or in bulk: the same findings."""
    random = Random(seed)
    release = release_of(number)
    world = {name: rows for name, rows in random_world(random).items() if name in FACTS}
    _, changed = changed_world(random, world, release.compiled)
    whole = check_facts(release, world)
    assert rows_of(validate(graph_of(world), release.graph)) == rows_of(whole)
    ours = {f"{RESOURCE}{name}/{key}" for name, nodes in changed.items() for key in nodes.keys}
    expected = [finding for finding in whole.findings if finding.focus_node in ours]
    assert expected == findings_near(release.watch, about_tables(world), changed)
    assert expected == findings_on(release, world, changed)


def stated_in(world: Tables) -> Graph:
    """The triples of facts without those that are inferred."""
    found = graph_of(world)
    for word in INFERRED_PROPERTIES:
        found.remove((None, URIRef(NAMESPACE + word), None))
    for name in INFERRED_CLASSES:
        found.remove((None, RDF.type, URIRef(NAMESPACE + name)))
    return found


@FEW
@given(SEEDS)
def test_facts_are_the_triples_of_their_graph(seed: int) -> None:
    """Asked forward, back or for all of a node, facts in columns say what `graph_of` writes."""
    random = Random(seed)
    world = {name: rows for name, rows in random_world(random).items() if name in FACTS}
    graph, triples = stated_in(world), FactTriples(about_tables(world))
    for subject, predicate, value in random.sample(sorted(graph), min(len(graph), 8)):
        assert set(graph.objects(subject, predicate)) == set(triples.objects(subject, predicate))
        assert set(graph.subjects(predicate, value)) == set(triples.subjects(predicate, value))
        assert set(graph.predicate_objects(subject)) == set(triples.predicate_objects(subject))


@FEW
@given(SEEDS)
def test_changed_records_are_changed_triples(seed: int) -> None:
    """The triples that differ where records do, shortcuts and sums of theirs among them."""
    random = Random(seed)
    before = {name: rows for name, rows in random_world(random).items() if name in FACTS}
    after, changed = changed_world(random, before, ())
    worlds = [FactTriples(about_tables(world)) for world in (before, after)]
    rows = {name: joined_tables([before[name], after[name]]) for name in changed}
    graphs = [stated_in(world) for world in (before, after)]
    expected = set(graphs[0]) ^ set(graphs[1])
    assert expected == set(changed_triples(*worlds, rows))


def test_facts_have_no_property_that_is_read_off_another_record() -> None:
    """So the triples that a record states are its own, and those of the rows of its links."""
    sources = {type(step.source) for name in FACTS for step in properties_of(name).values()}
    assert {Field, Link, Sum, Entailed} == sources


def test_what_is_no_fact_has_no_triples() -> None:
    """Other IRIs, texts and keys of another form are nobody's."""
    triples = FactTriples(about_tables({"Item": table_of([Item("oil")], "Item")}))
    item = URIRef(f"{RESOURCE}Item/oil")
    assert list(triples.predicate_objects(item))
    for other in ("urn:x", f"{RESOURCE}Item/none", f"{RESOURCE}StockPosition/a",
                  f"{RESOURCE}Plan/1", f"{RESOURCE}DemandForecast/a/b/c/d/e/f/g"):  # fmt: skip
        assert [] == list(triples.predicate_objects(URIRef(other)))


@pytest.mark.parametrize(
    "body",
    [
        "sh:path inv:colour ; sh:maxLength 3",
        "sh:path inv:name ; sh:maxLength 3 ; sh:node [ sh:path inv:colour ; sh:minCount 1 ]",
        "sh:path inv:name ; sh:maxlength 3",
        "sh:closed true",
        "sh:path inv:approvedReplacement ; sh:maxLength 3",
        'sh:sparql [ sh:select "SELECT $this WHERE { $this a inv:Item }" ]',
        "sh:path inv:name ; sh:maxLength 3 ; sh:targetNode rule:x",
    ],
)
def test_what_pyshacl_would_pass_over_or_never_end_still_blocks(body: str) -> None:
    """A name that the vocabulary lacks, a word that SHACL lacks, a query, another target."""
    text = f"{PREFIXES}rule:one sh:targetClass inv:Item ; {body} ."
    with pytest.raises(InputError) as refusal:
        _ = Release("bad", "1", {"one.ttl": text}, {}).compiled
    assert refusal.value.code == "RULE_NOT_EVALUATED"
