"""The life of a release: what may follow what, who may decide it, and what is in force when."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from governance import releasing
from governance.canaries import Canary, Guard
from governance.ledger import Governed
from governance.release_cases import ABORTED, ACTIVE, RETIRED, ROLLED_BACK, next_status
from governance.releasing import Actor, Proposal
from governance.scopes import EVERYWHERE, Scope
from ontology.errors import AccessError, EvenkeelError, InputError, StateError
from ontology.events import RELEASE_CANARY_STARTED, Event, NewEvent

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ADA, BEN = Actor("ada"), Actor("ben")
MACHINE = Actor("evenkeel", is_person=False)
CANARY = Canary(Scope(families=("frozen",)), NOON, NOON + timedelta(days=14), (Guard("cost", 2),))
COLD = "https://w3id.org/evenkeel/rule/cold-chain"


class Board:
    """A ledger without a log: every decision is folded at once."""

    def __init__(self) -> None:
        self.state, self.clock = Governed(), NOON
        shipped = {"digest": "shipped", "name": "evenkeel", "version": "1", "shape_count": 20}
        self.does(releasing.ship, MACHINE, shipped)

    def does(self, decide: Callable[..., NewEvent | None], *said: Any) -> NewEvent | None:
        """Decide and fold; the clock goes on by a minute."""
        self.clock += timedelta(minutes=1)
        now = self.state.now(self.clock)
        new = decide(self.state.settled(now), now, *said)
        if new is not None:
            event = Event(self.state.sequence + 1, new.kind, new.idempotency_key, new.agent,
                          new.effective_at, now, new.artifact, new.payload or {}, "", "",
                          )  # fmt: skip
            self.state = self.state.after(event)
        return new

    def proposed(self, digest: str, scope: Scope = EVERYWHERE, who: Actor = ADA) -> str:
        """A release that was proposed."""
        record = {"digest": digest, "name": "rules", "version": digest, "shape_count": 3}
        self.does(releasing.propose, who, Proposal(record, digest, "colder", scope))
        return digest

    def approved(self, digest: str, scope: Scope = EVERYWHERE) -> str:
        """A release that was approved."""
        self.proposed(digest, scope)
        self.does(releasing.backtested, MACHINE, digest, "result", [])
        self.does(releasing.approve, BEN, digest, "looks right")
        return digest

    def tested(self, digest: str, decisions: int = 3, chains: tuple[str, ...] = ("regional",)
               ) -> str:  # fmt: skip
        """A back-test of a release over decisions of chains, the newest made just now."""
        result, newest = f"result {self.state.sequence}", self.state.sequence + 1
        held = {"decisions": decisions, "same_bytes": decisions, "undecided": 0,
                "has_recorded": True, "newest": newest, "chains": list(chains)}  # fmt: skip
        self.does(releasing.backtested, MACHINE, digest, result, [], held)
        return result

    def activated(self, digest: str, scope: Scope = EVERYWHERE) -> str:
        """A release that is in force from now on."""
        self.approved(digest, scope)
        seen = self.state.releases.latest(scope)
        self.does(releasing.activate, ADA, digest, seen)
        return digest

    def in_force(self, chain: str = "regional", days: int = 0) -> str:
        """What governs a chain, so many days from now."""
        return self.state.releases.in_force(chain, self.clock + timedelta(days=days))

    def status(self, digest: str) -> str:
        """The status of a release by now."""
        return self.state.settled(self.clock).releases.case(digest).status


def refused(board: Board, code: str, *decision: Any) -> None:
    """Refused with a code, and nothing has changed."""
    before = board.state
    with pytest.raises(EvenkeelError) as found:
        board.does(*decision)
    assert found.value.code == code
    assert board.state == before


def test_the_shipped_release_governs_until_a_person_puts_another_in_force() -> None:
    board = Board()
    newer = {"digest": "newer", "name": "evenkeel", "version": "2", "shape_count": 21}
    board.does(releasing.ship, MACHINE, newer)
    assert board.in_force() == "newer"
    board.activated("ours")
    assert board.does(releasing.ship, MACHINE, newer) is None
    assert board.in_force() == "ours"


def test_from_proposal_to_force_and_back() -> None:
    board = Board()
    board.activated("first")
    board.activated("second")
    assert (board.in_force(), board.status("first")) == ("second", RETIRED)
    board.does(releasing.roll_back, BEN, "second", "it closed the north")
    assert (board.in_force(), board.status("first"), board.status("second")) == (
        "first", ACTIVE, ROLLED_BACK)  # fmt: skip
    board.does(releasing.roll_back, BEN, "first", "that one, too")
    assert board.in_force() == "shipped"  # and not the second, which was rolled back
    refused(board, "RELEASE_STATUS", releasing.activate, ADA, "second", "shipped", board.clock)


def test_what_was_never_approved_becomes_no_retired_one() -> None:
    board = Board()
    board.proposed("shipped")  # it governs, and is a proposal like any other
    board.activated("ours")
    assert board.status("shipped") == "proposed"
    refused(board, "RELEASE_STATUS", releasing.activate, ADA, "shipped", "ours", board.clock)
    board.does(releasing.roll_back, BEN, "ours", "worse")
    assert (board.in_force(), board.status("shipped")) == ("shipped", "proposed")


def test_what_was_rolled_back_never_returns() -> None:
    board = Board()
    board.activated("first")
    board.activated("second")
    board.does(releasing.activate, ADA, "first", "second", board.clock)
    board.does(releasing.roll_back, BEN, "first", "worse")
    assert (board.in_force(), board.status("second")) == ("second", ACTIVE)
    board.does(releasing.roll_back, BEN, "second", "worse, too")
    assert (board.in_force(), board.status("first")) == ("shipped", ROLLED_BACK)
    refused(board, "RELEASE_STATUS", releasing.activate, ADA, "first", "shipped", board.clock)


def test_what_an_earlier_version_allowed_still_folds() -> None:
    board = Board()
    board.proposed("shipped")
    board.activated("ours")
    new = NewEvent("release.activated", "old", "ada", board.clock, "shipped",
                   {"release": {"digest": "shipped"}, "replaces": "ours", "status": ACTIVE,
                    "since_micros": 1})  # fmt: skip
    board.does(lambda *_: new)
    assert board.status("shipped") == ACTIVE


def test_what_is_refused_of_a_release_is_told_in_words() -> None:
    board = Board()
    board.activated("ours")
    with pytest.raises(StateError, match="is active: it cannot be tried as a canary") as refusal:
        next_status(board.state.releases.case("ours"), RELEASE_CANARY_STARTED)
    assert "it may be back-tested or retired or rolled back" == refusal.value.hint


def test_nobody_approves_what_they_proposed() -> None:
    board = Board()
    board.proposed("ours", who=ADA)
    refused(board, "RELEASE_STATUS", releasing.approve, BEN, "ours", "not back-tested yet")
    board.does(releasing.backtested, MACHINE, "ours", "result", [])
    refused(board, "OWN_RELEASE", releasing.approve, ADA, "ours", "it is mine")
    refused(board, "PERSONS_ONLY", releasing.approve, MACHINE, "ours", "by itself")


def test_who_is_not_named_decides_nothing() -> None:
    board, unnamed = Board(), [Actor("local"), Actor("graphql")]
    record = {"digest": "ours", "name": "rules", "version": "2", "shape_count": 3}
    for who in unnamed:
        refused(board, "PERSON_UNNAMED", releasing.propose, who,
                Proposal(record, "ours", "colder", EVERYWHERE))  # fmt: skip
    board.proposed("ours")
    board.does(releasing.backtested, MACHINE, "ours", "result", [COLD])
    for who in unnamed:
        refused(board, "PERSON_UNNAMED", releasing.review, who, "ours", COLD, "why not")
        refused(board, "PERSON_UNNAMED", releasing.approve, who, "ours", "fine")
    board.does(releasing.review, ADA, "ours", COLD, "looked")
    board.does(releasing.approve, BEN, "ours", "fine")
    for who in unnamed:
        refused(board, "PERSON_UNNAMED", releasing.activate, who, "ours", "shipped", board.clock)
    board.does(releasing.activate, BEN, "ours", "shipped", board.clock)
    for who in unnamed:
        refused(board, "PERSON_UNNAMED", releasing.roll_back, who, "ours", "worse")


def test_what_nobody_was_named_for_in_an_earlier_version_is_approved_by_nobody() -> None:
    board = Board()
    record = {"digest": "ours", "name": "rules", "version": "2", "shape_count": 3}
    new = releasing.propose(board.state, NOON, ADA, Proposal(record, "ours", "why", EVERYWHERE))
    assert new is not None
    board.does(lambda *_: replace(new, agent="local"))
    board.does(releasing.backtested, MACHINE, "ours", "result", [])
    refused(board, "OWN_RELEASE", releasing.approve, BEN, "ours", "fine")


def test_what_is_newly_permitted_needs_a_person_who_answers_for_it() -> None:
    board = Board()
    board.proposed("ours")
    board.does(releasing.backtested, MACHINE, "ours", "result", [COLD])
    refused(board, "RELEASE_UNREVIEWED", releasing.approve, BEN, "ours", "fine")
    refused(board, "REVIEW_NEEDLESS", releasing.review, BEN, "ours", "another rule", "why not")
    board.does(releasing.review, BEN, "ours", COLD, "vaccines have their own lane")
    board.does(releasing.backtested, MACHINE, "ours", "another result", [COLD])
    refused(board, "RELEASE_UNREVIEWED", releasing.approve, BEN, "ours", "that was another result")
    board.does(releasing.review, BEN, "ours", COLD, "still so")
    board.does(releasing.approve, BEN, "ours", "fine")


@pytest.mark.parametrize("tested", [
    {"has_recorded": True, "decisions": 0}, {"missing_words": 1},
    {"decisions": 3, "same_bytes": 2}, {"decisions": 3, "same_bytes": 3, "undecided": 1},
])  # fmt: skip
def test_a_backtest_of_nothing_opens_no_door(tested: dict[str, Any]) -> None:
    board = Board()
    board.proposed("ours")
    board.does(releasing.backtested, MACHINE, "ours", "result", [], tested)
    refused(board, "RELEASE_UNTESTED", releasing.approve, BEN, "ours", "fine")
    good = {"has_recorded": True, "decisions": 3, "same_bytes": 3, "undecided": 0}
    board.does(releasing.backtested, MACHINE, "ours", "whole", [], good)
    board.does(releasing.approve, BEN, "ours", "fine")


def test_a_narrow_backtest_hides_no_opening() -> None:
    board = Board()
    board.proposed("ours")
    board.does(releasing.backtested, MACHINE, "ours", "result", [COLD])
    board.does(releasing.backtested, MACHINE, "ours", "narrow", [])
    refused(board, "RELEASE_UNREVIEWED", releasing.approve, BEN, "ours", "fine")
    board.does(releasing.review, BEN, "ours", COLD, "looked")
    board.does(releasing.backtested, MACHINE, "ours", "narrower", [])
    board.does(releasing.approve, BEN, "ours", "fine")  # an empty house is tried by nothing


def test_a_machine_may_abort_and_never_promote() -> None:
    board = Board()
    board.approved("ours")
    refused(board, "PERSONS_ONLY", releasing.start_canary, MACHINE, "ours", CANARY, "try it")
    board.does(releasing.start_canary, BEN, "ours", CANARY, "try it")
    refused(board, "PERSONS_ONLY", releasing.activate, MACHINE, "ours", "shipped", board.clock)
    board.does(releasing.abort, MACHINE, "ours", "shortfall rose")
    assert board.status("ours") == ABORTED
    refused(board, "RELEASE_STATUS", releasing.activate, ADA, "ours", "shipped", board.clock)


def test_two_cannot_be_put_in_force_at_once() -> None:
    board = Board()
    board.approved("one")
    board.approved("other")
    board.does(releasing.activate, ADA, "one", "shipped", board.clock)
    refused(board, "RELEASE_CONFLICT", releasing.activate, BEN, "other", "shipped", board.clock)
    board.does(releasing.activate, BEN, "other", "one", board.clock)
    assert board.in_force() == "other"


def test_a_release_may_wait_for_its_day() -> None:
    board = Board()
    board.approved("later")
    board.does(releasing.activate, ADA, "later", "shipped", board.clock + timedelta(days=7))
    assert (board.in_force(), board.in_force(days=8)) == ("shipped", "later")
    board.approved("sooner")
    board.does(releasing.activate, ADA, "sooner", "later", board.clock)
    assert (board.in_force(), board.in_force(days=8)) == ("sooner", "sooner")
    assert RETIRED == board.status("later")
    for name, days, before in (("seventh", 7, "sooner"), ("fifth", 5, "seventh")):
        board.approved(name)
        board.does(releasing.activate, ADA, name, before, board.clock + timedelta(days=days))
    assert (RETIRED, ACTIVE) == (board.status("seventh"), board.status("fifth"))  # it never begins
    assert "fifth" == board.in_force(days=8)
    refused(board, "RELEASE_TOO_EARLY", releasing.activate, ADA, board.approved("past"), "fifth",
            NOON - timedelta(days=1))  # fmt: skip


def test_what_governs_stays_active_until_another_begins() -> None:
    """A later release retires the present one when it begins; until then that can be ended."""
    board = Board()
    board.activated("first")
    board.approved("later")
    board.does(releasing.activate, ADA, "later", "first", board.clock + timedelta(days=7))
    assert (ACTIVE, ACTIVE) == (board.status("first"), board.status("later"))
    assert board.does(releasing.activate, ADA, "first", "later") is None  # it governs already
    board.does(releasing.roll_back, BEN, "first", "it closed the north")
    assert (ROLLED_BACK, ACTIVE) == (board.status("first"), board.status("later"))
    assert ("shipped", "later") == (board.in_force(), board.in_force(days=8))
    board.clock += timedelta(days=8)
    assert "later" == board.in_force()
    board.does(releasing.roll_back, BEN, "later", "worse")
    assert "shipped" == board.in_force()


def test_what_waits_retires_the_present_one_when_it_begins() -> None:
    """With nobody at hand; what is decided then is decided on that."""
    board = Board()
    board.activated("first")
    board.approved("later")
    board.does(releasing.activate, ADA, "later", "first", board.clock + timedelta(days=7))
    board.clock += timedelta(days=8)
    assert (RETIRED, ACTIVE) == (board.status("first"), board.status("later"))
    refused(board, "RELEASE_STATUS", releasing.roll_back, BEN, "first", "too late")
    board.does(releasing.activate, ADA, "first", "later")  # retired, and the same to the letter
    assert (ACTIVE, RETIRED) == (board.status("first"), board.status("later"))


def test_what_waits_and_is_taken_back_leaves_the_present_one() -> None:
    board, mine = Board(), Scope("regional")
    board.activated("first", mine)
    for name, end in (("later", releasing.retire), ("latest", releasing.roll_back)):
        board.approved(name, mine)
        board.does(releasing.activate, ADA, name, "first", board.clock + timedelta(days=7))
        board.does(end, BEN, name, "not then")
        assert ("first", "first") == (board.in_force(), board.in_force(days=8))
        assert ACTIVE == board.status("first")
    board.approved("last", mine)
    board.does(releasing.activate, ADA, "last", "first", board.clock + timedelta(days=7))
    board.does(releasing.retire, BEN, "first", "nothing till then")
    assert ("shipped", "last") == (board.in_force(), board.in_force(days=8))


def test_the_times_in_which_a_release_governs_are_told() -> None:
    board = Board()
    board.activated("first")
    begins = board.clock + timedelta(days=7)
    board.approved("later")
    board.does(releasing.activate, ADA, "later", "first", begins)
    spans = board.state.releases.spans
    assert [(begins, "later")] == [(each.until, each.then) for each in spans("first")]
    assert [(begins, None, "")] == [
        (each.since, each.until, each.then) for each in spans("later")]  # fmt: skip
    board.does(releasing.roll_back, BEN, "first", "it closed the north")
    (span,) = board.state.releases.spans("first")
    assert (board.clock, "shipped") == (span.until, span.then)
    assert [begins] == [each.since for each in board.state.releases.spans("later")]


def test_what_was_given_up_is_not_proposed_already() -> None:
    """It is proposed anew as another: under its own digest it stays what it became."""
    board = Board()
    board.activated("ours")
    board.does(releasing.roll_back, BEN, "ours", "worse")
    record = {"digest": "ours", "name": "rules", "version": "ours", "shape_count": 3}
    refused(board, "RELEASE_STATUS", releasing.propose, ADA,
            Proposal(record, "ours", "again", EVERYWHERE))  # fmt: skip


def test_an_active_release_is_back_tested_again_and_stays_what_it_is() -> None:
    board = Board()
    board.activated("ours")
    result = board.tested("ours")
    case = board.state.releases.case("ours")
    assert (ACTIVE, result, 3) == (case.status, case.backtest, case.shown.decisions)
    refused(board, "RELEASE_STATUS", releasing.approve, BEN, "ours", "again")


def test_what_is_scheduled_or_known_is_not_passed_over_in_silence() -> None:
    board = Board()
    board.approved("later")
    begins = board.clock + timedelta(days=7)
    board.does(releasing.activate, ADA, "later", "shipped", begins)
    refused(board, "RELEASE_SCHEDULED", releasing.activate, ADA, "later", "later")
    assert board.does(releasing.activate, ADA, "later", "later", begins) is None
    record = {"digest": "later", "name": "rules", "version": "2", "shape_count": 3}
    elsewhere = Proposal(record, "later", "there, too", Scope("regional"))
    refused(board, "RELEASE_KNOWN", releasing.propose, ADA, elsewhere)
    assert board.does(releasing.propose, ADA, replace(elsewhere, scope=EVERYWHERE)) is None


def test_a_clock_set_back_brings_nothing_back() -> None:
    board = Board()
    board.activated("ours")
    board.clock = NOON - timedelta(days=300)
    board.activated("next")
    state = board.state
    assert state.releases.in_force("regional", state.now(board.clock)) == "next"


def test_a_chain_may_have_its_own_and_lose_it() -> None:
    board, mine = Board(), Scope("regional")
    board.activated("for all")
    board.activated("for one", mine)
    assert (board.in_force(), board.in_force("other")) == ("for one", "for all")
    refused(board, "LAST_RELEASE", releasing.retire, ADA, "for all", "no more")
    board.does(releasing.retire, ADA, "for one", "no more")
    assert board.in_force() == "for all"


def test_parts_are_told_apart_from_the_whole() -> None:
    board, north = Board(), Scope("regional", regions=("north",))
    board.activated("for the north", north)
    assert board.in_force() == "shipped"
    assert [each.release for each in board.state.releases.partial("regional", board.clock)] == [
        "for the north"]  # fmt: skip
    board.does(releasing.roll_back, BEN, "for the north", "too cold")
    assert board.state.releases.partial("regional", board.clock) == ()


def test_what_lint_finds_is_answered_for_by_name() -> None:
    board = Board()
    record = {"digest": "ours", "name": "rules", "version": "2", "shape_count": 3}
    finding = {"rule": COLD, "code": "RULE_UNDOCUMENTED", "what": "without a reason"}
    proposal = Proposal(record, "ours", "colder", EVERYWHERE, [finding])
    refused(board, "RELEASE_FINDINGS", releasing.propose, ADA, proposal)
    waiver = {**finding, "reason": "the text comes with the next one", "person": "ada"}
    board.does(releasing.propose, ADA, replace(proposal, waivers=[waiver]))
    assert board.status("ours") == "proposed"


@pytest.mark.parametrize("names", [("",), ("x" * 201,), tuple(map(str, range(300)))])
def test_a_scope_has_names(names: Sequence[str]) -> None:
    with pytest.raises(InputError) as found:
        Scope("regional", regions=tuple(names))
    assert found.value.code == "SCOPE_INVALID"


def test_an_unknown_release_is_named() -> None:
    with pytest.raises(StateError, match="never proposed"):
        Board().state.releases.case("none")
    record = {"digest": "x", "name": "x", "version": "1"}
    with pytest.raises(AccessError):
        releasing.propose(Governed(), NOON, MACHINE, Proposal(record, "x", "why", EVERYWHERE))
