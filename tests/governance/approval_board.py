"""A ledger of approvals without a log: every decision is folded at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from governance import approving
from governance.approving import Submission
from governance.ledger import Governed
from governance.matrix import Features, Matrix, default_matrix, demanded
from governance.plan_cases import PlanCase
from governance.releasing import Actor
from governance.reservations import Standing
from ontology.columns import Snapshot
from ontology.errors import EvenkeelError
from ontology.events import Event, NewEvent
from ontology.promise_ends import committed, open_promises
from ontology.promises import Key, Promise, summed
from ontology.stock import StockPosition
from tests.ontology.promise_world import snapshot_of

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CHAIN = "two_hubs"
MACHINE = Actor("evenkeel", is_person=False)
PLAIN = Features(
    cost_cents=1_500, goods_cents=9_000, gap_per_million=0, attention=0, handling=("ambient",),
    places=(("north", "valley"), ("south", "valley")), families=("hardware",), suppliers=(),
    ways=("lane truck",),
)  # fmt: skip
DAY = NOON.date()
PALLET = Promise("widget", "north", "W1", "", 5, "2026-03-02")


@dataclass
class Plan:
    """A plan as the board knows it: who made it, what it moves, and what the matrix sees of it."""

    digest: str
    maker: str = "planner"
    promises: tuple[Promise, ...] = (PALLET,)
    features: Features = PLAIN
    authors: frozenset[str] = frozenset()
    unnamed: int = 0
    broken: str = ""


@dataclass
class Board:
    """A world of plans, grants and free stock, with a clock that is set by hand.

    `free` is what was counted on hand, and `counts` the event of each count: those that have none
    were counted before all plans. `said` is the last event of any kind.
    """

    state: Governed = field(default_factory=Governed)
    clock: datetime = NOON
    matrix: Matrix = field(default_factory=default_matrix)
    roles: dict[str, frozenset[str]] = field(default_factory=dict)
    free: dict[Key, int] = field(default_factory=lambda: {PALLET.key: 8})
    counts: dict[Key, int] = field(default_factory=dict)
    said: int = 0
    plans: dict[str, Plan] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def does(self, decide: Callable[..., NewEvent | None], *said: Any, **more: Any) -> Any:
        """Decide and fold; the clock goes on by a minute."""
        self.clock += timedelta(minutes=1)
        now = self.state.now(self.clock)
        new = decide(self.state.settled(now), now, *said, **more)
        if new is not None:
            self.said += 1
            event = Event(self.said, new.kind, new.idempotency_key, new.agent,
                          new.effective_at, now, new.artifact, new.payload or {}, "", "",
                          )  # fmt: skip
            self.state = self.state.after(event)
            self.events.append(event)
        return new

    def submitted(self, plan: Plan, who: str = "planner") -> PlanCase:
        """Submit a plan."""
        self.plans[plan.digest] = plan
        asked = Submission(plan.digest, CHAIN, plan.maker, plan.authors | {plan.maker},
                           plan.unnamed, plan.features, "please")  # fmt: skip
        self.does(approving.submit, Actor(who), asked, self.matrix)
        return self.case(plan.digest)

    def counted(self, key: Key, units: int) -> None:
        """A count at the end of the day of all plans."""
        self.said += 1
        self.free[key], self.counts[key] = units, self.said

    def facts(self) -> Snapshot:
        """What was counted."""
        eve = DAY - timedelta(1)
        return snapshot_of([
            (StockPosition(item, place, lot or None, on_hand_units=units, total_units=units,
                           counted_on=DAY if key in self.counts else eve),
             self.counts.get(key, 0))
            for key, units in self.free.items() for item, place, lot, _ in (key,)
        ])  # fmt: skip

    def approves(self, who: str, plan: str, **more: Any) -> Any:
        """Approve a plan as a person, by the grants of the moment."""
        return self.does(approving.approve, Actor(who), plan, "looks right", self.powers(),
                         self.standing(plan), **more)  # fmt: skip

    def powers(self) -> Mapping[str, frozenset[str]]:
        """Everybody's roles."""
        return self.roles

    def standing(self, plan: str) -> Standing:
        """How a plan stands right now."""
        found = self.plans[plan]
        return Standing(
            found.promises, self.free, self.state.approvals.promised(CHAIN, plan),
            demanded(self.matrix, replace(found.features, novel=())), found.broken,
            self.matrix.gap_per_million, self.matrix.approved_hours, held=self.held(plan),
        )  # fmt: skip

    def case(self, plan: str) -> PlanCase:
        """The case of a plan."""
        return self.state.approvals.case(plan)

    def status(self, plan: str) -> str:
        """What has become of a plan."""
        return self.case(plan).status

    def reserved(self, without: str = "") -> dict[Key, int]:
        """Units that are still committed where they stood, of all plans but one."""
        return summed(self.held(without))

    def held(self, without: str = "") -> tuple[Promise, ...]:
        """What is still committed where it stood, of all plans but one."""
        promised = self.state.approvals.promised(CHAIN, without)
        return committed(open_promises(self.facts(), promised, DAY))


def refusal(board: Board, act: Callable[[], Any]) -> str:
    """The code with which an act is refused, and nothing has changed; empty where it is done."""
    before = board.state
    try:
        act()
    except EvenkeelError as error:
        assert board.state == before
        return error.code
    return ""
