"""A policy release as a node: its record once it is in force, its status from its proposal on."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from neo4j import ManagedTransaction

from graph.statements import run
from graph.steps import Step
from ontology.events import (
    RELEASE_ACTIVATED,
    RELEASE_CANARY_STARTED,
    RELEASE_RETIRED,
    RELEASE_ROLLED_BACK,
    Event,
    micros_of,
)

_ACTIVE, _RETIRED = "active", "retired"
_DECIDE = (RELEASE_ACTIVATED, RELEASE_CANARY_STARTED)
"""From these events on plans are made under a release, the whole or a part."""


_END = (RELEASE_RETIRED, RELEASE_ROLLED_BACK)
_SINCE = "since_micros"
_TIMES = frozenset({"governs_micros", "succeeded_micros", "succeeded_by"})


class ReleaseNodes:
    """The statements that show what became of a release, and of the one that it replaced.

    What a release replaces at a later time stays active till then: nothing is written when that
    time comes, as in the ledger, and `settled` tells.
    """

    def __init__(self, kind: str, payload: Mapping[str, Any]) -> None:
        self._kind, self._payload = kind, payload
        self._statuses = dict(_statuses(kind, payload))
        self.weight = 2 + len(self._statuses)

    def steps(self, event: Event, batch_rows: int) -> Iterator[Step]:
        """One transaction that can be repeated."""

        def step(tx: ManagedTransaction) -> None:
            said, now = self._payload, micros_of(event.effective_at)
            if self._kind in _DECIDE:
                since = said.get(_SINCE, now)
                run(tx, "project_release", release=said["release"], sequence=event.sequence,
                    since=since)  # fmt: skip
                if said.get("replaces"):
                    run(tx, "project_release_replaced", digest=said["release"]["digest"],
                        replaced=said["replaces"], since=since, now=now,
                        sequence=event.sequence)  # fmt: skip
            for digest, status in self._statuses.items():
                run(tx, "project_release_status", digest=digest, status=status,
                    sequence=event.sequence)  # fmt: skip
            if self._kind in _END:
                run(tx, "project_release_taken_back", digest=said["release"],
                    back_to=said.get("back_to", ""), now=now)  # fmt: skip

        yield step


def settled(release: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """A release's node with its status at a time: active until what is to replace it governs."""
    found = {name: value for name, value in release.items() if name not in _TIMES}
    ends, status = release.get("succeeded_micros"), release.get("status", _ACTIVE)
    begins = max(micros_of(now), release.get("governs_micros") or 0)
    is_over = status == _ACTIVE and ends is not None and ends <= begins
    return {**found, "status": _RETIRED if is_over else status}


def _statuses(kind: str, payload: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    release = payload["release"]
    if kind in _DECIDE:  # its record has its own, and what it replaces may stay for a while
        return
    yield release["digest"] if isinstance(release, Mapping) else release, payload["status"]
    if payload.get("back_to"):
        yield payload["back_to"], _ACTIVE
