"""What a sender says of a delivery beside its rows, and the clocks that its facts get from it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from feeds.gates.thresholds import DEFAULTS
from feeds.kept_rows import KeptRows
from feeds.kept_times import said_times
from feeds.mapping import Mapping as FeedMapping
from graph.fold import BoolColumn, IntArray, IntMatrix
from graph.log import Log
from graph.manifests import FullAt
from graph.state import ALWAYS
from ontology.canonical import LARGEST_INTEGER
from ontology.columns import MISSING, Column, Snapshot, Table
from ontology.errors import InputError
from ontology.events import Event, micros_of
from ontology.governance import Source
from ontology.terms import join_key
from ontology.time_zones import UNSTATED, day_interval

Zones = Callable[[Collection[str]], Mapping[str, str]]
"""Finds the time zones of places. Each raises InputError `ZONE_UNKNOWN` when it is looked at."""
MOMENT_OF = {"StockMovement": "effective_at_microseconds"}
"""The classes whose records state the moment since when they are true."""
USUAL_PRIORITY = Source("any").priority
LONGEST_NAME = 250
"""So many characters name a delivery at most: the log finds it by them."""
MOST_SEQUENCE = LARGEST_INTEGER - 1
"""The greatest number of a source's own: another, which supersedes it, still has one after it."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a sender says of a delivery.

    `feed` names it (without a name, the digest of its content does). `effective_at` is since when
    its facts are true that do not say it themselves. `source_sequence` is its place in the
    source's own order. It `supersedes` an earlier delivery: true since when that one is, and later
    in the source's order. `close_all` lets a full file end most of what its source has stated.
    Where more than `stop_share_percent` of its rows are bad, nothing of it is loaded.
    `schema_version` names the sender's own form of the rows, `confidence_percent` how sure the
    sender is of them; `correlation_id` is what the sender's own traces call this delivery.
    """

    agent: str
    feed: str = ""
    effective_at: datetime | None = None
    source_sequence: int | None = None
    supersedes: str = ""
    close_all: bool = False
    stop_share_percent: int = DEFAULTS.stop_share_percent
    correlation_id: str = ""
    schema_version: str = ""
    confidence_percent: int | None = None

    def check(self) -> None:
        """Raise InputError `FEED_NAME` for a name that the log cannot find, or nobody can read.

        `SEQUENCE_RANGE` for a number of the source that leaves none for what comes after it.
        """
        if self.source_sequence is not None and not 0 <= self.source_sequence <= MOST_SEQUENCE:
            raise _sequence_range(self.source_sequence)
        for name in (self.feed, self.supersedes):
            if len(name) > LONGEST_NAME or not name.isprintable():
                raise InputError(
                    f"`{name[:60]}` is no name of a delivery", code="FEED_NAME",
                    hint=f"give at most {LONGEST_NAME} printable characters",
                )  # fmt: skip

    @property
    def stated(self) -> dict[str, str | int]:
        """What the log keeps of it beside its clocks and its name: only what was stated."""
        told = {"correlation_id": self.correlation_id, "schema_version": self.schema_version,
                "confidence_percent": self.confidence_percent}  # fmt: skip
        return {name: value for name, value in told.items() if value is not None and value != ""}

    @property
    def content(self) -> dict[str, str | int]:
        """The part of `stated` that belongs to what is said: sent again, it must be the same."""
        return {name: value for name, value in self.stated.items() if name != "correlation_id"}


@dataclass(frozen=True, slots=True)
class Clocks:
    """The time and the order of what a delivery states without a time of its own."""

    effective_at: datetime
    order: int
    standing: int


def clocks_of(
    delivery: Delivery, log: Log, mapping: FeedMapping, present: Snapshot, now: datetime
) -> Clocks:
    """When the facts of a delivery are true, in which order, and how much its source counts.

    Where nobody states it, they are true since the day that the mapping speaks from, else since
    they were delivered. Where no fact states a time of its own, deliveries of one time are in the
    order of their arrival; else in none, so that two values for one time are a conflict.
    Raises InputError `FEED_UNKNOWN` where it supersedes a delivery that was never made.
    """
    before = _superseded(delivery.supersedes, log, mapping)
    spoken = now if mapping.as_of is None else first_instant(mapping.as_of)
    effective = delivery.effective_at or (before.effective_at if before else spoken)
    order = delivery.source_sequence
    if order is None and before is not None:
        order = _after(before, log, mapping)
    if order is None:
        says_when = any(rule.effective for rule in mapping.files) or delivery.effective_at
        order = 0 if says_when else micros_of(now)
    return Clocks(effective, order, standing_of(present.table("Source"), mapping.source))


def first_instant(on: date) -> datetime:
    """When a day begins on earth: at UTC+14."""
    return datetime(on.year, on.month, on.day, tzinfo=UTC) - timedelta(hours=14)


def _after(before: Event, log: Log, mapping: FeedMapping) -> int:
    """The first free place in the source's order behind a delivery, among those of its time."""
    taken = {
        int(event.payload.get("source_sequence", 0))
        for event in log.feeds(mapping.chain)
        if event.payload["source"] == mapping.source and event.effective_at == before.effective_at
    }
    order = int(before.payload.get("source_sequence", 0)) + 1
    while order in taken:
        order += 1
    if order > LARGEST_INTEGER:
        raise _sequence_range(order)
    return order


def _sequence_range(number: int) -> InputError:
    return InputError(
        f"`{number}` is no number of a delivery: those of a source are 0 to {MOST_SEQUENCE}",
        code="SEQUENCE_RANGE", hint="number the deliveries of a source from 1 on, one by one",
    )  # fmt: skip


def _superseded(feed: str, log: Log, mapping: FeedMapping) -> Event | None:
    if not feed:
        return None
    for event in log.newest_feeds(mapping.chain):
        if (event.payload["source"], event.payload["feed"]) == (mapping.source, feed):
            return event
    raise InputError(
        f"source `{mapping.source}` never delivered `{feed}`", code="FEED_UNKNOWN",
        hint="name a delivery by the name that `evenkeel sync` gave it",
    )  # fmt: skip


def standing_of(sources: Table, source: str) -> int:
    """How much a source counts: the greater, the more; 0 at the usual priority."""
    row = sources.row_of.get(join_key((source,)))
    return 0 if row is None else USUAL_PRIORITY - int(sources["priority"][row])


def since_of(
    mapping: FeedMapping,
    tables: Mapping[str, Table],
    zones_at: Zones,
    otherwise: int,
    closes: Mapping[str, BoolColumn],
    *,
    ends_from: int = ALWAYS,
) -> dict[str, IntArray]:
    """Per class whose rows say since when they are true: microseconds since 1970, one per row.

    A day begins where the row's location is, else in UTC; a row without a day is true since
    `otherwise`. What a full file closes ends when the last of its rows is true, not before
    `ends_from`; where it has none, at `otherwise`. `zones_at` is asked where days are stated.
    Raises InputError `ZONE_UNKNOWN`, `DAY_RANGE`.
    """
    days = {rule.principal.name: rule.effective for rule in mapping.files if rule.effective}
    found = {}
    for name in sorted(MOMENT_OF.keys() & tables.keys()):
        moment = tables[name][MOMENT_OF[name]]
        if (moment != MISSING).any():
            found[name] = np.where(moment == MISSING, otherwise, moment)
    for name in sorted(days.keys() & tables.keys()):
        table = tables[name]
        ended = closes.get(name, np.zeros(len(table), np.bool_))
        has_places = "location" in table.columns
        places = table["location"].tolist() if has_places else [""] * len(table)
        since = _starts(places, table[days[name]], zones_at, otherwise)
        stays = since[~ended]
        since[ended] = stays.max(initial=ends_from) if len(stays) else otherwise
        found[name] = since
    return found


def clocks_of_refused(
    kept: KeptRows, mapping: FeedMapping, links: Table, zones_at: Zones, clocks: Clocks
) -> IntMatrix:
    """The clocks that rows would have had that were set aside: int64 (rows, 3), as `Statements`.

    One whose time cannot be read counts as older than all that its source said. `links` are those
    of the source. Raises as `since_of`.
    """
    said = said_times(kept.quarantined, kept.headers, mapping, MOMENT_OF)
    ours = {own: link for own, link, name in zip(
        links["external_id"], links["id"], links["class_name"], strict=True
    ) if name == "Location"}  # fmt: skip
    days = np.array([each.day for each in said], "datetime64[D]")
    places = [ours.get(each.location, each.location) for each in said]
    since = _starts(places, days, zones_at, micros_of(clocks.effective_at))
    for row, each in enumerate(said):
        if not each.is_readable:
            since[row] = ALWAYS
        elif each.day is None and each.moment is not None:
            since[row] = each.moment
    order = (np.full(len(said), clocks.standing), np.full(len(said), clocks.order))
    return np.column_stack([since, *order]).astype(np.int64)


def full_at(
    mapping: FeedMapping, since: Mapping[str, IntArray], clocks: Clocks, ends_from: int
) -> dict[str, FullAt]:
    """The clocks, by class, of what a full file leaves out; `since` is what `since_of` gives.

    Classes whose records state their own moment have none: what is left out of them was never.
    """
    found = {}
    for rule in mapping.files:
        name = rule.principal.name
        if rule.full and (rule.effective or name not in MOMENT_OF):
            stays = since.get(name, np.zeros(0, np.int64))
            last = (
                max(int(stays.max()), ends_from) if len(stays) else micros_of(clocks.effective_at)
            )
            found[name] = FullAt(last, clocks.standing, clocks.order)
    return found


def _starts(
    places: Sequence[str], days: Column, zones_at: Zones, otherwise: int
) -> IntArray:  # fmt: skip
    found = np.full(len(days), otherwise, np.int64)
    stated = np.flatnonzero(~np.isnat(days))
    zones = zones_at({places[row] for row in stated.tolist()})
    begins: dict[tuple[str, object], int] = {}
    for row, on in zip(stated.tolist(), days[stated].tolist(), strict=True):
        zone = zones.get(places[row], UNSTATED)
        if (zone, on) not in begins:
            begins[zone, on] = micros_of(day_interval(zone, on)[0])
        found[row] = begins[zone, on]
    return found
