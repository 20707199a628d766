"""Made-up demand as columns, from a matrix of units."""

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from ontology.columns import MISSING, Table

FIRST = date(2026, 1, 5)


def observed(
    units: npt.NDArray[np.int64], keys: list[tuple[str, str]] | None = None, first: date = FIRST
) -> Table:
    """DemandObservation rows of a matrix [pair, day]; every day is stated, also with 0."""
    named = keys or [(f"item-{n:04}", "north") for n in range(len(units))]
    pairs, days = units.shape
    column = {
        part: np.repeat(np.array([key[place] for key in named], object), days)
        for place, part in enumerate(("item", "location"))
    }
    day = np.tile(np.arange(days), pairs).astype("timedelta64[D]")
    return Table("DemandObservation", {
        **column, "on": np.datetime64(first) + day,
        "quantity_units": units.reshape(-1).astype(np.int64),
        "served_units": np.full(pairs * days, MISSING, np.int64),
    })  # fmt: skip


def day_after(days: int, first: date = FIRST) -> date:
    """The day after so many days of history."""
    return first + timedelta(days=days)
