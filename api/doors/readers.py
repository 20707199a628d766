"""Who follows the changes: so many at once, whichever way, each with a thread for its reading."""

from collections.abc import Iterator
from contextlib import contextmanager

import anyio

from api.budgeted import share
from service.access import Caller
from service.budgets import Budgets
from service.doors.door_bounds import DoorBounds
from service.doors.inbox import BUSY_SECONDS, TryLaterError

_FULL = "READERS_FULL"


class Readers:
    """Places for readers of changes, of which one caller has a share; used on one event loop."""

    def __init__(self, bounds: DoorBounds, budgets: Budgets) -> None:
        self.bounds = bounds
        self.threads = anyio.CapacityLimiter(bounds.change_readers)
        self._budgets = budgets
        self._count = 0

    @contextmanager
    def place(self, caller: Caller) -> Iterator[None]:
        """A place until the block ends. Raises TryLaterError `READERS_FULL`."""
        places = self.bounds.change_readers
        if self._count >= places:
            raise TryLaterError(f"{self._count} readers follow the changes already",
                                code=_FULL, retry_after_seconds=BUSY_SECONDS)  # fmt: skip
        with share(self._budgets, caller, "readers of changes", places, _FULL):
            self._count += 1
            try:
                yield
            finally:
                self._count -= 1
