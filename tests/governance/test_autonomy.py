"""Levels of autonomy: raised by persons on evidence and by a step, lowered by anybody."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance import autonomous, releasing, stopping
from governance.approvals import Approvals
from governance.autonomous import Allowed, Features, allowed
from governance.autonomy import (
    OBSERVE,
    SUGGEST,
    WITH_APPROVAL,
    WITHIN_ENVELOPE,
    Envelope,
)
from governance.plan_cases import APPROVED, VOID, PlanCase
from governance.reach import Cell, Reach
from governance.releasing import Actor
from governance.scopes import EVERYWHERE, Scope
from governance.stops import PAUSE
from ontology.errors import AccessError, InputError, StateError
from tests.governance.evidence_board import fresh
from tests.governance.test_releases import ADA, BEN, MACHINE, Board, refused

CHAIN = "regional"
NORTH, SOUTH = Scope(CHAIN, ("north",)), Scope(CHAIN, ("south",))
DAIRY, ALL = Scope(CHAIN, (), ("dairy",)), Scope(CHAIN)
WIDE = Envelope(100_000, 500, 1_000, ("", "cold"), 24, 600)
IN_NORTH, IN_SOUTH = Cell(("europe", "north"), "dairy"), Cell(("south",), "fruit")


def board() -> Board:
    """A ledger in which the shipped release governs."""
    return Board()


def raised(made: Board, scope: Scope, to: int) -> None:
    """Raise a scope step by step, each on evidence of its own."""
    for level in range(made.state.autonomy.level_of(scope) + 1, to + 1):
        envelope = WIDE if level == WITHIN_ENVELOPE else None
        shown = fresh(made, scope, level)
        made.does(autonomous.raise_level, ADA, scope, level, "it goes well", shown, envelope)


def reach(*cells: Cell, items: tuple[str, ...] = ("milk",)) -> Reach:
    return Reach(CHAIN, frozenset(cells), frozenset(items))


PLAN = Features(reach(IN_NORTH), ("shipped", ()), 50_000, 100, 0, frozenset({"cold"}), 2, 900,
                "shipped", 0)  # fmt: skip


def of(made: Board, plan: Features = PLAN) -> Allowed:
    return allowed(made.state, plan, made.clock)


def test_low_confidence_goes_to_a_person_whatever_the_envelope() -> None:
    made = board()
    raised(made, NORTH, WITH_APPROVAL)
    lax = replace(WIDE, least_confidence_per_mille=0)
    shown = fresh(made, NORTH, WITHIN_ENVELOPE)
    made.does(autonomous.raise_level, ADA, NORTH, WITHIN_ENVELOPE, "well", shown, lax)
    assert of(made, replace(PLAN, confidence_per_mille=500)).may_approve
    found = of(made, replace(PLAN, confidence_per_mille=499))
    assert (found.level, found.why[0].code) == (WITH_APPROVAL, "CONFIDENCE")


@pytest.mark.parametrize("entrance", ["local", "graphql", "demo"])
def test_who_lets_a_machine_do_more_is_named(entrance: str) -> None:
    made, nobody = board(), Actor(entrance)
    shown = fresh(made, NORTH, SUGGEST)
    refused(made, "PERSON_UNNAMED", autonomous.raise_level, nobody, NORTH, SUGGEST, "well", shown)
    made.does(stopping.protect, nobody, CHAIN, ["milk"], "a recall")
    refused(made, "PERSON_UNNAMED", stopping.release, nobody, CHAIN, ["milk"], "done")


def test_nothing_is_done_where_nobody_said_so() -> None:
    made = board()
    assert (OBSERVE, False, False) == (of(made).level, of(made).may_submit, of(made).may_approve)
    raised(made, NORTH, SUGGEST)
    assert (SUGGEST, OBSERVE) == (
        of(made).level, of(made, replace(PLAN, reach=reach(IN_NORTH, IN_SOUTH))).level
    )  # fmt: skip
    assert OBSERVE == of(made, replace(PLAN, reach=reach())).level


def test_a_level_rises_by_one_step_on_evidence_and_by_a_person() -> None:
    made = board()
    shown = fresh(made, NORTH, WITHIN_ENVELOPE)
    step: tuple[Any, ...] = (autonomous.raise_level, ADA, NORTH)
    refused(made, "PERSONS_ONLY", autonomous.raise_level, MACHINE, NORTH, SUGGEST, "why", shown)
    refused(made, "AUTONOMY_STEP", *step, WITH_APPROVAL, "why", shown)
    refused(made, "AUTONOMY_LEVEL", *step, 4, "why", shown)
    refused(made, "EVIDENCE_MISSING", *step, SUGGEST, "why", ())
    refused(made, "REASON_MISSING", *step, SUGGEST, " ", shown)
    refused(made, "ENVELOPE_MISSING", *step, SUGGEST, "why", shown, WIDE)
    raised(made, NORTH, WITH_APPROVAL)
    shown = fresh(made, NORTH, WITHIN_ENVELOPE)
    refused(made, "AUTONOMY_STEP", *step, WITH_APPROVAL, "why", shown)
    refused(made, "EVIDENCE_MISSING", *step, WITHIN_ENVELOPE, "why", shown[:1], WIDE)
    refused(made, "EVIDENCE_MISSING", *step, WITHIN_ENVELOPE, "why", shown[1:], WIDE)
    refused(made, "ENVELOPE_MISSING", *step, WITHIN_ENVELOPE, "why", shown)
    raised(made, NORTH, WITHIN_ENVELOPE)
    assert of(made).may_approve


def test_what_was_shown_before_a_fall_raises_nothing_again() -> None:
    made = board()
    raised(made, NORTH, WITHIN_ENVELOPE)
    shown = fresh(made, NORTH, WITH_APPROVAL)
    made.does(autonomous.lower, MACHINE, NORTH, SUGGEST, "three plans were void", "voids/17")
    assert SUGGEST == of(made).level
    assert made.does(autonomous.lower, MACHINE, NORTH, OBSERVE, "again", "voids/17") is None
    refused(made, "EVIDENCE_SPENT", autonomous.raise_level, ADA, NORTH, WITH_APPROVAL, "why", shown)
    refused(made, "EVIDENCE_SPENT", autonomous.raise_level, ADA, Scope(CHAIN, ("north", "south")),
            SUGGEST, "under another name", shown)  # fmt: skip
    made.does(autonomous.lower, MACHINE, NORTH, OBSERVE, "stale", "stale/18")
    assert OBSERVE == of(made).level


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("VALUE", {"value_cents": 100_001}),
        ("VALUE", {"value_cents": None}),
        ("UNITS", {"units": 501}),
        ("GAP", {"gap_per_million": 1_001}),
        ("DATA_AGE", {"data_age_hours": 25}),
        ("DATA_AGE", {"data_age_hours": None}),
        ("HANDLING", {"handling_classes": frozenset({"cold", "frozen"})}),
        ("CONFIDENCE", {"confidence_per_mille": 599}),
        ("ATTENTION", {"attention": 1}),
        ("ATTENTION", {"attention": None}),
    ],
)
def test_outside_the_envelope_a_person_decides(code: str, change: dict[str, Any]) -> None:
    made = board()
    raised(made, NORTH, WITHIN_ENVELOPE)
    found = of(made, replace(PLAN, **change))
    assert (WITH_APPROVAL, [code]) == (found.level, [why.code for why in found.why])
    with pytest.raises(AccessError, match="a person decides"):
        autonomous.refuse_machine(made.state, replace(PLAN, **change), made.clock)
    autonomous.refuse_machine(made.state, PLAN, made.clock)


def test_no_machine_moves_a_protected_item() -> None:
    made = board()
    raised(made, NORTH, WITHIN_ENVELOPE)
    made.does(stopping.protect, MACHINE, CHAIN, ["milk"], "a recall is looked at")
    assert (WITH_APPROVAL, "PROTECTED") == (of(made).level, of(made).why[0].code)
    refused(made, "PERSONS_ONLY", stopping.release, MACHINE, CHAIN, ["milk"], "done")
    made.does(stopping.release, ADA, CHAIN, ["milk"], "done")
    assert of(made).may_approve


def test_a_stop_holds_at_once_and_another_person_lifts_it() -> None:
    made = board()
    raised(made, ALL, WITHIN_ENVELOPE)
    made.does(stopping.put, ADA, NORTH, "the scales are wrong", "stop")
    number = made.state.sequence
    assert (SUGGEST, "STOPPED") == (of(made).level, of(made).why[0].code)
    with pytest.raises(StateError) as found:
        made.state.stops.refuse(PLAN.reach)
    assert "STOPPED" == found.value.code
    made.state.stops.refuse(reach(IN_SOUTH))
    refused(made, "STOPPED", autonomous.raise_level, ADA, NORTH, WITH_APPROVAL, "why", ())
    refused(made, "OWN_STOP", stopping.lift, ADA, number, "mine")
    refused(made, "PERSONS_ONLY", stopping.lift, MACHINE, number, "by itself")
    for entrance in ("local", "graphql", "demo"):  # who comes unnamed may be who put it
        refused(made, "PERSON_UNNAMED", stopping.lift, Actor(entrance), number, "mine, too")
    refused(made, "STOP_UNKNOWN", stopping.lift, BEN, 1, "none")
    made.does(stopping.lift, BEN, number, "new scales")
    made.state.stops.refuse(PLAN.reach)
    assert made.does(stopping.lift, BEN, number, "again") is None
    # what stood above is not there again: it is shown anew
    assert (SUGGEST, WITHIN_ENVELOPE) == (
        of(made).level, made.state.autonomy.level_at(CHAIN, IN_SOUTH)
    )  # fmt: skip


@pytest.mark.parametrize("entrance", ["local", "graphql", "demo"])
def test_a_stop_that_nobody_named_put_is_lifted_by_two(entrance: str) -> None:
    """Who came without a name may be who lifts it; the service itself is nobody."""
    made = board()
    made.does(stopping.put, Actor(entrance), NORTH, "the scales are wrong")
    number = made.state.sequence
    made.does(stopping.lift, ADA, number, "new scales")
    assert [ADA.id] == [each.by for each in made.state.stops.stop(number).lifts]
    assert made.does(stopping.lift, ADA, number, "again") is None
    with pytest.raises(StateError):
        made.state.stops.refuse(PLAN.reach)
    made.does(stopping.lift, BEN, number, "looked at")
    made.state.stops.refuse(PLAN.reach)
    assert [ADA.id, BEN.id] == [each.by for each in made.state.stops.stop(number).lifts]
    made.does(stopping.put, MACHINE, NORTH, "stale")
    made.does(stopping.lift, ADA, made.state.sequence, "fresh again")
    made.state.stops.refuse(PLAN.reach)


def test_protection_ends_where_it_was_put() -> None:
    """Of a chain or of all: another word ends nothing, and is refused."""
    made = board()
    made.does(stopping.protect, ADA, CHAIN, ["milk"], "a recall")
    refused(made, "PROTECTED_ELSEWHERE", stopping.release, BEN, "*", ["milk"], "done")
    assert made.does(stopping.release, BEN, "another", ["milk"], "done") is None
    made.does(stopping.release, BEN, CHAIN, ["milk"], "done")
    assert made.does(stopping.release, BEN, CHAIN, ["milk"], "done") is None
    made.does(stopping.protect, ADA, "*", ["milk"], "a recall")
    refused(made, "PROTECTED_ELSEWHERE", stopping.release, BEN, CHAIN, ["milk"], "done")


@pytest.mark.parametrize(
    "unknown", [Cell((), "dairy"), Cell(("north",), None), Cell((), None)], ids=str
)
def test_where_nobody_knows_what_a_plan_reaches_a_stop_holds(unknown: Cell) -> None:
    made = board()
    made.does(stopping.put, ADA, Scope(CHAIN, ("north",), ("fruit",)), "hot")
    made.state.stops.refuse(reach(Cell(("north",), "dairy")))
    lies = unknown.may_lie_in(Scope(CHAIN, ("north",), ("fruit",)))
    assert (unknown.family is None) == lies
    assert not unknown.lies_in(Scope(CHAIN, ("north",), ("fruit",)))


@pytest.mark.parametrize("unknown", [Cell((), "dairy"), Cell(("north",), None), Cell((), None)])
def test_what_is_not_known_of_a_line_lets_a_machine_do_no_more(unknown: Cell) -> None:
    """The least level of all scopes that it may lie in, the wider ones as well."""
    made = board()
    raised(made, ALL, WITHIN_ENVELOPE)
    plan = replace(PLAN, reach=reach(unknown))
    assert of(made, plan).may_approve
    made.does(autonomous.lower, MACHINE, Scope(CHAIN, ("north",), ("dairy",)), OBSERVE, "scales")
    assert OBSERVE == of(made, plan).level
    other = board()
    raised(other, ALL, SUGGEST)
    raised(other, NORTH, WITHIN_ENVELOPE)
    raised(other, DAIRY, WITHIN_ENVELOPE)
    assert SUGGEST == of(other, plan).level
    part = board()
    raised(part, Scope(CHAIN, ("north",), ("dairy",)), WITHIN_ENVELOPE)
    assert OBSERVE == of(part, plan).level


def test_a_machine_acts_on_one_plan_at_a_time() -> None:
    """While another plan of the chain is approved and stands, it submits and approves none."""
    made = board()
    raised(made, ALL, WITHIN_ENVELOPE)
    first = PlanCase(
        "first", CHAIN, 1, "ada", "ada", frozenset(), 0, (), None, None, (), 0, made.clock, 1,
        made.clock, (), APPROVED,
    )  # fmt: skip
    for case, level in (
        (first, SUGGEST),
        (replace(first, chain="another"), WITHIN_ENVELOPE),
        (replace(first, status=VOID), WITHIN_ENVELOPE),
        (replace(first, plan="mine"), WITHIN_ENVELOPE),
    ):
        state = replace(made.state, approvals=Approvals({case.plan: case}))
        assert level == allowed(state, replace(PLAN, plan="mine"), made.clock).level


def test_a_pause_is_remembered_after_it_was_lifted() -> None:
    made = board()
    made.does(stopping.put, ADA, SOUTH, "counted anew", PAUSE)
    number = made.state.sequence
    made.does(stopping.lift, BEN, number, "counted")
    stops = made.state.stops
    assert (0, number) == (stops.paused_last(PLAN.reach), stops.paused_last(reach(IN_SOUTH)))
    refused(made, "STOP_MODE", stopping.put, ADA, SOUTH, "why", "halt")


def test_a_release_that_was_rolled_back_takes_a_step() -> None:
    made = board()
    made.activated("newer")
    raised(made, NORTH, WITHIN_ENVELOPE)
    made.does(releasing.roll_back, BEN, "newer", "too cold")
    assert WITH_APPROVAL == of(made).level


def test_a_plan_of_an_older_release_is_only_suggested() -> None:
    made = board()
    raised(made, NORTH, WITHIN_ENVELOPE)
    found = of(made, replace(PLAN, release=("older", ())))
    assert (SUGGEST, "RELEASE_SUPERSEDED") == (found.level, found.why[0].code)


@pytest.mark.parametrize("limits", [(-1, 5), (5, -1), (5, 5, 0, (), 1, 1001), (2**53, 1)], ids=str)
def test_an_envelope_limits(limits: tuple[Any, ...]) -> None:
    with pytest.raises(InputError) as found:
        Envelope(*limits)
    assert "ENVELOPE_INVALID" == found.value.code


REGIONS = ("europe", "north", "south")
SCOPES = st.builds(
    Scope, st.sampled_from(["*", CHAIN]),
    st.lists(st.sampled_from(REGIONS), max_size=2).map(tuple),
    st.lists(st.sampled_from(["dairy", "fruit"]), max_size=1).map(tuple),
)  # fmt: skip
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["raise", "raise", "raise", "lower", "stop"]), SCOPES, st.integers(0, 3)
    ),
    max_size=16,
)
CELLS = [Cell(regions, family) for regions in (("north",), ("europe", "north"), ("south",),
                                               ("europe", "south"), ("north", "south"))
         for family in ("dairy", "fruit", "")]  # fmt: skip


def levels(made: Board) -> list[int]:
    return [made.state.autonomy.level_at(CHAIN, cell) for cell in CELLS]


@settings(max_examples=300)
@given(STEPS)
def test_no_cell_rises_by_a_fall_nor_by_more_than_a_step(
    steps: list[tuple[str, Scope, int]],
) -> None:
    """Whatever regions lie in one another, and however often scopes cross."""
    made = board()
    for step, scope, level in steps:
        for _ in range(level if step == "raise" else 1):
            before = levels(made)
            most = does(made, step, scope, level)
            after = levels(made)
            assert all(now <= was + most for was, now in zip(before, after, strict=True))
        if step == "lower":
            inside = [now for cell, now in zip(CELLS, after, strict=True) if cell.lies_in(scope)]
            assert all(now <= level for now in inside)


def does(made: Board, step: str, scope: Scope, level: int) -> int:
    """Take a step; gives by how much it may raise."""
    if step == "lower":
        made.does(autonomous.lower, MACHINE, scope, level, "why")
    elif step == "stop":
        made.does(stopping.put, ADA, scope, "why")
    else:
        to = made.state.autonomy.level_of(scope, (CHAIN,)) + 1
        if to <= WITHIN_ENVELOPE and not made.state.stops.over(scope):
            shown, envelope = fresh(made, scope, to), WIDE if to == WITHIN_ENVELOPE else None
            made.does(partial(autonomous.raise_level, chains=(CHAIN,)), ADA, scope, to, "why",
                      shown, envelope)  # fmt: skip
            return 1
    return 0


def test_everywhere_is_lowered_with_all_that_lies_in_it() -> None:
    made = board()
    for scope in (NORTH, DAIRY, ALL):
        raised(made, scope, WITHIN_ENVELOPE)
    made.does(autonomous.lower, BEN, EVERYWHERE, OBSERVE, "we look at it")
    assert [OBSERVE] * len(CELLS) == levels(made)
    assert made.does(autonomous.lower, BEN, EVERYWHERE, OBSERVE, "again") is None
