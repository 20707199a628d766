"""Why an item is, or is not, brought to a place: what could, what did, and what forbade it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from graph.manifests import read_snapshot
from ontology.columns import Table
from ontology.errors import InputError
from rules.release import from_document
from service.decision import PlanRequest, ask, pose
from service.house import House
from solver.carry_labels import CarryLabels
from solver.problem import Problem

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Way:
    """One way in on the first day: who would bring it, and what closed it; nothing if open.

    `closed_by` names rules, knobs and limits. `unit_cost_scaled` is in the plan's cost units.
    """

    kind: str
    start: str
    by: str
    lot: str
    arrives_on: date
    unit_cost_scaled: int
    closed_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Why:
    """All that a plan says of an item at a place."""

    item: str
    location: str
    lines: tuple[Row, ...]
    shortfall: Row | None
    ways: tuple[Way, ...]


def why(house: House, document: Row, item: str, location: str) -> Why:
    """What a saved plan says of an item at a location, from its own snapshot and release.

    Lines that bring it there or take it away, the shortfall there, and every way in on the first
    day with what closed it, open ones first, then by cost. Raises InputError `PLACE_UNKNOWN` where
    the plan's snapshot knows no such item there, and as reading the artifacts does.
    """
    decision, named = document["decision"], document["about"]["artifacts"]
    snapshot = read_snapshot(house.store, named["snapshot"])
    release = from_document(house.store.get_document(named["release"]))
    request = PlanRequest(
        decision["chain"], frozenset(decision["cost_parts"]),
        date.fromisoformat(decision["starts_on"]),
    )  # fmt: skip
    closed = {
        name: np.array(rows, np.int64)
        for name, rows in decision["suppressed"]["after_flow"].items()
    }
    problem = pose(ask(snapshot, release, request), closed).narrowed(closed)
    labels = problem.labels
    if not isinstance(labels, CarryLabels):
        raise InputError("a plan of firm orders has no places to bring stock to", code="REGIME",
                         hint="see its lines and shortfalls: `evenkeel show`")  # fmt: skip
    ways = _ways(problem, labels, item, location)
    lines = tuple(line for line in decision["lines"] if _concerns(line, item, location))
    short = next((row for row in decision["shortfalls"]
                  if (row.get("item"), row.get("location")) == (item, location)), None)  # fmt: skip
    if not ways and not lines and short is None:
        _refuse_unknown(labels, item, location)
    return Why(item, location, lines, short, ways)


def _concerns(line: Row, item: str, location: str) -> bool:
    items = (line.get("item"), line.get("replaces"))
    return item in items and location in (line.get("origin"), line.get("destination"))


def _ways(problem: Problem, labels: CarryLabels, item: str, location: str) -> tuple[Way, ...]:
    movements = problem.movements
    stands_in = movements["kind"] == "substitution"
    brings = np.where(stands_in, movements["replaces"], movements["item"])
    rows = np.flatnonzero(
        (brings == item)
        & (movements["destination"] == location)
        & (movements["departs_on"] == problem.window.first)
    )
    found = [_way(problem, labels, movements, int(row)) for row in rows]
    return tuple(sorted(found, key=lambda way: (bool(way.closed_by), way.unit_cost_scaled,
                                                way.start, way.by, way.lot)))  # fmt: skip


def _way(problem: Problem, labels: CarryLabels, movements: Table, row: int) -> Way:
    start = movements["origin"][row] or movements["supplier"][row] or ""
    if movements["kind"][row] == "substitution":
        start = movements["item"][row]
    return Way(
        movements["kind"][row], start, movements["lane"][row] or "", movements["lot"][row] or "",
        movements["arrives_on"][row].astype(object), int(labels.move_cost[row]),
        problem.closures.rules_of(row),
    )  # fmt: skip


def _refuse_unknown(labels: CarryLabels, item: str, location: str) -> None:
    if (item, location) not in labels.pairs:
        raise InputError(
            f"the plan knows nothing of `{item}` at `{location}`", code="PLACE_UNKNOWN",
            hint="give an item and a location as `evenkeel show` spells them",
        )  # fmt: skip
