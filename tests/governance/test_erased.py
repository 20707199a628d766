"""Who was erased comes again as another: what is theirs may be anybody's, and counts so."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from governance import approving, autonomous, releasing, stopping
from governance.autonomy import SUGGEST
from governance.ledger import Governed
from governance.plan_cases import APPROVED, WAITING
from governance.releasing import Actor, Proposal
from governance.scopes import EVERYWHERE, Scope
from ontology.events import PERSON_ERASED, NewEvent
from tests.governance.approval_board import CHAIN, MACHINE, PLAIN, Board, Plan, refusal
from tests.governance.test_releases import Board as ReleaseBoard
from tests.governance.test_releases import refused

LARGE = replace(PLAIN, cost_cents=5_000_000)
"""Takes two people."""


def erased(person: str) -> Callable[..., NewEvent]:
    """A decision that says that a name was forgotten."""

    def say(_: Governed, now: datetime) -> NewEvent:
        return NewEvent(PERSON_ERASED, f"erase/{person}", "owner", now, "", {"person": person})

    return say


def people() -> Board:
    """Three who may approve, and Ann again under a pseudonym of her second coming."""
    names = ("ann", "ben", "carl", "ann again", "pia again")
    return Board(roles=dict.fromkeys(names, frozenset({"approver"})))


def test_a_plan_of_who_was_erased_takes_one_person_more() -> None:
    """Pia comes again, may approve by a new grant, and cannot be told from a stranger."""
    board = people()
    board.submitted(Plan("one", maker="pia"), who="pia")
    board.does(erased("pia"))
    board.approves("pia again", "one")
    assert board.status("one") == WAITING
    board.approves("ben", "one")
    assert board.status("one") == APPROVED


def test_so_it_does_when_it_is_submitted_after_the_erasure() -> None:
    board = people()
    board.does(erased("pia"))
    board.submitted(Plan("one", maker="pia"), who="carl")
    board.approves("pia again", "one")
    assert board.status("one") == WAITING


def test_who_approved_and_was_erased_is_heard_no_more() -> None:
    """Or Ann would be two people."""
    board = people()
    board.submitted(Plan("large", features=LARGE))
    board.approves("ann", "large")
    board.does(erased("ann"))
    board.approves("ann again", "large")
    assert board.status("large") == WAITING
    board.approves("ben", "large")
    assert board.status("large") == APPROVED
    assert Governed().after_all(board.events) == board.state


def test_nobody_decides_under_a_pseudonym_that_nobody_can_name() -> None:
    """Their grants and tokens may stand; the powers that they gave and took end."""
    board = people()
    board.submitted(Plan("one"))
    board.does(approving.delegate, Actor("ann"), "dora", Scope(CHAIN),
               board.clock + timedelta(days=1), "on leave")  # fmt: skip
    board.does(erased("ann"))
    assert refusal(board, lambda: board.approves("ann", "one")) == "PERSON_UNNAMED"
    assert refusal(board, lambda: board.approves("dora", "one")) == "ROLE_WANTED"
    ledger, gone = ReleaseBoard(), Actor("ada")
    ledger.does(stopping.put, MACHINE, EVERYWHERE, "a guard")
    number = ledger.state.sequence
    ledger.does(erased("ada"))
    refused(ledger, "PERSON_UNNAMED", stopping.lift, gone, number, "seen to")
    record = {"digest": "d", "name": "rules", "version": "1", "shape_count": 3}
    refused(ledger, "PERSON_UNNAMED", releasing.propose, gone,
            Proposal(record, "d", "colder", EVERYWHERE))  # fmt: skip
    refused(ledger, "PERSON_UNNAMED", autonomous.raise_level, gone, Scope(CHAIN), SUGGEST, "well",
            ())  # fmt: skip


def test_a_release_of_who_was_erased_is_approved_by_nobody() -> None:
    board = ReleaseBoard()
    board.proposed("one")
    board.does(releasing.backtested, MACHINE, "one", "result", [])
    board.does(erased("ada"))
    refused(board, "OWN_RELEASE", releasing.approve, Actor("ada again"), "one", "mine")


def test_a_stop_of_who_was_erased_takes_two_to_lift() -> None:
    """And the word of one who was erased since is no second one."""
    board = ReleaseBoard()
    board.does(stopping.put, Actor("ada"), EVERYWHERE, "the scales are wrong")
    number = board.state.sequence
    board.does(erased("ada"))
    board.does(stopping.lift, Actor("ben"), number, "new scales")
    board.does(erased("ben"))
    board.does(stopping.lift, Actor("ben again"), number, "new scales")
    assert board.state.stops.standing
    board.does(stopping.lift, Actor("carl"), number, "new scales")
    assert not board.state.stops.standing
