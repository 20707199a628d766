"""Laws of the projection: anchors, versions and links, and nothing half-visible."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from typing import Any

import pytest
from neo4j import Driver

from graph.catalog import Catalog
from graph.facts import RESERVED, content_of
from graph.log import Log
from graph.projection import Projection, load_feed, open_graph
from graph.statements import run
from ontology.errors import InputError, OutsideError, StateError
from ontology.events import NewEvent
from ontology.governance import QuarantinedRow
from ontology.vocabulary import FACTS, RECORDS
from tests.graph.facts_at_hand import CHAIN, NOON, after_noon, feed_of, stock, tables_of, two_hubs

REFUSED = [QuarantinedRow("all.csv", n, "qty", "NOT_A_NUMBER", "why", "x") for n in (8, 9)]


def load(projection: Projection, north: int, feed: str = "f", **more: Any) -> int:
    contents = feed_of(two_hubs(north), feed=feed, **more)
    return load_feed(
        projection, contents, agent="ada", effective_at=after_noon(projection)
    ).event.sequence


def query(driver: Driver, text: Any, **parameters: Any) -> list[dict[str, Any]]:
    return [row.data() for row in driver.execute_query(text, parameters).records]


def test_no_field_takes_the_name_of_an_address() -> None:
    """The properties that a fact's node adds to its record collide with no field of any class."""
    names = {field.name for name in FACTS for field in fields(RECORDS[name])}
    assert set() == RESERVED & names


def test_a_fact_states_its_anchor_and_links_to_what_it_names(projection: Projection) -> None:
    """Anchor, labels, version, typed links, source and event of one lane."""
    load(projection, 10)
    found = query(
        projection.log.driver,
        "MATCH (e:Entity:Lane {uri: 'two_hubs/Lane/N-S'})<-[:STATES]-(f:Fact)"
        " MATCH (f)-[:RECORDED_IN]->(v:Event)"
        " MATCH (f)-[:ORIGIN]->(o:Entity:Location) MATCH (f)-[:DESTINATION]->(d:Entity:Location)"
        " RETURN e.key AS key, f.class AS class, f.mode AS mode, f.lead_time_days AS days,"
        " f.allowed_handling_classes AS allowed, f.source_file AS file, f.source_row AS row,"
        " o.uri AS origin, d.uri AS destination, v.sequence AS event",
    )  # fmt: skip
    assert [{
        "key": "N-S", "class": "Lane", "mode": "", "days": 1, "allowed": ["dry", "ü"],
        "file": "all.csv", "row": 2, "origin": "two_hubs/Location/north",
        "destination": "two_hubs/Location/south", "event": 1,
    }] == found  # fmt: skip


def test_a_name_without_a_fact_is_an_anchor(projection: Projection) -> None:
    """What is referred to before it is stated has its anchor, and no fact."""
    load(projection, 10)
    found = query(
        projection.log.driver,
        "MATCH (e:Entity {uri: 'two_hubs/Lot/L1'}) RETURN labels(e) AS labels,"
        " COUNT { (e)<-[:STATES]-() } AS facts",
    )
    assert [{"labels": ["Entity", "Lot"], "facts": 0}] == found
    assert {} == Catalog(projection.log.driver).by_uri(["two_hubs/Lot/L1"])


def test_a_different_fact_closes_the_former(projection: Projection) -> None:
    """A changed row makes a version that starts where the former ends; an equal row makes none."""
    load(projection, 10, "f1")
    load(projection, 11, "f2")
    versions = query(
        projection.log.driver,
        "MATCH (f:Fact)-[:STATES]->(e:Entity:StockPosition) RETURN e.key AS key,"
        " f.on_hand_units AS units, f.event_sequence AS since, f.until_sequence AS until"
        " ORDER BY key, since",
    )
    rows = [tuple(version.values()) for version in versions]
    open_end = 2**53 - 1
    assert [
        ("widget/north/L1", 10, 1, 2), ("widget/north/L1", 11, 2, open_end),
        ("widget/south/", 2, 1, open_end),
    ] == rows  # fmt: skip


def test_quarantined_rows_hang_on_their_event(projection: Projection) -> None:
    """What was refused stands in the graph with file, row, column, code and reason."""
    event = load(projection, 10, quarantine=REFUSED)
    page = Catalog(projection.log.driver).quarantined(event)
    assert (tuple(REFUSED), False) == (page.rows, page.has_more)
    text = "MATCH (:QuarantinedRow)-[:QUARANTINED_IN]->(e:Event) RETURN e.sequence AS s"
    linked = query(projection.log.driver, text)
    assert [{"s": event}] * 2 == linked


def test_the_same_feed_again_is_the_first_event(projection: Projection) -> None:
    """Law 6: the same delivery sent twice, even by another agent, is one event."""
    feed = feed_of(two_hubs())
    first = load_feed(projection, feed, agent="ada", effective_at=after_noon(projection))
    again = load_feed(projection, feed, agent="bob", effective_at=after_noon(projection))
    assert (first.event, True) == (again.event, again.replayed)
    with pytest.raises(StateError, match="another request"):
        load_feed(projection, feed_of(two_hubs(11)), agent="ada",
                  effective_at=after_noon(projection),
                  idempotency_key=first.event.idempotency_key)  # fmt: skip


def test_batches_give_the_same_graph_as_one_transaction(
    projection: Projection, database: Driver
) -> None:
    """In the event's own transaction or in batches of two afterwards: the same nodes and links."""
    picture = (
        "MATCH (f:Fact) RETURN f.uri AS uri, f.until_sequence AS until, f.event_row AS row,"
        " COLLECT { MATCH (f)-[r]->(t) RETURN type(r) + ' ' + coalesce(t.uri, '') AS link"
        " ORDER BY link } AS links ORDER BY uri, f.event_sequence"
    )
    small = Projection(projection.log, projection.store, 0, 2)
    load(projection, 1, "f1", chain="one")
    load(small, 1, "f1", chain="two")
    pictures = query(database, picture)
    half = len(pictures) // 2
    assert str(pictures[:half]) == str(pictures[half:]).replace("two/", "one/")
    assert 7 == half


class EndedError(Exception):
    """Stands for a process that ends in the middle."""


def die_at(
    projection: Projection, monkeypatch: pytest.MonkeyPatch, statement: str, nth: int
) -> None:
    """From its nth call on, a statement of the projection ends the process."""
    calls = iter(range(1, 1_000))

    def dying(tx: Any, name: str, /, **parameters: Any) -> Any:
        if name == statement and next(calls) >= nth:
            raise EndedError
        return run(tx, name, **parameters)

    monkeypatch.setattr("graph.feed_nodes.run", dying)
    assert projection.in_transaction_rows == 0


@pytest.mark.parametrize("nth", [1, 2, 3, 5])
def test_readers_never_see_half_a_feed(
    projection: Projection, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    """Ended between batches, readers see all of the former facts; the next opener finishes."""
    log, store = projection.log, projection.store
    small = Projection(log, store, 0, 1)
    catalog = Catalog(log.driver)
    load(small, 10, "f1")
    before = catalog.facts(CHAIN, "StockPosition")
    die_at(small, monkeypatch, "project_facts", nth)
    changed = tables_of([stock("widget", "north", 99, lot="L1"), stock("widget", "east", 1),
                         stock("widget", "south", 98), stock("widget", "west", 1),
                         stock("widget", "up", 1)])  # fmt: skip
    with pytest.raises(EndedError):
        load_feed(small, feed_of(changed, feed="f2"), agent="ada", effective_at=after_noon(small))
    assert (2, 1) == (log.head().sequence, log.head().projected)
    assert before == catalog.facts(CHAIN, "StockPosition")
    assert {"StockPosition": 2} == {
        k: v for k, v in catalog.counts(CHAIN).items() if k == "StockPosition"
    }
    monkeypatch.undo()
    open_graph(log.driver, store)
    units = {f.key: f.record.on_hand_units for f in catalog.facts(CHAIN, "StockPosition").rows}
    assert {"widget/east/": 1, "widget/north/L1": 99, "widget/south/": 98, "widget/up/": 1,
            "widget/west/": 1} == units  # fmt: skip
    assert 7 + 5 == query(log.driver, "MATCH (f:Fact) RETURN count(f) AS n")[0]["n"]


def test_a_small_event_waits_behind_an_unfinished_large_one(
    projection: Projection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events become visible in the order of the log, whatever their size."""
    small = Projection(projection.log, projection.store, 0, 1)
    die_at(small, monkeypatch, "project_facts", 3)
    with pytest.raises(EndedError):
        load(small, 10, "f1")
    monkeypatch.undo()
    later = feed_of(tables_of([stock("widget", "north", 11, lot="L1")]), feed="f2")
    load_feed(projection, later, agent="ada", effective_at=after_noon(projection))
    assert 2 == projection.log.head().projected
    catalog = Catalog(projection.log.driver)
    units = [f.record.on_hand_units for f in catalog.facts(CHAIN, "StockPosition").rows]
    assert [11, 2] == units
    assert 7 == sum(catalog.counts(CHAIN).values())
    assert 7 == sum(catalog.counts(CHAIN, at=1).values())


def test_a_straggler_changes_nothing(projection: Projection) -> None:
    """A process that projects an event long after another finished it leaves all as it is."""
    load(projection, 10, "f1")
    load(projection, 11, "f2")
    first = projection.log.read(limit=1)[0]
    projection._project(first)
    assert 2 == projection.log.head().projected
    found = Catalog(projection.log.driver).by_uri(["two_hubs/StockPosition/widget/north/L1"])
    assert [11] == [fact.record.on_hand_units for fact in found.values()]


def test_many_openers_finish_one_projection(
    projection: Projection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six processes that catch up at once make every version and link once."""
    small = Projection(projection.log, projection.store, 0, 1)
    feeds = [
        feed_of(tables_of([stock(f"i{n:02}", "north", n + f) for n in range(40)]), feed=f"f{f}")
        for f in (1, 2)
    ]
    load_feed(projection, feeds[0], agent="ada", effective_at=after_noon(projection))
    die_at(small, monkeypatch, "project_facts", 2)
    with pytest.raises(EndedError):
        load_feed(small, feeds[1], agent="ada", effective_at=after_noon(small))
    monkeypatch.undo()
    driver = projection.log.driver
    with ThreadPoolExecutor(6) as pool:
        marks = list(pool.map(
            lambda _: Projection(Log(driver), projection.store, 0, 1).catch_up(), range(6)
        ))  # fmt: skip
    assert [2] * 6 == marks
    counts = query(driver, "MATCH (f:Fact) RETURN count(f) AS facts,"
                   " sum(COUNT { (f)-[:STATES|ITEM|LOCATION]->() }) AS links")  # fmt: skip
    assert [{"facts": 80, "links": 240}] == counts


def test_a_missing_artifact_stops_the_projection_by_name(
    projection: Projection, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """An opener that lacks the feed's artifact says which, and the watermark stays."""
    small = Projection(projection.log, projection.store, 0, 1)
    die_at(small, monkeypatch, "project_facts", 1)
    with pytest.raises(EndedError):
        load(small, 10, "f1")
    monkeypatch.undo()
    artifact = projection.log.read()[0].artifact
    (tmp_path / "artifacts" / artifact[:2] / artifact[2:]).unlink()
    with pytest.raises(OutsideError, match=artifact) as refused:
        small.catch_up()
    assert ("ARTIFACT_MISSING", 0) == (refused.value.code, projection.log.head().projected)


def test_content_ignores_fields_at_their_default() -> None:
    """A field that a later version adds makes no new version of an unchanged fact."""
    told = {"item": "w", "location": "n", "on_hand_units": 1}
    assert content_of("StockPosition", told) == content_of("StockPosition", told | {"lot": None})
    assert content_of("StockPosition", told) != content_of("StockPosition", told | {"lot": ""})


def test_an_unknown_kind_of_event_is_refused_first(projection: Projection) -> None:
    """What this version cannot project is not appended by it."""
    with pytest.raises(InputError, match="no event kind"):
        projection.append(NewEvent("moon.landed", "k", "ada", NOON))
    assert 0 == projection.log.head().sequence
