"""The list of events: every event once, whatever the page, and one of them with its places."""

import json

import pytest
from neo4j import Driver

from api.commands.events import document_of
from api.screen.event_rows import about, events_table, in_full, says
from graph.settings import Settings
from ontology.errors import InputError
from ontology.events import FEED_LOADED, KINDS, PLAN_MADE, Event
from service.decision import PlanRequest
from service.event_list import event_in_full, events_page
from service.examples import load_example
from service.house import House, house_on
from service.intake.deliveries import Delivery
from service.intake.sync import sync
from service.planning import make_plan
from service.stewardship.quarantine import discard
from tests.graph.conftest import empty_the_graph

MAPPING = """
format: evenkeel-mapping/1
chain: other
source: erp
version: 1
known: []
files: [{file: items.csv, principal: {class: Item, fields: by_header}}]
"""


@pytest.fixture(scope="module")
def house(database: Driver, tmp_path_factory: pytest.TempPathFactory) -> House:
    """Two chains, a plan, and a row that was set aside and discarded: a kind of event each."""
    empty_the_graph(database)
    home = tmp_path_factory.mktemp("events")
    found = house_on(database, Settings(home=home))
    load_example(found, "two_hubs")
    make_plan(found, PlanRequest(chain="two_hubs"))
    (home / "m.yaml").write_text(MAPPING)
    (home / "items.csv").write_text("id,shelf_life_days\ntea,3\nrice,many\n")
    loaded = sync(found, [home / "items.csv"], home / "m.yaml", Delivery("local", "first"))
    assert loaded.event is not None
    discard(found, loaded.event.sequence, [], reason="nobody knows", agent="local")
    return found


def every(house: House) -> list[Event]:
    """All events, read at once."""
    return list(house.projection.log.events())


@pytest.mark.parametrize("first", [1, 2, 100])
def test_pages_put_together_are_the_log(house: House, first: int) -> None:
    """Law: no event is skipped or told twice, whatever the size of a page."""
    found: list[Event] = []
    more = True
    while more:
        page = events_page(house, after=found[-1].sequence if found else 0, first=first)
        found, more = [*found, *page.events], page.more
    assert every(house) == found


@pytest.mark.parametrize("kind", ["", *KINDS])
@pytest.mark.parametrize("chain", ["", "two_hubs", "other"])
@pytest.mark.parametrize("source", ["", "erp"])
def test_what_is_asked_for_is_what_is_told(
    house: House, kind: str, chain: str, source: str
) -> None:
    """Law: kind, chain and source leave exactly the events that have them."""
    expected = [event for event in every(house)
                if kind in ("", event.kind) and chain in ("", event.payload.get("chain"))
                and source in ("", event.payload.get("source"))]  # fmt: skip
    assert expected == list(events_page(house, chain=chain, kind=kind, source=source).events)


def test_an_event_says_where_its_content_is(house: House) -> None:
    """Law: its artifact is that of the store, its segment the file that holds its leaf."""
    segments = house.settings.data_folder / "log"
    for event in every(house):
        found = event_in_full(house, event.sequence)
        assert event == found.event
        if event.artifact:
            assert len(house.store.get(event.artifact)) == found.artifact_bytes
        assert event.leaf in (segments / found.segment).read_text()


def test_what_is_not_there_is_said(house: House) -> None:
    """Law: an unknown event, kind or chain is one line with its code, and what there is."""
    last = every(house)[-1].sequence
    for code, hint, asked in (
        ("EVENT_UNKNOWN", f"its last is {last}", lambda: event_in_full(house, last + 1)),
        ("EVENT_KIND_UNKNOWN", PLAN_MADE, lambda: events_page(house, kind="plans")),
        ("CHAIN_UNKNOWN", "other, two_hubs", lambda: events_page(house, chain="third")),
    ):
        with pytest.raises(InputError) as refused:
            asked()
        assert (code, True) == (refused.value.code, hint in refused.value.hint)


def test_the_screen_tells_each_kind(house: House) -> None:
    """Law: each event is one row that names what it is about; as data it keeps its seed."""
    told = every(house)
    assert len(told) == len(events_table(told).rows)
    (feed,) = [e for e in told if e.kind == FEED_LOADED and e.payload["chain"] == "other"]
    assert ("erp/first", "1 fact, 1 set aside") == (about(feed), says(feed))
    assert "1 row discarded" == says(told[-1])
    assert f"event {feed.sequence}" == about(told[-1])
    (plan,) = [event for event in told if event.kind == PLAN_MADE]
    assert plan.payload["plan"].startswith(about(plan))
    assert about(plan)
    assert feed.seed not in json.dumps(document_of(feed))
    rows = {row[0]: row[1] for row in in_full(event_in_full(house, feed.sequence)).rows}
    assert ("items.csv", "1") == (rows["payload.files[0].name"], rows["payload.facts"])
    assert feed.seed not in rows.values()
