"""Time zones: local days tile time, agree with a clock stepped by hand, and with known history."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ontology.columns import Snapshot, Table, table_of
from ontology.errors import InputError
from ontology.places import Location
from ontology.time_zones import (
    check_zone,
    day_interval,
    day_starts,
    local_day,
    local_days,
    local_days_at,
    zone_names,
    zones_near,
    zones_of,
)

HOUR = timedelta(hours=1)
TELLING = (
    "Europe/Berlin", "America/New_York", "America/Havana", "America/Sao_Paulo", "Asia/Beirut",
    "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "Africa/Cairo",
    "Pacific/Kwajalein", "Antarctica/Troll", "Asia/Tehran", "Etc/GMT+12", "Pacific/Kiritimati",
    "Asia/Gaza", "Africa/Casablanca", "America/Asuncion", "Asia/Kolkata", "America/Toronto",
)  # fmt: skip
ZONES = st.sampled_from(sorted(zone_names()))
INSTANTS = st.datetimes(datetime(1901, 1, 1), datetime(2198, 12, 1))  # noqa: DTZ001


def hours(zone: str, on: date) -> float:
    """How long a local day is."""
    start, end = day_interval(zone, on)
    return (end - start) / HOUR


@pytest.mark.parametrize(
    ("zone", "on", "expected"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Europe/Berlin", date(2026, 3, 2), 24),
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/Havana", date(2024, 11, 3), 25),  # midnight comes twice
        ("America/Sao_Paulo", date(2018, 11, 4), 23),  # midnight never comes
        ("America/Sao_Paulo", date(2026, 11, 1), 24),  # and no longer so
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Asia/Kathmandu", date(2026, 3, 29), 24),
        ("Pacific/Apia", date(2011, 12, 30), 0),  # the day that Samoa left out
        ("Pacific/Apia", date(2011, 12, 29), 24),
        ("Antarctica/Troll", date(2026, 3, 29), 22),
        ("Europe/Lisbon", date(1992, 9, 27), 24),  # clocks back, and a change of zone forward
        ("America/Toronto", date(1919, 3, 31), 23.5),  # leapt from 23:30 to 00:30: begins then
    ],
)
def test_days_are_as_long_as_history_made_them(zone: str, on: date, expected: float) -> None:
    """23 and 25 hours, half hours, no hours at all; zones without daylight saving have 24."""
    assert expected == hours(zone, on)


@pytest.mark.parametrize("year", [1919, 1995, 2011, 2026])
def test_a_years_days_tile_it_in_every_zone(year: int) -> None:
    """No gap and no overlap: the bounds ascend, and the whole is the year less the clock's moves.

    The second method: the offsets of the clock at the two ends of the year.
    """
    first, last = date(year, 1, 1), date(year + 1, 1, 1)
    ends = np.array([first, last], "datetime64[us]")
    checked = 0
    for zone in sorted(zone_names() & available_timezones()):
        starts = day_starts(zone, first, (last - first).days)
        assert (np.diff(starts) >= np.timedelta64(0)).all(), zone
        assert (np.diff(starts) <= np.timedelta64(49, "h")).all(), zone
        offsets = [np.datetime64(at, "us") + clock_offset(zone, at) - end
                   for at, end in zip(starts[[0, -1]].tolist(), ends, strict=True)]  # fmt: skip
        # the clock reads midnight at both ends, or later where it leapt over midnight just then
        assert all(np.timedelta64(0) <= o <= np.timedelta64(24, "h") for o in offsets), zone
        checked += 1
    assert checked >= 590


def clock_offset(zone: str, at: datetime) -> np.timedelta64:
    """How far the clock is ahead of UTC at an instant."""
    shown = at.replace(tzinfo=UTC).astimezone(check_zone(zone)).utcoffset()
    assert shown is not None
    return np.timedelta64(shown, "us")


@pytest.mark.parametrize("zone", TELLING)
@pytest.mark.parametrize("year", [1919, 2006, 2011, 2026])
def test_days_are_what_a_clock_stepped_by_half_hours_shows(zone: str, year: int) -> None:
    """Differential: an instant's day is the latest date that the clock has shown up to it."""
    step, clock = HOUR / 2, check_zone(zone)
    steps = [datetime(year, 1, 1, tzinfo=UTC) + n * step for n in range(-96, 366 * 48)]
    expected = np.maximum.accumulate(
        np.array([at.astimezone(clock).date() for at in steps], "datetime64[D]")
    )[96:]
    instants = np.array([at.replace(tzinfo=None) for at in steps[96:]], "datetime64[us]")
    found = local_days(zone, instants)
    wrong = np.flatnonzero(expected != found)
    # a change within the half hour (23:30 is met, 23:45 is not) is seen by the next step at most
    assert len(wrong) <= 1, instants[wrong[:5]]


@given(ZONES, st.lists(INSTANTS, min_size=1, max_size=5))
def test_an_instant_lies_in_its_day(zone: str, instants: list[datetime]) -> None:
    """Start <= t < end, in every zone and century; columns agree with single instants."""
    column = np.array(instants, "datetime64[us]")
    found = local_days(zone, column).tolist()
    assert [local_day(zone, at) for at in instants] == found
    for at, on in zip(instants, found, strict=True):
        start, end = day_interval(zone, on)
        assert start <= at.replace(tzinfo=UTC) < end


@given(ZONES, st.dates(date(1901, 1, 1), date(2198, 1, 1)), st.integers(1, 40))
def test_bounds_are_shared(zone: str, first: date, count: int) -> None:
    """A day ends where the next begins, and a first instant belongs to the day that it begins."""
    starts = day_starts(zone, first, count)
    for number in range(count):
        on = first + timedelta(days=number)
        start, end = day_interval(zone, on)
        assert (start, end) == tuple(at.replace(tzinfo=UTC) for at in
                                     starts[number : number + 2].tolist())  # fmt: skip
        if start < end:
            assert on == local_day(zone, start)
            assert on == local_day(zone, end - timedelta(microseconds=1))


def test_a_day_that_has_begun_stays_begun() -> None:
    """Newfoundland put clocks back at 00:01: the minute after midnight decides, not the 59 before.

    Such days, on which a clock shows yesterday again, ended with 2011.
    """
    at = datetime(2006, 10, 29, 2, 45, tzinfo=UTC)  # 00:01 became 23:01 at 02:31
    assert at.astimezone(ZoneInfo("America/St_Johns")).date() == date(2006, 10, 28)
    assert local_day("America/St_Johns", at) == date(2006, 10, 29)


def test_what_is_missing_stays_missing() -> None:
    """NaT has no day; a column of nothing has none either."""
    column = np.array(["NaT", "2026-03-29T22:30"], "datetime64[us]")
    assert [None, date(2026, 3, 30)] == local_days("Europe/Berlin", column).tolist()
    assert [None] == local_days("UTC", column[:1]).tolist()
    assert [] == local_days("UTC", column[:0]).tolist()


def test_a_place_without_a_zone_has_that_of_what_it_is_part_of() -> None:
    """A shelf follows its hall; a place that nobody knows, and a circle, count in UTC."""
    places = [Location("hall", time_zone="Asia/Tokyo"), Location("shelf", part_of="hall"),
              Location("ring", part_of="round"), Location("round", part_of="ring"),
              Location("lone", part_of="gone")]  # fmt: skip
    zones = zones_of(Snapshot(1, {"Location": table_of(places, "Location")}))
    assert {"hall": "Asia/Tokyo", "shelf": "Asia/Tokyo", "ring": "UTC", "round": "UTC",
            "lone": "UTC"} == zones  # fmt: skip
    late = np.array(["2026-03-02T20:00"] * 3, "datetime64[us]")
    at = np.array(["shelf", "lone", "new"], object)
    assert [3, 2, 2] == [on.day for on in local_days_at(zones, at, late).tolist()]


@given(st.lists(
    st.builds(Location, st.sampled_from("abcdef"), time_zone=st.sampled_from(["", "Asia/Tokyo"]),
              part_of=st.sampled_from(["", *"abcdefg"])), unique_by=lambda one: one.id,
), st.sets(st.sampled_from(["", *"abcdefg"])))  # fmt: skip
def test_zones_of_some_places_are_found_without_the_others(
    places: list[Location], asked: set[str]
) -> None:
    """They are those of the whole chain, and only what a place is part of is looked at."""
    looked_at: list[str] = []

    def locations(names: list[str]) -> Table:
        looked_at.extend(names)
        return table_of([one for one in places if one.id in names], "Location")

    whole = zones_of(Snapshot(1, {"Location": table_of(places, "Location")}))
    near = zones_near(asked, locations)
    assert {n: whole.get(n) for n in asked} == {n: near.get(n) for n in asked}
    above, reached = {one.id: one.part_of for one in places if not one.time_zone}, asked - {""}
    while more := {above[name] for name in reached if above.get(name)} - reached:
        reached |= more
    assert sorted(reached) == sorted(looked_at)


@pytest.mark.parametrize("name", ["", "europe/berlin", "Mars/Olympus", "../zones", "tzdata", "CEST",
                                  "/etc/localtime", "Europe", "UTC\n"])  # fmt: skip
def test_an_unknown_zone_is_refused(name: str) -> None:
    """`ZONE_UNKNOWN`, and no name reaches a file outside the database."""
    with pytest.raises(InputError) as refused:
        check_zone(name)
    assert refused.value.code == "ZONE_UNKNOWN"
    with pytest.raises(InputError):
        zones_of(Snapshot(1, {"Location": table_of([Location("x", time_zone=name or "?")],
                                                   "Location")}))["x"]  # fmt: skip


def test_days_outside_two_centuries_are_refused() -> None:
    """The years that facts may state; beyond them nothing is computed in silence."""
    for on in (date(1899, 12, 31), date(2200, 12, 31), date.max):
        with pytest.raises((InputError, OverflowError)):
            day_interval("UTC", on)


def test_zones_are_those_of_the_pinned_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine's own time zones are no input: none at all gives the same days."""
    before = day_interval("Europe/Berlin", date(2026, 3, 29))
    monkeypatch.setattr("zoneinfo.TZPATH", ())
    check_zone.cache_clear()
    assert before == day_interval("Europe/Berlin", date(2026, 3, 29))
    assert check_zone("Asia/Tokyo").key == "Asia/Tokyo"
