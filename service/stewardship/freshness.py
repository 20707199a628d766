"""How old facts are, since when each is confirmed, and which are older than their source lets."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from graph.manifests import since_of_rows
from ontology.columns import MISSING, Snapshot, Table
from ontology.events import micros_of
from service.house import AsOf, House
from service.intake.quality import SAYS_NOTHING_ANEW

IntArray = npt.NDArray[np.int64]
HOUR = 3_600_000_000
"""Microseconds."""


@dataclass(frozen=True, slots=True)
class Age:
    """How old a fact of a source is, in hours since it was last confirmed, and how old it may be.

    `counted_from` says what the budget is held against: the `fact` itself, or the newest
    `delivery` of its source. Without a budget nothing is stale.
    """

    said_by: str
    age_hours: int
    budget_hours: int | None
    counted_from: str
    stale: bool


@dataclass(frozen=True, slots=True)
class ClassFreshness:
    """The facts of one class that one source said: how old they are, and how many are stale.

    `heard_at` is when the source's newest delivery was recorded; None where none ever was.
    """

    source: str
    class_name: str
    facts: int
    oldest_hours: int | None
    newest_hours: int | None
    budget_hours: int | None
    counted_from: str
    stale: int
    heard_at: datetime | None


@dataclass(frozen=True)
class Heard:
    """The deliveries of a chain: the source of each event, and when each source came last."""

    source_of: Mapping[int, str]
    last: Mapping[str, datetime]


@dataclass(frozen=True)
class Clock:
    """What ages are counted by: an instant, what was heard by then, and what the budgets are.

    A fact is confirmed by the latest delivery that says the same of it, from the time on since
    when that one is true; its source is the one that said it first. `of_class` bounds the age of
    a fact, by source and class; `of_source` that of the source's newest delivery, for its others.
    """

    at: datetime
    heard: Heard
    of_class: Mapping[tuple[str, str], int]
    of_source: Mapping[str, int]

    def budget(self, source: str, class_name: str) -> tuple[int | None, str]:
        """How many hours are allowed, and what is held against them."""
        own = self.of_class.get((source, class_name))
        if own is not None:
            return own, "fact"
        usual = self.of_source.get(source)
        return usual, "" if usual is None else "delivery"

    def age(self, class_name: str, event: int, since: int) -> Age:
        """The age of a fact by its address and since when it is confirmed (microseconds)."""
        source = self.heard.source_of.get(event, "")
        hours, counted_from = self.budget(source, class_name)
        age = max(0, micros_of(self.at) - since)
        late = self._held(source, counted_from, np.array([age], np.int64))
        stale = hours is not None and bool(late[0] > hours * HOUR)
        return Age(source, age // HOUR, hours, counted_from, stale)

    def stale_after(self, class_name: str, event: int, since: int) -> int | None:
        """The instant (microseconds) after which a fact is stale, unless more is heard of it.

        None: it has no budget. `age` calls it stale from the first microsecond after.
        """
        source = self.heard.source_of.get(event, "")
        hours, counted_from = self.budget(source, class_name)
        if hours is None:
            return None
        last = self.heard.last.get(source) if counted_from == "delivery" else None
        return (since if last is None else micros_of(last)) + hours * HOUR

    def freshness(self, snapshot: Snapshot) -> Iterator[ClassFreshness]:
        """Each source's facts by class, in order of source and class."""
        ages = {
            (source, name): found
            for name, table in snapshot.tables.items() if len(table)
            for source, found in self._ages(snapshot, name)
        }  # fmt: skip
        none = np.zeros(0, np.int64)
        for source, name in sorted({*ages, *self.of_class}):
            yield self._of(source, name, ages.get((source, name), none))

    def _ages(self, snapshot: Snapshot, name: str) -> Iterator[tuple[str, IntArray]]:
        """The ages of a class's facts in microseconds, by source."""
        events, place = np.unique(snapshot.addresses[name][:, 0], return_inverse=True)
        sources = [self.heard.source_of.get(event, "") for event in events.tolist()]
        names, number = np.unique(np.array(sources), return_inverse=True)
        said_by = number.reshape(-1)[place.reshape(-1)]
        ages = np.maximum(0, micros_of(self.at) - snapshot.clocks[name][:, 0])
        for which, source in enumerate(names.tolist()):
            yield source, ages[said_by == which]

    def _of(self, source: str, name: str, ages: IntArray) -> ClassFreshness:
        hours, counted_from = self.budget(source, name)
        late = self._held(source, counted_from, ages)
        stale = 0 if hours is None else int(np.count_nonzero(late > hours * HOUR))
        oldest, newest = (int(f(ages)) // HOUR if len(ages) else None for f in (np.max, np.min))
        heard = self.heard.last.get(source)
        return ClassFreshness(source, name, len(ages), oldest, newest, hours, counted_from, stale,
                              heard)  # fmt: skip

    def _held(self, source: str, counted_from: str, ages: IntArray) -> IntArray:
        """What the budget is held against, for facts of so many microseconds."""
        if counted_from != "delivery" or source not in self.heard.last:
            return ages
        silent = max(0, micros_of(self.at) - micros_of(self.heard.last[source]))
        return np.full(len(ages), silent, np.int64)


def stated_since(house: House, class_name: str, addresses: IntArray) -> IntArray:
    """Since when facts were true by the statements that they are traced to (microseconds).

    `addresses` is int64 of shape (facts, 2). A later delivery that said the same has confirmed
    such a fact since, and is not the one that it is traced to.
    """
    found = np.zeros(len(addresses), np.int64)
    for sequence in np.unique(addresses[:, 0]).tolist():
        (event,) = house.projection.log.read(after=sequence - 1, limit=1)
        since = since_of_rows(house.store, event.artifact, class_name)
        mine = np.flatnonzero(addresses[:, 0] == sequence)
        found[mine] = micros_of(event.effective_at) if since is None else since[addresses[mine, 1]]
    return found


def clock_of(house: House, chain: str, snapshot: Snapshot, at: datetime) -> Clock:
    """What the ages of a snapshot's facts are counted by: its own budgets, and the log up to it.

    The same snapshot and instant give the same ages, whatever was delivered since. A source is
    not heard where a person mends its rows or links its names.
    """
    feeds = house.projection.log.feeds(chain, upto=snapshot.sequence)
    source_of = {event.sequence: str(event.payload["source"]) for event in feeds}
    last = {
        source_of[e.sequence]: e.recorded_at
        for e in feeds if e.recorded_at <= at and not e.payload.keys() & SAYS_NOTHING_ANEW
    }  # fmt: skip
    return Clock(at, Heard(source_of, last), *_budgets(snapshot))


def _budgets(snapshot: Snapshot) -> tuple[dict[tuple[str, str], int], dict[str, int]]:
    stated, sources = snapshot.table("FreshnessBudget"), snapshot.table("Source")
    names = zip(stated["source"].tolist(), stated["class_name"].tolist(), strict=True)
    of_class = dict(zip(names, stated["max_age_hours"].tolist(), strict=True))
    of_source = _stated(sources, "id", "freshness_hours")
    return of_class, of_source


def _stated(table: Table, key: str, value: str) -> dict[str, int]:
    found = zip(table[key].tolist(), table[value].tolist(), strict=True)
    return {name: hours for name, hours in found if hours != MISSING}


def instant_of(house: House, as_of: AsOf, at: datetime | None = None) -> datetime:
    """When ages are counted: as asked, else when the facts asked for were true or known, else now.

    Of facts that there are (`House.known`): before the first event, when that was recorded.
    """
    if at is not None or as_of.effective is not None:
        return at or as_of.effective or datetime.now(UTC)
    if isinstance(as_of.recorded, int):
        (event,) = house.projection.log.read(after=as_of.recorded - 1, limit=1)
        return event.recorded_at
    return as_of.recorded or datetime.now(UTC)


def freshness(
    house: House, chain: str, at: datetime | None = None
) -> tuple[datetime, list[ClassFreshness]]:
    """How old a chain's facts are at an instant (now), by source and class.

    Facts are those that were true at the instant as far as they are known today. Raises
    InputError `CHAIN_UNKNOWN`.
    """
    as_of = AsOf() if at is None else AsOf(effective=at)
    snapshot = house.facts(chain, as_of)
    when = instant_of(house, as_of)
    return when, list(clock_of(house, chain, snapshot, when).freshness(snapshot))
