"""Queues per source: bounded, paced, in order, and none waits for another."""

from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from threading import Event

import pytest

from ontology.errors import StateError
from service.doors.door_bounds import DoorBounds, bounds_from_environment
from service.doors.inbox import NANOSECONDS, Inbox, TryLaterError

BOUNDS = DoorBounds(queue_deliveries=3, queue_bytes=100, inbox_workers=2, burst_deliveries=1_000,
                    rate_per_minute=60_000)  # fmt: skip


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    """An inbox of small bounds."""
    found = Inbox(tmp_path / "home", BOUNDS)
    yield found
    found.close()


def nothing() -> None:
    """What is done after a delivery that leaves nothing behind."""


def given(inbox: Inbox, source: str, work: object) -> "Future[object]":
    """Work of a source, handed over."""
    with inbox.admit(source) as ticket:
        return ticket.submit(work, nothing)


def test_a_slow_source_delays_no_other(inbox: Inbox) -> None:
    """While one source's first delivery hangs, and its queue is full, another's are all taken."""
    told, release = [], Event()
    slow = [given(inbox, "slow", lambda: (release.wait(60), told.append("slow")))
            for _ in range(3)]  # fmt: skip
    with pytest.raises(TryLaterError) as refused:
        inbox.admit("slow")
    assert "QUEUE_FULL" == refused.value.code
    for number in range(10):
        given(inbox, "quick", lambda number=number: told.append(number)).result(60)
    assert list(range(10)) == told
    release.set()
    assert [True] * 3 == [one.result(60)[0] for one in slow]


def test_a_source_is_taken_in_its_own_order(inbox: Inbox) -> None:
    """Deliveries of one source never overtake each other."""
    told: list[int] = []
    waiting = [given(inbox, "wms", lambda number=number: told.append(number))
               for number in range(3)]  # fmt: skip
    for one in waiting:
        one.result(60)
    assert [0, 1, 2] == told


def test_bytes_are_bounded_per_source(inbox: Inbox) -> None:
    """What waits of one source never exceeds its bytes; a refused one gives its place back."""
    with inbox.admit("wms") as first:
        first.grow(60)
        with pytest.raises(TryLaterError) as refused, inbox.admit("wms") as second:
            second.grow(41)
        assert "QUEUE_FULL" == refused.value.code
        with inbox.admit("erp") as other:
            other.grow(100)
    with inbox.admit("wms") as again:
        again.grow(100)


def test_a_failure_gives_the_place_back(inbox: Inbox) -> None:
    """However often deliveries fail, the next is taken, and what they left is cleared."""
    cleared: list[int] = []

    def fails() -> None:
        raise ValueError("bad file")

    for number in range(10):
        with inbox.admit("wms") as ticket:
            done = ticket.submit(fails, lambda number=number: cleared.append(number))
        with pytest.raises(ValueError, match="bad file"):
            done.result(60)
        given(inbox, "wms", nothing).result(60)  # behind it, so it is cleared by then
    assert list(range(10)) == cleared


def test_the_pace_is_that_of_a_bucket_of_tokens(tmp_path: Path) -> None:
    """Any pattern of arrivals is admitted exactly where a counted bucket has a token left."""
    bounds = DoorBounds(rate_per_minute=30, burst_deliveries=4)
    now = [0]
    inbox = Inbox(tmp_path, bounds, lambda: now[0])
    tokens, step = 4 * NANOSECONDS * 2, 2 * NANOSECONDS  # a token is two seconds of credit
    for wait in [0, 0, 0, 0, 0, 1, 1, 1, 5, 0, 0, 0, 30, 0, 0, 0, 0, 0, 2, 0, 1, 1]:
        now[0] += wait * NANOSECONDS
        tokens = min(4 * step, tokens + wait * NANOSECONDS)
        if tokens >= step:
            inbox.end(inbox.admit("wms"))
            tokens -= step
            continue
        with pytest.raises(TryLaterError) as refused:
            inbox.admit("wms")
        missing_seconds = -(-(step - tokens) // NANOSECONDS)
        assert ("RATE_LIMITED", missing_seconds) == (
            refused.value.code, refused.value.retry_after_seconds)  # fmt: skip
    inbox.close()


def test_a_closed_inbox_makes_no_folder(tmp_path: Path) -> None:
    """What comes as the service ends leaves nothing behind: nobody would delete it."""
    inbox = Inbox(tmp_path / "home", BOUNDS)
    assert inbox.folder.is_dir()
    inbox.close()
    late = Inbox(tmp_path / "home", BOUNDS)
    late.close()
    for each in (inbox, late):
        with pytest.raises(StateError) as refused:
            _ = each.folder
        assert "SERVICE_ENDING" == refused.value.code
    assert [] == [each for each in (tmp_path / "home" / "spool").iterdir() if each.is_dir()]


def test_bounds_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each bound has a variable; a wrong one is named."""
    monkeypatch.setenv("EVENKEEL_RATE_PER_MINUTE", "7")
    assert 7 == bounds_from_environment().rate_per_minute
    monkeypatch.setenv("EVENKEEL_RATE_PER_MINUTE", "none")
    with pytest.raises(Exception, match="EVENKEEL_RATE_PER_MINUTE"):
        bounds_from_environment()
