"""Laws of provenance documents: three forms of one set of triples, whole, in standard terms."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from neo4j import Driver
from prov.model import ProvDocument
from rdflib import RDF, Dataset, Graph, URIRef
from rdflib.compare import isomorphic

from graph.provenance import TOUCHED, Trace, TraceEdge, TraceNode, trace_down
from graph.settings import Settings
from ontology.errors import InputError
from ontology.terms import NAMESPACE, RESOURCE, join_key
from service.audit.prov_export import prov_of_fact, prov_of_plan
from service.audit.prov_terms import (
    PROV,
    Iri,
    ProvStatements,
    Relation,
    Statement,
    Thing,
    iri_of,
)
from service.audit.prov_writing import FORMS, ROLES
from service.decision import PlanRequest
from service.examples import load_example
from service.house import House, house_on
from service.planning import make_plan
from tests.graph.conftest import empty_the_graph

CHAIN = "two_hubs"
BUNDLE = f"{RESOURCE}provenance/all"
pytestmark = [
    pytest.mark.filterwarnings(f"ignore:{name}:DeprecationWarning")
    for name in ("Dataset", "ConjunctiveGraph")  # rdflib warns of what it uses itself
]


@pytest.fixture(scope="module")
def house(database: Driver, tmp_path_factory: pytest.TempPathFactory) -> House:
    """two_hubs, planned."""
    empty_the_graph(database)
    found = house_on(database, Settings(home=tmp_path_factory.mktemp("prov")))
    load_example(found, CHAIN)
    make_plan(found, PlanRequest(CHAIN))
    return found


@pytest.fixture(scope="module")
def digest(house: House) -> str:
    return house.catalog.plans(CHAIN).rows[0].plan.digest


Quads = dict[str, Graph]


def quads_of(text: str, form: str) -> Quads:
    """The graphs of a document by name, the default one under the empty name."""
    if form == "prov-json":
        document = ProvDocument.deserialize(content=text, format="json")
        text, form = document.serialize(format="rdf", rdf_format="nquads"), "nquads"
    found = Dataset()
    found.parse(data=text, format=form)
    quads: Quads = {}
    for subject, word, value, name in found.quads():
        key = "" if name is None or "urn:x-rdflib:default" in str(name) else str(name)
        quads.setdefault(key, Graph()).add((subject, word, value))
    return quads


def assert_one_meaning(texts: dict[str, str]) -> Quads:
    """All forms hold the same graphs; gives them."""
    found = {form: quads_of(text, form) for form, text in texts.items()}
    trig = found["trig"]
    for form, quads in found.items():
        assert set(trig) == set(quads), form
        for name, graph in trig.items():
            assert set(graph) == set(quads[name]), form
            assert isomorphic(graph, quads[name])
    return trig


def forms_of(house: House, plan: str, *asked: Any, **more: Any) -> dict[str, str]:
    return {form: "".join(prov_of_plan(house, plan, form, *asked, **more)) for form in FORMS}


def test_a_plan_means_the_same_in_three_forms(house: House, digest: str) -> None:
    """PROV-JSON as the `prov` package reads it, JSON-LD and TriG: the same triples."""
    graphs = assert_one_meaning(forms_of(house, digest))
    name = f"{RESOURCE}provenance/{digest}"
    assert {"", name} == set(graphs)
    assert (URIRef(name), RDF.type, URIRef(f"{PROV}Bundle")) in graphs[""]
    whole = graphs[name]
    assert len(whole) > 100
    classes = {str(value) for value in whole.objects(None, RDF.type)}
    assert {f"{PROV}{sort}" for sort in ("Entity", "Activity", "Agent")} < classes
    assert {
        NAMESPACE + name for name in ("Plan", "Transfer", "StockPosition", "Snapshot")
    } < classes


def test_a_line_and_a_fact_mean_the_same_in_three_forms(house: House, digest: str) -> None:
    """One line down, and one fact up: what is derived is derived in both."""
    down = assert_one_meaning(forms_of(house, digest, 1))[f"{RESOURCE}provenance/{digest}/1"]
    derived = URIRef(f"{PROV}wasDerivedFrom")
    facts = {str(value) for value in down.objects(None, derived) if "/version/" in str(value)}
    fact = next(node for node in trace_down(house.driver, digest, 1).nodes.values()
                if node.kind == "fact")  # fmt: skip
    assert iri_of(fact) in facts
    uri = fact.details["uri"]
    up = assert_one_meaning({form: "".join(prov_of_fact(house, uri, form)) for form in FORMS})
    (graph,) = (graph for name, graph in up.items() if name)
    ends = {(str(one), str(other)) for one, other in graph.subject_objects(derived)}
    (line,) = (
        node for node in trace_down(house.driver, digest, 1).nodes.values() if node.kind == "line"
    )
    assert (iri_of(line), iri_of(fact)) in ends


def test_every_edge_of_a_trace_is_a_relation(house: House, digest: str) -> None:
    """No edge is lost but what became an attribute, and no relation hangs in the air."""
    trace = trace_down(house.driver, digest)
    statements = list(ProvStatements().of(trace))
    things = {each.iri for each in statements if isinstance(each, Thing)}
    relations = [each for each in statements if isinstance(each, Relation)]
    for each in relations:
        assert {each.subject, each.object} <= things, each
    kept = [edge for edge in trace.edges if edge.relation != "NAMES"]
    ends = {frozenset((each.subject, each.object)) for each in relations}
    for edge in kept:
        source, target = (iri_of(trace.nodes[end]) for end in (edge.source, edge.target))
        if edge.relation in {"WAS_DERIVED_FROM", "IN_FILE", "HAS_LINE", "WAS_ATTRIBUTED_TO"}:
            assert frozenset((source, target)) in ends, edge


@pytest.mark.parametrize("page", [1, 2])
def test_pages_put_together_are_the_whole(
    house: House, digest: str, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many lines are read at once, the document is the same; nothing is told twice."""
    whole = forms_of(house, digest)
    monkeypatch.setattr("service.audit.prov_export.PAGE", page)
    paged = forms_of(house, digest)
    assert_one_meaning({"trig": whole["trig"], "json-ld": paged["json-ld"],
                        "prov-json": paged["prov-json"]})  # fmt: skip
    assert sorted(whole["trig"].split("\n")) == sorted(paged["trig"].split("\n"))


def test_some_lines_alone(house: House, digest: str) -> None:
    """At most so many lines, after a number."""
    graphs = assert_one_meaning(forms_of(house, digest, after=1, most=1))
    lines = {str(line) for line in graphs[f"{RESOURCE}provenance/{digest}"].objects(
        URIRef(f"{RESOURCE}Plan/{digest}"), URIRef(f"{PROV}hadMember"))}  # fmt: skip
    assert [f"{digest}/2"] == [line.partition("Transfer/")[2] for line in lines]


@pytest.mark.parametrize(("plan", "form", "code"), [("0" * 64, "trig", "PLAN_UNKNOWN"),
                                                    ("", "turtle", "UNKNOWN_FORMAT")])  # fmt: skip
def test_what_cannot_be_exported(
    house: House, digest: str, plan: str, form: str, code: str
) -> None:
    """Refused before anything is written."""
    with pytest.raises(InputError) as refused:
        prov_of_plan(house, plan or digest, form)
    assert code == refused.value.code


def test_touched_is_not_derived() -> None:
    """A fact that was merely touched influenced the line; it is no derivation."""

    def node(kind: str, name: str, /, **details: Any) -> TraceNode:
        return TraceNode(f"{kind}:{name}", kind, name, details)

    line = node("line", "p/1", plan="p", number=1, kind="transfer")
    fact = node("fact", "f", uri="c/Item/w", event_sequence=1, event_row=0, fields={"id": "w"})
    edge = TraceEdge(line.id, "WAS_DERIVED_FROM", fact.id, TOUCHED)
    trace = Trace(line.id, {line.id: line, fact.id: fact}, (edge,))
    (relation,) = (each for each in ProvStatements().of(trace) if isinstance(each, Relation))
    assert "wasInfluencedBy" == relation.name


NAMES = st.text("aö'%20/:@+~-_.", min_size=1, max_size=5)
IRIS = NAMES.map(lambda name: f"{RESOURCE}Item/{join_key((name,))}")
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=9)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)
VALUES = st.one_of(
    TEXTS.filter(bool), st.integers(-9, 9), st.booleans(), IRIS.map(Iri),
    st.dates(date(1970, 1, 1), date(2100, 1, 1)),
    st.datetimes(EPOCH, timezones=st.just(UTC)),
)  # fmt: skip


@st.composite
def worlds(draw: st.DrawFn) -> list[Statement]:
    """A few things with any attributes, and any relations between them."""
    iris = draw(st.lists(IRIS, min_size=2, max_size=4, unique=True))
    found: list[Statement] = []
    for iri in iris:
        sort = draw(st.sampled_from(["entity", "activity", "agent"]))
        pairs = draw(
            st.lists(
                st.tuples(st.sampled_from(["name", "on", "units"]).map(NAMESPACE.__add__), VALUES),
                max_size=4,
            )
        )
        found.append(Thing(iri, sort, (), draw(TEXTS), tuple(pairs)))
    ends = st.sampled_from(iris)
    found += [
        Relation(*each)
        for each in draw(
            st.lists(st.tuples(st.sampled_from(sorted(ROLES)), ends, ends), max_size=6, unique=True)
        )
    ]
    return found


@given(worlds())
def test_any_statements_mean_the_same_in_three_forms(statements: list[Statement]) -> None:
    """Any text, number, day and name, quoted as each form wants it."""
    assert_one_meaning({form: "".join(write(BUNDLE, iter(statements)))
                        for form, write in FORMS.items()})  # fmt: skip


def test_documents_are_written_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """TriG and JSON-LD hold one statement at once; PROV-JSON waits in files beyond its measure."""
    taken = 0

    def many() -> Iterator[Statement]:
        nonlocal taken
        for number in range(5_000):
            taken += 1
            yield Thing(f"{RESOURCE}Item/{number}", "entity", (), "n" * 90)

    for form in ("trig", "json-ld"):
        taken, most = 0, 0
        for number, _ in enumerate(FORMS[form](BUNDLE, many())):
            most = max(most, taken - number)
        assert (5_000, True) == (taken, most < 10)
    monkeypatch.setattr("service.audit.prov_writing.SPOOLED_BYTES", 1_000)
    text = "".join(FORMS["prov-json"](BUNDLE, many()))
    (bundle,) = json.loads(text)["bundle"].values()
    assert 5_000 == len(bundle["entity"])


def test_the_package_reads_what_a_file_holds(house: House, digest: str, tmp_path: Path) -> None:
    """PROV-JSON read by the `prov` package and written again by it is the same document to it."""
    text = "".join(prov_of_plan(house, digest, "prov-json"))
    path = tmp_path / "plan.json"
    path.write_text(text, encoding="utf-8")
    document = ProvDocument.deserialize(path)
    again = ProvDocument.deserialize(content=document.serialize(format="json"), format="json")
    assert document == again
    assert 1 == len(list(document.bundles))
