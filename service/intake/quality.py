"""The quality gates over a delivery: held against its chain and what its source said before."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from feeds.gates.findings import NO_ROW
from feeds.gates.holding import hold, marks_of, marks_to_close
from feeds.gates.judging import Judgement, judge
from feeds.gates.past import Delivery, Past
from feeds.gates.thresholds import DEFAULTS
from feeds.mapping import Mapping as FeedMapping
from feeds.result import FeedResult
from graph.fold import IntMatrix
from graph.manifests import OMITS
from graph.recent import Recent
from graph.snapshot import SnapshotReader
from graph.state import State
from ontology.columns import Table
from ontology.events import Event
from ontology.on_demand import OnDemand
from ontology.terms import join_key
from service.intake.deliveries import Delivery as SaidOfIt

MENDS = "mends_event"
"""How the log names the delivery whose rows another one mends: that one says nothing anew."""
RELINKS = "relinks"
"""How the log marks a change of links, with the source: it says nothing anew, either."""
SAYS_NOTHING_ANEW = frozenset({MENDS, RELINKS, OMITS})
DELIVERIES = 10
"""So many of a source's last deliveries are what a new one is compared with."""


@dataclass(frozen=True)
class Judged:
    """A delivery after the gates, what they said, and the marks that begin and that end."""

    result: FeedResult
    judgement: Judgement
    marks: Table
    origins: IntMatrix
    ended: Table

    @property
    def notes(self) -> tuple[str, ...]:
        """What is marked, in words: the first of each kind and how many there are."""
        first: dict[str, str] = {}
        stopped = [self.judgement.line()] if self.judgement.stops else []
        for found in self.judgement.marked:
            first.setdefault(found.code, f"{found.class_name} {found.key}: {found.message}")
        counts = self.judgement.summary()
        return (*stopped, *(
            f"marked {code}: {text}" + (f" (and {counts[code] - 1:,} more)" if counts[code] > 1
                                        else "")
            for code, text in sorted(first.items())
        ))  # fmt: skip


def hold_to_gates(
    result: FeedResult, mapping: FeedMapping, before: State, reader: SnapshotReader,
    said: SaidOfIt, *, may_stop: bool, severities: Mapping[str, str] | None = None,
) -> Judged:  # fmt: skip
    """The delivery without what the gates quarantine; `severities` as `judge` has them.

    Raises InputError `GATE_STOPPED` where too much of it is bad, unless it may not stop.
    """
    present = before.snapshot
    past = Past(present, _deliveries(mapping, reader), before.about)
    is_full = all(rule.full for rule in mapping.files)
    judgement = judge(
        result.tables, past, set_aside=len(result.quarantined), source=mapping.source,
        sequence=said.source_sequence, is_full=is_full, severities=severities,
        limits=replace(DEFAULTS, stop_share_percent=said.stop_share_percent),
    )  # fmt: skip
    held = hold(result, judgement if may_stop else _going_on(judgement), present)
    found = marks_of(judgement, mapping.source)
    marks = _untold(found, held)
    origins = _origins(marks, judgement, result.sources)
    ended = _untold(marks_to_close(present, held.tables, found), held)
    return Judged(held, judgement, marks, origins, ended)


def _untold(marks: Table, held: FeedResult) -> Table:
    """The marks but those that the delivery states itself, as an export of a chain does."""
    told = held.tables.get("Mark")
    if told is None or not len(marks):
        return marks
    stays = [key not in told.row_of for key in marks.keys.tolist()]
    return marks.take(np.flatnonzero(stays))


def _going_on(judgement: Judgement) -> Judgement:
    return replace(judgement, limits=replace(judgement.limits, stop_share_percent=100))


def _deliveries(mapping: FeedMapping, reader: SnapshotReader) -> tuple[Delivery, ...]:
    """What the source said of late, the oldest first; its tables are read when they are needed."""
    mine = (event for event in reader.newest_feeds(mapping.chain)
            if event.payload["source"] == mapping.source
            and not event.payload.keys() & SAYS_NOTHING_ANEW)  # fmt: skip
    found = [Delivery(_told(event, reader.recent), event.payload.get("number"))
             for event in islice(mine, DELIVERIES)]  # fmt: skip
    return tuple(reversed(found))


def _told(event: Event, recent: Recent) -> Mapping[str, Table]:
    tables = recent.document(event.artifact)["tables"]
    return OnDemand(tables, lambda name: recent.table(tables[name]["artifact"]))


def _origins(
    marks: Table, judgement: Judgement, sources: Mapping[str, IntMatrix]
) -> IntMatrix:  # fmt: skip
    """The rows of files that the marks are about; (-1, 0) where something is missing."""
    places = {
        join_key((found.class_name, found.key, found.code)): sources[found.class_name][found.row]
        for found in reversed(judgement.marked)
        if found.row != NO_ROW
    }
    return np.array([places.get(key, (-1, 0)) for key in marks.keys.tolist()], np.int64).reshape(
        -1, 2
    )
