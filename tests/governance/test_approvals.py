"""The approval of plans: who may, how many must, what is reserved, and when that ends."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from governance import approving
from governance.approving import OutdatedError
from governance.ledger import Governed
from governance.matrix import default_matrix
from governance.plan_cases import (
    APPROVED,
    CARRIED_OUT,
    CASE_TRANSITIONS,
    DECLINED,
    EXPIRED,
    RETURNED,
    VOID,
    WAITING,
)
from governance.releasing import Actor
from governance.reservations import overdrawn
from governance.scopes import EVERYWHERE, Scope
from ontology.columns import table_of
from ontology.errors import StateError
from ontology.goods import Item
from service.governing.plan_places import families_in
from tests.governance.approval_board import (
    CHAIN,
    MACHINE,
    NOON,
    PALLET,
    PLAIN,
    Board,
    Plan,
    refusal,
)

LARGE = replace(PLAIN, cost_cents=5_000_000)
APPROVER = frozenset({"approver"})


@pytest.fixture
def board() -> Board:
    """Ann and Ben may approve, Gus governs; planners plan."""
    return Board(roles={"ann": APPROVER, "ben": APPROVER, "gus": frozenset({"governor"}),
                        "planner": frozenset({"planner", "approver"})})  # fmt: skip


def test_an_approved_plan_reserves_what_it_moves(board: Board) -> None:
    board.submitted(Plan("one"))
    assert board.reserved() == {}
    board.approves("ann", "one")
    assert (board.status("one"), board.reserved()) == (APPROVED, {PALLET.key: 5})
    board.does(approving.carried_out, Actor("ben"), "one")
    assert (board.status("one"), board.reserved()) == (CARRIED_OUT, {PALLET.key: 5})


def test_what_was_carried_out_is_promised_to_nobody_else_until_it_is_counted(board: Board) -> None:
    """The stock is what was counted before: its units are neither there nor free."""
    board.submitted(Plan("one"))
    board.submitted(Plan("two"))
    board.approves("ann", "one")
    board.does(approving.carried_out, Actor("ben"), "one")
    with pytest.raises(Exception, match="5 are promised to the carried out plan `one`"):
        board.approves("ann", "two")
    board.counted(PALLET.key, 3)
    assert board.reserved() == {}
    assert refusal(board, lambda: board.approves("ann", "two")) == "UNITS_GONE"
    board.counted(PALLET.key, 5)
    board.approves("ann", "two")
    assert board.reserved() == {PALLET.key: 5}


@pytest.mark.parametrize("end", ["void", "expired"])
def test_what_was_done_is_said_of_a_plan_whose_approval_is_over(board: Board, end: str) -> None:
    """By a person alone, and only of what was approved: its units are held again."""
    board.submitted(Plan("one"))
    board.does(approving.void, MACHINE, "one", "stale")
    assert refusal(board, lambda: board.does(approving.carried_out, Actor("ben"), "one")
                   ) == "APPROVAL_STATUS"  # fmt: skip
    board.submitted(Plan("one"))
    board.approves("ann", "one")
    if end == "void":
        board.does(approving.void, MACHINE, "one", "lines")
    else:
        board.clock = board.case("one").until
        board.does(approving.expire, MACHINE, "one")
    assert (board.status("one"), board.reserved()) == (end, {})
    assert refusal(board, lambda: board.does(approving.carried_out, MACHINE, "one")
                   ) == "PERSONS_ONLY"  # fmt: skip
    board.does(approving.carried_out, Actor("ben"), "one")
    assert (board.status("one"), board.reserved()) == (CARRIED_OUT, {PALLET.key: 5})
    assert board.does(approving.carried_out, Actor("ben"), "one") is None


def test_approval_that_arrives_before_the_request_is_refused(board: Board) -> None:
    board.plans["one"] = Plan("one")
    assert refusal(board, lambda: board.approves("ann", "one")) == "APPROVAL_UNASKED"
    board.submitted(Plan("one"))
    assert board.case("one").verdicts == ()


def test_nobody_approves_their_own(board: Board) -> None:
    """Not who made it, nor who made what it was edited from, nor who submitted it."""
    board.roles |= {"carl": APPROVER}
    board.submitted(Plan("one", maker="planner", authors=frozenset({"ann"})), who="carl")
    for own in ("planner", "ann", "carl"):
        assert refusal(board, lambda own=own: board.approves(own, "one")) == "OWN_PLAN"
    board.approves("ben", "one")
    assert board.status("one") == APPROVED


def test_two_people_are_two_people(board: Board) -> None:
    board.submitted(Plan("large", features=LARGE))
    board.approves("ann", "large")
    assert board.approves("ann", "large") is None
    assert (board.status("large"), board.reserved()) == (WAITING, {})
    board.approves("ben", "large")
    assert board.status("large") == APPROVED


def test_a_plan_by_a_hand_that_is_not_named_takes_one_person_more(board: Board) -> None:
    board.submitted(Plan("one", maker="local", unnamed=1), who="planner")
    board.approves("ann", "one")
    assert board.status("one") == WAITING
    board.approves("ben", "one")
    assert board.status("one") == APPROVED


def test_roles_are_those_of_the_moment(board: Board) -> None:
    board.submitted(Plan("large", features=LARGE))
    board.roles["ben"] = frozenset()
    board.approves("ann", "large")
    assert refusal(board, lambda: board.approves("ben", "large")) == "ROLE_WANTED"
    assert refusal(board, lambda: board.approves("gus", "large")) == "ROLE_WANTED"


def test_who_lost_the_role_since_counts_no_more(board: Board) -> None:
    """Ann approves as one of two and loses her role: two others are asked."""
    board.roles |= {"carl": APPROVER}
    board.submitted(Plan("large", features=LARGE))
    board.approves("ann", "large")
    board.roles["ann"] = frozenset()
    board.approves("ben", "large")
    assert (board.status("large"), board.reserved()) == (WAITING, {})
    board.approves("carl", "large")
    assert board.status("large") == APPROVED


def test_who_used_power_that_its_giver_lost_counts_no_more(board: Board) -> None:
    day = board.clock + timedelta(days=1)
    board.does(approving.delegate, Actor("ann"), "dora", EVERYWHERE, day, "on leave")
    board.submitted(Plan("large", features=LARGE))
    board.approves("dora", "large")
    board.roles["ann"] = frozenset()
    board.approves("ben", "large")
    assert board.status("large") == WAITING


def test_power_that_was_taken_back_or_is_over_counts_no_more(board: Board) -> None:
    """Before the last approval: who used it is not heard, until they have power again."""
    day = board.clock + timedelta(days=1)
    for name, ends in (("one", True), ("two", False)):
        board.does(approving.delegate, Actor("ann"), "dora", EVERYWHERE, day, "on leave")
        mine = board.state.approvals.delegations[-1].id
        board.submitted(Plan(name, promises=(), features=LARGE))
        board.approves("dora", name)
        if ends:
            board.does(approving.take_back, Actor("ann"), mine)
        else:
            board.clock = day
        board.approves("ben", name)
        assert (WAITING, 2) == (board.status(name), len(board.case(name).verdicts))
        board.roles["dora"] = APPROVER
        board.approves("dora", name)
        assert APPROVED == board.status(name)
        board.does(approving.carried_out, Actor("ben"), name)
        board.roles["dora"], day = frozenset(), board.clock + timedelta(days=1)


def test_all_plans_that_hold_the_units_are_named(board: Board) -> None:
    """The ten that hold the most, and how many the others hold."""
    board.free[PALLET.key] = 40
    for number in range(13):
        name = f"holds {number}"
        board.submitted(Plan(name, promises=(replace(PALLET, units=2 + (number == 7)),)))
        board.approves("ann", name)
    board.submitted(Plan("one", promises=(replace(PALLET, units=20),)))
    with pytest.raises(StateError) as refused:
        board.approves("ann", "one")
    told = str(refused.value)
    assert "UNITS_PROMISED" == refused.value.code
    assert "27 are promised to approved plans: 3 to `holds 7`, 2 to `holds 0`" in told
    assert told.endswith("6 to 3 more")
    assert 10 == told.count("to `holds")


def test_what_came_of_approved_plans_is_kept(board: Board) -> None:
    """Each end of an approval, in each round; what was never approved has none."""
    board.submitted(Plan("one"))
    board.does(approving.void, MACHINE, "one", "never approved")
    for ends in (approving.void, approving.carried_out):
        board.submitted(Plan("one"))
        board.approves("ann", "one")
        board.does(ends, MACHINE, "one", "so it went")
    assert [("one", VOID), ("one", CARRIED_OUT)] == [
        (each.plan, each.status) for each in board.state.approvals.ended]  # fmt: skip


def test_a_further_round_forgets_no_hand(board: Board) -> None:
    board.roles |= {"carl": APPROVER, "emma": APPROVER}
    board.submitted(Plan("one"), who="carl")
    board.does(approving.void, Actor("carl"), "one", "wait for the truck", board.roles)
    board.submitted(Plan("one"), who="local")
    assert refusal(board, lambda: board.approves("carl", "one")) == "OWN_PLAN"
    board.approves("ann", "one")
    assert board.status("one") == WAITING  # who submitted it may be Ann
    board.approves("ben", "one")
    assert board.status("one") == APPROVED
    board.does(approving.void, Actor("carl"), "one", "wait again", board.roles)
    assert board.submitted(Plan("one"), who="emma").unnamed == 1


def test_who_is_not_named_decides_nothing(board: Board) -> None:
    board.submitted(Plan("one"))
    board.roles |= {"local": APPROVER}
    assert refusal(board, lambda: board.approves("local", "one")) == "PERSON_UNNAMED"
    machine = (approving.approve, MACHINE, "one", "by itself", board.roles, board.standing("one"))
    assert refusal(board, lambda: board.does(*machine)) == "PERSONS_ONLY"
    board.does(*machine, mandate="envelope 7")
    assert board.status("one") == APPROVED


def test_a_person_cannot_claim_a_mandate(board: Board) -> None:
    board.submitted(Plan("large", features=LARGE))
    board.approves("ann", "large", mandate="mine")
    assert board.status("large") == WAITING


def test_no_unit_is_promised_twice(board: Board) -> None:
    board.submitted(Plan("one"))
    board.submitted(Plan("two"))
    board.approves("ann", "one")
    assert refusal(board, lambda: board.approves("ann", "two")) == "UNITS_PROMISED"
    with pytest.raises(Exception, match="5 are promised to the approved plan `one`"):
        board.approves("ann", "two")
    board.does(approving.void, Actor("ben"), "one", "not today", board.roles)
    board.approves("ann", "two")
    assert board.reserved() == {PALLET.key: 5}


def test_units_that_are_gone_are_promised_to_nobody(board: Board) -> None:
    board.submitted(Plan("one"))
    board.free[PALLET.key] = 4
    assert refusal(board, lambda: board.approves("ann", "one")) == "UNITS_GONE"
    board.free[PALLET.key] = 5
    board.approves("ann", "one")
    board.free[PALLET.key] = 3
    assert overdrawn(board.state.approvals, "two_hubs", board.free) == {PALLET.key: 2}


def test_what_was_looked_at_beside_other_reservations_is_looked_at_again(board: Board) -> None:
    board.free = {PALLET.key: 10}
    board.submitted(Plan("one"))
    board.submitted(Plan("two"))
    before = board.standing("two")
    board.approves("ann", "one")
    with pytest.raises(OutdatedError):
        board.does(approving.approve, Actor("ann"), "two", "fine", board.roles, before)
    board.approves("ann", "two")
    assert board.reserved() == {PALLET.key: 10}


def test_what_was_looked_at_under_another_release_is_looked_at_again(board: Board) -> None:
    board.submitted(Plan("one"))
    standing = replace(board.standing("one"), governs=("shipped", ()), shipped="shipped")
    other = replace(standing, governs=("other", ()))
    with pytest.raises(OutdatedError):
        board.does(approving.approve, Actor("ann"), "one", "fine", board.roles, other)
    board.does(approving.approve, Actor("ann"), "one", "fine", board.roles, standing)
    assert board.status("one") == APPROVED


def test_a_plan_that_does_not_hold_is_not_approved(board: Board) -> None:
    board.submitted(Plan("one", broken="a count found less"))
    assert refusal(board, lambda: board.approves("ann", "one")) == "PLAN_BROKEN"


def test_a_stale_approval_unblocks_no_later_round(board: Board) -> None:
    """Approved once of two, void, submitted again: the first approval is gone."""
    seen = board.submitted(Plan("large", features=LARGE)).submission
    board.approves("ann", "large")
    board.does(approving.return_for_change, Actor("ben"), "large", "wait for the truck",
               board.roles)  # fmt: skip
    assert board.status("large") == RETURNED
    board.submitted(Plan("large", features=LARGE))
    assert refusal(board, lambda: board.approves("ben", "large", seen=seen)) == "APPROVAL_STALE"
    board.approves("ben", "large")
    assert board.status("large") == WAITING


def test_not_everybody_makes_an_approval_void(board: Board) -> None:
    board.submitted(Plan("one"))
    board.approves("ann", "one")
    act = (approving.void, Actor("zoe"), "one", "I do not like it", board.roles)
    assert refusal(board, lambda: board.does(*act)) == "ROLE_WANTED"
    board.does(approving.void, Actor("planner"), "one", "my own, after all")
    assert board.status("one") == VOID


def test_what_is_declined_stays_declined(board: Board) -> None:
    board.submitted(Plan("one"))
    board.does(approving.decline, Actor("ann"), "one", "too dear", board.roles)
    assert board.status("one") == DECLINED
    assert refusal(board, lambda: board.approves("ben", "one")) == "APPROVAL_STATUS"
    assert refusal(board, lambda: board.submitted(Plan("one"))) == "APPROVAL_STATUS"


def test_power_is_handed_over_and_not_multiplied(board: Board) -> None:
    """Dora approves by Ann's power; Ann and Dora are one, and Ann's own plans stay out of it."""
    day = NOON + timedelta(days=1)
    board.submitted(Plan("large", features=LARGE))
    board.submitted(Plan("own", maker="ann"))
    assert refusal(board, lambda: board.approves("dora", "large")) == "ROLE_WANTED"
    board.does(approving.delegate, Actor("ann"), "dora", EVERYWHERE, day, "on leave")
    board.approves("dora", "large")
    board.approves("ann", "large")
    assert board.status("large") == WAITING
    assert refusal(board, lambda: board.approves("dora", "own")) == "ROLE_WANTED"
    board.approves("ben", "large")
    assert board.status("large") == APPROVED


def test_power_ends_with_its_time_its_scope_and_its_giver(board: Board) -> None:
    day = NOON + timedelta(days=1)
    board.submitted(Plan("one"))
    elsewhere = Scope("two_hubs", families=("medical",))
    board.does(approving.delegate, Actor("ann"), "dora", elsewhere, day, "on leave")
    assert refusal(board, lambda: board.approves("dora", "one")) == "ROLE_WANTED"
    board.does(approving.delegate, Actor("ann"), "dora", EVERYWHERE, day, "on leave")
    mine = board.state.approvals.delegations[-1].id
    board.roles["ann"] = frozenset()
    assert refusal(board, lambda: board.approves("dora", "one")) == "ROLE_WANTED"
    board.roles["ann"] = APPROVER
    board.does(approving.take_back, Actor("ann"), mine)
    assert refusal(board, lambda: board.approves("dora", "one")) == "ROLE_WANTED"
    board.does(approving.delegate, Actor("ann"), "dora", EVERYWHERE, day, "on leave")
    board.clock = day
    assert refusal(board, lambda: board.approves("dora", "one")) == "ROLE_WANTED"
    board.clock = NOON - timedelta(days=30)  # set back: what has ended stays ended
    board.does(approving.comment, Actor("ben"), "one", "look")
    assert board.state.at is not None
    board.does(approving.comment, Actor("ben"), "one", "again")


def test_comments_of_a_case_are_bounded_and_decisions_are_not(board: Board) -> None:
    """Over all rounds; who wants to say more decides, for a reason."""
    board.submitted(Plan("one"))
    for number in range(approving.MOST_COMMENTS):
        board.does(approving.comment, Actor("ben"), "one", f"note {number}")
    say = partial(board.does, approving.comment, Actor("ben"), "one", "one more")
    assert refusal(board, say) == "COMMENTS_FULL"
    board.does(approving.return_for_change, Actor("ann"), "one", "too many words", board.roles)
    board.submitted(Plan("one"))
    assert refusal(board, say) == "COMMENTS_FULL"
    board.submitted(Plan("two"))
    board.does(approving.comment, Actor("ben"), "two", "of another plan")


def test_who_is_limited_to_families_decides_on_no_item_of_none(board: Board) -> None:
    goods = table_of([Item("milk", "Milk", family="dairy"), Item("bolt", "Bolt")], "Item")
    found = {of: families_in(goods, set(of)) for of in (("milk",), ("milk", "bolt"), ("bolt",))}
    assert [("dairy",), ("", "dairy"), ("",)] == list(found.values())
    assert families_in(goods, {"ghost"}) is None
    day = board.clock + timedelta(days=1)
    dairy = Scope(CHAIN, families=("dairy",))
    board.does(approving.delegate, Actor("ann"), "dora", dairy, day, "on leave")
    for of, families in found.items():
        case = board.submitted(Plan(str(of), features=replace(PLAIN, families=families)))
        powers = board.state.approvals.powers_for("dora", case, board.clock)
        assert (case.is_within(dairy), powers) == ((True, ("ann",)) if of == ("milk",)
                                                   else (False, ()))  # fmt: skip
        assert case.is_within(Scope(CHAIN))


def test_a_clock_set_back_revives_nothing(board: Board) -> None:
    case = board.submitted(Plan("one"))
    board.clock = case.until + timedelta(hours=1)
    board.submitted(Plan("two"))  # the ledger has seen this time
    board.clock = NOON
    assert refusal(board, lambda: board.approves("ann", "one")) == "APPROVAL_EXPIRED"
    board.does(approving.expire, MACHINE, "one")
    assert board.status("one") == EXPIRED


def test_an_approval_runs_out_and_frees_what_it_held(board: Board) -> None:
    board.submitted(Plan("one"))
    board.approves("ann", "one")
    assert board.does(approving.expire, MACHINE, "one") is None
    board.clock = board.case("one").until
    board.does(approving.expire, MACHINE, "one")
    assert (board.status("one"), board.reserved()) == (EXPIRED, {})
    assert board.does(approving.expire, MACHINE, "one") is None


def test_a_deadline_names_the_next_role_once(board: Board) -> None:
    case = board.submitted(Plan("one"))
    assert board.does(approving.escalate, MACHINE, "one") is None
    board.clock = case.deadline
    board.does(approving.escalate, MACHINE, "one")
    assert board.case("one").escalated == ("governor",)
    assert board.does(approving.escalate, MACHINE, "one") is None
    board.approves("gus", "one")
    assert board.status("one") == APPROVED


def test_only_the_round_that_was_meant_is_made_void(board: Board) -> None:
    first = board.submitted(Plan("one")).submission
    board.does(approving.void, MACHINE, "one", "stale", submission=first, code="stale fact")
    assert board.status("one") == VOID
    board.submitted(Plan("one"))
    assert board.does(approving.void, MACHINE, "one", "stale", submission=first) is None
    assert board.status("one") == WAITING


def test_the_stricter_of_two_matrices_counts(board: Board) -> None:
    """A row deleted while a plan waits frees nothing; one that came meanwhile binds."""
    rows = default_matrix().rows
    strict = replace(default_matrix(), rows=(replace(rows[0], people=2), *rows[1:]))
    board.matrix = strict
    board.submitted(Plan("before"))
    board.matrix = default_matrix()
    board.submitted(Plan("after", promises=()))
    board.approves("ann", "before")
    assert board.status("before") == WAITING
    board.matrix = strict
    board.approves("ann", "after")
    assert board.status("after") == WAITING


def test_the_fold_of_the_events_is_the_state(board: Board) -> None:
    board.submitted(Plan("large", features=LARGE))
    board.approves("ann", "large")
    board.approves("ben", "large")
    board.does(approving.void, Actor("ben"), "large", "no", board.roles)
    assert Governed().after_all(board.events) == board.state


def test_every_status_is_reached_by_the_table() -> None:
    assert {WAITING, DECLINED, RETURNED, VOID, EXPIRED, CARRIED_OUT} == set(
        CASE_TRANSITIONS.values()
    )


def test_a_delegation_that_begins_at_the_end_of_time_is_none(board: Board) -> None:
    last = datetime.max.replace(tzinfo=UTC)
    assert refusal(board, lambda: board.does(
        approving.delegate, Actor("ann"), "dora", EVERYWHERE, last, "ever", last
    )) == "DELEGATION_INVALID"  # fmt: skip
