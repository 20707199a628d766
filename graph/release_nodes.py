"""A policy release as a node: its record once it is in force, its status from its proposal on."""

from collections.abc import Iterator, Mapping
from typing import Any

from neo4j import ManagedTransaction

from graph.statements import run
from graph.steps import Step
from ontology.events import RELEASE_ACTIVATED, RELEASE_CANARY_STARTED, Event

_ACTIVE, _RETIRED = "active", "retired"
_DECIDE = (RELEASE_ACTIVATED, RELEASE_CANARY_STARTED)
"""From these events on plans are made under a release, the whole or a part."""


class ReleaseNodes:
    """The statements that show what became of a release, and of the one that it replaced."""

    def __init__(self, kind: str, payload: Mapping[str, Any]) -> None:
        self._decides = kind in _DECIDE
        self._release = payload["release"]
        self._statuses = dict(_statuses(kind, payload))
        self.weight = 1 + len(self._statuses)

    def steps(self, event: Event, batch_rows: int) -> Iterator[Step]:
        """One transaction that can be repeated."""

        def step(tx: ManagedTransaction) -> None:
            if self._decides:
                run(tx, "project_release", release=self._release, sequence=event.sequence)
            for digest, status in self._statuses.items():
                run(tx, "project_release_status", digest=digest, status=status,
                    sequence=event.sequence)  # fmt: skip

        yield step


def _statuses(kind: str, payload: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    release = payload["release"]
    if kind in _DECIDE:  # its record has its own
        if payload.get("replaces"):
            yield payload["replaces"], _RETIRED
        return
    yield release["digest"] if isinstance(release, Mapping) else release, payload["status"]
    if payload.get("back_to"):
        yield payload["back_to"], _ACTIVE
