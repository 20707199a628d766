"""The governance events of the log: read in order, and held still while one is appended."""

from neo4j import Driver, ManagedTransaction

from graph.log import Write
from graph.recovery.records import event_of
from graph.statements import Row, read, run
from ontology.events import GOVERNANCE_KINDS, Event


class MovedError(Exception):
    """Another governance event came between reading and appending: decide anew."""


def governance_events(driver: Driver, after: int = 0) -> list[Event]:
    """Every governance event after a sequence, in order."""
    return _events(read(driver, "log_governance", _asked(after)))


def governance_events_in(tx: ManagedTransaction, after: int) -> list[Event]:
    """As `governance_events`, by who holds the log's lock: nothing comes between."""
    return _events(run(tx, "log_governance", **_asked(after)))


def unmoved_since(after: int, guard: Write | None = None) -> Write:
    """Raises MovedError in the transaction where a governance event came after a sequence."""

    def unmoved(tx: ManagedTransaction, event: Event) -> None:
        if governance_events_in(tx, after):
            raise MovedError  # INVARIANT: what was decided was decided on what stands
        if guard is not None:
            guard(tx, event)

    return unmoved


def _asked(after: int) -> Row:
    return {"kinds": list(GOVERNANCE_KINDS), "after": after}


def _events(rows: list[Row]) -> list[Event]:
    return [event_of(row["event"]) for row in rows]
