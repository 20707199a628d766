"""Law: a level of all chains holds for those of which something was shown, and for no later one."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance import autonomous
from governance.autonomy import (
    LEVELS,
    OBSERVE,
    SUGGEST,
    WITH_APPROVAL,
    WITHIN_ENVELOPE,
    Autonomy,
)
from governance.reach import Cell
from governance.scopes import EVERYWHERE, Scope
from ontology.errors import StateError
from ontology.events import AUTONOMY_LOWERED, AUTONOMY_RAISED, Event
from tests.governance.evidence_board import CHAIN, fresh
from tests.governance.test_autonomy import CELLS, WIDE
from tests.governance.test_releases import ADA, BEN, MACHINE, NOON, Board, refused

OTHER, LATER = "another", "later"
THERE, ALL_THREE = (CHAIN, OTHER), (CHAIN, OTHER, LATER)
HERE = Cell(("north",), "dairy")
NORTH = Scope("*", ("north",))


def raised(made: Board, scope: Scope, to: int, chains: tuple[str, ...] = THERE) -> None:
    """Raise a scope of all chains step by step, on something of each that there is."""
    for level in range(made.state.autonomy.level_of(scope, chains) + 1, to + 1):
        envelope = WIDE if level == WITHIN_ENVELOPE else None
        shown = fresh(made, scope, level, chains)
        decide = partial(autonomous.raise_level, chains=chains)
        made.does(decide, ADA, scope, level, "it goes well", shown, envelope)


def levels(made: Board, cell: Cell = HERE) -> list[int]:
    return [made.state.autonomy.level_at(chain, cell) for chain in ALL_THREE]


@pytest.mark.parametrize("scope", [EVERYWHERE, NORTH], ids=str)
def test_a_chain_that_comes_later_begins_where_it_would_be_without(scope: Scope) -> None:
    """It observes, and rises by itself; what is said of it alone holds."""
    made = Board()
    raised(made, scope, WITHIN_ENVELOPE)
    assert [WITHIN_ENVELOPE, WITHIN_ENVELOPE, OBSERVE] == levels(made)
    assert OBSERVE == made.state.autonomy.highest(LATER)
    own = replace(scope, chain=LATER)
    shown = fresh(made, own, SUGGEST, (LATER,))
    made.does(autonomous.raise_level, ADA, own, SUGGEST, "well", shown)
    assert [WITHIN_ENVELOPE, WITHIN_ENVELOPE, SUGGEST] == levels(made)


def test_all_chains_stand_where_the_lowest_does() -> None:
    """Raised again, the lowest is lifted by a step, and no other falls."""
    made = Board()
    raised(made, EVERYWHERE, WITH_APPROVAL)
    shown = fresh(made, EVERYWHERE, WITHIN_ENVELOPE, ALL_THREE)
    jump = partial(autonomous.raise_level, chains=ALL_THREE)
    with pytest.raises(StateError, match="of `later`"):
        made.does(jump, ADA, EVERYWHERE, WITHIN_ENVELOPE, "well", shown, WIDE)
    refused(made, "AUTONOMY_STEP", jump, ADA, EVERYWHERE, WITHIN_ENVELOPE, "well", shown, WIDE)
    made.does(jump, ADA, EVERYWHERE, SUGGEST, "well", shown)
    assert [WITH_APPROVAL, WITH_APPROVAL, SUGGEST] == levels(made)
    raised(made, EVERYWHERE, WITHIN_ENVELOPE, ALL_THREE)
    assert [WITHIN_ENVELOPE] * 3 == levels(made)


def test_a_fall_of_all_chains_is_one_of_each() -> None:
    """Of those that it was raised for, of others, and of what lies in it; it lifts none."""
    made = Board()
    raised(made, EVERYWHERE, WITHIN_ENVELOPE)
    raised(made, NORTH, WITHIN_ENVELOPE)
    made.does(autonomous.lower, MACHINE, EVERYWHERE, SUGGEST, "it does not")
    assert [SUGGEST, SUGGEST, OBSERVE] == levels(made)
    assert made.does(autonomous.lower, MACHINE, EVERYWHERE, SUGGEST, "again") is None
    assert {None} == {each.envelope for each in made.state.autonomy.at(CHAIN).values()}
    made.does(autonomous.lower, BEN, EVERYWHERE, OBSERVE, "we look at it")
    assert [OBSERVE] * 3 == levels(made)
    assert made.does(autonomous.lower, BEN, EVERYWHERE, OBSERVE, "again") is None


def test_who_reads_it_is_told_which_chains() -> None:
    made = Board()
    raised(made, EVERYWHERE, SUGGEST)
    assert [(SUGGEST, tuple(sorted(THERE)))] == [
        (standing.level, chains) for standing, chains in made.state.autonomy.told()]  # fmt: skip
    made.does(autonomous.lower, BEN, EVERYWHERE, OBSERVE, "we look at it")
    assert [(OBSERVE, tuple(sorted(THERE))), (OBSERVE, ())] == [
        (standing.level, chains) for standing, chains in made.state.autonomy.told()]  # fmt: skip
    assert [EVERYWHERE] == list(made.state.autonomy.at(LATER))


@pytest.mark.parametrize("to", [SUGGEST, WITHIN_ENVELOPE])
def test_earlier_events_hold_for_what_their_evidence_tells_of(to: int) -> None:
    """They did not state the chains: back-tests and outcomes that the ledger knows do."""
    made = Unstated()
    raised(made, EVERYWHERE, to)
    assert [to, to, OBSERVE] == levels(made)
    assert [LEVELS[to]] * 2 == [LEVELS[made.state.autonomy.level_of(Scope(chain))]
                                for chain in THERE]  # fmt: skip


def test_where_the_ledger_does_not_know_the_evidence_it_folds_as_before() -> None:
    made = Board()
    event = raising(1, EVERYWHERE, SUGGEST, [{"kind": "backtest", "artifact": "lost"}])
    state = made.state.after(replace(event, sequence=made.state.sequence + 1))
    assert [SUGGEST] * 3 == [state.autonomy.level_at(chain, HERE) for chain in ALL_THREE]


class Unstated(Board):
    """A ledger of events as they were before they stated chains."""

    def does(self, decide: Any, *said: Any) -> Any:
        before = self.state
        new = super().does(decide, *said)
        if new is not None and "chains" in (new.payload or {}):
            payload = {name: each for name, each in new.payload.items() if name != "chains"}
            event = Event(before.sequence + 1, new.kind, new.idempotency_key, new.agent,
                          new.effective_at, before.now(self.clock), "", payload, "", "",
                          )  # fmt: skip
            self.state = before.after(event)
        return new


def raising(sequence: int, scope: Scope, level: int, evidence: list[Any]) -> Event:
    said = {"scope": scope.stated(), "level": level, "reason": "well", "evidence": evidence,
            "envelope": WIDE.stated() if level == WITHIN_ENVELOPE else None}  # fmt: skip
    return Event(sequence, AUTONOMY_RAISED, str(sequence), "ada", NOON, NOON, "", said, "", "")


def lowering(sequence: int, scope: Scope, level: int) -> Event:
    said = {"scope": scope.stated(), "level": level, "reason": "not well", "cause": ""}
    return Event(sequence, AUTONOMY_LOWERED, str(sequence), "ada", NOON, NOON, "", said, "", "")


SCOPES = st.builds(
    Scope, st.sampled_from(["*", "*", *ALL_THREE]),
    st.lists(st.sampled_from(["europe", "north", "south"]), max_size=2).map(tuple),
    st.lists(st.sampled_from(["dairy", "fruit"]), max_size=1).map(tuple),
)  # fmt: skip
STEPS = st.lists(st.tuples(
    st.sampled_from(["raise", "raise", "lower"]), SCOPES, st.integers(0, 3),
    st.sets(st.sampled_from(ALL_THREE), min_size=1).map(sorted),
), max_size=20)  # fmt: skip
UNKNOWN = [Cell((), "dairy"), Cell(("north",), None), Cell((), None)]


@settings(max_examples=100)
@given(STEPS)
def test_each_chain_is_as_if_it_were_alone(steps: list[tuple[str, Scope, int, list[str]]]) -> None:
    """As where only what concerns it was ever said: of all chains, what it was shown for.

    And where it stands higher already, a step up of all is none of its own.
    """
    together, alone = Autonomy(), dict.fromkeys(ALL_THREE, Autonomy())
    for number, (step, scope, to, chains) in enumerate(steps, 1):
        of_all, level = scope.chain == "*", to
        if step == "raise":
            level = min(WITHIN_ENVELOPE, together.level_of(scope, chains) + 1)
        event = (raising(number, scope, level, []) if step == "raise"
                 else lowering(number, scope, level))  # fmt: skip
        for chain in ALL_THREE:
            here = alone[chain]
            lifts = not of_all or (chain in chains and here.level_of(scope) < level)
            if scope.covers(chain) and (step == "lower" or lifts):
                alone[chain] = here.after(event)
        together = together.after(event, chains if of_all else None)
    for chain in ALL_THREE:
        for cell in (*CELLS, *UNKNOWN):
            assert alone[chain].level_at(chain, cell) == together.level_at(chain, cell)
