"""The command `facts`: pages by key, two clocks, and the account of a dry run."""

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from neo4j import Driver

from api.as_of import as_of
from api.commands.facts import page
from api.screen import fact_changes
from graph.log import Log
from graph.settings import Settings
from ontology.errors import InputError
from ontology.events import Event, NewEvent
from service.examples import load_example
from service.house import AsOf, House, house_on
from service.permits.grants import who_could_see


@pytest.fixture
def house(empty_database: Driver, tmp_path: Path) -> House:
    """The example two_hubs, loaded."""
    found = house_on(empty_database, Settings(home=tmp_path / "home"))
    load_example(found, "two_hubs")
    return found


@pytest.mark.parametrize("size", [1, 2, 7])
def test_pages_of_facts_put_together_are_all_facts(house: House, size: int) -> None:
    """No fact is skipped or repeated, whatever the size of a page; a prefix cuts at its end."""
    snapshot = house.facts("two_hubs")
    keys = snapshot.table("StockPosition").keys.tolist()
    found: list[str] = []
    more = True
    while more:
        rows, more = page(snapshot, "StockPosition", "", found[-1] if found else "", size)
        found += [keys[row] for row in rows]
    assert keys == found
    named, _ = page(snapshot, "StockPosition", "widget/", "", 100)
    assert [key for key in found if key.startswith("widget/")] == [keys[row] for row in named]
    with pytest.raises(InputError, match="no class `Widget`"):
        page(snapshot, "Widget", "", "", 1)


def test_a_time_means_the_last_event_recorded_by_then(house: House) -> None:
    """The search by halves finds what looking at every event does, between events too."""
    log = Log(house.driver)
    events = list(log.events())
    times = [event.recorded_at for event in events]
    for when in [*times, *(a + (b - a) / 2 for a, b in itertools.pairwise(times))]:
        expected = max((e.sequence for e in events if e.recorded_at <= when), default=0)
        assert expected == log.sequence_at(when)
    by_time = house.facts("two_hubs", AsOf(recorded=times[-1]))
    assert house.facts("two_hubs", AsOf(recorded=len(events))).digest == by_time.digest


def test_what_may_still_be_recorded_is_refused(house: House) -> None:
    """No answer is given that another event could change: not of the log's end, nor of a time."""
    last, now = house.projection.log.head().sequence, datetime.now(UTC)
    for ahead in (last + 1, now + timedelta(days=1)):
        with pytest.raises(InputError) as refused:
            house.known(AsOf(recorded=ahead))
        assert "AS_OF_AHEAD" == refused.value.code
        with pytest.raises(InputError, match=r"no event|not over"):
            house.facts("two_hubs", AsOf(recorded=ahead))
    assert [last, last, None] == [
        house.known(one) for one in (AsOf(recorded=last), AsOf(recorded=now), AsOf(now))
    ]
    with pytest.raises(InputError) as refused:
        who_could_see(house, "two_hubs/Item/widget", now.date(), now + timedelta(days=1))
    assert "AS_OF_AHEAD" == refused.value.code


def test_a_time_that_is_over_includes_who_was_appending(house: House) -> None:
    """An event that has its time, and is not committed yet, is waited for."""
    found: list[int | None] = []

    def ask() -> None:
        found.append(house.known(AsOf(recorded=datetime.now(UTC))))

    reader = Thread(target=ask)

    def meanwhile(tx: object, event: Event) -> None:
        reader.start()
        reader.join(0.5)  # who does not wait has answered by then

    note = NewEvent("note.made", "while-read", "tester", datetime(2026, 3, 1, tzinfo=UTC))
    event = house.projection.log.append(note, guard=meanwhile).event
    reader.join()
    assert [event.sequence] == found


def test_the_account_of_a_dry_run_reads_as_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    """Counts, the first facts with what differs, and what becomes of the plan."""
    from rich.console import Console

    counts = {"added": 0, "changed": 1, "closed": 0, "same": 3, "late": 0, "waits": 0}
    plan = {
        "plan": "e" * 64, "compared_with": "plan", "currency": "EUR", "cost_cents": (1531, 1967),
        "refused": "", "lines": [{"line": {"kind": "transfer", "item": "widget", "origin": "north",
                                           "destination": "south"},
                                  "units_before": 3, "units_after": 0}],
    }  # fmt: skip
    change = {"what": "StockPosition/w", "outcome": "changed", "fields": {"units": (8, 3)}}
    summary = {"changes": {"StockPosition": counts}, "differences": [change], "plan": plan}
    fact_changes.show(Console(width=200), summary)
    told = capsys.readouterr().out
    assert "StockPosition/w: units 8 -> 3" in told
    assert "would cost 19.67 EUR instead of 15.31 EUR; 1 line differs" in told
    assert "widget from north to south: 3 -> 0 units" in told


@pytest.mark.parametrize(
    "text",
    ["yesterday", "2026-03-01", "2026-03-01T06:00:00", "0001-01-01T00:00:00+14:00",
     "9999-12-31T23:59:59-14:00", "9" * 30],
)  # fmt: skip
def test_what_is_no_time_is_one_line(text: str) -> None:
    """Words, days without an hour, hours without an offset, and times that no clock shows."""
    for effective, recorded in ((text, ""), ("", text)):
        with pytest.raises(InputError) as refused:
            as_of(effective, recorded)
        assert "BAD_TIME" == refused.value.code
