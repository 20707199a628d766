"""What a person does with rows that were set aside; each settles them, once, in the log."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np

from feeds.gates.findings import ROW_HINTS
from feeds.refusals import HINTS
from graph.catalog import SetAside
from graph.settled_rows import (
    ACCEPTED,
    DISCARDED,
    FIXED,
    OPEN,
    RETRIED,
    row_settled,
    still_open,
    write_settled,
)
from ontology.errors import InputError, StateError
from ontology.events import ROWS_DISCARDED, NewEvent
from service.house import House
from service.intake.sync import TRIES
from service.stewardship.mending import CLASH, Asked, Settled, mended, place_of, without_names
from service.stewardship.set_aside import delivery, open_rows

DOUBTS = frozenset({*ROW_HINTS, CLASH})
"""What a person may settle by accepting a row: doubts, and which of two values counts."""


def fix(
    house: House, event: int, number: int, changes: Mapping[str, str], *, agent: str,
    reason: str = "",
) -> Settled:  # fmt: skip
    """Load a row that was set aside with some of its cells changed.

    It goes through the mapping that it came with, the rules and the gates of today, and is true
    since and in the order of its own delivery. Raises InputError with the code of the reason
    where it would be set aside again, `COLUMN_UNKNOWN`, `ROW_RAGGED`, `ROW_NOT_KEPT`,
    `ROW_UNKNOWN`; StateError `ROW_SETTLED`.
    """
    if not changes:
        raise InputError("what is to be changed?", code="CHANGE_MISSING",
                         hint="write `column=value`, or `retry` the row as it is")  # fmt: skip
    rows = rows_of(house, event, [number])
    asked = Asked(FIXED, rows, agent, reason, without_names(house, event, changes))
    if rows[0].state == FIXED and house.projection.log.find(asked.key([number])) is None:
        raise _settled(rows[0])
    return _all_or_none(house, asked)


def accept(
    house: House, event: int, numbers: Sequence[int], *, agent: str, reason: str
) -> Settled:  # fmt: skip
    """Load rows in spite of the doubt that held them; a rule or an unreadable cell still does.

    Raises InputError `REASON_MISSING`, `ROW_NOT_IN_DOUBT` and as `fix` does.
    """
    _reasoned(reason)
    rows = rows_of(house, event, numbers)
    for row in rows:
        if row.row.code not in DOUBTS:
            raise InputError(
                f"row {row.number} of delivery {event} was set aside for `{row.row.code}`, which "
                "is no doubt that a person can settle", code="ROW_NOT_IN_DOUBT",
                hint=HINTS.get(row.row.code, "fix it"), place=place_of(row),
            )  # fmt: skip
    return _all_or_none(house, Asked(ACCEPTED, rows, agent, reason))


def retry(
    house: House, event: int, numbers: Sequence[int] = (), *, agent: str, reason: str = ""
) -> Settled:
    """Load rows as they are: all open ones of a delivery, or some; what is still bad stays open.

    Raises InputError `ROW_NOT_KEPT`, `ROW_UNKNOWN`, `EVENT_UNKNOWN`; StateError `ROW_SETTLED`.
    """
    rows = rows_of(house, event, numbers)
    if not rows:
        return Settled(event, RETRIED, None, ())
    done = _before(rows, RETRIED)
    return done or mended(house, Asked(RETRIED, rows, agent, reason))


def retry_source(
    house: House, chain: str, source: str, *, agent: str, reason: str = ""
) -> list[Settled]:  # fmt: skip
    """`retry` of every delivery of a source that has open rows, in their order."""
    found, after = list[int](), (0, 0)
    while rows := house.catalog.set_aside(chain, OPEN, source=source, after=after, first=1).rows:
        found.append(rows[0].event)
        after = (rows[0].event + 1, 0)
    return [retry(house, event, agent=agent, reason=reason) for event in found]


def discard(
    house: House, event: int, numbers: Sequence[int] = (), *, agent: str, reason: str,
    code: str = "",
) -> Settled:  # fmt: skip
    """Settle rows without loading them: some of a delivery, or all open ones (of one code).

    Raises InputError `REASON_MISSING`, `ROW_UNKNOWN`, `EVENT_UNKNOWN`; StateError `ROW_SETTLED`.
    """
    _reasoned(reason)
    rows = tuple(row for row in rows_of(house, event, numbers) if code in ("", row.row.code))
    done = _before(rows, DISCARDED) if rows else Settled(event, DISCARDED, None, ())
    if done is not None:
        return done
    positions = [row.number - 1 for row in rows]
    artifact = write_settled(house.store, event, positions)
    payload = {"chain": rows[0].chain, "event": event, "rows": len(rows), "reason": reason}
    new = NewEvent(ROWS_DISCARDED, f"discard/{artifact}", agent, datetime.now(UTC), artifact,
                   payload)  # fmt: skip
    guard = still_open(np.array([(event, at) for at in positions], np.int64))
    for tried in range(TRIES):
        try:
            appended = house.projection.append(new, guard=guard, body=artifact)
            break
        except StateError as error:
            if error.code != "STALE" or tried == TRIES - 1:
                raise
            house.projection.catch_up()
    return Settled(event, DISCARDED, appended.event.sequence, tuple(row.number for row in rows),
                   replayed=appended.replayed)  # fmt: skip


def rows_of(house: House, event: int, numbers: Sequence[int] = ()) -> tuple[SetAside, ...]:
    """Rows of a delivery by their numbers, else all of them that are open.

    Raises InputError `ROW_UNKNOWN`, `EVENT_UNKNOWN`.
    """
    told = delivery(house, event)
    if not numbers:
        return tuple(open_rows(house, event))
    found: list[SetAside] = []
    for number in sorted(set(numbers)):
        if not 1 <= number <= told.rows:
            raise InputError(
                f"delivery {event} set no row {number} aside", code="ROW_UNKNOWN",
                hint=f"`evenkeel quarantine {event}` lists its {told.rows:,} rows",
            )  # fmt: skip
        found += house.catalog.set_aside_of(event, after=number - 1, first=1).rows
    return tuple(found)


def _before(rows: Sequence[SetAside], state: str) -> Settled | None:
    """The first answer where all rows were settled so. Raises `ROW_SETTLED` where otherwise."""
    settled = [row for row in rows if row.state != OPEN]
    for row in settled:
        if row.state != state:
            raise _settled(row)
    if len(settled) < len(rows):
        return None
    last = max(row.settled_in for row in rows)
    return Settled(rows[0].event, state, last, tuple(row.number for row in rows), replayed=True)


def _settled(row: SetAside) -> StateError:
    return row_settled({"event": row.event, "row": row.number - 1, "state": row.state,
                        "settled_in": row.settled_in})  # fmt: skip


def _reasoned(reason: str) -> None:
    if not reason.strip():
        raise InputError("a reason is wanted", code="REASON_MISSING",
                         hint='add `--reason "..."`: it stands in the log')  # fmt: skip


def _all_or_none(house: House, asked: Asked) -> Settled:
    done = _before(asked.rows, asked.state)
    if done is not None:
        return done
    made = mended(house, asked, all_or_none=True)
    if made.left:
        row = next(row for row in asked.rows if row.number == made.left[0].number)
        raise InputError(made.left[0].reason, code=made.left[0].code, place=place_of(row),
                         hint=HINTS.get(made.left[0].code, ""))  # fmt: skip
    return made
