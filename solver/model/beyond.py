"""Lanes that take longer than the local days of a forecast: known, but out of a plan's reach."""

from typing import Any

import numpy as np

from ontology.calendars import NEVER, arrival_days, calendars_of
from ontology.columns import Snapshot
from solver.model.movements import Window, pairs_of

BEYOND_FORECAST = "LANES_BEYOND_FORECAST"
_DAYS_AFTER = 3
"""So many days a forecast looks past the slowest arrival, so that what arrives can be weighed."""


def remarks(snapshot: Snapshot, window: Window) -> list[dict[str, Any]]:
    """What a reader of the plan should know of what it could not consider; usually nothing.

    Each with a `code`, `what` in words and a `hint` that cures it. `LANES_BEYOND_FORECAST`: some
    open `lanes`, between places that deal in one item, receive what leaves on the first day after
    the last local day, so that nothing can be sent by them; `days` would be enough.
    """
    late = lanes_beyond(snapshot, window)
    if not late:
        return []
    days = max(late.values()) + _DAYS_AFTER
    many = "1 lane takes" if len(late) == 1 else f"{len(late):,} lanes take"
    return [{
        "code": BEYOND_FORECAST,
        "lanes": len(late),
        "days": days,
        "what": f"{many} longer than the {window.periods} days that demand is forecast for at a "
                "place: nothing can be sent that way",
        "hint": f"run `evenkeel forecast --days {days}`, then plan again",
    }]  # fmt: skip


def lanes_beyond(snapshot: Snapshot, window: Window) -> dict[str, int]:
    """The lanes that a forecast is too short for, by name, and on which day they would arrive."""
    if not window.is_forecast:
        return {}
    lanes = snapshot.table("Lane").sorted()
    lanes = lanes.take(np.flatnonzero(lanes["status"] == "open"))
    leaves = np.full(len(lanes), window.first)
    arrives = arrival_days(calendars_of(snapshot), lanes, np.arange(len(lanes)), leaves)
    lands = window.day_of(arrives)
    late = np.flatnonzero((lands >= window.periods) & (arrives < NEVER))
    dealt: dict[str, set[str]] = {}
    for item, place in pairs_of(snapshot) if len(late) else ():
        dealt.setdefault(place, set()).add(item)
    return {
        lanes["id"][row]: int(lands[row])
        for row in late.tolist()
        if dealt.get(lanes["origin"][row], set()) & dealt.get(lanes["destination"][row], set())
    }
