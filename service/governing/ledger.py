"""The governance ledger: decided on its newest state, and appended only if that still is so."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import Lock

from governance.ledger import Governed
from graph.governance_events import (
    MovedError,
    governance_events,
    governance_news,
    unmoved_since,
)
from graph.log import Write, moment
from graph.projection import Projection
from graph.steps import Nodes
from ontology.errors import StateError
from ontology.events import ITEMS_PROTECTED, STOP_PUT, Event, NewEvent

MOST_TRIES = 50
"""So often a decision is made anew because others decided meanwhile; then it is refused."""

MOST_AHEAD = timedelta(days=1)
"""So far the log may be ahead of the clock; beyond it nobody knows what time it is."""

FOLD_EVERY, MOST_FOLDS = 256, 64
"""So many events apart are the folds that are kept of the past, and at most so many: then every
second one goes."""

AT_ANY_TIME = frozenset({STOP_PUT, ITEMS_PROTECTED})
"""What makes nothing go on is decided whatever the clock says."""

Decide = Callable[[Governed, datetime], NewEvent | None]


@dataclass(frozen=True, slots=True)
class Decided:
    """What was appended (None: it was so already), and the state after it."""

    event: Event | None
    state: Governed


@dataclass
class _Followed:
    """The newest state that was read, and some before it: shared by all who follow the same log."""

    state: Governed = field(default_factory=Governed)
    lock: Lock = field(default_factory=Lock)
    folds: list[Governed] = field(default_factory=list)
    count: int = 0
    every: int = FOLD_EVERY

    def take(self, events: Iterable[Event]) -> Governed:
        """Follow the events that came, and keep a fold now and then; gives the newest state."""
        for event in events:
            self.state, self.count = self.state.after(event), self.count + 1
            if self.count % self.every == 0:
                self.folds.append(self.state)
            if len(self.folds) > MOST_FOLDS:  # half of them, twice as far apart
                self.folds, self.every = self.folds[1::2], 2 * self.every
        return self.state

    def before(self, sequence: int) -> Governed:
        """The newest fold that is kept of no later event."""
        kept = (*self.folds, self.state)
        return next((each for each in reversed(kept) if each.sequence <= sequence), Governed())


def _now() -> datetime:
    return datetime.now(UTC)


def _latest(told: datetime, last: datetime | None) -> datetime:
    return max(told, last) if last else told


@dataclass(frozen=True)
class Ledger:
    """Follows the governance events of a log, and appends to them one decision at a time."""

    projection: Projection
    clock: Callable[[], datetime] = _now
    _followed: _Followed = field(default_factory=_Followed, repr=False, compare=False)

    def on(self, projection: Projection) -> "Ledger":
        """The same ledger through the same log as it is otherwise used."""
        return replace(self, projection=projection)

    def state(self) -> Governed:
        """The state after every governance event that was appended before this was asked, now."""
        return self._news()[0].settled(self.clock())

    def present(self, clock: datetime | None = None) -> tuple[Governed, datetime]:
        """The newest state, and the time by which something is decided on it: one round trip.

        `clock` stands for the present time where somebody else tells it.
        """
        state, last = self._news()
        now = _latest(state.now(clock or self.clock()), last)
        return state.settled(now), now

    def at(self, sequence: int) -> Governed:
        """The state after the event `sequence`: what came since the fold that is kept before it."""
        followed = self._followed
        with followed.lock:
            base = followed.before(sequence)
        return base.after_all(
            governance_events(self.projection.log.driver, base.sequence, sequence)
        )

    def now(self, state: Governed, clock: datetime | None = None) -> datetime:
        """The time by which something is decided on a state: never before an event of the log.

        It is that of the log's last event, of any kind, where the clock is behind it. `clock`
        stands for the present time where somebody else tells it.
        """
        last = self.projection.log.head().recorded_at
        return _latest(state.now(clock or self.clock()), moment(last) if last else None)

    def _news(self) -> tuple[Governed, datetime | None]:
        followed = self._followed
        with followed.lock:
            news, last = governance_news(self.projection.log.driver, followed.state.sequence)
            return followed.take(news), last

    def append(
        self, decide: Decide, *, guard: Write | None = None, nodes: Nodes | None = None
    ) -> Decided:  # fmt: skip
        """Append what `decide` says on the newest state and its time; None leaves it as it is.

        No other governance event stands between that state and this event: where one came,
        it is decided anew, also where that one has taken the key that this would have. So
        `decide` may run several times and must do nothing else. `guard` may refuse in the
        transaction. What `decide` raises is raised. Raises StateError `LEDGER_BUSY`, and
        `CLOCK_BEHIND` where the clock is more than a day behind the log, but for stops.
        """
        for _ in range(MOST_TRIES):
            state, now = self.present()
            new = decide(state, now)
            if new is None:
                return Decided(None, state)
            if new.kind not in AT_ANY_TIME:
                self._timely(now)
            try:
                found = self.projection.append(
                    new, guard=unmoved_since(state.sequence, guard), nodes=nodes
                )
            except MovedError:
                continue
            except StateError as error:  # the log looks for the key before anything is guarded
                if error.code != "IDEMPOTENCY_CONFLICT" or self.state().sequence == state.sequence:
                    raise
                continue
            # of a rehearsal the event stays nowhere, so it is not followed but told
            return Decided(
                found.event, self.state() if found.replayed else state.after(found.event)
            )
        raise StateError("others decide faster than this can be decided", code="LEDGER_BUSY",
                         hint="try again")  # fmt: skip

    def _timely(self, now: datetime) -> None:
        clock = self.clock()
        if now - clock > MOST_AHEAD:
            raise StateError(
                f"the log is at {now:%Y-%m-%d %H:%M}, this machine at {clock:%Y-%m-%d %H:%M}",
                code="CLOCK_BEHIND", hint="set the clock right; stops can be put meanwhile",
            )  # fmt: skip
