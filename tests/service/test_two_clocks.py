"""Deliveries by two clocks: what stands, what waits, what ends, what clashes; and the dry run."""

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from neo4j import Driver

from graph.log import Log
from graph.projection import Projection, bring_due, read_back
from graph.settings import Settings
from ontology.errors import InputError
from ontology.events import NewEvent
from service.decision import PlanRequest
from service.examples import load_example
from service.house import House, house_on
from service.intake.changes import OUTCOMES
from service.intake.deliveries import Delivery
from service.intake.sync import Synced, sync
from service.planning import make_plan
from tests.counted import BY_DAY, PLAIN, mapping_text, write_counts

CHAIN = "two_hubs"
LOTS = {"W1": "widget,north", "W2": "widget,south", "G1": "gadget,south"}
DAY = date(2026, 3, 2)
Row = tuple[str, int, date]
Deliver = Callable[..., Synced]


@pytest.fixture
def house(empty_database: Driver, tmp_path: Path) -> House:
    """The example two_hubs, loaded."""
    found = house_on(empty_database, Settings(home=tmp_path / "home"))
    load_example(found, CHAIN)
    return found


@pytest.fixture
def deliver(house: House, tmp_path: Path) -> Deliver:
    """Syncs rows (lot, units, day of the count) as a file of the source `wms`."""

    def delivered(
        rows: Sequence[Row], delivery: Delivery | None = None, *,
        mode: str = BY_DAY, source: str = "wms", dry_run: bool = False,
    ) -> Synced:  # fmt: skip
        lines = [f"{LOTS[lot]},{lot},{units},{day}" for lot, units, day in rows]
        files, mapping = write_counts(tmp_path, lines, mapping_text(CHAIN, source, mode))
        return sync(house, files, mapping, delivery or Delivery("ann"), dry_run=dry_run)

    return delivered


def units(house: House) -> dict[str, int]:
    """Units by lot, of those that the deliveries speak of."""
    table = house.facts(CHAIN).table("StockPosition")
    found = zip(table["lot"], table["on_hand_units"].tolist(), strict=True)
    return {lot: number for lot, number in found if lot in LOTS}


def told(synced: Synced) -> dict[str, int]:
    """The outcomes of stock positions that there were."""
    counts = synced.summary["changes"]["StockPosition"]
    assert list(OUTCOMES) == list(counts)
    return {which: number for which, number in counts.items() if number}


def test_any_order_of_arrival_gives_the_same_facts(house: House, deliver: Deliver) -> None:
    """Counts of several days, in the source's own order, arrive shuffled: a dictionary agrees."""
    draw = random.Random(6)
    for world in range(4):
        source = f"wms{world}"
        said = [
            (number, [(lot, draw.randrange(1, 99), DAY + timedelta(10 * world + draw.randrange(3)))
                      for lot in draw.sample(sorted(LOTS), 2)])
            for number in range(5)
        ]  # fmt: skip
        expected = units(house)
        best: dict[str, tuple[date, int]] = {}
        for number, rows in said:
            for lot, count, day in rows:
                if (day, number) > best.get(lot, (date.min, 0)):
                    best[lot], expected[lot] = (day, number), count
        draw.shuffle(said)
        for number, rows in said:
            deliver(rows, Delivery("ann", source_sequence=number), source=source)
        assert expected == units(house)
    graph = read_back(house.driver, CHAIN, house.projection.log.head().sequence)
    assert house.facts(CHAIN).digest == graph.digest


def test_an_older_count_that_comes_late_changes_only_the_past(
    house: House, deliver: Deliver
) -> None:
    """The newer count stands; who asks for the day in between reads the older one from then on."""
    deliver([("W1", 5, DAY + timedelta(2))])
    known = house.projection.log.head().sequence
    assert {"late": 1} == told(deliver([("W1", 7, DAY)]))
    assert 5 == units(house)["W1"]
    between = datetime(2026, 3, 3, 12, tzinfo=UTC)
    answers = [
        dict(zip(table["lot"], table["on_hand_units"].tolist(), strict=True))["W1"]
        for table in (
            house.reader.read(CHAIN, at, effective=between).table("StockPosition")
            for at in (known, None)
        )
    ]
    assert [8, 7] == answers


def test_two_values_for_one_time_are_set_aside(house: House, deliver: Deliver) -> None:
    """Without an order neither wins, not even behind a later count; with one the later does."""
    deliver([("W1", 5, DAY), ("W2", 6, DAY)])
    deliver([("W1", 9, DAY + timedelta(1))])
    clash = deliver([("W1", 4, DAY), ("W2", 6, DAY)])
    (row,) = clash.summary["quarantined"]
    assert "CLOCK_CONFLICT" == row["code"]
    assert "another value since 2026-03-01T23:00:00Z" in row["line"]
    ordered = deliver([("W1", 4, DAY), ("W2", 7, DAY)], Delivery("ann", source_sequence=1))
    assert 0 == ordered.summary["quarantined_rows"]
    assert {"W1": 9, "W2": 7, "G1": 6} == units(house)


def test_a_correction_supersedes_what_it_names(house: House, deliver: Deliver) -> None:
    """A delivery that supersedes another counts after it, from the same time on."""
    first = deliver([("W1", 5, DAY)], Delivery("ann", "monday"))
    deliver([("W1", 6, DAY)], Delivery("ann", "monday again", supersedes="monday"))
    assert 6 == units(house)["W1"]
    assert "monday" == first.summary["feed"]
    with pytest.raises(InputError, match="never delivered `sunday`"):
        deliver([("W1", 1, DAY)], Delivery("ann", supersedes="sunday"))


def test_the_source_that_counts_more_stands(house: House, deliver: Deliver, tmp_path: Path) -> None:
    """A written priority decides between sources, whatever the days of their counts."""
    mapping = """
format: evenkeel-mapping/1
chain: two_hubs
source: house
version: 1
known: []
files:
  - file: sources.csv
    principal: {class: Source, fields: by_header}
"""
    (tmp_path / "sources.csv").write_text("id,priority\ncounted,10\nguessed,200\n")
    (tmp_path / "sources.yaml").write_text(mapping)
    sync(house, [tmp_path / "sources.csv"], tmp_path / "sources.yaml", Delivery("ann"))
    deliver([("W1", 5, DAY)], source="counted")
    assert {"late": 1} == told(deliver([("W1", 4, DAY + timedelta(5))], source="guessed"))
    assert 5 == units(house)["W1"]


def test_a_full_file_ends_what_it_leaves_out(house: House, deliver: Deliver) -> None:
    """Facts of its own source alone, and not where a row could not be read."""
    full = "effective: counted_on\n    mode: full"
    deliver([("W1", 5, DAY), ("W2", 6, DAY)], mode=full)
    held = deliver([("W1", -3, DAY + timedelta(1))], mode=full)
    assert "stock.csv ends nothing: 1 of its rows were set aside" in held.summary["notices"]
    noon = datetime(2026, 3, 4, 12, tzinfo=UTC)
    ended = deliver([("W1", 5, DAY + timedelta(2))], Delivery("ann", effective_at=noon), mode=full)
    assert {"closed": 1, "changed": 1} == told(ended)
    assert {"W1": 5, "G1": 6} == units(house)
    assert {"late": 2} == told(deliver([("W2", 6, DAY), ("W1", 5, DAY)]))
    assert {"added": 1} == told(deliver([("W2", 4, DAY + timedelta(3))]))
    assert {"W1": 5, "G1": 6, "W2": 4} == units(house)


def test_a_full_file_that_would_end_most_is_refused(house: House, tmp_path: Path) -> None:
    """An export that broke off ends nothing, unless that is said to be meant."""
    mapping = """
format: evenkeel-mapping/1
chain: two_hubs
source: catalogue
version: 1
known: []
files:
  - file: items.csv
    mode: full
    principal: {class: Item, fields: by_header}
"""
    files, where = [tmp_path / "items.csv"], tmp_path / "items.yaml"
    where.write_text(mapping)
    files[0].write_text("\n".join(["id", "widget", *(f"spare-{n}" for n in range(29))]))
    sync(house, files, where, Delivery("ann"))
    files[0].write_text("id\nspare-0\n")
    with pytest.raises(InputError, match="would end 29 of 30 Item"):
        sync(house, files, where, Delivery("ann"))
    synced = sync(house, files, where, Delivery("ann", close_all=True))
    assert 28 == synced.summary["changes"]["Item"]["closed"]
    assert "1 of Item do not end: other facts name them" in synced.summary["notices"]
    names = set(house.facts(CHAIN).table("Item").keys)
    assert {"widget", "gadget", "vaccine", "spare-0"} == names


def test_a_dry_run_tells_what_the_real_run_does(house: House, deliver: Deliver) -> None:
    """The same account by the same steps, and nothing written; the plan's lines come true."""
    before = make_plan(house, PlanRequest(CHAIN))
    rows, head = [("W1", 0, DAY), ("W2", 9, DAY)], house.projection.log.head().sequence
    tried = deliver(rows, dry_run=True)
    assert tried.event is None
    assert head == house.projection.log.head().sequence
    foreseen = tried.summary["plan"]
    assert (before.document["plan_digest"], "plan") == (foreseen["plan"], foreseen["compared_with"])
    real = deliver(rows)
    assert tried.summary["changes"] == real.summary["changes"]
    after = make_plan(house, PlanRequest(CHAIN))
    costs = [m.document["decision"]["comparison"]["plan"]["cost_cents"] for m in (before, after)]
    assert costs == list(foreseen["cost_cents"])
    gained = {str(row["line"]): row["units_after"] for row in foreseen["lines"]}
    assert gained
    (touched,) = real.summary["touched"]
    assert before.document["plan_digest"] == touched["plan"]
    assert touched["lines"] > 0


def test_what_is_sent_again_changes_nothing(house: House, deliver: Deliver) -> None:
    """Again: the first answer. Another order and name: no change. One row changed: one change."""
    rows = [("W1", 5, DAY), ("W2", 6, DAY), ("G1", 1, DAY)]
    first, again = deliver(rows), deliver(rows)
    assert (first.event, True) == (again.event, again.replayed)
    digest = house.facts(CHAIN).digest
    assert {"same": 3} == told(deliver(rows[::-1], Delivery("ann", "other name")))
    assert digest == house.facts(CHAIN).digest
    one = deliver([rows[0], rows[1], ("G1", 2, DAY + timedelta(1))])
    assert {"same": 2, "changed": 1} == told(one)
    with pytest.raises(InputError, match="something else as `other name` before"):
        deliver(rows, Delivery("ann", "other name"))


def test_one_effect_however_many_send_it(house: House, deliver: Deliver) -> None:
    """Eight senders of one delivery at a time: one event, one answer."""
    deliver([("W1", 5, DAY)], dry_run=True)  # the files are there
    rows, before = [("W1", 3, DAY)], house.projection.log.head().sequence
    deliver(rows, dry_run=True)
    files = sorted(path for path in Path(house.settings.home).parent.glob("stock.csv"))
    mapping = files[0].parent / "mapping.yaml"
    with ThreadPoolExecutor(8) as senders:
        sent = list(
            senders.map(lambda _: sync(house, files, mapping, Delivery("ann", "race")), range(8))
        )
    assert {before + 1} == {one.event.sequence for one in sent if one.event}
    assert before + 1 == house.projection.log.head().sequence
    assert 1 == sum(not one.replayed for one in sent)


def test_what_is_true_later_waits_for_its_time(house: House, deliver: Deliver) -> None:
    """It comes in force by an event of its own, in the fold and in the graph, once."""
    year = timedelta(days=365)
    tomorrow = datetime.now(UTC) + year
    waits = deliver([("W1", 1, DAY)], Delivery("ann", effective_at=tomorrow), mode=PLAIN)
    assert {"waits": 1} == told(waits)
    assert 8 == units(house)["W1"]
    later = tomorrow + year
    log = Log(house.driver, clock=lambda: later)
    projection = Projection(log, house.store)
    for _ in range(2):
        bring_due(projection, CHAIN, later, "ann")
    head = log.head().sequence
    assert waits.event is not None
    assert waits.event.sequence + 1 == head
    for snapshot in (projection.reader.read(CHAIN), read_back(house.driver, CHAIN, head)):
        table = snapshot.table("StockPosition")
        found = dict(zip(table["lot"], table["on_hand_units"].tolist(), strict=True))
        assert 1 == found["W1"]


def test_a_log_from_before_deliveries_were_numbered_goes_on(house: House, deliver: Deliver) -> None:
    """What an older version wrote lacks number and order: it is compared with and superseded."""
    first = deliver([("W1", 5, DAY)], Delivery("ann", "monday"))
    assert first.event is not None
    told_then = {name: value for name, value in first.event.payload.items()
                 if name not in {"number", "source_sequence", "delivery"}}  # fmt: skip
    old = NewEvent("feed.loaded", "old", "ann", first.event.effective_at, first.event.artifact,
                   told_then | {"feed": "old"})  # fmt: skip
    house.projection.append(old, body="old")
    deliver([("W1", 6, DAY)], Delivery("ann", "right", supersedes="old"))
    assert 6 == units(house)["W1"]


def test_what_a_full_file_left_out_may_come_back(house: House, deliver: Deliver) -> None:
    """Full files of three days loaded one after the other: each ends what it leaves out, then."""
    mode = "effective: counted_on\n    mode: full"
    for day, rows in enumerate([{"W1": 1, "W2": 1}, {"W2": 2}, {"W1": 9, "W2": 3}]):
        on = DAY + timedelta(day)
        deliver([(lot, count, on) for lot, count in rows.items()], mode=mode)
    assert {"W1": 9, "W2": 3} == {lot: units(house)[lot] for lot in ("W1", "W2")}
    tuesday = datetime(2026, 3, 3, 12, tzinfo=UTC)
    table = house.reader.read(CHAIN, effective=tuesday).table("StockPosition")
    told = dict(zip(table["lot"], table["on_hand_units"].tolist(), strict=True))
    assert {"W2": 2} == {lot: told[lot] for lot in ("W1", "W2") if lot in told}


def test_a_correction_may_be_corrected(house: House, deliver: Deliver) -> None:
    """Two corrections of one delivery: the later stands."""
    deliver([("W1", 5, DAY)], Delivery("ann", "m"))
    for number, count in enumerate((6, 7)):
        deliver([("W1", count, DAY)], Delivery("ann", f"m{number}", supersedes="m"))
        assert count == units(house)["W1"]


def test_the_answer_of_a_repeat_is_the_first(deliver: Deliver) -> None:
    """What gates, rules and clocks set aside is in the second account as in the first."""
    deliver([("W1", 4, DAY)], Delivery("ann", "first", source_sequence=1))
    said = Delivery("ann", "second", source_sequence=1)
    first = deliver([("W1", 5, DAY), ("W2", -3, DAY), ("G1", 6, DAY)], said).summary
    again = deliver([("W1", 5, DAY), ("W2", -3, DAY), ("G1", 6, DAY)], said).summary
    assert (2, 1) == (first["quarantined_rows"], first["files"][0]["loaded"])
    same = ("files", "records", "reasons", "quarantined", "quarantined_rows", "counts", "event")
    assert {name: first[name] for name in same} == {name: again[name] for name in same}
    assert ({}, True) == (again["changes"], again["replayed"])
