"""Releases, approvals, stops and levels together: no sequence of acts reaches what laws forbid."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from governance import approving, autonomous, outcomes, releasing, stopping
from governance.autonomous import Features
from governance.autonomy import (
    BACKTEST,
    OUTCOME,
    WITHIN_ENVELOPE,
    Envelope,
    Evidence,
)
from governance.canaries import Canary, Guard
from governance.evidence import outcome_now
from governance.ledger import Governed
from governance.plan_cases import APPROVED, CARRIED_OUT
from governance.reach import Cell, Reach, overlap, reach_in
from governance.releasing import Actor, Proposal
from governance.scopes import EVERYWHERE, Scope, scope_of
from governance.stops import MODES
from ontology.events import (
    APPROVAL_GIVEN,
    AUTONOMY_RAISED,
    PLAN_SUBMITTED,
    RELEASE_ACTIVATED,
    RELEASE_APPROVED,
    RELEASE_CANARY_STARTED,
    RELEASE_PROPOSED,
    RELEASE_ROLLED_BACK,
    STOP_LIFTED,
    Event,
    NewEvent,
)
from tests.governance.approval_board import CHAIN, MACHINE, PLAIN
from tests.governance.test_approval_machine import DIGESTS, LOTS, Approving

SCOPES = (EVERYWHERE, Scope(CHAIN), Scope(CHAIN, ("north",)), Scope(CHAIN, ("valley",)),
          Scope(CHAIN, (), ("hardware",)), Scope("another"))  # fmt: skip
CELLS = [Cell(names, "hardware") for names in (("north", "valley"), ("south", "valley"))]
RELEASES = ("rules-1", "rules-2", "rules-3")
WIDE = Envelope(10**6, 10**6, 10**6, ("", "ambient"), 24, 500)
SHIPPED = "shipped"

actors = st.sampled_from((*(Actor(who) for who in ("ann", "ben", "carl", "gus")), MACHINE))
scopes, releases = st.sampled_from(SCOPES), st.sampled_from(RELEASES)


class Governing(Approving):
    """Adds releases, stops and levels to plans and people, and a machine that approves.

    Beside the fold stands what each event was decided on: the state before it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.before: list[Governed] = []
        self.whole_reach = reach_in(CHAIN, PLAIN.places, PLAIN.families)
        record = {"digest": SHIPPED, "name": "evenkeel", "version": "1", "shape_count": 20}
        self.does(releasing.ship, MACHINE, record)

    def does(self, decide: Callable[..., NewEvent | None], *said: Any, **more: Any) -> Any:
        """Decide, or be refused: then nothing has changed."""
        return self.tried(self.board.does, decide, *said, **more)

    def tried(self, act: Any, *said: Any, **more: Any) -> Any:
        """Keep what stood before each event."""
        before, count = self.board.state, len(self.board.events)
        done = super().tried(act, *said, **more)
        self.before += [before] * (len(self.board.events) - count)
        return done

    @rule(who=actors, digest=releases, scope=st.sampled_from((EVERYWHERE, Scope(CHAIN))))
    def propose(self, who: Actor, digest: str, scope: Scope) -> None:
        """A release for all chains, or for one."""
        record = {"digest": digest, "name": "rules", "version": digest, "shape_count": 3}
        self.does(releasing.propose, who, Proposal(record, digest, "colder", scope))

    @rule(digest=releases, opens=st.booleans())
    def backtest(self, digest: str, *, opens: bool) -> None:
        """A result, by the machine."""
        result, newest = f"result {len(self.board.events)}", self.board.state.sequence + 1
        held = {"decisions": 2, "same_bytes": 2, "newest": newest, "chains": [CHAIN]}
        self.does(releasing.backtested, MACHINE, digest, result, ["rule"] if opens else [], held)

    @rule(who=actors, digest=releases)
    def review(self, who: Actor, digest: str) -> None:
        """Answer for what is newly permitted."""
        self.does(releasing.review, who, digest, "rule", "it has its own lane")

    @rule(who=actors, digest=releases)
    def approve_release(self, who: Actor, digest: str) -> None:
        """Somebody else than the author."""
        self.does(releasing.approve, who, digest, "read it")

    @rule(who=actors, digest=releases, later=st.integers(0, 30), is_stale=st.booleans())
    def activate(self, who: Actor, digest: str, later: int, *, is_stale: bool) -> None:
        """Now or later, against what was seen in force."""
        case = self.board.state.releases.cases.get(digest)
        seen = self.board.state.releases.latest(case.scope) if case and not is_stale else "other"
        since = self.board.state.now(self.board.clock) + timedelta(hours=later)
        self.does(releasing.activate, who, digest, seen, since)

    @rule(who=actors, digest=releases, act=st.sampled_from(
        (releasing.roll_back, releasing.retire, releasing.withdraw, releasing.abort)))  # fmt: skip
    def end_release(self, who: Actor, digest: str, act: Any) -> None:
        """Back, out, given up, or a canary that ends."""
        self.does(act, who, digest, "it closed the north")

    @rule(who=actors, digest=releases)
    def canary(self, who: Actor, digest: str) -> None:
        """For the north."""
        now = self.board.state.now(self.board.clock)
        terms = Canary(Scope(CHAIN, ("north",)), now, now + timedelta(days=2),
                       (Guard("cost", 5),))  # fmt: skip
        self.does(releasing.start_canary, who, digest, terms, "try it")

    @rule(who=actors, scope=scopes, mode=st.sampled_from(MODES))
    def stop(self, who: Actor, scope: Scope, mode: str) -> None:
        """By anybody, a machine too."""
        self.does(stopping.put, who, scope, "scales are wrong", mode)

    @rule(who=actors)
    def lift(self, who: Actor) -> None:
        """The oldest stop that stands."""
        for stop in self.board.state.stops.standing[:1]:
            self.does(stopping.lift, who, stop.number, "new scales")

    @rule(who=actors, is_on=st.booleans())
    def protect(self, who: Actor, *, is_on: bool) -> None:
        """The one item."""
        act = stopping.protect if is_on else stopping.release
        self.does(act, who, CHAIN, ["widget"], "a recall")

    @rule(who=actors, scope=scopes, steps=st.integers(1, 3))
    def raise_level(self, who: Actor, scope: Scope, steps: int) -> None:
        """On the newest back-tests, whatever they are of, a few steps in a row."""
        for _ in range(steps):
            state = self.board.state
            shown = [Evidence(BACKTEST, case.backtest) for case in state.releases.cases.values()
                     if case.backtest]  # fmt: skip
            self.raised(who, scope, shown)
            deciding = state.releases.deciding_in(scope, state.now(self.board.clock))
            mine = [state.releases.cases[digest].backtest for digest in deciding
                    if digest in state.releases.cases]  # fmt: skip
            self.raised(who, scope, [each for each in shown if each.artifact in mine])

    def raised(self, who: Actor, scope: Scope, shown: list[Evidence]) -> None:
        """A step, with what came of plans where that is wanted."""
        to = self.board.state.autonomy.level_of(scope, (CHAIN,)) + 1
        envelope = WIDE if to == WITHIN_ENVELOPE else None
        if envelope:
            shown = [*shown, Evidence(OUTCOME, outcome_now(self.board.state, scope).digest)]
        raise_level = partial(autonomous.raise_level, chains=(CHAIN,))
        self.does(raise_level, who, scope, to, "it goes well", shown, envelope)

    @rule(who=actors, scope=scopes, to=st.integers(0, 3), cause=st.sampled_from(("", "voids/1")))
    def lower(self, who: Actor, scope: Scope, to: int, cause: str) -> None:
        """By anybody, a machine too."""
        self.does(autonomous.lower, who, scope, to, "it does not", cause)

    @rule(plan=st.sampled_from(DIGESTS[:3]), confidence=st.sampled_from((1_000, 100)),
          is_stale=st.booleans())  # fmt: skip
    def machine_approves(self, plan: str, confidence: int, *, is_stale: bool) -> None:
        """The service approves what it may, as the newest state says."""
        if plan not in self.board.plans:
            return
        now = self.board.state.now(self.board.clock)
        named = self.board.state.governing(CHAIN, now, SHIPPED).named
        release = ("older", ()) if is_stale else named
        features = Features(self.reach, release, 100, 5, 0, frozenset({"ambient"}), 1,
                            confidence, SHIPPED, 0, plan)  # fmt: skip
        others = [case for case in self.board.state.approvals.standing(CHAIN) if case.plan != plan]

        def decide(state: Governed, now: Any) -> NewEvent | None:
            autonomous.refuse_machine(state, features, now)
            return approving.approve(state, now, MACHINE, plan, "within", self.board.powers(),
                                     self.board.standing(plan), mandate="autonomy")  # fmt: skip

        if self.does(decide) is not None:
            assert confidence >= WIDE.least_confidence_per_mille
            assert not is_stale
            assert not others
            self.gave[plan].append(MACHINE.id)

    @rule(who=actors, digest=releases, steps=st.integers(1, 6))
    def release_goes_on(self, who: Actor, digest: str, steps: int) -> None:
        """So many of the next steps, as people take them; who approves may be the author."""
        for _ in range(steps):
            case = self.board.state.releases.cases.get(digest)
            match case.status if case else "":
                case "":
                    self.propose(Actor("ann"), digest, Scope(CHAIN))
                case "proposed":
                    self.backtest(digest, opens=False)
                case "back-tested":
                    self.approve_release(who, digest)
                    self.approve_release(Actor("ben"), digest)
                case "approved" | "canary" | "retired":
                    self.activate(Actor("carl"), digest, 0, is_stale=False)
                case _:
                    return

    @rule(plan=st.sampled_from(DIGESTS[:3]), lot=st.sampled_from(LOTS), units=st.integers(1, 6))
    def plan_goes_on(self, plan: str, lot: tuple[str, str, str], units: int) -> None:
        """Submitted, else approved by two."""
        case = self.board.state.approvals.cases.get(plan)
        if case is None or not case.is_open:
            self.submit(plan, "dora", "dora", "dora", units, lot, is_large=False, unnamed=0)
        else:
            self.approve(plan, "ann")
            self.approve(plan, "ben")

    @rule(scope=scopes, steps=st.integers(1, 3))
    def climbs(self, scope: Scope, steps: int) -> None:
        """Raised step by step, each on results of its own of all that decides there."""
        for _ in range(steps):
            state = self.board.state
            for digest in state.releases.deciding_in(scope, state.now(self.board.clock)):
                if digest not in state.releases.cases:  # the shipped one, too
                    self.propose(Actor("ann"), digest, EVERYWHERE)
                self.backtest(digest, opens=False)
            if state.autonomy.level_of(scope, (CHAIN,)) == WITHIN_ENVELOPE - 1:
                self.one_is_carried_out()
            self.raise_level(Actor("gus"), scope, 1)

    def one_is_carried_out(self) -> None:
        """A small plan of its own, approved by two: what an outcome counts."""
        plan = f"small {len(self.board.events)}"
        self.submit_as(plan, "pia", "pia", "pia", 0, LOTS[1], is_large=False, unnamed=0)
        for who in ("ann", "ben"):
            self.approve(plan, who)
        self.carry_out(plan, "pia")

    @rule()
    def all_is_lifted(self) -> None:
        """By people who did not put it."""
        for who in ("gus", "ann"):
            for stop in self.board.state.stops.standing:
                self.does(stopping.lift, Actor(who), stop.number, "looked at")
        self.protect(Actor("gus"), is_on=False)

    @rule(plan=st.sampled_from(DIGESTS[:3]), lot=st.sampled_from(LOTS))
    def machine_is_let(self, plan: str, lot: tuple[str, str, str]) -> None:
        """All that a machine needs to act; then it does, or is kept from it."""
        self.all_is_lifted()
        self.climbs(Scope(CHAIN), 3)
        if plan not in self.board.state.approvals.cases:
            self.plan_goes_on(plan, lot, 3)
        self.machine_approves(plan, 1_000, is_stale=False)

    @property
    def reach(self) -> Reach:
        """What every plan here reaches."""
        return Reach(CHAIN, frozenset(CELLS), frozenset({"widget"}))

    @invariant()
    def nobody_approved_their_own_and_enough_did(self) -> None:
        """Law 5, where the service approved within its mandate, too."""
        for case in self.board.state.approvals.cases.values():
            given = [verdict.person for verdict in case.verdicts]
            assert given == self.gave[case.plan]
            assert case.authors.isdisjoint(given)
            by_machine = any(verdict.mandate for verdict in case.verdicts)
            is_of_now = case.approval > case.submission  # else it was of an earlier round
            if case.status in (APPROVED, CARRIED_OUT) and is_of_now and not by_machine:
                people = {verdict.person for verdict in case.verdicts}
                assert len(people) >= max(1 + case.unnamed, *(one.people for one in case.demands))

    @invariant()
    def what_is_in_force_was_approved_by_another(self) -> None:
        """The shipped one aside."""
        releases, at = self.board.state.releases, self.board.state.now(self.board.clock)
        for chain in (CHAIN, "another"):
            digest = releases.in_force(chain, at)
            assert digest
            if digest != SHIPPED:
                case = releases.case(digest)
                assert set(case.approvers) - {case.author, MACHINE.id}

    @invariant()
    def one_release_is_active_in_a_scope(self) -> None:
        """Never two now: another that is active waits for its time, and it is the later word."""
        at = self.board.state.now(self.board.clock)
        releases = self.board.state.releases.settled(at)
        for scope in SCOPES[:2]:
            active = [case.digest for case in releases.cases.values()
                      if case.status == "active" and case.scope == scope]  # fmt: skip
            stands = releases.standing(scope, at)
            waiting = [each for each in active if each != stands]
            assert all(span.since > at for each in waiting for span in releases.spans(each)
                       if span.until is None or span.until > at)  # fmt: skip
            assert all(releases.spans(each)[-1].since > at for each in waiting)
            if stands in releases.cases and stands not in active:
                assert releases.cases[stands].status in ("proposed", "back-tested")  # shipped

    @invariant()
    def each_event_was_allowed(self) -> None:
        """What the newest event was decided on let it be."""
        for event, before in zip(self.board.events[self.checked :],
                                 self.before[self.checked :], strict=True):  # fmt: skip
            self.check(event, before)
        self.checked = len(self.board.events)

    checked = 0

    def check(self, event: Event, before: Governed) -> None:
        """By the laws, on the state before."""
        is_machine = event.agent == MACHINE.id
        if event.kind in {RELEASE_APPROVED, RELEASE_ACTIVATED, RELEASE_CANARY_STARTED,
                          RELEASE_ROLLED_BACK, RELEASE_PROPOSED, AUTONOMY_RAISED,
                          STOP_LIFTED}:  # fmt: skip
            assert not is_machine or event.sequence == 1  # a machine never promotes
        if event.kind == RELEASE_APPROVED:
            assert event.agent != before.releases.case(event.payload["release"]).author
        if event.kind in {PLAN_SUBMITTED, APPROVAL_GIVEN}:
            assert not before.stops.against(self.whole_reach)  # nothing acts under a stop
        if event.kind == APPROVAL_GIVEN:
            case = before.approvals.case(event.payload["plan"])
            assert before.stops.paused_last(self.whole_reach) < case.submission
        if event.kind == APPROVAL_GIVEN and is_machine:
            assert WITHIN_ENVELOPE == before.autonomy.level(self.reach)
            assert not before.stops.protected(self.reach)
        if event.kind == STOP_LIFTED:
            assert event.agent != before.stops.stop(event.payload["stop"]).by
        if event.kind == AUTONOMY_RAISED:
            self.check_evidence(event, before)
        after = before.after(event)
        for cell in CELLS:
            was, now = before.autonomy.level_at(CHAIN, cell), after.autonomy.level_at(CHAIN, cell)
            assert now <= was + (event.kind == AUTONOMY_RAISED)

    def check_evidence(self, event: Event, before: Governed) -> None:
        """Of what decided then, and never for two scopes that overlap."""
        scope = scope_of(event.payload["scope"])
        deciding = before.releases.deciding_in(scope, event.effective_at)
        tested = {before.releases.cases[one].backtest for one in deciding
                  if one in before.releases.cases}  # fmt: skip
        for shown in event.payload["evidence"]:
            assert shown["kind"] != BACKTEST or shown["artifact"] in tested
            for earlier in self.board.events[: self.board.events.index(event)]:
                if earlier.kind == AUTONOMY_RAISED and shown in earlier.payload["evidence"]:
                    assert not overlap(scope, scope_of(earlier.payload["scope"]))


@pytest.fixture(autouse=True)
def _one_carried_out_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many it takes is another test's: here each costs a sequence its steps."""
    monkeypatch.setattr(outcomes, "LEAST_CARRIED_OUT", 1)


def run(examples: int) -> None:
    """So many random sequences of 50 steps."""
    run_state_machine_as_test(Governing, settings=settings(
        max_examples=examples, stateful_step_count=50, deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    ))  # fmt: skip


def test_random_sequences_keep_the_laws() -> None:
    run(200)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_ten_thousand_random_sequences_keep_the_laws() -> None:
    run(10_000)
