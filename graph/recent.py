"""Small artifacts that were read of late, so that a chain's last deliveries are read only once."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, cast

from graph.artifacts import ArtifactStore
from ontology.columns import Table

MOST_ROWS = 100_000
"""So many rows are kept at most, in all tables together; a document counts as one."""


class Recent:
    """Tables and documents of a store, and what was found in them, the last at hand.

    An artifact never changes, so what is kept is what the store would give. Any number of threads
    may ask.
    """

    def __init__(self, store: ArtifactStore) -> None:
        self.store = store
        self._kept: OrderedDict[str, Any] = OrderedDict()
        self._rows = 0
        self._lock = Lock()

    def table(self, name: str) -> Table:
        """A table that was kept as an Arrow IPC file. Raises as the store does."""
        found = self._known(name)
        return cast(
            "Table", found if found is not None else self._keep(name, self.store.get_table(name))
        )

    def document(self, name: str) -> Any:
        """A document that was kept as canonical JSON; nobody may change it. Raises as the store."""
        found = self._known(name)
        return found if found is not None else self._keep(name, self.store.get_document(name))

    def found(self, what: str, artifact: str, make: Callable[[], frozenset[str]]) -> frozenset[str]:
        """What `make` finds in an artifact: each element counts as a row."""
        known = self._known(f"{artifact}/{what}")
        return cast(
            "frozenset[str]",
            known if known is not None else self._keep(f"{artifact}/{what}", make()),
        )

    def _known(self, name: str) -> Any:
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
            return self._kept.get(name)

    def _keep(self, name: str, content: Any) -> Any:
        with self._lock:
            if _rows(content) <= MOST_ROWS and name not in self._kept:
                self._kept[name] = content
                self._rows += _rows(content)
            while self._rows > MOST_ROWS:
                self._rows -= _rows(self._kept.popitem(last=False)[1])
        return content


def _rows(content: Any) -> int:
    return max(len(content), 1) if isinstance(content, Table | frozenset) else 1
