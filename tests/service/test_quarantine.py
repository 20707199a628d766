"""Rows that were set aside: mended, tried again, accepted, discarded; each once, in the log."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from neo4j import Driver

from graph.catalog import SetAside
from graph.projection import read_back
from graph.settings import Settings
from ontology.errors import EvenkeelError
from service.examples import load_example
from service.house import House, house_on
from service.intake.deliveries import Delivery
from service.intake.sync import Prepared, Synced, prepare, sync
from service.stewardship.quarantine import accept, discard, fix, retry, retry_source, rows_of
from service.stewardship.set_aside import rows_in
from tests.counted import BY_DAY, FULL, mapping_text, write_counts
from tests.limits import largest_file

CHAIN = "two_hubs"
DAY = date(2026, 3, 2)
Deliver = Callable[..., Synced]


@pytest.fixture
def house(empty_database: Driver, tmp_path: Path) -> House:
    """The example two_hubs, loaded."""
    found = house_on(empty_database, Settings(home=tmp_path / "home"))
    load_example(found, CHAIN)
    return found


@pytest.fixture
def deliver(house: House, tmp_path: Path) -> Deliver:
    """Syncs lines of a file of stock of the source `wms`."""

    def delivered(*lines: str, mode: str = BY_DAY, name: str = "") -> Synced:
        files, mapping = write_counts(tmp_path, lines, mapping_text(CHAIN, mode=mode))
        said = Delivery("ann", name, stop_share_percent=100)
        return sync(house, files, mapping, said)

    return delivered


def units(house: House, lot: str, on: datetime | None = None) -> int | None:
    """The units of a lot, now or by a time."""
    facts = house.reader.read(CHAIN, effective=on) if on else house.facts(CHAIN)
    table = facts.table("StockPosition")
    found = dict(zip(table["lot"], table["on_hand_units"].tolist(), strict=True))
    return found.get(lot)


def event_of(synced: Synced) -> int:
    """The event of a delivery."""
    assert synced.event is not None
    return synced.event.sequence


def only(house: House, event: int) -> SetAside:
    """The first row that a delivery set aside."""
    return house.catalog.set_aside_of(event, first=1).rows[0]


def refused(call: Callable[[], object]) -> str:
    """The code of the error that a call ends in."""
    with pytest.raises(EvenkeelError) as error:
        call()
    return error.value.code


def test_a_fixed_row_stands_where_it_would_have_stood(house: House, deliver: Deliver) -> None:
    """As its own delivery's word: not over what came later, and before it as of its own day."""
    event = event_of(deliver(f"widget,north,W1,many,{DAY}", f"gadget,south,G1,6,{DAY}"))
    before = only(house, event)
    assert ("open", "NOT_AN_INTEGER", "StockPosition") == (
        before.state, before.row.code, before.row.class_name)  # fmt: skip
    assert ("widget", "north", "W1", "many", str(DAY)) == before.row.cells
    later = DAY + timedelta(2)
    deliver(f"widget,north,OTHER,1,{later}", f"widget,north,W1X,9,{later}")
    fixed = fix(house, event, 1, {"units": "11"}, agent="bo", reason="told by phone")
    assert ((1,), False) == (fixed.numbers, fixed.replayed)
    noon = datetime(2026, 3, 3, 12, tzinfo=UTC)
    assert (11, 11) == (units(house, "W1"), units(house, "W1", noon))
    after = only(house, event)
    assert ("fixed", fixed.event, "bo", "told by phone") == (
        after.state, after.settled_in, after.agent, after.why)  # fmt: skip
    head = house.projection.log.head().sequence
    assert house.facts(CHAIN).digest == read_back(house.driver, CHAIN, head).digest


def test_a_fixed_row_does_not_outrank_what_came_later(house: House, deliver: Deliver) -> None:
    """A later count stands, though the fix is recorded after it."""
    event = event_of(deliver(f"widget,north,W1,many,{DAY}"))
    deliver(f"widget,north,W1,9,{DAY + timedelta(2)}", name="later, by another key")
    assert "ROW_SETTLED" == refused(lambda: fix(house, event, 1, {"units": "3"}, agent="bo"))
    assert (9, "superseded") == (units(house, "W1"), only(house, event).state)
    event = event_of(deliver(f"widget,west,W1,4,{DAY + timedelta(1)}"))
    fix(house, event, 1, {"location": "north"}, agent="bo")
    assert 9 == units(house, "W1")
    between = datetime(2026, 3, 3, 12, tzinfo=UTC)
    assert 4 == units(house, "W1", between)
    event = event_of(deliver(f"widget,west,W8,4,{DAY}", mode="mode: changes"))
    deliver(f"widget,north,W8,9,{DAY}", mode="mode: changes")
    fix(house, event, 1, {"location": "north"}, agent="bo")
    assert 9 == units(house, "W8")


def test_a_fixed_fact_leads_to_its_row_and_its_person(house: House, deliver: Deliver) -> None:
    """The fact names file and row of the source; its event the person and what was changed."""
    event = event_of(deliver(f"gadget,south,G1,6,{DAY}", f"widget,north,W1,many,{DAY}"))
    fixed = fix(house, event, 1, {"units": "11"}, agent="bo", reason="told by phone")
    (fact,) = house.catalog.by_uri([f"{CHAIN}/StockPosition/{only(house, event).row.fact_key}"]
                                   ).values()  # fmt: skip
    assert (fixed.event, "stock.csv", 3) == (
        fact.event_sequence, fact.source_file, fact.source_row)  # fmt: skip
    (told,) = house.catalog.events(after=fact.event_sequence - 1, first=1).rows
    said = told.payload
    assert ("bo", "fixed", event, "told by phone", "units=11") == (
        told.agent, said["settled_as"], said["mends_event"], said["reason"], said["changed"]
    )  # fmt: skip
    (first,) = house.projection.log.read(after=event - 1, limit=1)
    assert first.payload["files"][0]["digest"] == said["files"][0]["digest"]


def test_what_is_still_bad_is_refused_and_stays_open(house: House, deliver: Deliver) -> None:
    """A fix that another reason would set aside writes nothing."""
    event = event_of(deliver(f"widget,north,W1,many,{DAY}"))
    head = house.projection.log.head().sequence
    tries: dict[str, dict[str, str]] = {
        "NEGATIVE_QUANTITY": {"units": "-4"}, "NOT_AN_INTEGER": {"units": "x"},
        "COLUMN_UNKNOWN": {"unit": "4"}, "CHANGE_MISSING": {},
        "UNKNOWN_ID": {"units": "4", "location": "nowhere"},
    }  # fmt: skip
    for code, changes in tries.items():
        assert code == refused(partial(fix, house, event, 1, changes, agent="bo"))
    assert (head, "open") == (house.projection.log.head().sequence, only(house, event).state)


def test_a_retry_loads_what_has_become_sound(house: House, deliver: Deliver) -> None:
    """Rows of an unknown place wait until it is known; those that are bad by themselves stay."""
    lines = (f"widget,west,W9,5,{DAY}", f"widget,west,W8,many,{DAY}", f"gadget,west,G9,6,{DAY}")
    event = event_of(deliver(*lines))
    nothing = retry(house, event, agent="bo")
    assert (None, (), 3) == (nothing.event, nothing.numbers, len(nothing.left))
    places = """
format: evenkeel-mapping/1
chain: two_hubs
source: house
version: 1
known: []
files:
  - {file: locations.csv, principal: {class: Location, fields: by_header}}
"""
    folder = Path(house.settings.home).parent
    (folder / "locations.csv").write_text("id,kind\nwest,hub\n")
    (folder / "places.yaml").write_text(places)
    sync(house, [folder / "locations.csv"], folder / "places.yaml", Delivery("ann"))
    (some,) = retry_source(house, CHAIN, "wms", agent="bo", reason="west is known")
    assert ((1, 3), ["NOT_AN_INTEGER"]) == (some.numbers, [left.code for left in some.left])
    assert (5, None, 6) == tuple(units(house, lot) for lot in ("W9", "W8", "G9"))
    assert ["retried", "open", "retried"] == [
        row.state for row in house.catalog.set_aside_of(event).rows
    ]


def test_each_row_is_settled_once(house: House, deliver: Deliver) -> None:
    """The same again gives the first answer; another way is refused, whoever asks."""
    event = event_of(deliver(f"widget,north,W1,many,{DAY}", f"gadget,south,G2,few,{DAY}"))
    fixed = fix(house, event, 1, {"units": "11"}, agent="bo")
    gone = discard(house, event, [2], agent="bo", reason="a test row")
    again = [
        fix(house, event, 1, {"units": "11"}, agent="bo"),
        discard(house, event, [2], agent="eve", reason="again"),
    ]
    assert [(fixed.event, True), (gone.event, True)] == [(one.event, one.replayed) for one in again]
    head = house.projection.log.head().sequence
    ways = [
        lambda: fix(house, event, 1, {"units": "12"}, agent="bo"),
        lambda: retry(house, event, [1], agent="bo"),
        lambda: discard(house, event, [1], agent="bo", reason="no"),
        lambda: fix(house, event, 2, {"units": "12"}, agent="bo"),
        lambda: retry(house, event, [2], agent="bo"),
    ]
    assert ["ROW_SETTLED"] * 5 == [refused(way) for way in ways]
    assert head == house.projection.log.head().sequence
    assert ("discarded", "bo", "a test row") == (
        rows_of(house, event, [2])[0].state, rows_of(house, event, [2])[0].agent,
        rows_of(house, event, [2])[0].why,
    )  # fmt: skip
    assert "REASON_MISSING" == refused(lambda: discard(house, event, [2], agent="bo", reason=" "))
    assert "ROW_UNKNOWN" == refused(lambda: retry(house, event, [3], agent="bo"))


def test_one_row_of_a_full_file_ends_nothing(house: House, deliver: Deliver) -> None:
    """What is mended is no full file, so all that its source has stays."""
    deliver(f"widget,north,W1,5,{DAY}", f"gadget,south,G1,6,{DAY}", mode=FULL)
    event = event_of(
        deliver(f"widget,north,W1,many,{DAY + timedelta(1)}", f"gadget,south,G1,7,{DAY}",
                mode=FULL)
    )  # fmt: skip
    number = next(r.number for r in house.catalog.set_aside_of(event).rows
                  if r.row.code == "NOT_AN_INTEGER")  # fmt: skip
    fix(house, event, number, {"units": "8"}, agent="bo")
    assert (8, 6) == (units(house, "W1"), units(house, "G1"))


def test_a_clash_is_settled_by_a_person(house: House, deliver: Deliver) -> None:
    """Of two values for one time the accepted one counts; an unreadable cell is never accepted."""
    deliver(f"widget,north,W1,5,{DAY}")
    event = event_of(deliver(f"widget,north,W1,4,{DAY}", f"gadget,south,G1,few,{DAY}"))
    rows = {row.row.code: row.number for row in house.catalog.set_aside_of(event).rows}
    assert {"CLOCK_CONFLICT", "NOT_AN_INTEGER"} == set(rows)
    clash, unread = rows["CLOCK_CONFLICT"], rows["NOT_AN_INTEGER"]
    assert "REASON_MISSING" == refused(lambda: accept(house, event, [clash], agent="b", reason=""))
    assert "ROW_NOT_IN_DOUBT" == refused(
        lambda: accept(house, event, [unread], agent="b", reason="y")
    )
    accept(house, event, [clash], agent="bo", reason="counted twice")
    assert 4 == units(house, "W1")
    assert "accepted" == rows_of(house, event, [clash])[0].state


OBSERVED = """
format: evenkeel-mapping/1
chain: two_hubs
source: pos
version: 1
known: all
files:
  - {file: demand.csv, principal: {class: DemandObservation, fields: by_header}}
"""


def test_a_doubt_is_settled_by_a_person(house: House) -> None:
    """What a gate held is loaded without a mark; a rule is never set aside by a person's word."""
    folder = Path(house.settings.home).parent
    (folder / "demand.yaml").write_text(OBSERVED)
    days = [f"widget,north,2026-01-{n:02},{95 + n}" for n in range(1, 21)]
    for name, lines in (("past", days), ("new", ["widget,north,2026-01-25,99999"])):
        text = "\n".join(["item,location,on,quantity_units", *lines])
        (folder / "demand.csv").write_text(text)
        said = Delivery("ann", name)
        event = event_of(sync(house, [folder / "demand.csv"], folder / "demand.yaml", said))
    assert "OUTLIER" == only(house, event).row.code
    assert [] == [*retry(house, event, agent="bo").numbers]
    accept(house, event, [1], agent="bo", reason="a tender")
    facts = house.facts(CHAIN)
    assert 99999 in facts.table("DemandObservation")["quantity_units"]
    assert 0 == len(facts.table("Mark"))


def test_many_open_rows_are_listed_page_by_page(house: House, deliver: Deliver) -> None:
    """Pages put together are all rows that are open, in order, filtered or not."""
    first = event_of(deliver(*(f"widget,north,L{n},many,{DAY}" for n in range(5))))
    second = event_of(deliver(*(f"widget,west,L{n},1,{DAY}" for n in range(4))))
    discard(house, first, [2], agent="bo", reason="no")
    found: list[tuple[int, int]] = []
    while True:
        after = found[-1] if found else (0, 0)
        page = house.catalog.set_aside(CHAIN, "open", after=after, first=3)
        found += [(row.event, row.number) for row in page.rows]
        if not page.has_more:
            break
    wanted = [(first, n) for n in (1, 3, 4, 5)] + [(second, n) for n in (1, 2, 3, 4)]
    assert wanted == found
    filters = ({"code": "UNKNOWN_ID"}, {"source": "erp"}, {"class_name": "StockPosition"})
    assert [4, 0, 8] == [len(list(rows_in(house, CHAIN, "open", each))) for each in filters]
    assert 1 == len(house.catalog.set_aside(CHAIN, "discarded").rows)


def test_rows_that_were_not_kept_are_said_so(house: House, deliver: Deliver) -> None:
    """A row of a document or of an older log can be discarded, and not mended."""
    event = event_of(deliver(f"widget,north,W1,many,{DAY}"))
    house.driver.execute_query(
        "MATCH (q:QuarantinedRow {event_sequence: $event}) SET q.cells = []", event=event
    )
    assert "ROW_NOT_KEPT" == refused(lambda: fix(house, event, 1, {"units": "1"}, agent="bo"))
    assert "ROW_NOT_KEPT" == refused(lambda: retry(house, event, agent="bo"))
    discard(house, event, agent="bo", reason="came again")
    assert "discarded" == only(house, event).state


def test_rows_are_mended_by_the_mapping_that_read_them(
    house: House, deliver: Deliver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever stands in its file by then: one that is replaced meanwhile is for the next."""
    other = mapping_text("elsewhere").replace("on_hand_units: units", "on_hand_units: more")

    def prepared(*asked: Any, **said: Any) -> Prepared:
        (tmp_path / "mapping.yaml").write_text(other)
        return prepare(*asked, **said)

    monkeypatch.setattr("service.intake.sync.prepare", prepared)
    event = event_of(deliver("widget,north,W1,x,2026-03-02"))
    monkeypatch.undo()
    fix(house, event, 1, {"units": "11"}, agent="ann", reason="told by phone")
    assert 11 == units(house, "W1")


def test_a_row_for_which_there_is_no_room_stays_open(house: House, deliver: Deliver) -> None:
    """A row is read anew from a temporary file: a full disk is one line, and nothing is settled."""
    event = event_of(deliver("widget,north,W1,x,2026-03-02"))
    with largest_file(20):
        mended = partial(fix, house, event, 1, {"units": "11"}, agent="ann")
        assert "DISK_FULL" == refused(mended)
    assert "open" == only(house, event).state


def test_one_effect_however_many_ask(house: House, deliver: Deliver) -> None:
    """Eight people who settle one row at a time: one event; who asked otherwise is refused."""
    event = event_of(deliver(f"widget,north,W1,many,{DAY}"))
    before = house.projection.log.head().sequence

    def ask(person: int) -> int | str | None:
        try:
            if person % 2:
                return discard(house, event, [1], agent=f"p{person}", reason="no").event
            return fix(house, event, 1, {"units": "7"}, agent=f"p{person}").event
        except EvenkeelError as error:
            return error.code

    with ThreadPoolExecutor(8) as people:
        answers = set(people.map(ask, range(8)))
    assert {before + 1, "ROW_SETTLED"} == answers
    assert before + 1 == house.projection.log.head().sequence
    state = only(house, event).state
    assert {"fixed": 7, "discarded": 8}[state] == units(house, "W1")


FREE = """
format: evenkeel-mapping/1
chain: two_hubs
source: shop
version: 1
known: [Item, Location]
files:
  - file: moves.csv
    principal:
      class: StockMovement
      fields: {id: No, item: Article, location: Site, kind: kind, quantity_units: Count,
               effective_on: Day}
"""


def test_a_finding_names_the_column_of_the_file_and_our_field(house: House, tmp_path: Path) -> None:
    """Whoever mends a row looks for it in the file; whoever knows the rule, by the field."""
    (tmp_path / "mapping.yaml").write_text(FREE)
    (tmp_path / "moves.csv").write_text(
        "No,Article,Site,kind,Count,Day\n1,widget,north,receipt,-4,2026-03-02\n"
        "2,widget,north,receipt,4,2026-03-02\n"
    )
    said = Delivery("ann", stop_share_percent=100)
    synced = sync(house, [tmp_path / "moves.csv"], tmp_path / "mapping.yaml", said)
    (row,) = synced.summary["quarantined"]
    assert "moves.csv, row 2, column `Count`" in row["line"]
    assert "(column `Count` is the field `quantity_units` of StockMovement)" in row["line"]
    (kept,) = rows_of(house, event_of(synced))
    assert ("Count", "SIGN_AGAINST_KIND") == (kept.row.column, kept.row.code)
