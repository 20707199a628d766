"""Any sequence of what people and the service do to plans never reaches what the laws forbid."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from governance import approving
from governance.approvals import Approvals
from governance.approving import OutdatedError
from governance.ledger import Governed
from governance.matrix import default_matrix
from governance.plan_cases import APPROVED, CARRIED_OUT, DECLINED, WAITING, PlanCase
from governance.releasing import Actor
from governance.scopes import EVERYWHERE, Scope
from ontology.errors import EvenkeelError
from ontology.events import APPROVAL_GIVEN, PLAN_SUBMITTED
from ontology.promises import Key, Promise, summed
from tests.governance.approval_board import CHAIN, MACHINE, PLAIN, Board, Plan

PEOPLE = ("ann", "ben", "carl", "dora", "gus")
ROLES = {"ann": ("approver",), "ben": ("approver",), "carl": ("planner", "approver"), "dora": (),
         "gus": ("governor",)}  # fmt: skip
LOTS = (("widget", "north", "W1"), ("widget", "north", "W2"))
DIGESTS = tuple(f"plan-{n}" for n in range(5))

people, digests = st.sampled_from(PEOPLE), st.sampled_from(DIGESTS)


class Approving(RuleBasedStateMachine):
    """Six plans, five people, two lots. Beside the fold stands a book that is kept by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.board = Board(roles={who: frozenset(roles) for who, roles in ROLES.items()},
                           free={(*lot, ""): 8 for lot in LOTS})  # fmt: skip
        self.gave: dict[str, list[str]] = {}
        self.ended: set[str] = set()
        self.left: set[str] = set()
        self.there = dict(self.board.free)

    def tried(self, act: Any, *said: Any, **more: Any) -> Any:
        """Do something, or be refused: then nothing has changed."""
        before = self.board.state
        try:
            return act(*said, **more)
        except (EvenkeelError, OutdatedError):
            assert self.board.state == before
            return None

    @initialize(units=st.lists(st.integers(3, 8), min_size=3, max_size=3))
    def waiting(self, units: list[int]) -> None:
        """Three plans of the planner want units of one lot."""
        for plan, wanted in zip(DIGESTS, units, strict=False):
            self.submit_as(plan, "pia", "pia", "pia", wanted, LOTS[0], is_large=False, unnamed=0)
        self.submit_as(DIGESTS[3], "ann", "pia", "pia", 1, LOTS[1], is_large=False, unnamed=0)
        self.submit_as(DIGESTS[4], "pia", "pia", "pia", 1, LOTS[1], is_large=True, unnamed=0)
        self.delegate("ann", "dora", 60, is_far=False)

    @rule(plan=digests, maker=people, who=people, editor=people, units=st.integers(0, 6),
          lot=st.sampled_from(LOTS), is_large=st.booleans(), unnamed=st.integers(0, 1))  # fmt: skip
    def submit(self, plan: str, maker: str, who: str, editor: str, units: int,
               lot: tuple[str, str, str], is_large: bool, unnamed: int) -> None:  # fmt: skip
        """Plans of all kinds, and those that were there before."""
        self.submit_as(plan, maker, who, editor, units, lot, is_large=is_large, unnamed=unnamed)

    def submit_as(self, plan: str, maker: str, who: str, editor: str, units: int,
                  lot: tuple[str, str, str], *, is_large: bool, unnamed: int) -> None:  # fmt: skip
        """A digest stands for one content: the first that was given for it."""
        features = replace(PLAIN, cost_cents=6_000_000) if is_large else PLAIN
        made = self.board.plans.get(plan) or Plan(
            plan, maker, (Promise(*lot, "", units, "2026-03-02"),) if units else (), features,
            frozenset({editor}), unnamed,
        )  # fmt: skip
        before = len(self.board.events)
        self.tried(self.board.submitted, made, who)
        for event in self.board.events[before:]:
            assert event.kind == PLAN_SUBMITTED
            assert plan not in self.ended
            self.gave[plan] = []

    @rule(plan=digests, who=people)
    def approve(self, plan: str, who: str) -> None:
        """By the book: each person once, never an author, in the round that stands."""
        if plan not in self.board.plans:
            return
        before = self.board.state.approvals.cases.get(plan)
        if self.tried(self.board.approves, who, plan) is not None:
            case = self.board.case(plan)
            assert before is not None
            assert self.board.events[-1].recorded_at < before.until
            assert who not in case.authors
            assert who not in self.gave[plan]
            self.gave[plan].append(who)

    @rule(plan=digests, order=st.permutations(PEOPLE))
    def all_approve(self, plan: str, order: list[str]) -> None:
        """Everybody tries, one after the other, and again."""
        for who in (*order, *order):
            self.approve(plan, who)

    @rule(plan=digests, who=people, decide=st.sampled_from(
        (approving.decline, approving.return_for_change)))  # fmt: skip
    def refuse(self, plan: str, who: str, decide: Any) -> None:
        """Decline, or ask for a change."""
        self.tried(self.board.does, decide, Actor(who), plan, "no", self.board.roles)
        self.note(plan)

    @rule(plan=digests, who=st.sampled_from((*PEOPLE, "")))
    def void(self, plan: str, who: str) -> None:
        """A person or the service."""
        actor = Actor(who) if who else MACHINE
        self.tried(self.board.does, approving.void, actor, plan, "it broke", self.board.roles)
        self.own_up(plan)

    @rule(plan=digests, act=st.sampled_from((approving.expire, approving.escalate)))
    def by_the_clock(self, plan: str, act: Any) -> None:
        """What the service does when it is time."""
        self.tried(self.board.does, act, MACHINE, plan)
        self.own_up(plan)

    @rule(plan=digests)
    def leave(self, plan: str) -> None:
        """The units of an approved plan leave; nobody says so yet."""
        case = self.board.state.approvals.cases.get(plan)
        if case is not None and case.status == APPROVED and self.may_leave(case):
            self.take(plan)

    def may_leave(self, case: PlanCase) -> bool:
        """A count is of the end of the day: nothing leaves after it that was approved before."""
        held = case.held
        if held is None or case.plan in self.left:
            return False
        return all(self.board.counts.get(key, 0) <= held.approval for key in summed(held.promises))

    def take(self, plan: str) -> None:
        """The units are not there any more."""
        self.left.add(plan)
        for key, units in summed(self.board.case(plan).promises).items():
            self.there[key] -= units

    @rule(plan=digests, who=people)
    def carry_out(self, plan: str, who: str) -> None:
        """Said of what is approved, or was and went all the same where the units were free."""
        case = self.board.state.approvals.cases.get(plan)
        if case is None or (plan not in self.left and not self.may_leave(case)):
            return
        is_new = plan not in self.left and case.status != APPROVED
        wanted = summed(case.held.promises) if is_new and case.held else {}
        if any(units > self.there[key] - self.to_leave(key) for key, units in wanted.items()):
            return
        if self.tried(self.board.does, approving.carried_out, Actor(who), plan) is not None:
            if plan not in self.left:
                self.take(plan)
            self.note(plan)

    def own_up(self, plan: str) -> None:
        """What has left, and whose approval is over, was carried out: a person says so at once."""
        if plan in self.left and self.board.status(plan) != APPROVED:
            self.tried(self.board.does, approving.carried_out, Actor("ben"), plan)
            self.note(plan)

    def to_leave(self, key: Key) -> int:
        """Units that approved plans are still to take."""
        return sum(summed(case.promises).get(key, 0)
                   for case in self.board.state.approvals.standing()
                   if case.plan not in self.left)  # fmt: skip

    @rule(lot=st.sampled_from(LOTS))
    def count(self, lot: tuple[str, str, str]) -> None:
        """At the end of the day somebody counts what is there."""
        self.board.counted((*lot, ""), self.there[*lot, ""])

    @rule(giver=people, taker=people, hours=st.integers(1, 60), is_far=st.booleans())
    def delegate(self, giver: str, taker: str, hours: int, *, is_far: bool) -> None:
        """Power handed over, of this chain or of another."""
        scope = Scope("another") if is_far else EVERYWHERE
        until = self.board.state.now(self.board.clock) + timedelta(hours=hours)
        self.tried(self.board.does, approving.delegate, Actor(giver), taker, scope, until, "away")

    @rule(hours=st.integers(-100, 100))
    def clock(self, hours: int) -> None:
        """The clock goes on, or is set back."""
        self.board.clock += timedelta(hours=hours)

    @rule(who=people, role=st.sampled_from(("approver", "governor")), is_given=st.booleans())
    def grant(self, who: str, role: str, is_given: bool) -> None:
        """Roles come and go."""
        self.board.roles[who] = (self.board.roles[who] | {role} if is_given
                                 else self.board.roles[who] - {role})  # fmt: skip

    @precondition(lambda self: self.board.events)
    @rule()
    def matrix_gets_stricter(self) -> None:
        """A release with another matrix comes in force."""
        rows = default_matrix().rows
        strict = replace(default_matrix(), rows=(replace(rows[0], people=2), *rows[1:]))
        self.board.matrix = strict if self.board.matrix == default_matrix() else default_matrix()

    def note(self, plan: str) -> None:
        """Remember what is over for good."""
        case = self.board.state.approvals.cases.get(plan)
        if case is not None and case.status in (DECLINED, CARRIED_OUT):
            self.ended.add(plan)

    @invariant()
    def no_unit_is_promised_twice(self) -> None:
        """Law 6: what is promised is there, and what looks free is there for nobody else."""
        held = self.board.reserved()
        for key, units in self.there.items():
            assert self.to_leave(key) <= units
            assert self.board.free[key] - held.get(key, 0) <= units - self.to_leave(key)

    @invariant()
    def only_what_stands_reserves(self) -> None:
        """Void, expired or declined: all is free again. What was carried out is, once counted."""
        cases = self.board.state.approvals.cases.values()
        held = [promise for case in cases if case.status in (APPROVED, CARRIED_OUT)
                for promise in case.promises
                if case.status == APPROVED
                or self.board.counts.get(promise.key, 0) <= case.approval]  # fmt: skip
        assert summed(held) == self.board.reserved()

    @invariant()
    def nobody_approved_their_own_and_enough_did(self) -> None:
        """Law 5: as many people as are demanded, none of them an author, in this round alone."""
        for case in self.board.state.approvals.cases.values():
            given = [verdict.person for verdict in case.verdicts]
            assert given == self.gave[case.plan]
            assert case.authors.isdisjoint(given)
            assert all(case.authors.isdisjoint(verdict.by) for verdict in case.verdicts)
            assert len(set(given)) == len(given)
            if case.status in (APPROVED, CARRIED_OUT) and case.approval > case.submission:
                assert len(given) >= max(1 + case.unnamed, *(one.people for one in case.demands))
                assert powers_of(case) >= max(one.people for one in case.demands)

    @invariant()
    def what_is_over_stays_over(self) -> None:
        """Declined and carried out are ends."""
        for plan in self.ended:
            assert self.board.status(plan) in (DECLINED, CARRIED_OUT)

    @invariant()
    def nothing_waits_with_a_reservation(self) -> None:
        """Reservations come with the last approval."""
        for case in self.board.state.approvals.cases.values():
            assert case.status != WAITING or not case.promises

    @invariant()
    def what_is_kept_beside_the_cases_follows_from_them(self) -> None:
        """Which are open, and the order in which plans were approved the last time."""
        kept = self.board.state.approvals
        plain = Approvals(dict(kept.cases), kept.delegations, kept.approved)
        assert set(plain.opened or ()) == set(kept.opened or ())
        assert len(plain.opened or ()) == len(kept.opened or ())
        assert sorted(plain.promised(CHAIN)) == sorted(kept.promised(CHAIN))
        approved = [event.payload["plan"] for event in reversed(self.board.events)
                    if event.kind == APPROVAL_GIVEN and event.payload["completes"]]  # fmt: skip
        assert tuple(reversed(dict.fromkeys(approved))) == kept.approved

    def teardown(self) -> None:
        """Law 4: the state is the fold of its events, and time never ran back."""
        assert Governed().after_all(self.board.events) == self.board.state
        times = [event.recorded_at for event in self.board.events]
        assert times == sorted(times)
        approvals = [one for one in self.board.events if one.kind == APPROVAL_GIVEN]
        assert all(one.payload["chain"] == CHAIN for one in approvals)


def powers_of(case: PlanCase) -> int:
    """How many different people's power the approvals of a case used, at most."""
    return len({verdict.person for verdict in case.verdicts if verdict.roles}
               | {giver for verdict in case.verdicts if not verdict.roles
                  for giver in verdict.by})  # fmt: skip


TestApproving = Approving.TestCase
TestApproving.settings = settings(
    max_examples=120, stateful_step_count=40, deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
