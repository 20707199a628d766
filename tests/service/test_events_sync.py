"""Documents of events through a mapping into the chain, and the gates over a delivery."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from neo4j import Driver

from graph.projection import read_back
from graph.settings import Settings
from ontology.errors import InputError
from service.decision import PlanRequest
from service.examples import load_example
from service.house import House, artifacts_folder, house_on
from service.intake.deliveries import Delivery
from service.intake.sync import Synced, sync
from service.planning import make_plan
from service.verify import ACCEPTED, verify

CHAIN = "traced"
MAPPING = """
format: evenkeel-mapping/1
chain: traced
source: partner
version: 1
known: all
files:
  - {file: events.json, format: epcis}
"""
CONTEXT = ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"]
NORTH, SOUTH = "urn:epc:id:sgln:0614141.00777.0", "urn:epc:id:sgln:0614141.00888.0"
BOX = "urn:epc:id:sgtin:0614141.107346.2017"


@pytest.fixture
def house(empty_database: Driver, tmp_path: Path) -> House:
    """A service without data."""
    return house_on(empty_database, Settings(home=tmp_path / "home"))


def event(day: int, step: str, place: str, action: str = "OBSERVE", **more: Any) -> dict[str, Any]:
    """An object event of the box, in March 2026."""
    return {
        "type": "ObjectEvent", "eventTime": f"2026-03-{day:02}T09:00:00.000+01:00",
        "eventTimeZoneOffset": "+01:00", "epcList": [BOX], "action": action, "bizStep": step,
        "readPoint": {"id": place}, "bizLocation": {"id": place}, **more,
    }  # fmt: skip


def told(house: House, folder: Path, events: Sequence[dict[str, Any]]) -> Synced:
    """Sync a document with these events."""
    document = {
        "@context": CONTEXT, "type": "EPCISDocument", "schemaVersion": "2.0",
        "creationDate": "2026-03-09T09:00:00.000Z", "epcisBody": {"eventList": list(events)},
    }  # fmt: skip
    (folder / "events.json").write_text(json.dumps(document))
    (folder / "mapping.yaml").write_text(MAPPING)
    return sync(house, [folder / "events.json"], folder / "mapping.yaml", Delivery("ann"))


def stock(house: House) -> dict[str, int]:
    """Units by location, as the movements sum to."""
    table = house.facts(CHAIN).table("StockMovement")
    found: dict[str, int] = {}
    for place, units in zip(table["location"], table["quantity_units"].tolist(), strict=True):
        found[place] = found.get(place, 0) + units
    return {place: units for place, units in found.items() if units}


MADE = event(1, "commissioning", NORTH, "ADD")
SENT, CAME = event(2, "shipping", NORTH), event(3, "receiving", SOUTH)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_events_in_any_order_of_arrival_leave_one_stock(
    house: House, tmp_path: Path, order: tuple[int, ...]
) -> None:
    """Made, sent, received, each delivered by itself: the box is where it came to, once."""
    for place in order:
        told(house, tmp_path, [(MADE, SENT, CAME)[place]])
    assert {"0614141008889": 1} == stock(house)
    graph = read_back(house.driver, CHAIN, house.projection.log.head().sequence)
    assert house.facts(CHAIN).table("SerialUnit").digest == graph.table("SerialUnit").digest


def test_events_sent_again_move_nothing(house: House, tmp_path: Path) -> None:
    """What was captured is known by its hash, in whatever document it comes again."""
    told(house, tmp_path, [MADE, SENT])
    digest = house.facts(CHAIN).digest
    again = told(house, tmp_path, [SENT, MADE])
    assert 2 == again.summary["counts"]["events with the outcome `repeated`"]
    assert digest == house.facts(CHAIN).digest


def test_a_refused_event_is_set_aside_with_its_place(house: House, tmp_path: Path) -> None:
    """The event's number, the reason and the code; the others are taken in."""
    wrong = event(4, "receiving", SOUTH, eventTime="yesterday")
    synced = told(house, tmp_path, [MADE, wrong])
    (row,) = synced.summary["quarantined"]
    assert "events.json#StockMovement, row 2" in row["line"]
    assert row["code"].startswith("EVENT_")
    assert {"0614141007776": 1} == stock(house)


def test_what_a_document_states_is_not_the_mappings_to_say(house: House, tmp_path: Path) -> None:
    """A mapping names the file and its format, and nothing of its rows."""
    told(house, tmp_path, [MADE])
    (tmp_path / "mapping.yaml").write_text(
        MAPPING.replace("format: epcis}", "format: epcis, mode: full}")
    )
    with pytest.raises(InputError, match="says itself what it states"):
        sync(house, [tmp_path / "events.json"], tmp_path / "mapping.yaml", Delivery("ann"))


ORDERS = """
format: evenkeel-mapping/1
chain: traced
source: shop
version: 1
known: []
files:
  - file: sales_orders.csv
    principal: {class: SalesOrder, fields: by_header}
"""


def orders(house: House, folder: Path, rows: Sequence[str], delivery: Delivery) -> Synced:
    """Sync sales orders: id, customer, item, units, day of order, day due."""
    head = "id,customer,item,quantity_units,ordered_on,due_on"
    (folder / "sales_orders.csv").write_text("\n".join([head, *rows]))
    (folder / "orders.yaml").write_text(ORDERS)
    return sync(house, [folder / "sales_orders.csv"], folder / "orders.yaml", delivery)


def test_a_doubt_is_a_mark_that_ends_when_the_fact_is_told_right(
    house: House, tmp_path: Path
) -> None:
    """An order due before it was placed stays, marked with the reason; corrected, the mark ends."""
    first = orders(house, tmp_path, ["1,c,w,5,2026-03-02,2026-03-01"], Delivery("ann"))
    (mark,) = house.facts(CHAIN).table("Mark").keys.tolist()
    assert "SalesOrder/1/DUE_BEFORE_ORDERED" == mark
    assert any("DUE_BEFORE_ORDERED" in note for note in first.summary["notices"])
    orders(house, tmp_path, ["1,c,w,5,2026-03-02,2026-03-04"], Delivery("ann"))
    assert 0 == len(house.facts(CHAIN).table("Mark"))


def test_a_delivery_that_is_mostly_bad_is_stopped_whole(house: House, tmp_path: Path) -> None:
    """Nothing of it is loaded; the dry run tells every row; a person may let it in."""
    rows = [f"{n},c,w,{'x' if n % 2 else 5},2026-03-02,2026-03-04" for n in range(40)]
    with pytest.raises(InputError, match="20 of 40 rows would be set aside"):
        orders(house, tmp_path, rows, Delivery("ann"))
    files, mapping = [tmp_path / "sales_orders.csv"], tmp_path / "orders.yaml"
    tried = sync(house, files, mapping, Delivery("ann"), dry_run=True)
    assert 20 == tried.summary["quarantined_rows"]
    let_in = sync(house, files, mapping, Delivery("ann", stop_share_percent=50))
    assert 20 == let_in.summary["changes"]["SalesOrder"]["added"]


def test_a_gap_in_a_sources_own_count_marks_the_source(house: House, tmp_path: Path) -> None:
    """Deliveries 1 and 4 came: 2 and 3 are missing, and said so."""
    for number in (1, 4):
        rows = [f"{number},c,w,{number},2026-03-02,2026-03-04"]
        synced = orders(house, tmp_path, rows, Delivery("ann", source_sequence=number))
    assert any("SEQUENCE_GAP" in note for note in synced.summary["notices"])
    assert {"SEQUENCE_GAP"} == set(house.facts(CHAIN).table("Mark")["code"].tolist())


MOVES = """
format: evenkeel-mapping/1
chain: two_hubs
source: wms
version: 1
known: [Item, Location]
files:
  - file: moves.csv
    principal: {class: StockMovement, fields: by_header}
"""


def test_a_plan_takes_stock_from_the_count_and_what_moved_since(
    house: House, tmp_path: Path
) -> None:
    """Units that left are not planned; lines lead to the movements; the plan proves itself."""
    load_example(house, "two_hubs")
    before = make_plan(house, PlanRequest("two_hubs"))
    (tmp_path / "moves.yaml").write_text(MOVES)
    (tmp_path / "moves.csv").write_text(
        "id,item,location,kind,quantity_units,effective_on,lot\n"
        "m1,widget,north,issue,-2,2026-03-02,W1\nm0,widget,north,issue,-1,2026-02-20,W1\n"
        "m2,gadget,north,receipt,4,2026-03-02,G1\n"
    )
    sync(house, [tmp_path / "moves.csv"], tmp_path / "moves.yaml", Delivery("ann"))
    after = make_plan(house, PlanRequest("two_hubs"))
    sent = [
        sum(line["quantity_units"] for line in made.document["decision"]["lines"]
            if (line["item"], line.get("origin")) == ("widget", "north"))
        for made in (before, after)
    ]  # fmt: skip
    assert sent[0] >= sent[1] > 0
    verdict = verify(after.document, artifacts=artifacts_folder(house.settings))
    assert [ACCEPTED] * 3 == [check.status for check in verdict.checks]
    keys = [(after.saved.digest, line["number"]) for line in after.document["decision"]["lines"]]
    facts = [fact for found in house.catalog.line_facts(keys).values() for fact in found]
    named = {f"{fact.class_name}/{fact.key}" for fact in facts}
    assert {"StockPosition/widget/north/W1", "StockMovement/m1"} <= named
    assert "StockMovement/m0" not in named


def test_what_is_told_again_moves_nothing_anew(house: House, tmp_path: Path) -> None:
    """Later events of a thing leave the movements of the earlier ones alone, by whatever forms
    of its GTIN and of the GLNs of its places our own can be read.
    """
    places = "urn:epc:id:sgln:0012345.11111.0", "urn:epc:id:sgln:0614141.07346.0"
    box = {"epcList": ["urn:epc:id:sgtin:0012345.012345.7"]}
    told(house, tmp_path, [event(1, "commissioning", places[0], "ADD", **box)])
    for day, step, place in (
        (2, "shipping", places[0]), (3, "receiving", places[1]), (4, "shipping", places[1]),
    ):  # fmt: skip
        told(house, tmp_path, [event(day, step, place, **box)])
    moves = house.facts(CHAIN).table("StockMovement")
    assert [-1, -1, 1, 1] == sorted(moves["quantity_units"].tolist())
    assert 0 == len(house.facts(CHAIN).table("Mark"))
