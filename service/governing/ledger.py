"""The governance ledger: decided on its newest state, and appended only if that still is so."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Lock

from governance.ledger import Governed
from graph.governance_events import MovedError, governance_events, unmoved_since
from graph.log import Write
from graph.projection import Projection
from graph.steps import Nodes
from ontology.errors import StateError
from ontology.events import Event, NewEvent

MOST_TRIES = 50
"""So often a decision is made anew because others decided meanwhile; then it is refused."""

Decide = Callable[[Governed, datetime], NewEvent | None]


@dataclass(frozen=True, slots=True)
class Decided:
    """What was appended (None: it was so already), and the state after it."""

    event: Event | None
    state: Governed


@dataclass
class _Followed:
    """The newest state that was read; shared by all who follow the same log in this process."""

    state: Governed = field(default_factory=Governed)
    lock: Lock = field(default_factory=Lock)


def _now() -> datetime:
    return datetime.now(UTC)


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
        """The state after every governance event that was appended before this was asked."""
        followed, driver = self._followed, self.projection.log.driver
        with followed.lock:
            news = governance_events(driver, followed.state.sequence)
            followed.state = followed.state.after_all(news)
            return followed.state

    def at(self, sequence: int) -> Governed:
        """The state after the event `sequence`, folded anew."""
        events = governance_events(self.projection.log.driver)
        return Governed().after_all(each for each in events if each.sequence <= sequence)

    def now(self, state: Governed) -> datetime:
        """The time by which something is decided on a state."""
        return state.now(self.clock())

    def append(
        self, decide: Decide, *, guard: Write | None = None, nodes: Nodes | None = None
    ) -> Decided:  # fmt: skip
        """Append what `decide` says on the newest state and its time; None leaves it as it is.

        No other governance event stands between that state and this event: where one came,
        it is decided anew, also where that one has taken the key that this would have. So
        `decide` may run several times and must do nothing else. `guard` may refuse in the
        transaction. What `decide` raises is raised. Raises StateError `LEDGER_BUSY`.
        """
        for _ in range(MOST_TRIES):
            state = self.state()
            new = decide(state, self.now(state))
            if new is None:
                return Decided(None, state)
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
