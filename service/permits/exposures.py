"""What was shown to whom that it took a clearance to see: noted while an answer is made."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import Any
from uuid import uuid4

from graph.facts import kinds_of
from graph.grant_nodes import access_events
from ontology.errors import EvenkeelError, OutsideError
from ontology.events import ACCESS_EXPOSED, Event, NewEvent
from ontology.terms import local_name
from service.house import House

FORMAT = "evenkeel-exposure/1"
WHOLE = "*"
"""Stands for the class of what is computed over all facts of a chain."""


class Exposures:
    """What one answer shows; any number of threads may note."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, str], set[str]] = {}
        self._fields: dict[tuple[str, str], set[str]] = {}
        self._lock = Lock()

    def note(
        self, chain: str, class_name: str, keys: Iterable[str], fields: Iterable[str] = ()
    ) -> None:
        """Facts of a class that are shown, by key, and which fields where that is known by now."""
        place = chain, class_name
        with self._lock:
            self._keys.setdefault(place, set()).update(keys)
            self._fields.setdefault(place, set()).update(fields)

    def log(self, house: House, agent: str, door: str, named: frozenset[str] = frozenset()) -> None:
        """Append one event that says all that was noted, and forget it; none where that is nothing.

        `named` are the names that the question holds: of a fact whose fields are not known those
        of them count that it has. Raises OutsideError `EXPOSURE_NOT_LOGGED`: then nothing may be
        shown.
        """
        with self._lock:
            keys, fields = self._keys, self._fields
            self._keys, self._fields = {}, {}
        if not keys:
            return
        told = [
            {"chain": chain, "class": name, "count": len(found),
             "fields": sorted(fields[chain, name] or _fields(name, named))}
            for (chain, name), found in sorted(keys.items())
        ]  # fmt: skip
        listed = [[chain, name, sorted(found)] for (chain, name), found in sorted(keys.items())]
        try:
            artifact = house.store.put_document({"format": FORMAT, "keys": listed})
            house.projection.append(NewEvent(
                ACCESS_EXPOSED, f"exposed/{uuid4().hex}", agent, datetime.now(UTC), artifact,
                {"door": door, "shown": told},
            ))  # fmt: skip
        except EvenkeelError as error:
            raise OutsideError("what the answer shows cannot be logged, so it is not shown",
                               code="EXPOSURE_NOT_LOGGED",
                               hint=f"ask again: {error}") from error  # fmt: skip


def _fields(class_name: str, named: frozenset[str]) -> list[str]:
    if class_name == WHOLE:
        return sorted(named)
    return [local_name(name) for name in kinds_of(class_name) if local_name(name) in named]


def exposures(house: House, since: datetime, after: int = 0, first: int = 100) -> Sequence[Event]:
    """What was shown since a time, in the order of the log, after an event."""
    return access_events(house.driver, [ACCESS_EXPOSED], since, after, first)


def every_exposure(house: House, since: datetime) -> Iterator[Event]:
    """All that was shown since a time, in the order of the log."""
    after = 0
    while found := exposures(house, since, after):
        yield from found
        after = found[-1].sequence


def exposed_keys(house: House, event: Event) -> list[Mapping[str, Any]]:
    """The facts that one answer showed: chain, class and keys."""
    document = house.store.get_document(event.artifact)
    return [{"chain": chain, "class": name, "keys": keys} for chain, name, keys in document["keys"]]
