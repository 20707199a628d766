"""Days at a place: local dates and half-open days in UTC, through daylight saving and history."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from ontology.columns import Column, Snapshot, Table
from ontology.errors import InputError
from ontology.on_demand import OnDemand

FIRST_YEAR, LAST_YEAR = 1900, 2199
"""The years that facts may state days in."""

UNSTATED = "UTC"
"""The zone of a location that states none."""

_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_ZONES = "tzdata"
_Stated = tuple[str, str]
"""The zone that a location states, and what it is part of."""


@cache
def zone_names() -> frozenset[str]:
    """The names of all time zones: those of the pinned tz database, whatever the machine has."""
    return frozenset((files(_ZONES) / "zones").read_text(encoding="utf-8").split())


@cache
def check_zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name.

    It is read from the pinned database alone, so that a day has the same bounds on every machine.
    Raises InputError `ZONE_UNKNOWN`.
    """
    # INVARIANT: only names of the list become paths, so that no name reaches another file
    if name not in zone_names():
        raise InputError(
            f"there is no time zone `{name}`",
            hint="use a name of the IANA tz database, such as `Europe/Berlin`; capitals count",
            code="ZONE_UNKNOWN",
        )
    with files(_ZONES).joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def day_interval(zone: str, on: date) -> tuple[datetime, datetime]:
    """A local day as half-open UTC: from its first instant to that of the next day.

    23 to 25 hours long where clocks change; empty for a day that a zone left out. Days tile time
    without gap or overlap. Raises InputError `ZONE_UNKNOWN`, or `DAY_RANGE` outside 1900 to 2199.
    """
    return _start(zone, on), _start(zone, on + _DAY)


def local_day(zone: str, instant: datetime) -> date:
    """The local day whose interval holds an instant; one without a zone is taken as UTC.

    That is the date on the clock, but for clocks that were put back over midnight some time
    after it (59 minutes a year in Newfoundland until 2011): a day that has begun stays begun.
    """
    aware = instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
    found = aware.astimezone(check_zone(zone)).date()
    while aware >= _start(zone, found + _DAY):
        found += _DAY
    return found


@lru_cache(maxsize=1 << 16)
def _start(zone: str, on: date) -> datetime:
    """The first instant at which the clock shows midnight of the day or later, in UTC."""
    if not FIRST_YEAR <= on.year <= LAST_YEAR + 1:
        raise InputError(
            f"the day `{on}` is outside the years {FIRST_YEAR} to {LAST_YEAR}",
            hint="correct the day",
            code="DAY_RANGE",
        )
    clock = check_zone(zone)
    midnight = datetime(on.year, on.month, on.day, tzinfo=clock)
    early, late = (midnight.replace(fold=fold).astimezone(UTC) for fold in (1, 0))
    if early >= late:  # midnight comes once, or twice: then its first time (fold 0) counts
        return late
    return _change_between(clock, early, late)


def _change_between(clock: ZoneInfo, early: datetime, late: datetime) -> datetime:
    """The instant at which clocks leapt over midnight: the offset changes in (early, late]."""
    before = early.astimezone(clock).utcoffset()
    while late - early > _SECOND:
        middle = early + (late - early) // _SECOND // 2 * _SECOND
        if middle.astimezone(clock).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late


def day_starts(zone: str, first: date, count: int) -> Column:
    """The UTC bounds of `count` local days from `first`: count + 1 datetime64[us], in order."""
    days = (first + number * _DAY for number in range(count + 1))
    return _starts(zone, list(days))


def local_days(zone: str, instants: Column) -> Column:
    """`local_day` of each instant of a datetime64[us] column in UTC, as datetime64[D].

    NaT stays NaT. Raises InputError `ZONE_UNKNOWN` or `DAY_RANGE`.
    """
    check_zone(zone)
    found = np.full(len(instants), np.datetime64("NaT", "D"))
    known = ~np.isnat(instants)
    if not known.any():
        return found
    dates = np.unique(instants[known].astype("datetime64[D]"))
    near = np.unique(np.concatenate([dates + np.timedelta64(n, "D") for n in (-1, 0, 1, 2)]))
    place = np.searchsorted(_starts(zone, near.tolist()), instants[known], side="right") - 1
    found[known] = near[place]
    return found


def _starts(zone: str, days: list[date]) -> Column:
    return np.array([_start(zone, on).replace(tzinfo=None) for on in days], "datetime64[us]")


def zones_of(snapshot: Snapshot) -> Mapping[str, str]:
    """The time zone of every location: its own, or that of the nearest place it is part of.

    `UTC` where none is stated. Each is looked up when it is asked for, and then raises InputError
    `ZONE_UNKNOWN`.
    """
    return _zones(_stated(snapshot.table("Location")))


def zones_near(
    places: Iterable[str], locations: Callable[[list[str]], Table]
) -> Mapping[str, str]:  # fmt: skip
    """The same for some places: `locations` finds those that it is asked for, by their names.

    It is asked for these places and for what they are part of, and for nothing else.
    """
    stated: dict[str, _Stated] = {}
    asked, missing = set[str](), {place for place in places if place}
    while missing:
        asked |= missing
        stated |= _stated(locations(sorted(missing)))
        missing = {above for own, above in stated.values() if above and not own} - asked
    return _zones(stated)


def _stated(locations: Table) -> dict[str, _Stated]:
    columns = (locations[name].tolist() for name in ("id", "time_zone", "part_of"))
    return {place: (own, above) for place, own, above in zip(*columns, strict=True)}


def _zones(stated: Mapping[str, _Stated]) -> Mapping[str, str]:
    def zone(place: str) -> str:
        passed, own, above = {place}, *stated[place]
        while not own and above in stated and above not in passed:
            passed.add(above)
            own, above = stated[above]
        check_zone(own or UNSTATED)
        return own or UNSTATED

    return OnDemand(stated, zone)


def local_days_at(zones: Mapping[str, str], places: Column, instants: Column) -> Column:
    """The local day of each instant (datetime64[us], UTC) at its place, as datetime64[D].

    `zones` is what `zones_of` found; a place that it does not know counts in UTC.
    """
    names = np.array([zones.get(place, UNSTATED) for place in places], object)
    found = np.full(len(instants), np.datetime64("NaT", "D"))
    for name in sorted(set(names.tolist())):
        rows: npt.NDArray[np.intp] = np.flatnonzero(names == name)
        found[rows] = local_days(name, instants[rows])
    return found
