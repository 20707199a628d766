"""From a row of a file forward, and from a line to what it merely touched."""

from pathlib import Path

import pytest
from neo4j import Driver

from graph.manifests import read_rows, read_snapshot
from graph.settings import Settings
from ontology.errors import InputError
from service.audit.source_row import facts_of_row
from service.audit.touched import touched_facts
from service.decision import PlanRequest
from service.examples import load_example
from service.house import House, house_on
from service.planning import make_plan
from tests.graph.conftest import empty_the_graph
from tests.service.audit.test_recall import changed

CHAIN = "two_hubs"


@pytest.fixture(scope="module")
def house(database: Driver, tmp_path_factory: pytest.TempPathFactory) -> House:
    """two_hubs planned, delivered again with one lane changed, and planned again."""
    empty_the_graph(database)
    folder: Path = tmp_path_factory.mktemp("rows")
    found = house_on(database, Settings(home=folder / "home"))
    load_example(found, CHAIN)
    make_plan(found, PlanRequest(CHAIN))
    changed(found, folder / "again", "lanes.csv", "road,1,180000,EUR,12,every-day,ambient",
            "road,1,190000,EUR,12,every-day,ambient")  # fmt: skip
    make_plan(found, PlanRequest(CHAIN))
    return found


def test_every_row_leads_to_its_facts(house: House) -> None:
    """Each fact of a delivery is found by its file and row, in the version that stands for it."""
    first, again = (e for e in house.projection.log.feeds(CHAIN))
    for event in (first, again):
        feed = read_rows(house.store, event.artifact)
        for name, origins in feed.origins.items():
            for place, (file, row) in enumerate(origins.tolist()):
                if file < 0:  # a constant of the mapping
                    continue
                found = facts_of_row(house, feed.files[file].name, row, event.sequence)
                uri = f"{CHAIN}/{name}/{feed.tables[name].keys[place]}"
                (fact,) = (each for each in found if each.uri == uri)
                is_new = event is first or uri == "two_hubs/Lane/truck-ns"
                assert (event.sequence if is_new else first.sequence) == fact.event
                assert is_new is not fact.is_restated


def test_without_an_event_all_deliveries_answer(house: House) -> None:
    """The latest delivery first; a name is the end of a path as well."""
    found = facts_of_row(house, "lanes.csv", 2)
    assert 2 == len(found)
    assert found[0].delivery > found[1].delivery
    assert {found[0].uri} == {each.uri for each in found}
    assert found == facts_of_row(house, "lanes.csv", 2, chain=CHAIN)
    with pytest.raises(InputError, match="no delivery"):
        facts_of_row(house, "lanes.csv", 2, chain="other")


@pytest.mark.parametrize(
    ("file", "row", "event", "code"),
    [("nothing.csv", 2, 0, "FILE_UNKNOWN"), ("lanes.csv", 2, 1, "FILE_UNKNOWN"),
     ("lanes.csv", 99, 0, "ROW_UNKNOWN"), ("lanes.csv", 1, 0, "ROW_UNKNOWN")],
)  # fmt: skip
def test_rows_that_state_nothing(house: House, file: str, row: int, event: int, code: str) -> None:
    """An unknown file, a delivery that has none such, and a row without a fact, apart."""
    with pytest.raises(InputError) as refused:
        facts_of_row(house, file, row, event)
    assert (code, True) == (refused.value.code, bool(refused.value.hint))


def test_touched_facts_are_of_the_snapshot_and_no_reasons(house: House) -> None:
    """Of each line: facts that the snapshot held, none a reason, none of another item."""
    document = house.store.get_document(house.catalog.plans(CHAIN).rows[0].artifact)
    snapshot = read_snapshot(house.store, document["about"]["artifacts"]["snapshot"])
    for line in document["decision"]["lines"]:
        found = touched_facts(house.store, document, line["number"], first=200)
        assert "" == found.next_after
        names = [f"{each.class_name}/{each.key}" for each in found.facts]
        assert sorted(names) == names
        assert set() == set(names) & set(line["because"])
        for each in found.facts:
            row = snapshot.table(each.class_name).row_of[each.key]
            address = snapshot.addresses[each.class_name][row].tolist()
            assert [each.event, each.event_row] == address
        assert f"Item/{line['item']}" in names
        others = {"widget", "gadget", "vaccine"} - {line["item"]}
        assert not [name for name in names if others & set(name.split("/"))]
        demand = [k for k in snapshot.table("DemandOutcome").keys.tolist()
                  if k.startswith(f"{line['item']}/")]  # fmt: skip
        read = {name.partition("/")[2] for name in (*names, *line["because"])}
        assert set(demand) <= read


def test_touched_facts_in_pages_are_all(house: House) -> None:
    """Pages of three follow each other without gap or overlap; a line that is none is refused."""
    document = house.store.get_document(house.catalog.plans(CHAIN).rows[0].artifact)
    whole = touched_facts(house.store, document, 1, first=200).facts
    after, found = "", []
    while True:
        page = touched_facts(house.store, document, 1, after=after, first=3)
        found += page.facts
        after = page.next_after
        if not after:
            break
    assert list(whole) == found
    with pytest.raises(InputError) as refused:
        touched_facts(house.store, document, 999)
    assert "LINE_UNKNOWN" == refused.value.code
