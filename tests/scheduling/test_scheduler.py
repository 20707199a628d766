"""The one scheduler: one leads, a task acts once, one that fails holds up no other."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event as Signal
from threading import Thread

import pytest
from neo4j import ManagedTransaction

from graph.lease import Lease, LeaseLostError, give_up, holder, take_lease
from ontology.errors import OutsideError
from ontology.events import KEY_ACTIVATED, TASK_FAILED, Event, NewEvent
from service.house import House
from service.scheduling.scheduler import LEASE, Scheduler, Task, known_runs, scheduling
from tests.scheduling.conftest import Clock

MINUTE = timedelta(minutes=1)


def noted(name: str, house: House, now: datetime) -> None:
    """Append an event under a name."""
    house.projection.append(NewEvent(KEY_ACTIVATED, name, "evenkeel", now, "", {}))


def task(name: str, *, fails: list[bool] | None = None) -> Task:
    """A task that logs its name with the time, or fails while its first sign says so."""

    def work(house: House, now: datetime) -> str:
        if fails and fails[0]:
            raise OutsideError("the other side is gone", code="GONE")
        noted(f"{name}/{now.isoformat()}", house, now)
        return "done"

    return Task(name, MINUTE, work, "a test")


def scheduler(house: House, clock: Clock, *tasks: Task) -> Scheduler:
    return Scheduler(house, tasks or (task("one"),), clock_millis=clock.millis)


def names(house: House, since: int) -> list[str]:
    """The keys of what tasks logged."""
    return [event.idempotency_key.split("/")[0] for event in house.projection.log.events(since)
            if event.kind in {KEY_ACTIVATED, TASK_FAILED}]  # fmt: skip


def test_of_two_one_leads_and_the_other_takes_over(house: House, clock: Clock) -> None:
    first, second = scheduler(house, clock), scheduler(house, clock)
    assert ["one"] == [run.name for run in first.tick(clock.now)]
    assert ((), False) == (second.tick(clock.on(seconds=20)), second.leads)
    clock.past_the_lease()
    assert ["one"] == [run.name for run in second.tick(clock.on(minutes=1))]
    assert ((), False) == (first.tick(clock.on(seconds=1)), first.leads)
    second.end()
    assert ["one"] == [run.name for run in first.tick(clock.on(minutes=1))]


def test_of_many_that_take_it_at_once_one_holds_it(house: House) -> None:
    with ThreadPoolExecutor(8) as pool:
        held = list(pool.map(lambda n: take_lease(house.driver, "race", f"p{n}", 60_000), range(8)))
    (winner,) = [lease for lease in held if lease is not None]
    found = holder(house.driver, "race")
    assert found is not None
    assert (winner.owner, 1) == (found.owner, winner.number)
    rows = house.driver.execute_query("MATCH (l:Lease {name: 'race'}) RETURN count(l)").records
    assert 1 == rows[0][0]


def test_who_lost_the_lease_acts_no_more(house: House, clock: Clock, since: int) -> None:
    """However long it slept between: the number that it acts under is an old one."""
    old = take_lease(house.driver, LEASE, "sleeper", 1_000, clock.millis())
    assert old is not None
    sleeper = house.fenced(old)
    noted("before", sleeper, clock.now)
    clock.on(minutes=1)
    new = take_lease(house.driver, LEASE, "other", 1_000, clock.millis())
    assert new is not None
    assert new.number > old.number
    for each in (sleeper, sleeper.answering(None)):
        with pytest.raises(LeaseLostError):
            noted("after", each, clock.now)
    give_up(house.driver, old)
    assert ["before"] == names(house, since)
    noted("other", house.fenced(new), clock.now)
    # and who takes it back is somebody else than who had it before
    again = take_lease(
        house.driver, LEASE, "sleeper", 1_000, clock.on(minutes=1) and clock.millis()
    )
    assert again is not None
    with pytest.raises(LeaseLostError):
        noted("after", sleeper, clock.now)


def test_a_clock_set_back_locks_nobody_out(house: House) -> None:
    """Who holds the lease was killed, and by a clock that was set back it would last for hours."""
    noon = 1_772_000_000_000
    old = take_lease(house.driver, "back", "killed", 30_000, noon)
    assert old is not None
    assert take_lease(house.driver, "back", "other", 30_000, noon - 1) is not None
    assert take_lease(house.driver, "back", "third", 30_000, noon) is None
    assert take_lease(house.driver, "back", "third", 5_000, noon + 20_000) is None
    renewed = take_lease(house.driver, "back", "other", 30_000, noon - 7_200_000)
    assert renewed is not None
    assert take_lease(house.driver, "back", "third", 30_000, noon - 7_190_000) is None
    taken = take_lease(house.driver, "back", "third", 30_000, noon - 9_000_000)
    assert taken is not None
    assert taken.number == old.number + 2
    with pytest.raises(LeaseLostError):
        noted("after", house.fenced(renewed), datetime.now(UTC))


def test_nobody_leads_while_another_acts(house: House, clock: Clock) -> None:
    """Whoever takes the lease sees what was done under it before."""
    old = take_lease(house.driver, LEASE, "first", 1_000, clock.millis())
    assert old is not None
    clock.on(minutes=1)
    seen: list[int] = []

    def take_over() -> None:
        assert take_lease(house.driver, LEASE, "second", 1_000, clock.millis()) is not None
        seen.append(house.projection.log.head().sequence)

    taker = Thread(target=take_over)

    def while_acting(_: ManagedTransaction, __: Event) -> None:
        taker.start()
        taker.join(0.3)  # it has all the time to be too early

    new = NewEvent(KEY_ACTIVATED, "slow", "evenkeel", clock.now, "", {})
    done = house.fenced(old).projection.append(new, guard=while_acting)
    taker.join()
    assert [done.event.sequence] == seen


def test_a_task_that_fails_is_told_once_and_holds_up_no_other(
    house: House, clock: Clock, since: int, caplog: pytest.LogCaptureFixture
) -> None:
    fails = [True]
    both = scheduler(house, clock, task("bad", fails=fails), task("good"))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert ["GONE", ""] == [run.code for run in both.tick(clock.on(minutes=1))]
    assert 1 == len(caplog.records)
    assert (["bad"], 3) == (both.health()["failing"], known_runs(house)["bad"].failures)
    assert [TASK_FAILED, "good", "good", "good"] == sorted(names(house, since), reverse=True)
    fails[0] = False
    both.tick(clock.on(minutes=1))
    assert ([], 0) == (both.health()["failing"], known_runs(house)["bad"].failures)
    fails[0] = True
    both.tick(clock.on(minutes=1))
    assert 2 == names(house, since).count(TASK_FAILED)


def test_what_is_no_error_of_ours_is_one_task_s_failure(
    house: House, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(_: House, __: datetime) -> str:
        raise ZeroDivisionError("by nothing")

    runs = scheduler(house, clock, Task("broken", MINUTE, breaks, ""), task("good")).tick(clock.now)
    assert ["INTERNAL", ""] == [run.code for run in runs]
    assert "ZeroDivisionError" in caplog.text


def test_a_task_is_done_when_it_is_due(house: House, clock: Clock) -> None:
    one = scheduler(house, clock)
    assert 1 == len(one.tick(clock.now))
    assert 0 == len(one.tick(clock.on(seconds=59)))
    assert 1 == len(one.tick(clock.on(seconds=1)))
    assert 1 == len(one.tick(clock.on(days=-3)))  # the clock was set back: it waits for no future
    assert 0 == len(one.tick(clock.on(seconds=30)))


def test_killed_after_its_work_a_task_acts_once(house: House, clock: Clock, since: int) -> None:
    """What was not noted is done again, at the same time of the same state."""
    fails = [True]
    killed = scheduler(house, clock, task("one"), task("worse", fails=fails))
    killed.tick(clock.now)
    house.driver.execute_query("MATCH (t:ScheduledTask) DELETE t")  # killed before it noted either
    killed.tick(clock.now)
    assert [TASK_FAILED, "one"] == sorted(names(house, since), reverse=True)


def test_it_runs_beside_and_ends_when_told(house: House) -> None:
    began, ending = Signal(), Signal()

    def work(_: House, __: datetime) -> str:
        began.set()
        return "done"

    one = Scheduler(
        house, (Task("one", MINUTE, work, ""), Task("two", MINUTE, work, "", long=True))
    )
    with scheduling(one, ending):
        assert began.wait(60)
        found = holder(house.driver, LEASE)
        assert found is not None
        assert one.owner == found.owner
    assert (True, None) == (ending.is_set(), holder(house.driver, LEASE))


def test_a_lease_of_another_store_is_nobody_s(house: House) -> None:
    """A rebuild begins leases anew: the number may be the same, the owner is not."""
    strange = Lease(LEASE, "gone", 1, 2**60)
    assert take_lease(house.driver, LEASE, "here", 60_000) is not None
    with pytest.raises(LeaseLostError):
        noted("after", house.fenced(strange), datetime.fromisoformat("2026-03-02T00:00:00Z"))
