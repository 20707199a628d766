"""Releases on the real log: raced, killed between, planned under, and rebuilt."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from neo4j import Driver

from governance import stopping
from governance.ledger import Governed
from governance.releasing import Actor
from governance.scopes import Scope
from graph.governance_events import governance_events
from graph.log import Log
from graph.settings import Settings
from ontology.errors import EvenkeelError, StateError
from ontology.events import (
    KEY_ACTIVATED,
    RELEASE_APPROVED,
    RELEASE_BACKTESTED,
    RELEASE_PROPOSED,
    STOP_PUT,
    NewEvent,
)
from rules.release import Release, default_release
from service.decision import PlanRequest
from service.examples import load_example
from service.governing import ledger as ledgers
from service.governing import releasing
from service.governing.autonomy import stop
from service.governing.known_names import unknown_names
from service.governing.ledger import Decided, Ledger
from service.house import House, house_on
from service.planning import make_plan
from service.serving import in_force_at

CHAIN = "two_hubs"
SHIPPED = default_release()
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
ADA, BEN = Actor("ada"), Actor("ben")


@pytest.fixture
def house(empty_database: Driver, tmp_path: Path) -> House:
    """An empty service."""
    return house_on(empty_database, Settings(home=tmp_path / "home"))


def folded(house: House, sequence: int) -> Governed:
    """The state after an event, folded anew from the log."""
    return Governed().after_all(governance_events(house.driver, 0, sequence))


def another(version: str) -> Release:
    """The shipped rules under another version."""
    return replace(SHIPPED, version=version)


def approved(house: House, version: str) -> str:
    """A release that Ada proposed, that was back-tested, and that Ben approved."""
    from governance.releasing import backtested

    release = another(version)
    releasing.propose(house, release, "for a test", "ada")
    house.ledger.append(
        lambda state, now: backtested(
            state, now, Actor("evenkeel", is_person=False), release.digest, "result", []
        )
    )
    releasing.approve(house, release.digest, "read it", "ben")
    return release.digest


def test_what_people_put_in_force_governs_every_process(house: House) -> None:
    digest = approved(house, "2")
    assert house.release_for(CHAIN) == SHIPPED
    releasing.activate(house, digest, "ada")
    assert house.release_for(CHAIN).digest == digest
    beside = house_on(house.driver, house.settings)  # a start of the shipped code changes nothing
    assert beside.release_for(CHAIN).digest == digest
    assert beside.ledger.state() == folded(house, house.projection.log.head().sequence)


def test_of_two_that_activate_at_once_one_is_told(house: House) -> None:
    digests = [approved(house, version) for version in ("2", "3", "4")]
    houses = [house_on(house.driver, house.settings) for _ in digests]
    seen = house.shipped.digest

    def activate(pair: tuple[House, str]) -> str:
        try:
            releasing.activate(pair[0], pair[1], "ada", replaces=seen)
        except EvenkeelError as error:
            return error.code
        return "done"

    with ThreadPoolExecutor(3) as pool:
        told = sorted(pool.map(activate, zip(houses, digests, strict=True)))
    assert told == ["RELEASE_CONFLICT", "RELEASE_CONFLICT", "done"]


def test_of_two_stops_at_once_both_stand(house: House) -> None:
    beside = house_on(house.driver, house.settings)
    raced: list[str] = []

    def put(state: Governed, now: datetime) -> NewEvent | None:
        if not raced:  # another stop comes between reading and appending
            raced.append("yes")
            north = Scope("north_chain")
            beside.ledger.append(lambda state, now: stopping.put(state, now, BEN, north, "flood"))
        return stopping.put(state, now, ADA, Scope(CHAIN), "fire")

    assert house.ledger.append(put).event is not None
    standing = house.ledger.state().stops.standing
    assert {(each.scope.chain, each.by) for each in standing} == {
        (CHAIN, "ada"), ("north_chain", "ben"),
    }  # fmt: skip


def test_a_key_that_another_request_used_is_told(house: House) -> None:
    key = next(house.projection.log.events()).idempotency_key
    with pytest.raises(StateError) as refused:
        house.ledger.append(
            lambda state, now: NewEvent(STOP_PUT, key, "ada", now, "", {"mode": "stop"})
        )
    assert refused.value.code == "IDEMPOTENCY_CONFLICT"


def test_the_time_of_deciding_is_never_before_the_log(house: House) -> None:
    """Also where what was recorded later was no decision."""

    def recorded(ahead: timedelta) -> datetime:
        log = Log(house.driver, clock=lambda: datetime.now(UTC) + ahead)
        return log.append(NewEvent(KEY_ACTIVATED, str(ahead), "ada", AT, "", {})).event.recorded_at

    def put(region: str) -> Decided:
        scope = Scope(CHAIN, (region,))
        return house.ledger.append(lambda state, now: stopping.put(state, now, ADA, scope, "fire"))

    def lift() -> Decided:
        number = house.ledger.state().stops.standing[0].number
        return house.ledger.append(
            lambda state, now: stopping.lift(state, now, BEN, number, "it is out")
        )

    later = recorded(timedelta(hours=2))
    assert house.ledger.now(house.ledger.state()) >= later
    stopped = put("north").event
    assert stopped is not None
    assert stopped.effective_at >= later
    assert lift().event is not None
    far = recorded(timedelta(days=2))
    stopped = put("north").event  # whatever the clock says
    assert stopped is not None
    assert stopped.effective_at >= far
    with pytest.raises(StateError) as refused:
        lift()
    assert refused.value.code == "CLOCK_BEHIND"


def test_a_plan_is_saved_under_the_release_that_governs(house: House) -> None:
    load_example(house, CHAIN)
    digest = approved(house, "2")
    guard = house.still_governs(house.shipped, CHAIN)
    releasing.activate(house, digest, "ada")
    made = make_plan(house, PlanRequest(CHAIN))
    assert made.document["decision"]["release"] == digest
    with pytest.raises(StateError) as refused:
        house.projection.append(
            NewEvent(KEY_ACTIVATED, "test", "ada", made.saved.event.recorded_at, "", {}),
            guard=guard,
        )
    assert refused.value.code == "RELEASE_SUPERSEDED"


def test_what_became_of_a_release_is_told_among_other_decisions(house: House) -> None:
    digest = approved(house, "2")
    stop(house, Scope("two_hubs"), "a drill", "ada")
    assert [event.kind for event in releasing.history(house, digest)] == [
        RELEASE_PROPOSED, RELEASE_BACKTESTED, RELEASE_APPROVED]  # fmt: skip


def test_a_stop_on_a_misspelt_place_is_told(house: House) -> None:
    load_example(house, CHAIN)
    assert unknown_names(house, Scope(CHAIN, ("north",))) == []
    assert unknown_names(house, Scope("two_hbs")) == ["no facts know the chain `two_hbs`"]
    assert unknown_names(house, Scope(CHAIN, ("nroth",)), ["vacine", "vaccine"]) == [
        "no facts know the region `nroth`", "no facts know the item `vacine`"]  # fmt: skip


def test_a_rehearsal_leaves_nothing(house: House) -> None:
    before = house.ledger.state()
    told = releasing.propose(house.rehearsing(), another("2"), "only to see", "ada")
    assert told.event is not None
    assert house.ledger.state() == before
    releasing.propose(house, another("2"), "now", "ada")
    assert house.ledger.state() != before


def test_the_past_is_the_fold_up_to_then_wherever_folds_are_kept(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 4: with folds kept often and few of them, each past is that of the log, and the same."""
    monkeypatch.setattr(ledgers, "MOST_FOLDS", 4)
    mine = Ledger(house.projection, _followed=ledgers._Followed(every=2))
    for number in range(30):
        if number % 3:
            scope = Scope(f"chain {number}")
            mine.append(partial(stopping.put, who=ADA, scope=scope, reason="fire"))
        else:
            house.projection.append(NewEvent(KEY_ACTIVATED, f"n{number}", "ada", AT, "", {}))
        if number % 5 == 0:
            mine.state()
    last = house.projection.log.head().sequence
    assert len(mine._followed.folds) <= 4
    assert mine._followed.every > 2
    for sequence in (*range(last + 3), last // 2):
        assert mine.at(sequence) == folded(house, min(sequence, last)), sequence


def test_state_and_time_are_told_together_as_they_are_apart(house: House) -> None:
    """One question gives what two gave: the time is that of the log's last event, of any kind."""
    ahead = datetime.now(UTC) + timedelta(hours=3)
    later = house._on(Log(house.driver, lambda: ahead, house.projection.log.segments))
    for clock in (AT, datetime.now(UTC), ahead + timedelta(days=1)):
        state = house.ledger.state()
        assert house.ledger.present(clock) == (state, house.ledger.now(state, clock))
        later.projection.append(NewEvent(KEY_ACTIVATED, str(clock), "ada", AT, "", {}))
        assert house.ledger.present(clock)[1] >= ahead
    assert in_force_at(house, CHAIN)["at"] >= ahead  # what is told to govern is what decides
