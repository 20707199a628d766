"""A long call holds up neither who goes away nor the end of the process, and keeps its place."""

import subprocess
import sys
from functools import partial
from threading import Event

import anyio
import pytest
from anyio import CancelScope, CapacityLimiter, create_task_group, sleep

from api.graphql.long_calls import Lane, in_its_place
from ontology.errors import InputError
from service.access import Caller
from service.doors.inbox import TryLaterError

LONGEST = 60
ENDS = """
import anyio
from threading import Event
from anyio import CapacityLimiter, move_on_after
from api.graphql.long_calls import in_its_place

async def main():
    with move_on_after(0.2):
        await in_its_place(Event().wait, CapacityLimiter(1))

anyio.run(main)
print("ended")
"""


def test_answers_and_errors_are_those_of_the_call() -> None:
    """What it gives is given, what it raises is raised, and the place is free again."""

    async def asked() -> None:
        places = CapacityLimiter(1)
        assert 7 == await in_its_place(partial(int, "7"), places)
        with pytest.raises(InputError):
            await in_its_place(_refuses, places)
        assert 0 == places.borrowed_tokens

    anyio.run(asked)


def test_who_is_cancelled_is_let_go_and_the_place_is_kept() -> None:
    """The next waits until the call that nobody waits for is done."""

    async def asked() -> None:
        places, done, came = CapacityLimiter(1), Event(), list[int]()
        scope = CancelScope()
        async with create_task_group() as group:
            group.start_soon(_within, scope, partial(done.wait, LONGEST), places)
            await sleep(0.05)
            assert 1 == places.borrowed_tokens
            scope.cancel()
            await sleep(0.05)
            assert not done.is_set()
            assert 1 == places.borrowed_tokens
            group.start_soon(_told, came, places)
            await sleep(0.05)
            assert [] == came
            done.set()
        assert [1] == came

    anyio.run(asked)


def test_the_process_ends_before_the_call_does() -> None:
    """A call that never ends keeps nobody from ending."""
    ended = subprocess.run(
        [sys.executable, "-c", ENDS], capture_output=True, text=True, timeout=LONGEST, check=True
    )
    assert ("ended\n", "") == (ended.stdout, ended.stderr)


def test_a_lane_is_full_for_one_caller_before_it_is_for_all() -> None:
    """What is refused was not begun, and whoever is answered or goes away leaves room."""

    async def asked() -> None:
        lane, done = Lane("planned", at_once=1, most=4), Event()
        ann, ben = Caller("ann"), Caller("ben")
        async with create_task_group() as group:
            for _ in range(2):
                group.start_soon(lane.answer, partial(done.wait, LONGEST), ann)
            await sleep(0.05)
            with pytest.raises(TryLaterError):
                await lane.answer(_refuses, ann)
            for _ in range(2):
                group.start_soon(lane.answer, partial(done.wait, LONGEST), ben)
            await sleep(0.05)
            with pytest.raises(TryLaterError):
                await lane.answer(_refuses, Caller("cho"))
            done.set()
        with pytest.raises(InputError):
            await lane.answer(_refuses, ann)
        assert 7 == await lane.answer(partial(int, "7"), ann)

    anyio.run(asked)


def _refuses() -> None:
    raise InputError("no", code="NO", hint="")


async def _within(scope: CancelScope, call: partial[bool], places: CapacityLimiter) -> None:
    with scope:
        await in_its_place(call, places)


async def _told(came: list[int], places: CapacityLimiter) -> None:
    came.append(await in_its_place(partial(int, "1"), places))
