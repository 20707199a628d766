"""Grants as nodes between a person and what they cover: what access is decided from."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from neo4j import Driver, ManagedTransaction

from graph.log import moment, timestamp
from graph.recovery.records import event_of
from graph.statements import read, run
from graph.steps import Step
from ontology.access import Grant
from ontology.events import Event

LISTS = ("regions", "suppliers", "families", "classes", "zones")
_COVERS = {"regions": "region", "suppliers": "supplier", "families": "family",
           "classes": "confidentiality", "zones": "residency"}  # fmt: skip
_TIMES = ("begins", "until", "recorded", "ended", "ended_recorded")


class GrantNodes:
    """The statement that shows a grant; it can be repeated."""

    def __init__(self, payload: Mapping[str, Any]) -> None:
        covered = payload["covers"]
        self._grant = {
            "id": payload["grant"], "person": payload["person"], "role": payload["role"],
            "chain": covered["chain"], **{name: covered[name] for name in LISTS},
            "begins": payload["begins"], "until": payload["until"],
        }  # fmt: skip
        self._covers = [{"kind": "chain", "name": covered["chain"]}]
        self._covers += [
            {"kind": kind, "name": one} for name, kind in _COVERS.items() for one in covered[name]
        ]
        self.weight = 1 + len(self._covers)

    def steps(self, event: Event, batch_rows: int) -> Iterator[Step]:
        """One write."""

        def step(tx: ManagedTransaction) -> None:
            run(tx, "project_grant", sequence=event.sequence, grant=self._grant,
                covers=self._covers)  # fmt: skip

        yield step


class GrantEndNodes:
    """The statement that shows the end of a grant; it can be repeated."""

    def __init__(self, payload: Mapping[str, Any]) -> None:
        self._grant, self._ended = payload["grant"], payload["ended"]
        self.weight = 1

    def steps(self, event: Event, batch_rows: int) -> Iterator[Step]:
        """One write."""

        def step(tx: ManagedTransaction) -> None:
            run(tx, "project_grant_end", sequence=event.sequence, grant=self._grant,
                ended=self._ended)  # fmt: skip

        yield step


def grant_payload(grant: Grant) -> dict[str, Any]:
    """What the event of a grant says; that of the grant's recording is the event's own time."""
    covered = {name: sorted(getattr(grant, name)) for name in LISTS}
    return {
        "grant": grant.id, "person": grant.person, "role": grant.role,
        "covers": {"chain": grant.chain, **covered}, "begins": timestamp(grant.begins),
        "until": None if grant.until is None else timestamp(grant.until),
    }  # fmt: skip


def grants(driver: Driver, person: str | None = None) -> list[Grant]:
    """The grants of a person, or of all persons, in the order of the log; those that ended, too."""
    rows = read(driver, "access_grants", {"person": person})
    return [_grant(row["grant"]) for row in rows]


def access_events(
    driver: Driver, kinds: Sequence[str], since: datetime, after: int = 0, limit: int = 1_000
) -> list[Event]:
    """The first events of some kinds after a sequence, recorded since a time, in order."""
    rows = read(driver, "access_events", {
        "kinds": list(kinds), "since": timestamp(since), "after": after, "limit": limit,
    })  # fmt: skip
    return [event_of(row["event"]) for row in rows]


def _grant(node: Mapping[str, Any]) -> Grant:
    values: dict[str, Any] = {name: tuple(node.get(name) or ()) for name in LISTS}
    values |= {name: moment(node[name]) if node.get(name) else None for name in _TIMES}
    return Grant(**values, **{name: node[name] for name in ("id", "person", "role", "chain")})
