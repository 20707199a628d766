"""The governance events of the log: read in order, and held still while one is appended."""

from collections.abc import Collection
from datetime import datetime

from neo4j import Driver, ManagedTransaction

from graph.log import LAST_EVENT, Write, moment, not_migrated
from graph.recovery.records import event_of
from graph.statements import Row, read, run
from ontology.errors import StateError
from ontology.events import ACCESS_ENDED, LEDGER_KINDS, Event


class MovedError(Exception):
    """Another governance event came between reading and appending: decide anew."""


def governance_events(driver: Driver, after: int = 0, upto: int = LAST_EVENT) -> list[Event]:
    """Every governance event with after < sequence <= upto, in order."""
    return _events(read(driver, "log_governance", _asked(after, upto)))


def governance_news(driver: Driver, after: int) -> tuple[list[Event], datetime | None]:
    """As `governance_events`, and when the log's last event of any kind was recorded.

    In one round trip. None where the log has no event.
    """
    rows = read(driver, "log_governed", {"kinds": list(LEDGER_KINDS), "after": after})
    if len(rows) != 1:
        raise not_migrated()
    last = rows[0]["recorded_at"]
    return [event_of(event) for event in rows[0]["events"]], moment(last) if last else None


def governance_events_in(tx: ManagedTransaction, after: int) -> list[Event]:
    """As `governance_events`, by who holds the log's lock: nothing comes between."""
    return _events(run(tx, "log_governance", **_asked(after, LAST_EVENT)))


def unmoved_since(after: int, guard: Write | None = None) -> Write:
    """Raises MovedError in the transaction where a governance event came after a sequence."""

    def unmoved(tx: ManagedTransaction, event: Event) -> None:
        if governance_events_in(tx, after):
            raise MovedError  # INVARIANT: what was decided was decided on what stands
        if guard is not None:
            guard(tx, event)

    return unmoved


def unended_since(after: int, persons: Collection[str]) -> Write:
    """Raises StateError `STALE` in the transaction where a grant of these persons ended since."""

    def unended(tx: ManagedTransaction, event: Event) -> None:
        asked = {"kinds": [ACCESS_ENDED], "after": after, "upto": LAST_EVENT}
        for ended in _events(run(tx, "log_governance", **asked)):
            if ended.payload["person"] in persons:
                raise StateError("a grant that this rests on has ended meanwhile", code="STALE",
                                 hint="look again who may decide")  # fmt: skip

    return unended


def _asked(after: int, upto: int) -> Row:
    return {"kinds": list(LEDGER_KINDS), "after": after, "upto": upto}


def _events(rows: list[Row]) -> list[Event]:
    return [event_of(row["event"]) for row in rows]
