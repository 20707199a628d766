"""Laws of saved plans: all or nothing, once, and grounded in the facts that they saw."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from neo4j import Driver

from graph.catalog import Catalog
from graph.manifests import read_snapshot
from graph.merkle import inclusion_proof, is_included, line_leaf
from graph.plans import SavedPlan, activate_release, save_plan
from graph.projection import Projection, load_feed, open_graph
from graph.snapshot import SnapshotReader
from ontology.canonical import digest_of
from ontology.columns import Snapshot
from ontology.errors import InputError, StateError
from tests.graph.facts_at_hand import (
    CHAIN,
    NOON,
    RELEASE,
    after_noon,
    feed_of,
    plan_document,
    release_document,
    sha256,
    summary_of,
    two_hubs,
)

Document = dict[str, Any]


def sealed(document: Document) -> Document:
    """The same document with every digest made to fit."""
    body = {**document, "plan_digest": digest_of(document["decision"])}
    body.pop("seal", None)
    return {**body, "seal": digest_of(body)}


def save(projection: Projection, document: Document, snapshot: Snapshot, **more: Any) -> SavedPlan:
    return save_plan(
        projection, document, plan=summary_of(document), snapshot=snapshot, **more
    )  # fmt: skip


def load(projection: Projection, north: int, chain: str = CHAIN) -> None:
    feed = feed_of(two_hubs(north), feed=f"f{north}", chain=chain)
    load_feed(projection, feed, agent="ada", effective_at=after_noon(projection))


@pytest.fixture
def snapshot(projection: Projection, reader: SnapshotReader) -> Snapshot:
    load(projection, 10)
    activate_release(
        projection, RELEASE, release_document(), agent="ada", effective_at=NOON
    )  # fmt: skip
    return reader.read(CHAIN)


def count(driver: Driver, pattern: str) -> int:
    query: Any = f"MATCH {pattern} RETURN count(*) AS n"
    return int(driver.execute_query(query).records[0]["n"])


def test_a_plan_stands_with_all_its_edges(projection: Projection, snapshot: Snapshot) -> None:
    """Plan, lines, shortfalls and PROV edges are as the design draws them."""
    saved = save(projection, plan_document(snapshot, lines=3), snapshot)
    driver = projection.log.driver
    for expected, pattern in (
        (1, "(:Plan)-[:WAS_GENERATED_BY]->(:Activity {kind: 'solve'})-[:USED]->(:Snapshot)"),
        (1, "(:Activity)-[:USED]->(:PolicyRelease)-[:RECORDED_IN]->(:Event)"),
        (1, "(:Activity)-[:WAS_ASSOCIATED_WITH]->(:Agent {id: 'ada'})"),
        (1, "(:Plan)-[:WAS_ATTRIBUTED_TO]->(:Agent {id: 'ada'})"),
        (1, "(:Plan)-[:RECORDED_IN]->(:Event {kind: 'plan.made'})"),
        (3, "(:Plan)-[:HAS_LINE]->(:PlanLine {kind: 'transfer'})"),
        (6, "(:PlanLine)-[:WAS_DERIVED_FROM {role: 'decisive'}]->(:Fact)"),
        (3, "(:PlanLine)-[:ABOUT {role: 'origin'}]->(:Location {key: 'north'})"),
        (12, "(:PlanLine)-[:ABOUT]->(:Entity)"),
        (1, "(:Plan)-[:HAS_SHORTFALL]->(:Shortfall)-[:WAS_DERIVED_FROM]->(:Fact)"),
        (2, "(:Shortfall)-[:ABOUT]->(:Entity)"),
    ):
        assert expected == count(driver, pattern), pattern
    assert (saved.event.sequence, 3) == (3, projection.log.head().projected)


def test_saving_twice_gives_the_first_answer(projection: Projection, snapshot: Snapshot) -> None:
    """Law 6: the same decision, sealed again by another at another time, is one plan."""
    first = save(projection, plan_document(snapshot), snapshot)
    other = plan_document(snapshot, agent="bob", made_at="2026-03-01T00:00:00+00:00")
    again = save(projection, other, snapshot)
    assert (first.event, first.artifact, True) == (again.event, again.artifact, again.replayed)
    assert 1 == count(projection.log.driver, "(:Plan)")
    load(projection, 11)
    assert first.event == save(projection, other, snapshot).event


def test_racing_savers_of_one_plan(projection: Projection, snapshot: Snapshot) -> None:
    """Eight at once, each with its own seal: one event, one plan, one set of lines."""
    documents = [plan_document(snapshot, agent=f"a{i}") for i in range(8)]
    with ThreadPoolExecutor(8) as pool:
        saved = list(pool.map(lambda one: save(projection, one, snapshot), documents))
    assert 1 == len({one.event.sequence for one in saved})
    assert 1 == sum(not one.replayed for one in saved)
    assert (1, 2) == (
        count(projection.log.driver, "(:Plan)"), count(projection.log.driver, "(:PlanLine)")
    )  # fmt: skip


def test_facts_that_come_meanwhile_refuse_no_plan(
    projection: Projection, snapshot: Snapshot
) -> None:
    """A chain whose feeds never rest is planned, too: on the versions of facts that were seen."""
    made_from, log = snapshot.sequence, projection.log
    load(projection, 10, chain="other")
    assert not log.moved(CHAIN, after=made_from)
    load(projection, 11)
    saved = save(projection, plan_document(snapshot), snapshot)
    assert log.moved(CHAIN, after=made_from)
    assert not log.moved(CHAIN, after=saved.event.sequence)
    facts = Catalog(log.driver).line_facts([(saved.digest, 1)])[saved.digest, 1]
    stock = next(fact for fact in facts if fact.class_name == "StockPosition")
    assert (1, 10) == (stock.event_sequence, stock.record.on_hand_units)
    assert saved.event.sequence == log.audit().sequence


def test_a_plan_needs_its_release(projection: Projection, reader: SnapshotReader) -> None:
    """A plan under a release that nobody activated has no path to its rules."""
    load(projection, 10)
    facts = reader.read(CHAIN)
    with pytest.raises(StateError) as refused:
        save(projection, plan_document(facts), facts)
    assert ("RELEASE_UNKNOWN", 1) == (refused.value.code, projection.log.head().sequence)


def with_lines(change: Callable[[Document], None]) -> Callable[[Document], Document]:
    def changed(document: Document) -> Document:
        change(document["decision"]["lines"][0])
        return sealed(document)

    return changed


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: {**d, "format": "evenkeel-plan/9"}, "BAD_PLAN"),
        (lambda d: {**d, "about": {**d["about"], "agent": "eve"}}, "PLAN_SEAL"),
        (lambda d: {**d, "plan_digest": "0" * 64}, "PLAN_SEAL"),
        (lambda d: sealed({**d, "decision": {**d["decision"], "snapshot": "0" * 64}}), "BAD_PLAN"),
        (with_lines(lambda line: line.update(because=["Lane/nowhere"])), "BECAUSE_UNKNOWN"),
        (with_lines(lambda line: line.update(because=["Nothing/x"])), "BECAUSE_UNKNOWN"),
        (with_lines(lambda line: line.update(kind="gift")), "LINE_KIND_UNKNOWN"),
        (with_lines(lambda line: line.update(number=2)), "BAD_PLAN"),
    ],
)
def test_what_is_no_plan_of_ours(
    projection: Projection, snapshot: Snapshot, change: Callable[[Document], Document], code: str
) -> None:
    """A plan that was changed, or rests on no fact, is refused before anything is appended."""
    with pytest.raises(InputError) as refused:
        save(projection, change(plan_document(snapshot)), snapshot)
    assert (code, 2) == (refused.value.code, projection.log.head().sequence)


def test_the_summary_must_be_of_the_document(projection: Projection, snapshot: Snapshot) -> None:
    """A summary or snapshot of something else is refused."""
    document = plan_document(snapshot)
    wrong = replace(summary_of(document), line_count=3)
    with pytest.raises(InputError) as refused:
        save_plan(projection, document, plan=wrong, snapshot=snapshot)
    assert "BAD_PLAN" == refused.value.code


def test_the_event_names_every_artifact(projection: Projection, snapshot: Snapshot) -> None:
    """Plan, snapshot and attachments are found by the digests in the event, byte for byte."""
    document = plan_document(snapshot)
    saved = save(projection, document, snapshot, attachments={"network": b"arcs"})
    store, payload = projection.store, saved.event.payload
    assert document == store.get_document(saved.artifact)
    assert snapshot.digest == read_snapshot(store, payload["snapshot_artifact"]).digest
    assert {"network": sha256(b"arcs")} == payload["attachments"]
    assert b"arcs" == store.get(payload["attachments"]["network"])


def test_one_line_is_proved_against_the_event(projection: Projection, snapshot: Snapshot) -> None:
    """The event commits to each line: a partner can check its own line alone."""
    document = plan_document(snapshot, lines=5)
    event = save(projection, document, snapshot).event
    seed, lines = bytes.fromhex(event.seed), document["decision"]["lines"]
    leaves = [line_leaf(seed, line["number"], line) for line in lines]
    root = bytes.fromhex(event.payload["lines_root"])
    assert is_included(line_leaf(seed, 3, lines[2]), 2, 5, inclusion_proof(leaves, 2), root)
    forged = {**lines[2], "quantity_units": 1_000}
    assert not is_included(line_leaf(seed, 3, forged), 2, 5, inclusion_proof(leaves, 2), root)


def test_a_line_hangs_on_the_version_that_it_saw(
    projection: Projection, snapshot: Snapshot
) -> None:
    """A fact that changes later does not move under a plan that was made before."""
    saved = save(projection, plan_document(snapshot), snapshot)
    load(projection, 77)
    facts = Catalog(projection.log.driver).line_facts([(saved.digest, 1)])[saved.digest, 1]
    stock = next(fact for fact in facts if fact.class_name == "StockPosition")
    assert (1, 10) == (stock.event_sequence, stock.record.on_hand_units)


def test_a_large_plan_is_projected_in_batches(projection: Projection, snapshot: Snapshot) -> None:
    """Above the limit, lines become nodes after the event, and look the same."""
    small = Projection(projection.log, projection.store, 3, 2)
    saved = save(small, plan_document(snapshot, lines=7), snapshot)
    found = Catalog(projection.log.driver).lines([saved.digest])[saved.digest]
    assert [1, 2, 3, 4, 5, 6, 7] == [line.number for line in found.rows]
    assert 14 == count(projection.log.driver, "(:PlanLine)-[:WAS_DERIVED_FROM]->(:Fact)")


def test_half_a_large_plan_is_never_seen(
    projection: Projection, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ended between its batches, a plan is not there for readers until an opener finishes it."""
    from graph import plan_nodes

    small = Projection(projection.log, projection.store, 0, 2)
    real, calls = plan_nodes.run, iter(range(100))

    def dying(tx: Any, name: str, /, **parameters: Any) -> Any:
        if name == "project_plan_lines" and next(calls) == 2:
            raise KeyboardInterrupt
        return real(tx, name, **parameters)

    monkeypatch.setattr(plan_nodes, "run", dying)
    with pytest.raises(KeyboardInterrupt):
        save(small, plan_document(snapshot, lines=7), snapshot)
    monkeypatch.undo()
    catalog = Catalog(projection.log.driver)
    assert ((), False) == (catalog.plans(CHAIN).rows, catalog.plans(CHAIN).has_more)
    assert 4 == count(projection.log.driver, "(:PlanLine)")
    open_graph(projection.log.driver, projection.store)
    digest = catalog.plans(CHAIN).rows[0].plan.digest
    assert 7 == len(catalog.lines([digest])[digest].rows)
    assert 14 == count(projection.log.driver, "(:PlanLine)-[:WAS_DERIVED_FROM]->(:Fact)")


def test_activating_a_release_twice_is_one_event(projection: Projection) -> None:
    """Law 6 for releases; the catalog lists what was activated."""
    made = [
        activate_release(projection, RELEASE, release_document(), agent=who, effective_at=NOON)
        for who in ("ada", "bob")
    ]
    assert made[0].event == made[1].event
    assert [RELEASE] == Catalog(projection.log.driver).releases()
    assert release_document() == projection.store.get(made[0].event.artifact)
