"""What governs, as a fold of the log's governance events; nothing else is known of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from governance.releases import Releases
from ontology.events import RELEASE_KINDS, Event


@dataclass(frozen=True)
class Governed:
    """The state after the governance event `sequence`, which was recorded `at`.

    The clock of governance never runs back: whoever decides asks `now` for the time.
    """

    sequence: int = 0
    at: datetime | None = None
    releases: Releases = field(default_factory=Releases)

    def now(self, clock: datetime) -> datetime:
        """The clock's time, or that of the last event where the clock was set back."""
        return clock if self.at is None else max(clock, self.at)

    def after(self, event: Event) -> "Governed":
        """The state after one more event."""
        stands = replace(self, sequence=event.sequence, at=event.recorded_at)
        if event.kind in RELEASE_KINDS:
            return replace(stands, releases=self.releases.after(event))
        return stands

    def after_all(self, events: Iterable[Event]) -> "Governed":
        """The state after events in the order of the log."""
        state = self
        for event in events:
            state = state.after(event)
        return state
