"""The door by which a process says what it serves, and whether all serve the same: GET /ready."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from threading import Event
from typing import Any

from anyio import sleep, to_thread
from starlette.requests import Request
from starlette.responses import Response

from api.answers import as_json
from api.callers import caller_of
from api.doors.statuses import refusal
from governance.scopes import EVERYWHERE, Scope
from ontology.errors import EvenkeelError
from service.access import Access, Caller, Sight
from service.house import House
from service.serving import (
    BEAT_SECONDS,
    Heartbeat,
    Served,
    processes,
    remarks,
    served,
)

DOOR = "/ready"
VERB = "serving.read"


class ReadyDoor:
    """Tells what this process serves, to who asks and, now and then, to the other processes."""

    def __init__(self, house: House, access: Access) -> None:
        self._house, self._access = house, access
        self._heart = Heartbeat(house)

    async def answer(self, request: Request) -> Response:
        """The release in force by scope, as of which governance event; others, and remarks."""
        try:
            return as_json(await to_thread.run_sync(self._told, caller_of(request)), 200)
        except EvenkeelError as error:
            return refusal(error)

    async def beat(self, ending: Event) -> None:
        """Tell the others until the end; what keeps it from that is no reason to stop serving."""
        while not ending.is_set():
            with suppress(EvenkeelError, OSError):
                await to_thread.run_sync(self._heart.beat)
            await sleep(BEAT_SECONDS)

    def end(self) -> None:
        """Say no more."""
        with suppress(OSError):
            self._heart.end()

    def _told(self, caller: Caller) -> dict[str, Any]:
        sight = self._access.sight(caller)
        sight.permit(VERB)
        now, folder = datetime.now(UTC), self._house.settings.data_folder
        mine = served(self._house, self._heart.name, now)
        others = [one for one in processes(folder, now) if one.process != self._heart.name]
        shown = _seen(sight, [mine, *others], self._house.projection.log.chains())
        return {"status": "ready", "serves": asdict(shown[0]),
                "others": [asdict(one) for one in shown[1:]],
                "remarks": remarks([mine, *others])}  # fmt: skip


def _seen(sight: Sight, told: Sequence[Served], chains: Sequence[str]) -> list[Served]:
    """What processes serve, without other chains: only the machine's owner is told of parts.

    The scope of a part names regions and families, which are facts.
    """
    if sight.caller.is_owner:
        return list(told)
    scopes = {EVERYWHERE, *(Scope(chain) for chain in chains if sight.sees(chain, VERB))}
    words = {scope.words for scope in scopes}
    return [
        replace(one, in_force={name: digest for name, digest in one.in_force.items()
                               if name in words})
        for one in told
    ]  # fmt: skip
