"""What governs, as a fold of the log's governance events; nothing else is known of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from governance.approvals import Approvals
from governance.autonomy import Autonomy
from governance.chains_shown import chains_of_raise
from governance.releases import Governing, Releases
from governance.stops import Stops
from ontology.events import (
    APPROVAL_KINDS,
    AUTONOMY_KINDS,
    PERSON_ERASED,
    RELEASE_KINDS,
    STOP_KINDS,
    Event,
)
from ontology.pseudonyms import MACHINES


@dataclass(frozen=True)
class Governed:
    """The state after the governance event `sequence`, which was recorded `at`.

    The clock of governance never runs back: whoever decides asks `now` for the time.
    """

    sequence: int = 0
    at: datetime | None = None
    releases: Releases = field(default_factory=Releases)
    approvals: Approvals = field(default_factory=Approvals)
    stops: Stops = field(default_factory=Stops)
    autonomy: Autonomy = field(default_factory=Autonomy)
    erased: frozenset[str] = frozenset()
    """Whose names were forgotten: who comes again has another pseudonym, so each may be anybody."""

    def now(self, clock: datetime) -> datetime:
        """The clock's time, or that of the last event where the clock was set back."""
        return clock if self.at is None else max(clock, self.at)

    def settled(self, clock: datetime) -> "Governed":
        """The state as it is at the clock's time: releases that were replaced by then are retired.

        No event says so when their time comes; the fold settles before each event by itself.
        """
        releases = self.releases.settled(self.now(clock))
        return self if releases is self.releases else replace(self, releases=releases)

    def governing(self, chain: str, at: datetime, shipped: str) -> Governing:
        """What governs a chain; of the whole the `shipped` release, till people put another."""
        found = self.releases.governing(chain, at)
        return found if self.releases.is_governed else replace(found, whole=shipped)

    def is_named(self, agent: str) -> bool:
        """Whether a name stands for one person who can be told from all others."""
        return agent not in MACHINES and agent not in self.erased

    def after(self, event: Event) -> "Governed":
        """The state after one more event."""
        stands = replace(self, sequence=event.sequence, at=event.recorded_at)
        if event.kind in RELEASE_KINDS:
            lower = self.autonomy.after_release(event, self.releases)
            return replace(stands, releases=self.releases.after(event), autonomy=lower)
        if event.kind in APPROVAL_KINDS:
            return replace(stands, approvals=self.approvals.after(event))
        if event.kind in STOP_KINDS:
            return replace(stands, stops=self.stops.after(event),
                           autonomy=self.autonomy.after_stop(event))  # fmt: skip
        if event.kind == PERSON_ERASED:
            person = event.payload["person"]
            return replace(stands, erased=self.erased | {person},
                           approvals=self.approvals.without_name(person))  # fmt: skip
        if event.kind in AUTONOMY_KINDS:
            return replace(
                stands, autonomy=self.autonomy.after(event, chains_of_raise(self, event))
            )
        return stands

    def after_all(self, events: Iterable[Event]) -> "Governed":
        """The state after events in the order of the log."""
        state = self
        for event in events:
            state = state.after(event)
        return state
