"""Rows that were set aside and are settled: by a delivery, by a person, or by what came later."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from neo4j import ManagedTransaction

from graph.artifacts import ArtifactStore
from graph.fold import Statements, later
from graph.identity_links import Linked
from graph.log import Write
from graph.snapshot import SnapshotReader
from graph.state import ALWAYS
from graph.statements import Row, run
from graph.steps import Step
from ontology.errors import InputError, StateError
from ontology.events import Event

IntMatrix = npt.NDArray[np.int64]
OPEN, FIXED, RETRIED, ACCEPTED, DISCARDED, SUPERSEDED = STATES = (
    "open", "fixed", "retried", "accepted", "discarded", "superseded",
)  # fmt: skip
"""What becomes of a row. All but `open` are final; `superseded` follows from later deliveries."""

SETTLED_FORMAT = "evenkeel-settled/1"
ROOM = 2**32
"""More than the rows of any delivery: event times this plus position orders all rows."""
FEW_KEYS = 1_000


class SettledNodes:
    """The statements that show rows as discarded; `weight` counts them."""

    def __init__(self, reader: SnapshotReader, artifact: str, _payload: Mapping[str, Any]) -> None:
        self._rows = read_settled(reader.store, artifact)
        self.weight = len(self._rows)

    def steps(self, event: Event, batch_rows: int) -> Iterator[Step]:
        """Writes that can each be repeated."""
        return settle_steps(self._rows, DISCARDED, event.sequence, batch_rows)


def write_settled(store: ArtifactStore, event: int, positions: list[int]) -> str:
    """Keep which rows of a delivery are discarded; gives the digest."""
    return store.put_document({"format": SETTLED_FORMAT, "event": event, "rows": sorted(positions)})


def read_settled(store: ArtifactStore, artifact: str) -> IntMatrix:
    """The rows that were discarded: int64 (rows, 2), event and position."""
    document = store.get_document(artifact)
    if not isinstance(document, dict) or document.get("format") != SETTLED_FORMAT:
        raise InputError(f"`{artifact}` does not list settled rows", code="BAD_MANIFEST",
                         hint="check which digest was meant")  # fmt: skip
    rows = [(document["event"], position) for position in document["rows"]]
    return np.array(rows, np.int64).reshape(-1, 2)


def settle_steps(
    rows: IntMatrix, state: str, sequence: int, batch_rows: int
) -> Iterator[Step]:  # fmt: skip
    """Show open rows as settled by an event; one that is settled already stays as it is."""
    for start in range(0, len(rows), batch_rows):
        yield _settle_step(rows[start : start + batch_rows], state, sequence)


def _settle_step(rows: IntMatrix, state: str, sequence: int) -> Step:
    def step(tx: ManagedTransaction) -> None:
        run(tx, "project_settled", rows=_places(rows), state=state, sequence=sequence)

    return step


def supersede_step(
    chain: str, source: str, stated: Mapping[str, Statements], linked: Linked, sequence: int
) -> Step:  # fmt: skip
    """Show open rows as superseded of whose facts a delivery of their source states what counts.

    That is a statement whose clocks are not before those that the row would have had: one that
    only arrives later settles nothing, and neither does an end, since what the row says may have
    been so until then. Facts are known by the source's identifiers and by ours.
    """
    told = {name: _by_keys(rows, linked) for name, rows in stated.items() if len(rows)}
    few = sum(map(len, told.values())) <= FEW_KEYS

    def step(tx: ManagedTransaction) -> None:
        keys = sorted({key for rows in told.values() for key in rows}) if few else None
        open_rows = run(tx, "quarantine_open", chain=chain, source=source, classes=sorted(told),
                        keys=keys, before=sequence * ROOM, unknown=ALWAYS)  # fmt: skip
        found = [
            (row["event"], row["row"]) for row in open_rows
            if (at := told[row["class"]].get(row["key"])) is not None
            and not stated[row["class"]].closes[at]
            and not _is_later(row, stated[row["class"]].clocks[at])
        ]  # fmt: skip
        if found:
            _settle_step(np.array(found, np.int64), SUPERSEDED, sequence)(tx)

    return step


def _by_keys(rows: Statements, linked: Linked) -> Mapping[str, int]:
    """The row of each key, in our identifiers and in the source's own."""
    if rows.table.name not in linked.used:
        return rows.table.row_of
    return {**linked.own(rows.table).row_of, **rows.table.row_of}


def _is_later(row: Row, clocks: IntMatrix) -> bool:
    mine = np.array([[row["since"], row["standing"], row["order"]]], np.int64)
    return bool(later(mine, clocks[None, :])[0])


def still_open(rows: IntMatrix) -> Write:
    """Refuses where a row is not open any more, or where that cannot be seen yet.

    Raises StateError `ROW_SETTLED` and `STALE`.
    """

    def guard(tx: ManagedTransaction, event: Event) -> None:
        if run(tx, "projected")[0]["projected"] != event.sequence - 1:
            raise StateError("other events are still being shown", code="STALE",
                             hint="ask again")  # fmt: skip
        settled = run(tx, "quarantine_settled", rows=_places(rows))
        if settled:
            raise row_settled(settled[0])

    return guard


def row_settled(row: Row) -> StateError:
    """The error for a row (`event`, `row` from 0, `state`, `settled_in`) that is settled."""
    return StateError(
        f"row {row['row'] + 1} of delivery {row['event']} was {row['state']} by event "
        f"{row['settled_in']}", code="ROW_SETTLED",
        hint=f"`evenkeel quarantine {row['event']} {row['row'] + 1}` shows by whom and why",
    )  # fmt: skip


def _places(rows: IntMatrix) -> list[dict[str, int]]:
    return [{"event": event, "row": row} for event, row in rows.tolist()]
