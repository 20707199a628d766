"""What the sources of a chain said, in their own identifiers: by it facts are derived anew."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from feeds.identity.crosswalk import Told
from graph.fold import Statements
from graph.manifests import FeedContents, read_rows
from graph.stated import stated_in
from ontology.errors import Place
from ontology.events import micros_of
from service.house import House
from service.intake.quality import RELINKS

Rows = npt.NDArray[np.intp]
_CLOCKS = [1, 0, 2]
"""The crosswalk counts standing, time, order; a statement has time, standing, order.

A fourth place is the event of a person's decision: of statements of equal clocks the last decided
one counts.
"""


@dataclass
class History:
    """Every statement of some classes: `told[i]` is of `feeds[i]`, its rows those in `rows[i]`.

    `waiting` are those that are true only later.
    """

    told: list[Told] = field(default_factory=list)
    feeds: list[FeedContents] = field(default_factory=list)
    rows: list[Rows] = field(default_factory=list)
    waiting: list[Told] = field(default_factory=list)
    _said: dict[tuple[str, str, str], dict[str, tuple[int, int]]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    def origin(self, at: int, row: int) -> tuple[FeedContents, int, int]:
        """The feed, the index of the file there and the row of it that a statement came from."""
        feed = self.feeds[at]
        file, line = feed.origins[self.told[at].table.name][self.rows[at][row]].tolist()
        return feed, int(file), int(line)

    def place(self, at: int, row: int) -> Place:
        """The row of a file that a statement came from."""
        feed, file, line = self.origin(at, row)
        return Place(feed.files[file].name if file >= 0 else feed.mapping, max(line, 0))

    def add(self, feed: FeedContents, rows: Statements, sequence: int, effective: int) -> None:
        """The statements of one class that a feed made as an event, those that end a fact last."""
        decided = np.full(len(rows), sequence if feed.decides else 0)
        clocks = np.column_stack([rows.clocks[:, _CLOCKS], decided])
        own = feed.linked.own(rows.table)
        late = rows.clocks[:, 0] > effective
        whole = Told(feed.source, own, clocks, rows.closes)
        if late.any():
            self.waiting.append(whole.take(np.flatnonzero(late)))
        keep = ~late
        for row in np.flatnonzero(rows.closes & keep).tolist():
            ended = self._said.get((feed.source, rows.table.name, rows.table.keys[row]))
            if ended:  # what ends was told by a link: it ends under the source's own identifier
                keep[row] = False
                self._end(feed, row, list(ended.values()), clocks[row])
        chosen = np.flatnonzero(keep)
        if len(chosen):
            self._remember(feed, rows, whole, chosen)

    def _remember(self, feed: FeedContents, rows: Statements, whole: Told, chosen: Rows) -> None:
        at, name = len(self.told), rows.table.name
        self.told.append(whole.take(chosen))
        self.feeds.append(feed)
        self.rows.append(chosen)
        used = feed.linked.used.get(name, {})
        if not used:
            return
        by_link = np.any([column[chosen] >= 0 for column in used.values()], axis=0)
        for place in np.flatnonzero(by_link & ~rows.closes[chosen]).tolist():
            key = rows.table.keys[chosen[place]]
            own_key = self.told[at].table.keys[place]
            self._said[feed.source, name, key][own_key] = (at, place)

    def _end(
        self, feed: FeedContents, row: int, said: list[tuple[int, int]],
        clocks: npt.NDArray[np.int64],
    ) -> None:  # fmt: skip
        for at, place in said:
            table = self.told[at].table.take(np.array([place], np.intp))
            self.told.append(Told(feed.source, table, clocks[None, :], np.ones(1, np.bool_)))
            self.feeds.append(feed)
            self.rows.append(np.array([row], np.intp))


def history_of(house: House, chain: str, classes: Collection[str], effective: int) -> History:
    """What was stated of some classes up to now, true by a time (microseconds) or waiting."""
    found = History()
    for feed, sequence, when in _feeds(house, chain, classes):
        for name, rows in stated_in(feed, sequence, when).items():
            if name in classes:
                found.add(feed, rows, sequence, effective)
    return found


def _feeds(
    house: House, chain: str, classes: Collection[str]
) -> Iterator[tuple[FeedContents, int, int]]:
    """The deliveries that state some classes; changes of links restate, and say nothing."""
    for event in house.projection.log.feeds(chain):
        stated = event.payload.get("since_seconds")  # an older version did not tell
        if RELINKS not in event.payload and (stated is None or stated.keys() & set(classes)):
            yield (
                read_rows(house.store, event.artifact, classes),
                event.sequence,
                micros_of(event.effective_at),
            )
