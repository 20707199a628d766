"""What goes out for long is looked at again on its way: whether its reader may see it still."""

from collections.abc import Callable
from time import monotonic

from anyio import to_thread

HELD_SECONDS = 1.0
"""So long what was permitted a moment ago goes out unasked."""


class Held:
    """Asks `hold` again, which raises where there is no more to be seen; it was asked just now."""

    def __init__(self, hold: Callable[[], None]) -> None:
        self._hold = hold
        self._due = monotonic() + HELD_SECONDS

    async def again(self) -> None:
        """Ask, unless that was done less than HELD_SECONDS ago. Raises as `hold` does."""
        if monotonic() < self._due:
            return
        await to_thread.run_sync(self._hold)
        self._due = monotonic() + HELD_SECONDS
