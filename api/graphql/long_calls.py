"""Calls that take minutes: who waits for one may go away, and the process may end before it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import TypeVar

from anyio import CapacityLimiter

T = TypeVar("T")


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
