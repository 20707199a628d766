"""Laws of provenance: every line leads to its rows and people, every fact to what used it."""

from dataclasses import replace

import pytest

from graph.plans import SavedPlan, activate_release, save_plan
from graph.projection import Projection, load_feed
from graph.provenance import NO_CURSOR, Trace, trace_down, trace_up
from graph.snapshot import SnapshotReader
from ontology.errors import InputError
from tests.graph.facts_at_hand import (
    CHAIN,
    NOON,
    RELEASE,
    after_noon,
    feed_of,
    plan_document,
    release_document,
    summary_of,
    two_hubs,
)

STOCK = "two_hubs/StockPosition/widget/north/L1"


def make_plan(projection: Projection, reader: SnapshotReader, lines: int) -> SavedPlan:
    snapshot = reader.read(CHAIN)
    document = plan_document(snapshot, lines)
    return save_plan(projection, document, plan=summary_of(document), snapshot=snapshot)


@pytest.fixture
def saved(projection: Projection, reader: SnapshotReader) -> SavedPlan:
    feed = replace(feed_of(two_hubs()), feed="monday")
    load_feed(projection, feed, agent="erp-bot", effective_at=after_noon(projection))
    activate_release(projection, RELEASE, release_document(), agent="gov", effective_at=NOON)
    return make_plan(projection, reader, 5)


def path(trace: Trace, *relations: str) -> set[str]:
    """The kinds that are reached from the root along relations."""
    nodes = {trace.root}
    for relation in relations:
        nodes = {
            edge.target for node in nodes for edge in trace.below(node) if edge.relation == relation
        }
    return {f"{trace.nodes[node].kind} {trace.nodes[node].label}" for node in nodes}


def test_a_line_leads_to_the_source_row(projection: Projection, saved: SavedPlan) -> None:
    """Law 3: from a line to fact, row, file, event, artifact, mapping and sender."""
    trace = trace_down(projection.log.driver, saved.digest, 2)
    fact = ("WAS_DERIVED_FROM",)
    assert {"fact Lane N-S", "fact StockPosition widget/north/L1"} == path(trace, *fact)
    assert {"row all.csv, row 2"} == path(trace, *fact, "WAS_DERIVED_FROM")
    assert {"file all.csv"} == path(trace, *fact, "WAS_DERIVED_FROM", "IN_FILE")
    assert {"event event 1: feed monday of erp"} == path(trace, *fact, "RECORDED_IN")
    assert {"mapping two_hubs"} == path(trace, *fact, "RECORDED_IN", "USED")
    assert {"agent erp-bot"} == path(trace, *fact, "RECORDED_IN", "WAS_ATTRIBUTED_TO")
    artifact = projection.log.read()[0].artifact
    assert {f"artifact artifact {artifact[:12]}"} == path(trace, *fact, "RECORDED_IN", "NAMES")


def test_a_plan_leads_to_snapshot_release_and_people(
    projection: Projection, saved: SavedPlan
) -> None:
    """Law 3: from a plan to its activity, snapshot, release, their events and agents."""
    trace = trace_down(projection.log.driver, saved.digest)
    used = path(trace, "WAS_GENERATED_BY", "USED")
    assert {"snapshot snapshot of two_hubs after event 1", "release house rules 1"} == used
    assert {"agent ada"} == path(trace, "WAS_ATTRIBUTED_TO")
    release = path(trace, "WAS_GENERATED_BY", "USED", "RECORDED_IN", "WAS_ATTRIBUTED_TO")
    assert {"agent gov"} == release
    assert {f"line transfer {n}: {n} of widget" for n in range(1, 6)} == path(trace, "HAS_LINE")
    assert {"event event 3: plan.made"} == path(trace, "RECORDED_IN")


def test_every_edge_joins_two_nodes_of_the_trace(projection: Projection, saved: SavedPlan) -> None:
    """A trace can be drawn from what it holds, each edge once."""
    for trace in (
        trace_down(projection.log.driver, saved.digest),
        trace_up(projection.log.driver, uri=STOCK),
    ):
        ends = {edge.source for edge in trace.edges} | {edge.target for edge in trace.edges}
        assert ends == set(trace.nodes)
        assert len(set(trace.edges)) == len(trace.edges)


def test_a_plan_is_traced_in_pages(projection: Projection, saved: SavedPlan) -> None:
    """Pages of two lines follow each other without gap or overlap, and the last says so."""
    after, seen = 0, []
    while after is not None:
        trace = trace_down(projection.log.driver, saved.digest, after=after, first=2)
        seen.append(sorted(n.details["number"] for n in trace.nodes.values() if n.kind == "line"))
        after = trace.next_after
    assert [[1, 2], [3, 4], [5]] == seen


def test_a_fact_leads_up_to_what_used_it(
    projection: Projection, reader: SnapshotReader, saved: SavedPlan
) -> None:
    """From a fact to lines and shortfalls of several plans, in pages, by URI or by address."""
    second = make_plan(projection, reader, 2)
    driver = projection.log.driver
    south = trace_up(driver, uri="two_hubs/StockPosition/widget/south/")
    assert {"shortfall"} == {n.kind for n in south.nodes.values()} - {"fact", "plan", "entity"}
    after, seen = NO_CURSOR, []
    while after is not None:
        trace = trace_up(driver, uri=STOCK, after=after, first=3)
        lines = [n.details for n in trace.nodes.values() if n.kind == "line"]
        seen.extend((line["plan"], line["number"]) for line in lines)
        after = trace.next_after
    assert [(saved.digest, n) for n in range(1, 6)] + [(second.digest, n) for n in (1, 2)] == seen
    by_address = trace_up(driver, address=("StockPosition", 1, 0))
    assert f"fact:{STOCK}@1.0" == by_address.root
    assert 7 == len(by_address.above(by_address.root))


def test_versions_are_kept_apart(
    projection: Projection, reader: SnapshotReader, saved: SavedPlan
) -> None:
    """A plan on a later version is found by the URI, and not by the earlier address."""
    feed = feed_of(two_hubs(north=99), feed="tuesday")
    load_feed(projection, feed, agent="erp-bot", effective_at=after_noon(projection))
    later = make_plan(projection, reader, 1)
    driver = projection.log.driver
    plans = {n.id for n in trace_up(driver, uri=STOCK).nodes.values() if n.kind == "plan"}
    assert {f"plan:{saved.digest}", f"plan:{later.digest}"} == plans
    old = trace_up(driver, address=("StockPosition", 1, 0)).nodes.values()
    assert {f"plan:{saved.digest}"} == {n.id for n in old if n.kind == "plan"}


def test_what_was_never_used_leads_nowhere(projection: Projection, saved: SavedPlan) -> None:
    """A fact that no plan rests on has an empty trace, not an error."""
    trace = trace_up(projection.log.driver, uri="two_hubs/Item/widget")
    assert ((), None) == (trace.edges, trace.next_after)
    assert "plan.made" == saved.event.kind


@pytest.mark.parametrize(
    ("plan", "number", "first", "code"),
    [("0" * 64, None, 20, "PLAN_UNKNOWN"), ("", 9, 20, "LINE_UNKNOWN"), ("", None, 0, "PAGE_SIZE"),
     ("", None, 201, "PAGE_SIZE")],
)  # fmt: skip
def test_what_cannot_be_traced(
    projection: Projection, saved: SavedPlan, plan: str, number: int | None, first: int, code: str
) -> None:
    """Unknown plans and lines, and pages without bound, are refused."""
    with pytest.raises(InputError) as refused:
        trace_down(projection.log.driver, plan or saved.digest, number, first=first)
    assert code == refused.value.code
