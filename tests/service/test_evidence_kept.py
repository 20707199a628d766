"""Levels raised on the real log: on back-tests that were made, on what the ledger counts, on names
that facts bear; and what is so at a time without an event.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from neo4j import Driver

from governance.autonomy import BACKTEST, OUTCOME, SUGGEST, Evidence
from governance.canaries import Canary, Guard
from governance.release_cases import ACTIVE, RETIRED
from governance.scopes import EVERYWHERE, Scope
from graph.settings import Settings
from ontology.canonical import digest_of
from ontology.errors import EvenkeelError
from service.backtest.ledgered import record
from service.backtest.run import Backtested, Window, backtest
from service.decision import PlanRequest
from service.examples import load_example
from service.governing import autonomy, releasing
from service.governing.known_names import unknown_names
from service.house import House, house_on
from service.planning import make_plan
from tests.service.releases.made import CHAIN, HARDWARE, SHIPPED, another, approved

SOUTH = Scope(CHAIN, ("south",))


@pytest.fixture
def house(empty_database: Driver, tmp_path: Path) -> House:
    """Two hubs with a plan."""
    found = house_on(empty_database, Settings(home=tmp_path / "home"))
    load_example(found, CHAIN)
    make_plan(found, PlanRequest(CHAIN, agent="ada"))
    return found


def code(work: Callable[[], object]) -> str:
    with pytest.raises(EvenkeelError) as refused:
        work()
    assert refused.value.hint
    return refused.value.code


def raising(house: House, *shown: Evidence, scope: Scope = SOUTH) -> Callable[[], object]:
    return lambda: autonomy.raise_level(house, scope, SUGGEST, "it goes well", "ada", shown)


def back_tested(house: House) -> Backtested:
    """The shipped release, which governs, back-tested on all that was decided."""
    found = backtest(house, SHIPPED, Window((CHAIN,)), workers=1)
    assert record(house, found, "ada")
    return found


def test_a_back_test_that_was_made_raises_a_level_once(house: House) -> None:
    """Of what governs, by the counts that the service itself keeps; made up, it is refused."""
    made_up = house.store.put(b"a month that went well")
    for kind in (BACKTEST, OUTCOME):
        assert "EVIDENCE_UNKNOWN" == code(raising(house, Evidence(kind, made_up)))
    assert "EVIDENCE_UNKNOWN" == code(raising(house, Evidence(BACKTEST, "0" * 64)))
    releasing.propose(house, SHIPPED, "to be shown", "ada")
    found = back_tested(house)
    shown = house.ledger.state().releases.case(SHIPPED.digest).shown
    assert (1, (CHAIN,), found.result["decisions"][0]["event"]) == (
        shown.decisions, shown.chains, shown.newest)  # fmt: skip
    raising(house, Evidence(BACKTEST, found.digest))()
    again = raising(house, Evidence(BACKTEST, found.digest), scope=Scope(CHAIN))
    assert "EVIDENCE_SPENT" == code(again)


def test_an_outcome_is_counted_and_kept_by_the_service(house: House) -> None:
    """It needs no digest; of what nobody carried out it says so, and is kept all the same."""
    assert "EVIDENCE_WEAK" == code(raising(house, Evidence(OUTCOME, "")))
    said = {"format": "evenkeel-outcome/1", "scope": SOUTH.stated(), "after": 0,
            "carried_out": 0, "broken": 0, "ended": []}  # fmt: skip
    assert house.store.has(digest_of(said))


def test_names_that_nothing_bears_are_refused_or_told(house: House) -> None:
    """A canary and a level would hold for nothing; a proposal may come before its facts."""
    nowhere, unknown = Scope(CHAIN, ("suoth",)), ["no facts know the region `suoth`"]
    assert "NAME_UNKNOWN" == code(raising(house, Evidence(OUTCOME, ""), scope=nowhere))
    digest = approved(house, another("2"))
    now = datetime.now(UTC)
    for scope in (nowhere, Scope("two_hbs"), Scope(families=("medcal",))):
        terms = Canary(scope, now, now + timedelta(days=1), (Guard("cost", 5),), 50)
        start = partial(releasing.start_canary, house, digest, terms, "try", "ada")
        assert "NAME_UNKNOWN" == code(start)
    assert unknown == unknown_names(house, nowhere)
    assert [] == unknown_names(house, HARDWARE)
    assert ["no facts know the supplier `acm`"] == unknown_names(house, EVERYWHERE,
                                                                  suppliers=["acm"])  # fmt: skip


def test_what_is_replaced_by_the_clock_is_retired_with_nobody_at_hand(house: House) -> None:
    """Until then the present one is active; afterwards it is not, in any process."""
    first, later = (approved(house, another(version)) for version in ("2", "3"))
    releasing.activate(house, first, "ada")
    releasing.activate(house, later, "ada", since=datetime.now(UTC) + timedelta(hours=2))
    cases = house.ledger.state().releases.cases
    assert (ACTIVE, ACTIVE) == (cases[first].status, cases[later].status)
    ahead = replace(house.ledger, clock=lambda: datetime.now(UTC) + timedelta(hours=3))
    cases = ahead.state().releases.cases
    assert (RETIRED, ACTIVE) == (cases[first].status, cases[later].status)
    releasing.roll_back(house, first, "worse", "ben")
    assert house.shipped.digest == house.release_for(CHAIN).digest
    assert later == ahead.state().releases.in_force(CHAIN, ahead.clock())
