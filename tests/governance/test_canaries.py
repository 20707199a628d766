"""A canary: what ends it, what it takes to go on, and where it decides."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from governance import releasing
from governance.canaries import (
    EDITED,
    ELSEWHERE,
    FEWEST_PAIRS,
    METRICS,
    Canary,
    Guard,
    Pair,
    Told,
    canary_of,
)
from governance.release_cases import ABORTED, ACTIVE, CANARY
from governance.releases import GovernedPart
from governance.scopes import EVERYWHERE, Scope
from ontology.errors import EvenkeelError
from tests.governance.test_releases import ADA, BEN, MACHINE, NOON, Board, refused

FROZEN = Scope(families=("frozen",))
GUARDS = tuple(Guard(metric, 5) for metric in METRICS)


def terms(**changes: Any) -> Canary:
    """Terms of a canary of frozen goods."""
    return replace(Canary(FROZEN, NOON, NOON + timedelta(days=14), GUARDS), **changes)


def pair(number: int, **worse_percent: int) -> Pair:
    """A pair in which some metrics are worse by so many percent of 1,000."""
    active = dict.fromkeys(METRICS, 1_000)
    mine = {name: 1_000 + 10 * worse_percent.get(name, 0) for name in METRICS}
    return Pair(f"plan {number}", f"snapshot {number}", mine, active)


def tried(board: Board, canary: Canary | None = None, digest: str = "ours") -> str:
    """A release that is a canary."""
    board.approved(digest)
    board.does(releasing.start_canary, BEN, digest, canary or terms(), "carefully")
    return digest


def test_the_sign_test_is_exact() -> None:
    """The chance of a guard is that of an enumeration of all outcomes."""
    for pairs, worse in ((n, k) for n in range(1, 9) for k in range(n + 1)):
        told = Told(GUARDS[0], pairs, worse)
        assert told.chance_of == sum(sum(one) >= worse for one in product((0, 1), repeat=pairs))
        assert told.is_broken == (pairs >= FEWEST_PAIRS and told.chance_of * 20 <= 2**pairs)


@pytest.mark.parametrize(("mine", "others", "worse"), [
    (1_050, 1_000, False), (1_051, 1_000, True), (0, 0, False), (1, 0, True),
    (-950, -1_000, False), (-949, -1_000, True),
])  # fmt: skip
def test_worse_is_more_than_the_margin(mine: int, others: int, *, worse: bool) -> None:
    """Exactly, of numbers below zero, too; of nothing, any is more."""
    found = Pair("p", "s", {"cost": mine}, {"cost": others})
    assert worse == Guard("cost", 5).is_worse(found)


@pytest.mark.parametrize("metric", METRICS)
def test_a_broken_guard_ends_it_and_a_machine_may(metric: str) -> None:
    board = Board()
    tried(board)
    for number in range(FEWEST_PAIRS):
        assert board.does(releasing.guard_canary, MACHINE, "ours") is None
        board.does(releasing.compared, MACHINE, "ours", pair(number, **{metric: 6}))
    event = board.does(releasing.guard_canary, MACHINE, "ours")
    assert event is not None
    assert metric in str((event.payload or {})["reason"])
    assert board.status("ours") == ABORTED
    assert board.does(releasing.guard_canary, MACHINE, "ours") is None


def test_missing_data_never_promotes() -> None:
    """Not one plan too few; and a snapshot that was compared counts once."""
    board = Board()
    tried(board)
    for number in range(8):
        refused(board, "CANARY_UNDECIDED", releasing.activate, ADA, "ours", "shipped")
        board.does(releasing.compared, MACHINE, "ours", pair(number))
        assert board.does(releasing.compared, MACHINE, "ours", pair(number, cost=99)) is None
    refused(board, "PERSONS_ONLY", releasing.activate, MACHINE, "ours", "shipped")
    board.does(releasing.activate, ADA, "ours", "shipped")
    assert board.status("ours") == ACTIVE
    assert board.in_force() == "ours"


def test_what_is_worse_is_not_promoted_before_anybody_has_ended_it() -> None:
    board = Board()
    tried(board)
    for number in range(9):
        board.does(releasing.compared, MACHINE, "ours", pair(number, gap=50))
    refused(board, "CANARY_BROKEN", releasing.activate, ADA, "ours", "shipped")


def test_its_time_ends_it() -> None:
    board = Board()
    tried(board)
    assert board.state.releases.governing("regional", board.clock).parts
    board.clock += timedelta(days=14)
    at = board.state.now(board.clock)
    assert board.state.releases.governing("regional", at).parts == ()
    board.does(releasing.guard_canary, MACHINE, "ours")
    assert board.status("ours") == ABORTED


def test_it_decides_for_its_part_and_the_whole_stays() -> None:
    board = Board()
    tried(board, terms(scope=Scope("regional", ("north",)), share_percent=10, salt="s"))
    found = board.state.governing("regional", board.clock, "shipped")
    assert found.whole == "shipped"
    assert found.parts == (GovernedPart("ours", ("north",), (), 10, "s", is_canary=True),)
    assert board.state.governing("other", board.clock, "shipped").parts == ()
    board.approved("theirs")
    refused(board, "CANARY_ELSE", releasing.start_canary, BEN, "theirs", terms(), "too")
    board.does(releasing.start_canary, BEN, "theirs", terms(scope=replace(FROZEN, chain="other")),
               "elsewhere")  # fmt: skip


def test_it_is_tried_only_where_it_was_proposed_for() -> None:
    board = Board()
    board.approved("ours", Scope("regional", ("north", "south")))
    for scope in (FROZEN, Scope("regional", families=("frozen",)), Scope("regional", ("west",)),
                  Scope("other", ("north",))):  # fmt: skip
        refused(board, "CANARY_SCOPE", releasing.start_canary, BEN, "ours", terms(scope=scope), "x")
    board.does(releasing.start_canary, BEN, "ours",
               terms(scope=Scope("regional", ("north",), ("frozen",))), "fine")  # fmt: skip
    assert board.status("ours") == CANARY


@pytest.mark.parametrize("wrong", [
    {"guards": ()}, {"guards": (Guard("cost", 5), Guard("cost", 6))}, {"guards": (Guard("x", 5),)},
    {"guards": (Guard("cost", -1),)}, {"least_pairs": 4}, {"scope": EVERYWHERE},
    {"share_percent": 0}, {"share_percent": 101}, {"ends": NOON + timedelta(days=366)},
])  # fmt: skip
def test_terms_that_guard_nothing_are_refused(wrong: dict[str, Any]) -> None:
    make: Callable[..., Canary] = terms
    with pytest.raises(EvenkeelError) as found:
        make(**wrong)
    assert found.value.code == "CANARY_TERMS"


def test_a_snapshot_counts_once_whoever_states_it_again() -> None:
    one = pair(1)
    assert terms().with_pair(one).with_pair(replace(one, plan="other")).pairs == (one,)


def test_what_is_no_sample_is_told_and_promotes_nothing() -> None:
    """However many plans lie elsewhere, or were edited: each is told once, and none is a pair."""
    board = Board()
    tried(board)
    for number, why in enumerate((EDITED, ELSEWHERE, ELSEWHERE, "ARTIFACT_MISSING") * 3):
        assert board.does(releasing.leave_out, MACHINE, "ours", f"plan {number}", why) is not None
        assert board.does(releasing.leave_out, MACHINE, "ours", f"plan {number}", why) is None
    canary = board.state.releases.case("ours").canary
    assert canary is not None
    assert {EDITED: 3, ELSEWHERE: 6, "ARTIFACT_MISSING": 3} == canary.left_out_by_reason()
    assert all(one.pairs == 0 for one in canary.told())
    refused(board, "CANARY_UNDECIDED", releasing.activate, ADA, "ours", "shipped")


def test_a_plan_that_could_not_be_compared_may_be_later() -> None:
    board = Board()
    tried(board)
    board.does(releasing.leave_out, MACHINE, "ours", "plan 1", "ARTIFACT_MISSING")
    board.does(releasing.compared, MACHINE, "ours", pair(1))
    assert board.does(releasing.leave_out, MACHINE, "ours", "plan 1", "ARTIFACT_MISSING") is None
    canary = board.state.releases.case("ours").canary
    assert canary is not None
    assert ({}, (pair(1),)) == (canary.left_out_by_reason(), canary.pairs)


@pytest.mark.parametrize("metric", METRICS)
def test_a_tie_of_a_plan_that_lies_elsewhere_is_no_sample(metric: str) -> None:
    """What differs always is: harm is never left out."""
    assert not pair(1).is_sample(lies_there=False)
    assert pair(1).is_sample(lies_there=True)
    for percent in (1, -1):
        assert pair(1, **{metric: percent}).is_sample(lies_there=False)


def test_terms_are_read_back() -> None:
    canary = terms(share_percent=7, salt="s", least_pairs=9)
    assert canary == canary_of(canary.stated())


def test_a_canary_without_a_day_is_not_begun() -> None:
    """It would be aborted at once, and an aborted release never comes back."""
    board = Board()
    board.approved("one")
    over = terms(ends=board.clock)
    refused(board, "CANARY_TERMS", releasing.start_canary, ADA, "one", over, "a tenth")


@pytest.mark.parametrize("where", [
    Scope(regions=("north",)), Scope("regional", ("north", "south")), Scope(families=("frozen",)),
])  # fmt: skip
def test_a_canary_takes_no_part_of_another_release_out_of_force(where: Scope) -> None:
    """It judges alone: what the part forbids there it would permit, and nobody was shown that."""
    board = Board()
    board.activated("stricter", Scope("regional", ("north",)))
    board.approved("next")
    begin = (releasing.start_canary, ADA, "next")
    refused(board, "CANARY_PART", *begin, terms(scope=where), "a part")
    board.does(*begin, terms(scope=Scope("regional", ("south",))), "elsewhere")
    board.approved("later", Scope("regional", (), ("dairy",)))
    refused(board, "CANARY_PART", releasing.activate, ADA, "later", "")
    board.does(releasing.abort, ADA, "next", "first the other")
    board.does(releasing.activate, ADA, "later", "")


def test_nor_one_that_is_to_come_before_its_end() -> None:
    board = Board()
    board.approved("stricter", FROZEN)
    board.does(releasing.activate, ADA, "stricter", "", NOON + timedelta(days=3))
    board.approved("next")
    begin = (releasing.start_canary, ADA, "next")
    refused(board, "CANARY_PART", *begin, terms(), "a part")
    board.does(*begin, terms(ends=NOON + timedelta(days=2)), "until then")


def test_a_canary_of_the_next_release_for_a_part_replaces_that_one() -> None:
    board = Board()
    board.activated("stricter", FROZEN)
    board.approved("next", FROZEN)
    board.does(releasing.start_canary, ADA, "next", terms(share_percent=10), "a tenth")
    assert board.state.releases.canaries(board.clock)
