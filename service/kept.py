"""The last answers of questions that take long, by what was asked."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

Value = TypeVar("Value")
MOST_KEPT = 8


class Kept:
    """At most so many answers; any number of threads may ask, and two may work out one."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = Lock()

    def once(self, what: Hashable, make: Callable[[], Value]) -> Value:
        """The answer that is kept, or one that is made and kept."""
        with self._lock:
            if what in self._kept:
                self._kept.move_to_end(what)
                found: Value = self._kept[what]
                return found
        made = make()
        with self._lock:
            self._kept[what] = made
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made
