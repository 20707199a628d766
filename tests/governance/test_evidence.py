"""Law: a level rises only on what is so of what governs now, and was not used before."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from governance import autonomous, releasing
from governance.autonomy import (
    BACKTEST,
    CANARY,
    OUTCOME,
    SUGGEST,
    WITH_APPROVAL,
    Evidence,
)
from governance.canaries import FEWEST_PAIRS, Canary, Guard, Pair
from governance.evidence import outcome_now
from governance.outcomes import LEAST_CARRIED_OUT, ONE_IN, Outcome
from governance.plan_cases import EXPIRED, VOID
from governance.scopes import EVERYWHERE, Scope
from tests.governance.evidence_board import CHAIN, case_in, ends, fresh
from tests.governance.test_releases import ADA, BEN, MACHINE, Board, refused

NORTH, SOUTH, ALL = Scope(CHAIN, ("north",)), Scope(CHAIN, ("south",)), Scope(CHAIN)


def board() -> Board:
    """A ledger in which a release of people governs, and one waits that was back-tested."""
    made = Board()
    made.activated("ours")
    made.proposed("theirs")
    return made


def raising(scope: Scope, *shown: Evidence, to: int = SUGGEST) -> tuple[Any, ...]:
    return (autonomous.raise_level, ADA, scope, to, "it goes well", shown)


def of_canary(made: Board, digest: str, scope: Scope, pairs: int = FEWEST_PAIRS) -> None:
    """A release that is tried in a part, and compared so often."""
    made.approved(digest)
    terms = Canary(scope, made.clock, made.clock + timedelta(days=2), (Guard("cost", 5),),
                   least_pairs=FEWEST_PAIRS)  # fmt: skip
    made.does(releasing.start_canary, ADA, digest, terms, "try it")
    same = {"cost": 1, "shortfall": 0, "exceptions": 0, "gap": 0}
    for number in range(pairs):
        pair = Pair(f"plan {number}", f"snapshot {digest} {number}", same, same)
        made.does(releasing.compared, MACHINE, digest, pair)


@pytest.mark.parametrize("artifact", ["none", "result", "ours"])
def test_a_back_test_is_the_newest_that_the_ledger_knows(artifact: str) -> None:
    """Nothing else goes by that name: no other document, and no older result."""
    made = board()
    made.tested("ours")
    refused(made, "EVIDENCE_UNKNOWN", *raising(NORTH, Evidence(BACKTEST, artifact)))


def test_a_back_test_is_of_what_governs_the_scope_now() -> None:
    """Not of one that waits, was retired or rolled back, or governs elsewhere."""
    made = board()
    waits, ours = made.tested("theirs"), made.tested("ours")
    refused(made, "EVIDENCE_ELSEWHERE", *raising(NORTH, Evidence(BACKTEST, waits)))
    made.activated("later")
    refused(made, "EVIDENCE_ELSEWHERE", *raising(NORTH, Evidence(BACKTEST, ours)))
    later = made.tested("later")
    made.does(releasing.roll_back, BEN, "later", "too cold")
    refused(made, "EVIDENCE_ELSEWHERE", *raising(NORTH, Evidence(BACKTEST, later)))
    made.activated("of the south", SOUTH)
    south = made.tested("of the south")
    refused(made, "EVIDENCE_ELSEWHERE", *raising(NORTH, Evidence(BACKTEST, south)))
    assert made.does(*raising(SOUTH, Evidence(BACKTEST, south))) is not None


def test_where_a_chain_has_its_own_release_that_of_all_shows_nothing() -> None:
    made = board()
    made.activated("of the chain", ALL)
    assert ("of the chain",) == made.state.releases.deciding_in(NORTH, made.clock)
    assert ("of the chain", "ours") == made.state.releases.deciding_in(EVERYWHERE, made.clock)
    refused(made, "EVIDENCE_ELSEWHERE", *raising(NORTH, Evidence(BACKTEST, made.tested("ours"))))


def test_a_back_test_waits_until_its_release_begins() -> None:
    made = board()
    made.approved("later")
    made.does(releasing.activate, ADA, "later", "ours", made.clock + timedelta(days=7))
    later = Evidence(BACKTEST, made.tested("later"))
    refused(made, "EVIDENCE_ELSEWHERE", *raising(NORTH, later))
    made.clock += timedelta(days=8)
    assert made.does(*raising(NORTH, later)) is not None


def test_of_several_that_decide_there_each_is_shown() -> None:
    """The whole and a part of it; of a scope within the part, the part alone decides."""
    made = board()
    made.activated("of the north", NORTH)
    ours, north = (Evidence(BACKTEST, made.tested(name)) for name in ("ours", "of the north"))
    assert ("of the north",) == made.state.releases.deciding_in(NORTH, made.clock)
    assert ("of the north", "ours") == made.state.releases.deciding_in(ALL, made.clock)
    refused(made, "EVIDENCE_MISSING", *raising(ALL, ours))
    assert made.does(*raising(ALL, ours, north)) is not None


@pytest.mark.parametrize(
    ("decisions", "chains"), [(0, (CHAIN,)), (3, ("another",))], ids=["of nothing", "elsewhere"]
)
def test_a_back_test_holds_decisions_of_the_chain(decisions: int, chains: tuple[str, ...]) -> None:
    made = board()
    shown = Evidence(BACKTEST, made.tested("ours", decisions, chains))
    refused(made, "EVIDENCE_WEAK", *raising(NORTH, shown))


def test_a_back_test_that_does_not_tell_what_it_holds_shows_nothing() -> None:
    """As one of an earlier version, and one that did not make every decision again."""
    made = board()
    made.does(releasing.backtested, MACHINE, "ours", "bare", [])
    refused(made, "EVIDENCE_WEAK", *raising(NORTH, Evidence(BACKTEST, "bare")))
    held = {"decisions": 3, "same_bytes": 2, "newest": 99, "chains": [CHAIN]}
    made.does(releasing.backtested, MACHINE, "ours", "parted", [], held)
    refused(made, "EVIDENCE_WEAK", *raising(NORTH, Evidence(BACKTEST, "parted")))


def test_evidence_raises_once() -> None:
    """Not the same scope, nor one that it lies in, nor one that lies in it; beside it, it does."""
    made = board()
    shown = Evidence(BACKTEST, made.tested("ours"))
    made.does(*raising(NORTH, shown))
    for scope, to in ((NORTH, WITH_APPROVAL), (ALL, SUGGEST), (EVERYWHERE, SUGGEST),
                      (Scope(CHAIN, ("north",), ("dairy",)), WITH_APPROVAL)):  # fmt: skip
        refused(made, "EVIDENCE_SPENT", *raising(scope, shown, to=to))
    assert made.does(*raising(SOUTH, shown)) is not None


def test_the_same_decisions_again_are_nothing_new() -> None:
    """Another window over them gives another result, and shows no more."""
    made = board()
    made.does(*raising(NORTH, Evidence(BACKTEST, made.tested("ours"))))
    held = {"decisions": 2, "same_bytes": 2, "newest": made.state.sequence - 1, "chains": [CHAIN]}
    made.does(releasing.backtested, MACHINE, "ours", "another window", [], held)
    again = Evidence(BACKTEST, "another window")
    refused(made, "EVIDENCE_SPENT", *raising(NORTH, again, to=WITH_APPROVAL))


def test_a_canary_is_one_that_was_put_in_force_after_it() -> None:
    """With its verdict, of what governs now, where it decided; and it shows that once."""
    made = board()
    of_canary(made, "tried", NORTH, FEWEST_PAIRS - 1)
    tried = Evidence(CANARY, "tried")
    refused(made, "EVIDENCE_WEAK", *raising(NORTH, tried))  # it goes on
    refused(made, "CANARY_UNDECIDED", releasing.activate, ADA, "tried", "ours")
    same = {"cost": 1, "shortfall": 0, "exceptions": 0, "gap": 0}
    made.does(releasing.compared, MACHINE, "tried", Pair("last", "last", same, same))
    made.does(releasing.activate, ADA, "tried", "ours")
    refused(made, "EVIDENCE_ELSEWHERE", *raising(SOUTH, tried))
    refused(made, "EVIDENCE_UNKNOWN", *raising(NORTH, Evidence(CANARY, "ours")))
    made.does(*raising(NORTH, tried))
    refused(made, "EVIDENCE_SPENT", *raising(ALL, tried))


def test_a_canary_that_was_aborted_or_rolled_back_shows_nothing() -> None:
    made = board()
    of_canary(made, "aborted", NORTH)
    made.does(releasing.abort, MACHINE, "aborted", "worse")
    refused(made, "EVIDENCE_ELSEWHERE", *raising(NORTH, Evidence(CANARY, "aborted")))
    of_canary(made, "tried", NORTH)
    made.does(releasing.activate, ADA, "tried", "ours")
    made.does(releasing.roll_back, BEN, "tried", "worse")
    refused(made, "EVIDENCE_ELSEWHERE", *raising(NORTH, Evidence(CANARY, "tried")))


def test_a_canary_from_before_a_fall_shows_nothing() -> None:
    made = board()
    made.does(*raising(NORTH, Evidence(BACKTEST, made.tested("ours"))))
    of_canary(made, "tried", NORTH)
    made.does(releasing.activate, ADA, "tried", "ours")
    made.does(autonomous.lower, MACHINE, NORTH, 0, "stale")
    refused(made, "EVIDENCE_SPENT", *raising(NORTH, Evidence(CANARY, "tried")))


def told(made: Board, scope: Scope) -> Outcome:
    return outcome_now(made.state, scope)


def test_an_outcome_is_what_the_ledger_counts() -> None:
    """Of the scope, and of now: no other document goes by that name."""
    made = board()
    ends(made, NORTH, LEAST_CARRIED_OUT - 1)
    few = told(made, NORTH)
    refused(made, "EVIDENCE_WEAK", *raising(NORTH, Evidence(OUTCOME, few.digest)))
    ends(made, NORTH, 1)
    refused(made, "EVIDENCE_UNKNOWN", *raising(NORTH, Evidence(OUTCOME, few.digest)))
    enough = told(made, NORTH)
    assert (LEAST_CARRIED_OUT, 0, "") == (enough.carried_out, enough.broken, enough.lacks)
    for other in (SOUTH, ALL):
        refused(made, "EVIDENCE_UNKNOWN", *raising(other, Evidence(OUTCOME, enough.digest)))
    assert 0 == told(made, SOUTH).carried_out
    assert made.does(*raising(NORTH, Evidence(OUTCOME, enough.digest))) is not None
    assert () == told(made, NORTH).ended  # each end counts once
    assert () == told(made, ALL).ended


@pytest.mark.parametrize("status", [VOID, EXPIRED])
def test_an_outcome_counts_what_did_not_come_of_it(status: str) -> None:
    """One in ten may be void or expired; where it is not known where that was, it was here."""
    made = board()
    ends(made, NORTH, ONE_IN - 1)
    ends(made, NORTH, 1, status)
    assert "" == told(made, NORTH).lacks
    ends(made, NORTH, 1, status)
    shown = Evidence(OUTCOME, told(made, NORTH).digest)
    refused(made, "EVIDENCE_WEAK", *raising(NORTH, shown))
    other, name = board(), "somewhere"
    ends(other, NORTH, LEAST_CARRIED_OUT)
    ends(other, SOUTH, 1, status)
    assert 0 == told(other, NORTH).broken
    plan = other.state.approvals.ended[-1].plan
    unknown = replace(case_in(name, SOUTH), places=None)
    other.state = replace(other.state, approvals=replace(
        other.state.approvals, cases={**other.state.approvals.cases, plan: unknown}
    ))  # fmt: skip
    assert 1 == told(other, NORTH).broken


def test_one_thing_shows_one_thing() -> None:
    made = board()
    (shown,) = fresh(made, NORTH, SUGGEST)
    for other in (Evidence(OUTCOME, shown.artifact), shown):
        refused(made, "EVIDENCE_UNKNOWN", *raising(NORTH, shown, other))
    refused(made, "EVIDENCE_UNKNOWN", *raising(NORTH, shown, Evidence("hope", "x")))
    refused(made, "EVIDENCE_UNKNOWN", *raising(NORTH, Evidence(OUTCOME, "first month")))


def test_all_chains_are_raised_on_something_of_each() -> None:
    """Else what was seen of one chain would let a machine act on all others."""
    made = board()
    (digest,) = made.state.releases.deciding_in(EVERYWHERE, made.clock)
    made.proposed(digest)
    both = [CHAIN, "another"]

    def raised(*seen: str) -> tuple[object, ...]:
        shown = (Evidence(BACKTEST, made.tested(digest, chains=seen)),)
        raise_level = partial(autonomous.raise_level, chains=both)
        return (raise_level, ADA, EVERYWHERE, SUGGEST, "well", shown)

    refused(made, "EVIDENCE_WEAK", *raised(CHAIN))
    made.does(*raised(*both))
    assert SUGGEST == made.state.autonomy.level_of(EVERYWHERE, both)


def test_so_of_an_outcome() -> None:
    made = board()
    ends(made, EVERYWHERE, LEAST_CARRIED_OUT)
    shown = (Evidence(OUTCOME, outcome_now(made.state, EVERYWHERE).digest),)
    asked = (ADA, EVERYWHERE, SUGGEST, "well", shown)
    raise_level = autonomous.raise_level
    refused(made, "EVIDENCE_WEAK", partial(raise_level, chains=[CHAIN, "another"]), *asked)
    made.does(partial(raise_level, chains=[CHAIN]), *asked)
