"""Calendars: on which days a place or a lane works, and the first such day from a day on."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt

from ontology.columns import Column, Snapshot, Table
from ontology.errors import InputError

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
NEVER = np.datetime64("9999-12-31", "D")
"""The next open day of a calendar that does not open again; every plan ends before it."""

_MONDAY = np.datetime64("1970-01-05", "D")
BoolColumn = npt.NDArray[np.bool_]
RowNumbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Calendar:
    """One calendar's open weekdays (Monday is 0) and the days on which it says otherwise."""

    weekdays: frozenset[int]
    exceptions: dict[date, bool] = field(default_factory=dict)

    def is_open(self, on: date) -> bool:
        """Whether it works on a day; an exception overrides the weekday."""
        return self.exceptions.get(on, on.weekday() in self.weekdays)

    def are_open(self, days: Column) -> BoolColumn:
        """`is_open` of each day of a datetime64[D] column."""
        pattern = np.array([day in self.weekdays for day in range(7)], np.bool_)
        found: BoolColumn = pattern[(days - _MONDAY).astype(np.int64) % 7]
        if self.exceptions:
            stated = np.array(sorted(self.exceptions), "datetime64[D]")
            says = np.array([self.exceptions[on] for on in sorted(self.exceptions)], np.bool_)
            place = np.searchsorted(stated, days).clip(max=len(stated) - 1)
            hit = stated[place] == days
            found[hit] = says[place[hit]]
        return found

    def next_open(self, days: Column) -> Column:
        """For each day of a datetime64[D] column the first open day on or after it, or `NEVER`."""
        if not len(days):
            return days
        last = max([days.max(), *(np.datetime64(on, "D") for on in self.exceptions)])
        # a week after the last exception every weekday has been seen: none open then, never again
        line = np.arange(days.min(), last + np.timedelta64(8, "D"))
        opens = np.where(self.are_open(line), line, NEVER)
        following = np.minimum.accumulate(opens[::-1])[::-1]
        found: Column = following[(days - line[0]).astype(np.int64)]
        return found


@dataclass(frozen=True)
class Calendars:
    """All calendars by id, and the calendar of each location and lane that has one."""

    known: dict[str, Calendar]
    of_location: dict[str, str]
    of_lane: dict[str, str]

    def named(self, name: str) -> Calendar:
        """One calendar. Raises InputError `CALENDAR_UNKNOWN`."""
        found = self.known.get(name)
        if found is None:
            raise InputError(
                f"there is no calendar `{name}`",
                hint="load a Calendar row for it, or leave the calendar blank: always open",
                code="CALENDAR_UNKNOWN",
            )
        return found

    def next_open_at(self, locations: Column, days: Column) -> Column:
        """For each location and day the first day on or after it on which the location works.

        A location without a calendar always works. `NEVER` where it does not work again.
        """
        found = days.copy()
        for calendar, rows in _rows_by_calendar(locations, self.of_location):
            found[rows] = self.named(calendar).next_open(days[rows])
        return found

    def lanes_run(self, lanes: Column, days: Column) -> BoolColumn:
        """For each lane and day whether the lane's calendar runs; without a calendar it does."""
        found = np.ones(len(days), np.bool_)
        for calendar, rows in _rows_by_calendar(lanes, self.of_lane):
            found[rows] = self.named(calendar).are_open(days[rows])
        return found


def _rows_by_calendar(places: Column, of: dict[str, str]) -> list[tuple[str, RowNumbers]]:
    names = np.array([of.get(place, "") for place in places], object)
    wanted = sorted(set(names.tolist()) - {""})
    return [(name, np.flatnonzero(names == name)) for name in wanted]


def calendars_of(snapshot: Snapshot) -> Calendars:
    """The calendars of a snapshot.

    A calendar without weekdays is open on its exceptions alone. Raises InputError
    `WEEKDAY_UNKNOWN` for a weekday that is not one of `monday` ... `sunday`.
    """
    table, exceptions = snapshot.table("Calendar"), snapshot.table("CalendarException")
    said: dict[str, dict[date, bool]] = {}
    rows = zip(exceptions["calendar"], exceptions["on"].tolist(), exceptions["is_open"].tolist(),
               strict=True)  # fmt: skip
    for calendar, on, is_open in rows:
        said.setdefault(calendar, {})[on] = is_open
    known = {
        name: Calendar(frozenset(_weekday(name, day) for day in weekdays), said.get(name, {}))
        for name, weekdays in zip(table["id"], table["open_weekdays"], strict=True)
    }
    places = (snapshot.table("Location"), snapshot.table("Lane"))
    return Calendars(known, *({k: c for k, c in zip(t["id"], t["calendar"], strict=True) if c}
                              for t in places))  # fmt: skip


def _weekday(calendar: str, day: str) -> int:
    if day not in WEEKDAYS:
        raise InputError(
            f"calendar `{calendar}` is open on `{day}`, which is no weekday",
            hint=f"use {', '.join(WEEKDAYS)}",
            code="WEEKDAY_UNKNOWN",
        )
    return WEEKDAYS.index(day)


def arrival_days(calendars: Calendars, lanes: Table, rows: RowNumbers, departs: Column) -> Column:
    """The day on which each movement is received: datetime64[D], one per row.

    `rows` are rows of the Lane table `lanes`, `departs` the days (datetime64[D]) on which the
    goods leave. They arrive after the lane's lead time or, where the destination does not work
    on that day, on the next day on which it does; `NEVER` where there is none.
    """
    due = departs + lanes["lead_time_days"][rows].astype("timedelta64[D]")
    return calendars.next_open_at(lanes["destination"][rows], due)
