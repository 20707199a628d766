"""Laws of the reads: pages by key without gap, batches in one round trip, the past by sequence."""

from collections.abc import Callable
from typing import Any

import pytest
from neo4j import Session

from graph.catalog import NOW, PAGE_LIMIT, Catalog, Page
from graph.plans import SavedPlan, activate_release, save_plan
from graph.projection import Projection, load_feed
from graph.snapshot import SnapshotReader
from graph.statements import statement
from ontology.columns import table_of
from ontology.errors import InputError
from ontology.goods import Item
from ontology.vocabulary import FACTS
from tests.graph.facts_at_hand import (
    CHAIN,
    NOON,
    RELEASE,
    after_noon,
    feed_of,
    plan_document,
    release_document,
    stock,
    summary_of,
    tables_of,
    two_hubs,
)


@pytest.fixture
def catalog(projection: Projection) -> Catalog:
    return Catalog(projection.log.driver)


@pytest.fixture
def saved(projection: Projection, reader: SnapshotReader) -> SavedPlan:
    load(projection, two_hubs())
    activate_release(projection, RELEASE, release_document(), agent="gov", effective_at=NOON)
    snapshot = reader.read(CHAIN)
    document = plan_document(snapshot, 5)
    return save_plan(projection, document, plan=summary_of(document), snapshot=snapshot)


def load(projection: Projection, tables: Any, feed: str = "f", chain: str = CHAIN) -> None:
    contents = feed_of(tables, feed=feed, chain=chain)
    load_feed(projection, contents, agent="ada", effective_at=after_noon(projection))


def items(count: int) -> dict[str, Any]:
    return {"Item": table_of([Item(f"i{n:04}") for n in range(count)], "Item")}


def test_pages_follow_each_other_without_gap(projection: Projection, catalog: Catalog) -> None:
    """Every fact of a class stands on exactly one page, in key order, odd characters included."""
    names = ["a", "a b", "a/b", "ab", "ä", "Z", "z", "~", "%", "é'\"`$"]
    load(projection, tables_of([Item(name) for name in names] + [stock("a", "x", 1)]))
    load(projection, tables_of([Item("elsewhere")]), chain="two_hubs2")
    seen, after, page = [], "", Page[Any]((), has_more=True)
    while page.has_more:
        page = catalog.facts(CHAIN, "Item", after=after, first=3)
        seen += [fact.record.id for fact in page.rows]
        after = page.rows[-1].key
    assert sorted(names) == sorted(seen)
    assert len(names) == len(seen)


def test_a_late_page_costs_what_the_first_does(projection: Projection, catalog: Catalog) -> None:
    """The index gives the order: work is bound to the page, not to the class or the offset."""
    load(projection, items(600))
    assert 600 == catalog.counts(CHAIN)["Item"]
    hits = []
    for after in ("", "i0570"):
        parameters = {"after": f"{CHAIN}/Item/{after}", "high": f"{CHAIN}/Item0",
                      "limit": 20, "at": NOW}  # fmt: skip
        with projection.log.driver.session() as session:
            profile = session.run(
                "PROFILE " + statement("catalog_facts"), parameters
            ).consume().profile  # fmt: skip
        hits.append(total_hits(profile or {}))
    assert hits[0] == hits[1]
    assert 20 * 40 > hits[0]


def total_hits(plan: dict[str, Any]) -> int:
    return int(plan.get("dbHits", 0)) + sum(map(total_hits, plan.get("children", [])))


def test_the_past_reads_as_it_was(projection: Projection, catalog: Catalog) -> None:
    """`at` gives the facts in force after that event; later versions do not show."""
    load(projection, two_hubs(10), "f1")
    load(projection, {**two_hubs(11), **items(2)}, "f2")
    uri = f"{CHAIN}/StockPosition/widget/north/L1"
    assert [10, 11, 11] == [
        catalog.by_uri([uri], at=at)[uri].record.on_hand_units for at in (1, 2, NOW)
    ]
    assert [1, 3] == [catalog.counts(CHAIN, at=at)["Item"] for at in (1, 2)]
    assert [1, 3] == [len(catalog.facts(CHAIN, "Item", at=at).rows) for at in (1, 2)]
    assert [[10, 2], [11, 2]] == [
        [f.record.on_hand_units for f in catalog.facts(CHAIN, "StockPosition", at=at).rows]
        for at in (1, 2)
    ]
    refer = [catalog.referring([f"{CHAIN}/Item/widget"], "StockPosition", "item", at=at)
             for at in (1, 2)]  # fmt: skip
    assert [[10, 2], [11, 2]] == [
        [f.record.on_hand_units for page in found.values() for f in page.rows] for found in refer
    ]
    assert {} == catalog.by_uri([uri], at=0)


def test_records_come_back_whole(projection: Projection, catalog: Catalog) -> None:
    """What the catalog gives is the record that the feed stated, with its address and source."""
    tables = two_hubs()
    load(projection, tables)
    for name, table in tables.items():
        facts = catalog.facts(CHAIN, name).rows
        assert table.digest == table_of([fact.record for fact in facts], name).digest
        assert [(1, row) for row in range(len(table))] == [
            (fact.event_sequence, fact.event_row) for fact in facts
        ]
        assert {"all.csv"} == {fact.source_file for fact in facts}


def test_what_refers_to_an_entity(projection: Projection, catalog: Catalog) -> None:
    """Per entity a bounded page, in order, also for one that nothing refers to."""
    records = [stock("w", f"hub{n}", n) for n in range(5)] + [stock("v", "hub1", 1)]
    load(projection, tables_of([*records, Item("lonely")]))
    uris = [f"{CHAIN}/Item/{name}" for name in ("w", "v", "lonely", "unknown")]
    found = catalog.referring(uris, "StockPosition", "item", first=3)
    assert [["hub0", "hub1", "hub2"], ["hub1"], [], []] == [
        [fact.record.location for fact in found[uri].rows] for uri in uris
    ]
    assert [True, False, False, False] == [found[uri].has_more for uri in uris]
    rest = catalog.referring(uris, "StockPosition", "item", after=found[uris[0]].rows[-1].uri)
    assert ["hub3", "hub4"] == [fact.record.location for fact in rest[uris[0]].rows]


def test_plans_and_what_they_hold(catalog: Catalog, saved: SavedPlan) -> None:
    """Lists and batches of plans, lines, shortfalls and their facts."""
    entry = catalog.plans(CHAIN).rows[0]
    assert entry == catalog.plans_by_digest([saved.digest, "0" * 64])[saved.digest]
    assert (saved.digest, saved.artifact, "ada", 3) == (
        entry.plan.digest, entry.artifact, entry.agent, entry.event_sequence
    )  # fmt: skip
    assert () == catalog.plans(CHAIN, before=3).rows
    page = catalog.lines([saved.digest, "0" * 64], after=1, first=2)
    assert ([2, 3], True) == (
        [line.number for line in page[saved.digest].rows], page[saved.digest].has_more
    )  # fmt: skip
    assert () == page["0" * 64].rows
    short = catalog.shortfalls([saved.digest])[saved.digest].rows[0]
    assert ("cannot", "south", 3) == (short.kind, short.location, short.quantity_units)
    facts = catalog.line_facts([(saved.digest, 1), (saved.digest, 99)])
    assert ["Lane", "StockPosition"] == [f.class_name for f in facts[saved.digest, 1]]
    assert () == facts[saved.digest, 99]
    assert 1 == len(catalog.shortfall_facts([(saved.digest, 1)])[saved.digest, 1])


def test_the_head_and_its_events(catalog: Catalog, saved: SavedPlan) -> None:
    """Readers see how far they see; an event's seed stays inside."""
    mark = catalog.watermark()
    assert (3, 3, saved.event.recorded_at) == (mark.projected, mark.sequence, mark.recorded_at)
    events = catalog.events(after=1, first=1)
    assert ("release.activated", True) == (events.rows[0].kind, events.has_more)
    assert not hasattr(events.rows[0], "seed")
    assert [(CHAIN, 1, 1)] == [(c.chain, c.feeds, c.last_feed) for c in catalog.chains()]


READS: dict[str, Callable[[Catalog, str], Any]] = {
    "watermark": lambda c, _: c.watermark(),
    "chains": lambda c, _: c.chains(),
    "facts": lambda c, _: c.facts(CHAIN, "Item"),
    "by_uri": lambda c, _: c.by_uri([f"{CHAIN}/Item/widget"] * 50),
    "referring": lambda c, _: c.referring([f"{CHAIN}/Item/widget"], "StockPosition", "item"),
    "counts": lambda c, _: c.counts(CHAIN),
    "events": lambda c, _: c.events(),
    "quarantined": lambda c, _: c.quarantined(1),
    "set_aside": lambda c, _: c.set_aside(CHAIN, "open"),
    "set_aside_of": lambda c, _: c.set_aside_of(1),
    "releases": lambda c, _: c.releases(),
    "plans": lambda c, _: c.plans(CHAIN),
    "plans_since": lambda c, _: c.plans_since(CHAIN, NOON, NOON, [f"{CHAIN}/Item/widget"] * 50),
    "plans_by_digest": lambda c, p: c.plans_by_digest([p, p]),
    "lines": lambda c, p: c.lines([p]),
    "shortfalls": lambda c, p: c.shortfalls([p]),
    "line_facts": lambda c, p: c.line_facts([(p, n) for n in range(1, 6)]),
    "shortfall_facts": lambda c, p: c.shortfall_facts([(p, 1)]),
}


def test_every_read_is_one_statement(
    catalog: Catalog, saved: SavedPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each read sends the database exactly one query, whatever it is asked for."""
    sent, real = [], Session.run

    def counting(self: Any, *arguments: Any, **more: Any) -> Any:
        sent.append(arguments)
        return real(self, *arguments, **more)

    monkeypatch.setattr(Session, "run", counting)
    public = {name for name in vars(Catalog) if not name.startswith("_")}
    assert set(READS) == public
    for number, (name, ask) in enumerate(READS.items(), start=1):
        ask(catalog, saved.digest)
        assert (number, number) == (len(sent), catalog.round_trips), name


@pytest.mark.parametrize("first", [0, -1, PAGE_LIMIT + 1])
def test_a_page_has_a_bound(catalog: Catalog, first: int) -> None:
    """No read is without a limit."""
    with pytest.raises(InputError) as refused:
        catalog.facts(CHAIN, "Item", first=first)
    assert "PAGE_SIZE" == refused.value.code


@pytest.mark.parametrize("name", ["Movement", "Plan", "item", "Item) DETACH DELETE e //"])
def test_only_classes_of_facts_are_read(catalog: Catalog, name: str) -> None:
    """A class comes from the closed vocabulary, never from input."""
    assert name not in FACTS
    with pytest.raises(InputError) as refused:
        catalog.facts(CHAIN, name)
    assert "UNKNOWN_CLASS" == refused.value.code
    with pytest.raises(InputError):
        catalog.referring([], "StockPosition", "unit")


def test_a_class_that_is_nearly_one_is_named(catalog: Catalog) -> None:
    """As the vocabulary writes it."""
    with pytest.raises(InputError, match="the nearest is `StockPosition`"):
        catalog.facts(CHAIN, "stockposition")
