"""Calls that take long: how many wait; who waits may go away, and the process may end before."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import TypeVar

from anyio import CapacityLimiter

from service.access import Caller
from service.doors.inbox import TryLaterError

LATER_SECONDS = 30

T = TypeVar("T")


class Lane:
    """Calls of one kind: some at once, and `most` of all callers together that wait or are made.

    One caller has half of these at the most, so that nobody keeps all others out; the owner of
    the machine may have all.
    """

    def __init__(self, what: str, at_once: int, most: int) -> None:
        self.what = what
        self.most = most
        self.places = CapacityLimiter(at_once)
        self._asked: Counter[str] = Counter()

    async def answer(self, call: Callable[[], T], caller: Caller) -> T:
        """The answer of a call, as `in_its_place` says. Raises TryLaterError `LANE_FULL`."""
        share = self.most if caller.is_owner else max(1, self.most // 2)
        if self._asked.total() >= self.most or self._asked[caller.person] >= share:
            raise TryLaterError(f"{self._asked.total()} calls wait to be {self.what}",
                                code="LANE_FULL", retry_after_seconds=LATER_SECONDS)  # fmt: skip
        self._asked[caller.person] += 1
        try:
            return await in_its_place(call, self.places)
        finally:
            self._asked[caller.person] -= 1
            self._asked += Counter()  # those without any are forgotten


async def in_its_place(call: Callable[[], T], places: CapacityLimiter) -> T:
    """The answer of a call that is made in a thread of its own, once there is a place for it.

    Who is cancelled meanwhile does not wait for it: it goes on and keeps its place until it is
    done, so that nobody gets two by hanging up. It does not keep the process from ending; what it
    would have written then is written whole or not at all, as after a kill.
    """
    place = object()
    await places.acquire_on_behalf_of(place)
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def told(found: T | None, error: BaseException | None) -> None:
        places.release_on_behalf_of(place)
        if answer.done():  # nobody waits any more
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(found)  # type: ignore[arg-type]  # of a call without an error

    def run() -> None:
        found, wrong = None, None
        try:
            found = call()
        except BaseException as error:  # noqa: BLE001 - handed to who waits
            wrong = error
        with suppress(RuntimeError):  # the loop is closed: the process ends
            loop.call_soon_threadsafe(told, found, wrong)

    Thread(target=run, name="a long call", daemon=True).start()
    return await answer
