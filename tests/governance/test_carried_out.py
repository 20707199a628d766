"""What was carried out: by which approval, on which day, and who may say so."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from governance import approving
from governance.ledger import Governed
from governance.plan_cases import CARRIED_OUT
from governance.releasing import Actor
from ontology.events import NewEvent
from tests.governance.approval_board import DAY, MACHINE, PALLET, Board, Plan, refusal

APPROVER = frozenset({"approver"})


@pytest.fixture
def board() -> Board:
    """Ann and Ben may approve."""
    return Board(roles={"ann": APPROVER, "ben": APPROVER})


@pytest.mark.parametrize("then", ["waiting", "declined", "returned", "void"])
def test_what_went_by_an_earlier_approval_is_said_in_any_later_round(
    board: Board, then: str
) -> None:
    """The truck had left when it was submitted again: its units are promised to nobody else."""
    board.submitted(Plan("one"))
    board.approves("ann", "one")
    since = board.case("one").approval
    board.does(approving.void, MACHINE, "one", "gap")
    board.submitted(Plan("one"))
    ends = {"declined": approving.decline, "returned": approving.return_for_change,
            "void": approving.void}  # fmt: skip
    if then in ends:
        board.does(ends[then], Actor("ben"), "one", "no", board.roles)
    assert (board.status("one"), board.reserved()) == (then, {})
    assert refusal(board, lambda: board.does(approving.carried_out, MACHINE, "one")
                   ) == "PERSONS_ONLY"  # fmt: skip
    board.does(approving.carried_out, Actor("ben"), "one")
    assert (board.status("one"), board.reserved()) == (CARRIED_OUT, {PALLET.key: 5})
    assert board.case("one").approval == since
    assert Governed().after_all(board.events) == board.state


def test_a_feed_says_nothing_of_an_approval_whose_time_is_over(board: Board) -> None:
    """Whether or not the scheduler has logged that it expired."""
    board.submitted(Plan("one"))
    board.approves("ann", "one")
    board.clock = board.case("one").until
    assert refusal(board, lambda: board.does(approving.carried_out, MACHINE, "one")
                   ) == "PERSONS_ONLY"  # fmt: skip
    board.does(approving.carried_out, Actor("ben"), "one")
    assert board.status("one") == CARRIED_OUT


def test_what_left_on_a_told_day_is_effective_then_and_ends_by_counts_of_that_day(
    board: Board,
) -> None:
    """Two days late: a count between does not end it; no day ahead of now, or before approval."""
    sent = replace(PALLET, destination="south", arrives_on="2026-03-03")
    board.submitted(Plan("one", promises=(sent,)))
    board.approves("ann", "one")
    board.clock += timedelta(days=3)

    def left(on: date) -> NewEvent | None:
        said: NewEvent | None = board.does(approving.carried_out, Actor("ben"), "one", on=on)
        return said

    for wrong in (DAY - timedelta(1), DAY + timedelta(4)):
        assert refusal(board, lambda wrong=wrong: left(wrong)) == "BAD_DAY"
    said = left(DAY + timedelta(2))
    assert said is not None
    assert str(said.effective_at.date()) == "2026-03-04"
    (kept,) = board.case("one").promises
    assert (kept.day, kept.arrives_on) == ("2026-03-04", "2026-03-05")
    board.counted(PALLET.key, 8)  # of the planned day: it had not left
    assert board.reserved() == {PALLET.key: 5}


def test_what_left_today_is_effective_now_and_without_a_day_it_left_as_planned(
    board: Board,
) -> None:
    """An event is never effective ahead of the log; what is not told changes no promise."""
    for name in ("one", "two"):
        board.submitted(Plan(name, promises=(replace(PALLET, units=2),)))
        board.approves("ann", name)
    board.clock += timedelta(days=1)
    said = board.does(approving.carried_out, Actor("ben"), "one", on=DAY + timedelta(1))
    assert said.effective_at == board.clock
    plain = board.does(approving.carried_out, Actor("ben"), "two")
    assert (plain.effective_at, "departed_on" in plain.payload) == (board.clock, False)
    assert [case.day for case in board.case("two").promises] == ["2026-03-02"]
