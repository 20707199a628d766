"""Why an item is, or is not, brought to a place: what could, what did, and what forbade it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from graph.artifacts import ArtifactStore
from ontology.errors import InputError
from service.recalled import Opened, Recalled, recall
from solver.explain.alternatives import (
    Alternative,
    arc_of,
    next_unit,
    pair_of,
    row_of,
    standing_of,
    worth_of,
)
from solver.model.carry_labels import CarryLabels
from solver.model.problem import Problem
from solver.network.names import ABSENT

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Way:
    """One way in on the first day: who would bring it, and how it stands.

    `closed_by` names rules, knobs and limits. Costs are of a unit, in the plan's cost units.
    `standing` is one of `alternatives.STANDINGS`; a way that is open and not used
    would be used below `used_below_scaled` (None: at no cost), all else equal. `kept_units` stay in
    the lot that it would take from, `held_by` is the rule that holds them there.
    """

    kind: str
    start: str
    by: str
    lot: str
    arrives_on: date
    unit_cost_scaled: int
    closed_by: tuple[str, ...]
    standing: str
    units: int
    used_below_scaled: int | None
    kept_units: int | None
    held_by: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A line that takes units away, and what keeping one of them here would do instead.

    `keeping_one` states what the plan would then cost more, and which movements change; None
    where a unit less cannot be sent.
    """

    number: int
    quantity_units: int
    keeping_one: Alternative | None


@dataclass(frozen=True, slots=True)
class Why:
    """All that a plan says of an item at a place.

    `next_unit` is the cheapest way to have one unit more there on the day that is short. `basis`
    is `exact`, or `at these prices`: lines that were closed, purchases and what items share stay.
    """

    item: str
    location: str
    basis: str
    lines: tuple[Row, ...]
    shortfall: Row | None
    next_unit: Alternative | None
    taken: tuple[Taken, ...]
    ways: tuple[Way, ...]


def why(
    store: ArtifactStore, document: Row, item: str, location: str, opened: Opened = recall
) -> Why:
    """What a saved plan says of an item at a location, from its own snapshot and release.

    Lines that bring it there or take it away, the shortfall there, and every way in on the first
    day with how it stands, used and open ones first, then by cost. Raises InputError
    `PLACE_UNKNOWN` where the plan's snapshot knows no such item there, and as reading the
    artifacts does.
    """
    found = opened(store, document)
    problem, labels, decision = found.problem, found.problem.labels, document["decision"]
    if not isinstance(labels, CarryLabels):
        raise InputError("a plan of firm orders has no places to bring stock to", code="REGIME",
                         hint="see its lines and shortfalls: `evenkeel show`")  # fmt: skip
    lines = tuple(line for line in decision["lines"] if _concerns(line, item, location))
    short = next((row for row in decision["shortfalls"]
                  if (row.get("item"), row.get("location")) == (item, location)), None)  # fmt: skip
    ways = _ways(found, labels, item, location, short)
    pair = pair_of(labels, item, location)
    if not ways and not lines and short is None and pair == ABSENT:
        raise InputError(
            f"the plan knows nothing of `{item}` at `{location}`", code="PLACE_UNKNOWN",
            hint="give an item and a location as `evenkeel show` spells them",
        )  # fmt: skip
    missing = None
    if short is not None and pair != ABSENT:
        day = (date.fromisoformat(short["on"]) - problem.window.starts_on).days
        missing = next_unit(problem, labels, found.margins, pair, day)
    taken = tuple(_taken(found, line) for line in lines
                  if line["kind"] == "transfer" and line["origin"] == location)  # fmt: skip
    return Why(item, location, found.basis, lines, short, missing, taken, ways)


def _concerns(line: Row, item: str, location: str) -> bool:
    items = (line.get("item"), line.get("replaces"))
    return item in items and location in (line.get("origin"), line.get("destination"))


def _taken(found: Recalled, line: Row) -> Taken:
    row = row_of(found.problem, dict(line))
    arc = None if row is None else arc_of(found.problem, row)
    instead = None if arc is None else worth_of(found.problem, found.margins, arc).runner_up
    return Taken(line["number"], line["quantity_units"], instead)


def _ways(
    found: Recalled, labels: CarryLabels, item: str, location: str, short: Row | None
) -> tuple[Way, ...]:
    problem = found.problem
    movements = problem.movements
    stands_in = movements["kind"] == "substitution"
    brings = np.where(stands_in, movements["replaces"], movements["item"])
    rows = np.flatnonzero(
        (brings == item)
        & (movements["destination"] == location)
        & (movements["departs_on"] == problem.window.first)
    )
    short_on = np.datetime64("NaT" if short is None else short["on"], "D")
    ways = [_way(found, labels, int(row), short_on) for row in rows]
    return tuple(sorted(ways, key=lambda way: (bool(way.closed_by), way.unit_cost_scaled,
                                               way.start, way.by, way.lot)))  # fmt: skip


def _way(found: Recalled, labels: CarryLabels, row: int, short_on: np.datetime64) -> Way:
    problem = found.problem
    movements, stands = (
        problem.movements,
        standing_of(problem, labels, found.margins, row, short_on),
    )
    return Way(
        movements["kind"][row], _start(problem, row), movements["lane"][row] or "",
        movements["lot"][row] or "", movements["arrives_on"][row].astype(object),
        int(labels.move_cost[row]), problem.closures.rules_of(row), stands.standing, stands.units,
        stands.used_below_scaled, stands.kept_units, stands.rule,
    )  # fmt: skip


def _start(problem: Problem, row: int) -> str:
    movements = problem.movements
    if movements["kind"][row] == "substitution":
        return str(movements["item"][row])
    return movements["origin"][row] or movements["supplier"][row] or ""
