"""Laws of budgets: no caller takes more than its own, of any kind, and memory stays bounded."""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ontology.errors import EvenkeelError, InputError
from service import budgets as module
from service.budgets import Budgets, CallerBounds
from service.doors.inbox import NANOSECONDS, TryLaterError

SECOND = NANOSECONDS
BOUNDS = CallerBounds(caller_requests_per_minute=6, caller_at_once=2, caller_cost_per_minute=100,
                      caller_cells_per_minute=60, caller_exports=1)  # fmt: skip


class Clock:
    """Time that passes when it is told to."""

    now = 10**15

    def __call__(self) -> int:
        return self.now


def asks(budgets: Budgets, caller: str) -> int:
    """Seconds to wait for one request; 0 where it was let in."""
    try:
        with budgets.request(caller):
            return 0
    except TryLaterError as refused:
        return refused.retry_after_seconds


def refused(work: Callable[[], object]) -> EvenkeelError:
    with pytest.raises(EvenkeelError) as found:
        work()
    assert found.value.hint
    return found.value


@given(st.lists(st.tuples(st.integers(0, 20), st.sampled_from("ab")), max_size=80))
def test_no_window_holds_more_than_its_minute_twice(steps: list[tuple[int, str]]) -> None:
    """In any minute at most a burst and what came due; another caller's requests change nothing."""
    clock, alone = Clock(), Clock()
    both, single = Budgets(BOUNDS, clock), Budgets(BOUNDS, alone)
    let_in: list[int] = []
    for seconds, caller in steps:
        clock.now = alone.now = clock.now + seconds * SECOND
        waits = asks(both, caller)
        if caller == "a":
            assert waits == asks(single, caller)
            let_in += [clock.now] * (waits == 0)
    most = BOUNDS.caller_requests_per_minute
    for begin in let_in:
        assert sum(begin <= each < begin + 60 * SECOND for each in let_in) <= 2 * most


def test_who_waits_as_long_as_it_is_told_is_let_in() -> None:
    """And not a second before."""
    clock = Clock()
    budgets = Budgets(BOUNDS, clock)
    assert [0] * 6 == [asks(budgets, "a") for _ in range(6)]
    seconds = asks(budgets, "a")
    assert 10 == seconds
    clock.now += (seconds - 1) * SECOND
    assert 1 == asks(budgets, "a")
    clock.now += SECOND
    assert 0 == asks(budgets, "a")


def test_what_is_under_way_has_a_most_and_streams_hold_no_place() -> None:
    """A place is given back however its block ends, and once, by who has another one."""
    budgets = Budgets(BOUNDS.model_copy(update={"caller_requests_per_minute": 10**6}), Clock())
    with ExitStack() as open_ones:
        for _ in range(9):
            stays = open_ones.enter_context(budgets.request("a"))
            stays()
            stays()
        for _ in range(2):
            open_ones.enter_context(budgets.request("a"))
        assert 1 == asks(budgets, "a")
        assert 0 == asks(budgets, "b")
    with pytest.raises(RuntimeError), budgets.request("a"):
        raise RuntimeError
    assert [0, 0, 0] == [asks(budgets, "a") for _ in range(3)]


def test_a_caller_has_a_share_of_each_kind_of_place() -> None:
    """Who holds its share gets no more of that kind; others, and other kinds, are as before."""
    budgets = Budgets(BOUNDS, Clock())
    with ExitStack() as held:
        for _ in range(3):
            held.enter_context(budgets.place("a", "seats", 7, "FULL"))
        assert "FULL" == refused(lambda: budgets.place("a", "seats", 7, "FULL").__enter__()).code
        held.enter_context(budgets.place("b", "seats", 7, "FULL"))
        held.enter_context(budgets.place("a", "others", 1, "FULL"))
    with budgets.place("a", "seats", 2, "FULL"):
        pass


def test_a_cost_is_paid_in_time_or_never_fits() -> None:
    """What is more than a minute's worth says so, and does not say when to come again."""
    clock = Clock()
    budgets = Budgets(BOUNDS, clock)
    never = refused(lambda: budgets.spend("a", 101))
    assert ("QUERY_COST", True) == (never.code, isinstance(never, InputError))
    budgets.spend("a", 100)
    later = refused(lambda: budgets.spend("a", 50))
    assert isinstance(later, TryLaterError)
    assert ("COST_LIMITED", 30) == (later.code, later.retry_after_seconds)
    budgets.spend("b", 100)
    clock.now += 30 * SECOND
    budgets.spend("a", 50)


def test_exports_are_paid_afterwards() -> None:
    """One of any size may go out; the next waits until it is paid for. One at a time."""
    clock = Clock()
    budgets = Budgets(BOUNDS, clock)
    with budgets.export("a") as count:
        count(120)
        assert "EXPORTS_FULL" == refused(lambda: budgets.export("a").__enter__()).code
        with budgets.export("b"):
            pass
    later = refused(lambda: budgets.export("a").__enter__())
    assert isinstance(later, TryLaterError)
    assert ("COST_LIMITED", 60) == (later.code, later.retry_after_seconds)
    clock.now += 60 * SECOND
    with budgets.export("a"):
        pass


def test_memory_is_bounded_whatever_the_number_of_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Idle callers are forgotten; those beyond the most share one budget, and nobody loses one."""
    monkeypatch.setattr(module, "MOST_CALLERS", 10)
    clock = Clock()
    budgets = Budgets(BOUNDS, clock)
    for number in range(10_000):
        clock.now += SECOND
        asks(budgets, f"caller {number}")
        assert len(budgets) <= 11
    clock.now += 3_600 * SECOND
    for number in range(10):
        for _ in range(6):
            assert 0 == asks(budgets, f"early {number}")
    found = Counter(asks(budgets, f"late {number}") == 0 for number in range(100))
    assert Counter({True: 6, False: 94}) == found
    assert 0 < asks(budgets, "early 3")
