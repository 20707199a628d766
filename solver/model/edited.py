"""The movements that edits speak of: which, whether there are any, and what a person forbids."""

from collections.abc import Iterable

import numpy as np

from ontology.columns import Table
from ontology.edits import FORBID, FORBIDDEN, FORCE, PIN, Edit, Way
from ontology.errors import InputError
from solver.model.movements import Window
from solver.network.columns import IntArray


def rows_by_way(movements: Table, window: Window) -> dict[Way, list[int]]:
    """The first day's transfers and purchases by the way that an edit names them by."""
    first = np.flatnonzero(
        (movements["departs_on"] == window.first) & (movements["kind"] != "substitution")
    )
    chosen = movements.take(first)
    by_lane = [bool(lane) for lane in chosen["lane"]]
    by = np.where(by_lane, chosen["lane"], chosen["supplier"])
    to = np.where(by_lane, "", chosen["destination"])
    found: dict[Way, list[int]] = {}
    for row, way in zip(first.tolist(), zip(chosen["item"], by, to, strict=True), strict=True):
        found.setdefault(way, []).append(row)
    return found


def rows_of(movements: Table, window: Window, edits: Iterable[Edit]) -> dict[Edit, IntArray]:
    """The movement rows of each edit. Raises InputError `EDIT_UNKNOWN` where there are none."""
    asked = sorted(edits)
    ways = rows_by_way(movements, window) if asked else {}
    found = {}
    for edit in asked:
        rows = ways.get(edit.way)
        if rows is None:
            raise InputError(
                f"nothing can be done about the edit `{edit}`: no such line is possible on the "
                "first day", code="EDIT_UNKNOWN",
                hint="there must be such a lane and units at its start, or such an offer",
            )  # fmt: skip
        found[edit] = np.array(rows, np.int64)
    return found


def forbidden(movements: Table, window: Window, edits: Iterable[Edit]) -> dict[str, IntArray]:
    """The rows that edits forbid, under the name of what closes them."""
    rows = [own for edit, own in rows_of(movements, window, edits).items() if edit.kind == FORBID]
    return {FORBIDDEN: np.unique(np.concatenate(rows))} if rows else {}


def wanted(movements: Table, window: Window, edits: Iterable[Edit]) -> IntArray:
    """The rows of lines that edits ask for: no filter closes them."""
    rows = [np.zeros(0, np.int64)] + [
        own for edit, own in rows_of(movements, window, edits).items()
        if edit.kind in {PIN, FORCE} and edit.units
    ]  # fmt: skip
    return np.unique(np.concatenate(rows))
