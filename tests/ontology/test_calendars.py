"""Calendars: weekdays, exceptions, and the next day on which goods can be received."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ontology.calendars import NEVER, WEEKDAYS, Calendar, arrival_days, calendars_of
from ontology.columns import Snapshot, table_of
from ontology.errors import InputError
from ontology.places import Calendar as CalendarFact
from ontology.places import CalendarException, Location
from ontology.transport import Lane

MONDAY = date(2026, 3, 2)
WORKING = CalendarFact("working", WEEKDAYS[:5])


def on(number: int) -> date:
    """A day counted from a Monday."""
    return MONDAY + timedelta(days=number)


def snapshot(*records: object) -> Snapshot:
    """The given records."""
    names = {type(r).__name__ for r in records}
    return Snapshot(1, {
        n: table_of([r for r in records if type(r).__name__ == n], n) for n in names
    })  # fmt: skip


CALENDARS = st.builds(
    Calendar, st.frozensets(st.integers(0, 6)),
    st.dictionaries(st.integers(-20, 20).map(on), st.booleans(), max_size=9),
)  # fmt: skip


@given(CALENDARS, st.lists(st.integers(-25, 25), max_size=12))
def test_the_next_open_day_is_what_walking_day_by_day_finds(
    calendar: Calendar, numbers: list[int]
) -> None:
    """Differential: columns against a walk; the found day is open and none before it is."""
    expected = []
    for number in numbers:
        walk = (on(n) for n in range(number, number + 60))
        expected.append(next((day for day in walk if calendar.is_open(day)), NEVER.astype(date)))
    days = np.array([on(number) for number in numbers], "datetime64[D]")
    assert expected == calendar.next_open(days).tolist()
    assert [calendar.is_open(on(n)) for n in numbers] == calendar.are_open(days).tolist()
    again = calendar.next_open(days)
    kept = again[again != NEVER]
    assert kept.tolist() == calendar.next_open(kept).tolist()


def test_a_closed_destination_receives_on_its_next_open_day() -> None:
    """Friday's truck of three days arrives on Monday; after a holiday on Tuesday; lots in order."""
    facts = snapshot(
        WORKING, CalendarFact("shut"), CalendarException("working", on(14)),
        CalendarException("working", on(12), is_open=True),
        Location("office", calendar="working"), Location("dock"), Location("ruin", calendar="shut"),
        *(Lane(f"to-{at}", "x", at, lead_time_days=2) for at in ("office", "dock", "ruin")),
    )  # fmt: skip
    lanes = facts.table("Lane")
    rows = np.array([0, 0, 0, 0, 1, 2])
    departs = np.array([on(d) for d in (2, 3, 10, 11, 3, 3)], "datetime64[D]")
    found = arrival_days(calendars_of(facts), lanes, rows, departs)
    # Friday; Saturday -> Monday; a Saturday that works; Sunday, then a holiday -> Tuesday
    assert [on(4), on(7), on(12), on(15), on(5)] == found[:5].tolist()
    assert NEVER == found[5]


def test_lanes_run_by_their_calendar() -> None:
    """A lane without a calendar runs every day; one with a calendar as it says."""
    facts = snapshot(WORKING, Lane("a", "x", "y"), Lane("b", "x", "y", calendar="working"))
    days = np.array([on(5), on(5), on(7)], "datetime64[D]")
    lanes = np.array(["a", "b", "b"], object)
    assert [True, False, True] == calendars_of(facts).lanes_run(lanes, days).tolist()


@pytest.mark.parametrize(
    ("code", "records"),
    [
        ("CALENDAR_UNKNOWN", [Location("p", calendar="none")]),
        ("WEEKDAY_UNKNOWN", [CalendarFact("odd", ("Monday",)), Location("p", calendar="odd")]),
    ],
)
def test_a_calendar_that_says_nothing_is_refused(code: str, records: list[object]) -> None:
    """A calendar that nobody states, or a weekday that is none, does not mean open."""
    with pytest.raises(InputError) as refused:
        calendars_of(snapshot(*records)).next_open_at(
            np.array(["p"], object), np.array([MONDAY], "datetime64[D]")
        )
    assert code == refused.value.code
