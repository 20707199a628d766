"""What the events of a log state: rows with their clocks, read from the artifact of each."""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from threading import Lock

import numpy as np

from graph.artifacts import ArtifactStore
from graph.fold import Statements
from graph.manifests import FeedContents, read_statements
from ontology.events import FACTS_DUE, Event, micros_of
from ontology.key_lengths import rows_that_can_be_shown

SECOND = 1_000_000
SMALL = 100
"""An event of fewer facts is small."""
SMALL_KEPT = 2_000
"""What so many small events state is at hand."""


class Said:
    """What the small ones of a store's events state, the last at hand by the event's leaf.

    The leaf is of all that an event says, so what is kept never changes.
    """

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store
        self._kept: OrderedDict[str, Mapping[str, Statements]] = OrderedDict()
        self._lock = Lock()

    def stated(
        self, event: Event, *, only: Collection[str] | None = None, by: int | None = None
    ) -> dict[str, Statements]:
        """As `stated_by`."""
        wanted = _wanted(event, only, by)
        if wanted is not None and not wanted:
            return {}
        if not _is_small(event):
            return stated_by(self._store, event, only=only, by=by)
        return _reached(self._whole(event), only, by)

    def keep(self, event: Event, stated: Mapping[str, Statements]) -> None:
        """Keep what an event states, told by who knows it."""
        if not _is_small(event):
            return
        with self._lock:
            self._kept[event.leaf] = stated
            if len(self._kept) > SMALL_KEPT:
                self._kept.popitem(last=False)

    def _whole(self, event: Event) -> Mapping[str, Statements]:
        with self._lock:
            if event.leaf in self._kept:
                self._kept.move_to_end(event.leaf)
                return self._kept[event.leaf]
        found = stated_by(self._store, event)
        self.keep(event, found)
        return found


def _is_small(event: Event) -> bool:
    return bool(event.payload.get("facts", SMALL) < SMALL)


def stated_by(
    store: ArtifactStore,
    event: Event,
    *,
    only: Collection[str] | None = None,
    by: int | None = None,
) -> dict[str, Statements]:
    """What an event states, by class, each row with its clocks and its address.

    Of `only` some classes, where they are given; what is true `by` a time, where that is: an event
    that says since when its rows are true (`since_seconds_of`) is not read for nothing.
    """
    wanted = _wanted(event, only, by)
    if wanted is not None and not wanted:
        return {}
    feed = read_statements(store, event.artifact, wanted)
    stated = stated_in(feed, event.sequence, micros_of(event.effective_at))
    return _reached(stated, None, by)


def _wanted(event: Event, only: Collection[str] | None, by: int | None) -> Collection[str] | None:
    """The classes that have to be read of an event; None where that cannot be told beforehand."""
    if event.kind == FACTS_DUE:
        return ()
    spans = event.payload.get("since_seconds")
    if spans is None:
        return only
    return {
        name
        for name, (first, _) in spans.items()
        if (only is None or name in only) and (by is None or first * SECOND <= by)
    }


def _reached(
    stated: Mapping[str, Statements], only: Collection[str] | None, by: int | None
) -> dict[str, Statements]:
    """Of some classes, what is true by a time."""
    if only is None and by is None:
        return dict(stated)
    chosen = {name: rows for name, rows in stated.items() if only is None or name in only}
    reached = {name: rows if by is None else rows.upto(by) for name, rows in chosen.items()}
    return {name: rows for name, rows in reached.items() if len(rows)}


def since_seconds_of(feed: FeedContents, effective: int) -> dict[str, list[int]]:
    """Per class that a feed states, the first and the last second since when its rows are true."""
    found = {}
    for name, table in feed.tables.items():
        if len(table):
            since = feed.since.get(name, np.array([effective], np.int64))
            found[name] = [int(since.min()) // SECOND, -(-int(since.max()) // SECOND)]
    return found


def stated_in(feed: FeedContents, sequence: int, effective: int) -> dict[str, Statements]:
    """What a feed states as event `sequence`; true since `effective` unless its rows say when.

    Facts of a name that is too long to be shown, which older versions logged, are left out.
    """
    found = {}
    for name, table in feed.tables.items():
        count = len(table)
        since = feed.since.get(name, np.full(count, effective, np.int64))
        ranks = feed.linked.ranks.get(name)
        if ranks is None:
            order = (np.full(count, feed.standing), np.full(count, feed.source_sequence))
        else:
            order = (ranks[:, 0], ranks[:, 1])
        addresses = np.column_stack([np.full(count, sequence), np.arange(count)])
        closes = feed.closes.get(name, np.zeros(count, np.bool_))
        clocks = np.column_stack([since, *order])
        told = Statements(table, clocks, addresses, closes, ranks is not None, feed.decides)
        found[name] = told.take(rows_that_can_be_shown(table))
    return found
