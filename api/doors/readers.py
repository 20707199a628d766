"""Who follows the changes: so many at once, whichever way, each with a thread for its reading."""

import anyio

from service.doors.door_bounds import DoorBounds
from service.doors.inbox import BUSY_SECONDS, TryLaterError


class Readers:
    """Places for readers of changes; used on one event loop."""

    def __init__(self, bounds: DoorBounds) -> None:
        self.bounds = bounds
        self.threads = anyio.CapacityLimiter(bounds.change_readers)
        self._count = 0

    def enter(self) -> None:
        """Take a place, to be given back by `leave`. Raises TryLaterError `READERS_FULL`."""
        if self._count >= self.bounds.change_readers:
            raise TryLaterError(f"{self._count} readers follow the changes already",
                                code="READERS_FULL",
                                retry_after_seconds=BUSY_SECONDS)  # fmt: skip
        self._count += 1

    def leave(self) -> None:
        """Give a place back."""
        self._count -= 1
