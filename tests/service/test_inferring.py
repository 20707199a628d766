"""A line whose permission rests on what is inferred: rule, proof, and the rows behind it."""

from dataclasses import replace
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from neo4j import Driver

from api.app import create_app
from graph.artifacts import ArtifactStore
from graph.provenance import DECISIVE, TOUCHED, Trace, trace_down
from graph.settings import Settings
from ontology.errors import InputError
from reasoning.inferences import Inferences
from rules.release import Release, default_release
from service.decision import PlanRequest
from service.examples import load_example
from service.house import house_on
from service.inferred_now import _KEPT, inferred
from service.inferring import addresses_in, reliances_of, with_inferred
from service.intake.deliveries import Delivery
from service.intake.sync import sync
from service.planning import make_plan
from tests.api.conftest import TOKEN, Client
from tests.graph.conftest import empty_the_graph
from tests.service.planned import TWO_HUBS, Planned, planned

STAY = """
@prefix inv:  <https://w3id.org/evenkeel/inventory#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix rule: <https://w3id.org/evenkeel/rule/> .
@prefix sh:   <http://www.w3.org/ns/shacl#> .

rule:stay-in-the-valley a sh:NodeShape ;
    rdfs:label "Stay in the valley" ; rdfs:comment "Stock stays in the valley." ;
    inv:owner "operations" ; sh:message "stock would leave the valley" ;
    sh:targetClass inv:Movement ; sh:severity sh:Violation ;
    sh:or ( [ sh:path inv:destination ; sh:maxCount 0 ]
            [ sh:path ( inv:destination inv:within ) ;
              sh:hasValue <https://w3id.org/evenkeel/id/Location/%s> ] ) .
"""
LOOK = """
rule:look a sh:PropertyShape ; rdfs:label "Look" ; sh:targetClass inv:Movement ;
    sh:message "never" ; sh:path ( inv:destination inv:within ) ; sh:maxCount 9 .
"""


MAPPING = """
format: evenkeel-mapping/1
chain: two_hubs
source: maps
version: 1
known: []
files: [{file: places.csv, principal: {class: Location, fields: by_header}}]
"""
ASKED = """query($plan: String!, $line: Int!) {
  trace(plan: $plan, line: $line) { nodes { id kind label } edges { source relation target role } }
  whyLine(plan: $plan, line: $line) { inferred { rule title role statement proof } } }"""


def with_rule(text: str) -> Release:
    shapes = dict(default_release().shapes) | {"stay.ttl": text}
    return replace(default_release(), version="with-stay", shapes=shapes)


def line_of(plan: Planned, kind: str) -> dict:
    return next(one for one in plan.document["decision"]["lines"] if one["kind"] == kind)


@pytest.fixture(scope="module")
def valley(tmp_path_factory: pytest.TempPathFactory) -> Planned:
    """The example under a rule on the region that both hubs are part of."""
    return planned(TWO_HUBS, tmp_path_factory.mktemp("artifacts"), with_rule(STAY % "valley"))


def test_a_line_tells_the_rule_and_the_proof(valley: Planned) -> None:
    """A transfer is allowed since its end is within the region: a decisive, inferred statement."""
    line = line_of(valley, "transfer")
    (found,) = reliances_of(ArtifactStore(valley.artifacts), valley.document, line["number"])
    end = f"Location/{line['destination']}"
    assert ("Stay in the valley", DECISIVE) == (found.title, found.role)
    assert (end, "within", "Location/valley") == found.proof.statement
    assert found.proof.is_inferred
    assert [end] == list(found.proof.leaves())
    assert {} == addresses_in(replace(valley.snapshot, addresses={}), [found])


def test_another_region_closes_the_same_line(valley: Planned, tmp_path: Path) -> None:
    """What is inferred decides: under a region that holds neither hub nothing is moved."""
    elsewhere = planned(TWO_HUBS, tmp_path, with_rule(STAY % "coast"))
    assert line_of(valley, "transfer")
    kinds = {one["kind"] for one in elsewhere.document["decision"]["lines"]}
    assert "transfer" not in kinds


def test_what_was_read_and_changed_nothing_is_touched(tmp_path: Path) -> None:
    """A rule that allows the line with and without what it read says so."""
    plan = planned(TWO_HUBS, tmp_path, with_rule(STAY.partition("rule:stay")[0] + LOOK))
    found = reliances_of(ArtifactStore(plan.artifacts), plan.document, 1)
    assert [TOUCHED] == [one.role for one in found]


def test_without_inferred_words_nothing_is_told(plan: Planned) -> None:
    """The shipped release names none, so that no line of it rests on one."""
    assert () == reliances_of(ArtifactStore(plan.artifacts), plan.document, 1)


def test_the_trace_leads_from_the_line_to_the_row(
    database: Driver, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Line, rule, inferred statement, axiom, fact, row and file; every step is an edge."""
    empty_the_graph(database)
    home = tmp_path_factory.mktemp("home")
    house = house_on(database, Settings(home=home), with_rule(STAY % "valley"))
    load_example(house, "two_hubs")
    document = make_plan(house, PlanRequest(chain="two_hubs")).document
    line = next(one for one in document["decision"]["lines"] if one["kind"] == "transfer")
    plain = trace_down(database, document["plan_digest"], line["number"])
    found = with_inferred(house, line["number"], plain)
    assert set(plain.edges) < set(found.edges)
    walked = ["JUDGED_BY", "READS", "WAS_DERIVED_FROM", "WAS_DERIVED_FROM", "WAS_DERIVED_FROM",
              "IN_FILE"]  # fmt: skip
    names = path(found, walked)
    kinds = [found.nodes[name].kind for name in names]
    assert ["rule", "inferred", "stated", "fact", "row", "file"] == kinds
    assert "locations.csv" == found.nodes[names[-1]].label
    axioms = [node.label for node in found.nodes.values() if node.kind == "axiom"]
    assert ["partOf rdfs:subPropertyOf within (prp-spo1)"] == axioms
    with start_blocking_portal() as portal:
        client = Client(portal, create_app(house, TOKEN))
        asked = {"plan": document["plan_digest"], "line": line["number"]}
        answer = client.post("/graphql", json={"query": ASKED, "variables": asked}).json()["data"]
    assert [node.id for node in found.nodes.values()] == [n["id"] for n in answer["trace"]["nodes"]]
    (told,) = answer["whyLine"]["inferred"]
    assert ("Stay in the valley", DECISIVE) == (told["title"], told["role"])
    assert f"Location/{line['destination']} within Location/valley" == told["statement"]
    assert "prp-spo1" == told["proof"]["rule"]


def test_what_is_inferred_now_follows_the_facts(empty_database: Driver, tmp_path: Path) -> None:
    """After a delivery it is what is worked out anew, and only what changed was looked at."""
    house = house_on(empty_database, Settings(home=tmp_path / "home"))
    load_example(house, "two_hubs")
    before = inferred(house, "two_hubs", "within")
    assert ["Location/north within Location/valley", "Location/south within Location/valley"] == [
        str(one.statement) for one in before.proofs
    ]  # fmt: skip
    kept = _KEPT[house.reader]["two_hubs"].found
    (tmp_path / "m.yaml").write_text(MAPPING)
    (tmp_path / "places.csv").write_text(
        "id,kind,part_of\nvalley,region,land\nshelf,shelf,north\nland,region,\n"
    )
    sync(house, [tmp_path / "places.csv"], tmp_path / "m.yaml", Delivery("local", "places"))
    after = inferred(house, "two_hubs", "within")
    assert kept is _KEPT[house.reader]["two_hubs"].found
    anew = Inferences(house.facts("two_hubs").tables)
    assert set(anew.statements("within")) == {one.statement for one in after.proofs}
    assert "Location/shelf within Location/land" in {str(one.statement) for one in after.proofs}
    assert all(anew.proof(one.statement) == one for one in after.proofs)
    pages, last = [], ""
    while True:
        page = inferred(house, "two_hubs", after=last, first=2)
        pages += page.proofs
        if not (last := page.next_after):
            break
    assert len(anew.inferred()) == len(pages) == len({one.statement for one in pages})
    for wrong in ({"word": "makes"}, {"first": 0}):
        with pytest.raises(InputError):
            inferred(house, "two_hubs", **wrong)


def path(found: Trace, relations: list[str]) -> list[str]:
    """The nodes that the relations lead to, one after the other, from the root."""
    here, names = found.root, []
    for relation in relations:
        here = next(edge.target for edge in found.edges
                    if edge.source == here and edge.relation == relation)  # fmt: skip
        names.append(here)
    return names
