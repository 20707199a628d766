"""What a changed priority of a source does not reach: what that source said before."""

from collections.abc import Iterator

import numpy as np

from graph.fold import Fold
from graph.log import Log
from graph.state import State
from ontology.columns import Table, empty_table
from service.intake.deliveries import standing_of


def notices_of_priority(log: Log, chain: str, before: State, after: State) -> Iterator[str]:
    """One line per source whose priority a delivery changes, and that said facts which stand.

    A statement keeps the standing that its source had when it came (decision 0019).
    """
    was, now = _sources(before), _sources(after)
    moved = [
        name for name in now["id"].tolist() if standing_of(was, name) != standing_of(now, name)
    ]
    if not moved:
        return
    said_by = {event.sequence: event.payload["source"] for event in log.feeds(chain)}
    for name in moved:
        mine = [sequence for sequence, source in said_by.items() if source == name]
        facts = sum(int(np.isin(rows[:, 0], mine).sum())
                    for rows in before.snapshot.addresses.values())  # fmt: skip
        if facts:
            told = "1 fact" if facts == 1 else f"{facts:,} facts"
            yield f"{told} of source `{name}` came before its priority: " + (
                "`evenkeel resync FEED --mapping FILE` states a delivery anew, with it"
                if standing_of(now, name) > standing_of(was, name)
                else "they count as much as before until as good a source says otherwise"
            )


def _sources(state: State) -> Table:
    found = state.folds.get("Source", Fold()).in_force
    return empty_table("Source") if found is None else found.table
